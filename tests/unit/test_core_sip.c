/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the SIP gateway keeps; flows forgotten for phones; the record; who looks like a phone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core_rig.h"

#include "gateway/core_sip.h"
#include "gateway/core_sip_int.h"
#include "protocols/err.h"

static const struct core_act act = {.by = "test"};

static uint32_t host_here(struct rig *r, const char *addr, uint8_t mac)
{
	struct core_host h = {.addr = rig_addr(addr), .ifindex = 1,
		.mac = {2, 2, 2, 2, 2, mac}, .ifname = "br-lan"};

	core_host_here(r->core, &h);
	rig_settle(r);
	return core_device_of(r->core, &h.addr);
}

static void mark(struct rig *r, uint32_t id, bool phone)
{
	struct core_device_change c = {.zone = -1, .phone = phone};
	struct core_fault fault;

	assert_int_equal(core_device_put(r->core, id, &c, &act, &fault), 0);
	rig_settle(r);
}

static int put(struct rig *r, uint32_t id, struct str value)
{
	const struct core_sip_row row = {.kind = 1, .id = id, .value = value};

	return core_sip_put(r->core, &row);
}

struct seen {
	size_t count;
	uint32_t last_id;
	struct str last;
};

static void see(void *arg, const struct core_sip_row *row)
{
	struct seen *s = arg;

	s->count++;
	s->last_id = row->id;
	s->last = row->value;
}

static struct seen rows(struct rig *r)
{
	struct seen s = {.count = 0};

	core_sip_rows(r->core, see, &s);
	return s;
}

/* ---- memory ---- */

static void rows_are_bounded(void **state)
{
	struct rig *r = *state;
	static char long_text[CORE_SIP_VALUE_MAX + 1];

	memset(long_text, 'x', sizeof(long_text));
	assert_int_equal(put(r, 1, (struct str){long_text, CORE_SIP_VALUE_MAX + 1}), ERR_RANGE);
	assert_int_equal(put(r, 1, (struct str){"a\0b", 3}), ERR_RANGE);
	assert_int_equal(put(r, 1, STR("\xff")), ERR_RANGE);
	assert_int_equal(rows(r).count, 0);
	assert_int_equal(put(r, 1, (struct str){long_text, CORE_SIP_VALUE_MAX}), 0);
	for (uint32_t id = 2; id <= CORE_SIP_ROWS_MAX; id++)
		assert_int_equal(put(r, id * 7, STR("{}")), 0);
	assert_int_equal(put(r, 5, STR("{}")), ERR_FULL);
	assert_int_equal(put(r, 14, STR("{\"a\":1}")), 0);
	rig_advance(r, 1);
	core_sip_drop(r->core, 1, 21);
	core_sip_drop(r->core, 1, 21);
	core_sip_drop(r->core, 2, 28);
	assert_int_equal(put(r, 5, STR("{}")), 0);
	assert_int_equal(put(r, 21, STR("{}")), ERR_FULL);
	assert_int_equal(rows(r).count, CORE_SIP_ROWS_MAX);
	rig_restart(r);
	assert_int_equal(rows(r).count, CORE_SIP_ROWS_MAX);
	assert_int_equal(rows(r).last_id, CORE_SIP_ROWS_MAX * 7);
	assert_int_equal(put(r, 21, STR("{}")), ERR_FULL);
}

static size_t dirty(struct rig *r)
{
	const struct core_sip *sip = r->core->sip;
	size_t n = 0;

	for (size_t i = 0; i < sip->count; i++)
		n += sip->rows[i]->dirty;
	return n;
}

static void rows_are_written_once_a_second(void **state)
{
	struct rig *r = *state;

	assert_int_equal(put(r, 1, STR("a")), 0);
	assert_int_equal(put(r, 2, STR("a")), 0);
	assert_int_equal(dirty(r), 2);
	rig_advance(r, 1);
	assert_int_equal(dirty(r), 0);
	assert_int_equal(put(r, 1, STR("b")), 0);
	rig_advance(r, 500);
	assert_int_equal(put(r, 1, STR("c")), 0);
	assert_int_equal(put(r, 2, STR("a")), 0);
	assert_int_equal(dirty(r), 1);
	rig_advance(r, 500);
	assert_int_equal(dirty(r), 0);
	/* Put back before the store heard that it was gone. */
	core_sip_drop(r->core, 1, 2);
	assert_int_equal(rows(r).count, 1);
	assert_int_equal(put(r, 2, STR("a")), 0);
	assert_int_equal(rows(r).count, 2);
	rig_advance(r, 1000);
	rig_restart(r);
	assert_int_equal(rows(r).count, 2);
	assert_true(str_eq(rows(r).last, STR("a")));
}

/* ---- phones ---- */

static size_t flows(struct rig *r)
{
	return fw_fake_calls(r->fw)->flows;
}

static void flows_are_forgotten_both_ways(void **state)
{
	struct rig *r = *state;
	const uint16_t both[] = {5060, 5070}, one[] = {5060};
	uint32_t id = host_here(r, "192.168.1.10", 1);
	const struct fw_flow *last = &fw_fake_calls(r->fw)->last_flow;
	const struct addr phone = rig_addr("192.168.1.10");
	size_t before = flows(r);

	mark(r, id, true);
	assert_int_equal(flows(r), before);
	core_sip_ports(r->core, one, 1);
	rig_settle(r);
	/* UDP and TCP. */
	assert_int_equal(flows(r), before + 2);
	assert_true(addr_is_any(&last->dst.addr));
	assert_int_equal(last->dst.port, 5060);
	assert_true(addr_eq(&last->remote, &phone));
	core_sip_ports(r->core, both, 2);
	rig_settle(r);
	assert_int_equal(flows(r), before + 4);
	assert_int_equal(last->dst.port, 5070);
	rig_settle(r);
	assert_int_equal(flows(r), before + 4);
	/* IPv6 is not translated. */
	host_here(r, "2001:db8:1::10", 1);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_PHONE6), 1);
	assert_int_equal(flows(r), before + 4);
	mark(r, id, false);
	assert_int_equal(flows(r), before + 8);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_PHONE4), 0);
	mark(r, id, true);
	assert_int_equal(flows(r), before + 12);
	/* While there was no table they began without us. */
	fw_fake_flush(r->fw);
	rig_settle(r);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_PHONE4), 1);
	assert_int_equal(flows(r), before + 16);
}

static void the_kernel_has_room_for_so_many(void **state)
{
	struct rig *r = *state;
	const uint16_t port = 5060;
	char text[ADDR_TEXT_MAX];
	uint32_t id = 0;

	core_sip_ports(r->core, &port, 1);
	for (unsigned d = 0; d < 4; d++) {
		for (unsigned i = 0; i < 100; i++) {
			snprintf(text, sizeof(text), "2001:db8:1::%x:%x", d + 1, i + 2);
			id = host_here(r, text, (uint8_t)(d + 1));
		}
		mark(r, id, true);
	}
	assert_int_equal(fw_fake_count(r->fw, FW_SET_PHONE6), FW_PHONES_MAX);
	mark(r, id, false);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_PHONE6), FW_PHONES_MAX);
	assert_int_equal(r->core->sip->phones.marked, 3);
}

static void a_refused_port_is_tried_again(void **state)
{
	struct rig *r = *state;
	const uint16_t ports[] = {5060, 5070};
	const uint32_t bad = 0;

	fw_fake_fail(r->fw, ERR_DENIED, &bad, 1);
	core_sip_ports(r->core, ports, 2);
	rig_settle(r);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_SIP_PORT), 1);
	rig_advance(r, 5000);
	rig_settle(r);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_SIP_PORT), 2);
}

/* ---- who looks like one ---- */

static void on_news(void *arg, const struct core_told *told)
{
	if (told->news == CORE_NEWS_DEVICE)
		++*(int *)arg;
}

static void on_sip(void *arg, const struct core_told *told)
{
	if (told->news == CORE_NEWS_SIP)
		*(uint32_t *)arg = *(uint32_t *)arg * 10 + told->id;
}

/* Whoever shows phones hears of rows that change, also of one that never reached the store. */
static void rows_that_change_are_news(void **state)
{
	struct rig *r = *state;
	struct core_sip_row row = {1, 7, 3, STR("{}")};
	uint32_t heard = 0;

	assert_int_equal(core_watch(r->core, on_sip, &heard), 0);
	assert_int_equal(core_sip_put(r->core, &row), 0);
	assert_int_equal(heard, 3);
	assert_int_equal(core_sip_put(r->core, &row), 0);
	assert_int_equal(heard, 3);
	core_sip_drop(r->core, 1, 7);
	assert_int_equal(heard, 33);
	core_sip_drop(r->core, 1, 7);
	assert_int_equal(heard, 33);
	core_sip_note(r->core, &(struct core_sip_note){.refused = true, .device_id = 4,
		.what = "missed call", .why = "so"});
	assert_int_equal(heard, 334);
	core_unwatch(r->core, on_sip, &heard);
}

static void who_sends_sip_is_told_once(void **state)
{
	struct rig *r = *state;
	uint32_t id = host_here(r, "192.168.1.10", 1);
	struct core_host h = {.addr = rig_addr("192.168.1.10"), .ifindex = 1,
		.mac = {2, 2, 2, 2, 2, 9}, .ifname = "br-lan"};
	int news = 0;

	assert_int_equal(core_watch(r->core, on_news, &news), 0);
	core_sip_seen(r->core, &h);
	assert_false(core_device(r->core, id)->sip_seen);
	h.mac[5] = 1;
	core_sip_seen(r->core, &h);
	core_sip_seen(r->core, &h);
	assert_true(core_device(r->core, id)->sip_seen);
	assert_int_equal(news, 1);
	rig_restart(r);
	assert_true(core_device(r->core, id)->sip_seen);
}

/* ---- the record ---- */

struct page {
	struct db_record rows[8];
	size_t count;
};

static void on_page(void *arg, int err, const struct core_row *found, size_t count, uint64_t next)
{
	struct page *p = arg;

	(void)next;
	assert_int_equal(err, 0);
	assert_true(count <= 8);
	p->count = count;
	for (size_t i = 0; i < count; i++)
		p->rows[i] = found[i].record;
}

static struct page record(struct rig *r, uint32_t device_id)
{
	const struct core_page page = {
		.filter = {.ring = DB_RINGS, .device_id = device_id}, .count = 8};
	struct page p = {.count = 0};

	assert_int_equal(core_record_page(r->core, &page, on_page, &p), 0);
	rig_settle(r);
	return p;
}

static void the_record_says_what_happened(void **state)
{
	struct rig *r = *state;
	struct core_sip_note n = {.device_id = 77, .what = "call", .why = "its own registrar",
		.peer = rig_addr("198.51.100.1"), .text = STR("a\x1b[31mb\r\n\xe2\x80\xae" "c")};
	struct page p;

	for (int i = 0; i < 30; i++)
		core_sip_note(r->core, &n);
	n.what = "hang up";
	core_sip_note(r->core, &n);
	n.refused = true;
	n.what = "missed call";
	n.why = "not admitted";
	for (int i = 0; i < 5; i++)
		core_sip_note(r->core, &n);
	rig_advance(r, 1000);
	rig_settle(r);
	p = record(r, 77);
	assert_int_equal(p.count, 3);
	for (size_t i = 0; i < p.count; i++) {
		const struct db_record *row = &p.rows[i];
		bool missed = strcmp(row->what, "missed call") == 0;
		assert_int_equal(row->ring, missed ? DB_RING_REFUSALS : DB_RING_OPENINGS);
		assert_int_equal(row->origin, MAP_ORIGIN_SIP);
		assert_int_equal(row->count, missed ? 5 : strcmp(row->what, "call") ? 1 : 30);
		assert_string_equal(row->descr, "a[31mbc");
		assert_true(addr_eq(&row->client, &n.peer));
	}
}

/* What was noted a moment before the end is not lost. */
static void the_end_writes_all(void **state)
{
	struct rig *r = *state;
	const struct core_sip_note n = {.device_id = 77, .what = "register", .why = "for an hour"};

	core_sip_note(r->core, &n);
	assert_int_equal(put(r, 1, STR("{}")), 0);
	rig_restart(r);
	assert_int_equal(record(r, 77).count, 1);
	assert_int_equal(rows(r).count, 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_are_bounded),
		TEST(rows_are_written_once_a_second),
		TEST(flows_are_forgotten_both_ways),
		TEST(the_kernel_has_room_for_so_many),
		TEST(a_refused_port_is_tried_again),
		TEST(rows_that_change_are_news), TEST(who_sends_sip_is_told_once),
		TEST(the_record_says_what_happened),
		TEST(the_end_writes_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
