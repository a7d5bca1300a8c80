/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One address type for both families: 16 bytes in network order, IPv4 as IPv4-mapped IPv6
 * (::ffff:a.b.c.d), which is also the form PCP has on the wire (RFC 6887 section 5). The wildcard
 * addresses are "::" and "::ffff:0.0.0.0". Ports are in host order everywhere.
 */
#ifndef PROTOCOLS_ADDR_H
#define PROTOCOLS_ADDR_H

#include "protocols/reader.h"
#include "protocols/str.h"

#include <stdbool.h>
#include <stdint.h>

struct addr {
	uint8_t b[16];
};

struct endpoint {
	struct addr addr;
	uint16_t port;
};

/* len counts bits of the 16-byte form: an IPv4 /24 has 120 (RFC 6887 section 13.3). */
struct prefix {
	struct addr addr;
	uint8_t len;
};

#define ADDR_TEXT_MAX 46	/* longest text and NUL (INET6_ADDRSTRLEN) */
#define ADDR4_PREFIX_BITS 96

struct addr addr_from4(uint32_t host_order);
struct addr addr_from4_bytes(const void *four_bytes);
struct addr addr_from6_bytes(const void *sixteen_bytes);
struct addr addr_any4(void);
struct addr addr_any6(void);
bool addr_is4(const struct addr *a);
uint32_t addr_to4(const struct addr *a);	/* host order; 0 when it is not IPv4 */
const uint8_t *addr_bytes4(const struct addr *a);	/* the last four bytes */
bool addr_eq(const struct addr *a, const struct addr *b);
bool addr_is_any(const struct addr *a);		/* wildcard of either family */
bool addr_is_loopback(const struct addr *a);
bool addr_is_multicast(const struct addr *a);	/* with the IPv4 limited broadcast */
bool addr_is_link_local(const struct addr *a);
/* Not reachable from the Internet: RFC 1918, RFC 6598 (100.64/10), link-local, ULA, loopback. */
bool addr_is_private(const struct addr *a);
/* An address a host can have: not wildcard, loopback, multicast, 0/8 or 240/4. */
bool addr_is_host(const struct addr *a);

bool prefix_has(const struct prefix *p, const struct addr *a);
bool prefix_eq(const struct prefix *a, const struct prefix *b);
struct prefix prefix_any4(void);
struct prefix prefix_any6(void);
struct prefix prefix_host(const struct addr *a);
bool prefix_is_any(const struct prefix *p);	/* everything of its family */
bool prefix_is_host(const struct prefix *p);
/* What prefix_decode could have made: a length that can be, and no bits beyond it. */
bool prefix_is_sound(const struct prefix *p);
/* Every address of inner is one of outer. */
bool prefix_within(const struct prefix *inner, const struct prefix *outer);
/* Bits beyond len set to zero. */
struct prefix prefix_mask(const struct addr *a, uint8_t len);

/* Literals only, "a.b.c.d" without leading zeros, or RFC 4291 text; no names, no zone, no port. */
int addr_decode(struct str s, struct addr *out);
/* "a.b.c.d/n" or IPv6 text with /n; without /n a host. Bits beyond n must be zero. */
int prefix_decode(struct str s, struct prefix *out);
/* RFC 5952 text. */
void addr_encode(struct writer *w, const struct addr *a);
void prefix_encode(struct writer *w, const struct prefix *p);
/* NUL-terminated text in out, for logs and replies. Returns out. */
char *addr_text(const struct addr *a, char out[ADDR_TEXT_MAX]);

#endif
