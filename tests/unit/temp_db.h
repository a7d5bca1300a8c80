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

static inline double temp_db_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

#endif
