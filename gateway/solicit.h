/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has the kernel ask the link for a neighbour (ARP, RFC 4861 section 7.2), by its own neighbour
 * table; whether there is an answer, the table's news tell (net.h).
 *
 * By MAC, the entry takes this MAC and is NUD_PROBE: the kernel asks it, and nobody else, three
 * times within as many seconds. A wrong MAC gets what the router sends to that address meanwhile;
 * then the entry is NUD_FAILED, and the next packet asks everybody. Any host of the LAN can do the
 * same by one gratuitous ARP. Nothing set here stays: an entry is never made permanent, and one
 * the owner made permanent is left alone.
 */
#ifndef GATEWAY_SOLICIT_H
#define GATEWAY_SOLICIT_H

#include "gateway/nl.h"
#include "protocols/addr.h"

#include <stdint.h>

/* Over a socket of NETLINK_ROUTE; needs CAP_NET_ADMIN. mac NULL: who has addr? ERR_EXISTS: the
 * owner fixed whose it is. ERR_NOT_FOUND: no such interface. */
int solicit_neighbour(struct nl *route, int ifindex, const struct addr *addr, const uint8_t *mac);

#endif
