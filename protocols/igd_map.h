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

#include <stdbool.h>
#include <stdint.h>

#define IGD_MAP_LEASE_MAX_S 604800	/* WANIPConnection:2 section 2.3.16: a week */
#define IGD_MAP_PINHOLE_MAX_S 86400	/* WANIPv6FirewallControl:1: a day */

/* What a WANIPConnection entry is found by. */
struct igd_key {
	struct prefix remote;
	uint16_t port;		/* external */
	uint8_t proto;
};

/* What GetListOfPortMappings is about. */
struct igd_range {
	uint16_t first, last;	/* external ports */
	uint8_t proto;
	bool others;		/* NewManage: other clients' entries, too */
	uint16_t count;		/* at most so many; 0: all */
};

/* The key of GetSpecificPortMappingEntry and of the calls that have it too. 0 or an error code. */
uint16_t igd_map_key(const struct igd_call *call, struct igd_key *out);

/* IGD_INCONSISTENT: it ends before it begins. */
uint16_t igd_map_range(const struct igd_call *call, struct igd_range *out);
/* The protocol GetOutboundPinholeTimeout asks for, when all of it makes sense. */
uint16_t igd_map_timeout(const struct igd_call *call, uint8_t *proto);
/* SetDefaultConnectionService: IGD_OK for a connection service of the device with this base. */
uint16_t igd_map_default(const struct igd_call *call, const struct igd_uuid *base);

/* AddPortMapping, AddAnyPortMapping, DeletePortMapping, DeletePortMappingRange, AddPinhole,
 * UpdatePinhole, DeletePinhole; IGD_INVALID_ACTION for every other action. ifindex is left 0 for
 * the caller to set. out's description points into call. 0 or an error code. */
uint16_t igd_map_decode(struct igd_call *call, const struct addr *client, struct map_req *out);

#endif
