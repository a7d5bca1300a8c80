/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes JSON text (RFC 8259) into one growing buffer; reading is jansson's. A tree of 10,000
 * openings would cost 30 MB and longer than all the rest of a listing, so none is made. Commas are
 * set here. Failure of memory is sticky: the end of a text is where it is asked for.
 */
#ifndef WEB_JSONW_H
#define WEB_JSONW_H

#include "protocols/addr.h"
#include "protocols/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed before its first use. */
struct jsonw {
	char *p;		/* malloc'ed; not NUL-terminated */
	size_t len, size;
	bool comma;		/* the next item is not the first */
	bool failed;		/* no memory: the text is not whole */
};

/* key NULL within arrays and for the outermost. */
void jsonw_object(struct jsonw *j, const char *key);
void jsonw_object_end(struct jsonw *j);
void jsonw_array(struct jsonw *j, const char *key);
void jsonw_array_end(struct jsonw *j);

/* Ends a line of several texts in one buffer. */
void jsonw_line_end(struct jsonw *j);
/* The key of what is written next with key NULL. */
void jsonw_key(struct jsonw *j, const char *key);

/* Bytes that are no UTF-8 are written as if they were Latin-1; control characters are escaped. */
void jsonw_str(struct jsonw *j, const char *key, struct str s);
void jsonw_text(struct jsonw *j, const char *key, const char *nul_terminated);	/* NULL: null */
void jsonw_u64(struct jsonw *j, const char *key, uint64_t n);
void jsonw_bool(struct jsonw *j, const char *key, bool b);
void jsonw_null(struct jsonw *j, const char *key);
void jsonw_addr(struct jsonw *j, const char *key, const struct addr *a);	/* wildcard: null */

/* A whole JSON text, as it is. */
void jsonw_raw(struct jsonw *j, struct str text);
/* A whole value made elsewhere, which is freed. NULL: there was no memory for it. */
void jsonw_json(struct jsonw *j, const char *key, json_t *value);

void jsonw_free(struct jsonw *j);

#endif
