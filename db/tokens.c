/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens of scripts: the script has the token, the store its hash. */
#include "db/db.h"

#include "db/table.h"

#define TOKEN(name, member, min, max) NUMBER(name, struct db_token, member, min, max)

static const struct field fields[] = {
	TOKEN("id", id, 1, UINT32_MAX),
	TEXT("name", struct db_token, name),
	BYTES("token_hash", struct db_token, token_hash),
	TOKEN("scope", scope, DB_ROLE_READ, DB_ROLE_ADMIN),
	BYTES("from_addr", struct db_token, from.addr),
	TOKEN("from_len", from.len, 0, 128),
	TOKEN("made_wall_s", made_wall_s, 0, INT64_MAX),
	TOKEN("until_wall_s", until_wall_s, 0, INT64_MAX),
	TOKEN("used_wall_s", used_wall_s, 0, INT64_MAX),
	TEXT("made_by", struct db_token, by),
};

static const struct table tokens = {
	.name = "tokens",
	FIELDS(fields),
	.keys = 1,
	.row_size = sizeof(struct db_token),
};

int db_tokens_each(struct db *db, db_token_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_TOKENS_EACH, &tokens, " ORDER BY id");
	struct db_token t;

	while (table_next(&c, &t))
		c.err = fn(arg, &t);
	return table_end(&c);
}

int db_token_put(struct db *db, const struct db_token *t)
{
	return table_put(db, SQL_TOKEN_PUT, &tokens, t);
}

int db_token_delete(struct db *db, uint32_t id)
{
	const struct db_token key = {.id = id};

	return table_delete(db, SQL_TOKEN_DELETE, &tokens, &key);
}

int db_tokens_clear(struct db *db)
{
	return sql_run(db, SQL_TOKENS_CLEAR, "DELETE FROM tokens");
}
