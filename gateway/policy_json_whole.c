/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy as a whole read from JSON: what its parts say of each other, and how many there may
 * be. All of it or nothing.
 */
#include "gateway/policy_json.h"

#include "gateway/device.h"
#include "gateway/policy_json_int.h"
#include "protocols/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void policy_json_free(struct policy *p)
{
	if (!p)
		return;
	free(p->rules);
	free(p->hands);
	free(p->devices);
	*p = (struct policy){0};
}

/* ---- the whole ---- */

static const char *preset_name(uint8_t preset)
{
	return preset < PRESETS ? preset_of((enum preset_id)preset)->name : NULL;
}

POLICY_JSON_NAME(whole_preset, struct policy, preset, preset_name)

static const char *whole_version(const json_t *value, void *row)
{
	(void)row;
	return json_integer_value(value) == POLICY_JSON_VERSION ? NULL
								 : "is no version that is known";
}

static const char *whole_skip(const json_t *value, void *row)
{
	(void)row;
	return json_is_array(value) ? NULL : "is to be a list";
}

/* Read with places of its own. */
static const char *whole_limits(const json_t *value, void *row)
{
	(void)row;
	return json_is_object(value) ? NULL : "is to be an object";
}

static const struct policy_json_key whole_keys[] = {
	OWN("postern", whole_version),
	OWN("preset", whole_preset),
	FLAG("attended", struct policy, attended),
	OWN("limits", whole_limits),
	OWN("devices", whole_skip),
	OWN("rules", whole_skip),
	OWN("hands", whole_skip),
};
static const struct policy_json_thing whole_thing = THING(whole_keys);

static int read_limits(const json_t *j, struct limits *out, struct core_fault *fault)
{
	const char *name;
	json_t *value;

	limits_init(out);
	if (!j)
		return 0;
	json_object_foreach((json_t *)(uintptr_t)j, name, value) {
		int err = json_is_integer(value)
				  ? limits_set(out, str_from(name), json_integer_value(value))
				  : ERR_RANGE;
		if (err)
			return policy_json_blame(fault, "limits", name, err == ERR_NOT_FOUND
					? "is no key that is known here" : "is out of its range");
	}
	return 0;
}

static bool has_device(const struct policy *p, uint32_t id)
{
	for (size_t i = 0; i < p->device_count; i++) {
		if (p->devices[i].id == id)
			return true;
	}
	return false;
}

static int no_device(const char *at, struct core_fault *fault)
{
	return policy_json_blame(fault, at, "device", "is the id of none of the devices");
}

static int add_device(const json_t *j, const char *at, struct policy *p, struct core_fault *fault)
{
	struct db_device d;
	int err = policy_json_read_device(j, at, &d, fault);

	if (err)
		return err;
	if (has_device(p, d.id))
		return policy_json_blame(fault, at, "id", "is there twice");
	for (size_t i = 0; i < p->device_count; i++) {
		if (d.has_mac && p->devices[i].has_mac &&
			memcmp(p->devices[i].mac, d.mac, sizeof(d.mac)) == 0)
			return policy_json_blame(fault, at, "mac", "is there twice");
	}
	p->devices[p->device_count++] = d;
	return 0;
}

static int add_rule(const json_t *j, const char *at, struct policy *p, struct core_fault *fault)
{
	struct rule *r = &p->rules[p->rule_count];
	int err = policy_json_read_rule(j, at, r, fault);

	if (err)
		return err;
	if (r->device_id != 0 && !has_device(p, r->device_id))
		return no_device(at, fault);
	r->position = (uint32_t)++p->rule_count;
	return 0;
}

static int add_hand(const json_t *j, const char *at, struct policy *p, struct core_fault *fault)
{
	struct hand *h = &p->hands[p->hand_count];
	int err = policy_json_read_hand(j, at, h, fault);

	if (err)
		return err;
	if (!has_device(p, h->device_id))
		return no_device(at, fault);
	for (size_t i = 0; i < p->hand_count; i++) {
		const char *clash = hand_clash(&p->hands[i], h);
		if (h->id != 0 && p->hands[i].id == h->id)
			return policy_json_blame(fault, at, "id", "is there twice");
		if (clash)
			return policy_json_blame(fault, at, "", clash);
	}
	p->hand_count++;
	return 0;
}

typedef int add_fn(const json_t *j, const char *at, struct policy *p, struct core_fault *fault);

static int read_list(const json_t *j, const char *name, add_fn *add, struct policy *p,
	struct core_fault *fault)
{
	const json_t *list = json_object_get(j, name);
	char at[32];
	int err = 0;

	for (size_t i = 0; i < json_array_size(list) && !err; i++) {
		snprintf(at, sizeof(at), "%s[%zu]", name, i);
		err = add(json_array_get(list, i), at, p, fault);
	}
	return err;
}

/* One place each, and one more so that none is no memory. */
static int make_room(const json_t *j, struct policy *p, struct core_fault *fault)
{
	size_t rules = json_array_size(json_object_get(j, "rules"));
	size_t hands = json_array_size(json_object_get(j, "hands"));
	size_t devices = json_array_size(json_object_get(j, "devices"));

	if (rules > RULES_MAX)
		return policy_json_blame(fault, "rules", "", "are more than there may be");
	if (hands > HANDS_MAX)
		return policy_json_blame(fault, "hands", "", "are more than there may be");
	if (devices > DEVICES_MAX)
		return policy_json_blame(fault, "devices", "", "are more than there may be");
	p->rules = calloc(rules + 1, sizeof(*p->rules));
	p->hands = calloc(hands + 1, sizeof(*p->hands));
	p->devices = calloc(devices + 1, sizeof(*p->devices));
	return p->rules && p->hands && p->devices ? 0 : ERR_MEMORY;
}

/* Those without an id get one that no other has. */
static int check_rules(struct policy *p, struct core_fault *fault)
{
	size_t place = 0;
	uint32_t next = 1;
	const char *why;
	char at[32];

	for (size_t i = 0; i < p->rule_count; i++)
		next = p->rules[i].id >= next && p->rules[i].id < UINT32_MAX ? p->rules[i].id + 1
									      : next;
	for (size_t i = 0; i < p->rule_count; i++) {
		if (p->rules[i].id == 0)
			p->rules[i].id = next++;
	}
	why = rule_fault_of_all(p->rules, p->rule_count, &place);
	snprintf(at, sizeof(at), "rules[%zu]", place);
	return why ? policy_json_blame(fault, at, "", why) : 0;
}

int policy_json_read(const json_t *j, struct policy *out, struct core_fault *fault)
{
	struct policy p = {.preset = PRESET_ASK};
	int err = policy_json_read_thing(j, &whole_thing, "", &p, fault);

	if (!err && !json_object_get(j, "postern"))
		err = policy_json_blame(fault, "", "postern", "is missing");
	if (!err)
		err = read_limits(json_object_get(j, "limits"), &p.limits, fault);
	if (!err)
		err = make_room(j, &p, fault);
	if (!err)
		err = read_list(j, "devices", add_device, &p, fault);
	if (!err)
		err = read_list(j, "rules", add_rule, &p, fault);
	if (!err)
		err = check_rules(&p, fault);
	if (!err)
		err = read_list(j, "hands", add_hand, &p, fault);
	if (err)
		policy_json_free(&p);
	else
		*out = p;
	return err;
}

int policy_json_decode(struct str text, struct policy *out, struct core_fault *fault)
{
	json_error_t error;
	json_t *j;
	char at[32];
	int err;

	if (text.len > POLICY_JSON_MAX)
		return policy_json_blame(fault, "", "", "is larger than 1 MB");
	j = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, &error);
	if (!j) {
		snprintf(at, sizeof(at), "line %d", error.line);
		return policy_json_blame(fault, at, "", error.text);
	}
	err = policy_json_read(j, out, fault);
	json_decref(j);
	return err;
}
