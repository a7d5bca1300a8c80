/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opcode PEER against bytes written down from RFC 6887 section 12. */
#include "protocols/pcp_peer.h"

#include "tests/unit/pcp_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define PEER_AT "01bb 0000 00000000 00000000 0000ffff c6336414"	/* 198.51.100.20:443 */
#define HEAD "02 02 0000 00000e10" CLIENT4
#define PEER4 HEAD SUGGESTED_FIELDS PEER_AT
#define CLOSE4 "02 02 0000 00000000" CLIENT4 SUGGESTED_FIELDS PEER_AT
#define ERROR2(code, lifetime) "02 82 00" code lifetime "01020304" ZEROS12

/* PCP-70: each field in its place; reserved ones do not matter. */
static void request(void **state)
{
	struct addr from = client4(), peer = addr_from4(0xc6336414);
	struct map_req req = requested("02 02 ffff 00000e10" CLIENT4 NONCE
		"11 ffffff 1f90 2328" WAN4 "01bb ffff 00000000 00000000 0000ffff c6336414",
		&from);

	(void)state;
	assert_int_equal(req.op, MAP_OP_PEER);
	assert_int_equal(req.origin, MAP_ORIGIN_PCP);
	assert_int_equal(req.proto, MAP_PROTO_UDP);
	assert_true(addr_eq(&req.internal.addr, &from));
	assert_int_equal(req.internal.port, 8080);
	assert_int_equal(req.external.port, 9000);
	assert_true(addr_eq(&req.peer.addr, &peer));
	assert_int_equal(req.peer.port, 443);
	assert_int_equal(req.lifetime_s, 3600);
	assert_memory_equal(req.nonce, hex(NONCE).b, MAP_NONCE_LEN);
	assert_false(req.exact);
}

/* PCP-71: the peer comes back with the port that is used. */
static void answer(void **state)
{
	struct map_ans ans = granted(9001);

	(void)state;
	assert_answer(PEER4, &ans, "02 82 0000 00000708 01020304" ZEROS12 NONCE
		"06 000000 1f90 2329" WAN4 PEER_AT);
}

/* PCP-78: external is internal. */
static void ipv6(void **state)
{
	struct addr from = client6();
	struct map_ans ans = {.result = MAP_OK, .external = {from, 8080}, .lifetime_s = 9};
	const char *text = "02 02 0000 00000e10" CLIENT6 NONCE "11 000000 1f90 0000" ZEROS12
		"00000000 01bb 0000 20010db8 00000002 00000000 00000020";

	(void)state;
	assert_int_equal(requested(text, &from).op, MAP_OP_PEER);
	assert_answer_from(&from, text, &ans, "02 82 0000 00000009 01020304" ZEROS12 NONCE
		"11 000000 1f90 1f90" CLIENT6 "01bb 0000 20010db8 00000002 00000000 00000020");
}

/* PCP-76: the flow's own time is what remains; the suggestion comes back. */
static void closing(void **state)
{
	struct addr from = client4();
	struct map_ans ans = granted(4444), nothing = {.result = MAP_NOT_FOUND};

	(void)state;
	assert_int_equal(requested(CLOSE4, &from).op, MAP_OP_PEER_CLOSE);
	assert_answer(CLOSE4, &ans, "02 82 0000 00000708 01020304" ZEROS12 SUGGESTED_FIELDS
		PEER_AT);
	assert_answer(CLOSE4, &nothing, "02 82 0000 00000000 01020304" ZEROS12 SUGGESTED_FIELDS
		PEER_AT);
}

/* PCP-75: both ends whole, of one family, and a peer that can be one. */
static void malformed(void **state)
{
	static const char *const bad[] = {
		HEAD NONCE "00 000000 1f90 0000" ANY4 PEER_AT,
		HEAD NONCE "06 000000 0000 0000" ANY4 PEER_AT,
		HEAD NONCE "00 000000 0000 0000" ANY4 PEER_AT,
		HEAD MAP_FIELDS "0000 0000" WAN4,
		HEAD MAP_FIELDS "01bb 0000" ANY4,
		HEAD MAP_FIELDS "01bb 0000 00000000 00000000 0000ffff 7f000001",
		HEAD MAP_FIELDS "01bb 0000 00000000 00000000 0000ffff e0000001",
		HEAD MAP_FIELDS "01bb 0000 00000000 00000000 0000ffff ffffffff",
		HEAD MAP_FIELDS "01bb 0000" CLIENT6,
		"02 02 0000 00000000" CLIENT4 NONCE "06 000000 0000 0000" ANY4 PEER_AT,
		HEAD MAP_FIELDS "01bb 0000 00000000 00000000 0000ffff",
		HEAD MAP_FIELDS,
		HEAD,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(result_of(bad[i]), PCP_MALFORMED_REQUEST);
	assert_answer(HEAD MAP_FIELDS, NULL, ERROR2("03", "00000708") MAP_FIELDS);
}

/* PCP-72: PREFER_FAILURE is MAP's alone. */
static void prefer_failure(void **state)
{
	(void)state;
	assert_answer(PEER4 PREFER_FAILURE, NULL,
		ERROR2("03", "00000708") SUGGESTED_FIELDS PEER_AT PREFER_FAILURE);
}

/* PCP-72, PCP-73 */
static void refused(void **state)
{
	struct map_ans ans = {.result = MAP_TAKEN};

	(void)state;
	assert_answer(PEER4, &ans, ERROR2("0b", "00000708") SUGGESTED_FIELDS PEER_AT);
	ans = (struct map_ans){.result = MAP_NOT_OWNER, .lifetime_s = 0x99};
	assert_answer(PEER4, &ans, ERROR2("02", "00000099") SUGGESTED_FIELDS PEER_AT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request),
		cmocka_unit_test(answer),
		cmocka_unit_test(ipv6),
		cmocka_unit_test(closing),
		cmocka_unit_test(malformed),
		cmocka_unit_test(prefer_failure),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
