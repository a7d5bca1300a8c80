/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registrations as the messages that pass show them: who bound the phone, for how long, and who may
 * therefore call in. */
#include "protocols/sipreg.h"

#include "protocols/sipalg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sip_rig.h"

#define PLACE "203.0.113.7:36002"
#define DIGEST "WWW-Authenticate: Digest realm=\"example.org\", nonce=\"84f1\", qop=\"auth\"\n"
#define CONTACT "Contact: <sip:alice@" PLACE ">;expires=3600\n"

static struct sipreg reg;
static struct sip_message m;
static uint64_t now_s;
static bool over_tcp;
static struct endpoint place;

static int begin(void **state)
{
	(void)state;
	memset(&reg, 0, sizeof(reg));
	now_s = 1000;
	over_tcp = false;
	place.port = 36002;
	return addr_decode(STR("203.0.113.7"), &place.addr);
}

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_decode(str_from(text), &a), 0);
	return a;
}

static bool admits(const char *host)
{
	struct addr a = addr(host);

	return sipreg_admits(&reg, &a, now_s);
}

static enum sipreg_news see(bool by_phone, const char *peer, const char *text)
{
	struct str bytes = sip_rig_text(text);
	struct sipreg_facts f = {.by_phone = by_phone, .is_tcp = over_tcp, .now_s = now_s,
		.peer = {addr(peer), 5060}};
	enum sipreg_news news;

	assert_int_equal(sip_decode(bytes, over_tcp, &m), 0);
	if (by_phone == m.is_request)
		f.bound_s = sipalg_bound_s(&place, &m);
	news = sipreg_see(&reg, &m, &f);
	sip_rig_free(bytes);
	return news;
}

/* A REGISTER or its answer, after RFC 3261 24.1 and RFC 3665 2.1. */
struct line {
	const char *user, *call_id;
	unsigned cseq;
};
static const struct line alice = {"alice", "843817637684230@998sdasdh09", 1826};
static const struct line again = {"alice", "843817637684230@998sdasdh09", 1827};
static const struct line bob = {"bob", "1j9FpLxk3uxtm8tn@192.168.1.20", 1};

static void asks(const struct line *l, const char *registrar, const char *lines)
{
	char text[2048];

	snprintf(text, sizeof(text), "REGISTER sip:registrar.example.org SIP/2.0\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKnashds7;rport\nMax-Forwards: 70\n"
		"To: Alice <sip:%s@example.org>\nFrom: <sip:%s@example.org>;tag=456248\n"
		"Call-ID: %s\nCSeq: %u REGISTER\n%sContent-Length: 0\n\n", l->user, l->user,
		l->call_id, l->cseq, lines);
	assert_int_equal(see(true, registrar, text), SIPREG_NOTHING);
}

static enum sipreg_news answer(const struct line *l, const char *from, const char *status,
	const char *lines)
{
	char text[2048];

	snprintf(text, sizeof(text), "SIP/2.0 %s\n"
		"Via: SIP/2.0/UDP " PLACE ";branch=z9hG4bKnashds7;rport=36002\n"
		"To: Alice <sip:%s@example.org>;tag=2493k59kd\n"
		"From: <sip:%s@example.org>;tag=456248\n"
		"Call-ID: %s\nCSeq: %u REGISTER\n%sContent-Length: 0\n\n", status, l->user, l->user,
		l->call_id, l->cseq, lines);
	return see(false, from, text);
}

#define REGISTRAR "198.51.100.10"
#define SECOND "198.51.100.20"
#define STRANGER "198.51.100.66"

/* Asked for a password, and let in with it. */
static enum sipreg_news sign_in(const struct line *l, const char *registrar, const char *lines)
{
	struct line next = *l;

	next.cseq++;
	asks(l, registrar, CONTACT);
	assert_int_equal(answer(l, registrar, "401 Unauthorized", DIGEST), SIPREG_NOTHING);
	asks(&next, registrar, CONTACT "Authorization: Digest username=\"alice\"\n");
	return answer(&next, registrar, "200 OK", lines);
}

static void request(const char *peer, const char *to_tag, const char *route)
{
	char text[1024];

	snprintf(text, sizeof(text), "SUBSCRIBE sip:x@example.net SIP/2.0\nv: SIP/2.0/UDP h\n"
		"f: <sip:alice@example.org>;tag=1\nt: <sip:x@example.net>%s\ni: 77\n"
		"CSeq: 1 SUBSCRIBE\n%sl: 0\n\n", to_tag, route);
	assert_int_equal(see(true, peer, text), SIPREG_NOTHING);
}

/* SIP-41, SIP-43 */
static void who_asked_for_a_password_binds(void **state)
{
	(void)state;
	assert_int_equal(sign_in(&alice, REGISTRAR, CONTACT), SIPREG_BOUND);
	assert_true(sipreg_is_bound(&reg, now_s));
	assert_true(admits(REGISTRAR));
	assert_false(admits(STRANGER));
	assert_string_equal(reg.at[0].aor, "sip:alice@example.org");
	assert_int_equal(reg.at[0].until_s, 1000 + 3600);
	assert_int_equal(reg.at[0].since_s, 1000);
	assert_int_equal(reg.at[0].registrar.port, 5060);
	assert_false(reg.at[0].is_tcp);
	/* A proxy's challenge does too. */
	begin(NULL);
	asks(&alice, REGISTRAR, CONTACT);
	answer(&alice, REGISTRAR, "407 Proxy Authentication Required",
		"Proxy-Authenticate:\n digest realm=\"x\"\n");
	asks(&again, REGISTRAR, CONTACT);
	assert_int_equal(answer(&again, REGISTRAR, "200 OK", CONTACT), SIPREG_BOUND);
}

/* NAT slipstreaming: a server that lets in whoever comes proves nothing. */
static void who_never_asked_binds_nothing(void **state)
{
	static const char *const challenges[] = {"", "WWW-Authenticate: Basic realm=\"x\"\n",
		"WWW-Authenticate: Digestive\n", "Authorization: Digest realm=\"x\"\n"};

	(void)state;
	asks(&alice, REGISTRAR, CONTACT "Authorization: Digest username=\"alice\"\n");
	assert_int_equal(answer(&alice, REGISTRAR, "200 OK", CONTACT), SIPREG_UNPROVEN);
	for (size_t i = 0; i < sizeof(challenges) / sizeof(challenges[0]); i++) {
		asks(&alice, REGISTRAR, CONTACT);
		answer(&alice, REGISTRAR, "401 Unauthorized", challenges[i]);
		asks(&again, REGISTRAR, CONTACT);
		assert_int_equal(answer(&again, REGISTRAR, "200 OK", CONTACT), SIPREG_UNPROVEN);
	}
	assert_false(sipreg_is_bound(&reg, now_s));
	assert_false(admits(REGISTRAR));
	/* Nor does another's challenge, or one within another Call-ID. */
	asks(&alice, SECOND, CONTACT);
	answer(&alice, SECOND, "401 Unauthorized", DIGEST);
	asks(&again, REGISTRAR, CONTACT);
	assert_int_equal(answer(&again, REGISTRAR, "200 OK", CONTACT), SIPREG_UNPROVEN);
	asks(&bob, SECOND, CONTACT);
	assert_int_equal(answer(&bob, SECOND, "200 OK", CONTACT), SIPREG_UNPROVEN);
	assert_false(sipreg_is_bound(&reg, now_s));
	/* Nor is it enough that the phone speaks with it. */
	sign_in(&alice, REGISTRAR, CONTACT);
	request(STRANGER, "", "");
	asks(&bob, STRANGER, CONTACT);
	assert_int_equal(answer(&bob, STRANGER, "200 OK", CONTACT), SIPREG_UNPROVEN);
}

static void what_answers_no_register_binds_nothing(void **state)
{
	static const struct line other_id = {"alice", "x@998sdasdh09", 1827};

	(void)state;
	/* Before any. */
	answer(&alice, REGISTRAR, "401 Unauthorized", DIGEST);
	assert_int_equal(answer(&alice, REGISTRAR, "200 OK", CONTACT), SIPREG_NOTHING);
	asks(&alice, REGISTRAR, CONTACT);
	/* The challenge of somebody else, then the right one. */
	answer(&alice, STRANGER, "401 Unauthorized", DIGEST);
	answer(&alice, REGISTRAR, "401 Unauthorized", DIGEST);
	asks(&again, REGISTRAR, CONTACT);
	assert_int_equal(answer(&again, STRANGER, "200 OK", CONTACT), SIPREG_NOTHING);
	assert_int_equal(answer(&alice, REGISTRAR, "200 OK", CONTACT), SIPREG_NOTHING);
	assert_int_equal(answer(&other_id, REGISTRAR, "200 OK", CONTACT), SIPREG_NOTHING);
	assert_int_equal(answer(&again, REGISTRAR, "100 Trying", CONTACT), SIPREG_NOTHING);
	assert_false(sipreg_is_bound(&reg, now_s));
	/* The right one is good once, and for a minute. */
	now_s += SIPREG_ASKED_S;
	assert_int_equal(answer(&again, REGISTRAR, "200 OK", CONTACT), SIPREG_NOTHING);
	asks(&again, REGISTRAR, CONTACT);
	now_s += SIPREG_ASKED_S - 1;
	assert_int_equal(answer(&again, REGISTRAR, "200 OK", CONTACT), SIPREG_BOUND);
	assert_int_equal(answer(&again, REGISTRAR, "200 OK", CONTACT), SIPREG_NOTHING);
	/* A phone's own answer to a REGISTER, should there be one, is no registrar's. */
	asks(&bob, REGISTRAR, CONTACT);
	assert_int_equal(see(true, REGISTRAR, "SIP/2.0 403 No\nv: SIP/2.0/UDP h\nf: <sip:a@b>;tag=1"
		"\nt: <sip:alice@example.org>\ni: 1j9FpLxk3uxtm8tn@192.168.1.20\n"
		"CSeq: 1 REGISTER\nl: 0\n\n"), SIPREG_NOTHING);
	assert_true(admits(REGISTRAR));
}

/* A phone may use the same nonce for long, and start anew with another Call-ID. */
static void a_refresh_keeps_it(void **state)
{
	static const struct line refresh = {"alice", "843817637684230@998sdasdh09", 1828};
	static const struct line restarted = {"alice", "other@192.168.1.20", 1};

	(void)state;
	sign_in(&alice, REGISTRAR, CONTACT);
	now_s += 3000;
	asks(&refresh, REGISTRAR, CONTACT);
	asks(&refresh, REGISTRAR, CONTACT);	/* a retransmission */
	assert_int_equal(answer(&refresh, REGISTRAR, "200 OK", "Contact: <sip:alice@" PLACE ">\n"
		"Expires: 60\n"), SIPREG_KEPT);
	assert_int_equal(reg.at[0].since_s, 1000);
	assert_int_equal(reg.at[0].until_s, 4000 + 60);
	request(REGISTRAR, "", "");
	request(STRANGER, "", "");
	asks(&restarted, REGISTRAR, CONTACT);
	assert_int_equal(answer(&restarted, REGISTRAR, "200 OK", CONTACT), SIPREG_KEPT);
	assert_false(reg.at[1].used);
	/* After it has run out unseen, who once asked for a password need not do so again. */
	now_s += 3600 + SIPREG_MARGIN_S;
	assert_false(admits(REGISTRAR));
	asks(&refresh, REGISTRAR, CONTACT);
	assert_int_equal(answer(&refresh, REGISTRAR, "200 OK", CONTACT), SIPREG_BOUND);
	assert_int_equal(reg.at[0].since_s, now_s);
	assert_true(admits(REGISTRAR));
	assert_false(admits(STRANGER));
}

/* SIP-42 */
static void unregistering_ends_it(void **state)
{
	static const char *const lines[] = {"", "Expires: 60\n",
		"Contact: <sip:alice@" PLACE ">;expires=0\n",
		"Contact: <sip:alice@198.51.100.77>;expires=600\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		begin(NULL);
		sign_in(&alice, REGISTRAR, CONTACT);
		request(STRANGER, "", "");
		asks(&again, REGISTRAR, "Contact: *\nExpires: 0\n");
		assert_true(admits(REGISTRAR));
		assert_int_equal(answer(&again, REGISTRAR, "200 OK", lines[i]), SIPREG_GONE);
		assert_false(sipreg_is_bound(&reg, now_s));
		assert_false(admits(REGISTRAR) || admits(STRANGER));
		asks(&again, REGISTRAR, "Contact: *\nExpires: 0\n");
		assert_int_equal(answer(&again, REGISTRAR, "200 OK", lines[i]), SIPREG_NOTHING);
	}
	/* Registered anew, it is with who was there before only as far as it is again. */
	assert_int_equal(sign_in(&alice, REGISTRAR, CONTACT), SIPREG_BOUND);
	assert_true(admits(REGISTRAR));
	assert_false(admits(STRANGER));
}

/* RFC 3261 10.3: who asked to be bound is told so, by its own address; else it is not. */
static void a_yes_without_the_phone_is_none(void **state)
{
	static const char *const lines[] = {"", "Expires: 60\n",
		"Contact: <sip:alice@" PLACE ">;expires=0\n",
		"Contact: <sip:alice@198.51.100.77>;expires=600\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		begin(NULL);
		sign_in(&alice, REGISTRAR, CONTACT);
		for (int again_too = 0; again_too < 2; again_too++) {
			asks(&again, REGISTRAR, CONTACT);
			assert_int_equal(answer(&again, REGISTRAR, "200 OK", lines[i]),
				SIPREG_UNCONFIRMED);
			assert_false(sipreg_is_bound(&reg, now_s) || admits(REGISTRAR));
		}
	}
}

/* SIP-42: a no for good ends it; what the phone will try again does not. */
static void refusals_for_good_end_it(void **state)
{
	static const struct {
		const char *status;
		bool good;
	} cases[] = {
		{"403 Forbidden", true}, {"404 Not Found", true}, {"410 Gone", true},
		{"401 Unauthorized", false}, {"407 Proxy Authentication Required", false},
		{"423 Interval Too Brief", false}, {"400 Bad Request", false},
		{"408 Request Timeout", false}, {"301 Moved Permanently", false},
		{"500 Server Internal Error", false}, {"503 Service Unavailable", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(NULL);
		sign_in(&alice, REGISTRAR, CONTACT);
		sign_in(&bob, REGISTRAR, CONTACT);
		asks(&again, REGISTRAR, CONTACT);
		assert_int_equal(answer(&again, STRANGER, cases[i].status, DIGEST), SIPREG_NOTHING);
		assert_int_equal(answer(&again, REGISTRAR, cases[i].status, DIGEST),
			cases[i].good ? SIPREG_GONE : SIPREG_NOTHING);
		assert_int_equal(reg.at[0].used, !cases[i].good);
		/* The other line is as it was. */
		assert_true(reg.at[1].used && admits(REGISTRAR));
	}
}

/* SIP-41, SIP-42: open as long as the registrar said, and a little more; not longer. */
static void it_runs_out(void **state)
{
	bool gone = true;

	(void)state;
	assert_true(sipreg_tick(&reg, now_s, &gone) == UINT64_MAX && !gone);
	sign_in(&alice, REGISTRAR, CONTACT);
	sign_in(&bob, SECOND, "Contact: <sip:bob@" PLACE ">;expires=60\n");
	assert_int_equal(sipreg_tick(&reg, now_s, &gone), 1060 + SIPREG_MARGIN_S);
	assert_false(gone);
	now_s = 1060 + SIPREG_MARGIN_S - 1;
	assert_true(admits(SECOND));
	sipreg_tick(&reg, now_s, &gone);
	assert_false(gone);
	now_s++;
	assert_int_equal(sipreg_tick(&reg, now_s, &gone), 4600 + SIPREG_MARGIN_S);
	assert_true(gone);
	assert_false(admits(SECOND));
	assert_true(admits(REGISTRAR));
	now_s = 4600 + SIPREG_MARGIN_S;
	assert_false(sipreg_is_bound(&reg, now_s) || admits(REGISTRAR));
	assert_true(sipreg_tick(&reg, now_s, &gone) == UINT64_MAX && gone);
	/* For as long as 136 years. */
	sign_in(&alice, REGISTRAR, "Contact: <sip:alice@" PLACE ">;expires=4294967295\n");
	assert_int_equal(sipreg_tick(&reg, now_s, &gone), now_s + UINT32_MAX + SIPREG_MARGIN_S);
}

static void lines_are_apart(void **state)
{
	(void)state;
	assert_int_equal(sign_in(&alice, REGISTRAR, CONTACT), SIPREG_BOUND);
	assert_int_equal(sign_in(&bob, REGISTRAR, CONTACT), SIPREG_BOUND);
	assert_int_equal(sign_in(&alice, SECOND, CONTACT), SIPREG_BOUND);
	assert_int_equal(sign_in(&bob, REGISTRAR, CONTACT), SIPREG_KEPT);
	assert_true(admits(REGISTRAR) && admits(SECOND));
	asks(&again, REGISTRAR, "Contact: *\n");
	assert_int_equal(answer(&again, REGISTRAR, "200 OK", ""), SIPREG_GONE);
	assert_true(admits(REGISTRAR));		/* for bob */
	asks(&bob, REGISTRAR, "Contact: *\n");
	assert_int_equal(answer(&bob, REGISTRAR, "200 OK", ""), SIPREG_GONE);
	assert_false(admits(REGISTRAR));
	assert_true(admits(SECOND));
}

static void more_lines_than_there_is_room_for_change_nothing(void **state)
{
	struct line l = {.call_id = "1", .cseq = 1};
	char user[16];

	(void)state;
	l.user = user;
	for (int i = 0; i < SIPREG_MAX + 1; i++) {
		snprintf(user, sizeof(user), "line%d", i);
		assert_int_equal(sign_in(&l, REGISTRAR, CONTACT),
			i < SIPREG_MAX ? SIPREG_BOUND : SIPREG_NOTHING);
	}
	assert_string_equal(reg.at[0].aor, "sip:line0@example.org");
	assert_true(admits(REGISTRAR));
	/* One that has run out makes room, seen to or not. */
	reg.at[3].until_s = now_s - SIPREG_MARGIN_S;
	assert_int_equal(sign_in(&l, SECOND, CONTACT), SIPREG_BOUND);
	assert_string_equal(reg.at[3].aor, "sip:line8@example.org");
}

static void tcp_is_noted(void **state)
{
	(void)state;
	over_tcp = true;
	assert_int_equal(sign_in(&alice, REGISTRAR, CONTACT), SIPREG_BOUND);
	assert_true(reg.at[0].is_tcp);
	over_tcp = false;
	assert_int_equal(sign_in(&alice, REGISTRAR, CONTACT), SIPREG_KEPT);
	assert_false(reg.at[0].is_tcp);
}

/* SIP-43: addresses only, names lead anywhere. */
static void routes_are_admitted(void **state)
{
	(void)state;
	sign_in(&alice, REGISTRAR, CONTACT "Service-Route: <sip:198.51.100.31;lr>,\n"
		" <sip:[2001:db8::31]:5062;lr>, <sip:edge.example.org;lr>, <tel:198.51.100.32>\n"
		"Service-Route: <sip:198.51.100.33:6060;lr>, <sip:127.0.0.1>, <sip:224.0.0.1>\n"
		"Path: <sip:198.51.100.34>\n");
	assert_true(admits("198.51.100.31") && admits("2001:db8::31") && admits("198.51.100.33"));
	assert_false(admits("198.51.100.32") || admits("198.51.100.34"));
	assert_false(admits("127.0.0.1") || admits("224.0.0.1"));
	request(REGISTRAR, "", "Route: <sip:198.51.100.41;lr>, <sip:proxy.example.org>\n");
	assert_true(admits("198.51.100.41"));
	/* In a dialog it is the other party that said so. */
	request(REGISTRAR, ";tag=2", "Route: <sip:198.51.100.42;lr>\n");
	assert_false(admits("198.51.100.42"));
}

static void hosts_the_phone_asks_are_admitted(void **state)
{
	(void)state;
	request("198.51.100.51", "", "Route: <sip:198.51.100.52>\n");
	sign_in(&alice, REGISTRAR, CONTACT);
	assert_false(admits("198.51.100.51") || admits("198.51.100.52"));
	request("198.51.100.51", "", "");
	assert_true(admits("198.51.100.51"));
	/* Where it registers proves itself first; who asks the phone is not asked by it. */
	asks(&bob, STRANGER, CONTACT);
	assert_false(admits(STRANGER));
	assert_int_equal(see(false, STRANGER, "OPTIONS sip:a@" PLACE " SIP/2.0\nv: SIP/2.0/UDP h\n"
		"f: <sip:x@h>;tag=1\nt: <sip:a@h>\ni: 9\nCSeq: 1 OPTIONS\n"
		"Route: <sip:198.51.100.66>\nl: 0\n\n"), SIPREG_NOTHING);
	assert_int_equal(see(true, STRANGER, "SIP/2.0 200 OK\nv: SIP/2.0/UDP h\n"
		"f: <sip:x@h>;tag=1\nt: <sip:a@h>;tag=2\ni: 9\nCSeq: 1 OPTIONS\nl: 0\n\n"),
		SIPREG_NOTHING);
	assert_false(admits(STRANGER));
}

static void the_longest_silent_makes_room_but_no_registrar(void **state)
{
	char host[32];

	(void)state;
	sign_in(&alice, REGISTRAR, CONTACT);
	for (int i = 0; i < 3 * SIPREG_HOSTS_MAX; i++) {
		now_s++;
		snprintf(host, sizeof(host), "192.0.2.%d", i + 1);
		request(host, "", "");
		assert_true(admits(host) && admits(REGISTRAR));
	}
	assert_false(admits("192.0.2.33"));
	assert_true(admits("192.0.2.34"));
	/* Heard again, it stays, and the next goes. */
	now_s++;
	request("192.0.2.34", "", "");
	request("192.0.2.99", "", "");
	assert_true(admits("192.0.2.34"));
	assert_false(admits("192.0.2.35"));
}

static void who_proved_itself_is_not_forgotten_for_others(void **state)
{
	char host[32];

	(void)state;
	sign_in(&bob, REGISTRAR, CONTACT);
	for (int i = 0; i < 2 * SIPREG_HOSTS_MAX; i++) {
		now_s++;
		snprintf(host, sizeof(host), "192.0.2.%d", i + 1);
		sign_in(&alice, host, CONTACT);
		assert_true(admits(host) && admits(REGISTRAR));
		asks(&again, host, "Contact: *\n");
		assert_int_equal(answer(&again, host, "200 OK", ""), SIPREG_GONE);
		assert_true(!admits(host) && admits(REGISTRAR));
		request(host, "", "");
	}
	for (int i = 0; i < 2 * SIPREG_HOSTS_MAX; i++) {
		now_s++;
		snprintf(host, sizeof(host), "198.51.100.%d", 100 + i);
		request(host, "", "");
	}
	asks(&again, "192.0.2.32", CONTACT);
	assert_int_equal(answer(&again, "192.0.2.32", "200 OK", CONTACT), SIPREG_BOUND);
}

static void a_long_name_is_cut(void **state)
{
	char user[256];
	const struct line l = {user, "1", 1};

	(void)state;
	snprintf(user, sizeof(user), "%%41%0*d", 200, 0);
	assert_int_equal(sign_in(&l, REGISTRAR, CONTACT), SIPREG_BOUND);
	assert_int_equal(strlen(reg.at[0].aor), SIPREG_AOR_MAX);
	assert_memory_equal(reg.at[0].aor, "sip:%4100", 9);
	assert_int_equal(sign_in(&l, REGISTRAR, CONTACT), SIPREG_KEPT);
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_asked_for_a_password_binds),
		TEST(who_never_asked_binds_nothing),
		TEST(what_answers_no_register_binds_nothing),
		TEST(a_refresh_keeps_it),
		TEST(unregistering_ends_it),
		TEST(a_yes_without_the_phone_is_none),
		TEST(refusals_for_good_end_it),
		TEST(it_runs_out),
		TEST(lines_are_apart),
		TEST(more_lines_than_there_is_room_for_change_nothing),
		TEST(tcp_is_noted),
		TEST(routes_are_admitted),
		TEST(hosts_the_phone_asks_are_admitted),
		TEST(the_longest_silent_makes_room_but_no_registrar),
		TEST(who_proved_itself_is_not_forgotten_for_others),
		TEST(a_long_name_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
