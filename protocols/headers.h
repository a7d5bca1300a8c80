/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of an HTTP-like message (SSDP, GENA): a start line and "Name: value" lines. Names are
 * compared without case, space around values is cut, unknown fields are kept for nobody to read
 * (UDA 1.1 section 1.1.1, RFC 9112 sections 2.2 and 5).
 */
#ifndef PROTOCOLS_HEADERS_H
#define PROTOCOLS_HEADERS_H

#include "protocols/str.h"

#include <stddef.h>

#define HEADERS_MAX 32	/* fields of one head; real SSDP has 4 to 12 */

struct header {
	struct str name;
	struct str value;	/* may be empty */
};

struct headers {
	struct str start;	/* the first line */
	struct header field[HEADERS_MAX];
	size_t count;
};

/* Up to the empty line, or to the end of text when there is none. Lines end with CRLF or LF; the
 * last may lack it. ERR_SYNTAX: a line without a name and a colon, a folded line, or a control
 * character; ERR_FULL: more than HEADERS_MAX fields. The slices point into text. */
int headers_decode(struct str text, struct headers *out);

/* The value of the only field of this name: ERR_NOT_FOUND if absent, ERR_EXISTS if there are
 * several, which nobody may choose from. */
int headers_find(const struct headers *headers, struct str name, struct str *out);

#endif
