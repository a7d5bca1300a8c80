/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decision against a model of its own: a few lines that read the rules one by one, over every
 * combination of a small world. Then day one by name, quotas and lifetimes.
 */
#include "policy/decide.h"

#include "policy/risk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RULES 5
#define POLICIES 300

/* An ordinary port, a system one, a risky one, one to look at first, and the ends. */
static const uint16_t ports[] = {0, 22, 1024, 3389, 8000, 8080, 65535};

/* ---- the model ---- */

static bool model_says_risk(uint16_t port, uint8_t class)
{
	const struct risk *r = risk_of(port);

	return r && r->class == (enum rule_risk)class;
}

static bool model_matches(const struct rule *r, const struct decide_facts *f)
{
	if (!r->enabled)
		return false;
	if (r->zones != 0 && !(r->zones & (1u << f->zone)))
		return false;
	if (r->origins != 0 && !(r->origins & (1u << f->origin)))
		return false;
	if (r->device_id != 0 && r->device_id != f->device_id)
		return false;
	if (r->proto != 0 && r->proto != f->proto)
		return false;
	if (f->external_port < r->external_min || f->external_port > r->external_max)
		return false;
	if (f->internal_port < r->internal_min || f->internal_port > r->internal_max)
		return false;
	if (r->risk != RULE_RISK_ALL && !model_says_risk(f->internal_port, r->risk) &&
		!model_says_risk(f->external_port, r->risk))
		return false;
	return true;
}

/* The rule that decides; count: none does. */
static size_t model_rule(const struct rule *rules, size_t count, const struct decide_facts *f)
{
	size_t i = 0;

	while (i < count && !model_matches(&rules[i], f))
		i++;
	return i;
}

static void check(const struct rule *rules, size_t count, const struct decide_facts *f)
{
	size_t i = f->own_address ? model_rule(rules, count, f) : count;
	struct decision d;

	memset(&d, 0xee, sizeof(d));
	decide(rules, count, f, &d);
	assert_non_null(d.why);
	if (i == count) {
		assert_int_equal(d.result, MAP_DENIED);
		assert_int_equal(d.rule_id, 0);
		assert_int_equal(d.lifetime_max_s, 0);
		return;
	}
	assert_int_equal(d.rule_id, rules[i].id);
	assert_int_equal(d.lifetime_max_s, rules[i].lifetime_max_s);
	if (rules[i].verdict == RULE_ALLOW)
		assert_int_equal(d.result, MAP_OK);
	else if (rules[i].verdict == RULE_ASK && f->somebody_answers)
		assert_int_equal(d.result, MAP_PENDING);
	else
		assert_int_equal(d.result, MAP_DENIED);
	assert_true((d.risk != NULL) == (risk_of(f->internal_port) || risk_of(f->external_port)));
}

static void each_facts(const struct rule *rules, size_t count)
{
	static const uint8_t protos[] = {MAP_PROTO_TCP, MAP_PROTO_UDP};

	for (unsigned n = 0; n < RULE_ZONES * MAP_ORIGINS * 2 * 2 * 2; n++) {
		struct decide_facts f = {
			.zone = (enum rule_zone)(n % RULE_ZONES),
			.origin = (enum map_origin)(n / RULE_ZONES % MAP_ORIGINS),
			.proto = protos[n / RULE_ZONES / MAP_ORIGINS % 2],
			.somebody_answers = n / RULE_ZONES / MAP_ORIGINS / 2 % 2 != 0,
			.device_id = 1 + n / RULE_ZONES / MAP_ORIGINS / 4 % 2,
			.own_address = n % 7 != 0,
		};
		for (size_t p = 0; p < COUNT(ports) * COUNT(ports); p++) {
			f.external_port = ports[p % COUNT(ports)];
			f.internal_port = ports[p / COUNT(ports)];
			check(rules, count, &f);
		}
	}
}

static uint16_t some_port(void)
{
	return ports[(size_t)random() % COUNT(ports)];
}

static struct rule some_rule(uint32_t id)
{
	struct rule r = {
		.id = id,
		.position = id,
		.enabled = random() % 8 != 0,
		.verdict = (uint8_t)(random() % RULE_VERDICTS),
		.zones = (uint8_t)(random() % 2 ? 0 : random() % (1 << RULE_ZONES)),
		.device_id = random() % 3 ? 0 : 1 + (uint32_t)random() % 3,
		.origins = (uint8_t)(random() % 2 ? 0 : random() % (1 << MAP_ORIGINS)),
		.proto = random() % 3 ? 0 : MAP_PROTO_UDP,
		.external_min = some_port(),
		.external_max = some_port(),
		.internal_max = 65535,
		.risk = (uint8_t)(random() % 2 ? 0 : random() % RULE_RISKS),
		.lifetime_max_s = (uint32_t)random() % 3 * 600,
		.note = "because",
	};

	if (r.external_min > r.external_max || random() % 2)
		r.external_min = 0, r.external_max = 65535;
	if (random() % 3 == 0)
		r.internal_min = r.internal_max = some_port();
	return r;
}

static void random_policies(void **state)
{
	struct rule rules[RULES];

	(void)state;
	srandom(3);
	each_facts(rules, 0);
	for (int n = 0; n < POLICIES; n++) {
		size_t count = 1 + (size_t)random() % RULES;
		for (uint32_t i = 0; i < count; i++) {
			rules[i] = some_rule(i + 1);
			assert_null(rule_fault(&rules[i]));
		}
		each_facts(rules, count);
	}
}

/* ---- day one ---- */

static enum map_result on_day_one(enum rule_zone zone, uint16_t external, uint16_t internal,
	const char **why)
{
	struct decide_facts f = {.zone = zone, .origin = MAP_ORIGIN_PCP, .proto = MAP_PROTO_TCP,
		.device_id = 1, .own_address = true, .external_port = external,
		.internal_port = internal};
	struct decision d;
	size_t count;
	const struct rule *rules = rule_day_one(&count);

	decide(rules, count, &f, &d);
	*why = d.why;
	return d.result;
}

static void day_one(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(on_day_one(RULE_ZONE_MEMBER, 0, 8000, &why), MAP_OK);
	assert_int_equal(on_day_one(RULE_ZONE_NEW, 8000, 8000, &why), MAP_OK);
	assert_int_equal(on_day_one(RULE_ZONE_MEMBER, 8080, 8080, &why), MAP_OK);
	assert_int_equal(on_day_one(RULE_ZONE_MEMBER, 1024, 1024, &why), MAP_OK);
	assert_int_equal(on_day_one(RULE_ZONE_MEMBER, 1023, 8000, &why), MAP_DENIED);
	assert_non_null(strstr(why, "1024"));
	assert_int_equal(on_day_one(RULE_ZONE_MEMBER, 8000, 1023, &why), MAP_DENIED);
	assert_non_null(strstr(why, "1024"));
	assert_int_equal(on_day_one(RULE_ZONE_MEMBER, 8000, 3389, &why), MAP_DENIED);
	assert_non_null(strstr(why, "remote desktop"));
	assert_int_equal(on_day_one(RULE_ZONE_ADMIN, 3389, 8000, &why), MAP_DENIED);
	assert_int_equal(on_day_one(RULE_ZONE_GUEST, 8000, 8000, &why), MAP_DENIED);
	assert_int_equal(on_day_one(RULE_ZONE_BLOCKED, 8000, 8000, &why), MAP_DENIED);
}

/* ---- quotas and lifetimes ---- */

static void quotas(void **state)
{
	struct limits l = {.quota_device = 4, .quota_new = 2, .quota_zone = 6, .quota_total = 8};
	static const struct {
		enum rule_zone zone;
		struct decide_usage usage;
		bool full;
	} cases[] = {
		{RULE_ZONE_MEMBER, {0, 0, 0}, false}, {RULE_ZONE_MEMBER, {3, 5, 7}, false},
		{RULE_ZONE_MEMBER, {4, 5, 7}, true}, {RULE_ZONE_MEMBER, {3, 6, 7}, true},
		{RULE_ZONE_MEMBER, {3, 5, 8}, true}, {RULE_ZONE_NEW, {1, 1, 1}, false},
		{RULE_ZONE_NEW, {2, 2, 2}, true}, {RULE_ZONE_ADMIN, {3, 3, 3}, false},
		{RULE_ZONE_ADMIN, {4, 4, 4}, true}, {RULE_ZONE_MEMBER, {99, 0, 0}, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(decide_quota(&l, cases[i].zone, &cases[i].usage) != NULL,
			cases[i].full);
}

/* The cap of a rule holds for what the protocol can tell, even below the shortest lifetime. */
static void lifetimes(void **state)
{
	struct limits l = {.lifetime_min_s = 120, .lifetime_max_s = 86400};
	static const struct {
		enum map_origin origin;
		uint32_t wanted, cap, granted;
	} cases[] = {
		{MAP_ORIGIN_PCP, 3600, 0, 3600}, {MAP_ORIGIN_PCP, 1, 0, 120},
		{MAP_ORIGIN_PCP, 120, 0, 120}, {MAP_ORIGIN_PCP, 86401, 0, 86400},
		{MAP_ORIGIN_PCP, MAP_LIFETIME_ENDLESS, 0, 86400}, {MAP_ORIGIN_PCP, 3600, 600, 600},
		{MAP_ORIGIN_PCP, 100, 60, 60}, {MAP_ORIGIN_PCP, 3600, 604800, 3600},
		{MAP_ORIGIN_NATPMP, 1, 0, 1}, {MAP_ORIGIN_NATPMP, 90000, 0, 86400},
		{MAP_ORIGIN_NATPMP, 3600, 600, 600}, {MAP_ORIGIN_UPNP, 1, 0, 1},
		{MAP_ORIGIN_UPNP, 604800, 600, 604800},
		{MAP_ORIGIN_UPNP, MAP_LIFETIME_ENDLESS, 600, MAP_LIFETIME_ENDLESS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(cases[i].granted, decide_lifetime(&l, cases[i].origin,
			cases[i].wanted, cases[i].cap));
	/* Settings that contradict each other: the longest wins. */
	l.lifetime_min_s = 3600;
	l.lifetime_max_s = 120;
	assert_int_equal(decide_lifetime(&l, MAP_ORIGIN_PCP, 60, 0), 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_policies),
		cmocka_unit_test(day_one),
		cmocka_unit_test(quotas),
		cmocka_unit_test(lifetimes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
