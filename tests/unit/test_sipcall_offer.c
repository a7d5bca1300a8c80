/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offers and answers wherever they occur (SIP-62): which ports are open, and for whom. */
#include "protocols/sipcall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sipcall_rig.h"

static struct rig r;

#define HELD(ip, port) RIG_SDP(ip, port, "a=sendonly\n")

/* SIP-70: from the offer on, then whom the answers name. */
static void early_media_comes_in(void **state)
{
	(void)state;
	rig_begin(&r);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	assert_call(SIPCALL_RINGING, "4000", "");
	assert_true(addr_eq(&r.c->signalling, &r.facts.peer));
	PEER(.status = 183, .method = "INVITE", .sdp = FAR_1);
	assert_call(SIPCALL_RINGING, "4000", "1");
	assert_true(r.changed);
	PEER(.status = 183, .method = "INVITE", .sdp = FAR_1);
	assert_false(r.changed);
	PEER(.status = 200, .method = "INVITE");	/* said already */
	assert_call(SIPCALL_UP, "4000", "1");

	rig_begin(&r);
	PEER(.method = "INVITE", .own = NONE, .sdp = FAR_1);
	PHONE(.status = 183, .method = "INVITE", .sdp = OWN_A);
	assert_call(SIPCALL_RINGING, "4000", "1");
	PHONE(.status = 200, .method = "INVITE");
	assert_call(SIPCALL_UP, "4000", "1");
}

/* RFC 3261 13.2.2.4 */
static void forks_are_united_and_narrowed(void **state)
{
	static const char *const tags[] = {"a", "b", "c", "d", "e", "f", "g"};
	static const char *const sdp[] = {FAR_1, FAR_2, FAR_3,
		RIG_SDP("198.51.100.4", "7000", ""), RIG_SDP("198.51.100.5", "7000", ""),
		RIG_SDP("198.51.100.6", "7000", ""), RIG_SDP("198.51.100.7", "7000", "")};

	(void)state;
	rig_begin(&r);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	for (unsigned i = 0; i < 7; i++)
		PEER(.status = 183, .method = "INVITE", .peer = tags[i], .sdp = sdp[i]);
	assert_call(SIPCALL_RINGING, "4000", "1 2 3 4 5 6");	/* SIPCALL_PEERS_MAX */
	PEER(.status = 200, .method = "INVITE", .peer = "g", .sdp = sdp[6]);
	assert_call(SIPCALL_UP, "4000", "7");
	assert_true(r.changed);
	PEER(.status = 183, .method = "INVITE", .peer = "a", .sdp = sdp[0]);	/* late */
	assert_null(r.c);
	/* Asked for a password by one of them: nobody rings any more. */
	rig_begin(&r);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	PEER(.status = 183, .method = "INVITE", .sdp = FAR_1);
	PHONE(.method = "UPDATE", .cseq = 2, .sdp = OWN_A);
	PEER(.status = 200, .method = "UPDATE", .cseq = 2, .sdp = FAR_1);
	PEER(.status = 183, .method = "INVITE", .peer = "b", .sdp = FAR_2);
	assert_call(SIPCALL_RINGING, "4000", "1 2");
	PEER(.status = 407, .method = "INVITE");
	PHONE(.method = "INVITE", .cseq = 2, .peer = NONE, .sdp = OWN_B);
	assert_call(SIPCALL_RINGING, "5000", "");
}

/* The 2xx offers, the ACK answers. */
static void offers_may_come_late(void **state)
{
	(void)state;
	rig_begin(&r);
	PEER(.method = "INVITE", .own = NONE);
	assert_call(SIPCALL_RINGING, "", "");
	PHONE(.status = 180, .method = "INVITE");
	PHONE(.status = 200, .method = "INVITE", .sdp = OWN_A);
	assert_call(SIPCALL_UP, "4000", "");
	PHONE(.status = 200, .method = "INVITE", .sdp = OWN_A);
	assert_false(r.changed);
	PEER(.method = "ACK", .sdp = FAR_1);
	assert_call(SIPCALL_UP, "4000", "1");
	PEER(.method = "ACK", .sdp = FAR_1);
	assert_false(r.changed);

	rig_begin(&r);
	PHONE(.method = "INVITE", .peer = NONE);
	assert_call(SIPCALL_RINGING, "", "");
	PEER(.status = 200, .method = "INVITE", .sdp = FAR_1);
	assert_call(SIPCALL_UP, "", "1");
	PHONE(.method = "ACK", .sdp = OWN_A);
	assert_call(SIPCALL_UP, "4000", "1");

	/* Within a call the old port is good until the answer (SIP-64). */
	rig_call_out(&r);
	PEER(.method = "INVITE", .cseq = 7);
	PHONE(.status = 200, .method = "INVITE", .cseq = 7, .sdp = OWN_B);
	assert_call(SIPCALL_UP, "4000 5000", "1");
	PEER(.method = "ACK", .cseq = 7, .sdp = FAR_2);
	assert_call(SIPCALL_UP, "5000", "2");
	/* Who hears no ACK may ask again all the same. */
	PEER(.method = "INVITE", .cseq = 8);
	PHONE(.status = 200, .method = "INVITE", .cseq = 8, .sdp = OWN_A);
	PEER(.method = "INVITE", .cseq = 9);
	assert_call(SIPCALL_UP, "4000", "2");
}

/* RFC 3262, RFC 3311: before the call is taken up. */
static void prack_and_update_carry_offers(void **state)
{
	static const char *const methods[] = {"PRACK", "UPDATE"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const char *how = methods[i];

		rig_begin(&r);
		PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
		PEER(.status = 183, .method = "INVITE", .sdp = FAR_1);
		PHONE(.method = how, .cseq = 2, .sdp = OWN_B);
		assert_call(SIPCALL_RINGING, "4000 5000", "1");
		PEER(.status = 200, .method = how, .cseq = 2, .sdp = FAR_2);
		assert_call(SIPCALL_RINGING, "5000", "1 2");
		PHONE(.method = how, .cseq = 3, .sdp = OWN_A);
		PEER(.status = 488, .method = how, .cseq = 3);
		assert_call(SIPCALL_RINGING, "5000", "1 2");
		PEER(.status = 200, .method = "INVITE");
		assert_call(SIPCALL_UP, "5000", "1 2");

		rig_begin(&r);
		PEER(.method = "INVITE", .own = NONE, .sdp = FAR_1);
		PHONE(.status = 183, .method = "INVITE", .sdp = OWN_A);
		PEER(.method = how, .cseq = 2, .sdp = FAR_2);
		assert_call(SIPCALL_RINGING, "4000", "1 2");
		PHONE(.status = 200, .method = how, .cseq = 2, .sdp = OWN_B);
		assert_call(SIPCALL_RINGING, "5000", "1 2");
		PHONE(.status = 183, .method = "INVITE", .sdp = OWN_A);	/* again, late */
		assert_false(r.changed);
		PHONE(.status = 200, .method = "INVITE");
		assert_call(SIPCALL_UP, "5000", "1 2");
	}
	/* The offer in a provisional answer, the answer in its PRACK. */
	rig_begin(&r);
	PEER(.method = "INVITE", .own = NONE);
	PHONE(.status = 183, .method = "INVITE", .sdp = OWN_A);
	PEER(.method = "PRACK", .cseq = 2, .sdp = FAR_1);
	PHONE(.status = 200, .method = "PRACK", .cseq = 2);
	assert_call(SIPCALL_RINGING, "4000", "1");
	PHONE(.status = 200, .method = "INVITE");
	assert_call(SIPCALL_UP, "4000", "1");

	rig_begin(&r);
	PHONE(.method = "INVITE", .peer = NONE);
	PEER(.status = 183, .method = "INVITE", .sdp = FAR_1);
	PHONE(.method = "PRACK", .cseq = 2, .sdp = OWN_A);
	assert_call(SIPCALL_RINGING, "4000", "1");
	PEER(.status = 200, .method = "PRACK", .cseq = 2);
	PEER(.status = 200, .method = "INVITE");
	assert_call(SIPCALL_UP, "4000", "1");
}

/* SIP-64 */
static void ports_move(void **state)
{
	static const char *const methods[] = {"INVITE", "UPDATE"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const char *how = methods[i];

		rig_call_out(&r);
		PHONE(.method = how, .cseq = 2, .sdp = OWN_B);
		assert_call(SIPCALL_UP, "4000 5000", "1");
		assert_true(r.changed);
		PEER(.status = 100, .method = how, .cseq = 2);
		PEER(.status = 200, .method = how, .cseq = 1, .sdp = FAR_2);	/* old */
		assert_call(SIPCALL_UP, "4000 5000", "1");
		PEER(.status = 200, .method = how, .cseq = 2, .sdp = FAR_2);
		assert_call(SIPCALL_UP, "5000", "2");
		PEER(.status = 200, .method = how, .cseq = 2, .sdp = FAR_2);
		assert_false(r.changed);
		PHONE(.method = how, .cseq = 2, .sdp = OWN_B);		/* again, late */
		assert_false(r.changed);
		assert_false(r.c->has_next);

		rig_call_in(&r);
		PEER(.method = how, .cseq = 2, .sdp = FAR_2);
		assert_call(SIPCALL_UP, "4000", "1 2");
		PHONE(.status = 200, .method = how, .cseq = 2, .sdp = OWN_B);
		assert_call(SIPCALL_UP, "5000", "2");
	}
}

static void refused_moves_change_nothing(void **state)
{
	static const unsigned refusals[] = {488, 491, 500, 606};

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		rig_call_out(&r);
		PHONE(.method = "INVITE", .cseq = 2, .sdp = OWN_B);
		PEER(.status = refusals[i], .method = "INVITE", .cseq = 2);
		assert_call(SIPCALL_UP, "4000", "1");
		assert_true(r.changed);
		PHONE(.method = "ACK", .cseq = 2);
		PEER(.method = "UPDATE", .cseq = 9, .sdp = HELD("198.51.100.2", "7000"));
		assert_call(SIPCALL_UP, "4000", "1 2");
		PHONE(.status = refusals[i], .method = "UPDATE", .cseq = 9);
		assert_call(SIPCALL_UP, "4000", "1");
		assert_false(r.c->on_hold);
	}
	/* Asked for a password it comes again. */
	PHONE(.method = "INVITE", .cseq = 3, .sdp = OWN_B);
	PEER(.status = 407, .method = "INVITE", .cseq = 3);
	assert_call(SIPCALL_UP, "4000 5000", "1");
	PHONE(.method = "INVITE", .cseq = 4, .sdp = OWN_B);
	assert_false(r.changed);
	PEER(.status = 200, .method = "INVITE", .cseq = 4, .sdp = FAR_1);
	assert_call(SIPCALL_UP, "5000", "1");
}

/* Each side counts for itself. */
static void numbers_may_be_the_same(void **state)
{
	(void)state;
	rig_call_out(&r);
	PEER(.method = "INVITE", .cseq = 1, .sdp = FAR_2);
	PHONE(.status = 200, .method = "INVITE", .cseq = 1, .sdp = OWN_B);
	assert_call(SIPCALL_UP, "5000", "2");
}

/* RFC 3261 14.1: both ask at once and both are refused. */
static void both_ask_at_once(void **state)
{
	(void)state;
	rig_call_out(&r);
	PHONE(.method = "INVITE", .cseq = 2, .sdp = OWN_B);
	PEER(.method = "INVITE", .cseq = 2, .sdp = FAR_2);
	PHONE(.status = 491, .method = "INVITE", .cseq = 2);
	PEER(.status = 491, .method = "INVITE", .cseq = 2);
	assert_call(SIPCALL_UP, "4000", "1");
	PEER(.method = "ACK", .cseq = 2);
	PHONE(.method = "ACK", .cseq = 2);
	PHONE(.method = "INVITE", .cseq = 3, .sdp = OWN_B);
	PEER(.status = 200, .method = "INVITE", .cseq = 3, .sdp = FAR_2);
	assert_call(SIPCALL_UP, "5000", "2");
}

/* SIP-63 */
static void the_same_again_changes_nothing(void **state)
{
	(void)state;
	rig_begin(&r);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	assert_true(r.changed);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	assert_false(r.changed);
	PEER(.status = 200, .method = "INVITE", .sdp = FAR_1);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	assert_non_null(r.c);
	assert_false(r.changed);
	for (unsigned i = 2; i < 5; i++) {
		PHONE(.method = "INVITE", .cseq = i, .sdp = OWN_A);
		assert_false(r.changed);
		PEER(.status = 200, .method = "INVITE", .cseq = i, .sdp = FAR_1);
		assert_false(r.changed);
		PHONE(.method = "ACK", .cseq = i);
		assert_false(r.changed);
		PEER(.method = "UPDATE", .cseq = i, .sdp = FAR_1);
		PHONE(.status = 200, .method = "UPDATE", .cseq = i, .sdp = OWN_A);
		assert_false(r.changed);
	}
	assert_call(SIPCALL_UP, "4000", "1");
}

static void hold_and_resume(const char *rests, const char *answer)
{
	rig_call_out(&r);
	PHONE(.method = "INVITE", .cseq = 2, .sdp = rests);
	assert_false(r.c->on_hold);
	PEER(.status = 200, .method = "INVITE", .cseq = 2, .sdp = answer);
	assert_call(SIPCALL_UP, "4000", "1");
	assert_true(r.c->on_hold && r.changed);
	/* Longer than any call is silent (SIP-77). */
	assert_int_equal(rig_tick(&r, 1000, false), 1000 + SIPCALL_HOLD_S);
	PHONE(.method = "UPDATE", .cseq = 3);
	PEER(.status = 200, .method = "UPDATE", .cseq = 3);
	assert_true(r.c->on_hold);
	PHONE(.method = "INVITE", .cseq = 4, .sdp = OWN_A);
	PEER(.status = 200, .method = "INVITE", .cseq = 4, .sdp = FAR_1);
	assert_false(r.c->on_hold);
	assert_call(SIPCALL_UP, "4000", "1");
	assert_int_equal(rig_tick(&r, 1000, false), 1000 + SIPCALL_IDLE_S);
}

static void hold_keeps_the_port(void **state)
{
	(void)state;
	hold_and_resume(HELD("192.168.1.20", "4000"), RIG_SDP("198.51.100.1", "7000",
		"a=recvonly\n"));
	hold_and_resume(RIG_SDP("192.168.1.20", "4000", "a=inactive\n"),
		RIG_SDP("198.51.100.1", "7000", "a=inactive\n"));
	hold_and_resume(RIG_SDP("0.0.0.0", "4000", ""), FAR_1);
	/* The other rests. */
	rig_call_out(&r);
	PEER(.method = "INVITE", .cseq = 2, .sdp = RIG_SDP("0.0.0.0", "7000", ""));
	PHONE(.status = 200, .method = "INVITE", .cseq = 2, .sdp = OWN_A);
	assert_call(SIPCALL_UP, "4000", "1");
	assert_true(r.c->on_hold);
	/* A session refresh without description leaves it so. */
	PHONE(.method = "INVITE", .cseq = 2);
	PEER(.status = 200, .method = "INVITE", .cseq = 2);
	PHONE(.method = "ACK", .cseq = 2);
	assert_true(r.c->on_hold);
	/* And the offer that comes late ends it. */
	PHONE(.method = "INVITE", .cseq = 3);
	PEER(.status = 200, .method = "INVITE", .cseq = 3, .sdp = FAR_2);
	assert_call(SIPCALL_UP, "4000", "1 2");
	PHONE(.method = "ACK", .cseq = 3, .sdp = OWN_A);
	assert_call(SIPCALL_UP, "4000", "2");
	assert_false(r.c->on_hold);
}

/* SIP-72, SIP-65 */
static void only_hosts_that_can_send_are_let_in(void **state)
{
	(void)state;
	rig_begin(&r);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	PEER(.status = 183, .method = "INVITE", .peer = "a",
		.sdp = RIG_SDP("192.0.2.1", "7000", ""));
	PEER(.status = 183, .method = "INVITE", .peer = "b",
		.sdp = RIG_SDP("203.0.113.7", "7000", ""));
	PEER(.status = 183, .method = "INVITE", .peer = "c",
		.sdp = "v=0\no=- 1 1 IN IP6 2001:db8::1\ns=-\nc=IN IP6 2001:db8::1\nt=0 0\n"
			"m=audio 7000 RTP/AVP 8\n");
	assert_call(SIPCALL_RINGING, "4000", "");
	PEER(.status = 200, .method = "INVITE", .sdp = RIG_SDP("198.51.100.1", "7000",
		"a=rtcp:7009 IN IP4 198.51.100.2\nm=video 7002 RTP/AVP 99\n"
		"c=IN IP4 198.51.100.3\n"));
	assert_call(SIPCALL_UP, "4000", "1 2 3");
	/* Other messages with a description say nothing. */
	PEER(.method = "INFO", .cseq = 5, .sdp = RIG_SDP("198.51.100.9", "7000", ""));
	assert_call(SIPCALL_UP, "4000", "1 2 3");
	/* Of a phone's wrong address nothing is wanted. */
	PHONE(.method = "UPDATE", .cseq = 5, .sdp = RIG_SDP("192.168.1.99", "4000", ""));
	assert_call(SIPCALL_UP, "4000", "1 2 3");
	PEER(.status = 200, .method = "UPDATE", .cseq = 5, .sdp = FAR_1);
	assert_call(SIPCALL_UP, "", "1");
}

static void codecs_are_those_of_the_answer(void **state)
{
	(void)state;
	rig_begin(&r);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	assert_string_equal(r.c->codecs, "");
	PEER(.status = 200, .method = "INVITE", .sdp = "v=0\no=- 1 1 IN IP4 198.51.100.1\ns=-\n"
		"c=IN IP4 198.51.100.1\nt=0 0\nm=audio 7000 RTP/AVP 0\n");
	assert_string_equal(r.c->codecs, "PCMU");
	PHONE(.method = "INVITE", .cseq = 2, .sdp = OWN_B);
	assert_string_equal(r.c->codecs, "PCMU");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(early_media_comes_in),
		cmocka_unit_test(forks_are_united_and_narrowed),
		cmocka_unit_test(offers_may_come_late),
		cmocka_unit_test(prack_and_update_carry_offers),
		cmocka_unit_test(ports_move),
		cmocka_unit_test(refused_moves_change_nothing),
		cmocka_unit_test(numbers_may_be_the_same),
		cmocka_unit_test(both_ask_at_once),
		cmocka_unit_test(the_same_again_changes_nothing),
		cmocka_unit_test(hold_keeps_the_port),
		cmocka_unit_test(only_hosts_that_can_send_are_let_in),
		cmocka_unit_test(codecs_are_those_of_the_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
