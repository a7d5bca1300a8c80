/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start lines, and how soon it is known that something is none. */
#include "protocols/sip_start.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sip_rig.h"

static int feed(struct str s)
{
	struct sip_start start = {0};
	return sip_start_feed(&start, s);
}

static void lines_are_read(void **state)
{
	struct sip_start s = {0};
	struct str line = STR("INVITE sip:a@b SIP/2.0\r\nrest");

	(void)state;
	assert_int_equal(sip_start_feed(&s, line), 0);
	assert_int_equal(s.len, line.len - 4);
	assert_str(sip_lex_text(line, s.method), "INVITE");
	assert_str(sip_lex_text(line, s.uri), "sip:a@b");
	assert_int_equal(s.status, 0);
	s = (struct sip_start){0};
	assert_int_equal(sip_start_feed(&s, STR("SIP/2.0 180 Ringing\r\n")), 0);
	assert_int_equal(s.status, 180);
	assert_int_equal(feed(STR("SIP/2.0 200\r\n")), 0);
	assert_int_equal(feed(STR("sip/2.0 200 \r\n")), 0);
	assert_int_equal(feed(STR("SIP tel:1 sip/2.0\r\n")), 0);
	assert_int_equal(feed(STR("SIP/2.0 699 \xff\t\r\n")), 0);
}

static void others_are_not(void **state)
{
	static const struct str bad[] = {STR(" INVITE sip:a SIP/2.0\r\n"),
		STR("INVITE  sip:a SIP/2.0\r\n"), STR("INVITE sip:a  SIP/2.0\r\n"),
		STR("INVITE sip:a SIP/2.0 \r\n"), STR("INVITE sip: SIP/2.0\r\n"),
		STR("INVITE sip SIP/2.0\r\n"), STR("INVITE 5ip:a SIP/2.0\r\n"),
		STR("INVITE <sip:a> SIP/2.0\r\n"), STR("INVITE sip:\xc3\xa4 SIP/2.0\r\n"),
		STR("INVITE sip:a SIP/2.1\r\n"), STR("INVITE sip:a SIP/2.00\r\n"),
		STR("INVITE sip:a SIP/2.0\n"), STR("INVITE sip:a SIP/2.0\rx"),
		STR("INV@TE sip:a SIP/2.0\r\n"), STR("INVITE\tsip:a SIP/2.0\r\n"),
		STR("SIP/2.0 20 OK\r\n"), STR("SIP/2.0  200 OK\r\n"), STR("SIP/2.0 2x0 OK\r\n"),
		STR("SIP/3.0 200 OK\r\n"), STR("SIP/2.0 200 OK\n"), STR("SIPS/2.0 200 OK\r\n")};
	static const struct str ranges[] = {STR("SIP/2.0 099 x\r\n"), STR("SIP/2.0 700 x\r\n"),
		STR("SIP/2.0 4294967496 x\r\n")};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(feed(bad[i]), ERR_SYNTAX);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		assert_int_equal(feed(ranges[i]), ERR_RANGE);
}

/* The first byte that cannot be SIP decides (SIP-04); up to it the stream might be. */
static void foreign_streams_are_known_at_once(void **state)
{
	static const struct {
		struct str text;
		size_t possible;	/* bytes that could begin a message */
	} cases[] = {
		{STR("\x16\x03\x01\x02\x00"), 0},			/* TLS on 5060 (SIP-06) */
		{STR("POST / HTTP/1.1\r\n"), 5},			/* slipstreaming */
		{STR("GET http://x/ HTTP/1.1\r\n"), 14},
		{STR("CONNECT x.example:443 HTTP/1.1\r\n"), 22},
		{STR("SSH-2.0-OpenSSH_9.2 Debian\r\n"), 26},
		{STR("EHLO x\r\n"), 6},
		{STR("\0\1\0\0\x21\x12\xa4\x42"), 0},			/* STUN */
		{STR("{\"jsonrpc\":\"2.0\"}"), 0},
		{STR("220 mail.example.org ESMTP\r\n"), 20},
		{STR("PRI * HTTP/2.0\r\n\r\n"), 4},
		{STR("\n\n"), 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t len = 0; len <= cases[i].text.len; len++) {
			struct str head = sip_rig_copy(cases[i].text.p, len);
			assert_int_equal(sip_start_possible(head), len <= cases[i].possible);
			sip_rig_free(head);
		}
	}
}

static void keep_alives_may_come_first(void **state)
{
	(void)state;
	assert_int_equal(sip_start_skip(STR("\r\n\r\nx")), 4);
	assert_int_equal(sip_start_skip(STR("\r")), 0);
	assert_true(sip_start_possible(STR("")));
	assert_true(sip_start_possible(STR("\r")));
	assert_true(sip_start_possible(STR("\r\n\r\n\r")));
	assert_true(sip_start_possible(STR("\r\n\r\nOPTIONS sip:a SIP/2.0\r\n")));
	assert_false(sip_start_possible(STR("\r\r")));
	assert_false(sip_start_possible(STR("\r\n \r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(foreign_streams_are_known_at_once),
		cmocka_unit_test(keep_alives_may_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
