/* SPDX-License-Identifier: GPL-2.0-or-later */
/* URIs, the addresses of header fields, and Via. */
#include "protocols/sip_uri.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sip_rig.h"

static struct sip_span all(struct str s)
{
	return (struct sip_span){0, (uint32_t)s.len};
}

static void hosts_and_ports_are_found(void **state)
{
	static const struct {
		const char *uri, *user, *host, *params;
		uint16_t port;
		bool is_addr;
	} cases[] = {
		{"sip:b.example", "", "b.example", "", 0, false},
		{"SIPS:a@b.example:5061;transport=tcp?x=y", "a", "b.example", ";transport=tcp",
			5061,
			false},
		{"sip:a:pass:word@192.168.1.20:05060", "a", "192.168.1.20", "", 5060, true},
		{"sip:192.168.1.9@192.168.1.20", "192.168.1.9", "192.168.1.20", "", 0, true},
		{"sip:a;b=c?d,e/f%40:5060@h", "a;b=c?d,e/f%40", "h", "", 0, false},
		{"sip:a@[2001:db8::1]:5070;lr", "a", "[2001:db8::1]", ";lr", 5070, true},
		{"sip:[::ffff:192.0.2.1]", "", "[::ffff:192.0.2.1]", "", 0, false},
		{"sip:010.1.1.1", "", "010.1.1.1", "", 0, false},
		{"sip:a@300.1.1.1;x=192.168.1.20", "a", "300.1.1.1", ";x=192.168.1.20", 0, false},
		{"sip:host_with_underscore;lr", "", "host_with_underscore", ";lr", 0, false},
		{"sip:a?Route=%3Csip:192.168.1.20%3E", "", "a", "", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str s = sip_rig_copy(cases[i].uri, strlen(cases[i].uri));
		struct sip_uri u;

		assert_int_equal(sip_uri_decode(s, all(s), &u), 0);
		assert_true(u.is_sip != u.is_sips);
		assert_str(sip_lex_text(s, u.user), cases[i].user);
		assert_str(sip_lex_text(s, u.where.host), cases[i].host);
		assert_str(sip_lex_text(s, u.params), cases[i].params);
		assert_int_equal(u.where.port_number, cases[i].port);
		assert_int_equal(u.where.is_addr, cases[i].is_addr);
		sip_rig_free(s);
	}
}

static void other_schemes_pass(void **state)
{
	static const char *const good[] = {"tel:+1-201-555-0123;phone-context=x",
		"mailto:a@b", "urn:uuid:0", "soap.beep://192.0.2.103:3002", "im:a@b@c",
		"x+y-z.1:w"};
	struct sip_uri u;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct str s = str_from(good[i]);
		assert_int_equal(sip_uri_decode(s, all(s), &u), 0);
		assert_false(u.is_sip || u.is_sips);
		assert_int_equal(u.where.host.len, 0);
	}
}

static void what_has_two_readings_is_refused(void **state)
{
	static const char *const bad[] = {"", "sip", "sip:", ":a", "5ip:a", "sip:@h", "sip:a@",
		"sip:a@b@c", "sip:a b@c", "sip:a@b:", "sip:a@b:x", "sip:a@b:5060x",
		"sip:a@b c", "sip:a@\xc3\xbc.example", "sip:2001:db8::10", "sip:[2001:db8::1",
		"sip:[2001:db8:::1]", "sip:[192.0.2.1]", "sip:[fe80::1%eth0]", "sip:a@[]",
		"sip:[2001:db8::1]5060", "sip:a\"b@c", "sip:a<b@c", "sip:a@b/c", "sip:a@b,c"};
	struct sip_uri u;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct str s = sip_rig_copy(bad[i], strlen(bad[i]));
		if (sip_uri_decode(s, all(s), &u) != ERR_SYNTAX)
			fail_msg("%s is read", bad[i]);
		sip_rig_free(s);
	}
	assert_int_equal(sip_uri_decode(STR("sip:a@b:0"), (struct sip_span){0, 9}, &u), ERR_RANGE);
	assert_int_equal(sip_uri_decode(STR("sip:a@b:65536"), (struct sip_span){0, 13}, &u),
		ERR_RANGE);
	assert_int_equal(sip_uri_decode(STR("sip:a@b:4294972356"), (struct sip_span){0, 18}, &u),
		ERR_RANGE);
}

/* The URIs of a list, one for each line of wanted; an element that is bad ends it with "!". */
static void check_list(const char *text, bool is_list, const char *wanted)
{
	struct str s = sip_rig_text(text);
	struct sip_lex l = sip_lex_from(s, all(s));
	char got[256];
	struct writer w = writer_to(got, sizeof(got));
	struct sip_address a;
	bool more = true;

	while (more) {
		if (sip_uri_next_address(&l, is_list, &a)) {
			writer_text(&w, "!");
			break;
		}
		writer_str(&w, a.star ? STR("*") : sip_lex_text(s, a.uri.whole));
		writer_str(&w, sip_lex_text(s, a.params));
		more = sip_lex_take(&l, ',');
		writer_text(&w, more ? "\n" : "");
	}
	assert_str(writer_done(&w), wanted);
	sip_rig_free(s);
}

static void addresses_are_found_in_lists(void **state)
{
	(void)state;
	check_list("sip:a@b;x=1", true, "sip:a@b;x=1");
	check_list("<sip:a@b;x=1>;y=2 ,  \n sip:c , tel:+1", true,
		"sip:a@b;x=1;y=2\nsip:c\ntel:+1");
	check_list("\"A, <sip:x@y>\\\"\" <sip:a,b@c>;q=\"1,2\",B C<sip:d>", true,
		"sip:a,b@c;q=\"1,2\"\nsip:d");
	check_list("<sip:a@b> ; q = 0.5 ; e", true, "sip:a@b; q = 0.5 ; e");
	check_list("sip:a\t;x", true, "sip:a;x");
	check_list("sip:a\n ;x", true, "sip:a;x");
	check_list("* ", true, "*");
	check_list("A\n B <sip:a@b>", true, "sip:a@b");
	check_list("\xc3\x84 <sip:a@b>", true, "sip:a@b");
	check_list("< sip:a@b >", true, "sip:a@b");
	/* From and To are no lists. */
	check_list("Bell, A. <sip:a@b>;tag=1", false, "sip:a@b;tag=1");
	check_list("sip:a@b,sip:c@d", false, "!");
	check_list("*", false, "!");
}

static void an_element_ends_before_its_blanks(void **state)
{
	struct str s = sip_rig_text(" sip:a ; x \t\n , <sip:b>\n ");
	struct sip_lex l = sip_lex_from(s, all(s));
	struct sip_address a;

	(void)state;
	assert_int_equal(sip_uri_next_address(&l, true, &a), 0);
	assert_str(sip_lex_text(s, a.whole), "sip:a ; x");
	assert_true(sip_lex_take(&l, ','));
	assert_int_equal(sip_uri_next_address(&l, true, &a), 0);
	assert_str(sip_lex_text(s, a.whole), "<sip:b>");
	sip_rig_free(s);
}

static void bad_elements_are_refused(void **state)
{
	static const char *const bad[] = {"", " ", ",sip:a", "A B", "A", "<sip:a", "sip:a>",
		"\"A <sip:a>", "\"A\" sip:a", "\"A\" B <sip:a>", "<>", "<sip:a> x", "<sip:a>;",
		"<sip:a>;;x", "sip:a?b=c", "sip:a b", "*x", "<sip:a><sip:b>", "*;x",
		"Bell, A <sip:b>",
		"<sip:a>\"x\"", "sip:a <sip:b>", "A;<sip:b>", "<sip:a>;x=y>"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_list(bad[i], true, "!");
	check_list("sip:a,", true, "sip:a\n!");
	check_list("sip:a,,sip:b", true, "sip:a\n!");
	check_list("sip:a,*", true, "sip:a\n*");
	check_list("*,sip:a", true, "!");
}

static void vias_are_read_with_any_blanks(void **state)
{
	static const struct {
		const char *text, *transport, *host;
		uint16_t port;
	} cases[] = {
		{"SIP/2.0/UDP 192.168.1.20:5062;rport;branch=z", "UDP", "192.168.1.20", 5062},
		{"SIP / 2.0 / TCP   h.example", "TCP", "h.example", 0},
		{"sip/2.0\n /\tudp\n h : 5060 ; a = \"b,c\"", "udp", "h", 5060},
		{"SIP/2.0/TLS-SCTP [2001:db8::1] : 1;received=[::1]", "TLS-SCTP", "[2001:db8::1]",
			1},
		{"SIP/2.0/WSS df7jal23ls0d.invalid;rport", "WSS", "df7jal23ls0d.invalid", 0},
	};
	static const char *const bad[] = {"", "SIP/2.0/UDP", "SIP/2.0/UDPh", "SIP/2.0 UDP h",
		"SIP/3.0/UDP h", "HTTP/2.0/TCP h", "SIP/2.0/UDP h:", "SIP/2.0/UDP h:0",
		"SIP/2.0/UDP h:65536", "SIP/2.0/UDP 2001:db8::1", "SIP/2.0/UDP h x",
		"SIP/2.0/UDP h;;", "SIP/2.0/UDP <h>", "SIP/2.0/ h", "SIP/2.0/UDP a@h"};
	struct sip_via v;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str s = sip_rig_text(cases[i].text);
		struct sip_lex l = sip_lex_from(s, all(s));

		assert_int_equal(sip_uri_next_via(&l, &v), 0);
		assert_str(sip_lex_text(s, v.transport), cases[i].transport);
		assert_str(sip_lex_text(s, v.sent_by.host), cases[i].host);
		assert_int_equal(v.sent_by.port_number, cases[i].port);
		assert_int_equal(v.whole.len, s.len);
		sip_rig_free(s);
	}
	struct str two = STR(" \tSIP/2.0/UDP h ;x , SIP/2.0/TCP i");
	struct sip_lex first = sip_lex_from(two, all(two));

	assert_int_equal(sip_uri_next_via(&first, &v), 0);
	assert_str(sip_lex_text(two, v.whole), "SIP/2.0/UDP h ;x");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct str s = sip_rig_text(bad[i]);
		struct sip_lex l = sip_lex_from(s, all(s));

		if (sip_uri_next_via(&l, &v) == 0)
			fail_msg("%s is read", bad[i]);
		sip_rig_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_and_ports_are_found),
		cmocka_unit_test(other_schemes_pass),
		cmocka_unit_test(what_has_two_readings_is_refused),
		cmocka_unit_test(addresses_are_found_in_lists),
		cmocka_unit_test(an_element_ends_before_its_blanks),
		cmocka_unit_test(bad_elements_are_refused),
		cmocka_unit_test(vias_are_read_with_any_blanks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
