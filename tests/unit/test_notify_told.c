/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was told is remembered, over a restart too, and bounded. */
#include "protocols/err.h"
#include "web/notify_told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static struct notify_told told;
static char path[64];

static int set_up(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "told-test-%d", (int)getpid());
	notify_told_load(&told, path);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path) < 0;
}

static struct notify_key key(char kind, uint64_t id, uint64_t since, uint64_t count)
{
	return (struct notify_key){kind, id, since, count};
}

static bool has(char kind, uint64_t id, uint64_t since, uint64_t count)
{
	struct notify_key k = key(kind, id, since, count);
	return notify_told_has(&told, &k);
}

static void add(char kind, uint64_t id, uint64_t since, uint64_t count)
{
	struct notify_key k = key(kind, id, since, count);
	assert_int_equal(notify_told_add(&told, &k), 0);
}

static void test_remembered(void **state)
{
	struct notify_key gone = key('a', 4, 100, 1);

	(void)state;
	add('c', 4, 100, 2);
	add('a', 4, 100, 1);
	for (int again = 0; again < 2; again++) {
		assert_true(has('c', 4, 100, 2) && has('c', 4, 100, 1) && has('a', 4, 100, 1));
		assert_false(has('c', 4, 100, 3) || has('c', 4, 101, 2) || has('c', 5, 100, 2));
		notify_told_load(&told, path);
	}
	add('c', 4, 100, 3);
	assert_true(has('c', 4, 100, 3));
	assert_int_equal(notify_told_remove(&told, &gone), 0);
	notify_told_load(&told, path);
	assert_true(!has('a', 4, 100, 1) && has('c', 4, 100, 3));
}

static void test_bounded(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= NOTIFY_TOLD_MAX + 10; i++)
		add('c', i, 0, 1);
	notify_told_load(&told, path);
	assert_false(has('c', 10, 0, 1));
	assert_true(has('c', 11, 0, 1) && has('c', NOTIFY_TOLD_MAX + 10, 0, 1));
	add('c', 1000, 0, 1);
	assert_true(!has('c', 11, 0, 1) && has('c', 12, 0, 1));
}

static void test_nonsense(void **state)
{
	FILE *out = fopen(path, "w");

	(void)state;
	fputs("c 1 2\nx 1 2 3\nc 7 8 9\n\nc 1 2 x\nc 99999999999999999999 1 1\n", out);
	fclose(out);
	notify_told_load(&told, path);
	assert_true(has('c', 7, 8, 9));
	assert_false(has('c', 1, 2, 0));
}

static void test_no_place(void **state)
{
	struct notify_key k = key('c', 1, 0, 1);

	(void)state;
	add('a', 1, 1, 1);
	notify_told_load(&told, "/nowhere/told");
	assert_int_equal(notify_told_add(&told, &k), ERR_IO);
	assert_true(has('c', 1, 0, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_remembered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nonsense, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_place, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
