/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes another host a gateway; see rival.h. */
#include "gateway/rival.h"

#include "gateway/core_owner.h"

#include <string.h>

#define DHCP_CLIENT_PORT 68
#define ANNOUNCE_PORT 5350	/* RFC 6886 section 3.2.1, RFC 6887 section 14.1.3 */

bool rival_is_gateway(struct str nt)
{
	/* Of any version. */
	static const char *const types[] = {
		"urn:schemas-upnp-org:device:InternetGatewayDevice:",
		"urn:schemas-upnp-org:service:WANIPConnection:",
		"urn:schemas-upnp-org:service:WANPPPConnection:",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (str_starts(nt, str_from(types[i])))
			return true;
	}
	return false;
}

static void raise(struct core *core, const struct rival *who, const char *text)
{
	struct db_alert alert = {
		.kind = DB_ALERT_GATEWAY,
		.addr = who->addr,
		.has_mac = who->mac != NULL,
		.device_id = core_device_of(core, &who->addr),
	};

	if (who->mac)
		memcpy(alert.mac, who->mac, sizeof(alert.mac));
	strncpy(alert.ifname, who->ifname, sizeof(alert.ifname) - 1);
	strncpy(alert.text, text, sizeof(alert.text) - 1);
	core_alert_raise(core, &alert);
}

void rival_ssdp(struct core *core, const struct rival *who)
{
	raise(core, who, "announces itself as an Internet gateway by UPnP");
}

void rival_noted(struct core *core, const struct rival *who, uint16_t port)
{
	if (port == DHCP_CLIENT_PORT)
		raise(core, who, "answers DHCP");
	else if (port == ANNOUNCE_PORT)
		raise(core, who, "announces itself as PCP or NAT-PMP server");
}
