/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a message of a phone, or to it, between a core and media that only this file has:
 * the very bytes that go on, where to, what waits, what is noted, and who is let in.
 */
#include "gateway/serve_sip_int.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define START_MS 1000000
#define SERVER 0xc6336401	/* 198.51.100.1 */
#define STRANGER 0xc6336463
#define PHONE 0xc0a8010a
#define WAN 0xcb007102
#define WAN_PORT 36001
#define MEDIA 7078		/* of the phone, led to by MEDIA_OUT */
#define MEDIA_OUT 36500

#define VIA "Via: SIP/2.0/UDP 192.168.1.10:5062;branch=z9hG4bK"
#define VIA_OUT "Via: SIP/2.0/UDP 203.0.113.2:36001;branch=z9hG4bK"
#define CONTACT "Contact: <sip:me@192.168.1.10:5062>\r\n"
#define CONTACT_OUT "Contact: <sip:me@203.0.113.2:36001>\r\n"
#define ME "From: <sip:me@x>;tag=1\r\nTo: <sip:you@x>\r\n"
#define SDP(addr, port) "v=0\r\no=- 1 1 IN IP4 " addr "\r\ns=-\r\nc=IN IP4 " addr "\r\nt=0 0\r\n" \
	"m=audio " port " RTP/AVP 8\r\n"

static struct world {
	struct loop *loop;
	struct serve_sip *s;
	struct sip_phone *p;
	bool asked, opened;		/* the media port */
	bool let_in;			/* STRANGER, by the owner */
	unsigned looks, puts;		/* how often media was looked at, memory written */
	unsigned sent;
	char bytes[SIP_MESSAGE_MAX];	/* sent last */
	size_t len;
	struct sip_carry carry;		/* of it */
	char notes[1024];		/* "what: why\n" of each */
} w;

/* ---- what it calls ---- */

uint32_t core_device_of(const struct core *core, const struct addr *addr)
{
	(void)core;
	return addr_to4(addr) == PHONE ? 1 : 0;
}

bool core_sip_admits(const struct core *core, uint32_t device_id, const struct addr *host)
{
	(void)core;
	return device_id == 1 && w.let_in && addr_to4(host) == STRANGER;
}

bool core_sip_is_service(uint16_t port)
{
	return port < 1024 || port == 3389;
}

void core_sip_note(struct core *core, const struct core_sip_note *note)
{
	size_t len = strlen(w.notes);

	(void)core;
	assert_int_equal(note->device_id, 1);
	snprintf(w.notes + len, sizeof(w.notes) - len, "%s%s\n", note->refused ? "-" : "+",
		note->what);
}

void sip_memo_put(struct sip_phone *p)
{
	p->dirty = false;
	w.puts++;
}

void sip_media_look(struct sip_phone *p)
{
	(void)p;
	w.looks++;
}

bool sip_media_settled(const struct sip_phone *p, const struct sipalg_streams *streams, bool is6)
{
	(void)p;
	(void)is6;
	return streams->count == 0 || !w.asked;
}

void sip_media_externals(const struct sip_phone *p, struct sipalg_streams *streams, bool is6)
{
	(void)p;
	assert_false(is6);
	for (uint16_t i = 0; i < streams->count; i++)
		streams->at[i].external = w.opened && streams->at[i].port == MEDIA ? MEDIA_OUT : 0;
}

void sip_media_used(struct sip_phone *p, bool used[SIPCALL_MAX])
{
	(void)p;
	memset(used, 0, SIPCALL_MAX * sizeof(*used));
}

void sip_media_renew(struct sip_phone *p)
{
	(void)p;
}

bool sip_media_find(const struct serve_sip *s, uint16_t external, struct endpoint *lan)
{
	(void)s;
	*lan = (struct endpoint){addr_from4(0xc0a80114), (uint16_t)(external - 36600 + 900)};
	return external == 36600 || external == 36601;
}

/* ---- a phone and its server ---- */

static void on_send(const struct sip_carry *carry, struct str bytes)
{
	w.sent++;
	w.carry = *carry;
	w.len = bytes.len;
	memcpy(w.bytes, bytes.p, bytes.len);
	w.bytes[w.len] = '\0';
}

static int begin(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.loop = loop_new_virtual(START_MS);
	w.s = calloc(1, sizeof(*w.s));
	assert_non_null(w.s);
	w.s->loop = w.loop;
	w.s->wan4 = addr_from4(WAN);
	w.p = sip_phone_new(w.s, 1);
	assert_non_null(w.p);
	w.p->lan4 = addr_from4(PHONE);
	w.p->wan_port = WAN_PORT;
	w.p->alg.wan = (struct endpoint){addr_from4(WAN), WAN_PORT};
	w.opened = true;
	return 0;
}

static int end(void **state)
{
	(void)state;
	sip_hold_free(w.p);
	sip_phone_free(w.p);
	free(w.s);
	loop_free(w.loop);
	return 0;
}

static void by_phone_to(const char *text, uint16_t port)
{
	struct sip_carry carry = {
		.by_phone = true,
		.inside = {addr_from4(PHONE), 5062},
		.outside = {addr_from4(SERVER), port},
		.send = on_send,
		.arg = w.p,
		.tos = 0x60,
	};

	sip_phone_message(w.p, &carry, str_from(text));
}

static void by_phone(const char *text)
{
	by_phone_to(text, 5060);
}

static void to_phone_from(const char *text, uint16_t port)
{
	struct sip_carry carry = {
		.inside = w.p->alg.lan,
		.outside = {addr_from4(SERVER), port},
		.send = on_send,
		.arg = w.p,
	};

	sip_phone_message(w.p, &carry, str_from(text));
}

static void to_phone(const char *text)
{
	to_phone_from(text, 5060);
}

static bool admits(uint32_t host, const char *text)
{
	struct endpoint from = {addr_from4(host), 5060};

	return sip_phone_admits(w.p, &from, str_from(text));
}

#define REGISTER(via, contact, cseq) "REGISTER sip:x SIP/2.0\r\n" via "r" cseq "\r\n" ME \
	"Call-ID: r\r\nCSeq: " cseq " REGISTER\r\n" contact "Content-Length: 0\r\n\r\n"
#define ANSWER(code, via, contact, cseq) "SIP/2.0 " code "\r\n" via "r" cseq "\r\n" ME \
	"Call-ID: r\r\nCSeq: " cseq " REGISTER\r\n" contact "Content-Length: 0\r\n\r\n"

static void register_it(void)
{
	by_phone(REGISTER(VIA, CONTACT, "1"));
	assert_string_equal(w.bytes, REGISTER(VIA_OUT, CONTACT_OUT, "1"));
	to_phone(ANSWER("401 Unauthorized", VIA_OUT, "WWW-Authenticate: Digest realm=\"x\"\r\n",
		"1"));
	by_phone(REGISTER(VIA, CONTACT, "2"));
	to_phone(ANSWER("200 OK", VIA_OUT, CONTACT_OUT "Expires: 600\r\n", "2"));
	assert_string_equal(w.bytes, ANSWER("200 OK", VIA, CONTACT "Expires: 600\r\n", "2"));
	assert_string_equal(w.notes, "+register\n");
	w.notes[0] = '\0';
}

#define INVITE(via, contact, more, length, body) "INVITE sip:you@x SIP/2.0\r\n" via "i\r\n" ME \
	"Call-ID: c\r\nCSeq: 1 INVITE\r\n" contact more "Content-Type: application/sdp\r\n" \
	"Content-Length: " length "\r\n\r\n" body
#define CANCEL(via) "CANCEL sip:you@x SIP/2.0\r\n" via "i\r\n" ME \
	"Call-ID: c\r\nCSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n"
#define OFFER INVITE(VIA, CONTACT, "", "93", SDP("192.168.1.10", "7078"))
#define OFFER_OUT INVITE(VIA_OUT, CONTACT_OUT, "", "92", SDP("203.0.113.2", "36500"))

/* ---- tests ---- */

static void test_registration(void **state)
{
	(void)state;
	assert_false(admits(SERVER, REGISTER(VIA_OUT, "", "9")));
	register_it();
	assert_true(admits(SERVER, ""));
	assert_true(w.puts > 0);
	loop_advance(w.loop, 700 * 1000);
	sip_phone_tick(w.p);
	assert_string_equal(w.notes, "+unregister\n");
	assert_false(admits(SERVER, ""));
}

static void test_a_call_waits_for_its_ports(void **state)
{
	(void)state;
	register_it();
	w.asked = true;
	w.sent = 0;
	by_phone(OFFER);
	by_phone(CANCEL(VIA));
	assert_int_equal(w.sent, 0);
	assert_int_equal(w.looks, 1);
	w.asked = false;
	sip_phone_look(w.p);
	assert_int_equal(w.sent, 2);
	assert_string_equal(w.bytes, CANCEL(VIA_OUT));
	by_phone(OFFER);
	assert_string_equal(w.bytes, OFFER_OUT);
	assert_int_equal(w.carry.tos, 0x60);
	assert_string_equal(w.notes, "+call\n");
}

/* Refused ports cost the call its sound at worst. */
static void test_no_ports(void **state)
{
	(void)state;
	register_it();
	w.opened = false;
	by_phone(OFFER);
	assert_string_equal(w.bytes, INVITE(VIA_OUT, CONTACT_OUT, "", "93",
		SDP("192.168.1.10", "7078")));
	assert_string_equal(w.notes, "+call\n-pass\n");
	assert_int_equal(w.s->passed, 1);
}

/* Nobody whose password was asked for: no call, no media. */
static void test_unregistered(void **state)
{
	(void)state;
	w.opened = false;
	by_phone(OFFER);
	assert_int_equal(w.looks, 0);
	assert_int_equal(w.p->calls.at[0].state, SIPCALL_FREE);
	assert_int_equal(w.sent, 1);
}

static void test_what_is_left_as_it_is(void **state)
{
	static const char *const cases[] = {
		"\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"INVITE sip:you@x SIP/2.0\r\nVia: nonsense 192.168.1.10\r\n\r\n",
		INVITE(VIA, CONTACT, "Identity: x\r\n", "93", SDP("192.168.1.10", "7078")),
		INVITE(VIA, CONTACT, "Authorization: Digest qop=auth-int\r\n", "93",
			SDP("192.168.1.10", "7078")),
	};

	(void)state;
	register_it();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		by_phone(cases[i]);
		assert_string_equal(w.bytes, cases[i]);
	}
	assert_int_equal(w.looks, 0);
	assert_int_equal(w.s->passed, 3);
	assert_string_equal(w.notes, "-pass\n-pass\n");
}

/* A request goes to the port the phone said, its answer to where the request came from. */
static void test_ports(void **state)
{
	static const char options[] = "OPTIONS sip:me@203.0.113.2:36001 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKo\r\n" ME
		"Call-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

	(void)state;
	register_it();
	w.p->alg.lan.port = 40000;
	assert_int_equal(w.p->hears, 5062);
	to_phone_from(options, 5070);
	assert_memory_equal(w.bytes, "OPTIONS sip:me@192.168.1.10:5062 ", 33);
	assert_int_equal(w.carry.inside.port, 5062);
	by_phone("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKo\r\n" ME
		"Call-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(w.carry.outside.port, 5070);
	by_phone(REGISTER(VIA, CONTACT, "3"));
	w.p->alg.lan.port = 40000;
	to_phone(ANSWER("401 Unauthorized", VIA_OUT, "", "3"));
	assert_int_equal(w.carry.inside.port, 5062);
}

static void by_phone_from(const char *text, uint16_t port)
{
	struct sip_carry carry = {
		.by_phone = true,
		.inside = {addr_from4(PHONE), port},
		.outside = {addr_from4(SERVER), 5060},
		.send = on_send,
		.arg = w.p,
	};

	sip_phone_message(w.p, &carry, str_from(text));
}

/* Whatever else comes from that host, from whatever port: only a REGISTER says where it hears. */
static void test_where_it_hears(void **state)
{
	(void)state;
	register_it();
	by_phone_from("\r\n\r\n", 40000);
	by_phone_from(OFFER, 40001);
	by_phone_from("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKo\r\n" ME
		"Call-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", 40002);
	assert_int_equal(w.p->hears, 5062);
	by_phone_from(REGISTER(VIA, CONTACT, "3"), 5064);
	assert_int_equal(w.p->hears, 5064);
}

/* SIP-44: a Contact at the port of a service leads nobody there, by datagram or connection. */
static void test_the_port_of_a_service(void **state)
{
	static const struct {
		const char *contact;
		uint16_t by_udp, by_tcp;
	} cases[] = {
		{"Contact: <sip:me@192.168.1.10:5070>\r\n", 5070, 5070},
		{"Contact: <sip:me@192.168.1.10>\r\n", 5060, 0},
		{"Contact: <sip:me@192.168.1.10:3389>\r\n", 5062, 0},
		{"Contact: <sip:me@192.168.1.10:445>\r\n", 5062, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];
		struct sip_carry carry = {.by_phone = true, .is_stream = true,
			.inside = {addr_from4(PHONE), 40000},
			.outside = {addr_from4(SERVER), 5060}, .send = on_send, .arg = w.p};

		snprintf(text, sizeof(text), REGISTER(VIA, "%s", "1"), cases[i].contact);
		by_phone(text);
		to_phone("OPTIONS sip:me@203.0.113.2:36001 SIP/2.0\r\n"
			"Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKo\r\n" ME
			"Call-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
		assert_int_equal(w.carry.inside.port, cases[i].by_udp);
		sip_phone_message(w.p, &carry, str_from(text));
		assert_int_equal(w.p->listens, cases[i].by_tcp);
		assert_int_equal(w.p->hears, 5062);
	}
}

/* A 2xx that does not say where the phone is binds nothing, and the owner hears of it; one to who
 * asked for that is as it should be. */
static void test_nobody_confirms_it(void **state)
{
	(void)state;
	register_it();
	by_phone(REGISTER(VIA, CONTACT, "3"));
	to_phone(ANSWER("200 OK", VIA_OUT, "Expires: 600\r\n", "3"));
	assert_string_equal(w.notes, "-register\n");
	assert_true(w.p->unconfirmed);
	assert_false(admits(SERVER, ""));
	by_phone(REGISTER(VIA, CONTACT, "4"));
	to_phone(ANSWER("200 OK", VIA_OUT, CONTACT_OUT, "4"));
	assert_false(w.p->unconfirmed);
	by_phone(REGISTER(VIA, CONTACT "Expires: 0\r\n", "5"));
	to_phone(ANSWER("200 OK", VIA_OUT, "", "5"));
	assert_false(w.p->unconfirmed);
	assert_string_equal(w.notes, "-register\n+register\n+unregister\n");
}

#define RINGS(id) "INVITE sip:me@203.0.113.2:36001 SIP/2.0\r\n" \
	"Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK" id "\r\n" \
	"From: <sip:you@x>;tag=" id "\r\nTo: <sip:me@x>\r\nCall-ID: " id "\r\n" \
	"CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"

/* Calls that ring take nobody's place for long: media is looked at for the newest as well. */
static void test_a_call_more(void **state)
{
	static const char *const calls[] = {RINGS("1"), RINGS("2"), RINGS("3"), RINGS("4"),
		RINGS("5"), RINGS("6"), RINGS("7"), RINGS("8"), RINGS("9")};

	(void)state;
	register_it();
	for (size_t i = 0; i < SIPCALL_MAX; i++)
		to_phone(calls[i]);
	w.notes[0] = '\0';
	w.looks = 0;
	to_phone(calls[SIPCALL_MAX]);
	assert_string_equal(w.notes, "+hang up\n+call\n");
	assert_int_equal(w.looks, 1);
	assert_int_equal(w.p->calls.at[0].state, SIPCALL_RINGING);
	assert_memory_equal(w.p->calls.at[0].id.at, "9", 1);
}

/* Whose media is here as well is told so. */
static void test_a_neighbour(void **state)
{
	(void)state;
	register_it();
	to_phone("INVITE sip:me@203.0.113.2:36001 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.1;"
		"branch=z9hG4bKn\r\n" ME "Call-ID: n\r\nCSeq: 1 INVITE\r\n"
		"Content-Type: application/sdp\r\nContent-Length: 92\r\n\r\n"
		SDP("203.0.113.2", "36600"));
	assert_non_null(strstr(w.bytes, "Content-Length: 91\r\n\r\n"
		"v=0\r\no=- 1 1 IN IP4 203.0.113.2\r\ns=-\r\nc=IN IP4 192.168.1.20\r\nt=0 0\r\n"
		"m=audio 900 RTP/AVP 8\r\n"));
}

/* The phone knows itself in what comes, though the body is signed or nobody can read it. */
static void test_the_head_alone(void **state)
{
	static const char *const cases[][2] = {
		{"Identity: x\r\nContent-Length: 92\r\n\r\n" SDP("203.0.113.2", "36600"), "signed"},
		{"Content-Length: 3\r\n\r\nv=x", "unreadable"},
	};
	char text[600], wanted[600];

	(void)state;
	register_it();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static const char head[] = "INVITE sip:me@%s SIP/2.0\r\n"
			"Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK%s\r\n" ME
			"Call-ID: n\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n%s";
		snprintf(text, sizeof(text), head, "203.0.113.2:36001", cases[i][1], cases[i][0]);
		snprintf(wanted, sizeof(wanted), head, "192.168.1.10:5062", cases[i][1],
			cases[i][0]);
		to_phone(text);
		assert_string_equal(w.bytes, wanted);
	}
}

static void test_strangers(void **state)
{
	static const char invite[] = "INVITE sip:me@203.0.113.2:36001 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 198.51.100.99;branch=z9hG4bKs\r\n"
		"From: <sip:evil@x>;tag=1\r\nTo: <sip:me@x>\r\n"
		"Call-ID: s\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";

	(void)state;
	register_it();
	assert_false(admits(STRANGER, invite));
	assert_false(admits(STRANGER, invite));
	assert_false(admits(STRANGER, "\r\n"));
	assert_false(admits(STRANGER, ANSWER("200 OK", VIA_OUT, "", "2")));
	assert_int_equal(w.s->missed_count, 1);
	assert_int_equal(w.s->missed[0].count, 2);
	assert_string_equal(w.s->missed[0].who, "<sip:evil@x>;tag=1");
	assert_string_equal(w.notes, "-missed call\n");
	for (uint32_t i = 1; i <= SERVE_SIP_MISSED_MAX + 8; i++)
		admits(STRANGER + i, invite);
	assert_int_equal(w.s->missed_count, SERVE_SIP_MISSED_MAX);
	assert_int_equal(addr_to4(&w.s->missed[0].from.addr), STRANGER + SERVE_SIP_MISSED_MAX + 8);
}

/* Whether the phone is registered or not; it is no missed call, and has media. */
static void test_let_in_by_the_owner(void **state)
{
	static const char offer[] = "INVITE sip:me@203.0.113.2:36001 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 198.51.100.99;branch=z9hG4bKs\r\n"
		"From: <sip:you@x>;tag=1\r\nTo: <sip:me@x>\r\n"
		"Call-ID: s\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
	struct sip_carry carry = {.inside = w.p->alg.lan, .outside = {addr_from4(STRANGER), 5060},
		.send = on_send, .arg = w.p};

	(void)state;
	assert_false(admits(STRANGER, offer));
	w.let_in = true;
	assert_true(admits(STRANGER, offer));
	assert_true(admits(STRANGER, ""));
	assert_false(admits(STRANGER + 1, offer));
	assert_int_equal(w.s->missed_count, 2);
	assert_int_equal(w.s->missed[1].count, 1);
	sip_phone_message(w.p, &carry, str_from(offer));
	assert_int_equal(w.p->calls.at[0].state, SIPCALL_RINGING);
	w.let_in = false;
	assert_false(admits(STRANGER, ""));
}

/* What the phone asked may be answered before it is registered, by whom it asked alone. */
static void test_answers(void **state)
{
	(void)state;
	by_phone(REGISTER(VIA, CONTACT, "1"));
	assert_true(admits(SERVER, ANSWER("401 Unauthorized", VIA_OUT, "", "1")));
	assert_false(admits(SERVER, ANSWER("401 Unauthorized", VIA_OUT, "", "7")));
	assert_false(admits(STRANGER, ANSWER("401 Unauthorized", VIA_OUT, "", "1")));
}

static void test_left_alone(void **state)
{
	(void)state;
	by_phone(REGISTER(VIA, CONTACT, "1"));
	assert_false(w.p->left_alone);
	by_phone(REGISTER(VIA, CONTACT_OUT, "2"));
	assert_true(w.p->left_alone);
	assert_string_equal(w.bytes, REGISTER(VIA_OUT, CONTACT_OUT, "2"));
	by_phone(INVITE(VIA, CONTACT, "", "124",
		SDP("192.168.1.10", "7078") "a=ice-ufrag:abcd\r\na=ice-pwd:x\r\n"));
	assert_true(w.p->left_alone);
	by_phone(OFFER);
	assert_false(w.p->left_alone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_registration, begin, end),
		cmocka_unit_test_setup_teardown(test_a_call_waits_for_its_ports, begin, end),
		cmocka_unit_test_setup_teardown(test_no_ports, begin, end),
		cmocka_unit_test_setup_teardown(test_unregistered, begin, end),
		cmocka_unit_test_setup_teardown(test_what_is_left_as_it_is, begin, end),
		cmocka_unit_test_setup_teardown(test_ports, begin, end),
		cmocka_unit_test_setup_teardown(test_where_it_hears, begin, end),
		cmocka_unit_test_setup_teardown(test_the_port_of_a_service, begin, end),
		cmocka_unit_test_setup_teardown(test_nobody_confirms_it, begin, end),
		cmocka_unit_test_setup_teardown(test_a_call_more, begin, end),
		cmocka_unit_test_setup_teardown(test_a_neighbour, begin, end),
		cmocka_unit_test_setup_teardown(test_the_head_alone, begin, end),
		cmocka_unit_test_setup_teardown(test_strangers, begin, end),
		cmocka_unit_test_setup_teardown(test_let_in_by_the_owner, begin, end),
		cmocka_unit_test_setup_teardown(test_answers, begin, end),
		cmocka_unit_test_setup_teardown(test_left_alone, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
