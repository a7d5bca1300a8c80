/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often a daemon gone bad may have the link asked, on a clock of our own. */
#include "gateway/helper_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct wire_probe probe_of(uint32_t host, bool by_mac)
{
	struct wire_probe p = {.ifindex = 3, .has_mac = by_mac};
	struct addr a = addr_from4(host);

	memcpy(p.addr, a.b, sizeof(p.addr));
	return p;
}

/* How many of so many tries at this time may. */
static size_t count_of(struct helper_probe *p, uint32_t host, bool by_mac, uint64_t now_ms,
	size_t tries)
{
	const struct wire_probe probe = probe_of(host, by_mac);
	size_t may = 0;

	for (size_t i = 0; i < tries; i++)
		may += helper_probe_may(p, &probe, now_ms);
	return may;
}

static void test_all_together(void **state)
{
	struct helper_probe *p = helper_probe_new();

	(void)state;
	assert_int_equal(count_of(p, 1, false, 5000, 1000), HELPER_PROBE_BURST);
	assert_int_equal(count_of(p, 2, true, 5000, 1000), 0);
	assert_int_equal(count_of(p, 3, false, 6000, 1000), HELPER_PROBE_PER_S);
	helper_probe_free(p);
}

/* A neighbour asked after by a wrong MAC is away for three seconds: not for ever. */
static void test_one_by_mac(void **state)
{
	struct helper_probe *p = helper_probe_new();
	size_t may = 0;

	(void)state;
	assert_int_equal(count_of(p, 1, true, 5000, 10), HELPER_PROBE_OF_ONE);
	assert_int_equal(count_of(p, 2, true, 5000, 10), HELPER_PROBE_OF_ONE);
	assert_int_equal(count_of(p, 1, false, 5000, 10), 10);
	for (uint64_t s = 6; s < 6 + 10 * HELPER_PROBE_REST_S; s++)
		may += count_of(p, 1, true, s * 1000, 2);
	assert_in_range(may, 9, 10);
	helper_probe_free(p);
}

/* Nor by having it forgotten among many others. */
static void test_many_by_mac(void **state)
{
	struct helper_probe *p = helper_probe_new();
	uint32_t host = 100;

	(void)state;
	assert_int_equal(count_of(p, 1, true, 5000, 10), HELPER_PROBE_OF_ONE);
	for (uint64_t s = 5; s < 5 + HELPER_PROBE_REST_S; s++)
		for (size_t i = 0; i < HELPER_PROBE_BURST; i++)
			(void)count_of(p, host++, true, s * 1000, 1);
	assert_int_equal(count_of(p, 1, true, 5000 + HELPER_PROBE_REST_S * 1000, 10), 1);
	helper_probe_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_together),
		cmocka_unit_test(test_one_by_mac),
		cmocka_unit_test(test_many_by_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
