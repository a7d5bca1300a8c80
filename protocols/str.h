/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text as a slice of somebody's buffer: pointer and length, never NUL-terminated, never copied
 * before it is accepted. Every number that comes as text is read here, whole string, range given.
 */
#ifndef PROTOCOLS_STR_H
#define PROTOCOLS_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *p;
	size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})

struct str str_from(const char *nul_terminated);
struct str str_sub(struct str s, size_t from, size_t len);
bool str_eq(struct str a, struct str b);
bool str_eqi(struct str a, struct str b);	/* ASCII case folded */
bool str_starts(struct str s, struct str head);
struct str str_trim(struct str s);		/* spaces and tabs at both ends */

/* Index of the first c at or after from, or s.len. */
size_t str_find(struct str s, size_t from, char c);
/* Cuts *rest at the first c: the part before is returned, *rest moves behind it. With no c left
 * the whole of *rest is returned and *rest becomes STR_NONE. */
struct str str_split(struct str *rest, char c);

/* Decimal digits only, nothing before or behind. 0, ERR_SYNTAX or ERR_RANGE. */
int str_u32(struct str s, uint32_t min, uint32_t max, uint32_t *out);
int str_u64(struct str s, uint64_t max, uint64_t *out);

/* Well-formed UTF-8 (RFC 3629) without NUL. */
bool str_is_utf8(struct str s);
/* The longest head of s that is at most max bytes and does not cut a UTF-8 sequence. */
struct str str_cut_utf8(struct str s, size_t max);
/* FNV-1a, to find things by: whoever may choose the text can make two that have the same. */
uint64_t str_hash(struct str s);
/* UTF-8 to store and show: no control characters (C0, DEL, C1) and no bidi controls. */
bool str_is_plain(struct str s);
/* -1: it is no digit of a hexadecimal number, of either case. */
int str_hex_digit(char c);
/* Copies what is plain of s, without the rest, to at most size bytes of out; a sequence is never
 * cut. Returns the bytes written (no NUL). */
size_t str_copy_plain(struct str s, char *out, size_t size);

#endif
