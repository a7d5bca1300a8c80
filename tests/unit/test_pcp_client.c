/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCP's client side against the server side, and answers that no server may give. */
#include "protocols/pcp_client.h"

#include "protocols/err.h"
#include "tests/unit/pcp_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define PEER_AT "01bb 0000 00000000 00000000 0000ffff c6336414"

static struct pcp_msg asked(uint8_t opcode)
{
	struct pcp_msg m = {.opcode = opcode, .lifetime_s = 3600};

	memcpy(m.map.nonce, hex(NONCE).b, MAP_NONCE_LEN);
	m.map.proto = MAP_PROTO_TCP;
	m.map.internal = (struct endpoint){client4(), 8080};
	m.map.suggested = (struct endpoint){addr_any4(), 9000};
	m.map.peer = (struct endpoint){addr_from4(0xc6336414), 443};
	return m;
}

static void assert_request(const struct pcp_msg *m, const char *text)
{
	struct hex want = hex(text);
	struct addr from = client4();
	uint8_t out[PCP_MAX];
	struct writer w = writer_to(out, sizeof(out));

	pcp_client_encode(&w, m, &from);
	assert_false(w.full);
	assert_int_equal(w.len, want.len);
	assert_memory_equal(out, want.b, want.len);
}

static void requests(void **state)
{
	struct pcp_msg m = asked(PCP_OP_MAP);

	(void)state;
	m.map.prefer_failure = true;
	m.map.has_descr = true;
	m.map.descr_len = 2;
	memcpy(m.map.descr, "hi", 2);
	assert_request(&m, MAP4_SUGGESTED PREFER_FAILURE "80 00 0002 68690000");
	m = asked(PCP_OP_PEER);
	assert_request(&m, "02 02 0000 00000e10" CLIENT4 SUGGESTED_FIELDS PEER_AT);
	m = (struct pcp_msg){.opcode = PCP_OP_ANNOUNCE};
	assert_request(&m, "02 00 0000 00000000" CLIENT4);
}

static int answered(const char *text, struct pcp_answer *out)
{
	struct hex h = hex(text);
	struct addr from = client4();

	return pcp_client_decode(h.b, h.len, &from, out);
}

static void answers(void **state)
{
	struct addr wan = addr_from4(0xcb007109);
	struct pcp_answer a;

	(void)state;
	assert_int_equal(answered("02 81 0000 00000708 01020304" ZEROS12 NONCE
		"06 000000 1f90 2328" WAN4 "82 00 0005 00021f9000 000000 ff 00 0000", &a), 0);
	assert_int_equal(a.opcode, PCP_OP_MAP);
	assert_int_equal(a.result, PCP_SUCCESS);
	assert_int_equal(a.lifetime_s, 1800);
	assert_int_equal(a.epoch_s, EPOCH);
	assert_int_equal(a.map.internal.port, 8080);
	assert_true(addr_eq(&a.map.suggested.addr, &wan));
	assert_int_equal(a.map.suggested.port, 9000);
	assert_int_equal(a.map.set_size, 2);
	assert_int_equal(
		answered("02 82 0000 00000708 01020304" ZEROS12 MAP_FIELDS PEER_AT, &a), 0);
	assert_int_equal(a.map.peer.port, 443);
	/* Errors may be short, and say what nobody has heard of. */
	assert_int_equal(answered("02 81 0001 00000708 01020304" ZEROS12, &a), 0);
	assert_string_equal(pcp_client_result_text(a.result), "UNSUPP_VERSION");
	assert_int_equal(answered("02 82 000f 0000001e 01020304" ZEROS12 "7f 00 ffff", &a), 0);
	assert_null(pcp_client_result_text(a.result));
}

static void nonsense(void **state)
{
	static const char *const bad[] = {
		"",
		"02 81",
		"00 81 0000 00000708 01020304" ZEROS12 MAP_FIELDS,
		"02 01 0000 00000708 01020304" ZEROS12 MAP_FIELDS,
		"02 81 0000 00000708 01020304" ZEROS12,
		"02 81 0000 00000708 01020304" ZEROS12 MAP_FIELDS "00",
		"02 81 0000 00000708 01020304" ZEROS12 MAP_FIELDS "ff 00 0001",
		"02 82 0000 00000708 01020304" ZEROS12 MAP_FIELDS,
	};
	struct pcp_answer a = {.opcode = 0x55};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(answered(bad[i], &a), ERR_SYNTAX);
	assert_int_equal(a.opcode, 0x55);
}

/* PCP-96: an update is the answer its client would have got. */
static void updates(void **state)
{
	struct pcp_msg m = asked(PCP_OP_MAP);
	struct map_ans ans = granted(9001);
	struct hex want = hex("02 81 0000 00000708 01020304" ZEROS12 NONCE
		"06 000000 1f90 2329" WAN4 "01 00 0010" WAN4
		"03 00 0014 00 80 0007" WAN4);
	struct hex error = hex(ERROR("0b", "00000708") SUGGESTED_FIELDS PREFER_FAILURE);
	uint8_t out[PCP_MAX];
	struct writer w = writer_to(out, sizeof(out));

	(void)state;
	m.map.internal.addr = addr_from4(0xcb007109);
	m.map.third_party = true;
	m.map.filter_count = 1;
	m.map.filters[0] = (struct map_filter){prefix_host(&m.map.internal.addr), 7};
	pcp_encode_update(&w, &m, &ans, EPOCH);
	assert_int_equal(w.len, want.len);
	assert_memory_equal(out, want.b, want.len);

	m = asked(PCP_OP_MAP);
	m.map.prefer_failure = true;
	ans.result = MAP_TAKEN;
	w = writer_to(out, sizeof(out));
	pcp_encode_update(&w, &m, &ans, EPOCH);
	assert_int_equal(w.len, error.len);
	assert_memory_equal(out, error.b, error.len);

	m = asked(PCP_OP_PEER);
	ans.result = MAP_OK;
	w = writer_to(out, sizeof(out));
	pcp_encode_update(&w, &m, &ans, EPOCH);
	want = hex("02 82 0000 00000708 01020304" ZEROS12 NONCE "06 000000 1f90 2329" WAN4 PEER_AT);
	assert_int_equal(w.len, want.len);
	assert_memory_equal(out, want.b, want.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(answers),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(updates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
