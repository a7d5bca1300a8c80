/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells the LANs that mappings may be gone or the external address is another one: the NAT-PMP
 * address announcement (RFC 6886 section 3.2.1) and the PCP ANNOUNCE (RFC 6887 section 14.1.3),
 * to 224.0.0.1 and ff02::1, port 5350, and the latter to each stale client at the port it asked
 * from. A series is ten copies, 250 ms apart, each gap twice the one before, each with the epoch
 * of its own moment.
 *
 * Without an external address NAT-PMP announces nothing: there is nothing a client could do with
 * it, and the address that comes begins a series of its own. When to begin is the owner's.
 */
#ifndef GATEWAY_ANNOUNCE_H
#define GATEWAY_ANNOUNCE_H

#include "gateway/core.h"
#include "gateway/loop.h"
#include "gateway/net.h"
#include "gateway/pcp_clients.h"
#include "gateway/udp.h"

#include <stdbool.h>
#include <stdint.h>

/* Embedded in its owner, who fills in the first part and zeroes the second. */
struct announce {
	struct loop *loop;
	struct core *core;
	struct net *net;
	struct udp_door *door;		/* of port 5351 */
	bool natpmp;
	bool pcp;
	const struct pcp_clients *clients;

	struct loop_timer timer;
	uint64_t gap_ms;		/* after the next copy */
	unsigned left;			/* copies */
};

/* A new series, from the next wake-up on and in place of one that is under way. */
void announce_begin(struct announce *a);
void announce_end(struct announce *a);

#endif
