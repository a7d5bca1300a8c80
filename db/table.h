/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the files of this room: rows as structs. A table says once, field by field, which column
 * goes where and within which bounds; writing, reading and doubting a row all follow from it.
 * What would not be believed when read again is not written either.
 */
#ifndef DB_TABLE_H
#define DB_TABLE_H

#include "db/sql.h"
#include "protocols/reader.h"

#include <stddef.h>

enum field_kind {
	FIELD_NUMBER,		/* unsigned, enum or bool; 64 bits as two's complement */
	FIELD_BYTES,		/* exactly size bytes */
	FIELD_BYTES_IF,		/* the same, or NULL where the bool at has is false */
	FIELD_TEXT,		/* UTF-8, shorter than size, NUL-terminated in the struct */
};

struct field {
	const char *name;	/* of the column */
	enum field_kind kind;
	size_t at;		/* offset in the struct */
	size_t size;
	uint64_t min, max;	/* FIELD_NUMBER */
	size_t has;		/* FIELD_BYTES_IF */
};

#define FIELD_PLACE(type, member) offsetof(type, member), sizeof(((type *)0)->member)
#define NUMBER(name, type, member, min, max) \
	{name, FIELD_NUMBER, FIELD_PLACE(type, member), min, max, 0}
#define BYTES(name, type, member) {name, FIELD_BYTES, FIELD_PLACE(type, member), 0, 0, 0}
#define BYTES_IF(name, type, member, flag) \
	{name, FIELD_BYTES_IF, FIELD_PLACE(type, member), 0, 0, offsetof(type, flag)}
#define TEXT(name, type, member) {name, FIELD_TEXT, FIELD_PLACE(type, member), 0, 0, 0}
#define FIELDS(array) .fields = (array), .count = sizeof(array) / sizeof((array)[0])

struct table {
	const char *name;
	const struct field *fields;
	size_t count;
	size_t keys;		/* so many first fields are the key; 0: put only inserts */
	size_t row_size;
	/* What no single field tells: NULL when the row is fine. May be NULL itself. */
	const char *(*fault)(const void *row);
};

/* ERR_RANGE and db_reason when the row is not one that could be read again. */
int table_put(struct db *db, enum sql_id id, const struct table *t, const void *row);
int table_delete(struct db *db, enum sql_id id, const struct table *t, const void *row);

/* Rows one by one; the error sticks:
 *	struct cursor c = table_select(db, id, t, " ORDER BY id");
 *	while (table_next(&c, &row))
 *		c.err = fn(arg, &row);
 *	return table_end(&c);
 */
struct cursor {
	struct db *db;
	const struct table *t;
	sqlite3_stmt *stmt;	/* to bind what tail asks for; NULL when err */
	int err;		/* ERR_CORRUPT: a row is not to be believed */
};
struct cursor table_select(struct db *db, enum sql_id id, const struct table *t, const char *tail);
bool table_next(struct cursor *c, void *row);
int table_end(struct cursor *c);
/* Of a table with one row or none: ERR_NOT_FOUND. */
int table_only(struct db *db, enum sql_id id, const struct table *t, void *row);

/* The row's first count fields in one form that no machine changes: numbers as 8 bytes in network
 * order, bytes as they are, text behind its length. */
void table_encode(struct writer *w, const struct table *t, const void *row, size_t count);

#endif
