/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, prefixes and their text (RFC 4291 section 2.2, RFC 5952); see addr.h. */
#include "protocols/addr.h"

#include "protocols/err.h"

#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct addr addr_from4_bytes(const void *four_bytes)
{
	struct addr a;

	memcpy(a.b, mapped, sizeof(mapped));
	memcpy(a.b + 12, four_bytes, 4);
	return a;
}

struct addr addr_from4(uint32_t v)
{
	uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	return addr_from4_bytes(b);
}

struct addr addr_from6_bytes(const void *sixteen_bytes)
{
	struct addr a;

	memcpy(a.b, sixteen_bytes, sizeof(a.b));
	return a;
}

struct addr addr_any4(void)
{
	return addr_from4(0);
}

struct addr addr_any6(void)
{
	return (struct addr){{0}};
}

bool addr_is4(const struct addr *a)
{
	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

const uint8_t *addr_bytes4(const struct addr *a)
{
	return a->b + 12;
}

uint32_t addr_to4(const struct addr *a)
{
	struct reader r = reader_from(addr_bytes4(a), 4);
	return addr_is4(a) ? reader_u32(&r) : 0;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool addr_is_any(const struct addr *a)
{
	struct addr any4 = addr_any4(), any6 = addr_any6();
	return addr_eq(a, &any4) || addr_eq(a, &any6);
}

static bool in4(const struct addr *a, uint32_t net, unsigned bits)
{
	return addr_is4(a) && (addr_to4(a) ^ net) >> (32 - bits) == 0;
}

bool addr_is_loopback(const struct addr *a)
{
	struct addr one = {.b = {[15] = 1}};
	return in4(a, 0x7f000000, 8) || addr_eq(a, &one);
}

bool addr_is_multicast(const struct addr *a)
{
	return in4(a, 0xe0000000, 4) || in4(a, 0xffffffff, 32) ||
	       (!addr_is4(a) && a->b[0] == 0xff);
}

bool addr_is_link_local(const struct addr *a)
{
	return in4(a, 0xa9fe0000, 16) || (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80);
}

bool addr_is_private(const struct addr *a)
{
	return in4(a, 0x0a000000, 8) || in4(a, 0xac100000, 12) || in4(a, 0xc0a80000, 16) ||
	       in4(a, 0x64400000, 10) || (a->b[0] & 0xfe) == 0xfc || addr_is_link_local(a) ||
	       addr_is_loopback(a);
}

bool addr_is_host(const struct addr *a)
{
	return !addr_is_any(a) && !addr_is_loopback(a) && !addr_is_multicast(a) &&
	       !in4(a, 0, 8) && !in4(a, 0xf0000000, 4);
}

struct prefix prefix_mask(const struct addr *a, uint8_t len)
{
	struct prefix p = {.addr = *a, .len = len};

	for (unsigned i = 0; i < sizeof(p.addr.b); i++) {
		unsigned keep = len > i * 8 ? len - i * 8 : 0;
		if (keep < 8)
			p.addr.b[i] &= (uint8_t)(0xff00u >> keep);
	}
	return p;
}

bool prefix_has(const struct prefix *p, const struct addr *a)
{
	struct prefix cut = prefix_mask(a, p->len);
	return addr_is4(&p->addr) == addr_is4(a) && addr_eq(&cut.addr, &p->addr);
}

bool prefix_eq(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && addr_eq(&a->addr, &b->addr);
}

struct prefix prefix_any4(void)
{
	return (struct prefix){addr_any4(), ADDR4_PREFIX_BITS};
}

struct prefix prefix_any6(void)
{
	return (struct prefix){addr_any6(), 0};
}

struct prefix prefix_host(const struct addr *a)
{
	return (struct prefix){*a, 128};
}

bool prefix_is_any(const struct prefix *p)
{
	return p->len == (addr_is4(&p->addr) ? ADDR4_PREFIX_BITS : 0);
}

bool prefix_is_host(const struct prefix *p)
{
	return p->len == 128;
}

bool prefix_is_sound(const struct prefix *p)
{
	struct prefix cut;

	if (p->len > 128)
		return false;
	cut = prefix_mask(&p->addr, p->len);
	return addr_eq(&cut.addr, &p->addr);
}

bool prefix_within(const struct prefix *inner, const struct prefix *outer)
{
	return outer->len <= inner->len && prefix_has(outer, &inner->addr);
}

static int decode4(struct str s, uint8_t out[4])
{
	for (int i = 0; i < 4; i++) {
		struct str part = str_split(&s, '.');
		uint32_t v;

		if (part.len > 1 && part.p[0] == '0')
			return ERR_SYNTAX;
		if (str_u32(part, 0, 255, &v) || (i < 3) != (s.p != NULL))
			return ERR_SYNTAX;
		out[i] = (uint8_t)v;
	}
	return 0;
}

static int decode_group(struct str s, uint8_t out[2])
{
	unsigned v = 0;

	if (s.len == 0 || s.len > 4)
		return ERR_SYNTAX;
	for (size_t i = 0; i < s.len; i++) {
		int h = str_hex_digit(s.p[i]);
		if (h < 0)
			return ERR_SYNTAX;
		v = v << 4 | (unsigned)h;
	}
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
	return 0;
}

/* Groups between colons into out, at most max bytes; the last may be dotted IPv4. Returns the
 * bytes written or an error. */
static int decode_groups(struct str s, uint8_t *out, int max)
{
	int n = 0;

	while (s.p) {
		struct str part = str_split(&s, ':');
		bool dotted = str_find(part, 0, '.') < part.len;
		int size = dotted ? 4 : 2;

		if (n + size > max || (dotted && s.p))
			return ERR_SYNTAX;
		if (dotted ? decode4(part, out + n) : decode_group(part, out + n))
			return ERR_SYNTAX;
		n += size;
	}
	return n;
}

static size_t find_gap(struct str s)
{
	for (size_t i = 0; i + 1 < s.len; i++) {
		if (s.p[i] == ':' && s.p[i + 1] == ':')
			return i;
	}
	return s.len;
}

static int decode6(struct str s, struct addr *out)
{
	size_t gap = find_gap(s);
	struct str left = str_sub(s, 0, gap), right = str_sub(s, gap + 2, s.len);
	uint8_t a[16] = {0}, b[16];
	int have_left = left.len ? decode_groups(left, a, 16) : 0;
	int have_right = right.len ? decode_groups(right, b, 16) : 0;
	bool dotted_left = gap < s.len && str_find(left, 0, '.') < left.len;

	if (have_left < 0 || have_right < 0 || dotted_left)
		return ERR_SYNTAX;
	/* A gap stands for at least one group. */
	if (gap < s.len ? have_left + have_right > 14 : have_left != 16)
		return ERR_SYNTAX;
	if (have_right > 0)
		memcpy(a + 16 - have_right, b, (size_t)have_right);
	*out = addr_from6_bytes(a);
	return 0;
}

int addr_decode(struct str s, struct addr *out)
{
	uint8_t four[4];

	if (s.len == 0 || s.len >= ADDR_TEXT_MAX)
		return ERR_SYNTAX;
	if (str_find(s, 0, ':') < s.len)
		return decode6(s, out);
	if (decode4(s, four))
		return ERR_SYNTAX;
	*out = addr_from4_bytes(four);
	return 0;
}

int prefix_decode(struct str s, struct prefix *out)
{
	struct str text = str_split(&s, '/');
	struct prefix p;
	struct addr a;
	uint32_t bits, base;
	int err = addr_decode(text, &a);

	if (err)
		return err;
	base = addr_is4(&a) ? ADDR4_PREFIX_BITS : 0;
	bits = 128 - base;
	if (s.p && str_u32(s, 0, 128 - base, &bits))
		return ERR_SYNTAX;
	p = prefix_mask(&a, (uint8_t)(base + bits));
	if (!addr_eq(&p.addr, &a))
		return ERR_RANGE;
	*out = p;
	return 0;
}

static void encode4(struct writer *w, const uint8_t b[4])
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			writer_u8(w, '.');
		writer_dec(w, b[i]);
	}
}

static void encode_group(struct writer *w, unsigned v)
{
	static const char digit[] = "0123456789abcdef";
	int shift = 12;

	while (shift > 0 && v >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		writer_u8(w, (uint8_t)digit[v >> shift & 15]);
}

static unsigned group(const struct addr *a, int i)
{
	return (unsigned)a->b[2 * i] << 8 | a->b[2 * i + 1];
}

/* The first longest run of at least two zero groups (RFC 5952 section 4.2). */
static void find_zeros(const struct addr *a, int *start, int *len)
{
	*start = -1;
	*len = 1;
	for (int i = 0; i < 8; i++) {
		int n = 0;
		while (i + n < 8 && group(a, i + n) == 0)
			n++;
		if (n > *len) {
			*start = i;
			*len = n;
		}
		i += n;
	}
}

void addr_encode(struct writer *w, const struct addr *a)
{
	int start, len;

	if (addr_is4(a)) {
		encode4(w, addr_bytes4(a));
		return;
	}
	find_zeros(a, &start, &len);
	for (int i = 0; i < 8; i++) {
		if (i == start) {
			writer_text(w, "::");
			i += len - 1;
			continue;
		}
		if (i > 0 && i != start + (start >= 0 ? len : 0))
			writer_u8(w, ':');
		encode_group(w, group(a, i));
	}
}

void prefix_encode(struct writer *w, const struct prefix *p)
{
	addr_encode(w, &p->addr);
	writer_u8(w, '/');
	writer_dec(w, p->len - (addr_is4(&p->addr) ? ADDR4_PREFIX_BITS : 0u));
}

char *addr_text(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	struct writer w = writer_to(out, ADDR_TEXT_MAX - 1);

	addr_encode(&w, a);
	out[w.len] = '\0';
	return out;
}
