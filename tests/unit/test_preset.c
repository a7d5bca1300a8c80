/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Presets: what each means for a request, and how one takes the place of another. */
#include "policy/preset.h"

#include "policy/decide.h"
#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define MAX 32

struct home {
	struct rule rules[MAX];
	size_t count;
};

static struct home home_of(enum preset_id id)
{
	struct home h;

	h.count = preset_apply(id, NULL, 0, 1, h.rules);
	assert_in_range(h.count, 1, MAX);
	return h;
}

/* 'y' opened, 'n' refused, '?' asked. */
static char says(enum preset_id id, enum rule_zone zone, uint16_t external, uint16_t internal,
	bool somebody)
{
	struct home h = home_of(id);
	struct decide_facts f = {.zone = zone, .origin = MAP_ORIGIN_UPNP, .proto = MAP_PROTO_TCP,
		.device_id = 1, .own_address = true, .external_port = external,
		.internal_port = internal, .somebody_answers = somebody};
	struct decision d;

	decide(h.rules, h.count, &f, &d);
	/* A blocked device needs no rule to be refused. */
	assert_true(d.rule_id > 0 || zone == RULE_ZONE_BLOCKED);
	assert_true(d.why[0] != '\0');
	return d.result == MAP_OK ? 'y' : d.result == MAP_DENIED ? 'n' : '?';
}

/* Of each zone: ordinary, look first, risky, below 1024 inside, outside. */
static void meaning_of(enum preset_id id, bool somebody, const char *const wanted[RULE_ZONES])
{
	static const uint16_t external[] = {8000, 8080, 3389, 8000, 443};
	static const uint16_t internal[] = {8000, 8080, 3389, 80, 8000};

	for (unsigned zone = 0; zone < RULE_ZONES; zone++) {
		char got[6] = "";
		for (unsigned i = 0; i < 5; i++)
			got[i] = says(id, (enum rule_zone)zone, external[i], internal[i],
				somebody);
		assert_string_equal(got, wanted[zone]);
	}
}

static void meanings(void **state)
{
	static const char *const open[] = {"yynnn", "yynnn", "yynnn", "nnnnn", "nnnnn"};
	static const char *const ask[] = {"y?nnn", "y?nnn", "??nnn", "nnnnn", "nnnnn"};
	static const char *const nothing[] = {"nnnnn", "nnnnn", "nnnnn", "nnnnn", "nnnnn"};

	(void)state;
	meaning_of(PRESET_OPEN, true, open);
	meaning_of(PRESET_OPEN, false, open);
	meaning_of(PRESET_ASK, true, ask);
	/* The first day: nobody is there to be asked. */
	meaning_of(PRESET_ASK, false, open);
	meaning_of(PRESET_LOCKDOWN, true, nothing);
	meaning_of(PRESET_LOCKDOWN, false, nothing);
}

static struct decision on_day_one(enum rule_zone zone, enum map_origin origin, uint16_t external,
	uint16_t internal)
{
	static struct home h;
	struct decide_facts f = {.zone = zone, .origin = origin, .proto = MAP_PROTO_TCP,
		.device_id = 1, .own_address = true, .external_port = external,
		.internal_port = internal};
	struct decision d;

	h = home_of(PRESET_ASK);
	decide(h.rules, h.count, &f, &d);
	return d;
}

static void day_one(void **state)
{
	(void)state;
	assert_int_equal(on_day_one(RULE_ZONE_NEW, MAP_ORIGIN_PCP, 0, 1024).result, MAP_OK);
	assert_int_equal(on_day_one(RULE_ZONE_NEW, MAP_ORIGIN_PCP, 0, 3074).result, MAP_OK);
	assert_int_equal(on_day_one(RULE_ZONE_NEW, MAP_ORIGIN_PCP, 8080, 8080).result, MAP_OK);
	for (uint16_t port = 1; port <= 1024; port++) {
		struct decision in = on_day_one(RULE_ZONE_NEW, MAP_ORIGIN_PCP, 0, port);
		struct decision out = on_day_one(RULE_ZONE_NEW, MAP_ORIGIN_PCP, port, 8000);
		bool low = port < 1024;
		assert_int_equal(in.result, low ? MAP_DENIED : MAP_OK);
		assert_int_equal(out.result, low ? MAP_DENIED : MAP_OK);
		assert_int_equal(strncmp(in.why, "ports below 1024", 16) == 0, low);
		assert_int_equal(strncmp(out.why, "ports below 1024", 16) == 0, low);
	}
	assert_non_null(strstr(on_day_one(RULE_ZONE_NEW, MAP_ORIGIN_PCP, 0, 3389).why,
		"remote desktop"));
	assert_non_null(strstr(on_day_one(RULE_ZONE_GUEST, MAP_ORIGIN_PCP, 0, 3389).why,
		"guests"));
	assert_int_equal(on_day_one(RULE_ZONE_GUEST, MAP_ORIGIN_SIP, 0, 8000).result, MAP_DENIED);
	assert_int_equal(on_day_one(RULE_ZONE_NEW, MAP_ORIGIN_SIP, 0, 8000).result, MAP_OK);
}

/* Phones go on, and so does the owner. */
static void lockdown_is_for_apps(void **state)
{
	struct home h = home_of(PRESET_LOCKDOWN);
	struct decide_facts f = {.zone = RULE_ZONE_MEMBER, .proto = MAP_PROTO_UDP,
		.own_address = true, .internal_port = 8000};
	struct decision d;

	(void)state;
	for (unsigned origin = 0; origin < MAP_ORIGINS; origin++) {
		bool app = origin != MAP_ORIGIN_OWNER && origin != MAP_ORIGIN_SIP;
		f.origin = (enum map_origin)origin;
		decide(h.rules, h.count, &f, &d);
		assert_int_equal(d.result, app ? MAP_DENIED : MAP_OK);
	}
}

static void tables_are_rules(void **state)
{
	(void)state;
	for (unsigned id = 0; id < PRESETS; id++) {
		const struct preset *p = preset_of((enum preset_id)id);
		struct home h = home_of((enum preset_id)id);
		enum preset_id found = PRESET_OPEN;
		size_t place;
		assert_true(p->meaning[0] != '\0');
		assert_int_equal(preset_find(str_from(p->name), &found), 0);
		assert_int_equal(found, id);
		assert_null(rule_fault_of_all(h.rules, h.count, &place));
		for (size_t i = 0; i < h.count; i++) {
			assert_int_equal(h.rules[i].maker, RULE_BY_PRESET);
			assert_int_equal(h.rules[i].position, i + 1);
			assert_int_equal(h.rules[i].id, i + 1);
			assert_true(h.rules[i].note[0] != '\0');
		}
	}
	assert_string_equal(preset_of(PRESET_OPEN)->name, "open");
	assert_string_equal(preset_of(PRESET_ASK)->name, "ask");
	assert_string_equal(preset_of(PRESET_LOCKDOWN)->name, "lockdown");
}

static void no_such_name(void **state)
{
	enum preset_id id = PRESET_ASK;

	(void)state;
	assert_int_equal(preset_find(STR("lock"), &id), ERR_NOT_FOUND);
	assert_int_equal(preset_find(STR_NONE, &id), ERR_NOT_FOUND);
	assert_int_equal(id, PRESET_ASK);
}

static struct rule own_rule(uint32_t id, uint8_t maker)
{
	struct rule r;

	rule_init(&r);
	r.id = id;
	r.position = id;
	r.maker = maker;
	return r;
}

/* From one to the next: what a preset made goes, what others made stays in its order. */
static void one_after_the_other(void **state)
{
	const struct rule own[] = {own_rule(7, RULE_BY_OWNER), own_rule(3, RULE_BY_CARD),
		own_rule(9, RULE_BY_CLOSE)};
	const struct preset *lock = preset_of(PRESET_LOCKDOWN), *open = preset_of(PRESET_OPEN);
	struct rule first[MAX], second[MAX];
	size_t n, place;

	(void)state;
	n = preset_apply(PRESET_LOCKDOWN, own, 3, 20, first);
	assert_int_equal(n, lock->above_count + 3 + lock->below_count);
	assert_int_equal(first[0].id, 20);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(first[lock->above_count + i].id, own[i].id);
	assert_int_equal(first[lock->above_count + 3].id, 20 + lock->above_count);
	assert_null(rule_fault_of_all(first, n, &place));
	n = preset_apply(PRESET_OPEN, first, n, 50, second);
	assert_int_equal(n, 3 + open->below_count);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(second[i].position, i + 1);
		if (i < 3)
			assert_int_equal(second[i].id, own[i].id);
		assert_int_equal(second[i].maker, i < 3 ? own[i].maker : RULE_BY_PRESET);
	}
	assert_null(rule_fault_of_all(second, n, &place));
}

/* The id of the rule that says this; 0: none does. */
static uint32_t id_saying(const struct rule *rules, size_t count, const struct rule *what)
{
	while (count-- > 0) {
		if (rule_says_same(&rules[count], what))
			return rules[count].id;
	}
	return 0;
}

/* What is open names the rule that allowed it: a rule both presets have stays that rule. */
static void shared_rules_stay(void **state)
{
	struct rule first[MAX], second[MAX];
	size_t n = preset_apply(PRESET_ASK, NULL, 0, 1, first), shared = 0, m;

	(void)state;
	assert_int_equal(preset_apply(PRESET_ASK, first, n, 50, second), n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(second[i].id, first[i].id);
	m = preset_apply(PRESET_OPEN, first, n, 50, second);
	for (size_t i = 0; i < m; i++) {
		uint32_t was = id_saying(first, n, &second[i]);
		shared += was != 0;
		assert_true(was ? second[i].id == was : second[i].id >= 50);
	}
	assert_in_range(shared, 1, m - 1);
}

/* Exactly as many as there may be; with one more nothing is written behind them. */
static void room(void **state)
{
	static struct rule own[RULES_MAX], out[RULES_MAX + PRESET_RULES_MAX];
	size_t few = RULES_MAX - preset_of(PRESET_ASK)->below_count, place;

	(void)state;
	for (uint32_t i = 0; i < RULES_MAX; i++)
		own[i] = own_rule(i + 1, RULE_BY_OWNER);
	assert_int_equal(preset_apply(PRESET_ASK, own, few, 2000, out), RULES_MAX);
	assert_null(rule_fault_of_all(out, RULES_MAX, &place));
	assert_int_equal(preset_apply(PRESET_ASK, own, few + 1, 2000, out), 0);
	assert_int_equal(out[RULES_MAX].id, 0);
	for (unsigned id = 0; id < PRESETS; id++) {
		const struct preset *p = preset_of((enum preset_id)id);
		assert_in_range(p->above_count + p->below_count, 1, PRESET_RULES_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meanings),
		cmocka_unit_test(day_one),
		cmocka_unit_test(lockdown_is_for_apps),
		cmocka_unit_test(tables_are_rules),
		cmocka_unit_test(no_such_name),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(shared_rules_stay),
		cmocka_unit_test(room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
