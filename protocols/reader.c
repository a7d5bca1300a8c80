/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounded reading and writing of bytes; see reader.h. */
#include "protocols/reader.h"

#include <string.h>

struct reader reader_from(const void *bytes, size_t len)
{
	return (struct reader){bytes, len, false};
}

/* The next len bytes, or NULL and bad for ever. */
static const uint8_t *take(struct reader *r, size_t len)
{
	const uint8_t *p = r->p;

	if (r->bad || len > r->left) {
		r->bad = true;
		r->left = 0;
		return NULL;
	}
	if (len > 0)
		r->p += len;
	r->left -= len;
	return p;
}

uint8_t reader_u8(struct reader *r)
{
	const uint8_t *p = take(r, 1);
	return p ? p[0] : 0;
}

uint16_t reader_u16(struct reader *r)
{
	const uint8_t *p = take(r, 2);
	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

uint32_t reader_u32(struct reader *r)
{
	const uint8_t *p = take(r, 4);
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

void reader_bytes(struct reader *r, void *out, size_t len)
{
	const uint8_t *p = take(r, len);

	if (len == 0)
		return;
	if (p)
		memcpy(out, p, len);
	else
		memset(out, 0, len);
}

void reader_skip(struct reader *r, size_t len)
{
	take(r, len);
}

struct reader reader_sub(struct reader *r, size_t len)
{
	const uint8_t *p = take(r, len);

	if (r->bad)
		return (struct reader){NULL, 0, true};
	return reader_from(p, len);
}

struct str reader_str(struct reader *r, size_t len)
{
	const uint8_t *p = take(r, len);
	return p ? (struct str){(const char *)p, len} : STR_NONE;
}

struct writer writer_to(void *buffer, size_t size)
{
	return (struct writer){buffer, size, 0, false};
}

static uint8_t *claim(struct writer *w, size_t len)
{
	uint8_t *p;

	if (w->full || len > w->size - w->len) {
		w->full = true;
		return NULL;
	}
	p = w->p + w->len;
	w->len += len;
	return p;
}

void writer_u8(struct writer *w, uint8_t v)
{
	writer_bytes(w, &v, 1);
}

void writer_u16(struct writer *w, uint16_t v)
{
	uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
	writer_bytes(w, b, sizeof(b));
}

void writer_u32(struct writer *w, uint32_t v)
{
	uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	writer_bytes(w, b, sizeof(b));
}

void writer_bytes(struct writer *w, const void *bytes, size_t len)
{
	uint8_t *p = claim(w, len);

	if (p && len > 0)
		memcpy(p, bytes, len);
}

void writer_zeros(struct writer *w, size_t len)
{
	uint8_t *p = claim(w, len);

	if (p && len > 0)
		memset(p, 0, len);
}

void writer_str(struct writer *w, struct str s)
{
	writer_bytes(w, s.p, s.len);
}

void writer_text(struct writer *w, const char *nul_terminated)
{
	writer_str(w, str_from(nul_terminated));
}

void writer_dec(struct writer *w, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	writer_bytes(w, digits + at, sizeof(digits) - at);
}

void writer_hex(struct writer *w, const void *bytes, size_t len)
{
	static const char digit[] = "0123456789abcdef";
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++) {
		char pair[2] = {digit[b[i] >> 4], digit[b[i] & 15]};
		writer_bytes(w, pair, sizeof(pair));
	}
}

struct str writer_done(const struct writer *w)
{
	return (struct str){(const char *)w->p, w->len};
}
