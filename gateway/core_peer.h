/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PEER (RFC 6887 section 12): an outbound flow that leaves from a port known beforehand and may be
 * silent as long as its lease. In the table it is an opening that lets nobody in (outbound).
 */
#ifndef GATEWAY_CORE_PEER_H
#define GATEWAY_CORE_PEER_H

#include "gateway/core_ask.h"

/* Asks the firewall for the running flows of the batch's PEER requests, before anything is planned;
 * batch.applied tells the answer. false: there is nothing to wait for. */
bool peer_look_up(struct core *core);
/* One PEER request on the table. */
void peer_plan(struct asking *a);
struct opening *peer_find(const struct asking *a);	/* that the request names, or NULL */
/* Tells the firewall which flows live how long, after the batch's changes or a rebuild. */
void peer_keep(struct core *core);

#endif
