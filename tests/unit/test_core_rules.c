/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules put in force: refused as a whole, previewed, and what is open decided anew. */
#include "tests/unit/core_rig.h"

#include "gateway/core_auth.h"
#include "protocols/err.h"

#include <unistd.h>

#define A "192.168.1.10"
#define B "192.168.1.20"
#define RULES 16

struct done {
	unsigned count;
	int err;
};

static void on_done(void *arg, int err)
{
	struct done *d = arg;

	d->count++;
	d->err = err;
}

/* The rules in force with one more before them. */
static size_t with(struct rig *r, const struct rule *first, struct rule out[RULES])
{
	size_t count;
	const struct rule *rules = core_rules(r->core, &count);

	assert_true(count < RULES);
	out[0] = *first;
	memcpy(out + 1, rules, count * sizeof(*rules));
	return count + 1;
}

static struct rule rule_of(enum rule_verdict verdict, uint16_t port, const char *note)
{
	struct rule rule;

	rule_init(&rule);
	rule.verdict = (uint8_t)verdict;
	rule.internal_min = rule.internal_max = port;
	snprintf(rule.note, sizeof(rule.note), "%s", note);
	return rule;
}

static void put(struct rig *r, const struct rule *first)
{
	struct done done = {0};
	const struct core_act act = {"test", on_done, &done};
	struct rule rules[RULES];
	struct core_fault fault;
	size_t count = with(r, first, rules);

	assert_int_equal(core_rules_put(r->core, rules, count, &act, &fault), 0);
	rig_settle(r);
	assert_int_equal(done.count, 1);
	assert_int_equal(done.err, 0);
}

/* A disk that hangs, and more than may wait for it. */
struct stall {
	struct db_job job;
	int fd;			/* of the first: until something can be read there */
};

static int run_stall(struct db *db, struct db_job *job)
{
	struct pollfd p = {.fd = ((struct stall *)job)->fd, .events = POLLIN};

	(void)db;
	if (p.fd >= 0)
		poll(&p, 1, 5000);
	return 0;
}

static void stall_done(struct db_job *job, int err)
{
	(void)err;
	free(job);
}

static void stall(struct rig *r, int fd)
{
	int err;

	do {
		struct stall *s = calloc(1, sizeof(*s));
		s->job = (struct db_job){.run = run_stall, .done = stall_done};
		s->fd = fd;
		fd = -1;
		err = db_queue_submit(r->core->queue, &s->job);
		if (err)
			free(s);
	} while (!err);
	assert_int_equal(err, ERR_FULL);
}

static bool speaks_of(struct rig *r, uint32_t device_id)
{
	size_t count;
	const struct rule *rules = core_rules(r->core, &count);

	for (size_t i = 0; i < count; i++) {
		if (rules[i].device_id == device_id)
			return true;
	}
	return false;
}

/* A device that is gone has no rules either, whatever the store says. */
static void test_forgotten_while_the_store_is_full(void **state)
{
	struct rig *r = *state;
	struct done done = {0};
	const struct core_act act = {"test", on_done, &done};
	struct rule rule = rule_of(RULE_ALLOW, 7000, "of one device");
	struct map_req req = rig_map(A, 8000);
	uint32_t id;
	int ends[2];

	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(rig_close(r, &req), MAP_OK);
	id = core_device_of(r->core, &req.client);
	rule.device_id = id;
	put(r, &rule);
	assert_true(speaks_of(r, id));
	assert_int_equal(pipe(ends), 0);
	stall(r, ends[0]);
	assert_int_equal(core_device_forget(r->core, id, &act), 0);
	for (int i = 0; i < 20 && done.count == 0; i++)
		loop_once(r->loop, 0);
	assert_int_equal(done.count, 1);
	assert_int_equal(done.err, ERR_UNSTORED);
	assert_null(core_device(r->core, id));
	assert_false(speaks_of(r, id));
	assert_int_equal(write(ends[1], "", 1), 1);
	rig_settle(r);
	rig_advance(r, 10000);
	rig_restart(r);
	assert_null(core_device(r->core, id));
	assert_false(speaks_of(r, id));
	close(ends[0]);
	close(ends[1]);
}

/* Who logged out while the store failed is not logged in after a restart. */
static const struct db_account anna = {
	.id = 1, .role = DB_ROLE_ADMIN, .name = "anna", .hash = "a hash"};

static void put_anna(void *arg, struct store_job *all)
{
	const struct core_auth_row row = {.kind = CORE_AUTH_ACCOUNT, .account = anna};

	(void)arg;
	core_auth_add(all, &row);
}

struct kept {
	size_t accounts, sessions, tokens;
};

static void on_kept(void *arg, int err, const struct core_auth_rows *rows)
{
	assert_int_equal(err, 0);
	*(struct kept *)arg = (struct kept){
		rows->account_count, rows->session_count, rows->token_count};
}

static struct kept read_kept(struct rig *r)
{
	struct kept k = {9, 9, 9};

	assert_int_equal(core_auth_read(r->core, on_kept, &k), 0);
	rig_settle(r);
	return k;
}

static void test_accounts_are_written_anew(void **state)
{
	struct rig *r = *state;
	const struct core_act act = {.by = "test"};
	const struct core_auth_row rows[] = {
		{.kind = CORE_AUTH_ACCOUNT, .account = anna},
		{.kind = CORE_AUTH_SESSION, .session = {.id = 1, .account_id = 1}},
		{.kind = CORE_AUTH_TOKEN, .token = {.id = 1, .scope = DB_ROLE_READ, .name = "t"}},
	}, gone = {.kind = CORE_AUTH_SESSION_GONE, .id = 1};
	const struct core_auth_change made = {.rows = rows, .count = 3},
		left = {.rows = &gone, .count = 1};
	struct kept k;
	int ends[2];

	assert_int_equal(core_auth_put(r->core, &made, &act), 0);
	k = read_kept(r);
	assert_true(k.accounts == 1 && k.sessions == 1 && k.tokens == 1);
	core_auth_keep(r->core, put_anna, NULL);
	assert_int_equal(pipe(ends), 0);
	stall(r, ends[0]);
	assert_int_equal(core_auth_put(r->core, &left, &act), ERR_FULL);
	assert_int_equal(write(ends[1], "", 1), 1);
	rig_settle(r);
	rig_advance(r, 10000);
	rig_restart(r);
	k = read_kept(r);
	assert_true(k.accounts == 1 && k.sessions == 0 && k.tokens == 0);
	close(ends[0]);
	close(ends[1]);
}

static void take_away(struct rig *r)
{
	const struct core_act act = {.by = "test"};
	struct core_fault fault;
	struct rule rules[RULES];
	size_t count;
	const struct rule *all = core_rules(r->core, &count);

	memcpy(rules, all + 1, --count * sizeof(*all));
	assert_int_equal(core_rules_put(r->core, rules, count, &act, &fault), 0);
	rig_settle(r);
}

struct row {
	struct db_record record;
	char detail[512];
	bool came;
};

static void on_page(void *arg, int err, const struct core_row *rows, size_t count, uint64_t next)
{
	struct row *row = arg;

	(void)next;
	assert_int_equal(err, 0);
	assert_true(count > 0);
	row->record = rows[0].record;
	snprintf(row->detail, sizeof(row->detail), "%s", rows[0].detail);
	row->came = true;
}

static struct row last_row(struct rig *r, enum db_ring ring)
{
	struct core_page page = {.filter = {.ring = ring}, .count = 1};
	struct row row = {.came = false};

	assert_int_equal(core_record_page(r->core, &page, on_page, &row), 0);
	rig_settle(r);
	assert_true(row.came);
	return row;
}

static void test_put_and_kept(void **state)
{
	struct rig *r = *state;
	struct rule deny = rule_of(RULE_DENY, 3074, "no games");
	const struct rule *rules;
	struct row row;
	size_t count;
	uint32_t id;

	assert_false(core_state(r->core)->attended);
	put(r, &deny);
	rules = core_rules(r->core, &count);
	id = rules[0].id;
	assert_true(id > 0);
	for (size_t i = 1; i < count; i++)
		assert_int_not_equal(rules[i].id, id);
	/* Who changes rules looks after the router. */
	assert_true(core_state(r->core)->attended);
	row = last_row(r, DB_RING_ADMIN);
	assert_string_equal(row.record.what, "rules");
	assert_string_equal(row.record.descr, "test");
	assert_non_null(strstr(row.detail, "{\"before\":[],\"after\":[{"));
	assert_non_null(strstr(row.detail, "\"note\":\"no games\""));
	rig_restart(r);
	rules = core_rules(r->core, &count);
	assert_int_equal(rules[0].id, id);
	assert_string_equal(rules[0].note, "no games");
	assert_true(core_state(r->core)->attended);
}

static void test_refused_as_a_whole(void **state)
{
	struct rig *r = *state;
	const struct core_act act = {.by = "test"};
	struct rule rules[RULES], deny = rule_of(RULE_DENY, 3074, "");
	struct core_fault fault = {.place = ""};
	size_t before, after, count;

	(void)core_rules(r->core, &before);
	count = with(r, &deny, rules);
	rules[2].internal_min = 9;
	rules[2].internal_max = 8;
	assert_int_equal(core_rules_put(r->core, rules, count, &act, &fault), ERR_RANGE);
	assert_string_equal(fault.place, "rules[2]");
	count = with(r, &deny, rules);
	rules[0].device_id = 4711;
	assert_int_equal(core_rules_put(r->core, rules, count, &act, &fault), ERR_RANGE);
	assert_string_equal(fault.place, "rules[0]");
	count = with(r, &deny, rules);
	rules[0].id = rules[1].id;
	assert_int_equal(core_rules_put(r->core, rules, count, &act, &fault), ERR_RANGE);
	assert_string_equal(fault.place, "rules[1]");
	assert_int_equal(core_rules_put(r->core, rules, RULES_MAX + 1, &act, &fault), ERR_RANGE);
	(void)core_rules(r->core, &after);
	assert_int_equal(before, after);
	assert_false(core_state(r->core)->attended);
}

static unsigned closing_count;

static void on_closing(void *arg, const struct opening *o, const char *why)
{
	const char *wanted = arg;

	assert_int_equal(o->internal.port, 3074);
	assert_string_equal(why, wanted);
	closing_count++;
}

static void test_deny_closes(void **state)
{
	struct rig *r = *state;
	struct map_req game = rig_map(A, 3074), other = rig_map(A, 3075);
	struct rule rules[RULES], deny = rule_of(RULE_DENY, 3074, "no games");
	struct core_closing closing = {on_closing, (void *)(uintptr_t)"no games"};
	struct core_fault fault;
	struct row row;

	assert_int_equal(rig_ask(r, &game), MAP_OK);
	assert_int_equal(rig_ask(r, &other), MAP_OK);
	closing_count = 0;
	assert_int_equal(core_rules_preview(r->core, rules, with(r, &deny, rules), &closing,
				 &fault), 0);
	assert_int_equal(closing_count, 1);
	rig_advance(r, 1000);
	assert_int_equal(core_openings(r->core), 2);
	put(r, &deny);
	rig_advance(r, 1000);
	assert_int_equal(core_openings(r->core), 1);
	assert_int_equal(core_opening_at(r->core, 0)->internal.port, 3075);
	row = last_row(r, DB_RING_OPENINGS);
	assert_string_equal(row.record.what, "close");
	assert_string_equal(row.record.why, "a rule denies it now: no games");
	assert_int_equal(rig_ask(r, &game), MAP_DENIED);
}

static void test_ask_lets_live(void **state)
{
	struct rig *r = *state;
	struct map_req game = rig_map(A, 3074);
	struct rule ask = rule_of(RULE_ASK, 3074, "ask me");

	assert_int_equal(rig_ask(r, &game), MAP_OK);
	put(r, &ask);
	rig_advance(r, 5000);
	assert_int_equal(core_openings(r->core), 1);
	/* But it is not made longer without the owner. */
	assert_int_equal(rig_ask(r, &game), MAP_PENDING);
	assert_int_equal(core_openings(r->core), 1);
	rig_advance(r, 3600000);
	assert_int_equal(core_openings(r->core), 0);
}

static void test_lockdown(void **state)
{
	struct rig *r = *state;
	const struct core_act act = {.by = "test"};
	struct map_req a = rig_map(A, 3074), b = rig_map(B, 3074);
	struct rule mine = rule_of(RULE_ALLOW, 3074, "mine");
	size_t count;

	put(r, &mine);
	assert_int_equal(rig_ask(r, &a), MAP_OK);
	assert_int_equal(rig_ask(r, &b), MAP_OK);
	assert_int_equal(core_preset_put(r->core, PRESET_LOCKDOWN, &act), 0);
	rig_advance(r, 1000);
	assert_int_equal(core_openings(r->core), 0);
	assert_int_equal(rig_ask(r, &a), MAP_DENIED);
	assert_int_equal(core_state(r->core)->preset, PRESET_LOCKDOWN);
	/* The owner's own rule is still there when it is over. */
	assert_int_equal(core_preset_put(r->core, PRESET_ASK, &act), 0);
	rig_settle(r);
	assert_string_equal(core_rules(r->core, &count)[0].note, "mine");
	assert_int_equal(rig_ask(r, &a), MAP_OK);
}

/* Minutes of the virtual wall clock's day. */
static uint16_t minute_now(struct rig *r)
{
	return (uint16_t)(rig_minute(NULL, loop_wall_s(r->loop)) % SCHEDULE_DAY_MIN);
}

static struct rule scheduled(struct rig *r, enum rule_verdict verdict)
{
	struct rule rule = rule_of(verdict, 3074, "play time");

	rule.when.days = SCHEDULE_DAYS;
	rule.when.from_min = (uint16_t)((minute_now(r) + 60) % SCHEDULE_DAY_MIN);
	rule.when.to_min = (uint16_t)((minute_now(r) + 120) % SCHEDULE_DAY_MIN);
	return rule;
}

static void test_schedule_closes_and_opens(void **state)
{
	struct rig *r = *state;
	struct map_req game = rig_map(A, 3074);
	struct rule deny = rule_of(RULE_DENY, 3074, "no games");
	struct rule allow = scheduled(r, RULE_ALLOW);

	put(r, &deny);
	put(r, &allow);
	game.lifetime_s = 86400;
	assert_int_equal(rig_ask(r, &game), MAP_DENIED);
	rig_advance(r, 61 * 60000);
	assert_int_equal(rig_ask(r, &game), MAP_OK);
	rig_advance(r, 58 * 60000);
	assert_int_equal(core_openings(r->core), 1);
	rig_advance(r, 61000);
	assert_int_equal(core_openings(r->core), 0);
	/* And nothing is looked at when there is nothing to look at. */
	take_away(r);
	assert_int_equal(r->core->rule_clock.slot, 0);
}

static void test_a_schedule_needs_a_clock(void **state)
{
	struct rig *r = *state;
	struct map_req game = rig_map(A, 3074);
	struct rule deny = rule_of(RULE_DENY, 3074, "no games");
	struct rule allow = scheduled(r, RULE_ALLOW);

	put(r, &deny);
	put(r, &allow);
	rig_advance(r, 61 * 60000);
	assert_int_equal(rig_ask(r, &game), MAP_OK);
	r->no_clock = true;
	rig_restart(r);
	rig_advance(r, 1000);
	assert_int_equal(rig_ask(r, &game), MAP_DENIED);
	core_clock_synced(r->core);
	rig_advance(r, 1000);
	assert_int_equal(rig_ask(r, &game), MAP_OK);
	/* The clock is set: seen within a minute. */
	loop_wall_set(r->loop, loop_wall_s(r->loop) + 3600);
	rig_advance(r, 60000);
	assert_int_equal(core_openings(r->core), 0);
}

/* Whoever is there before somebody looks after the router is a member. */
static void known(struct rig *r, const char *host)
{
	struct map_req req = rig_map(host, 4000);

	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(rig_close(r, &req), MAP_OK);
}

static void test_until(void **state)
{
	struct rig *r = *state;
	struct map_req game = rig_map(A, 3074);
	struct rule deny = rule_of(RULE_DENY, 3074, "not today");
	size_t before, count;

	known(r, A);
	(void)core_rules(r->core, &before);
	deny.until_wall_s = loop_wall_s(r->loop) + 90;
	deny.maker = RULE_BY_CLOSE;
	put(r, &deny);
	rig_advance(r, 89000);
	assert_int_equal(rig_ask(r, &game), MAP_DENIED);
	rig_advance(r, 2000);
	assert_int_equal(rig_ask(r, &game), MAP_OK);
	(void)core_rules(r->core, &count);
	assert_int_equal(count, before);
	assert_string_equal(last_row(r, DB_RING_ADMIN).record.what, "rule over");
	/* The owner's own stays, and does not hold. */
	deny.until_wall_s = loop_wall_s(r->loop) + 10;
	deny.maker = RULE_BY_OWNER;
	put(r, &deny);
	rig_advance(r, 11000);
	(void)core_rules(r->core, &count);
	assert_int_equal(count, before + 1);
	assert_int_equal(rig_ask(r, &game), MAP_OK);
}

static void test_quota_by_rule(void **state)
{
	struct rig *r = *state;
	struct rule two;

	known(r, A);
	known(r, B);
	rule_init(&two);
	two.verdict = RULE_ALLOW;
	two.internal_min = 5000;
	two.internal_max = 5999;
	two.quota = 2;
	put(r, &two);
	for (uint16_t i = 0; i < 3; i++) {
		struct map_req req = rig_map(A, (uint16_t)(5000 + i));
		assert_int_equal(rig_ask(r, &req), i < 2 ? MAP_OK : MAP_QUOTA);
		/* What is there is renewed. */
		req.internal.port = 5000;
		assert_int_equal(rig_ask(r, &req), MAP_OK);
	}
	struct map_req other = rig_map(B, 5000), ordinary = rig_map(A, 6000);
	assert_int_equal(rig_ask(r, &other), MAP_OK);
	assert_int_equal(rig_ask(r, &ordinary), MAP_OK);
}

static void test_use_is_counted(void **state)
{
	struct rig *r = *state;
	struct map_req game = rig_map(A, 3074);
	struct rule deny = rule_of(RULE_DENY, 3074, "no games");
	struct rule other = rule_of(RULE_DENY, 9999, "");
	size_t count;
	uint32_t id;

	put(r, &deny);
	id = core_rules(r->core, &count)[0].id;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(rig_ask(r, &game), MAP_DENIED);
	assert_int_equal(core_rule_use(r->core, id).count, 5);
	assert_int_equal(core_rule_use(r->core, id).last_wall_s, loop_wall_s(r->loop));
	put(r, &other);
	assert_int_equal(core_rule_use(r->core, id).count, 5);
	assert_int_equal(core_rule_use(r->core, 4711).count, 0);
}

static void test_many_are_decided_in_slices(void **state)
{
	struct rig *r = *state;
	struct rule deny = rule_of(RULE_DENY, 0, "all over");
	const struct core_act act = {.by = "test"};
	struct core_fault fault;
	struct rule rules[RULES];
	char text[32];

	core_setting_put(r->core, STR("quota.zone"), 4096, &act);
	core_setting_put(r->core, STR("quota.device"), 64, &act);
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "192.168.1.%u", 10 + i / 50);
		struct map_req req = rig_map(text, (uint16_t)(20000 + i));
		rig_post(r, &req);
		if (i % 500 == 499)
			rig_settle(r);
	}
	assert_int_equal(core_openings(r->core), 2000);
	deny.internal_max = 65535;
	assert_int_equal(core_rules_put(r->core, rules, with(r, &deny, rules), &act, &fault), 0);
	/* One wake-up does not do all of it. */
	loop_once(r->loop, 0);
	assert_true(core_openings(r->core) > 1000);
	rig_advance(r, 1000);
	assert_int_equal(core_openings(r->core), 0);
}

static void on_verified(void *arg, int err, uint64_t bad_seq, uint64_t rows)
{
	uint64_t *out = arg;

	assert_int_equal(err, 0);
	assert_int_equal(bad_seq, 0);
	*out = rows;
}

static void test_verify(void **state)
{
	struct rig *r = *state;
	const struct core_act act = {.by = "test"};
	uint64_t rows = 0;

	for (unsigned i = 0; i < 5000; i++) {
		assert_int_equal(core_attend(r->core, i % 2, &act), 0);
		if (i % 100 == 99)
			rig_settle(r);
	}
	assert_int_equal(core_record_verify(r->core, on_verified, &rows), 0);
	rig_settle(r);
	assert_true(rows >= 5000);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_put_and_kept),
		TEST(test_refused_as_a_whole),
		TEST(test_deny_closes),
		TEST(test_ask_lets_live),
		TEST(test_lockdown),
		TEST(test_schedule_closes_and_opens),
		TEST(test_a_schedule_needs_a_clock),
		TEST(test_until),
		TEST(test_quota_by_rule),
		TEST(test_use_is_counted),
		TEST(test_many_are_decided_in_slices),
		TEST(test_verify),
		TEST(test_forgotten_while_the_store_is_full),
		TEST(test_accounts_are_written_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
