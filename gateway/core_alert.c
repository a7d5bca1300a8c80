/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the owner should know of: each alert once, with a count, however often it is raised. Whoever
 * invents hosts makes alerts without end: some of a kind are told apart, the others counted on the
 * latest of them, and each is written once a minute at most.
 */
#include "gateway/core_job.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define ALERTS_KEPT 64
#define ALERTS_OF_KIND 16		/* told apart */
#define SOON_MS 1000
#define WRITE_EVERY_MS 60000
#define STEADY_S 60			/* so long an alert of a kind keeps its place */
#define REPAIR_MS 30000			/* a firewall that is being repaired so long is an alert */

struct note {
	bool dirty;			/* the store has another row */
	bool news;			/* and the record should say so */
	uint64_t written_ms;		/* 0: never */
};

struct alerts {
	struct db_alert at[ALERTS_KEPT];	/* by id */
	struct note notes[ALERTS_KEPT];
	size_t count;
	uint32_t next_id;
	struct loop_timer soon;
	struct loop_timer repair;
};

const struct db_alert *core_alerts(const struct core *core, size_t *count)
{
	*count = core->alerts->count;
	return core->alerts->at;
}

/* ---- the store ---- */

static int put_alert(struct db *db, const void *row)
{
	return db_alert_put(db, row);
}

static int delete_alert(struct db *db, const void *row)
{
	const struct db_alert *a = row;

	return db_alert_delete(db, a->id);
}

static const char *kind_text(enum db_alert_kind kind)
{
	static const char *const texts[DB_ALERT_KINDS] = {
		[DB_ALERT_FORGED] = "a host sends with another's address",
		[DB_ALERT_GATEWAY] = "a host claims to be the router",
		[DB_ALERT_SAME_DEVICE] = "this may be a device known by another MAC",
		[DB_ALERT_CLONE] = "two hosts send with one MAC",
		[DB_ALERT_FIREWALL] = "the firewall does not let openings work",
		[DB_ALERT_STORE] = "the disk fails",
		[DB_ALERT_POLICY] = "the stored policy could not be believed",
		[DB_ALERT_SIP_HELPER] = "the kernel's SIP helper is active as well",
		[DB_ALERT_TAKEN] = "an opening by hand does not come about",
		[DB_ALERT_SIP] = "phones cannot be helped now",
	};

	return texts[kind];
}

static void record(struct store_job *sj, const struct db_alert *a)
{
	struct db_record *r = job_put_record(sj, DB_RING_REFUSALS,
		a->over ? "alert over" : "alert");
	char text[DB_RECORD_TEXT_MAX];
	struct writer w = writer_to(text, sizeof(text) - 1);

	if (!r)
		return;
	r->device_id = a->device_id;
	r->client = a->addr;
	r->count = a->count;
	writer_text(&w, kind_text(a->kind));
	if (a->text[0] != '\0') {
		writer_text(&w, ": ");
		writer_text(&w, a->text);
	}
	text[w.len] = '\0';
	job_put_why(r, text);
}

static void put_dirty(struct core *core, struct store_job *sj, size_t i)
{
	struct alerts *as = core->alerts;

	job_put_row(sj, put_alert, &as->at[i], sizeof(as->at[i]));
	if (as->notes[i].news)
		record(sj, &as->at[i]);
	as->notes[i] = (struct note){.written_ms = loop_now_ms(core->loop)};
	core_tell_id(core, CORE_NEWS_ALERT, as->at[i].id);
}

/* Those that were not written for a minute; all: every one that is not. */
static void write_dirty(struct core *core, bool all)
{
	struct alerts *as = core->alerts;
	uint64_t now = loop_now_ms(core->loop), next = LOOP_NEVER;
	struct store_job *sj = job_new(core, false);

	for (size_t i = 0; sj && i < as->count; i++) {
		const struct note *n = &as->notes[i];
		uint64_t due = n->written_ms == 0 ? now : n->written_ms + WRITE_EVERY_MS;
		if (n->dirty && (all || due <= now))
			put_dirty(core, sj, i);
		else if (n->dirty && due < next)
			next = due;
	}
	if (sj && sj->count > 0)
		job_submit(sj);
	else
		job_free(sj);
	if (next != LOOP_NEVER && !all)
		loop_timer_set(core->loop, &as->soon, next);
}

static void on_soon(void *arg)
{
	write_dirty(arg, false);
}

static void changed(struct core *core, size_t i, bool news)
{
	struct alerts *as = core->alerts;

	as->notes[i].dirty = true;
	as->notes[i].news |= news;
	if (as->soon.slot == 0 || as->soon.due_ms > loop_now_ms(core->loop) + SOON_MS)
		loop_timer_set(core->loop, &as->soon, loop_now_ms(core->loop) + SOON_MS);
}

/* ---- raised and over ---- */

static bool is_alike(const struct db_alert *a, const struct db_alert *b)
{
	return a->kind == b->kind && a->has_mac == b->has_mac && a->device_id == b->device_id &&
	       a->other_id == b->other_id && addr_eq(&a->addr, &b->addr) &&
	       (!a->has_mac || memcmp(a->mac, b->mac, sizeof(a->mac)) == 0);
}

/* Of two the one to lose first: what is over, then what is expected, then what is older. */
static bool goes_before(const struct db_alert *a, const struct db_alert *b)
{
	if (a->over != b->over)
		return a->over;
	if (a->expected != b->expected)
		return a->expected;
	return a->last_wall_s < b->last_wall_s;
}

/* kind DB_ALERT_KINDS: of all. */
static size_t find_first(const struct alerts *as, unsigned kind, size_t *of_kind)
{
	size_t first = ALERTS_KEPT;

	*of_kind = 0;
	for (size_t i = 0; i < as->count; i++) {
		if (kind != DB_ALERT_KINDS && as->at[i].kind != kind)
			continue;
		++*of_kind;
		if (first == ALERTS_KEPT || goes_before(&as->at[i], &as->at[first]))
			first = i;
	}
	return first;
}

static void drop(struct core *core, size_t i)
{
	struct alerts *as = core->alerts;
	struct store_job *sj = job_new(core, false);
	size_t behind = as->count - i - 1;

	if (sj) {
		job_put_row(sj, delete_alert, &as->at[i], sizeof(as->at[i]));
		job_submit(sj);
	}
	memmove(&as->at[i], &as->at[i + 1], behind * sizeof(as->at[0]));
	memmove(&as->notes[i], &as->notes[i + 1], behind * sizeof(as->notes[0]));
	as->count--;
}

/* False: too many of this kind at once; *i is the one to count it on. */
static bool make_room(struct core *core, const struct db_alert *like, size_t *i)
{
	struct alerts *as = core->alerts;
	size_t of_kind;
	size_t first = find_first(as, like->kind, &of_kind);

	*i = first;
	if (of_kind >= ALERTS_OF_KIND && !as->at[first].over &&
		as->at[first].last_wall_s + STEADY_S > store_wall_s(core))
		return false;
	if (of_kind < ALERTS_OF_KIND && as->count < ALERTS_KEPT)
		return true;
	if (of_kind < ALERTS_OF_KIND)
		first = find_first(as, DB_ALERT_KINDS, &of_kind);
	drop(core, first);
	return true;
}

static size_t find_alike(const struct alerts *as, const struct db_alert *like)
{
	size_t i = 0;

	while (i < as->count && !is_alike(&as->at[i], like))
		i++;
	return i;
}

static size_t add(struct core *core, const struct db_alert *like)
{
	struct alerts *as = core->alerts;
	struct db_alert *a = &as->at[as->count];

	*a = *like;
	a->id = as->next_id++;
	a->count = 0;
	a->first_wall_s = store_wall_s(core);
	a->expected = a->over = false;
	as->notes[as->count] = (struct note){0};
	return as->count++;
}

void core_alert_raise(struct core *core, const struct db_alert *like)
{
	struct alerts *as = core->alerts;
	struct db_alert *a;
	bool again = false;
	size_t i;

	if (core->stopped)
		return;
	i = find_alike(as, like);
	if (i == as->count && make_room(core, like, &i)) {
		i = add(core, like);
		again = true;
	}
	a = &as->at[i];
	a->count++;
	a->last_wall_s = store_wall_s(core);
	again |= a->over;
	a->over = false;
	if (again)
		memcpy(a->text, like->text, sizeof(a->text));
	if (!a->expected)
		changed(core, i, true);
	if (again && !a->expected)
		core_tell_id(core, CORE_NEWS_ALERT, a->id);
}

static void end(struct core *core, size_t i)
{
	struct db_alert *a = &core->alerts->at[i];

	if (a->over)
		return;
	a->over = true;
	changed(core, i, true);
	core_tell_id(core, CORE_NEWS_ALERT, a->id);
}

void core_alert_over(struct core *core, enum db_alert_kind kind)
{
	struct alerts *as = core->alerts;

	for (size_t i = 0; i < as->count; i++) {
		if (as->at[i].kind == kind)
			end(core, i);
	}
}

void alert_over_like(struct core *core, const struct db_alert *like)
{
	size_t i = find_alike(core->alerts, like);

	if (i < core->alerts->count)
		end(core, i);
}

int core_alert_put(struct core *core, uint32_t id, bool expected, const struct core_act *act)
{
	struct alerts *as = core->alerts;
	struct store_job *sj;
	struct op *op;
	size_t i = 0;

	while (i < as->count && as->at[i].id != id)
		i++;
	if (i == as->count)
		return ERR_NOT_FOUND;
	sj = job_new(core, true);
	op = sj ? job_put_admin(sj, "alert", act) : NULL;
	if (!op) {
		job_free(sj);
		return ERR_MEMORY;
	}
	op->row.record.device_id = as->at[i].device_id;
	/* What is expected of a gateway may go on for ever; the rest is put away till next time. */
	if (as->at[i].kind == DB_ALERT_GATEWAY)
		as->at[i].expected = expected;
	else
		as->at[i].over = expected;
	job_put_why(&op->row.record, expected ? "expected by the owner" : "not expected any more");
	job_put_row(sj, put_alert, &as->at[i], sizeof(as->at[i]));
	job_submit(sj);
	core_tell_id(core, CORE_NEWS_ALERT, id);
	return 0;
}

/* ---- the state of firewall and store ---- */

static void set_state(struct core *core, enum db_alert_kind kind, const char *text)
{
	struct db_alert a = {.kind = kind, .addr = addr_any6()};

	strncpy(a.text, text, sizeof(a.text) - 1);
	core_alert_raise(core, &a);
}

static void on_repair(void *arg)
{
	struct core *core = arg;

	if (core->firewall == CORE_LATE)
		set_state(core, DB_ALERT_FIREWALL, "it cannot be set up");
}

static void look_at_firewall(struct core *core)
{
	struct alerts *as = core->alerts;

	if (core->firewall == CORE_LATE && as->repair.slot == 0)
		loop_timer_set(core->loop, &as->repair, loop_now_ms(core->loop) + REPAIR_MS);
	if (core->firewall != CORE_LATE)
		loop_timer_stop(core->loop, &as->repair);
	if (core->firewall == CORE_FAILED)
		set_state(core, DB_ALERT_FIREWALL, "postern-helper is away");
	if (core->firewall == CORE_OK)
		core_alert_over(core, DB_ALERT_FIREWALL);
}

static void on_news(void *arg, const struct core_told *told)
{
	struct core *core = arg;

	if (told->news != CORE_NEWS_HEALTH || core->stopped)
		return;
	look_at_firewall(core);
	if (core->store == CORE_FAILED)
		set_state(core, DB_ALERT_STORE, "what is open is kept in memory only");
	if (core->store == CORE_OK)
		core_alert_over(core, DB_ALERT_STORE);
}

/* ---- beginning and end ---- */

int alerts_init(struct core *core)
{
	core->alerts = calloc(1, sizeof(*core->alerts));
	if (!core->alerts)
		return ERR_MEMORY;
	core->alerts->next_id = 1;
	core->alerts->soon = (struct loop_timer){.fn = on_soon, .arg = core};
	core->alerts->repair = (struct loop_timer){.fn = on_repair, .arg = core};
	return core_watch(core, on_news, core);
}

static int on_alert(void *arg, const struct db_alert *row)
{
	struct alerts *as = arg;

	if (row->id >= as->next_id)
		as->next_id = row->id + 1;
	if (as->count == ALERTS_KEPT)
		return 0;
	as->notes[as->count] = (struct note){0};
	as->at[as->count++] = *row;
	return 0;
}

int alerts_load(struct core *core, struct db *db)
{
	return db_alerts_each(db, on_alert, core->alerts);
}

size_t alerts_waiting(const struct core *core)
{
	size_t n = 0;

	for (size_t i = 0; i < core->alerts->count; i++)
		n += !core->alerts->at[i].over && !core->alerts->at[i].expected;
	return n;
}

void alerts_stop(struct core *core)
{
	if (!core->alerts)
		return;
	write_dirty(core, true);
	loop_timer_stop(core->loop, &core->alerts->soon);
	loop_timer_stop(core->loop, &core->alerts->repair);
}

void alerts_free(struct core *core)
{
	free(core->alerts);
	core->alerts = NULL;
}
