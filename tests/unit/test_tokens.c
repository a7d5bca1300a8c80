/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens of scripts come back as they were put, each hash once. */
#include "tests/unit/temp_db.h"

static struct db_token some(uint32_t id)
{
	struct db_token t = {
		.id = id, .name = "backup", .scope = DB_ROLE_READ,
		.from = {addr_from4(0xc0a80100), 120}, .made_wall_s = 1700000000,
		.until_wall_s = 1700086400, .used_wall_s = 1700000001, .by = "owner",
	};

	memset(t.token_hash, (int)id, sizeof(t.token_hash));
	return t;
}

struct seen {
	struct db_token tokens[4];
	size_t count;
};

static int see_token(void *arg, const struct db_token *one)
{
	struct seen *s = arg;

	assert_true(s->count < ROWS(s->tokens));
	s->tokens[s->count++] = *one;
	return 0;
}

static struct seen see(struct db *db)
{
	struct seen s;

	memset(&s, 0, sizeof(s));
	assert_int_equal(db_tokens_each(db, see_token, &s), 0);
	return s;
}

static int walk(struct db *db)
{
	struct seen s = {.count = 0};
	return db_tokens_each(db, see_token, &s);
}

static void test_tokens(void **state)
{
	struct temp_db *t = *state;
	struct db_token a = some(1), b = some(2);
	struct seen s;

	b.scope = DB_ROLE_ADMIN;
	b.from = prefix_any6();
	assert_int_equal(db_token_put(t->db, &b), 0);
	assert_int_equal(db_token_put(t->db, &a), 0);
	temp_db_reopen(t);
	s = see(t->db);
	assert_int_equal(s.count, 2);
	assert_string_equal(s.tokens[0].name, "backup");
	assert_memory_equal(s.tokens[0].token_hash, a.token_hash, sizeof(a.token_hash));
	assert_int_equal(s.tokens[0].scope, DB_ROLE_READ);
	assert_true(prefix_eq(&s.tokens[0].from, &a.from));
	assert_int_equal(s.tokens[0].made_wall_s, a.made_wall_s);
	assert_int_equal(s.tokens[0].until_wall_s, a.until_wall_s);
	assert_int_equal(s.tokens[0].used_wall_s, a.used_wall_s);
	assert_string_equal(s.tokens[0].by, "owner");
	assert_int_equal(s.tokens[1].scope, DB_ROLE_ADMIN);
	assert_true(prefix_eq(&s.tokens[1].from, &b.from));
	memcpy(b.token_hash, a.token_hash, sizeof(a.token_hash));
	assert_int_equal(db_token_put(t->db, &b), ERR_EXISTS);
	assert_int_equal(db_token_delete(t->db, 1), 0);
	assert_int_equal(db_token_delete(t->db, 1), 0);
	s = see(t->db);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.tokens[0].id, 2);
}

static void test_edited(void **state)
{
	struct temp_db *t = *state;
	struct db_token a = some(1);

	assert_int_equal(db_token_put(t->db, &a), 0);
	temp_db_doubt_all(t, "tokens", walk);
	temp_db_doubt(t, "tokens", "scope", "0", walk);
	temp_db_doubt(t, "tokens", "scope", "4", walk);
	temp_db_doubt(t, "tokens", "from_len", "129", walk);
	temp_db_doubt(t, "tokens", "name", "printf('%065d', 1)", walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_tokens),
		TEMP_DB_TEST(test_edited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
