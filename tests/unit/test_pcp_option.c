/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of PCP against bytes written down from RFC 6887 section 13, RFC 7220 and RFC 7753. */
#include "protocols/pcp_option.h"

#include "tests/unit/pcp_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define MAP6 "02 01 0000 00000e10" CLIENT6 MAP_FIELDS
#define DELETE4 "02 01 0000 00000000" CLIENT4 SUGGESTED_FIELDS
#define PEER4 "02 02 0000 00000e10" CLIENT4 MAP_FIELDS "01bb 0000" WAN4
#define ANNOUNCE4 "02 00 0000 00000000" CLIENT4
#define SUCCESS4 "02 81 0000 00000708 01020304" ZEROS12 NONCE "06 000000 1f90 2328" WAN4

#define OTHER4 "00000000 00000000 0000ffff c0a80105"
#define THIRD_PARTY4 "01 00 0010" OTHER4
/* 203.0.113.9, all ports; 203.0.113.0/24 port 5000 and the same with host bits. */
#define FILTER_HOST "03 00 0014 00 80 0000" WAN4
#define FILTER_NET "03 00 0014 00 78 1388 00000000 00000000 0000ffff cb007100"
#define FILTER_NET_BITS "03 ff 0014 ff 78 1388 00000000 00000000 0000ffff cb0071aa"
#define FILTER_NONE "03 00 0014 00 00 0000" ANY4

static void assert_prefix(const struct map_filter *f, const char *text, uint16_t port)
{
	struct prefix want;

	assert_int_equal(prefix_decode(str_from(text), &want), 0);
	assert_true(prefix_eq(&f->remote, &want));
	assert_int_equal(f->port, port);
}

static struct pcp_msg decoded_as(const char *text, const struct addr *client)
{
	struct hex h = hex(text);
	struct pcp_msg m;

	assert_int_equal(decode_as(&h, client, true, &m), 0);
	return m;
}

static enum pcp_result result6(const char *text)
{
	struct addr from = client6();
	struct hex h = hex(text);

	return decoded(&h, &from).result;
}

/* PCP-86: address, length and port; bits behind the prefix are nothing, not even echoed. */
static void filter(void **state)
{
	struct addr from = client4();
	struct map_ans ans = granted(9000);
	struct map_req req = requested(MAP4 FILTER_HOST FILTER_NET_BITS, &from);

	(void)state;
	assert_int_equal(req.filter_count, 2);
	assert_false(req.clear_filters);
	assert_prefix(&req.filters[0], "203.0.113.9", 0);
	assert_prefix(&req.filters[1], "203.0.113.0/24", 5000);
	assert_answer(MAP4 FILTER_HOST FILTER_NET_BITS, &ans, SUCCESS4 FILTER_HOST FILTER_NET);
}

/* PCP-87, PCP-101 */
static void filter_ipv6(void **state)
{
	struct addr from = client6();
	struct map_req req = requested(MAP6 "03 00 0014 00 20 0050" CLIENT6
		"03 00 0014 00 01 0000" CLIENT6, &from);

	(void)state;
	assert_int_equal(req.filter_count, 2);
	assert_prefix(&req.filters[0], "2001:db8::/32", 80);
	assert_prefix(&req.filters[1], "::/1", 0);
	assert_int_equal(result6(MAP6 "03 00 0014 00 81 0000" CLIENT6), PCP_MALFORMED_OPTION);
}

/* PCP-87: 96 to 128 bits of IPv4, 1 to 128 of IPv6, and only the mapping's own family. */
static void filter_prefix_lengths(void **state)
{
	struct addr from4 = client4(), from6 = client6();

	(void)state;
	for (unsigned len = 0; len < 256; len++) {
		struct hex h = hex(MAP4 FILTER_HOST);

		h.b[h.len - 19] = (uint8_t)len;
		assert_int_equal(decoded(&h, &from4).result,
			len == 0 || (len >= 96 && len <= 128) ? PCP_SUCCESS : PCP_MALFORMED_OPTION);
		h = hex(MAP6 "03 00 0014 00 80 0000" CLIENT6);
		h.b[h.len - 19] = (uint8_t)len;
		assert_int_equal(decoded(&h, &from6).result,
			len <= 128 ? PCP_SUCCESS : PCP_MALFORMED_OPTION);
	}
	assert_int_equal(result_of(MAP4 "03 00 0014 00 80 0000" CLIENT6), PCP_MALFORMED_OPTION);
	assert_int_equal(result6(MAP6 FILTER_HOST), PCP_MALFORMED_OPTION);
}

/* PCP-28, PCP-87: what stands before the end of all filters is gone, what comes behind is not. */
static void filter_clear(void **state)
{
	struct addr from = client4(), from6 = client6();
	struct map_ans ans = granted(9000);
	struct map_req req = requested(MAP4 FILTER_HOST FILTER_NONE FILTER_NET, &from);

	(void)state;
	assert_true(req.clear_filters);
	assert_int_equal(req.filter_count, 1);
	assert_prefix(&req.filters[0], "203.0.113.0/24", 5000);
	assert_answer(MAP4 FILTER_HOST FILTER_NONE FILTER_NET, &ans,
		SUCCESS4 FILTER_HOST FILTER_NONE FILTER_NET);
	req = requested(MAP6 "03 00 0014 00 00 0000 00000000" ZEROS12, &from6);
	assert_true(req.clear_filters);
	assert_int_equal(req.filter_count, 0);
}

/* PCP-30, PCP-86: wrong length, in a delete, where nothing is opened. */
static void filter_malformed(void **state)
{
	(void)state;
	assert_int_equal(result_of(MAP4 "03 00 0010 00 80 0000 00000000 00000000 0000ffff"),
		PCP_MALFORMED_OPTION);
	assert_int_equal(result_of(MAP4 "03 00 0018 00 80 0000" WAN4 "00000000"),
		PCP_MALFORMED_OPTION);
	assert_int_equal(result_of(MAP4 "03 00 0000"), PCP_MALFORMED_OPTION);
	assert_int_equal(result_of(DELETE4 FILTER_HOST), PCP_MALFORMED_OPTION);
	assert_int_equal(result_of(DELETE4 FILTER_NONE), PCP_MALFORMED_OPTION);
	assert_int_equal(result_of(PEER4 FILTER_HOST), PCP_MALFORMED_OPTION);
	assert_int_equal(result_of(ANNOUNCE4 FILTER_HOST), PCP_MALFORMED_OPTION);
}

/* PCP-88 */
static void filter_too_many(void **state)
{
	struct addr from = client4();
	struct hex h = hex(MAP4), one = hex(FILTER_HOST), none = hex(FILTER_NONE);

	(void)state;
	for (size_t i = 0; i < MAP_FILTERS_MAX; i++, h.len += one.len)
		memcpy(h.b + h.len, one.b, one.len);
	assert_int_equal(decoded(&h, &from).result, PCP_SUCCESS);
	memcpy(h.b + h.len, one.b, one.len);
	h.len += one.len;
	assert_int_equal(decoded(&h, &from).result, PCP_EXCESSIVE_REMOTE_PEERS);
	memcpy(h.b + h.len - one.len, none.b, none.len);
	assert_int_equal(decoded(&h, &from).result, PCP_SUCCESS);
}

/* PCP-80: without leave it does not exist, whatever it says. */
static void third_party_off(void **state)
{
	(void)state;
	assert_int_equal(result_of(MAP4 THIRD_PARTY4), PCP_UNSUPP_OPTION);
	assert_int_equal(result_of(MAP4 "01 00 0010" CLIENT4), PCP_UNSUPP_OPTION);
	assert_int_equal(result_of(MAP4 "01 00 0000"), PCP_UNSUPP_OPTION);
	assert_int_equal(result_of(PEER4 THIRD_PARTY4), PCP_UNSUPP_OPTION);
	assert_int_equal(result_of(DELETE4 THIRD_PARTY4), PCP_UNSUPP_OPTION);
}

/* PCP-81, PCP-82: the mapping is the other's, the request stays the client's. PCP-29, PCP-35 */
static void third_party(void **state)
{
	struct addr from = client4(), other = addr_from4(0xc0a80105);
	struct map_ans ans = granted(9000);
	struct hex h = hex(MAP4 THIRD_PARTY4), want = hex(SUCCESS4 THIRD_PARTY4);
	struct pcp_msg m = decoded_as(MAP4 THIRD_PARTY4, &from);
	struct map_req req;
	uint8_t out[PCP_MAX];
	struct writer w = writer_to(out, sizeof(out));

	(void)state;
	assert_int_equal(m.result, PCP_SUCCESS);
	pcp_to_req(&m, &from, &req);
	assert_true(req.third_party);
	assert_true(addr_eq(&req.client, &from));
	assert_true(addr_eq(&req.internal.addr, &other));
	m.request = (struct str){(const char *)h.b, h.len};
	pcp_encode(&w, &m, &ans, EPOCH);
	assert_int_equal(w.len, want.len);
	assert_memory_equal(out, want.b, want.len);
	assert_int_equal(
		decoded_as(MAP4 "01 00 0010" CLIENT4, &from).result, PCP_MALFORMED_REQUEST);
	assert_int_equal(decoded_as(MAP4 THIRD_PARTY4 THIRD_PARTY4, &from).result,
		PCP_MALFORMED_OPTION);
	assert_int_equal(
		decoded_as(MAP4 "01 00 000c" ZEROS12, &from).result, PCP_MALFORMED_OPTION);
	assert_int_equal(
		decoded_as(ANNOUNCE4 THIRD_PARTY4, &from).result, PCP_MALFORMED_OPTION);
	assert_int_equal(decoded_as(DELETE4 THIRD_PARTY4, &from).result, PCP_SUCCESS);
}

/* PCP-82: to whom the core says no, the option is not there. */
static void third_party_denied(void **state)
{
	struct addr from = client4();
	struct hex h = hex(MAP4 THIRD_PARTY4);
	struct pcp_msg m = decoded_as(MAP4 THIRD_PARTY4, &from);
	struct map_ans ans = {.result = MAP_DENIED};
	uint8_t out[PCP_MAX];
	struct writer w = writer_to(out, sizeof(out));

	(void)state;
	m.request = (struct str){(const char *)h.b, h.len};
	pcp_encode(&w, &m, &ans, EPOCH);
	assert_int_equal(w.len, h.len);
	assert_int_equal(out[3], PCP_UNSUPP_OPTION);
	assert_memory_equal(out + 4, hex("00000708").b, 4);
}

/* The family is that of whom the request speaks for. */
static void third_party_family(void **state)
{
	struct addr from = client6();

	(void)state;
	assert_int_equal(
		decoded_as(MAP6 THIRD_PARTY4 FILTER_HOST, &from).result, PCP_SUCCESS);
	assert_int_equal(
		decoded_as(MAP6 FILTER_HOST THIRD_PARTY4, &from).result, PCP_SUCCESS);
	assert_int_equal(decoded_as(MAP6 THIRD_PARTY4 "03 00 0014 00 80 0000" CLIENT6, &from)
				 .result,
		PCP_MALFORMED_OPTION);
}

/* PCP-110: what is stored comes back, in MAP and PEER. */
static void description(void **state)
{
	struct addr from = client4();
	struct map_ans ans = granted(9000);
	struct hex h = hex(MAP4 "80 00 0005 67c3a46d65 000000");
	struct pcp_msg m = decoded(&h, &from);
	struct map_req req;

	(void)state;
	pcp_to_req(&m, &from, &req);
	assert_true(str_eq(req.descr, STR("gäme")));
	assert_answer(MAP4 "80 ff 0005 67c3a46d65 ffffff", &ans,
		SUCCESS4 "80 00 0005 67c3a46d65 000000");
	assert_answer(MAP4 "80 00 0000", &ans, SUCCESS4 "80 00 0000");
	assert_answer(PEER4 "80 00 0004 67616d65", &ans, "02 82 0000 00000708 01020304" ZEROS12
		NONCE "06 000000 1f90 2328" WAN4 "01bb 0000" WAN4 "80 00 0004 67616d65");
	/* Of what could turn a terminal only the rest is kept, and said so. */
	assert_answer(MAP4 "80 00 0005 1b5b6d6f6b 000000", &ans, SUCCESS4 "80 00 0004 5b6d6f6b");
	assert_answer(MAP4, &ans, SUCCESS4);
}

/* PCP-110: bad UTF-8 is as if it were not there; twice is once too often. */
static void description_malformed(void **state)
{
	static const char *const bad[] = {
		MAP4 "80 00 0001 ff000000",
		MAP4 "80 00 0002 c3280000",
		MAP4 "80 00 0001 00000000",
		MAP4 "80 00 0003 eda08000",
		MAP4 "80 00 0002 41c30000",
	};
	struct map_ans ans = granted(9000);
	struct addr from = client4();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_answer(bad[i], &ans, SUCCESS4);
		assert_null(requested(bad[i], &from).descr.p);
	}
	assert_int_equal(result_of(MAP4 "80 00 0000 80 00 0000"), PCP_MALFORMED_OPTION);
	assert_answer(MAP4 "80 00 0001 ff000000 80 00 0001 41000000", &ans,
		SUCCESS4 "80 00 0001 41000000");
	assert_int_equal(result_of(ANNOUNCE4 "80 00 0001 41000000"), PCP_SUCCESS);
}

/* PCP-110: 128 octets are kept, and no character is cut in two. */
static void description_long(void **state)
{
	struct addr from = client4();
	struct map_ans ans = granted(9000);
	struct hex h = hex(MAP4 "80 00 03f8");
	size_t at = h.len;
	uint8_t out[PCP_MAX];
	struct writer w = writer_to(out, sizeof(out));
	struct pcp_msg m;

	(void)state;
	h.b[h.len++] = 'x';
	while (h.len < at + 1015) {
		h.b[h.len++] = 0xc3;
		h.b[h.len++] = 0xa4;
	}
	h.b[h.len++] = 'y';
	m = decoded(&h, &from);
	assert_int_equal(m.result, PCP_SUCCESS);
	assert_int_equal(m.map.descr_len, 127);
	pcp_encode(&w, &m, &ans, EPOCH);
	assert_int_equal(w.len, at + 128);
	assert_memory_equal(out + at - 4, hex("80 00 007f").b, 4);
	assert_memory_equal(out + at, h.b + at, 127);
	assert_int_equal(out[at + 127], 0);
}

/* PCP-111: size, first port, parity; the answer says how many there are, unless it is one. */
static void port_set(void **state)
{
	struct addr from = client4();
	const char *text = MAP4 "82 00 0005 00041f9001 000000";
	struct map_ans ans = granted(9000);
	struct map_req req = requested(text, &from);

	(void)state;
	assert_int_equal(req.set_size, 4);
	assert_true(req.set_parity);
	assert_answer(text, &ans, SUCCESS4);
	ans.set_size = 1;
	assert_answer(text, &ans, SUCCESS4);
	ans.set_size = 2;
	assert_answer(text, &ans, SUCCESS4 "82 00 0005 00021f9001 000000");
	req = requested(MAP4 "82 ff 0005 00021f90fe ffffff", &from);
	assert_int_equal(req.set_size, 2);
	assert_false(req.set_parity);
	assert_int_equal(requested(DELETE4 "82 00 0005 00041f9001 000000", &from).set_size, 4);
}

/* PCP-111: more than fits is cut. */
static void port_set_bounds(void **state)
{
	struct addr from = client4();

	(void)state;
	assert_int_equal(requested(MAP4 "82 00 0005 ffff1f9000 000000", &from).set_size,
		MAP_SET_MAX);
	assert_int_equal(requested("02 01 0000 00000e10" CLIENT4 NONCE "11 000000 fffe 0000" ANY4
				   "82 00 0005 0008fffe00 000000", &from)
				 .set_size,
		2);
	assert_int_equal(requested(MAP4 "82 00 0005 00011f9000 000000", &from).set_size, 1);
}

/* PCP-29, PCP-111: none, twice, with PREFER_FAILURE, of another length. */
static void port_set_malformed(void **state)
{
	(void)state;
	assert_int_equal(
		result_of(MAP4 "82 00 0005 00001f9001 000000"), PCP_MALFORMED_OPTION);
	assert_int_equal(result_of(MAP4 "82 00 0005 00021f9001 000000"
					"82 00 0005 00021f9001 000000"),
		PCP_MALFORMED_OPTION);
	assert_int_equal(result_of(MAP4_SUGGESTED "82 00 0005 00021f9001 000000" PREFER_FAILURE),
		PCP_MALFORMED_OPTION);
	assert_int_equal(result_of(MAP4_SUGGESTED PREFER_FAILURE "82 00 0005 00021f9001 000000"),
		PCP_MALFORMED_OPTION);
	assert_int_equal(result_of(MAP4 "82 00 0004 00021f90"), PCP_MALFORMED_OPTION);
	assert_int_equal(result_of(MAP4 "82 00 0000"), PCP_MALFORMED_OPTION);
	/* Not PEER's: optional and unknown there. */
	assert_int_equal(result_of(PEER4 "82 00 0000"), PCP_SUCCESS);
}

/* PCP-17, PCP-28: what was processed, in the order it came, and nothing else. */
static void order_kept(void **state)
{
	struct map_ans ans = granted(9000);

	(void)state;
	assert_answer(MAP4_SUGGESTED FILTER_HOST "ff 00 0004 deadbeef"
		"80 00 0001 41000000" PREFER_FAILURE "81 00 0000" FILTER_NET,
		&ans,
		SUCCESS4 FILTER_HOST "80 00 0001 41000000" PREFER_FAILURE FILTER_NET);
}

/* PCP-26, PCP-120: cut anywhere, nothing is read beyond and every answer holds. */
static void every_truncation(void **state)
{
	const struct hex whole[] = {
		hex(MAP4_SUGGESTED THIRD_PARTY4 FILTER_NONE FILTER_HOST "80 00 0003 616263ff"
			"ff 00 0001 00000000" PREFER_FAILURE),
		hex(MAP4 "82 00 0005 00041f9001 000000" FILTER_NET),
		hex(PEER4 THIRD_PARTY4 "80 00 0002 c3a40000"),
	};
	struct addr from = client4();
	struct map_ans ans = granted(9000);

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		for (size_t len = 0; len <= whole[i].len; len++) {
			struct hex h = whole[i];
			uint8_t out[PCP_MAX];
			struct writer w = writer_to(out, sizeof(out));
			struct pcp_msg m;

			h.len = len;
			if (decode_as(&h, &from, true, &m))
				continue;
			pcp_encode(&w, &m, &ans, EPOCH);
			assert_false(w.full);
			assert_true(w.len <= (len < PCP_HEADER_LEN ? PCP_HEADER_LEN : len + 3));
			assert_int_equal(m.result, out[3]);
			assert_true(m.result || len % 4 == 0);
		}
	}
}

/* What pcp_option_write says pcp_option_decode understands. */
static void round_trip(void **state)
{
	struct addr from = client4();
	struct pcp_map x = {.internal = {addr_from4(0xc0a80105), 8080}, .third_party = true,
		.clear_filters = true, .filter_count = 1, .has_descr = true, .descr_len = 3,
		.descr = "abc", .has_set = true, .set_size = 3, .set_parity = true};
	uint8_t bytes[PCP_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));
	struct pcp_msg m = {.opcode = PCP_OP_MAP, .lifetime_s = 1,
		.map.internal = {from, 8080}};
	struct reader r;

	(void)state;
	x.filters[0].port = 7;
	assert_int_equal(prefix_decode(STR("192.0.2.0/25"), &x.filters[0].remote), 0);
	pcp_option_write(&w, &x);
	assert_int_equal(w.len, 20 + 24 + 24 + 8 + 12);
	r = reader_from(bytes, w.len);
	assert_int_equal(pcp_option_decode(&r, true, &m), PCP_SUCCESS);
	assert_true(addr_eq(&m.map.internal.addr, &x.internal.addr));
	assert_true(m.map.third_party && m.map.clear_filters && m.map.has_descr);
	assert_int_equal(m.map.filter_count, 1);
	assert_prefix(&m.map.filters[0], "192.0.2.0/25", 7);
	assert_int_equal(m.map.descr_len, 3);
	assert_memory_equal(m.map.descr, "abc", 3);
	assert_int_equal(m.map.set_size, 3);
	assert_true(m.map.set_parity);
	assert_false(m.map.prefer_failure);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filter),
		cmocka_unit_test(filter_ipv6),
		cmocka_unit_test(filter_prefix_lengths),
		cmocka_unit_test(filter_clear),
		cmocka_unit_test(filter_malformed),
		cmocka_unit_test(filter_too_many),
		cmocka_unit_test(third_party_off),
		cmocka_unit_test(third_party),
		cmocka_unit_test(third_party_denied),
		cmocka_unit_test(third_party_family),
		cmocka_unit_test(description),
		cmocka_unit_test(description_malformed),
		cmocka_unit_test(description_long),
		cmocka_unit_test(port_set),
		cmocka_unit_test(port_set_bounds),
		cmocka_unit_test(port_set_malformed),
		cmocka_unit_test(order_kept),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
