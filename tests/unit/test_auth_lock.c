/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waits grow per source, and nobody waits for another. */
#include "web/auth_lock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_waits(void **state)
{
	static const uint32_t waits[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
	struct auth_lock lock = {0};
	uint64_t now = 1000000;

	(void)state;
	for (int i = 0; i < AUTH_LOCK_FREE; i++)
		assert_int_equal(auth_lock_try(&lock, 7, now), 0);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		assert_int_equal(auth_lock_try(&lock, 7, now), waits[i]);
		/* Asking while one has to wait does not make it longer. */
		assert_int_equal(auth_lock_try(&lock, 7, now + waits[i] * 1000 - 1), 1);
		now += waits[i] * 1000;
		assert_int_equal(auth_lock_try(&lock, 7, now), 0);
	}
	/* Somebody else never noticed. */
	assert_int_equal(auth_lock_try(&lock, 8, now), 0);
}

static void test_good(void **state)
{
	struct auth_lock lock = {0};

	(void)state;
	for (int i = 0; i < AUTH_LOCK_FREE; i++)
		auth_lock_try(&lock, 7, 1000);
	assert_int_equal(auth_lock_try(&lock, 7, 1000), 1);
	auth_lock_good(&lock, 7);
	for (int i = 0; i < AUTH_LOCK_FREE; i++)
		assert_int_equal(auth_lock_try(&lock, 7, 1000), 0);
	assert_int_equal(auth_lock_try(&lock, 7, 1000), 1);
}

static void test_forgets(void **state)
{
	struct auth_lock lock = {0};

	(void)state;
	for (int i = 0; i < AUTH_LOCK_FREE; i++)
		auth_lock_try(&lock, 7, 1000);
	assert_int_equal(auth_lock_try(&lock, 7, 1999), 1);
	for (int i = 0; i < AUTH_LOCK_FREE; i++)
		assert_int_equal(auth_lock_try(&lock, 7, 1000 + AUTH_LOCK_FORGET_MS), 0);
	assert_int_equal(auth_lock_try(&lock, 7, 1000 + AUTH_LOCK_FORGET_MS), 1);
}

/* A flood of sources forgets those that tried longest ago, not the one that tries all the time. */
static void test_full(void **state)
{
	struct auth_lock lock = {0};
	uint64_t now = 1000;

	(void)state;
	for (int i = 0; i < AUTH_LOCK_FREE + 6; i++, now += 60000)
		assert_int_equal(auth_lock_try(&lock, 7, now), 0);
	for (uint64_t i = 0; i < AUTH_LOCK_SOURCES - 1; i++)
		assert_int_equal(auth_lock_try(&lock, 1000 + i, now), 0);
	assert_true(auth_lock_try(&lock, 7, now - 1) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_forgets),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
