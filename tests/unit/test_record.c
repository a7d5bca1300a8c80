/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record: pages, pruning, and whatever hand in the file is found by its chains. */
#include "tests/unit/temp_db.h"

#include "db/sql.h"

#define DETAIL "{\"after\":\"caf\xc3\xa9\"}"
#define MANY 100000

static const struct db_record_filter everything = {.ring = DB_RINGS};

static struct db_record row(enum db_ring ring, uint32_t n)
{
	struct db_record r = {
		.ring = ring, .wall_s = 1700000000 + n, .wall_synced = true, .device_id = 3,
		.opening_id = n, .rule_id = 5, .origin = MAP_ORIGIN_UPNP, .result = MAP_DENIED,
		.proto = MAP_PROTO_TCP, .external = {addr_from4(0xcb007101), 8080},
		.internal = {addr_from4(0xc0a80102), 80}, .client = addr_from4(0xc0a80102),
		.lifetime_s = 3600, .count = 1, .what = "refuse",
		.why = "ports below 1024 are for the owner to open", .descr = "caf\xc3\xa9",
	};
	return r;
}

/* seq 1, 4, 7 .. are admin rows, 2, 5, 8 .. openings, 3, 6, 9 .. refusals; admin rows but the
 * first have a detail. */
static void fill(struct db *db, uint32_t rows)
{
	assert_int_equal(db_begin(db, false), 0);
	for (uint32_t n = 0; n < rows; n++) {
		struct db_record r = row((enum db_ring)(n % DB_RINGS), n);
		bool detailed = r.ring == DB_RING_ADMIN && n > 0;
		assert_int_equal(db_record_add(db, &r, detailed ? DETAIL : ""), 0);
	}
	assert_int_equal(db_commit(db), 0);
}

struct page {
	struct db_record rows[16];
	size_t count;
	uint64_t next;
};

static int see(void *arg, const struct db_record *r)
{
	struct page *p = arg;

	assert_true(p->count < ROWS(p->rows));
	p->rows[p->count++] = *r;
	return 0;
}

static struct page find(struct db *db, const struct db_record_filter *f, uint64_t before,
	uint32_t count)
{
	const struct db_record_page wanted = {.filter = *f, .before = before, .count = count};
	struct page p;

	memset(&p, 0, sizeof(p));
	assert_int_equal(db_record_find(db, &wanted, see, &p, &p.next), 0);
	return p;
}

static struct page page(struct db *db, uint64_t before, uint32_t count)
{
	return find(db, &everything, before, count);
}

/* In slices of so many rows to the end. */
static int verify(struct db *db, uint32_t slice, struct db_verify *v)
{
	int err;

	memset(v, 0, sizeof(*v));
	do {
		err = db_record_verify(db, v, slice);
	} while (err == ERR_AGAIN);
	return err;
}

static void assert_sound(struct db *db, uint64_t rows)
{
	struct db_verify v;

	for (uint32_t slice = 1; slice < 20; slice++) {
		assert_int_equal(verify(db, slice, &v), 0);
		assert_int_equal(v.rows, rows);
		assert_int_equal(v.bad_seq, 0);
	}
}

static void test_page(void **state)
{
	struct temp_db *t = *state;
	const struct db_record want = row(DB_RING_ADMIN, 9);
	struct page p;

	fill(t->db, 10);
	p = page(t->db, 0, 3);
	assert_int_equal(p.count, 3);
	assert_int_equal(p.rows[0].seq, 10);
	assert_int_equal(p.rows[2].seq, 8);
	assert_int_equal(p.rows[0].ring, want.ring);
	assert_int_equal(p.rows[0].wall_s, want.wall_s);
	assert_true(p.rows[0].wall_synced);
	assert_int_equal(p.rows[0].opening_id, want.opening_id);
	assert_int_equal(p.rows[0].origin, want.origin);
	assert_int_equal(p.rows[0].result, want.result);
	assert_int_equal(p.rows[0].external.port, 8080);
	assert_int_equal(p.rows[0].internal.port, 80);
	assert_true(addr_eq(&p.rows[0].client, &want.client));
	assert_string_equal(p.rows[0].what, want.what);
	assert_string_equal(p.rows[0].why, want.why);
	assert_string_equal(p.rows[0].descr, want.descr);
	p = page(t->db, 3, 16);
	assert_int_equal(p.count, 2);
	assert_int_equal(p.rows[0].seq, 2);
	assert_int_equal(page(t->db, 1, 16).count, 0);
}

static void prune(struct db *db, enum db_ring ring, uint32_t keep)
{
	assert_int_equal(db_begin(db, false), 0);
	assert_int_equal(db_record_prune(db, ring, keep), 0);
	assert_int_equal(db_commit(db), 0);
}

static void test_prune(void **state)
{
	struct temp_db *t = *state;
	struct page p;

	fill(t->db, 12);
	prune(t->db, DB_RING_REFUSALS, 1);
	prune(t->db, DB_RING_ADMIN, 100);
	p = page(t->db, 0, 16);
	assert_int_equal(p.count, 9);
	assert_int_equal(p.rows[0].seq, 12);
	assert_int_equal(p.rows[3].seq, 8);
	assert_sound(t->db, 9);
	prune(t->db, DB_RING_REFUSALS, 0);
	temp_db_reopen(t);
	assert_sound(t->db, 8);
	fill(t->db, 3);
	assert_int_equal(page(t->db, 0, 1).rows[0].seq, 15);
	assert_sound(t->db, 11);
}

/* No number is given twice, even when nothing is left that had one. */
static void test_seq_goes_on(void **state)
{
	struct temp_db *t = *state;

	fill(t->db, 6);
	for (int ring = 0; ring < DB_RINGS; ring++)
		prune(t->db, (enum db_ring)ring, 0);
	assert_int_equal(page(t->db, 0, 16).count, 0);
	fill(t->db, 1);
	assert_int_equal(page(t->db, 0, 16).rows[0].seq, 7);
}

static void test_rollback_leaves_chain(void **state)
{
	struct temp_db *t = *state;
	const struct db_record r = row(DB_RING_ADMIN, 1);

	fill(t->db, 3);
	assert_int_equal(db_begin(t->db, true), 0);
	assert_int_equal(db_record_add(t->db, &r, ""), 0);
	db_rollback(t->db);
	assert_int_equal(page(t->db, 0, 16).count, 3);
	fill(t->db, 3);
	assert_int_equal(page(t->db, 0, 16).rows[0].seq, 6);
	assert_sound(t->db, 6);
	assert_int_equal(db_begin(t->db, true), 0);
	assert_int_equal(db_record_prune(t->db, DB_RING_ADMIN, 0), 0);
	db_rollback(t->db);
	assert_sound(t->db, 6);
	temp_db_reopen(t);
	assert_sound(t->db, 6);
}

/* What the transaction under way did to the chains counts before it is in the file. */
static void test_chains_not_written_yet(void **state)
{
	struct temp_db *t = *state;
	struct db_record r = row(DB_RING_OPENINGS, 9);

	fill(t->db, 6);
	assert_int_equal(db_begin(t->db, false), 0);
	assert_int_equal(db_record_add(t->db, &r, ""), 0);
	assert_sound(t->db, 7);
	assert_int_equal(db_record_prune(t->db, DB_RING_OPENINGS, 1), 0);
	assert_sound(t->db, 5);
	/* A row that is refused is no part of its chain. */
	memcpy(r.why, "\xff", 2);
	assert_int_equal(db_record_add(t->db, &r, ""), ERR_RANGE);
	r = row(DB_RING_OPENINGS, 10);
	assert_int_equal(db_record_add(t->db, &r, ""), 0);
	assert_int_equal(page(t->db, 0, 1).rows[0].seq, 8);
	assert_int_equal(db_commit(t->db), 0);
	assert_sound(t->db, 6);
	temp_db_reopen(t);
	assert_sound(t->db, 6);
	fill(t->db, 1);
	assert_int_equal(page(t->db, 0, 1).rows[0].seq, 9);
}

static void test_hand_in_the_file(void **state)
{
	static const struct {
		const char *edit;
		uint64_t bad;
	} edits[] = {
		{"UPDATE record SET why = 'nothing happened' WHERE seq = 5", 5},
		{"UPDATE record SET external_port = 8081 WHERE seq = 9", 9},
		{"UPDATE record SET wall_s = wall_s + 1 WHERE seq = 1", 1},
		{"UPDATE record SET ring = 1 WHERE seq = 4", 4},
		{"UPDATE record SET hash = zeroblob(32) WHERE seq = 6", 6},
		{"UPDATE record SET proto = 999 WHERE seq = 7", 7},
		{"UPDATE record SET detail = '' WHERE seq = 4", 4},
		{"UPDATE record SET detail = detail || ' ' WHERE seq = 7", 7},
		{"UPDATE record SET detail = '{}' WHERE seq = 5", 5},
		{"UPDATE record SET detail = CAST(x'ff' AS TEXT) WHERE seq = 10", 10},
		{"DELETE FROM record WHERE seq = 5", 8},
		{"DELETE FROM record WHERE seq = 2", 5},
		{"DELETE FROM record WHERE seq = 12", 12},
		{"DELETE FROM record WHERE ring = 0", 10},
		{"UPDATE record SET seq = 20 WHERE seq = 8", 11},
		{"UPDATE record_chains SET anchor = randomblob(32) WHERE ring = 2", 3},
		{"INSERT INTO record SELECT 30, ring, wall_s, wall_synced, device_id, opening_id,"
		 " rule_id, origin, result, proto, external_addr, external_port, internal_addr,"
		 " internal_port, client, lifetime_s, count, what, why, descr, hash, detail"
		 " FROM record WHERE seq = 12", 30},
	};

	for (size_t i = 0; i < ROWS(edits); i++) {
		void *fresh = NULL;
		struct temp_db *t;
		struct db_verify v;

		assert_int_equal(temp_db_setup(&fresh), 0);
		t = fresh;
		fill(t->db, 12);
		assert_sound(t->db, 12);
		temp_db_edit(t, edits[i].edit);
		for (uint32_t slice = 1; slice < 20; slice++) {
			assert_int_equal(verify(t->db, slice, &v), ERR_CORRUPT);
			if (v.bad_seq != edits[i].bad)
				fail_msg("%s: at %d", edits[i].edit, (int)v.bad_seq);
		}
		temp_db_teardown(&fresh);
	}
	(void)state;
}

/* The stored form is the same on every machine and in every later version: the hash is that of
 * hashlib.blake2b in Python over the bytes written down by hand. */
static void test_hash_is_fixed(void **state)
{
	struct temp_db *t = *state;
	sqlite3 *raw;
	char hash[80];

	fill(t->db, 4);
	db_close(t->db);
	t->db = NULL;
	assert_int_equal(sqlite3_open(t->path, &raw), SQLITE_OK);
	temp_db_raw_text(raw, "SELECT lower(hex(hash)) FROM record WHERE seq = 1", hash,
		sizeof(hash));
	assert_string_equal(hash,
		"7d22a1864daf422707774cfe100b779ce17ab6b42bb405e47d68b19a24227b39");
	temp_db_raw_text(raw, "SELECT lower(hex(hash)) FROM record WHERE seq = 4", hash,
		sizeof(hash));
	assert_string_equal(hash,
		"80cff90767d53467ff8d91ee31f0fae2e232f7b20d0a87667ef5564f234888fc");
	sqlite3_close(raw);
}

static void test_detail(void **state)
{
	struct temp_db *t = *state;
	static char longest[DB_RECORD_DETAIL_MAX + 2];
	const struct db_record r = row(DB_RING_ADMIN, 1);
	const char *text = NULL;

	fill(t->db, 4);
	memset(longest, 'x', DB_RECORD_DETAIL_MAX + 1);
	assert_int_equal(db_begin(t->db, true), 0);
	assert_int_equal(db_record_add(t->db, &r, longest), ERR_RANGE);
	assert_string_equal(db_reason(t->db), "record.detail: too long");
	assert_int_equal(db_record_add(t->db, &r, "\xff"), ERR_RANGE);
	longest[DB_RECORD_DETAIL_MAX] = '\0';
	assert_int_equal(db_record_add(t->db, &r, longest), 0);
	assert_int_equal(db_commit(t->db), 0);
	temp_db_reopen(t);
	assert_int_equal(db_record_detail(t->db, 5, &text), 0);
	assert_string_equal(text, longest);
	assert_int_equal(db_record_detail(t->db, 4, &text), 0);
	assert_string_equal(text, DETAIL);
	assert_int_equal(db_record_detail(t->db, 1, &text), 0);
	assert_null(text);
	text = "untouched";
	assert_int_equal(db_record_detail(t->db, 6, &text), ERR_NOT_FOUND);
	prune(t->db, DB_RING_ADMIN, 1);
	assert_int_equal(db_record_detail(t->db, 4, &text), ERR_NOT_FOUND);
	assert_string_equal(text, "untouched");
	assert_sound(t->db, 3);
}

/* Device 3 has all rows, opening n one, rule 5 all: ring and device narrow each other. */
static void test_find(void **state)
{
	struct temp_db *t = *state;
	const struct db_record other = {.ring = DB_RING_OPENINGS, .device_id = 8, .rule_id = 9};
	struct db_record_filter f = everything;
	struct page p;

	fill(t->db, 12);
	assert_int_equal(db_begin(t->db, false), 0);
	assert_int_equal(db_record_add(t->db, &other, ""), 0);
	assert_int_equal(db_commit(t->db), 0);
	f.ring = DB_RING_ADMIN;
	p = find(t->db, &f, 10, 2);
	assert_int_equal(p.count, 2);
	assert_int_equal(p.rows[0].seq, 7);
	assert_int_equal(p.rows[1].seq, 4);
	f = (struct db_record_filter){.ring = DB_RINGS, .device_id = 8};
	p = find(t->db, &f, 0, 16);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.rows[0].seq, 13);
	assert_int_equal(find(t->db, &f, 13, 16).count, 0);
	f = (struct db_record_filter){.ring = DB_RING_REFUSALS, .device_id = 3};
	p = find(t->db, &f, 0, 3);
	assert_int_equal(p.count, 3);
	assert_int_equal(p.rows[0].seq, 12);
	assert_int_equal(p.rows[2].seq, 6);
	f = (struct db_record_filter){.ring = DB_RINGS, .opening_id = 4};
	p = find(t->db, &f, 0, 16);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.rows[0].seq, 5);
	f.device_id = 8;
	assert_int_equal(find(t->db, &f, 0, 16).count, 0);
	f = (struct db_record_filter){.ring = DB_RINGS, .rule_id = 9};
	assert_int_equal(find(t->db, &f, 0, 16).rows[0].seq, 13);
	f = (struct db_record_filter){.ring = DB_RING_OPENINGS, .rule_id = 5, .device_id = 3};
	assert_int_equal(find(t->db, &f, 0, 16).count, 4);
}

static void add(struct db *db, const struct db_record *r)
{
	assert_int_equal(db_begin(db, false), 0);
	assert_int_equal(db_record_add(db, r, ""), 0);
	assert_int_equal(db_commit(db), 0);
}

static struct page find_text(struct db *db, const char *text, uint64_t before, uint32_t count)
{
	struct db_record_filter f = everything;

	snprintf(f.text, sizeof(f.text), "%s", text);
	return find(db, &f, before, count);
}

static void test_find_text(void **state)
{
	struct temp_db *t = *state;
	const struct db_record game = {.ring = DB_RING_OPENINGS, .what = "open",
		.why = "ordinary ports", .descr = "A Game", .external = {addr_any4(), 3074}};
	struct db_record_filter f = everything;
	struct page p;

	fill(t->db, 12);
	add(t->db, &game);
	p = find_text(t->db, "gAMe", 0, 16);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.rows[0].seq, 13);
	assert_int_equal(p.next, 0);
	assert_int_equal(find_text(t->db, "PEN", 0, 16).rows[0].seq, 13);
	assert_int_equal(find_text(t->db, "ordinary ports", 0, 16).count, 1);
	assert_int_equal(find_text(t->db, "caf\xc3\xa9", 0, 16).count, 12);
	assert_int_equal(find_text(t->db, "3074", 0, 16).count, 1);
	assert_int_equal(find_text(t->db, "80", 0, 16).count, 12);
	assert_int_equal(find_text(t->db, "%", 0, 16).count, 0);
	assert_int_equal(find_text(t->db, "games", 0, 16).count, 0);
	/* In pages, and with the others. */
	p = find_text(t->db, "refuse", 0, 3);
	assert_int_equal(p.count, 3);
	assert_int_equal(p.rows[2].seq, 10);
	assert_int_equal(p.next, 10);
	p = find_text(t->db, "refuse", p.next, 16);
	assert_int_equal(p.count, 9);
	assert_int_equal(p.next, 0);
	f.ring = DB_RING_ADMIN;
	snprintf(f.text, sizeof(f.text), "refuse");
	assert_int_equal(find(t->db, &f, 0, 16).count, 4);
}

/* What SQLite means to do for this statement is one search, and nothing is sorted. */
static void assert_one_search(struct db *db, enum sql_id id, const char *want)
{
	char text[SQL_TEXT_MAX + 32];
	sqlite3_stmt *stmt = NULL;
	int steps = 0;

	assert_non_null(db->stmts[id]);
	snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", sqlite3_sql(db->stmts[id]));
	assert_int_equal(sqlite3_prepare_v2(db->conn, text, -1, &stmt, NULL), SQLITE_OK);
	for (; sqlite3_step(stmt) == SQLITE_ROW; steps++) {
		const char *plan = (const char *)sqlite3_column_text(stmt, 3);
		assert_string_equal(plan, want);
	}
	assert_int_equal(steps, 1);
	sqlite3_finalize(stmt);
}

static void test_find_by_index(void **state)
{
	static const struct {
		struct db_record_filter filter;
		enum sql_id id;
		const char *plan;
	} finds[] = {
		{{.ring = DB_RINGS}, SQL_RECORD_ALL,
		 "SEARCH record USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
		{{.ring = DB_RING_ADMIN}, SQL_RECORD_BY_RING,
		 "SEARCH record USING INDEX record_ring (ring=? AND rowid<?)"},
		{{.ring = DB_RINGS, .device_id = 3}, SQL_RECORD_BY_DEVICE,
		 "SEARCH record USING INDEX record_device (device_id=? AND rowid<?)"},
		{{.ring = DB_RINGS, .rule_id = 5}, SQL_RECORD_BY_RULE,
		 "SEARCH record USING INDEX record_rule (rule_id=? AND rowid<?)"},
		{{.ring = DB_RINGS, .opening_id = 3}, SQL_RECORD_BY_OPENING,
		 "SEARCH record USING INDEX record_opening (opening_id=? AND rowid<?)"},
	};
	struct temp_db *t = *state;

	for (size_t i = 0; i < ROWS(finds); i++) {
		find(t->db, &finds[i].filter, 0, 1);
		assert_one_search(t->db, finds[i].id, finds[i].plan);
	}
}

/* A walk that stands after the first so many rows. */
static struct db_verify stand_after(struct db *db, uint32_t rows)
{
	struct db_verify v = {.rows = 0};

	assert_int_equal(db_record_verify(db, &v, rows), ERR_AGAIN);
	assert_int_equal(v.rows, rows);
	return v;
}

/* Wherever the walk stands and however much of whichever ring is pruned then, it is no alarm. */
static void test_verify_while_pruned(void **state)
{
	(void)state;
	for (uint32_t stand = 1; stand <= 12; stand++) {
		for (uint32_t keep = 0; keep < 5; keep++) {
			void *fresh = NULL;
			struct temp_db *t;
			struct db_verify v;

			assert_int_equal(temp_db_setup(&fresh), 0);
			t = fresh;
			fill(t->db, 12);
			v = stand_after(t->db, stand);
			prune(t->db, DB_RING_OPENINGS, keep);
			fill(t->db, 3);
			prune(t->db, DB_RING_REFUSALS, keep);
			assert_int_equal(db_record_verify(t->db, &v, 100), 0);
			temp_db_teardown(&fresh);
		}
	}
}

static void test_verify_while_added(void **state)
{
	struct temp_db *t = *state;
	struct db_verify v;

	fill(t->db, 6);
	v = stand_after(t->db, 6);
	fill(t->db, 6);
	assert_int_equal(db_record_verify(t->db, &v, 6), ERR_AGAIN);
	assert_int_equal(db_record_verify(t->db, &v, 6), 0);
	assert_int_equal(v.rows, 12);
}

/* A store that takes rows and loses old ones all the time, walked in small slices. */
static void test_verify_while_used(void **state)
{
	struct temp_db *t = *state;
	struct db_verify v = {.rows = 0};
	unsigned int ends = 0;

	srandom(7);
	for (unsigned int n = 0; n < 3000; n++) {
		int err;

		if (random() % 3 == 0)
			fill(t->db, 1 + (uint32_t)random() % 9);
		if (random() % 4 == 0)
			prune(t->db, (enum db_ring)(random() % DB_RINGS), (uint32_t)random() % 12);
		err = db_record_verify(t->db, &v, 1 + (uint32_t)random() % 6);
		assert_true(err == 0 || err == ERR_AGAIN);
		if (err)
			continue;
		ends++;
		memset(&v, 0, sizeof(v));
	}
	assert_true(ends > 50);
}

/* What was changed ahead of the walk is found, pruned or not. */
static void test_verify_finds_what_is_ahead(void **state)
{
	struct temp_db *t = *state;
	struct db_verify v;

	fill(t->db, 12);
	v = stand_after(t->db, 4);
	prune(t->db, DB_RING_OPENINGS, 2);
	assert_int_equal(sql_exec(t->db, "UPDATE record SET why = '' WHERE seq = 8"), 0);
	assert_int_equal(db_record_verify(t->db, &v, 100), ERR_CORRUPT);
	assert_int_equal(v.bad_seq, 8);
	assert_int_equal(sql_exec(t->db, "DELETE FROM record WHERE ring = 2 AND seq > 3"), 0);
	memset(&v, 0, sizeof(v));
	assert_int_equal(sql_exec(t->db, "DELETE FROM record WHERE ring = 1"), 0);
	assert_int_equal(db_record_verify(t->db, &v, 100), ERR_CORRUPT);
}

static void test_many(void **state)
{
	struct temp_db *t = *state;
	const struct db_record_filter old = {.ring = DB_RINGS, .opening_id = 7};
	double at = temp_db_ms(), filled, slice, found;
	struct db_verify v;
	struct page p;

	fill(t->db, MANY);
	/* A look ends, and tells where. */
	at = temp_db_ms() - at;
	filled = temp_db_ms();
	p = find_text(t->db, "nothing has it", 0, 16);
	assert_int_equal(p.count, 0);
	assert_int_equal(p.next, MANY - DB_RECORD_LOOK + 1);
	print_message("a text not found in %d: %.1f ms\n", DB_RECORD_LOOK, temp_db_ms() - filled);
	filled = temp_db_ms();
	assert_int_equal(find(t->db, &old, 0, 16).count, 1);
	found = temp_db_ms();
	v = stand_after(t->db, 2000);
	slice = temp_db_ms();
	assert_int_equal(db_record_verify(t->db, &v, MANY), 0);
	assert_int_equal(v.rows, MANY);
	print_message("%d rows: filled %.0f ms, one found %.2f, 2000 verified %.1f, all %.0f\n",
		MANY, at, found - filled, slice - found, temp_db_ms() - slice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_page),
		TEMP_DB_TEST(test_prune),
		TEMP_DB_TEST(test_seq_goes_on),
		TEMP_DB_TEST(test_rollback_leaves_chain),
		TEMP_DB_TEST(test_chains_not_written_yet),
		cmocka_unit_test(test_hand_in_the_file),
		TEMP_DB_TEST(test_hash_is_fixed),
		TEMP_DB_TEST(test_detail),
		TEMP_DB_TEST(test_find),
		TEMP_DB_TEST(test_find_text),
		TEMP_DB_TEST(test_find_by_index),
		cmocka_unit_test(test_verify_while_pruned),
		TEMP_DB_TEST(test_verify_while_added),
		TEMP_DB_TEST(test_verify_while_used),
		TEMP_DB_TEST(test_verify_finds_what_is_ahead),
		TEMP_DB_TEST(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
