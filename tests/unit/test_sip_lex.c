/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blanks, tokens, quoted strings and parameters. */
#include "protocols/sip_lex.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sip_rig.h"

static struct sip_lex lex(struct str s)
{
	return sip_lex_from(s, (struct sip_span){0, (uint32_t)s.len});
}

static void folds_are_blanks(void **state)
{
	struct sip_lex l = lex(STR(" \r\n\t = \r\n x"));

	(void)state;
	assert_true(sip_lex_mark(&l, '='));
	assert_int_equal(sip_lex_peek(&l), 'x');
	assert_false(sip_lex_mark(&l, '='));
	assert_int_equal(sip_lex_peek(&l), 'x');
	assert_true(sip_lex_take(&l, 'x'));
	assert_int_equal(sip_lex_peek(&l), -1);
}

static void a_mark_that_is_not_there_takes_nothing(void **state)
{
	struct sip_lex l = lex(STR("  x"));

	(void)state;
	assert_false(sip_lex_mark(&l, ';'));
	assert_int_equal(l.at, 0);
}

static void tokens_are_those_of_the_grammar(void **state)
{
	static const char good[] = "azAZ09-.!%*_+`'~";

	(void)state;
	for (int c = 0; c < 256; c++) {
		bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
		bool wanted = alnum || (c && strchr(good, c));
		assert_int_equal(sip_lex_is_token((char)c), wanted);
	}
}

static void quotes_hold_anything(void **state)
{
	static const struct {
		struct str text;
		size_t len;		/* 0: not a quoted string */
	} cases[] = {
		{STR("\"\""), 2},
		{STR("\"a\"b"), 3},
		{STR("\"a\\\"b\"c"), 6},
		{STR("\"a\\\\\"b"), 5},
		{STR("\"<sip:x@y>;,\" <"), 13},
		{STR("\"\\\0\0\""), 5},
		{STR("\"fold\r\n ed\""), 11},
		{STR("\"no end"), 0},
		{STR("\"no end\\\""), 0},
		{STR("\"no end\\"), 0},
		{STR("\"escaped end\\\r\n\""), 0},
		{STR("no beginning\""), 0},
		{STR(""), 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str s = sip_rig_copy(cases[i].text.p, cases[i].text.len);
		struct sip_lex l = lex(s);
		struct sip_span span;
		bool good = sip_lex_quoted(&l, &span);

		assert_int_equal(good, cases[i].len > 0);
		if (good)
			assert_int_equal(span.len, cases[i].len);
		sip_rig_free(s);
	}
}

static void parameters_are_found(void **state)
{
	struct str s = STR(" ; a ; B = c;d=\"x;a=1,\\\"\" ;\r\n +sip.e = <,f");
	struct sip_lex l = lex(s);
	struct sip_span params, value;

	(void)state;
	assert_true(sip_lex_params(&l, &params));
	assert_int_equal(s.p[params.at], ';');
	assert_int_equal(sip_lex_peek(&l), '<');
	assert_int_equal(sip_lex_param(s, params, STR("A"), &value), 0);
	assert_int_equal(value.len, 0);
	assert_int_equal(sip_lex_param(s, params, STR("b"), &value), 0);
	assert_str(sip_lex_text(s, value), "c");
	assert_int_equal(sip_lex_param(s, params, STR("d"), &value), 0);
	assert_str(sip_lex_text(s, value), "\"x;a=1,\\\"\"");
	assert_int_equal(sip_lex_param(s, params, STR("+sip.e"), &value), 0);
	assert_int_equal(value.len, 0);
	assert_int_equal(sip_lex_param(s, params, STR("x"), &value), ERR_NOT_FOUND);
}

static void parameters_without_name_are_none(void **state)
{
	static const struct str bad[] = {STR(";"), STR(";;a"), STR(";a;"), STR("; =b"),
		STR(";a=\"b"), STR(";\"a\"")};
	struct sip_span params;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sip_lex l = lex(bad[i]);
		assert_false(sip_lex_params(&l, &params));
	}
	struct sip_lex l = lex(STR(" \t;a"));
	assert_true(sip_lex_params(&l, &params));
	assert_int_equal(params.at, 2);
	assert_int_equal(params.len, 2);
	l = lex(STR("a"));
	assert_true(sip_lex_params(&l, &params));
	assert_int_equal(params.len, 0);
	assert_int_equal(l.at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folds_are_blanks),
		cmocka_unit_test(a_mark_that_is_not_there_takes_nothing),
		cmocka_unit_test(tokens_are_those_of_the_grammar),
		cmocka_unit_test(quotes_hold_anything),
		cmocka_unit_test(parameters_are_found),
		cmocka_unit_test(parameters_without_name_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
