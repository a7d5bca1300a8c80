/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters of an opening (RFC 6887 section 13.3) and openings for others (section 13.1). */
#include "tests/unit/core_rig.h"

#define A "192.168.1.10"
#define B "192.168.1.20"
#define A6 "2001:db8:1::10"

static const struct opening *only(struct rig *r)
{
	assert_int_equal(core_openings(r->core), 1);
	return core_opening_at(r->core, 0);
}

static size_t filters_of(struct rig *r)
{
	const struct opening *o = only(r);
	return o->filters ? o->filters->count : 0;
}

/* Elements of IPv4 peers: those that are hosts, and those that are not. */
static size_t peers_in(const struct rig *r)
{
	return fw_fake_count(r->fw, FW_SET_OPEN4_PEER) + fw_fake_count(r->fw, FW_SET_OPEN4_RANGE);
}

/* ---- filters ---- */

static void test_filters_add_up(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 5010);

	rig_filter(&req, "198.51.100.0/24", 0);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(peers_in(r), 1);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN_UDP4), 0);
	assert_int_equal(fw_fake_count(r->fw, FW_MAP_DNAT4), 1);
	assert_int_equal(fw_fake_count(r->fw, FW_MAP_SNAT4), 1);
	/* The same again adds nothing, another one is added. */
	rig_filter(&req, "203.0.113.66/32", 77);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(filters_of(r), 2);
	assert_int_equal(peers_in(r), 2);
	/* A renewal without filters keeps them. */
	req.filter_count = 0;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(peers_in(r), 2);
	/* All go, one comes. */
	req.clear_filters = true;
	rig_filter(&req, "203.0.113.66/32", 0);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(filters_of(r), 1);
	assert_int_equal(peers_in(r), 1);
	/* All go: open to everybody. */
	req.filter_count = 0;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_null(only(r)->filters);
	assert_int_equal(peers_in(r), 0);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN_UDP4), 1);
	assert_int_equal(fw_fake_count(r->fw, FW_MAP_DNAT4), 1);
	/* And closed to all but one again. */
	req.clear_filters = false;
	rig_filter(&req, "0.0.0.0/0", 53);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN_UDP4), 0);
	assert_int_equal(rig_close(r, &req), MAP_OK);
	for (enum fw_set set = FW_MAP_DNAT4; set <= FW_SET_OPEN6_RANGE; set++)
		assert_int_equal(fw_fake_count(r->fw, set), 0);
	assert_int_equal(peers_in(r), 0);
}

static void on_traffic(void *arg, const struct opening *o, const struct core_traffic *t)
{
	struct core_traffic *sum = arg;

	(void)o;
	sum->packets += t->packets;
	sum->packets_in += t->packets_in;
	sum->packets_out += t->packets_out;
}

static void on_told(void *arg, int err)
{
	(void)arg;
	assert_int_equal(err, 0);
}

static void on_applied(void *arg, int err, const uint32_t *bad, size_t bad_count)
{
	(void)arg, (void)bad, (void)bad_count;
	assert_int_equal(err, 0);
}

static void hear(struct rig *r, uint32_t id, bool from_phone, uint64_t packets)
{
	const uint8_t key[FW_KEY_MAX] = {(uint8_t)(id >> 24), (uint8_t)(id >> 16),
		(uint8_t)(id >> 8), (uint8_t)id, from_phone};
	struct fw_elem elem = {.set = FW_SET_HEARD, .timeout_ms = FW_HEARD_S * 1000};

	memcpy(elem.key, key, sizeof(elem.key));
	assert_int_equal(fw_apply(r->fw, &(struct fw_batch){.elems = &elem, .count = 1},
		on_applied, NULL), 0);
	fw_fake_find(r->fw, FW_SET_HEARD, key)->packets = packets;
}

/* Who comes after at the same port has another id, and what was heard before is not his. */
static void test_directions_are_the_openings_own(void **state)
{
	const uint8_t key[FW_KEY_MAX] = {198, 51, 100, 1, [4] = 17, [8] = 5010 >> 8, 5010 & 0xff};
	struct core_traffic sum = {0};
	struct rig *r = *state;
	struct map_req req = rig_map(A, 5010);
	uint32_t id;

	rig_filter(&req, "198.51.100.1/32", 0);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	id = only(r)->id;
	fw_fake_find(r->fw, FW_SET_OPEN4_PEER, key)->packets = 9;
	hear(r, id, false, 4);
	hear(r, id, true, 3);
	assert_int_equal(core_counters(r->core, on_traffic, on_told, &sum), 0);
	assert_true(sum.packets == 9 && sum.packets_in == 4 && sum.packets_out == 3);
	assert_int_equal(rig_close(r, &req), MAP_OK);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_not_equal(only(r)->id, id);
	sum = (struct core_traffic){0};
	assert_int_equal(core_counters(r->core, on_traffic, on_told, &sum), 0);
	assert_true(sum.packets == 0 && sum.packets_in == 0 && sum.packets_out == 0);
}

/* A peer that stays keeps its element, with its counter; one that goes makes place for a wider one
 * which the kernel would not bear beside it. */
static void test_what_stays_is_left_alone(void **state)
{
	const uint8_t key[FW_KEY_MAX] = {198, 51, 100, 1, [4] = 17, [8] = 5010 >> 8, 5010 & 0xff};
	struct rig *r = *state;
	struct map_req req = rig_map(A, 5010);
	struct fw_dumped *d;

	rig_filter(&req, "198.51.100.1/32", 0);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	d = fw_fake_find(r->fw, FW_SET_OPEN4_PEER, key);
	assert_non_null(d);
	d->packets = 9;
	rig_filter(&req, "198.51.100.2/32", 0);
	rig_advance(r, 60000);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	d = fw_fake_find(r->fw, FW_SET_OPEN4_PEER, key);
	assert_int_equal(d->packets, 9);
	assert_int_equal(d->elem.timeout_ms, 3601000);
	req.clear_filters = true;
	req.filter_count = 0;
	rig_filter(&req, "198.51.100.0/24", 0);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_null(fw_fake_find(r->fw, FW_SET_OPEN4_PEER, key));
	assert_int_equal(peers_in(r), 1);
}

static void test_too_many_change_nothing(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A6, 5010);

	for (uint16_t port = 1; port <= MAP_FILTERS_MAX; port++)
		rig_filter(&req, "2001:db8:ffff::/48", port);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN6_RANGE), MAP_FILTERS_MAX);
	req.filter_count = 0;
	rig_filter(&req, "2001:db8:ffff::/48", 9);
	rig_advance(r, 60000);
	assert_int_equal(rig_ask(r, &req), MAP_TOO_MANY_REMOTES);
	assert_int_equal(filters_of(r), MAP_FILTERS_MAX);
	assert_int_equal(core_opening_left_s(r->core, only(r)), 3540);
	req.clear_filters = true;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN6_RANGE), 1);
}

static void test_a_filter_of_the_other_family(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 5010);

	rig_filter(&req, "2001:db8::/32", 0);
	assert_int_equal(rig_ask(r, &req), MAP_DENIED);
	assert_int_equal(core_openings(r->core), 0);
}

/* The firewall refuses: the filters, and the lease, are as they were. */
static void test_refused_filters_are_undone(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 5010);
	const uint32_t bad = 0;

	rig_filter(&req, "198.51.100.1/32", 0);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	rig_filter(&req, "198.51.100.2/32", 0);
	fw_fake_fail(r->fw, ERR_DENIED, &bad, 1);
	rig_advance(r, 60000);
	assert_int_equal(rig_ask(r, &req), MAP_TROUBLE);
	assert_int_equal(filters_of(r), 1);
	assert_int_equal(core_opening_left_s(r->core, only(r)), 3540);
	assert_int_equal(peers_in(r), 1);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(peers_in(r), 2);
}

/* Several changes of one opening in one wake-up: none is lost, whatever their order. */
static void test_many_at_once(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 5010), more = req, end = req;

	rig_filter(&req, "198.51.100.1/32", 0);
	rig_filter(&more, "198.51.100.0/24", 80);
	end.op = MAP_OP_CLOSE;
	rig_post(r, &req);
	rig_post(r, &more);
	rig_post(r, &req);
	rig_settle(r);
	assert_int_equal(r->answers, 3);
	assert_int_equal(filters_of(r), 2);
	assert_int_equal(peers_in(r), 3);
	more.clear_filters = true;
	rig_post(r, &more);
	rig_post(r, &end);
	rig_settle(r);
	assert_int_equal(r->ans.result, MAP_OK);
	assert_int_equal(core_openings(r->core), 0);
	assert_int_equal(peers_in(r), 0);
	assert_int_equal(fw_fake_count(r->fw, FW_MAP_DNAT4), 0);
}

static void test_filters_survive(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 5010);

	rig_filter(&req, "198.51.100.0/24", 80);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	rig_filter(&req, "203.0.113.66/32", 0);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	rig_restart(r);
	assert_int_equal(filters_of(r), 2);
	assert_int_equal(peers_in(r), 2);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN_UDP4), 0);
	/* A table somebody flushed comes back as narrow as it was. */
	fw_fake_flush(r->fw);
	rig_settle(r);
	assert_int_equal(peers_in(r), 2);
	req.clear_filters = true;
	req.filter_count = 0;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	rig_restart(r);
	assert_int_equal(filters_of(r), 0);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN_UDP4), 1);
}

/* One opening cannot be narrow for one door and wide for the other. */
static void test_filters_are_not_shared(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 5010), natpmp = req;

	natpmp.origin = MAP_ORIGIN_NATPMP;
	natpmp.has_nonce = false;
	rig_filter(&req, "198.51.100.1/32", 0);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(rig_ask(r, &natpmp), MAP_TAKEN);
	assert_int_equal(rig_close(r, &req), MAP_OK);
	assert_int_equal(rig_ask(r, &natpmp), MAP_OK);
	assert_int_equal(rig_ask(r, &req), MAP_TAKEN);
	req.filter_count = 0;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	rig_filter(&req, "198.51.100.1/32", 0);
	assert_int_equal(rig_ask(r, &req), MAP_TAKEN);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN_UDP4), 1);
}

static void test_the_wrong_nonce_widens_nothing(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 5010);

	rig_filter(&req, "198.51.100.1/32", 0);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	req.nonce[0] ^= 1;
	req.clear_filters = true;
	req.filter_count = 0;
	assert_int_equal(rig_ask(r, &req), MAP_NOT_OWNER);
	assert_int_equal(filters_of(r), 1);
}

/* What a device keeps of them has an end, and comes back with what it closes. */
static void test_filters_have_a_quota(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 5010), last = rig_map(A, 7000), set = rig_map(A, 8000);

	for (uint16_t port = 1; port <= MAP_FILTERS_MAX; port++)
		rig_filter(&req, "198.51.100.0/24", port);
	for (int i = 0; i < CORE_FILTERS_DEVICE / MAP_FILTERS_MAX; i++) {
		req.internal.port = (uint16_t)(5010 + i);
		assert_int_equal(rig_ask(r, &req), MAP_OK);
	}
	assert_int_equal(r->core->filters, CORE_FILTERS_DEVICE);
	rig_filter(&last, "198.51.100.0/24", 1);
	assert_int_equal(rig_ask(r, &last), MAP_TOO_MANY_REMOTES);
	rig_restart(r);
	assert_int_equal(rig_ask(r, &last), MAP_TOO_MANY_REMOTES);
	/* Renewed, and with fewer. */
	req.clear_filters = true;
	req.filter_count = 6;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(rig_ask(r, &last), MAP_OK);
	/* One more: a set of one. */
	rig_filter(&set, "198.51.100.0/24", 1);
	set.set_size = 4;
	assert_int_equal(rig_ask(r, &set), MAP_OK);
	assert_int_equal(r->ans.set_size, 1);
	assert_int_equal(rig_close(r, &req), MAP_OK);
	assert_int_equal(r->core->filters, CORE_FILTERS_DEVICE - 6);
	/* Another device has its own. */
	set = rig_map(B, 9500);
	rig_filter(&set, "198.51.100.0/24", 1);
	assert_int_equal(rig_ask(r, &set), MAP_OK);
}

/* ---- for others ---- */

static struct map_req for_other(const char *client, const char *target, uint16_t port)
{
	struct map_req req = rig_map(target, port);

	req.client = rig_addr(client);
	req.third_party = true;
	return req;
}

static int with_rule(void **state)
{
	const struct rule rule = {
		.id = 50, .position = 10, .enabled = true, .verdict = RULE_ALLOW, .device_id = 1,
		.third_party = true, .external_max = 65535, .internal_max = 65535,
		.note = "the media server opens for the others",
	};
	struct rig *r;
	struct map_req req = rig_map(A, 4999);

	assert_int_equal(rig_set_up_rules(state, &rule, 1), 0);
	/* Device 1 is who comes first. */
	r = *state;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(rig_close(r, &req), MAP_OK);
	return 0;
}

static void test_nobody_opens_for_others(void **state)
{
	struct rig *r = *state;
	struct map_req req = for_other(A, B, 5010);

	assert_false(core_may_third_party(r->core, &req.client));
	assert_int_equal(rig_ask(r, &req), MAP_DENIED);
	assert_int_equal(core_openings(r->core), 0);
}

static void test_whom_a_rule_lets(void **state)
{
	struct rig *r = *state;
	struct map_req req = for_other(A, B, 5010), back = for_other(B, A, 5010);
	struct map_req own = rig_map(B, 5010);

	assert_true(core_may_third_party(r->core, &req.client));
	assert_false(core_may_third_party(r->core, &back.client));
	assert_int_equal(rig_ask(r, &back), MAP_DENIED);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(only(r)->device_id, core_device_of(r->core, &req.internal.addr));
	assert_int_equal(only(r)->rule_id, 50);
	/* It counts for the host it leads to, which owns the number but not the lease. */
	assert_int_equal(devices_by_addr(r->core->devices, &own.client)->openings, 1);
	assert_int_equal(devices_by_addr(r->core->devices, &req.client)->openings, 0);
	own.nonce[0] ^= 1;
	assert_int_equal(rig_close(r, &own), MAP_NOT_OWNER);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(rig_close(r, &req), MAP_OK);
	assert_int_equal(core_openings(r->core), 0);
}

static void test_never_beyond_the_lan(void **state)
{
	static const char *const wrong[] = {"192.168.1.1", "203.0.113.5", "203.0.113.66",
		"127.0.0.1", "224.0.0.1", "0.0.0.0", "2001:db8:1::1", "2001:db8:2::1", "ff02::1",
		"fe80::2", "::1"};
	struct rig *r = *state;

	for (size_t i = 0; i < ROWS(wrong); i++) {
		struct map_req req = for_other(A, wrong[i], 5010);
		assert_int_equal(rig_ask(r, &req), MAP_DENIED);
	}
	assert_int_equal(core_openings(r->core), 0);
}

/* Without the option an address of another device stays shut, rule or not. */
static void test_the_option_is_needed(void **state)
{
	struct rig *r = *state;
	struct map_req req = for_other(A, B, 5010);

	req.third_party = false;
	assert_int_equal(rig_ask(r, &req), MAP_DENIED);
	assert_int_equal(core_openings(r->core), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
#define RULE_TEST(test) cmocka_unit_test_setup_teardown(test, with_rule, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_filters_add_up),
		TEST(test_directions_are_the_openings_own),
		TEST(test_what_stays_is_left_alone),
		TEST(test_too_many_change_nothing),
		TEST(test_a_filter_of_the_other_family),
		TEST(test_refused_filters_are_undone),
		TEST(test_many_at_once),
		TEST(test_filters_survive),
		TEST(test_filters_are_not_shared),
		TEST(test_the_wrong_nonce_widens_nothing),
		TEST(test_filters_have_a_quota),
		TEST(test_nobody_opens_for_others),
		RULE_TEST(test_whom_a_rule_lets),
		RULE_TEST(test_never_beyond_the_lan),
		RULE_TEST(test_the_option_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
