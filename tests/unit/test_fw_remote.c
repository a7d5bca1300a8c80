/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both ends of the privilege border on one loop: fw_remote in front, the helper with the firewall
 * in memory behind. Then the helper alone against a peer that does not keep to the language.
 */
#include "gateway/fw_remote.h"

#include "gateway/fw_fake.h"
#include "gateway/helper.h"
#include "gateway/helper_probe.h"
#include "gateway/helper_wire.h"
#include "protocols/err.h"
#include "protocols/map.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define BIG 30000
#define WAIT_MS 10000

struct answer {
	size_t order;	/* counted from 1; 0: not yet */
	int err;
	size_t bad_count;
	uint32_t bad[4];
	size_t dumped;
};

struct world {
	struct loop *loop;
	char dir[32];
	struct sockaddr_un path;
	int listen_fd;
	struct log log;
	struct fw *fake;
	struct helper *helper;
	struct fw *fw;
	bool lan_is_new;	/* facts refuse until they are refreshed */
	size_t answers;
	int lost, back, foreign, sip, sip_gone;
};

static bool yes_if(void *arg, uint32_t ifindex)
{
	(void)arg;
	return ifindex == 2;
}

static bool is_wan4(void *arg, const struct addr *a)
{
	(void)arg;
	return addr_to4(a) == 0xcb007102;
}

static bool is_lan_host(void *arg, const struct addr *a)
{
	const struct world *w = arg;

	return !w->lan_is_new && (addr_to4(a) & 0xffff0000) == 0xc0a80000;
}

static bool yes_prefix(void *arg, const struct prefix *p)
{
	(void)arg;
	return p->len >= 64;
}

static bool is_own_port(void *arg, uint8_t proto, uint16_t port)
{
	(void)arg;
	(void)proto;
	return port == 22;
}

static bool is_lan_source(void *arg, int ifindex, const struct addr *a)
{
	return ifindex == 3 && is_lan_host(arg, a);
}

static bool is_door(void *arg, uint8_t proto, uint16_t port)
{
	(void)arg;
	return proto == MAP_PROTO_UDP && port == 5351;
}

static bool is_sip_port(void *arg, uint16_t port)
{
	(void)arg;
	return port == 5060;
}

static void refresh(void *arg)
{
	((struct world *)arg)->lan_is_new = false;
}

static void start_helper(struct world *w)
{
	struct helper_config config = {
		.listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0),
		.peer = getuid(),
		.backend = w->fake,
		.facts = {
			.arg = w,
			.is_wan_if = yes_if,
			.is_wan4 = is_wan4,
			.was_wan4 = is_wan4,
			.is_lan_host = is_lan_host,
			.is_lan_prefix = yes_prefix,
			.is_lan_source = is_lan_source,
			.is_own_port = is_own_port,
			.is_door = is_door,
			.is_sip_port = is_sip_port,
			.displaced_min = 61000,
			.displaced_max = 61999,
		},
		.refresh = refresh,
		.log = &w->log,
	};

	unlink(w->path.sun_path);
	assert_int_equal(bind(config.listen_fd, (struct sockaddr *)&w->path, sizeof(w->path)), 0);
	assert_int_equal(listen(config.listen_fd, 4), 0);
	w->listen_fd = config.listen_fd;
	w->helper = helper_new(w->loop, &config);
	assert_non_null(w->helper);
}

static void stop_helper(struct world *w)
{
	helper_free(w->helper);
	w->helper = NULL;
	close(w->listen_fd);
}

static void on_event(void *arg, enum fw_event event)
{
	struct world *w = arg;

	w->lost += event == FW_EVENT_LOST;
	w->back += event == FW_EVENT_BACK;
	w->foreign += event == FW_EVENT_FOREIGN;
	w->sip += event == FW_EVENT_SIP_HELPER;
	w->sip_gone += event == FW_EVENT_SIP_HELPER_GONE;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	memcpy(w->dir, "/tmp/postern-test-XXXXXX", 25);
	assert_non_null(mkdtemp(w->dir));
	w->path.sun_family = AF_UNIX;
	snprintf(w->path.sun_path, sizeof(w->path.sun_path), "%s/helper", w->dir);
	w->loop = loop_new();
	log_open(&w->log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "test");
	w->fake = fw_fake_new(w->loop);
	start_helper(w);
	w->fw = fw_remote_new(w->loop, w->path.sun_path);
	fw_watch(w->fw, on_event, w);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	fw_free(w->fw);
	if (w->helper)
		stop_helper(w);
	fw_free(w->fake);
	loop_free(w->loop);
	log_close(&w->log);
	unlink(w->path.sun_path);
	rmdir(w->dir);
	free(w);
	return 0;
}

/* Turns the loop until *what is at least so many, or the time is over. */
static void wait_for(struct world *w, const int *what, int least)
{
	uint64_t end = loop_now_ms(w->loop) + WAIT_MS;

	while (*what < least && loop_now_ms(w->loop) < end)
		loop_once(w->loop, 50);
	assert_true(*what >= least);
}

static void wait_answers(struct world *w, size_t least)
{
	uint64_t end = loop_now_ms(w->loop) + WAIT_MS;

	while (w->answers < least && loop_now_ms(w->loop) < end)
		loop_once(w->loop, 50);
	assert_int_equal(w->answers, least);
}

struct call {
	struct world *world;
	struct answer answer;
};

static void on_done(void *arg, int err, const uint32_t *bad, size_t bad_count)
{
	struct call *c = arg;

	assert_int_equal(c->answer.order, 0);
	c->answer.order = ++c->world->answers;
	c->answer.err = err;
	c->answer.bad_count = bad_count;
	for (size_t i = 0; i < bad_count && i < 4; i++)
		c->answer.bad[i] = bad[i];
}

static void on_each(void *arg, const struct fw_dumped *d)
{
	struct call *c = arg;

	assert_true(d->elem.timeout_ms > 0);
	c->answer.dumped++;
}

static size_t hole_elems(uint16_t external, uint32_t host, struct fw_elem out[FW_HOLE_ELEMS])
{
	const struct fw_hole hole = {
		.proto = MAP_PROTO_TCP,
		.external = {addr_from4(0xcb007102), external},
		.internal = {addr_from4(0xc0a80000 + host), 8000},
		.remote = prefix_any4(),
		.pinned = true,
		.timeout_ms = 60000,
	};

	return fw_hole_elems(&hole, FW_ELEM_ADD, false, out);
}

static struct fw_elem *many(size_t count)
{
	struct fw_elem *elems = calloc(count, sizeof(*elems));

	for (size_t i = 0; i < count; i += 3)
		hole_elems((uint16_t)(1024 + i / 3), (uint32_t)(256 + i / 3), elems + i);
	return elems;
}

static void test_up_and_apply(void **state)
{
	struct world *w = *state;
	struct fw_elem elems[FW_HOLE_ELEMS];
	struct call c = {.world = w};
	size_t n = hole_elems(4000, 10, elems);

	assert_int_equal(fw_apply(w->fw, &(struct fw_batch){true, elems, n}, on_done, &c),
		ERR_GONE);
	wait_for(w, &w->back, 1);
	assert_int_equal(fw_apply(w->fw, &(struct fw_batch){true, elems, n}, on_done, &c), 0);
	assert_int_equal(w->answers, 0);
	wait_answers(w, 1);
	assert_int_equal(c.answer.err, 0);
	assert_int_equal(fw_fake_count(w->fake, FW_MAP_DNAT4), 1);
	assert_int_equal(fw_fake_calls(w->fake)->rebuilds, 1);
}

static void test_events(void **state)
{
	struct world *w = *state;

	wait_for(w, &w->back, 1);
	fw_fake_flush(w->fake);
	wait_for(w, &w->foreign, 1);
}

/* Also to a daemon that comes later. */
static void test_sip_helper_is_remembered(void **state)
{
	struct world *w = *state;

	w->fake->event(w->fake->event_arg, FW_EVENT_SIP_HELPER);
	assert_int_equal(w->sip, 0);
	wait_for(w, &w->sip, 1);
	assert_int_equal(w->back, 1);
	w->fake->event(w->fake->event_arg, FW_EVENT_SIP_HELPER);
	wait_for(w, &w->sip, 2);
	w->fake->event(w->fake->event_arg, FW_EVENT_SIP_HELPER_GONE);
	wait_for(w, &w->sip_gone, 1);
}

static void test_refusals_by_index(void **state)
{
	struct world *w = *state;
	struct fw_elem elems[3 * FW_HOLE_ELEMS];
	struct call c = {.world = w};
	size_t n = hole_elems(4000, 10, elems);

	wait_for(w, &w->back, 1);
	n += hole_elems(22, 11, elems + n);
	n += hole_elems(4001, 12, elems + n);
	fw_apply(w->fw, &(struct fw_batch){true, elems, n}, on_done, &c);
	wait_answers(w, 1);
	assert_int_equal(c.answer.err, ERR_DENIED);
	assert_int_equal(c.answer.bad_count, 3);
	assert_int_equal(c.answer.bad[0], 3);
	assert_int_equal(c.answer.bad[2], 5);
	assert_int_equal(fw_fake_calls(w->fake)->applies, 0);
}

static void test_backend_refusals(void **state)
{
	struct world *w = *state;
	const uint32_t bad[] = {1};
	struct fw_elem elems[FW_HOLE_ELEMS];
	struct call c = {.world = w};
	size_t n = hole_elems(4000, 10, elems);

	wait_for(w, &w->back, 1);
	fw_fake_fail(w->fake, ERR_DENIED, bad, 1);
	fw_apply(w->fw, &(struct fw_batch){true, elems, n}, on_done, &c);
	wait_answers(w, 1);
	assert_int_equal(c.answer.err, ERR_DENIED);
	assert_int_equal(c.answer.bad_count, 1);
	assert_int_equal(c.answer.bad[0], 1);
}

/* The address came a moment before the request: the second look knows it. */
static void test_second_look(void **state)
{
	struct world *w = *state;
	struct fw_elem elems[FW_HOLE_ELEMS];
	struct call c = {.world = w};
	size_t n = hole_elems(4000, 10, elems);

	wait_for(w, &w->back, 1);
	w->lan_is_new = true;
	fw_apply(w->fw, &(struct fw_batch){true, elems, n}, on_done, &c);
	wait_answers(w, 1);
	assert_int_equal(c.answer.err, 0);
	assert_int_equal(fw_fake_count(w->fake, FW_MAP_DNAT4), 1);
}

static void test_pipelined_in_order(void **state)
{
	struct world *w = *state;
	struct call c[20] = {{0}};
	struct fw_elem elems[FW_HOLE_ELEMS];

	wait_for(w, &w->back, 1);
	for (size_t i = 0; i < 20; i++) {
		size_t n = hole_elems((uint16_t)(4000 + i), (uint32_t)(10 + i), elems);

		c[i].world = w;
		assert_int_equal(fw_apply(w->fw, &(struct fw_batch){i == 0, elems, n},
			on_done, &c[i]), 0);
	}
	wait_answers(w, 20);
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(c[i].answer.order, i + 1);
		assert_int_equal(c[i].answer.err, 0);
	}
	assert_int_equal(fw_fake_count(w->fake, FW_MAP_DNAT4), 20);
}

static void test_queue_has_an_end(void **state)
{
	struct world *w = *state;
	struct call c[FW_REMOTE_PENDING_MAX] = {{0}};
	struct call more = {.world = w};

	wait_for(w, &w->back, 1);
	for (size_t i = 0; i < FW_REMOTE_PENDING_MAX; i++) {
		c[i].world = w;
		assert_int_equal(fw_remove(w->fw, on_done, &c[i]), 0);
	}
	assert_int_equal(fw_remove(w->fw, on_done, &more), ERR_BUSY);
	wait_answers(w, FW_REMOTE_PENDING_MAX);
	assert_int_equal(fw_remove(w->fw, on_done, &more), 0);
	wait_answers(w, FW_REMOTE_PENDING_MAX + 1);
}

static void test_big_apply_and_dump(void **state)
{
	struct world *w = *state;
	struct fw_elem *elems = many(BIG);
	struct call applied = {.world = w}, dumped = {.world = w};

	wait_for(w, &w->back, 1);
	assert_int_equal(fw_apply(w->fw, &(struct fw_batch){true, elems, BIG},
		on_done, &applied), 0);
	assert_int_equal(fw_dump(w->fw, on_each, on_done, &dumped), 0);
	free(elems);
	wait_answers(w, 2);
	assert_int_equal(applied.answer.err, 0);
	assert_int_equal(dumped.answer.err, 0);
	assert_int_equal(dumped.answer.dumped, BIG);
	assert_int_equal(fw_fake_count(w->fake, FW_MAP_SNAT4), BIG / 3);
}

static void test_dump_without_table(void **state)
{
	struct world *w = *state;
	struct call c = {.world = w};

	wait_for(w, &w->back, 1);
	fw_dump(w->fw, on_each, on_done, &c);
	wait_answers(w, 1);
	assert_int_equal(c.answer.err, ERR_NOT_FOUND);
	assert_int_equal(c.answer.dumped, 0);
}

/* Flows to strangers are left out, the others reach the backend. */
static void test_forget(void **state)
{
	struct world *w = *state;
	struct call c = {.world = w};
	struct fw_flow flows[300];

	for (size_t i = 0; i < 300; i++)
		flows[i] = (struct fw_flow){MAP_PROTO_TCP,
			{addr_from4(i % 3 ? 0xcb007102 : 0x08080808), (uint16_t)(i + 1)},
			addr_any4(), {addr_from4(0xc0a8010a), (uint16_t)(i + 1)}};
	wait_for(w, &w->back, 1);
	assert_int_equal(fw_forget(w->fw, flows, 300), 0);
	fw_remove(w->fw, on_done, &c);
	wait_answers(w, 1);
	assert_int_equal(fw_fake_calls(w->fake)->flows, 200);
	assert_int_equal(fw_fake_calls(w->fake)->last_flow.dst.port, 300);
	assert_int_equal(fw_fake_calls(w->fake)->last_flow.keep.port, 300);
	assert_int_equal(addr_to4(&fw_fake_calls(w->fake)->last_flow.dst.addr), 0xcb007102);
}

struct finding {
	struct world *world;
	int err;
	size_t count;
	struct endpoint from[FW_FIND_MAX];
};

static void on_found(void *arg, int err, const struct endpoint *from, size_t count)
{
	struct finding *f = arg;

	f->err = err;
	f->count = count;
	if (count > 0)
		memcpy(f->from, from, count * sizeof(*from));
	f->world->answers++;
}

/* Flows of LAN hosts are told, whatever else is asked with them. */
static void test_find(void **state)
{
	struct world *w = *state;
	struct finding f = {.world = w}, g = {.world = w};
	struct fw_tuple flows[FW_FIND_MAX];
	struct endpoint end = {addr_from4(0xcb007102), 0};

	for (uint16_t i = 0; i < FW_FIND_MAX; i++) {
		flows[i] = (struct fw_tuple){MAP_PROTO_UDP,
			{addr_from4(i % 4 == 3 ? 0x08080808 : 0xc0a8010a), (uint16_t)(i + 1)},
			{addr_from4(0xc633640a), 53}};
		end.port = (uint16_t)(40000 + i);
		if (i < FW_FAKE_RUNNING_MAX)
			fw_fake_run(w->fake, &flows[i], &end);
	}
	assert_int_equal(fw_find(w->fw, flows, 1, on_found, &f), ERR_GONE);
	wait_for(w, &w->back, 1);
	assert_int_equal(fw_find(w->fw, flows, FW_FIND_MAX, on_found, &f), 0);
	wait_answers(w, 1);
	assert_int_equal(f.err, 0);
	assert_int_equal(f.count, FW_FIND_MAX);
	for (uint16_t i = 0; i < FW_FIND_MAX; i++)
		assert_int_equal(f.from[i].port,
			i < FW_FAKE_RUNNING_MAX && i % 4 != 3 ? 40000 + i : 0);
	assert_int_equal(addr_to4(&f.from[0].addr), 0xcb007102);
	fw_fake_hold(w->fake);
	assert_int_equal(fw_find(w->fw, flows, 1, on_found, &g), 0);
	wait_for(w, &w->lost, 1);
	assert_int_equal(g.err, ERR_GONE);
	assert_int_equal(g.count, 0);
}

/* Flows of others are not kept; those of a host that went away may be let go. */
static void test_keep(void **state)
{
	struct world *w = *state;
	struct call c = {.world = w};
	struct fw_keep keeps[300];

	for (size_t i = 0; i < 300; i++)
		keeps[i] = (struct fw_keep){{MAP_PROTO_UDP,
			{addr_from4(i % 3 ? 0xc0a8010a : 0x08080808), (uint16_t)(i + 1)},
			{addr_from4(0xc633640a), 53}}, i == 297 ? 0 : 60};
	keeps[299].left_s = UINT32_MAX;
	wait_for(w, &w->back, 1);
	assert_int_equal(fw_keep(w->fw, keeps, 300), 0);
	fw_remove(w->fw, on_done, &c);
	wait_answers(w, 1);
	assert_int_equal(fw_fake_calls(w->fake)->keeps, 200);
	assert_int_equal(fw_fake_calls(w->fake)->last_keep.flow.src.port, 299);
	assert_int_equal(fw_fake_calls(w->fake)->last_keep.left_s, 60);
}

struct telling {
	struct call call;
	size_t count;
	struct fw_sender last;
};

static void on_sender(void *arg, const struct fw_sender *sender)
{
	struct telling *t = arg;

	t->count++;
	t->last = *sender;
}

static void test_senders(void **state)
{
	struct world *w = *state;
	struct telling t = {.call.world = w}, u = {.call.world = w};
	struct call c = {.world = w};
	struct fw_sender sender = {.kind = FW_SENDER_FORGED, .proto = MAP_PROTO_UDP, .port = 5351,
		.ifindex = 3, .mac = {2, 0, 0, 0, 0, 1}, .addr = addr_from4(0xc0a8010a)};

	wait_for(w, &w->back, 1);
	fw_senders(w->fw, on_sender, on_done, &t);
	wait_answers(w, 1);
	assert_int_equal(t.call.answer.err, ERR_NOT_FOUND);
	assert_int_equal(t.count, 0);
	fw_apply(w->fw, &(struct fw_batch){.rebuild = true}, on_done, &c);
	wait_answers(w, 2);
	for (uint16_t i = 0; i < FW_FAKE_SENDERS_MAX; i++) {
		sender.ifindex = 3 + i;
		fw_fake_note(w->fake, &sender);
	}
	fw_senders(w->fw, on_sender, on_done, &u);
	wait_answers(w, 3);
	assert_int_equal(u.call.answer.err, 0);
	assert_int_equal(u.count, FW_FAKE_SENDERS_MAX);
	assert_memory_equal(&u.last, &sender, sizeof(sender));
}

/* The helper asks the link about hosts of its LANs only, and not as often as it is told to. */
static void test_probes(void **state)
{
	struct world *w = *state;
	const struct fw_fake_calls *calls = fw_fake_calls(w->fake);
	const struct addr host = addr_from4(0xc0a8010a), far = addr_from4(0x08080808);
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	struct call c = {.world = w}, d = {.world = w};

	assert_int_equal(fw_probe(w->fw, 3, &host, mac), ERR_GONE);
	wait_for(w, &w->back, 1);
	assert_int_equal(fw_probe(w->fw, 3, &host, mac), 0);
	assert_int_equal(fw_probe(w->fw, 3, &far, NULL), 0);
	assert_int_equal(fw_probe(w->fw, 2, &host, NULL), 0);
	fw_remove(w->fw, on_done, &c);
	wait_answers(w, 1);
	assert_int_equal(calls->probes, 1);
	assert_int_equal(calls->last_probe.ifindex, 3);
	assert_true(addr_eq(&calls->last_probe.addr, &host) && calls->last_probe.has_mac);
	assert_memory_equal(calls->last_probe.mac, mac, sizeof(mac));
	for (size_t i = 0; i < 2 * HELPER_PROBE_OF_ONE; i++)
		assert_int_equal(fw_probe(w->fw, 3, &host, mac), 0);
	for (size_t i = 0; i < 2 * HELPER_PROBE_BURST; i++)
		assert_int_equal(fw_probe(w->fw, 3, &host, NULL), 0);
	fw_remove(w->fw, on_done, &d);
	wait_answers(w, 2);
	assert_false(calls->last_probe.has_mac);
	assert_in_range(calls->probes, HELPER_PROBE_BURST - 2 * HELPER_PROBE_OF_ONE,
		HELPER_PROBE_BURST + HELPER_PROBE_PER_S);
}

struct passing {
	struct call call;
	int fd;
};

static void on_way(void *arg, int err, int fd)
{
	struct passing *p = arg;

	p->fd = fd;
	on_done(&p->call, err, NULL, 0);
}

static int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void test_ways(void **state)
{
	struct world *w = *state;
	const struct fw_way udp = {MAP_PROTO_UDP, false, 5060}, denied = {MAP_PROTO_TCP, true, 80};
	struct passing p[3] = {{{.world = w}, 0}, {{.world = w}, 0}, {{.world = w}, 0}};
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	int before;

	assert_int_equal(fw_way(w->fw, &udp, on_way, &p[0]), ERR_GONE);
	wait_for(w, &w->back, 1);
	before = open_fds();
	assert_int_equal(fw_way(w->fw, &udp, on_way, &p[0]), 0);
	assert_int_equal(fw_way(w->fw, &denied, on_way, &p[1]), 0);
	wait_answers(w, 2);
	assert_int_equal(p[0].call.answer.err, 0);
	assert_int_equal(p[1].call.answer.err, ERR_DENIED);
	assert_int_equal(p[1].fd, -1);
	/* It is the very socket, in one copy, and gone at exec. */
	assert_int_equal(getsockname(p[0].fd, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(ntohs(at.sin_port), fw_fake_calls(w->fake)->last_way_port);
	assert_int_equal(fcntl(p[0].fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(open_fds(), before + 1);
	close(p[0].fd);
	/* An answer that comes when nobody waits for it any more. */
	fw_fake_hold(w->fake);
	assert_int_equal(fw_way(w->fw, &udp, on_way, &p[2]), 0);
	wait_for(w, &w->lost, 1);
	assert_int_equal(p[2].call.answer.err, ERR_GONE);
	assert_int_equal(p[2].fd, -1);
	fw_fake_release(w->fake);
	wait_for(w, &w->back, 2);
	assert_int_equal(open_fds(), before);
}

/* Both ends of a channel; the messages that came are counted. */
struct pair {
	struct helper_wire wire;
	int other;		/* the helper's end, by hand */
	int messages, lost;
	bool take;
	int fd;
};

static int on_pair_message(void *arg, const struct wire_head *head, const void *records)
{
	struct pair *p = arg;

	(void)head;
	(void)records;
	p->messages++;
	if (p->take)
		p->fd = helper_wire_take_fd(&p->wire);
	return 0;
}

static void on_pair_lost(void *arg, int err)
{
	struct pair *p = arg;

	assert_int_equal(err, ERR_SYNTAX);
	p->lost++;
	helper_wire_close(&p->wire);
}

static struct pair *pair_new(struct world *w)
{
	struct pair *p = calloc(1, sizeof(*p));
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	p->other = fds[1];
	p->wire = (struct helper_wire){.message = on_pair_message, .lost = on_pair_lost, .arg = p};
	assert_int_equal(helper_wire_open(&p->wire, w->loop, fds[0]), 0);
	return p;
}

static void pair_free(struct pair *p)
{
	helper_wire_close(&p->wire);
	close(p->other);
	free(p);
}

/* A message of the helper with so many descriptors. */
static void pair_say(struct pair *p, uint8_t type, int32_t value, size_t count)
{
	struct wire_head head = {.type = type, .size = sizeof(head), .value = value};
	struct iovec iov = {&head, sizeof(head)};
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(4 * sizeof(int))] = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (count > 0) {
		struct cmsghdr *c = (struct cmsghdr *)room;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		for (size_t i = 0; i < count; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &p->other, sizeof(int));
		msg.msg_control = room;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	assert_int_equal(sendmsg(p->other, &msg, 0), sizeof(head));
}

/* A descriptor where none belongs, and none where one does: neither is kept. */
static void test_descriptors_come_with_ways_only(void **state)
{
	static const struct {
		uint8_t type;
		int32_t value;
		size_t count;
		bool good;
	} cases[] = {
		{WIRE_WAY_IS, 0, 1, true}, {WIRE_WAY_IS, ERR_DENIED, 0, true},
		{WIRE_EVENT, 0, 0, true}, {WIRE_WAY_IS, 0, 0, false}, {WIRE_WAY_IS, 0, 2, false},
		{WIRE_WAY_IS, 0, 4, false}, {WIRE_WAY_IS, ERR_DENIED, 1, false},
		{WIRE_EVENT, 0, 1, false}, {WIRE_RESULT, 0, 1, false}, {99, 0, 1, false},
	};
	struct world *w = *state;

	wait_for(w, &w->back, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair *p = pair_new(w);
		int before = open_fds();

		pair_say(p, cases[i].type, cases[i].value, cases[i].count);
		for (int turn = 0; turn < 5; turn++)
			loop_once(w->loop, 1);
		assert_int_equal(p->messages, cases[i].good);
		assert_int_equal(p->lost, !cases[i].good);
		/* The channel's own is closed with it; nobody took the other. */
		assert_int_equal(open_fds(), before - !cases[i].good);
		pair_free(p);
	}
}

/* A daemon that does not read: each descriptor waits with its message, or ends with the channel. */
static void test_queued_descriptors(void **state)
{
	struct world *w = *state;
	struct pair *p = pair_new(w);
	struct helper_wire helper = {.is_helper = true, .message = on_pair_message,
		.lost = on_pair_lost, .arg = p};
	const struct wire_head way = {.type = WIRE_WAY_IS}, event = {.type = WIRE_EVENT};
	size_t sent = 0;
	int before;

	wait_for(w, &w->back, 1);
	assert_int_equal(helper_wire_open(&helper, w->loop, p->other), 0);
	p->take = true;
	while (helper.queue_len == helper.queue_off) {
		assert_int_equal(helper_wire_send(&helper, &event, NULL), 0);
		sent++;
	}
	before = open_fds();
	for (size_t i = 0; i < 3; i++) {
		int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
		assert_int_equal(helper_wire_send_fd(&helper, &way, fd), 0);
		assert_int_equal(helper_wire_send(&helper, &event, NULL), 0);
	}
	assert_int_equal(open_fds(), before + 3);
	for (size_t i = 0; i < 2000 && (size_t)p->messages < sent + 6; i++) {
		p->fd = -1;
		loop_once(w->loop, 1);
	}
	assert_int_equal(p->messages, sent + 6);
	assert_int_equal(p->lost, 0);
	while (helper_wire_send_fd(&helper, &way, socket(AF_UNIX, SOCK_DGRAM, 0)) == 0)
		sent++;
	assert_int_equal(helper.fd_count, WIRE_FDS_MAX);
	before = open_fds();
	helper_wire_close(&helper);
	p->other = -1;
	assert_int_equal(open_fds(), before - WIRE_FDS_MAX - 1);
	assert_int_equal(helper_wire_send_fd(&helper, &way, dup(0)), ERR_GONE);
	assert_int_equal(open_fds(), before - WIRE_FDS_MAX - 1);
	helper_wire_close(&p->wire);
	free(p);
}

static void test_silent_helper(void **state)
{
	struct world *w = *state;
	struct fw_elem elems[FW_HOLE_ELEMS];
	struct call a = {.world = w}, b = {.world = w};
	size_t n = hole_elems(4000, 10, elems);
	uint64_t began;

	wait_for(w, &w->back, 1);
	fw_fake_hold(w->fake);
	began = loop_now_ms(w->loop);
	fw_apply(w->fw, &(struct fw_batch){true, elems, n}, on_done, &a);
	fw_apply(w->fw, &(struct fw_batch){false, elems, n}, on_done, &b);
	wait_for(w, &w->lost, 1);
	assert_true(loop_now_ms(w->loop) - began >= FW_REMOTE_TIMEOUT_MS - 100);
	assert_int_equal(a.answer.err, ERR_GONE);
	assert_int_equal(b.answer.err, ERR_GONE);
	assert_int_equal(a.answer.order, 1);
	assert_int_equal(fw_apply(w->fw, &(struct fw_batch){false, elems, n},
		on_done, &a), ERR_GONE);
	/* The answer that comes at last is nobody's; the new connection is served. */
	fw_fake_release(w->fake);
	wait_for(w, &w->back, 2);
	memset(&a.answer, 0, sizeof(a.answer));
	assert_int_equal(fw_apply(w->fw, &(struct fw_batch){false, elems, n}, on_done, &a), 0);
	wait_answers(w, 3);
	assert_int_equal(a.answer.err, 0);
}

static void test_helper_restarts(void **state)
{
	struct world *w = *state;
	struct fw_elem elems[FW_HOLE_ELEMS];
	struct call c = {.world = w};
	size_t n = hole_elems(4000, 10, elems);

	wait_for(w, &w->back, 1);
	stop_helper(w);
	(void)fw_apply(w->fw, &(struct fw_batch){true, elems, n}, on_done, &c);
	wait_for(w, &w->lost, 1);
	for (int i = 0; i < 5; i++)
		loop_once(w->loop, 100);
	start_helper(w);
	wait_for(w, &w->back, 2);
	memset(&c.answer, 0, sizeof(c.answer));
	w->answers = 0;
	assert_int_equal(fw_apply(w->fw, &(struct fw_batch){true, elems, n}, on_done, &c), 0);
	wait_answers(w, 1);
	assert_int_equal(c.answer.err, 0);
}

/* A daemon started again takes over; the old one is cut off. */
static void test_newest_client_wins(void **state)
{
	struct world *w = *state;
	struct fw *second;

	wait_for(w, &w->back, 1);
	second = fw_remote_new(w->loop, w->path.sun_path);
	wait_for(w, &w->lost, 1);
	fw_free(second);
}

/* A bare client of the helper. */
struct peer {
	struct world *world;
	int fd;
};

static struct peer peer_open(struct world *w)
{
	struct peer p = {w, socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0)};

	fw_free(w->fw);
	w->fw = NULL;
	assert_int_equal(connect(p.fd, (struct sockaddr *)&w->path, sizeof(w->path)), 0);
	return p;
}

static void peer_send(struct peer *p, struct wire_head head, const void *records, size_t len)
{
	uint8_t bytes[70000];

	if (head.size == 0)
		head.size = (uint32_t)(sizeof(head) + len);
	memcpy(bytes, &head, sizeof(head));
	if (len > 0)
		memcpy(bytes + sizeof(head), records, len);
	assert_true(send(p->fd, bytes, sizeof(head) + len, MSG_NOSIGNAL) >= 0);
}

static void peer_greet(struct peer *p)
{
	const struct wire_hello hello = {WIRE_VERSION, sizeof(struct fw_elem),
		sizeof(struct fw_dumped)};

	peer_send(p, (struct wire_head){.type = WIRE_HELLO, .count = 1}, &hello, sizeof(hello));
}

/* Reads greetings and answers until the helper closes; false when it does not. */
static bool peer_is_closed(struct peer *p)
{
	uint8_t bytes[65536];

	for (int i = 0; i < 20; i++) {
		ssize_t n;

		loop_once(p->world->loop, 5);
		while ((n = recv(p->fd, bytes, sizeof(bytes), 0)) > 0)
			;
		if (n == 0)
			return true;
	}
	return false;
}

static void assert_closes(struct world *w, bool greet, struct wire_head head, const void *records,
	size_t len)
{
	struct peer p = peer_open(w);

	if (greet)
		peer_greet(&p);
	peer_send(&p, head, records, len);
	assert_true(peer_is_closed(&p));
	assert_int_equal(fw_fake_calls(w->fake)->applies, 0);
	close(p.fd);
}

#define HEAD(...) ((struct wire_head){__VA_ARGS__})

static void assert_apply_closes(struct world *w, uint8_t flags, uint16_t count, int32_t value,
	size_t len)
{
	struct fw_elem elems[WIRE_ELEMS_MAX + 1] = {0};

	hole_elems(4000, 10, elems);
	assert_closes(w, true, HEAD(.type = WIRE_APPLY, .flags = flags, .count = count,
		.value = value), elems, len);
}

static void test_unknown_closes(void **state)
{
	struct world *w = *state;

	assert_closes(w, true, HEAD(.type = 0), NULL, 0);
	assert_closes(w, true, HEAD(.type = WIRE_PROBE + 1), NULL, 0);
	assert_closes(w, true, HEAD(.type = WIRE_SENDER), NULL, 0);
	assert_closes(w, true, HEAD(.type = 255), NULL, 0);
	assert_closes(w, true, HEAD(.type = WIRE_RESULT, .flags = WIRE_LAST), NULL, 0);
	assert_closes(w, false, HEAD(.type = WIRE_DUMP), NULL, 0);
}

static void test_wrong_sizes_close(void **state)
{
	struct world *w = *state;
	const uint8_t whole = WIRE_FIRST | WIRE_LAST;
	const size_t one = sizeof(struct fw_elem);

	assert_closes(w, true, HEAD(.type = WIRE_DUMP, .size = 17), NULL, 0);
	assert_closes(w, true, HEAD(.type = WIRE_DUMP), "", 1);
	assert_apply_closes(w, whole, 1, 1, one - 1);
	assert_apply_closes(w, whole, WIRE_ELEMS_MAX + 1, WIRE_ELEMS_MAX + 1,
		(WIRE_ELEMS_MAX + 1) * one);
	/* Not as many as said, more than said, too many said, none said, no beginning. */
	assert_apply_closes(w, whole, 1, 2, one);
	assert_apply_closes(w, whole, 2, 1, 2 * one);
	assert_apply_closes(w, WIRE_FIRST, 1, WIRE_APPLY_MAX + 1, one);
	assert_apply_closes(w, WIRE_FIRST, 1, -1, one);
	assert_apply_closes(w, WIRE_LAST, 1, 0, one);
	assert_apply_closes(w, 8 | whole, 1, 1, one);
}

/* What fw.c never makes. */
static void test_malformed_element_closes(void **state)
{
	struct fw_elem elem = {.set = FW_SETS};

	assert_closes(*state, true, HEAD(.type = WIRE_APPLY, .flags = WIRE_FIRST | WIRE_LAST,
		.count = 1, .value = 1), &elem, sizeof(elem));
}

static void test_other_version_closes(void **state)
{
	struct world *w = *state;
	const struct wire_hello hello = {WIRE_VERSION + 1, sizeof(struct fw_elem),
		sizeof(struct fw_dumped)};

	assert_closes(w, false, HEAD(.type = WIRE_HELLO, .count = 1), &hello, sizeof(hello));
}

/* One message too short for a head, one longer than any. */
static void test_raw_bytes_close(void **state)
{
	struct world *w = *state;
	static const uint8_t zeros[65000];
	const size_t sizes[] = {1, 15, 65000};

	for (size_t i = 0; i < 3; i++) {
		struct peer p = peer_open(w);

		peer_greet(&p);
		assert_int_equal(send(p.fd, zeros, sizes[i], 0), sizes[i]);
		assert_true(peer_is_closed(&p));
		close(p.fd);
	}
}

/* Another request in the middle of a transaction. */
static void test_interleaved_closes(void **state)
{
	struct world *w = *state;
	struct fw_elem elems[FW_HOLE_ELEMS];
	struct peer p = peer_open(w);

	hole_elems(4000, 10, elems);
	peer_greet(&p);
	peer_send(&p, HEAD(.type = WIRE_APPLY, .flags = WIRE_FIRST, .count = 1, .value = 2), elems,
		sizeof(elems[0]));
	peer_send(&p, HEAD(.type = WIRE_DUMP), NULL, 0);
	assert_true(peer_is_closed(&p));
	close(p.fd);
	assert_int_equal(fw_fake_calls(w->fake)->dumps, 0);
}

static void test_foreign_user_is_refused(void **state)
{
	struct world *w = *state;
	struct helper_config config = {.listen_fd = w->listen_fd, .peer = getuid() + 1,
		.backend = w->fake, .log = &w->log};
	struct peer p;

	helper_free(w->helper);
	w->helper = helper_new(w->loop, &config);
	p = peer_open(w);
	assert_true(peer_is_closed(&p));
	close(p.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_up_and_apply, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_events, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusals_by_index, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_backend_refusals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_second_look, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pipelined_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_queue_has_an_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_big_apply_and_dump, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dump_without_table, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forget, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_find, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keep, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_senders, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_probes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ways, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_descriptors_come_with_ways_only, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_queued_descriptors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sip_helper_is_remembered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_silent_helper, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_helper_restarts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_newest_client_wins, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unknown_closes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wrong_sizes_close, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_malformed_element_closes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_version_closes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_raw_bytes_close, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_interleaved_closes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign_user_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
