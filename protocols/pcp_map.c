/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opcode MAP (RFC 6887 section 11); see pcp_map.h. */
#include "protocols/pcp_map.h"

#include <string.h>

static struct addr read_addr(struct reader *r)
{
	struct addr a;

	reader_bytes(r, a.b, sizeof(a.b));
	return a;
}

enum pcp_result pcp_map_decode(struct reader *r, struct pcp_msg *msg)
{
	struct pcp_map *m = &msg->map;

	reader_bytes(r, m->nonce, sizeof(m->nonce));
	m->proto = reader_u8(r);
	reader_skip(r, 3);
	m->internal_port = reader_u16(r);
	m->suggested.port = reader_u16(r);
	m->suggested.addr = read_addr(r);
	if (m->proto == 0 && m->internal_port > 0)
		return PCP_MALFORMED_REQUEST;
	/* Nothing of the kind exists, so deleting it succeeds (section 15.1). */
	if (m->internal_port == 0 && msg->lifetime_s > 0)
		return PCP_UNSUPP_PROTOCOL;
	return PCP_SUCCESS;
}

enum pcp_result pcp_map_prefer_failure(size_t len, struct pcp_msg *msg)
{
	struct pcp_map *m = &msg->map;

	/* Once, without data, and only where there is something to prefer (11.3, 13.2). */
	if (msg->opcode != PCP_OP_MAP || len > 0 || m->prefer_failure)
		return PCP_MALFORMED_OPTION;
	if (msg->lifetime_s == 0 || m->suggested.port == 0)
		return PCP_MALFORMED_OPTION;
	m->prefer_failure = true;
	return PCP_SUCCESS;
}

void pcp_map_to_req(const struct pcp_msg *msg, const struct addr *client, struct map_req *out)
{
	const struct pcp_map *m = &msg->map;

	*out = (struct map_req){
		.op = msg->lifetime_s > 0 ? MAP_OP_OPEN : MAP_OP_CLOSE,
		.key = MAP_KEY_INTERNAL,
		.origin = MAP_ORIGIN_PCP,
		.proto = m->proto,
		.client = *client,
		.internal = {*client, m->internal_port},
		.external = m->suggested,
		.exact = m->prefer_failure,
		.remote = addr_is4(client) ? prefix_any4() : prefix_any6(),
		.lifetime_s = msg->lifetime_s,
		.has_nonce = true,
	};
	memcpy(out->nonce, m->nonce, sizeof(out->nonce));
}

void pcp_map_encode(struct writer *w, const struct pcp_msg *msg, const struct map_ans *ans)
{
	const struct pcp_map *m = &msg->map;
	/* A delete gets its own suggestion back (section 15.1). */
	const struct endpoint *external = msg->lifetime_s > 0 ? &ans->external : &m->suggested;

	writer_bytes(w, m->nonce, sizeof(m->nonce));
	writer_u8(w, m->proto);
	writer_zeros(w, 3);
	writer_u16(w, m->internal_port);
	writer_u16(w, external->port);
	writer_bytes(w, external->addr.b, sizeof(external->addr.b));
	if (m->prefer_failure) {
		writer_u8(w, PCP_OPTION_PREFER_FAILURE);
		writer_zeros(w, 3);
	}
}
