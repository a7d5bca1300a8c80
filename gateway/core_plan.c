/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request on the table: who asks, what it finds, whether policy lets it, which port it gets.
 * The outcome is an answer and changes to the table (core_change.c); the firewall comes later.
 */
#include "gateway/core_int.h"

#include "protocols/err.h"

#include <assert.h>
#include <string.h>

/* One open request on its way through the steps below. */
struct asking {
	struct core *core;
	uint32_t index;			/* of the item */
	struct pending *item;
	const struct map_req *req;
	struct device *device;
	struct decide_facts facts;
	struct decision decision;
};

static void answer(struct pending *item, enum map_result result, const char *reason)
{
	item->ans.result = result;
	item->reason = reason;
}

static void answer_err(struct pending *item, int err)
{
	if (err == ERR_BUSY)
		item->deferred = true;
	else
		answer(item, MAP_TROUBLE, err_text(err));
}

static struct device *see_device(struct core *core, const struct addr *addr)
{
	uint8_t mac[6];
	bool known = core->env.mac_of(core->env.arg, addr, mac);

	/* Another host on another LAN may have the same one. */
	if (!known && addr_is_link_local(addr))
		return NULL;
	return devices_see(core->devices, addr, known ? mac : NULL, store_wall_s(core));
}

/* The client itself, or another address of the same device (a pinhole asked for over IPv4). */
static bool is_own_address(struct core *core, const struct map_req *req, const struct device *d)
{
	uint8_t mac[6];

	if (addr_eq(&req->internal.addr, &req->client))
		return true;
	if (!core->env.is_lan_host(core->env.arg, &req->internal.addr))
		return false;
	return d->row.has_mac && core->env.mac_of(core->env.arg, &req->internal.addr, mac) &&
	       memcmp(mac, d->row.mac, sizeof(mac)) == 0;
}

/* Decides for this external port; false: refused, and the item answered. */
static bool decide_port(struct asking *a, uint16_t external_port)
{
	a->facts.external_port = external_port;
	decide(a->core->rules, a->core->rule_count, &a->facts, &a->decision);
	a->item->rule_id = a->decision.rule_id;
	if (a->decision.result == MAP_OK)
		return true;
	answer(a->item, a->decision.result, a->decision.why);
	return false;
}

static bool is_held(const struct core *core, uint16_t port, uint32_t device_id)
{
	const struct hold *h = &core->held[port];

	return h->device_id != device_id && h->until_ms > loop_now_ms(core->loop);
}

/* A port number belongs to one device for TCP and UDP; two keys that both name their remote host
 * may share it (UPnP), and so may one device's TCP and UDP. */
static bool collides(const struct opening *o, const struct asking *a)
{
	if (prefix_eq(&o->remote, &a->req->remote) && o->proto == a->req->proto)
		return true;
	if (o->device_id == a->device->row.id)
		return false;
	return prefix_is_any(&o->remote) || prefix_is_any(&a->req->remote);
}

static bool is_routers(const struct core *core, uint16_t port)
{
	return ports_is_displaced(port) ||
	       core->env.port_is_ours(core->env.arg, MAP_PROTO_TCP, port) ||
	       core->env.port_is_ours(core->env.arg, MAP_PROTO_UDP, port);
}

static enum map_result port_state(const struct asking *a, uint16_t port)
{
	const struct opening *o = table_first_port(a->core->table, port);

	if (port == 0 || is_routers(a->core, port))
		return MAP_RESERVED;
	for (; o; o = table_next_port(o, port)) {
		if (collides(o, a))
			return MAP_TAKEN;
	}
	return is_held(a->core, port, a->device->row.id) ? MAP_TAKEN : MAP_OK;
}

/* For ports_choose: free, and one that policy would have allowed too. */
static bool port_is_free(void *arg, uint16_t port)
{
	struct asking *a = arg;
	struct decision d;

	if (port_state(a, port) != MAP_OK)
		return false;
	a->facts.external_port = port;
	decide(a->core->rules, a->core->rule_count, &a->facts, &d);
	return d.result == MAP_OK;
}

static uint16_t exact_port(struct asking *a)
{
	enum map_result state = port_state(a, a->req->external.port);

	if (state == MAP_OK)
		return a->req->external.port;
	answer(a->item, state, map_result_text(state));
	return 0;
}

/* A suggestion never causes a refusal (RFC 6887 section 11.3): what policy says to it decides only
 * whether it is used. 0: answered. */
static uint16_t choose_port(struct asking *a)
{
	uint16_t suggested = a->req->external.port, port;

	if (!addr_is4(&a->req->internal.addr))
		return decide_port(a, a->req->internal.port) ? a->req->internal.port : 0;
	if (a->req->exact)
		return decide_port(a, suggested) ? exact_port(a) : 0;
	if (!decide_port(a, 0))
		return 0;
	a->core->port_seed = a->core->port_seed * 1664525u + 1013904223u;
	port = ports_choose(suggested, a->req->internal.port, a->core->port_seed >> 8,
		port_is_free, a);
	if (port == 0)
		answer(a->item, MAP_NO_PORT, map_result_text(MAP_NO_PORT));
	else
		decide_port(a, port);
	return port;
}

static struct lease_plan plan_lease(const struct asking *a)
{
	const struct map_req *req = a->req;

	return (struct lease_plan){
		.origin = req->origin,
		.device_id = a->device->row.id,
		.client = req->client,
		.has_nonce = req->has_nonce,
		.nonce = req->nonce,
		.granted_s = decide_lifetime(&a->core->limits, req->origin, req->lifetime_s,
			a->decision.lifetime_max_s),
		.descr = req->descr,
	};
}

static struct endpoint external_of(const struct core *core, const struct opening *o)
{
	if (!opening_is4(o))
		return o->internal;
	return (struct endpoint){core->wan4, o->external.port};
}

static void answer_granted(struct asking *a, const struct opening *o, uint32_t granted_s)
{
	a->item->ans = (struct map_ans){
		.result = MAP_OK,
		.external = external_of(a->core, o),
		.lifetime_s = granted_s,
		.id = o->id,
	};
}

static bool within_quota(struct asking *a)
{
	struct decide_usage usage = {
		.device = devices_usage(a->core->devices, a->device),
		.zone = a->core->zone_openings[a->device->row.zone],
		.total = (uint32_t)table_count(a->core->table),
	};
	const char *full = decide_quota(&a->core->limits, a->facts.zone, &usage);

	if (full)
		answer(a->item, MAP_QUOTA, full);
	return full == NULL;
}

static void open_new(struct asking *a)
{
	const struct map_req *req = a->req;
	struct opening_plan op = {
		.device_id = a->device->row.id,
		.proto = req->proto,
		.internal = req->internal,
		.external = req->internal,
		.remote = req->remote,
		.remote_port = req->remote_port,
		.disabled = req->disabled,
	};
	struct lease_plan lp;
	struct opening *o;
	int err;

	if (!within_quota(a))
		return;
	op.external.port = choose_port(a);
	if (op.external.port == 0)
		return;
	lp = plan_lease(a);
	op.rule_id = a->decision.rule_id;
	op.why = a->decision.why;
	err = change_open(a->core, a->index, &op, &lp, &o);
	if (err)
		answer_err(a->item, err);
	else
		answer_granted(a, o, lp.granted_s);
}

/* RFC 6887 section 11.3: the wrong nonce is told how long the right one still holds. */
static bool nonce_fits(struct asking *a, const struct lease *l)
{
	if (!l || !l->has_nonce ||
		(a->req->has_nonce && memcmp(l->nonce, a->req->nonce, MAP_NONCE_LEN) == 0))
		return true;
	answer(a->item, MAP_NOT_OWNER, "the nonce is another one");
	a->item->ans.lifetime_s = core_lease_left_s(a->core, l);
	return false;
}

static void renew(struct asking *a, struct opening *o)
{
	struct lease_plan lp;
	int err;

	if (!nonce_fits(a, opening_lease(o, a->req->origin)))
		return;
	if (a->req->exact && opening_is4(o) && o->external.port != a->req->external.port) {
		answer(a->item, MAP_TAKEN, "this endpoint has another external port");
		return;
	}
	if (!decide_port(a, o->external.port))
		return;
	lp = plan_lease(a);
	err = change_lease(a->core, a->index, o, &lp, a->decision.why);
	if (err)
		answer_err(a->item, err);
	else
		answer_granted(a, o, lp.granted_s);
}

static bool only_lease_is(const struct opening *o, enum map_origin origin)
{
	return o->leases && !o->leases->next && o->leases->origin == origin;
}

/* The same key again. The same client replaces its entry (WANIPConnection:2 AddPortMapping), but
 * not under the feet of another front door's lease. */
static void overwrite(struct asking *a, struct opening *o)
{
	bool same_end = addr_eq(&o->internal.addr, &a->req->internal.addr) &&
			o->internal.port == a->req->internal.port;

	if (o->device_id != a->device->row.id) {
		answer(a->item, MAP_TAKEN, map_result_text(MAP_TAKEN));
		return;
	}
	if (same_end && o->disabled == a->req->disabled) {
		renew(a, o);
		return;
	}
	if (!only_lease_is(o, a->req->origin)) {
		answer(a->item, MAP_TAKEN, "another protocol holds this port");
		return;
	}
	if (!decide_port(a, o->external.port))
		return;
	int err = change_close(a->core, a->index, o, "replaced by its owner");
	if (err)
		answer_err(a->item, err);
	else
		open_new(a);
}

static bool is_alike(const struct opening *o, const struct map_req *req)
{
	return prefix_eq(&o->remote, &req->remote) && o->remote_port == req->remote_port &&
	       o->disabled == req->disabled;
}

/* Of several openings of one endpoint the oldest that this front door holds, else the oldest. */
static struct opening *find_endpoint(const struct asking *a)
{
	struct opening *o = table_first_internal(a->core->table, a->req->proto, &a->req->internal);
	struct opening *held = NULL, *oldest = NULL;

	for (; o; o = table_next_internal(o)) {
		if (!is_alike(o, a->req))
			continue;
		if (!oldest || o->id < oldest->id)
			oldest = o;
		if (opening_lease(o, a->req->origin) && (!held || o->id < held->id))
			held = o;
	}
	return held ? held : oldest;
}

static void open_by_key(struct asking *a)
{
	const struct map_req *req = a->req;
	struct opening *o;

	if (req->key == MAP_KEY_EXTERNAL && req->exact) {
		o = table_by_external(a->core->table, req->proto, req->external.port, &req->remote);
		if (o)
			overwrite(a, o);
		else
			open_new(a);
		return;
	}
	o = find_endpoint(a);
	if (o)
		renew(a, o);
	else
		open_new(a);
}

/* UPnP may wait for an address; PCP and NAT-PMP must name one. */
static bool needs_wan(const struct map_req *req)
{
	return addr_is4(&req->internal.addr) &&
	       (req->origin == MAP_ORIGIN_PCP || req->origin == MAP_ORIGIN_NATPMP);
}

/* PREFER_FAILURE (RFC 6887 section 13.2) is about the suggested address as well, and IPv6 has but
 * one endpoint to give. */
static bool can_be_exact(const struct core *core, const struct map_req *req)
{
	bool is4 = addr_is4(&req->internal.addr);
	const struct addr *ours = is4 ? &core->wan4 : &req->internal.addr;

	if (!req->exact)
		return true;
	if (!is4 && req->external.port != req->internal.port)
		return false;
	return addr_is_any(&req->external.addr) || addr_eq(&req->external.addr, ours);
}

static bool begin_open(struct asking *a)
{
	struct core *core = a->core;
	const struct map_req *req = a->req;

	if (req->proto != MAP_PROTO_TCP && req->proto != MAP_PROTO_UDP) {
		answer(a->item, MAP_UNSUPP_PROTO, map_result_text(MAP_UNSUPP_PROTO));
		return false;
	}
	if (addr_is_link_local(&req->internal.addr)) {
		answer(a->item, MAP_DENIED, "a link-local address is not reached from outside");
		return false;
	}
	if (needs_wan(req) && addr_is_any(&core->wan4)) {
		answer(a->item, MAP_NO_WAN, map_result_text(MAP_NO_WAN));
		return false;
	}
	if (!can_be_exact(core, req)) {
		answer(a->item, MAP_TAKEN, "not this external address and port");
		return false;
	}
	a->facts = (struct decide_facts){
		.zone = (enum rule_zone)a->device->row.zone,
		.device_id = a->device->row.id,
		.origin = req->origin,
		.proto = req->proto,
		.internal_port = req->internal.port,
		.own_address = is_own_address(core, req, a->device),
	};
	return true;
}

static void plan_open(struct asking *a)
{
	if (begin_open(a))
		open_by_key(a);
}

/* Ends this front door's lease, or with the owner's hand the opening. */
static void end_on(struct asking *a, struct opening *o)
{
	struct lease *l = o ? opening_lease(o, a->req->origin) : NULL;
	int err;

	a->item->ans = (struct map_ans){.result = MAP_OK, .id = o ? o->id : 0};
	if (!o || (!l && a->req->key == MAP_KEY_INTERNAL)) {
		answer(a->item, MAP_NOT_FOUND, map_result_text(MAP_NOT_FOUND));
		return;
	}
	if (a->req->origin == MAP_ORIGIN_OWNER) {
		err = change_close(a->core, a->index, o, "closed by the owner");
	} else if (!l || l->device_id != a->device->row.id) {
		answer(a->item, MAP_NOT_OWNER, map_result_text(MAP_NOT_OWNER));
		return;
	} else if (!nonce_fits(a, l)) {
		return;
	} else {
		err = change_end(a->core, a->index, l, "closed by the app");
	}
	if (err)
		answer_err(a->item, err);
}

static struct opening *find_named(const struct asking *a)
{
	const struct map_req *req = a->req;
	struct opening *o = NULL;

	switch (req->key) {
	case MAP_KEY_ID:
		return table_by_id(a->core->table, req->id);
	case MAP_KEY_EXTERNAL:
		return table_by_external(a->core->table, req->proto, req->external.port,
			&req->remote);
	case MAP_KEY_INTERNAL:
		o = table_first_internal(a->core->table, req->proto, &req->internal);
		while (o && !opening_lease(o, req->origin))
			o = table_next_internal(o);
		break;
	}
	return o;
}

/* RFC 6886 section 3.4: all of the client's leases of this protocol, and only those. */
static void plan_close_all(struct asking *a)
{
	struct opening *next, *o = table_first_device(a->core->table, a->device->row.id);

	for (; o; o = next) {
		struct lease *l = opening_lease(o, a->req->origin);
		next = table_next_device(o);
		if (!l || o->proto != a->req->proto ||
			!addr_eq(&o->internal.addr, &a->req->internal.addr))
			continue;
		int err = change_end(a->core, a->index, l, "closed by the app, with all others");
		if (err) {
			answer_err(a->item, err);
			return;
		}
	}
}

static void plan_renew(struct asking *a)
{
	struct opening *o = find_named(a);
	struct lease *l = o ? opening_lease(o, a->req->origin) : NULL;
	struct map_req whole;

	if (!o) {
		answer(a->item, MAP_NOT_FOUND, map_result_text(MAP_NOT_FOUND));
		return;
	}
	if (!l || l->device_id != a->device->row.id) {
		answer(a->item, MAP_NOT_OWNER, map_result_text(MAP_NOT_OWNER));
		return;
	}
	whole = *a->req;
	whole.proto = o->proto;
	whole.internal = o->internal;
	whole.descr = str_from(l->descr);
	a->req = &whole;
	if (begin_open(a))
		renew(a, o);
}

static void plan_request(struct core *core, uint32_t index)
{
	struct pending *item = &core->batch.items[index];
	struct asking a = {.core = core, .index = index, .item = item, .req = &item->req};

	if (item->barred) {
		answer(item, MAP_TROUBLE, core->batch.skip_firewall
				? "the firewall cannot be changed now" : "the firewall refused it");
		return;
	}
	/* The owner's hand closes by id; it asks for no opening of its own. */
	assert(item->req.origin != MAP_ORIGIN_OWNER || item->req.op == MAP_OP_CLOSE);
	if (item->req.origin != MAP_ORIGIN_OWNER) {
		a.device = see_device(core, &item->req.client);
		if (!a.device) {
			answer(item, MAP_TROUBLE, "too many devices, or not known who asks");
			return;
		}
		item->device_id = a.device->row.id;
	}
	switch (item->req.op) {
	case MAP_OP_OPEN:
		plan_open(&a);
		break;
	case MAP_OP_RENEW:
		plan_renew(&a);
		break;
	case MAP_OP_CLOSE:
		end_on(&a, find_named(&a));
		break;
	case MAP_OP_CLOSE_ALL:
		plan_close_all(&a);
		break;
	}
}

static void plan_expire(struct core *core, uint32_t index)
{
	struct pending *item = &core->batch.items[index];
	struct opening *o = table_by_id(core->table, item->opening_id);
	struct lease *l = o ? opening_lease(o, item->origin) : NULL;
	int err;

	/* Renewed or closed since its timer fired. */
	if (!l || (l->expires_ms != LOOP_NEVER && l->expires_ms > loop_now_ms(core->loop)))
		return;
	err = change_end(core, index, l, item->why);
	if (err)
		answer_err(item, err);
}

static void plan_flush(struct core *core, uint32_t index)
{
	for (size_t i = 0; i < table_listed(core->table); i++) {
		struct opening *o = table_at(core->table, i);
		if (o->state != OPENING_LISTED)
			continue;
		int err = change_close(core, index, o, "everything closed by the owner");
		if (err)
			answer_err(&core->batch.items[index], err);
	}
}

void plan_item(struct core *core, uint32_t index)
{
	struct pending *item = &core->batch.items[index];
	size_t mark = core->batch.change_count;
	struct opening *o;

	item->ans = (struct map_ans){.result = MAP_OK};
	item->deferred = false;
	item->reason = NULL;
	/* The copy moved since it was pushed. */
	item->req.descr.p = item->text;
	switch (item->kind) {
	case PENDING_REQUEST:
		plan_request(core, index);
		break;
	case PENDING_EXPIRE:
		plan_expire(core, index);
		break;
	case PENDING_PROLONG:
		o = table_by_id(core->table, item->opening_id);
		if (o && change_prolong(core, index, o))
			answer(item, MAP_TROUBLE, err_text(ERR_MEMORY));
		break;
	case PENDING_FLUSH:
		plan_flush(core, index);
		break;
	}
	/* Whatever goes wrong, nothing of it stays (RFC 6887 section 7.3). */
	if (item->ans.result != MAP_OK || item->deferred)
		change_undo_to(core, mark);
}
