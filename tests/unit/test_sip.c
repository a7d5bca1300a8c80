/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole messages: what is read of them, what makes them none, and walks over their lists. */
#include "protocols/sip.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <cmocka.h>

#include "sip_rig.h"

#define START "INVITE sip:b@example.org SIP/2.0\n"
#define VIA "Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK1\n"
#define FROM "From: <sip:a@example.org>;tag=f1\n"
#define TO "To: <sip:b@example.org>\n"
#define ID "Call-ID: 1@192.168.1.20\n"
#define CSEQ "CSeq: 7 INVITE\n"
#define MUST VIA FROM TO ID CSEQ

static struct sip_message m;

/* What it says stays readable until the next one. */
static int decode(const char *text, bool is_stream)
{
	static struct str kept;

	sip_rig_free(kept);
	kept = sip_rig_text(text);
	return sip_decode(kept, is_stream, &m);
}

static void a_request_is_read(void **state)
{
	struct sip_uri uri;
	struct str value;

	(void)state;
	assert_int_equal(decode(START MUST "Subject: x\nl: 3\n\nabc", true), 0);
	assert_true(m.is_request);
	assert_int_equal(m.method, SIP_INVITE);
	assert_str(sip_text(&m, m.method_text), "INVITE");
	assert_str(sip_text(&m, m.uri), "sip:b@example.org");
	assert_int_equal(sip_request_uri(&m, &uri), 0);
	assert_str(sip_text(&m, uri.user), "b");
	assert_str(sip_text(&m, m.call_id), "1@192.168.1.20");
	assert_str(sip_text(&m, m.from_tag), "f1");
	assert_str(sip_text(&m, m.to_tag), "");
	assert_str(sip_text(&m, m.branch), "z9hG4bK1");
	assert_int_equal(m.cseq, 7);
	assert_int_equal(m.header_count, 7);
	assert_str(sip_text(&m, m.body), "abc");
	assert_int_equal(sip_find(&m, SIP_CALL_ID, &value), 0);
	assert_int_equal(sip_find(&m, SIP_CONTACT, &value), ERR_NOT_FOUND);
}

static void a_response_is_read(void **state)
{
	struct sip_uri uri;

	(void)state;
	assert_int_equal(decode("SIP/2.0 183 Session Progress\n" VIA FROM "To: sip:b@c;tag=t1\n" ID
		"CSeq: 2147483647 PRACK\n\n", false), 0);
	assert_false(m.is_request);
	assert_int_equal(m.status, 183);
	assert_int_equal(m.method, SIP_PRACK);
	assert_str(sip_text(&m, m.to_tag), "t1");
	assert_int_equal(m.cseq, SIP_CSEQ_MAX);
	assert_int_equal(sip_request_uri(&m, &uri), ERR_NOT_FOUND);
}

static void methods_have_names(void **state)
{
	(void)state;
	for (int i = SIP_INVITE; i <= SIP_PUBLISH; i++) {
		char text[512];
		const char *name = sip_method_text((enum sip_method)i);

		snprintf(text, sizeof(text), "%s sip:b SIP/2.0\n" VIA FROM TO ID "CSeq: 1 %s\n\n",
			name, name);
		assert_int_equal(decode(text, false), 0);
		assert_int_equal(m.method, i);
	}
	assert_string_equal(sip_method_text(SIP_METHOD_OTHER), "");
	/* A method is its exact letters; others pass (SIP-16). */
	assert_int_equal(decode("invite sip:b SIP/2.0\n" VIA FROM TO ID "CSeq: 1 invite\n\n",
		false),
		0);
	assert_int_equal(m.method, SIP_METHOD_OTHER);
}

static void what_must_be_there_is_there_once(void **state)
{
	static const char *const bad[] = {
		START FROM TO ID CSEQ "\n", START VIA TO ID CSEQ "\n", START VIA FROM ID CSEQ "\n",
		START VIA FROM TO CSEQ "\n", START VIA FROM TO ID "\n",
		START MUST FROM "\n", START MUST TO "\n", START MUST "i: 1@192.168.1.20\n\n",
		START MUST CSEQ "\n",
	};

	(void)state;
	assert_int_equal(decode(START MUST "\n", false), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(decode(bad[i], false), ERR_SYNTAX);
	/* Several Via are the usual thing. */
	assert_int_equal(decode(START VIA MUST VIA "\n", false), 0);
}

static void what_must_be_there_is_good(void **state)
{
	static const struct {
		const char *text;
		int err;
	} bad[] = {
		{START VIA FROM TO ID "CSeq: 7 BYE\n\n", ERR_SYNTAX},
		{START VIA FROM TO ID "CSeq: 7\n\n", ERR_SYNTAX},
		{START VIA FROM TO ID "CSeq: 7INVITE\n\n", ERR_SYNTAX},
		{START VIA FROM TO ID "CSeq: INVITE\n\n", ERR_SYNTAX},
		{START VIA FROM TO ID "CSeq: 7 INVITE x\n\n", ERR_SYNTAX},
		{START VIA FROM TO ID "CSeq: -7 INVITE\n\n", ERR_SYNTAX},
		{START VIA FROM TO ID "CSeq: 2147483648 INVITE\n\n", ERR_RANGE},
		{START VIA FROM TO ID "CSeq: 4294967303 INVITE\n\n", ERR_RANGE},
		{START VIA FROM TO "Call-ID:\n" CSEQ "\n", ERR_SYNTAX},
		{START VIA FROM TO "Call-ID: a b\n" CSEQ "\n", ERR_SYNTAX},
		{START VIA FROM TO "Call-ID: a\n b\n" CSEQ "\n", ERR_SYNTAX},
		{START VIA "From: x\n" TO ID CSEQ "\n", ERR_SYNTAX},
		{START VIA FROM "To: <sip:a@b\n" ID CSEQ "\n", ERR_SYNTAX},
		{START "Via: x\n" FROM TO ID CSEQ "\n", ERR_SYNTAX},
		{START MUST "no colon\n\n", ERR_SYNTAX},
		{START MUST, ERR_SHORT},
		{START MUST "X: y", ERR_SHORT},
		{START MUST "l: 4\n\nabc", ERR_SHORT},
		{START MUST "l: 1\nl: 2\n\nabc", ERR_SYNTAX},
		{"INVITE sip:a@b@c SIP/2.0\n" MUST "\n", ERR_SYNTAX},
		{"INVITE sip:a:70000 SIP/2.0\n" MUST "\n", ERR_RANGE},
		{"INVITE sip:b SIP/1.0\n" MUST "\n", ERR_SYNTAX},
		{"", ERR_SHORT}, {"\n\n", ERR_SHORT}, {"hello", ERR_SHORT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (decode(bad[i].text, false) != bad[i].err)
			fail_msg("%s", bad[i].text);
	}
}

/* SIP-17: a datagram may lack the length, what is behind it is not the body. */
static void the_body_is_as_long_as_it_says(void **state)
{
	(void)state;
	assert_int_equal(decode(START MUST "\nabc", false), 0);
	assert_str(sip_text(&m, m.body), "abc");
	assert_false(m.length.known);
	assert_int_equal(decode(START MUST "\nabc", true), ERR_SYNTAX);
	assert_int_equal(decode(START MUST "l: 2\n\nabc", false), 0);
	assert_str(sip_text(&m, m.body), "ab");
	assert_int_equal(m.extra, 1);
	assert_int_equal(decode(START MUST "Content-Length  :\n   003\nl: 3\n\nabc", false), 0);
	assert_str(sip_text(&m, m.body), "abc");
	assert_int_equal(decode(START MUST "l: 0\n\n", false), 0);
	assert_int_equal(m.body.len, 0);
}

/* SIP-18 */
static void keep_alives_before_it_do_not_matter(void **state)
{
	(void)state;
	assert_int_equal(decode("\n\n" START MUST "\nabc", false), 0);
	assert_str(sip_text(&m, m.method_text), "INVITE");
	assert_str(sip_text(&m, m.uri), "sip:b@example.org");
	assert_str(sip_text(&m, m.body), "abc");
	assert_int_equal(decode("\nSIP/2.0 200 OK\n" MUST "\n", false), 0);
	assert_int_equal(m.status, 200);
}

/* SIP-13 */
static void lists_go_over_headers(void **state)
{
	static const char *const hosts[] = {"h1", "h2", "h3", "h4"};
	struct sip_walk walk = {0};
	struct sip_address a;
	struct sip_via v;

	(void)state;
	assert_int_equal(decode(START "v: SIP/2.0/UDP h1;x=\",\" ,\n SIP/2.0/TCP h2\n" FROM TO
		"m: \"a,b\" <sip:a@h1>, <sip:b@h2>;q=1\n" ID "VIA: SIP/2.0/UDP h3\n" CSEQ
		"Contact: sip:c@h3\nm: sip:h4;x=\",\"\nv:SIP/2.0/UDP h4\n\n", false), 0);
	for (int i = 0; i < 4; i++) {
		assert_true(sip_next_via(&m, &walk, &v));
		assert_str(sip_text(&m, v.sent_by.host), hosts[i]);
	}
	assert_false(sip_next_via(&m, &walk, &v));
	assert_false(walk.bad);
	walk = (struct sip_walk){0};
	for (int i = 0; i < 4; i++) {
		assert_true(sip_next_address(&m, SIP_CONTACT, &walk, &a));
		assert_str(sip_text(&m, a.uri.where.host), hosts[i]);
	}
	assert_false(sip_next_address(&m, SIP_CONTACT, &walk, &a));
	assert_false(walk.bad);
}

static void a_bad_element_ends_the_walk(void **state)
{
	struct sip_walk walk = {0};
	struct sip_address a;

	(void)state;
	assert_int_equal(decode(START MUST "m: sip:a, b, sip:c\nm: sip:d\n\n", false), 0);
	assert_true(sip_next_address(&m, SIP_CONTACT, &walk, &a));
	assert_false(sip_next_address(&m, SIP_CONTACT, &walk, &a));
	assert_true(walk.bad);
	assert_false(sip_next_address(&m, SIP_CONTACT, &walk, &a));
	assert_true(walk.bad);
	walk = (struct sip_walk){0};
	assert_int_equal(decode(START MUST "m: sip:a,\nm: sip:d\n\n", false), 0);
	assert_true(sip_next_address(&m, SIP_CONTACT, &walk, &a));
	assert_false(sip_next_address(&m, SIP_CONTACT, &walk, &a));
	assert_true(walk.bad);
}

static void registrations_carry_their_times(void **state)
{
	struct sip_walk walk = {0};
	struct sip_address a;
	struct sip_span value;
	struct str text;

	(void)state;
	assert_int_equal(decode("SIP/2.0 200 OK\n" VIA FROM TO ID "CSeq: 1 REGISTER\n"
		"Contact: <sip:a@192.168.1.20;ob>;expires=60;+sip.instance=\"<urn:uuid:1>\";"
		"reg-id=1\n"
		"Contact: <sip:a@other>;expires=99\nExpires: 3600\nx: 1800;refresher=uac\n\n",
		false),
		0);
	assert_int_equal(m.method, SIP_REGISTER);
	assert_true(sip_next_address(&m, SIP_CONTACT, &walk, &a));
	assert_str(sip_text(&m, a.uri.params), ";ob");
	assert_int_equal(sip_param(&m, a.params, STR("expires"), &value), 0);
	assert_str(sip_text(&m, value), "60");
	assert_int_equal(sip_param(&m, a.params, STR("+SIP.instance"), &value), 0);
	assert_str(sip_text(&m, value), "\"<urn:uuid:1>\"");
	assert_int_equal(sip_find(&m, SIP_EXPIRES, &text), 0);
	assert_str(text, "3600");
	assert_int_equal(sip_find(&m, SIP_SESSION_EXPIRES, &text), 0);
	assert_str(text, "1800;refresher=uac");
}

/* Commas, quotes and brackets of comments are of headers that are not read (RFC 3261 25.1). */
static void comments_hinder_nothing(void **state)
{
	(void)state;
	assert_int_equal(decode(START MUST "User-Agent: x (a \"b, (c\\) <d) e\nServer: (\n"
		"Warning: 301 h \"x \\\" sip:a@192.168.1.20\nSubject: Contact: <sip:a@b>\n\n",
		false),
		0);
	assert_int_equal(m.header_count, 9);
}

static void limits_are_what_they_say(void **state)
{
	static char big[SIP_MESSAGE_MAX + 1];
	struct writer w = writer_to(big, sizeof(big));
	struct str must = sip_rig_text(START MUST);

	(void)state;
	writer_str(&w, must);
	for (int i = 5; i < SIP_HEADERS_MAX; i++)
		writer_text(&w, "X: y\r\n");
	size_t full = w.len;
	writer_text(&w, "\r\n");
	assert_int_equal(sip_decode(writer_done(&w), false, &m), 0);
	assert_int_equal(m.header_count, SIP_HEADERS_MAX);
	w.len = full;
	writer_text(&w, "X: y\r\n\r\n");
	assert_int_equal(sip_decode(writer_done(&w), false, &m), ERR_FULL);

	w = writer_to(big, sizeof(big));
	writer_str(&w, must);
	writer_text(&w, "\r\n");
	writer_zeros(&w, sizeof(big) - w.len);
	assert_int_equal(sip_decode((struct str){big, SIP_MESSAGE_MAX}, false, &m), 0);
	assert_int_equal(sip_decode((struct str){big, sizeof(big)}, false, &m), ERR_RANGE);
	sip_rig_free(must);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* 64 kB of one thing again and again, in a header of this name: read and walked in linear time. */
static void check_linear(const char *header, const char *again, enum sip_name name)
{
	static char big[SIP_MESSAGE_MAX];
	struct writer w = writer_to(big, sizeof(big) - 4);
	struct str must = sip_rig_text(START MUST);
	double before;

	writer_str(&w, must);
	writer_text(&w, header);
	while (!w.full)
		writer_text(&w, again);
	w = (struct writer){w.p, sizeof(big), w.len, false};
	writer_text(&w, "\r\n\r\n");
	before = seconds();
	for (int i = 0; i < 20; i++) {
		struct sip_walk walk = {0};
		struct sip_address a;
		struct sip_via v;
		struct sip_span value;

		if (sip_decode(writer_done(&w), false, &m))
			continue;
		while (sip_next_address(&m, name, &walk, &a))
			sip_param(&m, a.params, STR("none"), &value);
		walk = (struct sip_walk){0};
		while (sip_next_via(&m, &walk, &v))
			sip_param(&m, v.params, STR("none"), &value);
	}
	/* 1.3 MB; a quadratic reader takes 20 times 4 G steps. */
	if (seconds() - before > 2)
		fail_msg("%s %s takes %f s", header, again, seconds() - before);
	sip_rig_free(must);
}

static void the_worst_is_linear(void **state)
{
	static const char *const texts[] = {"<sip:a>,", "sip:a,", "\"\\\"", ";a", ";a=\"\"", " ",
		"\r\n ", "<", "A ", "sip:a@", "[", "sip:a;x=y ,", "\"a\" <sip:b>,", ";a = b ",
		"SIP/2.0/UDP h,", "SIP/2.0/UDP [::1] ;a,", ",", "\"", "sip:[::1],", "?", ":"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		check_linear("Contact: ", texts[i], SIP_CONTACT);
		check_linear("Contact: <sip:a>", texts[i], SIP_CONTACT);
		check_linear("Via: ", texts[i], SIP_CONTACT);
		check_linear("Via: SIP/2.0/UDP h", texts[i], SIP_CONTACT);
		check_linear("X: ", texts[i], SIP_CONTACT);
	}
	check_linear("", "m:sip:a\r\n", SIP_CONTACT);
	check_linear("", "a:\r\n \r\n", SIP_CONTACT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read),
		cmocka_unit_test(a_response_is_read),
		cmocka_unit_test(methods_have_names),
		cmocka_unit_test(what_must_be_there_is_there_once),
		cmocka_unit_test(what_must_be_there_is_good),
		cmocka_unit_test(the_body_is_as_long_as_it_says),
		cmocka_unit_test(keep_alives_before_it_do_not_matter),
		cmocka_unit_test(lists_go_over_headers),
		cmocka_unit_test(a_bad_element_ends_the_walk),
		cmocka_unit_test(registrations_carry_their_times),
		cmocka_unit_test(comments_hinder_nothing),
		cmocka_unit_test(limits_are_what_they_say),
		cmocka_unit_test(the_worst_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
