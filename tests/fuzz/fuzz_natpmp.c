/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any datagram as a NAT-PMP request, and as an answer; what it asks and all its answers must hold
 * together. */
#include "protocols/natpmp.h"
#include "protocols/natpmp_client.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BUFFER 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_map(const struct natpmp_msg *m)
{
	struct addr client = addr_from4(0xc0a80102);
	struct map_req req;

	natpmp_to_req(m, &client, &req);
	assert(addr_eq(&req.internal.addr, &client));
	assert((req.op == MAP_OP_OPEN) == (req.lifetime_s > 0));
	assert((req.op == MAP_OP_CLOSE_ALL) == (req.internal.port == 0));
	for (int i = 0; i < MAP_RESULTS; i++) {
		struct map_ans ans = {.result = (enum map_result)i, .lifetime_s = 9};
		uint8_t out[NATPMP_ANSWER_LEN];
		struct writer w = writer_to(out, sizeof(out));
		struct natpmp_answer answer;

		natpmp_encode_map(&w, m, &ans, 1);
		assert(!w.full && w.len == sizeof(out) && out[1] == (m->opcode | 0x80));
		assert(!natpmp_client_decode(out, w.len, &answer));
		assert(answer.internal_port == m->internal_port);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[BUFFER];
	struct writer w = writer_to(out, sizeof(out));
	struct natpmp_answer answer;
	struct natpmp_msg m;

	(void)natpmp_client_decode(data, size, &answer);
	if (size > BUFFER || natpmp_decode(data, size, &m))
		return 0;
	assert(data[0] == 0 && data[1] < 128);
	if (m.result == NATPMP_SUCCESS && m.opcode != NATPMP_OP_ADDRESS)
		check_map(&m);
	if (m.result != NATPMP_SUCCESS) {
		natpmp_encode_error(&w, &m, 1);
		assert(!w.full && out[1] == (data[1] | 0x80) && out[3] == m.result);
		assert(w.len <= (size > NATPMP_ANSWER_LEN ? size : NATPMP_ANSWER_LEN));
	}
	return 0;
}
