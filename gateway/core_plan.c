/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request on the table: who asks, what it finds, whether policy lets it, which port it gets.
 * The outcome is an answer and changes to the table (core_change.c); the firewall comes later. And
 * all of a batch, in the order they were asked.
 */
#include "gateway/core_peer.h"
#include "gateway/core_unit.h"

#include "protocols/err.h"

#include <assert.h>
#include <string.h>

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

	if (o->hand_id != 0) {
		ask_answer(a->item, MAP_RESERVED, "the owner opened this port by hand");
		return;
	}
	if (o->device_id != a->device->row.id || o->call) {
		ask_answer(a->item, MAP_TAKEN, map_result_text(MAP_TAKEN));
		return;
	}
	if (same_end && o->disabled == a->req->disabled) {
		unit_renew(a, o);
		return;
	}
	if (!only_lease_is(o, a->req->origin)) {
		ask_answer(a->item, MAP_TAKEN, "another protocol holds this port");
		return;
	}
	if (!ask_decide(a, o->external.port))
		return;
	int err = change_close(a->core, a->index, o, "replaced by its owner");
	if (err)
		ask_answer_err(a->item, err);
	else
		unit_open(a);
}

static bool is_alike(const struct opening *o, const struct map_req *req)
{
	return !o->outbound && o->hand_id == 0 && o->call == (req->origin == MAP_ORIGIN_SIP) &&
	       o->disabled == req->disabled &&
	       o->remote_port == req->remote_port && prefix_eq(&o->remote, &req->remote);
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

/* PCP and NAT-PMP know an administrator's mapping of the endpoint itself (RFC 6887 section 11.3,
 * RFC 6886 section 3.4). */
static struct opening *find_static(const struct asking *a)
{
	struct opening *o = table_first_internal(a->core->table, a->req->proto, &a->req->internal);

	if (a->req->key != MAP_KEY_INTERNAL || !prefix_is_any(&a->req->remote) ||
		(a->req->origin != MAP_ORIGIN_PCP && a->req->origin != MAP_ORIGIN_NATPMP))
		return NULL;
	while (o && (o->outbound || o->hand_id == 0 || !prefix_is_any(&o->remote)))
		o = table_next_internal(o);
	return o;
}

static void tell_static(struct asking *a, const struct opening *o)
{
	if (a->req->exact && opening_is4(o) && a->req->external.port != o->external.port)
		ask_answer(a->item, MAP_TAKEN, "the owner opened it by another port");
	else
		ask_granted(a, o, UINT32_MAX);
}

/* A pinhole is its endpoint: there is no second one beside the owner's, or a call's. */
static const struct opening *find_pinhole(const struct asking *a)
{
	const struct opening *o = table_by_internal(a->core->table, a->req->proto,
		&a->req->internal, &a->req->remote, a->req->remote_port);

	if (!o || opening_is4(o))
		return NULL;
	return o->hand_id != 0 || o->call != (a->req->origin == MAP_ORIGIN_SIP) ? o : NULL;
}

static void tell_pinhole(struct asking *a, const struct opening *o)
{
	if (o->hand_id != 0)
		ask_answer(a->item, MAP_RESERVED, "the owner opened this port by hand");
	else
		ask_answer(a->item, MAP_TAKEN, o->call ? "a call of this phone has this port"
						       : "an app has this port open");
}

static void open_by_key(struct asking *a)
{
	const struct map_req *req = a->req;
	struct opening *o, *by_hand;
	const struct opening *pinhole;

	if (req->key == MAP_KEY_EXTERNAL && req->exact) {
		o = table_by_external(a->core->table, req->proto, req->external.port, &req->remote);
		if (o)
			overwrite(a, o);
		else
			unit_open(a);
		return;
	}
	o = find_endpoint(a);
	by_hand = find_static(a);
	pinhole = find_pinhole(a);
	if (o)
		unit_renew(a, o);
	else if (by_hand)
		tell_static(a, by_hand);
	else if (pinhole)
		tell_pinhole(a, pinhole);
	else
		unit_open(a);
}

static void plan_open(struct asking *a)
{
	if (ask_begin(a))
		open_by_key(a);
}

/* Ends this front door's lease, or with the owner's hand the opening. */
static void end_on(struct asking *a, struct opening *o)
{
	struct lease *l = o ? opening_lease(o, a->req->origin) : NULL;
	int err;

	a->item->ans = (struct map_ans){.result = MAP_OK, .id = o ? o->id : 0};
	if (!o && find_static(a)) {
		ask_answer(a->item, MAP_NOT_OWNER, "the owner opened this port by hand");
		return;
	}
	if (!o || (!l && a->req->key == MAP_KEY_INTERNAL)) {
		ask_answer(a->item, MAP_NOT_FOUND, map_result_text(MAP_NOT_FOUND));
		return;
	}
	if (a->req->origin == MAP_ORIGIN_OWNER) {
		err = unit_end(a, o, "closed by the owner");
	} else if (!l || l->device_id != a->device->row.id) {
		ask_answer(a->item, MAP_NOT_OWNER, map_result_text(MAP_NOT_OWNER));
		return;
	} else if (!ask_nonce(a, l)) {
		return;
	} else {
		err = unit_end(a, o, "closed by the app");
	}
	if (err)
		ask_answer_err(a->item, err);
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
		while (o && (o->outbound || !opening_lease(o, req->origin)))
			o = table_next_internal(o);
		break;
	}
	return o;
}

/* RFC 6886 section 3.4 by address, WANIPConnection:2 DeletePortMappingRange by external port. */
static bool is_meant(const struct map_req *req, const struct opening *o)
{
	if (o->proto != req->proto)
		return false;
	if (req->op == MAP_OP_CLOSE_ALL)
		return addr_eq(&o->internal.addr, &req->internal.addr);
	return opening_is4(o) && o->external.port >= req->external.port &&
	       o->external.port <= req->last_port;
}

/* All of the client's leases that are meant, and only its own. */
static void plan_close_all(struct asking *a)
{
	struct opening *next, *o = table_first_device(a->core->table, a->device->row.id);
	bool found = a->req->op == MAP_OP_CLOSE_ALL;

	for (; o; o = next) {
		struct lease *l = opening_lease(o, a->req->origin);
		next = table_next_device(o);
		if (!l || o->outbound || !is_meant(a->req, o))
			continue;
		int err = change_end(a->core, a->index, l, "closed by the app, with others");
		if (err) {
			ask_answer_err(a->item, err);
			return;
		}
		found = true;
	}
	if (!found)
		ask_answer(a->item, MAP_NOT_FOUND, map_result_text(MAP_NOT_FOUND));
}

static void plan_renew(struct asking *a)
{
	struct opening *o = find_named(a);
	struct lease *l = o ? opening_lease(o, a->req->origin) : NULL;
	struct map_req whole;

	if (!o) {
		ask_answer(a->item, MAP_NOT_FOUND, map_result_text(MAP_NOT_FOUND));
		return;
	}
	if (!l || l->device_id != a->device->row.id) {
		ask_answer(a->item, MAP_NOT_OWNER, map_result_text(MAP_NOT_OWNER));
		return;
	}
	whole = *a->req;
	whole.proto = o->proto;
	whole.internal = o->internal;
	whole.descr = str_from(l->descr);
	a->req = &whole;
	if (ask_begin(a))
		unit_renew(a, o);
}

static void plan_request(struct core *core, uint32_t index)
{
	struct pending *item = &core->batch.items[index];
	struct asking a = {.core = core, .index = index, .item = item, .req = &item->req};

	if (item->barred) {
		ask_answer(item, MAP_TROUBLE, core->batch.skip_firewall
				? "the firewall cannot be changed now" : "the firewall refused it");
		return;
	}
	/* The owner's hand closes by id; it asks for no opening of its own. */
	assert(item->req.origin != MAP_ORIGIN_OWNER || item->req.op == MAP_OP_CLOSE);
	if (item->req.origin != MAP_ORIGIN_OWNER) {
		a.device = ask_device(&a, &item->req.client, &a.unknown);
		if (!a.device) {
			ask_answer(item, MAP_TROUBLE, "too many devices, or not known who asks");
			return;
		}
		a.target = a.device;
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
	case MAP_OP_CLOSE_RANGE:
		plan_close_all(&a);
		break;
	case MAP_OP_PEER:
		peer_plan(&a);
		break;
	case MAP_OP_PEER_CLOSE:
		end_on(&a, peer_find(&a));
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
		ask_answer_err(item, err);
}

static void plan_flush(struct core *core, uint32_t index)
{
	for (size_t i = 0; i < table_listed(core->table); i++) {
		struct opening *o = table_at(core->table, i);
		if (o->state != OPENING_LISTED)
			continue;
		int err = change_close(core, index, o, "everything closed by the owner");
		if (err)
			ask_answer_err(&core->batch.items[index], err);
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
		if (o && !item->barred && change_prolong(core, index, o))
			ask_answer(item, MAP_TROUBLE, err_text(ERR_MEMORY));
		break;
	case PENDING_FLUSH:
		plan_flush(core, index);
		break;
	case PENDING_PLAN:
		item->plan(core, index);
		break;
	}
	/* Whatever goes wrong, nothing of it stays (RFC 6887 section 7.3). */
	if (item->ans.result != MAP_OK || item->deferred)
		change_undo_to(core, mark);
}

/* Whose order an item keeps: its client's device's, or that of the owner and the house. It is the
 * latest planning that deferred something of theirs. */
static uint64_t *deferred_of(struct core *core, const struct pending *item, uint64_t *house)
{
	struct device *d = NULL;

	if (item->kind == PENDING_REQUEST && item->req.origin != MAP_ORIGIN_OWNER)
		d = who_device(core, &item->req.client);
	return d ? &d->deferred_in : house;
}

/* Whoever has something deferred has all that it asked for after that deferred as well, or what was
 * asked for last would not be done last. Nothing can defer the first: a batch does one at least. */
void plan_all(struct core *core)
{
	struct batch *b = &core->batch;
	uint64_t house = 0;

	b->planning++;
	b->deferred = 0;
	for (uint32_t i = 0; i < b->item_count; i++) {
		struct pending *item = &b->items[i];
		item->deferred = b->deferred > 0 &&
				 *deferred_of(core, item, &house) == b->planning;
		if (!item->deferred)
			plan_item(core, i);
		if (!item->deferred)
			continue;
		*deferred_of(core, item, &house) = b->planning;
		b->deferred++;
	}
}
