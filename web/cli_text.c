/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for a terminal; see cli_text.h. */
#include "web/cli_text.h"

#include "gateway/log.h"
#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CELL_MAX 400	/* bytes of a cell after escaping */
#define COLUMNS_MAX 16
#define GAP 2		/* spaces between columns */

static void two_units(struct writer *w, uint64_t big, const char *unit, uint64_t small)
{
	writer_dec(w, big);
	writer_text(w, unit);
	if (small < 10)
		writer_text(w, "0");
	writer_dec(w, small);
}

void cli_text_duration(struct writer *w, uint64_t s)
{
	if (s < 60) {
		writer_dec(w, s);
		writer_text(w, "s");
	} else if (s < 3600) {
		two_units(w, s / 60, "m", s % 60);
		writer_text(w, "s");
	} else if (s < 86400) {
		two_units(w, s / 3600, "h", s / 60 % 60);
		writer_text(w, "m");
	} else {
		two_units(w, s / 86400, "d", s / 3600 % 24);
		writer_text(w, "h");
	}
}

void cli_text_time(struct writer *w, uint64_t wall_s)
{
	time_t t = (time_t)wall_s;
	struct tm tm;
	char text[32];

	if (localtime_r(&t, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) > 0)
		writer_text(w, text);
}

void cli_text_bytes(struct writer *w, uint64_t bytes)
{
	static const char *const units[] = {" B", " kB", " MB", " GB", " TB", " PB", " EB"};
	uint64_t tenths = bytes * 10;
	size_t unit = 0;

	if (bytes > UINT64_MAX / 10) {
		tenths = bytes / 100;
		unit = 1;
	}
	for (; tenths >= 10000; unit++)
		tenths /= 1000;
	writer_dec(w, tenths / 10);
	if (unit > 0 && tenths < 1000) {
		writer_text(w, ".");
		writer_dec(w, tenths % 10);
	}
	writer_text(w, units[unit]);
}

void cli_text_safe(struct writer *w, struct str s)
{
	char text[CELL_MAX];

	writer_bytes(w, text, log_escape(s, text, sizeof(text)));
}

void cli_table_init(struct cli_table *t, const char *const *heads, size_t columns)
{
	*t = (struct cli_table){.heads = heads, .columns = columns};
}

void cli_table_cell(struct cli_table *t, struct str s)
{
	char cell[CELL_MAX];
	size_t len = log_escape(s.len ? s : STR("-"), cell, sizeof(cell)) + 1;

	if (t->failed)
		return;
	if (t->size - t->len < len) {
		size_t size = t->size * 2 + CELL_MAX;
		char *text = realloc(t->text, size);
		t->failed = !text;
		if (!text)
			return;
		t->text = text;
		t->size = size;
	}
	memcpy(t->text + t->len, cell, len);
	t->len += len;
	t->count++;
}

/* Characters, by the bytes that begin one. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void print_cell(FILE *out, const char *text, size_t wide)
{
	fputs(text, out);
	for (size_t n = width(text); n < wide + (wide ? GAP : 0); n++)
		fputc(' ', out);
}

int cli_table_print(const struct cli_table *t, FILE *out)
{
	size_t wide[COLUMNS_MAX] = {0};
	const char *cell = t->text;

	if (t->failed || t->columns > COLUMNS_MAX)
		return ERR_MEMORY;
	for (size_t i = 0; i < t->columns; i++)
		wide[i] = width(t->heads[i]);
	for (size_t i = 0; i < t->count; i++, cell += strlen(cell) + 1) {
		size_t n = width(cell);
		if (n > wide[i % t->columns])
			wide[i % t->columns] = n;
	}
	wide[t->columns - 1] = 0;
	for (size_t i = 0; i < t->columns; i++)
		print_cell(out, t->heads[i], wide[i]);
	fputc('\n', out);
	cell = t->text;
	for (size_t i = 0; i < t->count; i++, cell += strlen(cell) + 1) {
		print_cell(out, cell, wide[i % t->columns]);
		if (i % t->columns == t->columns - 1)
			fputc('\n', out);
	}
	return 0;
}

void cli_table_free(struct cli_table *t)
{
	free(t->text);
	t->text = NULL;
}
