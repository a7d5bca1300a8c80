/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy as a whole: put in, taken out, reset; found again when the store is not believed. */
#include "tests/unit/core_rig.h"

#include "gateway/policy_json.h"

#define A "192.168.1.10"
#define B "192.168.1.20"

static const struct core_act act = {.by = "test"};

static void copied(struct rig *r)
{
	rig_advance(r, 1000);
	rig_settle(r);
}

static const struct db_alert *alert(struct rig *r)
{
	size_t count;
	const struct db_alert *alerts = core_alerts(r->core, &count);

	for (size_t i = 0; i < count; i++) {
		if (alerts[i].kind == DB_ALERT_POLICY && !alerts[i].over)
			return &alerts[i];
	}
	return NULL;
}

static void put_rule(struct rig *r, const char *note)
{
	struct core_fault fault;
	struct rule rules[16];
	size_t count;
	const struct rule *old = core_rules(r->core, &count);

	memcpy(rules + 1, old, count * sizeof(*old));
	rule_init(&rules[0]);
	rules[0].internal_min = rules[0].internal_max = 3074;
	snprintf(rules[0].note, sizeof(rules[0].note), "%s", note);
	assert_int_equal(core_rules_put(r->core, rules, count + 1, &act, &fault), 0);
	copied(r);
}

static const char *first_note(struct rig *r)
{
	size_t count;

	return core_rules(r->core, &count)[0].note;
}

/* As if somebody had edited the file while nobody looked. */
static void edit_store(struct rig *r, const char *sql)
{
	core_free(r->core);
	fw_free(r->fw);
	r->fw = fw_fake_new(r->loop);
	temp_db_reopen(r->temp);
	temp_db_edit(r->temp, sql);
	rig_start(r);
}

static void test_the_copy_follows(void **state)
{
	struct rig *r = *state;
	struct core_fault fault;
	struct policy p;

	copied(r);
	assert_int_equal(policy_json_load(r->copy, &p, &fault), 0);
	assert_false(p.attended);
	policy_json_free(&p);
	put_rule(r, "no games");
	assert_int_equal(core_setting_put(r->core, STR("quota.device"), 3, &act), 0);
	copied(r);
	assert_int_equal(policy_json_load(r->copy, &p, &fault), 0);
	assert_true(p.attended);
	assert_string_equal(p.rules[0].note, "no games");
	assert_int_equal(p.limits.quota_device, 3);
	policy_json_free(&p);
}

static void test_a_damaged_rule(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 4000);

	assert_int_equal(rig_ask(r, &req), MAP_OK);
	put_rule(r, "no games");
	edit_store(r, "UPDATE rules SET internal_min = 9, internal_max = 8 WHERE position = 2");
	assert_string_equal(first_note(r), "no games");
	assert_non_null(alert(r));
	assert_non_null(strstr(alert(r)->text, "rules"));
	/* What is open by right of it is still open. */
	assert_int_equal(core_openings(r->core), 1);
	/* It is in the store again. */
	rig_restart(r);
	assert_string_equal(first_note(r), "no games");
	assert_null(alert(r));
}

static void test_a_damaged_limit_without_a_copy(void **state)
{
	struct rig *r = *state;
	size_t count;

	put_rule(r, "no games");
	core_free(r->core);
	unlink(r->copy);
	fw_free(r->fw);
	r->fw = fw_fake_new(r->loop);
	temp_db_reopen(r->temp);
	temp_db_edit(r->temp, "INSERT OR REPLACE INTO settings VALUES ('quota.device', -4)");
	rig_start(r);
	(void)core_rules(r->core, &count);
	assert_int_equal(count, preset_of(PRESET_ASK)->below_count);
	assert_false(core_state(r->core)->attended);
	assert_non_null(alert(r));
	assert_int_equal(core_limits(r->core)->quota_device, 64);
}

static void test_a_rule_of_nobody(void **state)
{
	struct rig *r = *state;

	put_rule(r, "no games");
	edit_store(r, "UPDATE rules SET device_id = 4711 WHERE position = 1");
	assert_non_null(alert(r));
	assert_string_equal(first_note(r), "no games");
	assert_int_equal(core_rules(r->core, &(size_t){0})[0].device_id, 0);
}

static void test_a_lost_store(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 4000);
	char wal[128];

	assert_int_equal(rig_ask(r, &req), MAP_OK);
	put_rule(r, "no games");
	core_free(r->core);
	fw_free(r->fw);
	r->fw = fw_fake_new(r->loop);
	unlink(r->temp->path);
	snprintf(wal, sizeof(wal), "%s-wal", r->temp->path);
	unlink(wal);
	temp_db_reopen(r->temp);
	rig_start(r);
	assert_string_equal(first_note(r), "no games");
	assert_true(core_state(r->core)->attended);
	assert_non_null(alert(r));
	/* Whom the owner knew is known. */
	assert_int_equal(core_devices(r->core), 1);
	assert_int_equal(core_device_at(r->core, 0)->zone, RULE_ZONE_MEMBER);
}

static int set_up_factory(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	static char path[128];

	assert_int_equal(temp_db_setup((void **)&r->temp), 0);
	snprintf(path, sizeof(path), "%s/factory.json", r->temp->dir);
	r->factory = path;
	r->loop = loop_new_virtual(1000000);
	log_open(&r->log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "test");
	r->fw = fw_fake_new(r->loop);
	*state = r;
	return 0;
}

static const char factory[] =
	"{\"postern\":1,\"limits\":{\"quota.new\":2},"
	"\"rules\":[{\"verdict\":\"deny\",\"note\":\"nothing here\"}]}";

static void test_factory_and_reset(void **state)
{
	struct rig *r = *state;
	struct map_req req = rig_map(A, 4000);
	struct core_fault fault;
	size_t count;

	assert_int_equal(policy_json_save(r->factory, factory, strlen(factory)), 0);
	rig_start(r);
	assert_null(alert(r));
	assert_string_equal(first_note(r), "nothing here");
	assert_int_equal(core_limits(r->core)->quota_new, 2);
	assert_int_equal(rig_ask(r, &req), MAP_DENIED);
	assert_int_equal(core_preset_put(r->core, PRESET_OPEN, &act), 0);
	put_rule(r, "no games");
	assert_int_equal(core_reset(r->core, &act, &fault), 0);
	copied(r);
	(void)core_rules(r->core, &count);
	assert_int_equal(count, 1);
	assert_false(core_state(r->core)->attended);
	rig_restart(r);
	assert_string_equal(first_note(r), "nothing here");
	/* Devices stay. */
	assert_int_equal(core_devices(r->core), 1);
}

static void test_a_bad_factory(void **state)
{
	struct rig *r = *state;
	struct core_fault fault = {.place = ""};
	size_t count;

	assert_int_equal(policy_json_save(r->factory, factory, strlen(factory) - 1), 0);
	rig_start(r);
	(void)core_rules(r->core, &count);
	assert_int_equal(count, preset_of(PRESET_ASK)->below_count);
	assert_non_null(alert(r));
	assert_non_null(strstr(alert(r)->text, "line 1"));
	/* Later on it is refused, and what the owner made stays. */
	put_rule(r, "no games");
	assert_int_equal(core_reset(r->core, &act, &fault), ERR_RANGE);
	assert_string_equal(fault.place, "factory.json");
	assert_non_null(strstr(fault.why, "line 1"));
	assert_string_equal(first_note(r), "no games");
}

static void test_import(void **state)
{
	static const char good[] =
		"{\"postern\":1,\"preset\":\"open\",\"attended\":true,"
		"\"devices\":[{\"id\":70,\"mac\":\"02:02:02:02:a8:0a\",\"name\":\"Box\","
		"\"zone\":\"blocked\"},{\"id\":71,\"mac\":\"02:00:5e:10:00:99\",\"name\":\"New\","
		"\"zone\":\"admin\"}],"
		"\"rules\":["
		"{\"id\":5,\"verdict\":\"deny\",\"zones\":[\"blocked\"],\"note\":\"no\"},"
		"{\"verdict\":\"allow\",\"device\":71,\"note\":\"its own\"},"
		"{\"verdict\":\"allow\",\"note\":\"all others\"}]}";
	struct rig *r = *state;
	struct map_req a = rig_map(A, 4000), b = rig_map(B, 4000);
	struct core_fault fault;
	struct policy p, got;
	const struct rule *rules;
	size_t count;

	assert_int_equal(rig_ask(r, &a), MAP_OK);
	assert_int_equal(rig_ask(r, &b), MAP_OK);
	assert_memory_equal(core_device_at(r->core, 0)->mac, "\x02\x02\x02\x02\xa8\x0a", 6);
	if (policy_json_decode(str_from(good), &p, &fault))
		fail_msg("%s: %s", fault.place, fault.why);
	/* One bad row, and nothing of it is taken. */
	p.rules[1].device_id = 72;
	assert_int_equal(core_policy_put(r->core, &p, &act, &fault), ERR_RANGE);
	assert_string_equal(fault.place, "rules[1]");
	p.rules[1].device_id = 71;
	p.rules[2].external_min = 9;
	p.rules[2].external_max = 8;
	assert_int_equal(core_policy_put(r->core, &p, &act, &fault), ERR_RANGE);
	assert_string_equal(fault.place, "rules[2]");
	p.rules[2].external_min = 0;
	p.rules[2].external_max = 65535;
	assert_int_equal(core_devices(r->core), 2);
	assert_int_equal(core_state(r->core)->preset, PRESET_ASK);
	assert_int_equal(core_policy_put(r->core, &p, &act, &fault), 0);
	policy_json_free(&p);
	rig_advance(r, 1000);
	/* The blocked device's opening went, the other one's stays. */
	assert_int_equal(core_openings(r->core), 1);
	assert_string_equal(core_device_at(r->core, 0)->name, "Box");
	assert_int_equal(core_devices(r->core), 3);
	rules = core_rules(r->core, &count);
	assert_int_equal(count, 3);
	assert_int_equal(rules[1].device_id, core_device_at(r->core, 2)->id);
	rig_restart(r);
	rules = core_rules(r->core, &count);
	assert_string_equal(rules[1].note, "its own");
	assert_non_null(core_device(r->core, rules[1].device_id));
	/* What was put in can be taken out. */
	assert_int_equal(core_policy_get(r->core, &got), 0);
	assert_int_equal(got.rule_count, 3);
	assert_int_equal(got.device_count, 3);
	assert_int_equal(got.preset, PRESET_OPEN);
	assert_int_equal(core_policy_put(r->core, &got, &act, &fault), 0);
	policy_json_free(&got);
}

/* As many as there may be were seen: the newcomer takes no place of one of the same list. */
static void test_import_into_a_crowd(void **state)
{
	struct rig *r = *state;
	struct core_host h = {.addr = rig_addr("2001:db8:1::2"), .ifindex = 3, .ifname = "br-lan"};
	struct core_fault fault;
	struct policy p;

	assert_int_equal(core_attend(r->core, true, &act), 0);
	for (unsigned i = 0; i < DEVICES_MAX; i++) {
		memcpy(h.mac, (uint8_t[]){2, 0, 0, 1, (uint8_t)(i >> 8), (uint8_t)i}, 6);
		h.addr.b[13] = 1;
		h.addr.b[14] = (uint8_t)(i >> 8);
		h.addr.b[15] = (uint8_t)i;
		core_host_here(r->core, &h);
		if (i % 64 == 0)
			rig_advance(r, 1000);
	}
	assert_int_equal(devices_count(r->core->devices), DEVICES_MAX);
	assert_int_equal(core_policy_get(r->core, &p), 0);
	p.devices = realloc(p.devices, (p.device_count + 2) * sizeof(*p.devices));
	for (unsigned i = 0; i < 2; i++) {
		struct db_device *d = &p.devices[p.device_count++];
		*d = (struct db_device){.id = 5000 + i, .has_mac = true, .zone = RULE_ZONE_NEW,
			.mac = {2, 0, 0, 1, 0, 0}};
		d->mac[0] = (uint8_t)(2 + 4 * i);	/* the oldest of all, and one never seen */
	}
	assert_int_equal(core_policy_put(r->core, &p, &act, &fault), 0);
	assert_non_null(devices_by_mac(r->core->devices, p.devices[p.device_count - 1].mac, false));
	assert_non_null(devices_by_mac(r->core->devices, p.devices[p.device_count - 2].mac, false));
	policy_json_free(&p);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
#define FACTORY(test) cmocka_unit_test_setup_teardown(test, set_up_factory, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_copy_follows),
		TEST(test_a_damaged_rule),
		TEST(test_a_damaged_limit_without_a_copy),
		TEST(test_a_rule_of_nobody),
		TEST(test_a_lost_store),
		FACTORY(test_factory_and_reset),
		FACTORY(test_a_bad_factory),
		TEST(test_import),
		TEST(test_import_into_a_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
