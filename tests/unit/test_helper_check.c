/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every way over the privilege border that must stay shut: one LAN 192.168.1.0/24 and
 * 2001:db8:1::/64, the router 192.168.1.1 and 2001:db8:1::1 inside, 203.0.113.2 outside (ifindex
 * 2), ssh on TCP 22, something on UDP 5064; SIP is at 5060.
 */
#include "gateway/helper_check.h"

#include "protocols/err.h"
#include "protocols/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define WAN 0xcb007102
#define PAST_WAN 0xcb007103
#define LAN_HOST 0xc0a8010a

static struct addr text(const char *s)
{
	struct addr a;

	assert_int_equal(addr_decode(str_from(s), &a), 0);
	return a;
}

static bool is_wan_if(void *arg, uint32_t ifindex)
{
	(void)arg;
	return ifindex == 2;
}

static bool is_wan4(void *arg, const struct addr *a)
{
	(void)arg;
	return addr_is4(a) && addr_to4(a) == WAN;
}

static bool was_wan4(void *arg, const struct addr *a)
{
	(void)arg;
	return addr_is4(a) && addr_to4(a) == PAST_WAN;
}

/* Too generous on purpose: what else is no host must be seen without it. */
static bool is_lan_host(void *arg, const struct addr *a)
{
	const struct addr own4 = addr_from4(0xc0a80101), own6 = text("2001:db8:1::1");
	const struct prefix lan6 = {text("2001:db8:1::"), 64};

	(void)arg;
	if (addr_eq(a, &own4) || addr_eq(a, &own6) || addr_to4(a) == 0xc0a801ff)
		return false;
	return (addr_is4(a) && (addr_to4(a) & 0xffffff00) == 0xc0a80100) || prefix_has(&lan6, a) ||
	       addr_is_multicast(a) || addr_is_loopback(a) || addr_is_link_local(a);
}

static bool is_lan_prefix(void *arg, const struct prefix *p)
{
	const struct prefix lan4 = {addr_from4(0xc0a80100), 120};
	const struct prefix lan6 = {text("2001:db8:1::"), 64};

	(void)arg;
	return prefix_eq(p, &lan4) || prefix_eq(p, &lan6);
}

static bool is_own_port(void *arg, uint8_t proto, uint16_t port)
{
	(void)arg;
	return (proto == MAP_PROTO_TCP && port == 22) || (proto == MAP_PROTO_UDP && port == 5064);
}

/* The LAN is interface 3. Too generous, again. */
static bool is_lan_source(void *arg, int ifindex, const struct addr *a)
{
	return ifindex == 3 && is_lan_host(arg, a);
}

static bool is_door(void *arg, uint8_t proto, uint16_t port)
{
	(void)arg;
	return proto == MAP_PROTO_UDP ? port == 1900 || port == 5351
				      : proto == MAP_PROTO_TCP && port == 49000;
}

static bool is_sip_port(void *arg, uint16_t port)
{
	(void)arg;
	return port == 5060;
}

static const struct helper_facts facts = {
	.is_wan_if = is_wan_if,
	.is_wan4 = is_wan4,
	.was_wan4 = was_wan4,
	.is_lan_host = is_lan_host,
	.is_lan_prefix = is_lan_prefix,
	.is_lan_source = is_lan_source,
	.is_own_port = is_own_port,
	.is_door = is_door,
	.is_sip_port = is_sip_port,
	.places = true,
	.displaced_min = 61000,
	.displaced_max = 61999,
};

static int check(const struct fw_elem *elem)
{
	return helper_check_elem(&facts, elem);
}

static struct fw_hole hole4(void)
{
	return (struct fw_hole){
		.proto = MAP_PROTO_TCP,
		.external = {addr_from4(WAN), 4000},
		.internal = {addr_from4(LAN_HOST), 80},
		.remote = prefix_any4(),
		.pinned = true,
		.timeout_ms = 60000,
	};
}

static struct fw_hole hole6(void)
{
	return (struct fw_hole){
		.proto = MAP_PROTO_UDP,
		.external = {addr_any6(), 80},
		.internal = {text("2001:db8:1::10"), 80},
		.remote = prefix_any6(),
		.timeout_ms = 60000,
	};
}

/* The worst answer to any of its elements. */
static int check_hole(const struct fw_hole *hole)
{
	struct fw_elem elems[FW_HOLE_ELEMS];
	size_t n = fw_hole_elems(hole, FW_ELEM_ADD, false, elems);
	int worst = 0;

	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		int err = check(&elems[i]);

		worst = err ? err : worst;
	}
	return worst;
}

static void test_what_is_right_passes(void **state)
{
	struct fw_hole h = hole4();
	const struct addr remote4 = addr_from4(0xc6336407), remote6 = text("2001:db8:f::1");

	(void)state;
	assert_int_equal(check_hole(&h), 0);
	h.proto = MAP_PROTO_UDP;
	h.external.port = 22;
	h.remote = prefix_host(&remote4);
	assert_int_equal(check_hole(&h), 0);
	h = hole6();
	assert_int_equal(check_hole(&h), 0);
	h.remote = prefix_host(&remote6);
	assert_int_equal(check_hole(&h), 0);
	h.remote = prefix_mask(&remote6, 32);
	h.remote_port = 53;
	assert_int_equal(check_hole(&h), 0);
	h = hole4();
	h.timeout_ms = HELPER_CHECK_TIMEOUT_MAX_MS;
	assert_int_equal(check_hole(&h), 0);
}

static void test_targets4(void **state)
{
	static const char *const wrong[] = {
		"192.168.1.1", "192.168.1.255", "203.0.113.2", "203.0.113.7", "192.168.2.10",
		"8.8.8.8", "127.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0", "169.254.1.1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fw_hole h = hole4();

		h.internal.addr = text(wrong[i]);
		h.pinned = false;
		assert_int_equal(check_hole(&h), ERR_DENIED);
	}
}

static void test_targets6(void **state)
{
	static const char *const wrong[] = {
		"2001:db8:1::1", "2001:db8:2::1", "::1", "::", "ff02::1", "fe80::1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fw_hole h = hole6();

		h.internal.addr = text(wrong[i]);
		assert_int_equal(check_hole(&h), ERR_DENIED);
		h.remote_port = 53;
		assert_int_equal(check_hole(&h), ERR_DENIED);
	}
}

static void test_ports(void **state)
{
	static const uint16_t wrong[] = {0, 22, 61000, 61999};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct addr remote = addr_from4(0xc6336407);
		struct fw_hole h = hole4();

		h.external.port = wrong[i];
		assert_int_equal(check_hole(&h), ERR_DENIED);
		h.remote = prefix_host(&remote);
		assert_int_equal(check_hole(&h), ERR_DENIED);
	}
}

/* The open set alone is what lets packets through, so each element is judged by itself. */
static void test_each_element_by_itself(void **state)
{
	struct fw_hole h = hole4();
	struct fw_elem e[FW_HOLE_ELEMS];

	(void)state;
	h.external.port = 22;
	assert_int_equal(fw_hole_elems(&h, FW_ELEM_ADD, false, e), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(check(&e[i]), ERR_DENIED);
}

static void test_outbound(void **state)
{
	struct fw_hole h = hole4();
	struct fw_elem e[FW_HOLE_ELEMS];

	(void)state;
	h.external.addr = addr_from4(0xcb007107);
	fw_hole_elems(&h, FW_ELEM_ADD, false, e);
	assert_int_equal(check(&e[2]), ERR_DENIED);
	h = hole4();
	h.internal.addr = addr_from4(0xc0a80101);
	fw_hole_elems(&h, FW_ELEM_ADD, false, e);
	assert_int_equal(check(&e[2]), ERR_DENIED);
}

static void test_no_other_protocol(void **state)
{
	struct fw_hole h = hole4();
	struct fw_elem e[FW_HOLE_ELEMS];

	(void)state;
	fw_hole_elems(&h, FW_ELEM_ADD, false, e);
	e[0].key[0] = 50;
	assert_int_equal(check(&e[0]), ERR_DENIED);
	e[2].key[4] = 0;
	assert_int_equal(check(&e[2]), ERR_DENIED);
}

static void test_every_hole_has_an_end(void **state)
{
	struct fw_hole h = hole4();

	(void)state;
	h.timeout_ms = FW_TIMEOUT_NONE;
	assert_int_equal(check_hole(&h), ERR_DENIED);
	h.timeout_ms = HELPER_CHECK_TIMEOUT_MAX_MS + 1;
	assert_int_equal(check_hole(&h), ERR_DENIED);
}

static void test_range6_is_of_remotes_only(void **state)
{
	struct fw_hole h = hole6();
	struct fw_elem e[FW_HOLE_ELEMS];

	(void)state;
	h.remote_port = 53;
	fw_hole_elems(&h, FW_ELEM_ADD, false, e);
	assert_int_equal(check(&e[0]), 0);
	e[0].key_end[20 + 15] = 0xff;	/* the internal address */
	assert_int_equal(check(&e[0]), ERR_DENIED);
	fw_hole_elems(&h, FW_ELEM_ADD, false, e);
	e[0].key_end[41] = 0xff;	/* the internal port */
	assert_int_equal(check(&e[0]), ERR_DENIED);
}

/* Filters of an IPv4 opening: who comes in may be anybody, where to may not. */
static void test_range4_is_of_remotes_only(void **state)
{
	const struct map_piece peers[] = {{prefix_any4(), 80, 80}, {prefix_any4(), 90, 65535}};
	struct fw_hole h = hole4();
	struct fw_elem e[FW_HOLE_ELEMS];

	(void)state;
	h.peers = peers;
	h.peer_count = 2;
	assert_int_equal(check_hole(&h), 0);
	assert_int_equal(fw_hole_elems(&h, FW_ELEM_ADD, false, e), 4);
	assert_int_equal(e[2].set, FW_SET_OPEN4_RANGE);
	e[2].key_end[13] ^= 1;		/* the external port */
	assert_int_equal(check(&e[2]), ERR_DENIED);
	e[2].key_end[13] ^= 1;
	e[2].key_end[8] = MAP_PROTO_UDP;
	assert_int_equal(check(&e[2]), ERR_DENIED);
	e[2].key_end[8] = e[2].key[8];
	e[2].key_end[20] = 1;		/* behind the key */
	assert_int_equal(check(&e[2]), ERR_SYNTAX);
	h.external.port = 22;
	fw_hole_elems(&h, FW_ELEM_ADD, false, e);
	assert_int_equal(check(&e[1]), ERR_DENIED);
}

static struct fw_elem plain(enum fw_set set, const void *key, const void *end, size_t len)
{
	struct fw_elem e = {.set = (uint8_t)set};

	memcpy(e.key, key, len);
	if (end)
		memcpy(e.key_end, end, len);
	return e;
}

static void test_surroundings(void **state)
{
	const uint8_t wan[] = {203, 0, 113, 2}, other[] = {203, 0, 113, 3};
	const uint8_t lan[] = {192, 168, 1, 0}, last[] = {192, 168, 1, 255};
	const uint8_t wide[] = {192, 168, 255, 255}, zero[4] = {0}, ones[] = {255, 255, 255, 255};
	const uint32_t wan_if = 2, lan_if = 3;
	const struct addr lan6 = text("2001:db8:1::");
	const struct addr last6 = text("2001:db8:1:0:ffff:ffff:ffff:ffff");
	const struct addr wide6 = text("2001:db8:1:ffff:ffff:ffff:ffff:ffff");
	struct fw_elem e;

	(void)state;
	e = plain(FW_SET_WAN4, wan, wan, 4);
	assert_int_equal(check(&e), 0);
	e = plain(FW_SET_WAN4, other, NULL, 4);
	assert_int_equal(check(&e), ERR_DENIED);
	e = plain(FW_SET_WAN_IF, &wan_if, NULL, 4);
	assert_int_equal(check(&e), 0);
	e = plain(FW_SET_WAN_IF, &lan_if, NULL, 4);
	assert_int_equal(check(&e), ERR_DENIED);
	e = plain(FW_SET_LAN4, lan, last, 4);
	assert_int_equal(check(&e), 0);
	e = plain(FW_SET_LAN4, lan, wide, 4);
	assert_int_equal(check(&e), ERR_DENIED);
	e = plain(FW_SET_LAN4, zero, ones, 4);
	assert_int_equal(check(&e), ERR_DENIED);
	e = plain(FW_SET_LAN4, last, lan, 4);
	assert_int_equal(check(&e), ERR_DENIED);
	e = plain(FW_SET_LAN6, lan6.b, last6.b, 16);
	assert_int_equal(check(&e), 0);
	e = plain(FW_SET_LAN6, lan6.b, wide6.b, 16);
	assert_int_equal(check(&e), ERR_DENIED);
}

static void test_phones(void **state)
{
	static const char *const wrong4[] = {"192.168.1.1", "192.168.1.255", "203.0.113.2",
		"8.8.8.8", "127.0.0.1", "224.0.0.1", "0.0.0.0", "169.254.1.1"};
	static const char *const wrong6[] = {"2001:db8:1::1", "2001:db8:2::1", "::1", "::",
		"ff02::1", "fe80::1"};
	const uint8_t host[] = {192, 168, 1, 10}, sip[] = {5060 >> 8, 5060 & 0xff};
	const uint8_t other[] = {5061 >> 8, 5061 & 0xff};
	struct addr a = text("2001:db8:1::10");
	struct fw_elem e = plain(FW_SET_PHONE4, host, NULL, 4);

	(void)state;
	assert_int_equal(check(&e), 0);
	e.timeout_ms = 60000;
	assert_int_equal(check(&e), ERR_SYNTAX);
	e = plain(FW_SET_PHONE6, a.b, NULL, 16);
	assert_int_equal(check(&e), 0);
	for (size_t i = 0; i < sizeof(wrong4) / sizeof(wrong4[0]); i++) {
		a = text(wrong4[i]);
		e = plain(FW_SET_PHONE4, addr_bytes4(&a), NULL, 4);
		assert_int_equal(check(&e), ERR_DENIED);
	}
	for (size_t i = 0; i < sizeof(wrong6) / sizeof(wrong6[0]); i++) {
		a = text(wrong6[i]);
		e = plain(FW_SET_PHONE6, a.b, NULL, 16);
		assert_int_equal(check(&e), ERR_DENIED);
	}
	e = plain(FW_SET_SIP_PORT, sip, NULL, 2);
	assert_int_equal(check(&e), 0);
	e = plain(FW_SET_SIP_PORT, other, NULL, 2);
	assert_int_equal(check(&e), ERR_DENIED);
}

static struct fw_elem caller(const char *host, uint8_t len, uint8_t proto, uint16_t port)
{
	const struct prefix from = {text(host), (uint8_t)(96 + len)};

	return fw_caller_elem(&from, proto, port);
}

/* Where phones are called: in its range only, and by hosts. */
static void test_places(void **state)
{
	static const uint16_t wrong[] = {0, 22, 5060, 35999, 40000, 65535};
	static const char *const nobody[] = {"0.0.0.0", "224.0.0.1", "255.255.255.255",
		"127.0.0.1"};
	const uint8_t port[] = {36001 >> 8, 36001 & 0xff};
	struct helper_facts without = facts;
	struct fw_elem e = plain(FW_SET_PLACE_TCP4, port, NULL, 2);

	(void)state;
	without.places = false;
	assert_int_equal(check(&e), 0);
	assert_int_equal(helper_check_elem(&without, &e), ERR_DENIED);
	e.timeout_ms = 60000;
	assert_int_equal(check(&e), ERR_SYNTAX);
	e = caller("8.8.8.8", 32, MAP_PROTO_TCP, 39999);
	assert_int_equal(check(&e), 0);
	assert_int_equal(helper_check_elem(&without, &e), ERR_DENIED);
	e.key[5] = 1;
	assert_int_equal(check(&e), ERR_SYNTAX);
	/* One protocol, one port, one prefix. */
	for (size_t at = 0; at < 10; at++) {
		e = caller("8.8.8.8", 32, MAP_PROTO_TCP, 36001);
		e.key_end[at]++;
		assert_int_equal(check(&e),
			at == 3 ? 0 : at >= 5 && at < 8 ? ERR_SYNTAX : ERR_DENIED);
	}
	e = caller("8.8.8.8", 32, MAP_PROTO_UDP, 36000);
	assert_int_equal(check(&e), 0);
	e = caller("8.8.8.8", 32, 1, 36000);
	assert_int_equal(check(&e), ERR_DENIED);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const uint8_t bytes[] = {(uint8_t)(wrong[i] >> 8), (uint8_t)wrong[i]};
		e = plain(FW_SET_PLACE_TCP4, bytes, NULL, 2);
		assert_int_equal(check(&e), ERR_DENIED);
		e = caller("8.8.8.8", 32, MAP_PROTO_UDP, wrong[i]);
		assert_int_equal(check(&e), ERR_DENIED);
	}
	e = caller("8.0.0.0", 8, MAP_PROTO_UDP, 36000);
	assert_int_equal(check(&e), 0);
	e = caller("0.0.0.0", 0, MAP_PROTO_UDP, 36000);
	assert_int_equal(check(&e), ERR_DENIED);
	e = caller("192.0.0.0", 2, MAP_PROTO_UDP, 36000);
	assert_int_equal(check(&e), ERR_DENIED);
	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		e = caller(nobody[i], 32, MAP_PROTO_UDP, 36000);
		assert_int_equal(check(&e), ERR_DENIED);
	}
}

static int check_way(uint8_t proto, uint8_t is6, uint16_t port)
{
	return helper_check_way(&facts, &(struct wire_way){proto, is6, port});
}

static void test_ways(void **state)
{
	(void)state;
	for (uint8_t is6 = 0; is6 < 2; is6++) {
		assert_int_equal(check_way(MAP_PROTO_UDP, is6, 5060), 0);
		assert_int_equal(check_way(MAP_PROTO_TCP, is6, 5060), 0);
		assert_int_equal(check_way(50, is6, 5060), ERR_DENIED);
		assert_int_equal(check_way(MAP_PROTO_TCP, is6, 5061), ERR_DENIED);
		assert_int_equal(check_way(MAP_PROTO_UDP, is6, 53), ERR_DENIED);
		assert_int_equal(check_way(MAP_PROTO_UDP, is6, 0), ERR_DENIED);
	}
	assert_int_equal(check_way(MAP_PROTO_UDP, 2, 5060), ERR_SYNTAX);
	assert_int_equal(check_way(MAP_PROTO_UDP, 0, 5061), ERR_DENIED);
	/* A phone's own port, unless it is the router's. */
	assert_int_equal(check_way(MAP_PROTO_UDP, 1, 5061), 0);
	assert_int_equal(check_way(MAP_PROTO_UDP, 1, 1024), 0);
	assert_int_equal(check_way(MAP_PROTO_UDP, 1, 1023), ERR_DENIED);
	assert_int_equal(check_way(MAP_PROTO_UDP, 1, 5064), ERR_DENIED);
	assert_int_equal(check_way(MAP_PROTO_UDP, 1, 5351), ERR_DENIED);
}

/* A host's flows to a SIP port, wherever they go. */
static void test_flows_of_a_phone(void **state)
{
	struct wire_flow flow = {.proto = MAP_PROTO_UDP, .port = 5060};
	struct addr any = addr_any4(), host = addr_from4(LAN_HOST), far = addr_from4(0x08080808);

	(void)state;
	assert_int_equal(helper_check_flow(&facts, &flow), ERR_DENIED);
	memcpy(flow.remote, host.b, sizeof(flow.remote));
	assert_int_equal(helper_check_flow(&facts, &flow), 0);
	memcpy(flow.dst, any.b, sizeof(flow.dst));
	assert_int_equal(helper_check_flow(&facts, &flow), 0);
	flow.proto = MAP_PROTO_TCP;
	assert_int_equal(helper_check_flow(&facts, &flow), 0);
	flow.port = 0;
	assert_int_equal(helper_check_flow(&facts, &flow), ERR_DENIED);
	flow.port = 5061;
	assert_int_equal(helper_check_flow(&facts, &flow), ERR_DENIED);
	flow.port = 5060;
	memcpy(flow.remote, far.b, sizeof(flow.remote));
	assert_int_equal(helper_check_flow(&facts, &flow), ERR_DENIED);
}

/* Who is heard is for packets to say; that an opening has a number is no harm. */
static void test_what_packets_fill(void **state)
{
	const struct map_piece peer = {{addr_from4(0xc6336407), 128}, 0, UINT16_MAX};
	struct fw_elem elem = {.set = FW_SET_HEARD, .timeout_ms = 60000, .key = {0, 1}};
	struct fw_elem elems[FW_HOLE_ELEMS];
	struct fw_hole h = hole4();

	(void)state;
	assert_int_equal(check(&elem), ERR_DENIED);
	h.peers = &peer;
	h.peer_count = 1;
	h.id = UINT32_MAX;
	assert_int_equal(check_hole(&h), 0);
	fw_hole_elems(&h, FW_ELEM_ADD, false, elems);
	assert_int_equal(elems[1].set, FW_SET_OPEN4_PEER);
	elems[1].data[4] = 1;
	assert_int_equal(check(&elems[1]), ERR_SYNTAX);
}

static void test_deleting_is_free(void **state)
{
	const uint8_t other[] = {203, 0, 113, 3};
	struct fw_elem e = plain(FW_SET_WAN4, other, NULL, 4);

	(void)state;
	e.op = FW_ELEM_DEL;
	assert_int_equal(check(&e), 0);
}

static void assert_malformed(size_t offset, uint8_t value)
{
	struct fw_hole h = hole4();
	struct fw_elem e[FW_HOLE_ELEMS];

	fw_hole_elems(&h, FW_ELEM_ADD, false, e);
	((uint8_t *)&e[0])[offset] = value;
	assert_int_equal(check(&e[0]), ERR_SYNTAX);
}

static void test_malformed(void **state)
{
	const uint8_t wan[] = {203, 0, 113, 2};
	struct fw_elem e = plain(FW_SET_WAN4, wan, NULL, 4);

	(void)state;
	assert_malformed(offsetof(struct fw_elem, set), FW_SETS);
	assert_malformed(offsetof(struct fw_elem, set), 255);
	assert_malformed(offsetof(struct fw_elem, op), 2);
	assert_malformed(offsetof(struct fw_elem, renew), 2);
	assert_malformed(offsetof(struct fw_elem, reserved), 1);
	assert_malformed(offsetof(struct fw_elem, userdata_len), FW_USERDATA_MAX + 1);
	assert_malformed(offsetof(struct fw_elem, key) + 1, 1);		/* between the fields */
	assert_malformed(offsetof(struct fw_elem, key) + 7, 1);
	assert_malformed(offsetof(struct fw_elem, key) + 8, 1);		/* behind them */
	assert_malformed(offsetof(struct fw_elem, key) + FW_KEY_MAX - 1, 1);
	assert_malformed(offsetof(struct fw_elem, data) + 7, 1);
	e.timeout_ms = 1;
	assert_int_equal(check(&e), ERR_SYNTAX);
}

static void test_flows(void **state)
{
	struct wire_flow flow = {.proto = MAP_PROTO_UDP, .port = 4000};
	struct addr a = addr_from4(WAN);

	(void)state;
	memcpy(flow.dst, a.b, sizeof(flow.dst));
	assert_int_equal(helper_check_flow(&facts, &flow), 0);
	a = addr_from4(PAST_WAN);
	memcpy(flow.dst, a.b, sizeof(flow.dst));
	assert_int_equal(helper_check_flow(&facts, &flow), 0);
	flow.proto = 1;
	assert_int_equal(helper_check_flow(&facts, &flow), ERR_DENIED);
	flow.proto = MAP_PROTO_TCP;
	a = text("2001:db8:1::10");
	memcpy(flow.dst, a.b, sizeof(flow.dst));
	assert_int_equal(helper_check_flow(&facts, &flow), 0);
	a = addr_from4(0x08080808);
	memcpy(flow.dst, a.b, sizeof(flow.dst));
	assert_int_equal(helper_check_flow(&facts, &flow), ERR_DENIED);
	flow.reserved = 1;
	assert_int_equal(helper_check_flow(&facts, &flow), ERR_SYNTAX);
}

static struct fw_elem host_elem(enum fw_set set, uint32_t ifindex, const char *address)
{
	struct fw_elem e = {.set = (uint8_t)set};
	struct addr a = text(address);
	size_t from = addr_is4(&a) ? 12 : 0, len = sizeof(a.b) - from;

	memcpy(e.key, &ifindex, sizeof(ifindex));
	memcpy(e.key + 4, a.b + from, len);
	if (set == FW_SET_BOUND4 || set == FW_SET_BOUND6)
		memcpy(e.key + 4 + len, "\x02\0\0\0\0\x10", 6);
	return e;
}

static int check_host(enum fw_set set, uint32_t ifindex, const char *address)
{
	struct fw_elem e = host_elem(set, ifindex, address);

	return check(&e);
}

static void test_hosts(void **state)
{
	static const char *const wrong[] = {"192.168.1.1", "192.168.1.255", "8.8.8.8", "127.0.0.1",
		"0.0.0.0", "224.0.0.1", "255.255.255.255"};
	static const char *const wrong6[] = {"2001:db8:1::1", "2001:db8:2::10", "::1", "::",
		"ff02::1"};
	struct fw_elem e;

	(void)state;
	assert_int_equal(check_host(FW_SET_BOUND4, 3, "192.168.1.10"), 0);
	assert_int_equal(check_host(FW_SET_KNOWN4, 3, "192.168.1.10"), 0);
	assert_int_equal(check_host(FW_SET_BOUND6, 3, "2001:db8:1::10"), 0);
	assert_int_equal(check_host(FW_SET_BOUND6, 3, "fe80::10"), 0);
	assert_int_equal(check_host(FW_SET_KNOWN6, 3, "fe80::10"), 0);
	assert_int_equal(check_host(FW_SET_KNOWN4, 2, "192.168.1.10"), ERR_DENIED);
	assert_int_equal(check_host(FW_SET_BOUND6, 2, "fe80::10"), ERR_DENIED);
	assert_int_equal(check_host(FW_SET_KNOWN4, 0, "192.168.1.10"), ERR_DENIED);
	assert_int_equal(check_host(FW_SET_KNOWN4, UINT32_MAX, "192.168.1.10"), ERR_DENIED);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(check_host(FW_SET_KNOWN4, 3, wrong[i]), ERR_DENIED);
		assert_int_equal(check_host(FW_SET_BOUND4, 3, wrong[i]), ERR_DENIED);
	}
	for (size_t i = 0; i < sizeof(wrong6) / sizeof(wrong6[0]); i++)
		assert_int_equal(check_host(FW_SET_BOUND6, 3, wrong6[i]), ERR_DENIED);
	e = host_elem(FW_SET_BOUND4, 3, "192.168.1.10");
	e.key[8] = 0x01;
	assert_int_equal(check(&e), ERR_DENIED);
	memset(e.key + 8, 0, 6);
	assert_int_equal(check(&e), ERR_DENIED);
	e.op = FW_ELEM_DEL;
	assert_int_equal(check(&e), 0);
	e.key[14] = 1;
	assert_int_equal(check(&e), ERR_SYNTAX);
	e = host_elem(FW_SET_KNOWN4, 3, "192.168.1.10");
	e.timeout_ms = 1000;
	assert_int_equal(check(&e), ERR_SYNTAX);
}

static int check_door(uint8_t proto, uint16_t port)
{
	struct fw_elem e = {.set = FW_SET_DOOR, .key = {proto}};

	e.key[4] = (uint8_t)(port >> 8);
	e.key[5] = (uint8_t)port;
	return check(&e);
}

/* A door is where the kernel drops: never the owner's way in, nor anything that is not ours. */
static void test_doors(void **state)
{
	(void)state;
	assert_int_equal(check_door(MAP_PROTO_UDP, 1900), 0);
	assert_int_equal(check_door(MAP_PROTO_UDP, 5351), 0);
	assert_int_equal(check_door(MAP_PROTO_TCP, 49000), 0);
	assert_int_equal(check_door(MAP_PROTO_TCP, 22), ERR_DENIED);
	assert_int_equal(check_door(MAP_PROTO_TCP, 1900), ERR_DENIED);
	assert_int_equal(check_door(MAP_PROTO_UDP, 53), ERR_DENIED);
	assert_int_equal(check_door(MAP_PROTO_UDP, 49000), ERR_DENIED);
	assert_int_equal(check_door(1, 1900), ERR_DENIED);
	assert_int_equal(check_door(MAP_PROTO_UDP, 5060), 0);
	assert_int_equal(check_door(MAP_PROTO_TCP, 5060), 0);
	assert_int_equal(check_door(1, 5060), ERR_DENIED);
	assert_int_equal(check_door(MAP_PROTO_UDP, 5062), ERR_DENIED);
}

static struct wire_probe probe_of(int32_t ifindex, const char *address)
{
	struct wire_probe p = {.ifindex = ifindex};
	struct addr a = text(address);

	memcpy(p.addr, a.b, sizeof(p.addr));
	return p;
}

static void test_probes(void **state)
{
	struct wire_probe p = probe_of(3, "192.168.1.10");

	(void)state;
	assert_int_equal(helper_check_probe(&facts, &p), 0);
	memcpy(p.mac, "\x02\0\0\0\0\x10", 6);
	assert_int_equal(helper_check_probe(&facts, &p), ERR_SYNTAX);
	p.has_mac = 1;
	assert_int_equal(helper_check_probe(&facts, &p), 0);
	p.mac[0] = 0xff;
	assert_int_equal(helper_check_probe(&facts, &p), ERR_DENIED);
	memset(p.mac, 0, sizeof(p.mac));
	assert_int_equal(helper_check_probe(&facts, &p), ERR_DENIED);
	p.has_mac = 2;
	assert_int_equal(helper_check_probe(&facts, &p), ERR_SYNTAX);
	p = probe_of(3, "fe80::10");
	assert_int_equal(helper_check_probe(&facts, &p), 0);
	p.reserved = 1;
	assert_int_equal(helper_check_probe(&facts, &p), ERR_SYNTAX);
	p = probe_of(2, "192.168.1.10");
	assert_int_equal(helper_check_probe(&facts, &p), ERR_DENIED);
	p = probe_of(-1, "192.168.1.10");
	assert_int_equal(helper_check_probe(&facts, &p), ERR_DENIED);
	p = probe_of(3, "192.168.1.1");
	assert_int_equal(helper_check_probe(&facts, &p), ERR_DENIED);
	p = probe_of(3, "8.8.8.8");
	assert_int_equal(helper_check_probe(&facts, &p), ERR_DENIED);
	p = probe_of(3, "224.0.0.1");
	assert_int_equal(helper_check_probe(&facts, &p), ERR_DENIED);
}

static void test_tuples(void **state)
{
	const struct addr lan = text("192.168.1.10"), far = addr_from4(0xc633640a);
	struct wire_tuple t = {.proto = MAP_PROTO_UDP, .src_port = 7000, .dst_port = 53};
	struct wire_tuple bad;

	(void)state;
	memcpy(t.src, lan.b, sizeof(t.src));
	memcpy(t.dst, far.b, sizeof(t.dst));
	assert_int_equal(helper_check_tuple(&facts, &t), 0);
	bad = t;
	bad.proto = 1;
	assert_int_equal(helper_check_tuple(&facts, &bad), ERR_DENIED);
	bad = t;
	bad.dst_port = 0;
	assert_int_equal(helper_check_tuple(&facts, &bad), ERR_DENIED);
	bad = t;
	bad.left_s = UINT32_MAX;
	assert_int_equal(helper_check_tuple(&facts, &bad), ERR_DENIED);
	bad = t;
	memcpy(bad.src, far.b, sizeof(bad.src));
	assert_int_equal(helper_check_tuple(&facts, &bad), ERR_DENIED);
	bad = t;
	bad.dst[10] = 0;
	assert_int_equal(helper_check_tuple(&facts, &bad), ERR_SYNTAX);
	bad = t;
	bad.reserved2 = 1;
	assert_int_equal(helper_check_tuple(&facts, &bad), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_right_passes),
		cmocka_unit_test(test_targets4),
		cmocka_unit_test(test_targets6),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_each_element_by_itself),
		cmocka_unit_test(test_outbound),
		cmocka_unit_test(test_no_other_protocol),
		cmocka_unit_test(test_every_hole_has_an_end),
		cmocka_unit_test(test_range6_is_of_remotes_only),
		cmocka_unit_test(test_range4_is_of_remotes_only),
		cmocka_unit_test(test_surroundings),
		cmocka_unit_test(test_phones),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_flows_of_a_phone),
		cmocka_unit_test(test_what_packets_fill),
		cmocka_unit_test(test_deleting_is_free),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_flows),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_doors),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_tuples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
