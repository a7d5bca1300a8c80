/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Refusals for the record, coalesced: the first of a kind is written within a second, its
 * repetitions as one row with a count, so that no flood wears the flash or pushes evidence out.
 */
#include "gateway/core_job.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define REFUSALS 64		/* different refusals told apart within one window */
#define REFUSAL_SOON_MS 1000
#define REFUSAL_WINDOW_MS 60000

struct refusal {
	struct db_record row;
	bool used;
	bool written;			/* the first one; row.count is what came since */
};

struct refusals {
	struct refusal at[REFUSALS];
	struct loop_timer soon, window;
};

static bool same_refusal(const struct db_record *a, const struct db_record *b)
{
	return a->device_id == b->device_id && a->origin == b->origin && a->proto == b->proto &&
	       a->result == b->result && strcmp(a->what, b->what) == 0 &&
	       a->internal.port == b->internal.port && a->external.port == b->external.port &&
	       addr_eq(&a->internal.addr, &b->internal.addr) && strcmp(a->why, b->why) == 0;
}

static struct refusal *find_refusal(struct refusals *rs, const struct db_record *row)
{
	struct refusal *empty = NULL;

	for (size_t i = 0; i < REFUSALS; i++) {
		struct refusal *r = &rs->at[i];
		if (r->used && same_refusal(&r->row, row))
			return r;
		if (!r->used && !empty)
			empty = r;
	}
	/* Too many kinds at once: the rest are counted on the last place. */
	return empty ? empty : &rs->at[REFUSALS - 1];
}

static void flush_refusals(struct core *core, bool window_over)
{
	struct refusals *rs = core->refusals;
	struct store_job *sj = job_new(core, false);

	if (!sj)
		return;
	job_put_devices(sj);
	for (size_t i = 0; i < REFUSALS; i++) {
		struct refusal *r = &rs->at[i];
		if (r->used && r->row.count > 0 && (window_over || !r->written)) {
			struct db_record *row = job_put_record(sj, DB_RING_REFUSALS, "refuse");
			if (row)
				*row = r->row;
			r->row.count = 0;
			r->written = true;
		}
		if (window_over)
			r->used = false;
	}
	if (sj->count > 0)
		job_submit(sj);
	else
		job_free(sj);
}

static void refusals_soon(void *arg)
{
	flush_refusals(arg, false);
}

static void refusals_window(void *arg)
{
	flush_refusals(arg, true);
}

void refuse_row(struct core *core, const struct db_record *row)
{
	struct refusals *rs = core->refusals;
	uint64_t now = loop_now_ms(core->loop);
	struct refusal *r = find_refusal(rs, row);

	if (!r->used) {
		*r = (struct refusal){.row = *row, .used = true};
		r->row.count = 0;
	}
	r->row.count++;
	if (!r->written && rs->soon.slot == 0)
		loop_timer_set(core->loop, &rs->soon, now + REFUSAL_SOON_MS);
	if (rs->window.slot == 0)
		loop_timer_set(core->loop, &rs->window, now + REFUSAL_WINDOW_MS);
}

void refuse_note(struct core *core, const struct pending *item)
{
	struct db_record row = {
		.ring = DB_RING_REFUSALS,
		.wall_s = store_wall_s(core),
		.wall_synced = core->wall_synced,
		.device_id = item->device_id,
		.rule_id = item->rule_id,
		.origin = item->req.origin,
		.result = item->ans.result,
		.proto = item->req.proto,
		.external = item->req.external,
		.internal = item->req.internal,
		.client = item->req.client,
		.lifetime_s = item->req.lifetime_s,
		.what = "refuse",
	};

	job_put_why(&row, item->reason ? item->reason : map_result_text(item->ans.result));
	memcpy(row.descr, item->text, sizeof(row.descr));
	refuse_row(core, &row);
}

int refuse_init(struct core *core)
{
	core->refusals = calloc(1, sizeof(*core->refusals));
	if (!core->refusals)
		return ERR_MEMORY;
	core->refusals->soon = (struct loop_timer){.fn = refusals_soon, .arg = core};
	core->refusals->window = (struct loop_timer){.fn = refusals_window, .arg = core};
	return 0;
}

void refuse_flush(struct core *core)
{
	flush_refusals(core, false);
}

void refuse_free(struct core *core)
{
	if (!core->refusals)
		return;
	flush_refusals(core, true);
	loop_timer_stop(core->loop, &core->refusals->soon);
	loop_timer_stop(core->loop, &core->refusals->window);
	free(core->refusals);
	core->refusals = NULL;
}
