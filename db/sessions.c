/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is logged in: the browser has the token, the store its hash. */
#include "db/db.h"

#include "db/table.h"

#define SESSION(name, member, min, max) NUMBER(name, struct db_session, member, min, max)

static const struct field fields[] = {
	SESSION("id", id, 1, UINT32_MAX),
	SESSION("account_id", account_id, 1, UINT32_MAX),
	BYTES("token_hash", struct db_session, token_hash),
	SESSION("made_wall_s", made_wall_s, 0, INT64_MAX),
	SESSION("used_wall_s", used_wall_s, 0, INT64_MAX),
	SESSION("until_wall_s", until_wall_s, 0, INT64_MAX),
	TEXT("label", struct db_session, label),
	SESSION("remember", remember, 0, 1),
};

static const struct table sessions = {
	.name = "sessions",
	FIELDS(fields),
	.keys = 1,
	.row_size = sizeof(struct db_session),
};

int db_sessions_each(struct db *db, db_session_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_SESSIONS_EACH, &sessions, " ORDER BY id");
	struct db_session s;

	while (table_next(&c, &s))
		c.err = fn(arg, &s);
	return table_end(&c);
}

int db_session_put(struct db *db, const struct db_session *s)
{
	return table_put(db, SQL_SESSION_PUT, &sessions, s);
}

int db_session_delete(struct db *db, uint32_t id)
{
	const struct db_session key = {.id = id};

	return table_delete(db, SQL_SESSION_DELETE, &sessions, &key);
}
