/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads of messages on both ways: what the other side sees, and that the phone sees its own. */
#include "protocols/sipalg.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sip_rig.h"

#define MUST "From: <sip:a@192.168.1.20>;tag=192.168.1.20\nTo: <sip:b@192.168.1.20>\n" \
	"Call-ID: 1@192.168.1.20\n"

static struct sipalg_phone phone;
static struct sip_message m;
static struct sip_edits e;
static char out[4096];

static void begin(void)
{
	phone = (struct sipalg_phone){.lan.port = 5060, .wan.port = 36002};
	assert_int_equal(addr_decode(STR("192.168.1.20"), &phone.lan.addr), 0);
	assert_int_equal(addr_decode(STR("203.0.113.7"), &phone.wan.addr), 0);
}

/* The message on its way; the error, and then nothing is compared. */
static int pass(bool is_out, const char *text, const char *wanted)
{
	struct str bytes = sip_rig_text(text), then = sip_rig_text(wanted);
	struct writer w = writer_to(out, sizeof(out));
	int err;

	sip_edit_none(&e);
	assert_int_equal(sip_decode(bytes, false, &m), 0);
	err = is_out ? sipalg_out(&phone, &m, &e) : sipalg_in(&phone, &m, &e);
	if (!err) {
		sip_edit_length(&e, &m);
		assert_int_equal(sip_edit_apply(&e, &m, &w), 0);
		if (!str_eq(writer_done(&w), then))
			fail_msg("got %.*s", (int)w.len, out);
	}
	sip_rig_free(bytes);
	sip_rig_free(then);
	return err;
}

static void goes_out(const char *text, const char *wanted)
{
	assert_int_equal(pass(true, text, wanted), 0);
}

static void comes_in(const char *text, const char *wanted)
{
	assert_int_equal(pass(false, text, wanted), 0);
}

#define REGISTER(via, contact) "REGISTER sip:example.org SIP/2.0\nVia: SIP/2.0/UDP " via \
	";branch=z9hG4bKr\n" MUST "CSeq: 1 REGISTER\nContact: " contact "\n\n"
#define BOUND(via, contact) "SIP/2.0 200 OK\nVia: SIP/2.0/UDP " via ";branch=z9hG4bKr\n" MUST \
	"CSeq: 1 REGISTER\nContact: " contact "\n\n"

#define RINGS(contact) "SIP/2.0 180 Ringing\nVia: SIP/2.0/UDP 192.168.1.20;branch=x\n" MUST \
	"CSeq: 1 INVITE\nContact: " contact "\n\n"
#define CALL(uri) "INVITE " uri " SIP/2.0\nRecord-Route: <sip:203.0.113.7:36002;lr>\n" \
	"Via: SIP/2.0/UDP 203.0.113.7:36002;branch=x\n" MUST "CSeq: 1 INVITE\n\n"

/* SIP-30, 31, 33, 34: given out, and back to the letter, whatever the spelling was. */
static void a_registration_goes_there_and_back(void **state)
{
	(void)state;
	begin();
	goes_out(REGISTER("192.168.1.20", "<sip:a@192.168.1.20;ob>;q=1"),
		REGISTER("203.0.113.7:36002", "<sip:a@203.0.113.7:36002;ob>;q=1"));
	comes_in(BOUND("203.0.113.7:36002", "<sip:z@198.51.100.9>,"
		" <sip:a@203.0.113.7:36002;ob>;expires=9"),
		BOUND("192.168.1.20", "<sip:z@198.51.100.9>, <sip:a@192.168.1.20;ob>;expires=9"));
	goes_out(REGISTER("192.168.1.20 :\n 05060", "\"A\" <sip:a@192.168.1.20:05060>"),
		REGISTER("203.0.113.7 :\n 36002", "\"A\" <sip:a@203.0.113.7:36002>"));
	comes_in(BOUND("203.0.113.7:36002", "sip:a@203.0.113.7:36002"),
		BOUND("192.168.1.20 :\n 05060", "sip:a@192.168.1.20:05060"));
}

/* SIP-30: over TCP the phone names the port it listens at. */
static void the_via_s_port_is_not_compared(void **state)
{
	(void)state;
	begin();
	goes_out(REGISTER("192.168.1.20:41234", "*"), REGISTER("203.0.113.7:36002", "*"));
}

/* SIP-31: each answer has the Via of its own request. */
static void answers_have_their_request_s_via(void **state)
{
	static const char *const own[] = {"192.168.1.20", "192.168.1.20:5060", "192.168.1.20:5062"};
	char text[512], wanted[512];

	(void)state;
	begin();
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "OPTIONS sip:b SIP/2.0\nv: SIP/2.0/UDP %s;branch=b%d\n"
			"" MUST
			"CSeq: 1 OPTIONS\n\n", own[i], i);
		snprintf(wanted, sizeof(wanted), "OPTIONS sip:b SIP/2.0\nv: SIP/2.0/UDP 203.0.113.7"
			":36002;branch=b%d\n" MUST "CSeq: 1 OPTIONS\n\n", i);
		goes_out(text, wanted);
	}
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "SIP/2.0 200 OK\nv: SIP/2.0/UDP"
			" 203.0.113.7:36002;branch=b%d\n"
			MUST "CSeq: 1 OPTIONS\n\n", i);
		snprintf(wanted, sizeof(wanted), "SIP/2.0 200 OK\nv: SIP/2.0/UDP %s;branch=b%d\n"
			"" MUST
			"CSeq: 1 OPTIONS\n\n", own[i], i);
		comes_in(text, wanted);
	}
}

/* SIP-32 */
static void received_and_rport_are_the_phone_s(void **state)
{
	(void)state;
	begin();
	goes_out(REGISTER("192.168.1.20;rport", "*"), REGISTER("203.0.113.7:36002;rport", "*"));
	comes_in(BOUND("203.0.113.7:36002;rport=36002;received=203.0.113.7", "*"),
		BOUND("192.168.1.20;rport=5060;received=192.168.1.20", "*"));
	comes_in(BOUND("203.0.113.7:36002;rport=1;received=198.51.100.1", "*"),
		BOUND("192.168.1.20;rport=1;received=198.51.100.1", "*"));
}

/* SIP-35: a call from outside asks for the contact as the phone registered it. */
static void a_call_asks_for_the_phone_s_own_contact(void **state)
{
	(void)state;
	begin();
	goes_out(REGISTER("192.168.1.20", "<sip:a@192.168.1.20>,<sip:c@192.168.1.20:5060;x=y>"),
		REGISTER("203.0.113.7:36002", "<sip:a@203.0.113.7:36002>,"
		"<sip:c@203.0.113.7:36002;x=y>"));
	comes_in(CALL("sip:a@203.0.113.7:36002"), CALL("sip:a@192.168.1.20"));
	comes_in(CALL("sip:c@203.0.113.7:36002;x=y"), CALL("sip:c@192.168.1.20:5060;x=y"));
	comes_in(CALL("sip:a@203.0.113.7:36003"), CALL("sip:a@203.0.113.7:36003"));
	comes_in(CALL("sip:a@203.0.113.7"), CALL("sip:a@203.0.113.7"));
	comes_in(CALL("tel:+1"), CALL("tel:+1"));
}

/* SIP-33, 36, 38: what names others, or is not an address of the phone, stays. */
static void what_is_not_the_phone_s_stays(void **state)
{
	static const char *const contacts[] = {"<sip:a@192.168.1.21>", "<sip:a@203.0.113.7:36002>",
		"<sip:a@phone.lan>", "<tel:192.168.1.20>", "<mailto:a@192.168.1.20>",
		"<sip:192.168.1.20@h;x=192.168.1.20>", "<sips:a@192.168.1.20>",
		"sip:a@[::ffff:192.168.1.20]",
		"\"sip:a@192.168.1.20\" <sip:a@h>", "*"};
	char text[1024];

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(contacts) / sizeof(contacts[0]); i++) {
		snprintf(text, sizeof(text), "REFER sip:b@192.168.1.20 SIP/2.0\nVia: SIP/2.0/UDP "
			"192.168.1.21;branch=192.168.1.20\nVia: SIP/2.0/UDP 192.168.1.20;received="
			"192.168.1.20\nRefer-To: <sip:x@192.168.1.20?Replaces=1%%40192.168.1.20>\n"
			"Authorization: Digest uri=\"sip:192.168.1.20\"\n"
			"Route: <sip:192.168.1.20>\n"
			"Warning: 301 192.168.1.20 \"\"\nUser-Agent: 192.168.1.20\nm: %s\n" MUST
			"CSeq: 1 REFER\n\n192.168.1.20", contacts[i]);
		goes_out(text, text);
	}
}

/* A response of the phone has the peer's Via, and its own Contact. */
static void responses_go_out_with_their_contact(void **state)
{
	(void)state;
	begin();
	goes_out(RINGS("<sip:a@192.168.1.20:5062>"), RINGS("<sip:a@203.0.113.7:36002>"));
	/* What the peer says of itself stays on its way in. */
	comes_in(RINGS("<sip:b@203.0.113.7:36002>"), RINGS("<sip:b@203.0.113.7:36002>"));
}

static void a_list_that_is_bad_is_not_changed(void **state)
{
	(void)state;
	begin();
	assert_int_equal(pass(false, BOUND("203.0.113.7:36002", "<sip:a@203.0.113.7:36002>,"), ""),
		ERR_SYNTAX);
}

static void what_cannot_be_restored_is_not_changed(void **state)
{
	char text[1024];

	(void)state;
	begin();
	assert_int_equal(pass(true, REGISTER("192.168.1.20", "<sip:a@192.168.1.20>,,"), ""),
		ERR_SYNTAX);
	snprintf(text, sizeof(text), "BYE sip:b SIP/2.0\nv: SIP/2.0/UDP 192.168.1.20 %*s: 1\n" MUST
		"CSeq: 1 BYE\n\n", SIPALG_OWN_TEXT_MAX, "");
	assert_int_equal(pass(true, text, ""), ERR_FULL);
}

/* SIP-66, trap 17 */
static void signed_bodies_are_seen(void **state)
{
	static const struct {
		const char *line;
		bool is_signed;
	} cases[] = {
		{"Authorization: Digest username=\"a\", qop=auth-int,nc=1", true},
		{"Proxy-Authorization: Digest username=\"a, qop=auth\",\n qop = \"AUTH-INT\"",
			true},
		{"Identity: x", true}, {"y: x", true},
		{"Authorization: Digest username=\"qop=auth-int\", qop=auth", false},
		{"Authorization: Digest", false}, {"Authorization: Basic qop", false},
		{"WWW-Authenticate: Digest qop=\"auth,auth-int\"", false}, {"X: auth-int", false},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "BYE sip:b SIP/2.0\nv: SIP/2.0/UDP h\n" MUST
			"CSeq: 1 BYE\n%s\n\n", cases[i].line);
		struct str bytes = sip_rig_text(text);
		assert_int_equal(sip_decode(bytes, false, &m), 0);
		assert_int_equal(sipalg_is_signed(&m), cases[i].is_signed);
		sip_rig_free(bytes);
	}
}

/* SIP-41, SIP-42: RFC 3261 10.2.4 and 10.3 */
static void the_registrar_says_for_how_long(void **state)
{
	static const struct {
		const char *lines;
		uint32_t seconds;
	} cases[] = {
		{"m: <sip:a@203.0.113.7:36002>;expires=60\nExpires: 9", 60},
		{"Expires: 9\nm: <sip:a@203.0.113.7:36002>", 9},
		{"m: <sip:a@203.0.113.7:36002>", SIPALG_EXPIRES_DEFAULT_S},
		{"m: <sip:a@203.0.113.7:36002>;expires=0\nExpires: 9", 0},
		{"m: <sip:x@198.51.100.1>;expires=99\nExpires: 9", 0},
		{"Expires: 9", 0},
		{"m: <sip:a@203.0.113.7:36002>;expires=5,<sip:b@203.0.113.7:36002>;expires=7", 7},
		{"m: <sip:a@203.0.113.7:36002>;expires=280297596632815", SIPALG_EXPIRES_DEFAULT_S},
		{"m: <sip:a@203.0.113.7:36002>;expires=9,", 0},
		{"m: <sip:a@203.0.113.7>;expires=9", 0},
	};
	char text[512];

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "SIP/2.0 200 OK\nv: SIP/2.0/UDP h\n" MUST
			"CSeq: 1 REGISTER\n%s\n\n", cases[i].lines);
		struct str bytes = sip_rig_text(text);
		assert_int_equal(sip_decode(bytes, false, &m), 0);
		assert_int_equal(sipalg_bound_s(&phone.wan, &m), cases[i].seconds);
		sip_rig_free(bytes);
	}
}

/* Where nothing is changed (IPv6) the phone's own Contact counts, whatever port it listens at. */
static void the_phone_s_own_place_is_bound_too(void **state)
{
	static const struct {
		const char *lines;
		uint32_t seconds;
	} cases[] = {
		{"m: <sip:a@[2001:db8::20]:5062>;expires=60", 60},
		{"m: <sip:a@[2001:DB8:0::20]>;expires=60", 60},
		{"m: <sip:a@[2001:db8::21]:5062>;expires=60", 0},
		{"m: <sip:a@phone.example>;expires=60", 0},
	};
	struct endpoint own = {.port = 0};
	char text[512];

	(void)state;
	assert_int_equal(addr_decode(STR("2001:db8::20"), &own.addr), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "SIP/2.0 200 OK\nv: SIP/2.0/UDP h\n" MUST
			"CSeq: 1 REGISTER\n%s\n\n", cases[i].lines);
		struct str bytes = sip_rig_text(text);
		assert_int_equal(sip_decode(bytes, false, &m), 0);
		assert_int_equal(sipalg_bound_s(&own, &m), cases[i].seconds);
		sip_rig_free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_registration_goes_there_and_back),
		cmocka_unit_test(the_via_s_port_is_not_compared),
		cmocka_unit_test(answers_have_their_request_s_via),
		cmocka_unit_test(received_and_rport_are_the_phone_s),
		cmocka_unit_test(a_call_asks_for_the_phone_s_own_contact),
		cmocka_unit_test(what_is_not_the_phone_s_stays),
		cmocka_unit_test(responses_go_out_with_their_contact),
		cmocka_unit_test(a_list_that_is_bad_is_not_changed),
		cmocka_unit_test(what_cannot_be_restored_is_not_changed),
		cmocka_unit_test(signed_bodies_are_seen),
		cmocka_unit_test(the_registrar_says_for_how_long),
		cmocka_unit_test(the_phone_s_own_place_is_bound_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
