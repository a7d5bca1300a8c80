/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of the declared outputs, in their order; see igd_answer.h. */
#include "protocols/igd_answer.h"

#include "protocols/igd_map.h"

#define DEFAULT_SERVICE_MAX 128	/* "uuid:...:WANConnectionDevice:2,urn:upnp-org:serviceId:..." */

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

void igd_answer_entry(struct writer *w, const struct igd_call *call, const struct igd_entry *e)
{
	bool with_key = call->row->action == IGD_GET_GENERIC_PORT_MAPPING_ENTRY;
	char remote[ADDR_TEXT_MAX], client[ADDR_TEXT_MAX];
	struct igd_value out[] = {
		text(prefix_is_host(&e->remote) ? addr_text(&e->remote.addr, remote) : ""),
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

void igd_answer_number(struct writer *w, const struct igd_call *call, uint16_t n)
{
	const struct igd_value out = number(n);
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
	struct igd_value out;

	if (call->row->action == IGD_GET_COMMON_LINK_PROPERTIES) {
		answer_link(w, call, wan);
		return;
	}
	out = number((uint32_t)counter_of(call->row->action, wan));	/* ui4 that wraps */
	igd_encode(w, call, &out);
}

void igd_answer_default(struct writer *w, const struct igd_call *call, const struct igd_uuid *base,
	enum igd_view view)
{
	char buf[DEFAULT_SERVICE_MAX];
	struct writer name = writer_to(buf, sizeof(buf));
	struct igd_value out;

	igd_table_udn(&name, base, IGD_DEVICE_CONN);
	writer_u8(&name, ':');
	writer_text(&name, igd_table_device_name(IGD_DEVICE_CONN));
	writer_u8(&name, ':');
	writer_dec(&name, view);
	writer_text(&name, ",urn:upnp-org:serviceId:");
	writer_text(&name, igd_table_service(IGD_WANIPC)->id);
	out = (struct igd_value){.text = writer_done(&name)};
	igd_encode(w, call, &out);
}
