/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCP header, options and answers (RFC 6887 sections 7, 8 and 14.1); see pcp.h. */
#include "protocols/pcp.h"

#include "protocols/err.h"
#include "protocols/pcp_map.h"

#define ANSWER_BIT 0x80
/* All errors a decoder can find are of the long lifetime kind (section 7.4). */
#define DECODE_ERROR_S 1800

static enum pcp_result decode_option(uint8_t code, size_t len, struct pcp_msg *msg)
{
	if (code >= PCP_OPTION_OPTIONAL)
		return PCP_SUCCESS;
	if (code == PCP_OPTION_PREFER_FAILURE)
		return pcp_map_prefer_failure(len, msg);
	return PCP_UNSUPP_OPTION;
}

/* Up to a multiple of 4. */
static size_t padding(size_t len)
{
	return (4 - len % 4) % 4;
}

/* In the order given; the first one that is wrong decides (section 7.3). */
static enum pcp_result decode_options(struct reader *r, struct pcp_msg *msg)
{
	while (r->left > 0) {
		uint8_t code = reader_u8(r);
		enum pcp_result result;
		uint16_t len;

		reader_skip(r, 1);
		len = reader_u16(r);
		reader_skip(r, len + padding(len));
		if (r->bad)
			return PCP_MALFORMED_OPTION;
		result = decode_option(code, len, msg);
		if (result)
			return result;
	}
	return PCP_SUCCESS;
}

static bool length_is_good(const struct pcp_msg *msg)
{
	size_t len = msg->request.len;
	size_t least = PCP_HEADER_LEN + (msg->opcode == PCP_OP_MAP ? PCP_MAP_LEN : 0);

	return len >= least && len <= PCP_MAX && padding(len) == 0;
}

/* Everything behind version and opcode of a version 2 request. */
static enum pcp_result decode_rest(struct reader *r, const struct addr *client,
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
	if (msg->opcode == PCP_OP_MAP)
		result = pcp_map_decode(r, msg);
	else if (msg->opcode != PCP_OP_ANNOUNCE)
		return PCP_UNSUPP_OPCODE;
	return result ? result : decode_options(r, msg);
}

int pcp_decode(const void *bytes, size_t len, const struct addr *client, struct pcp_msg *out)
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
		m.result = decode_rest(&r, client, &m);
	*out = m;
	return 0;
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
	writer_zeros(w, padding(rest.len));
}

static void encode_map(struct writer *w, const struct pcp_msg *msg, const struct map_ans *ans,
	uint32_t epoch_s)
{
	const struct map_code *code = map_code(ans->result);
	uint32_t lifetime_s = msg->lifetime_s > 0 ? ans->lifetime_s : 0;

	if (code->pcp == PCP_SUCCESS) {
		encode_header(w, msg->opcode, PCP_SUCCESS, lifetime_s, epoch_s);
		pcp_map_encode(w, msg, ans);
		return;
	}
	if (ans->result == MAP_NOT_OWNER && ans->lifetime_s > 0)
		lifetime_s = ans->lifetime_s;
	else
		lifetime_s = code->pcp_lifetime_s;
	encode_error(w, msg, code->pcp, lifetime_s, epoch_s);
}

void pcp_encode(struct writer *w, const struct pcp_msg *msg, const struct map_ans *ans,
	uint32_t epoch_s)
{
	if (msg->result)
		encode_error(w, msg, (uint8_t)msg->result, DECODE_ERROR_S, epoch_s);
	else if (msg->opcode == PCP_OP_ANNOUNCE)
		pcp_encode_announce(w, epoch_s);
	else
		encode_map(w, msg, ans, epoch_s);
}

void pcp_encode_announce(struct writer *w, uint32_t epoch_s)
{
	encode_header(w, PCP_OP_ANNOUNCE, PCP_SUCCESS, 0, epoch_s);
}
