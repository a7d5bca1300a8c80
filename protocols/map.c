/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table from results to wire codes. Policy refusals are UPnP 606 because clients retry
 * or give up by the code: 718 and 501 mean "try another port" to libtorrent, 402 and 725 "try
 * without a lease" to Tailscale and syncthing.
 */
#include "protocols/map.h"

#define PCP_LONG_S 1800	 /* RFC 6887 section 7.4: long lifetime errors */
#define PCP_SHORT_S 30	 /* and short ones */

static const struct map_code codes[MAP_RESULTS] = {
	/*			  PCP  lifetime    NAT-PMP IGD1 IGD2 6FC */
	[MAP_OK] =		 {0, 0, 0, 0, 0, 0},
	[MAP_DENIED] =		 {2, PCP_LONG_S, 2, 606, 606, 606},
	[MAP_PENDING] =		 {2, PCP_SHORT_S, 2, 606, 606, 606},
	[MAP_NOT_OWNER] =	 {2, PCP_LONG_S, 2, 606, 606, 606},
	[MAP_TAKEN] =		 {11, PCP_LONG_S, 4, 718, 718, 606},
	[MAP_RESERVED] =	 {11, PCP_LONG_S, 4, 718, 729, 606},
	[MAP_NO_PORT] =		 {8, PCP_SHORT_S, 4, 728, 728, 701},
	[MAP_QUOTA] =		 {10, PCP_SHORT_S, 4, 728, 728, 701},
	[MAP_NO_WAN] =		 {7, PCP_SHORT_S, 3, 501, 501, 501},
	[MAP_TROUBLE] =		 {8, PCP_SHORT_S, 4, 501, 501, 501},
	[MAP_NOT_FOUND] =	 {0, 0, 0, 714, 714, 704},
	[MAP_UNSUPP_PROTO] =	 {9, PCP_LONG_S, 5, 402, 402, 705},
	[MAP_TOO_MANY_REMOTES] = {13, PCP_LONG_S, 4, 728, 728, 701},
};

const struct map_code *map_code(enum map_result result)
{
	return &codes[result];
}

const char *map_result_text(enum map_result result)
{
	static const char *const text[MAP_RESULTS] = {
		[MAP_OK] = "ok",
		[MAP_DENIED] = "refused",
		[MAP_PENDING] = "waiting for the owner",
		[MAP_NOT_OWNER] = "somebody else's",
		[MAP_TAKEN] = "port held by another",
		[MAP_RESERVED] = "port of the router",
		[MAP_NO_PORT] = "no port left",
		[MAP_QUOTA] = "quota used up",
		[MAP_NO_WAN] = "no external address",
		[MAP_TROUBLE] = "firewall trouble",
		[MAP_NOT_FOUND] = "no such opening",
		[MAP_UNSUPP_PROTO] = "protocol not supported",
		[MAP_TOO_MANY_REMOTES] = "too many remote peers",
	};
	return text[result];
}

const char *map_origin_text(enum map_origin origin)
{
	static const char *const text[MAP_ORIGINS] = {
		[MAP_ORIGIN_OWNER] = "owner",
		[MAP_ORIGIN_UPNP] = "UPnP",
		[MAP_ORIGIN_NATPMP] = "NAT-PMP",
		[MAP_ORIGIN_PCP] = "PCP",
		[MAP_ORIGIN_SIP] = "SIP",
	};
	return text[origin];
}

const char *map_proto_text(uint8_t proto)
{
	if (proto == MAP_PROTO_TCP)
		return "TCP";
	if (proto == MAP_PROTO_UDP)
		return "UDP";
	return "other";
}
