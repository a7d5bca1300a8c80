/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules: what makes a row no rule, alone and among others. */
#include "policy/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct rule good(void)
{
	struct rule r;

	memset(&r, 0xee, sizeof(r));
	rule_init(&r);
	r.id = r.position = 1;
	r.verdict = RULE_ALLOW;
	return r;
}

static void initial_rule_speaks_of_everything(void **state)
{
	struct rule r, any = {.enabled = true, .external_max = 65535, .internal_max = 65535};

	(void)state;
	memset(&r, 0xee, sizeof(r));
	rule_init(&r);
	assert_true(r.enabled);
	assert_int_equal(r.verdict, RULE_DENY);
	assert_int_equal(r.zones | r.device_id | r.origins | r.proto | r.risk, 0);
	assert_int_equal(r.external_min | r.internal_min, 0);
	assert_int_equal(r.external_max & r.internal_max, 65535);
	assert_true(!r.has_remote && r.descr[0] == '\0' && schedule_is_always(&r.when));
	assert_true(prefix_eq(&r.remote, &any.remote));
	assert_int_equal(r.until_wall_s | r.lifetime_max_s | r.quota | r.third_party, 0);
	assert_null(rule_fault(&r));
}

#define FAULT(word, change) do { \
	struct rule r = good(); \
	r.change; \
	assert_non_null(rule_fault(&r)); \
	assert_non_null(strstr(rule_fault(&r), word)); \
} while (0)
#define FINE(change) do { \
	struct rule r = good(); \
	r.change; \
	assert_null(rule_fault(&r)); \
} while (0)

static void faults(void **state)
{
	(void)state;
	FAULT("verdict", verdict = RULE_VERDICTS);
	FAULT("maker", maker = RULE_MAKERS);
	FAULT("zone", zones = 1 << RULE_ZONES);
	FAULT("zone", zones = 0xff);
	FAULT("origins", origins = 1 << MAP_ORIGINS);
	FAULT("proto", proto = 1);
	FAULT("proto", proto = 254);
	FAULT("external", external_max = 0; r.external_min = 1);
	FAULT("internal", internal_max = 79; r.internal_min = 80);
	FAULT("risk", risk = RULE_RISKS);
	FAULT("until", until_wall_s = 253402300800);
	FAULT("until", until_wall_s = UINT64_MAX);
	FAULT("schedule", when.days = 0x80);
	FAULT("schedule", when.from_min = 1);
}

static void contradictions(void **state)
{
	(void)state;
	FAULT("device", device_id = 1; r.zones = 1 << RULE_ZONE_NEW);
	FAULT("device", device_id = 1; r.zones = 1 << RULE_ZONE_ADMIN);
	FAULT("device", device_id = 2; r.zones = 1 << RULE_ZONE_ADMIN);
	FAULT("others", third_party = true; r.verdict = RULE_DENY);
	FAULT("SIP", third_party = true; r.origins = 1 << MAP_ORIGIN_SIP | 1 << MAP_ORIGIN_PCP);
	FAULT("denied", verdict = RULE_DENY; r.quota = 1);
	FAULT("denied", verdict = RULE_DENY; r.lifetime_max_s = 1);
	FAULT("ports", proto = RULE_PROTO_OTHER; r.external_min = 1);
	FAULT("ports", proto = RULE_PROTO_OTHER; r.external_max = 65534);
	FAULT("ports", proto = RULE_PROTO_OTHER; r.internal_min = 1);
	FAULT("ports", proto = RULE_PROTO_OTHER; r.internal_max = 65534);
	FAULT("ports", proto = RULE_PROTO_OTHER; r.risk = RULE_RISK_LOOK);
}

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_decode(str_from(text), &p), 0);
	return p;
}

static void remotes(void **state)
{
	(void)state;
	FAULT("everybody", has_remote = true);
	FAULT("everybody", has_remote = true; r.remote = prefix_any4());
	FAULT("no prefix", has_remote = true; r.remote = prefix_of("2001:db8::/32");
		r.remote.len = 31; r.remote.addr.b[3] = 0xb9);
	FAULT("no prefix", has_remote = true; r.remote = prefix_of("2001:db8::1");
		r.remote.len = 129);
	FAULT("no prefix", has_remote = true; r.remote = prefix_of("192.0.2.0/24");
		r.remote.len = 90);
	FINE(has_remote = true; r.remote = prefix_of("192.0.2.0/24"));
	FINE(has_remote = true; r.remote = prefix_of("2001:db8::/32"));
	FINE(has_remote = true; r.remote = prefix_of("2001:db8::1"));
	/* It is not looked at. */
	FINE(remote.len = 255);
}

static void texts(void **state)
{
	(void)state;
	FINE(descr[0] = '*');
	FAULT("descr", descr[0] = (char)0xff);
	FAULT("descr", descr[0] = (char)0xc3);
	FAULT("note", note[0] = (char)0xff);
	FAULT("note", note[0] = '\n');
	FAULT("descr is", when.days = 0; memset(r.descr, 'x', sizeof(r.descr)));
	FAULT("note is", when.days = 0; memset(r.note, 'x', sizeof(r.note)));
	FINE(when.days = 0; memset(r.descr, 'x', sizeof(r.descr) - 1));
	FINE(when.days = 0; memset(r.note, 'x', sizeof(r.note) - 1));
}

static void the_edges_are_fine(void **state)
{
	(void)state;
	FINE(verdict = RULE_ASK);
	FINE(maker = RULE_BY_CLOSE);
	FINE(zones = (1 << RULE_ZONES) - 1);
	FINE(zones = 1 << RULE_ZONE_NEW);
	FINE(device_id = 7);
	FINE(zones = (1 << RULE_ZONES) - 1; r.device_id = 1);
	FINE(origins = (1 << MAP_ORIGINS) - 1);
	FINE(third_party = true; r.origins = ((1 << MAP_ORIGINS) - 1) & ~(1 << MAP_ORIGIN_SIP));
	FINE(proto = MAP_PROTO_TCP);
	FINE(proto = MAP_PROTO_UDP; r.external_min = 5; r.risk = RULE_RISK_LOOK);
	FINE(proto = RULE_PROTO_OTHER);
	FINE(external_min = 65535);
	FINE(internal_max = 0);
	FINE(risk = RULE_RISK_LOOK);
	FINE(until_wall_s = 253402300799);
	FINE(quota = 1; r.lifetime_max_s = 1);
	FINE(when = ((struct schedule){0x7f, 1439, 0}));
	FINE(verdict = RULE_ASK; r.third_party = true);
}

static void names(void **state)
{
	const struct {
		const char *(*text)(uint8_t);
		const char *first, *last;
		uint8_t count;
	} all[] = {
		{rule_verdict_text, "deny", "ask", RULE_VERDICTS},
		{rule_zone_text, "admin", "blocked", RULE_ZONES},
		{rule_risk_text, "all", "look", RULE_RISKS},
		{rule_maker_text, "owner", "close", RULE_MAKERS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		assert_string_equal(all[i].text(0), all[i].first);
		assert_string_equal(all[i].text((uint8_t)(all[i].count - 1)), all[i].last);
		assert_null(all[i].text(all[i].count));
		assert_null(all[i].text(255));
		for (uint8_t v = 0; v < all[i].count; v++)
			assert_non_null(all[i].text(v));
	}
	assert_string_equal(rule_verdict_text(RULE_ALLOW), "allow");
	assert_string_equal(rule_risk_text(RULE_RISK_RISKY), "risky");
}

static void many(struct rule *rules, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		rules[i] = good();
		rules[i].id = count - i;
		rules[i].position = i;
	}
}

static void all_of_them(void **state)
{
	static struct rule rules[RULES_MAX + 1];
	size_t place = 77;

	(void)state;
	assert_null(rule_fault_of_all(NULL, 0, &place));
	many(rules, RULES_MAX + 1);
	assert_null(rule_fault_of_all(rules, RULES_MAX, &place));
	assert_int_equal(place, 77);
	assert_non_null(strstr(rule_fault_of_all(rules, RULES_MAX + 1, &place), "too many"));
	assert_int_equal(place, RULES_MAX);
	rules[5].id = rules[2].id;
	assert_non_null(strstr(rule_fault_of_all(rules, 9, &place), "this id"));
	assert_int_equal(place, 5);
	many(rules, 9);
	rules[8].position = 0;
	assert_non_null(strstr(rule_fault_of_all(rules, 9, &place), "this position"));
	assert_int_equal(place, 8);
	many(rules, 9);
	rules[3].id = 0;
	assert_non_null(strstr(rule_fault_of_all(rules, 9, &place), "from 1 on"));
	assert_int_equal(place, 3);
	rules[1].verdict = 9;
	assert_non_null(strstr(rule_fault_of_all(rules, 9, &place), "verdict"));
	assert_int_equal(place, 1);
	rules[0].verdict = 9;
	assert_non_null(rule_fault_of_all(rules, 1, &place));
	assert_int_equal(place, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(initial_rule_speaks_of_everything),
		cmocka_unit_test(faults),
		cmocka_unit_test(contradictions),
		cmocka_unit_test(remotes),
		cmocka_unit_test(texts),
		cmocka_unit_test(the_edges_are_fine),
		cmocka_unit_test(names),
		cmocka_unit_test(all_of_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
