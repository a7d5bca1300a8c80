/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of a phone; see sipcall.h. Whose a message is tells sipcall_look.c, media is
 * sipcall_offer.c's.
 */
#include "protocols/sipcall.h"

#include "protocols/err.h"
#include "protocols/sipalg_show.h"
#include "protocols/sipcall_look.h"

#include <string.h>

static bool fits(struct str text, size_t max)
{
	return text.len <= max;
}

static void keep(struct sipcall_text *t, struct str text)
{
	*t = (struct sipcall_text){.len = (uint8_t)text.len};
	if (text.len)
		memcpy(t->at, text.p, text.len);
}

static struct sipcall *find_free(struct sipcalls *cs)
{
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		if (cs->at[i].state == SIPCALL_FREE)
			return &cs->at[i];
	}
	return NULL;
}

/* ---- time ---- */

/* RFC 4028 section 10: who waits for a refresh hangs up before the timer runs out, who has to send
 * it does so at half of it; a third more is late by any reading (SIP-95). */
static uint64_t life_s(const struct sipcall *c)
{
	if (c->timer_s)
		return c->timer_s + c->timer_s / 3;
	return c->on_hold ? SIPCALL_HOLD_S : SIPCALL_IDLE_S;
}

static uint32_t timer_of(const struct sip_message *m)
{
	struct str value;
	uint32_t n = 0;

	if (sip_find(m, SIP_SESSION_EXPIRES, &value))
		return 0;
	struct sip_lex lex = sip_lex_from(value, (struct sip_span){0, (uint32_t)value.len});
	struct sip_span digits = sip_lex_digits(&lex);
	if (str_u32(sip_lex_text(value, digits), 0, SIPCALL_TIMER_MAX_S, &n))
		return 0;
	return n < SIPCALL_TIMER_MIN_S ? SIPCALL_TIMER_MIN_S : n;
}

/* A 2xx to INVITE or UPDATE sets the timer anew, or says that there is none (RFC 4028 7.2). */
static void refresh(struct sipcall *c, const struct sipcall_look *l)
{
	c->timer_s = timer_of(l->m);
	c->until_s = l->f->now_s + life_s(c);
}

/* ---- what happens ---- */

static void end(struct sipcall *c, const char *why)
{
	c->state = SIPCALL_OVER;
	c->why = why;
}

/* Of who is not the phone, as the message that begins the call names it. */
static void keep_who(struct sipcall *c, const struct sip_message *m)
{
	struct sip_walk walk = {0};
	struct sip_address a;
	struct str uri;
	size_t n = 0;

	if (!sip_next_address(m, c->by_phone ? SIP_TO : SIP_FROM, &walk, &a))
		return;
	uri = sip_text(m, a.uri.whole);
	for (; n < uri.len && n < SIPCALL_WHO_MAX; n++)
		c->who[n] = uri.p[n] >= ' ' && uri.p[n] <= '~' ? uri.p[n] : '?';
	c->who[n] = '\0';
}

/* The INVITE, for the first time or with what was asked for. */
static void ring(struct sipcall *c, const struct sipcall_look *l)
{
	c->state = SIPCALL_RINGING;
	c->signalling = l->f->peer;
	c->invite_cseq = l->m->cseq;
	c->until_s = l->f->now_s + SIPCALL_RING_S;
	c->peers_now = 0;
	c->now = (struct sipalg_streams){.count = 0};
	c->next_method = SIP_METHOD_OTHER;	/* nothing of before counts */
	sipcall_offer_forget(c);
	sipcall_offer_begin(c, &l->request, &l->words);
}

/* *out stays NULL when there is to be none. */
static int begin(struct sipcalls *cs, const struct sipcall_look *l, struct sipcall **out)
{
	struct sipcall *c = find_free(cs);
	bool by_phone = l->request.by_phone;

	if (!l->f->may_begin)
		return 0;
	if (l->err)
		return l->err;
	if (!fits(l->id, SIPCALL_ID_MAX) || !fits(l->own_tag, SIPCALL_TAG_MAX) ||
	    !fits(l->peer_tag, SIPCALL_TAG_MAX))
		return ERR_FULL;
	if (!c)
		return ERR_BUSY;
	*c = (struct sipcall){.by_phone = by_phone, .since_s = l->f->now_s};
	keep(&c->id, l->id);
	keep(by_phone ? &c->own_tag : &c->peer_tag, by_phone ? l->own_tag : l->peer_tag);
	keep_who(c, l->m);
	ring(c, l);
	*out = c;
	return 0;
}

/* Another place answered the same INVITE: a call like the one that was answered first, which ends
 * soon unless the caller goes on with it. */
static int fork(struct sipcalls *cs, const struct sipcall *first, struct sipcall **out)
{
	struct sipcall *c = find_free(cs);
	struct sipcall_request request = {first->by_phone, SIP_INVITE, first->invite_cseq};

	if (!c)
		return ERR_BUSY;
	*c = *first;
	c->state = SIPCALL_RINGING;
	c->is_fork = true;
	c->on_hold = false;
	c->peers_now = 0;
	sipcall_offer_forget(c);
	sipcall_offer_open(c, &request, first->next_offered);
	*out = c;
	return 0;
}

struct reason {
	uint16_t status;
	const char *text;
};

static const char *reason_of(uint16_t status)
{
	static const struct reason reasons[] = {
		{403, "the call is not allowed"}, {404, "not found"},
		{408, "nobody answered"}, {410, "not found"},
		{415, "no media that both know"}, {480, "not available"},
		{484, "the number is not complete"}, {486, "busy"}, {487, "cancelled"},
		{488, "no media that both know"}, {503, "the server has no room"},
		{600, "busy"}, {603, "declined"}, {604, "not found"},
		{606, "no media that both know"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].status == status)
			return reasons[i].text;
	}
	return status < 400 ? "the caller was sent elsewhere" : "the call was refused";
}

static void take_up(struct sipcall *c, const struct sipcall_look *l)
{
	struct str tag = sipcall_look_callee_tag(l, c);

	if (!fits(tag, SIPCALL_TAG_MAX)) {
		end(c, "the tag of who answered is too long");
		return;
	}
	keep(c->by_phone ? &c->peer_tag : &c->own_tag, tag);
	c->state = SIPCALL_UP;
	c->since_s = l->f->now_s;
	if (!sipcall_offer_is_of(c, &l->request)) {
		sipcall_offer_agree(c);
		if (l->words.any)
			sipcall_offer_open(c, &l->request, true);
	}
	sipcall_offer_accept(c, &l->words);
	refresh(c, l);
	if (c->is_fork)
		c->until_s = l->f->now_s + SIPCALL_RETRY_S;
}

/* The phone says again what it said before its offer was agreed; who rings late is let in. */
static void take_provisional(struct sipcall *c, const struct sipcall_look *l)
{
	if (c->state == SIPCALL_RINGING && l->m->status > 100)
		c->until_s = l->f->now_s + SIPCALL_RING_S;
	if (!c->has_next && !l->f->by_phone)
		sipcall_offer_open(c, &l->request, true);
	if (sipcall_offer_is_of(c, &l->request))
		sipcall_offer_say(c, &l->words);
}

/* An answer to the INVITE that opened it. */
static void take_opening(struct sipcall *c, const struct sipcall_look *l)
{
	/* The same INVITE came by two ways and one of them is refused (RFC 3261 8.2.2.2). */
	bool merged = l->m->status == 482 && l->f->by_phone;

	if (l->m->status < 200) {
		take_provisional(c, l);
	} else if (sipcall_look_is_2xx(l)) {
		take_up(c, l);
	} else if (sipcall_look_is_challenge(l)) {
		c->state = SIPCALL_CHALLENGED;
		c->until_s = l->f->now_s + SIPCALL_RETRY_S;
	} else if (!merged) {
		end(c, reason_of(l->m->status));
	}
}

/* RFC 3261 15.1.1: who hangs up goes whatever the answer; the phone only stays when it says so. */
static void take_bye(struct sipcall *c, const struct sipcall_look *l)
{
	bool gone = sipcall_look_is_2xx(l) || l->m->status == 481 || l->m->status == 408;

	if (c->state != SIPCALL_ENDING || l->m->cseq != c->end_cseq ||
	    l->request.by_phone != c->end_by_phone || l->m->status < 200)
		return;
	if (gone || (c->end_by_phone && !sipcall_look_is_challenge(l))) {
		end(c, c->end_by_phone ? "the phone hung up" : "the other side hung up");
		return;
	}
	c->state = SIPCALL_UP;
	c->until_s = l->f->now_s + life_s(c);
}

/* An answer within the dialog. A challenge leaves the offer open: it comes again. */
static void take_answer(struct sipcall *c, const struct sipcall_look *l)
{
	bool of_offer = sipcall_offer_is_of(c, &l->request);
	bool refreshes = l->m->method == SIP_INVITE || l->m->method == SIP_UPDATE;

	if (of_offer && sipcall_look_is_2xx(l))
		sipcall_offer_accept(c, &l->words);
	else if (of_offer && l->m->status < 200)
		sipcall_offer_say(c, &l->words);
	else if (of_offer && !sipcall_look_is_challenge(l))
		sipcall_offer_forget(c);
	if (c->state != SIPCALL_UP || !refreshes)
		return;
	if (sipcall_look_is_2xx(l))
		refresh(c, l);
	else if (l->m->status == 481)	/* RFC 5057: there is no such dialog */
		end(c, "one side had forgotten the call");
}

static void take_response(struct sipcall *c, const struct sipcall_look *l)
{
	if (sipcall_look_is_opening(l, c)) {
		if (!sipcall_look_is_answered(c))
			take_opening(c, l);
		return;
	}
	if (l->m->method == SIP_BYE)
		take_bye(c, l);
	else
		take_answer(c, l);
}

static void take_invite(struct sipcall *c, const struct sipcall_look *l)
{
	bool opens = sipcall_look_begins(l) && l->request.by_phone == c->by_phone;

	if (sipcall_look_is_answered(c) && l->m->to_tag.len)
		sipcall_offer_begin(c, &l->request, &l->words);
	else if (!sipcall_look_is_answered(c) && opens && l->m->cseq > c->invite_cseq)
		ring(c, l);
}

static void take_ack(struct sipcall *c, const struct sipcall_look *l)
{
	if (!sipcall_look_is_answered(c))
		return;
	if (sipcall_offer_is_of(c, &l->request))
		sipcall_offer_accept(c, &l->words);
	if (c->is_fork && l->request.by_phone == c->by_phone) {
		c->is_fork = false;
		c->until_s = l->f->now_s + life_s(c);
	}
}

static void take_request(struct sipcall *c, const struct sipcall_look *l)
{
	if (sipcall_look_is_request(l, SIP_INVITE)) {
		take_invite(c, l);
	} else if (sipcall_look_is_request(l, SIP_ACK)) {
		take_ack(c, l);
	} else if (sipcall_look_is_request(l, SIP_CANCEL)) {
		/* RFC 3261 9.1: without 487 it counts as cancelled after so long. */
		if (c->state == SIPCALL_RINGING && l->request.by_phone == c->by_phone)
			c->until_s = l->f->now_s + SIPCALL_RETRY_S;
	} else if (sipcall_look_is_request(l, SIP_BYE)) {
		if (!sipcall_look_is_answered(c))
			return;		/* one of those who ring; the INVITE gets its answer */
		c->state = SIPCALL_ENDING;
		c->end_by_phone = l->f->by_phone;
		c->end_cseq = l->m->cseq;
		c->until_s = l->f->now_s + SIPCALL_RETRY_S;
	} else if (l->words.any) {
		sipcall_offer_begin(c, &l->request, &l->words);
	}
}

/* RFC 3264: what INVITE and UPDATE say is an offer, of which an answer takes a part. */
static bool is_choice(const struct sipcall_look *l)
{
	return !sipcall_look_is_request(l, SIP_INVITE) && !sipcall_look_is_request(l, SIP_UPDATE);
}

static void take(struct sipcall *c, const struct sipcall_look *l)
{
	if (l->m->is_request)
		take_request(c, l);
	else
		take_response(c, l);
	if (l->words.any && is_choice(l))
		sipalg_show_codecs(l->m, c->codecs, sizeof(c->codecs));
	if (c->state == SIPCALL_UP && !c->timer_s && !c->is_fork)
		c->until_s = l->f->now_s + life_s(c);
}

static bool is_same(const struct sipcall *a, const struct sipcall *b)
{
	return a->state == b->state && a->on_hold == b->on_hold && sipcall_offer_same(a, b);
}

int sipcall_see(struct sipcalls *cs, const struct sip_message *m, const struct sipcall_facts *f,
	struct sipcall **out, bool *changed)
{
	struct sipcall_look l = sipcall_look_at(m, f);
	struct sipcall *c = sipcall_look_find(&l, cs), was = {.state = SIPCALL_FREE};
	struct sipcall *opened = sipcall_look_find_opened(&l, cs);
	int err = l.err;

	if (!c && opened && sipcall_look_begins(&l))
		c = opened;
	if (c)
		was = *c;
	else if (sipcall_look_begins(&l))
		err = begin(cs, &l, &c);
	else if (opened && sipcall_look_is_2xx(&l))
		err = fork(cs, opened, &c);
	if (c)
		take(c, &l);
	*out = c;
	*changed = c && !is_same(c, &was);
	return err;
}

struct sipcall *sipcall_make_room(struct sipcalls *cs)
{
	struct sipcall *oldest = NULL;

	if (find_free(cs))
		return NULL;
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		struct sipcall *c = &cs->at[i];
		bool rings = sipcall_look_is_live(c) && !sipcall_look_is_answered(c);

		if (rings && !c->by_phone && (!oldest || c->since_s < oldest->since_s))
			oldest = c;
	}
	if (oldest)
		end(oldest, "newer calls took its place");
	return oldest;
}

bool sipcall_admits(struct sipcalls *cs, const struct sip_message *m,
	const struct sipcall_facts *f)
{
	struct sipcall_look l = sipcall_look_at(m, f);
	const struct sipcall *c = sipcall_look_find(&l, cs);

	if (!c || !m->is_request || !sipcall_look_is_answered(c))
		return false;
	for (uint8_t i = 0; i < c->peer_count; i++) {
		if (addr_eq(&c->peers[i], &f->peer))
			return true;
	}
	return false;
}

/* ---- the end ---- */

static const char *time_reason(const struct sipcall *c)
{
	if (c->state == SIPCALL_RINGING)
		return "nobody answered";
	if (c->state == SIPCALL_CHALLENGED)
		return "it was not tried again with a password";
	if (c->state == SIPCALL_ENDING)
		return c->end_by_phone ? "the phone hung up" : "the other side hung up";
	return c->timer_s ? "the session timer ran out" : "nothing was heard of it for long";
}

uint64_t sipcall_tick(struct sipcalls *cs, uint64_t now_s, const bool used[SIPCALL_MAX])
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		struct sipcall *c = &cs->at[i];
		bool lives = used[i] && c->state == SIPCALL_UP && !c->timer_s && !c->is_fork;

		if (!sipcall_look_is_live(c))
			continue;
		if (lives && c->until_s < now_s + SIPCALL_IDLE_S)
			c->until_s = now_s + SIPCALL_IDLE_S;
		if (c->until_s <= now_s)
			end(c, time_reason(c));
		else if (c->until_s < next)
			next = c->until_s;
	}
	return next;
}

void sipcall_end_all(struct sipcalls *cs, const char *why)
{
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		if (sipcall_look_is_live(&cs->at[i]))
			end(&cs->at[i], why);
	}
}

void sipcall_drop(struct sipcall *c)
{
	*c = (struct sipcall){.state = SIPCALL_FREE};
}

static bool is_shown(const char *text, size_t max)
{
	size_t n = 0;

	for (; n <= max && text[n]; n++) {
		if (text[n] < ' ' || text[n] > '~')
			return false;
	}
	return n <= max;
}

bool sipcall_is_sound(const struct sipcall *c)
{
	bool is_over = c->state == SIPCALL_OVER && c->why;
	bool is_state = c->state > SIPCALL_FREE && c->state < SIPCALL_OVER;

	return (is_state || is_over) && c->id.len > 0 && c->id.len <= SIPCALL_ID_MAX &&
	       c->own_tag.len <= SIPCALL_TAG_MAX && c->peer_tag.len <= SIPCALL_TAG_MAX &&
	       c->invite_cseq <= SIP_CSEQ_MAX && c->end_cseq <= SIP_CSEQ_MAX &&
	       (c->timer_s == 0 || c->timer_s >= SIPCALL_TIMER_MIN_S) &&
	       c->timer_s <= SIPCALL_TIMER_MAX_S && is_shown(c->who, SIPCALL_WHO_MAX) &&
	       is_shown(c->codecs, SIPCALL_CODECS_MAX) && sipcall_offer_is_sound(c);
}

const char *sipcall_state_text(enum sipcall_state state)
{
	switch (state) {
	case SIPCALL_FREE:
		break;
	case SIPCALL_RINGING:
		return "ringing";
	case SIPCALL_CHALLENGED:
		return "asked for a password";
	case SIPCALL_UP:
		return "up";
	case SIPCALL_ENDING:
		return "ending";
	case SIPCALL_OVER:
		return "over";
	}
	return "";
}
