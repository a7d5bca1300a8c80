/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time of rules: when a schedule begins or ends, or a rule is over, what is open is decided
 * anew. Schedules begin and end at full minutes, so they are looked at then, which sees a clock
 * that was set as well.
 */
#include "gateway/core_int.h"

#define MINUTE_S 60

/* When a rule may speak otherwise than now; LOOP_NEVER. */
static uint64_t next_look_ms(const struct core *core)
{
	uint64_t now = loop_now_ms(core->loop), wall = store_wall_s(core);
	uint64_t left = MINUTE_S - wall % MINUTE_S;
	bool any = false;

	for (size_t i = 0; i < core->rule_count; i++) {
		const struct rule *r = &core->rules[i];
		any = any || rules_timed(r);
		if (rules_timed(r) && r->until_wall_s > wall && r->until_wall_s - wall < left)
			left = r->until_wall_s - wall;
	}
	return any ? now + left * 1000 : LOOP_NEVER;
}

static void set_clock(struct core *core)
{
	uint64_t due = next_look_ms(core);

	if (due == LOOP_NEVER)
		loop_timer_stop(core->loop, &core->rule_clock);
	else
		loop_timer_set(core->loop, &core->rule_clock, due);
}

static void look(void *arg)
{
	struct core *core = arg;
	struct rule_block *b = core->rule_block;
	bool changed = false;

	for (size_t i = 0; i < b->count; i++) {
		uint8_t time = rules_time_of(core, &b->at[i]);
		changed = changed || time != b->time[i];
		b->time[i] = time;
	}
	policy_drop_over(core);
	if (changed) {
		redecide_all(core);
		core_tell(core, CORE_NEWS_POLICY, NULL);
	}
	set_clock(core);
}

void clock_init(struct core *core)
{
	core->rule_clock = (struct loop_timer){.fn = look, .arg = core};
}

void clock_stop(struct core *core)
{
	loop_timer_stop(core->loop, &core->rule_clock);
}
