/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams that wait until it is known whom they are from (udp.h: ask_first), each a copy, as many
 * as whom.h lets wait; what is more is dropped.
 */
#ifndef GATEWAY_UDP_HOLD_H
#define GATEWAY_UDP_HOLD_H

#include "gateway/udp.h"

struct udp_hold;

/* deliver gets each that was not forged. NULL: no memory. */
struct udp_hold *udp_hold_new(const struct udp_admit *admit, udp_fn *deliver, void *arg);
void udp_hold_put(struct udp_hold *hold, const struct udp_packet *packet);
void udp_hold_forget(struct udp_hold *hold, const struct udp_door *door);
void udp_hold_free(struct udp_hold *hold);	/* nobody holds anything of it any more */

#endif
