/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which machines are unmistakable, and which are not. */
#include "gateway/detect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HOME(n) {.name = n, .up = true, .private4 = true}
#define INTERNET(n) {.name = n, .up = true, .default4 = true}
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct detect_choice decide(const struct detect_fact *facts, size_t count)
{
	return detect_decide(facts, count, "");
}

static void test_plain_router(void **state)
{
	const struct detect_fact facts[] = {
		{.name = "lo", .up = true, .loopback = true},
		INTERNET("eth0"), {.name = "eth1", .up = true}, HOME("br-lan"),
	};
	struct detect_choice c = decide(facts, COUNT(facts));

	(void)state;
	assert_ptr_equal(c.wan, &facts[1]);
	assert_ptr_equal(c.lan, &facts[3]);
}

/* Behind another router the WAN's address is private too. */
static void test_private_wan(void **state)
{
	struct detect_fact facts[] = {HOME("eth0"), HOME("eth1")};
	struct detect_choice c;

	(void)state;
	facts[1].default4 = true;
	c = decide(facts, COUNT(facts));
	assert_ptr_equal(c.wan, &facts[1]);
	assert_ptr_equal(c.lan, &facts[0]);
}

static void test_foreign_are_never_guessed(void **state)
{
	static const char *const names[] = {"docker0", "br-0123456789ab", "veth12ab", "virbr0",
		"lxcbr0", "cni0", "tun0", "tap1", "wg0", "tailscale0", "ztabcdef", "ppp0",
		"br-guest", "wlan0-Guest", "podman0", "vmnet8", "ifb0"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct detect_fact facts[] = {INTERNET("eth0"), HOME(""), HOME("br-lan")};
		struct detect_choice c;

		memcpy(facts[1].name, names[i], strlen(names[i]));
		c = decide(facts, 2);
		assert_null(c.lan);
		assert_int_equal(c.lan_count, 0);
		c = decide(facts, 3);
		assert_ptr_equal(c.lan, &facts[2]);
	}
}

static void test_tunnels_by_kind(void **state)
{
	struct detect_fact facts[] = {INTERNET("eth0"), HOME("office"), INTERNET("vpn")};
	struct detect_choice c;

	(void)state;
	memcpy(facts[1].kind, "wireguard", 10);
	assert_null(decide(facts, 2).lan);
	memcpy(facts[2].kind, "tun", 4);
	c = decide(&facts[2], 1);
	assert_null(c.wan);
	assert_int_equal(c.wan_count, 1);
}

static void test_doubt(void **state)
{
	struct detect_fact facts[] = {
		INTERNET("eth0"), HOME("br0"), HOME("br1"), INTERNET("wwan0")};
	struct detect_choice c = decide(facts, 3);

	(void)state;
	assert_non_null(c.wan);
	assert_null(c.lan);
	assert_int_equal(c.lan_count, 2);
	c = decide(facts, 4);
	assert_null(c.wan);
	assert_int_equal(c.wan_count, 2);
	assert_null(decide(facts, 0).wan);
	facts[1].up = false;
	assert_ptr_equal(decide(facts, 3).lan, &facts[2]);
	facts[2].private4 = false;
	assert_null(decide(facts, 3).lan);
}

static void test_ipv6_only_counts_without_ipv4(void **state)
{
	struct detect_fact facts[] = {{.name = "eth0", .up = true, .default6 = true}, HOME("br0"),
		INTERNET("eth1")};

	(void)state;
	assert_ptr_equal(decide(facts, 2).wan, &facts[0]);
	assert_ptr_equal(decide(facts, 3).wan, &facts[2]);
	assert_ptr_equal(decide(facts, 3).lan, &facts[1]);
}

static void test_named_wan(void **state)
{
	struct detect_fact facts[] = {HOME("eth0"), HOME("eth1")};
	struct detect_choice c = detect_decide(facts, 2, "eth0");

	(void)state;
	assert_ptr_equal(c.wan, &facts[0]);
	assert_ptr_equal(c.lan, &facts[1]);
	c = detect_decide(facts, 2, "ppp0");
	assert_null(c.wan);
	assert_null(c.lan);
}

static void test_dialled_wan(void **state)
{
	const struct detect_fact facts[] = {INTERNET("ppp0"), HOME("eth0")};

	(void)state;
	assert_ptr_equal(decide(facts, 2).wan, &facts[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_router),
		cmocka_unit_test(test_private_wan),
		cmocka_unit_test(test_foreign_are_never_guessed),
		cmocka_unit_test(test_tunnels_by_kind),
		cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_ipv6_only_counts_without_ipv4),
		cmocka_unit_test(test_named_wan),
		cmocka_unit_test(test_dialled_wan),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
