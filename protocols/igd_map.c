/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WANIPConnection:1 and :2 (AddPortMapping and its kin) and WANIPv6FirewallControl:1 as requests
 * to the core; see igd_map.h.
 */
#include "protocols/igd_map.h"

#include "protocols/err.h"

/* Inputs by position, as the table declares them. */
enum { IN_REMOTE, IN_EXTERNAL, IN_PROTOCOL, IN_INTERNAL, IN_CLIENT, IN_ENABLED, IN_DESCR,
	IN_LEASE };
enum { PIN_REMOTE, PIN_REMOTE_PORT, PIN_CLIENT, PIN_PORT, PIN_PROTOCOL, PIN_LEASE };
enum { BY_ID, BY_ID_LEASE };
enum { RANGE_FIRST, RANGE_LAST, RANGE_PROTOCOL, RANGE_MANAGE, RANGE_COUNT };

#define PROTO_ANY 65535
#define UDN_MAX 64	/* "uuid:" and 36 characters */

static bool in_words(struct str text, const char *const *words)
{
	for (; *words; words++) {
		if (str_eq(text, str_from(*words)))
			return true;
	}
	return false;
}

/* A single address of one family, in the text of that family. */
static int decode_host(struct str text, bool want4, struct addr *out)
{
	bool text4 = str_find(text, 0, ':') == text.len;
	struct addr a;

	if (text4 != want4 || addr_decode(text, &a) || addr_is4(&a) != want4)
		return ERR_SYNTAX;
	*out = a;
	return 0;
}

static const char *const any4[] = {"", "*", "0.0.0.0", NULL};
/* syncthing says ::/0. */
static const char *const any6[] = {"", "*", "::", "::/0", NULL};

static int decode_remote(struct str text, bool want4, struct prefix *out)
{
	struct addr a;

	if (in_words(text, want4 ? any4 : any6)) {
		*out = want4 ? prefix_any4() : prefix_any6();
		return 0;
	}
	if (decode_host(text, want4, &a) || !addr_is_host(&a))
		return ERR_SYNTAX;
	*out = prefix_host(&a);
	return 0;
}

static int decode_proto(struct str text, uint8_t *out)
{
	if (str_eq(text, STR("TCP")))
		*out = MAP_PROTO_TCP;
	else if (str_eq(text, STR("UDP")))
		*out = MAP_PROTO_UDP;
	else
		return ERR_SYNTAX;
	return 0;
}

uint16_t igd_map_key(const struct igd_call *call, struct igd_key *out)
{
	struct igd_key key;

	if (decode_remote(call->in[IN_REMOTE].text, true, &key.remote) ||
	    decode_proto(call->in[IN_PROTOCOL].text, &key.proto))
		return IGD_INVALID_ARGS;
	key.port = (uint16_t)call->in[IN_EXTERNAL].number;
	*out = key;
	return IGD_OK;
}

uint16_t igd_map_range(const struct igd_call *call, struct igd_range *out)
{
	struct igd_range range = {
		.first = (uint16_t)call->in[RANGE_FIRST].number,
		.last = (uint16_t)call->in[RANGE_LAST].number,
		.others = call->in[RANGE_MANAGE].number == 1,
		.count = (uint16_t)call->in[RANGE_COUNT].number,
	};

	if (decode_proto(call->in[RANGE_PROTOCOL].text, &range.proto))
		return IGD_INVALID_ARGS;
	if (range.first > range.last)
		return IGD_INCONSISTENT;
	*out = range;
	return IGD_OK;
}

/* Version 1 knows leases without end and no longest one; version 2 a week at most. */
static uint32_t lease_of(uint32_t version, uint32_t asked_s)
{
	if (version == 1)
		return asked_s == 0 ? MAP_LIFETIME_ENDLESS : asked_s;
	if (asked_s == 0 || asked_s > IGD_MAP_LEASE_MAX_S)
		return IGD_MAP_LEASE_MAX_S;
	return asked_s;
}

static uint16_t decode_mapping(const struct igd_call *call, struct map_req *req)
{
	struct igd_key key;
	uint16_t code = igd_map_key(call, &key);

	if (code)
		return code;
	req->remote = key.remote;
	req->proto = key.proto;
	req->external = (struct endpoint){addr_any4(), key.port};
	req->internal = (struct endpoint){addr_any4(), 0};
	return IGD_OK;
}

static uint16_t decode_internal(const struct igd_call *call, struct map_req *req)
{
	struct str text = call->in[IN_CLIENT].text;

	/* Some stacks do not know their own address; the one they called from will do. */
	if (text.len == 0 && addr_is4(&req->client))
		req->internal.addr = req->client;
	else if (decode_host(text, true, &req->internal.addr))
		return IGD_INVALID_ARGS;
	req->internal.port = (uint16_t)call->in[IN_INTERNAL].number;
	if (req->internal.port == 0)
		return call->name.version == 1 ? IGD_INVALID_ARGS : IGD_INTERNAL_PORT_WILDCARD;
	return IGD_OK;
}

static uint16_t decode_add(struct igd_call *call, struct map_req *req)
{
	bool exact = call->row->action == IGD_ADD_PORT_MAPPING;
	uint16_t code = decode_mapping(call, req);

	if (!code)
		code = decode_internal(call, req);
	if (code)
		return code;
	if (exact && req->external.port == 0)
		return IGD_EXTERNAL_PORT_WILDCARD;
	req->exact = exact;
	req->disabled = call->in[IN_ENABLED].number == 0;
	req->lifetime_s = lease_of(call->name.version, call->in[IN_LEASE].number);
	req->descr.p = call->descr;
	req->descr.len = str_copy_plain(call->in[IN_DESCR].text, call->descr, sizeof(call->descr));
	return IGD_OK;
}

static uint16_t decode_delete(struct igd_call *call, struct map_req *req)
{
	uint16_t code = decode_mapping(call, req);

	if (code)
		return code;
	return req->external.port == 0 ? IGD_NO_SUCH_ENTRY : IGD_OK;
}

/* Everybody is a stranger without DeviceProtection: NewManage gives nobody more than his own. */
static uint16_t decode_delete_range(struct igd_call *call, struct map_req *req)
{
	struct igd_range range;
	uint16_t code = igd_map_range(call, &range);

	if (code)
		return code;
	req->proto = range.proto;
	req->external = (struct endpoint){addr_any4(), range.first};
	req->last_port = range.last;
	return IGD_OK;
}

static uint16_t decode_pinhole_lease(uint32_t asked_s, struct map_req *req)
{
	if (asked_s == 0 || asked_s > IGD_MAP_PINHOLE_MAX_S)
		return IGD_INVALID_ARGS;
	req->lifetime_s = asked_s;
	return IGD_OK;
}

static uint16_t decode_pinhole_inside(const struct igd_call *call, struct map_req *req)
{
	struct str client = call->in[PIN_CLIENT].text;
	uint32_t proto = call->in[PIN_PROTOCOL].number;

	if (in_words(client, any6))
		return IGD_FC6_CLIENT_WILDCARD;
	if (decode_host(client, false, &req->internal.addr))
		return IGD_INVALID_ARGS;
	if (addr_is_any(&req->internal.addr))
		return IGD_FC6_CLIENT_WILDCARD;
	if (proto == PROTO_ANY)
		return IGD_FC6_PROTOCOL_WILDCARD;
	if (proto != MAP_PROTO_TCP && proto != MAP_PROTO_UDP)
		return IGD_FC6_PROTOCOL;
	req->proto = (uint8_t)proto;
	req->internal.port = (uint16_t)call->in[PIN_PORT].number;
	return req->internal.port == 0 ? IGD_FC6_PORT_WILDCARD : IGD_OK;
}

static uint16_t decode_pinhole(struct igd_call *call, struct map_req *req)
{
	if (decode_remote(call->in[PIN_REMOTE].text, false, &req->remote))
		return IGD_INVALID_ARGS;
	req->remote_port = (uint16_t)call->in[PIN_REMOTE_PORT].number;
	req->external = (struct endpoint){addr_any6(), 0};
	if (decode_pinhole_lease(call->in[PIN_LEASE].number, req))
		return IGD_INVALID_ARGS;
	return decode_pinhole_inside(call, req);
}

static uint16_t decode_id(struct igd_call *call, struct map_req *req)
{
	req->id = call->in[BY_ID].number;
	return IGD_OK;
}

static uint16_t decode_update(struct igd_call *call, struct map_req *req)
{
	req->id = call->in[BY_ID].number;
	return decode_pinhole_lease(call->in[BY_ID_LEASE].number, req);
}

struct mapping {
	enum igd_action action;
	enum map_op op;
	enum map_key key;
	uint16_t (*decode)(struct igd_call *call, struct map_req *req);
};

static const struct mapping mappings[] = {
	{IGD_ADD_PORT_MAPPING, MAP_OP_OPEN, MAP_KEY_EXTERNAL, decode_add},
	{IGD_ADD_ANY_PORT_MAPPING, MAP_OP_OPEN, MAP_KEY_EXTERNAL, decode_add},
	{IGD_DELETE_PORT_MAPPING, MAP_OP_CLOSE, MAP_KEY_EXTERNAL, decode_delete},
	{IGD_DELETE_PORT_MAPPING_RANGE, MAP_OP_CLOSE_RANGE, MAP_KEY_EXTERNAL, decode_delete_range},
	{IGD_ADD_PINHOLE, MAP_OP_OPEN, MAP_KEY_INTERNAL, decode_pinhole},
	{IGD_UPDATE_PINHOLE, MAP_OP_RENEW, MAP_KEY_ID, decode_update},
	{IGD_DELETE_PINHOLE, MAP_OP_CLOSE, MAP_KEY_ID, decode_id},
};

uint16_t igd_map_decode(struct igd_call *call, const struct addr *client, struct map_req *out)
{
	for (size_t i = 0; i < sizeof(mappings) / sizeof(mappings[0]); i++) {
		const struct mapping *m = &mappings[i];
		struct map_req req = {
			.op = m->op,
			.key = m->key,
			.origin = MAP_ORIGIN_UPNP,
			.client = *client,
		};
		uint16_t code;

		if (m->action != call->row->action)
			continue;
		code = m->decode(call, &req);
		if (!code)
			*out = req;
		return code;
	}
	return IGD_INVALID_ACTION;
}

uint16_t igd_map_timeout(const struct igd_call *call, uint8_t *proto)
{
	uint32_t number = call->in[PIN_PROTOCOL].number;
	struct str client = call->in[PIN_CLIENT].text;
	struct prefix remote;
	struct addr inside;

	if (decode_remote(call->in[PIN_REMOTE].text, false, &remote) ||
	    (!in_words(client, any6) && decode_host(client, false, &inside)))
		return IGD_INVALID_ARGS;
	if (number != MAP_PROTO_TCP && number != MAP_PROTO_UDP)
		return IGD_FC6_PROTOCOL;
	*proto = (uint8_t)number;
	return IGD_OK;
}

static bool is_connection_device(struct str text, const struct igd_uuid *base)
{
	char udn[UDN_MAX];
	struct writer w = writer_to(udn, sizeof(udn));
	struct str id, rest, type;

	igd_table_udn(&w, base, IGD_DEVICE_CONN);
	id = str_sub(text, 0, w.len);
	rest = str_sub(text, w.len + 1, text.len);
	type = str_split(&rest, ':');
	return str_eqi(id, writer_done(&w)) && text.len > w.len && text.p[w.len] == ':' &&
	       str_eq(type, str_from(igd_table_device_name(IGD_DEVICE_CONN))) &&
	       (str_eq(rest, STR("1")) || str_eq(rest, STR("2")));
}

uint16_t igd_map_default(const struct igd_call *call, const struct igd_uuid *base)
{
	const struct str space = STR("urn:upnp-org:serviceId:");
	struct str id = call->in[0].text;

	if (!is_connection_device(str_split(&id, ','), base))
		return IGD_INVALID_DEVICE;
	if (!str_starts(id, space))
		return IGD_INVALID_SERVICE;
	id = str_sub(id, space.len, id.len);
	for (unsigned i = 0; i < IGD_SERVICES; i++) {
		if (!str_eq(id, str_from(igd_table_service((enum igd_service)i)->id)))
			continue;
		return i == IGD_WANIPC || i == IGD_WANPPP ? IGD_OK : IGD_INVALID_SELECTION;
	}
	return IGD_INVALID_SERVICE;
}
