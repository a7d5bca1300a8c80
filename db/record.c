/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record: every row carries BLAKE2b-256 of the row before it in its ring and of itself
 * (table_encode of all fields but the hash). What a ring begins with, the hash of the newest row
 * that was pruned, and what it ends with stand in record_chains; so a row that was changed, put
 * in, taken out or moved to another ring is found, at either end too. No key is involved: who
 * can write the file can write a whole new chain, and only a copy of a hash elsewhere tells.
 *
 * The order of the fields below is part of the stored hashes: it never changes.
 */
#include "db/db.h"

#include "db/table.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define HASH_LEN 32
#define ROW_BYTES_MAX 640	/* of table_encode: 14 numbers, three addresses, three texts */

struct row {
	struct db_record r;
	uint8_t hash[HASH_LEN];
};

struct chain {
	enum db_ring ring;
	uint8_t anchor[HASH_LEN];	/* zeros before anything was pruned */
	uint8_t head[HASH_LEN];
	uint64_t head_seq;		/* 0: the ring never had a row */
};

#define RECORD(name, member, min, max) NUMBER(name, struct row, r.member, min, max)

static const struct field record_fields[] = {
	RECORD("seq", seq, 1, INT64_MAX),
	RECORD("ring", ring, 0, DB_RINGS - 1),
	RECORD("wall_s", wall_s, 0, INT64_MAX),
	RECORD("wall_synced", wall_synced, 0, 1),
	RECORD("device_id", device_id, 0, UINT32_MAX),
	RECORD("opening_id", opening_id, 0, UINT32_MAX),
	RECORD("rule_id", rule_id, 0, UINT32_MAX),
	RECORD("origin", origin, 0, MAP_ORIGINS - 1),
	RECORD("result", result, 0, MAP_RESULTS - 1),
	RECORD("proto", proto, 0, UINT8_MAX),
	BYTES("external_addr", struct row, r.external.addr),
	RECORD("external_port", external.port, 0, UINT16_MAX),
	BYTES("internal_addr", struct row, r.internal.addr),
	RECORD("internal_port", internal.port, 0, UINT16_MAX),
	BYTES("client", struct row, r.client),
	RECORD("lifetime_s", lifetime_s, 0, UINT32_MAX),
	RECORD("count", count, 0, UINT32_MAX),
	TEXT("what", struct row, r.what),
	TEXT("why", struct row, r.why),
	TEXT("descr", struct row, r.descr),
	BYTES("hash", struct row, hash),
};

static const struct field chain_fields[] = {
	NUMBER("ring", struct chain, ring, 0, DB_RINGS - 1),
	BYTES("anchor", struct chain, anchor),
	BYTES("head", struct chain, head),
	NUMBER("head_seq", struct chain, head_seq, 0, INT64_MAX),
};

static const struct table record = {
	.name = "record",
	FIELDS(record_fields),
	.row_size = sizeof(struct row),
};

static const struct table chains = {
	.name = "record_chains",
	FIELDS(chain_fields),
	.keys = 1,
	.row_size = sizeof(struct chain),
};

static void row_hash(const struct row *row, const uint8_t before[HASH_LEN], uint8_t out[HASH_LEN])
{
	uint8_t bytes[HASH_LEN + ROW_BYTES_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));

	writer_bytes(&w, before, HASH_LEN);
	table_encode(&w, &record, row, record.count - 1);
	assert(!w.full);
	crypto_generichash(out, HASH_LEN, bytes, w.len, NULL, 0);
}

/* All chains; those that were never written are empty. */
static int chains_load(struct db *db, struct chain out[DB_RINGS])
{
	struct cursor c = table_select(db, SQL_CHAINS_EACH, &chains, "");
	struct chain chain;

	memset(out, 0, DB_RINGS * sizeof(out[0]));
	for (int ring = 0; ring < DB_RINGS; ring++)
		out[ring].ring = (enum db_ring)ring;
	while (table_next(&c, &chain))
		out[chain.ring] = chain;
	return table_end(&c);
}

int db_record_add(struct db *db, const struct db_record *r)
{
	struct chain all[DB_RINGS];
	struct row row = {.r = *r};
	struct chain *chain = &all[r->ring];
	int err;

	assert(db->begun && r->ring < DB_RINGS);
	err = chains_load(db, all);
	if (err)
		return err;
	row.r.seq = 0;
	for (int ring = 0; ring < DB_RINGS; ring++)
		if (all[ring].head_seq > row.r.seq)
			row.r.seq = all[ring].head_seq;
	row.r.seq++;
	row_hash(&row, chain->head, row.hash);
	memcpy(chain->head, row.hash, HASH_LEN);
	chain->head_seq = row.r.seq;
	err = table_put(db, SQL_RECORD_PUT, &record, &row);
	return err ? err : table_put(db, SQL_CHAIN_PUT, &chains, chain);
}

int db_record_page(struct db *db, uint64_t before, uint32_t count, db_record_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_RECORD_PAGE, &record,
		" WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2");
	int64_t below = before && before < INT64_MAX ? (int64_t)before : INT64_MAX;
	struct row row;

	if (!c.err)
		c.err = sql_check(db, sqlite3_bind_int64(c.stmt, 1, below));
	if (!c.err)
		c.err = sql_check(db, sqlite3_bind_int64(c.stmt, 2, count));
	while (table_next(&c, &row))
		c.err = fn(arg, &row.r);
	return table_end(&c);
}

/* The newest row that is one too many; ERR_NOT_FOUND when none is. */
static int find_surplus(struct db *db, enum db_ring ring, uint32_t keep, struct row *out)
{
	struct cursor c = table_select(db, SQL_RECORD_SURPLUS, &record,
		" WHERE ring = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2");
	bool found;

	if (!c.err)
		c.err = sql_check(db, sqlite3_bind_int64(c.stmt, 1, ring));
	if (!c.err)
		c.err = sql_check(db, sqlite3_bind_int64(c.stmt, 2, keep));
	found = table_next(&c, out);
	if (!c.err && !found)
		c.err = ERR_NOT_FOUND;
	return table_end(&c);
}

static int delete_upto(struct db *db, const struct row *last)
{
	sqlite3_stmt *stmt;
	int err = sql_take(db, SQL_RECORD_CUT, "DELETE FROM record WHERE ring = ?1 AND seq <= ?2",
		&stmt);

	if (!err)
		err = sql_check(db, sqlite3_bind_int64(stmt, 1, last->r.ring));
	if (!err)
		err = sql_check(db, sqlite3_bind_int64(stmt, 2, (int64_t)last->r.seq));
	return err ? err : sql_finish(db, stmt);
}

int db_record_prune(struct db *db, enum db_ring ring, uint32_t keep)
{
	struct chain all[DB_RINGS];
	struct row last;
	int err;

	assert(db->begun && ring < DB_RINGS);
	err = find_surplus(db, ring, keep, &last);
	if (err)
		return err == ERR_NOT_FOUND ? 0 : err;
	err = chains_load(db, all);
	if (err)
		return err;
	memcpy(all[ring].anchor, last.hash, HASH_LEN);
	err = table_put(db, SQL_CHAIN_PUT, &chains, &all[ring]);
	return err ? err : delete_upto(db, &last);
}

/* Follows all chains at once in the order of seq; at[ring] is the hash reached so far. */
static int walk(struct db *db, uint8_t at[DB_RINGS][HASH_LEN], uint64_t *bad_seq)
{
	struct cursor c = table_select(db, SQL_RECORD_WALK, &record, " ORDER BY seq");
	struct row row;

	while (table_next(&c, &row)) {
		row_hash(&row, at[row.r.ring], at[row.r.ring]);
		if (memcmp(at[row.r.ring], row.hash, HASH_LEN) != 0)
			c.err = sql_say(db, ERR_CORRUPT, "record", "a row does not fit its chain");
	}
	if (c.err == ERR_CORRUPT)
		*bad_seq = (uint64_t)sqlite3_column_int64(c.stmt, 0);
	return table_end(&c);
}

int db_record_verify(struct db *db, uint64_t *bad_seq)
{
	struct chain all[DB_RINGS];
	uint8_t at[DB_RINGS][HASH_LEN];
	int err = chains_load(db, all);

	if (err)
		return err;
	for (int ring = 0; ring < DB_RINGS; ring++)
		memcpy(at[ring], all[ring].anchor, HASH_LEN);
	err = walk(db, at, bad_seq);
	for (int ring = 0; ring < DB_RINGS && !err; ring++)
		if (memcmp(at[ring], all[ring].head, HASH_LEN) != 0) {
			*bad_seq = all[ring].head_seq;
			err = sql_say(db, ERR_CORRUPT, "record", "the newest row is missing");
		}
	return err;
}
