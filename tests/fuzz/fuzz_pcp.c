/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any datagram as a PCP request, once from a fixed client and once from whom it claims to be
 * from, so that the check of the client address does not hide what comes behind it.
 */
#include "protocols/pcp.h"
#include "protocols/pcp_map.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CLIENT_AT 8	/* of the client address in a request */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* RFC 6887 section 7: what holds for every answer; and no answer amplifies. */
static void check_answer(const struct pcp_msg *m, const struct map_ans *ans)
{
	uint8_t out[PCP_MAX];
	struct writer w = writer_to(out, sizeof(out));
	size_t room = (m->request.len + 3) / 4 * 4;

	pcp_encode(&w, m, ans, 1);
	assert(!w.full && w.len >= PCP_HEADER_LEN && w.len % 4 == 0);
	assert(w.len <= (room > PCP_HEADER_LEN ? room : PCP_HEADER_LEN));
	assert(out[0] == PCP_VERSION && out[1] == (m->opcode | 0x80) && out[2] == 0);
	assert(m->result == PCP_SUCCESS || out[3] == m->result);
}

static void check_map(const struct pcp_msg *m, const struct addr *client)
{
	struct map_req req;

	pcp_map_to_req(m, client, &req);
	assert(addr_eq(&req.internal.addr, client) && req.has_nonce);
	assert((req.op == MAP_OP_OPEN) == (req.lifetime_s > 0));
	assert(req.op == MAP_OP_CLOSE || (req.proto > 0 && req.internal.port > 0));
	assert(!req.exact || (req.op == MAP_OP_OPEN && req.external.port > 0));
	for (int i = 0; i < MAP_RESULTS; i++) {
		struct map_ans ans = {.result = (enum map_result)i, .lifetime_s = 9};
		check_answer(m, &ans);
	}
}

static void check_from(const uint8_t *data, size_t size, const struct addr *client)
{
	struct pcp_msg m;

	if (pcp_decode(data, size, client, &m))
		return;
	if (m.result == PCP_SUCCESS && m.opcode == PCP_OP_MAP)
		check_map(&m, client);
	else
		check_answer(&m, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addr client = addr_from4(0xc0a80102);

	check_from(data, size, &client);
	if (size >= CLIENT_AT + sizeof(client.b)) {
		client = addr_from6_bytes(data + CLIENT_AT);
		check_from(data, size, &client);
	}
	return 0;
}
