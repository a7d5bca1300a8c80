/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules: the day-one policy and what makes a rule a rule. */
#include "policy/rule.h"

#define ALL_PORTS .external_min = 0, .external_max = 65535, .internal_min = 0, .internal_max = 65535

static const struct rule day_one[] = {
	{.id = 1, .position = 1, .enabled = true, .verdict = RULE_DENY,
	 .zones = 1 << RULE_ZONE_BLOCKED | 1 << RULE_ZONE_GUEST, ALL_PORTS,
	 .note = "guests and blocked devices open nothing"},
	{.id = 2, .position = 2, .enabled = true, .verdict = RULE_DENY,
	 .external_min = 0, .external_max = 65535, .internal_min = 1, .internal_max = 1023,
	 .note = "ports below 1024 are for the owner to open"},
	{.id = 3, .position = 3, .enabled = true, .verdict = RULE_DENY,
	 .external_min = 1, .external_max = 1023, .internal_min = 0, .internal_max = 65535,
	 .note = "ports below 1024 are for the owner to open"},
	{.id = 4, .position = 4, .enabled = true, .verdict = RULE_DENY, .risk = RULE_RISK_RISKY,
	 ALL_PORTS, .note = "risky ports are for the owner to open"},
	{.id = 5, .position = 5, .enabled = true, .verdict = RULE_ALLOW, ALL_PORTS,
	 .note = "every device may open ordinary ports for itself"},
};

const struct rule *rule_day_one(size_t *count)
{
	*count = sizeof(day_one) / sizeof(day_one[0]);
	return day_one;
}

const char *rule_verdict_text(uint8_t verdict)
{
	static const char *const text[RULE_VERDICTS] = {"deny", "allow", "ask"};
	return verdict < RULE_VERDICTS ? text[verdict] : NULL;
}

const char *rule_zone_text(uint8_t zone)
{
	static const char *const text[RULE_ZONES] = {"admin", "member", "new", "guest", "blocked"};
	return zone < RULE_ZONES ? text[zone] : NULL;
}

const char *rule_fault(const struct rule *r)
{
	if (r->verdict >= RULE_VERDICTS)
		return "verdict is none of deny, allow, ask";
	if (r->zones >> RULE_ZONES)
		return "zones names a zone that does not exist";
	if (r->origins >> MAP_ORIGINS)
		return "origins names a protocol that does not exist";
	if (r->proto != 0 && r->proto != MAP_PROTO_TCP && r->proto != MAP_PROTO_UDP)
		return "proto is neither TCP nor UDP";
	if (r->external_min > r->external_max)
		return "external ports end before they begin";
	if (r->internal_min > r->internal_max)
		return "internal ports end before they begin";
	if (r->third_party && r->verdict == RULE_DENY)
		return "what is denied is denied for others as well";
	if (r->risk >= RULE_RISKS)
		return "risk is no class of ports";
	return NULL;
}
