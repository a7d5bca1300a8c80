/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCP header and answers (RFC 6887 sections 7, 8 and 14); see pcp.h. */
#include "protocols/pcp.h"

#include "protocols/err.h"
#include "protocols/pcp_map.h"
#include "protocols/pcp_option.h"
#include "protocols/pcp_peer.h"

#include <string.h>

#define ANSWER_BIT 0x80
/* All errors a decoder can find are of the long lifetime kind (section 7.4). */
#define DECODE_ERROR_S 1800

/* Of header and fields. */
static size_t least_len(uint8_t opcode)
{
	if (opcode == PCP_OP_MAP)
		return PCP_HEADER_LEN + PCP_MAP_LEN;
	if (opcode == PCP_OP_PEER)
		return PCP_HEADER_LEN + PCP_PEER_LEN;
	return PCP_HEADER_LEN;
}

static bool length_is_good(const struct pcp_msg *msg)
{
	size_t len = msg->request.len;

	return len >= least_len(msg->opcode) && len <= PCP_MAX && pcp_option_padding(len) == 0;
}

/* Everything behind version and opcode of a version 2 request. */
static enum pcp_result decode_rest(struct reader *r, const struct addr *client, bool third_party,
	struct pcp_msg *msg)
{
	enum pcp_result result = PCP_SUCCESS;
	struct addr named;

	reader_skip(r, 2);
	msg->lifetime_s = reader_u32(r);
	reader_bytes(r, named.b, sizeof(named.b));
	if (!length_is_good(msg))
		return PCP_MALFORMED_REQUEST;
	if (!addr_eq(&named, client))
		return PCP_ADDRESS_MISMATCH;
	msg->map.internal.addr = *client;
	if (msg->opcode == PCP_OP_MAP)
		result = pcp_map_decode(r, msg);
	else if (msg->opcode == PCP_OP_PEER)
		result = pcp_peer_decode(r, msg);
	else if (msg->opcode != PCP_OP_ANNOUNCE)
		return PCP_UNSUPP_OPCODE;
	return result ? result : pcp_option_decode(r, third_party, msg);
}

int pcp_decode(const void *bytes, size_t len, const struct addr *client, bool third_party,
	struct pcp_msg *out)
{
	struct reader r = reader_from(bytes, len);
	struct pcp_msg m = {.request = {bytes, len}};
	uint8_t version = reader_u8(&r);

	m.opcode = reader_u8(&r);
	if (r.bad || m.opcode & ANSWER_BIT)
		return ERR_IGNORE;
	if (version != PCP_VERSION)
		m.result = PCP_UNSUPP_VERSION;
	else if (len < PCP_HEADER_LEN)
		return ERR_IGNORE;
	else
		m.result = decode_rest(&r, client, third_party, &m);
	*out = m;
	return 0;
}

static enum map_op op_of(const struct pcp_msg *msg)
{
	if (msg->opcode == PCP_OP_PEER)
		return msg->lifetime_s > 0 ? MAP_OP_PEER : MAP_OP_PEER_CLOSE;
	return msg->lifetime_s > 0 ? MAP_OP_OPEN : MAP_OP_CLOSE;
}

void pcp_to_req(const struct pcp_msg *msg, const struct addr *client, struct map_req *out)
{
	const struct pcp_map *m = &msg->map;

	*out = (struct map_req){
		.op = op_of(msg),
		.key = MAP_KEY_INTERNAL,
		.origin = MAP_ORIGIN_PCP,
		.proto = m->proto,
		.client = *client,
		.internal = m->internal,
		.external = m->suggested,
		.exact = m->prefer_failure,
		.remote = addr_is4(&m->internal.addr) ? prefix_any4() : prefix_any6(),
		.lifetime_s = msg->lifetime_s,
		.has_nonce = true,
		.third_party = m->third_party,
		.clear_filters = m->clear_filters,
		.filter_count = m->filter_count,
		.set_size = m->set_size,
		.set_parity = m->set_parity,
		.peer = m->peer,
	};
	if (m->has_descr)
		out->descr = (struct str){m->descr, m->descr_len};
	memcpy(out->nonce, m->nonce, sizeof(out->nonce));
	memcpy(out->filters, m->filters, sizeof(out->filters));
}

static void encode_header(struct writer *w, uint8_t opcode, uint8_t result, uint32_t lifetime_s,
	uint32_t epoch_s)
{
	writer_u8(w, PCP_VERSION);
	writer_u8(w, opcode | ANSWER_BIT);
	writer_u8(w, 0);
	writer_u8(w, result);
	writer_u32(w, lifetime_s);
	writer_u32(w, epoch_s);
	writer_zeros(w, 12);
}

/* The request under a header of ours (section 8.2). */
static void encode_error(struct writer *w, const struct pcp_msg *msg, uint8_t result,
	uint32_t lifetime_s, uint32_t epoch_s)
{
	struct str rest = str_sub(msg->request, PCP_HEADER_LEN, PCP_MAX - PCP_HEADER_LEN);

	encode_header(w, msg->opcode, result, lifetime_s, epoch_s);
	writer_str(w, rest);
	writer_zeros(w, pcp_option_padding(rest.len));
}

static void encode_fields(struct writer *w, const struct pcp_msg *msg,
	const struct endpoint *external)
{
	if (msg->opcode == PCP_OP_PEER)
		pcp_peer_write(w, &msg->map, external);
	else
		pcp_map_write(w, &msg->map, external);
}

static void encode_success(struct writer *w, const struct pcp_msg *msg, const struct map_ans *ans,
	uint32_t epoch_s)
{
	struct reader r = reader_from(msg->request.p, msg->request.len);
	/* A deleted mapping has no time left; of a flow that goes on the core knows. */
	bool gone = msg->lifetime_s == 0 && msg->opcode == PCP_OP_MAP;

	encode_header(w, msg->opcode, PCP_SUCCESS, gone ? 0 : ans->lifetime_s, epoch_s);
	/* A delete gets its own suggestion back (section 15.1). */
	encode_fields(w, msg, msg->lifetime_s > 0 ? &ans->external : &msg->map.suggested);
	reader_skip(&r, least_len(msg->opcode));
	pcp_option_answer(w, &r, msg, ans);
}

static void encode_refusal(struct writer *w, const struct pcp_msg *msg, const struct map_ans *ans,
	uint32_t epoch_s)
{
	const struct map_code *code = map_code(ans->result);
	uint8_t result = code->pcp;
	uint32_t lifetime_s = code->pcp_lifetime_s;

	if (ans->result == MAP_NOT_OWNER && ans->lifetime_s > 0)
		lifetime_s = ans->lifetime_s;
	if (ans->result == MAP_DENIED && msg->map.third_party)
		result = PCP_UNSUPP_OPTION;
	encode_error(w, msg, result, lifetime_s, epoch_s);
}

void pcp_encode(struct writer *w, const struct pcp_msg *msg, const struct map_ans *ans,
	uint32_t epoch_s)
{
	if (msg->result)
		encode_error(w, msg, (uint8_t)msg->result, DECODE_ERROR_S, epoch_s);
	else if (msg->opcode == PCP_OP_ANNOUNCE)
		pcp_encode_announce(w, epoch_s);
	else if (map_code(ans->result)->pcp == PCP_SUCCESS)
		encode_success(w, msg, ans, epoch_s);
	else
		encode_refusal(w, msg, ans, epoch_s);
}

void pcp_encode_announce(struct writer *w, uint32_t epoch_s)
{
	encode_header(w, PCP_OP_ANNOUNCE, PCP_SUCCESS, 0, epoch_s);
}

void pcp_encode_update(struct writer *w, const struct pcp_msg *msg, const struct map_ans *ans,
	uint32_t epoch_s)
{
	const struct map_code *code = map_code(ans->result);
	bool good = code->pcp == PCP_SUCCESS;

	encode_header(w, msg->opcode, code->pcp, good ? ans->lifetime_s : code->pcp_lifetime_s,
		epoch_s);
	encode_fields(w, msg, good ? &ans->external : &msg->map.suggested);
	pcp_option_write(w, &msg->map);
}
