/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader and writer: network byte order, sticky ends, bounded parts. */
#include "protocols/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t count_up[] = {1, 2, 3, 4, 5, 6, 7, 8};

static void numbers(void **state)
{
	(void)state;
	struct reader r = reader_from("\xff\x80\x01\xfe\xdc\xba\x98", 7);

	assert_int_equal(reader_u8(&r), 0xff);
	assert_int_equal(reader_u16(&r), 0x8001);
	assert_int_equal(reader_u32(&r), 0xfedcba98);
	assert_int_equal(r.left, 0);
	assert_false(r.bad);
}

/* One byte too few spoils everything after it, even what would have fitted. */
static void overrun_is_sticky(void **state)
{
	(void)state;
	struct reader r = reader_from(count_up, 3);
	uint8_t out[2] = {9, 9};

	assert_int_equal(reader_u32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(r.left, 0);
	assert_int_equal(reader_u8(&r), 0);
	reader_bytes(&r, out, sizeof(out));
	assert_int_equal(out[0], 0);
	assert_int_equal(out[1], 0);
	assert_null(reader_str(&r, 1).p);
}

static void overrun_of_each_kind(void **state)
{
	(void)state;
	struct reader r8 = reader_from(NULL, 0), r16 = reader_from(count_up, 1);
	struct reader skip = reader_from(count_up, 4), bytes = reader_from(count_up, 4);
	uint8_t out[5];

	assert_int_equal(reader_u8(&r8), 0);
	assert_true(r8.bad);
	assert_int_equal(reader_u16(&r16), 0);
	assert_true(r16.bad);
	reader_skip(&skip, SIZE_MAX);
	assert_true(skip.bad);
	reader_bytes(&bytes, out, sizeof(out));
	assert_true(bytes.bad);
	assert_int_equal(out[0] | out[4], 0);
}

static void empty_reads(void **state)
{
	(void)state;
	struct reader r = reader_from(NULL, 0);

	reader_bytes(&r, NULL, 0);
	reader_skip(&r, 0);
	assert_int_equal(reader_sub(&r, 0).left, 0);
	assert_false(r.bad);
}

/* A part cannot read its parent's next byte, and its overrun is its own. */
static void sub_is_bounded(void **state)
{
	(void)state;
	struct reader r = reader_from(count_up, sizeof(count_up));
	struct reader sub = reader_sub(&r, 2);

	assert_int_equal(reader_u16(&sub), 0x0102);
	assert_int_equal(reader_u8(&sub), 0);
	assert_true(sub.bad);
	assert_false(r.bad);
	assert_int_equal(reader_u8(&r), 3);
	sub = reader_sub(&r, 6);
	assert_true(sub.bad);
	assert_true(r.bad);
	assert_int_equal(sub.left, 0);
}

static void text_is_a_slice(void **state)
{
	(void)state;
	struct reader r = reader_from("abcdef", 6);

	reader_skip(&r, 1);
	assert_true(str_eq(reader_str(&r, 3), STR("bcd")));
	assert_null(reader_str(&r, 3).p);
	assert_true(r.bad);
}

static void written_numbers(void **state)
{
	(void)state;
	uint8_t out[9];
	struct writer w = writer_to(out, sizeof(out));

	writer_u8(&w, 0xff);
	writer_u16(&w, 0x8001);
	writer_u32(&w, 0xfedcba98);
	writer_zeros(&w, 2);
	assert_int_equal(w.len, sizeof(out));
	assert_false(w.full);
	assert_memory_equal(out, "\xff\x80\x01\xfe\xdc\xba\x98\0", sizeof(out));
}

/* What does not fit is not written in part, and nothing after it either. */
static void full_is_sticky(void **state)
{
	(void)state;
	uint8_t out[4];
	struct writer w = writer_to(out, 3);

	memset(out, 0xee, sizeof(out));
	writer_u8(&w, 1);
	writer_u32(&w, 0);
	assert_true(w.full);
	writer_u8(&w, 2);
	assert_int_equal(w.len, 1);
	assert_memory_equal(out, "\x01\xee\xee\xee", 4);
	assert_int_equal(writer_done(&w).len, 1);
}

static void decimal(void **state)
{
	(void)state;
	char out[32];
	struct writer w = writer_to(out, sizeof(out)), tight = writer_to(out, 19);

	writer_dec(&w, 0);
	writer_u8(&w, ' ');
	writer_dec(&w, UINT64_MAX);
	assert_true(str_eq(writer_done(&w), STR("0 18446744073709551615")));
	writer_dec(&tight, UINT64_MAX);
	assert_true(tight.full);
	assert_int_equal(tight.len, 0);
}

static void hexadecimal(void **state)
{
	(void)state;
	char out[8];
	struct writer w = writer_to(out, sizeof(out));

	writer_hex(&w, "\x00\x9a\xff", 3);
	assert_true(str_eq(writer_done(&w), STR("009aff")));
}

static void text(void **state)
{
	(void)state;
	char out[8];
	struct writer w = writer_to(out, sizeof(out));

	writer_str(&w, STR_NONE);
	writer_text(&w, "ab");
	writer_str(&w, str_sub(STR("xcdx"), 1, 2));
	assert_true(str_eq(writer_done(&w), STR("abcd")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(overrun_is_sticky),
		cmocka_unit_test(overrun_of_each_kind),
		cmocka_unit_test(empty_reads),
		cmocka_unit_test(sub_is_bounded),
		cmocka_unit_test(text_is_a_slice),
		cmocka_unit_test(written_numbers),
		cmocka_unit_test(full_is_sticky),
		cmocka_unit_test(decimal),
		cmocka_unit_test(hexadecimal),
		cmocka_unit_test(text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
