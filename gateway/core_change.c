/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to the table, as a list: each is made at once, so that the next request of the batch is
 * decided on it, and is undone when the firewall refuses or committed when it is in force. Undo
 * goes backwards through the list. Nothing here asks who may.
 */
#include "gateway/core_int.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define CHANGES_FIRST 64

static struct change *add(struct core *core, const struct change *change)
{
	struct batch *b = &core->batch;

	if (b->change_count == b->change_size) {
		size_t size = b->change_size ? b->change_size * 2 : CHANGES_FIRST;
		struct change *bigger = realloc(b->changes, size * sizeof(*bigger));
		if (!bigger)
			return NULL;
		b->changes = bigger;
		b->change_size = size;
	}
	b->changes[b->change_count] = *change;
	return &b->changes[b->change_count++];
}

uint64_t change_until_ms(const struct opening *o)
{
	uint64_t until = 0;

	for (const struct lease *l = o->leases; l; l = l->next) {
		if (l->expires_ms > until)
			until = l->expires_ms;
	}
	return until;
}

static void fill_lease(struct core *core, struct lease *l, const struct lease_plan *lp)
{
	uint64_t now = loop_now_ms(core->loop);
	struct str descr = str_cut_utf8(lp->descr, MAP_DESCR_MAX);

	l->origin = lp->origin;
	l->device_id = lp->device_id;
	l->client = lp->client;
	l->has_nonce = lp->has_nonce;
	if (lp->has_nonce)
		memcpy(l->nonce, lp->nonce, MAP_NONCE_LEN);
	l->granted_s = lp->granted_s;
	l->restored_wall_s = 0;
	l->expires_ms = lp->granted_s == MAP_LIFETIME_ENDLESS ? LOOP_NEVER
							      : now + lp->granted_s * 1000ULL;
	if (lp->until_ms != 0)
		l->expires_ms = lp->until_ms;
	/* Renewed by id, it is the lease's own text. */
	if (descr.len > 0)
		memmove(l->descr, descr.p, descr.len);
	l->descr[descr.len] = '\0';
}

static struct lease *new_lease(struct core *core, struct opening *o, const struct lease_plan *lp)
{
	struct lease *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->opening = o;
	l->timer = (struct loop_timer){.fn = core->lease_due, .arg = l, .due_ms = LOOP_NEVER};
	fill_lease(core, l, lp);
	return l;
}

static void attach(struct opening *o, struct lease *l)
{
	l->next = o->leases;
	o->leases = l;
}

static void detach(struct opening *o, struct lease *l)
{
	struct lease **p = &o->leases;

	while (*p != l)
		p = &(*p)->next;
	*p = l->next;
}

void change_count_filters(struct core *core, const struct opening *o, uint32_t more)
{
	struct device *d = devices_by_id(core->devices, o->device_id);

	*(o->call ? &core->sip_filters : &core->filters) += more;
	if (d)
		*(o->call ? &d->call_filters : &d->filters) += more;
}

static uint32_t count_of(const struct map_filters *filters)
{
	return filters ? filters->count : 0;
}

static enum device_share share_of(const struct opening *o)
{
	if (o->call)
		return DEVICE_CALLS;
	return o->hand_id != 0 ? DEVICE_BY_HAND : DEVICE_APPS;
}

static void count(struct core *core, const struct opening *o, int by)
{
	struct device *d = devices_by_id(core->devices, o->device_id);
	enum device_share share = share_of(o);

	change_count_filters(core, o, (uint32_t)by * count_of(o->filters));
	if (share != DEVICE_APPS)
		core->beside_openings += (uint32_t)by;
	if (!d)
		return;
	devices_count_openings(core->devices, d, (uint32_t)by, share);
	d->suspended += o->suspended ? (uint32_t)by : 0;
	if (share == DEVICE_APPS)
		core->zone_openings[d->row.zone] += (uint32_t)by;
}

/* The oldest opening of an endpoint leads its outbound packets; there is one at most. */
static bool may_be_pinned(const struct core *core, const struct opening *o)
{
	const struct opening *other = table_first_internal(core->table, o->proto, &o->internal);

	if (!opening_is4(o) || o->disabled || o->outbound || o->suspended)
		return false;
	for (; other; other = table_next_internal(other)) {
		if (other != o && other->pinned)
			return false;
	}
	return true;
}

void change_id_taken(struct core *core, uint32_t id)
{
	struct db_state *s = &core->state;

	if (id >= CORE_PINHOLE_IDS && id >= s->next_opening_id)
		s->next_opening_id = id + 1;
	if (id < CORE_PINHOLE_IDS)
		s->next_pinhole_id = id + 1 < CORE_PINHOLE_IDS ? id + 1 : 1;
	core->state_dirty = true;
}

/* Pinholes go round a small circle, where long-lived ones are met again. 0: all are in use. */
static uint32_t pick_id(const struct core *core, bool is4)
{
	uint32_t id = core->state.next_pinhole_id;

	if (is4)
		return core->state.next_opening_id;
	for (uint32_t tries = 1; tries < CORE_PINHOLE_IDS; tries++) {
		if (!table_by_id(core->table, id))
			return id;
		id = id + 1 < CORE_PINHOLE_IDS ? id + 1 : 1;
	}
	return 0;
}

/* A copy to keep; *out NULL: nobody is kept out. */
static int keep_filters(const struct map_filters *filters, struct map_filters **out)
{
	struct map_filters *copy = NULL;

	if (filters->count > 0) {
		copy = malloc(sizeof(*copy));
		if (!copy)
			return ERR_MEMORY;
		*copy = *filters;
	}
	*out = copy;
	return 0;
}

static struct opening *new_opening(struct core *core, const struct opening_plan *op)
{
	struct opening *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	*o = (struct opening){
		.core = core,
		.id = op->id ? op->id : pick_id(core, addr_is4(&op->internal.addr)),
		.hand_id = op->hand_id,
		.device_id = op->device_id,
		.proto = op->proto,
		.disabled = op->disabled,
		.outbound = op->outbound,
		.suspended = op->suspended,
		.external = op->external,
		.internal = op->internal,
		.remote = op->remote,
		.remote_port = op->remote_port,
		.rule_id = op->rule_id,
		.created_wall_s = op->id ? op->created_wall_s : store_wall_s(core),
	};
	if (op->first) {
		o->set_id = op->first->id;
		o->set_offset = op->set_offset;
	}
	o->pinned = may_be_pinned(core, o);
	return o;
}

int change_open(struct core *core, uint32_t item, const struct opening_plan *op,
	const struct lease_plan *lp, struct opening **out)
{
	struct opening *o = new_opening(core, op);
	struct lease *l = o && o->id != 0 ? new_lease(core, o, lp) : NULL;
	int err = l ? keep_filters(&lp->filters, &o->filters) : ERR_MEMORY;

	if (!err)
		err = table_reserve(core->table, o);
	if (err)
		goto fail;
	o->call = lp->origin == MAP_ORIGIN_SIP;
	attach(o, l);
	if (!add(core, &(struct change){.kind = CHANGE_OPEN, .opening = o, .lease = l,
			       .item = item, .why = op->why})) {
		table_remove(core->table, o);
		return ERR_MEMORY;
	}
	count(core, o, 1);
	if (op->id == 0)
		change_id_taken(core, o->id);
	*out = o;
	return 0;
fail:
	free(l);
	if (o)
		free(o->filters);
	free(o);
	return err;
}

/* The list in force and the other one change places. */
static void swap_filters(struct core *core, struct change *c)
{
	struct map_filters *other = c->filters;

	change_count_filters(core, c->opening, count_of(other) - count_of(c->opening->filters));
	c->filters = c->opening->filters;
	c->opening->filters = other;
	c->opening->reshaped = !c->opening->reshaped;
}

/* What the filters shall be, if they shall change. The firewall is told of one change a batch. */
static int plan_filters(struct opening *o, const struct map_filters *wanted, struct change *c)
{
	static const struct map_filters none;

	if (filter_eq(o->filters ? o->filters : &none, wanted))
		return 0;
	if (o->state != OPENING_LISTED || o->reshaped || o->moving)
		return ERR_BUSY;
	c->reshaped = true;
	return keep_filters(wanted, &c->filters);
}

static int renew_lease(struct core *core, struct change *c, const struct lease_plan *lp)
{
	struct change *added;
	int err = plan_filters(c->opening, &lp->filters, c);

	if (err)
		return err;
	c->saved = *c->lease;
	added = add(core, c);
	if (!added) {
		free(c->filters);
		return ERR_MEMORY;
	}
	if (added->reshaped)
		swap_filters(core, added);
	fill_lease(core, c->lease, lp);
	return 0;
}

int change_lease(struct core *core, uint32_t item, struct opening *o, const struct lease_plan *lp,
	const char *why)
{
	struct lease *l = opening_lease(o, lp->origin);
	struct change c = {.kind = CHANGE_LEASE_SET, .opening = o, .lease = l, .item = item,
		.why = why, .saved_until_ms = o->kernel_until_ms};

	if (l)
		return renew_lease(core, &c, lp);
	c.kind = CHANGE_LEASE_ADD;
	c.lease = new_lease(core, o, lp);
	if (!c.lease || !add(core, &c)) {
		free(c.lease);
		return ERR_MEMORY;
	}
	attach(o, c.lease);
	return 0;
}

/* Its sibling that leads outbound packets from now on. */
static int pin_sibling(struct core *core, uint32_t item, const struct opening *gone)
{
	struct opening *oldest = NULL;
	struct opening *o = table_first_internal(core->table, gone->proto, &gone->internal);

	if (!gone->pinned)
		return 0;
	for (; o; o = table_next_internal(o)) {
		if (!o->disabled && !o->outbound && (!oldest || o->id < oldest->id))
			oldest = o;
	}
	if (!oldest)
		return 0;
	if (!add(core, &(struct change){.kind = CHANGE_PIN, .opening = oldest, .item = item}))
		return ERR_MEMORY;
	oldest->pinned = true;
	return 0;
}

int change_close(struct core *core, uint32_t item, struct opening *o, const char *why)
{
	if (o->state != OPENING_LISTED || o->reshaped)
		return ERR_BUSY;
	if (!add(core, &(struct change){.kind = CHANGE_CLOSE, .opening = o, .item = item,
			       .why = why}))
		return ERR_MEMORY;
	table_close(core->table, o);
	count(core, o, -1);
	return pin_sibling(core, item, o);
}

static struct opening_place place_of(const struct opening *o)
{
	return (struct opening_place){o->device_id, o->internal.addr, o->suspended, o->pinned};
}

/* Leases are their device's, and news go to it, wherever it is. */
static void move_leases(struct opening *o, const struct opening_place *to)
{
	for (struct lease *l = o->leases; l; l = l->next) {
		if (l->device_id == o->device_id)
			l->device_id = to->device_id;
		if (addr_eq(&l->client, &o->internal.addr))
			l->client = to->addr;
	}
}

static void put_place(struct core *core, struct opening *o, const struct opening_place *to)
{
	count(core, o, -1);
	move_leases(o, to);
	table_move(core->table, o, to->device_id, &to->addr);
	o->suspended = to->suspended;
	o->pinned = to->pinned;
	count(core, o, 1);
}

bool change_stays(const struct change *c)
{
	const struct opening *o = c->opening;

	return addr_eq(&c->was.addr, &o->internal.addr) && c->was.suspended == o->suspended;
}

int change_move(struct core *core, uint32_t item, struct opening *o, const struct opening_move *m)
{
	struct opening_place to = m->to;
	struct change c = {.kind = CHANGE_MOVE, .opening = o, .item = item, .what = m->what,
		.why = m->why, .was = place_of(o), .saved_until_ms = o->kernel_until_ms};
	struct opening left = *o;

	if (o->state != OPENING_LISTED || o->reshaped || o->moving)
		return ERR_BUSY;
	if (!add(core, &c))
		return ERR_MEMORY;
	to.pinned = o->pinned;
	put_place(core, o, &to);
	o->moving = true;
	if (change_stays(&c))
		return 0;
	o->pinned = may_be_pinned(core, o);
	return pin_sibling(core, item, &left);
}

int change_end(struct core *core, uint32_t item, struct lease *l, const char *why)
{
	struct opening *o = l->opening;

	if (o->leases == l && !l->next)
		return change_close(core, item, o, why);
	if (!add(core, &(struct change){.kind = CHANGE_LEASE_END, .opening = o, .lease = l,
			       .item = item, .why = why, .saved_until_ms = o->kernel_until_ms}))
		return ERR_MEMORY;
	detach(o, l);
	return 0;
}

int change_prolong(struct core *core, uint32_t item, struct opening *o)
{
	struct change c = {.kind = CHANGE_PROLONG, .opening = o, .item = item,
		.saved_until_ms = o->kernel_until_ms};
	return add(core, &c) ? 0 : ERR_MEMORY;
}

static void undo_set(struct core *core, struct change *c)
{
	struct loop_timer timer = c->lease->timer;
	struct lease *next = c->lease->next;

	*c->lease = c->saved;
	c->lease->timer = timer;
	c->lease->next = next;
	if (c->reshaped)
		swap_filters(core, c);
	free(c->filters);
}

static void undo(struct core *core, struct change *c)
{
	switch (c->kind) {
	case CHANGE_OPEN:
		count(core, c->opening, -1);
		table_remove(core->table, c->opening);
		return;
	case CHANGE_LEASE_ADD:
		detach(c->opening, c->lease);
		free(c->lease);
		break;
	case CHANGE_LEASE_SET:
		undo_set(core, c);
		break;
	case CHANGE_LEASE_END:
		attach(c->opening, c->lease);
		break;
	case CHANGE_CLOSE:
		table_reopen(core->table, c->opening);
		count(core, c->opening, 1);
		return;
	case CHANGE_PIN:
		c->opening->pinned = false;
		return;
	case CHANGE_MOVE:
		put_place(core, c->opening, &c->was);
		c->opening->moving = false;
		break;
	case CHANGE_PROLONG:
		break;
	}
	c->opening->kernel_until_ms = c->saved_until_ms;
}

void change_undo_to(struct core *core, size_t mark)
{
	struct batch *b = &core->batch;

	while (b->change_count > mark)
		undo(core, &b->changes[--b->change_count]);
}

/* The freed port is not given to another device for a while. */
static void hold_port(struct core *core, const struct opening *o)
{
	if (!opening_is4(o))
		return;
	core->held[o->external.port] = (struct hold){
		.device_id = o->device_id,
		.until_ms = loop_now_ms(core->loop) + CORE_HOLD_MS,
	};
}

static void commit_close(struct core *core, struct opening *o)
{
	hold_port(core, o);
	for (struct lease *l = o->leases; l; l = l->next)
		loop_timer_stop(core->loop, &l->timer);
	core_tell(core, CORE_NEWS_CLOSED, o);
	table_remove(core->table, o);
}

static void commit(struct core *core, struct change *c)
{
	switch (c->kind) {
	case CHANGE_OPEN:
		table_commit(core->table, c->opening);
		loop_timer_set(core->loop, &c->lease->timer, c->lease->expires_ms);
		core_tell(core, CORE_NEWS_OPENED, c->opening);
		break;
	case CHANGE_LEASE_ADD:
	case CHANGE_LEASE_SET:
		free(c->filters);
		c->opening->reshaped = false;
		loop_timer_set(core->loop, &c->lease->timer, c->lease->expires_ms);
		core_tell(core, CORE_NEWS_CHANGED, c->opening);
		break;
	case CHANGE_LEASE_END:
		loop_timer_stop(core->loop, &c->lease->timer);
		free(c->lease);
		core_tell(core, CORE_NEWS_CHANGED, c->opening);
		break;
	case CHANGE_CLOSE:
		commit_close(core, c->opening);
		break;
	case CHANGE_MOVE:
		c->opening->moving = false;
		core_tell(core, CORE_NEWS_CHANGED, c->opening);
		break;
	case CHANGE_PIN:
	case CHANGE_PROLONG:
		break;
	}
}

void change_commit_all(struct core *core)
{
	struct batch *b = &core->batch;

	for (size_t i = 0; i < b->change_count; i++)
		commit(core, &b->changes[i]);
	if (b->change_count > 0)
		core->update_id++;
	b->change_count = 0;
}

int change_restore(struct core *core, struct opening *o)
{
	const struct device_host host = who_host(core, &o->internal.addr);
	int err;

	/* Its device's row may have been lost with the store's last write; its id must not become
	 * another device's. */
	if (!devices_adopt(core->devices, o->device_id, &host))
		return ERR_MEMORY;
	err = table_reserve(core->table, o);
	if (err)
		return err;
	table_commit(core->table, o);
	count(core, o, 1);
	return 0;
}

void change_forget(struct core *core, struct opening *o)
{
	for (struct lease *l = o->leases; l; l = l->next)
		loop_timer_stop(core->loop, &l->timer);
	count(core, o, -1);
	table_remove(core->table, o);
}

static bool is_oldest(const struct core *core, const struct opening *o)
{
	const struct opening *x = table_first_internal(core->table, o->proto, &o->internal);

	while (x && (x->disabled || x->outbound || x->id >= o->id))
		x = table_next_internal(x);
	return x == NULL;
}

void change_pin_oldest(struct core *core)
{
	for (size_t i = 0; i < table_listed4(core->table); i++) {
		struct opening *o = table_at4(core->table, i);
		o->pinned = !o->disabled && !o->suspended && is_oldest(core, o);
	}
}

int change_restore_lease(struct core *core, struct opening *o, const struct lease *like)
{
	struct lease *l = calloc(1, sizeof(*l));

	if (!l)
		return ERR_MEMORY;
	*l = *like;
	l->opening = o;
	l->timer = (struct loop_timer){.fn = core->lease_due, .arg = l, .due_ms = LOOP_NEVER};
	attach(o, l);
	/* Only its lease tells that it is a call's. */
	count(core, o, -1);
	o->call = l->origin == MAP_ORIGIN_SIP;
	count(core, o, 1);
	loop_timer_set(core->loop, &l->timer, l->expires_ms);
	return 0;
}
