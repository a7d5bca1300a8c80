/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for the owner's terminal: times, amounts and aligned tables. Whatever is put into a cell
 * comes out without control characters, whoever wrote it.
 */
#ifndef WEB_CLI_TEXT_H
#define WEB_CLI_TEXT_H

#include "protocols/reader.h"
#include "protocols/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* "45s", "12m05s", "1h02m", "3d04h". */
void cli_text_duration(struct writer *w, uint64_t seconds);
/* "2026-11-22 08:30:00" of the local time zone. */
void cli_text_time(struct writer *w, uint64_t wall_s);
/* "999 B", "1.5 MB". */
void cli_text_bytes(struct writer *w, uint64_t bytes);
/* Others' text without what could turn a terminal. */
void cli_text_safe(struct writer *w, struct str s);

struct cli_table {
	const char *const *heads;
	size_t columns;
	char *text;		/* all cells, each with its NUL */
	size_t len, size;
	size_t count;		/* of cells */
	bool failed;		/* no memory */
};

/* heads: columns static words. */
void cli_table_init(struct cli_table *t, const char *const *heads, size_t columns);
void cli_table_cell(struct cli_table *t, struct str s);	/* the next, row by row */
/* ERR_MEMORY: rows are missing and nothing was printed. */
int cli_table_print(const struct cli_table *t, FILE *out);
void cli_table_free(struct cli_table *t);

#endif
