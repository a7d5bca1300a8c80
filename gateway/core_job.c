/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs of the database thread; see core_job.h. A failing store never stops the core: what could
 * not be written makes the store stale, and store_everything writes all of it when it works again.
 */
#include "gateway/core_job.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define OPS_FIRST 16
#define RETRY_MS 10000		/* a failing disk is not hammered */
#define PRUNE_EVERY 256		/* rows between two looks at the rings' length */
#define GATHER_MS 100		/* many calls are one transaction */
#define GATHER_ROWS 256		/* a millisecond or two of the database thread */

uint32_t core_lease_left_s(const struct core *core, const struct lease *l)
{
	uint64_t now = loop_now_ms(core->loop);

	if (l->expires_ms == LOOP_NEVER)
		return MAP_LIFETIME_ENDLESS;
	return l->expires_ms > now ? (uint32_t)((l->expires_ms - now + 999) / 1000) : 0;
}

uint64_t store_wall_s(const struct core *core)
{
	return loop_wall_s(core->loop);
}

/* ---- running a job in the database thread ---- */

static int run_prune(struct db *db, const struct limits *l)
{
	int err = db_record_prune(db, DB_RING_ADMIN, l->record_admin);

	if (!err)
		err = db_record_prune(db, DB_RING_OPENINGS, l->record_openings);
	if (!err)
		err = db_record_prune(db, DB_RING_REFUSALS, l->record_refusals);
	return err;
}

static int run_op(struct db *db, const struct op *op)
{
	switch (op->kind) {
	case OP_OPENING:
		return db_opening_put(db, &op->opening);
	case OP_LEASE:
		return db_lease_put(db, &op->lease);
	case OP_FILTERS:
		return db_filters_replace(db, op->filters.id, op->filters.list.at,
			op->filters.list.count);
	case OP_OPENING_GONE:
		return db_opening_delete(db, op->opening.id);
	case OP_LEASE_GONE:
		return db_lease_delete(db, op->lease.opening_id, op->lease.origin);
	case OP_CLEAR:
		return db_openings_clear(db);
	case OP_RECORD:
		return db_record_add(db, &op->row.record, op->row.detail ? op->row.detail : "");
	case OP_DEVICE:
		return db_device_put(db, &op->device);
	case OP_DEVICE_ADDR:
		return db_device_addr_put(db, op->device_addr.id, &op->device_addr.addr,
			op->device_addr.ifname);
	case OP_DEVICE_ADDR_GONE:
		return db_device_addr_delete(db, &op->device_addr.addr);
	case OP_DEVICE_GONE:
		return db_device_delete(db, op->device.id);
	case OP_DEVICE_ADDRS_GONE:
		return db_device_addrs_clear(db);
	case OP_DEVICES_CLEAR:
		return db_devices_clear(db);
	case OP_SETTING:
		return db_setting_put(db, op->setting.name, op->setting.value);
	case OP_PRUNE:
		return run_prune(db, &op->limits);
	case OP_KEPT:
		return op->kept.put(db, op->kept.row);
	}
	return 0;
}

static int run_job(struct db *db, struct db_job *job)
{
	struct store_job *sj = (struct store_job *)job;
	int err = db_begin(db, sj->durable);

	if (!err && sj->has_state)
		err = db_state_put(db, &sj->state);
	for (size_t i = 0; i < sj->count && !err; i++)
		err = run_op(db, &sj->ops[i]);
	if (!err)
		err = db_commit(db);
	if (err)
		db_rollback(db);
	return err;
}

/* ---- making jobs ---- */

struct store_job *job_new(struct core *core, bool durable)
{
	struct store_job *sj = calloc(1, sizeof(*sj));

	if (sj) {
		sj->core = core;
		sj->durable = durable;
	}
	return sj;
}

struct op *job_add(struct store_job *sj, enum op_kind kind)
{
	if (sj->count == sj->size) {
		size_t size = sj->size ? sj->size * 2 : OPS_FIRST;
		struct op *ops = realloc(sj->ops, size * sizeof(*ops));
		if (!ops) {
			sj->lacking = true;
			return NULL;
		}
		sj->ops = ops;
		sj->size = size;
	}
	memset(&sj->ops[sj->count], 0, sizeof(struct op));
	sj->ops[sj->count].kind = kind;
	return &sj->ops[sj->count++];
}

void job_free(struct store_job *sj)
{
	if (!sj)
		return;
	for (size_t i = 0; i < sj->count; i++) {
		if (sj->ops[i].kind == OP_RECORD)
			free(sj->ops[i].row.detail);
		else if (sj->ops[i].kind == OP_KEPT)
			free(sj->ops[i].kept.row);
	}
	free(sj->ops);
	free(sj);
}

static void set_health(struct core *core, enum core_health health)
{
	if (core->store == health)
		return;
	core->store = health;
	if (health == CORE_FAILED)
		log_error(core->log, "store: writing fails; what is open stays open and is kept "
				     "in memory, it is tried again every %d s", RETRY_MS / 1000);
	else if (health == CORE_OK)
		log_info(core->log, "store: works");
	core_tell(core, CORE_NEWS_HEALTH, NULL);
}

void job_lost(struct core *core)
{
	core->store_stale = true;
	set_health(core, CORE_FAILED);
	if (core->store_retry.slot == 0)
		loop_timer_set(core->loop, &core->store_retry,
			loop_now_ms(core->loop) + RETRY_MS);
}

static void job_done(struct db_job *job, int err)
{
	struct store_job *sj = (struct store_job *)job;
	struct core *core = sj->core;

	if (err)
		job_lost(core);
	else if (sj->whole || !core->store_stale)
		set_health(core, CORE_OK);
	if (sj->whole && !err)
		core->store_stale = false;
	if (sj->stored && core->batch.job == job) {
		core->batch.job = NULL;
		sj->stored(core);
	}
	if (sj->done)
		sj->done(sj->arg, err ? ERR_UNSTORED : 0);
	job_free(sj);
}

static void put_endpoint(struct writer *w, const struct endpoint *e)
{
	char text[ADDR_TEXT_MAX];

	if (e->port == 0 && addr_is_any(&e->addr))
		return;
	writer_text(w, " ");
	writer_text(w, addr_is_any(&e->addr) ? "*" : addr_text(&e->addr, text));
	writer_text(w, " ");
	writer_dec(w, e->port);
}

/* One line a row, without what a host of the LAN wrote: its words are in the record. */
static void log_row(struct log *log, const struct db_record *r)
{
	char text[DB_RECORD_TEXT_MAX + 256];
	struct writer w = writer_to(text, sizeof(text) - 1);

	writer_text(&w, r->what);
	if (r->proto != 0) {
		writer_text(&w, " ");
		writer_text(&w, map_proto_text(r->proto));
	}
	put_endpoint(&w, &r->external);
	put_endpoint(&w, &r->internal);
	writer_text(&w, " by ");
	writer_text(&w, map_origin_text(r->origin));
	writer_text(&w, ", device ");
	writer_dec(&w, r->device_id);
	if (r->count > 1) {
		writer_text(&w, r->opening_id ? ", ports " : ", times ");
		writer_dec(&w, r->count);
	}
	text[w.len] = '\0';
	log_info(log, "record: %s: %s", text, r->why);
}

static void log_record(const struct store_job *sj)
{
	for (size_t i = 0; sj->core->log_record && i < sj->count; i++) {
		if (sj->ops[i].kind == OP_RECORD)
			log_row(sj->core->log, &sj->ops[i].row.record);
	}
}

/* False: not submitted, and the job is gone. */
static bool submit(struct store_job *sj)
{
	struct core *core = sj->core;
	int err = sj->lacking ? ERR_MEMORY : 0;

	/* Stopped: there is nobody left to tell. */
	if (!core->queue) {
		job_free(sj);
		return false;
	}
	sj->job.run = run_job;
	sj->job.done = job_done;
	/* Also when the store is full or fails: then the log is all there is. */
	log_record(sj);
	if (!err)
		err = db_queue_submit(core->queue, &sj->job);
	if (!err)
		return true;
	job_lost(core);
	job_free(sj);
	return false;
}

void job_flush(struct core *core)
{
	struct store_job *sj = core->gathered;

	if (!sj)
		return;
	core->gathered = NULL;
	loop_timer_stop(core->loop, &sj->due);
	submit(sj);
}

bool job_submit(struct store_job *sj)
{
	job_flush(sj->core);
	return submit(sj);
}

static void gathered_due(void *arg)
{
	job_flush(arg);
}

struct store_job *job_gather(struct core *core)
{
	struct store_job *sj;

	if (core->gathered && core->gathered->count >= GATHER_ROWS)
		job_flush(core);
	if (core->gathered)
		return core->gathered;
	sj = core->gathered = job_new(core, false);
	if (!sj) {
		job_lost(core);
		return NULL;
	}
	sj->due = (struct loop_timer){.fn = gathered_due, .arg = core};
	loop_timer_set(core->loop, &sj->due, loop_now_ms(core->loop) + GATHER_MS);
	return sj;
}

void job_put_filters(struct store_job *sj, const struct opening *o)
{
	struct op *op = job_add(sj, OP_FILTERS);

	if (!op)
		return;
	op->filters.id = o->id;
	if (o->filters)
		op->filters.list = *o->filters;
}

void job_put_opening(struct store_job *sj, const struct opening *o)
{
	struct op *op = job_add(sj, OP_OPENING);

	if (!op)
		return;
	op->opening = (struct db_opening){
		.id = o->id,
		.device_id = o->device_id,
		.proto = o->proto,
		.external = o->external,
		.internal = o->internal,
		.remote = o->remote,
		.remote_port = o->remote_port,
		.disabled = o->disabled,
		.pinned = o->pinned,
		.outbound = o->outbound,
		.set_id = o->set_id,
		.set_offset = o->set_offset,
		.rule_id = o->rule_id,
		.hand_id = o->hand_id,
		.suspended = o->suspended,
		.created_wall_s = o->created_wall_s,
	};
	if (o->filters)
		job_put_filters(sj, o);
}

void job_put_lease(struct store_job *sj, struct lease *l)
{
	struct core *core = sj->core;
	struct op *op = job_add(sj, OP_LEASE);
	uint32_t left = core_lease_left_s(core, l);

	if (!op)
		return;
	l->stored_ms = l->expires_ms;
	op->lease = (struct db_lease){
		.opening_id = l->opening->id,
		.origin = l->origin,
		.device_id = l->device_id,
		.client = l->client,
		.has_nonce = l->has_nonce,
		.granted_s = l->granted_s,
		.remaining_s = left,
		.expires_boot_ms = l->expires_ms == LOOP_NEVER ? 0 : l->expires_ms,
		.expires_wall_s = core->wall_synced && l->expires_ms != LOOP_NEVER
					  ? store_wall_s(core) + left : l->restored_wall_s,
	};
	memcpy(op->lease.nonce, l->nonce, MAP_NONCE_LEN);
	memcpy(op->lease.descr, l->descr, sizeof(op->lease.descr));
}

/* The ids it says were given out are known to the store: while rows are lost, what the kernel
 * remembers of younger ones is what a kill leaves of them. */
void job_put_state(struct store_job *sj)
{
	if (sj->core->store_stale && !sj->whole)
		return;
	sj->has_state = true;
	sj->state = sj->core->state;
	sj->core->state_dirty = false;
}

static void put_device(void *arg, const struct db_device *row)
{
	struct op *op = job_add(arg, OP_DEVICE);

	if (op)
		op->device = *row;
}

static void put_device_addr(void *arg, const struct device_addr *a)
{
	struct op *op = job_add(arg, OP_DEVICE_ADDR);

	if (!op)
		return;
	op->device_addr.id = a->device->row.id;
	op->device_addr.addr = a->addr;
	memcpy(op->device_addr.ifname, a->ifname, sizeof(op->device_addr.ifname));
}

/* Before what is new: an address may have gone from one to the other. */
static void put_devices_lost(struct store_job *sj)
{
	const struct devices_lost *lost = devices_lost(sj->core->devices);

	for (size_t i = 0; i < lost->count; i++) {
		struct op *op = job_add(sj, OP_DEVICE_GONE);
		if (op)
			op->device.id = lost->ids[i];
	}
	for (size_t i = 0; i < lost->addr_count && !lost->all_addrs; i++) {
		struct op *op = job_add(sj, OP_DEVICE_ADDR_GONE);
		if (op)
			op->device_addr.addr = lost->addrs[i];
	}
	if (lost->all_addrs)
		job_add(sj, OP_DEVICE_ADDRS_GONE);
	devices_lost_told(sj->core->devices);
}

void job_put_devices(struct store_job *sj)
{
	put_devices_lost(sj);
	devices_new_rows(sj->core->devices, put_device, sj);
	devices_new_addrs(sj->core->devices, put_device_addr, sj);
}

struct db_record *job_put_record(struct store_job *sj, enum db_ring ring, const char *what)
{
	struct core *core = sj->core;
	struct op *op = job_add(sj, OP_RECORD);

	if (!op)
		return NULL;
	op->row.record = (struct db_record){
		.ring = ring,
		.wall_s = store_wall_s(core),
		.wall_synced = core->wall_synced,
		.count = 1,
	};
	strncpy(op->row.record.what, what, sizeof(op->row.record.what) - 1);
	if (++core->records_since_prune >= PRUNE_EVERY) {
		struct op *prune = job_add(sj, OP_PRUNE);
		if (prune)
			prune->limits = core->limits;
		core->records_since_prune = 0;
		/* The array may have moved: the record is the one before. */
		return prune ? &sj->ops[sj->count - 2].row.record : &op->row.record;
	}
	return &op->row.record;
}

void job_put_why(struct db_record *r, const char *why)
{
	struct str cut = str_cut_utf8(str_from(why), DB_RECORD_TEXT_MAX);

	if (cut.len > 0)
		memcpy(r->why, cut.p, cut.len);
}

struct op *job_put_admin(struct store_job *sj, const char *what, const struct core_act *act)
{
	struct db_record *r = job_put_record(sj, DB_RING_ADMIN, what);
	struct str by = str_cut_utf8(str_from(act->by), sizeof(r->descr) - 1);

	sj->done = act->done;
	sj->arg = act->arg;
	if (!r)
		return NULL;
	if (by.len > 0)
		memcpy(r->descr, by.p, by.len);
	return (struct op *)((char *)r - offsetof(struct op, row.record));
}

/* ---- rows of policy ---- */

void job_put_row(struct store_job *sj, int (*put)(struct db *db, const void *row), const void *row,
	size_t size)
{
	struct op *op = job_add(sj, OP_KEPT);

	if (!op)
		return;
	op->kept.put = put;
	op->kept.row = malloc(size);
	if (op->kept.row)
		memcpy(op->kept.row, row, size);
	else
		sj->lacking = true;
}

struct rule_list {
	size_t count;
	struct rule at[];
};

static int put_rules(struct db *db, const void *row)
{
	const struct rule_list *list = row;

	return db_rules_replace(db, list->at, list->count);
}

void job_put_rules(struct store_job *sj, const struct rule *rules, size_t count)
{
	struct op *op = job_add(sj, OP_KEPT);
	struct rule_list *list = op ? malloc(sizeof(*list) + count * sizeof(*rules)) : NULL;

	if (!list) {
		sj->lacking = true;
		return;
	}
	list->count = count;
	if (count > 0)
		memcpy(list->at, rules, count * sizeof(*rules));
	op->kept.put = put_rules;
	op->kept.row = list;
}

static int clear_hands(struct db *db, const void *row)
{
	(void)row;
	return db_hands_clear(db);
}

static int put_hand(struct db *db, const void *row)
{
	return db_hand_put(db, row);
}

void job_put_hands(struct store_job *sj)
{
	size_t count;
	const struct hand *hands = core_hands(sj->core, &count);

	job_put_row(sj, clear_hands, "", 1);
	for (size_t i = 0; i < count; i++)
		job_put_row(sj, put_hand, &hands[i], sizeof(hands[i]));
}

void job_put_policy(struct store_job *sj)
{
	size_t count;
	const struct limits_entry *table = limits_table(&count);

	for (size_t i = 0; i < count; i++) {
		struct op *op = job_add(sj, OP_SETTING);
		if (!op)
			return;
		op->setting.name = table[i].name;
		op->setting.value = limits_get(&sj->core->limits, &table[i]);
	}
	job_put_rules(sj, sj->core->rules, sj->core->rule_count);
	job_put_hands(sj);
}

static int put_card(struct db *db, const void *row)
{
	return db_card_put(db, row);
}

void job_put_card(struct store_job *sj, const struct card *c)
{
	job_put_row(sj, put_card, c, sizeof(*c));
}

static int delete_card(struct db *db, const void *row)
{
	const uint32_t *id = row;

	return db_card_delete(db, *id);
}

void job_put_card_gone(struct store_job *sj, uint32_t id)
{
	job_put_row(sj, delete_card, &id, sizeof(id));
}

int job_run_now(struct store_job *sj, struct db *db)
{
	int err = sj->lacking ? ERR_MEMORY : run_job(db, &sj->job);

	job_free(sj);
	return err;
}
