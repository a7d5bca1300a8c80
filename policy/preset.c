/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The presets as tables; see preset.h. */
#include "policy/preset.h"

#include "protocols/err.h"

#define ZONE(zone) (1u << RULE_ZONE_##zone)
#define ALL_EXTERNAL .external_min = 0, .external_max = 65535
#define ALL_INTERNAL .internal_min = 0, .internal_max = 65535
#define ALL_PORTS ALL_EXTERNAL, ALL_INTERNAL
#define MADE(is) .enabled = true, .maker = RULE_BY_PRESET, .verdict = RULE_##is

/* What every home refuses, whoever looks after it. */
#define GUESTS \
	{MADE(DENY), .zones = ZONE(BLOCKED) | ZONE(GUEST), ALL_PORTS, \
	 .note = "guests and blocked devices open nothing"}
#define LOW_INSIDE \
	{MADE(DENY), ALL_EXTERNAL, .internal_min = 1, .internal_max = 1023, \
	 .note = "ports below 1024 are for the owner to open"}
#define LOW_OUTSIDE \
	{MADE(DENY), .external_min = 1, .external_max = 1023, ALL_INTERNAL, \
	 .note = "ports below 1024 are for the owner to open"}
#define RISKY_PORTS \
	{MADE(DENY), .risk = RULE_RISK_RISKY, ALL_PORTS, \
	 .note = "risky ports are for the owner to open"}

static const struct rule open_below[] = {
	GUESTS, LOW_INSIDE, LOW_OUTSIDE, RISKY_PORTS,
	{MADE(ALLOW), ALL_PORTS, .note = "every device may open ordinary ports for itself"},
};

static const struct rule ask_below[] = {
	GUESTS, LOW_INSIDE, LOW_OUTSIDE, RISKY_PORTS,
	{MADE(ASK), .risk = RULE_RISK_LOOK, ALL_PORTS,
	 .note = "you are asked about ports to look at first"},
	{MADE(ASK), .zones = ZONE(NEW), ALL_PORTS, .note = "you are asked about new devices"},
	{MADE(ALLOW), .zones = ZONE(ADMIN) | ZONE(MEMBER), ALL_PORTS,
	 .note = "your devices may open ordinary ports for themselves"},
};

/* Not SIP: an emergency call must not wait. Not the owner, who is no app. */
static const struct rule lockdown_above[] = {
	{MADE(DENY), .origins = 1u << MAP_ORIGIN_UPNP | 1u << MAP_ORIGIN_NATPMP |
				1u << MAP_ORIGIN_PCP,
	 ALL_PORTS, .note = "lockdown: no app opens anything"},
};

static const struct preset presets[PRESETS] = {
	[PRESET_OPEN] = {
		.name = "open",
		.meaning = "Every device but guests may open ordinary ports. All of it is "
			   "written down, and you are never asked.",
		.below = open_below,
		.below_count = sizeof(open_below) / sizeof(open_below[0]),
	},
	[PRESET_ASK] = {
		.name = "ask",
		.meaning = "Your devices may open ordinary ports. You are asked about new "
			   "devices, and about ports to look at first.",
		.below = ask_below,
		.below_count = sizeof(ask_below) / sizeof(ask_below[0]),
	},
	[PRESET_LOCKDOWN] = {
		.name = "lockdown",
		.meaning = "No app opens anything. What you opened by hand stays open, and "
			   "phones go on working.",
		.above = lockdown_above,
		.above_count = sizeof(lockdown_above) / sizeof(lockdown_above[0]),
		.below = ask_below,
		.below_count = sizeof(ask_below) / sizeof(ask_below[0]),
	},
};

const struct preset *preset_of(enum preset_id id)
{
	return &presets[id];
}

int preset_find(struct str name, enum preset_id *out)
{
	for (size_t i = 0; i < PRESETS; i++) {
		if (str_eq(name, str_from(presets[i].name))) {
			*out = (enum preset_id)i;
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}

struct list {
	const struct rule *old;
	size_t old_count;
	struct rule *rules;
	size_t count;
	uint32_t next_id;
};

/* What is open names the rule that allowed it: a rule two presets share stays the same one. */
static uint32_t id_of(struct list *l, const struct rule *r)
{
	for (size_t i = 0; i < l->old_count; i++) {
		if (rule_says_same(&l->old[i], r))
			return l->old[i].id;
	}
	return l->next_id++;
}

/* Past RULES_MAX it only counts. */
static void list_add(struct list *l, const struct rule *r)
{
	if (l->count < RULES_MAX) {
		l->rules[l->count] = *r;
		l->rules[l->count].position = (uint32_t)l->count + 1;
		if (r->maker == RULE_BY_PRESET)
			l->rules[l->count].id = id_of(l, r);
	}
	l->count++;
}

size_t preset_apply(enum preset_id id, const struct rule *old, size_t old_count,
	uint32_t next_id, struct rule *out)
{
	const struct preset *p = &presets[id];
	struct list l = {.old = old, .old_count = old_count, .rules = out, .next_id = next_id};

	for (size_t i = 0; i < p->above_count; i++)
		list_add(&l, &p->above[i]);
	for (size_t i = 0; i < old_count; i++) {
		if (old[i].maker != RULE_BY_PRESET)
			list_add(&l, &old[i]);
	}
	for (size_t i = 0; i < p->below_count; i++)
		list_add(&l, &p->below[i]);
	return l.count <= RULES_MAX ? l.count : 0;
}
