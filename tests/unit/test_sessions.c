/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions belong to accounts and go with them; a token leads to one of them at most. */
#include "tests/unit/temp_db.h"

static const struct db_account account = {
	.id = 4, .name = "owner", .role = DB_ROLE_ADMIN, .hash = "$argon2id$v=19$x",
};

static struct db_session some(uint32_t id)
{
	struct db_session s = {
		.id = id, .account_id = 4, .made_wall_s = 1700000000, .used_wall_s = 1700000001,
		.until_wall_s = 1700086400, .label = "Firefox <caf\xc3\xa9>", .remember = true,
	};

	memset(s.token_hash, (int)id, sizeof(s.token_hash));
	return s;
}

struct seen {
	struct db_session sessions[4];
	size_t count;
};

static int see_session(void *arg, const struct db_session *one)
{
	struct seen *s = arg;

	assert_true(s->count < ROWS(s->sessions));
	s->sessions[s->count++] = *one;
	return 0;
}

static struct seen see(struct db *db)
{
	struct seen s;

	memset(&s, 0, sizeof(s));
	assert_int_equal(db_sessions_each(db, see_session, &s), 0);
	return s;
}

static int walk(struct db *db)
{
	struct seen s = {.count = 0};
	return db_sessions_each(db, see_session, &s);
}

static void test_sessions(void **state)
{
	struct temp_db *t = *state;
	struct db_session a = some(1), b = some(2);
	struct seen s;

	assert_int_equal(db_session_put(t->db, &a), ERR_NOT_FOUND);
	assert_int_equal(db_account_put(t->db, &account), 0);
	assert_int_equal(db_session_put(t->db, &b), 0);
	assert_int_equal(db_session_put(t->db, &a), 0);
	temp_db_reopen(t);
	s = see(t->db);
	assert_int_equal(s.count, 2);
	assert_int_equal(s.sessions[0].id, 1);
	assert_int_equal(s.sessions[1].account_id, 4);
	assert_memory_equal(s.sessions[1].token_hash, b.token_hash, sizeof(b.token_hash));
	assert_int_equal(s.sessions[1].made_wall_s, b.made_wall_s);
	assert_int_equal(s.sessions[1].used_wall_s, b.used_wall_s);
	assert_int_equal(s.sessions[1].until_wall_s, b.until_wall_s);
	assert_string_equal(s.sessions[1].label, b.label);
	assert_true(s.sessions[1].remember);
	memcpy(b.token_hash, a.token_hash, sizeof(a.token_hash));
	assert_int_equal(db_session_put(t->db, &b), ERR_EXISTS);
	assert_int_equal(db_session_delete(t->db, 1), 0);
	assert_int_equal(db_session_delete(t->db, 1), 0);
	assert_int_equal(see(t->db).sessions[0].id, 2);
	/* An account written again keeps them, one that goes takes them along. */
	assert_int_equal(db_account_put(t->db, &account), 0);
	assert_int_equal(see(t->db).count, 1);
	assert_int_equal(db_account_delete(t->db, 4), 0);
	assert_int_equal(see(t->db).count, 0);
}

static void test_edited(void **state)
{
	struct temp_db *t = *state;
	struct db_session s = some(1);

	assert_int_equal(db_account_put(t->db, &account), 0);
	assert_int_equal(db_session_put(t->db, &s), 0);
	temp_db_doubt_all(t, "sessions", walk);
	temp_db_doubt(t, "sessions", "account_id", "0", walk);
	temp_db_doubt(t, "sessions", "remember", "2", walk);
	temp_db_doubt(t, "sessions", "label", "printf('%0129d', 1)", walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_sessions),
		TEMP_DB_TEST(test_edited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
