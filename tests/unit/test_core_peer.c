/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PEER in the core (RFC 6887 section 12): a core with a store and the firewall in memory, on a
 * virtual clock. What the firewall does of it with packets is tests/net/test_peer.py's.
 */
#include "gateway/core_owner.h"

#include "gateway/fw_fake.h"
#include "gateway/log.h"
#include "tests/unit/temp_db.h"

#include <fcntl.h>
#include <poll.h>

#define WAN 0xcb007102
#define LAN(n) addr_from4(0xc0a80100u + (n))
#define PEER_PORT 5000
#define PEER(n) ((struct endpoint){addr_from4(0xc6336400u + (n)), PEER_PORT})
#define START_MS 30000
#define HOUR_S 3600
#define ANSWERS 100
#define PATIENCE 300

struct world {
	struct temp_db *t;
	struct loop *loop;
	struct fw *fw;
	struct core *core;
	struct log log;
	struct map_ans answers[ANSWERS];
	size_t answered;
	struct db_record rows[8];
	size_t row_count;
};

static bool mac_of(void *arg, const struct addr *addr, uint8_t mac[6])
{
	(void)arg;
	memcpy(mac, addr->b + 10, 6);
	return true;
}

static bool is_lan_host(void *arg, const struct addr *addr)
{
	(void)arg;
	return !addr_is4(addr) || (addr_to4(addr) & 0xffffff00) == 0xc0a80100;
}

static bool port_is_ours(void *arg, uint8_t proto, uint16_t port)
{
	(void)arg;
	(void)proto;
	return port == 5351;
}

/* Until all is answered and stored. */
static void settle(struct world *w, size_t answers)
{
	for (int i = 0; i < PATIENCE && (i < 5 || w->answered < answers); i++) {
		loop_once(w->loop, 0);
		poll(NULL, 0, 1);
	}
	assert_int_equal(w->answered, answers);
}

static bool port_is_yielded(void *arg, uint8_t proto, uint16_t port)
{
	(void)arg, (void)proto, (void)port;
	return false;
}

static uint16_t minute_of_week(void *arg, uint64_t wall_s)
{
	(void)arg;
	return (uint16_t)(wall_s / 60 % 10080);
}

static void start(struct world *w)
{
	struct core_config config = {
		.loop = w->loop,
		.fw = w->fw,
		.db = w->t->db,
		.log = &w->log,
		.env = {.mac_of = mac_of, .is_lan_host = is_lan_host,
			.port_is_ours = port_is_ours, .port_is_yielded = port_is_yielded,
			.minute_of_week = minute_of_week, .arg = w},
		.wall_synced = true,
	};
	const struct addr wan4 = addr_from4(WAN);
	const struct prefix lan = {addr_from4(0xc0a80100), 120};

	assert_int_equal(core_new(&config, &w->core), 0);
	w->t->db = NULL;
	core_lan_changed(w->core, &lan, 1);
	core_wan_changed(w->core, &wan4, 3);
	w->answered = 0;
	settle(w, 0);
}

static void stop(struct world *w)
{
	core_stop(w->core);
	core_free(w->core);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (temp_db_setup((void **)&w->t))
		return -1;
	log_open(&w->log, LOG_TARGET_STDERR, LOG_LEVEL_DEBUG, "test");
	w->log.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	w->loop = loop_new_virtual(START_MS);
	w->fw = fw_fake_new(w->loop);
	start(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	stop(w);
	fw_free(w->fw);
	loop_free(w->loop);
	log_close(&w->log);
	temp_db_teardown((void **)&w->t);
	free(w);
	return 0;
}

static void on_answer(void *arg, const struct map_ans *ans)
{
	struct world *w = arg;
	w->answers[w->answered++ % ANSWERS] = *ans;
}

static struct map_req peer_req(struct addr host, uint16_t port, struct endpoint peer)
{
	return (struct map_req){
		.op = MAP_OP_PEER,
		.key = MAP_KEY_INTERNAL,
		.origin = MAP_ORIGIN_PCP,
		.proto = MAP_PROTO_UDP,
		.client = host,
		.internal = {host, port},
		.external = {addr_is4(&host) ? addr_any4() : addr_any6(), 0},
		.remote = addr_is4(&host) ? prefix_any4() : prefix_any6(),
		.lifetime_s = HOUR_S,
		.has_nonce = true,
		.nonce = {7},
		.peer = peer,
	};
}

static struct map_req map_req(struct addr host, uint16_t port, uint16_t suggested)
{
	struct map_req req = peer_req(host, port, (struct endpoint){addr_any4(), 0});

	req.op = MAP_OP_OPEN;
	req.external.port = suggested;
	return req;
}

static struct map_ans ask(struct world *w, const struct map_req *req)
{
	w->answered = 0;
	assert_int_equal(core_request(w->core, req, on_answer, w), 0);
	settle(w, 1);
	return w->answers[0];
}

static struct map_ans ask_peer(struct world *w, struct addr host, uint16_t port,
	struct endpoint peer)
{
	struct map_req req = peer_req(host, port, peer);
	return ask(w, &req);
}

static const struct fw_elem *peer_elem(struct world *w, struct addr host, uint16_t port,
	struct endpoint peer)
{
	uint8_t key[FW_KEY_MAX] = {0};
	struct fw_dumped *d;

	memcpy(key, addr_bytes4(&host), 4);
	key[4] = MAP_PROTO_UDP;
	key[8] = (uint8_t)(port >> 8);
	key[9] = (uint8_t)port;
	memcpy(key + 12, addr_bytes4(&peer.addr), 4);
	key[16] = (uint8_t)(peer.port >> 8);
	key[17] = (uint8_t)peer.port;
	d = fw_fake_find(w->fw, FW_MAP_PEER4, key);
	return d ? &d->elem : NULL;
}

static void assert_leads_to(const struct fw_elem *elem, uint16_t port)
{
	const uint8_t wanted[FW_DATA_MAX] = {0xcb, 0, 0x71, 2, (uint8_t)(port >> 8), (uint8_t)port};

	assert_non_null(elem);
	assert_memory_equal(elem->data, wanted, sizeof(wanted));
}

static void run_flow(struct world *w, struct addr host, uint16_t port, uint32_t wan, uint16_t from)
{
	const struct fw_tuple flow = {MAP_PROTO_UDP, {host, port}, PEER(1)};
	const struct endpoint end = {addr_from4(wan), from};

	fw_fake_run(w->fw, &flow, &end);
}

static size_t elements(struct world *w)
{
	size_t n = 0;

	for (enum fw_set set = 0; set < FW_SETS; set++) {
		if (set != FW_SET_WAN4 && set != FW_SET_WAN_IF && set != FW_SET_LAN4)
			n += fw_fake_count(w->fw, set);
	}
	return n;
}

/* PCP-70, PCP-74: before traffic there is what makes the first packet leave from the assigned
 * port, and nothing that lets anybody in. */
static void before_traffic(void **state)
{
	struct world *w = *state;
	struct map_ans ans = ask_peer(w, LAN(10), 7000, PEER(1));
	const struct fw_keep *kept = &fw_fake_calls(w->fw)->last_keep;

	assert_int_equal(ans.result, MAP_OK);
	assert_int_equal(ans.external.port, 7000);
	assert_int_equal(addr_to4(&ans.external.addr), WAN);
	assert_int_equal(ans.lifetime_s, HOUR_S);
	assert_leads_to(peer_elem(w, LAN(10), 7000, PEER(1)), 7000);
	assert_int_equal(elements(w), 2);
	assert_int_equal(fw_fake_count(w->fw, FW_SET_PEER4_PORT), 1);
	assert_int_equal(kept->left_s, HOUR_S);
	assert_int_equal(kept->flow.src.port, 7000);
	assert_int_equal(kept->flow.dst.port, PEER_PORT);
	/* WANIPConnection's list, and who looks for the port, do not see it. */
	assert_int_equal(core_openings4(w->core), 0);
	assert_null(core_opening_by_external(w->core, MAP_PROTO_UDP, 7000, &(struct prefix){
		PEER(1).addr, 128}));
}

/* PCP-71: what is said of a running flow is true, displaced ports included. */
static void running_flow(void **state)
{
	struct world *w = *state;

	run_flow(w, LAN(10), 7000, WAN, 40000);
	assert_int_equal(ask_peer(w, LAN(10), 7000, PEER(1)).external.port, 40000);
	assert_leads_to(peer_elem(w, LAN(10), 7000, PEER(1)), 40000);
	run_flow(w, LAN(11), 7000, WAN, 61007);
	assert_int_equal(ask_peer(w, LAN(11), 7000, PEER(1)).external.port, 61007);
	assert_null(peer_elem(w, LAN(11), 7000, PEER(1)));
	assert_int_equal(fw_fake_calls(w->fw)->last_keep.flow.src.addr.b[15], 11);
	/* Begun anew, another way than promised. */
	run_flow(w, LAN(10), 7000, WAN, 40001);
	assert_int_equal(ask_peer(w, LAN(10), 7000, PEER(1)).external.port, 40001);
	assert_leads_to(peer_elem(w, LAN(10), 7000, PEER(1)), 40001);
	assert_int_equal(fw_fake_count(w->fw, FW_MAP_PEER4), 1);
	/* By another way than the external address. */
	run_flow(w, LAN(12), 7000, 0x0a000001, 7000);
	assert_int_equal(ask_peer(w, LAN(12), 7000, PEER(1)).result, MAP_TAKEN);
}

/* PCP-77: one external port an internal port, whichever comes first. */
static void one_port(void **state)
{
	struct world *w = *state;
	struct map_req map = map_req(LAN(10), 7000, 4321);

	assert_int_equal(ask(w, &map).external.port, 4321);
	assert_int_equal(ask_peer(w, LAN(10), 7000, PEER(1)).external.port, 4321);
	assert_int_equal(ask_peer(w, LAN(10), 7000, PEER(2)).external.port, 4321);
	run_flow(w, LAN(11), 7000, WAN, 40000);
	assert_int_equal(ask_peer(w, LAN(11), 7000, PEER(1)).external.port, 40000);
	assert_int_equal(ask_peer(w, LAN(11), 7000, PEER(3)).external.port, 40000);
	map = map_req(LAN(11), 7000, 9999);
	assert_int_equal(ask(w, &map).external.port, 40000);
	/* Renewing and deleting the one leaves the other alone. */
	map.op = MAP_OP_CLOSE;
	assert_int_equal(ask(w, &map).result, MAP_OK);
	assert_leads_to(peer_elem(w, LAN(11), 7000, PEER(3)), 40000);
	assert_int_equal(core_openings4(w->core), 1);
}

/* PCP-72: not this port, no state. */
static void suggestions(void **state)
{
	struct world *w = *state;
	struct map_req map = map_req(LAN(10), 7000, 4321);
	struct map_req req = peer_req(LAN(11), 7100, PEER(1));
	size_t before;

	ask(w, &map);
	before = elements(w);
	for (size_t i = 0; i < 4; i++) {
		const uint16_t ports[] = {4321, 5351, 80, 61000};
		req.external.port = ports[i];
		assert_int_not_equal(ask(w, &req).result, MAP_OK);
	}
	req.external = (struct endpoint){addr_from4(WAN + 1), 0};
	assert_int_equal(ask(w, &req).result, MAP_TAKEN);
	assert_int_equal(elements(w), before);
	assert_int_equal(core_openings(w->core), 1);
	req.external = (struct endpoint){addr_from4(WAN), 4400};
	assert_int_equal(ask(w, &req).external.port, 4400);
	assert_int_equal(ask(w, &req).result, MAP_OK);
	req.external.port = 4401;
	assert_int_equal(ask(w, &req).result, MAP_TAKEN);
	assert_leads_to(peer_elem(w, LAN(11), 7100, PEER(1)), 4400);
	/* Held for this endpoint, against others. */
	map = map_req(LAN(12), 7000, 4400);
	assert_int_not_equal(ask(w, &map).external.port, 4400);
	req = peer_req(LAN(11), 7101, PEER(2));
	req.external.port = 4400;
	assert_int_equal(ask(w, &req).result, MAP_TAKEN);
}

/* PCP-73. */
static void nonces(void **state)
{
	struct world *w = *state;
	struct map_req req = peer_req(LAN(10), 7000, PEER(1));
	struct map_ans ans;

	ask(w, &req);
	req.nonce[0] = 8;
	for (size_t i = 0; i < 2; i++) {
		req.op = i ? MAP_OP_PEER_CLOSE : MAP_OP_PEER;
		ans = ask(w, &req);
		assert_int_equal(ans.result, MAP_NOT_OWNER);
		assert_int_equal(ans.lifetime_s, HOUR_S);
	}
	assert_leads_to(peer_elem(w, LAN(10), 7000, PEER(1)), 7000);
	req.nonce[0] = 7;
	assert_int_equal(ask(w, &req).result, MAP_OK);
	assert_int_equal(elements(w), 0);
	assert_int_equal(fw_fake_calls(w->fw)->last_keep.left_s, 0);
	assert_int_equal(ask(w, &req).result, MAP_NOT_FOUND);
	/* A client's delete of all its mappings is not about these. */
	req.op = MAP_OP_PEER;
	ask(w, &req);
	req.op = MAP_OP_CLOSE_ALL;
	ask(w, &req);
	req.op = MAP_OP_CLOSE;
	assert_int_equal(ask(w, &req).result, MAP_NOT_FOUND);
	assert_int_equal(elements(w), 2);
}

/* PCP-76: the time is over in the table and in the kernel. */
static void expiry(void **state)
{
	struct world *w = *state;
	struct map_req req = peer_req(LAN(10), 7000, PEER(1));

	req.lifetime_s = 300;
	ask(w, &req);
	loop_advance(w->loop, 200000);
	assert_int_equal(ask(w, &req).lifetime_s, 300);
	assert_int_equal(fw_fake_calls(w->fw)->last_keep.left_s, 300);
	loop_advance(w->loop, 299000);
	settle(w, 1);
	assert_int_equal(core_openings(w->core), 1);
	loop_advance(w->loop, 2000);
	settle(w, 1);
	assert_int_equal(core_openings(w->core), 0);
	assert_int_equal(elements(w), 0);
	assert_int_equal(fw_fake_calls(w->fw)->last_keep.left_s, 0);
}

/* PCP-78. */
static void over_ipv6(void **state)
{
	struct world *w = *state;
	const uint8_t bytes[2][16] = {{0x20, 1, 0xd, 0xb8, [15] = 9},
		{0x20, 1, 0xd, 0xb8, 1, [15] = 9}};
	const struct addr host = addr_from6_bytes(bytes[0]), far = addr_from6_bytes(bytes[1]);
	struct map_req req = peer_req(host, 7000, (struct endpoint){far, PEER_PORT});
	struct map_ans ans = ask(w, &req);

	assert_int_equal(ans.result, MAP_OK);
	assert_int_equal(ans.external.port, 7000);
	assert_true(addr_eq(&ans.external.addr, &host));
	assert_int_equal(elements(w), 0);
	assert_int_equal(fw_fake_calls(w->fw)->last_keep.left_s, HOUR_S);
	assert_true(addr_eq(&fw_fake_calls(w->fw)->last_keep.flow.dst.addr, &far));
	req.external.port = 7001;
	assert_int_equal(ask(w, &req).result, MAP_TAKEN);
	req.external.port = 0;
	req.peer = PEER(1);
	assert_int_equal(ask(w, &req).result, MAP_DENIED);
}

static void on_page(void *arg, int err, const struct core_row *rows, size_t count, uint64_t next)
{
	struct world *w = arg;

	(void)next;
	assert_int_equal(err, 0);
	for (size_t i = 0; i < count; i++)
		w->rows[i] = rows[i].record;
	w->row_count = count;
}

/* PCP-55, PCP-98: what was granted is there after a restart, and told to the firewall again. */
static void restart(void **state)
{
	struct world *w = *state;
	struct map_req req = peer_req(LAN(10), 7000, PEER(1));
	struct core_page page = {.filter = {.ring = DB_RINGS}, .count = 8};
	uint32_t id;

	req.external.port = 4321;
	id = ask(w, &req).id;
	stop(w);
	fw_fake_flush(w->fw);
	loop_advance(w->loop, 600000);
	temp_db_reopen(w->t);
	start(w);
	assert_leads_to(peer_elem(w, LAN(10), 7000, PEER(1)), 4321);
	assert_int_equal(fw_fake_calls(w->fw)->last_keep.left_s, HOUR_S - 600);
	assert_int_equal(ask(w, &req).id, id);
	req.op = MAP_OP_PEER_CLOSE;
	ask(w, &req);
	assert_int_equal(core_record_page(w->core, &page, on_page, w), 0);
	for (int i = 0; i < PATIENCE && w->row_count == 0; i++) {
		loop_once(w->loop, 0);
		poll(NULL, 0, 1);
	}
	assert_int_equal(w->row_count, 2);
	assert_string_equal(w->rows[0].what, "peer end");
	assert_string_equal(w->rows[1].what, "peer");
	assert_int_equal(w->rows[1].external.port, 4321);
}

/* The store never heard of it: the kernel did. */
static void killed(void **state)
{
	struct world *w = *state;
	struct map_req req = peer_req(LAN(10), 7000, PEER(1));

	req.external.port = 4321;
	ask(w, &req);
	stop(w);
	unlink(w->t->path);
	temp_db_reopen(w->t);
	start(w);
	assert_int_equal(core_openings(w->core), 1);
	assert_int_equal(core_openings4(w->core), 0);
	req.nonce[0] = 9;
	assert_int_equal(ask(w, &req).result, MAP_NOT_OWNER);
	req.nonce[0] = 7;
	assert_int_equal(ask(w, &req).external.port, 4321);
	assert_int_equal(elements(w), 2);
}

/* Whatever goes wrong, nothing of it stays. */
static void refused(void **state)
{
	struct world *w = *state;
	struct map_req req = peer_req(LAN(10), 7000, PEER(1));
	const uint32_t first = 0;

	fw_fake_fail(w->fw, ERR_DENIED, &first, 1);
	assert_int_equal(ask(w, &req).result, MAP_TROUBLE);
	assert_int_equal(core_openings(w->core), 0);
	fw_fake_hold(w->fw);
	w->answered = 0;
	assert_int_equal(core_request(w->core, &req, on_answer, w), 0);
	loop_once(w->loop, 0);
	fw_fake_go(w->fw, true);
	settle(w, 1);
	assert_int_equal(w->answers[0].result, MAP_TROUBLE);
	assert_int_equal(core_openings(w->core), 0);
	fw_fake_go(w->fw, false);
	loop_advance(w->loop, 2000);
	settle(w, 1);
	req.client = LAN(11);
	assert_int_equal(ask(w, &req).result, MAP_DENIED);
	req.client = LAN(10);
	assert_int_equal(ask(w, &req).result, MAP_OK);
}

/* More in one wake-up than one question holds; the quota counts them. */
static void many(void **state)
{
	struct world *w = *state;
	struct map_req req = peer_req(LAN(10), 7000, PEER(1));
	size_t granted = 0;

	w->answered = 0;
	for (uint16_t i = 0; i < ANSWERS; i++) {
		req.internal.addr = req.client = LAN(10 + i);
		assert_int_equal(core_request(w->core, &req, on_answer, w), 0);
	}
	settle(w, ANSWERS);
	for (size_t i = 0; i < ANSWERS; i++)
		granted += w->answers[i].result == MAP_OK;
	assert_int_equal(granted, ANSWERS);
	assert_int_equal(fw_fake_calls(w->fw)->finds, ANSWERS);
	for (uint16_t i = 0; i < 70; i++) {
		req.internal.port++;
		granted += ask(w, &req).result == MAP_OK;
	}
	assert_int_equal(ask(w, &req).result, MAP_QUOTA);
	assert_true(granted < ANSWERS + 70);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(before_traffic),
		TEST(running_flow),
		TEST(one_port),
		TEST(suggestions),
		TEST(nonces),
		TEST(expiry),
		TEST(over_ipv6),
		TEST(restart),
		TEST(killed),
		TEST(refused),
		TEST(many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
