/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text slices; see str.h. */
#include "protocols/str.h"

#include "protocols/err.h"

#include <string.h>

struct str str_from(const char *nul_terminated)
{
	return (struct str){nul_terminated, nul_terminated ? strlen(nul_terminated) : 0};
}

struct str str_sub(struct str s, size_t from, size_t len)
{
	if (from >= s.len)
		return STR_NONE;
	if (len > s.len - from)
		len = s.len - from;
	return (struct str){s.p + from, len};
}

bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_eqi(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	}
	return true;
}

bool str_starts(struct str s, struct str head)
{
	return s.len >= head.len && str_eq(str_sub(s, 0, head.len), head);
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = (struct str){s.p + 1, s.len - 1};
	while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

size_t str_find(struct str s, size_t from, char c)
{
	if (from >= s.len)
		return s.len;
	const char *hit = memchr(s.p + from, c, s.len - from);
	return hit ? (size_t)(hit - s.p) : s.len;
}

struct str str_split(struct str *rest, char c)
{
	size_t at = str_find(*rest, 0, c);
	struct str head = {rest->p, at};

	if (at == rest->len)
		*rest = STR_NONE;
	else
		*rest = (struct str){rest->p + at + 1, rest->len - at - 1};
	return head;
}

int str_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return ERR_SYNTAX;
	}
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit = (uint64_t)(s.p[i] - '0');
		if (n > max / 10 || digit > max - n * 10)
			return ERR_RANGE;
		n = n * 10 + digit;
	}
	*out = n;
	return 0;
}

int str_u32(struct str s, uint32_t min, uint32_t max, uint32_t *out)
{
	uint64_t n;
	int err = str_u64(s, max, &n);

	if (err)
		return err;
	if (n < min)
		return ERR_RANGE;
	*out = (uint32_t)n;
	return 0;
}

static uint32_t byte_at(struct str s, size_t i)
{
	return (unsigned char)s.p[i];
}

/* Length of the sequence at i and its code point, or 0 if there is none (RFC 3629 section 4). */
static size_t sequence_at(struct str s, size_t i, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t c = byte_at(s, i);
	size_t len = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 0;

	if (len == 0 || c > 0xf4 || len > s.len - i)
		return 0;
	if (len > 1)
		c &= 0x7fu >> len;
	for (size_t k = 1; k < len; k++) {
		uint32_t next = byte_at(s, i + k);
		if ((next & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (next & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return len;
}

bool str_is_utf8(struct str s)
{
	uint32_t code = 0;
	size_t step;

	for (size_t i = 0; i < s.len; i += step) {
		step = sequence_at(s, i, &code);
		if (step == 0 || code == 0)
			return false;
	}
	return true;
}

struct str str_cut_utf8(struct str s, size_t max)
{
	if (s.len <= max)
		return s;
	while (max > 0 && (byte_at(s, max) & 0xc0) == 0x80)
		max--;
	s.len = max;
	return s;
}

static bool is_shown(uint32_t code)
{
	bool control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
	bool bidi = code == 0x061c || code == 0x200e || code == 0x200f ||
		    (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
	bool line = code == 0x2028 || code == 0x2029 || code == 0xfeff;
	bool none = (code & 0xfffe) == 0xfffe; /* no character, and no XML (XML 1.0 section 2.2) */

	return !control && !bidi && !line && !none;
}

bool str_is_plain(struct str s)
{
	uint32_t code = 0;
	size_t step;

	for (size_t i = 0; i < s.len; i += step) {
		step = sequence_at(s, i, &code);
		if (step == 0 || !is_shown(code))
			return false;
	}
	return true;
}

size_t str_copy_plain(struct str s, char *out, size_t size)
{
	uint32_t code = 0;
	size_t step, len = 0;

	for (size_t i = 0; i < s.len; i += step) {
		step = sequence_at(s, i, &code);
		if (step == 0) {
			step = 1;
			continue;
		}
		if (!is_shown(code))
			continue;
		if (step > size - len)
			break;
		memcpy(out + len, s.p + i, step);
		len += step;
	}
	return len;
}

uint64_t str_hash(struct str s)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3;
	return h;
}

int str_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
