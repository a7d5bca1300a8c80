/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings by name: defaults, ranges, and that one name moves one number. */
#include "policy/limits.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void defaults_are_within_their_ranges(void **state)
{
	struct limits l;
	size_t count;
	const struct limits_entry *e = limits_table(&count);

	(void)state;
	memset(&l, 0xff, sizeof(l));
	limits_init(&l);
	/* Each number of the struct has a name. */
	assert_int_equal(count * sizeof(uint32_t), sizeof(l));
	for (size_t i = 0; i < count; i++) {
		assert_in_range(e[i].initial, e[i].min, e[i].max);
		assert_int_equal(limits_get(&l, &e[i]), e[i].initial);
		assert_true(e[i].meaning[0] != '\0');
	}
	assert_int_equal(l.quota_device, 64);
	assert_int_equal(l.quota_new, 8);
	assert_int_equal(l.quota_zone, 256);
	assert_int_equal(l.quota_total, 4096);
	assert_int_equal(l.lifetime_min_s, 120);
	assert_int_equal(l.lifetime_max_s, 86400);
}

static void one_name_moves_one_number(void **state)
{
	struct limits l, before;
	size_t count;
	const struct limits_entry *e = limits_table(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		limits_init(&l);
		before = l;
		assert_int_equal(limits_set(&l, str_from(e[i].name), e[i].max), 0);
		assert_int_equal(limits_get(&l, &e[i]), e[i].max);
		assert_int_equal(limits_set(&l, str_from(e[i].name), e[i].min), 0);
		assert_int_equal(limits_get(&l, &e[i]), e[i].min);
		for (size_t k = 0; k < count; k++)
			assert_true(k == i || limits_get(&l, &e[k]) == limits_get(&before, &e[k]));
	}
}

static void what_is_out_of_range_changes_nothing(void **state)
{
	struct limits l, before;
	size_t count;
	const struct limits_entry *e = limits_table(&count);

	(void)state;
	limits_init(&l);
	before = l;
	for (size_t i = 0; i < count; i++) {
		struct str name = str_from(e[i].name);
		assert_int_equal(limits_set(&l, name, (int64_t)e[i].max + 1), ERR_RANGE);
		assert_int_equal(limits_set(&l, name, (int64_t)e[i].min - 1), ERR_RANGE);
		assert_int_equal(limits_set(&l, name, INT64_MIN), ERR_RANGE);
		assert_int_equal(limits_set(&l, name, INT64_MAX), ERR_RANGE);
		/* Modulo 2^32 it would fit. */
		assert_int_equal(limits_set(&l, name, ((int64_t)1 << 32) + e[i].min), ERR_RANGE);
	}
	assert_int_equal(limits_set(&l, STR("quota"), 1), ERR_NOT_FOUND);
	assert_int_equal(limits_set(&l, STR("quota.devices"), 1), ERR_NOT_FOUND);
	assert_int_equal(limits_set(&l, STR("Quota.device"), 1), ERR_NOT_FOUND);
	assert_int_equal(limits_set(&l, STR(""), 1), ERR_NOT_FOUND);
	assert_memory_equal(&l, &before, sizeof(l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_within_their_ranges),
		cmocka_unit_test(one_name_moves_one_number),
		cmocka_unit_test(what_is_out_of_range_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
