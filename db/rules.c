/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules as rows; what a rule may be is for policy/rule.h to say. */
#include "db/db.h"

#include "db/table.h"

#include <assert.h>

#define RULE(name, member, min, max) NUMBER(name, struct rule, member, min, max)

static const struct field fields[] = {
	RULE("id", id, 1, UINT32_MAX),
	RULE("position", position, 0, UINT32_MAX),
	RULE("enabled", enabled, 0, 1),
	RULE("verdict", verdict, 0, UINT8_MAX),
	RULE("zones", zones, 0, UINT8_MAX),
	RULE("device_id", device_id, 0, UINT32_MAX),
	RULE("origins", origins, 0, UINT8_MAX),
	RULE("proto", proto, 0, UINT8_MAX),
	RULE("external_min", external_min, 0, UINT16_MAX),
	RULE("external_max", external_max, 0, UINT16_MAX),
	RULE("internal_min", internal_min, 0, UINT16_MAX),
	RULE("internal_max", internal_max, 0, UINT16_MAX),
	RULE("risk", risk, 0, UINT8_MAX),
	RULE("lifetime_max_s", lifetime_max_s, 0, UINT32_MAX),
	RULE("third_party", third_party, 0, 1),
	RULE("maker", maker, 0, RULE_MAKERS - 1),
	BYTES_IF("remote_addr", struct rule, remote.addr, has_remote),
	RULE("remote_len", remote.len, 0, 128),
	TEXT("descr", struct rule, descr),
	RULE("days", when.days, 0, SCHEDULE_DAYS),
	RULE("from_min", when.from_min, 0, SCHEDULE_DAY_MIN),
	RULE("to_min", when.to_min, 0, SCHEDULE_DAY_MIN),
	RULE("until_wall_s", until_wall_s, 0, INT64_MAX),
	RULE("quota", quota, 0, UINT32_MAX),
	TEXT("note", struct rule, note),
};

static const char *fault(const void *row)
{
	return rule_fault(row);
}

static const struct table rules = {
	.name = "rules",
	FIELDS(fields),
	.row_size = sizeof(struct rule),
	.fault = fault,
};

int db_rules_each(struct db *db, db_rule_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_RULES_EACH, &rules, " ORDER BY position");
	struct rule r;

	while (table_next(&c, &r))
		c.err = fn(arg, &r);
	return table_end(&c);
}

int db_rules_replace(struct db *db, const struct rule *rows, size_t count)
{
	int err;

	assert(db->begun);
	err = sql_run(db, SQL_RULES_CLEAR, "DELETE FROM rules");
	for (size_t i = 0; i < count && !err; i++)
		err = table_put(db, SQL_RULE_PUT, &rules, &rows[i]);
	return err;
}
