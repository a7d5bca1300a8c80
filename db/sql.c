/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statements and errors of a connection; see sql.h. Transactions are db.c's. */
#include "db/sql.h"

#include "protocols/reader.h"

#include <assert.h>

int sql_say(struct db *db, int err, const char *where, const char *what)
{
	struct writer w = writer_to(db->reason, sizeof(db->reason) - 1);

	if (where) {
		writer_text(&w, where);
		writer_text(&w, ": ");
	}
	writer_str(&w, str_cut_utf8(str_from(what), w.size - w.len));
	db->reason[w.len] = '\0';
	return err;
}

/* A statement SQLite does not understand (SQLITE_ERROR) means that the schema is not the one the
 * constant text was written for: somebody's hand was in the file. */
static int err_of(int result)
{
	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return ERR_MEMORY;
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return ERR_DENIED;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_ERROR:
		return ERR_CORRUPT;
	case SQLITE_CONSTRAINT:
		return result == SQLITE_CONSTRAINT_FOREIGNKEY ? ERR_NOT_FOUND : ERR_EXISTS;
	default:
		return ERR_IO;
	}
}

int sql_check(struct db *db, int result)
{
	int err = err_of(result);

	if (!err)
		return 0;
	if (db->begun && !db->failed)
		db->failed = err;
	return sql_say(db, err, NULL, sqlite3_errmsg(db->conn));
}

int sql_exec(struct db *db, const char *text)
{
	return sql_check(db, sqlite3_exec(db->conn, text, NULL, NULL, NULL));
}

int sql_number(struct db *db, const char *text, int64_t *out)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int err = sql_check(db, sqlite3_prepare_v2(db->conn, text, -1, &stmt, NULL));

	if (err)
		return err;
	err = sql_step(db, stmt, &row);
	if (!err && !row)
		err = ERR_NOT_FOUND;
	if (!err)
		*out = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return err;
}

int sql_take(struct db *db, enum sql_id id, const char *text, sqlite3_stmt **out)
{
	int err = db->failed;

	if (!err && !db->stmts[id])
		err = sql_check(db, sqlite3_prepare_v3(db->conn, text, -1,
			SQLITE_PREPARE_PERSISTENT, &db->stmts[id], NULL));
	if (err)
		return err;
	assert(!sqlite3_stmt_busy(db->stmts[id]));
	*out = db->stmts[id];
	return 0;
}

int sql_step(struct db *db, sqlite3_stmt *stmt, bool *row)
{
	int result = sqlite3_step(stmt);
	int err = sql_check(db, result);

	if (!err)
		*row = result == SQLITE_ROW;
	return err;
}

void sql_done(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

int sql_finish(struct db *db, sqlite3_stmt *stmt)
{
	bool row;
	int err = sql_step(db, stmt, &row);

	sql_done(stmt);
	return err;
}

int sql_run(struct db *db, enum sql_id id, const char *text)
{
	sqlite3_stmt *stmt;
	int err = sql_take(db, id, text, &stmt);

	return err ? err : sql_finish(db, stmt);
}
