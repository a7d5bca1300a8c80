/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the SIP gateway keeps over a restart: rows only it understands. */
#include "db/db.h"

#include "db/table.h"

#define SIP(name, member, min, max) NUMBER(name, struct db_sip, member, min, max)

static const struct field fields[] = {
	SIP("kind", kind, 0, UINT8_MAX),
	SIP("id", id, 0, UINT32_MAX),
	SIP("device_id", device_id, 0, UINT32_MAX),
	TEXT("value", struct db_sip, value),
};

static const struct table sip = {
	.name = "sip",
	FIELDS(fields),
	.keys = 2,
	.row_size = sizeof(struct db_sip),
};

int db_sip_each(struct db *db, db_sip_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_SIP_EACH, &sip, " ORDER BY kind, id");
	struct db_sip row;

	while (table_next(&c, &row))
		c.err = fn(arg, &row);
	return table_end(&c);
}

int db_sip_put(struct db *db, const struct db_sip *row)
{
	return table_put(db, SQL_SIP_PUT, &sip, row);
}

int db_sip_delete(struct db *db, uint8_t kind, uint32_t id)
{
	const struct db_sip key = {.kind = kind, .id = id};

	return table_delete(db, SQL_SIP_DELETE, &sip, &key);
}

int db_sip_clear(struct db *db)
{
	return sql_run(db, SQL_SIP_CLEAR, "DELETE FROM sip");
}
