/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every request for a port has to pass, whatever it asks: who asks, what policy says, which
 * external port is free, whose nonce it is, how long it lasts. core_plan.c and core_peer.c ask.
 */
#ifndef GATEWAY_CORE_ASK_H
#define GATEWAY_CORE_ASK_H

#include "gateway/core_int.h"

/* One open request on its way through the steps below. */
struct asking {
	struct core *core;
	uint32_t index;			/* of the item */
	struct pending *item;
	const struct map_req *req;
	struct device *device;		/* who asks */
	struct device *target;		/* whose opening it is; another by THIRD_PARTY only */
	struct device unknown, unknown_target;	/* whom a mere question does not make */
	struct decide_facts facts;
	struct decision decision;
	struct map_filters filters;	/* that the opening shall have */
	uint16_t wanted;		/* contiguous ports that could be given */
	uint16_t run, run_port;		/* the longest of those found so far, and its first port */
};

/* Each of these that says no (false, 0, NULL) has answered the item, where it takes an asking. */
void ask_answer(struct pending *item, enum map_result result, const char *reason);
void ask_answer_err(struct pending *item, int err);
/* The opening as it is now, for so long. */
void ask_granted(struct asking *a, const struct opening *o, uint32_t granted_s);

/* NULL: too many, or not known who it is. Of a mere question none is made: what it would be. */
struct device *ask_device(struct asking *a, const struct addr *addr, struct device *unknown);
/* The checks before any lookup; fills facts. */
bool ask_begin(struct asking *a);
/* Policy for this external port; fills decision. */
bool ask_decide(struct asking *a, uint16_t external_port);
/* RFC 6887 section 11.3: the wrong nonce is told how long the right one still holds. */
bool ask_nonce(struct asking *a, const struct lease *l);
bool ask_quota(struct asking *a);
/* An external port for a new opening, with its decision made; 0: there is none. The a->run ports
 * from it on are free as well (RFC 7753). */
uint16_t ask_port(struct asking *a);
/* The filters o (NULL: a new one) shall have, in a->filters. */
bool ask_filters(struct asking *a, const struct opening *o);
/* MAP_OK, or why this device's request may not have it; nothing is answered. */
enum map_result ask_port_state(const struct asking *a, uint16_t port);
/* The lease as decided. */
struct lease_plan ask_lease(const struct asking *a);

#endif
