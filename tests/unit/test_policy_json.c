/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy as JSON: what is written is read again; what is wrong is refused with its place. */
#include "gateway/policy_json.h"

#include "protocols/err.h"
#include "tests/unit/temp_db.h"

#define DEVICES "\"devices\":[{\"id\":7,\"mac\":\"02:00:5e:10:00:07\",\"zone\":\"member\"}]"

static char *written(const struct policy *p)
{
	json_t *j = policy_json_whole(p);
	char *text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);

	assert_non_null(text);
	json_decref(j);
	return text;
}

static const char full[] =
	"{\"postern\":1,\"preset\":\"lockdown\",\"attended\":true,"
	"\"limits\":{\"quota.device\":7,\"lifetime.max\":3600},"
	"\"devices\":[{\"id\":7,\"mac\":\"02:00:5E:10:00:07\",\"name\":\"NAS \\u00e9\","
	"\"zone\":\"admin\",\"phone\":true,\"callers\":[\"198.51.100.0/24\",\"2001:DB8::7\"]},"
	"{\"id\":9,\"mac\":\"02:00:5e:10:00:09\"}],"
	"\"rules\":["
	"{\"id\":3,\"verdict\":\"deny\",\"zones\":[\"guest\",\"blocked\"],\"note\":\"no\"},"
	"{\"verdict\":\"allow\",\"device\":7,\"origins\":[\"pcp\",\"upnp\"],\"proto\":\"tcp\","
	"\"external\":\"8000-8100\",\"internal\":8080,\"remote\":\"198.51.100.0/24\","
	"\"descr\":\"game*\",\"when\":\"mon-fri 16:00-20:00\",\"until\":1900000000,"
	"\"lifetime_max\":600,\"quota\":3,\"third_party\":true,\"maker\":\"card\"},"
	"{\"verdict\":\"ask\",\"enabled\":false,\"proto\":\"other\"}],"
	"\"hands\":[{\"device\":7,\"name\":\"Web\",\"protos\":[\"tcp\"],\"port\":443},"
	"{\"device\":9,\"name\":\"Game\",\"protos\":[\"tcp\",\"udp\"],\"families\":[\"ipv4\"],"
	"\"port\":5000,\"internal\":6000,\"count\":4,\"remote\":\"198.51.100.7\","
	"\"when\":\"daily 08:00-20:00\",\"enabled\":false}]}";

static void test_read_and_written(void **state)
{
	struct policy p, again;
	struct core_fault fault = {.place = "-"};
	char *first, *second;

	(void)state;
	if (policy_json_decode(str_from(full), &p, &fault))
		fail_msg("%s: %s", fault.place, fault.why);
	assert_int_equal(p.preset, PRESET_LOCKDOWN);
	assert_true(p.attended);
	assert_int_equal(p.limits.quota_device, 7);
	assert_int_equal(p.limits.quota_new, 8);
	assert_int_equal(p.device_count, 2);
	assert_string_equal(p.devices[0].name, "NAS \xc3\xa9");
	assert_memory_equal(p.devices[0].mac, "\x02\x00\x5e\x10\x00\x07", 6);
	assert_int_equal(p.devices[0].zone, RULE_ZONE_ADMIN);
	assert_true(p.devices[0].phone);
	assert_int_equal(p.devices[0].callers.count, 2);
	assert_int_equal(p.devices[0].callers.at[0].len, ADDR4_PREFIX_BITS + 24);
	assert_true(prefix_is_host(&p.devices[0].callers.at[1]));
	assert_int_equal(p.devices[1].callers.count, 0);
	assert_int_equal(p.rule_count, 3);
	assert_int_equal(p.rules[0].zones, 1 << RULE_ZONE_GUEST | 1 << RULE_ZONE_BLOCKED);
	assert_int_equal(p.rules[1].id, 4);
	assert_int_equal(p.rules[1].position, 2);
	assert_int_equal(p.rules[1].external_min, 8000);
	assert_int_equal(p.rules[1].external_max, 8100);
	assert_int_equal(p.rules[1].internal_max, 8080);
	assert_int_equal(p.rules[1].when.from_min, 16 * 60);
	assert_true(p.rules[1].has_remote);
	assert_int_equal(p.rules[1].maker, RULE_BY_CARD);
	assert_int_equal(p.rules[2].proto, RULE_PROTO_OTHER);
	assert_false(p.rules[2].enabled);
	assert_int_equal(p.hands[0].internal_port, 443);
	assert_int_equal(p.hands[0].families, HAND_IP4 | HAND_IP6);
	assert_int_equal(p.hands[1].count, 4);
	first = written(&p);
	assert_int_equal(policy_json_decode(str_from(first), &again, &fault), 0);
	second = written(&again);
	assert_string_equal(first, second);
	/* Nothing was lost on the way out. */
	assert_non_null(strstr(first, "\"when\":\"mon-fri 16:00-20:00\""));
	assert_non_null(strstr(first, "\"external\":\"8000-8100\""));
	assert_non_null(strstr(first, "\"lifetime_max\":600"));
	assert_non_null(strstr(first, "\"callers\":[\"198.51.100.0/24\",\"2001:db8::7\"]"));
	free(first);
	free(second);
	policy_json_free(&p);
	policy_json_free(&again);
}

static const struct {
	const char *text, *place;
} faults[] = {
	{"", "line "},
	{"[]", ""},
	{"{\"postern\":1", "line 1"},
	{"{\"postern\":1,\"postern\":1}", "line 1"},
	{"{}", "postern"},
	{"{\"postern\":2}", "postern"},
	{"{\"postern\":1,\"rulez\":[]}", "rulez"},
	{"{\"postern\":1,\"preset\":\"shut\"}", "preset"},
	{"{\"postern\":1,\"attended\":1}", "attended"},
	{"{\"postern\":1,\"limits\":[]}", "limits"},
	{"{\"postern\":1,\"limits\":{\"quota.devize\":1}}", "limits.quota.devize"},
	{"{\"postern\":1,\"limits\":{\"quota.device\":-1}}", "limits.quota.device"},
	{"{\"postern\":1,\"limits\":{\"quota.device\":true}}", "limits.quota.device"},
	{"{\"postern\":1,\"rules\":{}}", "rules"},
	{"{\"postern\":1,\"rules\":[1]}", "rules[0]"},
	{"{\"postern\":1,\"rules\":[{}]}", "rules[0].verdict"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"maybe\"}]}", "rules[0].verdict"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"verdict\":\"deny\"}]}", "line 1"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\"},{\"verdict\":\"deny\",\"port\":1}]}",
	 "rules[1].port"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"zones\":[]}]}", "rules[0].zones"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"zones\":[\"new\",\"new\"]}]}",
	 "rules[0].zones"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"zones\":[\"home\"]}]}",
	 "rules[0].zones"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"origins\":\"pcp\"}]}",
	 "rules[0].origins"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"external\":65536}]}",
	 "rules[0].external"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"external\":\"80-\"}]}",
	 "rules[0].external"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"internal\":\"90-80\"}]}", "rules[0]"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"remote\":\"198.51.100.7/24\"}]}",
	 "rules[0].remote"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"when\":\"noon\"}]}", "rules[0].when"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"until\":-1}]}", "rules[0].until"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"quota\":4294967296}]}",
	 "rules[0].quota"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"note\":\"a\\nb\"}]}", "rules[0].note"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"note\":7}]}", "rules[0].note"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"enabled\":0}]}", "rules[0].enabled"},
	{"{\"postern\":1,\"rules\":[{\"id\":1,\"verdict\":\"deny\"},"
	 "{\"id\":1,\"verdict\":\"allow\"}]}", "rules[1]"},
	{"{\"postern\":1,\"rules\":[{\"verdict\":\"deny\",\"device\":8}]," DEVICES "}",
	 "rules[0].device"},
	{"{\"postern\":1,\"devices\":[{\"mac\":\"02:00:5e:10:00:07\"}]}", "devices[0].id"},
	{"{\"postern\":1,\"devices\":[{\"id\":1,\"mac\":\"02-00-5e-10-00-07\"}]}",
	 "devices[0].mac"},
	{"{\"postern\":1,\"devices\":[{\"id\":1,\"mac\":\"02:00:5e:10:00\"}]}", "devices[0].mac"},
	{"{\"postern\":1,\"devices\":[{\"id\":1},{\"id\":1}]}", "devices[1].id"},
	{"{\"postern\":1,\"devices\":[{\"id\":1,\"mac\":\"02:00:5e:10:00:07\"},"
	 "{\"id\":2,\"mac\":\"02:00:5e:10:00:07\"}]}", "devices[1].mac"},
	{"{\"postern\":1,\"devices\":[{\"id\":1,\"zone\":\"dmz\"}]}", "devices[0].zone"},
	{"{\"postern\":1,\"devices\":[{\"id\":1,\"callers\":\"198.51.100.7\"}]}",
	 "devices[0].callers"},
	{"{\"postern\":1,\"devices\":[{\"id\":1,\"callers\":[\"198.51.100.7/24\"]}]}",
	 "devices[0].callers"},
	{"{\"postern\":1,\"devices\":[{\"id\":1,\"callers\":[7]}]}", "devices[0].callers"},
	{"{\"postern\":1,\"devices\":[{\"id\":1,\"callers\":[\"::1\",\"::2\",\"::3\",\"::4\","
	 "\"::5\",\"::6\",\"::7\",\"::8\",\"::9\"]}]}", "devices[0].callers"},
	{"{\"postern\":1,\"hands\":[{\"name\":\"Web\",\"protos\":[\"tcp\"],\"port\":443}]}",
	 "hands[0]"},
	{"{\"postern\":1," DEVICES ",\"hands\":[{\"device\":7,\"name\":\"Web\",\"port\":443}]}",
	 "hands[0]"},
	{"{\"postern\":1," DEVICES ",\"hands\":[{\"device\":7,\"name\":\"Web\","
	 "\"protos\":[\"sctp\"],\"port\":443}]}", "hands[0].protos"},
	{"{\"postern\":1," DEVICES ",\"hands\":["
	 "{\"device\":7,\"name\":\"Web\",\"protos\":[\"tcp\"],\"port\":443},"
	 "{\"device\":7,\"name\":\"Two\",\"protos\":[\"tcp\"],\"port\":443,\"internal\":444}]}",
	 "hands[1]"},
};

static void test_every_fault_has_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(faults); i++) {
		struct policy p = {.preset = 77};
		struct core_fault fault = {.place = "-"};
		int err = policy_json_decode(str_from(faults[i].text), &p, &fault);
		if (err != ERR_SYNTAX)
			fail_msg("taken: %s", faults[i].text);
		if (strncmp(fault.place, faults[i].place, strlen(faults[i].place)) != 0 ||
			(faults[i].place[0] == '\0' && fault.place[0] != '\0'))
			fail_msg("%s: at %s (%s)", faults[i].text, fault.place, fault.why);
		assert_true(fault.why[0] != '\0');
		/* Nothing of it is taken. */
		assert_int_equal(p.preset, 77);
		assert_null(p.rules);
	}
}

static void test_too_much(void **state)
{
	char *text = malloc(POLICY_JSON_MAX + 2);
	struct core_fault fault;
	struct policy p;

	(void)state;
	memset(text, ' ', POLICY_JSON_MAX + 1);
	memcpy(text, "{\"postern\":1}", 13);
	assert_int_equal(policy_json_decode((struct str){text, POLICY_JSON_MAX}, &p, &fault), 0);
	policy_json_free(&p);
	assert_int_equal(policy_json_decode((struct str){text, POLICY_JSON_MAX + 1}, &p, &fault),
		ERR_SYNTAX);
	free(text);
}

static void test_too_many_rules(void **state)
{
	json_t *whole = json_pack("{s:i, s:o}", "postern", 1, "rules", json_array());
	json_t *rules = json_object_get(whole, "rules");
	struct core_fault fault;
	struct policy p;

	(void)state;
	for (int i = 0; i < RULES_MAX; i++)
		json_array_append_new(rules, json_pack("{s:s}", "verdict", "deny"));
	assert_int_equal(policy_json_read(whole, &p, &fault), 0);
	assert_int_equal(p.rule_count, RULES_MAX);
	policy_json_free(&p);
	json_array_append_new(rules, json_pack("{s:s}", "verdict", "deny"));
	assert_int_equal(policy_json_read(whole, &p, &fault), ERR_SYNTAX);
	assert_string_equal(fault.place, "rules");
	json_decref(whole);
}

static void test_files(void **state)
{
	struct temp_db *t = *state;
	char path[128], aside[140];
	struct core_fault fault;
	struct policy p;

	snprintf(path, sizeof(path), "%s/policy.json", t->dir);
	snprintf(aside, sizeof(aside), "%s.new", path);
	assert_int_equal(policy_json_load(path, &p, &fault), ERR_NOT_FOUND);
	assert_int_equal(policy_json_save(path, full, strlen(full)), 0);
	assert_int_equal(policy_json_load(path, &p, &fault), 0);
	assert_int_equal(p.rule_count, 3);
	policy_json_free(&p);
	/* What cannot be written leaves the last one as it is. */
	assert_int_equal(mkdir(aside, 0700), 0);
	assert_int_equal(policy_json_save(path, "{", 1), ERR_IO);
	assert_int_equal(policy_json_load(path, &p, &fault), 0);
	policy_json_free(&p);
	assert_int_equal(rmdir(aside), 0);
	assert_int_equal(policy_json_save(path, "{", 1), 0);
	assert_int_equal(policy_json_load(path, &p, &fault), ERR_SYNTAX);
	assert_string_equal(fault.place, "line 1");
}

static void test_day_one(void **state)
{
	struct policy p;

	(void)state;
	assert_int_equal(policy_json_day_one(&p), 0);
	assert_int_equal(p.preset, PRESET_ASK);
	assert_false(p.attended);
	assert_int_equal(p.limits.quota_device, 64);
	assert_int_equal(p.rule_count, preset_of(PRESET_ASK)->below_count);
	policy_json_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_and_written),
		cmocka_unit_test(test_every_fault_has_its_place),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_too_many_rules),
		TEMP_DB_TEST(test_files),
		cmocka_unit_test(test_day_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
