/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of the evented variables (sendEvents="yes" in the table) as a GENA property set. A mask
 * has a bit for each variable of a service, by its place in the table.
 */
#ifndef PROTOCOLS_IGD_EVENT_H
#define PROTOCOLS_IGD_EVENT_H

#include "protocols/addr.h"
#include "protocols/igd_table.h"
#include "protocols/reader.h"

#include <stdbool.h>
#include <stdint.h>

#define IGD_EVENT_BODY_MAX 1024	/* no property set of ours is longer */

/* All that evented variables follow from. */
struct igd_state {
	struct igd_uuid uuid;
	struct addr wan4;	/* the wildcard: none now */
	bool carrier;		/* of the WAN */
	uint16_t entries;	/* port mappings */
	uint32_t update_id;
	bool no_firewall, no_pinholes;	/* as WANIPv6FirewallControl says */
};

/* Every evented variable that this view of the service has. */
uint32_t igd_event_all(enum igd_service service, enum igd_view view);
/* Those of them that are another in now than they were. */
uint32_t igd_event_changed(enum igd_service service, enum igd_view view,
	const struct igd_state *was, const struct igd_state *now);
/* The whole body of a NOTIFY. */
void igd_event_encode(struct writer *w, enum igd_service service, uint32_t mask,
	enum igd_view view, const struct igd_state *state);

#endif
