/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is open is decided anew when rules, zones or the time of a rule change: what is denied now
 * closes, what would be asked about lives to its end. A walk goes in slices, so that ten thousand
 * openings do not keep the loop. What time it is for rules is core_clock.c's.
 */
#include "gateway/core_ask.h"

#include <stdio.h>

#define SLICE 500		/* openings of a wake-up; with 1,000 rules some milliseconds */
#define AGAIN_MS 1000		/* no memory to close: not at once */

/* By then the policy may be another one again. */
static void plan(struct core *core, uint32_t index)
{
	struct judging by = rules_in_force(core);
	struct pending *item = &core->batch.items[index];
	struct opening *o = table_by_id(core->table, item->opening_id);
	struct lease *next;
	const char *why;
	int err = 0;

	for (struct lease *l = o ? o->leases : NULL; l && !err; l = next) {
		next = l->next;
		if (!rules_deny(core, &by, l, &why))
			continue;
		snprintf(item->text, sizeof(item->text), "a rule denies it now: %s", why);
		err = change_end(core, index, l, item->text);
	}
	if (err)
		ask_answer_err(item, err);
}

/* True: it was to be queued, and could not be. */
static bool redecide(struct core *core, const struct opening *o)
{
	struct judging by = rules_in_force(core);
	struct pending item = {.kind = PENDING_PLAN, .plan = plan, .opening_id = o->id};
	const char *why;

	if (o->state != OPENING_LISTED)
		return false;
	for (const struct lease *l = o->leases; l; l = l->next) {
		if (rules_deny(core, &by, l, &why))
			return batch_push(core, &item) != 0;
	}
	return false;
}

/* From the end: what leaves the list is replaced by its last one, which was seen already. */
static void walk(void *arg)
{
	struct core *core = arg;
	uint64_t now = loop_now_ms(core->loop);

	for (size_t n = 0; n < SLICE && core->redecide_place > 0; n++) {
		const struct opening *o = table_at(core->table, core->redecide_place - 1);
		if (o && redecide(core, o)) {
			loop_timer_set(core->loop, &core->redecide, now + AGAIN_MS);
			return;
		}
		core->redecide_place--;
		if (core->redecide_place > table_listed(core->table))
			core->redecide_place = table_listed(core->table);
	}
	if (core->redecide_place > 0)
		loop_timer_set(core->loop, &core->redecide, now + 1);
}

void redecide_all(struct core *core)
{
	core->redecide_place = table_listed(core->table);
	if (core->redecide_place > 0)
		loop_timer_set(core->loop, &core->redecide, loop_now_ms(core->loop));
}

static bool is_long(const struct core *core, const struct lease *l)
{
	return l->expires_ms == LOOP_NEVER ||
	       l->expires_ms > loop_now_ms(core->loop) + CARD_OPENED_S * 1000ULL;
}

static void plan_over(struct core *core, uint32_t index)
{
	struct pending *item = &core->batch.items[index];
	struct opening *o = table_by_id(core->table, item->opening_id);
	struct lease *next;
	int err = 0;

	for (struct lease *l = o ? o->leases : NULL; l && !err; l = next) {
		next = l->next;
		if (is_long(core, l) && !rules_allow(core, l))
			err = change_end(core, index, l, "the day it was allowed for is over");
	}
	if (err)
		ask_answer_err(item, err);
}

void redecide_over(struct core *core, uint32_t rule_id)
{
	struct pending item = {.kind = PENDING_PLAN, .plan = plan_over};

	for (size_t i = 0; i < table_listed(core->table); i++) {
		const struct opening *o = table_at(core->table, i);
		item.opening_id = o->id;
		if (o->rule_id == rule_id && o->hand_id == 0)
			(void)batch_push(core, &item);
	}
}

void redecide_preview(const struct core *core, const struct judging *by,
	const struct core_closing *closing)
{
	for (size_t i = 0; i < table_listed(core->table); i++) {
		const struct opening *o = table_at(core->table, i);
		const char *why = NULL;
		bool lives = o->state != OPENING_LISTED;
		for (const struct lease *l = o->leases; l && !lives; l = l->next)
			lives = !rules_deny(core, by, l, &why);
		if (!lives && why)
			closing->each(closing->arg, o, why);
	}
}

void redecide_now(struct core *core)
{
	loop_timer_set(core->loop, &core->rule_clock, loop_now_ms(core->loop));
}

void redecide_init(struct core *core)
{
	core->redecide = (struct loop_timer){.fn = walk, .arg = core};
}

void redecide_stop(struct core *core)
{
	loop_timer_stop(core->loop, &core->redecide);
}
