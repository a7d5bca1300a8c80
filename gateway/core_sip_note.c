/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened to phones, for the record. Refusals go the way of all refusals; what worked is
 * written within a second, each kind of each phone once, with a count.
 */
#include "gateway/core_sip_int.h"

#include <string.h>

#define SOON_MS 1000

static struct db_record row_of(const struct core *core, const struct core_sip_note *note)
{
	struct db_record row = {
		.ring = note->refused ? DB_RING_REFUSALS : DB_RING_OPENINGS,
		.wall_s = store_wall_s(core),
		.wall_synced = core->wall_synced,
		.device_id = note->device_id,
		.origin = MAP_ORIGIN_SIP,
		.result = note->refused ? MAP_DENIED : MAP_OK,
		.external.addr = addr_any6(),
		.internal.addr = addr_any6(),
		.client = note->peer,
		.count = 1,
	};

	strncpy(row.what, note->what, sizeof(row.what) - 1);
	job_put_why(&row, note->why);
	(void)str_copy_plain(note->text, row.descr, sizeof(row.descr) - 1);
	return row;
}

static bool is_alike(const struct db_record *a, const struct db_record *b)
{
	return a->device_id == b->device_id && strcmp(a->what, b->what) == 0 &&
	       strcmp(a->why, b->why) == 0;
}

/* With too many kinds at once the rest are counted on the last one. */
static void count(struct core_sip *sip, const struct db_record *row)
{
	size_t i = 0;

	while (i < sip->note_count && !is_alike(&sip->notes[i], row))
		i++;
	if (i < sip->note_count || i == SIP_NOTES) {
		sip->notes[i < SIP_NOTES ? i : SIP_NOTES - 1].count++;
		return;
	}
	sip->notes[sip->note_count++] = *row;
}

void core_sip_note(struct core *core, const struct core_sip_note *note)
{
	struct core_sip *sip = core->sip;
	struct db_record row = row_of(core, note);

	if (core->stopped)
		return;
	core_tell_id(core, CORE_NEWS_SIP, note->device_id);
	if (note->refused) {
		refuse_row(core, &row);
		return;
	}
	count(sip, &row);
	if (sip->notes_soon.slot == 0)
		loop_timer_set(core->loop, &sip->notes_soon, loop_now_ms(core->loop) + SOON_MS);
}

static void flush(void *arg)
{
	struct core *core = arg;
	struct core_sip *sip = core->sip;
	struct store_job *sj = sip->note_count > 0 ? job_new(core, false) : NULL;

	for (size_t i = 0; sj && i < sip->note_count; i++) {
		struct db_record *row = job_put_record(sj, DB_RING_OPENINGS, sip->notes[i].what);
		if (row)
			*row = sip->notes[i];
	}
	sip->note_count = 0;
	if (sj)
		job_submit(sj);
}

void core_sip_notes_init(struct core *core)
{
	core->sip->notes_soon = (struct loop_timer){.fn = flush, .arg = core};
}

void core_sip_notes_flush(struct core *core)
{
	flush(core);
	loop_timer_stop(core->loop, &core->sip->notes_soon);
}
