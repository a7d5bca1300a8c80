/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accounts by unique names, and the one set-up code. */
#include "tests/unit/temp_db.h"

static const struct db_account admin = {
	.id = 1, .name = "r\xc3\xa9mi", .role = DB_ROLE_ADMIN, .hash = "$argon2id$v=19$x",
	.made_wall_s = 1700000000, .used_wall_s = 1700000001,
};
static const struct db_account child = {
	.id = 2, .name = "child", .role = DB_ROLE_APPROVER, .hash = "$argon2id$v=19$y",
};
static const struct db_setup code = {
	.code_hash = "$argon2id$v=19$z", .kind = DB_SETUP_LABEL, .until_wall_s = 1700003600,
	.tries_left = 5,
};

struct seen {
	struct db_account accounts[4];
	size_t count;
};

static int see_account(void *arg, const struct db_account *a)
{
	struct seen *s = arg;

	assert_true(s->count < ROWS(s->accounts));
	s->accounts[s->count++] = *a;
	return 0;
}

static struct seen see(struct db *db)
{
	struct seen s;

	memset(&s, 0, sizeof(s));
	assert_int_equal(db_accounts_each(db, see_account, &s), 0);
	return s;
}

static int walk(struct db *db)
{
	struct seen s = {.count = 0};
	return db_accounts_each(db, see_account, &s);
}

static int get(struct db *db)
{
	struct db_setup s;
	return db_setup_get(db, &s);
}

static void test_accounts(void **state)
{
	struct temp_db *t = *state;
	struct db_account other = child;
	struct seen s;

	assert_int_equal(db_account_put(t->db, &child), 0);
	assert_int_equal(db_account_put(t->db, &admin), 0);
	temp_db_reopen(t);
	s = see(t->db);
	assert_int_equal(s.count, 2);
	assert_memory_equal(&s.accounts[0], &admin, sizeof(admin));
	assert_memory_equal(&s.accounts[1], &child, sizeof(child));
	other.id = 3;
	assert_int_equal(db_account_put(t->db, &other), ERR_EXISTS);
	other = child;
	memcpy(other.name, admin.name, sizeof(admin.name));
	assert_int_equal(db_account_put(t->db, &other), ERR_EXISTS);
	other = child;
	other.used_wall_s = 1700000005;
	assert_int_equal(db_account_put(t->db, &other), 0);
	assert_int_equal(see(t->db).accounts[1].used_wall_s, 1700000005);
	assert_int_equal(db_account_delete(t->db, 1), 0);
	assert_int_equal(db_account_delete(t->db, 1), 0);
	assert_int_equal(see(t->db).accounts[0].id, 2);
}

/* Nobody without a name or a password, none who may only read. */
static void test_put_refuses_the_impossible(void **state)
{
	struct temp_db *t = *state;
	struct db_account a = admin;
	struct db_setup s = code;

	a.hash[0] = '\0';
	assert_int_equal(db_account_put(t->db, &a), ERR_RANGE);
	assert_string_equal(db_reason(t->db), "accounts: hash is empty");
	a = admin;
	a.name[0] = '\0';
	assert_int_equal(db_account_put(t->db, &a), ERR_RANGE);
	a = admin;
	a.role = DB_ROLE_READ;
	assert_int_equal(db_account_put(t->db, &a), ERR_RANGE);
	s.code_hash[0] = '\0';
	assert_int_equal(db_setup_put(t->db, &s), ERR_RANGE);
	assert_int_equal(see(t->db).count, 0);
}

static void test_setup(void **state)
{
	struct temp_db *t = *state;
	struct db_setup s = {.tries_left = 77}, used = code;

	assert_int_equal(db_setup_get(t->db, &s), ERR_NOT_FOUND);
	assert_int_equal(s.tries_left, 77);
	assert_int_equal(db_setup_put(t->db, &code), 0);
	temp_db_reopen(t);
	assert_int_equal(db_setup_get(t->db, &s), 0);
	assert_string_equal(s.code_hash, code.code_hash);
	assert_int_equal(s.kind, DB_SETUP_LABEL);
	assert_int_equal(s.until_wall_s, 1700003600);
	assert_int_equal(s.tries_left, 5);
	assert_false(s.used);
	used.used = true;
	assert_int_equal(db_setup_put(t->db, &used), 0);
	assert_int_equal(db_setup_get(t->db, &s), 0);
	assert_true(s.used);
}

static void test_edited(void **state)
{
	struct temp_db *t = *state;

	assert_int_equal(db_account_put(t->db, &admin), 0);
	temp_db_doubt_all(t, "accounts", walk);
	temp_db_doubt(t, "accounts", "role", "1", walk);
	temp_db_doubt(t, "accounts", "role", "4", walk);
	temp_db_doubt(t, "accounts", "name", "printf('%033d', 1)", walk);
	temp_db_doubt(t, "accounts", "hash", "printf('%0129d', 1)", walk);
	temp_db_edit(t, "UPDATE accounts SET hash = ''");
	assert_int_equal(walk(t->db), ERR_CORRUPT);
	assert_string_equal(db_reason(t->db), "accounts: hash is empty");
	assert_int_equal(db_setup_put(t->db, &code), 0);
	temp_db_doubt_all(t, "setup", get);
	temp_db_doubt(t, "setup", "kind", "2", get);
	temp_db_doubt(t, "setup", "tries_left", "256", get);
	temp_db_edit(t, "UPDATE setup SET code_hash = ''");
	assert_int_equal(get(t->db), ERR_CORRUPT);
	assert_string_equal(db_reason(t->db), "setup: code_hash is empty");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_accounts),
		TEMP_DB_TEST(test_put_refuses_the_impossible),
		TEMP_DB_TEST(test_setup),
		TEMP_DB_TEST(test_edited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
