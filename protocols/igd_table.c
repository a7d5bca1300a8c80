/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table and its look-ups; see igd_table.h. */
#include "protocols/igd_table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Layer3Forwarding:1 */
enum { L3_DEFAULT_SERVICE };

static const struct igd_var layer3_vars[] = {
	[L3_DEFAULT_SERVICE] = {"DefaultConnectionService", IGD_STRING, .since = 1,
		.event = IGD_EVENT_DEFAULT_SERVICE},
};

static const struct igd_action_row layer3_actions[] = {
	{"GetDefaultConnectionService", IGD_GET_DEFAULT_CONNECTION_SERVICE, 1, 0,
		{{"NewDefaultConnectionService", L3_DEFAULT_SERVICE}}},
	{"SetDefaultConnectionService", IGD_SET_DEFAULT_CONNECTION_SERVICE, 1, 1,
		{{"NewDefaultConnectionService", L3_DEFAULT_SERVICE}}},
};

/* WANCommonInterfaceConfig:1 */
enum { CIC_ACCESS, CIC_UP_RATE, CIC_DOWN_RATE, CIC_LINK, CIC_BYTES_SENT, CIC_BYTES_RECEIVED,
	CIC_PACKETS_SENT, CIC_PACKETS_RECEIVED, CIC_ENABLED, CIC_PROVIDER, CIC_MAXIMUM,
	CIC_ACTIVE, CIC_CONTAINER, CIC_SERVICE };

static const struct igd_var wancic_vars[] = {
	[CIC_ACCESS] = {"WANAccessType", IGD_STRING, .since = 1,
		.allowed = {"DSL", "POTS", "Cable", "Ethernet"}},
	[CIC_UP_RATE] = {"Layer1UpstreamMaxBitRate", IGD_UI4, .since = 1},
	[CIC_DOWN_RATE] = {"Layer1DownstreamMaxBitRate", IGD_UI4, .since = 1},
	[CIC_LINK] = {"PhysicalLinkStatus", IGD_STRING, .since = 1, .event = IGD_EVENT_LINK,
		.allowed = {"Up", "Down", "Initializing", "Unavailable"}},
	[CIC_BYTES_SENT] = {"TotalBytesSent", IGD_UI4, .since = 1},
	[CIC_BYTES_RECEIVED] = {"TotalBytesReceived", IGD_UI4, .since = 1},
	[CIC_PACKETS_SENT] = {"TotalPacketsSent", IGD_UI4, .since = 1},
	[CIC_PACKETS_RECEIVED] = {"TotalPacketsReceived", IGD_UI4, .since = 1},
	[CIC_ENABLED] = {"EnabledForInternet", IGD_BOOLEAN, .since = 1,
		.event = IGD_EVENT_INTERNET_ENABLED},
	[CIC_PROVIDER] = {"WANAccessProvider", IGD_STRING, .since = 1},
	[CIC_MAXIMUM] = {"MaximumActiveConnections", IGD_UI2, .since = 1, .range_since = 1,
		.min = 1, .max = 1},
	[CIC_ACTIVE] = {"NumberOfActiveConnections", IGD_UI2, .since = 1,
		.event = IGD_EVENT_CONNECTIONS},
	[CIC_CONTAINER] = {"ActiveConnectionDeviceContainer", IGD_STRING, .since = 1},
	[CIC_SERVICE] = {"ActiveConnectionServiceID", IGD_STRING, .since = 1},
};

static const struct igd_action_row wancic_actions[] = {
	{"GetCommonLinkProperties", IGD_GET_COMMON_LINK_PROPERTIES, 1, 0,
		{{"NewWANAccessType", CIC_ACCESS},
		{"NewLayer1UpstreamMaxBitRate", CIC_UP_RATE},
		{"NewLayer1DownstreamMaxBitRate", CIC_DOWN_RATE},
		{"NewPhysicalLinkStatus", CIC_LINK}}},
	{"GetTotalBytesSent", IGD_GET_TOTAL_BYTES_SENT, 1, 0,
		{{"NewTotalBytesSent", CIC_BYTES_SENT}}},
	{"GetTotalBytesReceived", IGD_GET_TOTAL_BYTES_RECEIVED, 1, 0,
		{{"NewTotalBytesReceived", CIC_BYTES_RECEIVED}}},
	{"GetTotalPacketsSent", IGD_GET_TOTAL_PACKETS_SENT, 1, 0,
		{{"NewTotalPacketsSent", CIC_PACKETS_SENT}}},
	{"GetTotalPacketsReceived", IGD_GET_TOTAL_PACKETS_RECEIVED, 1, 0,
		{{"NewTotalPacketsReceived", CIC_PACKETS_RECEIVED}}},
	{"GetEnabledForInternet", IGD_GET_ENABLED_FOR_INTERNET, 1, 0,
		{{"NewEnabledForInternet", CIC_ENABLED}}},
	{"SetEnabledForInternet", IGD_SET_ENABLED_FOR_INTERNET, 1, 1,
		{{"NewEnabledForInternet", CIC_ENABLED}}},
	{"GetWANAccessProvider", IGD_GET_WAN_ACCESS_PROVIDER, 1, 0,
		{{"NewWANAccessProvider", CIC_PROVIDER}}},
	{"GetMaximumActiveConnections", IGD_GET_MAXIMUM_ACTIVE_CONNECTIONS, 1, 0,
		{{"NewMaximumActiveConnections", CIC_MAXIMUM}}},
	{"GetActiveConnection", IGD_GET_ACTIVE_CONNECTION, 1, 1,
		{{"NewActiveConnectionIndex", CIC_ACTIVE},
		{"NewActiveConnDeviceContainer", CIC_CONTAINER},
		{"NewActiveConnectionServiceID", CIC_SERVICE}}},
};

/* WANIPConnection:1 and :2. The last variables and the last action are WANPPPConnection's alone,
 * which is otherwise the same thing by another name. */
enum { IPC_TYPE, IPC_TYPES, IPC_STATUS, IPC_UPTIME, IPC_ERROR, IPC_RSIP, IPC_NAT, IPC_ADDRESS,
	IPC_ENTRIES, IPC_ENABLED, IPC_LEASE, IPC_REMOTE, IPC_EXTERNAL, IPC_INTERNAL, IPC_PROTOCOL,
	IPC_CLIENT, IPC_DESCR, IPC_UPDATE_ID, IPC_MANAGE, IPC_LISTING, IPC_UP, IPC_DOWN };
#define IPC_OWN_VARS IPC_UP

static const struct igd_var wanipc_vars[] = {
	[IPC_TYPE] = {"ConnectionType", IGD_STRING, .since = 1,
		.allowed = {"Unconfigured", "IP_Routed", "IP_Bridged"}},
	[IPC_TYPES] = {"PossibleConnectionTypes", IGD_STRING, .since = 1,
		.event = IGD_EVENT_CONNECTION_TYPES,
		.allowed = {"Unconfigured", "IP_Routed", "IP_Bridged"}},
	[IPC_STATUS] = {"ConnectionStatus", IGD_STRING, .since = 1,
		.event = IGD_EVENT_CONNECTION_STATUS,
		.allowed = {"Unconfigured", "Connecting", "Connected", "PendingDisconnect",
			"Disconnecting", "Disconnected"}},
	[IPC_UPTIME] = {"Uptime", IGD_UI4, .since = 1},
	[IPC_ERROR] = {"LastConnectionError", IGD_STRING, .since = 1, .allowed = {"ERROR_NONE"}},
	[IPC_RSIP] = {"RSIPAvailable", IGD_BOOLEAN, .since = 1},
	[IPC_NAT] = {"NATEnabled", IGD_BOOLEAN, .since = 1},
	[IPC_ADDRESS] = {"ExternalIPAddress", IGD_STRING, .since = 1,
		.event = IGD_EVENT_ADDRESS},
	[IPC_ENTRIES] = {"PortMappingNumberOfEntries", IGD_UI2, .since = 1,
		.event = IGD_EVENT_ENTRIES},
	[IPC_ENABLED] = {"PortMappingEnabled", IGD_BOOLEAN, .since = 1},
	[IPC_LEASE] = {"PortMappingLeaseDuration", IGD_UI4, .since = 1, .range_since = 2,
		.min = 0, .max = 604800},
	[IPC_REMOTE] = {"RemoteHost", IGD_STRING, .since = 1},
	[IPC_EXTERNAL] = {"ExternalPort", IGD_UI2, .since = 1},
	[IPC_INTERNAL] = {"InternalPort", IGD_UI2, .since = 1, .range_since = 2,
		.min = 1, .max = 65535},
	[IPC_PROTOCOL] = {"PortMappingProtocol", IGD_STRING, .since = 1,
		.allowed = {"TCP", "UDP"}},
	[IPC_CLIENT] = {"InternalClient", IGD_STRING, .since = 1},
	[IPC_DESCR] = {"PortMappingDescription", IGD_STRING, .since = 1},
	[IPC_UPDATE_ID] = {"SystemUpdateID", IGD_UI4, .since = 2, .event = IGD_EVENT_UPDATE_ID},
	[IPC_MANAGE] = {"A_ARG_TYPE_Manage", IGD_BOOLEAN, .since = 2},
	[IPC_LISTING] = {"A_ARG_TYPE_PortListing", IGD_STRING, .since = 2},
	[IPC_UP] = {"UpstreamMaxBitRate", IGD_UI4, .since = 1},
	[IPC_DOWN] = {"DownstreamMaxBitRate", IGD_UI4, .since = 1},
};

#define IPC_KEY_ARGS \
	{"NewRemoteHost", IPC_REMOTE}, {"NewExternalPort", IPC_EXTERNAL}, \
	{"NewProtocol", IPC_PROTOCOL}
#define IPC_VALUE_ARGS \
	{"NewInternalPort", IPC_INTERNAL}, {"NewInternalClient", IPC_CLIENT}, \
	{"NewEnabled", IPC_ENABLED}, {"NewPortMappingDescription", IPC_DESCR}, \
	{"NewLeaseDuration", IPC_LEASE}

#define IPC_RANGE_ARGS \
	{"NewStartPort", IPC_EXTERNAL}, {"NewEndPort", IPC_EXTERNAL}, \
	{"NewProtocol", IPC_PROTOCOL}, {"NewManage", IPC_MANAGE}

static const struct igd_action_row wanipc_actions[] = {
	{"SetConnectionType", IGD_SET_CONNECTION_TYPE, 1, 1, {{"NewConnectionType", IPC_TYPE}}},
	{"GetConnectionTypeInfo", IGD_GET_CONNECTION_TYPE_INFO, 1, 0,
		{{"NewConnectionType", IPC_TYPE}, {"NewPossibleConnectionTypes", IPC_TYPES}}},
	{"RequestConnection", IGD_REQUEST_CONNECTION, 1, 0, {{NULL, 0}}},
	{"RequestTermination", IGD_REQUEST_TERMINATION, 1, 0, {{NULL, 0}}},
	{"ForceTermination", IGD_FORCE_TERMINATION, 1, 0, {{NULL, 0}}},
	{"GetStatusInfo", IGD_GET_STATUS_INFO, 1, 0,
		{{"NewConnectionStatus", IPC_STATUS}, {"NewLastConnectionError", IPC_ERROR},
		{"NewUptime", IPC_UPTIME}}},
	{"GetNATRSIPStatus", IGD_GET_NAT_RSIP_STATUS, 1, 0,
		{{"NewRSIPAvailable", IPC_RSIP}, {"NewNATEnabled", IPC_NAT}}},
	{"GetGenericPortMappingEntry", IGD_GET_GENERIC_PORT_MAPPING_ENTRY, 1, 1,
		{{"NewPortMappingIndex", IPC_ENTRIES}, IPC_KEY_ARGS, IPC_VALUE_ARGS}},
	{"GetSpecificPortMappingEntry", IGD_GET_SPECIFIC_PORT_MAPPING_ENTRY, 1, 3,
		{IPC_KEY_ARGS, IPC_VALUE_ARGS}},
	{"AddPortMapping", IGD_ADD_PORT_MAPPING, 1, 8, {IPC_KEY_ARGS, IPC_VALUE_ARGS}},
	{"AddAnyPortMapping", IGD_ADD_ANY_PORT_MAPPING, 2, 8,
		{IPC_KEY_ARGS, IPC_VALUE_ARGS, {"NewReservedPort", IPC_EXTERNAL}}},
	{"DeletePortMapping", IGD_DELETE_PORT_MAPPING, 1, 3, {IPC_KEY_ARGS}},
	{"DeletePortMappingRange", IGD_DELETE_PORT_MAPPING_RANGE, 2, 4, {IPC_RANGE_ARGS}},
	{"GetExternalIPAddress", IGD_GET_EXTERNAL_IP_ADDRESS, 1, 0,
		{{"NewExternalIPAddress", IPC_ADDRESS}}},
	{"GetListOfPortMappings", IGD_GET_LIST_OF_PORT_MAPPINGS, 2, 5,
		{IPC_RANGE_ARGS, {"NewNumberOfPorts", IPC_ENTRIES},
		{"NewPortListing", IPC_LISTING}}},
	{"GetLinkLayerMaxBitRates", IGD_GET_LINK_LAYER_MAX_BIT_RATES, 1, 0,
		{{"NewUpstreamMaxBitRate", IPC_UP}, {"NewDownstreamMaxBitRate", IPC_DOWN}}},
};
#define IPC_OWN_ACTIONS (COUNT(wanipc_actions) - 1)

/* WANIPv6FirewallControl:1 */
enum { FC6_ENABLED, FC6_ALLOWED, FC6_ADDRESS, FC6_PORT, FC6_PROTOCOL, FC6_LEASE, FC6_ID,
	FC6_TIMEOUT, FC6_PACKETS, FC6_WORKING };

static const struct igd_var fc6_vars[] = {
	[FC6_ENABLED] = {"FirewallEnabled", IGD_BOOLEAN, .since = 1,
		.event = IGD_EVENT_FIREWALL_ENABLED},
	[FC6_ALLOWED] = {"InboundPinholeAllowed", IGD_BOOLEAN, .since = 1,
		.event = IGD_EVENT_PINHOLES_ALLOWED},
	[FC6_ADDRESS] = {"A_ARG_TYPE_IPv6Address", IGD_STRING, .since = 1},
	[FC6_PORT] = {"A_ARG_TYPE_Port", IGD_UI2, .since = 1},
	[FC6_PROTOCOL] = {"A_ARG_TYPE_Protocol", IGD_UI2, .since = 1},
	[FC6_LEASE] = {"A_ARG_TYPE_LeaseTime", IGD_UI4, .since = 1, .range_since = 1,
		.min = 1, .max = 86400},
	[FC6_ID] = {"A_ARG_TYPE_UniqueID", IGD_UI2, .since = 1},
	[FC6_TIMEOUT] = {"A_ARG_TYPE_OutboundPinholeTimeout", IGD_UI4, .since = 1},
	[FC6_PACKETS] = {"A_ARG_TYPE_PinholePackets", IGD_UI4, .since = 1},
	[FC6_WORKING] = {"A_ARG_TYPE_Boolean", IGD_BOOLEAN, .since = 1},
};

#define FC6_PLACE_ARGS \
	{"RemoteHost", FC6_ADDRESS}, {"RemotePort", FC6_PORT}, \
	{"InternalClient", FC6_ADDRESS}, {"InternalPort", FC6_PORT}, {"Protocol", FC6_PROTOCOL}

static const struct igd_action_row fc6_actions[] = {
	{"GetFirewallStatus", IGD_GET_FIREWALL_STATUS, 1, 0,
		{{"FirewallEnabled", FC6_ENABLED}, {"InboundPinholeAllowed", FC6_ALLOWED}}},
	{"GetOutboundPinholeTimeout", IGD_GET_OUTBOUND_PINHOLE_TIMEOUT, 1, 5,
		{FC6_PLACE_ARGS, {"OutboundPinholeTimeout", FC6_TIMEOUT}}},
	{"AddPinhole", IGD_ADD_PINHOLE, 1, 6,
		{FC6_PLACE_ARGS, {"LeaseTime", FC6_LEASE}, {"UniqueID", FC6_ID}}},
	{"UpdatePinhole", IGD_UPDATE_PINHOLE, 1, 2,
		{{"UniqueID", FC6_ID}, {"NewLeaseTime", FC6_LEASE}}},
	{"DeletePinhole", IGD_DELETE_PINHOLE, 1, 1, {{"UniqueID", FC6_ID}}},
	{"GetPinholePackets", IGD_GET_PINHOLE_PACKETS, 1, 1,
		{{"UniqueID", FC6_ID}, {"PinholePackets", FC6_PACKETS}}},
	{"CheckPinholeWorking", IGD_CHECK_PINHOLE_WORKING, 1, 1,
		{{"UniqueID", FC6_ID}, {"IsWorking", FC6_WORKING}}},
};

/* WANEthernetLinkConfig:1 */
enum { ETH_STATUS };

static const struct igd_var waneth_vars[] = {
	[ETH_STATUS] = {"EthernetLinkStatus", IGD_STRING, .since = 1, .event = IGD_EVENT_LINK,
		.allowed = {"Up", "Down", "Unavailable"}},
};

static const struct igd_action_row waneth_actions[] = {
	{"GetEthernetLinkStatus", IGD_GET_ETHERNET_LINK_STATUS, 1, 0,
		{{"NewEthernetLinkStatus", ETH_STATUS}}},
};

static const struct igd_service_row services[IGD_SERVICES] = {
	[IGD_LAYER3] = {"Layer3Forwarding", "L3Forwarding1", IGD_DEVICE_ROOT, {1, 1},
		layer3_vars, COUNT(layer3_vars), layer3_actions, COUNT(layer3_actions)},
	[IGD_WANCIC] = {"WANCommonInterfaceConfig", "WANCommonIFC1", IGD_DEVICE_WAN, {1, 1},
		wancic_vars, COUNT(wancic_vars), wancic_actions, COUNT(wancic_actions)},
	[IGD_WANIPC] = {"WANIPConnection", "WANIPConn1", IGD_DEVICE_CONN, {1, 2},
		wanipc_vars, IPC_OWN_VARS, wanipc_actions, IPC_OWN_ACTIONS},
	[IGD_FC6] = {"WANIPv6FirewallControl", "WANIPv6Firewall1", IGD_DEVICE_CONN, {0, 1},
		fc6_vars, COUNT(fc6_vars), fc6_actions, COUNT(fc6_actions)},
	/* Next to WANIPConnection some clients open every port twice, and consoles want the plain
	 * description they know: only who asks for it, or for version 2, sees it. */
	[IGD_WANPPP] = {"WANPPPConnection", "WANPPPConn1", IGD_DEVICE_CONN, {0, 1},
		wanipc_vars, COUNT(wanipc_vars), wanipc_actions, COUNT(wanipc_actions)},
	[IGD_WANETH] = {"WANEthernetLinkConfig", "WANEthLinkC1", IGD_DEVICE_CONN, {0, 1},
		waneth_vars, COUNT(waneth_vars), waneth_actions, COUNT(waneth_actions)},
};

const struct igd_service_row *igd_table_service(enum igd_service service)
{
	return &services[service];
}

uint8_t igd_table_version(enum igd_service service, enum igd_view view)
{
	return services[service].version[view == IGD_V2];
}

const struct igd_action_row *igd_table_action(enum igd_service service, uint32_t version,
	struct str name)
{
	const struct igd_service_row *s = &services[service];

	for (size_t i = 0; i < s->action_count; i++) {
		if (s->actions[i].since <= version && str_eq(name, str_from(s->actions[i].name)))
			return &s->actions[i];
	}
	return NULL;
}

unsigned igd_table_outs(const struct igd_action_row *row)
{
	unsigned n = row->ins;

	while (n < IGD_ARGS_MAX && row->args[n].name)
		n++;
	return n - row->ins;
}

const char *igd_table_device_name(enum igd_device device)
{
	static const char *const name[IGD_DEVICES] = {
		[IGD_DEVICE_ROOT] = "InternetGatewayDevice",
		[IGD_DEVICE_WAN] = "WANDevice",
		[IGD_DEVICE_CONN] = "WANConnectionDevice",
	};
	return name[device];
}

void igd_table_device_type(struct writer *w, enum igd_device device, enum igd_view view)
{
	writer_text(w, "urn:schemas-upnp-org:device:");
	writer_text(w, igd_table_device_name(device));
	writer_u8(w, ':');
	writer_dec(w, view);
}

void igd_table_service_type(struct writer *w, enum igd_service service, uint32_t version)
{
	writer_text(w, "urn:schemas-upnp-org:service:");
	writer_text(w, services[service].name);
	writer_u8(w, ':');
	writer_dec(w, version);
}

void igd_table_udn(struct writer *w, const struct igd_uuid *base, enum igd_device device)
{
	static const uint8_t groups[] = {4, 2, 2, 2, 6};
	struct igd_uuid id = *base;
	size_t at = 0;

	id.b[15] = (uint8_t)(id.b[15] + device);
	writer_text(w, "uuid:");
	for (size_t i = 0; i < sizeof(groups); i++) {
		if (i > 0)
			writer_u8(w, '-');
		writer_hex(w, id.b + at, groups[i]);
		at += groups[i];
	}
}
