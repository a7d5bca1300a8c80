/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows to structs and back by the fields of a table; see table.h. */
#include "db/table.h"

#include <assert.h>
#include <string.h>

static uint64_t number_get(const struct field *f, const void *row)
{
	const uint8_t *p = (const uint8_t *)row + f->at;
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (f->size) {
	case 1:
		return *p;
	case 2:
		memcpy(&v16, p, sizeof(v16));
		return v16;
	case 4:
		memcpy(&v32, p, sizeof(v32));
		return v32;
	}
	assert(f->size == sizeof(v64));
	memcpy(&v64, p, sizeof(v64));
	return v64;
}

static void number_set(const struct field *f, void *row, uint64_t v)
{
	uint8_t *p = (uint8_t *)row + f->at;
	uint16_t v16 = (uint16_t)v;
	uint32_t v32 = (uint32_t)v;

	switch (f->size) {
	case 1:
		*p = (uint8_t)v;
		return;
	case 2:
		memcpy(p, &v16, sizeof(v16));
		return;
	case 4:
		memcpy(p, &v32, sizeof(v32));
		return;
	}
	assert(f->size == sizeof(v));
	memcpy(p, &v, sizeof(v));
}

static struct str text_get(const struct field *f, const void *row)
{
	const char *p = (const char *)row + f->at;
	return (struct str){p, strnlen(p, f->size)};
}

/* "table.column: what" */
static int doubt(struct db *db, int err, const struct table *t, const char *column)
{
	char where[96];
	struct writer w = writer_to(where, sizeof(where) - 1);

	writer_text(&w, t->name);
	writer_text(&w, ".");
	writer_text(&w, column);
	where[w.len] = '\0';
	return sql_say(db, err, where, "a value that cannot be");
}

static bool number_fits(const struct field *f, uint64_t v)
{
	return v >= f->min && v <= f->max;
}

static bool text_fits(const struct field *f, struct str s)
{
	return s.len < f->size && str_is_utf8(s);
}

static int row_check(struct db *db, const struct table *t, const void *row)
{
	const char *fault = t->fault ? t->fault(row) : NULL;

	for (size_t i = 0; i < t->count; i++) {
		const struct field *f = &t->fields[i];
		if (f->kind == FIELD_NUMBER && !number_fits(f, number_get(f, row)))
			return doubt(db, ERR_RANGE, t, f->name);
		if (f->kind == FIELD_TEXT && !text_fits(f, text_get(f, row)))
			return doubt(db, ERR_RANGE, t, f->name);
	}
	return fault ? sql_say(db, ERR_RANGE, t->name, fault) : 0;
}

static int field_bind(sqlite3_stmt *stmt, int place, const struct field *f, const void *row)
{
	const uint8_t *p = (const uint8_t *)row + f->at;
	struct str s;

	switch (f->kind) {
	case FIELD_NUMBER:
		return sqlite3_bind_int64(stmt, place, (int64_t)number_get(f, row));
	case FIELD_BYTES_IF:
		if (!((const uint8_t *)row)[f->has])
			return sqlite3_bind_null(stmt, place);
		return sqlite3_bind_blob(stmt, place, p, (int)f->size, SQLITE_STATIC);
	case FIELD_BYTES:
		return sqlite3_bind_blob(stmt, place, p, (int)f->size, SQLITE_STATIC);
	case FIELD_TEXT:
		s = text_get(f, row);
		return sqlite3_bind_text(stmt, place, s.p, (int)s.len, SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

/* Binds the first count fields as ?1, ?2 ... and runs the statement. */
static int run(struct db *db, sqlite3_stmt *stmt, const struct table *t, const void *row,
	size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = sql_check(db, field_bind(stmt, (int)i + 1, &t->fields[i], row));
	if (err) {
		sql_done(stmt);
		return err;
	}
	return sql_finish(db, stmt);
}

/* "a, b, c" */
static void write_names(struct writer *w, const struct table *t, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		writer_text(w, i ? ", " : "");
		writer_text(w, t->fields[i].name);
	}
}

static const char *finish_text(struct writer *w)
{
	writer_u8(w, '\0');
	assert(!w->full);
	return (const char *)w->p;
}

static void write_put(struct writer *w, const struct table *t)
{
	writer_text(w, "INSERT INTO ");
	writer_text(w, t->name);
	writer_text(w, " (");
	write_names(w, t, t->count);
	writer_text(w, ") VALUES (");
	for (size_t i = 0; i < t->count; i++)
		writer_text(w, i ? ", ?" : "?");
	writer_text(w, ")");
	if (t->keys == 0)
		return;
	writer_text(w, " ON CONFLICT (");
	write_names(w, t, t->keys);
	writer_text(w, ") DO UPDATE SET ");
	for (size_t i = t->keys; i < t->count; i++) {
		writer_text(w, i > t->keys ? ", " : "");
		writer_text(w, t->fields[i].name);
		writer_text(w, " = excluded.");
		writer_text(w, t->fields[i].name);
	}
}

int table_put(struct db *db, enum sql_id id, const struct table *t, const void *row)
{
	char text[SQL_TEXT_MAX];
	struct writer w = writer_to(text, sizeof(text));
	sqlite3_stmt *stmt;
	int err = row_check(db, t, row);

	if (err)
		return err;
	if (!db->stmts[id])
		write_put(&w, t);
	err = sql_take(db, id, finish_text(&w), &stmt);
	return err ? err : run(db, stmt, t, row, t->count);
}

int table_delete(struct db *db, enum sql_id id, const struct table *t, const void *row)
{
	char text[SQL_TEXT_MAX];
	struct writer w = writer_to(text, sizeof(text));
	sqlite3_stmt *stmt;
	int err;

	writer_text(&w, "DELETE FROM ");
	writer_text(&w, t->name);
	for (size_t i = 0; i < t->keys; i++) {
		writer_text(&w, i ? " AND " : " WHERE ");
		writer_text(&w, t->fields[i].name);
		writer_text(&w, " = ?");
	}
	err = sql_take(db, id, finish_text(&w), &stmt);
	return err ? err : run(db, stmt, t, row, t->keys);
}

struct cursor table_select(struct db *db, enum sql_id id, const struct table *t, const char *tail)
{
	struct cursor c = {.db = db, .t = t};
	char text[SQL_TEXT_MAX];
	struct writer w = writer_to(text, sizeof(text));

	writer_text(&w, "SELECT ");
	write_names(&w, t, t->count);
	writer_text(&w, " FROM ");
	writer_text(&w, t->name);
	writer_text(&w, tail);
	c.err = sql_take(db, id, finish_text(&w), &c.stmt);
	return c;
}

static bool bytes_read(sqlite3_stmt *stmt, int place, const struct field *f, void *row)
{
	const void *bytes = sqlite3_column_blob(stmt, place);

	if (sqlite3_column_type(stmt, place) != SQLITE_BLOB ||
	    (size_t)sqlite3_column_bytes(stmt, place) != f->size)
		return false;
	memcpy((uint8_t *)row + f->at, bytes, f->size);
	return true;
}

static bool text_read(sqlite3_stmt *stmt, int place, const struct field *f, void *row)
{
	const char *p = (const char *)sqlite3_column_text(stmt, place);
	struct str s = {p, (size_t)sqlite3_column_bytes(stmt, place)};

	if (!p || !text_fits(f, s))
		return false;
	memcpy((uint8_t *)row + f->at, s.p, s.len);
	return true;
}

static bool field_read(sqlite3_stmt *stmt, int place, const struct field *f, void *row)
{
	int type = sqlite3_column_type(stmt, place);
	uint64_t v = (uint64_t)sqlite3_column_int64(stmt, place);

	switch (f->kind) {
	case FIELD_NUMBER:
		number_set(f, row, v);
		return type == SQLITE_INTEGER && number_fits(f, v);
	case FIELD_BYTES_IF:
		((uint8_t *)row)[f->has] = type != SQLITE_NULL;
		return type == SQLITE_NULL || bytes_read(stmt, place, f, row);
	case FIELD_BYTES:
		return bytes_read(stmt, place, f, row);
	case FIELD_TEXT:
		return text_read(stmt, place, f, row);
	}
	return false;
}

bool table_next(struct cursor *c, void *row)
{
	bool have = false;
	const char *fault;

	if (!c->err)
		c->err = sql_step(c->db, c->stmt, &have);
	if (c->err || !have)
		return false;
	memset(row, 0, c->t->row_size);
	for (size_t i = 0; i < c->t->count && !c->err; i++)
		if (!field_read(c->stmt, (int)i, &c->t->fields[i], row))
			c->err = doubt(c->db, ERR_CORRUPT, c->t, c->t->fields[i].name);
	fault = !c->err && c->t->fault ? c->t->fault(row) : NULL;
	if (fault)
		c->err = sql_say(c->db, ERR_CORRUPT, c->t->name, fault);
	return !c->err;
}

int table_end(struct cursor *c)
{
	if (c->stmt)
		sql_done(c->stmt);
	return c->err;
}

int table_only(struct db *db, enum sql_id id, const struct table *t, void *row)
{
	struct cursor c = table_select(db, id, t, "");
	bool found = table_next(&c, row);
	int err = table_end(&c);

	return err || found ? err : ERR_NOT_FOUND;
}

void table_encode(struct writer *w, const struct table *t, const void *row, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct field *f = &t->fields[i];
		uint64_t v = f->kind == FIELD_NUMBER ? number_get(f, row) : 0;
		struct str s = f->kind == FIELD_TEXT ? text_get(f, row) : STR_NONE;

		switch (f->kind) {
		case FIELD_NUMBER:
			writer_u32(w, (uint32_t)(v >> 32));
			writer_u32(w, (uint32_t)v);
			break;
		case FIELD_BYTES:
		case FIELD_BYTES_IF:
			writer_bytes(w, (const uint8_t *)row + f->at, f->size);
			break;
		case FIELD_TEXT:
			writer_u32(w, (uint32_t)s.len);
			writer_str(w, s);
			break;
		}
	}
}
