/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules, openings by hand and devices read from JSON: for each a table says which keys there are
 * and what each may be.
 */
#include "gateway/policy_json.h"

#include "gateway/policy_json_int.h"
#include "protocols/err.h"

#include <string.h>

/* ---- a rule ---- */

POLICY_JSON_NAME(rule_verdict, struct rule, verdict, rule_verdict_text)
POLICY_JSON_NAME(rule_maker, struct rule, maker, rule_maker_text)
POLICY_JSON_NAME(rule_proto, struct rule, proto, policy_json_proto)
POLICY_JSON_NAME(rule_risk, struct rule, risk, rule_risk_text)
POLICY_JSON_NAME(device_zone, struct db_device, zone, rule_zone_text)

static const char *rule_zones(const json_t *value, void *row)
{
	return policy_json_read_mask(value, rule_zone_text, &((struct rule *)row)->zones);
}

static const char *rule_origins(const json_t *value, void *row)
{
	return policy_json_read_mask(value, policy_json_origin, &((struct rule *)row)->origins);
}

static const char *rule_external(const json_t *value, void *row)
{
	struct rule *r = row;
	return policy_json_read_ports(value, &r->external_min, &r->external_max);
}

static const char *rule_internal(const json_t *value, void *row)
{
	struct rule *r = row;
	return policy_json_read_ports(value, &r->internal_min, &r->internal_max);
}

static const char *rule_remote(const json_t *value, void *row)
{
	struct rule *r = row;

	r->has_remote = true;
	return policy_json_read_remote(value, &r->remote);
}

static const char *rule_when(const json_t *value, void *row)
{
	return policy_json_read_when(value, &((struct rule *)row)->when);
}

static const struct policy_json_key rule_keys[] = {
	NUMBER("id", struct rule, id, UINT32_MAX),
	FLAG("enabled", struct rule, enabled),
	OWN("verdict", rule_verdict),
	OWN("maker", rule_maker),
	OWN("zones", rule_zones),
	NUMBER("device", struct rule, device_id, UINT32_MAX),
	OWN("origins", rule_origins),
	OWN("proto", rule_proto),
	OWN("external", rule_external),
	OWN("internal", rule_internal),
	OWN("risk", rule_risk),
	OWN("remote", rule_remote),
	TEXT("descr", struct rule, descr),
	OWN("when", rule_when),
	NUMBER("until", struct rule, until_wall_s, INT64_MAX),
	NUMBER("lifetime_max", struct rule, lifetime_max_s, UINT32_MAX),
	NUMBER("quota", struct rule, quota, UINT32_MAX),
	FLAG("third_party", struct rule, third_party),
	TEXT("note", struct rule, note),
};
static const struct policy_json_thing rule_thing = THING(rule_keys);

int policy_json_read_rule(const json_t *j, const char *at, struct rule *out,
	struct core_fault *fault)
{
	struct rule r;
	const char *why;
	int err;

	rule_init(&r);
	err = policy_json_read_thing(j, &rule_thing, at, &r, fault);
	if (err)
		return err;
	if (!json_object_get(j, "verdict"))
		return policy_json_blame(fault, at, "verdict", "is missing");
	why = rule_fault(&r);
	if (why)
		return policy_json_blame(fault, at, "", why);
	*out = r;
	return 0;
}

/* ---- an opening by hand ---- */

static const char *hand_protos(const json_t *value, void *row)
{
	return policy_json_read_mask(value, policy_json_hand_proto, &((struct hand *)row)->protos);
}

static const char *hand_families(const json_t *value, void *row)
{
	return policy_json_read_mask(value, policy_json_family, &((struct hand *)row)->families);
}

static const char *hand_remote(const json_t *value, void *row)
{
	struct hand *h = row;

	h->has_remote = true;
	return policy_json_read_remote(value, &h->remote);
}

static const char *hand_when(const json_t *value, void *row)
{
	return policy_json_read_when(value, &((struct hand *)row)->when);
}

static const struct policy_json_key hand_keys[] = {
	NUMBER("id", struct hand, id, UINT32_MAX),
	FLAG("enabled", struct hand, enabled),
	NUMBER("device", struct hand, device_id, UINT32_MAX),
	TEXT("name", struct hand, name),
	OWN("protos", hand_protos),
	OWN("families", hand_families),
	NUMBER("port", struct hand, external_port, UINT16_MAX),
	NUMBER("internal", struct hand, internal_port, UINT16_MAX),
	NUMBER("count", struct hand, count, UINT16_MAX),
	OWN("remote", hand_remote),
	OWN("when", hand_when),
};
static const struct policy_json_thing hand_thing = THING(hand_keys);

int policy_json_read_hand(const json_t *j, const char *at, struct hand *out,
	struct core_fault *fault)
{
	struct hand h = {.enabled = true, .families = HAND_IP4 | HAND_IP6, .count = 1,
		.remote = prefix_any6()};
	int err = policy_json_read_thing(j, &hand_thing, at, &h, fault);
	const char *why;

	if (err)
		return err;
	if (!json_object_get(j, "internal"))
		h.internal_port = h.external_port;
	if (h.has_remote && !json_object_get(j, "families"))
		h.families = addr_is4(&h.remote.addr) ? HAND_IP4 : HAND_IP6;
	why = hand_fault(&h);
	if (why)
		return policy_json_blame(fault, at, "", why);
	*out = h;
	return 0;
}

/* ---- a device ---- */

static const char *device_mac(const json_t *value, void *row)
{
	struct db_device *d = row;
	const char *text = json_string_value(value);

	if (!text || strlen(text) != 17)
		return "is no MAC address";
	for (size_t i = 0; i < 6; i++) {
		int high = str_hex_digit(text[3 * i]), low = str_hex_digit(text[3 * i + 1]);
		if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':'))
			return "is no MAC address";
		d->mac[i] = (uint8_t)(high << 4 | low);
	}
	d->has_mac = true;
	return NULL;
}

const char *policy_json_read_callers(const json_t *j, struct db_callers *out)
{
	struct db_callers callers = {0};

	if (!json_is_array(j))
		return "is to be a list of addresses and prefixes";
	if (json_array_size(j) > DB_CALLERS_MAX)
		return "are more than the 8 there may be";
	for (; callers.count < json_array_size(j); callers.count++) {
		const char *why = policy_json_read_remote(json_array_get(j, callers.count),
			&callers.at[callers.count]);
		if (why)
			return why;
	}
	*out = callers;
	return NULL;
}

static const char *device_callers(const json_t *value, void *row)
{
	return policy_json_read_callers(value, &((struct db_device *)row)->callers);
}

static const struct policy_json_key device_keys[] = {
	NUMBER("id", struct db_device, id, UINT32_MAX),
	OWN("mac", device_mac),
	TEXT("name", struct db_device, name),
	OWN("zone", device_zone),
	FLAG("phone", struct db_device, phone),
	OWN("callers", device_callers),
};
static const struct policy_json_thing device_thing = THING(device_keys);

int policy_json_read_device(const json_t *j, const char *at, struct db_device *out,
	struct core_fault *fault)
{
	struct db_device d = {.zone = RULE_ZONE_MEMBER};
	int err = policy_json_read_thing(j, &device_thing, at, &d, fault);

	if (err)
		return err;
	if (d.id == 0)
		return policy_json_blame(fault, at, "id", "is missing");
	*out = d;
	return 0;
}
