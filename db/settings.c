/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings: whole numbers by name. Which names there are and what they may be is policy's. */
#include "db/db.h"

#include "db/table.h"

#include <string.h>

struct row {
	char name[DB_NAME_MAX + 1];
	int64_t value;
};

static const struct field fields[] = {
	TEXT("name", struct row, name),
	NUMBER("value", struct row, value, 0, UINT64_MAX),
};

static const struct table settings = {
	.name = "settings",
	FIELDS(fields),
	.keys = 1,
	.row_size = sizeof(struct row),
};

int db_settings_each(struct db *db, db_setting_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_SETTINGS_EACH, &settings, " ORDER BY name");
	struct row row;

	while (table_next(&c, &row))
		c.err = fn(arg, row.name, row.value);
	return table_end(&c);
}

int db_setting_put(struct db *db, const char *name, int64_t value)
{
	struct row row = {.value = value};
	size_t len = strlen(name);

	if (len > DB_NAME_MAX)
		return sql_say(db, ERR_RANGE, "settings.name", "too long");
	memcpy(row.name, name, len);
	return table_put(db, SQL_SETTING_PUT, &settings, &row);
}
