/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCP's client side (RFC 6887 sections 8.1 and 8.3); see pcp_client.h. */
#include "protocols/pcp_client.h"

#include "protocols/err.h"
#include "protocols/pcp_map.h"
#include "protocols/pcp_option.h"
#include "protocols/pcp_peer.h"

#define ANSWER_BIT 0x80

void pcp_client_encode(struct writer *w, const struct pcp_msg *msg, const struct addr *client)
{
	writer_u8(w, PCP_VERSION);
	writer_u8(w, msg->opcode);
	writer_u16(w, 0);
	writer_u32(w, msg->lifetime_s);
	writer_bytes(w, client->b, sizeof(client->b));
	if (msg->opcode == PCP_OP_MAP)
		pcp_map_write(w, &msg->map, &msg->map.suggested);
	else if (msg->opcode == PCP_OP_PEER)
		pcp_peer_write(w, &msg->map, &msg->map.suggested);
	if (msg->opcode != PCP_OP_ANNOUNCE)
		pcp_option_write(w, &msg->map);
}

/* An answer's options keep the rules of a request's. */
static int decode_success(struct reader *r, const struct addr *client, struct pcp_answer *a)
{
	struct pcp_msg msg = {.opcode = a->opcode, .lifetime_s = a->lifetime_s, .map = a->map};

	msg.map.internal.addr = *client;
	if (pcp_option_decode(r, true, &msg))
		return ERR_SYNTAX;
	a->map = msg.map;
	return 0;
}

int pcp_client_decode(const void *bytes, size_t len, const struct addr *client,
	struct pcp_answer *out)
{
	struct reader r = reader_from(bytes, len);
	uint8_t version = reader_u8(&r), opcode = reader_u8(&r);
	struct pcp_answer a = {.opcode = opcode & (ANSWER_BIT - 1)};

	reader_skip(&r, 1);
	a.result = reader_u8(&r);
	a.lifetime_s = reader_u32(&r);
	a.epoch_s = reader_u32(&r);
	reader_skip(&r, 12);
	if (version != PCP_VERSION || !(opcode & ANSWER_BIT) || len > PCP_MAX ||
	    pcp_option_padding(len) > 0)
		return ERR_SYNTAX;
	/* Of the version that was refused nothing is known, and an error may be cut. */
	if (a.opcode == PCP_OP_MAP && (a.result == PCP_SUCCESS || r.left >= PCP_MAP_LEN))
		pcp_map_read(&r, &a.map);
	else if (a.opcode == PCP_OP_PEER && (a.result == PCP_SUCCESS || r.left >= PCP_PEER_LEN))
		pcp_peer_read(&r, &a.map);
	if (r.bad || (a.result == PCP_SUCCESS && decode_success(&r, client, &a)))
		return ERR_SYNTAX;
	*out = a;
	return 0;
}

const char *pcp_client_result_text(uint8_t result)
{
	static const char *const text[] = {
		[PCP_SUCCESS] = "SUCCESS",
		[PCP_UNSUPP_VERSION] = "UNSUPP_VERSION",
		[PCP_NOT_AUTHORIZED] = "NOT_AUTHORIZED",
		[PCP_MALFORMED_REQUEST] = "MALFORMED_REQUEST",
		[PCP_UNSUPP_OPCODE] = "UNSUPP_OPCODE",
		[PCP_UNSUPP_OPTION] = "UNSUPP_OPTION",
		[PCP_MALFORMED_OPTION] = "MALFORMED_OPTION",
		[PCP_NETWORK_FAILURE] = "NETWORK_FAILURE",
		[PCP_NO_RESOURCES] = "NO_RESOURCES",
		[PCP_UNSUPP_PROTOCOL] = "UNSUPP_PROTOCOL",
		[PCP_USER_EX_QUOTA] = "USER_EX_QUOTA",
		[PCP_CANNOT_PROVIDE_EXTERNAL] = "CANNOT_PROVIDE_EXTERNAL",
		[PCP_ADDRESS_MISMATCH] = "ADDRESS_MISMATCH",
		[PCP_EXCESSIVE_REMOTE_PEERS] = "EXCESSIVE_REMOTE_PEERS",
	};

	return result < sizeof(text) / sizeof(text[0]) ? text[result] : NULL;
}
