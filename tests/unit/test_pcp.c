/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCP messages against bytes written down from RFC 6887 sections 7, 11, 13 and 14. */
#include "protocols/pcp.h"

#include "protocols/err.h"
#include "protocols/pcp_map.h"
#include "protocols/pcp_option.h"
#include "tests/unit/pcp_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A good MAP with these options behind it. */
static enum pcp_result result_with(const char *options)
{
	struct hex h = hex(MAP4_SUGGESTED), more = hex(options);
	struct addr from = client4();

	memcpy(h.b + h.len, more.b, more.len);
	h.len += more.len;
	return decoded(&h, &from).result;
}

/* PCP-12: nothing is said to crumbs, answers and headers that are cut. */
static void silence(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"02",
		"01",
		"ff",
		"0281",
		"0180",
		"ffff",
		"02 81 0000 00000e10" CLIENT4 MAP_FIELDS,
		"02 00",
		"02 01",
		"02 7f",
		"02 01 0000 00000e10",
		"02 00 0000 00000000 00000000 00000000 0000ffff c0a801",
	};
	struct addr from = client4();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct pcp_msg m = {.opcode = 0x55};
		struct hex h = hex(texts[i]);
		assert_int_equal(decode(&h, &from, &m), ERR_IGNORE);
		assert_int_equal(m.opcode, 0x55);
	}
}

/* PCP-12, PCP-13, PCP-16, PCP-18, NPMP-15: also below 24 octets; version 1 is not spoken. */
static void version(void **state)
{
	(void)state;
	assert_answer("03 01", NULL, ERROR("01", "00000708"));
	assert_answer("01 00", NULL, "02 80 0001 00000708 01020304" ZEROS12);
	assert_answer("ff 02 0000 00000e10 aa", NULL, "02 82 0001 00000708 01020304" ZEROS12);
	assert_answer("01 01 0000 00000e10" CLIENT4 MAP_FIELDS, NULL,
		ERROR("01", "00000708") MAP_FIELDS);
	/* Of another version nothing is checked but the version. */
	assert_answer("03 01 0000 00000e10" CLIENT6 "aabbccddee", NULL,
		ERROR("01", "00000708") "aabbccddee 000000");
	/* Over IPv6 there is no NAT-PMP. */
	assert_answer("00 00", NULL, "02 80 0001 00000708 01020304" ZEROS12);
}

/* PCP-12, PCP-16: odd lengths are answered padded, cut MAP requests as they are. */
static void malformed_length(void **state)
{
	(void)state;
	assert_answer(MAP4 "aa", NULL, ERROR("03", "00000708") MAP_FIELDS "aa000000");
	assert_answer(MAP4 "aabb", NULL, ERROR("03", "00000708") MAP_FIELDS "aabb0000");
	assert_answer("02 01 0000 00000e10" CLIENT4 NONCE, NULL, ERROR("03", "00000708") NONCE);
	assert_answer("02 01 0000 00000e10" CLIENT4, NULL, ERROR("03", "00000708"));
	/* Length comes before the client address. */
	assert_int_equal(result_of("02 01 0000 00000e10" CLIENT6 NONCE), PCP_MALFORMED_REQUEST);
}

/* PCP-11, PCP-12, PCP-16: 1100 octets are good, 1104 are not and the answer is cut. */
static void longest(void **state)
{
	(void)state;
	struct addr from = client4();
	struct hex h = hex(MAP4 "ff 00 040c");
	uint8_t out[PCP_MAX];
	struct writer w = writer_to(out, sizeof(out));
	struct map_ans ans = granted(9000);
	struct pcp_msg m;

	h.len = PCP_MAX;
	m = decoded(&h, &from);
	assert_int_equal(m.result, PCP_SUCCESS);
	pcp_encode(&w, &m, &ans, EPOCH);
	assert_int_equal(w.len, PCP_HEADER_LEN + PCP_MAP_LEN);

	memset(h.b + PCP_MAX - 4, 0xab, 8);
	h.len = PCP_MAX + 4;
	m = decoded(&h, &from);
	assert_int_equal(m.result, PCP_MALFORMED_REQUEST);
	w = writer_to(out, sizeof(out));
	pcp_encode(&w, &m, NULL, EPOCH);
	assert_false(w.full);
	assert_int_equal(w.len, PCP_MAX);
	assert_int_equal(out[3], PCP_MALFORMED_REQUEST);
	assert_memory_equal(out + PCP_HEADER_LEN, h.b + PCP_HEADER_LEN, PCP_MAX - PCP_HEADER_LEN);
}

/* PCP-14: before opcode and options are looked at, for ANNOUNCE and with THIRD_PARTY too. */
static void address_mismatch(void **state)
{
	(void)state;
	static const char *const other = "00000000 00000000 0000ffff c0a80103";
	char text[512];
	static const struct {
		const char *head, *tail;
	} cases[] = {
		{"02 01 0000 00000e10", MAP_FIELDS},
		{"02 01 0000 00000e10", MAP_FIELDS "01 00 0010" CLIENT4},
		{"02 00 0000 00000000", ""},
		{"02 55 0000 00000000", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct writer w = writer_to(text, sizeof(text) - 1);
		writer_text(&w, cases[i].head);
		writer_text(&w, other);
		writer_text(&w, cases[i].tail);
		text[w.len] = '\0';
		assert_int_equal(result_of(text), PCP_ADDRESS_MISMATCH);
	}
	/* An IPv4 address not in its mapped form is another address. */
	assert_int_equal(result_of("02 00 0000 00000000 c0a80102" ZEROS12), PCP_ADDRESS_MISMATCH);
	assert_answer("02 01 0000 00000e10" CLIENT6 MAP_FIELDS, NULL,
		ERROR("0c", "00000708") MAP_FIELDS);
}

/* PCP-102: over IPv6 a client cannot speak for an IPv4 address, its own included. */
static void mapped_client_over_ipv6(void **state)
{
	(void)state;
	struct addr from = client6();

	assert_answer_from(&from, MAP4, NULL, ERROR("0c", "00000708") MAP_FIELDS);
}

/* PCP-15, PCP-10: unread payload comes back; reserved bits of the request do not. PCP-112 */
static void unknown_opcode(void **state)
{
	(void)state;
	assert_answer("02 7f beef 00000e10" CLIENT4 "01020304 05060708", NULL,
		"02 ff 0004 00000708 01020304" ZEROS12 "01020304 05060708");
	assert_answer("02 03 0000 00000000" CLIENT4, NULL,
		"02 83 0004 00000708 01020304" ZEROS12);
}

/* PCP-10, PCP-36: every field reaches the request; reserved bits do not matter. */
static void map_request(void **state)
{
	(void)state;
	struct addr from = client4(), wan = addr_from4(0xcb007109);
	struct prefix everybody = prefix_any4();
	struct map_req req = requested("02 01 ffff 00000e10" CLIENT4 NONCE
		"11 ffffff 1f90 2328" WAN4, &from);

	assert_int_equal(req.op, MAP_OP_OPEN);
	assert_int_equal(req.key, MAP_KEY_INTERNAL);
	assert_int_equal(req.origin, MAP_ORIGIN_PCP);
	assert_int_equal(req.proto, MAP_PROTO_UDP);
	assert_true(addr_eq(&req.client, &from));
	assert_true(addr_eq(&req.internal.addr, &from));
	assert_int_equal(req.internal.port, 8080);
	assert_true(addr_eq(&req.external.addr, &wan));
	assert_int_equal(req.external.port, 9000);
	assert_false(req.exact);
	assert_true(prefix_eq(&req.remote, &everybody));
	assert_int_equal(req.remote_port, 0);
	assert_int_equal(req.lifetime_s, 3600);
	assert_true(req.has_nonce);
	assert_memory_equal(req.nonce, hex(NONCE).b, MAP_NONCE_LEN);
	assert_false(req.disabled);
}

/* PCP-10, PCP-17, PCP-35: nonce, protocol and internal port as asked, the rest as given. */
static void map_answer(void **state)
{
	(void)state;
	struct map_ans ans = granted(9001);

	assert_answer("02 01 ffff 00000e10" CLIENT4 NONCE "06 ffffff 1f90 2328" ANY4, &ans,
		"02 81 0000 00000708 01020304" ZEROS12 NONCE "06 000000 1f90 2329" WAN4);
}

/* PCP-46: the longest lifetime fits, and so does the longest one asked for. */
static void longest_lifetime(void **state)
{
	(void)state;
	struct addr from = client4();
	struct map_ans ans = granted(9000);
	struct map_req req = requested("02 01 0000 ffffffff" CLIENT4 MAP_FIELDS, &from);

	assert_int_equal(req.lifetime_s, UINT32_MAX);
	ans.lifetime_s = UINT32_MAX;
	assert_answer("02 01 0000 ffffffff" CLIENT4 MAP_FIELDS, &ans,
		"02 81 0000 ffffffff 01020304" ZEROS12 NONCE "06 000000 1f90 2328" WAN4);
}

/* PCP-100: a pinhole's answer is the client's own address and port. */
static void map_ipv6(void **state)
{
	(void)state;
	struct addr from = client6();
	struct prefix everybody = prefix_any6();
	const char *text =
		"02 01 0000 00000e10" CLIENT6 NONCE "11 000000 1f90 0000" ZEROS12 "00000000";
	struct map_req req = requested(text, &from);
	struct map_ans ans = {.result = MAP_OK, .external = {from, 8080}, .lifetime_s = 3600};

	assert_true(addr_eq(&req.internal.addr, &from));
	assert_true(addr_is_any(&req.external.addr));
	assert_true(prefix_eq(&req.remote, &everybody));
	assert_answer_from(&from, text, &ans, "02 81 0000 00000e10 01020304" ZEROS12
		NONCE "11 000000 1f90 1f90" CLIENT6);
}

/* PCP-63, PCP-64: lifetime 0, suggestion returned, the same whether something was there. */
static void map_delete(void **state)
{
	(void)state;
	struct addr from = client4();
	const char *text = "02 01 0000 00000000" CLIENT4 NONCE "06 000000 1f90 2328" WAN4;
	const char *answer =
		"02 81 0000 00000000 01020304" ZEROS12 NONCE "06 000000 1f90 2328" WAN4;
	struct map_ans closed = granted(4444), nothing = {.result = MAP_NOT_FOUND};

	assert_int_equal(requested(text, &from).op, MAP_OP_CLOSE);
	assert_true(requested(text, &from).has_nonce);
	assert_answer(text, &closed, answer);
	assert_answer(text, &nothing, answer);
}

/* PCP-37, PCP-38, PCP-64: all ports are refused, but deleting them succeeds. */
static void map_wildcards(void **state)
{
	(void)state;
	struct addr from = client4();
	static const char *const all_ports =
		"02 01 0000 00000e10" CLIENT4 NONCE "06 000000 0000 0000" ANY4;
	static const char *const dmz =
		"02 01 0000 00000e10" CLIENT4 NONCE "00 000000 0000 0000" ANY4;
	static const char *const no_proto =
		"02 01 0000 00000e10" CLIENT4 NONCE "00 000000 1f90 0000" ANY4;
	static const char *const no_proto_delete = "02 01 0000 00000000" CLIENT4 NONCE
		"00 000000 1f90 0000" ANY4;
	static const char *const delete_all = "02 01 0000 00000000" CLIENT4 NONCE
		"06 000000 0000 0000" ANY4;
	struct map_ans nothing = {.result = MAP_NOT_FOUND};

	assert_answer(all_ports, NULL,
		ERROR("09", "00000708") NONCE "06 000000 0000 0000" ANY4);
	assert_int_equal(result_of(dmz), PCP_UNSUPP_PROTOCOL);
	assert_int_equal(result_of(no_proto), PCP_MALFORMED_REQUEST);
	assert_int_equal(result_of(no_proto_delete), PCP_MALFORMED_REQUEST);
	assert_int_equal(requested(delete_all, &from).op, MAP_OP_CLOSE);
	assert_int_equal(requested(delete_all, &from).internal.port, 0);
	assert_answer(delete_all, &nothing,
		"02 81 0000 00000000 01020304" ZEROS12 NONCE "06 000000 0000 0000" ANY4);
}

/* PCP-16, PCP-18, PCP-99: the code and lifetime of each refusal, the suggestion as it was sent. */
static void map_refused(void **state)
{
	(void)state;
	static const struct {
		enum map_result result;
		const char *answer;
	} cases[] = {
		{MAP_DENIED, ERROR("02", "00000708") SUGGESTED_FIELDS},
		{MAP_PENDING, ERROR("02", "0000001e") SUGGESTED_FIELDS},
		{MAP_NO_WAN, ERROR("07", "0000001e") SUGGESTED_FIELDS},
		{MAP_NO_PORT, ERROR("08", "0000001e") SUGGESTED_FIELDS},
		{MAP_TROUBLE, ERROR("08", "0000001e") SUGGESTED_FIELDS},
		{MAP_UNSUPP_PROTO, ERROR("09", "00000708") SUGGESTED_FIELDS},
		{MAP_QUOTA, ERROR("0a", "0000001e") SUGGESTED_FIELDS},
		{MAP_TAKEN, ERROR("0b", "00000708") SUGGESTED_FIELDS},
		{MAP_RESERVED, ERROR("0b", "00000708") SUGGESTED_FIELDS},
		{MAP_TOO_MANY_REMOTES, ERROR("0d", "00000708") SUGGESTED_FIELDS},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct map_ans ans = granted(4444);
		ans.result = cases[i].result;
		assert_answer(MAP4_SUGGESTED, &ans, cases[i].answer);
	}
}

/* PCP-50, PCP-51: renewal and delete alike learn how long the other's mapping has to go. */
static void map_not_owner(void **state)
{
	(void)state;
	struct map_ans ans = {.result = MAP_NOT_OWNER, .lifetime_s = 0x1234};

	assert_answer(MAP4_SUGGESTED, &ans, ERROR("02", "00001234") SUGGESTED_FIELDS);
	assert_answer("02 01 0000 00000000" CLIENT4 SUGGESTED_FIELDS, &ans,
		ERROR("02", "00001234") SUGGESTED_FIELDS);
	ans.lifetime_s = 0;
	assert_answer(MAP4_SUGGESTED, &ans, ERROR("02", "00000708") SUGGESTED_FIELDS);
}

/* PCP-17, PCP-83: demanded, and named as processed in the answer. */
static void prefer_failure(void **state)
{
	(void)state;
	struct addr from = client4();
	struct map_ans ans = granted(9000), taken = {.result = MAP_TAKEN};
	const char *text = MAP4_SUGGESTED PREFER_FAILURE;

	assert_true(requested(text, &from).exact);
	assert_int_equal(requested(text, &from).external.port, 9000);
	assert_answer(text, &ans, "02 81 0000 00000708 01020304" ZEROS12 NONCE
		"06 000000 1f90 2328" WAN4 PREFER_FAILURE);
	assert_answer(text, &taken, ERROR("0b", "00000708") SUGGESTED_FIELDS PREFER_FAILURE);
	/* The reserved octet is ignored. */
	assert_true(requested(MAP4_SUGGESTED "02 ff 0000", &from).exact);
}

/* PCP-29, PCP-30, PCP-83, PCP-84: twice, with data, without a port, in a delete, in ANNOUNCE. */
static void prefer_failure_malformed(void **state)
{
	(void)state;
	assert_int_equal(result_with(PREFER_FAILURE PREFER_FAILURE), PCP_MALFORMED_OPTION);
	assert_int_equal(
		result_with(PREFER_FAILURE "80 00 0000" PREFER_FAILURE), PCP_MALFORMED_OPTION);
	assert_int_equal(result_with("02 00 0004 00000000"), PCP_MALFORMED_OPTION);
	assert_int_equal(result_with("02 00 0001 00000000"), PCP_MALFORMED_OPTION);
	assert_answer(MAP4 PREFER_FAILURE, NULL,
		ERROR("06", "00000708") MAP_FIELDS PREFER_FAILURE);
	assert_int_equal(result_of("02 01 0000 00000000" CLIENT4 SUGGESTED_FIELDS PREFER_FAILURE),
		PCP_MALFORMED_OPTION);
	assert_int_equal(result_of("02 00 0000 00000000" CLIENT4 PREFER_FAILURE),
		PCP_MALFORMED_OPTION);
}

/* PCP-25: empty options, any length, padding to 4. PCP-17, PCP-27: not known, not echoed. */
static void optional_options(void **state)
{
	(void)state;
	struct map_ans ans = granted(9000);
	const char *answer =
		"02 81 0000 00000708 01020304" ZEROS12 NONCE "06 000000 1f90 2328" WAN4;

	assert_answer(MAP4_SUGGESTED "81 00 0000", &ans, answer);
	assert_answer(MAP4_SUGGESTED "81 ff 0001 41ffffff", &ans, answer);
	assert_answer(MAP4_SUGGESTED "ff 00 0003 41424300 83 00 0005 00021f9001 000000", &ans,
		answer);
	assert_answer(MAP4_SUGGESTED "81 00 0004 41424344 81 00 0004 41424344", &ans, answer);
}

/* PCP-27, PCP-80, PCP-116: reserved, unknown, not offered. */
static void mandatory_options(void **state)
{
	(void)state;
	assert_int_equal(result_with("00 00 0000"), PCP_UNSUPP_OPTION);
	assert_int_equal(result_with("01 00 0010" CLIENT4), PCP_UNSUPP_OPTION);
	assert_int_equal(result_with("0d 00 0014" CLIENT4 "00000000"), PCP_UNSUPP_OPTION);
	assert_int_equal(result_with("7f 00 0000"), PCP_UNSUPP_OPTION);
	assert_answer(MAP4 "04 00 0002 aabb0000", NULL,
		ERROR("05", "00000708") MAP_FIELDS "04 00 0002 aabb0000");
}

/* PCP-26, PCP-27: data beyond the message, whoever's option it is. */
static void options_overrun(void **state)
{
	(void)state;
	assert_int_equal(result_with("7f 00 0001"), PCP_MALFORMED_OPTION);
	assert_int_equal(result_with("02 00 ffff"), PCP_MALFORMED_OPTION);
	assert_int_equal(result_with("80 00 0005 41424344"), PCP_MALFORMED_OPTION);
	assert_int_equal(result_with("80 00 fffd 41424344"), PCP_MALFORMED_OPTION);
	assert_int_equal(result_with("80 00 ffff"), PCP_MALFORMED_OPTION);
	assert_int_equal(result_with("80 00 0004 41424344 02 00 0001"), PCP_MALFORMED_OPTION);
}

/* PCP-26, PCP-27: each length from 0 to beyond the message, on both sides of the boundary. */
static void options_all_lengths(void **state)
{
	(void)state;
	struct addr from = client4();
	struct hex h = hex(MAP4);
	size_t at = h.len;

	h.len += 4 + 64;
	memset(h.b + at, 0x80, h.len - at);
	for (unsigned len = 0; len <= PCP_MAX; len++) {
		bool fits = len <= 64;
		h.b[at] = 0x7f;
		h.b[at + 2] = (uint8_t)(len >> 8);
		h.b[at + 3] = (uint8_t)len;
		assert_int_equal(decoded(&h, &from).result,
			fits ? PCP_UNSUPP_OPTION : PCP_MALFORMED_OPTION);
		h.b[at] = 0x80;
		/* What is left over is read as options of 32896 bytes. */
		assert_int_equal(decoded(&h, &from).result,
			len > 60 && fits ? PCP_SUCCESS : PCP_MALFORMED_OPTION);
	}
}

/* PCP-28: the first wrong one decides; good ones may stand anywhere. */
static void options_in_order(void **state)
{
	(void)state;
	assert_int_equal(
		result_with("80 00 0001 41000000" PREFER_FAILURE "81 00 0000"), PCP_SUCCESS);
	assert_int_equal(result_with("7f 00 0000 80 00 ffff"), PCP_UNSUPP_OPTION);
	assert_int_equal(result_with("80 00 ffff 7f 00 0000"), PCP_MALFORMED_OPTION);
	assert_int_equal(
		result_with(PREFER_FAILURE PREFER_FAILURE "7f 00 0000"), PCP_MALFORMED_OPTION);
	assert_int_equal(
		result_with(PREFER_FAILURE "7f 00 0000" PREFER_FAILURE), PCP_UNSUPP_OPTION);
}

/* PCP-90, PCP-91 */
static void announce(void **state)
{
	(void)state;
	struct addr from = client6();
	const char *answer = "02 80 0000 00000000 01020304" ZEROS12;

	assert_answer("02 00 0000 00000000" CLIENT4, NULL, answer);
	assert_answer("02 00 ffff 00000e10" CLIENT4, NULL, answer);
	assert_answer("02 00 0000 00000000" CLIENT4 "80 00 0003 41424300", NULL, answer);
	assert_answer_from(&from, "02 00 0000 00000000" CLIENT6, NULL, answer);
	assert_int_equal(result_of("02 00 0000 00000000" CLIENT4 "7f 00 0000"), PCP_UNSUPP_OPTION);
}

/* PCP-93: the bytes of the unsolicited announcement. */
static void announce_unsolicited(void **state)
{
	(void)state;
	struct hex want = hex("02 80 0000 00000000 00000007" ZEROS12);
	uint8_t out[PCP_HEADER_LEN];
	struct writer w = writer_to(out, sizeof(out));

	pcp_encode_announce(&w, 7);
	assert_false(w.full);
	assert_int_equal(w.len, want.len);
	assert_memory_equal(out, want.b, want.len);
}

/* decode(encode(x)) == x; PCP-35 */
static void round_trip(void **state)
{
	(void)state;
	struct addr from = client6();
	struct pcp_map x = {.nonce = "\x01\x00\xff\x7f\x80""abcdefg", .proto = 255,
		.internal = {from, 65535}, .suggested = {addr_from4(1), 1}, .prefer_failure = true};
	struct hex h = {.len = PCP_HEADER_LEN + PCP_MAP_LEN + 4};
	struct writer w = writer_to(h.b, h.len);
	struct pcp_msg m;

	writer_u8(&w, PCP_VERSION);
	writer_u8(&w, PCP_OP_MAP);
	writer_u16(&w, 0);
	writer_u32(&w, 1);
	writer_bytes(&w, from.b, sizeof(from.b));
	writer_bytes(&w, x.nonce, sizeof(x.nonce));
	writer_u8(&w, x.proto);
	writer_zeros(&w, 3);
	writer_u16(&w, x.internal.port);
	writer_u16(&w, x.suggested.port);
	writer_bytes(&w, x.suggested.addr.b, sizeof(x.suggested.addr.b));
	writer_u8(&w, PCP_OPTION_PREFER_FAILURE);
	writer_zeros(&w, 3);
	assert_int_equal(w.len, h.len);
	m = decoded(&h, &from);
	assert_int_equal(m.result, PCP_SUCCESS);
	assert_int_equal(m.lifetime_s, 1);
	assert_memory_equal(m.map.nonce, x.nonce, sizeof(x.nonce));
	assert_int_equal(m.map.proto, x.proto);
	assert_int_equal(m.map.internal.port, x.internal.port);
	assert_int_equal(m.map.suggested.port, x.suggested.port);
	assert_true(addr_eq(&m.map.suggested.addr, &x.suggested.addr));
	assert_true(m.map.prefer_failure);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence),
		cmocka_unit_test(version),
		cmocka_unit_test(malformed_length),
		cmocka_unit_test(longest),
		cmocka_unit_test(address_mismatch),
		cmocka_unit_test(mapped_client_over_ipv6),
		cmocka_unit_test(unknown_opcode),
		cmocka_unit_test(map_request),
		cmocka_unit_test(map_answer),
		cmocka_unit_test(longest_lifetime),
		cmocka_unit_test(map_ipv6),
		cmocka_unit_test(map_delete),
		cmocka_unit_test(map_wildcards),
		cmocka_unit_test(map_refused),
		cmocka_unit_test(map_not_owner),
		cmocka_unit_test(prefer_failure),
		cmocka_unit_test(prefer_failure_malformed),
		cmocka_unit_test(optional_options),
		cmocka_unit_test(mandatory_options),
		cmocka_unit_test(options_overrun),
		cmocka_unit_test(options_all_lengths),
		cmocka_unit_test(options_in_order),
		cmocka_unit_test(announce),
		cmocka_unit_test(announce_unsolicited),
		cmocka_unit_test(round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
