/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small words of SIP (RFC 3261 section 25.1): blanks with folding, tokens, quoted strings and
 * parameters, read from a part of a message. A place is given by its offset in the whole message,
 * nothing is copied. A reader never goes beyond the part it was made for.
 */
#ifndef PROTOCOLS_SIP_LEX_H
#define PROTOCOLS_SIP_LEX_H

#include "protocols/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Part of the message, by offset. */
struct sip_span {
	uint32_t at;
	uint32_t len;		/* 0: absent, or nothing between two marks */
};

struct sip_lex {
	struct str bytes;	/* the whole message */
	uint32_t at, end;	/* what is still to be read */
};

struct sip_lex sip_lex_from(struct str bytes, struct sip_span part);
struct str sip_lex_text(struct str bytes, struct sip_span span);
/* From there to where l stands. */
struct sip_span sip_lex_since(const struct sip_lex *l, uint32_t from);

/* The next byte, -1 at the end. */
int sip_lex_peek(const struct sip_lex *l);
bool sip_lex_take(struct sip_lex *l, char c);
/* LWS; ends of line in a header's value are folds (sip_head.h). */
void sip_lex_blanks(struct sip_lex *l);
/* The mark with blanks around it, as SLASH, EQUAL or COLON. */
bool sip_lex_mark(struct sip_lex *l, char c);
bool sip_lex_is_digit(char c);
bool sip_lex_is_alpha(char c);
bool sip_lex_is_token(char c);
struct sip_span sip_lex_token(struct sip_lex *l);	/* empty: there is none */
struct sip_span sip_lex_digits(struct sip_lex *l);
/* A quoted string with its quotes and escapes, whatever stands in it. False: none, or no end. */
bool sip_lex_quoted(struct sip_lex *l, struct sip_span *out);

/* *( SEMI name [ EQUAL value ] ) as far as it goes; out is empty or begins with the semicolon.
 * False: one has no name, or quotes do not end. */
bool sip_lex_params(struct sip_lex *l, struct sip_span *out);
/* One of what sip_lex_params() found: its value with quotes as they stand, empty for a flag. Names
 * ignore case. ERR_NOT_FOUND. */
int sip_lex_param(struct str bytes, struct sip_span params, struct str name,
	struct sip_span *value);

#endif
