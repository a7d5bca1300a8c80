/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerts come back as they were put. */
#include "tests/unit/temp_db.h"

static const struct db_alert forged = {
	.id = 2, .kind = DB_ALERT_FORGED, .ifname = "br-lan", .has_mac = true,
	.mac = {2, 0, 0, 0, 0, 9}, .device_id = 4, .other_id = 5, .count = 17,
	.first_wall_s = 1700000000, .last_wall_s = 1700000009, .expected = true, .over = true,
	.text = "caf\xc3\xa9",
};
static const struct db_alert disk = {.id = 1, .kind = DB_ALERT_STORE, .count = 1};

struct seen {
	struct db_alert alerts[4];
	size_t count;
};

static int see_alert(void *arg, const struct db_alert *a)
{
	struct seen *s = arg;

	assert_true(s->count < ROWS(s->alerts));
	s->alerts[s->count++] = *a;
	return 0;
}

static struct seen see(struct db *db)
{
	struct seen s;

	memset(&s, 0, sizeof(s));
	assert_int_equal(db_alerts_each(db, see_alert, &s), 0);
	return s;
}

static int walk(struct db *db)
{
	struct seen s = {.count = 0};
	return db_alerts_each(db, see_alert, &s);
}

static void assert_alert(const struct db_alert *a, const struct db_alert *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->kind, b->kind);
	assert_string_equal(a->ifname, b->ifname);
	assert_int_equal(a->has_mac, b->has_mac);
	assert_memory_equal(a->mac, b->mac, sizeof(a->mac));
	assert_true(addr_eq(&a->addr, &b->addr));
	assert_int_equal(a->device_id, b->device_id);
	assert_int_equal(a->other_id, b->other_id);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->first_wall_s, b->first_wall_s);
	assert_int_equal(a->last_wall_s, b->last_wall_s);
	assert_int_equal(a->expected, b->expected);
	assert_int_equal(a->over, b->over);
	assert_string_equal(a->text, b->text);
}

static void test_alerts(void **state)
{
	struct temp_db *t = *state;
	struct db_alert more = forged;
	struct seen s;

	more.addr = addr_from4(0xc0a80102);
	assert_int_equal(db_alert_put(t->db, &forged), 0);
	assert_int_equal(db_alert_put(t->db, &disk), 0);
	assert_int_equal(db_alert_put(t->db, &more), 0);
	temp_db_reopen(t);
	s = see(t->db);
	assert_int_equal(s.count, 2);
	assert_alert(&s.alerts[0], &disk);
	assert_alert(&s.alerts[1], &more);
	assert_int_equal(db_alert_delete(t->db, 2), 0);
	assert_int_equal(db_alert_delete(t->db, 2), 0);
	s = see(t->db);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.alerts[0].id, 1);
}

static void test_same_again_costs_nothing(void **state)
{
	struct temp_db *t = *state;
	long at;

	assert_int_equal(db_alert_put(t->db, &forged), 0);
	at = temp_db_log_size(t);
	assert_true(at > 0);
	assert_int_equal(db_alert_put(t->db, &forged), 0);
	assert_int_equal(temp_db_log_size(t), at);
}

static void test_edited(void **state)
{
	struct temp_db *t = *state;
	struct db_alert bad = forged;

	bad.kind = (enum db_alert_kind)DB_ALERT_KINDS;
	assert_int_equal(db_alert_put(t->db, &bad), ERR_RANGE);
	assert_int_equal(db_alert_put(t->db, &forged), 0);
	temp_db_doubt_all(t, "alerts", walk);
	temp_db_doubt(t, "alerts", "kind", "10", walk);
	temp_db_doubt(t, "alerts", "expected", "2", walk);
	temp_db_doubt(t, "alerts", "device_id", "1 << 32", walk);
	temp_db_doubt(t, "alerts", "text", "printf('%0128d', 1)", walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_alerts),
		TEMP_DB_TEST(test_same_again_costs_nothing),
		TEMP_DB_TEST(test_edited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
