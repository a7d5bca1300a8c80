/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of the SIP gateway come back as they were put, and what cannot be read is refused. */
#include "tests/unit/temp_db.h"

#include "db/sql.h"

struct seen {
	struct db_sip rows[4];
	size_t count;
};

static int see(void *arg, const struct db_sip *row)
{
	struct seen *s = arg;

	assert_true(s->count < ROWS(s->rows));
	s->rows[s->count++] = *row;
	return 0;
}

static struct seen all(struct db *db)
{
	struct seen s = {.count = 0};

	assert_int_equal(db_sip_each(db, see, &s), 0);
	return s;
}

static int put(struct db *db, uint8_t kind, uint32_t id, const char *value)
{
	struct db_sip row = {.kind = kind, .id = id, .device_id = 3};

	strncpy(row.value, value, sizeof(row.value) - 1);
	return db_sip_put(db, &row);
}

static void rows_come_back(void **state)
{
	struct temp_db *t = *state;
	struct seen s;

	assert_int_equal(put(t->db, 2, 1, "b"), 0);
	assert_int_equal(put(t->db, 1, UINT32_MAX, "caf\xc3\xa9"), 0);
	assert_int_equal(put(t->db, 0, 1, ""), 0);
	assert_int_equal(put(t->db, 2, 1, "another"), 0);
	temp_db_reopen(t);
	s = all(t->db);
	assert_int_equal(s.count, 3);
	assert_string_equal(s.rows[0].value, "");
	assert_int_equal(s.rows[1].kind, 1);
	assert_int_equal(s.rows[1].id, UINT32_MAX);
	assert_int_equal(s.rows[1].device_id, 3);
	assert_string_equal(s.rows[1].value, "caf\xc3\xa9");
	assert_string_equal(s.rows[2].value, "another");
	assert_int_equal(db_sip_delete(t->db, 2, 1), 0);
	assert_int_equal(db_sip_delete(t->db, 2, 1), 0);
	assert_int_equal(db_sip_delete(t->db, 1, 1), 0);
	assert_int_equal(all(t->db).count, 2);
	assert_int_equal(db_sip_clear(t->db), 0);
	assert_int_equal(all(t->db).count, 0);
}

static void the_longest_fits(void **state)
{
	struct temp_db *t = *state;
	struct db_sip row = {.kind = 1, .id = 1};

	memset(row.value, 'x', DB_SIP_VALUE_MAX);
	assert_int_equal(db_sip_put(t->db, &row), 0);
	assert_int_equal(strlen(all(t->db).rows[0].value), DB_SIP_VALUE_MAX);
	row.value[DB_SIP_VALUE_MAX] = 'x';
	assert_int_equal(db_sip_put(t->db, &row), ERR_RANGE);
	assert_int_equal(put(t->db, 1, 1, "\xff"), ERR_RANGE);
}

static void what_cannot_be_is_not_believed(void **state)
{
	struct temp_db *t = *state;
	struct seen s = {.count = 0};

	assert_int_equal(sql_exec(t->db, "INSERT INTO sip VALUES (256, 1, 0, '')"), 0);
	assert_int_equal(db_sip_each(t->db, see, &s), ERR_CORRUPT);
	assert_int_equal(s.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(rows_come_back),
		TEMP_DB_TEST(the_longest_fits),
		TEMP_DB_TEST(what_cannot_be_is_not_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
