/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Choice of a port: what is tried first, how often at most, and of which parity. */
#include "policy/ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define SEEDS 2000

struct tries {
	bool taken[65536];
	uint32_t count;
	uint16_t first[2];
};

static bool is_free(void *arg, uint16_t port)
{
	struct tries *t = arg;

	if (t->count < 2)
		t->first[t->count] = port;
	t->count++;
	return !ports_is_displaced(port) && !t->taken[port];
}

static void take_all(struct tries *t)
{
	memset(t, 0, sizeof(*t));
	memset(t->taken, true, sizeof(t->taken));
}

static void suggestion_then_internal(void **state)
{
	static struct tries t;

	(void)state;
	memset(&t, 0, sizeof(t));
	assert_int_equal(ports_choose(8000, 9000, 1, is_free, &t), 8000);
	t.taken[8000] = true;
	assert_int_equal(ports_choose(8000, 9000, 1, is_free, &t), 9000);
	t.taken[9000] = true;
	assert_true(ports_choose(8000, 9000, 1, is_free, &t) >= 1024);
	assert_int_equal(ports_choose(0, 7000, 1, is_free, &t), 7000);
	/* The same number is not tried twice, and 0 is no port. */
	take_all(&t);
	ports_choose(8000, 8000, 1, is_free, &t);
	assert_int_equal(t.first[0], 8000);
	assert_int_not_equal(t.first[1], 8000);
	take_all(&t);
	ports_choose(0, 0, 1, is_free, &t);
	assert_int_not_equal(t.first[0], 0);
}

/* PCP-122: whatever is taken, it ends. */
static void tries_are_bounded(void **state)
{
	static struct tries t;

	(void)state;
	for (uint32_t seed = 0; seed < SEEDS; seed += 37) {
		take_all(&t);
		assert_int_equal(ports_choose(8000, 9000, seed * 2654435761u, is_free, &t), 0);
		assert_int_equal(t.count, PORTS_TRIES + 2);
	}
}

/* RFC 4787 REQ-4, and never a system port or one that displaced flows leave from. */
static void parity_and_range(void **state)
{
	static struct tries t;
	uint32_t different = 0;
	uint16_t last = 0;

	(void)state;
	for (uint32_t seed = 0; seed < SEEDS; seed++) {
		uint16_t internal = (uint16_t)(9000 + seed % 2), port;
		memset(&t, 0, sizeof(t));
		t.taken[internal] = true;
		port = ports_choose(0, internal, seed * 2654435761u, is_free, &t);
		assert_true(port >= 1024);
		assert_false(ports_is_displaced(port));
		assert_int_equal(port % 2, internal % 2);
		different += port != last;
		last = port;
	}
	/* Ports that nobody can guess from the one before. */
	assert_true(different > SEEDS * 9 / 10);
	memset(&t, 0, sizeof(t));
	t.taken[8001] = true;
	assert_int_equal(ports_choose(8001, 0, 5, is_free, &t) % 2, 1);
}

/* Half of everything taken: it is found all the same; so are the last ones of the walk. */
static void a_crowded_range(void **state)
{
	static struct tries t;

	(void)state;
	memset(&t, 0, sizeof(t));
	for (uint32_t port = 0; port <= 65535; port++)
		t.taken[port] = port % 8 != 0;
	for (uint32_t seed = 0; seed < SEEDS; seed++) {
		uint16_t port = ports_choose(0, 9002, seed * 2654435761u, is_free, &t);
		assert_int_not_equal(port, 0);
		assert_false(t.taken[port]);
	}
}

static void displaced_range(void **state)
{
	(void)state;
	assert_false(ports_is_displaced(PORTS_DISPLACED_MIN - 1));
	assert_true(ports_is_displaced(PORTS_DISPLACED_MIN));
	assert_true(ports_is_displaced(PORTS_DISPLACED_MAX));
	assert_false(ports_is_displaced(PORTS_DISPLACED_MAX + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suggestion_then_internal),
		cmocka_unit_test(tries_are_bounded),
		cmocka_unit_test(parity_and_range),
		cmocka_unit_test(a_crowded_range),
		cmocka_unit_test(displaced_range),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
