/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any datagram as a PCP request, once from a fixed client and once from whom it claims to be
 * from, so that the check of the client address does not hide what comes behind it; and as an
 * answer, by the client side.
 */
#include "protocols/pcp.h"
#include "protocols/pcp_client.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CLIENT_AT 8	/* of the client address in a request */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* RFC 6887 section 7: what holds for every answer; and no answer amplifies. */
static void check_answer(const struct pcp_msg *m, const struct map_ans *ans,
	const struct addr *client)
{
	struct pcp_answer answer;
	uint8_t out[PCP_MAX];
	struct writer w = writer_to(out, sizeof(out));
	size_t room = (m->request.len + 3) / 4 * 4;

	pcp_encode(&w, m, ans, 1);
	assert(!w.full && w.len >= PCP_HEADER_LEN && w.len % 4 == 0);
	assert(w.len <= (room > PCP_HEADER_LEN ? room : PCP_HEADER_LEN));
	assert(out[0] == PCP_VERSION && out[1] == (m->opcode | 0x80) && out[2] == 0);
	assert(m->result == PCP_SUCCESS || out[3] == m->result);
	assert(!pcp_client_decode(out, w.len, client, &answer) && answer.opcode == m->opcode);
}

static void check_filters(const struct map_req *req)
{
	assert(req->filter_count <= MAP_FILTERS_MAX);
	for (uint8_t i = 0; i < req->filter_count; i++) {
		const struct prefix *p = &req->filters[i].remote;
		struct prefix masked = prefix_mask(&p->addr, p->len);

		assert(p->len > 0 && p->len <= 128 && prefix_eq(p, &masked));
		assert(addr_is4(&p->addr) == addr_is4(&req->internal.addr));
	}
}

static void check_peer(const struct map_req *req)
{
	assert(req->proto > 0 && req->internal.port > 0 && req->peer.port > 0);
	assert(addr_is4(&req->peer.addr) == addr_is4(&req->internal.addr));
	assert(!req->exact && req->set_size == 0 && req->filter_count == 0);
}

static void check_req(const struct map_req *req, const struct addr *client)
{
	bool opens = req->op == MAP_OP_OPEN || req->op == MAP_OP_PEER;

	assert(addr_eq(&req->client, client) && req->has_nonce);
	assert(addr_eq(&req->internal.addr, client) != req->third_party);
	assert(opens == (req->lifetime_s > 0));
	assert(!opens || (req->proto > 0 && req->internal.port > 0));
	assert(!req->exact || (opens && req->external.port > 0 && req->set_size == 0));
	assert(opens || (req->filter_count == 0 && !req->clear_filters));
	assert(req->set_size <= MAP_SET_MAX && req->internal.port + req->set_size <= 65536);
	assert(req->descr.len <= MAP_DESCR_MAX && str_is_plain(req->descr));
	check_filters(req);
	if (req->op == MAP_OP_PEER || req->op == MAP_OP_PEER_CLOSE)
		check_peer(req);
}

static void check_again(const struct pcp_msg *m, const struct writer *w,
	const struct addr *client)
{
	struct pcp_msg again;

	assert(!w->full && !pcp_decode(w->p, w->len, client, true, &again));
	assert(again.result == PCP_SUCCESS && again.lifetime_s == m->lifetime_s);
	assert(again.map.filter_count == m->map.filter_count);
	assert(again.map.set_size == m->map.set_size && again.map.descr_len == m->map.descr_len);
	assert(addr_eq(&again.map.internal.addr, &m->map.internal.addr));
}

static void check_map(const struct pcp_msg *m, const struct addr *client)
{
	struct map_req req;
	uint8_t out[PCP_MAX];
	struct writer w = writer_to(out, sizeof(out));

	pcp_to_req(m, client, &req);
	check_req(&req, client);
	for (int i = 0; i < MAP_RESULTS; i++) {
		struct map_ans ans = {.result = (enum map_result)i,
			.external = {addr_any4(), 9}, .lifetime_s = 9, .set_size = 2};
		check_answer(m, &ans, client);
	}
	/* What was understood can be asked for again, and is understood the same. */
	pcp_client_encode(&w, m, client);
	check_again(m, &w, client);
}

static void check_from(const uint8_t *data, size_t size, const struct addr *client)
{
	struct pcp_msg m;

	struct pcp_answer answer;

	(void)pcp_client_decode(data, size, client, &answer);
	if (pcp_decode(data, size, client, true, &m))
		return;
	if (m.result == PCP_SUCCESS && m.opcode != PCP_OP_ANNOUNCE)
		check_map(&m, client);
	else
		check_answer(&m, NULL, client);
	/* Leave to speak for others is all that it changes. */
	if (!pcp_decode(data, size, client, false, &m) && m.result == PCP_SUCCESS)
		assert(!m.map.third_party);
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
