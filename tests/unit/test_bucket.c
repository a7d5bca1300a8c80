/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Token buckets per source. */
#include "gateway/bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t host(uint32_t i)
{
	struct addr a = addr_from4(0x0a000000 + i);
	return bucket_of(&a);
}

static int take_all(struct bucket *b, uint32_t source, uint64_t now_ms)
{
	int n = 0;

	while (bucket_take(b, host(source), now_ms))
		n++;
	return n;
}

static void test_rate(void **state)
{
	struct bucket *b = bucket_new(10, 5);

	(void)state;
	assert_int_equal(take_all(b, 1, 1000), 5);
	assert_int_equal(take_all(b, 1, 1099), 0);
	assert_int_equal(take_all(b, 1, 1100), 1);
	assert_int_equal(take_all(b, 1, 1299), 1);
	assert_int_equal(take_all(b, 1, 1300), 1);
	assert_int_equal(take_all(b, 1, UINT64_MAX), 5);
	bucket_free(b);
}

static void test_a_flood_is_its_own_loss(void **state)
{
	struct bucket *b = bucket_new(1, 3);

	(void)state;
	assert_int_equal(take_all(b, 1, 50), 3);
	assert_int_equal(take_all(b, 2, 50), 3);
	bucket_free(b);
}

/* A full table forgets who was silent longest, and nobody else. */
static void test_least_recent_goes(void **state)
{
	struct bucket *b = bucket_new(1, 2);

	(void)state;
	for (uint32_t i = 0; i < BUCKET_SOURCES; i++)
		assert_int_equal(take_all(b, i, 7), 2);
	assert_int_equal(take_all(b, 0, 7), 0);
	assert_int_equal(take_all(b, BUCKET_SOURCES, 7), 2);
	assert_int_equal(take_all(b, 0, 7), 0);
	assert_int_equal(take_all(b, 2, 7), 0);
	assert_int_equal(take_all(b, 1, 7), 2);
	bucket_free(b);
}

/* Many more sources than places: every link of chains and list is used again and again. */
static void test_churn(void **state)
{
	struct bucket *b = bucket_new(1, 1);

	(void)state;
	for (uint32_t i = 0; i < 50 * BUCKET_SOURCES; i++) {
		bucket_take(b, host(i * 2654435761u % 100000), 9);
		assert_int_equal(bucket_take(b, host(200000), 9), i == 0);
	}
	bucket_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_a_flood_is_its_own_loss),
		cmocka_unit_test(test_least_recent_goes),
		cmocka_unit_test(test_churn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
