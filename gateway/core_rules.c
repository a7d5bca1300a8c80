/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules in force: what they say of a lease, how often they decided, and those of before, whose
 * notes a batch under way may still speak of; and whether others may take their place. Who puts
 * them is core_owner.c and core_policy.c.
 */
#include "gateway/core_int.h"

#include "protocols/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct rule *core_rules(const struct core *core, size_t *count)
{
	*count = core->rule_count;
	return core->rules;
}

static size_t place_of(const struct core *core, uint32_t id)
{
	size_t i = 0;

	while (i < core->rule_count && core->rules[i].id != id)
		i++;
	return i;
}

struct core_rule_use core_rule_use(const struct core *core, uint32_t rule_id)
{
	size_t i = place_of(core, rule_id);

	return i < core->rule_count ? core->rule_block->use[i] : (struct core_rule_use){0};
}

void rules_count_use(struct core *core, uint32_t rule_id)
{
	size_t i = rule_id ? place_of(core, rule_id) : core->rule_count;

	if (i == core->rule_count)
		return;
	core->rule_block->use[i].count++;
	core->rule_block->use[i].last_wall_s = store_wall_s(core);
}

/* ---- such as may be put in force ---- */

static int blame(struct core_fault *fault, size_t place, const char *why)
{
	struct core_fault f;

	snprintf(f.place, sizeof(f.place), "rules[%zu]", place);
	snprintf(f.why, sizeof(f.why), "%s", why);
	*fault = f;
	return ERR_RANGE;
}

struct rule *rules_numbered(const struct core *core, const struct rule *rules, size_t count)
{
	struct rule *copy = calloc(count + 1, sizeof(*copy));
	uint32_t next = core->next_rule_id;

	if (!copy)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (rules[i].id >= next && rules[i].id < UINT32_MAX)
			next = rules[i].id + 1;
	}
	for (size_t i = 0; i < count; i++) {
		copy[i] = rules[i];
		copy[i].position = (uint32_t)i + 1;
		if (copy[i].id == 0)
			copy[i].id = next++;
	}
	return copy;
}

static int check(const struct core *core, const struct rule *rules, size_t count,
	struct core_fault *fault)
{
	size_t place = 0;
	const char *why = rule_fault_of_all(rules, count, &place);

	if (why)
		return blame(fault, place, why);
	for (size_t i = 0; i < count; i++) {
		if (rules[i].device_id != 0 && !devices_by_id(core->devices, rules[i].device_id))
			return blame(fault, i, "there is no such device");
	}
	return 0;
}

int rules_checked(const struct core *core, const struct rule *rules, size_t count,
	struct core_fault *fault, struct rule **out)
{
	struct rule *copy;
	int err;

	if (count > RULES_MAX)
		return blame(fault, RULES_MAX, "there are more rules than there may be");
	copy = rules_numbered(core, rules, count);
	if (!copy)
		return ERR_MEMORY;
	err = check(core, copy, count, fault);
	if (err)
		free(copy);
	else
		*out = copy;
	return err;
}

/* ---- those in force, and those of before ---- */

void rules_drop(struct rule_block *b)
{
	if (!b)
		return;
	free(b->use);
	free(b->time);
	free(b);
}

struct rule_block *rules_new(const struct core *core, const struct rule *rules, size_t count)
{
	struct rule_block *b = calloc(1, sizeof(*b) + count * sizeof(*rules));

	if (!b)
		return NULL;
	b->count = count;
	b->use = calloc(count + 1, sizeof(*b->use));
	b->time = calloc(count + 1, sizeof(*b->time));
	if (!b->use || !b->time) {
		rules_drop(b);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		b->at[i] = rules[i];
		b->use[i] = core_rule_use(core, rules[i].id);
		b->time[i] = rules_time_of(core, &rules[i]);
	}
	return b;
}

/* A device that a rule speaks of is not forgotten for a crowd's sake. */
void rules_count_devices(struct core *core)
{
	for (size_t i = 0; i < devices_count(core->devices); i++)
		devices_at(core->devices, i)->rules = 0;
	for (size_t i = 0; i < core->rule_count; i++) {
		struct device *d = devices_by_id(core->devices, core->rules[i].device_id);
		if (d)
			d->rules++;
	}
}

struct rule_block *rules_swap(struct core *core, struct rule_block *b)
{
	struct rule_block *old = core->rule_block;

	core->rule_block = b;
	core->rules = b->at;
	core->rule_count = b->count;
	return old;
}

void rules_use(struct core *core, struct rule_block *b)
{
	struct rule_block *old = rules_swap(core, b);

	if (old) {
		old->next = core->old_rules;
		core->old_rules = old;
	}
	rules_count_devices(core);
	for (size_t i = 0; i < b->count; i++) {
		if (b->at[i].id >= core->next_rule_id && b->at[i].id < UINT32_MAX)
			core->next_rule_id = b->at[i].id + 1;
	}
}

void rules_free_old(struct core *core)
{
	while (core->old_rules) {
		struct rule_block *b = core->old_rules;
		core->old_rules = b->next;
		rules_drop(b);
	}
}

void rules_free(struct core *core)
{
	rules_free_old(core);
	rules_drop(core->rule_block);
	core->rule_block = NULL;
	core->rules = NULL;
	core->rule_count = 0;
}

/* ---- time ---- */

void rules_time(const struct core *core, struct decide_facts *facts)
{
	facts->time_known = core->wall_synced;
	facts->wall_s = store_wall_s(core);
	facts->minute_of_week = core->env.minute_of_week
					? core->env.minute_of_week(core->env.arg, facts->wall_s)
					: 0;
}

bool rules_timed(const struct rule *r)
{
	return r->enabled && (r->until_wall_s != 0 || !schedule_is_always(&r->when));
}

/* Whatever it says another time, openings are to be decided anew. */
uint8_t rules_time_of(const struct core *core, const struct rule *r)
{
	struct decide_facts now;

	if (!rules_timed(r))
		return 0;
	rules_time(core, &now);
	if (!now.time_known)
		return 1;
	if (r->until_wall_s != 0 && now.wall_s >= r->until_wall_s)
		return 2;
	return schedule_holds(&r->when, now.minute_of_week) ? 3 : 4;
}

/* ---- what they say of what is open ---- */

struct judging rules_in_force(const struct core *core)
{
	return (struct judging){
		.rules = core->rules,
		.rule_count = core->rule_count,
		.attended = core->state.attended,
	};
}

static enum rule_zone zone_of(const struct core *core, const struct judging *by, uint32_t id)
{
	const struct device *d = devices_by_id(core->devices, id);

	for (size_t i = 0; i < by->device_count; i++) {
		if (by->devices[i].id == id)
			return (enum rule_zone)by->devices[i].zone;
	}
	return d ? (enum rule_zone)d->row.zone : RULE_ZONE_NEW;
}

static bool is_phone(const struct core *core, const struct judging *by, uint32_t id)
{
	const struct device *d = devices_by_id(core->devices, id);

	for (size_t i = 0; i < by->device_count; i++) {
		if (by->devices[i].id == id)
			return device_is_phone(&by->devices[i]);
	}
	return d && device_is_phone(&d->row);
}

/* As it was asked; of an outbound flow any source port is as good as another. */
static uint16_t external_of(const struct opening *o)
{
	return o->outbound && o->external.port >= 1024 ? 0 : o->external.port;
}

static struct decision decide_lease(const struct core *core, const struct judging *by,
	const struct lease *l)
{
	const struct opening *o = l->opening;
	struct decide_facts facts = {
		.zone = zone_of(core, by, l->device_id),
		.device_id = l->device_id,
		.origin = l->origin,
		.proto = o->proto,
		.external_port = external_of(o),
		.internal_port = o->internal.port,
		.own_address = l->device_id == o->device_id,
		.third_party = l->device_id != o->device_id,
		.somebody_answers = by->attended,
		.remote = &o->remote,
		.descr = str_from(l->descr),
	};
	struct decision d;

	rules_time(core, &facts);
	decide(by->rules, by->rule_count, &facts, &d);
	return d;
}

bool rules_allow(const struct core *core, const struct lease *l)
{
	struct judging by = rules_in_force(core);

	return decide_lease(core, &by, l).result == MAP_OK;
}

bool rules_deny(const struct core *core, const struct judging *by, const struct lease *l,
	const char **why)
{
	struct decision d;

	/* What the owner's hand made apps' rules do not end. */
	if (l->origin == MAP_ORIGIN_OWNER)
		return false;
	if (l->origin == MAP_ORIGIN_SIP && !is_phone(core, by, l->device_id)) {
		*why = "this device is no phone any more";
		return true;
	}
	d = decide_lease(core, by, l);
	if (d.result != MAP_DENIED)
		return false;
	*why = d.why;
	return true;
}
