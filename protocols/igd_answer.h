/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer of each action, from plain facts to a whole SOAP document. Actions without outputs
 * are answered by igd_encode(w, call, NULL), failures by igd_encode_error.
 */
#ifndef PROTOCOLS_IGD_ANSWER_H
#define PROTOCOLS_IGD_ANSWER_H

#include "protocols/addr.h"
#include "protocols/igd.h"

#include <stdbool.h>
#include <stdint.h>

/* A port mapping as clients list it. */
struct igd_entry {
	struct prefix remote;	/* anything but a single host reads as "" */
	uint16_t external_port;
	uint8_t proto;
	struct endpoint internal;
	bool enabled;
	struct str descr;
	uint32_t lease_s;	/* remaining; MAP_LIFETIME_ENDLESS: 0 in v1, a week in v2 */
};

enum igd_link {
	IGD_LINK_DISCONNECTED,
	IGD_LINK_CONNECTING,
	IGD_LINK_CONNECTED,
};

/* The WAN interface. */
struct igd_wan {
	uint64_t up_bps;
	uint64_t down_bps;
	bool carrier;
	uint64_t bytes_sent;
	uint64_t bytes_received;
	uint64_t packets_sent;
	uint64_t packets_received;
};

/* GetGenericPortMappingEntry, GetSpecificPortMappingEntry */
void igd_answer_entry(struct writer *w, const struct igd_call *call, const struct igd_entry *e);
/* Actions with one number or one text: AddAnyPortMapping, GetPinholePackets and their like. */
void igd_answer_number(struct writer *w, const struct igd_call *call, uint32_t number);
void igd_answer_text(struct writer *w, const struct igd_call *call, struct str text);
/* GetExternalIPAddress; the wildcard: none now. */
void igd_answer_address(struct writer *w, const struct igd_call *call, const struct addr *wan);
void igd_answer_status(struct writer *w, const struct igd_call *call, enum igd_link link,
	uint32_t uptime_s);
/* GetConnectionTypeInfo */
void igd_answer_type(struct writer *w, const struct igd_call *call);
/* GetNATRSIPStatus */
void igd_answer_nat(struct writer *w, const struct igd_call *call);
/* GetFirewallStatus */
void igd_answer_firewall(struct writer *w, const struct igd_call *call, bool enabled,
	bool pinholes);
/* GetEthernetLinkStatus, GetCommonLinkProperties, GetTotalBytesSent and the other three counters,
 * GetLinkLayerMaxBitRates. */
void igd_answer_wan(struct writer *w, const struct igd_call *call, const struct igd_wan *wan);
/* "uuid:...:WANConnectionDevice:1,urn:upnp-org:serviceId:WANIPConn1" */
#define IGD_DEFAULT_SERVICE_MAX 128
void igd_answer_default_name(struct writer *w, const struct igd_uuid *base, enum igd_view view);
/* GetDefaultConnectionService */
void igd_answer_default(struct writer *w, const struct igd_call *call, const struct igd_uuid *base,
	enum igd_view view);
/* GetActiveConnection */
void igd_answer_active(struct writer *w, const struct igd_call *call, const struct igd_uuid *base,
	enum igd_view view);

/* The document within GetListOfPortMappings's answer: igd_answer_text escapes it once more. */
void igd_answer_list_open(struct writer *w);
void igd_answer_list_entry(struct writer *w, const struct igd_call *call,
	const struct igd_entry *e);
void igd_answer_list_close(struct writer *w);

#endif
