/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record: every row carries BLAKE2b-256 of the row before it in its ring and of itself
 * (table_encode of all fields before the hash, and the detail behind its length where there is
 * one). What a ring begins with, the hash of the newest row that was pruned, and what it ends with
 * stand in record_chains; so a row that was changed, put in, taken out or moved to another ring is
 * found, at either end too. No key is involved: who
 * can write the file can write a whole new chain, and only a copy of a hash elsewhere tells.
 *
 * The order of the fields below is part of the stored hashes: it never changes.
 */
#include "db/record.h"

#include "db/table.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define HASH_LEN DB_HASH_LEN
#define FIELDS_BYTES_MAX 640	/* of table_encode: 14 numbers, three addresses, three texts */
#define ROW_BYTES_MAX (FIELDS_BYTES_MAX + 4 + DB_RECORD_DETAIL_MAX)

struct row {
	struct db_record r;
	uint8_t hash[HASH_LEN];
	char detail[DB_RECORD_DETAIL_MAX + 1];	/* last: most readers do without */
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
	TEXT("detail", struct row, detail),
};
#define FIELDS_ALL (sizeof(record_fields) / sizeof(record_fields[0]))
#define FIELDS_LEAN (FIELDS_ALL - 1)	/* without the detail */
#define FIELDS_HASHED (FIELDS_LEAN - 1)

static const struct field chain_fields[] = {
	NUMBER("ring", struct record_chain, ring, 0, DB_RINGS - 1),
	BYTES("anchor", struct record_chain, anchor),
	BYTES("head", struct record_chain, head),
	NUMBER("head_seq", struct record_chain, head_seq, 0, INT64_MAX),
};

static const struct table record = {
	.name = "record",
	.fields = record_fields,
	.count = FIELDS_LEAN,
	.row_size = offsetof(struct row, detail),
};

static const struct table record_whole = {
	.name = "record",
	.fields = record_fields,
	.count = FIELDS_ALL,
	.row_size = sizeof(struct row),
};

static const struct table chains = {
	.name = "record_chains",
	FIELDS(chain_fields),
	.keys = 1,
	.row_size = sizeof(struct record_chain),
};

static void row_hash(const struct row *row, const uint8_t before[HASH_LEN], uint8_t out[HASH_LEN])
{
	uint8_t bytes[HASH_LEN + ROW_BYTES_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));

	writer_bytes(&w, before, HASH_LEN);
	table_encode(&w, &record, row, FIELDS_HASHED);
	if (row->detail[0] != '\0') {
		writer_u32(&w, (uint32_t)strlen(row->detail));
		writer_text(&w, row->detail);
	}
	assert(!w.full);
	crypto_generichash(out, HASH_LEN, bytes, w.len, NULL, 0);
}

static int count_rows(struct db *db, struct record_chain *chain)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int err = sql_take(db, SQL_RECORD_COUNT, "SELECT count(*) FROM record WHERE ring = ?1",
		&stmt);

	if (err)
		return err;
	err = sql_check(db, sqlite3_bind_int64(stmt, 1, chain->ring));
	if (!err)
		err = sql_step(db, stmt, &row);
	if (!err)
		chain->rows = (uint64_t)sqlite3_column_int64(stmt, 0);
	sql_done(stmt);
	return err;
}

/* All chains; those that were never written are empty. */
static int chains_load(struct db *db)
{
	struct record_chains *all = &db->chains;
	struct cursor c;
	struct record_chain chain;
	int err;

	if (all->known)
		return 0;
	memset(all, 0, sizeof(*all));
	for (int ring = 0; ring < DB_RINGS; ring++)
		all->at[ring].ring = (enum db_ring)ring;
	c = table_select(db, SQL_CHAINS_EACH, &chains, "");
	while (table_next(&c, &chain))
		all->at[chain.ring] = chain;
	err = table_end(&c);
	for (int ring = 0; ring < DB_RINGS && !err; ring++)
		err = count_rows(db, &all->at[ring]);
	all->known = !err;
	return err;
}

int record_finish(struct db *db)
{
	int err = 0;

	for (int ring = 0; db->chains.known && ring < DB_RINGS && !err; ring++) {
		struct record_chain *chain = &db->chains.at[ring];
		if (chain->changed)
			err = table_put(db, SQL_CHAIN_PUT, &chains, chain);
		chain->changed = false;
	}
	return err;
}

static uint64_t newest_seq(const struct record_chains *all)
{
	uint64_t newest = 0;

	for (int ring = 0; ring < DB_RINGS; ring++) {
		if (all->at[ring].head_seq > newest)
			newest = all->at[ring].head_seq;
	}
	return newest;
}

int db_record_add(struct db *db, const struct db_record *r, const char *detail)
{
	struct record_chain *chain = &db->chains.at[r->ring];
	struct row row;
	size_t len = strlen(detail);
	int err;

	assert(db->begun && r->ring < DB_RINGS);
	if (len > DB_RECORD_DETAIL_MAX)
		return sql_say(db, ERR_RANGE, "record.detail", "too long");
	err = chains_load(db);
	if (err)
		return err;
	row.r = *r;
	row.r.seq = newest_seq(&db->chains) + 1;
	memcpy(row.detail, detail, len + 1);
	row_hash(&row, chain->head, row.hash);
	err = table_put(db, SQL_RECORD_PUT, &record_whole, &row);
	if (err)
		return err;
	memcpy(chain->head, row.hash, HASH_LEN);
	chain->head_seq = row.r.seq;
	chain->rows++;
	chain->changed = true;
	return 0;
}

int db_record_detail(struct db *db, uint64_t seq, const char **out)
{
	struct cursor c = table_select(db, SQL_RECORD_DETAIL, &record_whole, " WHERE seq = ?1");
	struct row row;
	bool found;

	if (!c.err)
		c.err = sql_check(db, sqlite3_bind_int64(c.stmt, 1, (int64_t)seq));
	found = table_next(&c, &row);
	if (!c.err && !found)
		c.err = ERR_NOT_FOUND;
	if (table_end(&c))
		return c.err;
	memcpy(db->detail, row.detail, sizeof(db->detail));
	*out = db->detail[0] != '\0' ? db->detail : NULL;
	return 0;
}

/* Every row wanted stands in one piece of an index, in the order of seq; the text is the same for
 * all of them but for that index. */
#define FIND(index) index " AND seq < ?1" \
	" AND ?3 IN (ring, 3) AND ?4 IN (device_id, 0)" \
	" AND ?5 IN (opening_id, 0) AND ?6 IN (rule_id, 0) ORDER BY seq DESC LIMIT ?2"
#define OPENINGS " INDEXED BY record_opening WHERE opening_id = ?5 AND opening_id <> 0"
#define RULES " INDEXED BY record_rule WHERE rule_id = ?6 AND rule_id <> 0"
#define DEVICES " INDEXED BY record_device WHERE device_id = ?4 AND device_id <> 0"
#define RING " INDEXED BY record_ring WHERE ring = ?3"

static struct cursor find_select(struct db *db, const struct db_record_filter *f)
{
	if (f->opening_id)
		return table_select(db, SQL_RECORD_BY_OPENING, &record, FIND(OPENINGS));
	if (f->rule_id)
		return table_select(db, SQL_RECORD_BY_RULE, &record, FIND(RULES));
	if (f->device_id)
		return table_select(db, SQL_RECORD_BY_DEVICE, &record, FIND(DEVICES));
	if (f->ring < DB_RINGS)
		return table_select(db, SQL_RECORD_BY_RING, &record, FIND(RING));
	return table_select(db, SQL_RECORD_ALL, &record, FIND(" WHERE seq > 0"));
}

static bool has(const char *in, struct str text)
{
	struct str all = str_from(in);

	for (size_t i = 0; i + text.len <= all.len; i++) {
		if (str_eqi(str_sub(all, i, text.len), text))
			return true;
	}
	return false;
}

static bool has_port(const struct db_record *r, uint16_t first, uint32_t port)
{
	return port >= first && port - first < (r->opening_id ? r->count : 1);
}

static bool has_text(const struct db_record *r, struct str text)
{
	uint32_t port;

	if (text.len == 0 || has(r->what, text) || has(r->why, text) || has(r->descr, text))
		return true;
	return str_u32(text, 1, UINT16_MAX, &port) == 0 &&
	       (has_port(r, r->external.port, port) || has_port(r, r->internal.port, port));
}

int db_record_find(struct db *db, const struct db_record_page *page, db_record_fn *fn, void *arg,
	uint64_t *next)
{
	const struct db_record_filter *f = &page->filter;
	struct str text = str_from(f->text);
	uint32_t most = text.len > 0 ? DB_RECORD_LOOK : page->count, looked = 0, found = 0;
	struct cursor c = find_select(db, f);
	const int64_t values[] = {
		page->before && page->before < INT64_MAX ? (int64_t)page->before : INT64_MAX,
		most, f->ring, f->device_id, f->opening_id, f->rule_id,
	};
	struct row row;

	static_assert(DB_RINGS == 3, "the text of FIND says so");
	for (int i = 0; i < (int)(sizeof(values) / sizeof(values[0])) && !c.err; i++)
		c.err = sql_check(db, sqlite3_bind_int64(c.stmt, i + 1, values[i]));
	row.r.seq = 0;
	while (found < page->count && table_next(&c, &row)) {
		looked++;
		if (!has_text(&row.r, text))
			continue;
		found++;
		c.err = fn(arg, &row.r);
	}
	if (!c.err)
		*next = looked == most || found == page->count ? row.r.seq : 0;
	return table_end(&c);
}

/* The newest of so many oldest rows. */
static int find_oldest(struct db *db, enum db_ring ring, uint64_t count, struct row *out)
{
	struct cursor c = table_select(db, SQL_RECORD_SURPLUS, &record,
		" WHERE ring = ?1 ORDER BY seq LIMIT 1 OFFSET ?2");
	bool found;

	if (!c.err)
		c.err = sql_check(db, sqlite3_bind_int64(c.stmt, 1, ring));
	if (!c.err)
		c.err = sql_check(db, sqlite3_bind_int64(c.stmt, 2, (int64_t)count - 1));
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
	struct record_chain *chain = &db->chains.at[ring];
	struct row last;
	int err;

	assert(db->begun && ring < DB_RINGS);
	err = chains_load(db);
	if (err || chain->rows <= keep)
		return err;
	err = find_oldest(db, ring, chain->rows - keep, &last);
	if (!err)
		err = delete_upto(db, &last);
	if (err)
		return err;
	memcpy(chain->anchor, last.hash, HASH_LEN);
	chain->rows = keep;
	chain->changed = true;
	return 0;
}

/* Whether a row of the ring that was walked is still there. */
static int was_walked(struct db *db, enum db_ring ring, uint64_t upto, bool *out)
{
	sqlite3_stmt *stmt;
	int err = sql_take(db, SQL_RECORD_WALKED,
		"SELECT 1 FROM record WHERE ring = ?1 AND seq <= ?2 LIMIT 1", &stmt);

	if (err)
		return err;
	err = sql_check(db, sqlite3_bind_int64(stmt, 1, ring));
	if (!err)
		err = sql_check(db, sqlite3_bind_int64(stmt, 2, (int64_t)upto));
	if (!err)
		err = sql_step(db, stmt, out);
	sql_done(stmt);
	return err;
}

/* A chain of which nothing walked is left goes on at its anchor: nothing was walked yet, or all of
 * it was pruned since, and perhaps more than that. */
static int resume(struct db *db, struct db_verify *v)
{
	const struct record_chain *all = db->chains.at;
	int err = 0;

	for (int ring = 0; ring < DB_RINGS && !err; ring++) {
		bool walked = false;
		err = was_walked(db, all[ring].ring, v->after_seq, &walked);
		if (!err && !walked)
			memcpy(v->at[ring], all[ring].anchor, HASH_LEN);
	}
	return err;
}

/* Follows all chains at once in the order of seq. ERR_AGAIN: there may be more rows. */
static int walk(struct db *db, struct db_verify *v, uint32_t rows)
{
	struct cursor c = table_select(db, SQL_RECORD_WALK, &record_whole,
		" WHERE seq > ?1 ORDER BY seq LIMIT ?2");
	struct row row;
	uint32_t left = rows;

	if (!c.err)
		c.err = sql_check(db, sqlite3_bind_int64(c.stmt, 1, (int64_t)v->after_seq));
	if (!c.err)
		c.err = sql_check(db, sqlite3_bind_int64(c.stmt, 2, rows));
	while (table_next(&c, &row)) {
		row_hash(&row, v->at[row.r.ring], v->at[row.r.ring]);
		if (memcmp(v->at[row.r.ring], row.hash, HASH_LEN) != 0) {
			c.err = sql_say(db, ERR_CORRUPT, "record", "a row does not fit its chain");
			continue;
		}
		v->after_seq = row.r.seq;
		v->rows++;
		left--;
	}
	if (c.err == ERR_CORRUPT)
		v->bad_seq = (uint64_t)sqlite3_column_int64(c.stmt, 0);
	else if (!c.err && left == 0)
		c.err = ERR_AGAIN;
	return table_end(&c);
}

int db_record_verify(struct db *db, struct db_verify *v, uint32_t rows)
{
	const struct record_chain *all = db->chains.at;
	int err = chains_load(db);

	if (!err)
		err = resume(db, v);
	if (!err)
		err = walk(db, v, rows);
	for (int ring = 0; ring < DB_RINGS && !err; ring++)
		if (memcmp(v->at[ring], all[ring].head, HASH_LEN) != 0) {
			v->bad_seq = all[ring].head_seq;
			err = sql_say(db, ERR_CORRUPT, "record", "the newest row is missing");
		}
	return err;
}
