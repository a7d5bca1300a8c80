/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of risky ports: found by halves, so it must be sorted; and what has to be in it. */
#include "policy/risk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Every port of every entry leads to that very entry: no gap, no overlap, nothing out of order. */
static void every_entry_is_found(void **state)
{
	uint32_t covered = 0;

	(void)state;
	for (uint32_t port = 0; port <= 65535; port++) {
		const struct risk *r = risk_of((uint16_t)port);
		if (!r)
			continue;
		assert_true(r->first <= port && port <= r->last);
		assert_ptr_equal(risk_of(r->first), r);
		assert_ptr_equal(risk_of(r->last), r);
		assert_true(r->class == RULE_RISK_RISKY || r->class == RULE_RISK_LOOK);
		assert_true(r->why && r->why[0] != '\0');
		covered++;
	}
	/* Everything below 1024 and a few dozen more, not half of the range. */
	assert_in_range(covered, 1023, 1200);
}

static void below_1024_all_is_risky(void **state)
{
	(void)state;
	assert_null(risk_of(0));
	for (uint16_t port = 1; port < 1024; port++) {
		assert_non_null(risk_of(port));
		assert_int_equal(risk_of(port)->class, RULE_RISK_RISKY);
	}
	assert_null(risk_of(1024));
	assert_null(risk_of(65535));
}

/* These above 1023 and no others. */
static void known_dangers(void **state)
{
	static const uint16_t risky[] = {1080, 1433, 1434, 1521, 1883, 1900, 2049, 2323, 2375,
		2376, 3128, 3306, 3389, 3702, 4444, 5000, 5060, 5061, 5350, 5351, 5353, 5432, 5555,
		5900, 5901, 5902, 5903, 5985, 5986, 6379, 7547, 8006, 8291, 9000, 9100, 9200,
		11211, 27017, 34567, 37215, 37777, 49152};
	static const uint16_t look[] = {8080, 8443};
	uint32_t found = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(risky); i++) {
		assert_non_null(risk_of(risky[i]));
		assert_int_equal(risk_of(risky[i])->class, RULE_RISK_RISKY);
	}
	for (size_t i = 0; i < COUNT(look); i++) {
		assert_non_null(risk_of(look[i]));
		assert_int_equal(risk_of(look[i])->class, RULE_RISK_LOOK);
	}
	for (uint32_t port = 1024; port <= 65535; port++)
		found += risk_of((uint16_t)port) != NULL;
	assert_int_equal(found, COUNT(risky) + COUNT(look));
	/* The reason is of this port. */
	assert_non_null(strstr(risk_of(3389)->why, "remote desktop"));
	assert_non_null(strstr(risk_of(5060)->why, "telephone fraud"));
	assert_non_null(strstr(risk_of(8080)->why, "admin page"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_entry_is_found),
		cmocka_unit_test(below_1024_all_is_risky),
		cmocka_unit_test(known_dangers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
