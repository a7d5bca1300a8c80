/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where descriptions stand in bodies: alone, in parts, in parts of parts, or nowhere. */
#include "protocols/sdp_find.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <cmocka.h>

#include "sip_rig.h"

#define HEAD "INFO sip:b SIP/2.0\nv: SIP/2.0/UDP h\nf:sip:a\nt:sip:b\ni:1\nCSeq:1 INFO\n"
#define SDP "c:application/sdp\n\n"
#define FOUND_MAX 4

/* The bodies that are found, each in <>. */
static void assert_found(const char *lines, const char *wanted)
{
	static struct sip_message m;
	static char whole[4096], got[256];
	struct sip_span at[FOUND_MAX];
	struct writer w = writer_to(got, sizeof(got));

	snprintf(whole, sizeof(whole), HEAD "%s", lines);
	struct str text = sip_rig_text(whole);

	assert_int_equal(sip_decode(text, false, &m), 0);
	for (size_t i = 0, n = sdp_find(&m, at, FOUND_MAX); i < n; i++) {
		writer_text(&w, "<");
		writer_str(&w, sip_text(&m, at[i]));
		writer_text(&w, ">");
	}
	if (!str_eq(writer_done(&w), str_from(wanted)))
		fail_msg("%s: %.*s", lines, (int)w.len, got);
	sip_rig_free(text);
}

static void by_its_type(void **state)
{
	(void)state;
	assert_found("Content-Type: application/sdp\n\nbody", "<body>");
	assert_found("c:Application / SDP ; x=\"y\"\n\nbody", "<body>");
	assert_found("c:\n application/sdp\nl: 2\n\nbody", "<bo>");
	assert_found("c: text/plain\n\nv=0", "");
	assert_found("c: application/sdpx\n\nv=0", "");
	assert_found("c: application\n\nv=0", "");
	assert_found("\nv=0", "");
	assert_found("c: application/sdp\nc: application/sdp\n\nv=0", "");
	assert_found("c: message/sip\n\n" SDP "v=0", "");
}

static void not_what_is_coded(void **state)
{
	(void)state;
	assert_found("c: application/sdp\ne: gzip\n\nv=0", "");
	assert_found("e: identity\nc: application/sdp\n\nv=0", "<v=0>");
	assert_found("c: application/sdp\nContent-Transfer-Encoding: base64\n\nv=0", "");
	assert_found("c: application/sdp\nContent-Transfer-Encoding: Binary\n\nv=0", "<v=0>");
	assert_found("c: multipart/mixed;boundary=b\n\n--b\nContent-Transfer-Encoding: "
		"quoted-printable\n" SDP "v=0\n--b--", "");
}

static void in_parts(void **state)
{
	(void)state;
	assert_found("c: multipart/mixed;boundary=b\n\n--b\n" SDP "one\n--b--", "<one>");
	assert_found("c: Multipart/Mixed; x=y ; Boundary = \"b c:(/)\"\n\n--b c:(/)\n" SDP
		"one\n--b c:(/)--\n", "<one>");
	assert_found("c: multipart/x;boundary=b\n\nv=0\n--bb\n--b \t\nc:text/plain\n\nno\n--b\n" SDP
		"one\r\n\n--b\n\nno\n--b\n" SDP "\n--b\nc:\n application/sdp\nX: y\n\ntwo\n--b-- \n"
		"epilogue\n--b\n" SDP "no", "<one\r\r\n><><two>");
	assert_found("c: multipart/mixed;boundary=b\n\n--b\n"
		"Content-Type: (a \\) (b) c) application (d)/ (e) sdp (f)\n\none\n--b--", "<one>");
	assert_found("c: multipart/mixed;boundary=b\n\n--b\n"
		"Content-Type: (a)\n application\n\t/\n (b)\n sdp\n\none\n--b--", "<one>");
}

static void a_boundary_is_a_line_of_its_own(void **state)
{
	(void)state;
	assert_found("c: multipart/mixed;boundary=b\n\n--b\n" SDP "x--b--\n--bx\n --b\n--b--",
		"<x--b--\r\n--bx\r\n --b>");
	/* A bare LF begins no line. */
	static struct sip_message m;
	struct str text = STR("INFO sip:b SIP/2.0\r\nv:SIP/2.0/UDP h\r\nf:sip:a\r\nt:sip:b\r\n"
		"i:1\r\n"
		"CSeq:1 INFO\r\nc:multipart/mixed;boundary=b\r\n\r\n--b\r\nc:application/sdp\r\n"
		"\r\n"
		"one\n--b--");
	struct sip_span at;

	assert_int_equal(sip_decode(text, false, &m), 0);
	assert_int_equal(sdp_find(&m, &at, 1), 0);
}

static void nothing_where_it_does_not_end(void **state)
{
	char longest[512];

	(void)state;
	assert_found("c: multipart/mixed;boundary=b\n\n--b\n" SDP "one", "");
	assert_found("c: multipart/mixed;boundary=b\n\n--b\n" SDP "one\n--b\n", "");
	assert_found("c: multipart/mixed;boundary=b\n\n", "");
	assert_found("c: multipart/mixed;boundary=b\n\n--b--\n" SDP "one\n--b--", "");
	assert_found("c: multipart/mixed;boundary=b\n\n--b\nno head\n--b--", "");
	assert_found("c: multipart/mixed\n\n--\n" SDP "one\n----", "");
	assert_found("c: multipart/mixed;boundary=\"\"\n\n--\n" SDP "one\n----", "");
	assert_found("c: multipart/mixed;boundary=\"\\b\"\n\n--b\n" SDP "one\n--b--", "");
	for (int len = 70; len <= 71; len++) {
		snprintf(longest, sizeof(longest), "c: multipart/mixed;boundary=%0*d\n\n--%0*d\n"
			"" SDP
			"one\n--%0*d--", len, 0, len, 0, len, 0);
		assert_found(longest, len == 70 ? "<one>" : "");
	}
}

static void in_parts_of_parts(void **state)
{
	static const char type[] = "c: multipart/mixed;boundary=";
	char text[1024];
	struct writer w = writer_to(text, sizeof(text) - 1);

	(void)state;
	/* a in b in c in d: the description at depth i stands in that part's own body. */
	for (int i = 0; i < 5; i++) {
		char b[2] = {(char)('a' + i), '\0'};
		writer_text(&w, type);
		writer_text(&w, b);
		writer_text(&w, "\n\n--");
		writer_text(&w, b);
		writer_text(&w, "\n" SDP);
		writer_text(&w, b);
		writer_text(&w, "\n--");
		writer_text(&w, b);
		writer_text(&w, "\n");
	}
	writer_text(&w, "\n\n");
	for (int i = 4; i >= 0; i--) {
		char end[] = {'\n', '-', '-', (char)('a' + i), '-', '-', '\0'};
		writer_text(&w, end);
	}
	text[w.len] = '\0';
	assert_found(text, "<a><b><c><d>");
	/* An inner one that does not end spoils itself only. */
	assert_found("c: multipart/mixed;boundary=a\n\n--a\nc: multipart/mixed;boundary=i\n\n--i\n"
		"" SDP
		"no\n--a\n" SDP "one\n--a--", "<one>");
}

static void no_more_than_asked_for(void **state)
{
	(void)state;
	assert_found("c: multipart/mixed;boundary=b\n\n--b\n" SDP "1\n--b\n" SDP "2\n--b\n" SDP
		"3\n--b\n" SDP "4\n--b\n" SDP "5\n--b--", "<1><2><3><4>");
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void the_worst_is_linear(void **state)
{
	static const char *const again[] = {"\n", "-", "--", "--b", "--b\r", "\r\n--b ",
		"\r\n--b\r\n",
		"\r\n--b\r\nc:multipart/mixed;boundary=b\r\n\r\n", "--b\r\n\r\n"};
	static char big[SIP_MESSAGE_MAX];
	static struct sip_message m;
	double before = seconds();

	(void)state;
	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
		struct str head = sip_rig_text(HEAD "c:multipart/mixed;boundary=b\n\n");
		struct writer w = writer_to(big, sizeof(big));
		struct sip_span at[FOUND_MAX];

		writer_str(&w, head);
		while (!w.full)
			writer_text(&w, again[i]);
		assert_int_equal(sip_decode(writer_done(&w), false, &m), 0);
		for (int k = 0; k < 10; k++)
			sdp_find(&m, at, FOUND_MAX);
		sip_rig_free(head);
	}
	assert_true(seconds() - before < 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_its_type),
		cmocka_unit_test(not_what_is_coded),
		cmocka_unit_test(in_parts),
		cmocka_unit_test(a_boundary_is_a_line_of_its_own),
		cmocka_unit_test(nothing_where_it_does_not_end),
		cmocka_unit_test(in_parts_of_parts),
		cmocka_unit_test(no_more_than_asked_for),
		cmocka_unit_test(the_worst_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
