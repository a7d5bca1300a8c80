/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads of HTTP-like messages: what is read, what is refused. */
#include "protocols/headers.h"

#include "protocols/err.h"
#include "protocols/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void assert_str(struct str s, const char *wanted)
{
	assert_int_equal(s.len, strlen(wanted));
	assert_memory_equal(s.p, wanted, s.len);
}

static struct str value_of(const struct headers *h, const char *name)
{
	struct str value = STR_NONE;

	assert_int_equal(headers_find(h, str_from(name), &value), 0);
	return value;
}

static void names_ignore_case_and_space_is_cut(void **state)
{
	struct headers h;

	(void)state;
	assert_int_equal(headers_decode(STR("GET / HTTP/1.1\r\nhOsT:a:1\r\nExt:\r\n"
		"X: \t b c \t\r\n\r\nbody: no"), &h), 0);
	assert_str(h.start, "GET / HTTP/1.1");
	assert_int_equal(h.count, 3);
	assert_str(value_of(&h, "HOST"), "a:1");
	assert_str(value_of(&h, "ext"), "");
	assert_str(value_of(&h, "x"), "b c");
}

static void the_end_may_be_missing_and_lines_bare(void **state)
{
	struct headers h;

	(void)state;
	assert_int_equal(headers_decode(STR("A\nB: 1\r\nC: 2"), &h), 0);
	assert_str(h.start, "A");
	assert_str(value_of(&h, "C"), "2");
	assert_int_equal(headers_decode(STR("A"), &h), 0);
	assert_int_equal(h.count, 0);
}

static void one_of_several_is_not_chosen(void **state)
{
	struct headers h;
	struct str value = STR("untouched");

	(void)state;
	assert_int_equal(headers_decode(STR("A\r\nB: 1\r\nb: 2\r\n\r\n"), &h), 0);
	assert_int_equal(headers_find(&h, STR("B"), &value), ERR_EXISTS);
	assert_int_equal(headers_find(&h, STR("C"), &value), ERR_NOT_FOUND);
	assert_str(value, "untouched");
}

static void malformed_lines_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "\r\n", "\r\nA: 1\r\n", "A\r\nno colon\r\n", "A\r\n: no name\r\n",
		"A\r\nB : 1\r\n", "A\r\n folded: 1\r\n", "A\r\nB: 1\rC: 2\r\n", "A\x01\r\n",
		"A\r\nB: \x7f\r\n", "A\r\nB\xc3: 1\r\n",
	};
	struct headers h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(headers_decode(str_from(bad[i]), &h), ERR_SYNTAX);
	assert_int_equal(headers_decode((struct str){"A\r\nB: \0\r\n", 9}, &h), ERR_SYNTAX);
	assert_int_equal(headers_decode((struct str){"A\r\n\0: 1\r\n", 9}, &h), ERR_SYNTAX);
}

static void fields_are_bounded(void **state)
{
	char text[8 * (HEADERS_MAX + 2)];
	struct writer w = writer_to(text, sizeof(text));
	struct headers h;

	(void)state;
	writer_text(&w, "A\r\n");
	for (int i = 0; i < HEADERS_MAX; i++)
		writer_text(&w, "B: 1\r\n");
	assert_int_equal(headers_decode(writer_done(&w), &h), 0);
	assert_int_equal(h.count, HEADERS_MAX);
	h.count = 7;
	writer_text(&w, "B: 1\r\n");
	assert_int_equal(headers_decode(writer_done(&w), &h), ERR_FULL);
	assert_int_equal(h.count, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_ignore_case_and_space_is_cut),
		cmocka_unit_test(the_end_may_be_missing_and_lines_bare),
		cmocka_unit_test(one_of_several_is_not_chosen),
		cmocka_unit_test(malformed_lines_are_refused),
		cmocka_unit_test(fields_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
