/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules are replaced as a whole or not at all. */
#include "tests/unit/temp_db.h"

#include "policy/rule.h"

static const struct rule old[] = {
	{.id = 1, .position = 1, .enabled = true, .verdict = RULE_ALLOW, .zones = 0x1f,
	 .device_id = 9, .origins = 0x1f, .proto = MAP_PROTO_UDP, .external_min = 1024,
	 .external_max = 65535, .internal_min = 1, .internal_max = 2, .risk = RULE_RISK_LOOK,
	 .lifetime_max_s = 3600, .note = "games", .maker = RULE_BY_CARD, .has_remote = true,
	 .remote = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 51, 100, 0}}, 120},
	 .descr = "caf\xc3\xa9*", .when = {.days = 0x1f, .from_min = 960, .to_min = 1200},
	 .until_wall_s = 1700000000, .quota = 3},
};
static const struct rule new[] = {
	{.id = 4, .position = 2, .enabled = true, .verdict = RULE_ASK},
	{.id = 3, .position = 1, .verdict = RULE_DENY},
};

struct seen {
	struct rule rules[4];
	size_t count;
};

static int see_rule(void *arg, const struct rule *r)
{
	struct seen *s = arg;

	assert_true(s->count < ROWS(s->rules));
	s->rules[s->count++] = *r;
	return 0;
}

static struct seen see(struct db *db)
{
	struct seen s;

	memset(&s, 0, sizeof(s));
	assert_int_equal(db_rules_each(db, see_rule, &s), 0);
	return s;
}

static void replace(struct db *db, const struct rule *rules, size_t count)
{
	assert_int_equal(db_begin(db, true), 0);
	assert_int_equal(db_rules_replace(db, rules, count), 0);
	assert_int_equal(db_commit(db), 0);
}

static void test_replace(void **state)
{
	struct temp_db *t = *state;
	struct seen s;

	replace(t->db, old, ROWS(old));
	temp_db_reopen(t);
	s = see(t->db);
	assert_int_equal(s.count, 1);
	assert_memory_equal(&s.rules[0], &old[0], sizeof(old[0]));
	replace(t->db, new, ROWS(new));
	s = see(t->db);
	assert_int_equal(s.count, 2);
	assert_int_equal(s.rules[0].id, 3);
	assert_int_equal(s.rules[1].id, 4);
	replace(t->db, NULL, 0);
	assert_int_equal(see(t->db).count, 0);
}

/* Two rules in one place: the transaction is lost, the old rules are not. */
static void test_conflict(void **state)
{
	struct temp_db *t = *state;
	struct rule twice[2] = {new[0], new[1]};

	replace(t->db, old, ROWS(old));
	twice[1].position = twice[0].position;
	assert_int_equal(db_begin(t->db, true), 0);
	assert_int_equal(db_rules_replace(t->db, twice, 2), ERR_EXISTS);
	assert_int_equal(db_commit(t->db), ERR_EXISTS);
	assert_int_equal(see(t->db).count, 1);
	assert_string_equal(see(t->db).rules[0].note, "games");
}

static int walk(struct db *db)
{
	struct seen s = {.count = 0};
	return db_rules_each(db, see_rule, &s);
}

static void test_edited(void **state)
{
	struct temp_db *t = *state;
	struct seen s = {.count = 0};

	replace(t->db, old, ROWS(old));
	temp_db_doubt_all(t, "rules", walk);
	temp_db_doubt(t, "rules", "maker", "4", walk);
	temp_db_doubt(t, "rules", "remote_len", "129", walk);
	temp_db_doubt(t, "rules", "descr", "printf('%065d', 1)", walk);
	temp_db_doubt(t, "rules", "days", "128", walk);
	temp_db_doubt(t, "rules", "from_min", "1441", walk);
	temp_db_doubt(t, "rules", "quota", "1 << 32", walk);
	temp_db_edit(t, "UPDATE rules SET verdict = 3");
	assert_int_equal(db_rules_each(t->db, see_rule, &s), ERR_CORRUPT);
	assert_string_equal(db_reason(t->db), "rules: verdict is none of deny, allow, ask");
	temp_db_edit(t, "UPDATE rules SET verdict = 1, external_max = 70000");
	assert_int_equal(db_rules_each(t->db, see_rule, &s), ERR_CORRUPT);
	assert_string_equal(db_reason(t->db), "rules.external_max: a value that cannot be");
	assert_int_equal(s.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_replace),
		TEMP_DB_TEST(test_conflict),
		TEMP_DB_TEST(test_edited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
