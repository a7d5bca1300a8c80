/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to the owner: asked once, bounded, answered, kept. */
#include "tests/unit/core_rig.h"

#include "protocols/err.h"

#define A "192.168.1.10"
#define DAY_MS 86400000ULL

static const struct core_act act = {.by = "test"};

struct heard {
	unsigned cards, prompts;
};

static void on_news(void *arg, const struct core_told *told)
{
	struct heard *h = arg;

	if (told->news != CORE_NEWS_CARD)
		return;
	h->cards++;
	h->prompts += told->prompt;
}

/* Somebody looks after it: devices that come from now on are new. */
static int set_up(void **state)
{
	struct rig *r;

	rig_set_up(state);
	r = *state;
	assert_int_equal(core_attend(r->core, true, &act), 0);
	rig_settle(r);
	return 0;
}

static const struct card *card_at(struct rig *r, size_t i)
{
	size_t count;
	const struct card *cards = core_cards(r->core, &count);

	assert_true(i < count);
	return &cards[i];
}

static size_t count_cards(struct rig *r)
{
	size_t count;

	(void)core_cards(r->core, &count);
	return count;
}

static size_t answer(struct rig *r, enum card_state state)
{
	size_t opened = 0;

	assert_int_equal(core_card_answer(r->core, card_at(r, 0)->id, state, &act, &opened), 0);
	rig_settle(r);
	return opened;
}

struct page {
	size_t count;
	bool came;
};

static void on_page(void *arg, int err, const struct core_row *rows, size_t count, uint64_t next)
{
	struct page *p = arg;

	(void)rows, (void)next;
	assert_int_equal(err, 0);
	p->count = count;
	p->came = true;
}

static size_t rows_of(struct rig *r, enum db_ring ring)
{
	struct core_page page = {.filter = {.ring = ring}, .count = 5000};
	struct page p = {0};

	assert_int_equal(core_record_page(r->core, &page, on_page, &p), 0);
	rig_settle(r);
	assert_true(p.came);
	return p.count;
}

static void test_day_one_asks_nobody(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074);

	assert_false(core_state(r->core)->attended);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(count_cards(r), 0);
}

static void test_allowed_at_once(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074), other = rig_map(A, 3075);
	const struct db_device *d;

	req.lifetime_s = 86400;
	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	assert_int_equal(core_openings(r->core), 0);
	assert_int_equal(count_cards(r), 1);
	assert_int_equal(card_at(r, 0)->item_count, 1);
	assert_true(core_card_is_fresh(r->core, card_at(r, 0)));
	d = core_device(r->core, card_at(r, 0)->device_id);
	assert_int_equal(d->zone, RULE_ZONE_NEW);
	assert_int_equal(answer(r, CARD_ALLOWED), 1);
	assert_int_equal(d->zone, RULE_ZONE_MEMBER);
	assert_int_equal(core_openings(r->core), 1);
	/* For an hour, unless its app renews it. */
	assert_int_equal(core_opening_left_s(r->core, core_opening_at(r->core, 0)), CARD_OPENED_S);
	assert_memory_equal(core_opening_at(r->core, 0)->leases->nonce, req.nonce, MAP_NONCE_LEN);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(core_opening_left_s(r->core, core_opening_at(r->core, 0)), 86400);
	assert_int_equal(rig_ask(r, &other), MAP_OK);
	assert_int_equal(core_card_answer(r->core, card_at(r, 0)->id, CARD_NOT_NOW, &act,
				 &(size_t){0}), ERR_EXISTS);
}

static void test_too_old_to_be_opened(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074);

	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	rig_advance(r, CARD_FRESH_S * 1000ULL);
	assert_false(core_card_is_fresh(r->core, card_at(r, 0)));
	assert_int_equal(answer(r, CARD_ALLOWED), 0);
	assert_int_equal(core_openings(r->core), 0);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
}

static void test_only_this_today(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074), other = rig_map(A, 3075);
	size_t rules, before;

	(void)core_rules(r->core, &before);
	req.lifetime_s = 300;
	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	assert_int_equal(answer(r, CARD_ONLY), 1);
	assert_int_equal(rig_ask(r, &other), MAP_PENDING);
	rig_advance(r, DAY_MS - 120000);
	(void)core_rules(r->core, &rules);
	assert_int_equal(rules, before + 1);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	/* The rule goes with its day; what is open lives to its end, as it would be asked about. */
	rig_advance(r, 121000);
	(void)core_rules(r->core, &rules);
	assert_int_equal(rules, before);
	assert_int_equal(core_openings(r->core), 1);
	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	rig_advance(r, 300000);
	assert_int_equal(core_openings(r->core), 0);
}

static void test_only_this_for_good(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074), other = rig_map(A, 3075);

	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	assert_int_equal(answer(r, CARD_ALWAYS), 1);
	rig_advance(r, 2 * DAY_MS);
	rig_restart(r);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(rig_ask(r, &other), MAP_PENDING);
}

/* What was asked for any external port does not get the port of another service. */
static void test_always_reaches_no_risky_port(void **state)
{
	static const struct {
		uint16_t external;
		enum map_result result;
	} rows[] = {{22, MAP_DENIED}, {53, MAP_DENIED}, {3389, MAP_DENIED}, {8080, MAP_PENDING},
		{40000, MAP_OK}};
	struct rig *r = *state;
	struct map_req req = rig_map(A, 50000);

	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	assert_int_equal(answer(r, CARD_ALWAYS), 1);
	assert_int_equal(rig_close(r, &req), MAP_OK);
	req.exact = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		req.external.port = rows[i].external;
		assert_int_equal(rig_ask(r, &req), rows[i].result);
	}
	assert_int_equal(rig_close(r, &req), MAP_OK);
	/* As a suggestion it is no refusal: another port is given. */
	req.exact = false;
	req.external.port = 8080;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_not_equal(r->ans.external.port, 8080);
}

/* A rule lets the device ask for others; the answer is for them as well. */
static void test_for_another_host(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074), own = rig_map(A, 3080);
	struct core_fault fault;
	struct rule rules[32];
	size_t count;
	const struct rule *all = core_rules(r->core, &count);

	assert_true(count < 32);
	rule_init(&rules[0]);
	rules[0].verdict = RULE_ASK;
	rules[0].third_party = true;
	memcpy(rules + 1, all, count * sizeof(*all));
	assert_int_equal(core_rules_put(r->core, rules, count + 1, &act, &fault), 0);
	rig_settle(r);
	req.internal.addr = rig_addr("192.168.1.20");
	req.third_party = true;
	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	assert_int_equal(answer(r, CARD_ALWAYS), 1);
	assert_int_equal(core_openings(r->core), 1);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	req.internal.port++;
	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	/* What it asks for itself makes no rule for others. */
	assert_int_equal(rig_ask(r, &own), MAP_PENDING);
	all = core_rules(r->core, &count);
	assert_true(all[0].third_party && all[0].maker == RULE_BY_CARD);
	assert_int_equal(core_card_answer(r->core, card_at(r, 1)->id, CARD_ALLOWED, &act,
				 &(size_t){0}), 0);
	all = core_rules(r->core, &count);
	for (size_t i = 0; i < count; i++)
		assert_false(all[i].third_party && all[i].maker == RULE_BY_CARD &&
			     all[i].internal_min == own.internal.port);
}

static void test_not_now(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074);

	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	assert_int_equal(answer(r, CARD_NOT_NOW), 0);
	assert_int_equal(rig_ask(r, &req), MAP_DENIED);
	rig_restart(r);
	assert_int_equal(rig_ask(r, &req), MAP_DENIED);
	assert_int_equal(count_cards(r), 1);
	rig_advance(r, DAY_MS);
	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	assert_int_equal(count_cards(r), 2);
}

static void test_blocked(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074), other = rig_map(A, 3075);

	/* Allowed once, then blocked: what was allowed holds no more. */
	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	assert_int_equal(answer(r, CARD_ALWAYS), 1);
	assert_int_equal(core_openings(r->core), 1);
	assert_int_equal(rig_ask(r, &other), MAP_PENDING);
	assert_int_equal(core_card_answer(r->core, card_at(r, 1)->id, CARD_BLOCKED, &act,
				 &(size_t){0}), 0);
	rig_advance(r, 1000);
	assert_int_equal(core_openings(r->core), 0);
	assert_int_equal(rig_ask(r, &req), MAP_DENIED);
	assert_int_equal(rig_ask(r, &other), MAP_DENIED);
}

static void test_missed_and_allowed_after_all(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074);

	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	rig_advance(r, CARD_LAPSE_S * 1000ULL);
	assert_int_equal(card_at(r, 0)->state, CARD_MISSED);
	assert_int_equal(core_openings(r->core), 0);
	assert_int_equal(answer(r, CARD_ALLOWED), 0);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
}

static void test_a_members_look_first_port(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074), page = rig_map(A, 8080);

	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	answer(r, CARD_ALLOWED);
	assert_int_equal(rig_ask(r, &page), MAP_PENDING);
	assert_int_equal(count_cards(r), 2);
	assert_int_equal(core_card_answer(r->core, card_at(r, 1)->id, CARD_ALLOWED, &act,
				 &(size_t){0}), 0);
	rig_settle(r);
	assert_int_equal(core_openings(r->core), 2);
	rig_advance(r, 2 * DAY_MS);
	assert_int_equal(rig_ask(r, &page), MAP_OK);
}

static void test_a_thousand_asks(void **state)
{
	struct rig *r = *state;
	struct heard heard = {0};
	struct map_req again;
	size_t before;

	core_watch(r->core, on_news, &heard);
	before = rows_of(r, DB_RING_REFUSALS);
	for (unsigned i = 0; i < 1000; i++) {
		struct map_req req = rig_map(A, (uint16_t)(20000 + i));
		rig_post(r, &req);
		if (i % 10 == 0)
			rig_settle(r);
	}
	rig_advance(r, 120000);
	assert_int_equal(count_cards(r), 1);
	assert_int_equal(card_at(r, 0)->item_count, CARD_ITEMS_MAX);
	assert_int_equal(card_at(r, 0)->more, 1000 - CARD_ITEMS_MAX);
	assert_int_equal(heard.prompts, CARD_PROMPTS_DEVICE_DAY);
	assert_in_range(heard.cards, CARD_ITEMS_MAX, CARD_ITEMS_MAX + 2);
	/* Different ports are told apart as far as there are places for them. */
	assert_in_range(rows_of(r, DB_RING_REFUSALS) - before, 1, 130);
	/* The next day it may make the owner look again. */
	answer(r, CARD_NOT_NOW);
	rig_advance(r, DAY_MS);
	again = rig_map(A, 3074);
	assert_int_equal(rig_ask(r, &again), MAP_PENDING);
	assert_int_equal(heard.prompts, CARD_PROMPTS_DEVICE_DAY + 1);
	core_unwatch(r->core, on_news, &heard);
}

static void test_many_devices(void **state)
{
	struct rig *r = *state;
	struct heard heard = {0};
	char text[32];

	core_watch(r->core, on_news, &heard);
	for (unsigned i = 0; i < CARDS_OPEN_MAX + 5; i++) {
		snprintf(text, sizeof(text), "192.168.1.%u", 10 + i);
		struct map_req req = rig_map(text, 3074);
		assert_int_equal(rig_ask(r, &req),
			i < CARDS_OPEN_MAX ? MAP_PENDING : MAP_DENIED);
	}
	assert_int_equal(count_cards(r), CARDS_OPEN_MAX);
	assert_int_equal(heard.prompts, CARDS_OPEN_MAX);
	/* Day after day: no more are kept than there are places for. */
	for (unsigned day = 0; day < 10; day++) {
		rig_advance(r, DAY_MS);
		for (unsigned i = 0; i < CARDS_OPEN_MAX; i++) {
			snprintf(text, sizeof(text), "192.168.1.%u", 10 + i);
			struct map_req req = rig_map(text, 3074);
			assert_int_equal(rig_ask(r, &req), MAP_PENDING);
		}
	}
	assert_int_equal(count_cards(r), CARDS_KEPT_MAX);
	core_unwatch(r->core, on_news, &heard);
	rig_restart(r);
	assert_int_equal(count_cards(r), CARDS_KEPT_MAX);
}

static void test_kept_over_a_restart(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074);
	struct heard heard = {0};

	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	rig_restart(r);
	core_watch(r->core, on_news, &heard);
	assert_int_equal(card_at(r, 0)->state, CARD_OPEN);
	/* Its request is forgotten, so it is opened at the next try; nobody is called twice. */
	assert_false(core_card_is_fresh(r->core, card_at(r, 0)));
	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	assert_int_equal(count_cards(r), 1);
	assert_int_equal(heard.prompts, 0);
	assert_true(core_card_is_fresh(r->core, card_at(r, 0)));
	core_unwatch(r->core, on_news, &heard);
	rig_advance(r, CARD_LAPSE_S * 1000ULL);
	assert_int_equal(card_at(r, 0)->state, CARD_MISSED);
}

/* 192.168.1.10 is the address of 192.168.1.11's device now. */
static bool leased_anew(void *arg, const struct addr *addr, uint8_t mac[6])
{
	struct addr a = *addr;

	if (a.b[15] == 10)
		a.b[15] = 11;
	return rig_mac_of(arg, &a, mac);
}

/* What one device asked for is not opened for who has its address when the owner allows it. */
static void test_its_address_is_anothers(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074), other = rig_map("192.168.1.11", 3080);

	assert_int_equal(rig_ask(r, &other), MAP_PENDING);
	assert_int_equal(answer(r, CARD_ALLOWED), 1);
	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	r->core->env.mac_of = leased_anew;
	assert_int_equal(core_card_answer(r->core, card_at(r, 1)->id, CARD_ALLOWED, &act,
				 &(size_t){0}), 0);
	rig_settle(r);
	assert_int_equal(core_openings(r->core), 1);
	assert_int_equal(core_opening_at(r->core, 0)->internal.port, 3080);
}

/* What has no end ends with its day all the same. */
static void test_today_is_not_for_ever(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074);

	req.origin = MAP_ORIGIN_UPNP;
	req.has_nonce = false;
	req.key = MAP_KEY_EXTERNAL;
	req.exact = true;
	req.external.port = 3074;
	req.lifetime_s = MAP_LIFETIME_ENDLESS;
	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	assert_int_equal(answer(r, CARD_ONLY), 1);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	rig_advance(r, DAY_MS - 120000);
	core_host_here(r->core, &(struct core_host){.addr = rig_addr(A), .ifindex = 3,
		.ifname = "br-lan", .mac = {2, 2, 2, 2, 1, 10}});
	rig_settle(r);
	assert_int_equal(core_openings(r->core), 1);
	rig_advance(r, 180000);
	assert_int_equal(core_openings(r->core), 0);
}

/* Without a clock nobody knows when a day is over. */
static void test_today_needs_a_clock(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074);

	r->core->wall_synced = false;
	assert_int_equal(rig_ask(r, &req), MAP_PENDING);
	assert_int_equal(core_card_answer(r->core, card_at(r, 0)->id, CARD_ONLY, &act,
				 &(size_t){0}), ERR_AGAIN);
	assert_int_equal(card_at(r, 0)->state, CARD_OPEN);
	assert_int_equal(answer(r, CARD_ALWAYS), 1);
	assert_int_equal(core_openings(r->core), 1);
	assert_int_equal(core_close(r->core, core_opening_at(r->core, 0)->id, CORE_CLOSE_DAY, &act),
		ERR_AGAIN);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_day_one_asks_nobody, rig_set_up,
			rig_tear_down),
		TEST(test_allowed_at_once),
		TEST(test_too_old_to_be_opened),
		TEST(test_only_this_today),
		TEST(test_today_is_not_for_ever),
		TEST(test_today_needs_a_clock),
		TEST(test_its_address_is_anothers),
		TEST(test_only_this_for_good),
		TEST(test_always_reaches_no_risky_port),
		TEST(test_for_another_host),
		TEST(test_not_now),
		TEST(test_blocked),
		TEST(test_missed_and_allowed_after_all),
		TEST(test_a_members_look_first_port),
		TEST(test_a_thousand_asks),
		TEST(test_many_devices),
		TEST(test_kept_over_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
