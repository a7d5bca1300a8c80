/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From calls to openings: what WANIPConnection and WANIPv6FirewallControl ask of the core. Only
 * literal addresses are read, names never (they would have to be looked up). Whether the client
 * may have it is policy's; the codes here are for what can be no request at all.
 */
#ifndef PROTOCOLS_IGD_MAP_H
#define PROTOCOLS_IGD_MAP_H

#include "protocols/igd.h"
#include "protocols/map.h"

#include <stdint.h>

#define IGD_MAP_LEASE_MAX_S 604800	/* WANIPConnection:2 section 2.3.16: a week */
#define IGD_MAP_PINHOLE_MAX_S 86400	/* WANIPv6FirewallControl:1: a day */

/* What a WANIPConnection entry is found by. */
struct igd_key {
	struct prefix remote;
	uint16_t port;		/* external */
	uint8_t proto;
};

/* The key of GetSpecificPortMappingEntry and of the calls that have it too. 0 or an error code. */
uint16_t igd_map_key(const struct igd_call *call, struct igd_key *out);

/* AddPortMapping, AddAnyPortMapping, DeletePortMapping, AddPinhole, UpdatePinhole, DeletePinhole;
 * IGD_INVALID_ACTION for every other action. ifindex is left 0 for the caller to set. out's
 * description points into call. 0 or an error code. */
uint16_t igd_map_decode(struct igd_call *call, const struct addr *client, struct map_req *out);

#endif
