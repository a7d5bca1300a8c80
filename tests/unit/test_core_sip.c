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
#include "gateway/policy_json.h"
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

/* ---- where they are called ---- */

static struct core_sip_place place_of(uint16_t port, bool has_tcp, size_t count)
{
	struct core_sip_place place = {.port = port, .has_tcp = has_tcp, .count = count};

	for (size_t i = 0; i < count; i++)
		place.callers[i] = (struct prefix){addr_from4(0xc6336400 + 16 * (uint32_t)i), 124};
	return place;
}

static void tell_place(struct rig *r, uint16_t port, bool has_tcp, size_t count)
{
	const struct core_sip_place place = place_of(port, has_tcp, count);

	core_sip_place(r->core, &place);
	rig_settle(r);
}

static void assert_kernel(struct rig *r, size_t places, size_t callers)
{
	assert_int_equal(fw_fake_count(r->fw, FW_SET_PLACE_TCP4), places);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_CALLER4), callers);
}

static void places_are_in_the_kernel(void **state)
{
	struct rig *r = *state;

	mark(r, host_here(r, "192.168.1.10", 1), true);
	assert_false(core_sip_place_is_shut(r->core, 36001));
	tell_place(r, 36001, false, 2);
	assert_kernel(r, 0, 2);
	assert_false(core_sip_place_is_shut(r->core, 36001));
	tell_place(r, 36001, true, 2);
	assert_kernel(r, 1, 4);
	assert_true(core_sip_place_is_shut(r->core, 36001));
	tell_place(r, 36003, true, CORE_SIP_CALLERS_MAX);
	assert_kernel(r, 2, 4 + 2 * CORE_SIP_CALLERS_MAX);
	/* Another table has them, too. */
	fw_fake_flush(r->fw);
	rig_settle(r);
	assert_kernel(r, 2, 4 + 2 * CORE_SIP_CALLERS_MAX);
	tell_place(r, 36001, true, 1);
	assert_kernel(r, 2, 2 + 2 * CORE_SIP_CALLERS_MAX);
	tell_place(r, 36001, false, 0);
	assert_kernel(r, 1, 2 * CORE_SIP_CALLERS_MAX);
	assert_false(core_sip_place_is_shut(r->core, 36001));
	assert_true(core_sip_place_is_shut(r->core, 36003));
	tell_place(r, 36003, false, 0);
	assert_kernel(r, 0, 0);
}

/* Nothing of it is in force then, least of all a listener; others are not concerned. */
static void a_refused_place_is_tried_again(void **state)
{
	struct rig *r = *state;
	const uint32_t bad = 2;

	mark(r, host_here(r, "192.168.1.10", 1), true);
	tell_place(r, 36001, true, 1);
	fw_fake_fail(r->fw, ERR_DENIED, &bad, 1);
	tell_place(r, 36003, true, 2);
	assert_kernel(r, 1, 2);
	assert_false(core_sip_place_is_shut(r->core, 36003));
	assert_true(core_sip_place_is_shut(r->core, 36001));
	/* Said again by the gateway, each second, it is the same. */
	tell_place(r, 36003, true, 2);
	assert_kernel(r, 1, 2);
	rig_advance(r, 5000);
	rig_settle(r);
	assert_kernel(r, 2, 6);
	assert_true(core_sip_place_is_shut(r->core, 36003));
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

/* ---- whom the owner lets call ---- */

static struct db_callers callers_of(const char *text)
{
	struct db_callers c = {.count = 1};

	assert_int_equal(prefix_decode(str_from(text), &c.at[0]), 0);
	return c;
}

static int let_in(struct rig *r, uint32_t id, const struct db_callers *callers,
	struct core_fault *fault)
{
	struct core_device_change c = {.zone = -1, .phone = -1, .callers = callers};
	int err = core_device_put(r->core, id, &c, &act, fault);

	rig_settle(r);
	return err;
}

static bool may_call(struct rig *r, uint32_t id, const char *host)
{
	struct addr a = rig_addr(host);

	return core_sip_admits(r->core, id, &a);
}

/* Kept with the device: over a restart, in the policy that is exported and put in again, and when
 * it turns out to be another one. */
static void callers_are_the_owners_word(void **state)
{
	struct rig *r = *state;
	uint32_t id = host_here(r, "192.168.1.10", 1), other = host_here(r, "192.168.1.11", 2);
	struct db_callers farm = callers_of("198.51.100.0/24"), none = {0};
	struct core_fault fault;
	struct policy p;

	assert_int_equal(let_in(r, id, &farm, &fault), 0);
	mark(r, id, true);
	assert_true(may_call(r, id, "198.51.100.7"));
	assert_false(may_call(r, id, "198.51.101.7"));
	assert_false(may_call(r, other, "198.51.100.7"));
	assert_false(may_call(r, 4711, "198.51.100.7"));
	rig_restart(r);
	assert_true(may_call(r, id, "198.51.100.7"));
	assert_int_equal(core_policy_get(r->core, &p), 0);
	assert_int_equal(let_in(r, id, &none, &fault), 0);
	assert_false(may_call(r, id, "198.51.100.7"));
	assert_int_equal(core_policy_put(r->core, &p, &act, &fault), 0);
	rig_settle(r);
	assert_true(may_call(r, id, "198.51.100.7"));
	p.devices[0].callers = callers_of("8.0.0.0/7");
	assert_int_equal(core_policy_put(r->core, &p, &act, &fault), ERR_RANGE);
	assert_string_equal(fault.place, "devices[0]");
	policy_json_free(&p);
	assert_int_equal(core_device_merge(r->core, id, other, &act), 0);
	rig_settle(r);
	assert_true(may_call(r, other, "198.51.100.7"));
}

static void callers_that_cannot_be_meant(void **state)
{
	struct rig *r = *state;
	uint32_t id = host_here(r, "192.168.1.10", 1);
	struct db_callers farm = callers_of("198.51.100.0/24"), all = callers_of("0.0.0.0/0");
	struct core_fault fault = {.place = ""};

	assert_int_equal(let_in(r, id, &farm, &fault), 0);
	assert_int_equal(let_in(r, id, &all, &fault), ERR_RANGE);
	assert_string_equal(fault.place, "callers");
	assert_string_equal(fault.why, "a prefix is wider than /8");
	assert_true(may_call(r, id, "198.51.100.7"));
	assert_false(may_call(r, id, "192.0.2.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_are_bounded),
		TEST(rows_are_written_once_a_second),
		TEST(flows_are_forgotten_both_ways),
		TEST(the_kernel_has_room_for_so_many),
		TEST(a_refused_port_is_tried_again),
		TEST(places_are_in_the_kernel), TEST(a_refused_place_is_tried_again),
		TEST(callers_are_the_owners_word), TEST(callers_that_cannot_be_meant),
		TEST(rows_that_change_are_news), TEST(who_sends_sip_is_told_once),
		TEST(the_record_says_what_happened),
		TEST(the_end_writes_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
