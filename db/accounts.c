/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accounts, and the one code that makes the first of them. Passwords are here as hashes only. */
#include "db/db.h"

#include "db/table.h"

#define SETUP_ID 1	/* of the only row */

struct setup_row {
	uint32_t id;
	struct db_setup s;
};

#define ACCOUNT(name, member, min, max) NUMBER(name, struct db_account, member, min, max)
#define SETUP(name, member, min, max) NUMBER(name, struct setup_row, member, min, max)

static const struct field account_fields[] = {
	ACCOUNT("id", id, 1, UINT32_MAX),
	TEXT("name", struct db_account, name),
	ACCOUNT("role", role, DB_ROLE_APPROVER, DB_ROLE_ADMIN),
	TEXT("hash", struct db_account, hash),
	ACCOUNT("made_wall_s", made_wall_s, 0, INT64_MAX),
	ACCOUNT("used_wall_s", used_wall_s, 0, INT64_MAX),
};

static const struct field setup_fields[] = {
	SETUP("id", id, SETUP_ID, SETUP_ID),
	TEXT("code_hash", struct setup_row, s.code_hash),
	SETUP("kind", s.kind, 0, DB_SETUP_KINDS - 1),
	SETUP("until_wall_s", s.until_wall_s, 0, INT64_MAX),
	SETUP("tries_left", s.tries_left, 0, UINT8_MAX),
	SETUP("used", s.used, 0, 1),
};

/* Without a hash no password would be a wrong one. */
static const char *account_fault(const void *row)
{
	const struct db_account *a = row;

	if (a->name[0] == '\0')
		return "name is empty";
	return a->hash[0] == '\0' ? "hash is empty" : NULL;
}

static const char *setup_fault(const void *row)
{
	const struct setup_row *r = row;

	return r->s.code_hash[0] == '\0' ? "code_hash is empty" : NULL;
}

static const struct table accounts = {
	.name = "accounts",
	FIELDS(account_fields),
	.keys = 1,
	.row_size = sizeof(struct db_account),
	.fault = account_fault,
};

static const struct table setup = {
	.name = "setup",
	FIELDS(setup_fields),
	.keys = 1,
	.row_size = sizeof(struct setup_row),
	.fault = setup_fault,
};

int db_accounts_each(struct db *db, db_account_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_ACCOUNTS_EACH, &accounts, " ORDER BY id");
	struct db_account a;

	while (table_next(&c, &a))
		c.err = fn(arg, &a);
	return table_end(&c);
}

int db_account_put(struct db *db, const struct db_account *a)
{
	return table_put(db, SQL_ACCOUNT_PUT, &accounts, a);
}

int db_account_delete(struct db *db, uint32_t id)
{
	const struct db_account key = {.id = id};

	return table_delete(db, SQL_ACCOUNT_DELETE, &accounts, &key);
}

int db_accounts_clear(struct db *db)
{
	return sql_run(db, SQL_ACCOUNTS_CLEAR, "DELETE FROM accounts");
}

int db_setup_get(struct db *db, struct db_setup *out)
{
	struct setup_row row;
	int err = table_only(db, SQL_SETUP_GET, &setup, &row);

	if (!err)
		*out = row.s;
	return err;
}

int db_setup_put(struct db *db, const struct db_setup *s)
{
	const struct setup_row row = {.id = SETUP_ID, .s = *s};

	return table_put(db, SQL_SETUP_PUT, &setup, &row);
}
