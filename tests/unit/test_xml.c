/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes from a client must not become markup, nor break a document. */
#include "protocols/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void assert_text(struct str in, const char *wanted)
{
	char buf[512];
	struct writer w = writer_to(buf, sizeof(buf));

	xml_text(&w, in);
	assert_false(w.full);
	assert_int_equal(w.len, strlen(wanted));
	assert_memory_equal(buf, wanted, w.len);
}

static void markup_is_escaped(void **state)
{
	(void)state;
	assert_text(STR("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&apos;");
	assert_text(STR("]]>"), "]]&gt;");
	assert_text(STR("&amp;"), "&amp;amp;");
	assert_text(STR(""), "");
	assert_text(STR_NONE, "");
}

static void characters_no_document_may_hold_are_left_out(void **state)
{
	(void)state;
	assert_text(STR("a\x01\n\x1b""b\x7f"), "ab");
	assert_text((struct str){"a\0b", 3}, "ab");
	assert_text(STR("\xef\xbf\xbe" "x\xef\xbf\xbf"), "x");	/* U+FFFE, U+FFFF */
	assert_text(STR("\xe2\x80\xae" "abc"), "abc");		/* right-to-left override */
	assert_text(STR("a\xff\xc3" "b\xed\xa0\x80"), "ab");	/* no UTF-8; a surrogate */
}

static void long_text_of_any_script_is_whole(void **state)
{
	char in[300], wanted[300];

	(void)state;
	/* Three-byte characters lie across every boundary of 64. */
	for (size_t i = 0; i < 297; i += 3)
		memcpy(in + i, "\xe2\x82\xac", 3);
	memcpy(wanted, in, 297);
	wanted[297] = '\0';
	assert_text((struct str){in, 297}, wanted);
	memset(in, 0x80, sizeof(in));
	assert_text((struct str){in, sizeof(in)}, "");
}

static void elements_are_balanced(void **state)
{
	char buf[64];
	struct writer w = writer_to(buf, sizeof(buf));

	(void)state;
	xml_open(&w, "r");
	xml_element(&w, "a", STR("<"));
	xml_number(&w, "n", 42);
	xml_close(&w, "r");
	assert_int_equal(w.len, strlen("<r><a>&lt;</a><n>42</n></r>"));
	assert_memory_equal(buf, "<r><a>&lt;</a><n>42</n></r>", w.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup_is_escaped),
		cmocka_unit_test(characters_no_document_may_hold_are_left_out),
		cmocka_unit_test(long_text_of_any_script_is_whole),
		cmocka_unit_test(elements_are_balanced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
