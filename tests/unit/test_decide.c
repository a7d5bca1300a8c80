/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decision against a model of its own: a few lines that read the rules one by one, over every
 * combination of a small world. Then its words, phones, the time, texts, quotas and lifetimes.
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
	if (f->origin == MAP_ORIGIN_SIP ? !(r->origins & (1u << f->origin))
					: r->origins != 0 && !(r->origins & (1u << f->origin)))
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
	bool asked = f->own_address && f->zone != RULE_ZONE_BLOCKED;
	size_t i = asked ? model_rule(rules, count, f) : count;
	struct decision d;

	memset(&d, 0xee, sizeof(d));
	decide(rules, count, f, &d);
	assert_non_null(d.why);
	if (i == count) {
		assert_int_equal(d.result, f->own_address && f->origin == MAP_ORIGIN_SIP &&
			f->zone <= RULE_ZONE_NEW &&
			!model_says_risk(f->internal_port, RULE_RISK_RISKY) ? MAP_OK : MAP_DENIED);
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
	else if (rules[i].verdict == RULE_ASK)
		assert_int_equal(d.result, model_says_risk(f->internal_port, RULE_RISK_RISKY) ||
			model_says_risk(f->external_port, RULE_RISK_RISKY) ? MAP_DENIED : MAP_OK);
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
	if (r.device_id != 0)
		r.zones = 0;
	if (r.verdict == RULE_DENY)
		r.lifetime_max_s = 0;
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

/* ---- the words ---- */

static struct decision one(const struct rule *r, enum rule_zone zone, uint16_t port, bool answers)
{
	struct decide_facts f = {.zone = zone, .origin = MAP_ORIGIN_PCP, .proto = MAP_PROTO_TCP,
		.device_id = 1, .own_address = true, .internal_port = port,
		.somebody_answers = answers};
	struct decision d;

	decide(r, r ? 1 : 0, &f, &d);
	return d;
}

#define NOT_ASKED "nobody looks after this router yet, so nobody was asked"

/* The port where it is why, else the rule's note. */
static void why(void **state)
{
	struct rule r = {.id = 7, .enabled = true, .verdict = RULE_DENY, .external_max = 65535,
		.internal_max = 65535, .note = "because"};

	(void)state;
	assert_string_equal(one(&r, RULE_ZONE_MEMBER, 3389, true).why, "because");
	assert_ptr_equal(one(&r, RULE_ZONE_MEMBER, 3389, true).risk, risk_of(3389));
	r.risk = RULE_RISK_RISKY;
	assert_string_equal(one(&r, RULE_ZONE_MEMBER, 3389, true).why, risk_of(3389)->why);
	r.verdict = RULE_ALLOW;
	assert_string_equal(one(&r, RULE_ZONE_MEMBER, 3389, true).why, "because");
	r.verdict = RULE_ASK;
	r.risk = RULE_RISK_LOOK;
	assert_string_equal(one(&r, RULE_ZONE_MEMBER, 8080, true).why, risk_of(8080)->why);
	assert_string_equal(one(&r, RULE_ZONE_MEMBER, 8080, false).why, NOT_ASKED);
	r.risk = RULE_RISK_ALL;
	assert_string_equal(one(&r, RULE_ZONE_MEMBER, 3389, true).why, "because");
	assert_string_equal(one(&r, RULE_ZONE_MEMBER, 3389, false).why, risk_of(3389)->why);
	assert_string_equal(one(&r, RULE_ZONE_MEMBER, 8080, false).why, NOT_ASKED);
	assert_string_equal(one(NULL, RULE_ZONE_ADMIN, 8000, true).why, "no rule allows it");
	assert_null(one(NULL, RULE_ZONE_ADMIN, 8000, true).risk);
}

/* The port that a rule speaks of is told, not the other one. */
static void of_two_risks_the_right_one(void **state)
{
	struct rule r = {.id = 7, .enabled = true, .verdict = RULE_ASK, .external_max = 65535,
		.internal_max = 65535, .risk = RULE_RISK_LOOK, .note = "because"};
	struct decide_facts f = {.origin = MAP_ORIGIN_PCP, .own_address = true,
		.internal_port = 3389, .external_port = 8080, .somebody_answers = true};
	struct decision d;

	(void)state;
	decide(&r, 1, &f, &d);
	assert_string_equal(d.why, risk_of(8080)->why);
	assert_ptr_equal(d.risk, risk_of(3389));
	f.somebody_answers = false;
	decide(&r, 1, &f, &d);
	assert_int_equal(d.result, MAP_DENIED);
	assert_string_equal(d.why, risk_of(3389)->why);
}

static void every_miss_has_words(void **state)
{
	(void)state;
	for (unsigned a = 0; a < DECIDE_MISSES; a++) {
		assert_non_null(decide_miss_text((enum decide_miss)a));
		for (unsigned b = 0; b < a; b++)
			assert_string_not_equal(decide_miss_text((enum decide_miss)a),
				decide_miss_text((enum decide_miss)b));
	}
	assert_non_null(strstr(decide_miss_text(DECIDE_ZONE), "zone"));
	assert_non_null(strstr(decide_miss_text(DECIDE_CLOCK), "not known"));
}

/* ---- SIP ---- */

static struct decision sip(const struct rule *r, enum rule_zone zone, bool own)
{
	struct decide_facts f = {.zone = zone, .origin = MAP_ORIGIN_SIP, .proto = MAP_PROTO_UDP,
		.device_id = 1, .own_address = own, .third_party = !own, .internal_port = 8080,
		.external_port = 37215};
	struct decision d;

	decide(r, r ? 1 : 0, &f, &d);
	return d;
}

static void phones(void **state)
{
	struct rule r = {.id = 7, .enabled = true, .verdict = RULE_DENY, .external_max = 65535,
		.internal_max = 65535, .note = "silence"};

	(void)state;
	for (unsigned zone = 0; zone < RULE_ZONES; zone++) {
		enum map_result wanted = zone < RULE_ZONE_GUEST ? MAP_OK : MAP_DENIED;
		assert_int_equal(sip(NULL, (enum rule_zone)zone, true).result, wanted);
		assert_int_equal(sip(&r, (enum rule_zone)zone, true).result, wanted);
		assert_int_equal(sip(&r, (enum rule_zone)zone, true).rule_id, 0);
		assert_int_equal(sip(NULL, (enum rule_zone)zone, false).result, MAP_DENIED);
	}
	assert_string_equal(sip(NULL, RULE_ZONE_NEW, true).why, "a phone may telephone");
	assert_string_equal(sip(NULL, RULE_ZONE_GUEST, true).why, "no rule allows it");
	r.origins = 1 << MAP_ORIGIN_SIP;
	assert_int_equal(sip(&r, RULE_ZONE_MEMBER, true).result, MAP_DENIED);
	assert_int_equal(sip(&r, RULE_ZONE_MEMBER, true).rule_id, 7);
	assert_string_equal(sip(&r, RULE_ZONE_MEMBER, true).why, "silence");
}

/* Where no rule speaks of it a risky port stays shut: only the one inside is the phone's. */
static void phones_have_no_risky_ports(void **state)
{
	struct decide_facts f = {.origin = MAP_ORIGIN_SIP, .proto = MAP_PROTO_UDP, .device_id = 1,
		.own_address = true, .internal_port = 5900, .external_port = 36000};
	struct rule r = {.id = 7, .enabled = true, .verdict = RULE_ALLOW, .external_max = 65535,
		.internal_max = 65535, .origins = 1 << MAP_ORIGIN_SIP, .note = "it is a phone"};
	struct decision d;

	(void)state;
	decide(NULL, 0, &f, &d);
	assert_int_equal(d.result, MAP_DENIED);
	assert_string_equal(d.why, "risky port: VNC remote desktop");
	decide(&r, 1, &f, &d);
	assert_int_equal(d.result, MAP_OK);
}

/* ---- time ---- */

static enum map_result at_time(struct rule *r, bool known, uint64_t wall_s, uint16_t minute)
{
	struct decide_facts f = {.origin = MAP_ORIGIN_PCP, .own_address = true,
		.internal_port = 3000, .somebody_answers = true, .time_known = known,
		.wall_s = wall_s, .minute_of_week = minute};
	struct rule rules[2] = {*r, *r};
	struct decision d;

	/* What decides when the first does not hold. */
	rules[1] = (struct rule){.id = 2, .enabled = true, .verdict = RULE_ASK,
		.external_max = 65535, .internal_max = 65535};
	decide(rules, 2, &f, &d);
	return d.result;
}

static void time_and_no_time(void **state)
{
	struct rule r = {.id = 1, .enabled = true, .verdict = RULE_ALLOW, .external_max = 65535,
		.internal_max = 65535};

	(void)state;
	assert_int_equal(at_time(&r, false, 0, 0), MAP_OK);
	r.until_wall_s = 100;
	assert_int_equal(at_time(&r, true, 99, 0), MAP_OK);
	assert_int_equal(at_time(&r, true, 100, 0), MAP_PENDING);
	assert_int_equal(at_time(&r, false, 99, 0), MAP_PENDING);
	r.verdict = RULE_DENY;
	assert_int_equal(at_time(&r, false, 1000, 0), MAP_DENIED);
	assert_int_equal(at_time(&r, true, 1000, 0), MAP_PENDING);
	r.until_wall_s = 0;
	r.when = (struct schedule){1, 60, 120};
	assert_int_equal(at_time(&r, true, 0, 60), MAP_DENIED);
	assert_int_equal(at_time(&r, true, 0, 120), MAP_PENDING);
	assert_int_equal(at_time(&r, false, 0, 120), MAP_DENIED);
	r.verdict = RULE_ALLOW;
	assert_int_equal(at_time(&r, false, 0, 60), MAP_PENDING);
	assert_int_equal(at_time(&r, true, 0, 60), MAP_OK);
}

/* ---- the glob ---- */

static bool like(const char *glob, const char *text)
{
	struct rule r = {.enabled = true, .verdict = RULE_ALLOW, .external_max = 65535,
		.internal_max = 65535};
	struct decide_facts f = {.origin = MAP_ORIGIN_UPNP, .own_address = true,
		.descr = str_from(text)};
	enum decide_miss miss;

	memcpy(r.descr, glob, strlen(glob));
	miss = decide_rule(&r, &f);
	assert_true(miss == DECIDE_MATCH || miss == DECIDE_DESCR);
	return miss == DECIDE_MATCH;
}

/* By its definition, in as many steps as it takes. */
static bool like_by_definition(const char *glob, const char *text)
{
	if (*glob == '\0')
		return *text == '\0';
	if (*glob == '*')
		return like_by_definition(glob + 1, text) ||
		       (*text && like_by_definition(glob, text + 1));
	return *text && (*glob == '?' || (*glob | 32) == (*text | 32)) &&
	       like_by_definition(glob + 1, text + 1);
}

#define STARS "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*"

static void globs(void **state)
{
	static const char letters[] = "aAb?*";
	char glob[8] = "", text[8] = "";
	char long_text[MAP_DESCR_MAX + 1];

	(void)state;
	srandom(4);
	for (int i = 0; i < 100000; i++) {
		size_t g = 1 + (size_t)random() % 6, t = (size_t)random() % 7;
		for (size_t k = 0; k < 8; k++) {
			glob[k] = k < g ? letters[random() % 5] : '\0';
			text[k] = k < t ? letters[random() % 3] : '\0';
		}
		assert_int_equal(like(glob, text), like_by_definition(glob, text));
	}
	assert_true(like("?", "\xe2\x82\xac"));
	assert_false(like("??", "\xe2\x82\xac"));
	assert_false(like("*??", "\xe2\x82\xac"));
	assert_true(like("?x", "\xc3\xa9x"));
	assert_true(like("[a]", "[A]"));
	assert_true(like("aZ", "Az"));
	assert_false(like("@", "`"));
	assert_false(like("[", "{"));
	/* Endless for who tries every star in every place. */
	memset(long_text, 'a', MAP_DESCR_MAX);
	long_text[MAP_DESCR_MAX] = '\0';
	assert_false(like(STARS "b", long_text));
	assert_true(like(STARS, long_text));
}

/* ---- for others ---- */

/* "Always, by any port" is not "by the port of another service". */
static void answers_mean_ordinary_ports(void **state)
{
	static const struct {
		uint16_t min, max, external, internal;
		bool matches;
	} rows[] = {
		{0, 65535, 0, 50000, true}, {0, 65535, 50000, 50000, true},
		{0, 65535, 40000, 50000, true}, {0, 65535, 22, 50000, false},
		{0, 65535, 53, 50000, false}, {0, 65535, 3389, 50000, false},
		{0, 65535, 8080, 50000, false}, {0, 65535, 8080, 8080, true},
		{0, 65535, 8443, 8080, false}, {3389, 3389, 3389, 50000, true},
	};
	struct rule r;

	(void)state;
	rule_init(&r);
	r.verdict = RULE_ALLOW;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct decide_facts f = {.own_address = true, .proto = MAP_PROTO_UDP,
			.external_port = rows[i].external, .internal_port = rows[i].internal};
		r.external_min = rows[i].min;
		r.external_max = rows[i].max;
		r.maker = RULE_BY_CARD;
		assert_int_equal(decide_rule(&r, &f),
			rows[i].matches ? DECIDE_MATCH : DECIDE_EXTERNAL);
		r.maker = RULE_BY_OWNER;
		assert_int_equal(decide_rule(&r, &f), DECIDE_MATCH);
	}
}

static void third_parties(void **state)
{
	struct rule rules[2] = {
		{.id = 1, .enabled = true, .verdict = RULE_ALLOW, .external_max = 65535,
		 .internal_max = 65535},
		{.id = 2, .enabled = true, .verdict = RULE_ALLOW, .device_id = 5,
		 .third_party = true, .internal_min = 7, .internal_max = 7, .proto = MAP_PROTO_UDP},
	};
	struct decide_facts f = {.device_id = 5, .origin = MAP_ORIGIN_PCP, .time_known = true,
		.wall_s = 50};
	struct decision d;

	(void)state;
	assert_false(decide_third_party(rules, 0, &f));
	assert_false(decide_third_party(rules, 1, &f));
	/* Whatever it is about. */
	assert_true(decide_third_party(rules, 2, &f));
	rules[1].until_wall_s = 50;
	assert_false(decide_third_party(rules, 2, &f));
	rules[1].until_wall_s = 51;
	assert_true(decide_third_party(rules, 2, &f));
	f.device_id = 6;
	assert_false(decide_third_party(rules, 2, &f));
	rules[0].third_party = true;
	assert_true(decide_third_party(rules, 2, &f));
	/* Neither its own nor by THIRD_PARTY: no rule is looked at. */
	decide(rules, 2, &f, &d);
	assert_int_equal(d.result, MAP_DENIED);
	assert_int_equal(d.rule_id, 0);
	assert_non_null(strstr(d.why, "itself"));
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
		{RULE_ZONE_MEMBER, {0, 0, 0, 0}, false}, {RULE_ZONE_MEMBER, {3, 5, 7, 0}, false},
		{RULE_ZONE_MEMBER, {4, 5, 7, 0}, true}, {RULE_ZONE_MEMBER, {3, 6, 7, 0}, true},
		{RULE_ZONE_MEMBER, {3, 5, 8, 0}, true}, {RULE_ZONE_NEW, {1, 1, 1, 0}, false},
		{RULE_ZONE_NEW, {2, 2, 2, 0}, true}, {RULE_ZONE_ADMIN, {3, 3, 3, 0}, false},
		{RULE_ZONE_ADMIN, {4, 4, 4, 0}, true}, {RULE_ZONE_MEMBER, {99, 0, 0, 0}, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(decide_quota(&l, cases[i].zone, &cases[i].usage, 0) != NULL,
			cases[i].full);
	assert_null(decide_quota(&l, RULE_ZONE_MEMBER, &(struct decide_usage){.rule = 1}, 2));
	assert_null(decide_quota(&l, RULE_ZONE_MEMBER, &(struct decide_usage){.rule = 99}, 0));
	assert_non_null(decide_quota(&l, RULE_ZONE_MEMBER, &(struct decide_usage){.rule = 2}, 2));
	/* Which one it is. */
	assert_non_null(strstr(decide_quota(&l, RULE_ZONE_NEW, &(struct decide_usage){9, 9, 9, 9},
		1), "the rule"));
	assert_non_null(strstr(decide_quota(&l, RULE_ZONE_NEW, &(struct decide_usage){9, 9, 9, 9},
		0), "this device"));
	assert_non_null(strstr(decide_quota(&l, RULE_ZONE_NEW, &(struct decide_usage){0, 9, 9, 9},
		0), "zone"));
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
		cmocka_unit_test(why),
		cmocka_unit_test(of_two_risks_the_right_one),
		cmocka_unit_test(every_miss_has_words),
		cmocka_unit_test(phones),
		cmocka_unit_test(phones_have_no_risky_ports),
		cmocka_unit_test(time_and_no_time),
		cmocka_unit_test(globs),
		cmocka_unit_test(answers_mean_ordinary_ports),
		cmocka_unit_test(third_parties),
		cmocka_unit_test(quotas),
		cmocka_unit_test(lifetimes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
