/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules: the policy of an empty store, and what makes a row no rule. */
#include "policy/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct rule good(void)
{
	return (struct rule){.id = 1, .position = 1, .enabled = true, .verdict = RULE_ALLOW,
		.external_max = 65535, .internal_max = 65535};
}

static void day_one_is_in_order(void **state)
{
	size_t count;
	const struct rule *rules = rule_day_one(&count);

	(void)state;
	assert_in_range(count, 1, 64);
	for (size_t i = 0; i < count; i++) {
		assert_null(rule_fault(&rules[i]));
		assert_int_equal(rules[i].position, i + 1);
		assert_int_equal(rules[i].id, i + 1);
		assert_true(rules[i].enabled);
		/* Nobody is there to be asked. */
		assert_int_not_equal(rules[i].verdict, RULE_ASK);
		assert_true(rules[i].note[0] != '\0');
		assert_non_null(memchr(rules[i].note, '\0', sizeof(rules[i].note)));
	}
	/* What is allowed comes last, after all that is refused. */
	for (size_t i = 0; i < count; i++)
		assert_int_equal(rules[i].verdict, i + 1 < count ? RULE_DENY : RULE_ALLOW);
}

#define FAULT(change) do { \
	struct rule r = good(); \
	r.change; \
	assert_non_null(rule_fault(&r)); \
} while (0)
#define FINE(change) do { \
	struct rule r = good(); \
	r.change; \
	assert_null(rule_fault(&r)); \
} while (0)

static void faults(void **state)
{
	(void)state;
	FAULT(verdict = RULE_VERDICTS);
	FAULT(zones = 1 << RULE_ZONES);
	FAULT(origins = 1 << MAP_ORIGINS);
	FAULT(proto = 1);
	FAULT(external_max = 0; r.external_min = 1);
	FAULT(internal_max = 79; r.internal_min = 80);
	FAULT(risk = RULE_RISKS);
}

static void the_edges_are_fine(void **state)
{
	(void)state;
	FINE(verdict = RULE_ASK);
	FINE(zones = (1 << RULE_ZONES) - 1);
	FINE(origins = (1 << MAP_ORIGINS) - 1);
	FINE(proto = MAP_PROTO_TCP);
	FINE(proto = MAP_PROTO_UDP);
	FINE(external_min = 65535);
	FINE(internal_max = 0);
	FINE(risk = RULE_RISK_LOOK);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(rule_verdict_text(RULE_DENY), "deny");
	assert_string_equal(rule_verdict_text(RULE_ALLOW), "allow");
	assert_string_equal(rule_verdict_text(RULE_ASK), "ask");
	assert_null(rule_verdict_text(RULE_VERDICTS));
	assert_string_equal(rule_zone_text(RULE_ZONE_ADMIN), "admin");
	assert_string_equal(rule_zone_text(RULE_ZONE_BLOCKED), "blocked");
	assert_null(rule_zone_text(RULE_ZONES));
	assert_null(rule_zone_text(255));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(day_one_is_in_order),
		cmocka_unit_test(faults),
		cmocka_unit_test(the_edges_are_fine),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
