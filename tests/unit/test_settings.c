/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings by name. */
#include "tests/unit/temp_db.h"

struct seen {
	char text[256];
	size_t len;
};

static int see(void *arg, const char *name, int64_t value)
{
	struct seen *s = arg;

	s->len += (size_t)snprintf(s->text + s->len, sizeof(s->text) - s->len, "%s=%lld ", name,
		(long long)value);
	return 0;
}

static void test_settings(void **state)
{
	struct temp_db *t = *state;
	struct seen s = {.len = 0};
	char name[DB_NAME_MAX + 2] = "";

	assert_int_equal(db_setting_put(t->db, "quota.new", 8), 0);
	assert_int_equal(db_setting_put(t->db, "quota.new", INT64_MIN), 0);
	assert_int_equal(db_setting_put(t->db, "quota.box", INT64_MAX), 0);
	memset(name, 'x', DB_NAME_MAX + 1);
	assert_int_equal(db_setting_put(t->db, name, 1), ERR_RANGE);
	temp_db_reopen(t);
	assert_int_equal(db_settings_each(t->db, see, &s), 0);
	assert_string_equal(s.text,
		"quota.box=9223372036854775807 quota.new=-9223372036854775808 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_settings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
