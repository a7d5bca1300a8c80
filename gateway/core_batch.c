/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The batch, one at a time: take what is pending, plan it on the table, apply it to the firewall,
 * store it, commit, answer. What the firewall refuses is undone and the rest tried again; what
 * nobody answers for is undone as a whole. Rebuilds of the firewall's table are batches too.
 */
#include "gateway/core_around.h"
#include "gateway/core_peer.h"
#include "gateway/core_sip_int.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define PENDING_FIRST 64
#define LATE_MS 20		/* how long an answer waits for the store's COMMIT */
#define LATE_CLOSE_MS 500	/* the same, when somebody is told that a port is closed */
#define REBUILD_RETRY_MS 1000
#define BARRED_RETRY_MS 1000ULL	/* and twice as long after each try */
#define FLOWS_AT_ONCE 64
#define ROUNDS_MAX 64		/* each round bars at least one request or opening */

static int make_room(struct core *core, size_t more)
{
	size_t size = core->pending_size ? core->pending_size : PENDING_FIRST;
	struct pending *p;

	while (size < core->pending_count + more)
		size *= 2;
	if (size == core->pending_size)
		return 0;
	p = realloc(core->pending, size * sizeof(*p));
	if (!p)
		return ERR_MEMORY;
	core->pending = p;
	core->pending_size = size;
	return 0;
}

int batch_push(struct core *core, const struct pending *item)
{
	int err = make_room(core, 1);

	if (!err)
		core->pending[core->pending_count++] = *item;
	return err;
}

int batch_push_expired(struct core *core, const struct opening *o, enum map_origin origin,
	const char *why)
{
	struct pending item = {
		.kind = PENDING_EXPIRE,
		.opening_id = o->id,
		.origin = origin,
		.why = why,
	};

	return batch_push(core, &item);
}

void batch_lease_due(void *arg)
{
	struct lease *l = arg;
	struct opening *o = l->opening;

	if (batch_push_expired(o->core, o, l->origin, "its time was over"))
		loop_timer_set(o->core->loop, &l->timer,
			loop_now_ms(o->core->loop) + REBUILD_RETRY_MS);
}

static void set_firewall(struct core *core, enum core_health health)
{
	if (core->firewall == health)
		return;
	core->firewall = health;
	if (health == CORE_LATE)
		log_warning(core->log, "firewall: being repaired");
	else
		log_info(core->log, "firewall: works, %zu openings", table_listed(core->table));
	core_tell(core, CORE_NEWS_HEALTH, NULL);
}

static bool asks_to_open(const struct pending *item)
{
	enum map_op op = item->req.op;

	return item->kind == PENDING_REQUEST &&
	       (op == MAP_OP_OPEN || op == MAP_OP_RENEW || op == MAP_OP_PEER);
}

/* ---- the end: commit and answer ---- */

static void tell_outcome(struct core *core, struct pending *item)
{
	if (item->kind == PENDING_REQUEST)
		rules_count_use(core, item->rule_id);
	if (item->kind == PENDING_REQUEST && item->ans.result == MAP_PENDING)
		card_ask(core, item);
	if (item->kind == PENDING_REQUEST && item->ans.result != MAP_OK &&
		item->ans.result != MAP_NOT_FOUND) {
		refuse_note(core, item);
		core_tell(core, CORE_NEWS_REFUSED, NULL);
	}
	if (item->answer)
		item->answer(item->arg, &item->ans);
	if (item->done)
		item->done(item->arg, item->ans.result == MAP_OK ? 0 : ERR_IO);
}

static void give_up(struct pending *item)
{
	item->deferred = false;
	item->ans = (struct map_ans){.result = MAP_TROUBLE};
}

/* What is deferred was asked for before all that came meanwhile. It is tried as if it were new. */
static void put_back(struct core *core, struct pending *items, size_t count)
{
	size_t more = core->batch.deferred, n = 0;
	bool room;

	if (more == 0)
		return;
	room = make_room(core, more) == 0;
	if (room) {
		memmove(core->pending + more, core->pending,
			core->pending_count * sizeof(*core->pending));
		core->pending_count += more;
	}
	for (size_t i = 0; i < count; i++) {
		if (items[i].deferred && room) {
			core->pending[n] = items[i];
			core->pending[n++].barred = false;
		} else if (items[i].deferred) {
			give_up(&items[i]);
		}
	}
}

/* Answers may bring new requests; they wait in pending for the next batch. */
static void finish(struct core *core)
{
	struct batch *b = &core->batch;
	struct pending *items = b->items;
	size_t count = b->item_count;

	loop_timer_stop(core->loop, &b->late);
	change_commit_all(core);
	b->items = NULL;
	b->item_count = 0;
	b->rebuild = false;
	b->busy = false;
	put_back(core, items, count);
	for (size_t i = 0; i < count; i++) {
		if (!items[i].deferred)
			tell_outcome(core, &items[i]);
	}
	free(items);
}

static void on_stored(struct core *core)
{
	if (core->batch.busy)
		finish(core);
}

/* The store takes its time; its job goes on without us (the kernel remembers meanwhile). */
static void on_late(void *arg)
{
	struct core *core = arg;

	core->batch.job = NULL;
	if (core->store == CORE_OK) {
		core->store = CORE_LATE;
		core_tell(core, CORE_NEWS_HEALTH, NULL);
	}
	finish(core);
}

/* An opening that the store missed is read back from the kernel after kill -9. Of a close nothing
 * is left there, and the store's row would open the port again. */
static uint64_t patience_ms(const struct batch *b)
{
	for (size_t i = 0; i < b->change_count; i++) {
		const struct change *c = &b->changes[i];
		const struct pending *item = &b->items[c->item];
		if ((c->kind == CHANGE_CLOSE || c->kind == CHANGE_LEASE_END) &&
			item->kind != PENDING_EXPIRE && !asks_to_open(item))
			return LATE_CLOSE_MS;
	}
	return LATE_MS;
}

static void store_then_finish(struct core *core)
{
	struct batch *b = &core->batch;

	peer_keep(core);
	if (!store_batch(core, on_stored)) {
		finish(core);
		return;
	}
	b->late.fn = on_late;
	b->late.arg = core;
	loop_timer_set(core->loop, &b->late, loop_now_ms(core->loop) + patience_ms(b));
}

void batch_stop(struct core *core)
{
	struct batch *b = &core->batch;

	if (b->busy && !b->job) {
		/* The firewall has not answered: the next start finds out what it has. */
		change_undo_to(core, 0);
		b->deferred = 0;
		for (size_t i = 0; i < b->item_count; i++)
			give_up(&b->items[i]);
	}
	b->job = NULL;
	if (b->busy)
		finish(core);
	for (size_t i = 0; i < core->pending_count; i++) {
		give_up(&core->pending[i]);
		tell_outcome(core, &core->pending[i]);
	}
	core->pending_count = 0;
}

/* ---- the middle: the firewall ---- */

static void mark_active(struct core *core)
{
	struct batch *b = &core->batch;

	for (size_t i = 0; i < b->change_count; i++) {
		if (b->changes[i].kind == CHANGE_CLOSE)
			continue;
		b->changes[i].opening->active = !b->changes[i].opening->suspended;
		/* A rebuild has left out what is barred. */
		if (!b->rebuild)
			b->changes[i].opening->barred = false;
	}
	if (!b->rebuild)
		return;
	loop_timer_stop(core->loop, &core->rebuild_retry);
	for (size_t i = 0; i < table_listed(core->table); i++) {
		struct opening *o = table_at(core->table, i);
		o->active = !o->barred && !o->suspended;
	}
	if (!core->need_rebuild)
		set_firewall(core, CORE_OK);
}

/* It was not in the kernel, or elsewhere. */
static bool opens(const struct change *c)
{
	return c->kind == CHANGE_OPEN || c->kind == CHANGE_MOVE ||
	       (c->kind != CHANGE_CLOSE && c->opening->barred);
}

/* A call is over for both (SIP-75): what the phone began is no flow of the opening's own. */
static bool ends_call(const struct change *c)
{
	return c->kind == CHANGE_CLOSE && c->opening->call;
}

/* Peers that knocked before the port was open have left a flow that leads nowhere, and flows of
 * whoever held the port before lead to him: both are forgotten when a port opens. A phone that
 * spoke before its port was open goes on from another one, which its peer may have learned: that
 * flow is forgotten when the call is over. */
static void forget_flows(struct core *core)
{
	struct batch *b = &core->batch;
	struct fw_flow flows[FLOWS_AT_ONCE];
	size_t n = 0;

	for (size_t i = 0; i < b->change_count && !addr_is_any(&core->wan4); i++) {
		const struct opening *o = b->changes[i].opening;
		bool over = ends_call(&b->changes[i]);
		if ((!opens(&b->changes[i]) && !over) || !opening_is4(o) || o->disabled)
			continue;
		flows[n++] = (struct fw_flow){
			.proto = o->proto,
			.dst = {core->wan4, o->external.port},
			.remote = prefix_is_host(&o->remote) ? o->remote.addr : addr_any4(),
			.keep = o->suspended || over ? (struct endpoint){addr_any4(), 0}
						     : o->internal,
		};
		if (over)
			flows[n++] = (struct fw_flow){.proto = o->proto, .dst = o->internal,
				.remote = addr_any4(), .keep = {addr_any4(), 0}};
		if (n + 1 < FLOWS_AT_ONCE)
			continue;
		fw_forget(core->fw, flows, n);
		n = 0;
	}
	if (n > 0)
		fw_forget(core->fw, flows, n);
}

/* A flow keeps the source it began with: what left from the address we had would never end while a
 * game goes on sending, and never be answered. TCP ends by itself. */
static void forget_past(struct core *core)
{
	struct fw_flow flows[FLOWS_AT_ONCE];
	size_t n = 0;

	for (size_t i = 0; i < table_listed(core->table); i++) {
		const struct opening *o = table_at(core->table, i);
		if (!opening_is4(o) || o->proto != MAP_PROTO_UDP)
			continue;
		if (n == FLOWS_AT_ONCE) {
			fw_forget(core->fw, flows, n);
			n = 0;
		}
		flows[n++] = (struct fw_flow){
			.proto = o->proto,
			.dst = {core->past_wan4, o->external.port},
			.remote = addr_any4(),
			.keep = {addr_any4(), 0},
		};
	}
	if (n > 0)
		fw_forget(core->fw, flows, n);
	core->past_wan4 = addr_any4();
}

static bool bar_owner(struct core *core, uint32_t owner)
{
	struct batch *b = &core->batch;
	struct opening *o;

	if (owner < b->change_count) {
		b->items[b->changes[owner].item].barred = true;
		return true;
	}
	o = owner == ELEMS_NO_OWNER ? NULL : table_at(core->table, owner - b->change_count);
	if (!o)
		return false;
	o->barred = true;
	o->active = false;
	log_warning(core->log, "firewall: refuses opening %u as things are", o->id);
	return true;
}

/* It may have judged by how things were for a moment, and nobody told us that they are as before:
 * an address that went and came at once is no news here. */
void batch_retry_barred(struct core *core)
{
	struct loop_timer *retry = &core->barred_retry;
	uint64_t due = loop_now_ms(core->loop) + (BARRED_RETRY_MS << core->barred_tries);

	if (retry->slot == 0 || retry->due_ms > due)
		loop_timer_set(core->loop, retry, due);
}

/* Nothing was changed in the kernel. Who is to blame answers for it, the others try again. False:
 * nobody here is to blame. */
static bool bar_refused(struct core *core, const uint32_t *bad, size_t bad_count)
{
	struct batch *b = &core->batch;
	bool any = false;

	for (size_t i = 0; i < bad_count; i++) {
		if (bad[i] < b->elem_count && (bar_owner(core, b->elem_owner[bad[i]]) ||
						      around_refused(core, &b->elems[bad[i]])))
			any = true;
	}
	if (any)
		batch_retry_barred(core);
	return any;
}

/* Its table is not what it should be, and one was not tried in vain just now. */
static bool may_rebuild(const struct core *core)
{
	return core->need_rebuild && core->firewall != CORE_FAILED &&
	       core->rebuild_retry.slot == 0;
}

static void retry_rebuild_later(struct core *core)
{
	core->need_rebuild = true;
	/* Requests that keep failing must not push it off for ever. */
	if (core->rebuild_retry.slot == 0)
		loop_timer_set(core->loop, &core->rebuild_retry,
			loop_now_ms(core->loop) + REBUILD_RETRY_MS);
}

/* Only notes the answer: the next step goes on from it. */
static void on_applied(void *arg, int err, const uint32_t *bad, size_t bad_count)
{
	struct core *core = arg;
	struct batch *b = &core->batch;

	if (core->stopped)
		return;
	b->applied = true;
	b->apply_err = err;
	b->outdated = err == ERR_DENIED && may_rebuild(core) && b->rounds < ROUNDS_MAX;
	b->blamed = err == ERR_DENIED && !b->outdated && b->rounds < ROUNDS_MAX &&
		    bar_refused(core, bad, bad_count);
}

static void bar_opens(struct core *core)
{
	struct batch *b = &core->batch;

	for (size_t i = 0; i < b->item_count; i++) {
		if (asks_to_open(&b->items[i]))
			b->items[i].barred = true;
	}
}

static int apply(struct core *core)
{
	struct batch *b = &core->batch;
	int err = b->rebuild ? elems_of_table(core) : elems_of_changes(core);

	if (!err)
		err = around_put(core, b->rebuild);
	if (err)
		return err;
	if (b->elem_count == 0 && !b->rebuild) {
		b->applied = true;
		b->apply_err = 0;
		return 0;
	}
	return fw_apply(core->fw, &(struct fw_batch){b->rebuild, b->elems, b->elem_count},
		on_applied, core);
}

static void run_round(struct core *core)
{
	struct batch *b = &core->batch;
	int err;

	b->rounds++;
	b->applied = false;
	if (b->skip_firewall) {
		b->rebuild = false;
		bar_opens(core);
	}
	plan_all(core);
	if (b->skip_firewall) {
		store_then_finish(core);
		return;
	}
	err = apply(core);
	if (err)
		on_applied(core, err, NULL, 0);
}

/* What was refused as things were may pass as they are now, and is tried with all the rest. */
static void rebuild_all(struct core *core)
{
	core->batch.rebuild = true;
	core->need_rebuild = false;
	core->barred_tries = 0;
	for (size_t i = 0; i < core->batch.item_count; i++)
		core->batch.items[i].barred = false;
	for (size_t i = 0; i < table_listed(core->table); i++)
		table_at(core->table, i)->barred = false;
	around_try_again(core);
}

/* After the firewall's answer: on to the store, or undo and another round. */
static void go_on(struct core *core)
{
	struct batch *b = &core->batch;

	b->applied = false;
	if (!b->apply_err) {
		around_done(core);
		forget_flows(core);
		mark_active(core);
		if (b->rebuild && !addr_is_any(&core->wan4) && !addr_is_any(&core->past_wan4))
			forget_past(core);
		store_then_finish(core);
		return;
	}
	if ((b->apply_err == ERR_NOT_FOUND && !b->rebuild) || b->outdated) {
		/* Somebody's flush, before its news came; or the refusal came after news. */
		rebuild_all(core);
	} else if (!b->blamed) {
		/* Nothing is known: close what is to be closed without the firewall, refuse the
		 * rest, and make its table anew. */
		log_warning(core->log, "firewall: a batch failed (%s)", err_text(b->apply_err));
		b->skip_firewall = true;
		retry_rebuild_later(core);
		/* That the helper is away, and back, is told as an event, maybe before this. */
		if (core->firewall == CORE_OK)
			set_firewall(core, CORE_LATE);
	}
	change_undo_to(core, 0);
	run_round(core);
}

/* ---- the beginning ---- */

/* A table that was taken away is not made anew by this until somebody, or a phone, needs one. */
static bool has_own_work(const struct core *core)
{
	if (core->resting && !phones_any(core))
		return false;
	return may_rebuild(core) || (!core->need_rebuild && core->firewall == CORE_OK &&
					    around_news(core));
}

static bool begin(struct core *core)
{
	struct batch *b = &core->batch;

	if (core->pending_count == 0 && !has_own_work(core))
		return false;
	core->resting = false;
	b->busy = true;
	b->rounds = 0;
	b->skip_firewall = core->firewall == CORE_FAILED;
	b->rebuild = false;
	if (may_rebuild(core))
		rebuild_all(core);
	b->items = core->pending;
	b->item_count = core->pending_count;
	core->pending = NULL;
	core->pending_count = core->pending_size = 0;
	b->applied = false;
	b->asking = !b->skip_firewall && peer_look_up(core);
	if (!b->asking)
		run_round(core);
	return true;
}

/* False: there is nothing to do but wait. */
static bool step(struct core *core)
{
	struct batch *b = &core->batch;

	if (!core->ready)
		return false;
	if (!b->busy) {
		rules_free_old(core);
		explain_step(core);
		store_step(core);
		return begin(core);
	}
	if (!b->applied)
		return false;
	if (b->asking) {
		b->asking = false;
		run_round(core);
		return true;
	}
	go_on(core);
	return true;
}

void batch_step(void *arg)
{
	while (step(arg))
		;
}

void batch_free(struct core *core)
{
	free(core->batch.items);
	free(core->batch.changes);
	free(core->batch.elems);
	free(core->batch.elem_owner);
	free(core->pending);
}
