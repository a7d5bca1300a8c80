/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record: pages, pruning, and whatever hand in the file is found by its chains. */
#include "tests/unit/temp_db.h"

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

/* seq 1, 4, 7 .. are admin rows, 2, 5, 8 .. openings, 3, 6, 9 .. refusals. */
static void fill(struct db *db, uint32_t rows)
{
	assert_int_equal(db_begin(db, false), 0);
	for (uint32_t n = 0; n < rows; n++) {
		struct db_record r = row((enum db_ring)(n % DB_RINGS), n);
		assert_int_equal(db_record_add(db, &r), 0);
	}
	assert_int_equal(db_commit(db), 0);
}

struct page {
	struct db_record rows[16];
	size_t count;
};

static int see(void *arg, const struct db_record *r)
{
	struct page *p = arg;

	assert_true(p->count < ROWS(p->rows));
	p->rows[p->count++] = *r;
	return 0;
}

static struct page page(struct db *db, uint64_t before, uint32_t count)
{
	struct page p;

	memset(&p, 0, sizeof(p));
	assert_int_equal(db_record_page(db, before, count, see, &p), 0);
	return p;
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
	uint64_t bad = 0;
	struct page p;

	fill(t->db, 12);
	prune(t->db, DB_RING_REFUSALS, 1);
	prune(t->db, DB_RING_ADMIN, 100);
	p = page(t->db, 0, 16);
	assert_int_equal(p.count, 9);
	assert_int_equal(p.rows[0].seq, 12);
	assert_int_equal(p.rows[3].seq, 8);
	assert_int_equal(db_record_verify(t->db, &bad), 0);
	prune(t->db, DB_RING_REFUSALS, 0);
	temp_db_reopen(t);
	assert_int_equal(db_record_verify(t->db, &bad), 0);
	fill(t->db, 3);
	assert_int_equal(page(t->db, 0, 1).rows[0].seq, 15);
	assert_int_equal(db_record_verify(t->db, &bad), 0);
	assert_int_equal(bad, 0);
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
	uint64_t bad = 0;

	fill(t->db, 3);
	assert_int_equal(db_begin(t->db, true), 0);
	assert_int_equal(db_record_add(t->db, &r), 0);
	db_rollback(t->db);
	assert_int_equal(page(t->db, 0, 16).count, 3);
	fill(t->db, 3);
	assert_int_equal(page(t->db, 0, 16).rows[0].seq, 6);
	assert_int_equal(db_record_verify(t->db, &bad), 0);
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
		{"DELETE FROM record WHERE seq = 5", 8},
		{"DELETE FROM record WHERE seq = 2", 5},
		{"DELETE FROM record WHERE seq = 12", 12},
		{"DELETE FROM record WHERE ring = 0", 10},
		{"UPDATE record SET seq = 20 WHERE seq = 8", 11},
		{"UPDATE record_chains SET anchor = randomblob(32) WHERE ring = 2", 3},
		{"INSERT INTO record SELECT 30, ring, wall_s, wall_synced, device_id, opening_id,"
		 " rule_id, origin, result, proto, external_addr, external_port, internal_addr,"
		 " internal_port, client, lifetime_s, count, what, why, descr, hash FROM record"
		 " WHERE seq = 12", 30},
	};

	for (size_t i = 0; i < ROWS(edits); i++) {
		void *fresh = NULL;
		struct temp_db *t;
		uint64_t bad = 0;

		assert_int_equal(temp_db_setup(&fresh), 0);
		t = fresh;
		fill(t->db, 12);
		assert_int_equal(db_record_verify(t->db, &bad), 0);
		temp_db_edit(t, edits[i].edit);
		assert_int_equal(db_record_verify(t->db, &bad), ERR_CORRUPT);
		if (bad != edits[i].bad)
			fail_msg("%s: found at %llu", edits[i].edit, (unsigned long long)bad);
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
	sqlite3_stmt *stmt;

	fill(t->db, 1);
	db_close(t->db);
	t->db = NULL;
	assert_int_equal(sqlite3_open(t->path, &raw), SQLITE_OK);
	sqlite3_prepare_v2(raw, "SELECT lower(hex(hash)) FROM record", -1, &stmt, NULL);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_string_equal(sqlite3_column_text(stmt, 0),
		"7d22a1864daf422707774cfe100b779ce17ab6b42bb405e47d68b19a24227b39");
	sqlite3_finalize(stmt);
	sqlite3_close(raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_page),
		TEMP_DB_TEST(test_prune),
		TEMP_DB_TEST(test_seq_goes_on),
		TEMP_DB_TEST(test_rollback_leaves_chain),
		cmocka_unit_test(test_hand_in_the_file),
		TEMP_DB_TEST(test_hash_is_fixed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
