/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one row of things that must survive a restart and belong to no list. */
#include "db/db.h"

#include "db/table.h"
#include "policy/preset.h"

#define STATE_ID 1	/* of the only row */

struct row {
	uint32_t id;
	struct db_state s;
};

#define STATE(name, member, min, max) NUMBER(name, struct row, member, min, max)

static const struct field fields[] = {
	STATE("id", id, STATE_ID, STATE_ID),
	BYTES("boot_id", struct row, s.boot_id),
	STATE("epoch_start_boot_ms", s.epoch_start_boot_ms, 0, UINT64_MAX),
	STATE("epoch_start_wall_s", s.epoch_start_wall_s, 0, INT64_MAX),
	STATE("next_opening_id", s.next_opening_id, 0, UINT32_MAX),
	STATE("next_pinhole_id", s.next_pinhole_id, 0, UINT32_MAX),
	STATE("upnp_boot_id", s.upnp_boot_id, 0, UINT32_MAX),
	BYTES("uuid", struct row, s.uuid),
	BYTES("upnp_token", struct row, s.upnp_token),
	BYTES("wan4", struct row, s.wan4),
	STATE("attended", s.attended, 0, 1),
	STATE("preset", s.preset, 0, PRESETS - 1),
};

static const char *fault(const void *row)
{
	const struct row *r = row;

	return addr_is4(&r->s.wan4) ? NULL : "wan4 is not an IPv4 address";
}

static const struct table state = {
	.name = "state",
	FIELDS(fields),
	.keys = 1,
	.row_size = sizeof(struct row),
	.fault = fault,
};

int db_state_get(struct db *db, struct db_state *out)
{
	struct row row;
	int err = table_only(db, SQL_STATE_GET, &state, &row);

	if (!err)
		*out = row.s;
	return err;
}

int db_state_put(struct db *db, const struct db_state *s)
{
	const struct row row = {.id = STATE_ID, .s = *s};

	return table_put(db, SQL_STATE_PUT, &state, &row);
}
