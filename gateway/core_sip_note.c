/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened to phones, for the record. Refusals go the way of all refusals; what worked is
 * gathered with what calls opened and closed, each kind of each phone once, with a count.
 */
#include "gateway/core_sip_int.h"

#include <string.h>

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

/* The one it is counted on; NULL: it is the first of its kind. */
static struct db_record *find_alike(struct store_job *sj, const struct db_record *row)
{
	for (size_t i = 0; i < sj->count; i++) {
		struct op *op = &sj->ops[i];
		if (op->kind == OP_RECORD && is_alike(&op->row.record, row))
			return &op->row.record;
	}
	return NULL;
}

static void gather(struct core *core, const struct db_record *row)
{
	struct store_job *sj = job_gather(core);
	struct db_record *alike = sj ? find_alike(sj, row) : NULL;

	if (alike) {
		alike->count++;
		return;
	}
	alike = sj ? job_put_record(sj, row->ring, row->what) : NULL;
	if (alike)
		*alike = *row;
}

void core_sip_note(struct core *core, const struct core_sip_note *note)
{
	struct db_record row = row_of(core, note);

	if (core->stopped)
		return;
	core_tell_id(core, CORE_NEWS_SIP, note->device_id);
	if (note->refused)
		refuse_row(core, &row);
	else
		gather(core, &row);
}
