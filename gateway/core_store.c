/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of the core's work the store shall know: batches, the owner's acts, and everything anew
 * after the store had failed. Reading pages of the record goes the same way.
 */
#include "gateway/core_sip_int.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define VERIFY_ROWS 2000		/* of a slice: some milliseconds */

struct page_job {
	struct db_job job;
	struct core *core;
	struct core_page page;
	unsigned looks;
	size_t count, detailed;
	uint64_t next;
	struct core_row *rows;
	char **details;		/* of each row, or NULL */
	core_page_fn *fn;
	void *arg;
};

static void put_gone(struct store_job *sj, const struct opening *o)
{
	struct op *op = job_add(sj, OP_OPENING_GONE);

	if (op)
		op->opening.id = o->id;
}

static void put_lease_gone(struct store_job *sj, const struct opening *o, const struct lease *l)
{
	struct op *op = job_add(sj, OP_LEASE_GONE);

	if (!op)
		return;
	op->lease.opening_id = o->id;
	op->lease.origin = l->origin;
}

static void record_change(struct store_job *sj, const struct change *c, const char *what)
{
	const struct opening *o = c->opening;
	struct db_record *r = job_put_record(sj, DB_RING_OPENINGS, what);

	if (!r)
		return;
	r->device_id = o->device_id;
	r->opening_id = o->id;
	r->rule_id = o->rule_id;
	r->proto = o->proto;
	r->external = o->external;
	r->internal = o->internal;
	if (opening_is4(o))
		r->external.addr = sj->core->wan4;
	if (c->lease || o->leases) {
		const struct lease *l = c->lease ? c->lease : o->leases;
		r->origin = l->origin;
		r->client = l->client;
		r->lifetime_s = l->granted_s;
		memcpy(r->descr, l->descr, sizeof(r->descr));
	}
	if (c->why)
		job_put_why(r, c->why);
}

/* Renewals that only move the expiry wait until a quarter of the lease has gone by. */
static bool is_worth_writing(const struct change *c)
{
	const struct lease *l = c->lease;
	uint64_t behind = l->expires_ms > l->stored_ms ? l->expires_ms - l->stored_ms
							: l->stored_ms - l->expires_ms;

	return strcmp(l->descr, c->saved.descr) != 0 || !addr_eq(&l->client, &c->saved.client) ||
	       l->expires_ms < l->stored_ms || behind / 250 >= l->granted_s;
}

/* With its leases, whatever of it was written before: a row without them is nobody's. */
static void put_whole(struct store_job *sj, const struct opening *o)
{
	if (o->state == OPENING_CLOSING)
		return;
	job_put_opening(sj, o);
	for (struct lease *l = o->leases; l; l = l->next)
		job_put_lease(sj, l);
}

static void put_change(struct store_job *sj, const struct change *c)
{
	switch (c->kind) {
	case CHANGE_OPEN:
		job_put_opening(sj, c->opening);
		job_put_lease(sj, c->lease);
		break;
	case CHANGE_LEASE_SET:
		if (c->reshaped)
			job_put_filters(sj, c->opening);
		if (is_worth_writing(c))
			job_put_lease(sj, c->lease);
		break;
	case CHANGE_LEASE_END:
		put_lease_gone(sj, c->opening, c->lease);
		put_whole(sj, c->opening);
		break;
	case CHANGE_CLOSE:
		put_gone(sj, c->opening);
		break;
	case CHANGE_LEASE_ADD:
	case CHANGE_PIN:
	case CHANGE_MOVE:
		put_whole(sj, c->opening);
		break;
	case CHANGE_PROLONG:
		break;
	}
}

/* The record's word for it; NULL: it is not recorded. */
static const char *word_of(const struct change *c)
{
	switch (c->kind) {
	case CHANGE_OPEN:
		return c->opening->outbound ? "peer" : "open";
	case CHANGE_LEASE_ADD:
		return "lease";
	case CHANGE_LEASE_END:
		return "lease end";
	case CHANGE_CLOSE:
		return c->opening->outbound ? "peer end" : "close";
	case CHANGE_MOVE:
		return c->what;
	case CHANGE_LEASE_SET:
	case CHANGE_PIN:
	case CHANGE_PROLONG:
		break;
	}
	return NULL;
}

static bool goes_on(const struct db_record *r, const struct change *c, const char *word)
{
	const struct opening *o = c->opening;

	return r->opening_id != 0 && r->opening_id + r->count == o->id && r->proto == o->proto &&
	       addr_eq(&r->internal.addr, &o->internal.addr) &&
	       r->internal.port + r->count == o->internal.port &&
	       r->external.port + r->count == o->external.port && strcmp(r->what, word) == 0 &&
	       strcmp(r->why, c->why ? c->why : "") == 0;
}

/* Nobody waits for it. Ports for sound come in pairs, which are one row. */
static void record_call(struct core *core, const struct change *c, const char *word)
{
	struct store_job *sj = job_gather(core);
	struct op *last = sj && sj->count > 0 ? &sj->ops[sj->count - 1] : NULL;

	if (last && last->kind == OP_RECORD && goes_on(&last->row.record, c, word))
		last->row.record.count++;
	else if (sj)
		record_change(sj, c, word);
}

/* A call's port is not stored: the gateway's rows and the kernel remember it. */
static void put(struct store_job *sj, const struct change *c)
{
	const char *word = word_of(c);

	if (!c->opening->call)
		put_change(sj, c);
	if (word && c->opening->call)
		record_call(sj->core, c, word);
	else if (word)
		record_change(sj, c, word);
}

static size_t count_calls(const struct batch *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->change_count; i++)
		n += b->changes[i].opening->call;
	return n;
}

/* With what says which ids were given out: after a crash the kernel tells of those it has. */
static void put_state(struct store_job *sj, bool only_calls)
{
	struct store_job *with = only_calls ? job_gather(sj->core) : sj;

	if (sj->core->state_dirty && with)
		job_put_state(with);
}

bool store_batch(struct core *core, void (*stored)(struct core *core))
{
	const struct batch *b = &core->batch;
	struct store_job *sj = job_new(core, false);
	size_t calls = count_calls(b);

	if (!sj) {
		job_lost(core);
		return false;
	}
	/* Devices first: openings refer to them. */
	if (b->change_count > calls || devices_lost(core->devices)->count > 0)
		job_put_devices(sj);
	for (size_t i = 0; i < b->change_count; i++)
		put(sj, &b->changes[i]);
	put_state(sj, calls > 0 && sj->count == 0);
	if (sj->count == 0 && !sj->has_state && !sj->lacking) {
		job_free(sj);
		return false;
	}
	sj->stored = stored;
	if (!job_submit(sj))
		return false;
	core->batch.job = &sj->job;
	return true;
}

static void write_everything(struct core *core)
{
	struct store_job *sj = job_new(core, false);

	if (!sj)
		return;
	sj->whole = true;
	job_add(sj, OP_DEVICES_CLEAR);
	devices_soil(core->devices);
	job_put_devices(sj);
	job_put_state(sj);
	job_put_policy(sj);
	cards_put_all(sj);
	auth_put_all(sj);
	core_sip_put_all(sj);
	job_add(sj, OP_CLEAR);
	for (size_t i = 0; i < table_listed(core->table); i++) {
		const struct opening *o = table_at(core->table, i);
		if (!o->call)
			put_whole(sj, o);
	}
	job_submit(sj);
}

/* The table is between two batches only what the jobs before this one have made of the store. */
void store_everything(struct core *core)
{
	core->store_due = true;
	store_step(core);
}

void store_step(struct core *core)
{
	if (!core->store_due || core->batch.busy)
		return;
	core->store_due = false;
	write_everything(core);
}

static void retry(void *arg)
{
	struct core *core = arg;

	/* Jobs that wait for a stalled disk are in order: this one comes when they are through. */
	if (core->store_stale)
		store_everything(core);
}

void store_state(struct core *core)
{
	struct store_job *sj = core->store_stale ? NULL : job_new(core, false);

	if (core->store_stale)
		store_everything(core);
	if (!sj)
		return;
	job_put_state(sj);
	job_submit(sj);
}

/* ---- the owner's acts and reading ---- */

void store_admin(struct core *core, const char *what, const char *why, const struct core_act *act)
{
	struct store_job *sj = job_new(core, true);
	struct op *op = sj ? job_put_admin(sj, what, act) : NULL;

	if (!op) {
		job_free(sj);
		return;
	}
	job_put_why(&op->row.record, why);
	job_submit(sj);
}

int store_setting(struct core *core, const struct store_setting *s, const struct core_act *act)
{
	struct store_job *sj = job_new(core, true);
	struct op *op = sj ? job_add(sj, OP_SETTING) : NULL;
	char text[DB_RECORD_TEXT_MAX];
	struct writer w = writer_to(text, sizeof(text) - 1);

	writer_text(&w, s->name);
	writer_text(&w, " = ");
	writer_dec(&w, (uint64_t)s->value);
	text[w.len] = '\0';
	if (op) {
		op->setting.name = s->name;
		op->setting.value = s->value;
		op = job_put_admin(sj, "setting", act);
	}
	if (!op) {
		job_free(sj);
		free(s->detail);
		return ERR_MEMORY;
	}
	op->row.detail = s->detail;
	job_put_why(&op->row.record, text);
	return job_submit(sj) ? 0 : ERR_FULL;
}

static int keep_row(void *arg, const struct db_record *row)
{
	struct page_job *pj = arg;

	if (pj->count < pj->page.count)
		pj->rows[pj->count++] = (struct core_row){.record = *row, .detail = ""};
	return 0;
}

/* The details of the owner's acts, which no other row has. */
static int keep_details(struct db *db, struct page_job *pj)
{
	int err = 0;

	for (; pj->detailed < pj->count && !err; pj->detailed++) {
		const char *text = NULL;
		size_t i = pj->detailed;
		if (pj->rows[i].record.ring != DB_RING_ADMIN)
			continue;
		err = db_record_detail(db, pj->rows[i].record.seq, &text);
		pj->details[i] = !err && text ? strdup(text) : NULL;
		if (pj->details[i])
			pj->rows[i].detail = pj->details[i];
	}
	return err;
}

static int run_page(struct db *db, struct db_job *job)
{
	struct page_job *pj = (struct page_job *)job;
	const struct db_record_page page = {
		.filter = pj->page.filter,
		.before = pj->next,
		.count = pj->page.count - (uint32_t)pj->count,
	};
	int err = db_record_find(db, &page, keep_row, pj, &pj->next);

	pj->looks++;
	return err ? err : keep_details(db, pj);
}

static void page_free(struct page_job *pj)
{
	for (size_t i = 0; pj->details && i < pj->count; i++)
		free(pj->details[i]);
	free(pj->details);
	free(pj->rows);
	free(pj);
}

/* Other jobs come between two looks. */
static void page_done(struct db_job *job, int err)
{
	struct page_job *pj = (struct page_job *)job;
	bool again = !err && pj->next && pj->count < pj->page.count &&
		     pj->looks < CORE_PAGE_LOOKS;

	if (again)
		err = pj->core->queue ? db_queue_submit(pj->core->queue, job) : ERR_GONE;
	if (again && !err)
		return;
	pj->fn(pj->arg, err, pj->rows, err ? 0 : pj->count, err ? 0 : pj->next);
	page_free(pj);
}

int store_page(struct core *core, const struct core_page *page, core_page_fn *fn, void *arg)
{
	struct page_job *pj = calloc(1, sizeof(*pj));
	size_t count = page->count ? page->count : 1;
	int err = ERR_MEMORY;

	if (!pj)
		return err;
	pj->rows = calloc(count, sizeof(*pj->rows));
	pj->details = calloc(count, sizeof(*pj->details));
	pj->job = (struct db_job){.run = run_page, .done = page_done};
	pj->core = core;
	pj->page = *page;
	pj->next = page->before;
	pj->fn = fn;
	pj->arg = arg;
	/* What was refused or opened a moment ago belongs on the page. */
	refuse_flush(core);
	job_flush(core);
	if (pj->rows && pj->details)
		err = db_queue_submit(core->queue, &pj->job);
	if (err)
		page_free(pj);
	return err;
}

/* ---- verifying the record ---- */

struct verify_job {
	struct db_job job;
	struct core *core;
	struct db_verify state;
	core_verified_fn *fn;
	void *arg;
};

static int run_verify(struct db *db, struct db_job *job)
{
	struct verify_job *vj = (struct verify_job *)job;

	return db_record_verify(db, &vj->state, VERIFY_ROWS);
}

/* Other jobs come between two slices. */
static void verify_done(struct db_job *job, int err)
{
	struct verify_job *vj = (struct verify_job *)job;
	bool again = err == ERR_AGAIN;

	if (again)
		err = vj->core->queue ? db_queue_submit(vj->core->queue, job) : ERR_GONE;
	if (again && !err)
		return;
	vj->fn(vj->arg, err, vj->state.bad_seq, vj->state.rows);
	free(vj);
}

int store_verify(struct core *core, core_verified_fn *fn, void *arg)
{
	struct verify_job *vj = calloc(1, sizeof(*vj));
	int err = ERR_MEMORY;

	if (!vj)
		return err;
	*vj = (struct verify_job){.core = core, .fn = fn, .arg = arg};
	vj->job = (struct db_job){.run = run_verify, .done = verify_done};
	refuse_flush(core);
	job_flush(core);
	err = core->queue ? db_queue_submit(core->queue, &vj->job) : ERR_GONE;
	if (err)
		free(vj);
	return err;
}

void store_init(struct core *core)
{
	core->store_retry = (struct loop_timer){.fn = retry, .arg = core};
}

void store_free(struct core *core)
{
	loop_timer_stop(core->loop, &core->store_retry);
}
