/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of what this gateway is in UPnP: devices, services, actions, arguments, state
 * variables. Descriptions are printed from it, calls are decoded by it, answers are encoded by it
 * and SSDP advertises it, so what is declared is what works. A new action is a row here and a
 * case where actions are served.
 *
 * Sources: InternetGatewayDevice:1 and :2, WANIPConnection:1 and :2, WANPPPConnection:1,
 * WANIPv6FirewallControl:1, WANCommonInterfaceConfig:1, WANEthernetLinkConfig:1,
 * Layer3Forwarding:1; names and events as these say.
 */
#ifndef PROTOCOLS_IGD_TABLE_H
#define PROTOCOLS_IGD_TABLE_H

#include "protocols/reader.h"
#include "protocols/str.h"

#include <stddef.h>
#include <stdint.h>

/* Two views of the same thing: clients that know only version 1 break on a version 2. */
enum igd_view {
	IGD_V1 = 1,
	IGD_V2 = 2,
};

enum igd_device {
	IGD_DEVICE_ROOT,	/* InternetGatewayDevice */
	IGD_DEVICE_WAN,		/* WANDevice, in the root */
	IGD_DEVICE_CONN,	/* WANConnectionDevice, in the WANDevice */
};
#define IGD_DEVICES (IGD_DEVICE_CONN + 1)

enum igd_service {
	IGD_LAYER3,		/* Layer3Forwarding */
	IGD_WANCIC,		/* WANCommonInterfaceConfig */
	IGD_WANIPC,		/* WANIPConnection */
	IGD_FC6,		/* WANIPv6FirewallControl */
	IGD_WANPPP,		/* WANPPPConnection: another name of WANIPConnection:1 */
	IGD_WANETH,		/* WANEthernetLinkConfig */
};
#define IGD_SERVICES (IGD_WANETH + 1)

enum igd_action {
	IGD_GET_DEFAULT_CONNECTION_SERVICE,
	IGD_SET_DEFAULT_CONNECTION_SERVICE,
	IGD_GET_COMMON_LINK_PROPERTIES,
	IGD_GET_TOTAL_BYTES_SENT,
	IGD_GET_TOTAL_BYTES_RECEIVED,
	IGD_GET_TOTAL_PACKETS_SENT,
	IGD_GET_TOTAL_PACKETS_RECEIVED,
	IGD_GET_ENABLED_FOR_INTERNET,
	IGD_SET_ENABLED_FOR_INTERNET,
	IGD_GET_WAN_ACCESS_PROVIDER,
	IGD_GET_MAXIMUM_ACTIVE_CONNECTIONS,
	IGD_GET_ACTIVE_CONNECTION,
	IGD_SET_CONNECTION_TYPE,
	IGD_GET_CONNECTION_TYPE_INFO,
	IGD_REQUEST_CONNECTION,
	IGD_REQUEST_TERMINATION,
	IGD_FORCE_TERMINATION,
	IGD_GET_STATUS_INFO,
	IGD_GET_NAT_RSIP_STATUS,
	IGD_GET_GENERIC_PORT_MAPPING_ENTRY,
	IGD_GET_SPECIFIC_PORT_MAPPING_ENTRY,
	IGD_ADD_PORT_MAPPING,
	IGD_ADD_ANY_PORT_MAPPING,
	IGD_DELETE_PORT_MAPPING,
	IGD_DELETE_PORT_MAPPING_RANGE,
	IGD_GET_EXTERNAL_IP_ADDRESS,
	IGD_GET_LIST_OF_PORT_MAPPINGS,
	IGD_GET_LINK_LAYER_MAX_BIT_RATES,
	IGD_GET_FIREWALL_STATUS,
	IGD_ADD_PINHOLE,
	IGD_UPDATE_PINHOLE,
	IGD_DELETE_PINHOLE,
	IGD_GET_OUTBOUND_PINHOLE_TIMEOUT,
	IGD_GET_PINHOLE_PACKETS,
	IGD_CHECK_PINHOLE_WORKING,
	IGD_GET_ETHERNET_LINK_STATUS,
};
#define IGD_ACTIONS (IGD_GET_ETHERNET_LINK_STATUS + 1)

/* Data types of UDA 1.1 section 2.5 that are in use. */
enum igd_type {
	IGD_STRING,
	IGD_BOOLEAN,
	IGD_UI2,
	IGD_UI4,
};

/* Evented variables: igd_event.h knows their values. */
enum igd_event {
	IGD_EVENT_NONE,		/* not evented */
	IGD_EVENT_DEFAULT_SERVICE,
	IGD_EVENT_LINK,
	IGD_EVENT_CONNECTION_TYPES,
	IGD_EVENT_CONNECTION_STATUS,
	IGD_EVENT_ADDRESS,
	IGD_EVENT_ENTRIES,
	IGD_EVENT_UPDATE_ID,
	IGD_EVENT_FIREWALL_ENABLED,
	IGD_EVENT_PINHOLES_ALLOWED,
	IGD_EVENT_INTERNET_ENABLED,
	IGD_EVENT_CONNECTIONS,
};

#define IGD_ALLOWED_MAX 7
#define IGD_ARGS_MAX 9	/* GetGenericPortMappingEntry: one in, eight out */

struct igd_var {
	const char *name;
	enum igd_type type;
	enum igd_event event;
	uint8_t since;		/* service version that brought it */
	uint8_t range_since;	/* service version that brought min and max; 0: no range */
	uint32_t min;
	uint32_t max;
	const char *allowed[IGD_ALLOWED_MAX];	/* up to the first NULL */
};

struct igd_arg {
	const char *name;	/* NULL: no more arguments */
	uint8_t var;		/* index in its service's vars */
};

struct igd_action_row {
	const char *name;
	enum igd_action action;
	uint8_t since;		/* service version that brought it */
	uint8_t ins;		/* so many arguments go in; the rest come out */
	struct igd_arg args[IGD_ARGS_MAX];
};

struct igd_service_row {
	const char *name;	/* "WANIPConnection" */
	const char *id;		/* "WANIPConn1": serviceId and path segment */
	enum igd_device device;
	uint8_t version[2];	/* in IGD_V1 and IGD_V2; 0: not in this view */
	const struct igd_var *vars;
	size_t var_count;
	const struct igd_action_row *actions;
	size_t action_count;
};

/* 16 bytes of RFC 9562, chosen at installation and kept. */
struct igd_uuid {
	uint8_t b[16];
};

const struct igd_service_row *igd_table_service(enum igd_service service);
/* Version of a service in a view; 0: this view does not have it. */
uint8_t igd_table_version(enum igd_service service, enum igd_view view);
/* NULL: this version of the service has no such action. */
const struct igd_action_row *igd_table_action(enum igd_service service, uint32_t version,
	struct str name);
unsigned igd_table_outs(const struct igd_action_row *row);

const char *igd_table_device_name(enum igd_device device);
/* "urn:schemas-upnp-org:device:WANDevice:1"; a device's version is its view's. */
void igd_table_device_type(struct writer *w, enum igd_device device, enum igd_view view);
/* "urn:schemas-upnp-org:service:WANIPConnection:2" */
void igd_table_service_type(struct writer *w, enum igd_service service, uint32_t version);
/* "uuid:..." of a device: the base with another last byte, the same in both views. */
void igd_table_udn(struct writer *w, const struct igd_uuid *base, enum igd_device device);

#endif
