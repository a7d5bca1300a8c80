/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening, closing and transactions. A file that is damaged is set aside under a name that tells
 * when, and a new one begun: the router goes on, and the owner can still look at the old one. A
 * file of a newer Postern or of another program is left alone.
 */
#include "db/db.h"

#include "db/schema.h"
#include "protocols/reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATH_MAX_LEN 1024
#define ASIDE_TRIES 100	/* files set aside in the same second, or by a clock that stands still */

/* Before the first access: without shared memory, and another process cannot come in. */
static const char before[] =
	"PRAGMA locking_mode = EXCLUSIVE;"
	"PRAGMA page_size = 1024;"		/* flash: 4096 writes three times the bytes */
	"PRAGMA cell_size_check = ON;"
	"PRAGMA foreign_keys = ON;"
	"PRAGMA trusted_schema = OFF;"
	"PRAGMA temp_store = MEMORY;";

/* Once the file is known to be ours. */
static const char after[] =
	"PRAGMA journal_mode = WAL;"
	"PRAGMA journal_size_limit = 262144;"
	"PRAGMA wal_autocheckpoint = 256;";	/* pages: the same 256 KiB */

const char *db_reason(const struct db *db)
{
	return db->reason;
}

int db_begin(struct db *db, bool durable)
{
	int err = 0;

	assert(!db->begun);
	if (durable && !db->durable)
		err = sql_exec(db, "PRAGMA synchronous = FULL");
	if (!durable && db->durable)
		err = sql_exec(db, "PRAGMA synchronous = NORMAL");
	if (err)
		return err;
	db->durable = durable;
	err = sql_run(db, SQL_BEGIN, "BEGIN IMMEDIATE");
	db->begun = !err;
	return err;
}

void db_rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(db->conn))
		sqlite3_exec(db->conn, "ROLLBACK", NULL, NULL, NULL);
	db->begun = false;
	db->failed = 0;
	db->chains.known = false;
}

int db_commit(struct db *db)
{
	int err;

	assert(db->begun);
	err = record_finish(db);
	if (!err)
		err = sql_run(db, SQL_COMMIT, "COMMIT");
	if (err)
		db_rollback(db);
	db->begun = false;
	return err;
}

/* Reads every page once; a whole file answers "ok". */
static int check_pages(struct db *db)
{
	sqlite3_stmt *stmt;
	const char *text = NULL;
	bool row = false;
	int err = sql_check(db,
		sqlite3_prepare_v2(db->conn, "PRAGMA quick_check(1)", -1, &stmt, NULL));

	if (err)
		return err;
	err = sql_step(db, stmt, &row);
	if (!err && row)
		text = (const char *)sqlite3_column_text(stmt, 0);
	if (!err && (!text || strcmp(text, "ok") != 0))
		err = sql_say(db, ERR_CORRUPT, "quick_check", text ? text : "no answer");
	sqlite3_finalize(stmt);
	return err;
}

static int migrate(struct db *db)
{
	int err = db_begin(db, true);

	if (!err)
		err = schema_migrate(db);
	if (!err)
		return db_commit(db);
	db_rollback(db);
	return err;
}

static int prepare(struct db *db)
{
	int err = sql_exec(db, before);

	if (!err)
		err = schema_check(db);
	if (!err)
		err = check_pages(db);
	if (!err)
		err = sql_exec(db, after);
	return err ? err : migrate(db);
}

/* Made here and not by SQLite so that nobody else can read it: it holds nonces. */
static int create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	if (fd >= 0 || errno == EEXIST)
		return 0;
	if (errno == EACCES || errno == EROFS || errno == EPERM)
		return ERR_DENIED;
	return errno == ENOSPC ? ERR_FULL : ERR_IO;
}

static int open_once(const char *path, struct db **out)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	struct db *db;
	int err = create(path);

	if (err)
		return err;
	db = calloc(1, sizeof(*db));
	if (!db)
		return ERR_MEMORY;
	db->durable = true;
	err = sql_check(db, sqlite3_open_v2(path, &db->conn, flags, NULL));
	if (!err) {
		sqlite3_extended_result_codes(db->conn, 1);
		sqlite3_db_config(db->conn, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		err = prepare(db);
	}
	if (!err) {
		*out = db;
		return 0;
	}
	/* Whatever it is, it stays as it was found: its log is not written into it. */
	if (db->conn)
		sqlite3_db_config(db->conn, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	db_close(db);
	return err;
}

static bool join(char out[PATH_MAX_LEN], const char *path, const char *end)
{
	struct writer w = writer_to(out, PATH_MAX_LEN);

	writer_text(&w, path);
	writer_text(&w, end);
	writer_u8(&w, '\0');
	return !w.full;
}

/* "path.corrupt-20240229T120000Z-1", the first such name that is free. */
static bool aside_name(char out[PATH_MAX_LEN], const char *path)
{
	time_t now = time(NULL);
	struct tm tm;
	char stamp[32] = "";

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), ".corrupt-%Y%m%dT%H%M%SZ-", &tm);
	for (unsigned int n = 1; n <= ASIDE_TRIES; n++) {
		struct writer w = writer_to(out, PATH_MAX_LEN);
		writer_text(&w, path);
		writer_text(&w, stamp);
		writer_dec(&w, n);
		writer_u8(&w, '\0');
		if (w.full)
			return false;
		if (access(out, F_OK) != 0)
			return true;
	}
	return false;
}

/* The logs go along: SQLite would play them into the new file. */
static int set_aside_files(const char *path, char aside[PATH_MAX_LEN])
{
	static const char *const ends[] = {"", "-wal", "-journal", "-shm"};
	char from[PATH_MAX_LEN], to[PATH_MAX_LEN];

	if (!aside_name(aside, path))
		return ERR_IO;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (!join(from, path, ends[i]) || !join(to, aside, ends[i]))
			return ERR_IO;
		if (rename(from, to) < 0 && (i == 0 || errno != ENOENT))
			return ERR_IO;
	}
	return 0;
}

int db_open(const char *path, struct db **out, char **set_aside)
{
	char aside[PATH_MAX_LEN];
	char *name = NULL;
	int err = open_once(path, out);

	if (err != ERR_CORRUPT)
		return err;
	err = set_aside_files(path, aside);
	if (!err)
		err = open_once(path, out);
	if (err || !set_aside)
		return err;
	name = strdup(aside);
	if (name)
		*set_aside = name;
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < SQL_IDS; i++)
		sqlite3_finalize(db->stmts[i]);
	sqlite3_close(db->conn);
	free(db);
}
