/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opcode MAP (RFC 6887 section 11); see pcp_map.h. */
#include "protocols/pcp_map.h"

void pcp_map_read(struct reader *r, struct pcp_map *out)
{
	reader_bytes(r, out->nonce, sizeof(out->nonce));
	out->proto = reader_u8(r);
	reader_skip(r, 3);
	out->internal.port = reader_u16(r);
	out->suggested.port = reader_u16(r);
	reader_bytes(r, out->suggested.addr.b, sizeof(out->suggested.addr.b));
}

void pcp_map_write(struct writer *w, const struct pcp_map *m, const struct endpoint *external)
{
	writer_bytes(w, m->nonce, sizeof(m->nonce));
	writer_u8(w, m->proto);
	writer_zeros(w, 3);
	writer_u16(w, m->internal.port);
	writer_u16(w, external->port);
	writer_bytes(w, external->addr.b, sizeof(external->addr.b));
}

enum pcp_result pcp_map_decode(struct reader *r, struct pcp_msg *msg)
{
	struct pcp_map *m = &msg->map;

	pcp_map_read(r, m);
	if (m->proto == 0 && m->internal.port > 0)
		return PCP_MALFORMED_REQUEST;
	/* Nothing of the kind exists, so deleting it succeeds (section 15.1). */
	if (m->internal.port == 0 && msg->lifetime_s > 0)
		return PCP_UNSUPP_PROTOCOL;
	return PCP_SUCCESS;
}
