/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listings of port mappings for UPnP clients: by index, by key, by range of ports. Everybody may
 * see that a port is open and whose it is; what an app called it is told to its own device only.
 */
#ifndef GATEWAY_SERVE_IGD_LIST_H
#define GATEWAY_SERVE_IGD_LIST_H

#include "gateway/core.h"
#include "protocols/addr.h"
#include "protocols/igd.h"

#include <stdint.h>

#define SERVE_IGD_LIST_MAX 512	/* entries in one GetListOfPortMappings, of the lowest ports */

/* GetGenericPortMappingEntry, GetSpecificPortMappingEntry: the whole answer, or an error code. */
uint16_t serve_igd_list_generic(const struct core *core, const struct igd_call *call,
	const struct addr *client, struct writer *w);
uint16_t serve_igd_list_specific(const struct core *core, const struct igd_call *call,
	const struct addr *client, struct writer *w);
/* GetListOfPortMappings: w becomes a malloc'ed answer, which is the caller's. */
uint16_t serve_igd_list_range(const struct core *core, const struct igd_call *call,
	const struct addr *client, struct writer *w);

#endif
