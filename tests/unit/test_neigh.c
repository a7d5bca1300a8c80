/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The neighbour table against a plain array that does the same slowly. */
#include "gateway/neigh.h"

#include <linux/neighbour.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEYS 700

static struct neigh_entry entry(uint32_t key, uint8_t mac, uint8_t round)
{
	return (struct neigh_entry){.addr = addr_from4(0xc0a80000 + key), .ifindex = 2,
		.state = NUD_REACHABLE, .mac = {2, 0, 0, 0, 0, mac}, .round = round};
}

static void test_news(void **state)
{
	struct neigh *n = neigh_new();
	struct neigh_entry e = entry(1, 1, 0);

	(void)state;
	assert_true(neigh_put(n, &e));
	assert_false(neigh_put(n, &e));
	e.state = NUD_STALE;
	assert_false(neigh_put(n, &e));
	e.mac[5] = 9;
	assert_true(neigh_put(n, &e));
	e.state = NUD_FAILED;
	assert_true(neigh_put(n, &e));
	assert_int_equal(neigh_find(n, 2, &e.addr)->state, NUD_FAILED);
	assert_null(neigh_find(n, 3, &e.addr));
	assert_true(neigh_remove(n, 2, &e.addr));
	assert_false(neigh_remove(n, 2, &e.addr));
	neigh_free(n);
}

static void count(void *arg, const struct neigh_entry *e)
{
	size_t *left = arg;

	assert_int_equal(e->ifindex, 2);
	(*left)--;
}

static void test_against_an_array(void **state)
{
	struct neigh *n = neigh_new();
	uint8_t want[KEYS] = {0};
	size_t left = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		uint32_t key = (uint32_t)rand() % KEYS;
		struct neigh_entry e = entry(key, (uint8_t)(1 + i % 250), 0);
		bool present = want[key] != 0;

		if (rand() % 2) {
			neigh_put(n, &e);
			want[key] = e.mac[5];
		} else {
			assert_int_equal(neigh_remove(n, 2, &e.addr), present);
			want[key] = 0;
		}
	}
	for (uint32_t key = 0; key < KEYS; key++) {
		struct addr a = addr_from4(0xc0a80000 + key);
		const struct neigh_entry *e = neigh_find(n, 2, &a);
		assert_int_equal(e ? e->mac[5] : 0, want[key]);
		left += want[key] != 0;
	}
	assert_int_equal(neigh_count(n), left);
	neigh_each(n, count, &left);
	assert_int_equal(left, 0);
	neigh_free(n);
}

static void test_sweep(void **state)
{
	struct neigh *n = neigh_new();

	(void)state;
	for (uint32_t key = 0; key < KEYS; key++) {
		struct neigh_entry e = entry(key, 1, key % 3 == 0);
		neigh_put(n, &e);
	}
	assert_int_equal(neigh_sweep(n, 1), KEYS - (KEYS + 2) / 3);
	for (uint32_t key = 0; key < KEYS; key++) {
		struct addr a = addr_from4(0xc0a80000 + key);
		assert_int_equal(neigh_find(n, 2, &a) != NULL, key % 3 == 0);
	}
	neigh_free(n);
}

static void test_cap(void **state)
{
	struct neigh *n = neigh_new();
	struct neigh_entry e;

	(void)state;
	for (uint32_t key = 0; key < NEIGH_MAX; key++) {
		e = entry(key, 1, 0);
		assert_true(neigh_put(n, &e));
	}
	e = entry(NEIGH_MAX, 1, 0);
	assert_false(neigh_put(n, &e));
	assert_null(neigh_find(n, 2, &e.addr));
	e = entry(5, 7, 0);
	assert_true(neigh_put(n, &e));
	assert_int_equal(neigh_count(n), NEIGH_MAX);
	neigh_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_against_an_array),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_cap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
