/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping updates (RFC 6887 section 14.2). When the owner allows what a client asked for, it hears
 * of it without asking again. When the external address is another one, each client
 * still known hears at the port of its last request what its mapping is now, three times, or
 * until it asks by itself. Who demanded the old address by PREFER_FAILURE hears that it cannot be
 * had, and its mapping is closed. Announcements to all are announce.h's.
 */
#ifndef GATEWAY_PCP_UPDATE_H
#define GATEWAY_PCP_UPDATE_H

#include "gateway/core.h"
#include "gateway/loop.h"
#include "gateway/pcp_clients.h"

#include <stdint.h>

/* Embedded in its owner, who fills in the first part and zeroes the second. */
struct pcp_update {
	struct loop *loop;
	struct core *core;
	struct pcp_clients *clients;

	struct loop_timer timer;
	struct addr wan4;		/* the last one there was; zeros: none yet */
	uint64_t gap_ms;
};

/* What the client was told to wait for is open: it hears so by itself (RFC 6887 section 14.2). */
void pcp_update_opened(struct pcp_update *u, struct pcp_client *p);
/* The external address came, went or changed. */
void pcp_update_wan(struct pcp_update *u);
void pcp_update_end(struct pcp_update *u);

#endif
