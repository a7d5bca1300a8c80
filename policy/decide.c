/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decision; see decide.h. */
#include "policy/decide.h"

#include "policy/risk.h"

static bool in_mask(uint8_t mask, unsigned bit)
{
	return mask == 0 || (mask >> bit & 1) != 0;
}

static bool in_range(uint16_t port, uint16_t min, uint16_t max)
{
	return port >= min && port <= max;
}

static const struct risk *risk_in(const struct decide_facts *f, enum rule_risk class)
{
	const struct risk *inside = risk_of(f->internal_port);
	const struct risk *outside = risk_of(f->external_port);

	if (inside && (class == RULE_RISK_ALL || inside->class == class))
		return inside;
	if (outside && (class == RULE_RISK_ALL || outside->class == class))
		return outside;
	return NULL;
}

static bool rule_is_for(const struct rule *r, const struct decide_facts *f)
{
	return r->enabled && in_mask(r->zones, f->zone) && in_mask(r->origins, f->origin) &&
	       (r->device_id == 0 || r->device_id == f->device_id);
}

/* For another host only what denies, or says so. */
static bool rule_matches(const struct rule *r, const struct decide_facts *f)
{
	return rule_is_for(r, f) &&
	       (f->own_address || r->third_party || r->verdict == RULE_DENY) &&
	       (r->proto == 0 || r->proto == f->proto) &&
	       in_range(f->external_port, r->external_min, r->external_max) &&
	       in_range(f->internal_port, r->internal_min, r->internal_max) &&
	       (r->risk == RULE_RISK_ALL || risk_in(f, (enum rule_risk)r->risk));
}

/* Asking makes sense only when somebody can answer; until then to ask is to refuse. */
static enum map_result result_of(const struct rule *r, const struct decide_facts *f)
{
	if (r->verdict == RULE_ALLOW)
		return MAP_OK;
	return r->verdict == RULE_ASK && f->somebody_answers ? MAP_PENDING : MAP_DENIED;
}

static struct decision decided_by(const struct rule *r, const struct decide_facts *f)
{
	struct decision d = {
		.result = result_of(r, f),
		.rule_id = r->id,
		.lifetime_max_s = r->lifetime_max_s,
		.why = r->note,
		.risk = risk_in(f, RULE_RISK_ALL),
	};

	if (d.result != MAP_OK && d.risk)
		d.why = d.risk->why;
	return d;
}

void decide(const struct rule *rules, size_t count, const struct decide_facts *facts,
	struct decision *out)
{
	*out = (struct decision){.result = MAP_DENIED};
	if (!facts->own_address && !facts->third_party) {
		out->why = "a device may open ports for itself only";
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (rule_matches(&rules[i], facts)) {
			*out = decided_by(&rules[i], facts);
			return;
		}
	}
	out->why = "no rule allows it";
}

bool decide_third_party(const struct rule *rules, size_t count, const struct decide_facts *facts)
{
	for (size_t i = 0; i < count; i++) {
		if (rules[i].third_party && rule_is_for(&rules[i], facts))
			return true;
	}
	return false;
}

const char *decide_quota(const struct limits *limits, enum rule_zone zone,
	const struct decide_usage *usage)
{
	uint32_t device = zone == RULE_ZONE_NEW ? limits->quota_new : limits->quota_device;

	if (usage->device >= device)
		return "this device has as many openings as it may";
	if (usage->zone >= limits->quota_zone)
		return "the devices of this zone have as many openings as they may";
	if (usage->total >= limits->quota_total)
		return "there are as many openings as there may be";
	return NULL;
}

uint32_t decide_lifetime(const struct limits *limits, enum map_origin origin, uint32_t wanted_s,
	uint32_t cap_s)
{
	uint32_t max = limits->lifetime_max_s;

	if (origin != MAP_ORIGIN_PCP && origin != MAP_ORIGIN_NATPMP)
		return wanted_s;
	if (cap_s != 0 && cap_s < max)
		max = cap_s;
	if (origin == MAP_ORIGIN_PCP && wanted_s < limits->lifetime_min_s)
		wanted_s = limits->lifetime_min_s;
	return wanted_s > max ? max : wanted_s;
}
