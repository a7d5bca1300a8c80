/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerts as rows: what the owner was told and has to look at. */
#include "db/db.h"

#include "db/table.h"

#define ALERT(name, member, min, max) NUMBER(name, struct db_alert, member, min, max)

static const struct field fields[] = {
	ALERT("id", id, 1, UINT32_MAX),
	ALERT("kind", kind, 0, DB_ALERT_KINDS - 1),
	TEXT("ifname", struct db_alert, ifname),
	BYTES_IF("mac", struct db_alert, mac, has_mac),
	BYTES("addr", struct db_alert, addr),
	ALERT("device_id", device_id, 0, UINT32_MAX),
	ALERT("other_id", other_id, 0, UINT32_MAX),
	ALERT("count", count, 0, UINT32_MAX),
	ALERT("first_wall_s", first_wall_s, 0, INT64_MAX),
	ALERT("last_wall_s", last_wall_s, 0, INT64_MAX),
	ALERT("expected", expected, 0, 1),
	ALERT("over", over, 0, 1),
	TEXT("text", struct db_alert, text),
};

static const struct table alerts = {
	.name = "alerts",
	FIELDS(fields),
	.keys = 1,
	.row_size = sizeof(struct db_alert),
};

int db_alerts_each(struct db *db, db_alert_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_ALERTS_EACH, &alerts, " ORDER BY id");
	struct db_alert a;

	while (table_next(&c, &a))
		c.err = fn(arg, &a);
	return table_end(&c);
}

int db_alert_put(struct db *db, const struct db_alert *a)
{
	return table_put(db, SQL_ALERT_PUT, &alerts, a);
}

int db_alert_delete(struct db *db, uint32_t id)
{
	const struct db_alert key = {.id = id};

	return table_delete(db, SQL_ALERT_DELETE, &alerts, &key);
}
