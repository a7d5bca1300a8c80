/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who an address is: by MAC, by address until then, and what a crowd of invented ones may do. */
#include "gateway/device.h"

#include "policy/rule.h"
#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct addr host(uint32_t n)
{
	return addr_from4(0x0a000000u + n);
}

static void mac_of(uint32_t n, uint8_t mac[6])
{
	const uint8_t bytes[6] = {2, 0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
		(uint8_t)n};

	memcpy(mac, bytes, 6);
}

static struct device *see(struct devices *ds, uint32_t address, uint32_t mac, uint64_t now)
{
	struct addr a = host(address);
	uint8_t bytes[6];

	mac_of(mac, bytes);
	return devices_see(ds, &a, mac ? bytes : NULL, now);
}

static struct device *at(const struct devices *ds, uint32_t address)
{
	struct addr a = host(address);

	return devices_by_addr(ds, &a);
}

static void all_addresses_of_a_mac_are_one_device(void **state)
{
	struct devices *ds = devices_new();
	struct device *d = see(ds, 10, 1, 100);

	(void)state;
	assert_non_null(d);
	assert_int_equal(d->row.zone, RULE_ZONE_MEMBER);
	assert_int_equal(d->row.first_wall_s, 100);
	assert_true(d->dirty);
	assert_ptr_equal(see(ds, 11, 1, 200), d);
	assert_ptr_equal(see(ds, 10, 0, 300), d);
	assert_int_equal(d->row.last_wall_s, 300);
	assert_ptr_not_equal(see(ds, 12, 2, 300), d);
	assert_int_equal(devices_count(ds), 2);
	assert_ptr_equal(at(ds, 11), d);
	assert_null(at(ds, 13));
	devices_free(ds);
	devices_free(NULL);
}

/* DHCP gives an address to another MAC: then it is that one's. */
static void an_address_moves_with_its_mac(void **state)
{
	struct devices *ds = devices_new();
	struct device *one = see(ds, 10, 1, 0), *two = see(ds, 10, 2, 0);

	(void)state;
	assert_ptr_not_equal(one, two);
	assert_ptr_equal(at(ds, 10), two);
	assert_ptr_equal(see(ds, 10, 1, 0), one);
	assert_ptr_equal(at(ds, 10), one);
	devices_free(ds);
}

static void an_address_alone_gets_its_mac_later(void **state)
{
	struct devices *ds = devices_new();
	struct device *d = see(ds, 10, 0, 0);

	(void)state;
	assert_false(d->row.has_mac);
	d->dirty = false;
	assert_ptr_equal(see(ds, 10, 1, 0), d);
	assert_true(d->row.has_mac && d->dirty);
	assert_int_equal(d->row.mac[5], 1);
	assert_int_equal(devices_count(ds), 1);
	devices_free(ds);
}

/* The idle longest unseen goes; who has openings never; ids are not used twice. */
static void a_crowd_pushes_out_only_idle_ones(void **state)
{
	struct devices *ds = devices_new();
	struct device *keeps = see(ds, 1, 1, 1);
	uint32_t last = 0;

	(void)state;
	keeps->openings = 1;
	see(ds, 2, 2, 2);
	for (uint32_t i = 3; i <= DEVICES_MAX; i++)
		last = see(ds, i, i, i)->row.id;
	assert_int_equal(devices_count(ds), DEVICES_MAX);
	assert_int_equal(see(ds, 5000, 5000, 5000)->row.id, last + 1);
	assert_int_equal(devices_count(ds), DEVICES_MAX);
	assert_ptr_equal(at(ds, 1), keeps);
	assert_null(at(ds, 2));
	assert_non_null(at(ds, 3));
	for (size_t i = 0; i < devices_count(ds); i++)
		devices_at(ds, i)->openings = 1;
	assert_null(see(ds, 6000, 6000, 6000));
	assert_ptr_equal(see(ds, 5000, 5000, 7000), at(ds, 5000));
	devices_free(ds);
}

/* What the store shall forget, and that nobody new comes before it was told of many. */
static void the_store_hears_who_is_gone(void **state)
{
	struct devices *ds = devices_new();
	struct db_device row = {.id = 1, .has_mac = true};
	uint32_t i = 1;

	(void)state;
	assert_int_equal(devices_load(ds, &row), 0);
	for (i = 2; i <= DEVICES_MAX; i++)
		see(ds, i, i, i);
	assert_int_equal(devices_lost(ds)->count, 0);
	see(ds, i, i, i);
	assert_int_equal(devices_lost(ds)->count, 1);
	assert_int_equal(devices_lost(ds)->ids[0], 1);
	devices_lost_told(ds);
	assert_int_equal(devices_lost(ds)->count, 0);
	for (uint32_t n = 0; n < DEVICES_LOST_MAX; n++, i++)
		assert_non_null(see(ds, i + 1, i + 1, i));
	assert_null(see(ds, i + 1, i + 1, i));
	assert_non_null(see(ds, i, i, i));
	devices_lost_told(ds);
	assert_non_null(see(ds, i + 1, i + 1, i));
	devices_free(ds);
}

static void who_has_no_mac_shares_a_quota(void **state)
{
	struct devices *ds = devices_new();

	(void)state;
	see(ds, 1, 0, 0)->openings = 2;
	see(ds, 2, 0, 0)->openings = 3;
	see(ds, 3, 3, 0)->openings = 4;
	assert_int_equal(devices_usage(ds, at(ds, 1)), 5);
	assert_int_equal(devices_usage(ds, see(ds, 4, 0, 0)), 5);
	assert_int_equal(devices_usage(ds, at(ds, 3)), 4);
	see(ds, 2, 2, 0);
	assert_int_equal(devices_usage(ds, at(ds, 1)), 2);
	assert_int_equal(devices_usage(ds, at(ds, 2)), 3);
	devices_free(ds);
}

static void a_crowd_of_addresses_is_bounded(void **state)
{
	struct devices *ds = devices_new();
	struct device *d = NULL;

	(void)state;
	for (uint32_t i = 0; i < 3 * DEVICE_ADDRS_MAX; i++) {
		d = see(ds, i, 1, 0);
		assert_non_null(d);
		assert_ptr_equal(at(ds, i), d);
	}
	assert_int_equal(devices_count(ds), 1);
	assert_true(devices_lost(ds)->addrs);
	devices_free(ds);
}

struct pairs {
	size_t count;
	uint32_t device;
	struct addr addr;
};

static void on_pair(void *arg, uint32_t device, const struct addr *addr)
{
	struct pairs *p = arg;

	p->count++;
	p->device = device;
	p->addr = *addr;
}

static size_t new_pairs(struct devices *ds)
{
	struct pairs p = {0};

	devices_new_addrs(ds, on_pair, &p);
	return p.count;
}

/* The store hears of each pair once, again when it moves, and of all when it has lost them. */
static void the_store_hears_what_is_new(void **state)
{
	struct devices *ds = devices_new();
	struct db_device row = {.id = 40, .has_mac = true, .zone = RULE_ZONE_BLOCKED};
	struct addr a = host(9);

	(void)state;
	mac_of(9, row.mac);
	assert_int_equal(devices_load(ds, &row), 0);
	assert_int_equal(devices_load_addr(ds, 40, &a), 0);
	assert_int_equal(devices_load_addr(ds, 41, &a), ERR_NOT_FOUND);
	assert_int_equal(new_pairs(ds), 0);
	assert_int_equal(see(ds, 9, 9, 0)->row.zone, RULE_ZONE_BLOCKED);
	assert_int_equal(new_pairs(ds), 0);
	assert_int_equal(see(ds, 10, 1, 0)->row.id, 41);
	see(ds, 11, 1, 0);
	assert_int_equal(new_pairs(ds), 2);
	assert_int_equal(new_pairs(ds), 0);
	see(ds, 11, 9, 0);
	assert_int_equal(new_pairs(ds), 1);
	at(ds, 9)->dirty = at(ds, 10)->dirty = false;
	devices_soil(ds);
	assert_true(at(ds, 9)->dirty && at(ds, 10)->dirty);
	assert_int_equal(new_pairs(ds), 3);
	assert_int_equal(new_pairs(ds), 0);
	devices_free(ds);
}

/* The store lost the row, an opening remembers the id: nobody else may get it. */
static void an_id_that_is_remembered_is_kept(void **state)
{
	struct devices *ds = devices_new();
	struct addr a = host(10);
	struct device *d = devices_adopt(ds, 7, &a, 50);

	(void)state;
	assert_int_equal(d->row.id, 7);
	assert_ptr_equal(devices_adopt(ds, 7, &a, 60), d);
	assert_ptr_equal(at(ds, 10), d);
	assert_int_equal(see(ds, 11, 2, 0)->row.id, 8);
	assert_ptr_equal(see(ds, 10, 1, 0), d);
	assert_true(d->row.has_mac);
	/* A later memory of an id below those given out. */
	a = host(12);
	assert_int_equal(devices_adopt(ds, 3, &a, 0)->row.id, 3);
	assert_int_equal(see(ds, 13, 3, 0)->row.id, 9);
	devices_free(ds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_addresses_of_a_mac_are_one_device),
		cmocka_unit_test(an_address_moves_with_its_mac),
		cmocka_unit_test(an_address_alone_gets_its_mac_later),
		cmocka_unit_test(a_crowd_pushes_out_only_idle_ones),
		cmocka_unit_test(the_store_hears_who_is_gone),
		cmocka_unit_test(who_has_no_mac_shares_a_quota),
		cmocka_unit_test(a_crowd_of_addresses_is_bounded),
		cmocka_unit_test(the_store_hears_what_is_new),
		cmocka_unit_test(an_id_that_is_remembered_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
