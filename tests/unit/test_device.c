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
	return devices_see(ds, &(struct device_host){.addr = a, .mac = mac ? bytes : NULL,
				       .zone = RULE_ZONE_MEMBER, .wall_s = now});
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

static void on_row(void *arg, const struct db_device *row)
{
	(void)row;
	++*(size_t *)arg;
}

static size_t new_rows(struct devices *ds)
{
	size_t count = 0;

	devices_new_rows(ds, on_row, &count);
	return count;
}

static void an_address_alone_gets_its_mac_later(void **state)
{
	struct devices *ds = devices_new();
	struct device *d = see(ds, 10, 0, 0);

	(void)state;
	assert_false(d->row.has_mac);
	assert_int_equal(new_rows(ds), 1);
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
	struct db_device row = {.id = 1, .has_mac = true, .zone = RULE_ZONE_MEMBER};
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
	devices_count_openings(ds, see(ds, 1, 0, 0), 2, DEVICE_APPS);
	devices_count_openings(ds, see(ds, 2, 0, 0), 3, DEVICE_APPS);
	devices_count_openings(ds, see(ds, 2, 0, 0), 7, DEVICE_BY_HAND);
	devices_count_openings(ds, see(ds, 3, 3, 0), 4, DEVICE_APPS);
	devices_count_openings(ds, see(ds, 3, 3, 0), 9, DEVICE_BY_HAND);
	devices_count_openings(ds, see(ds, 3, 3, 0), 11, DEVICE_CALLS);
	devices_count_openings(ds, see(ds, 1, 0, 0), 11, DEVICE_CALLS);
	assert_int_equal(devices_usage(ds, at(ds, 1)), 5);
	assert_int_equal(devices_usage(ds, see(ds, 4, 0, 0)), 5);
	assert_int_equal(devices_usage(ds, at(ds, 3)), 4);
	see(ds, 2, 2, 0);
	assert_int_equal(devices_usage(ds, at(ds, 1)), 2);
	assert_int_equal(devices_usage(ds, at(ds, 2)), 3);
	devices_free(ds);
}

/* Of one device its own oldest go, so that it cannot push out those of others. */
static void a_crowd_of_addresses_is_bounded(void **state)
{
	struct devices *ds = devices_new();
	struct device *quiet = see(ds, 0xffff, 7, 0), *d = NULL;

	(void)state;
	for (uint32_t i = 0; i < 3 * DEVICE_ADDRS_EACH; i++) {
		d = see(ds, i, 1, 0);
		assert_non_null(d);
		assert_ptr_equal(at(ds, i), d);
	}
	assert_int_equal(d->addr_count, DEVICE_ADDRS_EACH);
	assert_null(at(ds, 0));
	assert_ptr_equal(at(ds, 0xffff), quiet);
	assert_int_equal(devices_lost(ds)->addr_count, 2 * DEVICE_ADDRS_EACH);
	/* And all together. */
	for (uint32_t i = 0; i < DEVICE_ADDRS_MAX + 1000; i++)
		see(ds, 0x10000 + i, 100 + i / 100, 0);
	assert_true(devices_lost(ds)->all_addrs);
	assert_non_null(at(ds, 0x10000 + DEVICE_ADDRS_MAX + 999));
	assert_null(at(ds, 0x10000));
	devices_free(ds);
}

struct pairs {
	size_t count;
	uint32_t device;
	struct addr addr;
};

static void on_pair(void *arg, const struct device_addr *a)
{
	struct pairs *p = arg;

	p->count++;
	p->device = a->device->row.id;
	p->addr = a->addr;
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
	assert_int_equal(devices_load_addr(ds, 40, &a, "br-lan"), 0);
	assert_int_equal(devices_load_addr(ds, 41, &a, "br-lan"), ERR_NOT_FOUND);
	assert_int_equal(new_pairs(ds), 0);
	assert_int_equal(see(ds, 9, 9, 0)->row.zone, RULE_ZONE_BLOCKED);
	assert_int_equal(new_pairs(ds), 0);
	assert_int_equal(see(ds, 10, 1, 0)->row.id, 41);
	see(ds, 11, 1, 0);
	assert_int_equal(new_pairs(ds), 2);
	assert_int_equal(new_pairs(ds), 0);
	see(ds, 11, 9, 0);
	assert_int_equal(new_pairs(ds), 1);
	assert_int_equal(new_rows(ds), 1);
	assert_int_equal(new_rows(ds), 0);
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
	struct device_host a = {.addr = host(10), .wall_s = 50};
	struct device *d = devices_adopt(ds, 7, &a);

	(void)state;
	assert_int_equal(d->row.id, 7);
	assert_ptr_equal(devices_adopt(ds, 7, &a), d);
	assert_ptr_equal(at(ds, 10), d);
	assert_int_equal(see(ds, 11, 2, 0)->row.id, 8);
	assert_ptr_equal(see(ds, 10, 1, 0), d);
	assert_true(d->row.has_mac);
	/* A later memory of an id below those given out. */
	a.addr = host(12);
	assert_int_equal(devices_adopt(ds, 3, &a)->row.id, 3);
	assert_int_equal(see(ds, 13, 3, 0)->row.id, 9);
	devices_free(ds);
}

/* ---- what the kernel knows ---- */

static struct device *here(struct devices *ds, uint32_t address, uint32_t mac, int ifindex)
{
	uint8_t bytes[6];
	struct device_host h = {.addr = host(address), .mac = bytes, .ifindex = ifindex,
		.ifname = ifindex == 5 ? "guest" : "br-lan", .guest = ifindex == 5,
		.zone = RULE_ZONE_NEW};

	mac_of(mac, bytes);
	return devices_see(ds, &h);
}

static void gone(struct devices *ds, uint32_t address, uint32_t mac, int ifindex)
{
	uint8_t bytes[6];
	struct device_host h = {.addr = host(address), .mac = bytes, .ifindex = ifindex};

	mac_of(mac, bytes);
	devices_gone(ds, &h);
}

struct bindings {
	size_t added, taken;
	int ifindex;
	uint8_t mac;
};

static int on_bind(void *arg, struct device_addr *a, const struct device_bound *wanted,
	const struct device_bound *old)
{
	struct bindings *b = arg;

	(void)a;
	b->added += wanted->ifindex != 0;
	b->taken += old->ifindex != 0;
	b->ifindex = wanted->ifindex;
	b->mac = wanted->mac[5];
	return 0;
}

static struct bindings bind_them(struct devices *ds, bool all)
{
	struct bindings b = {0};

	assert_int_equal(devices_bind(ds, all, on_bind, &b), 0);
	return b;
}

static void the_kernel_hears_what_is_new(void **state)
{
	struct devices *ds = devices_new();
	struct bindings b;

	(void)state;
	see(ds, 10, 1, 0);
	assert_false(devices_unbound(ds));
	here(ds, 10, 1, 1);
	assert_true(devices_unbound(ds));
	b = bind_them(ds, false);
	assert_true(b.added == 1 && b.taken == 0 && b.ifindex == 1 && b.mac == 1);
	/* Refused or not answered: it is told again. */
	assert_true(devices_unbound(ds));
	assert_int_equal(bind_them(ds, false).added, 1);
	devices_bound(ds);
	assert_false(devices_unbound(ds));
	assert_int_equal(bind_them(ds, false).added, 0);
	assert_int_equal(bind_them(ds, true).added, 1);
	/* Another MAC, another LAN, away. */
	here(ds, 10, 2, 1);
	b = bind_them(ds, false);
	assert_true(b.added == 1 && b.taken == 1 && b.mac == 2);
	/* What comes while the firewall works at it is for the next time. */
	here(ds, 10, 2, 3);
	devices_bound(ds);
	assert_true(devices_unbound(ds));
	b = bind_them(ds, false);
	assert_true(b.added == 1 && b.taken == 1 && b.ifindex == 3);
	devices_bound(ds);
	gone(ds, 10, 1, 3);
	assert_false(devices_unbound(ds));
	gone(ds, 10, 2, 3);
	b = bind_them(ds, false);
	assert_true(b.added == 0 && b.taken == 1);
	devices_bound(ds);
	assert_false(devices_unbound(ds));
	devices_free(ds);
}

static void the_kernel_forgets_with_us(void **state)
{
	struct devices *ds = devices_new();
	struct device *d = here(ds, 10, 1, 1);
	struct addr a = host(10);

	(void)state;
	bind_them(ds, false);
	devices_bound(ds);
	devices_remove(ds, d);
	assert_null(at(ds, 10));
	assert_int_equal(devices_lost(ds)->ids[0], 1);
	assert_true(devices_unbound(ds));
	/* It comes again at once: first it goes. */
	here(ds, 10, 1, 1);
	assert_true(bind_them(ds, false).taken == 1);
	devices_bound(ds);
	assert_false(devices_unbound(ds));
	/* What the firewall refuses is left out until it is elsewhere. */
	devices_refused(ds, devices_addr(ds, &a, 1));
	assert_int_equal(bind_them(ds, true).added, 0);
	devices_bound(ds);
	here(ds, 10, 1, 2);
	assert_int_equal(bind_them(ds, false).added, 1);
	devices_free(ds);
}

/* The same MAC among guests is another device, in another zone, and stays there. */
static void a_guest_is_another_device(void **state)
{
	struct devices *ds = devices_new();
	struct device *d = here(ds, 10, 1, 1), *guest = here(ds, 20, 1, 5);

	(void)state;
	assert_ptr_not_equal(d, guest);
	assert_int_equal(d->row.zone, RULE_ZONE_NEW);
	assert_int_equal(guest->row.zone, RULE_ZONE_GUEST);
	assert_true(guest->row.guest);
	assert_string_equal(guest->row.ifname, "guest");
	assert_ptr_equal(here(ds, 21, 1, 5), guest);
	assert_ptr_equal(here(ds, 11, 1, 1), d);
	devices_free(ds);
}

static void a_link_local_address_is_of_its_lan(void **state)
{
	struct devices *ds = devices_new();
	uint8_t one[6], two[6];
	struct device_host h = {.mac = one, .ifindex = 1, .ifname = "br-lan"};
	struct device *d, *other;

	(void)state;
	mac_of(1, one);
	mac_of(2, two);
	assert_int_equal(addr_decode(STR("fe80::1"), &h.addr), 0);
	d = devices_see(ds, &h);
	h.ifindex = 2;
	h.mac = two;
	other = devices_see(ds, &h);
	assert_ptr_not_equal(d, other);
	assert_ptr_equal(devices_addr(ds, &h.addr, 1)->device, d);
	assert_ptr_equal(devices_addr(ds, &h.addr, 2)->device, other);
	/* The store has none of them. */
	assert_int_equal(new_pairs(ds), 0);
	devices_free(ds);
}

/* What the owner said, and who is used, outlives a crowd. */
static void who_matters_stays(void **state)
{
	struct devices *ds = devices_new();
	struct device *kept[5];

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		kept[i] = here(ds, i, i + 1, 1);
	kept[0]->row.name[0] = 'N';
	kept[1]->row.zone = RULE_ZONE_BLOCKED;
	kept[2]->hands = 1;
	kept[3]->cards = 1;
	kept[4]->row.zone = RULE_ZONE_MEMBER;
	for (uint32_t i = 10; i < 10 + DEVICES_MAX + 100; i++)
		assert_non_null(here(ds, i, i, 1));
	assert_int_equal(devices_count(ds), DEVICES_MAX);
	for (uint32_t i = 0; i < 5; i++)
		assert_ptr_equal(at(ds, i), kept[i]);
	devices_free(ds);
}

static void addresses_go_over_when_two_are_one(void **state)
{
	struct devices *ds = devices_new();
	struct device *from = here(ds, 10, 1, 1), *into = here(ds, 11, 2, 1);

	(void)state;
	bind_them(ds, false);
	devices_bound(ds);
	devices_move_addrs(ds, from, into);
	assert_int_equal(from->addr_count, 0);
	assert_ptr_equal(at(ds, 10), into);
	assert_int_equal(into->addr_count, 2);
	assert_int_equal(bind_them(ds, false).taken, 1);
	assert_int_equal(new_pairs(ds), 2);
	devices_free(ds);
}

static struct prefix prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_decode(str_from(text), &p), 0);
	return p;
}

static void the_owner_lets_hosts_call(void **state)
{
	const struct db_device phone = {.callers = {3,
		{prefix("198.51.100.0/25"), prefix("203.0.113.9"), prefix("2001:db8:5::/48")}}};
	static const struct {
		const char *host;
		bool may;
	} rows[] = {
		{"198.51.100.0", true}, {"198.51.100.127", true}, {"198.51.100.128", false},
		{"203.0.113.9", true}, {"203.0.113.8", false}, {"2001:db8:5:ffff::1", true},
		{"2001:db8:6::1", false}, {"192.0.2.1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr a;
		assert_int_equal(addr_decode(str_from(rows[i].host), &a), 0);
		if (device_admits(&phone, &a) != rows[i].may)
			fail_msg("%s", rows[i].host);
	}
}

static void not_everybody_is_let_in(void **state)
{
	static const struct {
		const char *prefix, *why;
	} rows[] = {
		{"10.0.0.0/8", NULL}, {"192.168.7.0/24", NULL}, {"198.51.100.7", NULL},
		{"2001:db8::/32", NULL}, {"fd00::1", NULL},
		{"10.0.0.0/7", "a prefix is wider than /8"},
		{"0.0.0.0/0", "a prefix is wider than /8"},
		{"2000::/31", "a prefix is wider than /32"}, {"::/0", "a prefix is wider than /32"},
		{"224.0.0.0/8", "nobody calls from such an address"},
		{"127.0.0.1", "nobody calls from such an address"},
		{"0.0.0.0/8", "nobody calls from such an address"},
		{"ff02::1", "nobody calls from such an address"},
		{"::/32", "nobody calls from such an address"},
	};
	struct db_callers callers = {2, {prefix("198.51.100.0/24"), prefix("198.51.100.0/24")}};

	(void)state;
	assert_string_equal(device_callers_fault(&callers), "a prefix is there twice");
	callers.at[1] = prefix("198.51.100.0/25");
	assert_null(device_callers_fault(&callers));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why, *wanted = rows[i].why;

		callers.at[1] = prefix(rows[i].prefix);
		why = device_callers_fault(&callers);
		if (wanted ? !why || strcmp(why, wanted) != 0 : why != NULL)
			fail_msg("%s: %s", rows[i].prefix, why ? why : "taken");
	}
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
		cmocka_unit_test(the_kernel_hears_what_is_new),
		cmocka_unit_test(the_kernel_forgets_with_us),
		cmocka_unit_test(a_guest_is_another_device),
		cmocka_unit_test(a_link_local_address_is_of_its_lan),
		cmocka_unit_test(who_matters_stays),
		cmocka_unit_test(the_owner_lets_hosts_call),
		cmocka_unit_test(not_everybody_is_let_in),
		cmocka_unit_test(addresses_go_over_when_two_are_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
