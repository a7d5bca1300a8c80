/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes a rule a rule: every value one that exists, and no two that contradict each other. A
 * rule that can never match is a mistake of whoever wrote it, and told.
 */
#include "policy/rule.h"

#include <string.h>

#define ALL_ZONES ((1u << RULE_ZONES) - 1)
#define UNTIL_LAST_S 253402300799 /* the end of the year 9999 */

void rule_init(struct rule *r)
{
	*r = (struct rule){.enabled = true, .verdict = RULE_DENY, .remote = prefix_any6(),
		.external_max = UINT16_MAX, .internal_max = UINT16_MAX};
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

const char *rule_risk_text(uint8_t risk)
{
	static const char *const text[RULE_RISKS] = {"all", "risky", "look"};
	return risk < RULE_RISKS ? text[risk] : NULL;
}

const char *rule_maker_text(uint8_t maker)
{
	static const char *const text[RULE_MAKERS] = {"owner", "preset", "card", "close"};
	return maker < RULE_MAKERS ? text[maker] : NULL;
}

/* Values that do not exist. */
static const char *value_fault(const struct rule *r)
{
	if (r->verdict >= RULE_VERDICTS)
		return "verdict is none of deny, allow, ask";
	if (r->maker >= RULE_MAKERS)
		return "maker is nobody who makes rules";
	if (r->zones & ~ALL_ZONES)
		return "zones names a zone that does not exist";
	if (r->origins >> MAP_ORIGINS)
		return "origins names a protocol that does not exist";
	if (r->proto != 0 && r->proto != MAP_PROTO_TCP && r->proto != MAP_PROTO_UDP &&
		r->proto != RULE_PROTO_OTHER)
		return "proto is none of TCP, UDP, other";
	if (r->risk >= RULE_RISKS)
		return "risk is no class of ports";
	if (r->until_wall_s > UNTIL_LAST_S)
		return "until is no time that will come";
	return schedule_fault(&r->when);
}

static bool has_all_ports(const struct rule *r)
{
	return r->external_min == 0 && r->external_max == UINT16_MAX && r->internal_min == 0 &&
	       r->internal_max == UINT16_MAX;
}

static const char *ports_fault(const struct rule *r)
{
	if (r->external_min > r->external_max)
		return "external ports end before they begin";
	if (r->internal_min > r->internal_max)
		return "internal ports end before they begin";
	if (r->proto == RULE_PROTO_OTHER && (r->risk != RULE_RISK_ALL || !has_all_ports(r)))
		return "only TCP and UDP have ports";
	return NULL;
}

static const char *remote_fault(const struct rule *r)
{
	if (!r->has_remote)
		return NULL;
	if (!prefix_is_sound(&r->remote))
		return "remote is no prefix";
	return prefix_is_any(&r->remote) ? "remote is everybody: leave it out" : NULL;
}

static const char *text_fault(const struct rule *r)
{
	if (!memchr(r->descr, '\0', sizeof(r->descr)) || !str_is_utf8(str_from(r->descr)))
		return "descr is not UTF-8 text";
	if (!memchr(r->note, '\0', sizeof(r->note)) || !str_is_plain(str_from(r->note)))
		return "note is not plain text";
	return NULL;
}

/* Values that are fine by themselves. */
static const char *contradiction(const struct rule *r)
{
	if (r->device_id != 0 && r->zones != 0 && r->zones != ALL_ZONES)
		return "a rule is for a device or for zones, not for both";
	if (r->third_party && r->verdict == RULE_DENY)
		return "what is denied is denied for others as well";
	if (r->third_party && (r->origins >> MAP_ORIGIN_SIP & 1))
		return "SIP opens ports for the phone itself only";
	if (r->verdict == RULE_DENY && (r->quota != 0 || r->lifetime_max_s != 0))
		return "what is denied needs no quota and no lifetime";
	return NULL;
}

const char *rule_fault(const struct rule *r)
{
	const char *(*const checks[])(const struct rule *) = {
		value_fault, ports_fault, remote_fault, text_fault, contradiction};
	const char *fault = NULL;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && !fault; i++)
		fault = checks[i](r);
	return fault;
}

static const char *fault_among(const struct rule *rules, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (rules[i].id == rules[at].id)
			return "another rule has this id";
		if (rules[i].position == rules[at].position)
			return "another rule has this position";
	}
	return NULL;
}

const char *rule_fault_of_all(const struct rule *rules, size_t count, size_t *place)
{
	for (size_t i = 0; i < count; i++) {
		const char *fault = i == RULES_MAX ? "there are too many rules" :
				    rules[i].id == 0 ? "a rule has an id, from 1 on" :
						       rule_fault(&rules[i]);
		if (!fault)
			fault = fault_among(rules, i);
		if (fault) {
			*place = i;
			return fault;
		}
	}
	return NULL;
}

bool rule_says_same(const struct rule *a, const struct rule *b)
{
	return a->enabled == b->enabled && a->verdict == b->verdict && a->maker == b->maker &&
	       a->zones == b->zones && a->device_id == b->device_id && a->origins == b->origins &&
	       a->proto == b->proto && a->external_min == b->external_min &&
	       a->external_max == b->external_max && a->internal_min == b->internal_min &&
	       a->internal_max == b->internal_max && a->risk == b->risk &&
	       a->has_remote == b->has_remote &&
	       (!a->has_remote || prefix_eq(&a->remote, &b->remote)) &&
	       strcmp(a->descr, b->descr) == 0 && a->when.days == b->when.days &&
	       a->when.from_min == b->when.from_min && a->when.to_min == b->when.to_min &&
	       a->until_wall_s == b->until_wall_s && a->lifetime_max_s == b->lifetime_max_s &&
	       a->quota == b->quota && a->third_party == b->third_party &&
	       strcmp(a->note, b->note) == 0;
}
