/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the SIP gateway asks of the core in a script, and what the kernel knows of phones. */
#include "tests/scenario/script.h"

#include "gateway/core_sip.h"
#include "gateway/fw_fake.h"
#include "protocols/err.h"

#include <string.h>

/* sip ports PORT...: those the gateway reads; none: it is off */
static void ports(struct script *s)
{
	uint16_t list[FW_SIP_PORTS_MAX];
	size_t count = 0;

	while (s->at < s->count && count < FW_SIP_PORTS_MAX)
		list[count++] = (uint16_t)script_number(s);
	core_sip_ports(s->world.core, list, count);
	world_settle(&s->world);
	if (fw_fake_count(s->world.fw, FW_SET_SIP_PORT) != count)
		script_fail(s, "the kernel reads %zu",
			fw_fake_count(s->world.fw, FW_SET_SIP_PORT));
}

/* The gateway never opens a port for everybody. */
static void add_peer(struct map_req *req, const struct addr *peer)
{
	req->filters[req->filter_count++].remote = prefix_host(peer);
}

static void add_somebody(struct map_req *req)
{
	const char *text = addr_is4(&req->internal.addr) ? "198.51.100.1" : "2001:db8:2::1";
	struct addr peer;

	if (addr_decode(str_from(text), &peer) == 0)
		add_peer(req, &peer);
}

/* sip open|close EP port PORT [tcp] [peer ADDR]... [lifetime S] [from ADDR], as the gateway asks */
static void ask(struct script *s, enum map_op op)
{
	struct map_req req = {.op = op, .key = MAP_KEY_INTERNAL, .origin = MAP_ORIGIN_SIP,
		.proto = MAP_PROTO_UDP, .lifetime_s = 3600, .clear_filters = true};
	bool is4;

	req.internal = script_endpoint(s);
	is4 = addr_is4(&req.internal.addr);
	req.client = req.internal.addr;
	req.external.addr = is4 ? addr_any4() : req.internal.addr;
	req.exact = is4;
	req.remote = is4 ? prefix_any4() : prefix_any6();
	if (script_take(s, "port"))
		req.external.port = (uint16_t)script_number(s);
	if (script_take(s, "tcp"))
		req.proto = MAP_PROTO_TCP;
	while (script_take(s, "peer")) {
		struct addr peer = script_addr(s);
		add_peer(&req, &peer);
	}
	if (op == MAP_OP_OPEN && req.filter_count == 0)
		add_somebody(&req);
	if (script_take(s, "lifetime"))
		req.lifetime_s = script_number(s);
	if (script_take(s, "from"))
		req.client = script_addr(s);
	script_asked(s, &req);
}

/* sip calls ADDR COUNT: so many ports, each asked for by itself */
static void calls(struct script *s)
{
	struct addr phone = script_addr(s);
	uint32_t count = script_number(s);
	struct map_req req = {.op = MAP_OP_OPEN, .key = MAP_KEY_INTERNAL, .exact = true,
		.origin = MAP_ORIGIN_SIP, .proto = MAP_PROTO_UDP, .lifetime_s = 3600,
		.client = phone, .remote = prefix_any4(), .external.addr = addr_any4()};

	for (uint32_t i = 0; i < count; i++) {
		req.internal = (struct endpoint){phone, (uint16_t)(20000 + i)};
		req.external.port = (uint16_t)(CORE_SIP_PORT_MIN + i);
		req.filter_count = 0;
		add_somebody(&req);
		script_asked(s, &req);
	}
}

static uint32_t device_of(struct script *s)
{
	struct addr addr = script_addr(s);

	return core_device_of(s->world.core, &addr);
}

/* sip put KIND ID ADDR TEXT */
static void put(struct script *s)
{
	struct core_sip_row row = {.kind = (uint8_t)script_number(s), .id = script_number(s)};
	int err;

	row.device_id = device_of(s);
	row.value = str_from(script_next(s));
	err = core_sip_put(s->world.core, &row);
	if (err)
		script_fail(s, "not kept: %s", err_text(err));
	world_settle(&s->world);
}

static void drop(struct script *s)
{
	uint8_t kind = (uint8_t)script_number(s);

	core_sip_drop(s->world.core, kind, script_number(s));
	world_settle(&s->world);
}

struct finding {
	uint8_t kind;
	uint32_t id;
	struct core_sip_row row;
	size_t count;
};

static void on_row(void *arg, const struct core_sip_row *row)
{
	struct finding *f = arg;

	if (row->kind != f->kind || row->id != f->id)
		return;
	f->row = *row;
	f->count++;
}

/* sip row KIND ID ADDR TEXT, or none */
static void row(struct script *s)
{
	struct finding f = {.kind = (uint8_t)script_number(s), .id = script_number(s)};

	core_sip_rows(s->world.core, on_row, &f);
	if (script_take(s, "none")) {
		if (f.count != 0)
			script_fail(s, "it is there");
		return;
	}
	if (f.count != 1)
		script_fail(s, "it is there %zu times", f.count);
	if (device_of(s) != f.row.device_id)
		script_fail(s, "it is device %u's", f.row.device_id);
	if (!str_eq(f.row.value, str_from(script_next(s))))
		script_fail(s, "it is %.*s", (int)f.row.value.len, f.row.value.p);
}

/* sip note|refusal ADDR WHAT WHY TEXT */
static void note(struct script *s, bool refused)
{
	struct core_sip_note n = {.refused = refused, .device_id = device_of(s),
		.peer = addr_any4()};

	n.what = script_next(s);
	n.why = script_next(s);
	n.text = str_from(script_next(s));
	core_sip_note(s->world.core, &n);
}

void script_sip(struct script *s)
{
	if (script_take(s, "ports"))
		ports(s);
	else if (script_take(s, "open"))
		ask(s, MAP_OP_OPEN);
	else if (script_take(s, "close"))
		ask(s, MAP_OP_CLOSE);
	else if (script_take(s, "calls"))
		calls(s);
	else if (script_take(s, "put"))
		put(s);
	else if (script_take(s, "drop"))
		drop(s);
	else if (script_take(s, "row"))
		row(s);
	else if (script_take(s, "note"))
		note(s, false);
	else if (script_take(s, "refusal"))
		note(s, true);
	else
		script_fail(s, "sip ports, open, close, calls, put, drop, row, note or refusal");
}

/* phone ADDR in|out: the kernel leads its SIP to us */
void script_phone(struct script *s)
{
	struct addr addr = script_addr(s);
	bool is4 = addr_is4(&addr), out = script_take(s, "out");
	uint8_t key[FW_KEY_MAX] = {0};

	if (!out && !script_take(s, "in"))
		script_fail(s, "in or out?");
	memcpy(key, is4 ? addr_bytes4(&addr) : addr.b, is4 ? 4 : 16);
	if (out == (fw_fake_find(s->world.fw, is4 ? FW_SET_PHONE4 : FW_SET_PHONE6, key) != NULL))
		script_fail(s, out ? "the kernel knows it" : "the kernel does not know it");
}
