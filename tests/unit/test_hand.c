/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Openings by hand: what contradicts itself, and which two cannot be open at the same time. */
#include "policy/hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_decode(str_from(text), &p), 0);
	return p;
}

static struct hand good(void)
{
	return (struct hand){.id = 1, .enabled = true, .device_id = 5, .protos = HAND_TCP,
		.families = HAND_IP4 | HAND_IP6, .external_port = 443, .internal_port = 8443,
		.count = 1, .remote = prefix_any6(), .name = "Web"};
}

#define FAULT(word, change) do { \
	struct hand h = good(); \
	h.change; \
	assert_non_null(hand_fault(&h)); \
	assert_non_null(strstr(hand_fault(&h), word)); \
} while (0)
#define FINE(change) do { \
	struct hand h = good(); \
	h.change; \
	assert_null(hand_fault(&h)); \
} while (0)

static void faults(void **state)
{
	(void)state;
	FAULT("device", device_id = 0);
	FAULT("protos", protos = 0);
	FAULT("protos", protos = 4);
	FAULT("families", families = 0);
	FAULT("families", families = 5);
	FAULT("1 to 64", count = 0);
	FAULT("1 to 64", count = HAND_PORTS_MAX + 1);
	FAULT("65535", external_port = 0);
	FAULT("65535", internal_port = 0);
	FAULT("65535", external_port = 65535; h.count = 2);
	FAULT("65535", internal_port = 65530; h.count = 7);
	FAULT("IPv6", families = HAND_IP6);
	FAULT("name", name[0] = (char)0xff);
	FAULT("name", name[0] = '\n');
	FAULT("name is", count = 1; memset(h.name, 'x', sizeof(h.name)));
	FAULT("schedule", when.days = 0x80);
}

static void the_edges_are_fine(void **state)
{
	(void)state;
	FINE(protos = HAND_TCP | HAND_UDP);
	FINE(families = HAND_IP4);
	FINE(families = HAND_IP6; h.internal_port = 443);
	FINE(count = HAND_PORTS_MAX);
	FINE(external_port = 1);
	FINE(internal_port = 65535);
	FINE(external_port = 65535);
	FINE(external_port = 65534; h.count = 2);
	FINE(name[0] = '\0');
	FINE(count = 1; memset(h.name, 'x', sizeof(h.name) - 1));
	FINE(when = ((struct schedule){0x7f, 1, 0}));
}

static void remotes(void **state)
{
	(void)state;
	FINE(has_remote = true; h.remote = prefix_of("192.0.2.0/24"); h.families = HAND_IP4);
	FINE(has_remote = true; h.remote = prefix_of("2001:db8::/32"); h.families = HAND_IP6;
		h.internal_port = 443);
	FAULT("family", has_remote = true; h.remote = prefix_of("192.0.2.0/24"));
	FAULT("family", has_remote = true; h.remote = prefix_of("2001:db8::/32");
		h.families = HAND_IP4);
	FAULT("everybody", has_remote = true; h.families = HAND_IP6; h.internal_port = 443);
	FAULT("everybody", has_remote = true; h.remote = prefix_any4(); h.families = HAND_IP4);
	FAULT("no prefix", has_remote = true; h.remote = prefix_of("192.0.2.1");
		h.remote.len = 127; h.families = HAND_IP4);
}

/* The same from either side. */
static bool clash(const struct hand *a, const struct hand *b)
{
	bool one = hand_clash(a, b) != NULL;

	assert_int_equal(hand_clash(b, a) != NULL, one);
	return one;
}

#define MEET(wanted, change) do { \
	struct hand a = good(), b = good(); \
	b.id = 2; \
	b.device_id = 6; \
	change; \
	assert_int_equal(clash(&a, &b), wanted); \
} while (0)

static void clashes(void **state)
{
	(void)state;
	MEET(true, (void)0);
	MEET(false, b.enabled = false);
	MEET(false, b.id = 1);
	MEET(true, a.id = b.id = 0);	/* neither has one yet */
	MEET(false, b.protos = HAND_UDP);
	MEET(true, b.protos = HAND_UDP | HAND_TCP);
	MEET(false, b.external_port = 444);
	MEET(true, b.external_port = 442; b.count = 2);
	MEET(false, b.external_port = 442);
	MEET(false, b.external_port = 441; b.count = 2);
	MEET(true, a.external_port = 440; a.count = 9);
	MEET(true, b.internal_port = 99);
	MEET(true, a.external_port = b.external_port = 65535);
}

/* IPv4 has one address for all, IPv6 one for each device. */
static void families(void **state)
{
	(void)state;
	MEET(false, b.families = HAND_IP6; b.external_port = b.internal_port = 443);
	MEET(false, b.families = HAND_IP6; a.families = HAND_IP6);
	MEET(true, b.families = HAND_IP6; a.families = HAND_IP6; b.device_id = 5);
	MEET(false, b.families = HAND_IP6; a.families = HAND_IP4; b.device_id = 5);
	MEET(true, b.external_port = 7; b.device_id = 5);
	MEET(false, b.external_port = 7; b.internal_port = 7; b.device_id = 5);
	MEET(false, b.external_port = 7; b.internal_port = 8444; b.device_id = 5);
	MEET(true, b.external_port = 7; b.internal_port = 8442; b.count = 2; b.device_id = 5);
}

static struct hand for_remote(uint32_t id, const char *remote)
{
	struct hand h = good();

	h.id = id;
	h.has_remote = true;
	h.families = HAND_IP4;
	h.remote = prefix_of(remote);
	return h;
}

static void peers(void **state)
{
	struct hand a = for_remote(2, "192.0.2.0/24"), b = for_remote(3, "198.51.100.0/24");
	struct hand in = for_remote(4, "192.0.2.7"), all = good();

	(void)state;
	assert_false(clash(&a, &b));
	assert_true(clash(&a, &in));
	assert_true(clash(&a, &all));
	assert_false(clash(&b, &in));
}

static void times(void **state)
{
	struct hand a = good(), b = good();

	(void)state;
	b.id = 2;
	a.when = (struct schedule){1, 600, 660};
	assert_true(clash(&a, &b));
	b.when = (struct schedule){1, 660, 720};
	assert_false(clash(&a, &b));
	b.when = (struct schedule){1, 659, 720};
	assert_true(clash(&a, &b));
	b.when = (struct schedule){2, 600, 660};
	assert_false(clash(&a, &b));
	/* Sunday night into Monday. */
	b.when = (struct schedule){1 << 6, 660, 601};
	assert_true(clash(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults),
		cmocka_unit_test(the_edges_are_fine),
		cmocka_unit_test(remotes),
		cmocka_unit_test(clashes),
		cmocka_unit_test(families),
		cmocka_unit_test(peers),
		cmocka_unit_test(times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
