/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner closes an app's opening, and for a minute may take that back: what was open is kept
 * aside, with what was left of its leases.
 */
#include "gateway/core_ask.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define KEPT 32			/* closings that can be taken back at a time */
#define DAY_S 86400

struct closed {
	struct closed *next;
	uint32_t rule_id;		/* that came with it; 0: none */
	uint64_t until_ms;		/* it can be taken back */
	struct opening was;		/* its pointers mean nothing any more */
	struct map_filters filters;
	struct lease leases[MAP_ORIGINS];
	size_t lease_count;
};

/* ---- what is kept aside ---- */

static void drop_from(struct closed **p)
{
	while (*p) {
		struct closed *c = *p;
		*p = c->next;
		free(c);
	}
}

static void keep(struct core *core, struct closed *c)
{
	struct closed **p = &core->closed;

	c->next = core->closed;
	c->until_ms = loop_now_ms(core->loop) + CORE_UNDO_S * 1000ULL;
	core->closed = c;
	for (size_t i = 0; *p && i < KEPT; i++)
		p = &(*p)->next;
	drop_from(p);
}

static struct closed **find(struct core *core, uint32_t id)
{
	struct closed **p = &core->closed;

	while (*p && ((*p)->was.id != id || (*p)->until_ms < loop_now_ms(core->loop)))
		p = &(*p)->next;
	return p;
}

static struct closed *copy_of(const struct opening *o)
{
	struct closed *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->was = *o;
	if (o->filters)
		c->filters = *o->filters;
	for (const struct lease *l = o->leases; l && c->lease_count < MAP_ORIGINS; l = l->next)
		c->leases[c->lease_count++] = *l;
	return c;
}

void closed_free(struct core *core)
{
	drop_from(&core->closed);
}

/* ---- closing ---- */

static void plan_close(struct core *core, uint32_t index)
{
	struct pending *item = &core->batch.items[index];
	struct opening *o = table_by_id(core->table, item->opening_id);
	int err = o ? change_close(core, index, o, "closed by the owner") : 0;

	if (err)
		ask_answer_err(item, err);
}

/* Whoever holds it is refused this port of the device, whatever external one it asks for. */
static struct rule rule_against(const struct core *core, const struct closed *c,
	enum core_close how)
{
	const struct opening *o = &c->was;
	struct rule r;

	rule_init(&r);
	r.verdict = RULE_DENY;
	r.maker = RULE_BY_CLOSE;
	r.device_id = c->lease_count > 0 ? c->leases[0].device_id : o->device_id;
	r.proto = o->proto;
	r.internal_min = r.internal_max = o->internal.port;
	/* Other rules do not speak of calls. */
	if (o->call)
		r.origins = 1u << MAP_ORIGIN_SIP;
	if (how == CORE_CLOSE_DAY)
		r.until_wall_s = store_wall_s(core) + DAY_S;
	memcpy(r.note, "closed by the owner", sizeof("closed by the owner"));
	return r;
}

static int put_rule(struct core *core, struct policy_change *change, struct closed *c,
	enum core_close how)
{
	struct rule r = rule_against(core, c, how);
	uint32_t first_id = core->next_rule_id;
	struct rule *rules = policy_with_rules(core, &r, 1, &change->rule_count);

	if (!rules)
		return ERR_FULL;
	change->rules = rules;
	change->detail = detail_of_rules(core, rules, change->rule_count);
	for (size_t i = 0; i < change->rule_count; i++) {
		if (rules[i].maker == RULE_BY_CLOSE && rules[i].id >= first_id)
			c->rule_id = rules[i].id;
	}
	return 0;
}

/* The part that is stored; the other one is the batch's. */
static int put_change(struct core *core, struct policy_change *change, struct acting *acting,
	const struct core_act *act)
{
	const struct core_act part = act_part(acting, act);
	int err = policy_change_put(core, change, &part);

	free((void *)change->rules);
	return err;
}

static void push(struct core *core, struct pending *item, struct acting *acting)
{
	item->done = act_part_done;
	item->arg = acting;
	if (batch_push(core, item))
		act_part_done(acting, ERR_MEMORY);
}

int core_close(struct core *core, uint32_t id, enum core_close how, const struct core_act *act)
{
	static const char *const whys[] = {
		[CORE_CLOSE_NOW] = "an opening was closed",
		[CORE_CLOSE_DAY] = "an opening was closed for a day",
		[CORE_CLOSE_GOOD] = "an opening was closed for good",
	};
	struct pending item = {.kind = PENDING_PLAN, .plan = plan_close, .opening_id = id};
	const struct opening *o = core_opening_by_id(core, id);
	struct policy_change change = policy_change_of(core, "close", whys[how]);
	struct acting *acting;
	struct closed *c;
	int err = 0;

	if (!o)
		return ERR_NOT_FOUND;
	if (o->hand_id != 0)
		return ERR_DENIED;
	if (how == CORE_CLOSE_DAY && !core->wall_synced)
		return ERR_AGAIN;
	change.device_id = o->device_id;
	c = copy_of(o);
	acting = act_begin(act);
	if (!c || !acting)
		err = ERR_MEMORY;
	if (!err && how != CORE_CLOSE_NOW)
		err = put_rule(core, &change, c, how);
	if (!err)
		err = put_change(core, &change, acting, act);
	if (err) {
		act_cancel(acting);
		free(c);
		return err;
	}
	keep(core, c);
	push(core, &item, acting);
	return 0;
}

/* ---- and back ---- */

static bool is_over(const struct core *core, const struct lease *l)
{
	return l->expires_ms != LOOP_NEVER && l->expires_ms <= loop_now_ms(core->loop);
}

static struct lease_plan lease_of(const struct closed *c, const struct lease *l)
{
	return (struct lease_plan){
		.origin = l->origin,
		.device_id = l->device_id,
		.client = l->client,
		.has_nonce = l->has_nonce,
		.nonce = l->nonce,
		.granted_s = l->granted_s,
		.until_ms = l->expires_ms == LOOP_NEVER ? 0 : l->expires_ms,
		.descr = str_from(l->descr),
		.filters = c->filters,
	};
}

static struct opening_plan plan_of(const struct core *core, const struct opening *was)
{
	return (struct opening_plan){
		.device_id = was->device_id,
		.proto = was->proto,
		.external = was->external,
		.internal = was->internal,
		.remote = was->remote,
		.remote_port = was->remote_port,
		.disabled = was->disabled,
		.outbound = was->outbound,
		.suspended = was->suspended,
		.id = table_by_id(core->table, was->id) ? 0 : was->id,
		.created_wall_s = was->created_wall_s,
		.rule_id = was->rule_id,
		.why = "the owner took the closing back",
	};
}

/* Its port may be another's by now. */
static bool is_free(const struct core *core, const struct closed *c)
{
	const struct opening *o = table_first_port(core->table, c->was.external.port);

	for (; o && opening_is4(&c->was); o = table_next_port(o, c->was.external.port)) {
		if (o->device_id != c->was.device_id || o->hand_id != 0)
			return false;
	}
	return !table_rival(core->table, &c->was);
}

static int open_again(struct core *core, uint32_t index, const struct closed *c)
{
	struct opening_plan op = plan_of(core, &c->was);
	struct opening *o = NULL;
	int err = 0;

	for (size_t i = 0; i < c->lease_count && !err; i++) {
		struct lease_plan lp = lease_of(c, &c->leases[i]);
		if (is_over(core, &c->leases[i]))
			continue;
		if (!o)
			err = change_open(core, index, &op, &lp, &o);
		else
			err = change_lease(core, index, o, &lp, op.why);
	}
	return err;
}

/* What the policy does not let live the owner's "take it back" does not, either. */
static bool is_denied(const struct core *core, struct closed *c)
{
	struct judging by = rules_in_force(core);
	const char *why;

	for (size_t i = 0; i < c->lease_count; i++) {
		c->leases[i].opening = &c->was;
		if (rules_deny(core, &by, &c->leases[i], &why))
			return true;
	}
	return false;
}

struct reopening {
	struct core *core;
	struct acting *acting;
	struct closed *closed;
	bool taken;
};

static void plan_undo(struct core *core, uint32_t index)
{
	struct pending *item = &core->batch.items[index];
	struct reopening *r = item->arg;
	int err = 0;

	r->taken = !is_free(core, r->closed) || is_denied(core, r->closed);
	if (item->barred)
		err = ERR_DENIED;
	else if (!devices_by_id(core->devices, r->closed->was.device_id))
		err = ERR_NOT_FOUND;
	else if (r->taken)
		err = ERR_EXISTS;
	else
		err = open_again(core, index, r->closed);
	if (err)
		ask_answer_err(item, err);
}

static void on_reopened(void *arg, int err)
{
	struct reopening *r = arg;
	struct device *d = devices_by_id(r->core->devices, r->closed->was.device_id);

	/* It may have moved meanwhile. */
	if (d && !err)
		d->moved = true;
	if (d && !err)
		home_look(r->core, d);
	act_part_done(r->acting, err && r->taken ? ERR_EXISTS : err);
	free(r->closed);
	free(r);
}

/* All rules but the one that came with the closing, if it is still there. */
static int without_rule(const struct core *core, struct policy_change *change, uint32_t id)
{
	struct rule *rules = calloc(core->rule_count + 1, sizeof(*rules));
	size_t n = 0;

	if (!rules)
		return ERR_MEMORY;
	for (size_t i = 0; i < core->rule_count; i++) {
		if (core->rules[i].id != id)
			rules[n++] = core->rules[i];
	}
	change->rules = rules;
	change->rule_count = n;
	change->detail = detail_of_rules(core, rules, n);
	return 0;
}

int core_undo(struct core *core, uint32_t id, const struct core_act *act)
{
	struct policy_change change = policy_change_of(core, "undo", "a closing was taken back");
	struct pending item = {.kind = PENDING_PLAN, .plan = plan_undo, .done = on_reopened};
	struct closed **p = find(core, id), *c = *p;
	struct reopening *r;
	int err = 0;

	if (!c || !devices_by_id(core->devices, c->was.device_id))
		return ERR_NOT_FOUND;
	r = calloc(1, sizeof(*r));
	change.device_id = c->was.device_id;
	if (r)
		*r = (struct reopening){core, act_begin(act), c, false};
	if (!r || !r->acting)
		err = ERR_MEMORY;
	if (!err && c->rule_id != 0)
		err = without_rule(core, &change, c->rule_id);
	if (!err)
		err = put_change(core, &change, r->acting, act);
	if (err) {
		act_cancel(r ? r->acting : NULL);
		free(r);
		return err;
	}
	*p = c->next;
	item.arg = r;
	if (batch_push(core, &item))
		on_reopened(r, ERR_MEMORY);
	return 0;
}
