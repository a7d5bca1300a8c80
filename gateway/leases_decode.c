/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of lease files; see leases.h.
 *
 *	dnsmasq	"expiry mac address hostname client-id", a "duid ..." of its own, and behind it
 *		"expiry iaid address hostname duid" of DHCPv6; "*" is nothing
 *	odhcpd	"# interface duid iaid hostname expiry assigned length address/length ...", of
 *		DHCPv4 with the MAC as duid and "ipv4" as iaid; "-" is nothing. Other lines are for
 *		resolvers
 */
#include "gateway/leases.h"

#include "protocols/err.h"

/* A dnsmasq built for machines without a clock writes how long the lease is instead. */
#define CLOCK_TIME_S 1000000000u
#define IPV4_HEX 12

static struct str next_field(struct str *rest)
{
	struct str field = STR_NONE;

	while (rest->p && field.len == 0)
		field = str_split(rest, ' ');
	return field;
}

/* "aa:bb:cc:dd:ee:ff" (gap 1) or "aabbccddeeff" (gap 0). */
static bool take_mac(struct str s, size_t gap, uint8_t mac[6])
{
	uint8_t out[6];

	if (s.len != IPV4_HEX + 5 * gap)
		return false;
	for (size_t i = 0; i < 6; i++) {
		size_t at = i * (2 + gap);
		int high = str_hex_digit(s.p[at]), low = str_hex_digit(s.p[at + 1]);

		if (high < 0 || low < 0 || (gap && i > 0 && s.p[at - 1] != ':'))
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	for (size_t i = 0; i < 6; i++)
		mac[i] = out[i];
	return true;
}

/* What is nothing is written as one sign. */
static struct str unless(struct str s, char nothing)
{
	return s.len == 1 && s.p[0] == nothing ? STR_NONE : s;
}

static int take_expiry(struct str s, struct lease_row *row)
{
	int err = str_u64(s, UINT64_MAX, &row->expires_wall_s);

	if (!err && row->expires_wall_s < CLOCK_TIME_S)
		row->expires_wall_s = 0;
	return err;
}

static int decode_dnsmasq(struct str line, leases_fn *fn, void *arg)
{
	struct lease_row row = {.has_mac = false};
	struct str expiry = next_field(&line), whose;

	if (str_eq(expiry, STR("duid")))
		return 0;
	whose = next_field(&line);
	if (take_expiry(expiry, &row) || addr_decode(next_field(&line), &row.addr))
		return ERR_SYNTAX;
	/* Of a network that is not Ethernet its type stands before it: "06-...". */
	row.has_mac = addr_is4(&row.addr) && take_mac(whose, 1, row.mac);
	row.hostname = unless(next_field(&line), '*');
	row.client_id = unless(next_field(&line), '*');
	fn(arg, &row);
	return 0;
}

/* Delegated prefixes are nobody's address. */
static int decode_addresses(struct str line, struct lease_row *row, leases_fn *fn, void *arg)
{
	struct str field;

	while ((field = next_field(&line)).len > 0) {
		struct str text = str_split(&field, '/');

		if (addr_decode(text, &row->addr) || (row->has_mac && !addr_is4(&row->addr)))
			return ERR_SYNTAX;
		if (str_eq(field, addr_is4(&row->addr) ? STR("32") : STR("128")))
			fn(arg, row);
	}
	return 0;
}

static int decode_odhcpd(struct str line, leases_fn *fn, void *arg)
{
	struct lease_row row = {.has_mac = false};
	struct str duid, iaid, expiry;

	(void)next_field(&line);
	(void)next_field(&line);
	duid = next_field(&line);
	iaid = next_field(&line);
	row.hostname = unless(next_field(&line), '-');
	if (str_starts(row.hostname, STR("broken\\x20")))
		row.hostname = STR_NONE;
	expiry = next_field(&line);
	if (!str_eq(expiry, STR("-1")) && take_expiry(expiry, &row))
		return ERR_SYNTAX;
	(void)next_field(&line);
	if (next_field(&line).len == 0)
		return ERR_SYNTAX;
	if (!str_eq(iaid, STR("ipv4")))
		row.client_id = duid;
	else if (take_mac(duid, 0, row.mac))
		row.has_mac = true;
	else
		return ERR_SYNTAX;
	return decode_addresses(line, &row, fn, arg);
}

static bool is_resolvers(struct str line)
{
	return str_find(line, 0, '\t') < line.len;
}

size_t leases_decode(struct str text, leases_fn *fn, void *arg)
{
	size_t bad = 0;

	while (text.p) {
		struct str line = str_split(&text, '\n');

		if (line.len == 0 || is_resolvers(line))
			continue;
		bad += (str_starts(line, STR("# ")) ? decode_odhcpd(line, fn, arg)
						    : decode_dnsmasq(line, fn, arg)) != 0;
	}
	return bad;
}
