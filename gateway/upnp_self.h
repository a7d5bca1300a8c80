/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this gateway says it is in UPnP: the same in descriptions, search replies and
 * announcements. UUID and token are the store's and outlive restarts and upgrades.
 */
#ifndef GATEWAY_UPNP_SELF_H
#define GATEWAY_UPNP_SELF_H

#include "gateway/conf.h"
#include "gateway/core.h"
#include "protocols/igd_desc.h"
#include "protocols/ssdp.h"

#include <stdint.h>

/* The form of UDA 1.1 section 1.2.2; which kernel runs here is nobody's business. */
#define UPNP_SELF_SERVER "Linux/1 UPnP/1.1 Postern/" POSTERN_VERSION

#define UPNP_SELF_LOCATION_MAX 128	/* "http://[", address, "]:", port, path */

struct upnp_self {
	struct igd_desc desc;	/* its text is here or static: do not move this struct */
	uint16_t port;		/* of descriptions and control */
	uint32_t bootid;	/* BOOTID.UPNP.ORG */
	uint32_t configid[2];	/* by view - 1 */
	uint16_t web_port;	/* of the owner's pages; 0: there are none */
	bool web_tls;
	char token[2 * sizeof(((struct db_state *)0)->upnp_token)];
	char friendly_name[CONF_NAME_MAX];
};

#define UPNP_SELF_URL_MAX 80

void upnp_self_init(struct upnp_self *self, const struct core *core, const struct conf *conf);

/* What SSDP says of a view to somebody who reaches us at local; without date. The location is
 * written to text, which out keeps a slice of. */
void upnp_self_at(const struct upnp_self *self, enum igd_view view, const struct addr *local,
	char text[UPNP_SELF_LOCATION_MAX], struct ssdp_self *out);

/* Where the owner's pages are for somebody who reaches us at local. STR_NONE: nowhere. */
struct str upnp_self_pages(const struct upnp_self *self, const struct addr *local,
	char text[UPNP_SELF_URL_MAX]);

#endif
