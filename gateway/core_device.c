/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner's word for devices: what they are called, how far they are trusted, that two are one,
 * that one is to be forgotten. The record has their numbers only, never a name or a MAC, so that
 * forgetting one leaves its chain as it is.
 */
#include "gateway/core_ask.h"
#include "gateway/core_sip_int.h"
#include "gateway/policy_json.h"

#include "protocols/err.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t core_device_addrs(const struct core *core, uint32_t id, struct core_device_addr *out,
	size_t max)
{
	const struct device *d = devices_by_id(core->devices, id);
	size_t n = 0;

	for (const struct device_addr *a = d ? d->addrs : NULL; a && n < max; a = a->next) {
		out[n++] = (struct core_device_addr){
			a->addr, a->ifindex, a->state == DEVICE_ADDR_HERE};
	}
	return n;
}

uint32_t core_device_openings(const struct core *core, uint32_t id)
{
	const struct device *d = devices_by_id(core->devices, id);

	return d ? d->openings : 0;
}

/* ---- name, zone, phone, callers ---- */

static int blame(struct core_fault *fault, const char *place, const char *why)
{
	struct core_fault f = {0};

	snprintf(f.place, sizeof(f.place), "%s", place);
	snprintf(f.why, sizeof(f.why), "%s", why);
	*fault = f;
	return ERR_RANGE;
}

static int check(const struct device *d, const struct core_device_change *c,
	struct core_fault *fault)
{
	const char *why;

	if (c->name && (strlen(c->name) > DB_NAME_MAX || !str_is_plain(str_from(c->name))))
		return blame(fault, "name", "a name is up to 64 bytes of plain text");
	if (c->zone >= RULE_ZONES)
		return blame(fault, "zone", "there is no such zone");
	if (c->zone >= 0 && (c->zone == RULE_ZONE_GUEST) != d->row.guest)
		return blame(fault, "zone", "whether it is a guest is its LAN's to say");
	why = c->callers ? device_callers_fault(c->callers) : NULL;
	return why ? blame(fault, "callers", why) : 0;
}

static struct db_device changed(const struct device *d, const struct core_device_change *c)
{
	struct db_device row = d->row;

	if (c->name) {
		memset(row.name, 0, sizeof(row.name));
		memcpy(row.name, c->name, strlen(c->name));
	}
	if (c->zone >= 0)
		row.zone = (uint8_t)c->zone;
	if (c->phone >= 0)
		row.phone = c->phone != 0;
	if (c->callers)
		row.callers = *c->callers;
	return row;
}

static json_t *shown(const struct db_device *row)
{
	static const char *const zones[RULE_ZONES] = {
		[RULE_ZONE_ADMIN] = "admin", [RULE_ZONE_MEMBER] = "member",
		[RULE_ZONE_NEW] = "new", [RULE_ZONE_GUEST] = "guest",
		[RULE_ZONE_BLOCKED] = "blocked",
	};

	return json_pack("{s:i, s:s, s:b, s:b, s:o}", "device", (int)row->id, "zone",
		zones[row->zone], "phone", (int)row->phone, "named", (int)(row->name[0] != '\0'),
		"callers", policy_json_callers(&row->callers));
}

static void put_row(struct core *core, struct device *d, const struct db_device *row)
{
	device_set_zone(core, d, row->zone);
	memcpy(d->row.name, row->name, sizeof(d->row.name));
	d->row.phone = row->phone;
	d->row.sip_seen = row->sip_seen;
	d->row.callers = row->callers;
	devices_changed(core->devices, d);
}

int core_device_put(struct core *core, uint32_t id, const struct core_device_change *change,
	const struct core_act *act, struct core_fault *fault)
{
	struct policy_change pc = policy_change_of(core, "device", "a device was changed");
	struct device *d = devices_by_id(core->devices, id);
	struct db_device before, after;
	int err = d ? check(d, change, fault) : ERR_NOT_FOUND;

	if (err)
		return err;
	before = d->row;
	after = changed(d, change);
	pc.device_id = id;
	pc.sj = job_new(core, true);
	if (!pc.sj)
		return ERR_MEMORY;
	pc.detail = detail_of(shown(&before), shown(&after));
	put_row(core, d, &after);
	job_put_devices(pc.sj);
	err = policy_change_put(core, &pc, act);
	if (err) {
		put_row(core, d, &before);
		return err;
	}
	hands_device_moved(core, d);
	core_tell_id(core, CORE_NEWS_DEVICE, id);
	return 0;
}

int core_device_preview(struct core *core, uint32_t id, const struct core_device_change *change,
	const struct core_closing *closing)
{
	const struct device *d = devices_by_id(core->devices, id);
	struct judging by = rules_in_force(core);
	struct core_fault fault;
	struct db_device row;
	int err = d ? check(d, change, &fault) : ERR_NOT_FOUND;

	if (err)
		return err;
	row = changed(d, change);
	by.devices = &row;
	by.device_count = 1;
	redecide_preview(core, &by, closing);
	return 0;
}

/* ---- forget and merge: first their openings, in a batch, then all the rest ---- */

struct leaving {
	struct core *core;
	struct core_act act;
	char by[CORE_BY_MAX + 1];
	uint32_t id, into;		/* into 0: nobody's */
};

static void plan_forget(struct core *core, uint32_t index)
{
	const struct leaving *lv = core->batch.items[index].arg;
	struct opening *next, *o = table_first_device(core->table, lv->id);
	int err = 0;

	for (; o && !err; o = next) {
		next = table_next_device(o);
		err = change_close(core, index, o, "its device was forgotten");
	}
	if (err)
		ask_answer_err(&core->batch.items[index], err);
}

static void plan_merge(struct core *core, uint32_t index)
{
	struct pending *item = &core->batch.items[index];
	const struct leaving *lv = item->arg;
	struct opening *next, *o = table_first_device(core->table, lv->id);
	struct opening_move m = {.what = "device", .why = "the owner says it is the same device"};
	int err = item->barred ? ERR_DENIED : 0;

	for (; o && !err; o = next) {
		next = table_next_device(o);
		m.to = (struct opening_place){lv->into, o->internal.addr, o->suspended, false};
		err = change_move(core, index, o, &m);
	}
	if (err)
		ask_answer_err(item, err);
}

/* Rules that speak of it go with it, or speak of the other one. NULL: no memory. */
static struct rule_block *rules_after(const struct core *core, const struct leaving *lv)
{
	struct rule *rules = calloc(core->rule_count + 1, sizeof(*rules));
	struct rule_block *block;
	size_t count = 0;

	if (!rules)
		return NULL;
	for (size_t i = 0; i < core->rule_count; i++) {
		bool of_it = core->rules[i].device_id == lv->id;
		if (of_it && lv->into == 0)
			continue;
		rules[count] = core->rules[i];
		if (of_it)
			rules[count].device_id = lv->into;
		count++;
	}
	block = rules_new(core, rules, count);
	free(rules);
	return block;
}

static void give_all(struct core *core, struct device *from, struct device *into)
{
	struct db_device row = into->row;

	row.zone = from->row.zone;
	row.phone = from->row.phone;
	row.sip_seen |= from->row.sip_seen;
	if (from->row.callers.count > 0)
		row.callers = from->row.callers;
	if (from->row.name[0] != '\0')
		memcpy(row.name, from->row.name, sizeof(row.name));
	put_row(core, into, &row);
	hands_move(core, from->row.id, into->row.id);
	cards_move(core, from->row.id, into->row.id);
	core_sip_move(core, from->row.id, into->row.id);
	devices_move_addrs(core->devices, from, into);
	home_look(core, into);
	core_tell_id(core, CORE_NEWS_DEVICE, into->row.id);
}

/* Openings that came while its own were ending keep it for another time. All that may fail comes
 * first: no rule may name a device that is gone. */
static int leave(struct core *core, const struct leaving *lv, struct policy_change *change)
{
	struct device *d = devices_by_id(core->devices, lv->id);
	struct device *into = devices_by_id(core->devices, lv->into);

	if (!d || d->openings > 0 || (lv->into != 0 && !into))
		return ERR_BUSY;
	change->made = rules_after(core, lv);
	change->sj = change->made ? job_new(core, true) : NULL;
	if (!change->sj) {
		rules_drop(change->made);
		return ERR_MEMORY;
	}
	change->device_id = lv->id;
	change->detail = detail_of(shown(&d->row), into ? shown(&into->row) : json_null());
	if (into) {
		give_all(core, d, into);
	} else {
		cards_forget(core, lv->id);
		core_sip_forget(core, lv->id);
	}
	devices_remove(core->devices, d);
	job_put_devices(change->sj);
	job_put_hands(change->sj);
	return 0;
}

static void on_left(void *arg, int err)
{
	struct leaving *lv = arg;
	struct core *core = lv->core;
	struct core_act act = {lv->by, lv->act.done, lv->act.arg};
	struct policy_change change = policy_change_of(core, lv->into ? "merge" : "forget",
		lv->into ? "two devices are one" : "a device was forgotten");

	if (!err)
		err = leave(core, lv, &change);
	if (!err)
		err = policy_change_put(core, &change, &act);
	if (err && act.done)
		act.done(act.arg, err);
	core_tell_id(core, CORE_NEWS_DEVICE, lv->id);
	free(lv);
}

static int begin_leaving(struct core *core, const struct leaving *like,
	void (*plan)(struct core *core, uint32_t index))
{
	struct leaving *lv = calloc(1, sizeof(*lv));
	struct pending item = {.kind = PENDING_PLAN, .plan = plan, .done = on_left, .arg = lv};
	int err;

	if (!lv)
		return ERR_MEMORY;
	*lv = *like;
	strncpy(lv->by, like->act.by, CORE_BY_MAX);
	err = batch_push(core, &item);
	if (err)
		free(lv);
	return err;
}

int core_device_forget(struct core *core, uint32_t id, const struct core_act *act)
{
	const struct device *d = devices_by_id(core->devices, id);

	if (!d)
		return ERR_NOT_FOUND;
	/* What the owner opened for it he closes himself. */
	if (d->hands > 0)
		return ERR_DENIED;
	return begin_leaving(core, &(struct leaving){.core = core, .act = *act, .id = id},
		plan_forget);
}

int core_device_merge(struct core *core, uint32_t from, uint32_t into, const struct core_act *act)
{
	const struct device *a = devices_by_id(core->devices, from);
	const struct device *b = devices_by_id(core->devices, into);

	if (!a || !b)
		return ERR_NOT_FOUND;
	if (a == b || a->row.guest != b->row.guest)
		return ERR_DENIED;
	return begin_leaving(core,
		&(struct leaving){.core = core, .act = *act, .id = from, .into = into}, plan_merge);
}
