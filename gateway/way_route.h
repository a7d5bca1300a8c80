/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The route that takes packets with our mark for ones to this machine, wherever they are sent to:
 *	ip rule add priority P fwmark M/M lookup T; ip route add local default dev lo table T
 */
#ifndef GATEWAY_WAY_ROUTE_H
#define GATEWAY_WAY_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

struct nl;

struct way_route {
	uint32_t mark;
	uint32_t priority;	/* of the rule, before all that route by marks of others */
	uint32_t table;
};

/* route: of NETLINK_ROUTE. What is there already is fine. ERR_DENIED, ERR_UNSUPPORTED (no such
 * family), ERR_IO. */
int way_route_add(struct nl *route, const struct way_route *way, bool is6);
/* Of both families; what is not there is fine. */
void way_route_remove(struct nl *route, const struct way_route *way);

#endif
