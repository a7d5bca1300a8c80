/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store in a directory of its own for each test, and a hand that edits the file behind its
 * back: with a plain connection, while the store is closed.
 */
#ifndef TESTS_UNIT_TEMP_DB_H
#define TESTS_UNIT_TEMP_DB_H

#include "db/db.h"
#include "protocols/err.h"

#include <ftw.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define ROWS(array) (sizeof(array) / sizeof((array)[0]))

struct temp_db {
	char dir[64];
	char path[96];
	struct db *db;
};

static inline void temp_db_reopen(struct temp_db *t)
{
	char *aside = NULL;

	db_close(t->db);
	t->db = NULL;
	assert_int_equal(db_open(t->path, &t->db, &aside), 0);
	assert_null(aside);
}

static inline int temp_db_setup(void **state)
{
	struct temp_db *t = calloc(1, sizeof(*t));

	snprintf(t->dir, sizeof(t->dir), "/tmp/postern-db.XXXXXX");
	if (!mkdtemp(t->dir))
		return -1;
	snprintf(t->path, sizeof(t->path), "%s/postern.db", t->dir);
	temp_db_reopen(t);
	*state = t;
	return 0;
}

static inline int temp_db_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static inline int temp_db_teardown(void **state)
{
	struct temp_db *t = *state;

	db_close(t->db);
	nftw(t->dir, temp_db_remove, 8, FTW_DEPTH | FTW_PHYS);
	free(t);
	return 0;
}

#define TEMP_DB_TEST(fn) cmocka_unit_test_setup_teardown(fn, temp_db_setup, temp_db_teardown)

/* Closes the store, edits, opens it again. */
static inline void temp_db_edit(struct temp_db *t, const char *sql)
{
	sqlite3 *raw;
	char *why = NULL;

	db_close(t->db);
	t->db = NULL;
	assert_int_equal(sqlite3_open(t->path, &raw), SQLITE_OK);
	if (sqlite3_exec(raw, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	sqlite3_close(raw);
	temp_db_reopen(t);
}

/* The first column of the first row as text, of the closed file. */
static inline void temp_db_raw_text(sqlite3 *raw, const char *sql, char *out, size_t size)
{
	sqlite3_stmt *stmt = NULL;

	assert_int_equal(sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	snprintf(out, size, "%s", (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
}

typedef int temp_db_walk_fn(struct db *db);

/* With this value in the column the walk is refused by the column's name, without it it is not. */
static inline void temp_db_doubt(struct temp_db *t, const char *table, const char *column,
	const char *value, temp_db_walk_fn *walk)
{
	char sql[1024], old[768], want[128];
	sqlite3 *raw;

	db_close(t->db);
	t->db = NULL;
	assert_int_equal(sqlite3_open(t->path, &raw), SQLITE_OK);
	snprintf(sql, sizeof(sql), "SELECT quote(%s) FROM %s", column, table);
	temp_db_raw_text(raw, sql, old, sizeof(old));
	sqlite3_close(raw);
	snprintf(sql, sizeof(sql), "UPDATE %s SET %s = %s", table, column, value);
	temp_db_edit(t, sql);
	assert_int_equal(walk(t->db), ERR_CORRUPT);
	snprintf(want, sizeof(want), "%s.%s: a value that cannot be", table, column);
	assert_string_equal(db_reason(t->db), want);
	snprintf(sql, sizeof(sql), "UPDATE %s SET %s = %s", table, column, old);
	temp_db_edit(t, sql);
	assert_int_equal(walk(t->db), 0);
}

/* Every column of a table with one row and no number of 64 bits: negative numbers, bytes of another
 * length, text that is no UTF-8, text that is too long. */
static inline void temp_db_doubt_all(struct temp_db *t, const char *table, temp_db_walk_fn *walk)
{
	static const char *const bad[][2] = {
		{"INTEGER", "-1"}, {"BLOB", "x'00'"}, {"TEXT", "CAST(x'ff' AS TEXT)"},
		{"TEXT", "printf('%05000d', 1)"},
	};
	char names[32][32], types[32][16];
	size_t count = 0;
	sqlite3_stmt *stmt = NULL;
	sqlite3 *raw;

	db_close(t->db);
	t->db = NULL;
	assert_int_equal(sqlite3_open(t->path, &raw), SQLITE_OK);
	sqlite3_prepare_v2(raw, "SELECT name, type FROM pragma_table_info(?1)", -1, &stmt, NULL);
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
	for (; sqlite3_step(stmt) == SQLITE_ROW; count++) {
		assert_true(count < ROWS(names));
		snprintf(names[count], 32, "%s", (const char *)sqlite3_column_text(stmt, 0));
		snprintf(types[count], 16, "%s", (const char *)sqlite3_column_text(stmt, 1));
	}
	sqlite3_finalize(stmt);
	sqlite3_close(raw);
	assert_true(count > 0);
	for (size_t i = 0; i < count * ROWS(bad); i++)
		if (strcmp(types[i / ROWS(bad)], bad[i % ROWS(bad)][0]) == 0)
			temp_db_doubt(t, table, names[i / ROWS(bad)], bad[i % ROWS(bad)][1], walk);
}

/* Bytes of the log: grows with whatever is written. */
static inline long temp_db_log_size(const struct temp_db *t)
{
	char path[112];
	struct stat st;

	snprintf(path, sizeof(path), "%s-wal", t->path);
	return stat(path, &st) == 0 ? (long)st.st_size : 0;
}

static inline double temp_db_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

#endif
