/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The truth table: what a rule may say of each thing, what a request may be, and by hand a matrix
 * of which fits which. From these small tables come whole policies and whole requests, and what
 * the matrices say is what decide() must say: the result, the rule, and for each rule the first
 * reason why not. The second half are properties of any policy.
 */
#include "policy/decide.h"

#include "policy/risk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ROWS 30000
#define RULES 4

/* One thing a rule can limit: options of the rule, of the request, and which fits which (a string
 * of '1' and '0' for each of the rule's options). Option 0 of a rule is no limit. */
struct dimension {
	enum decide_miss miss;
	unsigned rule_options, fact_options;
	const char *fits[6];
};

enum { OFF, OVER, DEVICE, ZONE, ORIGIN, OTHERS, PROTO, EXTERNAL, INTERNAL, RISK, REMOTE, DESCR,
	WHEN, DIMENSIONS };

/* Ports: 0, 1023, 1024, 2000, 2001, 3389 (risky), 8080 (look first). */
static const uint16_t ports[] = {0, 1023, 1024, 2000, 2001, 3389, 8080};
/* Of RISK the request's options are those of EXTERNAL and INTERNAL together. */
#define IS_RISKY(option) ((option) == 1 || (option) == 5)
#define IS_LOOK(option) ((option) == 6)

static const struct dimension table[DIMENSIONS] = {
	[OFF] = {DECIDE_OFF, 2, 1, {"1", "0"}},
	/* none, past, this second, the next one; over only for who knows the time */
	[OVER] = {DECIDE_OVER, 4, 1, {"1", "0", "0", "1"}},
	[DEVICE] = {DECIDE_DEVICE, 3, 3, {"111", "100", "010"}},
	[ZONE] = {DECIDE_ZONE, 4, 5, {"11111", "01000", "00101", "10010"}},
	[ORIGIN] = {DECIDE_ORIGIN, 5, 5, {"11110", "01000", "00010", "00001", "10101"}},
	/* Allow, allow for others as well, deny, ask, ask for others; own and another's. */
	[OTHERS] = {DECIDE_OTHERS, 5, 2, {"10", "11", "11", "10", "11"}},
	[PROTO] = {DECIDE_PROTO, 4, 3, {"111", "100", "010", "001"}},
	[EXTERNAL] = {DECIDE_EXTERNAL, 4, 7, {"1111111", "1000000", "0011000", "0001111"}},
	[INTERNAL] = {DECIDE_INTERNAL, 4, 7, {"1111111", "0000010", "0011000", "1110000"}},
	[RISK] = {DECIDE_RISK, 3, 1, {"", "", ""}},
	/* everybody (NULL), everybody of IPv4, of IPv6, 192.0.2.1, 192.0.0.0/16, 192.0.3.1,
	 * 2001:db8::1, 192.0.2.128/25 */
	[REMOTE] = {DECIDE_REMOTE, 4, 8, {"11111111", "00010001", "00000010", "00010000"}},
	/* "", "Xbox", "my xbox live", "xbo", a letter in UTF-8 */
	[DESCR] = {DECIDE_DESCR, 6, 5, {"11111", "01000", "01100", "01010", "00100", "00001"}},
	/* Monday 09:59, 10:00, 10:59, 11:00, Tuesday 00:30, unknown (see CLOCK) */
	[WHEN] = {DECIDE_TIME, 3, 6, {"111111", "011001", "100111"}},
};

/* ---- options become structs ---- */

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_decode(str_from(text), &p), 0);
	return p;
}

#define WALL_S 5000

static void set_ports(const unsigned o[DIMENSIONS], struct rule *r)
{
	static const uint16_t external[][2] = {{0, 65535}, {0, 0}, {1024, 2000}, {2000, 65535}};
	static const uint16_t internal[][2] = {{0, 65535}, {3389, 3389}, {1024, 2000}, {0, 1024}};

	r->external_min = external[o[EXTERNAL]][0];
	r->external_max = external[o[EXTERNAL]][1];
	r->internal_min = internal[o[INTERNAL]][0];
	r->internal_max = internal[o[INTERNAL]][1];
}

static struct rule rule_of(const unsigned o[DIMENSIONS], uint32_t id)
{
	static const uint64_t until[] = {0, 1, WALL_S, WALL_S + 1};
	static const uint8_t zones[] = {0, 1 << RULE_ZONE_MEMBER,
		1 << RULE_ZONE_NEW | 1 << RULE_ZONE_BLOCKED,
		1 << RULE_ZONE_ADMIN | 1 << RULE_ZONE_GUEST};
	static const uint8_t origins[] = {0, 1 << MAP_ORIGIN_UPNP, 1 << MAP_ORIGIN_PCP,
		1 << MAP_ORIGIN_SIP,
		1 << MAP_ORIGIN_OWNER | 1 << MAP_ORIGIN_NATPMP | 1 << MAP_ORIGIN_SIP};
	static const uint8_t verdicts[] = {RULE_ALLOW, RULE_ALLOW, RULE_DENY, RULE_ASK, RULE_ASK};
	static const uint8_t protos[] = {0, MAP_PROTO_TCP, MAP_PROTO_UDP, RULE_PROTO_OTHER};
	static const char *const remotes[] = {"::/0", "192.0.2.0/24", "2001:db8::/32", "192.0.2.1"};
	static const char *const globs[] = {"", "xBo?", "*XBOX*", "x*o*", "?*?*?*e", "?"};
	static const struct schedule when[] = {{0, 0, 0}, {1, 600, 660}, {0x7f, 660, 600}};
	struct rule r;

	rule_init(&r);
	r.id = r.position = id;
	r.enabled = o[OFF] == 0;
	r.until_wall_s = until[o[OVER]];
	r.device_id = o[DEVICE];
	r.zones = zones[o[ZONE]];
	r.origins = origins[o[ORIGIN]];
	r.verdict = verdicts[o[OTHERS]];
	r.third_party = o[OTHERS] == 1 || o[OTHERS] == 4;
	r.proto = protos[o[PROTO]];
	set_ports(o, &r);
	r.risk = (uint8_t)o[RISK];
	r.has_remote = o[REMOTE] != 0;
	r.remote = prefix_of(remotes[o[REMOTE]]);
	memcpy(r.descr, globs[o[DESCR]], strlen(globs[o[DESCR]]));
	r.when = when[o[WHEN]];
	r.lifetime_max_s = id * 60;
	r.quota = id * 2;
	memcpy(r.note, "its note", 8);
	return r;
}

static struct decide_facts facts_of(const unsigned o[DIMENSIONS], struct prefix *remote)
{
	static const uint8_t protos[] = {MAP_PROTO_TCP, MAP_PROTO_UDP, 132};
	static const char *const remotes[] = {"::/0", "0.0.0.0/0", "::/0", "192.0.2.1",
		"192.0.0.0/16", "192.0.3.1", "2001:db8::1", "192.0.2.128/25"};
	static const char *const descr[] = {"", "Xbox", "my xbox live", "xbo", "\xc3\xa9"};
	static const uint16_t minutes[] = {599, 600, 659, 660, 1470, 605};

	*remote = prefix_of(remotes[o[REMOTE]]);
	return (struct decide_facts){
		.device_id = o[DEVICE] + 1,
		.zone = (enum rule_zone)o[ZONE],
		.origin = (enum map_origin)o[ORIGIN],
		.own_address = o[OTHERS] == 0,
		.third_party = o[OTHERS] == 1,
		.proto = protos[o[PROTO]],
		.external_port = ports[o[EXTERNAL]],
		.internal_port = ports[o[INTERNAL]],
		.remote = o[REMOTE] == 0 ? NULL : remote,
		.descr = str_from(descr[o[DESCR]]),
		.time_known = o[WHEN] != 5,
		.wall_s = WALL_S,
		.minute_of_week = minutes[o[WHEN]],
	};
}

/* ---- the oracle: it reads the matrices only ---- */

static bool oracle_fits(unsigned d, const unsigned r[DIMENSIONS], const unsigned f[DIMENSIONS])
{
	if (d == RISK && r[d] == 1)
		return IS_RISKY(f[EXTERNAL]) || IS_RISKY(f[INTERNAL]);
	if (d == RISK)
		return r[d] == 0 || IS_LOOK(f[EXTERNAL]) || IS_LOOK(f[INTERNAL]);
	if (d == OVER && f[WHEN] == 5)
		return true;
	return table[d].fits[r[d]][table[d].fact_options == 1 ? 0 : f[d]] == '1';
}

static enum decide_miss oracle_rule(const unsigned r[DIMENSIONS], const unsigned f[DIMENSIONS])
{
	bool allows = r[OTHERS] < 2, unknown = f[WHEN] == 5;

	for (unsigned d = 0; d < DIMENSIONS; d++) {
		/* The matrix has "fits" for who does not know the time. */
		if (!oracle_fits(d, r, f) && !(d == WHEN && unknown))
			return table[d].miss;
	}
	return unknown && allows && (r[WHEN] != 0 || r[OVER] != 0) ? DECIDE_CLOCK : DECIDE_MATCH;
}

static enum map_result oracle_result(const unsigned r[DIMENSIONS], const unsigned f[DIMENSIONS],
	bool somebody)
{
	static const char verdicts[] = "aadqq";

	if (verdicts[r[OTHERS]] == 'a')
		return MAP_OK;
	if (verdicts[r[OTHERS]] == 'd')
		return MAP_DENIED;
	if (somebody)
		return MAP_PENDING;
	return IS_RISKY(f[EXTERNAL]) || IS_RISKY(f[INTERNAL]) ? MAP_DENIED : MAP_OK;
}

static enum map_result oracle_none(const unsigned f[DIMENSIONS])
{
	bool sip = f[ORIGIN] == MAP_ORIGIN_SIP, own = f[OTHERS] == 0;

	return sip && own && f[ZONE] < RULE_ZONE_GUEST && !IS_RISKY(f[INTERNAL]) ? MAP_OK
										  : MAP_DENIED;
}

/* ---- rows ---- */

static unsigned pick(unsigned below)
{
	return (unsigned)random() % below;
}

/* Two limits or so: with more hardly anything ever fits. */
static void some_rule(unsigned o[DIMENSIONS])
{
	for (unsigned d = 0; d < DIMENSIONS; d++)
		o[d] = pick(6) ? 0 : pick(table[d].rule_options);
	o[OTHERS] = pick(table[OTHERS].rule_options);
}

static void some_facts(unsigned o[DIMENSIONS])
{
	for (unsigned d = 0; d < DIMENSIONS; d++)
		o[d] = pick(table[d].fact_options);
	if (pick(3))
		o[OTHERS] = 0;
}

struct row {
	unsigned rule[RULES + 1][DIMENSIONS];
	unsigned fact[DIMENSIONS];
	size_t count;
	struct rule rules[RULES + 1];
	struct prefix remote;
	struct decide_facts facts;
};

static void some_row(struct row *row)
{
	row->count = pick(RULES + 1);
	for (size_t i = 0; i < row->count; i++) {
		some_rule(row->rule[i]);
		row->rules[i] = rule_of(row->rule[i], (uint32_t)i + 1);
	}
	some_facts(row->fact);
	row->facts = facts_of(row->fact, &row->remote);
	row->facts.somebody_answers = pick(2) == 0;
}

static struct decision decision_of(const struct row *row)
{
	struct decision d;

	memset(&d, 0xee, sizeof(d));
	decide(row->rules, row->count, &row->facts, &d);
	assert_non_null(d.why);
	return d;
}

static void check_row(const struct row *row, unsigned seen[3])
{
	struct decision d = decision_of(row);
	size_t at = row->count;

	for (size_t i = row->count; i-- > 0;) {
		enum decide_miss miss = oracle_rule(row->rule[i], row->fact);
		assert_int_equal(decide_rule(&row->rules[i], &row->facts), miss);
		if (miss == DECIDE_MATCH && row->fact[ZONE] != RULE_ZONE_BLOCKED)
			at = i;
	}
	assert_int_equal(d.rule_id, at < row->count ? at + 1 : 0);
	assert_int_equal(d.lifetime_max_s, 60 * d.rule_id);
	assert_int_equal(d.quota, 2 * d.rule_id);
	assert_int_equal(d.result, at == row->count ? oracle_none(row->fact) :
		oracle_result(row->rule[at], row->fact, row->facts.somebody_answers));
	seen[d.result]++;
}

static void truth_table(void **state)
{
	unsigned seen[3] = {0};
	struct row row;

	(void)state;
	srandom(5);
	for (int i = 0; i < ROWS; i++) {
		some_row(&row);
		check_row(&row, seen);
	}
	/* Not all rows are of one kind. */
	for (size_t i = 0; i < 3; i++)
		assert_in_range(seen[i], ROWS / 40, ROWS);
}

/* Every option of a rule against every option of a request, nothing else limited. */
static void each_pair_alone(void **state)
{
	(void)state;
	for (unsigned d = 0; d < DIMENSIONS; d++) {
		for (unsigned n = 0; n < table[d].rule_options * 7 * 8; n++) {
			unsigned r[DIMENSIONS] = {0}, f[DIMENSIONS] = {0};
			struct prefix remote;
			struct decide_facts facts;
			struct rule rule;
			r[d] = n % table[d].rule_options;
			f[d] = n / table[d].rule_options % table[d].fact_options;
			if (d == RISK) {
				f[EXTERNAL] = n / 3 % 7;
				f[INTERNAL] = n / 3 / 7 % 7;
			}
			rule = rule_of(r, 1);
			facts = facts_of(f, &remote);
			assert_int_equal(decide_rule(&rule, &facts), oracle_rule(r, f));
		}
	}
}

/* Of two reasons the first is told. */
static void reasons_have_an_order(void **state)
{
	struct row row;

	(void)state;
	srandom(6);
	for (int i = 0; i < ROWS; i++) {
		for (unsigned d = 0; d < DIMENSIONS; d++)
			row.rule[0][d] = pick(3) ? pick(table[d].rule_options) : 0;
		row.rule[0][OFF] = pick(9) == 0;
		some_facts(row.fact);
		row.rules[0] = rule_of(row.rule[0], 1);
		row.facts = facts_of(row.fact, &row.remote);
		assert_int_equal(decide_rule(&row.rules[0], &row.facts),
			oracle_rule(row.rule[0], row.fact));
	}
}

/* ---- properties ---- */

static void insert(struct row *row, size_t at, const struct rule *r)
{
	memmove(&row->rules[at + 1], &row->rules[at], (row->count - at) * sizeof(*r));
	row->rules[at] = *r;
	row->count++;
}

static void assert_same(const struct decision *a, const struct decision *b)
{
	assert_int_equal(a->result, b->result);
	assert_int_equal(a->rule_id, b->rule_id);
	assert_int_equal(a->lifetime_max_s, b->lifetime_max_s);
	assert_int_equal(a->quota, b->quota);
	assert_ptr_equal(a->risk, b->risk);
	assert_string_equal(a->why, b->why);
}

static void what_does_not_match_changes_nothing(void **state)
{
	unsigned tried = 0;

	(void)state;
	srandom(7);
	for (int i = 0; i < ROWS; i++) {
		struct row row;
		struct decision before, after;
		unsigned o[DIMENSIONS];
		struct rule more;
		some_row(&row);
		before = decision_of(&row);
		some_rule(o);
		more = rule_of(o, 99);
		if (decide_rule(&more, &row.facts) == DECIDE_MATCH)
			continue;
		insert(&row, pick((unsigned)row.count + 1), &more);
		after = decision_of(&row);
		assert_same(&before, &after);
		tried++;
	}
	assert_true(tried > ROWS / 4);
}

static void a_rule_switched_off_is_not_there(void **state)
{
	(void)state;
	srandom(8);
	for (int i = 0; i < ROWS; i++) {
		struct row row;
		struct decision off, without;
		size_t at;
		some_row(&row);
		at = decision_of(&row).rule_id;
		if (at == 0)
			continue;
		row.rules[at - 1].enabled = false;
		off = decision_of(&row);
		memmove(&row.rules[at - 1], &row.rules[at], (row.count - at) * sizeof(struct rule));
		row.count--;
		without = decision_of(&row);
		assert_same(&off, &without);
	}
}

/* What lies behind the deciding rule does not matter, in whatever order. */
static void only_what_comes_before_counts(void **state)
{
	(void)state;
	srandom(9);
	for (int i = 0; i < ROWS; i++) {
		struct row row;
		struct decision all, head;
		some_row(&row);
		all = decision_of(&row);
		if (all.rule_id == 0)
			continue;
		row.count = all.rule_id;
		head = decision_of(&row);
		assert_same(&all, &head);
	}
}

static int permission(enum map_result result)
{
	return result == MAP_OK ? 2 : result == MAP_PENDING ? 1 : 0;
}

static void a_deny_never_permits(void **state)
{
	unsigned o[DIMENSIONS];

	(void)state;
	srandom(10);
	for (int i = 0; i < ROWS; i++) {
		struct row row;
		enum map_result before;
		struct rule deny;
		some_row(&row);
		before = decision_of(&row).result;
		some_rule(o);
		o[OTHERS] = 2;
		deny = rule_of(o, 99);
		insert(&row, pick((unsigned)row.count + 1), &deny);
		assert_true(permission(decision_of(&row).result) <= permission(before));
	}
}

/* One above all that denies everything has the last word, over SIP as well if it names it. */
static void a_deny_above_wins(void **state)
{
	(void)state;
	srandom(11);
	for (int i = 0; i < ROWS / 10; i++) {
		struct row row;
		struct rule deny;
		struct decision d;
		do
			some_row(&row);
		while (row.fact[ZONE] == RULE_ZONE_BLOCKED);
		rule_init(&deny);
		deny.id = 99;
		deny.origins = (1 << MAP_ORIGINS) - 1;
		insert(&row, 0, &deny);
		d = decision_of(&row);
		assert_int_equal(d.result, MAP_DENIED);
		assert_int_equal(d.rule_id, 99);
	}
}

/* The same twice, and nothing that was given is changed. */
static void it_is_a_function(void **state)
{
	(void)state;
	srandom(12);
	for (int i = 0; i < ROWS / 10; i++) {
		struct row row;
		struct rule rules[RULES + 1];
		struct decision first, second;
		some_row(&row);
		memcpy(rules, row.rules, row.count * sizeof(rules[0]));
		first = decision_of(&row);
		second = decision_of(&row);
		assert_same(&first, &second);
		assert_memory_equal(rules, row.rules, row.count * sizeof(rules[0]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pair_alone),
		cmocka_unit_test(truth_table),
		cmocka_unit_test(reasons_have_an_order),
		cmocka_unit_test(what_does_not_match_changes_nothing),
		cmocka_unit_test(a_rule_switched_off_is_not_there),
		cmocka_unit_test(only_what_comes_before_counts),
		cmocka_unit_test(a_deny_never_permits),
		cmocka_unit_test(a_deny_above_wins),
		cmocka_unit_test(it_is_a_function),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
