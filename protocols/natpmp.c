/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NAT-PMP messages (RFC 6886 section 3); see natpmp.h. */
#include "protocols/natpmp.h"

#include "protocols/err.h"

#define ANSWER_BIT 0x80
#define RESULT_END 4	/* version, opcode and result code */

int natpmp_decode(const void *bytes, size_t len, struct natpmp_msg *out)
{
	struct reader r = reader_from(bytes, len);
	struct natpmp_msg m = {.request = {bytes, len}};
	uint8_t version = reader_u8(&r);

	m.opcode = reader_u8(&r);
	if (r.bad || version != NATPMP_VERSION || m.opcode & ANSWER_BIT)
		return ERR_IGNORE;
	if (m.opcode == NATPMP_OP_UDP || m.opcode == NATPMP_OP_TCP) {
		reader_skip(&r, 2);
		m.internal_port = reader_u16(&r);
		m.external_port = reader_u16(&r);
		m.lifetime_s = reader_u32(&r);
		/* Port 0 means "all" to a delete and nothing to anything else (section 3.4). */
		if (m.internal_port == 0 && m.lifetime_s > 0)
			m.result = NATPMP_REFUSED;
	} else if (m.opcode != NATPMP_OP_ADDRESS) {
		m.result = NATPMP_UNSUPP_OPCODE;
	}
	if (r.bad)
		return ERR_IGNORE;
	*out = m;
	return 0;
}

static enum map_op op_of(const struct natpmp_msg *msg)
{
	if (msg->lifetime_s > 0)
		return MAP_OP_OPEN;
	return msg->internal_port > 0 ? MAP_OP_CLOSE : MAP_OP_CLOSE_ALL;
}

void natpmp_to_req(const struct natpmp_msg *msg, const struct addr *client, struct map_req *out)
{
	*out = (struct map_req){
		.op = op_of(msg),
		.key = MAP_KEY_INTERNAL,
		.origin = MAP_ORIGIN_NATPMP,
		.proto = msg->opcode == NATPMP_OP_TCP ? MAP_PROTO_TCP : MAP_PROTO_UDP,
		.client = *client,
		.internal = {*client, msg->internal_port},
		.external = {addr_any4(), msg->external_port},
		.remote = prefix_any4(),
		.lifetime_s = msg->lifetime_s,
	};
}

static void encode_head(struct writer *w, uint8_t opcode, uint16_t result)
{
	writer_u8(w, NATPMP_VERSION);
	writer_u8(w, opcode | ANSWER_BIT);
	writer_u16(w, result);
}

void natpmp_encode_address(struct writer *w, const struct addr *external, uint32_t epoch_s)
{
	bool none = addr_is_any(external);

	encode_head(w, NATPMP_OP_ADDRESS, none ? NATPMP_NETWORK_FAILURE : NATPMP_SUCCESS);
	writer_u32(w, epoch_s);
	writer_u32(w, addr_to4(external));
}

void natpmp_encode_map(struct writer *w, const struct natpmp_msg *msg, const struct map_ans *ans,
	uint32_t epoch_s)
{
	/* A delete and a failure both say "external port 0 for 0 seconds" (3.4, 3.5). */
	bool open = ans->result == MAP_OK && msg->lifetime_s > 0;

	encode_head(w, msg->opcode, map_code(ans->result)->natpmp);
	writer_u32(w, epoch_s);
	writer_u16(w, msg->internal_port);
	writer_u16(w, open ? ans->external.port : 0);
	writer_u32(w, open ? ans->lifetime_s : 0);
}

void natpmp_encode_error(struct writer *w, const struct natpmp_msg *msg, uint32_t epoch_s)
{
	encode_head(w, msg->opcode, (uint16_t)msg->result);
	if (msg->result == NATPMP_UNSUPP_OPCODE) {
		writer_str(w, str_sub(msg->request, RESULT_END, msg->request.len));
		return;
	}
	writer_u32(w, epoch_s);
	writer_u16(w, msg->internal_port);
	writer_zeros(w, 2 + 4);
}

void natpmp_encode_version(struct writer *w, uint32_t epoch_s)
{
	encode_head(w, NATPMP_OP_ADDRESS, NATPMP_UNSUPP_VERSION);
	writer_u32(w, epoch_s);
}
