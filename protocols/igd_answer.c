/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of the declared outputs, in their order; see igd_answer.h. */
#include "protocols/igd_answer.h"

#include "protocols/igd_map.h"
#include "protocols/xml.h"

static struct igd_value number(uint32_t n)
{
	return (struct igd_value){.number = n};
}

static struct igd_value text(const char *s)
{
	return (struct igd_value){.text = str_from(s)};
}

static uint32_t lease_shown(const struct igd_call *call, uint32_t lease_s)
{
	if (lease_s != MAP_LIFETIME_ENDLESS)
		return lease_s;
	return call->name.version == 1 ? 0 : IGD_MAP_LEASE_MAX_S;
}

static const char *remote_text(const struct igd_entry *e, char text[ADDR_TEXT_MAX])
{
	return prefix_is_host(&e->remote) ? addr_text(&e->remote.addr, text) : "";
}

void igd_answer_entry(struct writer *w, const struct igd_call *call, const struct igd_entry *e)
{
	bool with_key = call->row->action == IGD_GET_GENERIC_PORT_MAPPING_ENTRY;
	char remote[ADDR_TEXT_MAX], client[ADDR_TEXT_MAX];
	struct igd_value out[] = {
		text(remote_text(e, remote)),
		number(e->external_port),
		text(map_proto_text(e->proto)),
		number(e->internal.port),
		text(addr_text(&e->internal.addr, client)),
		number(e->enabled),
		{.text = e->descr},
		number(lease_shown(call, e->lease_s)),
	};

	igd_encode(w, call, with_key ? out : out + 3);
}

void igd_answer_number(struct writer *w, const struct igd_call *call, uint32_t n)
{
	const struct igd_value out = number(n);
	igd_encode(w, call, &out);
}

void igd_answer_text(struct writer *w, const struct igd_call *call, struct str s)
{
	const struct igd_value out = {.text = s};
	igd_encode(w, call, &out);
}

void igd_answer_address(struct writer *w, const struct igd_call *call, const struct addr *wan)
{
	char buf[ADDR_TEXT_MAX];
	const struct igd_value out = text(addr_is_any(wan) ? "" : addr_text(wan, buf));

	igd_encode(w, call, &out);
}

void igd_answer_status(struct writer *w, const struct igd_call *call, enum igd_link link,
	uint32_t uptime_s)
{
	static const char *const words[] = {
		[IGD_LINK_DISCONNECTED] = "Disconnected",
		[IGD_LINK_CONNECTING] = "Connecting",
		[IGD_LINK_CONNECTED] = "Connected",
	};
	const struct igd_value out[] = {text(words[link]), text("ERROR_NONE"), number(uptime_s)};

	igd_encode(w, call, out);
}

void igd_answer_type(struct writer *w, const struct igd_call *call)
{
	const struct igd_value out[] = {text("IP_Routed"), text("IP_Routed")};
	igd_encode(w, call, out);
}

void igd_answer_nat(struct writer *w, const struct igd_call *call)
{
	const struct igd_value out[] = {number(0), number(1)};
	igd_encode(w, call, out);
}

void igd_answer_firewall(struct writer *w, const struct igd_call *call, bool enabled,
	bool pinholes)
{
	const struct igd_value out[] = {number(enabled), number(pinholes)};
	igd_encode(w, call, out);
}

static uint32_t clamp32(uint64_t n)
{
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static void answer_link(struct writer *w, const struct igd_call *call, const struct igd_wan *wan)
{
	const struct igd_value out[] = {
		text("Ethernet"),
		number(clamp32(wan->up_bps)),
		number(clamp32(wan->down_bps)),
		text(wan->carrier ? "Up" : "Down"),
	};

	igd_encode(w, call, out);
}

static uint64_t counter_of(enum igd_action action, const struct igd_wan *wan)
{
	if (action == IGD_GET_TOTAL_BYTES_SENT)
		return wan->bytes_sent;
	if (action == IGD_GET_TOTAL_BYTES_RECEIVED)
		return wan->bytes_received;
	if (action == IGD_GET_TOTAL_PACKETS_SENT)
		return wan->packets_sent;
	return wan->packets_received;
}

void igd_answer_wan(struct writer *w, const struct igd_call *call, const struct igd_wan *wan)
{
	const struct igd_value rates[] = {number(clamp32(wan->up_bps)),
		number(clamp32(wan->down_bps))};

	if (call->row->action == IGD_GET_COMMON_LINK_PROPERTIES)
		answer_link(w, call, wan);
	else if (call->row->action == IGD_GET_ETHERNET_LINK_STATUS)
		igd_answer_text(w, call, str_from(wan->carrier ? "Up" : "Down"));
	else if (call->row->action == IGD_GET_LINK_LAYER_MAX_BIT_RATES)
		igd_encode(w, call, rates);
	else	/* a ui4 that wraps */
		igd_answer_number(w, call, (uint32_t)counter_of(call->row->action, wan));
}

void igd_answer_default_name(struct writer *w, const struct igd_uuid *base, enum igd_view view)
{
	igd_table_udn(w, base, IGD_DEVICE_CONN);
	writer_u8(w, ':');
	writer_text(w, igd_table_device_name(IGD_DEVICE_CONN));
	writer_u8(w, ':');
	writer_dec(w, view);
	writer_text(w, ",urn:upnp-org:serviceId:");
	writer_text(w, igd_table_service(IGD_WANIPC)->id);
}

void igd_answer_default(struct writer *w, const struct igd_call *call, const struct igd_uuid *base,
	enum igd_view view)
{
	char buf[IGD_DEFAULT_SERVICE_MAX];
	struct writer name = writer_to(buf, sizeof(buf));

	igd_answer_default_name(&name, base, view);
	igd_answer_text(w, call, writer_done(&name));
}

void igd_answer_active(struct writer *w, const struct igd_call *call, const struct igd_uuid *base,
	enum igd_view view)
{
	char buf[IGD_DEFAULT_SERVICE_MAX];
	struct writer name = writer_to(buf, sizeof(buf));
	struct igd_value out[2] = {{.number = 0}};

	igd_answer_default_name(&name, base, view);
	out[1].text = writer_done(&name);
	out[0].text = str_split(&out[1].text, ',');
	igd_encode(w, call, out);
}

void igd_answer_list_open(struct writer *w)
{
	writer_text(w, "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
		"<p:PortMappingList xmlns:p=\"urn:schemas-upnp-org:gw:WANIPConnection\" "
		"xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
		"xsi:schemaLocation=\"urn:schemas-upnp-org:gw:WANIPConnection "
		"http://www.upnp.org/schemas/gw/WANIPConnection-v2.xsd\">");
}

void igd_answer_list_entry(struct writer *w, const struct igd_call *call,
	const struct igd_entry *e)
{
	char remote[ADDR_TEXT_MAX], client[ADDR_TEXT_MAX];

	xml_open(w, "p:PortMappingEntry");
	xml_element(w, "p:NewRemoteHost", str_from(remote_text(e, remote)));
	xml_number(w, "p:NewExternalPort", e->external_port);
	xml_element(w, "p:NewProtocol", str_from(map_proto_text(e->proto)));
	xml_number(w, "p:NewInternalPort", e->internal.port);
	xml_element(w, "p:NewInternalClient", str_from(addr_text(&e->internal.addr, client)));
	xml_number(w, "p:NewEnabled", e->enabled);
	xml_element(w, "p:NewDescription", e->descr);
	xml_number(w, "p:NewLeaseTime", lease_shown(call, e->lease_s));
	xml_close(w, "p:PortMappingEntry");
}

void igd_answer_list_close(struct writer *w)
{
	xml_close(w, "p:PortMappingList");
}
