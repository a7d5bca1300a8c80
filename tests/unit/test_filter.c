/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters: what folds, what is too much, and pieces that admit the same peers without overlap. */
#include "policy/filter.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct map_filter from(const char *prefix, uint16_t port)
{
	struct map_filter f = {.port = port};

	assert_int_equal(prefix_decode(str_from(prefix), &f.remote), 0);
	return f;
}

static void add(struct map_filters *list, const char *prefix, uint16_t port)
{
	struct map_filter f = from(prefix, port);
	assert_int_equal(filter_add(list, &f, 1), 0);
}

/* RFC 6887 section 13.3: a renewal repeats its filters and may bring more. */
static void test_filters_add_up(void **state)
{
	struct map_filters list = {0};
	struct map_filter again = from("198.51.100.0/24", 80);

	(void)state;
	add(&list, "198.51.100.0/24", 80);
	again.remote.addr.b[15] = 9;	/* a host bit set: the same filter */
	assert_int_equal(filter_add(&list, &again, 1), 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.at[0].remote.addr.b[15], 0);
	add(&list, "198.51.100.0/24", 81);
	add(&list, "198.51.100.0/25", 80);
	assert_int_equal(list.count, 3);
}

static void test_too_many_change_nothing(void **state)
{
	struct map_filters list = {0}, before;
	struct map_filter more[3];

	(void)state;
	for (uint16_t port = 1; port < MAP_FILTERS_MAX; port++)
		add(&list, "2001:db8::/32", port);
	before = list;
	more[0] = from("2001:db8::/32", 1);
	more[1] = from("2001:db8::1/128", 1);
	more[2] = from("2001:db8::2/128", 1);
	assert_int_equal(filter_add(&list, more, 3), ERR_FULL);
	assert_true(filter_eq(&list, &before));
	assert_int_equal(filter_add(&list, more, 2), 0);
	assert_int_equal(list.count, MAP_FILTERS_MAX);
	assert_false(filter_eq(&list, &before));
}

static void test_families(void **state)
{
	struct map_filter f[] = {from("198.51.100.1/32", 0), from("2001:db8::/32", 0)};

	(void)state;
	assert_true(filter_is_family(f, 1, true) && filter_is_family(f + 1, 1, false));
	assert_false(filter_is_family(f, 2, true) || filter_is_family(f, 2, false));
	f[0].remote.len = 90;	/* shorter than what makes it IPv4 */
	assert_false(filter_is_family(f, 1, true));
}

static bool admits_list(const struct map_filters *list, const struct addr *a, uint16_t port)
{
	for (size_t i = 0; i < list->count; i++) {
		if (prefix_has(&list->at[i].remote, a) &&
			(list->at[i].port == 0 || list->at[i].port == port))
			return true;
	}
	return false;
}

static size_t count_pieces(const struct map_piece *p, size_t count, const struct addr *a,
	uint16_t port)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += prefix_has(&p[i].remote, a) && port >= p[i].port_min && port <= p[i].port_max;
	return n;
}

/* Every peer that a filter names is in one piece, every other one in none. */
static void check(const struct map_filters *list)
{
	struct map_piece pieces[MAP_PIECES_MAX + 1];
	size_t count = filter_pieces(list, pieces);

	assert_true(count <= MAP_PIECES_MAX);
	for (uint32_t host = 0; host < 16; host++) {
		struct addr a = addr_from4(0xc6336400 + host);
		for (uint32_t port = 0; port < 12; port++) {
			uint16_t p = port < 10 ? (uint16_t)port : port == 10 ? 65534 : 65535;
			assert_int_equal(count_pieces(pieces, count, &a, p),
				admits_list(list, &a, p));
		}
	}
}

static void test_nested(void **state)
{
	struct map_piece pieces[MAP_PIECES_MAX];
	struct map_filters list = {0};

	(void)state;
	add(&list, "198.51.100.0/30", 5);
	add(&list, "198.51.100.1/32", 0);
	add(&list, "198.51.100.0/31", 5);	/* within the first */
	add(&list, "198.51.100.1/32", 5);	/* within the second */
	assert_int_equal(filter_pieces(&list, pieces), 3);
	check(&list);
}

/* Four of all ports in four of one port: the most pieces there can be. */
static void test_most_pieces(void **state)
{
	struct map_piece pieces[MAP_PIECES_MAX];
	struct map_filters list = {0};

	(void)state;
	for (uint16_t i = 0; i < 4; i++)
		add(&list, "198.51.100.0/28", (uint16_t)(2 + 2 * i));
	add(&list, "198.51.100.1/32", 0);
	add(&list, "198.51.100.3/32", 0);
	add(&list, "198.51.100.5/32", 0);
	add(&list, "198.51.100.7/32", 0);
	assert_int_equal(filter_pieces(&list, pieces), MAP_PIECES_MAX);
	check(&list);
}

static void test_by_chance(void **state)
{
	static const uint16_t ports[] = {0, 0, 1, 2, 3, 65535};
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct map_filters list = {0};
		for (int i = 0; i < MAP_FILTERS_MAX; i++) {
			struct map_filter f;
			seed = seed * 1664525u + 1013904223u;
			f.remote.addr = addr_from4(0xc6336400 + (seed >> 28));
			f.remote.len = (uint8_t)(124 + (seed >> 20) % 5);
			f.port = ports[(seed >> 8) % 6];
			assert_int_equal(filter_add(&list, &f, 1), 0);
		}
		check(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters_add_up),
		cmocka_unit_test(test_too_many_change_nothing),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_most_pieces),
		cmocka_unit_test(test_by_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
