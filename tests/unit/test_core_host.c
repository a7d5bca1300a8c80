/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerts kept apart and bounded; names of hosts; rates and who is heard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core_rig.h"

static void host_here(struct rig *r, const char *addr, uint8_t mac, bool guest)
{
	struct core_host h = {.addr = rig_addr(addr), .ifindex = guest ? 5 : 1, .guest = guest,
		.mac = {2, 2, 2, 2, 2, mac}, .ifname = "br-lan"};

	core_host_here(r->core, &h);
	rig_settle(r);
}

static size_t alerts(struct rig *r)
{
	size_t count;

	core_alerts(r->core, &count);
	return count;
}

static const struct db_alert *alert_at(struct rig *r, size_t i)
{
	size_t count;

	return &core_alerts(r->core, &count)[i];
}

static void forged(struct rig *r, uint32_t n)
{
	struct db_alert a = {.kind = DB_ALERT_FORGED, .has_mac = true, .addr = addr_from4(n)};

	memcpy(a.mac, &n, sizeof(n));
	core_alert_raise(r->core, &a);
}

static void a_flood_of_alerts_is_a_few(void **state)
{
	struct rig *r = *state;
	struct core_status status;

	core_alert_raise(r->core, &(struct db_alert){.kind = DB_ALERT_CLONE, .addr = addr_any6()});
	for (uint32_t n = 0; n < 5000; n++)
		forged(r, n);
	assert_in_range(alerts(r), 2, 32);
	core_status(r->core, &status);
	assert_int_equal(status.alerts, alerts(r));
	/* The other kind was not pushed out, none was lost: all are counted. */
	assert_int_equal(alert_at(r, 0)->kind, DB_ALERT_CLONE);
	uint32_t sum = 0;
	for (size_t i = 1; i < alerts(r); i++)
		sum += alert_at(r, i)->count;
	assert_int_equal(sum, 5000);
	rig_advance(r, 2000);
	rig_restart(r);
	assert_int_equal(alert_at(r, 0)->kind, DB_ALERT_CLONE);
	sum = 0;
	for (size_t i = 1; i < alerts(r); i++)
		sum += alert_at(r, i)->count;
	assert_int_equal(sum, 5000);
}

struct acted {
	int err;
	bool done;
};

static void on_acted(void *arg, int err)
{
	*(struct acted *)arg = (struct acted){err, true};
}

static void an_expected_gateway_is_silent(void **state)
{
	struct rig *r = *state;
	struct db_alert a = {.kind = DB_ALERT_GATEWAY, .has_mac = true, .mac = {1},
		.addr = addr_any6()};
	struct core_status status;
	struct acted acted = {0};

	core_alert_raise(r->core, &a);
	assert_int_equal(core_alert_put(r->core, 99, true,
		&(struct core_act){"root", NULL, NULL}), ERR_NOT_FOUND);
	assert_int_equal(core_alert_put(r->core, alert_at(r, 0)->id, true,
		&(struct core_act){"root", on_acted, &acted}), 0);
	rig_settle(r);
	assert_true(acted.done && acted.err == 0);
	core_alert_raise(r->core, &a);
	core_status(r->core, &status);
	assert_int_equal(status.alerts, 0);
	assert_int_equal(alerts(r), 1);
	a.mac[0] = 2;
	core_alert_raise(r->core, &a);
	core_status(r->core, &status);
	assert_int_equal(status.alerts, 1);
	rig_restart(r);
	core_status(r->core, &status);
	assert_int_equal(status.alerts, 0 + alerts(r) - 1);
}

static void who_is_heard_and_how_measured(void **state)
{
	struct rig *r = *state;
	struct addr lan = rig_addr("192.168.1.10"), guest = rig_addr("192.168.1.66");
	struct addr six = rig_addr("2001:db8:1::10"), unknown = rig_addr("192.168.1.99");
	struct addr other = rig_addr("192.168.1.98");
	struct acted acted = {0};
	struct core_fault fault;

	host_here(r, "192.168.1.10", 10, false);
	host_here(r, "2001:db8:1::10", 10, false);
	host_here(r, "192.168.1.66", 66, true);
	assert_true(core_hears(r->core, 1, &lan));
	assert_true(core_hears(r->core, 1, &unknown));
	assert_false(core_hears(r->core, 5, &guest));
	assert_int_equal(core_rate_key(r->core, 1, &lan), core_rate_key(r->core, 1, &six));
	assert_int_equal(core_rate_key(r->core, 1, &unknown), core_rate_key(r->core, 1, &other));
	assert_int_not_equal(core_rate_key(r->core, 1, &unknown),
		core_rate_key(r->core, 2, &other));
	assert_int_not_equal(core_rate_key(r->core, 1, &lan), core_rate_key(r->core, 1, &unknown));
	assert_int_equal(core_device_put(r->core, core_device_of(r->core, &lan),
		&(struct core_device_change){.zone = RULE_ZONE_BLOCKED, .phone = -1},
		&(struct core_act){"root", on_acted, &acted}, &fault), 0);
	rig_settle(r);
	assert_true(acted.done && acted.err == 0);
	assert_false(core_hears(r->core, 1, &six));
}

static const struct db_device *device_of(struct rig *r, const char *addr)
{
	struct addr a = rig_addr(addr);

	return core_device(r->core, core_device_of(r->core, &a));
}

/* What a host calls itself is cut, and nothing that could not be shown. */
static void names_are_for_display(void **state)
{
	struct rig *r = *state;
	struct core_name n = {.addr = rig_addr("192.168.1.10"), .hostname = STR("laptop"),
		.client_id = STR("id")};
	char longest[200];

	core_host_named(r->core, &n);
	assert_int_equal(core_devices(r->core), 0);
	host_here(r, "192.168.1.10", 10, false);
	core_host_named(r->core, &n);
	assert_string_equal(device_of(r, "192.168.1.10")->hostname, "laptop");
	assert_string_equal(device_of(r, "192.168.1.10")->name, "");
	n.hostname = STR("\x1b[2J");
	core_host_named(r->core, &n);
	n.hostname = STR("\xff\xfe");
	core_host_named(r->core, &n);
	assert_string_equal(device_of(r, "192.168.1.10")->hostname, "laptop");
	memset(longest, 'x', sizeof(longest));
	n.hostname = (struct str){longest, sizeof(longest)};
	core_host_named(r->core, &n);
	assert_int_equal(strlen(device_of(r, "192.168.1.10")->hostname), DB_NAME_MAX);
	/* Of another MAC at this address by now: it is not this one's. */
	n.has_mac = true;
	n.hostname = STR("other");
	core_host_named(r->core, &n);
	assert_int_equal(strlen(device_of(r, "192.168.1.10")->hostname), DB_NAME_MAX);
}

static void remember(void *arg, const struct core_host *host)
{
	assert_string_equal(host->ifname, "br-lan");
	++*(size_t *)arg;
}

static void hosts_are_remembered(void **state)
{
	struct rig *r = *state;
	struct core_device_addr addrs[4];
	size_t count = 0;

	host_here(r, "192.168.1.10", 10, false);
	host_here(r, "2001:db8:1::10", 10, false);
	host_here(r, "192.168.1.66", 66, true);
	rig_restart(r);
	core_hosts(r->core, remember, &count);
	assert_int_equal(count, 3);
	count = core_device_addrs(r->core, device_of(r, "192.168.1.10")->id, addrs, 4);
	assert_int_equal(count, 2);
	assert_false(addrs[0].here || addrs[1].here);
	host_here(r, "192.168.1.10", 10, false);
	count = core_device_addrs(r->core, device_of(r, "192.168.1.10")->id, addrs, 4);
	assert_int_equal(count, 2);
	assert_true(addrs[0].here != addrs[1].here);
	rig_advance(r, 61000);
	assert_int_equal(db_queue_depth(r->core->queue), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_flood_of_alerts_is_a_few, rig_set_up,
			rig_tear_down),
		cmocka_unit_test_setup_teardown(an_expected_gateway_is_silent, rig_set_up,
			rig_tear_down),
		cmocka_unit_test_setup_teardown(who_is_heard_and_how_measured, rig_set_up,
			rig_tear_down),
		cmocka_unit_test_setup_teardown(names_are_for_display, rig_set_up, rig_tear_down),
		cmocka_unit_test_setup_teardown(hosts_are_remembered, rig_set_up, rig_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
