/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What clients and the owner ask in a script. */
#include "tests/scenario/script.h"

#include "protocols/err.h"
#include "protocols/natpmp.h"
#include "protocols/pcp.h"

#include <string.h>

void script_check_read(struct script *s)
{
	struct world *w = &s->world;

	for (size_t i = 0; i < w->answer_count; i++) {
		struct world_answer *a = &w->answers[i];
		if (!a->read && a->came && a->ans.result != MAP_OK)
			script_fail(s, "an answer nobody expected: %s",
				map_result_text(a->ans.result));
	}
}

void script_asked(struct script *s, const struct map_req *req)
{
	struct world *w = &s->world;

	script_done(s);
	/* Those still waited for keep their places. */
	if (!s->together && !w->silent && !w->stalled) {
		script_check_read(s);
		w->answer_count = 0;
	}
	if (w->answer_count == WORLD_ANSWERS)
		script_fail(s, "too many requests at once");
	world_ask(w, req);
	if (!s->together)
		world_settle(w);
}

static void put_nonce(struct script *s, uint8_t nonce[MAP_NONCE_LEN])
{
	const char *word = script_next(s);

	memset(nonce, 0, MAP_NONCE_LEN);
	memcpy(nonce, word, strnlen(word, MAP_NONCE_LEN));
}

void script_pcp(struct script *s)
{
	bool map = script_take(s, "map");
	struct pcp_msg msg = {.opcode = PCP_OP_MAP};
	struct map_req req;
	struct endpoint in;

	if (!map && !script_take(s, "delete"))
		script_fail(s, "pcp map or pcp delete");
	msg.map.proto = script_proto(s);
	in = script_endpoint(s);
	msg.map.internal = in;
	msg.map.suggested.addr = addr_is4(&in.addr) ? addr_any4() : addr_any6();
	if (script_take(s, "suggest"))
		msg.map.suggested.port = (uint16_t)script_number(s);
	if (script_take(s, "at"))
		msg.map.suggested.addr = script_addr(s);
	if (map && script_take(s, "lifetime"))
		msg.lifetime_s = script_number(s);
	if (script_take(s, "nonce"))
		put_nonce(s, msg.map.nonce);
	msg.map.prefer_failure = script_take(s, "exact");
	pcp_to_req(&msg, &in.addr, &req);
	script_asked(s, &req);
}

void script_natpmp(struct script *s)
{
	bool map = script_take(s, "map"), all = !map && script_take(s, "delete-all");
	struct natpmp_msg msg = {0};
	struct map_req req;
	struct endpoint in = {.port = 0};

	if (!map && !all && !script_take(s, "delete"))
		script_fail(s, "natpmp map, delete or delete-all");
	msg.opcode = script_proto(s) == MAP_PROTO_TCP ? NATPMP_OP_TCP : NATPMP_OP_UDP;
	if (all)
		in.addr = script_addr(s);
	else
		in = script_endpoint(s);
	msg.internal_port = in.port;
	if (script_take(s, "suggest"))
		msg.external_port = (uint16_t)script_number(s);
	if (map && script_take(s, "lifetime"))
		msg.lifetime_s = script_number(s);
	natpmp_to_req(&msg, &in.addr, &req);
	script_asked(s, &req);
}

static void upnp_add(struct script *s, struct map_req *req)
{
	req->internal = script_endpoint(s);
	req->client = req->internal.addr;
	req->remote = script_remote(s, true);
	req->lifetime_s = 3600;
	if (script_take(s, "lease"))
		req->lifetime_s = script_number(s);
	if (req->lifetime_s == 0)
		req->lifetime_s = MAP_LIFETIME_ENDLESS;
	if (script_take(s, "descr"))
		req->descr = str_from(script_next(s));
	req->disabled = script_take(s, "disabled");
	if (script_take(s, "from"))
		req->client = script_addr(s);
}

/* As igd_map_decode makes them. */
void script_upnp(struct script *s)
{
	struct map_req req = {.key = MAP_KEY_EXTERNAL, .origin = MAP_ORIGIN_UPNP};
	bool any = script_take(s, "addany");

	req.exact = !any && script_take(s, "add");
	if (!any && !req.exact && !script_take(s, "delete"))
		script_fail(s, "upnp add, addany or delete");
	req.proto = script_proto(s);
	req.external = (struct endpoint){addr_any4(), (uint16_t)script_number(s)};
	if (any || req.exact) {
		upnp_add(s, &req);
	} else {
		req.op = MAP_OP_CLOSE;
		req.remote = script_remote(s, true);
		if (!script_take(s, "from"))
			script_fail(s, "from whom?");
		req.client = script_addr(s);
	}
	script_asked(s, &req);
}

/* AddPinhole, and by the id that was granted last UpdatePinhole and DeletePinhole. */
void script_pinhole(struct script *s)
{
	struct map_req req = {.key = MAP_KEY_ID, .origin = MAP_ORIGIN_UPNP, .id = s->last_id,
		.remote = prefix_any6(), .external = {addr_any6(), 0}, .lifetime_s = 3600};

	if (script_take(s, "add")) {
		req.key = MAP_KEY_INTERNAL;
		req.proto = script_proto(s);
		req.internal = script_endpoint(s);
		req.client = req.internal.addr;
		req.remote = script_remote(s, false);
		if (script_take(s, "port"))
			req.remote_port = (uint16_t)script_number(s);
	} else if (script_take(s, "update")) {
		req.op = MAP_OP_RENEW;
	} else if (script_take(s, "delete")) {
		req.op = MAP_OP_CLOSE;
	}
	if (script_take(s, "lease"))
		req.lifetime_s = script_number(s);
	if (script_take(s, "from"))
		req.client = script_addr(s);
	script_asked(s, &req);
}

static void on_flushed(void *arg, int err)
{
	struct script *s = arg;

	if (err)
		script_fail(s, "flush: %s", err_text(err));
	s->world.flushed = true;
}

void script_owner(struct script *s)
{
	struct map_req req = {.op = MAP_OP_CLOSE, .key = MAP_KEY_ID, .origin = MAP_ORIGIN_OWNER,
		.client = addr_any6(), .remote = prefix_any6()};
	struct prefix any = prefix_any4();
	const struct opening *o;
	uint8_t proto;

	if (script_take(s, "flush")) {
		s->world.flushed = false;
		if (core_flush(s->world.core,
			&(struct core_act){.by = "test", .done = on_flushed, .arg = s}))
			script_fail(s, "no flush");
		world_settle(&s->world);
		if (!s->world.flushed)
			script_fail(s, "the flush does not end");
		return;
	}
	if (!script_take(s, "close"))
		script_fail(s, "owner flush or owner close");
	proto = script_proto(s);
	o = core_opening_by_external(s->world.core, proto, (uint16_t)script_number(s), &any);
	if (!o)
		script_fail(s, "no such opening");
	req.id = o->id;
	script_asked(s, &req);
}
