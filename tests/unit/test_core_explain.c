/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Explained is not done: the same words, and nothing changes. */
#include "tests/unit/core_rig.h"

#define A "192.168.1.10"
#define B "192.168.1.20"

struct told {
	unsigned count;
	struct core_explained e;
	enum decide_miss misses[RULES_MAX];
	char why[128];
	size_t place;		/* of the deciding rule among those tried; 0: none */
};

static void on_explained(void *arg, const struct core_explained *e)
{
	struct told *t = arg;

	t->count++;
	t->e = *e;
	snprintf(t->why, sizeof(t->why), "%s", e->why);
	if (e->miss_count)
		memcpy(t->misses, e->misses, e->miss_count * sizeof(*e->misses));
	for (size_t i = 0; i < e->rule_count; i++) {
		if (e->rules[i].id == e->rule_id)
			t->place = i + 1;
	}
}

/* All that could change. */
struct before {
	size_t openings, devices, cards;
	struct db_state state;
	uint32_t seed, update_id, zones[RULE_ZONES];
	uint32_t uses;
};

static struct before look(struct rig *r)
{
	struct before b = {
		.openings = core_openings(r->core),
		.devices = core_devices(r->core),
		.state = r->core->state,
		.seed = r->core->port_seed,
		.update_id = core_update_id(r->core),
	};
	size_t count;
	const struct rule *rules;

	memcpy(b.zones, r->core->zone_openings, sizeof(b.zones));
	(void)core_cards(r->core, &b.cards);
	rules = core_rules(r->core, &count);
	for (size_t i = 0; i < count; i++)
		b.uses += core_rule_use(r->core, rules[i].id).count;
	return b;
}

static struct told explain_by(struct rig *r, const struct core_explain *x)
{
	struct told t = {0};
	struct before before = look(r), after;
	struct core_fault fault;

	assert_int_equal(core_explain(r->core, x, &fault, on_explained, &t), 0);
	assert_int_equal(t.count, 0);
	rig_settle(r);
	assert_int_equal(t.count, 1);
	after = look(r);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_false(r->core->need_rebuild);
	return t;
}

static struct told explain(struct rig *r, const struct map_req *req)
{
	return explain_by(r, &(struct core_explain){.req = *req});
}

static void test_granted(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074);
	struct told t = explain(r, &req);
	size_t count;
	const struct rule *rules = core_rules(r->core, &count);

	assert_int_equal(t.e.result, MAP_OK);
	assert_int_equal(t.e.lifetime_s, 3600);
	assert_int_equal(t.e.external.port, 3074);
	assert_int_equal(t.e.device_id, 0);
	assert_int_equal(t.e.miss_count, count - 1);
	assert_int_equal(t.e.rule_id, rules[count - 1].id);
	assert_string_equal(t.why, rules[count - 1].note);
	assert_int_equal(t.misses[0], DECIDE_ZONE);
	/* It would have been so. */
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(r->ans.external.port, 3074);
	t = explain(r, &req);
	assert_int_equal(t.e.device_id, core_device_at(r->core, 0)->id);
}

static void test_refused_in_the_records_words(void **state)
{
	struct rig *r = *state;
	struct map_req low = rig_map(A, 80), other = rig_map(A, 3074), taken = rig_map(B, 3074);
	struct told t = explain(r, &low);

	assert_int_equal(t.e.result, MAP_DENIED);
	assert_string_equal(t.why, "ports below 1024 are for the owner to open");
	other.internal.addr = rig_addr(B);
	t = explain(r, &other);
	assert_int_equal(t.e.result, MAP_DENIED);
	assert_string_equal(t.why, "a device may open ports for itself only");
	assert_int_equal(t.e.rule_id, 0);
	other = rig_map(A, 3074);
	assert_int_equal(rig_ask(r, &other), MAP_OK);
	taken.external.port = 3074;
	taken.exact = true;
	t = explain(r, &taken);
	assert_int_equal(t.e.result, MAP_TAKEN);
	assert_string_equal(t.why, map_result_text(MAP_TAKEN));
}

static void test_a_question_is_not_asked(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074);
	struct told t;

	assert_int_equal(core_attend(r->core, true, &(struct core_act){.by = "test"}), 0);
	rig_settle(r);
	t = explain(r, &req);
	assert_int_equal(t.e.result, MAP_PENDING);
	assert_string_equal(t.why, "you are asked about new devices");
}

static void test_one_at_a_time(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 3074), running = rig_map(B, 3074);
	const struct core_explain x = {.req = req};
	struct core_fault fault;
	struct told t = {0};

	/* A batch under way is waited for. */
	rig_post(r, &running);
	assert_int_equal(core_explain(r->core, &x, &fault, on_explained, &t), 0);
	assert_int_equal(core_explain(r->core, &x, &fault, on_explained, &t), ERR_BUSY);
	rig_settle(r);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.e.result, MAP_OK);
	assert_int_equal(core_openings(r->core), 1);
}

static struct rule no_games(void)
{
	struct rule r;

	rule_init(&r);
	r.verdict = RULE_DENY;
	r.internal_min = r.internal_max = 3074;
	snprintf(r.note, sizeof(r.note), "no games");
	return r;
}

/* A draft decides, and nothing of it stays. */
static void test_draft(void **state)
{
	struct rig *r = *state;
	struct map_req game = rig_map(A, 3074), web = rig_map(A, 8080);
	struct rule draft[RULES_MAX] = {0};
	struct core_explain x = {.req = game, .rules = draft};
	size_t count;
	const struct rule *rules = core_rules(r->core, &count);
	uint32_t next = r->core->next_rule_id;
	struct told t;

	memcpy(draft + 1, rules, count * sizeof(*rules));
	draft[0] = no_games();
	x.count = count + 1;
	t = explain_by(r, &x);
	assert_int_equal(t.e.result, MAP_DENIED);
	assert_string_equal(t.why, "no games");
	assert_int_equal(t.place, 1);
	assert_int_equal(t.e.rule_id, next);
	assert_int_equal(t.e.miss_count, 0);
	x.req = web;
	t = explain_by(r, &x);
	/* Who changes rules looks after the router: new devices are asked about. */
	assert_int_equal(t.e.result, MAP_PENDING);
	assert_int_equal(t.misses[0], DECIDE_INTERNAL);
	assert_false(core_state(r->core)->attended);
	assert_int_equal(r->core->next_rule_id, next);
	assert_ptr_equal(core_rules(r->core, &count), rules);
	/* No rule at all. */
	x.count = 0;
	t = explain_by(r, &x);
	assert_int_equal(t.e.result, MAP_DENIED);
	assert_int_equal(t.e.rule_id, 0);
	assert_int_equal(t.place, 0);
	/* As if it had not been: the rules in force decide. */
	assert_int_equal(rig_ask(r, &game), MAP_OK);
}

static void test_draft_at_fault(void **state)
{
	struct rig *r = *state;
	struct rule draft[2] = {no_games(), no_games()};
	struct core_explain x = {.req = rig_map(A, 3074), .rules = draft, .count = 2};
	struct core_fault fault = {.why = ""};
	struct told t = {0};

	draft[1].device_id = 99;
	assert_int_equal(core_explain(r->core, &x, &fault, on_explained, &t), ERR_RANGE);
	assert_string_equal(fault.place, "rules[1]");
	assert_string_equal(fault.why, "there is no such device");
	x.count = RULES_MAX + 1;
	assert_int_equal(core_explain(r->core, &x, &fault, on_explained, &t), ERR_RANGE);
	rig_settle(r);
	assert_int_equal(t.count, 0);
	/* The next question is not held up. */
	x.count = 1;
	assert_int_equal(explain_by(r, &x).e.result, MAP_DENIED);
}

static void test_stopped_before_the_answer(void **state)
{
	struct rig *r = *state;
	struct rule draft = no_games();
	const struct core_explain x = {.req = rig_map(A, 3074), .rules = &draft, .count = 1};
	struct core_fault fault;
	struct told t = {0};

	assert_int_equal(core_explain(r->core, &x, &fault, on_explained, &t), 0);
	core_stop(r->core);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.e.result, MAP_TROUBLE);
	assert_string_equal(t.why, map_result_text(MAP_TROUBLE));
	assert_int_equal(core_explain(r->core, &x, &fault, on_explained, &t), ERR_BUSY);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_granted),
		TEST(test_refused_in_the_records_words),
		TEST(test_a_question_is_not_asked),
		TEST(test_one_at_a_time),
		TEST(test_draft),
		TEST(test_draft_at_fault),
		TEST(test_stopped_before_the_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
