/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hashing thread: one at a time, in order, bounded, and the loop goes on meanwhile. */
#include "web/auth_hash.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct heard {
	int count, good;
	char hash[DB_PASSWORD_HASH_MAX + 1];
};

static void on_hash(void *arg, bool good, const char *hash)
{
	struct heard *heard = arg;

	heard->count++;
	heard->good += good;
	strncpy(heard->hash, hash, sizeof(heard->hash) - 1);
}

static void wait_for(struct loop *loop, const struct heard *heard, int count)
{
	for (int i = 0; i < 2000 && heard->count < count; i++)
		loop_once(loop, 10);
	assert_int_equal(heard->count, count);
}

static void test_make_and_verify(void **state)
{
	struct loop *loop = loop_new();
	struct auth_hash *h = auth_hash_new(loop);
	struct heard made = {0}, tried = {0};
	char want[32];

	(void)state;
	snprintf(want, sizeof(want), "$argon2id$v=19$m=%d,t=%d,p=1$", AUTH_HASH_MEMORY / 1024,
		AUTH_HASH_PASSES);
	assert_int_equal(auth_hash_make(h, STR("tin kettle blue"), on_hash, &made), 0);
	wait_for(loop, &made, 1);
	assert_int_equal(made.good, 1);
	assert_memory_equal(made.hash, want, strlen(want));
	/* Somebody who is not there costs the same. */
	assert_memory_equal(AUTH_HASH_NOBODY, want, strlen(want));
	assert_int_equal(auth_hash_verify(h, STR("tin kettle blue"), made.hash, on_hash, &tried),
		0);
	wait_for(loop, &tried, 1);
	assert_int_equal(tried.good, 1);
	auth_hash_verify(h, STR("tin kettle red"), made.hash, on_hash, &tried);
	auth_hash_verify(h, STR(""), made.hash, on_hash, &tried);
	auth_hash_verify(h, STR("tin kettle blue"), AUTH_HASH_NOBODY, on_hash, &tried);
	auth_hash_verify(h, STR("tin kettle blue"), "nonsense", on_hash, &tried);
	wait_for(loop, &tried, 5);
	assert_int_equal(tried.good, 1);
	auth_hash_free(h);
	loop_free(loop);
}

static void test_bounded(void **state)
{
	struct loop *loop = loop_new();
	struct auth_hash *h = auth_hash_new(loop);
	struct heard tried = {0};
	static const char nobody[] = AUTH_HASH_NOBODY;
	char longest[AUTH_HASH_PASSWORD_MAX + 1] = "";

	(void)state;
	for (int i = 0; i < AUTH_HASH_WAITING_MAX; i++)
		assert_int_equal(auth_hash_verify(h, STR("x"), nobody, on_hash, &tried), 0);
	assert_int_equal(auth_hash_verify(h, STR("x"), nobody, on_hash, &tried), ERR_BUSY);
	assert_int_equal(auth_hash_make(h, (struct str){longest, sizeof(longest)}, on_hash, &tried),
		ERR_RANGE);
	wait_for(loop, &tried, AUTH_HASH_WAITING_MAX);
	assert_int_equal(auth_hash_verify(h, STR("x"), nobody, on_hash, &tried), 0);
	/* Who still waits at the end is told, once. */
	auth_hash_free(h);
	assert_int_equal(tried.count, AUTH_HASH_WAITING_MAX + 1);
	assert_int_equal(tried.good, 0);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make_and_verify),
		cmocka_unit_test(test_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
