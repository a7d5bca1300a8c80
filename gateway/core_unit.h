/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Openings that come and go together: the ports of a PORT_SET (RFC 7753), or mostly one. Each is
 * an opening of its own to table, firewall and store, tied to the others by set_id.
 */
#ifndef GATEWAY_CORE_UNIT_H
#define GATEWAY_CORE_UNIT_H

#include "gateway/core_ask.h"

/* A new opening, or as many contiguous ones as can be had of those asked for; answers the item. */
void unit_open(struct asking *a);
/* This front door's lease on the opening and on what was opened with it; answers the item. */
void unit_renew(struct asking *a, struct opening *o);
/* Ends those leases; by the owner's hand, the openings. */
int unit_end(struct asking *a, struct opening *o, const char *why);

#endif
