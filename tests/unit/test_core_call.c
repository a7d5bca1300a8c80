/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ports of a phone's calls leave behind: nothing in the store but their rows of the record,
 * which nobody waits for; and the kernel tells of them when the daemon was killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core_rig.h"

#include "gateway/core_job.h"
#include "gateway/core_sip.h"

#define PHONE "192.168.1.10"
#define PHONE6 "2001:db8:1::10"
#define PEER_A "198.51.100.7"
#define PEER_B "198.51.100.8"
#define PEER6 "2001:db8:ffff::7"

static const struct core_act act = {.by = "test"};

/* Each address is a device of its own. */
static void make_phone(struct rig *r, const char *addr)
{
	const struct core_device_change c = {.zone = -1, .phone = true};
	struct core_host h = {.addr = rig_addr(addr), .ifindex = 1, .ifname = "br-lan"};
	struct core_fault fault;

	rig_mac_of(NULL, &h.addr, h.mac);
	core_host_here(r->core, &h);
	rig_settle(r);
	assert_int_equal(core_device_put(r->core, core_device_of(r->core, &h.addr), &c, &act,
		&fault), 0);
	rig_settle(r);
}

static int set_up(void **state)
{
	assert_int_equal(rig_set_up(state), 0);
	make_phone(*state, PHONE);
	make_phone(*state, PHONE6);
	return 0;
}

static struct map_req media(const char *client, uint16_t port, uint16_t external)
{
	struct map_req req = {
		.op = MAP_OP_OPEN,
		.origin = MAP_ORIGIN_SIP,
		.proto = MAP_PROTO_UDP,
		.client = rig_addr(client),
		.internal = {rig_addr(client), port},
		.external = {addr_any4(), external},
		.exact = true,
		.lifetime_s = 3600,
		.clear_filters = true,
	};

	req.remote = addr_is4(&req.client) ? prefix_any4() : prefix_any6();
	if (!addr_is4(&req.client)) {
		req.exact = false;
		req.external.addr = req.client;
		rig_filter(&req, PEER6 "/128", 0);
		return req;
	}
	rig_filter(&req, PEER_A "/32", 0);
	rig_filter(&req, PEER_B "/32", 0);
	return req;
}

/* Everything of a call: sound and its control. */
static void call(struct rig *r, enum map_op op)
{
	struct map_req rtp = media(PHONE, 4000, 36000), rtcp = media(PHONE, 4001, 36001);
	int before = r->answers;

	rtp.op = rtcp.op = op;
	if (op == MAP_OP_CLOSE)
		rtp.filter_count = rtcp.filter_count = 0;
	rig_post(r, &rtp);
	rig_post(r, &rtcp);
	for (int i = 0; i < 100 && r->answers < before + 2; i++)
		loop_once(r->loop, 0);
	assert_int_equal(r->answers, before + 2);
	assert_int_equal(r->ans.result, MAP_OK);
}

/* The firewall as it is, the daemon new. */
static void begin_anew(struct rig *r, const char *edit)
{
	core_free(r->core);
	temp_db_reopen(r->temp);
	temp_db_edit(r->temp, edit);
	rig_start(r);
}

static int count_row(void *arg, const struct db_opening *o)
{
	(void)o;
	++*(size_t *)arg;
	return 0;
}

struct page {
	struct db_record rows[8];
	size_t count;
};

static void on_page(void *arg, int err, const struct core_row *found, size_t count, uint64_t next)
{
	struct page *p = arg;

	(void)next;
	assert_int_equal(err, 0);
	assert_in_range(count, 0, 8);
	p->count = count;
	for (size_t i = 0; i < count; i++)
		p->rows[i] = found[i].record;
}

static struct page record(struct rig *r, const char *text)
{
	struct core_page page = {.filter = {.ring = DB_RING_OPENINGS}, .count = 8};
	struct page p = {.count = 0};

	snprintf(page.filter.text, sizeof(page.filter.text), "%s", text);
	assert_int_equal(core_record_page(r->core, &page, on_page, &p), 0);
	rig_settle(r);
	return p;
}

/* ---- the store ---- */

static void nobody_waits_for_the_store(void **state)
{
	struct rig *r = *state;

	call(r, MAP_OP_OPEN);
	assert_int_equal(db_queue_depth(r->core->queue), 0);
	assert_non_null(r->core->gathered);
	call(r, MAP_OP_CLOSE);
	assert_int_equal(db_queue_depth(r->core->queue), 0);
	/* A moment later, all at once. */
	loop_advance(r->loop, 100);
	loop_once(r->loop, 0);
	assert_null(r->core->gathered);
	rig_settle(r);
	assert_int_equal(record(r, "").count, 2);
}

static void a_call_leaves_no_row(void **state)
{
	struct rig *r = *state;
	struct map_req game = rig_map(PHONE, 7000);
	size_t rows = 0;

	call(r, MAP_OP_OPEN);
	assert_int_equal(rig_ask(r, &game), MAP_OK);
	store_everything(r->core);
	core_free(r->core);
	temp_db_reopen(r->temp);
	assert_int_equal(db_openings_each(r->temp->db, count_row, &rows), 0);
	assert_int_equal(rows, 1);
	rig_start(r);
}

/* ---- the record ---- */

static void a_pair_is_one_row(void **state)
{
	struct rig *r = *state;
	struct page p;

	call(r, MAP_OP_OPEN);
	call(r, MAP_OP_CLOSE);
	p = record(r, "");
	assert_int_equal(p.count, 2);
	assert_string_equal(p.rows[1].what, "open");
	assert_string_equal(p.rows[0].what, "close");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(p.rows[i].count, 2);
		assert_int_equal(p.rows[i].external.port, 36000);
		assert_int_equal(p.rows[i].internal.port, 4000);
	}
	/* Either of them is found. */
	assert_int_equal(record(r, "36001").count, 2);
	assert_int_equal(record(r, "4001").count, 2);
	assert_int_equal(record(r, "36002").count, 0);
}

static void what_is_no_pair_is_not_one_row(void **state)
{
	struct rig *r = *state;
	const struct map_req at[] = {media(PHONE, 4000, 36000), media(PHONE, 4001, 36005),
		media(PHONE, 4007, 36006)};
	struct page p;

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(rig_ask(r, &at[i]), MAP_OK);
	p = record(r, "");
	assert_int_equal(p.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(p.rows[i].count, 1);
}

/* What waits is written before what comes after it. */
static void the_record_is_in_order(void **state)
{
	struct rig *r = *state;
	struct map_req game = rig_map(PHONE, 7000);
	const struct core_sip_note note = {.device_id = 3, .what = "register", .why = "so"};
	struct page p;

	call(r, MAP_OP_OPEN);
	core_sip_note(r->core, &note);
	assert_int_equal(rig_ask(r, &game), MAP_OK);
	core_sip_note(r->core, &note);
	call(r, MAP_OP_CLOSE);
	p = record(r, "");
	assert_int_equal(p.count, 5);
	assert_string_equal(p.rows[4].what, "open");
	assert_int_equal(p.rows[4].origin, MAP_ORIGIN_SIP);
	assert_string_equal(p.rows[3].what, "register");
	assert_int_equal(p.rows[2].origin, MAP_ORIGIN_PCP);
	assert_string_equal(p.rows[1].what, "register");
	assert_string_equal(p.rows[0].what, "close");
}

static void the_end_writes_what_waits(void **state)
{
	struct rig *r = *state;

	call(r, MAP_OP_OPEN);
	rig_restart(r);
	assert_int_equal(record(r, "").count, 1);
}

/* ---- killed ---- */

static void the_kernel_remembers(void **state)
{
	struct rig *r = *state;
	const struct map_req six = media(PHONE6, 4000, 4000);
	const struct opening *o;
	uint32_t id;

	call(r, MAP_OP_OPEN);
	assert_int_equal(rig_ask(r, &six), MAP_OK);
	id = r->ans.id;
	begin_anew(r, "SELECT 1");
	assert_int_equal(core_openings(r->core), 3);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN4_PEER), 4);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN_UDP4), 0);
	assert_int_equal(r->core->sip_filters, 5);
	o = core_opening_by_id(r->core, id);
	assert_int_equal(o->filters->count, 1);
	assert_true(prefix_is_any(&o->remote));
	for (size_t i = 0; i < 3; i++) {
		o = core_opening_at(r->core, i);
		assert_true(o->call && o->active);
		assert_int_equal(o->leases->origin, MAP_ORIGIN_SIP);
	}
	/* It is the same opening for who asks again. */
	assert_int_equal(rig_ask(r, &six), MAP_OK);
	assert_int_equal(r->ans.id, id);
	call(r, MAP_OP_CLOSE);
	assert_int_equal(core_openings(r->core), 1);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN4_PEER), 0);
}

/* The store has not heard how many ids were given out. */
static void no_id_is_another_ones(void **state)
{
	struct rig *r = *state;
	struct map_req game = rig_map(PHONE, 7000);
	uint32_t last;

	call(r, MAP_OP_OPEN);
	last = r->ans.id;
	begin_anew(r, "UPDATE state SET next_opening_id = 65536");
	assert_int_equal(rig_ask(r, &game), MAP_OK);
	assert_int_equal(r->ans.id, last + 1);
	assert_non_null(core_opening_by_id(r->core, last));
}

/* It has heard of more than the call's: that does not make it forgotten. */
static void later_ids_do_not_matter(void **state)
{
	struct rig *r = *state;
	struct map_req game = rig_map(PHONE, 7000);

	call(r, MAP_OP_OPEN);
	assert_int_equal(rig_ask(r, &game), MAP_OK);
	begin_anew(r, "PRAGMA foreign_keys = ON; DELETE FROM openings");
	assert_int_equal(core_openings(r->core), 2);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_waits_for_the_store), TEST(a_call_leaves_no_row),
		TEST(a_pair_is_one_row), TEST(what_is_no_pair_is_not_one_row),
		TEST(the_record_is_in_order), TEST(the_end_writes_what_waits),
		TEST(the_kernel_remembers), TEST(no_id_is_another_ones),
		TEST(later_ids_do_not_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
