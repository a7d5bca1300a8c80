/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text slices: bounds, numbers as text, UTF-8 (RFC 3629). */
#include "protocols/str.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void parts(void **state)
{
	(void)state;
	struct str s = STR("abcdef");

	assert_true(str_eq(str_sub(s, 2, 3), STR("cde")));
	assert_true(str_eq(str_sub(s, 4, SIZE_MAX), STR("ef")));
	assert_null(str_sub(s, 6, 1).p);
	assert_null(str_sub(s, SIZE_MAX, SIZE_MAX).p);
	assert_int_equal(str_sub(STR_NONE, 0, 1).len, 0);
	assert_int_equal(str_from(NULL).len, 0);
	assert_true(str_eq(str_from("abcdef"), s));
}

static void comparing(void **state)
{
	(void)state;
	assert_true(str_eq(STR_NONE, STR("")));
	assert_false(str_eq(STR("a"), STR("b")));
	assert_false(str_eq(STR("a"), STR("ab")));
	assert_false(str_eq(STR("a"), STR("A")));
	assert_true(str_eqi(STR("Content-Length"), STR("cONTENT-lENGTH")));
	assert_false(str_eqi(STR("a["), STR("a{")));
	assert_false(str_eqi(STR("@"), STR("`")));
	assert_true(str_starts(STR("uuid:1"), STR("uuid:")));
	assert_true(str_starts(STR("a"), STR("")));
	assert_false(str_starts(STR("uui"), STR("uuid:")));
}

static void trimming(void **state)
{
	(void)state;
	assert_true(str_eq(str_trim(STR(" \t a b\t ")), STR("a b")));
	assert_int_equal(str_trim(STR(" \t ")).len, 0);
	assert_true(str_eq(str_trim(STR("\ra\n")), STR("\ra\n")));
}

static void finding(void **state)
{
	(void)state;
	struct str s = STR("a:b:c");

	assert_int_equal(str_find(s, 0, ':'), 1);
	assert_int_equal(str_find(s, 2, ':'), 3);
	assert_int_equal(str_find(s, 4, ':'), 5);
	assert_int_equal(str_find(s, 99, ':'), 5);
	assert_int_equal(str_find(STR_NONE, 0, ':'), 0);
	/* A byte behind the slice is not seen. */
	assert_int_equal(str_find(str_sub(s, 0, 1), 0, ':'), 1);
}

/* A last empty part is told from no part by the pointer. */
static void splitting(void **state)
{
	(void)state;
	struct str rest = STR("a::b:");

	assert_true(str_eq(str_split(&rest, ':'), STR("a")));
	assert_true(str_eq(str_split(&rest, ':'), STR("")));
	assert_true(str_eq(str_split(&rest, ':'), STR("b")));
	assert_non_null(rest.p);
	assert_true(str_eq(str_split(&rest, ':'), STR("")));
	assert_null(rest.p);
	assert_int_equal(str_split(&rest, ':').len, 0);
}

static void numbers(void **state)
{
	(void)state;
	uint32_t n = 7;
	uint64_t big = 7;

	assert_int_equal(str_u32(STR("0"), 0, 9, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(str_u32(STR("4294967295"), 0, UINT32_MAX, &n), 0);
	assert_int_equal(n, UINT32_MAX);
	assert_int_equal(str_u32(STR("0000000000000000000000042"), 0, 42, &n), 0);
	assert_int_equal(n, 42);
	assert_int_equal(str_u64(STR("18446744073709551615"), UINT64_MAX, &big), 0);
	assert_true(big == UINT64_MAX);
}

/* The output keeps its value whatever is wrong. */
static void not_numbers(void **state)
{
	(void)state;
	static const struct {
		struct str text;
		int err;
	} cases[] = {
		{{"", 0}, ERR_SYNTAX},
		{{NULL, 0}, ERR_SYNTAX},
		{{" 1", 2}, ERR_SYNTAX},
		{{"1 ", 2}, ERR_SYNTAX},
		{{"+1", 2}, ERR_SYNTAX},
		{{"-1", 2}, ERR_SYNTAX},
		{{"0x1", 3}, ERR_SYNTAX},
		{{"1\0", 2}, ERR_SYNTAX},
		{{"99999999999999999999999a", 24}, ERR_SYNTAX},
		{{"9", 1}, ERR_RANGE},
		{{"101", 3}, ERR_RANGE},
		{{"4294967306", 10}, ERR_RANGE},
		{{"18446744073709551626", 20}, ERR_RANGE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t n = 7;
		assert_int_equal(str_u32(cases[i].text, 10, 100, &n), cases[i].err);
		assert_int_equal(n, 7);
	}
}

static void number_overflow(void **state)
{
	(void)state;
	uint64_t n = 7;

	assert_int_equal(str_u64(STR("18446744073709551616"), UINT64_MAX, &n), ERR_RANGE);
	assert_int_equal(str_u64(STR("99999999999999999999"), UINT64_MAX, &n), ERR_RANGE);
	assert_int_equal(str_u64(STR("1"), 0, &n), ERR_RANGE);
	assert_int_equal(n, 7);
}

static void utf8_good(void **state)
{
	(void)state;
	assert_true(str_is_utf8(STR("")));
	assert_true(str_is_utf8(STR_NONE));
	assert_true(str_is_utf8(STR("plain\n\x7f")));
	assert_true(str_is_utf8(STR("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf")));
	assert_true(str_is_utf8(STR("\xed\x9f\xbf\xee\x80\x80")));
	assert_true(str_is_utf8(STR("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")));
}

/* Overlong, surrogate, beyond Unicode, cut, stray; and NUL. */
static void utf8_bad(void **state)
{
	(void)state;
	static const struct str texts[] = {
		{"a\0b", 3}, {"\x80", 1}, {"\xbf", 1}, {"\xc0\x80", 2}, {"\xc1\xbf", 2},
		{"\xe0\x9f\xbf", 3}, {"\xed\xa0\x80", 3}, {"\xed\xbf\xbf", 3},
		{"\xf0\x8f\xbf\xbf", 4}, {"\xf4\x90\x80\x80", 4}, {"\xf5\x80\x80\x80", 4},
		{"\xff", 1}, {"\xc2", 1}, {"\xe2\x82", 2}, {"\xf0\x9f\x98", 3}, {"\xc2\x41", 2},
		{"\xe2\x82\x41", 3}, {"ok\xc2\xa9\xc2", 5},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_false(str_is_utf8(texts[i]));
		assert_false(str_is_plain(texts[i]));
	}
}

static void utf8_cut(void **state)
{
	(void)state;
	struct str s = STR("a\xe2\x82\xac" "b");

	assert_int_equal(str_cut_utf8(s, 0).len, 0);
	assert_int_equal(str_cut_utf8(s, 1).len, 1);
	assert_int_equal(str_cut_utf8(s, 2).len, 1);
	assert_int_equal(str_cut_utf8(s, 3).len, 1);
	assert_int_equal(str_cut_utf8(s, 4).len, 4);
	assert_int_equal(str_cut_utf8(s, 5).len, 5);
	assert_int_equal(str_cut_utf8(s, 99).len, 5);
}

/* Nothing that moves a cursor, turns the writing direction or hides. */
static void plain(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"\t", "a\nb", "\x1b[2J", "\x7f", "\xc2\x80", "\xc2\x9b", "\xd8\x9c", "\xe2\x80\x8e",
		"\xe2\x80\x8f", "\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9",
		"\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(str_is_utf8(str_from(bad[i])));
		assert_false(str_is_plain(str_from(bad[i])));
	}
	assert_true(str_is_plain(STR("Gr\xc3\xbc\xc3\x9f" "e <b>'\"& \xf0\x9f\x8e\xae")));
	assert_true(str_is_plain(STR("")));
}

static void hex_digits(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		const char *digits = "0123456789abcdefABCDEF", *at = c ? strchr(digits, c) : NULL;
		int value = at ? (int)(at - digits) : -1;
		assert_int_equal(str_hex_digit((char)c), value > 15 ? value - 6 : value);
	}
}

/* As published with the algorithm (draft-eastlake-fnv, 64 bits). */
static void hashes_are_fnv_1a(void **state)
{
	(void)state;
	assert_true(str_hash(STR("")) == 0xcbf29ce484222325);
	assert_true(str_hash(STR("a")) == 0xaf63dc4c8601ec8c);
	assert_true(str_hash(STR("foobar")) == 0x85944171f73967e8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_fnv_1a),
		cmocka_unit_test(parts),
		cmocka_unit_test(comparing),
		cmocka_unit_test(trimming),
		cmocka_unit_test(finding),
		cmocka_unit_test(splitting),
		cmocka_unit_test(numbers),
		cmocka_unit_test(not_numbers),
		cmocka_unit_test(number_overflow),
		cmocka_unit_test(hex_digits),
		cmocka_unit_test(utf8_good),
		cmocka_unit_test(utf8_bad),
		cmocka_unit_test(utf8_cut),
		cmocka_unit_test(plain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
