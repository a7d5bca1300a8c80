/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which announcements are a gateway's, and what the owner is told of them. */
#include "gateway/core_owner.h"
#include "gateway/rival.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* What the core was told; the fakes below have no other way to it. */
static struct world {
	struct db_alert alert;
	int count;
} w;

void core_alert_raise(struct core *core, const struct db_alert *like)
{
	(void)core;
	w.alert = *like;
	w.count++;
}

uint32_t core_device_of(const struct core *core, const struct addr *addr)
{
	(void)core;
	(void)addr;
	return 7;
}

static void test_what_is_a_gateway(void **state)
{
	(void)state;
	assert_true(rival_is_gateway(STR("urn:schemas-upnp-org:device:InternetGatewayDevice:1")));
	assert_true(rival_is_gateway(STR("urn:schemas-upnp-org:device:InternetGatewayDevice:9")));
	assert_true(rival_is_gateway(STR("urn:schemas-upnp-org:service:WANIPConnection:2")));
	assert_true(rival_is_gateway(STR("urn:schemas-upnp-org:service:WANPPPConnection:1")));
	assert_false(rival_is_gateway(STR("upnp:rootdevice")));
	assert_false(rival_is_gateway(STR("urn:schemas-upnp-org:device:MediaServer:1")));
	assert_false(rival_is_gateway(STR("")));
}

static void test_what_is_told(void **state)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	struct rival who = {.ifname = "br-lan", .addr = addr_from4(0xc0a80142), .mac = mac};

	(void)state;
	rival_noted(NULL, &who, 68);
	assert_int_equal(w.count, 1);
	assert_int_equal(w.alert.kind, DB_ALERT_GATEWAY);
	assert_string_equal(w.alert.text, "answers DHCP");
	assert_string_equal(w.alert.ifname, "br-lan");
	assert_true(w.alert.has_mac && addr_eq(&w.alert.addr, &who.addr));
	assert_memory_equal(w.alert.mac, mac, 6);
	assert_int_equal(w.alert.device_id, 7);
	rival_noted(NULL, &who, 5350);
	assert_string_equal(w.alert.text, "announces itself as PCP or NAT-PMP server");
	rival_noted(NULL, &who, 5060);
	assert_int_equal(w.count, 2);
	who.mac = NULL;
	rival_ssdp(NULL, &who);
	assert_string_equal(w.alert.text, "announces itself as an Internet gateway by UPnP");
	assert_false(w.alert.has_mac);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_a_gateway),
		cmocka_unit_test(test_what_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
