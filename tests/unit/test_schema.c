/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of an older schema: everything in it is kept, what is new is empty. */
#include "tests/unit/temp_db.h"
#include "tests/unit/schema3.h"

#include "db/sql.h"
#include "policy/preset.h"

#define SCHEMA 6	/* of this version */

static int64_t number(struct db *db, const char *sql)
{
	int64_t n = -1;

	assert_int_equal(sql_number(db, sql, &n), 0);
	return n;
}

/* The file as that version left it, and after it whatever sql does; opened by this version. */
static void open_old(struct temp_db *t, const char *sql)
{
	sqlite3 *raw;
	char *why = NULL;

	db_close(t->db);
	t->db = NULL;
	assert_int_equal(remove(t->path), 0);
	assert_int_equal(sqlite3_open(t->path, &raw), SQLITE_OK);
	if (sqlite3_exec(raw, schema3, NULL, NULL, &why) ||
		sqlite3_exec(raw, sql, NULL, NULL, &why))
		fail_msg("%s", why);
	sqlite3_close(raw);
	temp_db_reopen(t);
	assert_int_equal(number(t->db, "PRAGMA user_version"), SCHEMA);
}

static int see_setting(void *arg, const char *name, int64_t value)
{
	assert_string_equal(name, "record_admin");
	*(int64_t *)arg = value;
	return 0;
}

struct rules {
	struct rule at[8];
	size_t count;
};

static int see_rule(void *arg, const struct rule *r)
{
	struct rules *seen = arg;

	assert_true(seen->count < ROWS(seen->at));
	seen->at[seen->count++] = *r;
	return 0;
}

static int see_device(void *arg, const struct db_device *d)
{
	static const uint8_t none[DB_CLIENT_ID_LEN];

	assert_int_equal(d->id, 7);
	assert_true(d->has_mac);
	assert_string_equal(d->name, "console");
	assert_string_equal(d->hostname, "");
	assert_memory_equal(d->client_id, none, sizeof(none));
	assert_int_equal(d->zone, RULE_ZONE_MEMBER);
	assert_false(d->guest || d->phone || d->sip_seen);
	assert_int_equal(d->callers.count, 0);
	++*(int *)arg;
	return 0;
}

static int see_addr(void *arg, uint32_t device_id, const struct addr *addr, const char *ifname)
{
	const struct addr want = addr_from4(0xc0a80102);

	assert_int_equal(device_id, 7);
	assert_true(addr_eq(addr, &want));
	assert_string_equal(ifname, "");
	++*(int *)arg;
	return 0;
}

static int see_opening(void *arg, const struct db_opening *o)
{
	assert_int_equal(o->id, 65536);
	assert_int_equal(o->internal.port, 3074);
	assert_int_equal(o->rule_id, 5);
	assert_int_equal(o->hand_id, 0);
	assert_false(o->suspended);
	++*(int *)arg;
	return 0;
}

static int see_lease(void *arg, const struct db_lease *l)
{
	assert_int_equal(l->opening_id, 65536);
	assert_int_equal(l->expires_wall_s, 1700003600);
	assert_string_equal(l->descr, "a game");
	++*(int *)arg;
	return 0;
}

static int see_filter(void *arg, uint32_t opening_id, const struct map_filter *f)
{
	assert_int_equal(opening_id, 65536);
	assert_int_equal(f->port, 80);
	++*(int *)arg;
	return 0;
}

static int see_record(void *arg, const struct db_record *r)
{
	assert_string_equal(r->why, "caf\xc3\xa9");
	++*(int *)arg;
	return 0;
}

static void assert_record(struct db *db)
{
	const struct db_record_page all = {.filter = {.ring = DB_RINGS}, .count = 10};
	const struct db_record one = {.ring = DB_RING_ADMIN, .what = "test"};
	struct db_verify v = {.rows = 0}, again = {.rows = 0};
	const char *detail = "untouched";
	uint64_t next;
	int rows = 0;

	assert_int_equal(db_record_find(db, &all, see_record, &rows, &next), 0);
	assert_int_equal(rows, 5);
	assert_int_equal(db_record_detail(db, 4, &detail), 0);
	assert_null(detail);
	assert_int_equal(db_record_verify(db, &v, 100), 0);
	assert_int_equal(v.rows, 5);
	/* And it goes on where it was. */
	assert_int_equal(db_begin(db, false), 0);
	assert_int_equal(db_record_add(db, &one, "{\"before\":1,\"after\":2}"), 0);
	assert_int_equal(db_commit(db), 0);
	assert_int_equal(db_record_verify(db, &again, 100), 0);
	assert_int_equal(again.rows, 6);
	assert_int_equal(db_record_detail(db, 7, &detail), 0);
	assert_string_equal(detail, "{\"before\":1,\"after\":2}");
}

static void assert_state(struct db *db)
{
	struct db_state s;
	int64_t value = 0;

	assert_int_equal(db_state_get(db, &s), 0);
	assert_int_equal(s.next_opening_id, 65540);
	assert_true(s.epoch_start_boot_ms == UINT64_MAX - 5);
	assert_false(s.attended);
	assert_int_equal(s.preset, PRESET_ASK);
	assert_int_equal(db_settings_each(db, see_setting, &value), 0);
	assert_int_equal(value, 500);
}

/* Made by day one and by nobody else: they are a preset's now, and mean what they meant. */
static void assert_rules(struct db *db)
{
	struct rules seen = {.count = 0};

	assert_int_equal(db_rules_each(db, see_rule, &seen), 0);
	assert_int_equal(seen.count, 5);
	for (size_t i = 0; i < seen.count; i++) {
		const struct rule *r = &seen.at[i];
		assert_int_equal(r->id, i + 1);
		assert_int_equal(r->maker, RULE_BY_PRESET);
		assert_false(r->has_remote);
		assert_true(prefix_is_any(&r->remote));
		assert_string_equal(r->descr, "");
		assert_true(schedule_is_always(&r->when));
		assert_int_equal(r->until_wall_s, 0);
		assert_int_equal(r->quota, 0);
	}
	assert_int_equal(seen.at[0].zones, 24);
	assert_int_equal(seen.at[3].risk, RULE_RISK_RISKY);
	assert_int_equal(seen.at[4].verdict, RULE_ALLOW);
}

static void test_schema3(void **state)
{
	struct temp_db *t = *state;
	int devices = 0, addrs = 0, openings = 0, leases = 0, filters = 0;

	open_old(t, "");
	assert_state(t->db);
	assert_rules(t->db);
	assert_int_equal(db_devices_each(t->db, see_device, &devices), 0);
	assert_int_equal(db_device_addrs_each(t->db, see_addr, &addrs), 0);
	assert_int_equal(db_openings_each(t->db, see_opening, &openings), 0);
	assert_int_equal(db_leases_each(t->db, see_lease, &leases), 0);
	assert_int_equal(db_filters_each(t->db, see_filter, &filters), 0);
	assert_int_equal(devices + addrs + openings + leases + filters, 5);
	assert_record(t->db);
}

static void test_schema1(void **state)
{
	struct temp_db *t = *state;

	open_old(t, "ALTER TABLE openings DROP COLUMN outbound;"
		"ALTER TABLE openings DROP COLUMN set_id;"
		"ALTER TABLE openings DROP COLUMN set_offset;"
		"ALTER TABLE rules DROP COLUMN third_party;"
		"DROP TABLE filters; PRAGMA user_version = 1");
	assert_rules(t->db);
	assert_record(t->db);
	assert_int_equal(number(t->db, "SELECT count(*) FROM filters"), 0);
}

static int see_phone(void *arg, const struct db_device *d)
{
	assert_true(d->phone && d->sip_seen);
	*(size_t *)arg += d->callers.count + 1;
	return 0;
}

/* Nobody was let in by name, and from now on may be. */
static void test_schema5(void **state)
{
	struct temp_db *t = *state;
	struct db_device phone = {.id = 7, .phone = true, .sip_seen = true};
	const struct addr host = addr_from4(0xc6336407);
	size_t seen = 0;

	assert_int_equal(db_device_put(t->db, &phone), 0);
	temp_db_edit(t, "DROP TABLE callers; PRAGMA user_version = 5");
	assert_int_equal(number(t->db, "PRAGMA user_version"), SCHEMA);
	assert_int_equal(db_devices_each(t->db, see_phone, &seen), 0);
	assert_int_equal(seen, 1);
	phone.callers = (struct db_callers){1, {prefix_host(&host)}};
	assert_int_equal(db_device_put(t->db, &phone), 0);
	temp_db_reopen(t);
	assert_int_equal(db_devices_each(t->db, see_phone, &seen), 0);
	assert_int_equal(seen, 3);
}

/* However a file came to this schema, it is the same one. */
static void test_same_schema(void **state)
{
	static const char *const sums[] = {
		"SELECT count(*) FROM sqlite_schema",
		"SELECT total(cid * length(c.name) + length(c.type) + 1000 * \"notnull\")"
		" FROM sqlite_schema s JOIN pragma_table_xinfo(s.name) c WHERE s.type = 'table'",
	};
	struct temp_db *t = *state;
	int64_t fresh[ROWS(sums)];

	for (size_t i = 0; i < ROWS(sums); i++)
		fresh[i] = number(t->db, sums[i]);
	open_old(t, "");
	for (size_t i = 0; i < ROWS(sums); i++)
		assert_int_equal(number(t->db, sums[i]), fresh[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_schema3),
		TEMP_DB_TEST(test_schema1),
		TEMP_DB_TEST(test_schema5),
		TEMP_DB_TEST(test_same_schema),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
