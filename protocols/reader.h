/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one way bytes are read and written. Both are sticky: after the first overrun every read
 * gives zeros and every write does nothing, so a decoder checks once, at its end. All numbers are
 * in network byte order. A sub-reader cannot read past what its parent gave it.
 */
#ifndef PROTOCOLS_READER_H
#define PROTOCOLS_READER_H

#include "protocols/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const uint8_t *p;
	size_t left;	/* bytes not yet read */
	bool bad;	/* somebody asked for more than there was */
};

struct reader reader_from(const void *bytes, size_t len);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
void reader_bytes(struct reader *r, void *out, size_t len);	/* zeros when bad */
void reader_skip(struct reader *r, size_t len);
struct reader reader_sub(struct reader *r, size_t len);		/* empty and bad when short */
struct str reader_str(struct reader *r, size_t len);		/* STR_NONE when short */

struct writer {
	uint8_t *p;
	size_t size;
	size_t len;	/* bytes written; never above size */
	bool full;	/* something did not fit; nothing of it was written */
};

struct writer writer_to(void *buffer, size_t size);
void writer_u8(struct writer *w, uint8_t v);
void writer_u16(struct writer *w, uint16_t v);
void writer_u32(struct writer *w, uint32_t v);
void writer_bytes(struct writer *w, const void *bytes, size_t len);
void writer_zeros(struct writer *w, size_t len);
void writer_str(struct writer *w, struct str s);
void writer_text(struct writer *w, const char *nul_terminated);
void writer_dec(struct writer *w, uint64_t n);			/* decimal text */
void writer_hex(struct writer *w, const void *bytes, size_t len); /* lower case */
struct str writer_done(const struct writer *w);			/* what was written */

#endif
