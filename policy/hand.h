/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An opening by the owner's hand: it belongs to a device, not to an address, and is one entry for
 * both families and protocols. The core makes openings of it for the addresses the device has.
 */
#ifndef POLICY_HAND_H
#define POLICY_HAND_H

#include "policy/schedule.h"
#include "protocols/addr.h"

#include <stdbool.h>
#include <stdint.h>

#define HAND_TCP 1
#define HAND_UDP 2
#define HAND_IP4 1
#define HAND_IP6 2
#define HAND_NAME_MAX 64
#define HAND_PORTS_MAX 64	/* of one entry */
#define HANDS_MAX 256

struct hand {
	uint32_t id;
	bool enabled;
	uint32_t device_id;
	uint8_t protos;			/* HAND_TCP | HAND_UDP */
	uint8_t families;		/* HAND_IP4 | HAND_IP6 */
	uint16_t external_port;		/* first of count */
	uint16_t internal_port;		/* the same; IPv6 has this one only */
	uint16_t count;
	bool has_remote;		/* only from remote; families is then its family alone */
	struct prefix remote;		/* any6 when has_remote is false */
	struct schedule when;
	char name[HAND_NAME_MAX + 1];	/* what the owner calls it */
};

/* One that contradicts itself, with the reason, a static text; NULL: it is fine. */
const char *hand_fault(const struct hand *h);
/* Both want the same external port at least for a moment: static text; NULL: they do not. */
const char *hand_clash(const struct hand *a, const struct hand *b);

#endif
