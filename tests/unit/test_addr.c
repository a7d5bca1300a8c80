/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and prefixes: their kinds, and their text both ways (RFC 4291, RFC 5952). */
#include "protocols/addr.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_decode(str_from(text), &a), 0);
	return a;
}

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_decode(str_from(text), &p), 0);
	return p;
}

/* IPv4 is held in its IPv4-mapped form, as PCP sends it (RFC 6887 section 5). */
static void mapped_form(void **state)
{
	(void)state;
	static const uint8_t want[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 168, 1, 2};
	struct addr a = addr_from4(0xc0a80102), b = addr_from4_bytes("\xc0\xa8\x01\x02");
	struct addr c = addr_from6_bytes(want), six = addr_of("2001:db8::c0a8:102");

	assert_memory_equal(a.b, want, sizeof(want));
	assert_true(addr_eq(&a, &b));
	assert_true(addr_eq(&a, &c));
	assert_true(addr_is4(&a));
	assert_int_equal(addr_to4(&a), 0xc0a80102);
	assert_memory_equal(addr_bytes4(&a), "\xc0\xa8\x01\x02", 4);
	assert_false(addr_is4(&six));
	assert_int_equal(addr_to4(&six), 0);
}

struct kinds {
	const char *text;
	bool any, loopback, multicast, link_local, is_private, host;
};

static void kinds(void **state)
{
	(void)state;
	static const struct kinds cases[] = {
		{"0.0.0.0", true, false, false, false, false, false},
		{"0.0.0.1", false, false, false, false, false, false},
		{"::", true, false, false, false, false, false},
		{"127.255.255.255", false, true, false, false, true, false},
		{"128.0.0.0", false, false, false, false, false, true},
		{"::1", false, true, false, false, true, false},
		{"223.255.255.255", false, false, false, false, false, true},
		{"224.0.0.1", false, false, true, false, false, false},
		{"239.255.255.250", false, false, true, false, false, false},
		{"240.0.0.1", false, false, false, false, false, false},
		{"255.255.255.255", false, false, true, false, false, false},
		{"ff02::1", false, false, true, false, false, false},
		{"169.254.1.1", false, false, false, true, true, true},
		{"169.255.0.0", false, false, false, false, false, true},
		{"fe80::1", false, false, false, true, true, true},
		{"febf::1", false, false, false, true, true, true},
		{"fec0::1", false, false, false, false, false, true},
		{"10.255.0.1", false, false, false, false, true, true},
		{"11.0.0.0", false, false, false, false, false, true},
		{"172.15.255.255", false, false, false, false, false, true},
		{"172.16.0.0", false, false, false, false, true, true},
		{"172.31.255.255", false, false, false, false, true, true},
		{"172.32.0.0", false, false, false, false, false, true},
		{"192.168.0.1", false, false, false, false, true, true},
		{"192.169.0.1", false, false, false, false, false, true},
		{"100.63.255.255", false, false, false, false, false, true},
		{"100.64.0.0", false, false, false, false, true, true},
		{"100.127.255.255", false, false, false, false, true, true},
		{"100.128.0.0", false, false, false, false, false, true},
		{"fc00::1", false, false, false, false, true, true},
		{"fdff::1", false, false, false, false, true, true},
		{"203.0.113.9", false, false, false, false, false, true},
		{"2001:db8::1", false, false, false, false, false, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kinds *c = &cases[i];
		struct addr a = addr_of(c->text);

		if (addr_is_any(&a) != c->any || addr_is_loopback(&a) != c->loopback ||
			addr_is_multicast(&a) != c->multicast ||
			addr_is_link_local(&a) != c->link_local ||
			addr_is_private(&a) != c->is_private || addr_is_host(&a) != c->host)
			fail_msg("%s is of another kind", c->text);
	}
}

/* RFC 5952 section 4: lower case, no leading zeros, the first longest run of zeros. */
static void text_both_ways(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"192.168.1.2", "192.168.1.2"},
		{"::", "::"},
		{"::1", "::1"},
		{"1::", "1::"},
		{"0:0:0:0:0:0:0:0", "::"},
		{"2001:0DB8:0:0:0:0:0:0001", "2001:db8::1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
		{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
		{"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
		{"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
		{"::ffff:192.168.1.2", "192.168.1.2"},
		{"::ffff:c0a8:102", "192.168.1.2"},
		{"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
		{"fe80::abcd:EF01", "fe80::abcd:ef01"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"},
	};
	char out[ADDR_TEXT_MAX];

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct addr a = addr_of(pairs[i][0]), again;
		assert_string_equal(addr_text(&a, out), pairs[i][1]);
		again = addr_of(out);
		assert_true(addr_eq(&a, &again));
	}
}

static void not_addresses(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"", "1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.", "1.2.3.4.5", "1..2.3",
		"256.1.1.1", "01.2.3.4", "1.2.3.00", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4",
		"1.2.3.-4", "1.2.3.4%lo", "host", "localhost", "0", "16909060", ":", ":::", "1",
		"1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7",
		"1::2::3", "1:2:3:4::5:6:7:8", "::12345", "::g", "fe80::1%eth0", "[::1]",
		"::1/64", "1.2.3.4::", "::1.2.3", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4",
		"::1.2.3.256", "1:", "::-1", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr a = addr_from4(7);
		if (addr_decode(str_from(texts[i]), &a) != ERR_SYNTAX)
			fail_msg("'%s' was taken for an address", texts[i]);
		assert_int_equal(addr_to4(&a), 7);
	}
	assert_int_equal(addr_decode(STR("1.2.3.4\0"), &(struct addr){{0}}), ERR_SYNTAX);
}

static void prefix_text(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"10.0.0.0/8", "10.0.0.0/8"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"192.168.1.2", "192.168.1.2/32"},
		{"192.168.1.2/32", "192.168.1.2/32"},
		{"192.168.1.128/25", "192.168.1.128/25"},
		{"::/0", "::/0"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"2001:db8::1", "2001:db8::1/128"},
		{"fe80::/10", "fe80::/10"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct prefix p = prefix_of(pairs[i][0]);
		char out[ADDR_TEXT_MAX + 4];
		struct writer w = writer_to(out, sizeof(out));

		prefix_encode(&w, &p);
		assert_true(str_eq(writer_done(&w), str_from(pairs[i][1])));
	}
}

static void not_prefixes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"10.0.0.1/8", ERR_RANGE},
		{"128.0.0.0/0", ERR_RANGE},
		{"2001:db8::1/64", ERR_RANGE},
		{"10.0.0.0/33", ERR_SYNTAX},
		{"::/129", ERR_SYNTAX},
		{"10.0.0.0/", ERR_SYNTAX},
		{"/8", ERR_SYNTAX},
		{"10.0.0.0/8/8", ERR_SYNTAX},
		{"10.0.0.0/-1", ERR_SYNTAX},
		{"10/8", ERR_SYNTAX},
		{"", ERR_SYNTAX},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prefix p = {.len = 77};
		assert_int_equal(prefix_decode(str_from(cases[i].text), &p), cases[i].err);
		assert_int_equal(p.len, 77);
	}
}

static bool inside(const char *prefix, const char *address)
{
	struct prefix p = prefix_of(prefix);
	struct addr a = addr_of(address);

	return prefix_has(&p, &a);
}

/* PCP's lengths count bits of the 16-byte form; no prefix holds the other family. */
static void prefix_members(void **state)
{
	(void)state;
	assert_true(inside("192.168.1.0/24", "192.168.1.255"));
	assert_false(inside("192.168.1.0/24", "192.168.2.0"));
	assert_true(inside("192.168.1.128/25", "192.168.1.128"));
	assert_false(inside("192.168.1.128/25", "192.168.1.127"));
	assert_true(inside("0.0.0.0/0", "203.0.113.9"));
	assert_false(inside("0.0.0.0/0", "2001:db8::1"));
	assert_true(inside("::/0", "2001:db8::1"));
	assert_false(inside("::/0", "203.0.113.9"));
	assert_true(inside("2001:db8:0:8000::/49", "2001:db8:0:ffff::1"));
	assert_false(inside("2001:db8:0:8000::/49", "2001:db8:0:7fff::1"));
	assert_true(inside("2001:db8::1", "2001:db8::1"));
	assert_false(inside("2001:db8::1", "2001:db8::2"));
	assert_int_equal(prefix_of("192.168.1.0/24").len, 120);
}

static void prefix_kinds(void **state)
{
	(void)state;
	struct prefix any4 = prefix_any4(), any6 = prefix_any6();
	struct prefix text4 = prefix_of("0.0.0.0/0"), text6 = prefix_of("::/0");
	struct addr a = addr_of("192.168.1.2");
	struct prefix host = prefix_host(&a), half = prefix_of("128.0.0.0/1");

	assert_true(prefix_eq(&any4, &text4));
	assert_true(prefix_eq(&any6, &text6));
	assert_false(prefix_eq(&any4, &any6));
	assert_true(prefix_is_any(&any4));
	assert_true(prefix_is_any(&any6));
	assert_false(prefix_is_any(&half));
	assert_true(prefix_is_host(&host));
	assert_false(prefix_is_host(&any4));
	assert_true(prefix_has(&host, &a));
}

static void masking(void **state)
{
	(void)state;
	struct addr ones = addr_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");

	for (unsigned len = 0; len <= 128; len++) {
		struct prefix p = prefix_mask(&ones, (uint8_t)len);
		unsigned bits = 0;

		for (unsigned i = 0; i < 128; i++) {
			bool set = p.addr.b[i / 8] >> (7 - i % 8) & 1;
			assert_true(set == (i < len));
			bits += set;
		}
		assert_int_equal(bits, len);
		assert_int_equal(p.len, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mapped_form),
		cmocka_unit_test(kinds),
		cmocka_unit_test(text_both_ways),
		cmocka_unit_test(not_addresses),
		cmocka_unit_test(prefix_text),
		cmocka_unit_test(not_prefixes),
		cmocka_unit_test(prefix_members),
		cmocka_unit_test(prefix_kinds),
		cmocka_unit_test(masking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
