/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests for an address whose owner is not known yet wait until the link was asked. */
#include "core_rig.h"

/* 2001:db8:1::aa is of the device at 192.168.1.10, once the link said so. */
struct link {
	int asked, err;
	bool known;
	bool stranger;		/* the client is not known either */
	struct addr addr[64];
	whom_found_fn *fn[64];
	void *arg[64];
};

static bool mac_of(void *arg, const struct addr *addr, uint8_t mac[6])
{
	const struct link *link = arg;
	const struct addr here = rig_addr("192.168.1.10");

	if (addr_is4(addr))
		return !link->stranger && rig_mac_of(NULL, addr, mac);
	return link->known && rig_mac_of(NULL, &here, mac);
}

static int find(void *arg, const struct addr *addr, whom_found_fn *fn, void *fn_arg)
{
	struct link *link = arg;

	link->addr[link->asked] = *addr;
	link->fn[link->asked] = fn;
	link->arg[link->asked++] = fn_arg;
	return link->err;
}

static void wire(struct rig *r, struct link *link)
{
	r->core->env.mac_of = mac_of;
	r->core->env.find = find;
	r->core->env.arg = link;
}

/* AddPinhole over IPv4 */
static struct map_req pinhole(uint16_t port)
{
	struct map_req req = rig_map("192.168.1.10", port);

	req.origin = MAP_ORIGIN_UPNP;
	req.has_nonce = false;
	req.internal.addr = rig_addr("2001:db8:1::aa");
	req.external = (struct endpoint){addr_any6(), 0};
	req.remote = prefix_any6();
	return req;
}

static void turn(struct rig *r)
{
	for (int i = 0; i < 5; i++)
		loop_once(r->loop, 0);
}

static void test_its_own_address_is_opened(void **state)
{
	struct rig *r = *state;
	struct link link = {0};
	struct map_req req = pinhole(8000);

	wire(r, &link);
	rig_post(r, &req);
	turn(r);
	assert_int_equal(link.asked, 1);
	assert_int_equal(r->answers, 0);
	link.known = true;
	link.fn[0](link.arg[0], true, true, (const uint8_t[6]){0});
	rig_settle(r);
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->ans.result, MAP_OK);
	req = pinhole(8001);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(link.asked, 1);
}

static void test_the_client_is_found_too(void **state)
{
	struct rig *r = *state;
	struct link link = {.stranger = true};
	struct map_req req = pinhole(8000);

	wire(r, &link);
	rig_post(r, &req);
	turn(r);
	link.known = true;
	link.fn[0](link.arg[0], true, true, (const uint8_t[6]){0});
	turn(r);
	assert_int_equal(r->answers, 0);
	assert_int_equal(link.asked, 2);
	assert_true(addr_eq(&link.addr[0], &req.internal.addr));
	assert_true(addr_eq(&link.addr[1], &req.client));
	link.stranger = false;
	link.fn[1](link.arg[1], true, true, (const uint8_t[6]){0});
	rig_settle(r);
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->ans.result, MAP_OK);
	assert_int_equal(link.asked, 2);
}

static void test_nobodys_address_is_refused(void **state)
{
	struct rig *r = *state;
	struct link link = {0};
	struct map_req req = pinhole(8000);

	wire(r, &link);
	rig_post(r, &req);
	turn(r);
	link.fn[0](link.arg[0], true, false, NULL);
	rig_settle(r);
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->ans.result, MAP_DENIED);
}

static void test_a_link_that_cannot_be_asked(void **state)
{
	struct rig *r = *state;
	struct link link = {.err = ERR_FULL};
	struct map_req req = pinhole(8000);

	wire(r, &link);
	assert_int_equal(rig_ask(r, &req), MAP_DENIED);
	assert_int_equal(link.asked, 1);
}

static void test_so_many_wait_and_the_rest_is_decided(void **state)
{
	struct rig *r = *state;
	struct link link = {0};

	wire(r, &link);
	for (uint16_t i = 0; i < 40; i++) {
		struct map_req req = pinhole((uint16_t)(8000 + i));
		rig_post(r, &req);
	}
	turn(r);
	assert_in_range(link.asked, 8, 32);
	assert_int_equal(r->answers, 40 - link.asked);
	/* What waits at the end is answered, and the link's answer comes too late. */
	core_stop(r->core);
	assert_int_equal(r->answers, 40);
	assert_int_equal(r->ans.result, MAP_TROUBLE);
	link.fn[0](link.arg[0], true, true, (const uint8_t[6]){0});
	assert_int_equal(r->answers, 40);
}

static void test_what_needs_no_owner_does_not_wait(void **state)
{
	struct rig *r = *state;
	struct link link = {.err = ERR_FULL};
	struct map_req own = rig_map("192.168.1.10", 80), close = pinhole(8000);

	wire(r, &link);
	close.op = MAP_OP_CLOSE;
	rig_ask(r, &close);
	rig_ask(r, &own);
	assert_int_equal(link.asked, 0);
}

static struct fw_dumped *kernel_has(struct rig *r, const struct opening *o)
{
	struct fw_hole hole = {.proto = o->proto, .internal = o->internal,
		.external = o->external, .remote = o->remote};
	struct fw_elem elems[FW_HOLE_ELEMS];

	assert_int_equal(fw_hole_elems(&hole, FW_ELEM_ADD, false, elems), 1);
	return fw_fake_find(r->fw, (enum fw_set)elems[0].set, elems[0].key);
}

/* What was open before it was known whose it is goes on as it was: it is that device's. */
static void test_whose_it_is_may_be_learned_later(void **state)
{
	struct rig *r = *state;
	struct link link = {0};
	struct map_req req = pinhole(8000), own = rig_map("192.168.1.10", 8100);
	struct core_host host = {.addr = req.internal.addr, .ifindex = 1, .ifname = "br-lan"};
	const struct opening *o;
	uint32_t before;

	wire(r, &link);
	req.client = req.internal.addr;
	assert_int_equal(rig_ask(r, &own), MAP_OK);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	o = core_opening_by_id(r->core, r->ans.id);
	before = o->device_id;
	kernel_has(r, o)->packets = 7;
	link.known = true;
	assert_true(mac_of(&link, &host.addr, host.mac));
	core_host_here(r->core, &host);
	rig_settle(r);
	assert_int_not_equal(o->device_id, before);
	assert_int_equal(o->device_id, core_device_of(r->core, &own.client));
	assert_non_null(kernel_has(r, o));
	assert_int_equal(kernel_has(r, o)->packets, 7);
	assert_true(core_opening_active(r->core, o));
	before = o->device_id;
	rig_restart(r);
	assert_int_equal(core_opening_by_id(r->core, r->ans.id)->device_id, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_its_own_address_is_opened, rig_set_up,
			rig_tear_down),
		cmocka_unit_test_setup_teardown(test_the_client_is_found_too, rig_set_up,
			rig_tear_down),
		cmocka_unit_test_setup_teardown(test_nobodys_address_is_refused, rig_set_up,
			rig_tear_down),
		cmocka_unit_test_setup_teardown(test_a_link_that_cannot_be_asked, rig_set_up,
			rig_tear_down),
		cmocka_unit_test_setup_teardown(test_so_many_wait_and_the_rest_is_decided,
			rig_set_up, rig_tear_down),
		cmocka_unit_test_setup_teardown(test_whose_it_is_may_be_learned_later,
			rig_set_up, rig_tear_down),
		cmocka_unit_test_setup_teardown(test_what_needs_no_owner_does_not_wait, rig_set_up,
			rig_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
