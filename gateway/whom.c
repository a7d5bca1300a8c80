/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits, who is asked for, and the looks at whom the kernel noted; see whom.h. Bindings are
 * whom_check.c's. An answer to one who waits needs both: somebody who answers on the link, and a
 * look that began after the packet came.
 */
#include "gateway/whom.h"

#include "gateway/whom_int.h"
#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define POLL_SOON_MS 100	/* between two looks while somebody waits */
#define WAITING_MAX 8		/* for one address, so that it cannot take all places */
#define ASKS_IDLE_MAX (WHOM_ASKS_MAX - WHOM_HELD_MAX)	/* the rest is for those who wait */

/* ---- asking for an unknown address ---- */

static struct whom_ask *find_ask(struct whom *w, int ifindex, const struct addr *addr)
{
	for (size_t i = 0; w->ask_count > 0 && i < WHOM_ASKS_MAX; i++) {
		struct whom_ask *ask = &w->asks[i];
		if (ask->number && ask->host.ifindex == ifindex && addr_eq(&ask->host.addr, addr))
			return ask;
	}
	return NULL;
}

static uint64_t ask_due(const struct whom_ask *ask)
{
	return ask->began_ms + (ask->tries < WHOM_TRIES ? ask->tries * WHOM_TRY_MS : WHOM_WAIT_MS);
}

/* A neighbour entry that is only stale is asked by its MAC: a mere use of it would wait first. */
static void try_once(struct whom *w, struct whom_ask *ask)
{
	struct whom_host *host = &ask->host;
	struct whom_binding *b = whom_table_find(w->table, host->ifindex, &host->addr);

	ask->tries++;
	whom_check_wake(w, ask_due(ask));
	if (b) {
		whom_check_begin(w, b, NULL, false);
		return;
	}
	if (!ask->claimed)
		ask->claimed = w->env.neighbour(w->env.arg, host->ifindex, &host->addr, host->mac);
	(void)whom_check_probe(w, host, ask->claimed);
}

/* mac NULL: nobody claims it. NULL: too many are asked for. */
static struct whom_ask *begin_ask(struct whom *w, int ifindex, const struct addr *addr,
	const uint8_t *mac, size_t max)
{
	struct whom_ask *ask = w->asks;

	if (w->ask_count >= max)
		return NULL;
	while (ask->number)
		ask++;
	w->ask_count++;
	*ask = (struct whom_ask){
		.number = ++w->last_ask,
		.host = {.addr = *addr, .ifindex = ifindex},
		.claimed = mac != NULL,
		.began_ms = loop_now_ms(w->loop),
		.look = w->looks + 1,
	};
	if (mac)
		memcpy(ask->host.mac, mac, 6);
	try_once(w, ask);
	return ask;
}

static void poll_soon(struct whom *w)
{
	uint64_t now = loop_now_ms(w->loop), due = w->poll_ms + POLL_SOON_MS;

	if (due < now)
		due = now;
	if (!w->polling && (w->poll.slot == 0 || due < w->poll.due_ms))
		loop_timer_set(w->loop, &w->poll, due);
}

/* ---- answering those who wait ---- */

struct verdict {
	bool ok, known;
	uint8_t mac[6];
};

static void answer(struct whom *w, struct whom_ask *ask, const struct verdict *verdict)
{
	uint32_t number = ask->number;

	ask->number = 0;
	w->ask_count--;
	for (size_t i = 0; i < WHOM_HELD_MAX; i++) {
		struct whom_waiter waiter = w->waiters[i];

		if (!waiter.fn || waiter.ask != number)
			continue;
		w->waiters[i].fn = NULL;
		waiter.fn(waiter.arg, verdict->ok, verdict->known, verdict->mac);
	}
}

/* Who sent with this address by what the kernel noted, apart from who has it. */
struct senders {
	bool owner;		/* who has it did */
	bool fresh;		/* another did since it was asked for */
	size_t others;
	const struct whom_noted_entry *other;
};

static bool is_of(const struct whom_noted_entry *e, const uint8_t *mac)
{
	return mac && memcmp(e->sender.mac, mac, 6) == 0;
}

static struct senders senders_of(struct whom *w, const struct whom_ask *ask, const uint8_t *owner)
{
	struct senders out = {.owner = false};
	const struct whom_noted_entry *e = NULL;

	while ((e = whom_noted_next(w->noted, ask->host.ifindex, &ask->host.addr, e))) {
		if (is_of(e, owner)) {
			out.owner = true;
			continue;
		}
		out.fresh |= e->first_ms >= ask->began_ms;
		if (!out.other || !is_of(e, out.other->sender.mac))
			out.others++;
		out.other = e;
	}
	return out;
}

/* Somebody has it. What came is dropped if another may have sent it: who is bound now is heard when
 * he says it again. Told as a forger is who is sure to be one: nobody but others was noted, or one
 * was since then. */
static void found(struct whom *w, struct whom_ask *ask, const struct whom_binding *b)
{
	struct senders senders = senders_of(w, ask, b->host.mac);
	struct verdict verdict = {.ok = senders.others == 0, .known = true};

	memcpy(verdict.mac, b->host.mac, 6);
	if (!verdict.ok && (senders.fresh || !senders.owner))
		whom_check_forged(w, b, senders.other->sender.mac);
	answer(w, ask, &verdict);
}

/* Others speak with the address of one who sleeps. */
static void tell_others(struct whom *w, const struct whom_binding *owner)
{
	const struct whom_host *host = &owner->host;
	const struct whom_noted_entry *e = NULL;

	while ((e = whom_noted_next(w->noted, host->ifindex, &host->addr, e))) {
		if (!is_of(e, host->mac))
			whom_check_forged(w, owner, e->sender.mac);
	}
}

/* Nobody answers. The only one who sent with it may have it, until somebody answers there; of
 * several nobody can tell whose packet it was, and what another may have sent is not taken for the
 * word of him who had it last. */
static void not_found(struct whom *w, struct whom_ask *ask)
{
	struct whom_host host = ask->host;
	const struct whom_binding *b = whom_table_find(w->table, host.ifindex, &host.addr);
	struct senders senders = senders_of(w, ask, NULL);
	struct verdict verdict = {.ok = !b && senders.others <= 1, .known = false};
	const struct whom_binding *weak = NULL;

	if (ask->waiting > 0 && senders.others == 1) {
		memcpy(host.mac, senders.other->sender.mac, 6);
		weak = whom_check_bind_weak(w, &host);
	}
	if (weak) {
		verdict = (struct verdict){.ok = true, .known = true};
		memcpy(verdict.mac, weak->host.mac, 6);
	} else if (b) {
		tell_others(w, b);
	}
	answer(w, ask, &verdict);
}

static void settle(struct whom *w, struct whom_ask *ask)
{
	const struct whom_host *host = &ask->host;
	const struct whom_binding *b = whom_table_find(w->table, host->ifindex, &host->addr);
	uint64_t now = loop_now_ms(w->loop), late_ms = ask->began_ms + WHOM_WAIT_MS;

	if (whom_check_is_open(w, host->ifindex, &host->addr))
		late_ms += WHOM_WAIT_MS;
	if (w->looked < ask->look)
		return;
	if (b && b->here)
		found(w, ask, b);
	else if (now >= late_ms)
		not_found(w, ask);
	else
		whom_check_wake(w, late_ms);
}

/* After anything that may have been news. */
static void settle_all(struct whom *w)
{
	for (size_t i = 0; w->ask_count > 0 && i < WHOM_ASKS_MAX; i++) {
		if (w->asks[i].number)
			settle(w, &w->asks[i]);
	}
}

static void on_tick(void *arg)
{
	struct whom *w = arg;
	uint64_t now = loop_now_ms(w->loop);

	whom_check_tick(w);
	settle_all(w);
	for (size_t i = 0; w->ask_count > 0 && i < WHOM_ASKS_MAX; i++) {
		struct whom_ask *ask = &w->asks[i];

		if (ask->number && ask->tries < WHOM_TRIES && now >= ask_due(ask))
			try_once(w, ask);
		else if (ask->number && now < ask_due(ask))
			whom_check_wake(w, ask_due(ask));
	}
}

/* ---- looks at whom the kernel noted ---- */

static bool is_to_note(const struct fw_sender *s)
{
	return s->port == 68 || s->port == 5350 || s->port == 5060;
}

static void consider(struct whom *w, struct whom_noted_entry *e)
{
	const struct fw_sender *s = &e->sender;
	struct whom_binding *b = whom_table_find(w->table, s->ifindex, &s->addr);
	struct whom_host host = {.addr = s->addr, .ifindex = s->ifindex};
	bool fresh = e->first_ms == w->poll_ms;

	memcpy(host.mac, s->mac, 6);
	if (s->kind == FW_SENDER_SEEN && is_to_note(s)) {
		if (fresh)
			w->news(w->arg, WHOM_NEWS_NOTED, &host, NULL, s->port);
	} else if (b) {
		whom_check_noted(w, b, e);
	} else if (fresh && addr_is_host(&s->addr) && !find_ask(w, s->ifindex, &s->addr)) {
		begin_ask(w, s->ifindex, &s->addr, NULL, ASKS_IDLE_MAX);
	}
}

static void on_sender(void *arg, const struct fw_sender *sender)
{
	struct whom *w = arg;
	whom_noted_put(w->noted, sender, w->poll_ms);
}

static void on_senders(void *arg, int err, const uint32_t *bad, size_t bad_count)
{
	struct whom *w = arg;
	struct whom_noted_entry *e;
	bool waiting = false;

	(void)bad;
	(void)bad_count;
	w->polling = false;
	w->looked = w->looks;
	if (!err || err == ERR_NOT_FOUND)
		whom_noted_end(w->noted);
	for (size_t i = 0; (e = whom_noted_at(w->noted, i)); i++)
		consider(w, e);
	settle_all(w);
	for (size_t i = 0; w->ask_count > 0 && i < WHOM_ASKS_MAX; i++)
		waiting |= w->asks[i].number && w->asks[i].look > w->looked;
	loop_timer_set(w->loop, &w->poll,
		w->poll_ms + (waiting ? POLL_SOON_MS : WHOM_POLL_MS));
}

static void on_poll(void *arg)
{
	struct whom *w = arg;

	w->polling = true;
	w->poll_ms = loop_now_ms(w->loop);
	w->looks++;
	whom_noted_begin(w->noted);
	if (w->env.senders(w->env.arg, on_sender, on_senders, w) < 0)
		on_senders(w, ERR_GONE, NULL, 0);
}

/* ---- what is told and asked from outside ---- */

struct whom *whom_new(struct loop *loop, const struct whom_env *env, whom_news_fn *news, void *arg)
{
	struct whom *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->loop = loop;
	w->env = *env;
	w->news = news;
	w->arg = arg;
	w->tick = (struct loop_timer){.fn = on_tick, .arg = w};
	w->poll = (struct loop_timer){.fn = on_poll, .arg = w};
	w->table = whom_table_new();
	w->noted = whom_noted_new();
	if (!w->table || !w->noted) {
		whom_free(w);
		return NULL;
	}
	loop_timer_set(loop, &w->poll, loop_now_ms(loop) + WHOM_POLL_MS);
	return w;
}

void whom_neighbour(struct whom *w, const struct whom_host *host, enum whom_word word)
{
	struct whom_binding *b = whom_table_find(w->table, host->ifindex, &host->addr);

	if (b)
		whom_check_heard(b, host, word);
	switch (word) {
	case WHOM_FIXED:
		whom_check_fixed(w, host);
		break;
	case WHOM_ANSWERS:
		whom_check_answers(w, host);
		break;
	case WHOM_CLAIMS:
		if (b)
			whom_check_claims(w, b, host);
		else if (!find_ask(w, host->ifindex, &host->addr))
			begin_ask(w, host->ifindex, &host->addr, host->mac, ASKS_IDLE_MAX);
		break;
	case WHOM_ASKED:
		break;
	case WHOM_FAILS:
		if (b)
			whom_check_fails(w, b);
		break;
	}
	settle_all(w);
}

void whom_leased(struct whom *w, const struct whom_host *host)
{
	whom_check_leased(w, host);
	settle_all(w);
}

void whom_remembered(struct whom *w, const struct whom_host *host)
{
	whom_check_remember(w, host);
}

enum whom_verdict whom_of(struct whom *w, int ifindex, const struct addr *addr, uint8_t mac[6])
{
	const struct whom_binding *b = whom_table_find(w->table, ifindex, addr);

	if (!b || !b->here)
		return WHOM_UNKNOWN;
	memcpy(mac, b->host.mac, 6);
	return WHOM_KNOWN;
}

int whom_wait(struct whom *w, int ifindex, const struct addr *addr, whom_found_fn *fn, void *arg)
{
	struct whom_ask *ask = find_ask(w, ifindex, addr);
	struct whom_waiter *waiter = w->waiters;

	while (waiter < w->waiters + WHOM_HELD_MAX && waiter->fn)
		waiter++;
	if (waiter == w->waiters + WHOM_HELD_MAX || (ask && ask->waiting == WAITING_MAX))
		return ERR_FULL;
	if (!ask)
		ask = begin_ask(w, ifindex, addr, NULL, WHOM_ASKS_MAX);
	if (!ask)
		return ERR_FULL;
	ask->waiting++;
	ask->look = w->looks + 1;
	*waiter = (struct whom_waiter){.fn = fn, .arg = arg, .ask = ask->number};
	poll_soon(w);
	return 0;
}

void whom_forget_waiting(struct whom *w, void *arg)
{
	for (size_t i = 0; i < WHOM_HELD_MAX; i++) {
		if (w->waiters[i].arg == arg)
			w->waiters[i].fn = NULL;
	}
}

void whom_forget(struct whom *w, whom_pick_fn *fn, void *arg)
{
	struct whom_binding *b;
	size_t place = 0;

	while ((b = whom_table_walk(w->table, &place))) {
		if (fn(arg, &b->host))
			whom_table_remove(w->table, b);
	}
}

void whom_free(struct whom *w)
{
	if (!w)
		return;
	loop_timer_stop(w->loop, &w->tick);
	loop_timer_stop(w->loop, &w->poll);
	whom_table_free(w->table);
	whom_noted_free(w->noted);
	free(w);
}
