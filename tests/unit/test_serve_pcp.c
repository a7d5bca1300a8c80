/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door of NAT-PMP and PCP between a core and a network that only this file has: who is asked
 * what, what goes back where, and when the announcements leave on a virtual clock.
 */
#include "gateway/serve_pcp.h"

#include "protocols/err.h"
#include "protocols/natpmp.h"
#include "protocols/pcp.h"
#include "tests/unit/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define START_MS 5000
#define SENT_MAX 64
#define WAN4 0xcb007102
#define NONCE "00112233445566778899aabb"
/* A MAP request for TCP 8000 without suggestion, and the address of its client. */
#define MAPPED "00000000 00000000 0000ffff c0a8010a "
#define MAP_TCP "02010000 00000e10 " MAPPED NONCE "06000000 1f40 0000 " ANY4
#define ANY4 "00000000 00000000 0000ffff 00000000"

struct udp_door {
	struct udp_conf conf;
	udp_fn *fn;
	void *arg;
};

struct waiting {
	struct map_req req;
	core_answer_fn *answer;
	void *arg;
};

struct sent {
	struct udp_path path;
	uint64_t at_ms;
	uint8_t bytes[UDP_PACKET_MAX];
	size_t len;
};

/* The world around the door; the fakes below have no other way to it. */
static struct world {
	struct loop *loop;
	struct udp_door door;
	struct limits limits;
	struct addr wan4;
	core_news_fn *news;
	void *news_arg;
	bool busy;
	uint32_t may_third_party;	/* this client */
	struct waiting waiting[CORE_PENDING_MAX + 1];
	size_t waiting_count;
	struct sent sent[SENT_MAX];
	size_t sent_count;
	struct opening opening;		/* id 0: there is none */
	struct lease lease;
	struct serve_pcp *serve;
} w;

/* ---- what the door calls ---- */

uint32_t core_epoch_s(const struct core *core)
{
	(void)core;
	return (uint32_t)(loop_now_ms(w.loop) / 1000);
}

const struct addr *core_wan4(const struct core *core)
{
	(void)core;
	return &w.wan4;
}

const struct opening *core_opening_by_id(const struct core *core, uint32_t id)
{
	(void)core;
	return id == w.opening.id ? &w.opening : NULL;
}

bool core_may_third_party(const struct core *core, const struct addr *client)
{
	(void)core;
	return addr_to4(client) == w.may_third_party;
}

bool core_opening_active(const struct core *core, const struct opening *o)
{
	(void)core;
	return o->active;
}

uint32_t core_lease_left_s(const struct core *core, const struct lease *l)
{
	(void)core;
	return l->granted_s;
}

void udp_set_rate(struct udp_door *door, uint32_t rate_s, uint32_t burst)
{
	door->conf.rate_s = rate_s;
	door->conf.burst = burst;
}

const struct limits *core_limits(const struct core *core)
{
	(void)core;
	return &w.limits;
}

int core_request(struct core *core, const struct map_req *req, core_answer_fn *answer, void *arg)
{
	(void)core;
	if (w.busy)
		return ERR_BUSY;
	assert_true(w.waiting_count < CORE_PENDING_MAX);
	w.waiting[w.waiting_count++] = (struct waiting){*req, answer, arg};
	return 0;
}

int core_watch(struct core *core, core_news_fn *fn, void *arg)
{
	(void)core;
	w.news = fn;
	w.news_arg = arg;
	return 0;
}

void core_unwatch(struct core *core, core_news_fn *fn, void *arg)
{
	(void)core;
	assert_ptr_equal(fn, w.news);
	assert_ptr_equal(arg, w.news_arg);
	w.news = NULL;
}

static void tell(struct world *world, enum core_news news, const struct opening *o)
{
	world->news(world->news_arg, &(struct core_told){.news = news, .opening = o});
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
	s->len = len;
	memcpy(s->bytes, bytes, len);
	return 0;
}

void udp_close(struct udp_door *door)
{
	assert_ptr_equal(door, &w.door);
	door->fn = NULL;
}

size_t net_lan_count(const struct net *net)
{
	(void)net;
	return 3;
}

const struct net_if *net_lan(const struct net *net, size_t i)
{
	static const struct net_if lans[] = {{.ifindex = 7}, {.ifindex = 0}, {.ifindex = 9}};

	(void)net;
	return &lans[i];
}

/* ---- the stage ---- */

static void open_with(bool natpmp, bool pcp)
{
	struct conf conf = {.natpmp = natpmp, .pcp = pcp};

	w.loop = loop_new_virtual(START_MS);
	assert_non_null(w.loop);
	w.wan4 = addr_from4(WAN4);
	limits_init(&w.limits);
	w.serve = serve_pcp_new(w.loop, NULL, NULL, NULL, &conf);
	assert_non_null(w.serve);
}

/* After the announcements of the start are over. */
static void open_quiet(bool natpmp, bool pcp)
{
	open_with(natpmp, pcp);
	loop_advance(w.loop, 600000);
	w.sent_count = 0;
}

static int tear_down(void **state)
{
	(void)state;
	serve_pcp_free(w.serve);
	assert_null(w.news);
	assert_null(w.door.fn);
	loop_free(w.loop);
	memset(&w, 0, sizeof(w));
	return 0;
}

static struct udp_path path4(void)
{
	return (struct udp_path){
		.door = &w.door,
		.ifindex = 7,
		.local = addr_from4(0xc0a80101),
		.remote = {addr_from4(0xc0a8010a), 40000},
	};
}

static struct udp_path path6(void)
{
	static const uint8_t ours[16] = {0xfe, 0x80, [15] = 1}, theirs[16] = {0xfe, 0x80, [15] = 2};

	return (struct udp_path){
		.door = &w.door,
		.ifindex = 9,
		.local = addr_from6_bytes(ours),
		.remote = {addr_from6_bytes(theirs), 40006},
	};
}

/* The datagram is gone when the call is over. */
static void receive(const struct udp_path *path, const char *text)
{
	struct hex h = hex(text);
	uint8_t *bytes = malloc(h.len ? h.len : 1);

	assert_non_null(bytes);
	memcpy(bytes, h.b, h.len);
	w.door.fn(w.door.arg, &(struct udp_packet){*path, bytes, h.len});
	memset(bytes, 0xee, h.len);
	free(bytes);
}

static void assert_sent(size_t i, const struct udp_path *path, const char *text)
{
	struct hex h = hex(text);
	const struct sent *s = &w.sent[i];

	assert_true(i < w.sent_count);
	assert_int_equal(s->len, h.len);
	assert_memory_equal(s->bytes, h.b, h.len);
	assert_ptr_equal(s->path.door, path->door);
	assert_int_equal(s->path.ifindex, path->ifindex);
	assert_true(addr_eq(&s->path.local, &path->local));
	assert_true(addr_eq(&s->path.remote.addr, &path->remote.addr));
	assert_int_equal(s->path.remote.port, path->remote.port);
}

static void answer(size_t i, enum map_result result, uint16_t port, uint32_t lifetime_s)
{
	struct map_ans ans = {.result = result, .external = {w.wan4, port},
		.lifetime_s = lifetime_s, .id = 1, .set_size = 2};

	w.waiting[i].answer(w.waiting[i].arg, &ans);
}

/* ---- requests ---- */

static void natpmp_map(void **state)
{
	struct udp_path path = path4();
	const struct map_req *req = &w.waiting[0].req;

	(void)state;
	open_quiet(true, true);
	receive(&path, "0002 0000 1f40 1f90 00000e10");
	assert_int_equal(w.sent_count, 0);
	assert_int_equal(w.waiting_count, 1);
	assert_int_equal(req->origin, MAP_ORIGIN_NATPMP);
	assert_int_equal(req->ifindex, 7);
	assert_true(addr_eq(&req->client, &path.remote.addr));
	assert_int_equal(req->internal.port, 8000);
	answer(0, MAP_OK, 8080, 600);
	assert_sent(0, &path, "0082 0000 0000025d 1f40 1f90 00000258");
}

static void natpmp_address(void **state)
{
	struct udp_path path = path4();

	(void)state;
	open_quiet(true, true);
	receive(&path, "0000");
	assert_sent(0, &path, "0080 0000 0000025d cb007102");
	w.wan4 = addr_any4();
	receive(&path, "0000");
	assert_sent(1, &path, "0080 0003 0000025d 00000000");
	receive(&path, "0005 1234 5678");
	assert_sent(2, &path, "0085 0005 5678");
	assert_int_equal(w.waiting_count, 0);
}

/* The answer is a copy of the request, which was overwritten long ago. */
static void pcp_map(void **state)
{
	struct udp_path path = path4();
	const struct map_req *req = &w.waiting[0].req;

	(void)state;
	open_quiet(true, true);
	receive(&path, MAP_TCP);
	receive(&path, MAP_TCP);
	assert_int_equal(w.waiting_count, 2);
	assert_int_equal(req->origin, MAP_ORIGIN_PCP);
	assert_int_equal(req->ifindex, 7);
	assert_true(req->has_nonce);
	answer(1, MAP_DENIED, 0, 0);
	answer(0, MAP_OK, 8001, 3600);
	assert_int_equal(w.sent_count, 2);
	assert_sent(0, &path, "02810002 00000708 0000025d 00000000 00000000 00000000" NONCE
		"06000000 1f40 0000" ANY4);
	assert_sent(1, &path, "02810000 00000e10 0000025d 00000000 00000000 00000000" NONCE
		"06000000 1f40 1f41 00000000 00000000 0000ffff cb007102");
}

/* PCP-80, PCP-82: only for whom a rule lets. */
static void pcp_third_party(void **state)
{
	struct udp_path path = path4();

	(void)state;
	open_quiet(true, true);
	receive(&path, MAP_TCP "01000010 00000000 00000000 0000ffff c0a80114");
	assert_int_equal(w.waiting_count, 0);
	assert_int_equal(w.sent[0].bytes[3], PCP_UNSUPP_OPTION);
	w.may_third_party = 0xc0a8010a;
	receive(&path, MAP_TCP "01000010 00000000 00000000 0000ffff c0a80114");
	assert_int_equal(w.waiting_count, 1);
	assert_true(w.waiting[0].req.third_party);
	assert_int_equal(addr_to4(&w.waiting[0].req.internal.addr), 0xc0a80114);
	assert_int_equal(addr_to4(&w.waiting[0].req.client), 0xc0a8010a);
	answer(0, MAP_OK, 8001, 3600);
}

static void pcp_without_the_core(void **state)
{
	struct udp_path path = path6();

	(void)state;
	open_quiet(true, true);
	receive(&path, "02000000 00000000 fe800000 00000000 00000000 00000002");
	assert_sent(0, &path, "02800000 00000000 0000025d 00000000 00000000 00000000");
	receive(&path, "02000000 00000000" MAPPED);
	assert_sent(1, &path, "0280000c 00000708 0000025d 00000000 00000000 00000000");
	assert_int_equal(w.waiting_count, 0);
}

/* RFC 6887 section 9: over IPv6 there is no version 0. */
static void which_protocol(void **state)
{
	struct udp_path four = path4(), six = path6();

	(void)state;
	open_quiet(true, true);
	receive(&four, "0000");
	receive(&four, "0100");
	receive(&six, "0000");
	assert_sent(0, &four, "0080 0000 0000025d cb007102");
	assert_sent(1, &four, "02800001 00000708 0000025d 00000000 00000000 00000000");
	assert_sent(2, &six, "02800001 00000708 0000025d 00000000 00000000 00000000");
}

static void natpmp_only(void **state)
{
	struct udp_path path = path4();

	(void)state;
	open_quiet(true, false);
	assert_true(w.door.conf.v4);
	assert_false(w.door.conf.v6);
	receive(&path, MAP_TCP);
	receive(&path, "0000");
	receive(&path, "0280");
	assert_int_equal(w.sent_count, 2);
	assert_sent(0, &path, "0080 0001 0000025d");
	assert_sent(1, &path, "0080 0000 0000025d cb007102");
	assert_int_equal(w.waiting_count, 0);
}

static void pcp_only(void **state)
{
	struct udp_path path = path4();

	(void)state;
	open_quiet(false, true);
	receive(&path, "0001 0000 1f40 1f90 00000e10");
	assert_sent(0, &path, "02810001 00000708 0000025d 00000000 00000000 00000000");
	receive(&path, MAP_TCP);
	assert_int_equal(w.waiting_count, 1);
	answer(0, MAP_OK, 8000, 120);
	assert_int_equal(w.sent_count, 2);
}

static void silence(void **state)
{
	struct udp_path path = path4();

	(void)state;
	open_quiet(true, true);
	receive(&path, "");
	receive(&path, "00");
	receive(&path, "0080");
	receive(&path, "0281");
	receive(&path, "0001 0000 1f40");
	w.busy = true;
	receive(&path, "0001 0000 1f40 1f90 00000e10");
	receive(&path, MAP_TCP);
	assert_int_equal(w.sent_count, 0);
}

/* As many as the core takes can wait, no more; each place is used again. */
static void overload(void **state)
{
	struct udp_path path = path4();

	(void)state;
	open_quiet(true, true);
	for (int round = 0; round < 2; round++) {
		w.waiting_count = 0;
		for (size_t i = 0; i < CORE_PENDING_MAX + 10; i++)
			receive(&path, MAP_TCP);
		assert_int_equal(w.waiting_count, CORE_PENDING_MAX);
		assert_int_equal(w.sent_count, 0);
		for (size_t i = 0; i < CORE_PENDING_MAX; i++) {
			w.sent_count = 0;
			answer(i, MAP_OK, 8000, 120);
		}
		assert_int_equal(w.sent_count, 1);
		w.sent_count = 0;
	}
	w.busy = true;
	for (size_t i = 0; i < CORE_PENDING_MAX + 10; i++)
		receive(&path, MAP_TCP);
	w.busy = false;
	w.waiting_count = 0;
	receive(&path, MAP_TCP);
	assert_int_equal(w.waiting_count, 1);
}

static void door_and_limits(void **state)
{
	(void)state;
	open_quiet(true, true);
	assert_int_equal(w.door.conf.port, 5351);
	assert_true(w.door.conf.v4 && w.door.conf.v6);
	assert_int_equal(w.door.conf.group_count, 0);
	assert_int_equal(w.door.conf.rate_s, w.limits.rate_device);
	assert_int_equal(w.door.conf.burst, w.limits.rate_burst);
}

/* ---- announcements ---- */

/* What one copy is made of: NAT-PMP and PCP by IPv4, PCP by IPv6, each to both LANs. */
static void assert_copy(size_t first, uint32_t epoch_s)
{
	static const int ifindexes[] = {7, 9};

	for (size_t i = 0; i < 6; i++) {
		const struct sent *s = &w.sent[first + i];
		struct reader r = reader_from(s->bytes, s->len);
		char to[ADDR_TEXT_MAX];

		assert_true(first + i < w.sent_count);
		addr_text(&s->path.remote.addr, to);
		assert_string_equal(to, i < 4 ? "224.0.0.1" : "ff02::1");
		assert_int_equal(s->path.remote.port, 5350);
		assert_int_equal(s->path.ifindex, ifindexes[i % 2]);
		assert_true(addr_is_any(&s->path.local));
		assert_int_equal(reader_u8(&r), i < 2 ? NATPMP_VERSION : PCP_VERSION);
		assert_int_equal(reader_u8(&r), 0x80);
		assert_int_equal(reader_u16(&r), 0);
		reader_skip(&r, i < 2 ? 0 : 4);
		assert_int_equal(reader_u32(&r), epoch_s);
		assert_int_equal(s->len, i < 2 ? 12 : PCP_HEADER_LEN);
	}
}

static void announced_at_start(void **state)
{
	uint64_t at_ms = START_MS, gap_ms = 250;

	(void)state;
	open_with(true, true);
	loop_advance(w.loop, 600000);
	assert_int_equal(w.sent_count, 60);
	for (size_t copy = 0; copy < 10; copy++) {
		assert_int_equal(w.sent[copy * 6].at_ms, at_ms);
		assert_copy(copy * 6, (uint32_t)(at_ms / 1000));
		at_ms += gap_ms;
		gap_ms *= 2;
	}
	assert_memory_equal(w.sent[0].bytes + 8, "\xcb\x00\x71\x02", 4);
}

/* News of one wake-up are one series, and a newer one takes the place of the older. */
static void announced_anew(void **state)
{
	(void)state;
	open_with(true, true);
	loop_advance(w.loop, 800);
	assert_int_equal(w.sent_count, 18);
	w.wan4 = addr_from4(WAN4 + 1);
	tell(&w, CORE_NEWS_WAN, NULL);
	tell(&w, CORE_NEWS_EPOCH, NULL);
	tell(&w, CORE_NEWS_HEALTH, NULL);
	loop_advance(w.loop, 0);
	assert_int_equal(w.sent_count, 24);
	assert_memory_equal(w.sent[18].bytes + 8, "\xcb\x00\x71\x03", 4);
	loop_advance(w.loop, 249);
	assert_int_equal(w.sent_count, 24);
	loop_advance(w.loop, 1);
	assert_int_equal(w.sent_count, 30);
	loop_advance(w.loop, 1499);
	assert_int_equal(w.sent_count, 36);
	tell(&w, CORE_NEWS_OPENED, &w.opening);
	loop_advance(w.loop, 1);
	assert_int_equal(w.sent_count, 42);
}

static void another_rate(void **state)
{
	(void)state;
	open_with(true, true);
	w.limits.rate_device = 7;
	w.limits.rate_burst = 9;
	tell(&w, CORE_NEWS_LIMITS, NULL);
	assert_int_equal(w.door.conf.rate_s, 7);
	assert_int_equal(w.door.conf.burst, 9);
}

/* There is no address to announce; PCP's epoch is news all the same. */
static void announced_without_address(void **state)
{
	(void)state;
	open_quiet(true, true);
	w.wan4 = addr_any4();
	tell(&w, CORE_NEWS_WAN, NULL);
	loop_advance(w.loop, 0);
	assert_int_equal(w.sent_count, 4);
	for (size_t i = 0; i < w.sent_count; i++)
		assert_int_equal(w.sent[i].bytes[0], PCP_VERSION);
}

static void announced_as_switched(void **state)
{
	(void)state;
	open_with(true, false);
	loop_advance(w.loop, 0);
	assert_int_equal(w.sent_count, 2);
	assert_int_equal(w.sent[0].bytes[0], NATPMP_VERSION);
	assert_int_equal(w.sent[1].bytes[0], NATPMP_VERSION);
}

/* ---- clients that are known ---- */

#define ANNOUNCE(epoch) "02800000 00000000" epoch "00000000 00000000 00000000"
/* PREFER_FAILURE for WAN4 port 9000. */
#define MAP_EXACT "02010000 00000e10 " MAPPED NONCE "06000000 1f40 2328 " \
	"00000000 00000000 0000ffff cb007102 02000000"

/* The client of path4 asks and gets opening 1. */
static void open_mapping(const char *text)
{
	struct udp_path path = path4();

	w.waiting_count = 0;
	receive(&path, text);
	assert_int_equal(w.waiting_count, 1);
	w.lease = (struct lease){.opening = &w.opening, .origin = MAP_ORIGIN_PCP,
		.granted_s = 77};
	w.opening = (struct opening){.id = 1, .active = true, .leases = &w.lease,
		.external = {addr_any4(), 8001}, .internal = {path.remote.addr, 8000}};
	answer(0, MAP_OK, 8001, 3600);
	w.waiting_count = 0;
	w.sent_count = 0;
}

static void change_wan(uint32_t to)
{
	w.wan4 = to ? addr_from4(to) : addr_any4();
	tell(&w, CORE_NEWS_WAN, NULL);
}

/* The datagrams with this opcode for the client of path4; the others are dropped. */
static size_t keep(uint8_t opcode)
{
	size_t kept = 0;

	for (size_t i = 0; i < w.sent_count; i++)
		if (w.sent[i].path.remote.port == 40000 && w.sent[i].bytes[1] == (opcode | 0x80))
			w.sent[kept++] = w.sent[i];
	w.sent_count = kept;
	return kept;
}

/* PCP-95: at the port of the request, from the address that was asked; each client once, and who
 * has asked since not at all. */
static void announced_to_clients(void **state)
{
	struct udp_path path = path4();

	(void)state;
	open_quiet(true, true);
	open_mapping(MAP_TCP);
	receive(&path, MAP_TCP);
	w.waiting[0].answer(w.waiting[0].arg,
		&(struct map_ans){.result = MAP_OK, .lifetime_s = 9, .id = 2});
	w.sent_count = 0;
	change_wan(0);
	change_wan(WAN4);
	loop_advance(w.loop, 0);
	assert_int_equal(w.sent_count, 6);
	w.sent_count = 0;
	tell(&w, CORE_NEWS_EPOCH, NULL);
	loop_advance(w.loop, 0);
	assert_int_equal(w.sent_count, 7);
	assert_int_equal(keep(PCP_OP_ANNOUNCE), 1);
	assert_sent(0, &path, ANNOUNCE("0000025d"));
	open_mapping(MAP_TCP);
	loop_advance(w.loop, 250);
	assert_int_equal(keep(PCP_OP_ANNOUNCE), 1);
	receive(&path, MAP_TCP);
	w.waiting[0].answer(w.waiting[0].arg,
		&(struct map_ans){.result = MAP_OK, .lifetime_s = 9, .id = 2});
	w.sent_count = 0;
	loop_advance(w.loop, 600000);
	assert_int_equal(keep(PCP_OP_ANNOUNCE), 0);
}

/* PCP-96: three times, with the new address, and what is left of the lease. */
static void updated_after_renumbering(void **state)
{
	struct udp_path path = path4();

	(void)state;
	open_quiet(false, true);
	open_mapping(MAP_TCP);
	change_wan(WAN4 + 1);
	loop_advance(w.loop, 5000);
	assert_int_equal(keep(PCP_OP_MAP), 3);
	assert_sent(0, &path, "02810000 0000004d 0000025d 00000000 00000000 00000000" NONCE
		"06000000 1f40 1f41 00000000 00000000 0000ffff cb007103");
	assert_int_equal(w.sent[1].at_ms - w.sent[0].at_ms, 250);
	assert_int_equal(w.sent[2].at_ms - w.sent[1].at_ms, 500);
}

static size_t count_updates(void)
{
	size_t count = keep(PCP_OP_MAP);

	w.sent_count = 0;
	return count;
}

/* PCP-96: for whom it is, the filters of all requests, and the set go along. */
static void updates_are_whole(void **state)
{
	struct map_filters filters = {.count = 1};
	struct udp_path path = path4();

	(void)state;
	assert_int_equal(prefix_decode(STR("192.0.2.0/24"), &filters.at[0].remote), 0);
	open_quiet(false, true);
	w.may_third_party = 0xc0a8010a;
	open_mapping(MAP_TCP "01000010 00000000 00000000 0000ffff c0a80114"
		"82000005 00041f40 01000000");
	w.opening.filters = &filters;
	change_wan(WAN4 + 1);
	loop_advance(w.loop, 100);
	assert_int_equal(keep(PCP_OP_MAP), 1);
	assert_sent(0, &path, "02810000 0000004d 0000025d 00000000 00000000 00000000" NONCE
		"06000000 1f40 1f41 00000000 00000000 0000ffff cb007103"
		"01000010 00000000 00000000 0000ffff c0a80114"
		"03000014 00780000 00000000 00000000 0000ffff c0000200"
		"82000005 00021f40 01000000");
}

/* PCP-96: it has asked by itself, or there is nothing to tell. */
static void updates_stop(void **state)
{
	(void)state;
	open_quiet(false, true);
	open_mapping(MAP_TCP);
	change_wan(WAN4 + 1);
	loop_advance(w.loop, 100);
	assert_int_equal(count_updates(), 1);
	open_mapping(MAP_TCP);
	loop_advance(w.loop, 5000);
	assert_int_equal(count_updates(), 0);
	/* The same address again, after a while without one. */
	change_wan(0);
	change_wan(WAN4 + 1);
	loop_advance(w.loop, 5000);
	assert_int_equal(count_updates(), 0);
	change_wan(0);
	change_wan(WAN4 + 2);
	loop_advance(w.loop, 5000);
	assert_int_equal(count_updates(), 3);
	w.sent_count = 0;
	change_wan(WAN4 + 3);
	tell(&w, CORE_NEWS_CLOSED, &w.opening);
	loop_advance(w.loop, 5000);
	assert_int_equal(count_updates(), 0);
}

/* What the firewall does not have is not promised. */
static void updates_are_true(void **state)
{
	(void)state;
	open_quiet(false, true);
	open_mapping(MAP_TCP);
	w.opening.active = false;
	change_wan(WAN4 + 1);
	loop_advance(w.loop, 100);
	assert_int_equal(count_updates(), 0);
	w.opening.active = true;
	loop_advance(w.loop, 5000);
	assert_int_equal(count_updates(), 2);
}

/* The owner is asked, and says yes: RFC 6887 section 14.2's way, once, and to nobody else. */
static void answered_when_allowed(void **state)
{
	struct udp_path path = path4();

	(void)state;
	open_quiet(false, true);
	receive(&path, MAP_TCP);
	answer(0, MAP_PENDING, 0, 0);
	w.lease = (struct lease){.opening = &w.opening, .origin = MAP_ORIGIN_PCP,
		.granted_s = 77, .has_nonce = true};
	w.opening = (struct opening){.id = 1, .active = true, .leases = &w.lease,
		.proto = MAP_PROTO_TCP, .external = {addr_any4(), 8001},
		.internal = {path.remote.addr, 8000}};
	w.sent_count = 0;
	/* Another's nonce. */
	tell(&w, CORE_NEWS_OPENED, &w.opening);
	loop_advance(w.loop, 5000);
	assert_int_equal(count_updates(), 0);
	memcpy(w.lease.nonce, hex(NONCE).b, MAP_NONCE_LEN);
	tell(&w, CORE_NEWS_OPENED, &w.opening);
	loop_advance(w.loop, 5000);
	assert_int_equal(keep(PCP_OP_MAP), 3);
	assert_sent(0, &path, "02810000 0000004d 00000262 00000000 00000000 00000000" NONCE
		"06000000 1f40 1f41 00000000 00000000 0000ffff cb007102");
	w.sent_count = 0;
	tell(&w, CORE_NEWS_CLOSED, &w.opening);
	tell(&w, CORE_NEWS_OPENED, &w.opening);
	loop_advance(w.loop, 5000);
	assert_int_equal(count_updates(), 0);
}

/* It asks again by itself and is answered: nothing more is said. */
static void answered_by_itself(void **state)
{
	struct udp_path path = path4();

	(void)state;
	open_quiet(false, true);
	receive(&path, MAP_TCP);
	answer(0, MAP_PENDING, 0, 0);
	w.waiting_count = 0;
	receive(&path, MAP_TCP);
	w.lease = (struct lease){.opening = &w.opening, .origin = MAP_ORIGIN_PCP,
		.granted_s = 77, .has_nonce = true};
	memcpy(w.lease.nonce, hex(NONCE).b, MAP_NONCE_LEN);
	w.opening = (struct opening){.id = 1, .active = true, .leases = &w.lease,
		.proto = MAP_PROTO_TCP, .external = {addr_any4(), 8001},
		.internal = {path.remote.addr, 8000}};
	tell(&w, CORE_NEWS_OPENED, &w.opening);
	answer(0, MAP_OK, 8001, 3600);
	w.sent_count = 0;
	loop_advance(w.loop, 5000);
	assert_int_equal(count_updates(), 0);
}

/* PCP-96: demanded and gone: told so, and closed in the client's own name. */
static void demanded_address_lost(void **state)
{
	struct udp_path path = path4();

	(void)state;
	open_quiet(false, true);
	open_mapping(MAP_EXACT);
	change_wan(WAN4 + 1);
	loop_advance(w.loop, 100);
	assert_int_equal(keep(PCP_OP_MAP), 1);
	assert_sent(0, &path, "0281000b 00000708 0000025d 00000000 00000000 00000000"
		NONCE "06000000 1f40 2328 00000000 00000000 0000ffff cb007102 02000000");
	assert_int_equal(w.waiting_count, 0);
	loop_advance(w.loop, 5000);
	assert_int_equal(w.waiting_count, 1);
	assert_int_equal(w.waiting[0].req.op, MAP_OP_CLOSE);
	assert_int_equal(w.waiting[0].req.internal.port, 8000);
	assert_memory_equal(w.waiting[0].req.nonce, hex(NONCE).b, MAP_NONCE_LEN);
	answer(0, MAP_OK, 0, 0);
}

/* PEER reaches the core, and its answer the client. */
static void pcp_peer(void **state)
{
	struct udp_path path = path4();

	(void)state;
	open_quiet(true, true);
	receive(&path, "02020000 00000e10 " MAPPED NONCE "06000000 1f40 0000 " ANY4
		"01bb 0000 00000000 00000000 0000ffff c6336414");
	assert_int_equal(w.waiting_count, 1);
	assert_int_equal(w.waiting[0].req.op, MAP_OP_PEER);
	assert_int_equal(w.waiting[0].req.peer.port, 443);
	answer(0, MAP_OK, 8001, 3600);
	assert_sent(0, &path, "02820000 00000e10 0000025d 00000000 00000000 00000000" NONCE
		"06000000 1f40 1f41 00000000 00000000 0000ffff cb007102"
		"01bb 0000 00000000 00000000 0000ffff c6336414");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(natpmp_map, tear_down),
		cmocka_unit_test_teardown(natpmp_address, tear_down),
		cmocka_unit_test_teardown(pcp_map, tear_down),
		cmocka_unit_test_teardown(pcp_peer, tear_down),
		cmocka_unit_test_teardown(pcp_third_party, tear_down),
		cmocka_unit_test_teardown(pcp_without_the_core, tear_down),
		cmocka_unit_test_teardown(which_protocol, tear_down),
		cmocka_unit_test_teardown(natpmp_only, tear_down),
		cmocka_unit_test_teardown(pcp_only, tear_down),
		cmocka_unit_test_teardown(silence, tear_down),
		cmocka_unit_test_teardown(overload, tear_down),
		cmocka_unit_test_teardown(door_and_limits, tear_down),
		cmocka_unit_test_teardown(announced_at_start, tear_down),
		cmocka_unit_test_teardown(announced_anew, tear_down),
		cmocka_unit_test_teardown(another_rate, tear_down),
		cmocka_unit_test_teardown(announced_without_address, tear_down),
		cmocka_unit_test_teardown(announced_as_switched, tear_down),
		cmocka_unit_test_teardown(announced_to_clients, tear_down),
		cmocka_unit_test_teardown(updated_after_renumbering, tear_down),
		cmocka_unit_test_teardown(updates_are_whole, tear_down),
		cmocka_unit_test_teardown(updates_stop, tear_down),
		cmocka_unit_test_teardown(updates_are_true, tear_down),
		cmocka_unit_test_teardown(answered_when_allowed, tear_down),
		cmocka_unit_test_teardown(answered_by_itself, tear_down),
		cmocka_unit_test_teardown(demanded_address_lost, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
