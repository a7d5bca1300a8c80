/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bindings by evidence: made, upheld and moved; see whom.h. Whoever claims a bound address, by ARP
 * or as a sender, only causes a question to the MAC that has it. While that one answers, nothing
 * the other one does counts; when it is silent, it is gone, and the next who answers there has it.
 *
 * Silence is proved only by a question that nobody disturbed. One claim of another MAC before the
 * answer (a gratuitous ARP, an unsolicited advertisement), and the kernel asks no longer, or hears
 * no answer. So what counts is that the kernel said it asks this MAC, and nothing else until the
 * time was over. A question that was disturbed proves nothing and is asked again, later each time:
 * who came in another's place claims now and then and is believed soon, a storm of claims never is.
 */
#include "gateway/whom_int.h"

#include <string.h>

#define TRUST_MS 5000		/* the outcome of a check stands so long */
#define RETELL_MS 60000		/* between two news of the same forger */
#define LOOK_AROUND_MAX 4	/* other addresses of one MAC asked for at once */
#define PLACES_MAX 16		/* of one MAC on other LANs, the same */
#define VOIDS_TOLD 3		/* so often disturbed: by a storm, and not by one who came */
#define VOID_REST_MS (2 * WHOM_TRY_MS)
#define VOID_REST_MAX_MS 5000
#define UNASKED_MAX 8		/* the kernel does not ask: its owner fixed the neighbour */
/* Less than the helper lets through (helper_probe.h): what is not asked proves nothing. */
#define PROBE_COST_MS 20
#define PROBE_SAVED_MS 4000
#define PROBE_OF_ONE_COST_MS 2500
#define PROBE_OF_ONE_SAVED_MS 17500
/* A sender let through before the kernel knew of the binding may show up in a later look. */
#define SEEN_SLACK_MS (WHOM_POLL_MS + 200)

static bool same_mac(const uint8_t a[6], const uint8_t b[6])
{
	return memcmp(a, b, 6) == 0;
}

static bool is_recent(const struct whom *w, uint64_t then_ms)
{
	return then_ms != 0 && loop_now_ms(w->loop) - then_ms < TRUST_MS;
}

static bool is_same_place(const struct whom_binding *b, const struct whom_host *host)
{
	return b->host.ifindex == host->ifindex && addr_eq(&b->host.addr, &host->addr);
}

static void tell(struct whom *w, enum whom_news news, const struct whom_host *host,
	const uint8_t *owner)
{
	w->news(w->arg, news, host, owner, 0);
}

/* Pays for one question, unless there is nothing saved. */
static bool pay(uint64_t *paid_ms, uint64_t now_ms, uint64_t cost_ms, uint64_t saved_ms)
{
	uint64_t from_ms = *paid_ms < now_ms ? now_ms : *paid_ms;

	if (from_ms + cost_ms > now_ms + saved_ms)
		return false;
	*paid_ms = from_ms + cost_ms;
	return true;
}

bool whom_check_probe(struct whom *w, const struct whom_host *host, bool whom)
{
	struct whom_binding *b = whom_table_find(w->table, host->ifindex, &host->addr);
	uint64_t now = loop_now_ms(w->loop);

	if (whom && b && !pay(&b->paid_ms, now, PROBE_OF_ONE_COST_MS, PROBE_OF_ONE_SAVED_MS))
		return false;
	if (!pay(&w->paid_ms, now, PROBE_COST_MS, PROBE_SAVED_MS))
		return false;
	return w->env.probe(w->env.arg, host->ifindex, &host->addr, whom ? host->mac : NULL) == 0;
}

void whom_check_wake(struct whom *w, uint64_t due_ms)
{
	if (w->tick.slot == 0 || due_ms < w->tick.due_ms)
		loop_timer_set(w->loop, &w->tick, due_ms);
}

/* ---- questions to a MAC ---- */

static void end(struct whom *w, struct whom_binding *b)
{
	size_t i = 0;

	if (!b->asking)
		return;
	b->asking = false;
	b->has_rival = false;
	while (w->checks[i] != b)
		i++;
	w->checks[i] = w->checks[--w->check_count];
}

/* A question that cannot be asked now is asked later. */
static bool ask(struct whom *w, struct whom_binding *b)
{
	uint64_t now = loop_now_ms(w->loop);

	b->is_out = whom_check_probe(w, &b->host, true);
	if (b->is_out) {
		b->asked_ms = now;
		b->heard = WHOM_HEARD_NOTHING;
	}
	b->due_ms = now + WHOM_TRY_MS;
	whom_check_wake(w, b->due_ms);
	return b->is_out;
}

void whom_check_begin(struct whom *w, struct whom_binding *b, const struct whom_host *rival,
	bool rival_answered)
{
	if (rival && !b->asking && (is_recent(w, b->upheld_ms) || is_recent(w, b->silent_ms)))
		return;
	if (!b->asking && w->check_count == WHOM_CHECKS_MAX)
		return;
	if (rival && (!b->asking || !b->has_rival || (rival_answered && !b->rival_answered))) {
		b->has_rival = true;
		b->rival = *rival;
		b->rival_answered = rival_answered;
	}
	if (b->asking)
		return;
	b->asking = true;
	b->silences = b->voids = 0;
	w->checks[w->check_count++] = b;
	if (!ask(w, b))
		end(w, b);
}

/* That a stale entry has this MAC, too, says only that the kernel is not asking now. */
void whom_check_heard(struct whom_binding *b, const struct whom_host *host, enum whom_word word)
{
	if (!b->asking || word == WHOM_FAILS)
		return;
	if (!same_mac(b->host.mac, host->mac)) {
		b->heard = WHOM_HEARD_OTHER;
		memcpy(b->other, host->mac, sizeof(b->other));
	} else if (b->heard != WHOM_HEARD_OTHER) {
		b->heard = word == WHOM_ASKED ? WHOM_HEARD_ASKED : WHOM_HEARD_NOTHING;
	}
}

bool whom_check_is_open(const struct whom *w, int ifindex, const struct addr *addr)
{
	const struct whom_host place = {.addr = *addr, .ifindex = ifindex};

	for (size_t i = 0; i < w->check_count; i++) {
		const struct whom_binding *b = w->checks[i];
		const struct whom_host *rival = &b->rival;

		if (is_same_place(b, &place) || (b->has_rival && rival->ifindex == ifindex &&
							 addr_eq(&rival->addr, addr)))
			return true;
	}
	return false;
}

/* ---- bindings ---- */

static void gone(struct whom *w, struct whom_binding *b)
{
	if (!b->here)
		return;
	b->here = false;
	tell(w, WHOM_NEWS_GONE, &b->host, b->host.mac);
}

static bool is_beside(const struct whom_binding *b, const struct whom_binding *other)
{
	return other != b && other->here && !other->asking &&
	       other->host.ifindex == b->host.ifindex &&
	       addr_is4(&other->host.addr) == addr_is4(&b->host.addr);
}

/* A device with a new address may have given up another one, of which nothing was heard since. */
static void look_around(struct whom *w, const struct whom_binding *b)
{
	for (size_t i = 0; i < LOOK_AROUND_MAX; i++) {
		struct whom_binding *other = NULL, *oldest = NULL;

		while ((other = whom_table_next(w->table, b->host.mac, other))) {
			if (is_beside(b, other) && (!oldest || other->heard_ms < oldest->heard_ms))
				oldest = other;
		}
		if (!oldest)
			return;
		whom_check_begin(w, oldest, NULL, false);
	}
}

static struct whom_binding *place_for(struct whom *w, const struct whom_host *host)
{
	struct whom_binding *surplus = whom_table_surplus(w->table, host);
	struct whom_binding *b;

	if (surplus) {
		end(w, surplus);
		gone(w, surplus);
		whom_table_remove(w->table, surplus);
	}
	b = whom_table_add(w->table, host);
	b->since_ms = b->heard_ms = loop_now_ms(w->loop);
	return b;
}

static void move(struct whom *w, struct whom_binding *b, const uint8_t mac[6])
{
	end(w, b);
	gone(w, b);
	whom_table_move(w->table, b, mac);
	b->since_ms = loop_now_ms(w->loop);
	b->upheld_ms = 0;
}

static struct whom_binding *bind_to(struct whom *w, const struct whom_host *host, bool weak)
{
	struct whom_binding *b = whom_table_find(w->table, host->ifindex, &host->addr);

	if (!b)
		b = place_for(w, host);
	else if (!same_mac(b->host.mac, host->mac))
		move(w, b, host->mac);
	b->weak = weak;
	b->heard_ms = loop_now_ms(w->loop);
	b->silent_ms = 0;
	if (!b->here) {
		b->here = true;
		tell(w, WHOM_NEWS_HERE, &b->host, b->host.mac);
		look_around(w, b);
	}
	return b;
}

/* The first place (after NULL), the next one, where this MAC is on other LANs. */
static struct whom_binding *elsewhere(struct whom *w, const struct whom_host *host,
	struct whom_binding *after)
{
	struct whom_binding *b = after;

	while ((b = whom_table_next(w->table, host->mac, b))) {
		if (b->here && b->host.ifindex != host->ifindex)
			return b;
	}
	return NULL;
}

/* It answers there: it is there, once it does not answer on another LAN any more. */
static void arrive(struct whom *w, const struct whom_host *host)
{
	struct whom_binding *old = elsewhere(w, host, NULL);

	if (!old)
		bind_to(w, host, false);
	for (size_t i = 0; old && i < PLACES_MAX; i++) {
		whom_check_begin(w, old, host, true);
		old = elsewhere(w, host, old);
	}
}

struct whom_binding *whom_check_bind_weak(struct whom *w, const struct whom_host *host)
{
	const struct whom_binding *b = whom_table_find(w->table, host->ifindex, &host->addr);
	bool taken = b && !same_mac(b->host.mac, host->mac) &&
		     (b->asking || !is_recent(w, b->silent_ms));

	return taken || elsewhere(w, host, NULL) ? NULL : bind_to(w, host, true);
}

struct whom_binding *whom_check_remember(struct whom *w, const struct whom_host *host)
{
	struct whom_binding *b = whom_table_find(w->table, host->ifindex, &host->addr);

	return b ? b : place_for(w, host);
}

/* ---- what a question comes to ---- */

void whom_check_forged(struct whom *w, const struct whom_binding *b, const uint8_t mac[6])
{
	uint64_t now = loop_now_ms(w->loop);
	struct whom_host forger = b->host;
	struct whom_noted_entry *e = NULL;
	bool noted = false, due = false;

	while ((e = whom_noted_next(w->noted, b->host.ifindex, &b->host.addr, e))) {
		if (!same_mac(e->sender.mac, mac))
			continue;
		noted = true;
		if (e->told_ms == 0 || now - e->told_ms >= RETELL_MS) {
			e->told_ms = now;
			due = true;
		}
	}
	if (noted && !due)
		return;
	memcpy(forger.mac, mac, 6);
	tell(w, WHOM_NEWS_FORGED, &forger, b->host.mac);
}

/* What another MAC sent with this address since it is bound. */
static bool is_forgery(const struct whom_binding *b, const struct whom_noted_entry *e)
{
	uint64_t from_ms = b->since_ms;

	if (e->sender.kind == FW_SENDER_SEEN)
		from_ms += SEEN_SLACK_MS;
	return !same_mac(b->host.mac, e->sender.mac) && e->first_ms >= from_ms;
}

static void tell_forgers(struct whom *w, const struct whom_binding *b, const uint8_t rival[6])
{
	struct whom_noted_entry *e = NULL;

	whom_check_forged(w, b, rival);
	while ((e = whom_noted_next(w->noted, b->host.ifindex, &b->host.addr, e))) {
		if (is_forgery(b, e))
			whom_check_forged(w, b, e->sender.mac);
	}
}

/* The MAC answers here and there at once: what began as a move is over at all its places. */
static void stay(struct whom *w, const struct whom_binding *b, const struct whom_host *clone)
{
	struct whom_binding *old = NULL;

	while ((old = elsewhere(w, clone, old))) {
		if (old->asking && old->has_rival && old->rival.ifindex == clone->ifindex)
			end(w, old);
		old->upheld_ms = b->upheld_ms;
	}
	tell(w, WHOM_NEWS_CLONE, clone, b->host.mac);
}

static void uphold(struct whom *w, struct whom_binding *b)
{
	bool rival = b->asking && b->has_rival;
	struct whom_host other = b->rival;

	end(w, b);
	if (!rival)
		return;
	b->upheld_ms = loop_now_ms(w->loop);
	if (is_same_place(b, &other))
		tell_forgers(w, b, other.mac);
	else
		stay(w, b, &other);
}

/* Whoever has answered in its place has it now, others are asked whether they do. */
static void be_silent(struct whom *w, struct whom_binding *b)
{
	bool rival = b->has_rival, answered = b->rival_answered;
	struct whom_host other = b->rival;

	end(w, b);
	b->silent_ms = loop_now_ms(w->loop);
	gone(w, b);
	if (rival && answered)
		arrive(w, &other);
	/* The kernel was made to ask the old one; it shall know the new one again. */
	if (rival && is_same_place(b, &other))
		(void)whom_check_probe(w, &other, true);
}

/* The time for an answer is over. */
static void judge(struct whom *w, struct whom_binding *b)
{
	uint64_t rest_ms = (uint64_t)b->voids * VOID_REST_MS;

	b->is_out = false;
	if (b->heard == WHOM_HEARD_ASKED) {
		b->silences++;
		return;
	}
	if (b->voids < UINT8_MAX)
		b->voids++;
	b->due_ms += rest_ms < VOID_REST_MAX_MS ? rest_ms : VOID_REST_MAX_MS;
	if (b->voids == VOIDS_TOLD && b->heard == WHOM_HEARD_OTHER)
		tell_forgers(w, b, b->other);
}

static void go_on(struct whom *w, struct whom_binding *b)
{
	if (b->is_out)
		judge(w, b);
	if (b->silences == WHOM_TRIES)
		be_silent(w, b);
	else if (b->voids >= UNASKED_MAX && b->heard == WHOM_HEARD_NOTHING)
		end(w, b);
	else if (loop_now_ms(w->loop) >= b->due_ms)
		(void)ask(w, b);
}

void whom_check_tick(struct whom *w)
{
	uint64_t now = loop_now_ms(w->loop);

	/* From the end: what ends is replaced by the last, what begins is not due yet. */
	for (size_t i = w->check_count; i-- > 0;) {
		struct whom_binding *b = i < w->check_count ? w->checks[i] : NULL;

		if (b && now >= b->due_ms)
			go_on(w, b);
	}
	for (size_t i = 0; i < w->check_count; i++)
		whom_check_wake(w, w->checks[i]->due_ms);
}

/* ---- evidence ---- */

void whom_check_fixed(struct whom *w, const struct whom_host *host)
{
	bind_to(w, host, false);
}

/* Another MAC is what the kernel believes now. While it is known that the owner is there he is
 * asked again, so that the kernel sends to him. */
static void contest(struct whom *w, struct whom_binding *b, const struct whom_host *rival,
	bool answered)
{
	if (!b->asking && is_recent(w, b->upheld_ms))
		(void)whom_check_probe(w, &b->host, true);
	else
		whom_check_begin(w, b, rival, answered);
}

void whom_check_answers(struct whom *w, const struct whom_host *host)
{
	struct whom_binding *b = whom_table_find(w->table, host->ifindex, &host->addr);

	if (!b || (!same_mac(b->host.mac, host->mac) &&
			  (b->weak || is_recent(w, b->silent_ms)))) {
		arrive(w, host);
	} else if (!same_mac(b->host.mac, host->mac)) {
		contest(w, b, host, true);
	} else {
		b->heard_ms = loop_now_ms(w->loop);
		b->weak = false;
		b->silent_ms = 0;
		if (!b->here)
			arrive(w, host);
		uphold(w, b);
	}
}

/* Asking makes the kernel say the same again. */
static bool is_asked_lately(const struct whom *w, const struct whom_binding *b)
{
	return b->asking ||
	       (b->asked_ms != 0 && loop_now_ms(w->loop) - b->asked_ms < WHOM_WAIT_MS);
}

static void ask_lightly(struct whom *w, struct whom_binding *b)
{
	b->asked_ms = loop_now_ms(w->loop);
	(void)whom_check_probe(w, &b->host, true);
}

void whom_check_claims(struct whom *w, struct whom_binding *b, const struct whom_host *host)
{
	if (!same_mac(b->host.mac, host->mac))
		contest(w, b, host, false);
	else if (!b->here && !is_asked_lately(w, b))
		ask_lightly(w, b);
	else
		b->heard_ms = loop_now_ms(w->loop);
}

/* Whoever the kernel asked, the MAC it is bound to has not been asked for certain. */
void whom_check_fails(struct whom *w, struct whom_binding *b)
{
	if (b->here)
		whom_check_begin(w, b, NULL, false);
}

void whom_check_leased(struct whom *w, const struct whom_host *host)
{
	struct whom_binding *b = whom_check_remember(w, host);
	uint8_t mac[6];

	if (b->leased && same_mac(b->leased_mac, host->mac))
		return;
	if (!same_mac(b->host.mac, host->mac))
		bind_to(w, host, false);
	else if (!b->here && w->env.neighbour(w->env.arg, host->ifindex, &host->addr, mac) &&
		same_mac(mac, host->mac))
		(void)whom_check_probe(w, host, true);
	b->leased = true;
	memcpy(b->leased_mac, host->mac, 6);
}

void whom_check_noted(struct whom *w, struct whom_binding *b, struct whom_noted_entry *e)
{
	struct whom_host rival = {.addr = e->sender.addr, .ifindex = e->sender.ifindex};

	memcpy(rival.mac, e->sender.mac, 6);
	if (same_mac(b->host.mac, rival.mac) && e->first_ms == w->poll_ms)
		whom_check_claims(w, b, &rival);
	/* Who was silent has no more to lose; who answers in its place is found by that. */
	if (!is_forgery(b, e) || (!b->here && b->silent_ms != 0))
		return;
	if (is_recent(w, b->upheld_ms))
		whom_check_forged(w, b, rival.mac);
	else
		whom_check_begin(w, b, &rival, false);
}
