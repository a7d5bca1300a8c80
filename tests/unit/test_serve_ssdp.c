/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door of SSDP on a virtual clock and a network that only this file has: when and how often
 * searches are answered, with which location, and what is announced when.
 */
#include "gateway/serve_ssdp.h"

#include "protocols/ssdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define START_MS 5000
#define SENT_MAX 512
#define LAN 7
#define GROUPS 3		/* of announcements */
#define V1_TARGETS 10
#define V2_TARGETS 13
#define ROOT "upnp:rootdevice"
#define IGD "urn:schemas-upnp-org:device:InternetGatewayDevice:"

struct udp_door {
	struct udp_conf conf;
	udp_fn *fn;
	void *arg;
};

struct sent {
	struct udp_path path;
	uint64_t at_ms;
	char text[UDP_PACKET_MAX + 1];
};

/* The world around the door; the fakes below have no other way to it. */
static struct world {
	struct loop *loop;
	struct udp_door door;
	struct db_state state;
	struct net_addr own[3];
	size_t own_count;
	net_fn *watcher;
	void *watcher_arg;
	unsigned rejoined;
	struct sent sent[SENT_MAX];
	size_t sent_count;
	struct serve_ssdp *serve;
} w;

/* ---- what the door calls ---- */

const struct db_state *core_state(const struct core *core)
{
	(void)core;
	return &w.state;
}

uint32_t core_next_boot_id(struct core *core)
{
	(void)core;
	return ++w.state.upnp_boot_id;
}

struct udp_door *udp_open(struct udp *udp, const struct udp_conf *conf, udp_fn *fn, void *arg)
{
	(void)udp;
	w.door = (struct udp_door){*conf, fn, arg};
	return &w.door;
}

int udp_send(const struct udp_path *path, const void *bytes, size_t len)
{
	struct sent *s = &w.sent[w.sent_count++];

	assert_true(w.sent_count <= SENT_MAX && len <= UDP_PACKET_MAX);
	s->path = *path;
	s->at_ms = loop_now_ms(w.loop);
	memcpy(s->text, bytes, len);
	s->text[len] = '\0';
	return 0;
}

void udp_rejoin(struct udp_door *door)
{
	assert_ptr_equal(door, &w.door);
	w.rejoined++;
}

void udp_close(struct udp_door *door)
{
	assert_ptr_equal(door, &w.door);
	door->fn = NULL;
}

size_t net_lan_count(const struct net *net)
{
	(void)net;
	return 2;
}

const struct net_if *net_lan(const struct net *net, size_t i)
{
	static const struct net_if lans[] = {
		{.ifindex = LAN, .up = true, .running = true},
		{.ifindex = 0},
	};

	(void)net;
	return &lans[i];
}

const struct net_addr *net_addrs(const struct net *net, int ifindex, size_t *count)
{
	(void)net;
	*count = ifindex == LAN ? w.own_count : 0;
	return w.own;
}

bool net_addr_of(const struct net *net, int ifindex, bool is4, bool link_local, struct addr *out)
{
	(void)net;
	assert_int_equal(ifindex, LAN);
	for (size_t i = 0; i < w.own_count; i++) {
		const struct addr *a = &w.own[i].addr;
		if (addr_is4(a) == is4 && (is4 || addr_is_link_local(a) == link_local)) {
			*out = *a;
			return true;
		}
	}
	return false;
}

int net_watch(struct net *net, net_fn *fn, void *arg)
{
	(void)net;
	w.watcher = fn;
	w.watcher_arg = arg;
	return 0;
}

void net_unwatch(struct net *net, net_fn *fn, void *arg)
{
	(void)net;
	assert_true(fn == w.watcher && arg == w.watcher_arg);
	w.watcher = NULL;
}

/* ---- the stage ---- */

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_decode(str_from(text), &a), 0);
	return a;
}

static void own(const char *text, uint8_t bits)
{
	struct addr a = addr(text);

	w.own[w.own_count++] = (struct net_addr){.addr = a, .prefix = prefix_mask(&a, bits),
		.ifindex = LAN};
}

static int set_up(void **state)
{
	struct conf conf = {.http_port = 49000, .friendly_name = "router"};

	(void)state;
	w.loop = loop_new_virtual(START_MS);
	assert_non_null(w.loop);
	w.state.upnp_boot_id = 41;
	own("192.168.1.1", 120);
	own("fe80::1", 64);
	own("2001:db8::1", 64);
	w.serve = serve_ssdp_new(w.loop, NULL, NULL, NULL, &conf);
	assert_non_null(w.serve);
	return 0;
}

/* After the announcements of the start. */
static int set_up_quiet(void **state)
{
	set_up(state);
	loop_advance(w.loop, 10000);
	w.sent_count = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	w.sent_count = 0;
	serve_ssdp_free(w.serve);
	assert_null(w.watcher);
	assert_null(w.door.fn);
	loop_free(w.loop);
	memset(&w, 0, sizeof(w));
	return 0;
}

/* A search; mx NULL: without it. */
static void search(const char *local, const char *from, uint16_t port, const char *mx,
	const char *st)
{
	struct udp_packet packet = {
		.path = {&w.door, LAN, addr(local), {addr(from), port}},
	};
	char bytes[512];
	struct writer to = writer_to(bytes, sizeof(bytes));

	writer_text(&to, "M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nST: ");
	writer_text(&to, st);
	writer_text(&to, mx ? "\r\nMX: " : "");
	writer_text(&to, mx ? mx : "");
	writer_text(&to, "\r\n\r\n");
	packet.bytes = to.p;
	packet.len = to.len;
	w.door.fn(w.door.arg, &packet);
	memset(bytes, 'x', sizeof(bytes));
}

static void multicast(const char *from, uint16_t port, const char *mx, const char *st)
{
	search("239.255.255.250", from, port, mx, st);
}

static bool says(size_t i, const char *text)
{
	assert_true(i < w.sent_count);
	return strstr(w.sent[i].text, text) != NULL;
}

static size_t count(const char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < w.sent_count; i++)
		n += strstr(w.sent[i].text, text) != NULL;
	return n;
}

/* ---- searches ---- */

static void a_search_alone_is_answered_at_once(void **state)
{
	(void)state;
	search("192.168.1.1", "192.168.1.10", 1900, NULL, ROOT);
	assert_int_equal(w.sent_count, 1);
	assert_true(addr_eq(&w.sent[0].path.local, &w.own[0].addr));
	assert_int_equal(w.sent[0].path.remote.port, 1900);
	assert_true(says(0, "HTTP/1.1 200 OK\r\n"));
	assert_true(says(0, "LOCATION: http://192.168.1.1:49000/00000000"));
	search("192.168.1.1", "192.168.1.10", 1900, "5", "ssdp:all");
	assert_int_equal(w.sent_count, 1 + V1_TARGETS);
}

static void multicast_without_mx_gets_silence(void **state)
{
	(void)state;
	multicast("192.168.1.10", 4000, NULL, ROOT);
	multicast("192.168.1.10", 4000, "soon", ROOT);
	loop_advance(w.loop, 10000);
	assert_int_equal(w.sent_count, 0);
}

static void answers_wait_at_random_within_mx(void **state)
{
	uint64_t first = UINT64_MAX, last = 0, asked;

	(void)state;
	for (uint16_t i = 0; i < 20; i++) {
		asked = loop_now_ms(w.loop);
		multicast("192.168.1.10", (uint16_t)(4000 + i), "2", ROOT);
		loop_advance(w.loop, 2000);
		assert_int_equal(w.sent_count, i + 1);
		first = w.sent[i].at_ms - asked < first ? w.sent[i].at_ms - asked : first;
		last = w.sent[i].at_ms - asked > last ? w.sent[i].at_ms - asked : last;
	}
	assert_true(last <= 2000);
	assert_true(first + 100 < last);
}

static void many_answers_are_spread_within_mx(void **state)
{
	uint64_t asked = loop_now_ms(w.loop);

	(void)state;
	multicast("192.168.1.10", 4000, "120", "ssdp:all");
	loop_advance(w.loop, 5000);
	assert_int_equal(w.sent_count, V1_TARGETS);
	for (size_t i = 1; i < w.sent_count; i++)
		assert_true(w.sent[i].at_ms >= w.sent[i - 1].at_ms);
	assert_true(w.sent[w.sent_count - 1].at_ms <= asked + 5000);
	assert_true(w.sent[w.sent_count - 1].at_ms >= w.sent[0].at_ms + 2000);
	assert_int_equal(count("ST: " ROOT "\r\n"), 1);
}

static void a_repeated_search_is_answered_once(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		multicast("192.168.1.10", 4000, "3", ROOT);
	multicast("192.168.1.10", 4000, "3", IGD "1");
	multicast("192.168.1.10", 4001, "3", ROOT);
	loop_advance(w.loop, 3000);
	assert_int_equal(w.sent_count, 3);
	multicast("192.168.1.10", 4000, "3", ROOT);
	loop_advance(w.loop, 3000);
	assert_int_equal(w.sent_count, 4);
}

static void nobody_takes_all_places(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 1000; i++)
		multicast("192.168.1.66", (uint16_t)(2000 + i), "5", ROOT);
	multicast("192.168.1.10", 4000, "5", ROOT);
	loop_advance(w.loop, 5000);
	assert_int_equal(w.sent_count, 8 + 1);
}

/* More searches than there are places: some are answered sooner, none never. */
static void a_crowd_costs_nobody_his_answer(void **state)
{
	char from[] = "192.168.1.100";

	(void)state;
	for (int host = 0; host < 30; host++) {
		from[11] = (char)('0' + host / 10);
		from[12] = (char)('0' + host % 10);
		for (uint16_t i = 0; i < 8; i++)
			multicast(from, (uint16_t)(2000 + i), "5", ROOT);
	}
	multicast("192.168.1.10", 4000, "5", ROOT);
	loop_advance(w.loop, 5000);
	assert_int_equal(w.sent_count, 30 * 8 + 1);
}

static void replies_are_paid_by_whom_they_go_to(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		search("192.168.1.1", "192.168.1.66", 4000, NULL, "ssdp:all");
	assert_int_equal(w.sent_count, 60);
	search("192.168.1.1", "192.168.1.10", 4000, NULL, ROOT);
	assert_int_equal(w.sent_count, 61);
	loop_advance(w.loop, 1000);
	for (int i = 0; i < 100; i++)
		search("192.168.1.1", "192.168.1.66", 4000, NULL, ROOT);
	assert_int_equal(w.sent_count, 61 + 20);
}

static void locations_are_of_the_asker_s_link(void **state)
{
	static const struct {
		const char *local, *from, *want;
	} rows[] = {
		{"239.255.255.250", "192.168.1.10", "http://192.168.1.1:49000/"},
		{"ff02::c", "fe80::2", "http://[fe80::1]:49000/"},
		{"ff05::c", "2001:db8::2", "http://[2001:db8::1]:49000/"},
		{"fe80::1", "2001:db8::2", "http://[fe80::1]:49000/"},
		{"2001:db8::1", "fe80::2", "http://[2001:db8::1]:49000/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		search(rows[i].local, rows[i].from, 4000, "0", ROOT);
		assert_int_equal(w.sent_count, i + 1);
		assert_true(says(i, rows[i].want));
	}
}

static void the_view_follows_the_target(void **state)
{
	(void)state;
	search("192.168.1.1", "192.168.1.10", 4000, NULL, IGD "1");
	assert_true(says(0, "/1/igd.xml\r\n") && says(0, "ST: " IGD "1\r\n"));
	search("192.168.1.1", "192.168.1.10", 4000, NULL, IGD "2");
	assert_true(says(1, "/2/igd.xml\r\n") && says(1, "ST: " IGD "2\r\n"));
	search("192.168.1.1", "192.168.1.10", 4000, NULL, IGD "3");
	search("192.168.1.1", "192.168.1.10", 4000, NULL, "ssdp");
	assert_int_equal(w.sent_count, 2);
}

/* ---- announcements ---- */

static void the_start_is_byebye_and_three_times_alive(void **state)
{
	size_t byes = (V1_TARGETS + V2_TARGETS) * GROUPS, alive = V1_TARGETS * GROUPS;
	uint64_t at[3];

	(void)state;
	loop_advance(w.loop, 5000);
	assert_int_equal(w.sent_count, byes + 3 * alive);
	assert_int_equal(count("BOOTID.UPNP.ORG: 42\r\n"), w.sent_count);
	for (size_t i = 0; i < byes; i++)
		assert_true(says(i, "ssdp:byebye") && w.sent[i].at_ms == START_MS);
	for (size_t i = 0; i < 3; i++)
		at[i] = w.sent[byes + i * alive].at_ms;
	assert_int_equal(count("ssdp:alive"), 3 * alive);
	assert_int_equal(count("/2/igd.xml"), 0);
	assert_true(at[0] <= START_MS + 100);
	assert_true(at[1] - at[0] >= 200 && at[1] - at[0] <= 500 && at[2] - at[1] >= 200);
	assert_true(says(byes, "HOST: 239.255.255.250:1900\r\n"));
	assert_int_equal(count("LOCATION: http://192.168.1.1:"), alive);
	assert_int_equal(count("LOCATION: http://[fe80::1]:"), alive);
	assert_int_equal(count("LOCATION: http://[2001:db8::1]:"), alive);
}

static void alive_again_before_half_of_max_age(void **state)
{
	(void)state;
	loop_advance(w.loop, SSDP_MAX_AGE_S * 1000 / 2);
	assert_int_equal(count("ssdp:alive"), V1_TARGETS * GROUPS);
	assert_int_equal(w.sent_count, V1_TARGETS * GROUPS);
	assert_int_equal(w.rejoined, 1);
	assert_true(w.sent[0].at_ms >= START_MS + 600000);
	assert_int_equal(count("BOOTID.UPNP.ORG: 42\r\n"), w.sent_count);
}

static void another_address_begins_anew(void **state)
{
	(void)state;
	w.watcher(w.watcher_arg, NET_LAN_CHANGED | NET_WAN_CHANGED);
	loop_advance(w.loop, 5000);
	assert_int_equal(w.sent_count, 0);
	w.own[0].addr = addr("192.168.2.1");
	for (int i = 0; i < 3; i++)
		w.watcher(w.watcher_arg, NET_LAN_CHANGED);
	loop_advance(w.loop, 5000);
	assert_true(says(0, "ssdp:byebye"));
	assert_int_equal(count("BOOTID.UPNP.ORG: 43\r\n"), w.sent_count);
	assert_int_equal(count("LOCATION: http://192.168.2.1:"), 3 * V1_TARGETS);
	assert_int_equal(count("192.168.1.1"), 0);
}

static void the_end_is_byebye(void **state)
{
	struct conf conf = {.http_port = 49000, .friendly_name = "router"};

	(void)state;
	serve_ssdp_free(w.serve);
	assert_int_equal(count("ssdp:byebye"), w.sent_count);
	assert_int_equal(w.sent_count, (V1_TARGETS + V2_TARGETS) * GROUPS);
	loop_advance(w.loop, 2000000);
	assert_int_equal(w.sent_count, (V1_TARGETS + V2_TARGETS) * GROUPS);
	w.serve = serve_ssdp_new(w.loop, NULL, NULL, NULL, &conf);
}

static char heard[64];

static void on_announced(void *arg, int ifindex, const struct addr *from, struct str nt)
{
	struct addr wanted = addr("192.168.1.30");

	assert_ptr_equal(arg, heard);
	assert_int_equal(ifindex, LAN);
	assert_true(addr_eq(from, &wanted) && nt.len < sizeof(heard));
	memcpy(heard, nt.p, nt.len);
}

/* Handed over as they are, and answered by nothing. */
static void announcements_of_others_are_handed_over(void **state)
{
	static const char text[] = "NOTIFY * HTTP/1.1\r\nNT: " IGD "1\r\nNTS: ssdp:alive\r\n"
				   "LOCATION: http://192.168.1.30/\r\n\r\n";
	struct udp_packet packet = {
		.path = {&w.door, LAN, addr("239.255.255.250"), {addr("192.168.1.30"), 1900}},
		.bytes = (const uint8_t *)text,
		.len = sizeof(text) - 1,
	};

	(void)state;
	w.door.fn(w.door.arg, &packet);
	assert_string_equal(heard, "");
	serve_ssdp_watch(w.serve, on_announced, heard);
	w.door.fn(w.door.arg, &packet);
	assert_string_equal(heard, IGD "1");
	assert_int_equal(w.sent_count, 0);
}

#define ON(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define QUIET(test) cmocka_unit_test_setup_teardown(test, set_up_quiet, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUIET(a_search_alone_is_answered_at_once),
		QUIET(multicast_without_mx_gets_silence),
		QUIET(answers_wait_at_random_within_mx),
		QUIET(many_answers_are_spread_within_mx),
		QUIET(a_repeated_search_is_answered_once),
		QUIET(nobody_takes_all_places),
		QUIET(a_crowd_costs_nobody_his_answer),
		QUIET(replies_are_paid_by_whom_they_go_to),
		QUIET(locations_are_of_the_asker_s_link),
		QUIET(the_view_follows_the_target),
		ON(the_start_is_byebye_and_three_times_alive),
		QUIET(alive_again_before_half_of_max_age),
		QUIET(another_address_begins_anew),
		QUIET(the_end_is_byebye),
		QUIET(announcements_of_others_are_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
