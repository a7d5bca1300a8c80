/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a refusal of the firewall means: how things are, or how they were for a moment. And in which
 * order the requests of one batch are done.
 */
#include "core_rig.h"

#include "protocols/err.h"

#define A "192.168.1.10"
#define B "192.168.1.11"
#define DNAT_IN_REBUILD 4	/* behind the WAN's interface and address and two LAN prefixes */

static const struct opening *opened(const struct rig *r, uint16_t port)
{
	const struct prefix any = prefix_any4();
	return table_by_external(r->core->table, MAP_PROTO_UDP, port, &any);
}

static void another_wan(struct rig *r, const char *text)
{
	const struct addr wan = rig_addr(text);
	core_wan_changed(r->core, &wan, 2);
}

static struct map_req of_port(uint16_t port)
{
	struct map_req req = rig_map(A, port);

	req.external.port = port;
	return req;
}

/* The firewall's answer to what is sent now does not come before release. */
static void refuse_late(struct rig *r, uint32_t bad)
{
	fw_fake_fail(r->fw, ERR_DENIED, &bad, 1);
	fw_fake_hold(r->fw);
}

static void test_news_come_before_the_refusal(void **state)
{
	struct rig *r = *state;
	struct map_req req = of_port(8000);

	refuse_late(r, 0);
	rig_post(r, &req);
	loop_once(r->loop, 0);
	another_wan(r, "203.0.113.6");
	fw_fake_release(r->fw);
	rig_settle(r);
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->ans.result, MAP_OK);
	assert_true(core_opening_active(r->core, opened(r, 8000)));
}

static void test_news_come_before_the_rebuild_is_refused(void **state)
{
	struct rig *r = *state;
	struct map_req req = of_port(8000);

	assert_int_equal(rig_ask(r, &req), MAP_OK);
	refuse_late(r, DNAT_IN_REBUILD);
	another_wan(r, "203.0.113.6");
	loop_once(r->loop, 0);
	another_wan(r, "203.0.113.5");
	fw_fake_release(r->fw);
	rig_settle(r);
	assert_true(core_opening_active(r->core, opened(r, 8000)));
	assert_false(opened(r, 8000)->barred);
}

/* Who was refused before the news came is tried again with all the rest. */
static void test_news_come_between_two_refusals(void **state)
{
	struct rig *r = *state;
	struct map_req first = of_port(8000), second = of_port(8001);

	refuse_late(r, 0);
	rig_post(r, &first);
	rig_post(r, &second);
	loop_once(r->loop, 0);
	fw_fake_release(r->fw);
	refuse_late(r, 0);
	loop_once(r->loop, 0);
	assert_int_equal(r->answers, 0);
	another_wan(r, "203.0.113.6");
	fw_fake_release(r->fw);
	rig_settle(r);
	assert_int_equal(r->answers, 2);
	assert_true(core_opening_active(r->core, opened(r, 8000)));
	assert_true(core_opening_active(r->core, opened(r, 8001)));
}

/* A refusal without news is meant. */
static void test_a_refusal_is_answered(void **state)
{
	struct rig *r = *state;
	struct map_req req = of_port(8000);
	const uint32_t bad = 0;

	fw_fake_fail(r->fw, ERR_DENIED, &bad, 1);
	assert_int_equal(rig_ask(r, &req), MAP_TROUBLE);
	assert_null(opened(r, 8000));
}

/* Peers knocked while it was closed. */
static void test_flows_are_forgotten_when_it_opens_again(void **state)
{
	struct rig *r = *state;
	struct map_req req = of_port(8000);
	const uint32_t bad = DNAT_IN_REBUILD;
	size_t flows;

	assert_int_equal(rig_ask(r, &req), MAP_OK);
	fw_fake_fail(r->fw, ERR_DENIED, &bad, 1);
	another_wan(r, "203.0.113.6");
	rig_settle(r);
	assert_true(opened(r, 8000)->barred);
	flows = fw_fake_calls(r->fw)->flows;
	rig_advance(r, 1000);
	assert_false(opened(r, 8000)->barred);
	assert_int_equal(fw_fake_calls(r->fw)->flows, flows + 1);
	assert_int_equal(fw_fake_calls(r->fw)->last_flow.dst.port, 8000);
	/* Later renewals are none of peers' concern. */
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(fw_fake_calls(r->fw)->flows, flows + 1);
}

/* One that is not to be had costs one transaction a try, and no new table. */
static void test_a_try_is_cheap(void **state)
{
	struct rig *r = *state;
	struct map_req req = of_port(8000), other = of_port(8001);
	const uint32_t bad = DNAT_IN_REBUILD, again = 0;
	struct fw_fake_calls before;

	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(rig_ask(r, &other), MAP_OK);
	fw_fake_fail(r->fw, ERR_DENIED, &bad, 1);
	another_wan(r, "203.0.113.6");
	rig_settle(r);
	before = *fw_fake_calls(r->fw);
	for (unsigned i = 0; i < 10; i++) {
		fw_fake_fail(r->fw, ERR_DENIED, &again, 1);
		rig_advance(r, 1000ULL << i);
	}
	assert_int_equal(fw_fake_calls(r->fw)->applies, before.applies + 4);
	assert_int_equal(fw_fake_calls(r->fw)->rebuilds, before.rebuilds);
	assert_true(opened(r, 8000)->barred);
	assert_true(core_opening_active(r->core, opened(r, 8001)));
}

/* At once, and when that is refused too, soon: not when the next try of before would be. */
static void test_a_change_begins_anew(void **state)
{
	struct rig *r = *state;
	struct map_req req = of_port(8000);
	const uint32_t bad = DNAT_IN_REBUILD, again = 0;

	assert_int_equal(rig_ask(r, &req), MAP_OK);
	fw_fake_fail(r->fw, ERR_DENIED, &bad, 1);
	another_wan(r, "203.0.113.6");
	rig_settle(r);
	for (unsigned i = 0; i < 3; i++) {
		fw_fake_fail(r->fw, ERR_DENIED, &again, 1);
		rig_advance(r, 1000ULL << i);
	}
	fw_fake_fail(r->fw, ERR_DENIED, &bad, 1);
	another_wan(r, "203.0.113.7");
	rig_settle(r);
	assert_true(opened(r, 8000)->barred);
	rig_advance(r, 1000);
	assert_false(opened(r, 8000)->barred);
	fw_fake_fail(r->fw, ERR_DENIED, &bad, 1);
	another_wan(r, "203.0.113.8");
	rig_settle(r);
	assert_true(opened(r, 8000)->barred);
	another_wan(r, "203.0.113.9");
	rig_settle(r);
	assert_true(core_opening_active(r->core, opened(r, 8000)));
}

/* ---- order ---- */

static struct map_req close_of(uint16_t port)
{
	struct map_req req = of_port(port);

	req.op = MAP_OP_CLOSE;
	return req;
}

/* The second one needs what the first one does to be over. */
static void post_open_close_open(struct rig *r)
{
	const struct map_req open = of_port(8000), close = close_of(8000);

	rig_post(r, &open);
	rig_post(r, &close);
	rig_post(r, &open);
}

static void test_what_is_asked_last_is_done_last(void **state)
{
	struct rig *r = *state;
	const struct map_req close = close_of(8000);

	post_open_close_open(r);
	rig_settle(r);
	assert_int_equal(r->answers, 3);
	assert_int_equal(r->ans.result, MAP_OK);
	assert_true(core_opening_active(r->core, opened(r, 8000)));
	post_open_close_open(r);
	rig_post(r, &close);
	rig_settle(r);
	assert_int_equal(r->answers, 7);
	assert_null(opened(r, 8000));
}

/* It asks again before the firewall has answered. */
static void test_what_is_deferred_comes_first(void **state)
{
	struct rig *r = *state;
	const struct map_req open = of_port(8000), close = close_of(8000);

	fw_fake_hold(r->fw);
	rig_post(r, &open);
	rig_post(r, &close);
	loop_once(r->loop, 0);
	rig_post(r, &open);
	rig_post(r, &close);
	rig_post(r, &open);
	fw_fake_release(r->fw);
	rig_settle(r);
	assert_int_equal(r->answers, 5);
	assert_int_equal(r->ans.result, MAP_OK);
	assert_true(core_opening_active(r->core, opened(r, 8000)));
}

/* They are in the first transaction, however long the one's queue is. */
static void test_others_are_not_held_up(void **state)
{
	struct rig *r = *state;
	struct map_req other = rig_map(B, 8001);
	size_t before = fw_fake_calls(r->fw)->applies;

	other.external.port = 8001;
	post_open_close_open(r);
	post_open_close_open(r);
	rig_post(r, &other);
	fw_fake_hold(r->fw);
	loop_once(r->loop, 0);
	assert_int_equal(fw_fake_calls(r->fw)->applies, before + 1);
	assert_int_equal(fw_fake_count(r->fw, FW_MAP_DNAT4), 2);
	fw_fake_release(r->fw);
	rig_settle(r);
	assert_int_equal(r->answers, 7);
	assert_true(core_opening_active(r->core, opened(r, 8001)));
	assert_true(core_opening_active(r->core, opened(r, 8000)));
}

static void count_done(void *arg, int err)
{
	assert_int_equal(err, 0);
	++*(int *)arg;
}

/* The closing waits for the filters that are being changed, its undoing for the closing. */
static void test_the_owner_s_order_is_kept(void **state)
{
	struct rig *r = *state;
	struct map_req req = of_port(8000);
	int done = 0;
	const struct core_act act = {"test", count_done, &done};
	uint32_t id;

	assert_int_equal(rig_ask(r, &req), MAP_OK);
	id = opened(r, 8000)->id;
	rig_filter(&req, "198.51.100.0/24", 0);
	rig_post(r, &req);
	assert_int_equal(core_close(r->core, id, CORE_CLOSE_NOW, &act), 0);
	assert_int_equal(core_undo(r->core, id, &act), 0);
	rig_settle(r);
	assert_int_equal(done, 2);
	assert_non_null(opened(r, 8000));
	assert_int_equal(opened(r, 8000)->id, id);
}

/* The last one is refused with the first, and without that one deferred: then it is not answered
 * for what it was refused for. */
static void test_what_is_deferred_is_tried_anew(void **state)
{
	struct rig *r = *state;
	struct map_req other = rig_map(B, 8000);
	struct map_req open = of_port(8000);
	const struct map_req close = close_of(8000), last = of_port(8001);
	const uint32_t bad[] = {0, 3};

	other.external.port = 8000;
	other.exact = open.exact = true;
	fw_fake_fail(r->fw, ERR_DENIED, bad, 2);
	rig_post(r, &other);
	rig_post(r, &open);
	rig_post(r, &close);
	rig_post(r, &last);
	rig_settle(r);
	assert_int_equal(r->answers, 4);
	assert_int_equal(r->ans.result, MAP_OK);
	assert_true(core_opening_active(r->core, opened(r, 8001)));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_news_come_before_the_refusal),
		TEST(test_news_come_before_the_rebuild_is_refused),
		TEST(test_news_come_between_two_refusals),
		TEST(test_a_refusal_is_answered),
		TEST(test_flows_are_forgotten_when_it_opens_again),
		TEST(test_a_try_is_cheap),
		TEST(test_a_change_begins_anew),
		TEST(test_what_is_asked_last_is_done_last),
		TEST(test_what_is_deferred_comes_first),
		TEST(test_others_are_not_held_up),
		TEST(test_the_owner_s_order_is_kept),
		TEST(test_what_is_deferred_is_tried_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
