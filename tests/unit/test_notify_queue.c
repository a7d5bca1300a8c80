/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queue of postern-notify: each thing once, the latest word on it, bounded, nothing over. */
#include "web/notify_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct notify_queue *q;

static int set_up(void **state)
{
	(void)state;
	q = notify_queue_new(NULL);
	return !q;
}

static int tear_down(void **state)
{
	(void)state;
	notify_queue_free(q);
	return 0;
}

static bool put(char kind, uint64_t id, uint64_t count, bool over)
{
	struct notify_message m = {
		.key = {kind, id, 1, count}, .over = over, .body = strdup("{}")};
	return notify_queue_put(q, &m);
}

/* Takes one, which must be this. */
static struct notify_message take(char kind, uint64_t id, uint64_t count)
{
	struct notify_message m;

	notify_queue_take(q, &m);
	assert_int_equal(m.key.kind, kind);
	assert_int_equal(m.key.id, id);
	assert_int_equal(m.key.count, count);
	assert_string_equal(m.body, "{}");
	return m;
}

static void test_once(void **state)
{
	struct notify_message m;

	(void)state;
	put('c', 1, 1, false);
	put('c', 1, 1, false);
	put('a', 1, 1, false);
	m = take('c', 1, 1);
	put('c', 1, 1, false);		/* it is being posted */
	notify_queue_done(q, &m, true);
	put('c', 1, 1, false);		/* it was told */
	put('c', 2, 0, false);		/* the daemon does not want the owner to look */
	m = take('a', 1, 1);
	notify_queue_done(q, &m, true);
	put('c', 1, 2, false);
	m = take('c', 1, 2);
	notify_queue_done(q, &m, false);
	put('c', 1, 2, false);		/* it was not */
	m = take('c', 1, 2);
	notify_queue_done(q, &m, true);
	put('c', 3, 1, false);
	m = take('c', 3, 1);
	notify_queue_done(q, &m, true);
}

static void test_the_latest_word(void **state)
{
	struct notify_message m;

	(void)state;
	put('c', 1, 1, false);
	put('c', 2, 1, false);
	put('c', 1, 2, false);
	m = take('c', 2, 1);
	notify_queue_done(q, &m, true);
	m = take('c', 1, 2);
	notify_queue_done(q, &m, true);
}

static void test_over(void **state)
{
	struct notify_message m;

	(void)state;
	put('c', 1, 1, false);
	put('a', 2, 1, false);
	put('c', 1, 1, true);
	m = take('a', 2, 1);
	assert_true(notify_queue_rest(q, 0));
	put('a', 2, 1, true);
	assert_false(notify_queue_rest(q, 1000));
	notify_queue_done(q, &m, false);
	put('a', 2, 1, false);
	m = take('a', 2, 1);
	assert_true(notify_queue_rest(q, 0));
	notify_queue_done(q, &m, true);
	put('a', 2, 1, true);
	put('a', 2, 1, false);		/* it comes again */
	m = take('a', 2, 1);
	notify_queue_done(q, &m, true);
}

static void test_bounded(void **state)
{
	struct notify_message m;

	(void)state;
	for (uint64_t i = 1; i <= NOTIFY_QUEUE_MAX; i++)
		assert_false(put('c', i, 1, false));
	assert_true(put('c', 1000, 1, false));
	for (uint64_t i = 2; i <= NOTIFY_QUEUE_MAX; i++) {
		m = take('c', i, 1);
		notify_queue_done(q, &m, true);
	}
	m = take('c', 1000, 1);
	notify_queue_done(q, &m, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_latest_word, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounded, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
