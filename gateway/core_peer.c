/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See core_peer.h. Which external port it is: that of the running flow, whatever it is, as nothing
 * can change it; else that of the endpoint's openings and other outbound flows (RFC 4787 REQ-1);
 * else what is suggested; else a free one. A suggestion that is not met refuses the request.
 */
#include "gateway/core_peer.h"

#include "protocols/err.h"

#define KEEPS_AT_ONCE 64

/* ---- running flows ---- */

static bool needs_look(const struct pending *item)
{
	return item->kind == PENDING_REQUEST && item->req.op == MAP_OP_PEER &&
	       addr_is4(&item->req.internal.addr);
}

static void on_found(void *arg, int err, const struct endpoint *from, size_t count)
{
	struct core *core = arg;
	struct batch *b = &core->batch;
	size_t next = 0;

	(void)err;
	if (core->stopped)
		return;
	for (size_t i = 0; i < b->item_count && next < count; i++) {
		if (b->items[i].looked_up)
			b->items[i].flow = from[next++];
	}
	b->applied = true;
}

/* More than FW_FIND_MAX: the others wait for the next batch. */
bool peer_look_up(struct core *core)
{
	struct batch *b = &core->batch;
	struct fw_tuple flows[FW_FIND_MAX];
	size_t count = 0;

	for (size_t i = 0; i < b->item_count; i++) {
		struct pending *item = &b->items[i];
		item->looked_up = needs_look(item) && count < FW_FIND_MAX;
		item->flow = (struct endpoint){addr_any4(), 0};
		if (item->looked_up)
			flows[count++] = (struct fw_tuple){
				item->req.proto, item->req.internal, item->req.peer};
	}
	return count > 0 && fw_find(core->fw, flows, count, on_found, core) == 0;
}

/* ---- planning ---- */

struct opening *peer_find(const struct asking *a)
{
	return table_outbound(a->core->table, a->req->proto, &a->req->internal, &a->req->peer);
}

static bool has_peer(struct asking *a)
{
	const struct endpoint *peer = &a->req->peer;

	if (peer->port != 0 && addr_is_host(&peer->addr) &&
		addr_is4(&peer->addr) == addr_is4(&a->req->internal.addr))
		return true;
	ask_answer(a->item, MAP_DENIED, "no peer to send to");
	return false;
}

static bool suggestion_is_met(struct asking *a, uint16_t port)
{
	const struct endpoint *wanted = &a->req->external;
	const struct addr *ours = addr_is4(&a->req->internal.addr) ? &a->core->wan4
								    : &a->req->internal.addr;

	if ((wanted->port == 0 || wanted->port == port) &&
		(addr_is_any(&wanted->addr) || addr_eq(&wanted->addr, ours)))
		return true;
	ask_answer(a->item, MAP_TAKEN, "not this external address and port");
	return false;
}

/* Any source port is as good as another, but those that need a privilege. */
static bool decide_source(struct asking *a, uint16_t port)
{
	return ask_decide(a, port < 1024 ? port : 0);
}

/* The external port of the endpoint's first opening or outbound flow; 0: it has none. */
static uint16_t port_of_endpoint(const struct asking *a)
{
	const struct opening *o = table_first_internal(a->core->table, a->req->proto,
		&a->req->internal);
	const struct opening *found = NULL;

	for (; o; o = table_next_internal(o)) {
		if (o->pinned)
			return o->external.port;
		if (o->outbound && !o->disabled)
			found = o;
	}
	return found ? found->external.port : 0;
}

/* Of a flow that runs. One that has got a port that is nobody's to give, like those displaced from
 * others' ports, may live longer all the same. */
static uint16_t take_running(struct asking *a, struct opening_plan *op)
{
	const struct endpoint *flow = &a->item->flow;

	if (!addr_eq(&flow->addr, &a->core->wan4)) {
		ask_answer(a->item, MAP_TAKEN,
			"this flow does not leave from the external address");
		return 0;
	}
	op->disabled = ask_port_state(a, flow->port) != MAP_OK;
	return flow->port;
}

static uint16_t take_suggested(struct asking *a)
{
	uint16_t port = a->req->external.port;
	enum map_result state = ask_port_state(a, port);

	if (state == MAP_OK)
		return port;
	ask_answer(a->item, state, map_result_text(state));
	return 0;
}

/* 0: answered. */
static uint16_t choose_port(struct asking *a, struct opening_plan *op)
{
	const struct map_req *req = a->req;
	uint16_t port = req->internal.port;

	if (addr_is4(&req->internal.addr)) {
		port = port_of_endpoint(a);
		if (a->item->flow.port != 0)
			port = take_running(a, op);
		else if (port == 0 && req->external.port != 0)
			port = take_suggested(a);
		else if (port == 0)
			port = ask_port(a);
	}
	return port != 0 && suggestion_is_met(a, port) && decide_source(a, port) ? port : 0;
}

static void open_new(struct asking *a)
{
	const struct map_req *req = a->req;
	struct opening_plan op = {
		.device_id = a->target->row.id,
		.proto = req->proto,
		.internal = req->internal,
		.external = req->internal,
		.remote = prefix_host(&req->peer.addr),
		.remote_port = req->peer.port,
		.outbound = true,
	};
	struct lease_plan lp;
	struct opening *o;
	int err;

	if (!ask_quota(a))
		return;
	op.external.port = choose_port(a, &op);
	if (op.external.port == 0 || !ask_quota(a))
		return;
	lp = ask_lease(a);
	op.rule_id = a->decision.rule_id;
	op.why = a->decision.why;
	err = change_open(a->core, a->index, &op, &lp, &o);
	if (err)
		ask_answer_err(a->item, err);
	else
		ask_granted(a, o, lp.granted_s);
}

static void renew(struct asking *a, struct opening *o)
{
	struct lease_plan lp;
	int err;

	if (!suggestion_is_met(a, o->external.port) || !decide_source(a, o->external.port))
		return;
	lp = ask_lease(a);
	err = change_lease(a->core, a->index, o, &lp, a->decision.why);
	if (err)
		ask_answer_err(a->item, err);
	else
		ask_granted(a, o, lp.granted_s);
}

/* The flow began anew, and another way than promised: what is said of it has to be true. */
static bool has_moved(const struct asking *a, const struct opening *o)
{
	return a->item->flow.port != 0 && a->item->flow.port != o->external.port;
}

void peer_plan(struct asking *a)
{
	struct opening *o;
	int err = 0;

	if (!ask_begin(a) || !has_peer(a))
		return;
	if (needs_look(a->item) && !a->item->looked_up) {
		a->item->deferred = true;
		return;
	}
	o = peer_find(a);
	if (o && !ask_nonce(a, opening_lease(o, a->req->origin)))
		return;
	if (o && !has_moved(a, o)) {
		renew(a, o);
		return;
	}
	if (o)
		err = change_close(a->core, a->index, o, "its flow leaves from another port");
	if (err)
		ask_answer_err(a->item, err);
	else
		open_new(a);
}

/* ---- longer lives ---- */

struct keeping {
	struct core *core;
	struct fw_keep list[KEEPS_AT_ONCE];
	size_t count;
};

static void flush_keeps(struct keeping *k)
{
	if (k->count > 0)
		(void)fw_keep(k->core->fw, k->list, k->count);
	k->count = 0;
}

static void put_keep(struct keeping *k, const struct opening *o)
{
	uint64_t now = loop_now_ms(k->core->loop);
	bool over = o->state == OPENING_CLOSING || o->suspended;
	uint64_t until = over ? now : change_until_ms(o);

	if (!o->outbound)
		return;
	k->list[k->count++] = (struct fw_keep){
		.flow = {o->proto, o->internal, {o->remote.addr, o->remote_port}},
		.left_s = until > now ? (uint32_t)((until - now + 999) / 1000) : 0,
	};
	if (k->count == KEEPS_AT_ONCE)
		flush_keeps(k);
}

void peer_keep(struct core *core)
{
	const struct batch *b = &core->batch;
	struct keeping k = {.core = core};

	for (size_t i = 0; i < b->change_count; i++)
		put_keep(&k, b->changes[i].opening);
	for (size_t i = 0; b->rebuild && i < table_listed(core->table); i++)
		put_keep(&k, table_at(core->table, i));
	flush_keeps(&k);
}
