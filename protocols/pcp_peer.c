/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opcode PEER (RFC 6887 section 12); see pcp_peer.h. */
#include "protocols/pcp_peer.h"

#include "protocols/addr.h"
#include "protocols/pcp_map.h"

void pcp_peer_read(struct reader *r, struct pcp_map *out)
{
	pcp_map_read(r, out);
	out->peer.port = reader_u16(r);
	reader_skip(r, 2);
	reader_bytes(r, out->peer.addr.b, sizeof(out->peer.addr.b));
}

void pcp_peer_write(struct writer *w, const struct pcp_map *m, const struct endpoint *external)
{
	pcp_map_write(w, m, external);
	writer_u16(w, m->peer.port);
	writer_zeros(w, 2);
	writer_bytes(w, m->peer.addr.b, sizeof(m->peer.addr.b));
}

enum pcp_result pcp_peer_decode(struct reader *r, struct pcp_msg *msg)
{
	const struct pcp_map *m = &msg->map;

	pcp_peer_read(r, &msg->map);
	/* A flow has both ends, whole (section 12.1). */
	if (m->proto == 0 || m->internal.port == 0 || m->peer.port == 0)
		return PCP_MALFORMED_REQUEST;
	return addr_is_host(&m->peer.addr) ? PCP_SUCCESS : PCP_MALFORMED_REQUEST;
}
