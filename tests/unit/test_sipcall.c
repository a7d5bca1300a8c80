/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls from the INVITE to their end, and whose a message is. Media is test_sipcall_offer.c's. */
#include "protocols/sipcall.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sipcall_rig.h"

static struct rig r;

static void a_phone_calls(void **state)
{
	(void)state;
	rig_begin(&r);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	assert_call(SIPCALL_RINGING, "4000", "");
	assert_true(r.changed && r.c->by_phone);
	assert_string_equal(r.c->who, "sip:other@example.org");
	PEER(.status = 100, .method = "INVITE", .peer = NONE);
	assert_false(r.changed);
	PEER(.status = 180, .method = "INVITE");
	assert_false(r.changed);
	r.facts.now_s = 1010;
	PEER(.status = 200, .method = "INVITE", .sdp = FAR_1);
	assert_call(SIPCALL_UP, "4000", "1");
	assert_true(r.changed && r.c->since_s == 1010);
	assert_string_equal(r.c->codecs, "PCMA, PCMU");
	PHONE(.method = "ACK");
	assert_false(r.changed);
	PHONE(.method = "BYE", .cseq = 2);
	assert_call(SIPCALL_ENDING, "4000", "1");
	PEER(.status = 200, .method = "BYE", .cseq = 2);
	assert_over("the phone hung up");
	sipcall_drop(r.c);
	assert_int_equal(rig_count(&r), 0);
}

static void a_phone_is_called(void **state)
{
	(void)state;
	rig_begin(&r);
	PEER(.method = "INVITE", .own = NONE, .sdp = FAR_1);
	assert_call(SIPCALL_RINGING, "", "1");
	assert_string_equal(r.c->who, "sip:other@example.org");
	assert_string_equal(sipcall_state_text(r.c->state), "ringing");
	assert_false(r.c->by_phone);
	PHONE(.status = 180, .method = "INVITE");
	assert_call(SIPCALL_RINGING, "", "1");
	PHONE(.status = 200, .method = "INVITE", .sdp = OWN_A);
	assert_call(SIPCALL_UP, "4000", "1");
	PEER(.method = "ACK");
	PEER(.method = "BYE", .cseq = 2);
	assert_call(SIPCALL_ENDING, "4000", "1");
	PHONE(.status = 200, .method = "BYE", .cseq = 2);
	assert_over("the other side hung up");
}

static void nothing_begins_without_leave(void **state)
{
	static const char *const others[] = {"SUBSCRIBE", "REGISTER", "MESSAGE", "OPTIONS",
		"REFER", "NOTIFY", "PUBLISH", "UPDATE", "BYE", "ACK", "CANCEL"};

	(void)state;
	rig_begin(&r);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		PHONE(.method = others[i], .peer = NONE, .sdp = OWN_A);
		assert_none();
	}
	PHONE(.method = "INVITE", .sdp = OWN_A);	/* of a dialog nobody has seen */
	assert_none();
	PEER(.status = 200, .method = "INVITE", .sdp = FAR_1);
	assert_none();
	r.facts.may_begin = false;
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	assert_none();
	assert_int_equal(rig_count(&r), 0);
}

static void a_password_is_asked_for(void **state)
{
	struct sipcall *first;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		rig_begin(&r);
		PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
		first = r.c;
		PEER(.status = i ? 407 : 401, .method = "INVITE", .peer = "proxy");
		assert_call(SIPCALL_CHALLENGED, "4000", "");
		PHONE(.method = "ACK", .peer = "proxy");
		PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);		/* late */
		assert_call(SIPCALL_CHALLENGED, "4000", "");
		r.facts.may_begin = false;
		PHONE(.method = "INVITE", .cseq = 2, .peer = NONE, .sdp = OWN_A);
		assert_ptr_equal(r.c, first);
		assert_call(SIPCALL_RINGING, "4000", "");
		PEER(.status = 401, .method = "INVITE", .peer = "proxy");	/* late */
		assert_call(SIPCALL_RINGING, "4000", "");
		PEER(.status = 200, .method = "INVITE", .cseq = 2, .sdp = FAR_1);
		assert_call(SIPCALL_UP, "4000", "1");
		assert_int_equal(rig_count(&r), 1);
	}
	rig_begin(&r);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	PEER(.status = 422, .method = "INVITE");
	assert_int_equal(rig_tick(&r, 1000, false), 1000 + SIPCALL_RETRY_S);
	rig_tick(&r, 1000 + SIPCALL_RETRY_S, true);
	assert_int_equal(r.c->state, SIPCALL_OVER);
}

static void refusals_have_words(void **state)
{
	static const struct {
		unsigned status;
		const char *why;
	} of[] = {
		{302, "the caller was sent elsewhere"}, {404, "not found"}, {486, "busy"},
		{480, "not available"}, {500, "the call was refused"}, {600, "busy"},
		{603, "declined"}, {699, "the call was refused"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		rig_begin(&r);
		PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
		PEER(.status = of[i].status, .method = "INVITE", .cseq = 2);
		assert_false(r.changed);	/* of another INVITE */
		PEER(.status = of[i].status, .method = "INVITE");
		assert_over(of[i].why);
		rig_begin(&r);
		PEER(.method = "INVITE", .own = NONE, .sdp = FAR_1);
		PHONE(.status = of[i].status, .method = "INVITE");
		assert_over(of[i].why);
	}
}

static void calls_are_cancelled(void **state)
{
	(void)state;
	rig_begin(&r);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	PEER(.status = 180, .method = "INVITE");
	PHONE(.method = "CANCEL", .peer = NONE);
	PEER(.status = 200, .method = "CANCEL");
	assert_call(SIPCALL_RINGING, "4000", "");
	PEER(.status = 487, .method = "INVITE");
	assert_over("cancelled");
	rig_begin(&r);
	PEER(.method = "INVITE", .own = NONE, .sdp = FAR_1);
	PEER(.method = "CANCEL", .own = NONE);
	assert_int_equal(rig_tick(&r, 1000, false), 1000 + SIPCALL_RETRY_S);
	PHONE(.status = 200, .method = "INVITE", .sdp = OWN_A);	/* it was too late */
	assert_call(SIPCALL_UP, "4000", "1");
}

static void only_an_answer_ends_it(void **state)
{
	static const unsigned ends[] = {200, 481, 408};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		rig_call_out(&r);
		PEER(.method = "BYE", .cseq = 5);
		PHONE(.status = 100, .method = "BYE", .cseq = 5);
		assert_call(SIPCALL_ENDING, "4000", "1");
		PHONE(.status = ends[i], .method = "BYE", .cseq = 5);
		assert_over("the other side hung up");
	}
	rig_call_out(&r);
	PHONE(.method = "BYE", .cseq = 2);
	PEER(.status = 407, .method = "BYE", .cseq = 2);
	assert_call(SIPCALL_UP, "4000", "1");
	PHONE(.method = "BYE", .cseq = 3);
	PEER(.status = 200, .method = "BYE", .cseq = 2);
	PHONE(.status = 200, .method = "BYE", .cseq = 3);	/* it answers itself? */
	assert_call(SIPCALL_ENDING, "4000", "1");
	PEER(.status = 500, .method = "BYE", .cseq = 3);
	assert_over("the phone hung up");
	rig_call_in(&r);
	PEER(.method = "BYE", .cseq = 2);
	PHONE(.status = 403, .method = "BYE", .cseq = 2);	/* the phone does not believe it */
	assert_call(SIPCALL_UP, "4000", "1");
	PEER(.method = "BYE", .cseq = 3);
	assert_int_equal(rig_tick(&r, 1000, true), 1000 + SIPCALL_RETRY_S);
	rig_tick(&r, 1000 + SIPCALL_RETRY_S, true);
	assert_int_equal(r.c->state, SIPCALL_OVER);
}

/* SIP-76 */
static void nobody_else_ends_it(void **state)
{
	struct sipcall before;

	(void)state;
	rig_call_out(&r);
	before = *r.c;
	PEER(.method = "BYE", .cseq = 2, .peer = "else");
	assert_none();
	PEER(.method = "BYE", .cseq = 2, .own = "else");
	assert_none();
	PEER(.method = "BYE", .cseq = 2, .own = "peer", .peer = "own");	/* as the phone would */
	assert_none();
	PEER(.method = "BYE", .cseq = 2, .id = "other");
	assert_none();
	PHONE(.method = "BYE", .cseq = 2, .own = "peer", .peer = "own");
	assert_none();
	PEER(.status = 486, .method = "INVITE");	/* it was answered before */
	assert_false(r.changed);
	PEER(.status = 200, .method = "BYE");		/* nobody said BYE */
	assert_false(r.changed);
	PHONE(.method = "CANCEL", .peer = NONE);
	assert_false(r.changed);
	assert_memory_equal(&before, &r.calls.at[0], sizeof(before));
}

static void what_is_over_stays_over(void **state)
{
	struct sipcalls before;

	(void)state;
	rig_call_out(&r);
	PHONE(.method = "BYE", .cseq = 2);
	PEER(.status = 200, .method = "BYE", .cseq = 2);
	before = r.calls;
	PEER(.status = 200, .method = "INVITE", .sdp = FAR_2);
	assert_none();
	PEER(.status = 200, .method = "INVITE", .peer = "fork", .sdp = FAR_2);
	assert_none();
	PHONE(.method = "INVITE", .cseq = 3, .sdp = OWN_B);
	assert_none();
	assert_int_equal(rig_tick(&r, 9999999, true), UINT64_MAX);
	assert_memory_equal(&before, &r.calls, sizeof(before));
}

static void an_early_bye_ends_one_who_rings(void **state)
{
	(void)state;
	rig_begin(&r);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	PEER(.status = 183, .method = "INVITE", .peer = "x", .sdp = FAR_1);
	PEER(.status = 183, .method = "INVITE", .peer = "y", .sdp = FAR_2);
	PHONE(.method = "BYE", .cseq = 2, .peer = "x");
	PEER(.status = 200, .method = "BYE", .cseq = 2, .peer = "x");
	assert_call(SIPCALL_RINGING, "4000", "1 2");
	PEER(.status = 200, .method = "INVITE", .peer = "y", .sdp = FAR_2);
	assert_call(SIPCALL_UP, "4000", "2");
}

/* RFC 3261 13.2.2.4: the phone hangs up all but one. */
static void two_answer(void **state)
{
	struct sipcall *first;

	(void)state;
	rig_call_out(&r);
	first = r.c;
	PEER(.status = 200, .method = "INVITE", .peer = "fork", .sdp = FAR_2);
	assert_ptr_not_equal(r.c, first);
	assert_call(SIPCALL_UP, "4000", "2");
	assert_true(r.changed);
	PEER(.status = 200, .method = "INVITE", .peer = "fork", .sdp = FAR_2);
	assert_false(r.changed);
	PHONE(.method = "ACK", .peer = "fork");
	assert_int_equal(rig_count(&r), 2);
	PHONE(.method = "BYE", .cseq = 2, .peer = "fork");
	PEER(.status = 200, .method = "BYE", .cseq = 2, .peer = "fork");
	assert_over("the phone hung up");
	r.c = first;
	assert_call(SIPCALL_UP, "4000", "1");
	sipcall_drop(&r.calls.at[1]);
	/* Again, too late, and nobody confirms it: it goes, whatever the first's media does. */
	PEER(.status = 200, .method = "INVITE", .peer = "fork", .sdp = FAR_2);
	rig_tick(&r, 1000 + SIPCALL_RETRY_S - 1, true);
	assert_int_equal(r.c->state, SIPCALL_UP);
	rig_tick(&r, 1000 + SIPCALL_RETRY_S, true);
	assert_int_equal(r.c->state, SIPCALL_OVER);
	assert_int_equal(first->state, SIPCALL_UP);
	/* The other one may be the one that is kept. */
	rig_call_out(&r);
	PEER(.status = 200, .method = "INVITE", .peer = "fork", .sdp = FAR_2);
	PHONE(.method = "ACK", .peer = "fork");
	rig_tick(&r, 1000 + 2 * SIPCALL_RETRY_S, false);
	assert_call(SIPCALL_UP, "4000", "2");
}

static void an_invite_of_another_is_another_call(void **state)
{
	struct sipcall *first;

	(void)state;
	rig_begin(&r);
	PEER(.method = "INVITE", .own = NONE, .sdp = FAR_1);
	first = r.c;
	PEER(.method = "INVITE", .own = NONE, .peer = "else", .sdp = FAR_2);
	assert_ptr_not_equal(r.c, first);
	PHONE(.status = 486, .method = "INVITE", .peer = "else");
	assert_over("busy");
	assert_int_equal(first->state, SIPCALL_RINGING);
	/* The same one by another way, which the phone refuses. */
	PEER(.method = "INVITE", .own = NONE, .sdp = FAR_1);
	assert_ptr_equal(r.c, first);
	PHONE(.status = 482, .method = "INVITE");
	assert_call(SIPCALL_RINGING, "", "1");
}

/* The same INVITE goes out and comes back. */
static void a_phone_calls_itself(void **state)
{
	struct sipcall *out, *in;

	(void)state;
	rig_begin(&r);
	PHONE(.method = "INVITE", .own = "a", .peer = NONE, .sdp = OWN_A);
	out = r.c;
	PEER(.method = "INVITE", .own = NONE, .peer = "a",
		.sdp = RIG_SDP("203.0.113.7", "36000", ""));
	in = r.c;
	assert_ptr_not_equal(in, out);
	assert_call(SIPCALL_RINGING, "", "");		/* ourselves are not let in (SIP-65) */
	PHONE(.status = 200, .method = "INVITE", .own = "b", .peer = "a", .sdp = OWN_B);
	assert_ptr_equal(r.c, in);
	assert_call(SIPCALL_UP, "5000", "");
	assert_int_equal(out->state, SIPCALL_RINGING);
	PEER(.status = 200, .method = "INVITE", .own = "a", .peer = "b", .sdp = FAR_1);
	assert_ptr_equal(r.c, out);
	PHONE(.method = "ACK", .own = "a", .peer = "b");
	assert_ptr_equal(r.c, out);
	PEER(.method = "ACK", .own = "b", .peer = "a");
	assert_ptr_equal(r.c, in);
	PHONE(.method = "BYE", .own = "a", .peer = "b", .cseq = 2);
	PEER(.method = "BYE", .own = "b", .peer = "a", .cseq = 2);
	PHONE(.status = 200, .method = "BYE", .own = "b", .peer = "a", .cseq = 2);
	assert_ptr_equal(r.c, in);
	assert_over("the other side hung up");
	PEER(.status = 200, .method = "BYE", .own = "a", .peer = "b", .cseq = 2);
	assert_ptr_equal(r.c, out);
	assert_over("the phone hung up");
}

/* SIP-73 */
static void calls_do_not_touch_each_other(void **state)
{
	struct sipcall first;

	(void)state;
	rig_call_out(&r);
	first = *r.c;
	PHONE(.method = "INVITE", .peer = NONE, .id = "two", .sdp = OWN_B);
	assert_call(SIPCALL_RINGING, "5000", "");
	PEER(.status = 603, .method = "INVITE", .id = "two");
	assert_over("declined");
	assert_memory_equal(&first, &r.calls.at[0], sizeof(first));
}

static void bounds_are_what_they_say(void **state)
{
	static const char *const ids[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
	char text[SIPCALL_ID_MAX + 2], more[1024], sdp[2048];
	struct sipcalls before;

	(void)state;
	rig_begin(&r);
	for (unsigned i = 0; i < SIPCALL_MAX; i++) {
		PHONE(.method = "INVITE", .peer = NONE, .id = ids[i], .sdp = OWN_A);
		assert_int_equal(r.err, 0);
	}
	before = r.calls;
	PHONE(.method = "INVITE", .peer = NONE, .id = ids[SIPCALL_MAX], .sdp = OWN_A);
	assert_int_equal(r.err, ERR_BUSY);
	assert_null(r.c);
	assert_memory_equal(&before, &r.calls, sizeof(before));

	rig_begin(&r);
	memset(text, 'x', sizeof(text) - 1);
	text[SIPCALL_ID_MAX + 1] = '\0';
	PHONE(.method = "INVITE", .peer = NONE, .id = text, .sdp = OWN_A);
	assert_int_equal(r.err, ERR_FULL);
	PHONE(.method = "INVITE", .peer = NONE, .id = text + 1, .sdp = OWN_A);
	assert_int_equal(r.err, 0);
	text[SIPCALL_TAG_MAX + 1] = '\0';
	PHONE(.method = "INVITE", .peer = NONE, .own = text, .sdp = OWN_A);
	assert_int_equal(r.err, ERR_FULL);
	PHONE(.method = "INVITE", .peer = NONE, .own = text + 1, .sdp = OWN_A);
	assert_int_equal(r.err, 0);
	PEER(.status = 200, .method = "INVITE", .own = text + 1, .peer = text, .sdp = FAR_1);
	assert_over("the tag of who answered is too long");

	rig_begin(&r);
	more[0] = '\0';
	for (unsigned i = 0; i < SIPALG_STREAMS_MAX; i++)
		snprintf(more + strlen(more), sizeof(more) - strlen(more),
			"m=image %u udptl t38\n", 6000 + i);
	snprintf(sdp, sizeof(sdp), "%s%s", OWN_A, more);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = sdp);
	assert_int_equal(r.err, ERR_FULL);
	assert_int_equal(rig_count(&r), 0);
	/* Of a call that is there the rest still counts. */
	PEER(.method = "INVITE", .own = NONE, .sdp = FAR_1);
	PHONE(.status = 200, .method = "INVITE", .sdp = sdp);
	assert_int_equal(r.err, ERR_FULL);
	assert_call(SIPCALL_UP, "", "1");
}

/* SIP-80: calls that ring make room, the oldest first; none that the phone began or somebody has
 * answered, and none while there is a place. */
static void ringing_calls_make_room(void **state)
{
	static const char *const ids[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
	struct sipcall *gone;

	(void)state;
	rig_begin(&r);
	assert_null(sipcall_make_room(&r.calls));
	PHONE(.method = "INVITE", .peer = NONE, .id = "1", .sdp = OWN_A);
	PEER(.method = "INVITE", .own = NONE, .id = "2", .sdp = FAR_1);
	PHONE(.status = 200, .method = "INVITE", .id = "2", .sdp = OWN_A);
	for (unsigned i = 2; i < SIPCALL_MAX; i++) {
		assert_null(sipcall_make_room(&r.calls));
		r.facts.now_s++;
		PEER(.method = "INVITE", .own = NONE, .id = ids[i], .sdp = FAR_1);
		PHONE(.status = i == 3 ? 401 : 180, .method = "INVITE", .id = ids[i]);
	}
	for (unsigned i = 2; i < SIPCALL_MAX; i++) {
		gone = sipcall_make_room(&r.calls);
		assert_non_null(gone);
		assert_memory_equal(gone->id.at, ids[i], 1);
		assert_int_equal(gone->state, SIPCALL_OVER);
		assert_string_equal(gone->why, "newer calls took its place");
		sipcall_drop(gone);
		r.facts.now_s++;
		PHONE(.method = "INVITE", .peer = NONE, .id = "own", .own = ids[i], .sdp = OWN_A);
		assert_int_equal(r.err, 0);
	}
	assert_null(sipcall_make_room(&r.calls));
	assert_int_equal(rig_count(&r), SIPCALL_MAX);
}

/* SIP-77, SIP-75 */
static void time_ends_it(void **state)
{
	uint64_t t;

	(void)state;
	rig_begin(&r);
	assert_int_equal(rig_tick(&r, 1000, false), UINT64_MAX);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A);
	assert_int_equal(rig_tick(&r, 1150, true), 1000 + SIPCALL_RING_S);
	PEER(.status = 183, .method = "INVITE");
	assert_int_equal(rig_tick(&r, 1150, false), 1150 + SIPCALL_RING_S);
	rig_tick(&r, 1150 + SIPCALL_RING_S, true);
	assert_int_equal(r.c->state, SIPCALL_OVER);
	assert_string_equal(r.c->why, "nobody answered");

	rig_call_out(&r);
	assert_int_equal(rig_tick(&r, 1000, false), 1000 + SIPCALL_IDLE_S);
	assert_int_equal(rig_tick(&r, 3000, true), 3000 + SIPCALL_IDLE_S);
	t = r.facts.now_s = 4000;
	PEER(.method = "OPTIONS", .cseq = 4);
	assert_int_equal(rig_tick(&r, t, false), t + SIPCALL_IDLE_S);
	assert_int_equal(rig_tick(&r, t + SIPCALL_IDLE_S - 1, false), t + SIPCALL_IDLE_S);
	assert_int_equal(rig_tick(&r, t + SIPCALL_IDLE_S, false), UINT64_MAX);
	assert_int_equal(r.c->state, SIPCALL_OVER);
}

/* SIP-95 */
static void session_timers_end_it(void **state)
{
	(void)state;
	rig_begin(&r);
	PHONE(.method = "INVITE", .peer = NONE, .sdp = OWN_A, .more = "Session-Expires: 300\n");
	PEER(.status = 200, .method = "INVITE", .sdp = FAR_1,
		.more = "Session-Expires: 1800\n ;refresher=uas\n");
	assert_int_equal(r.c->timer_s, 1800);
	assert_int_equal(rig_tick(&r, 1500, true), 1000 + 2400);
	PEER(.method = "OPTIONS", .cseq = 4);		/* refreshes nothing */
	assert_int_equal(rig_tick(&r, 1900, true), 1000 + 2400);
	PEER(.method = "UPDATE", .cseq = 5, .more = "x: 900\n");
	assert_int_equal(rig_tick(&r, 1900, true), 1000 + 2400);
	PHONE(.status = 200, .method = "UPDATE", .cseq = 5, .more = "x: 900\n");
	assert_int_equal(rig_tick(&r, 2000, true), 1900 + 1200);
	assert_false(r.changed);
	PHONE(.method = "INVITE", .cseq = 2, .sdp = OWN_A);
	PEER(.status = 200, .method = "INVITE", .cseq = 2, .sdp = FAR_1,
		.more = "Session-Expires: 10\n");
	assert_int_equal(rig_tick(&r, 2000, true), 2000 + 120);	/* 90 are the least */
	rig_tick(&r, 2120, true);
	assert_int_equal(r.c->state, SIPCALL_OVER);
	assert_string_equal(r.c->why, "the session timer ran out");
	/* One that is refreshed without has none from then on; nor has one for half a life. */
	rig_call_out(&r);
	PHONE(.method = "UPDATE", .cseq = 2);
	PEER(.status = 200, .method = "UPDATE", .cseq = 2, .more = "x: 4294967295\n");
	assert_int_equal(r.c->timer_s, 0);
	assert_int_equal(rig_tick(&r, 1000, false), 1000 + SIPCALL_IDLE_S);
}

static void a_lost_dialog_is_over(void **state)
{
	(void)state;
	rig_call_out(&r);
	PEER(.method = "INFO", .cseq = 2);
	PHONE(.status = 481, .method = "INFO", .cseq = 2);
	assert_call(SIPCALL_UP, "4000", "1");
	PEER(.method = "UPDATE", .cseq = 3);
	PHONE(.status = 481, .method = "UPDATE", .cseq = 3);
	assert_over("one side had forgotten the call");
}

static void all_can_be_ended(void **state)
{
	(void)state;
	rig_call_out(&r);
	PHONE(.method = "INVITE", .peer = NONE, .id = "two", .sdp = OWN_B);
	sipcall_end_all(&r.calls, "it is no phone any more");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(r.calls.at[i].state, SIPCALL_OVER);
		assert_string_equal(r.calls.at[i].why, "it is no phone any more");
	}
	assert_int_equal(r.calls.at[2].state, SIPCALL_FREE);
}

#define UNSOUND(change) do { \
	struct sipcall c = call; \
	change; \
	assert_false(sipcall_is_sound(&c)); \
} while (0)

static void what_the_store_has_is_looked_at(void **state)
{
	struct sipcall call;

	(void)state;
	rig_call_out(&r);
	PHONE(.method = "INVITE", .cseq = 2, .sdp = OWN_B);
	call = *r.c;
	assert_true(sipcall_is_sound(&call));
	UNSOUND(c.state = SIPCALL_FREE);
	UNSOUND(c.state = SIPCALL_OVER);
	UNSOUND(c.state = (enum sipcall_state)77);
	UNSOUND(c.id.len = 0);
	UNSOUND(c.id.len = SIPCALL_ID_MAX + 1);
	UNSOUND(c.own_tag.len = SIPCALL_TAG_MAX + 1);
	UNSOUND(c.peer_tag.len = SIPCALL_TAG_MAX + 1);
	UNSOUND(c.now.count = SIPALG_STREAMS_MAX + 1);
	UNSOUND(c.next.count = SIPALG_STREAMS_MAX + 1);
	UNSOUND(c.now.at[0].port = SIPALG_PORT_MIN - 1);
	UNSOUND(c.now.at[0].count = SIPALG_PORTS_MAX + 1);
	UNSOUND(c.now.at[0].count = 0);
	UNSOUND(c.now.at[0].port = 65535);
	UNSOUND(c.has_next = false);
	UNSOUND(c.next_method = SIP_BYE);
	UNSOUND(c.peer_count = SIPCALL_PEERS_MAX + 1);
	UNSOUND(c.peer_count = 0);
	UNSOUND(c.peers_now = 2; c.peers_next = 0);
	UNSOUND(c.peers[0] = addr_any4());
	UNSOUND(c.peers[0] = c.signalling);
	UNSOUND(c.timer_s = SIPCALL_TIMER_MIN_S - 1);
	UNSOUND(c.timer_s = SIPCALL_TIMER_MAX_S + 1);
	UNSOUND(memset(c.who, 'a', sizeof(c.who)));
	UNSOUND(c.codecs[0] = '\n');
	UNSOUND(c.invite_cseq = UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_phone_calls),
		cmocka_unit_test(a_phone_is_called),
		cmocka_unit_test(nothing_begins_without_leave),
		cmocka_unit_test(a_password_is_asked_for),
		cmocka_unit_test(refusals_have_words),
		cmocka_unit_test(calls_are_cancelled),
		cmocka_unit_test(only_an_answer_ends_it),
		cmocka_unit_test(nobody_else_ends_it),
		cmocka_unit_test(what_is_over_stays_over),
		cmocka_unit_test(an_early_bye_ends_one_who_rings),
		cmocka_unit_test(two_answer),
		cmocka_unit_test(an_invite_of_another_is_another_call),
		cmocka_unit_test(a_phone_calls_itself),
		cmocka_unit_test(calls_do_not_touch_each_other),
		cmocka_unit_test(bounds_are_what_they_say),
		cmocka_unit_test(ringing_calls_make_room),
		cmocka_unit_test(time_ends_it),
		cmocka_unit_test(session_timers_end_it),
		cmocka_unit_test(a_lost_dialog_is_over),
		cmocka_unit_test(all_can_be_ended),
		cmocka_unit_test(what_the_store_has_is_looked_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
