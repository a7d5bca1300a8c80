/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Edits: only what is named changes, and the length follows. */
#include "protocols/sip_edit.h"

#include "protocols/err.h"
#include "protocols/sdp.h"
#include "protocols/sdp_find.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sip_rig.h"

#define HEAD "INVITE sip:b@example.org SIP/2.0\n" \
	"Via: SIP/2.0/UDP 192.168.1.20;branch=z9hG4bK192.168.1.20\n" \
	"From: <sip:192.168.1.20@example.org>;tag=192.168.1.20\nTo: <sip:b@example.org>\n" \
	"Call-ID: 1@192.168.1.20\nCSeq: 7 INVITE\n"

static struct sip_message m;
static struct sip_edits e;
static struct str text;

static void open_message(const char *lines)
{
	text = sip_rig_text(lines);
	assert_int_equal(sip_decode(text, false, &m), 0);
	sip_edit_none(&e);
}

static struct endpoint endpoint(const char *addr, uint16_t port)
{
	struct endpoint ep = {.port = port};

	assert_int_equal(addr_decode(str_from(addr), &ep.addr), 0);
	return ep;
}

/* Applies, compares, and ends the message. */
static void assert_becomes(const char *lines)
{
	static char out[SIP_MESSAGE_MAX];
	struct writer w = writer_to(out, sip_edit_size(&e, &m));
	struct str wanted = sip_rig_text(lines);

	assert_int_equal(sip_edit_apply(&e, &m, &w), 0);
	assert_int_equal(w.len, w.size);
	if (!str_eq(writer_done(&w), wanted))
		fail_msg("got %.*s", (int)w.len, out);
	sip_rig_free(wanted);
	sip_rig_free(text);
}

static void edit_contacts(const char *addr, uint16_t port)
{
	struct endpoint ep = endpoint(addr, port);
	struct sip_walk walk = {0};
	struct sip_address a;

	while (sip_next_address(&m, SIP_CONTACT, &walk, &a)) {
		if (a.uri.is_sip)
			sip_edit_hostport(&e, &a.uri.where, &ep);
	}
	assert_false(walk.bad);
}

static void no_edit_is_the_message(void **state)
{
	(void)state;
	open_message(HEAD "l: 3\n\nabcdef");
	sip_edit_length(&e, &m);
	assert_int_equal(e.count, 0);
	assert_becomes(HEAD "l: 3\n\nabcdef");
}

/* SIP-33, SIP-19: host and port of the phone's Contact change, and no other byte. */
static void only_host_and_port_change(void **state)
{
	(void)state;
	open_message(HEAD "CONTACT \t:\n \"192.168.1.20, \\\"x\" "
		"<sip:192.168.1.20:p@192.168.1.20:5062;ob;x=192.168.1.20?y=192.168.1.20>;q=0.5;"
		"+sip.instance=\"<urn:192.168.1.20>\" ,\n\t"
		"tel:+1,sip:a@192.168.1.20;expires=9\nSubject: 192.168.1.20\n\n192.168.1.20");
	edit_contacts("203.0.113.7", 36002);
	sip_edit_length(&e, &m);
	assert_becomes(HEAD "CONTACT \t:\n \"192.168.1.20, \\\"x\" "
		"<sip:192.168.1.20:p@203.0.113.7:36002;ob;x=192.168.1.20?y=192.168.1.20>;q=0.5;"
		"+sip.instance=\"<urn:192.168.1.20>\" ,\n\t"
		"tel:+1,sip:a@203.0.113.7:36002;expires=9\nSubject: 192.168.1.20\n\n192.168.1.20");
}

static void the_default_port_is_not_invented(void **state)
{
	(void)state;
	open_message(HEAD "m: sip:a@192.168.1.20,<sip:192.168.1.20:5062>\n\n");
	edit_contacts("203.0.113.7", SIP_PORT);
	assert_becomes(HEAD "m: sip:a@203.0.113.7,<sip:203.0.113.7:5060>\n\n");
}

static void families_may_change(void **state)
{
	(void)state;
	open_message(HEAD "m: sip:a@[2001:db8::20]:1,sip:192.168.1.20\n\n");
	edit_contacts("2001:db8::7", 36002);
	assert_becomes(HEAD "m: sip:a@[2001:db8::7]:36002,sip:[2001:db8::7]:36002\n\n");
	open_message(HEAD "m: sip:a@[2001:db8::20]\n\n");
	edit_contacts("203.0.113.7", 1);
	assert_becomes(HEAD "m: sip:a@203.0.113.7:1\n\n");
}

/* The Via of RFC 4475 3.1.1.1: host and port stand apart. */
static void a_via_keeps_its_blanks(void **state)
{
	struct endpoint ep = endpoint("203.0.113.7", 36002);
	struct sip_walk walk = {0};
	struct sip_via v;

	(void)state;
	open_message("BYE sip:b SIP/2.0\nv: SIP / 2.0\n / UDP  192.168.1.20 \t:\n 5062 ;\n "
		"branch = z , SIP/2.0/TCP 192.168.1.20\nf:sip:a\nt:sip:b\ni:1\nCSeq:1 BYE\n\n");
	assert_true(sip_next_via(&m, &walk, &v));
	sip_edit_hostport(&e, &v.sent_by, &ep);
	assert_becomes("BYE sip:b SIP/2.0\nv: SIP / 2.0\n / UDP  203.0.113.7 \t:\n 36002 ;\n "
		"branch = z , SIP/2.0/TCP 192.168.1.20\nf:sip:a\nt:sip:b\ni:1\nCSeq:1 BYE\n\n");
}

static void edit_body(const char *now)
{
	sip_edit_text(&e, m.body, str_from(now));
	sip_edit_length(&e, &m);
}

/* SIP-20: spelling and place stay, digits grow and shrink. */
static void the_length_follows_the_body(void **state)
{
	(void)state;
	open_message(HEAD "cOntent-length  \t:\n 009\nX: y\n\n123456789tail");
	edit_body("1234567890");
	assert_becomes(HEAD "cOntent-length  \t:\n 10\nX: y\n\n1234567890tail");
	open_message(HEAD "l:10\n\n1234567890");
	edit_body("123");
	assert_becomes(HEAD "l:3\n\n123");
	open_message(HEAD "L:1\nContent-Length: 01\n\n1");
	edit_body("1234567890");
	assert_becomes(HEAD "L:10\nContent-Length: 10\n\n1234567890");
	open_message(HEAD "l: 003\n\n123");
	edit_body("321");
	assert_becomes(HEAD "l: 003\n\n321");
	open_message(HEAD "\n123");
	edit_body("1234");
	assert_becomes(HEAD "\n1234");
	/* What changes in the head is no length of the body. */
	open_message(HEAD "m: sip:192.168.1.20\nl: 3\n\n123");
	edit_contacts("203.0.113.199", 36002);
	sip_edit_length(&e, &m);
	assert_becomes(HEAD "m: sip:203.0.113.199:36002\nl: 3\n\n123");
}

static void order_does_not_matter(void **state)
{
	(void)state;
	open_message(HEAD "X: abcdef\n\n");
	uint32_t at = m.headers[m.header_count - 1].value.at;

	sip_edit_text(&e, (struct sip_span){at + 4, 2}, STR("56"));
	sip_edit_text(&e, (struct sip_span){at, 2}, STR("12"));
	sip_edit_text(&e, (struct sip_span){at + 2, 0}, STR("<"));
	sip_edit_text(&e, (struct sip_span){at + 2, 0}, STR(">"));
	sip_edit_text(&e, (struct sip_span){at + 2, 2}, STR(""));
	assert_becomes(HEAD "X: 12<>56\n\n");
}

static void what_overlaps_is_not_applied(void **state)
{
	static const struct sip_span pairs[][2] = {{{5, 3}, {7, 1}}, {{5, 3}, {5, 3}},
		{{5, 3}, {6, 0}}, {{9, 1}, {8, 2}}, {{0, 1}, {400000, 0}}, {{0, 1}, {1, 400000}},
		{{0, 1}, {4, UINT32_MAX}}, {{0, 1}, {UINT32_MAX, 2}}};
	char out[512];

	(void)state;
	open_message(HEAD "\n");
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct writer w = writer_to(out, sizeof(out));

		sip_edit_none(&e);
		sip_edit_text(&e, pairs[i][0], STR("a"));
		sip_edit_text(&e, pairs[i][1], STR("b"));
		assert_int_equal(sip_edit_apply(&e, &m, &w), ERR_RANGE);
		assert_int_equal(w.len, 0);
	}
	sip_rig_free(text);
}

static void what_does_not_fit_is_not_written(void **state)
{
	static char big[SIP_EDIT_TEXT_MAX + 1];
	char out[512];
	struct writer w;

	(void)state;
	open_message(HEAD "\n");
	for (int i = 0; i < SIP_EDITS_MAX; i++)
		sip_edit_number(&e, (struct sip_span){(uint32_t)i, 1}, 7);
	assert_false(e.full);
	sip_edit_number(&e, (struct sip_span){300, 1}, 7);
	assert_true(e.full);
	w = writer_to(out, sizeof(out));
	assert_int_equal(sip_edit_apply(&e, &m, &w), ERR_FULL);
	assert_int_equal(w.len, 0);

	sip_edit_none(&e);
	sip_edit_text(&e, (struct sip_span){0, 1}, (struct str){big, SIP_EDIT_TEXT_MAX});
	assert_false(e.full);
	sip_edit_text(&e, (struct sip_span){1, 1}, STR("x"));
	assert_true(e.full);

	sip_edit_none(&e);
	sip_edit_text(&e, (struct sip_span){0, 1}, STR("xx"));
	w = writer_to(out, text.len);
	assert_int_equal(sip_edit_apply(&e, &m, &w), ERR_FULL);
	assert_int_equal(w.len, 0);
	w = writer_to(out, text.len + 1);
	assert_int_equal(sip_edit_apply(&e, &m, &w), 0);
	sip_rig_free(text);
}

/* Trap 24: the outer length of a multipart body, whose other parts do not change. */
static void a_part_changes_the_outer_length(void **state)
{
	struct endpoint ep = endpoint("203.0.113.7", 0);
	struct sip_span at;
	struct sdp s;

	(void)state;
	open_message(HEAD "Content-Type: multipart/mixed;boundary=b\nContent-Length: 117\n\n"
		"--b\nContent-Type: text/plain\n\nc=IN IP4 192.168.1.20\n--b\n"
		"c:application/sdp\n\nv=0\nc=IN IP4 192.168.1.20\n--b--\n");
	assert_int_equal(sdp_find(&m, &at, 1), 1);
	assert_int_equal(sdp_decode(&m, at, &s), 0);
	sip_edit_addr(&e, s.connection.addr, &ep.addr);
	sip_edit_length(&e, &m);
	assert_becomes(HEAD "Content-Type: multipart/mixed;boundary=b\nContent-Length: 116\n\n"
		"--b\nContent-Type: text/plain\n\nc=IN IP4 192.168.1.20\n--b\n"
		"c:application/sdp\n\nv=0\nc=IN IP4 203.0.113.7\n--b--\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_edit_is_the_message),
		cmocka_unit_test(only_host_and_port_change),
		cmocka_unit_test(the_default_port_is_not_invented),
		cmocka_unit_test(families_may_change),
		cmocka_unit_test(a_via_keeps_its_blanks),
		cmocka_unit_test(the_length_follows_the_body),
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(what_overlaps_is_not_applied),
		cmocka_unit_test(what_does_not_fit_is_not_written),
		cmocka_unit_test(a_part_changes_the_outer_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
