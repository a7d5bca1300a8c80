/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of results: each wire code is what the RFC or the UPnP document gives it. */
#include "protocols/err.h"
#include "protocols/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* PCP-18: 30 s for NETWORK_FAILURE, NO_RESOURCES and USER_EX_QUOTA, else 30 min; an owner who is
 * being asked may answer soon. */
static void pcp_lifetimes(void **state)
{
	(void)state;
	for (int i = 0; i < MAP_RESULTS; i++) {
		const struct map_code *c = map_code((enum map_result)i);
		bool is_short = c->pcp == 7 || c->pcp == 8 || c->pcp == 10 || i == MAP_PENDING;

		assert_in_range(c->pcp, 0, 13);
		if (c->pcp == 0)
			assert_int_equal(c->pcp_lifetime_s, 0);
		else
			assert_int_equal(c->pcp_lifetime_s, is_short ? 30 : 1800);
	}
}

/* RFC 6886 section 3.5 has results 0 to 5, and 1 is never said about a mapping. */
static void natpmp_codes(void **state)
{
	(void)state;
	for (int i = 0; i < MAP_RESULTS; i++) {
		assert_in_range(map_code((enum map_result)i)->natpmp, 0, 5);
		assert_int_not_equal(map_code((enum map_result)i)->natpmp, 1);
	}
}

/* Clients try elsewhere, or without a lease, at 402, 501, 718 and 725: policy is never that. */
static void policy_is_final(void **state)
{
	(void)state;
	static const enum map_result policy[] = {MAP_DENIED, MAP_PENDING, MAP_NOT_OWNER};

	for (size_t i = 0; i < sizeof(policy) / sizeof(policy[0]); i++) {
		const struct map_code *c = map_code(policy[i]);
		assert_int_equal(c->igd1, 606);
		assert_int_equal(c->igd2, 606);
		assert_int_equal(c->fc6, 606);
		assert_int_equal(c->pcp, 2);
		assert_int_equal(c->natpmp, 2);
	}
}

static void success_is_success_everywhere(void **state)
{
	(void)state;
	const struct map_code *c = map_code(MAP_OK);

	assert_int_equal(c->pcp | c->natpmp | c->igd1 | c->igd2 | c->fc6, 0);
	/* Deleting nothing succeeds in PCP and NAT-PMP, not in UPnP. */
	c = map_code(MAP_NOT_FOUND);
	assert_int_equal(c->pcp | c->natpmp, 0);
	assert_int_equal(c->igd1, 714);
	assert_int_equal(c->fc6, 704);
}

static void failures_fail_everywhere(void **state)
{
	(void)state;
	for (int i = 0; i < MAP_RESULTS; i++) {
		const struct map_code *c = map_code((enum map_result)i);
		if (i == MAP_OK || i == MAP_NOT_FOUND)
			continue;
		assert_true(c->pcp && c->natpmp && c->igd1 && c->igd2 && c->fc6);
	}
}

static void ports_of_others(void **state)
{
	(void)state;
	assert_int_equal(map_code(MAP_TAKEN)->igd2, 718);
	assert_int_equal(map_code(MAP_RESERVED)->igd1, 718);
	assert_int_equal(map_code(MAP_RESERVED)->igd2, 729);
	assert_int_equal(map_code(MAP_TAKEN)->pcp, 11);
	assert_int_equal(map_code(MAP_RESERVED)->pcp, 11);
}

static void everything_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < MAP_RESULTS; i++)
		assert_true(strlen(map_result_text((enum map_result)i)) > 0);
	for (int i = 0; i < MAP_ORIGINS; i++)
		assert_true(strlen(map_origin_text((enum map_origin)i)) > 0);
	assert_string_equal(map_proto_text(MAP_PROTO_TCP), "TCP");
	assert_string_equal(map_proto_text(MAP_PROTO_UDP), "UDP");
	assert_string_equal(map_proto_text(132), "other");
	for (int err = ERR_UNSUPPORTED; err <= 0; err++)
		assert_string_not_equal(err_text(err), "unknown error");
	assert_string_equal(err_text(1), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcp_lifetimes),
		cmocka_unit_test(natpmp_codes),
		cmocka_unit_test(policy_is_final),
		cmocka_unit_test(success_is_success_everywhere),
		cmocka_unit_test(failures_fail_everywhere),
		cmocka_unit_test(ports_of_others),
		cmocka_unit_test(everything_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
