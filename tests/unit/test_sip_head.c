/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Header fields one by one. */
#include "protocols/sip_head.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sip_rig.h"

static int next(struct str s, struct sip_header *h)
{
	struct sip_lex l = sip_lex_from(s, (struct sip_span){0, (uint32_t)s.len});
	return sip_head_next(&l, h);
}

static void names_are_known_in_all_spellings(void **state)
{
	static const struct {
		struct str line;
		enum sip_name name;
	} cases[] = {
		{STR("Via: x\r\n"), SIP_VIA}, {STR("v: x\r\n"), SIP_VIA},
		{STR("V:x\r\n"), SIP_VIA}, {STR("vIA \t : x\r\n"), SIP_VIA},
		{STR("f:x\r\n"), SIP_FROM}, {STR("T:x\r\n"), SIP_TO}, {STR("i:x\r\n"), SIP_CALL_ID},
		{STR("m:x\r\n"), SIP_CONTACT}, {STR("CONTACT  :x\r\n"), SIP_CONTACT},
		{STR("l:x\r\n"), SIP_CONTENT_LENGTH}, {STR("c:x\r\n"), SIP_CONTENT_TYPE},
		{STR("k:x\r\n"), SIP_SUPPORTED}, {STR("e:x\r\n"), SIP_CONTENT_ENCODING},
		{STR("x:x\r\n"), SIP_SESSION_EXPIRES}, {STR("y:x\r\n"), SIP_IDENTITY},
		{STR("s:x\r\n"), SIP_OTHER}, {STR("o:x\r\n"), SIP_OTHER},
		{STR("r:x\r\n"), SIP_OTHER},
		{STR("Subject:x\r\n"), SIP_OTHER}, {STR("Viaa:x\r\n"), SIP_OTHER},
		{STR("record-route:x\r\n"), SIP_RECORD_ROUTE}, {STR("CSEQ:x\r\n"), SIP_CSEQ},
		{STR("C%6Fntact:x\r\n"), SIP_OTHER}, {STR("rack:x\r\n"), SIP_RACK},
	};
	struct sip_header h;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(next(cases[i].line, &h), 0);
		assert_int_equal(h.name, cases[i].name);
		assert_str(sip_lex_text(cases[i].line, h.value), "x");
	}
}

static void values_may_be_folded(void **state)
{
	struct str s = STR("To:\r\n \r\n\ta\r\n  b \t\r\nX:\r\n\r\n");
	struct sip_lex l = sip_lex_from(s, (struct sip_span){0, (uint32_t)s.len});
	struct sip_header h;

	(void)state;
	assert_int_equal(sip_head_next(&l, &h), 0);
	assert_str(sip_lex_text(s, h.value), "a\r\n  b");
	assert_int_equal(sip_head_next(&l, &h), 0);
	assert_int_equal(h.value.len, 0);
	assert_int_equal(sip_head_next(&l, &h), ERR_NOT_FOUND);
	assert_int_equal(l.at, s.len);
}

/* An end of line to one reader and none to another: two messages in one (request smuggling). */
static void bare_ends_of_line_are_refused(void **state)
{
	static const struct str bad[] = {STR("To: a\n\r\n"), STR("To: a\r\r\n"),
		STR("To: a\rb\r\n"), STR("To: a\n b\r\n"), STR("To: a\r\n b\nVia: x\r\n"),
		STR("\n")};
	struct sip_header h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(next(bad[i], &h), ERR_SYNTAX);
}

static void what_is_no_field_is_refused(void **state)
{
	static const struct str bad[] = {STR(" To: a\r\n"), STR(": a\r\n"), STR("To a\r\n"),
		STR("To\r\n : a\r\n"), STR("T o: a\r\n"), STR("To\0: a\r\n"), STR("To\r\n")};
	static const struct str cut[] = {STR(""), STR("To: a"), STR("To: a\r"),
		STR("To: a\r\n b")};
	struct sip_header h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(next(bad[i], &h), ERR_SYNTAX);
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++)
		assert_int_equal(next(cut[i], &h), ERR_SHORT);
}

static void lengths_are_one_number(void **state)
{
	struct sip_head_length l = {false, 0};

	(void)state;
	assert_int_equal(sip_head_add_length(STR("00150"), &l), 0);
	assert_int_equal(l.octets, 150);
	assert_int_equal(sip_head_add_length(STR("150"), &l), 0);
	assert_int_equal(sip_head_add_length(STR("151"), &l), ERR_SYNTAX);
	assert_int_equal(l.octets, 150);
	l.known = false;
	assert_int_equal(sip_head_add_length(STR("-1"), &l), ERR_SYNTAX);
	assert_int_equal(sip_head_add_length(STR(""), &l), ERR_SYNTAX);
	assert_int_equal(sip_head_add_length(STR("1, 1"), &l), ERR_SYNTAX);
	assert_int_equal(sip_head_add_length(STR("65536"), &l), ERR_RANGE);
	/* The kernel's helper took this for 0 (CVE-2026-23457). */
	assert_int_equal(sip_head_add_length(STR("4294967296"), &l), ERR_RANGE);
	assert_false(l.known);
	assert_int_equal(sip_head_add_length(STR("65535"), &l), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_known_in_all_spellings),
		cmocka_unit_test(values_may_be_folded),
		cmocka_unit_test(bare_ends_of_line_are_refused),
		cmocka_unit_test(what_is_no_field_is_refused),
		cmocka_unit_test(lengths_are_one_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
