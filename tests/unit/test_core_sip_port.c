/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports for media: runs of the range, even where asked, at random, nobody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core_rig.h"

#include "gateway/core_sip.h"

static void hold(struct rig *r, uint32_t port, uint32_t device_id, uint64_t until_ms)
{
	r->core->held[port].device_id = device_id;
	r->core->held[port].until_ms = until_ms;
}

static void hold_all(struct rig *r, uint32_t device_id)
{
	for (uint32_t port = CORE_SIP_PORT_MIN; port <= CORE_SIP_PORT_MAX; port++)
		hold(r, port, device_id, loop_now_ms(r->loop) + 60000);
}

static void runs_are_within_the_range(void **state)
{
	struct rig *r = *state;
	bool low = false, high = false, odd = false;

	for (int i = 0; i < 2000; i++) {
		uint16_t even = core_sip_run(r->core, 1, 2, true), any = core_sip_run(r->core, 1, 1,
			false), long_run = core_sip_run(r->core, 1, 32, true);

		assert_true(even % 2 == 0 && long_run % 2 == 0);
		assert_in_range(even, CORE_SIP_PORT_MIN, CORE_SIP_PORT_MAX - 1);
		assert_in_range(long_run, CORE_SIP_PORT_MIN, CORE_SIP_PORT_MAX - 31);
		assert_in_range(any, CORE_SIP_PORT_MIN, CORE_SIP_PORT_MAX);
		odd = odd || any % 2;
		low = low || even < CORE_SIP_PORT_MIN + 1000;
		high = high || even > CORE_SIP_PORT_MAX - 1000;
	}
	assert_true(odd && low && high);
}

static void nobody_elses_are_given(void **state)
{
	struct rig *r = *state;

	hold_all(r, 2);
	assert_int_equal(core_sip_run(r->core, 1, 1, false), 0);
	hold(r, 37001, 2, 0);
	hold(r, 37002, 1, loop_now_ms(r->loop) + 60000);
	assert_int_equal(core_sip_run(r->core, 1, 2, false), 37001);
	assert_int_equal(core_sip_run(r->core, 1, 2, true), 0);
	assert_int_equal(core_sip_run(r->core, 1, 1, true), 37002);
	hold(r, 37003, 2, 0);
	assert_int_equal(core_sip_run(r->core, 1, 2, true), 37002);
	/* In time they are anybody's. */
	loop_advance(r->loop, 60001);
	assert_int_not_equal(core_sip_run(r->core, 1, 32, true), 0);
}

/* One that hangs up a lot uses up its own, as long as there are any. */
static void who_held_many_takes_of_them(void **state)
{
	struct rig *r = *state;
	uint64_t until = loop_now_ms(r->loop) + 60000;

	for (uint32_t port = 36100; port < 36100 + 255; port++)
		hold(r, port, 1, until);
	int own = 0;
	for (int i = 0; i < 50; i++) {
		uint16_t port = core_sip_run(r->core, 1, 2, true);
		own += port >= 36100 && port < 36355;
	}
	assert_true(own < 50);
	hold(r, 36355, 1, until);
	for (int i = 0; i < 50; i++)
		assert_in_range(core_sip_run(r->core, 1, 2, true), 36100, 36354);
	/* A run its own do not have is taken elsewhere. */
	for (uint32_t port = 36100; port < 36356; port++)
		hold(r, port, 1, 0);
	for (uint32_t port = 36100; port < 36100 + 512; port += 2)
		hold(r, port, 1, until);
	assert_int_not_equal(core_sip_run(r->core, 1, 2, true), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(runs_are_within_the_range),
		TEST(nobody_elses_are_given),
		TEST(who_held_many_takes_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
