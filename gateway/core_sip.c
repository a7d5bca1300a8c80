/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the SIP gateway keeps over a restart: rows it alone understands, in memory as in the store.
 * A row that changes is written at once, and then five times a second however often it changes: it
 * is only marked here, and a timer writes what is marked.
 */
#include "gateway/core_sip_int.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_FIRST 64
#define WRITE_EVERY_MS 200	/* a kill forgets no more than that of a call */

/* ---- found by kind and id ---- */

/* Where it is, or would be. */
static size_t place_of(const struct core_sip *sip, uint8_t kind, uint32_t id)
{
	uint64_t key = (uint64_t)kind << 32 | id;
	size_t low = 0, high = sip->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct kept_row *row = sip->rows[mid];
		if (((uint64_t)row->kind << 32 | row->id) < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct kept_row *row_at(const struct core_sip *sip, size_t place, uint8_t kind, uint32_t id)
{
	struct kept_row *row = place < sip->count ? sip->rows[place] : NULL;

	return row && row->kind == kind && row->id == id ? row : NULL;
}

static int make_room(struct core_sip *sip)
{
	size_t size = sip->size ? sip->size * 2 : ROWS_FIRST;
	struct kept_row **bigger;

	if (sip->count < sip->size)
		return 0;
	bigger = realloc(sip->rows, size * sizeof(struct kept_row *));
	if (!bigger)
		return ERR_MEMORY;
	sip->rows = bigger;
	sip->size = size;
	return 0;
}

static void take_out(struct core_sip *sip, size_t place)
{
	free(sip->rows[place]);
	sip->count--;
	memmove(&sip->rows[place], &sip->rows[place + 1],
		(sip->count - place) * sizeof(sip->rows[0]));
}

/* ---- the store ---- */

static int delete_row(struct db *db, const void *row)
{
	const struct kept_row *r = row;

	return db_sip_delete(db, r->kind, r->id);
}

static int clear_rows(struct db *db, const void *row)
{
	(void)row;
	return db_sip_clear(db);
}

static int put_kept(struct db *db, const void *row)
{
	const struct kept_row *r = row;
	struct db_sip copy = {.kind = r->kind, .id = r->id, .device_id = r->device_id};

	memcpy(copy.value, r->value, r->len);
	return db_sip_put(db, &copy);
}

static void write_row(struct store_job *sj, struct kept_row *row)
{
	job_put_row(sj, row->gone ? delete_row : put_kept, row, sizeof(*row) + row->len);
	row->dirty = false;
	row->stored = true;
}

/* Those that are gone have only waited for this. */
static void drop_gone(struct core_sip *sip)
{
	size_t kept = 0;

	for (size_t i = 0; i < sip->count; i++) {
		if (sip->rows[i]->gone)
			free(sip->rows[i]);
		else
			sip->rows[kept++] = sip->rows[i];
	}
	sip->count = kept;
}

static void write_dirty(struct core *core)
{
	struct core_sip *sip = core->sip;
	struct store_job *sj = job_new(core, false);

	if (!sj) {
		job_lost(core);
		return;
	}
	/* Devices first: a row whose device is not known is lost. */
	job_put_devices(sj);
	for (size_t i = 0; i < sip->count; i++) {
		if (sip->rows[i]->dirty)
			write_row(sj, sip->rows[i]);
	}
	drop_gone(sip);
	sip->written_ms = loop_now_ms(core->loop);
	if (sj->count > 0)
		job_submit(sj);
	else
		job_free(sj);
}

static void on_soon(void *arg)
{
	write_dirty(arg);
}

static void changed(struct core *core, struct kept_row *row)
{
	struct core_sip *sip = core->sip;
	uint64_t due = loop_now_ms(core->loop);

	row->dirty = true;
	if (sip->written_ms != 0 && sip->written_ms + WRITE_EVERY_MS > due)
		due = sip->written_ms + WRITE_EVERY_MS;
	if (sip->rows_soon.slot == 0 && !core->stopped)
		loop_timer_set(core->loop, &sip->rows_soon, due);
}

void core_sip_put_all(struct store_job *sj)
{
	struct core_sip *sip = sj->core->sip;
	static const uint8_t nothing;

	job_put_row(sj, clear_rows, &nothing, sizeof(nothing));
	drop_gone(sip);
	for (size_t i = 0; i < sip->count; i++)
		write_row(sj, sip->rows[i]);
}

/* ---- the gateway's side ---- */

bool core_sip_is_read(const struct core *core)
{
	return core->merged;
}

void core_sip_rows(const struct core *core, core_sip_row_fn *fn, void *arg)
{
	const struct core_sip *sip = core->sip;

	for (size_t i = 0; i < sip->count; i++) {
		const struct kept_row *row = sip->rows[i];
		if (!row->gone)
			fn(arg, &(struct core_sip_row){row->kind, row->id, row->device_id,
					{row->value, row->len}});
	}
}

static struct kept_row *new_row(const struct core_sip_row *like)
{
	struct kept_row *row = malloc(sizeof(*row) + like->value.len);

	if (!row)
		return NULL;
	*row = (struct kept_row){.kind = like->kind, .id = like->id,
		.device_id = like->device_id, .len = like->value.len};
	if (row->len > 0)
		memcpy(row->value, like->value.p, row->len);
	return row;
}

static bool is_same(const struct kept_row *row, const struct core_sip_row *like)
{
	return !row->gone && row->device_id == like->device_id &&
	       str_eq((struct str){row->value, row->len}, like->value);
}

/* Takes row. */
static int put(struct core_sip *sip, size_t place, struct kept_row *old, struct kept_row *row)
{
	if (old) {
		row->stored = old->stored;
		sip->live += old->gone;
		sip->rows[place] = row;
		free(old);
		return 0;
	}
	if (make_room(sip)) {
		free(row);
		return ERR_MEMORY;
	}
	memmove(&sip->rows[place + 1], &sip->rows[place],
		(sip->count - place) * sizeof(sip->rows[0]));
	sip->rows[place] = row;
	sip->count++;
	sip->live++;
	return 0;
}

int core_sip_put(struct core *core, const struct core_sip_row *like)
{
	struct core_sip *sip = core->sip;
	size_t place = place_of(sip, like->kind, like->id);
	struct kept_row *old = row_at(sip, place, like->kind, like->id), *row;
	int err;

	/* The store would refuse it, and with it all that is written together. */
	if (like->value.len > CORE_SIP_VALUE_MAX || !str_is_utf8(like->value))
		return ERR_RANGE;
	if ((!old || old->gone) && sip->live >= CORE_SIP_ROWS_MAX)
		return ERR_FULL;
	if (old && is_same(old, like))
		return 0;
	row = new_row(like);
	if (!row)
		return ERR_MEMORY;
	err = put(sip, place, old, row);
	if (err)
		return err;
	changed(core, row);
	core_tell_id(core, CORE_NEWS_SIP, row->device_id);
	return 0;
}

static void drop(struct core *core, size_t place)
{
	struct core_sip *sip = core->sip;
	struct kept_row *row = sip->rows[place];

	if (row->gone)
		return;
	core_tell_id(core, CORE_NEWS_SIP, row->device_id);
	sip->live--;
	if (!row->stored) {
		take_out(sip, place);
		return;
	}
	row->gone = true;
	row->len = 0;
	changed(core, row);
}

void core_sip_drop(struct core *core, uint8_t kind, uint32_t id)
{
	size_t place = place_of(core->sip, kind, id);

	if (row_at(core->sip, place, kind, id))
		drop(core, place);
}

/* ---- devices go, or become another ---- */

void core_sip_forget(struct core *core, uint32_t device_id)
{
	for (size_t i = core->sip->count; i > 0; i--) {
		if (core->sip->rows[i - 1]->device_id == device_id)
			drop(core, i - 1);
	}
}

void core_sip_move(struct core *core, uint32_t from, uint32_t into)
{
	for (size_t i = 0; i < core->sip->count; i++) {
		struct kept_row *row = core->sip->rows[i];
		if (row->device_id != from || row->gone)
			continue;
		row->device_id = into;
		changed(core, row);
	}
}

/* ---- beginning and end ---- */

static int on_row(void *arg, const struct db_sip *row)
{
	struct core *core = arg;
	const struct core_sip_row like = {row->kind, row->id, row->device_id,
		str_from(row->value)};
	int err = core_sip_put(core, &like);
	size_t place = place_of(core->sip, row->kind, row->id);
	struct kept_row *kept = row_at(core->sip, place, row->kind, row->id);

	if (err || !kept)
		return err == ERR_RANGE ? ERR_CORRUPT : err;
	kept->stored = true;
	kept->dirty = false;
	return 0;
}

/* After the devices: rows of one that was lost with the store's last write go after it. */
int core_sip_load(struct core *core, struct db *db)
{
	struct core_sip *sip = core->sip;
	int err = db_sip_each(db, on_row, core);

	loop_timer_stop(core->loop, &sip->rows_soon);
	for (size_t i = sip->count; i > 0 && !err; i--) {
		uint32_t id = sip->rows[i - 1]->device_id;
		if (id != 0 && !devices_by_id(core->devices, id))
			drop(core, i - 1);
	}
	return err;
}

int core_sip_init(struct core *core)
{
	core->sip = calloc(1, sizeof(*core->sip));
	if (!core->sip)
		return ERR_MEMORY;
	core->sip->phones.stale = true;
	core->sip->rows_soon = (struct loop_timer){.fn = on_soon, .arg = core};
	return 0;
}

void core_sip_stop(struct core *core)
{
	if (!core->sip)
		return;
	job_flush(core);
	write_dirty(core);
	loop_timer_stop(core->loop, &core->sip->rows_soon);
}

void core_sip_free(struct core *core)
{
	struct core_sip *sip = core->sip;

	for (size_t i = 0; sip && i < sip->count; i++)
		free(sip->rows[i]);
	if (sip)
		free(sip->rows);
	free(sip);
	core->sip = NULL;
}
