/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other gateways on the LAN, found by listening: who announces an InternetGatewayDevice by SSDP,
 * who announces as NAT-PMP or PCP server (UDP 5350) or answers DHCP (UDP 68). Each raises an alert
 * that names its MAC; nothing they name is ever fetched.
 */
#ifndef GATEWAY_RIVAL_H
#define GATEWAY_RIVAL_H

#include "gateway/core.h"
#include "protocols/addr.h"
#include "protocols/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Somebody on a LAN who is not us. */
struct rival {
	const char *ifname;
	struct addr addr;
	const uint8_t *mac;		/* NULL: not known */
};

/* What an SSDP announcement is for (NT) is something only a gateway has. */
bool rival_is_gateway(struct str nt);
void rival_ssdp(struct core *core, const struct rival *who);
/* The kernel noted a sender to this port; only to 5350 and 68 is it news. */
void rival_noted(struct core *core, const struct rival *who, uint16_t port);

#endif
