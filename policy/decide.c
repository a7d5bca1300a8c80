/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decision; see decide.h. One function says why a rule does not speak of a request, for
 * deciding and for explaining alike, its checks in the order of cost: the text comes after all
 * that is a comparison of numbers.
 */
#include "policy/decide.h"

#include "policy/risk.h"

/* Of the ports that were asked for; looked up once for all rules. */
struct risks {
	const struct risk *inside, *outside;	/* NULL: an ordinary port */
};

static struct risks risks_of(const struct decide_facts *f)
{
	return (struct risks){risk_of(f->internal_port), risk_of(f->external_port)};
}

static const struct risk *risk_among(const struct risks *risks, uint8_t class)
{
	if (risks->inside && (class == RULE_RISK_ALL || risks->inside->class == class))
		return risks->inside;
	if (risks->outside && (class == RULE_RISK_ALL || risks->outside->class == class))
		return risks->outside;
	return NULL;
}

static bool in_mask(uint8_t mask, unsigned bit)
{
	return mask == 0 || (mask >> bit & 1) != 0;
}

static bool in_range(uint16_t port, uint16_t min, uint16_t max)
{
	return port >= min && port <= max;
}

/* SIP only by its name. */
static bool is_origin(uint8_t origins, enum map_origin origin)
{
	return in_mask(origins, origin) && (origins != 0 || origin != MAP_ORIGIN_SIP);
}

static bool is_proto(uint8_t wanted, uint8_t proto)
{
	if (wanted == RULE_PROTO_OTHER)
		return proto != MAP_PROTO_TCP && proto != MAP_PROTO_UDP;
	return wanted == 0 || wanted == proto;
}

static bool is_remote(const struct rule *r, const struct prefix *remote)
{
	if (!r->has_remote)
		return true;
	return remote && prefix_within(remote, &r->remote);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Behind the character at at, of several bytes in UTF-8. */
static size_t behind(struct str text, size_t at)
{
	do
		at++;
	while (at < text.len && ((unsigned char)text.p[at] & 0xc0) == 0x80);
	return at;
}

/* A star takes as little as it can; when what follows fails, the last star alone takes one more:
 * at most so many steps as the product of both lengths. */
static bool is_like(const char *glob, struct str text)
{
	const char *star = NULL;
	size_t at = 0, star_at = 0;

	while (at < text.len) {
		if (*glob == '*') {
			star = glob++;
			star_at = at;
		} else if (*glob == '?') {
			glob++;
			at = behind(text, at);
		} else if (*glob && lower(*glob) == lower(text.p[at])) {
			glob++;
			at++;
		} else if (star) {
			glob = star + 1;
			at = ++star_at;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}

/* Whom it is for, now. */
static enum decide_miss miss_who(const struct rule *r, const struct decide_facts *f)
{
	if (!r->enabled)
		return DECIDE_OFF;
	if (r->until_wall_s != 0 && f->time_known && f->wall_s >= r->until_wall_s)
		return DECIDE_OVER;
	if (r->device_id != 0 && r->device_id != f->device_id)
		return DECIDE_DEVICE;
	if (!in_mask(r->zones, f->zone))
		return DECIDE_ZONE;
	return is_origin(r->origins, f->origin) ? DECIDE_MATCH : DECIDE_ORIGIN;
}

/* What allows for a time does not hold while nobody knows the time: it might be over. */
static enum decide_miss miss_time(const struct rule *r, const struct decide_facts *f)
{
	bool bound = r->until_wall_s != 0 || !schedule_is_always(&r->when);

	if (f->time_known)
		return schedule_holds(&r->when, f->minute_of_week) ? DECIDE_MATCH : DECIDE_TIME;
	return bound && r->verdict == RULE_ALLOW ? DECIDE_CLOCK : DECIDE_MATCH;
}

/* An answer about any external port meant a free one, not another service's: a port that is risky
 * or to be looked at first it allows outside only by its number, or as the very port inside that
 * was asked about. */
static bool is_meant_outside(const struct rule *r, const struct decide_facts *f,
	const struct risks *risks)
{
	return r->maker != RULE_BY_CARD || !risks->outside ||
	       r->external_min == r->external_max || f->external_port == f->internal_port;
}

static enum decide_miss miss_what(const struct rule *r, const struct decide_facts *f,
	const struct risks *risks)
{
	/* For another host only what denies, or says so. */
	if (!f->own_address && !r->third_party && r->verdict != RULE_DENY)
		return DECIDE_OTHERS;
	if (!is_proto(r->proto, f->proto))
		return DECIDE_PROTO;
	if (!in_range(f->external_port, r->external_min, r->external_max) ||
	    !is_meant_outside(r, f, risks))
		return DECIDE_EXTERNAL;
	if (!in_range(f->internal_port, r->internal_min, r->internal_max))
		return DECIDE_INTERNAL;
	if (r->risk != RULE_RISK_ALL && !risk_among(risks, r->risk))
		return DECIDE_RISK;
	if (!is_remote(r, f->remote))
		return DECIDE_REMOTE;
	if (r->descr[0] != '\0' && !is_like(r->descr, f->descr))
		return DECIDE_DESCR;
	return miss_time(r, f);
}

static enum decide_miss miss(const struct rule *r, const struct decide_facts *f,
	const struct risks *risks)
{
	enum decide_miss who = miss_who(r, f);

	return who == DECIDE_MATCH ? miss_what(r, f, risks) : who;
}

enum decide_miss decide_rule(const struct rule *rule, const struct decide_facts *facts)
{
	struct risks risks = risks_of(facts);

	return miss(rule, facts, &risks);
}

const char *decide_miss_text(enum decide_miss m)
{
	static const char *const text[DECIDE_MISSES] = {
		[DECIDE_MATCH] = "it matches",
		[DECIDE_OFF] = "it is switched off",
		[DECIDE_OVER] = "its time is over",
		[DECIDE_DEVICE] = "it is for another device",
		[DECIDE_ZONE] = "it is for another zone",
		[DECIDE_ORIGIN] = "it is for another way of asking",
		[DECIDE_OTHERS] = "it does not hold for what is asked for another host",
		[DECIDE_PROTO] = "it is for another protocol",
		[DECIDE_EXTERNAL] = "it is for other external ports",
		[DECIDE_INTERNAL] = "it is for other internal ports",
		[DECIDE_RISK] = "it is for ports of another risk",
		[DECIDE_REMOTE] = "it is for other remote hosts",
		[DECIDE_DESCR] = "it is for another description",
		[DECIDE_TIME] = "it holds at another time of the week",
		[DECIDE_CLOCK] = "it depends on the time, which is not known yet",
	};
	return text[m];
}

/* With nobody to ask, what is risky stays shut. */
static enum map_result result_of(const struct rule *r, const struct decide_facts *f,
	const struct risks *risks)
{
	if (r->verdict == RULE_ALLOW)
		return MAP_OK;
	if (r->verdict == RULE_DENY)
		return MAP_DENIED;
	if (f->somebody_answers)
		return MAP_PENDING;
	return risk_among(risks, RULE_RISK_RISKY) ? MAP_DENIED : MAP_OK;
}

/* The port where it is why, or that there was nobody to ask, else the rule's own words. */
static const char *why_of(const struct rule *r, enum map_result result, const struct risks *risks)
{
	const struct risk *risk = NULL;

	if (r->verdict == RULE_ASK && result == MAP_OK)
		return "nobody looks after this router yet, so nobody was asked";
	if (r->verdict == RULE_ASK && result == MAP_DENIED)
		risk = risk_among(risks, RULE_RISK_RISKY);
	else if (r->risk != RULE_RISK_ALL && result != MAP_OK)
		risk = risk_among(risks, r->risk);
	return risk ? risk->why : r->note;
}

static struct decision decided_by(const struct rule *r, const struct decide_facts *f,
	const struct risks *risks)
{
	enum map_result result = result_of(r, f, risks);

	return (struct decision){
		.result = result,
		.rule_id = r->id,
		.lifetime_max_s = r->lifetime_max_s,
		.quota = r->quota,
		.why = why_of(r, result, risks),
		.risk = risk_among(risks, RULE_RISK_ALL),
	};
}

static struct decision built_in(const struct decide_facts *f, const struct risks *risks)
{
	bool phone = f->origin == MAP_ORIGIN_SIP && f->own_address &&
		     f->zone != RULE_ZONE_GUEST && f->zone != RULE_ZONE_BLOCKED;
	/* Of the ports outside the gateway picks any. */
	bool risky = phone && risks->inside && risks->inside->class == RULE_RISK_RISKY;

	return (struct decision){
		.result = phone && !risky ? MAP_OK : MAP_DENIED,
		.why = risky ? risks->inside->why
			: phone ? "a phone may telephone" : "no rule allows it",
		.risk = risk_among(risks, RULE_RISK_ALL),
	};
}

/* What no rule can allow: NULL, or the reason. */
static const char *never(const struct decide_facts *f)
{
	if (f->zone == RULE_ZONE_BLOCKED)
		return "this device is blocked";
	if (!f->own_address && !f->third_party)
		return "a device may open ports for itself only";
	return NULL;
}

void decide(const struct rule *rules, size_t count, const struct decide_facts *facts,
	struct decision *out)
{
	struct risks risks = risks_of(facts);
	struct decision d = built_in(facts, &risks);
	const char *why = never(facts);
	size_t i = 0;

	if (why) {
		*out = (struct decision){.result = MAP_DENIED, .why = why};
		return;
	}
	while (i < count && miss(&rules[i], facts, &risks) != DECIDE_MATCH)
		i++;
	if (i < count)
		d = decided_by(&rules[i], facts, &risks);
	*out = d;
}

bool decide_third_party(const struct rule *rules, size_t count, const struct decide_facts *facts)
{
	for (size_t i = 0; i < count; i++) {
		if (rules[i].third_party && miss_who(&rules[i], facts) == DECIDE_MATCH)
			return true;
	}
	return false;
}

const char *decide_quota(const struct limits *limits, enum rule_zone zone,
	const struct decide_usage *usage, uint32_t rule_quota)
{
	uint32_t device = zone == RULE_ZONE_NEW ? limits->quota_new : limits->quota_device;

	if (rule_quota != 0 && usage->rule >= rule_quota)
		return "this device has as many openings as the rule lets it have";
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
