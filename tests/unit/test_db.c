/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file itself: what kill -9 leaves, what damage and other versions lead to, a full disk, and
 * transactions that hold as a whole.
 */
#include "tests/unit/temp_db.h"

#include "db/sql.h"
#include "policy/preset.h"

#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SKIP_CODE 77

static void put(struct db *db, const char *name, int64_t value)
{
	assert_int_equal(db_setting_put(db, name, value), 0);
}

static int see_setting(void *arg, const char *name, int64_t value)
{
	(void)name;
	*(int64_t *)arg += value;
	return 0;
}

static int64_t sum(struct db *db)
{
	int64_t total = 0;

	assert_int_equal(db_settings_each(db, see_setting, &total), 0);
	return total;
}

static int verify(struct db *db)
{
	struct db_verify v = {.rows = 0};

	return db_record_verify(db, &v, UINT32_MAX);
}

static int64_t number(struct db *db, const char *sql)
{
	int64_t n = -1;

	assert_int_equal(sql_number(db, sql, &n), 0);
	return n;
}

static void test_how_it_is_opened(void **state)
{
	struct temp_db *t = *state;
	char shm[128];
	struct stat st;
	struct db *second = NULL;

	put(t->db, "a", 1);
	assert_int_equal(number(t->db, "PRAGMA page_size"), 1024);
	assert_int_equal(number(t->db, "PRAGMA foreign_keys"), 1);
	assert_int_equal(number(t->db, "PRAGMA trusted_schema"), 0);
	assert_int_equal(number(t->db, "PRAGMA application_id"), 0x50737472);
	assert_int_equal(number(t->db, "SELECT count(*) FROM pragma_table_list"
		" WHERE schema = 'main' AND name NOT LIKE 'sqlite%' AND NOT strict"), 0);
	snprintf(shm, sizeof(shm), "%s-shm", t->path);
	assert_int_equal(access(shm, F_OK), -1);
	snprintf(shm, sizeof(shm), "%s-wal", t->path);
	assert_int_equal(access(shm, F_OK), 0);
	assert_int_equal(stat(t->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(db_open(t->path, &second, NULL), ERR_BUSY);
	assert_null(second);
	assert_int_equal(db_open("/nowhere/postern.db", &second, NULL), ERR_IO);
}

static void test_durable(void **state)
{
	struct temp_db *t = *state;

	assert_int_equal(db_begin(t->db, false), 0);
	assert_int_equal(number(t->db, "PRAGMA synchronous"), 1);
	assert_int_equal(db_commit(t->db), 0);
	assert_int_equal(db_begin(t->db, true), 0);
	assert_int_equal(number(t->db, "PRAGMA synchronous"), 2);
	assert_int_equal(db_commit(t->db), 0);
}

static void test_rollback(void **state)
{
	struct temp_db *t = *state;

	put(t->db, "a", 1);
	assert_int_equal(db_begin(t->db, false), 0);
	put(t->db, "a", 2);
	db_rollback(t->db);
	assert_int_equal(sum(t->db), 1);
	db_rollback(t->db);
}

/* Commits in a child until it is killed; every commit it told of must be there. */
static void write_until_killed(const char *path, int tell)
{
	struct db *db;

	if (db_open(path, &db, NULL) != 0)
		_exit(1);
	for (int64_t n = 1;; n++) {
		const struct db_record r = {.ring = DB_RING_ADMIN, .what = "test"};

		if (db_begin(db, n % 8 == 0) || db_setting_put(db, "n", n) ||
		    db_record_add(db, &r, "") || db_commit(db) ||
		    write(tell, &n, sizeof(n)) != sizeof(n))
			_exit(2);
	}
}

static void test_kill(void **state)
{
	struct temp_db *t = *state;
	int64_t before = 0, told = 0;

	db_close(t->db);
	t->db = NULL;
	for (unsigned int round = 0; round < 20; round++) {
		int64_t n, stored;
		int fds[2], status;
		pid_t child;

		assert_int_equal(pipe(fds), 0);
		child = fork();
		if (child == 0)
			write_until_killed(t->path, fds[1]);
		close(fds[1]);
		usleep(20000 + round * 1777);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		assert_true(WIFSIGNALED(status));
		for (told = 0; read(fds[0], &n, sizeof(n)) == sizeof(n); told = n)
			;
		close(fds[0]);
		temp_db_reopen(t);
		assert_int_equal(number(t->db, "SELECT count(*) FROM pragma_integrity_check"
			" WHERE integrity_check = 'ok'"), 1);
		assert_int_equal(verify(t->db), 0);
		stored = number(t->db, "SELECT count(*) FROM record") - before;
		assert_in_range(stored, told, told + 1);
		if (stored > 0)
			assert_int_equal(sum(t->db), stored);
		before += stored;
		db_close(t->db);
		t->db = NULL;
	}
	assert_true(before > 20);
}

static void read_file(const char *path, char **bytes, size_t *len)
{
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	*len = (size_t)ftell(f);
	rewind(f);
	*bytes = malloc(*len);
	assert_int_equal(fread(*bytes, 1, *len, f), *len);
	fclose(f);
}

static void assert_untouched(struct temp_db *t)
{
	char *before, *after;
	size_t len, len_after;

	read_file(t->path, &before, &len);
	assert_int_equal(db_open(t->path, &t->db, NULL), ERR_VERSION);
	assert_null(t->db);
	read_file(t->path, &after, &len_after);
	assert_int_equal(len, len_after);
	assert_memory_equal(before, after, len);
	free(before);
	free(after);
}

/* A plain connection's hand in the closed file. */
static void edit_closed(struct temp_db *t, const char *sql)
{
	sqlite3 *raw;

	db_close(t->db);
	t->db = NULL;
	assert_int_equal(sqlite3_open(t->path, &raw), SQLITE_OK);
	assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(raw);
}

/* Runs sql in a child and kills it there: what it did stands in the log only. */
static void leave_log(struct temp_db *t, const char *sql)
{
	int status, ready[2];
	char byte;
	pid_t child;

	db_close(t->db);
	t->db = NULL;
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		if (db_open(t->path, &t->db, NULL) || sql_exec(t->db, sql) ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	close(ready[0]);
	close(ready[1]);
}

static void test_newer_schema(void **state)
{
	struct temp_db *t = *state;

	put(t->db, "a", 1);
	edit_closed(t, "PRAGMA user_version = 99");
	assert_untouched(t);
	edit_closed(t, "PRAGMA user_version = 6");
	temp_db_reopen(t);
	assert_int_equal(sum(t->db), 1);
}

/* The newer one was killed: its log is neither lost nor written into the file. */
static void test_newer_schema_in_log(void **state)
{
	struct temp_db *t = *state;
	sqlite3 *raw;

	leave_log(t, "PRAGMA user_version = 99; INSERT INTO settings VALUES ('a', 1)");
	assert_untouched(t);
	assert_int_equal(sqlite3_open(t->path, &raw), SQLITE_OK);
	assert_int_equal(sqlite3_exec(raw, "PRAGMA user_version = 6", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(raw);
	temp_db_reopen(t);
	assert_int_equal(sum(t->db), 1);
}

static void test_foreign_file(void **state)
{
	struct temp_db *t = *state;

	edit_closed(t, "PRAGMA application_id = 0");
	assert_untouched(t);
}

static void damage(const char *path, long at, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "r+b");

	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

/* Opens a damaged file: it must be found set aside, whole, beside a new and empty one. */
static void assert_set_aside(struct temp_db *t, size_t len)
{
	char *aside = NULL;
	struct stat st;

	assert_int_equal(db_open(t->path, &t->db, &aside), 0);
	assert_non_null(aside);
	assert_non_null(strstr(aside, "postern.db.corrupt-20"));
	assert_int_equal(stat(aside, &st), 0);
	assert_int_equal(st.st_size, len);
	free(aside);
	assert_int_equal(sum(t->db), 0);
	put(t->db, "a", 1);
	temp_db_reopen(t);
	assert_int_equal(sum(t->db), 1);
}

static size_t fill(struct temp_db *t)
{
	struct stat st;
	char name[16];

	assert_int_equal(db_begin(t->db, false), 0);
	for (int n = 0; n < 500; n++) {
		snprintf(name, sizeof(name), "name%d", n);
		put(t->db, name, n);
	}
	assert_int_equal(db_commit(t->db), 0);
	db_close(t->db);
	t->db = NULL;
	assert_int_equal(stat(t->path, &st), 0);
	assert_true(st.st_size > 8192);
	return (size_t)st.st_size;
}

static void test_zero_header(void **state)
{
	struct temp_db *t = *state;
	static const char zeros[100];
	size_t len = fill(t);

	damage(t->path, 0, zeros, sizeof(zeros));
	assert_set_aside(t, len);
}

static void test_random_page(void **state)
{
	struct temp_db *t = *state;
	unsigned char noise[3000];
	size_t len = fill(t);

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (unsigned char)(i * 167 + i / 7);
	damage(t->path, 4096, noise, sizeof(noise));
	assert_set_aside(t, len);
}

/* Not on the way of opening: only the check of all pages comes by. */
static void test_last_page(void **state)
{
	struct temp_db *t = *state;
	static const char zeros[8];
	size_t len = fill(t);

	damage(t->path, (long)len - 1024, zeros, sizeof(zeros));
	assert_set_aside(t, len);
}

static void test_truncated(void **state)
{
	struct temp_db *t = *state;
	size_t len = fill(t);

	assert_int_equal(truncate(t->path, (off_t)len - 3000), 0);
	assert_set_aside(t, len - 3000);
}

static void test_garbage(void **state)
{
	struct temp_db *t = *state;

	fill(t);
	assert_int_equal(truncate(t->path, 0), 0);
	damage(t->path, 0, "no database at all", 18);
	assert_set_aside(t, 18);
}

static void test_schema_step_lost(void **state)
{
	struct temp_db *t = *state;
	size_t len = fill(t);

	edit_closed(t, "PRAGMA user_version = 0");
	assert_set_aside(t, len);
}

/* A log that belongs to the damaged file must not be played into the new one. */
static void test_log_goes_along(void **state)
{
	struct temp_db *t = *state;
	static const char zeros[100];
	char name[128];
	glob_t found;

	leave_log(t, "INSERT INTO settings VALUES ('old', 41)");
	damage(t->path, 0, zeros, sizeof(zeros));
	assert_int_equal(db_open(t->path, &t->db, NULL), 0);
	assert_int_equal(sum(t->db), 0);
	snprintf(name, sizeof(name), "%s.corrupt-*-wal", t->path);
	assert_int_equal(glob(name, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	globfree(&found);
}

/* Damaged twice within a second: neither file is lost. */
static void test_damaged_twice(void **state)
{
	struct temp_db *t = *state;
	char pattern[128];
	glob_t found;

	for (int n = 0; n < 3; n++) {
		db_close(t->db);
		damage(t->path, 0, "no database at all", 18);
		assert_int_equal(db_open(t->path, &t->db, NULL), 0);
	}
	snprintf(pattern, sizeof(pattern), "%s.corrupt-*Z-?", t->path);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 3);
	globfree(&found);
}

static const struct db_record big = {
	.ring = DB_RING_ADMIN,
	.what = "fill",
	.why = "0123456789012345678901234567890123456789012345678901234567890123456789",
};

/* Until the first error, each row a transaction; returns the error, *rows those that went in. */
static int fill_disk(struct db *db, int64_t *rows)
{
	int err = 0;

	for (*rows = 0; !err && *rows < 20000; *rows += !err) {
		err = db_begin(db, false);
		if (err)
			break;
		err = db_record_add(db, &big, "");
		if (err)
			db_rollback(db);
		else
			err = db_commit(db);
	}
	return err;
}

static void test_full(void **state)
{
	struct temp_db *t = *state;
	int64_t rows = 0;

	number(t->db, "PRAGMA max_page_count = 100");
	assert_int_equal(fill_disk(t->db, &rows), ERR_FULL);
	assert_true(rows > 50);
	assert_string_equal(db_reason(t->db), "database or disk is full");
	assert_int_equal(number(t->db, "SELECT count(*) FROM record"), rows);
	number(t->db, "PRAGMA max_page_count = 200");
	assert_int_equal(fill_disk(t->db, &rows), ERR_FULL);
	assert_true(rows > 50);
	assert_int_equal(verify(t->db), 0);
}

/* What SQLite rolled back by itself must not go on as single commits. */
static void test_full_within(void **state)
{
	struct temp_db *t = *state;
	int err = 0;

	put(t->db, "a", 1);
	number(t->db, "PRAGMA max_page_count = 100");
	assert_int_equal(db_begin(t->db, false), 0);
	for (int n = 0; n < 20000 && !err; n++)
		err = db_record_add(t->db, &big, "");
	assert_int_equal(err, ERR_FULL);
	assert_int_equal(db_setting_put(t->db, "b", 2), ERR_FULL);
	assert_int_equal(db_commit(t->db), ERR_FULL);
	assert_int_equal(number(t->db, "SELECT count(*) FROM record"), 0);
	assert_int_equal(sum(t->db), 1);
	put(t->db, "c", 3);
	assert_int_equal(sum(t->db), 4);
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

/* 512 KiB at dir, for this process only. */
static bool small_disk(const char *dir)
{
	char uid[32], gid[32];

	snprintf(uid, sizeof(uid), "0 %u 1", geteuid());
	snprintf(gid, sizeof(gid), "0 %u 1", getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/uid_map", uid) && write_text("/proc/self/gid_map", gid) &&
	       mount("none", dir, "tmpfs", 0, "size=512k") == 0;
}

/* What fails is told by the exit code's number. */
static int full_tmpfs(const char *dir)
{
	char path[128], ballast[128];
	struct db *db;
	int64_t rows = 0, more = 0;
	int fd, err;

	if (!small_disk(dir))
		return SKIP_CODE;
	snprintf(path, sizeof(path), "%s/t.db", dir);
	snprintf(ballast, sizeof(ballast), "%s/ballast", dir);
	fd = open(ballast, O_CREAT | O_WRONLY, 0600);
	if (fd < 0 || posix_fallocate(fd, 0, 200 * 1024) != 0)
		return 1;
	if (db_open(path, &db, NULL) != 0)
		return 2;
	err = fill_disk(db, &rows);
	if (err != ERR_FULL || rows < 50)
		return 3;
	if (fill_disk(db, &more) != ERR_FULL)
		return 4;
	if (ftruncate(fd, 0) < 0)
		return 5;
	if (db_setting_put(db, "later", 1) != 0 || verify(db) != 0)
		return 6;
	db_close(db);
	if (db_open(path, &db, NULL) != 0 || sum(db) != 1)
		return 7;
	db_close(db);
	return 0;
}

static void test_full_disk(void **state)
{
	struct temp_db *t = *state;
	char dir[96];
	int status;
	pid_t child;

	snprintf(dir, sizeof(dir), "%s/small", t->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	child = fork();
	if (child == 0)
		_exit(full_tmpfs(dir));
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIP_CODE)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_empty_file(void **state)
{
	struct temp_db *t = *state;

	db_close(t->db);
	t->db = NULL;
	assert_int_equal(truncate(t->path, 0), 0);
	temp_db_reopen(t);
	put(t->db, "a", 1);
	assert_int_equal(number(t->db, "PRAGMA user_version"), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_how_it_is_opened),
		TEMP_DB_TEST(test_durable),
		TEMP_DB_TEST(test_rollback),
		TEMP_DB_TEST(test_kill),
		TEMP_DB_TEST(test_newer_schema),
		TEMP_DB_TEST(test_newer_schema_in_log),
		TEMP_DB_TEST(test_foreign_file),
		TEMP_DB_TEST(test_zero_header),
		TEMP_DB_TEST(test_random_page),
		TEMP_DB_TEST(test_last_page),
		TEMP_DB_TEST(test_truncated),
		TEMP_DB_TEST(test_garbage),
		TEMP_DB_TEST(test_schema_step_lost),
		TEMP_DB_TEST(test_log_goes_along),
		TEMP_DB_TEST(test_damaged_twice),
		TEMP_DB_TEST(test_full),
		TEMP_DB_TEST(test_full_within),
		TEMP_DB_TEST(test_full_disk),
		TEMP_DB_TEST(test_empty_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
