/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of a phone's own words. */
#include "protocols/sipalg_own.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sip_rig.h"

static struct sipalg_own own;

static void add(unsigned key, const char *text)
{
	char k[16];

	snprintf(k, sizeof(k), "key%u", key);
	assert_int_equal(sipalg_own_add(&own, str_from(k), str_from(text)), 0);
}

static struct str find(unsigned key)
{
	char k[16];

	snprintf(k, sizeof(k), "key%u", key);
	return sipalg_own_find(&own, str_from(k));
}

static void words_are_found_by_key(void **state)
{
	(void)state;
	own = (struct sipalg_own){0};
	assert_null(find(1).p);
	add(1, "192.168.1.20");
	add(2, "192.168.1.20:5062");
	add(1, "192.168.1.20 : 05060");
	assert_str(find(1), "192.168.1.20 : 05060");
	assert_str(find(2), "192.168.1.20:5062");
	/* A key nobody knows: what came last. */
	assert_str(find(3), "192.168.1.20 : 05060");
}

static void the_least_used_makes_room(void **state)
{
	(void)state;
	own = (struct sipalg_own){0};
	for (unsigned i = 0; i < SIPALG_OWN_MAX; i++)
		add(i, "old");
	add(0, "kept");
	add(1000, "new");
	assert_str(find(0), "kept");
	assert_str(find(1000), "new");
	assert_str(find(2), "old");
	assert_str(find(1), "new");	/* gone; what came last stands in */
}

static void long_words_are_refused(void **state)
{
	char text[SIPALG_OWN_TEXT_MAX + 1];

	(void)state;
	own = (struct sipalg_own){0};
	memset(text, 'x', sizeof(text));
	assert_int_equal(sipalg_own_add(&own, STR("k"), (struct str){text, sizeof(text)}),
		ERR_FULL);
	assert_null(find(1).p);
	assert_int_equal(sipalg_own_add(&own, STR("k"), (struct str){text, sizeof(text) - 1}), 0);
	assert_int_equal(sipalg_own_find(&own, STR("k")).len, SIPALG_OWN_TEXT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_found_by_key),
		cmocka_unit_test(the_least_used_makes_room),
		cmocka_unit_test(long_words_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
