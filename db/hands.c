/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Openings by hand as rows; what one may be is for policy/hand.h to say. */
#include "db/db.h"

#include "db/table.h"

#define HAND(name, member, min, max) NUMBER(name, struct hand, member, min, max)

static const struct field fields[] = {
	HAND("id", id, 1, UINT32_MAX),
	HAND("enabled", enabled, 0, 1),
	HAND("device_id", device_id, 1, UINT32_MAX),
	HAND("protos", protos, 1, HAND_TCP | HAND_UDP),
	HAND("families", families, 1, HAND_IP4 | HAND_IP6),
	HAND("external_port", external_port, 0, UINT16_MAX),
	HAND("internal_port", internal_port, 0, UINT16_MAX),
	HAND("count", count, 1, HAND_PORTS_MAX),
	BYTES_IF("remote_addr", struct hand, remote.addr, has_remote),
	HAND("remote_len", remote.len, 0, 128),
	HAND("days", when.days, 0, SCHEDULE_DAYS),
	HAND("from_min", when.from_min, 0, SCHEDULE_DAY_MIN),
	HAND("to_min", when.to_min, 0, SCHEDULE_DAY_MIN),
	TEXT("name", struct hand, name),
};

static const char *fault(const void *row)
{
	return hand_fault(row);
}

static const struct table hands = {
	.name = "hands",
	FIELDS(fields),
	.keys = 1,
	.row_size = sizeof(struct hand),
	.fault = fault,
};

int db_hands_each(struct db *db, db_hand_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_HANDS_EACH, &hands, " ORDER BY id");
	struct hand h;

	while (table_next(&c, &h))
		c.err = fn(arg, &h);
	return table_end(&c);
}

int db_hand_put(struct db *db, const struct hand *h)
{
	return table_put(db, SQL_HAND_PUT, &hands, h);
}

int db_hand_delete(struct db *db, uint32_t id)
{
	const struct hand key = {.id = id};

	return table_delete(db, SQL_HAND_DELETE, &hands, &key);
}

int db_hands_clear(struct db *db)
{
	return sql_run(db, SQL_HANDS_CLEAR, "DELETE FROM hands");
}
