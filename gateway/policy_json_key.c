/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keys of the policy's JSON may say, whatever they are about; see policy_json_int.h. The
 * first fault ends it, with its place.
 */
#include "gateway/policy_json.h"

#include "gateway/policy_json_int.h"
#include "protocols/err.h"

#include <stdio.h>
#include <string.h>

int policy_json_blame(struct core_fault *fault, const char *at, const char *key, const char *why)
{
	struct core_fault f;
	const char *dot = at[0] && key[0] ? "." : "";

	snprintf(f.place, sizeof(f.place), "%.40s%s%.22s", at, dot, key);
	snprintf(f.why, sizeof(f.why), "%s", why);
	/* A key is anybody's text. */
	f.place[str_copy_plain(str_from(f.place), f.place, sizeof(f.place) - 1)] = '\0';
	*fault = f;
	return ERR_SYNTAX;
}

/* ---- words ---- */

const char *policy_json_origin(uint8_t origin)
{
	static const char *const text[MAP_ORIGINS] = {"owner", "upnp", "natpmp", "pcp", "sip"};

	return origin < MAP_ORIGINS ? text[origin] : NULL;
}

const char *policy_json_proto(uint8_t proto)
{
	if (proto == MAP_PROTO_TCP)
		return "tcp";
	if (proto == MAP_PROTO_UDP)
		return "udp";
	return proto == RULE_PROTO_OTHER ? "other" : NULL;
}

const char *policy_json_hand_proto(uint8_t bit)
{
	static const char *const text[] = {"tcp", "udp"};

	return bit < 2 ? text[bit] : NULL;
}

const char *policy_json_family(uint8_t bit)
{
	static const char *const text[] = {"ipv4", "ipv6"};

	return bit < 2 ? text[bit] : NULL;
}

/* Names are those of values below 256; there are gaps in some. */
bool policy_json_find_name(const json_t *value, policy_json_name_fn *name, uint8_t *out)
{
	const char *text = json_string_value(value);

	for (unsigned i = 0; text && i <= UINT8_MAX; i++) {
		const char *known = name((uint8_t)i);
		if (!known || strcmp(known, text) != 0)
			continue;
		*out = (uint8_t)i;
		return true;
	}
	return false;
}

const char *policy_json_read_mask(const json_t *value, policy_json_name_fn *name, uint8_t *out)
{
	uint8_t mask = 0, bit;

	if (!json_is_array(value) || json_array_size(value) == 0)
		return "is to be a list of names";
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (!policy_json_find_name(json_array_get(value, i), name, &bit))
			return "has a name that is not known";
		if (mask >> bit & 1)
			return "has a name twice";
		mask = (uint8_t)(mask | 1u << bit);
	}
	*out = mask;
	return NULL;
}

/* ---- values of more than one kind of thing ---- */

static int port_of(const json_t *value, uint16_t *out)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || n > UINT16_MAX)
		return ERR_RANGE;
	*out = (uint16_t)n;
	return 0;
}

/* 80 or "80" or "8000-8100". */
const char *policy_json_read_ports(const json_t *value, uint16_t *min, uint16_t *max)
{
	struct str text = {json_string_value(value), json_string_length(value)};
	struct str first = str_split(&text, '-');
	uint32_t a, b;

	if (json_is_integer(value) && !port_of(value, min)) {
		*max = *min;
		return NULL;
	}
	if (!json_is_string(value) || str_u32(first, 0, UINT16_MAX, &a))
		return "is neither a port nor a range of them";
	b = a;
	if (text.p && str_u32(text, 0, UINT16_MAX, &b))
		return "is neither a port nor a range of them";
	*min = (uint16_t)a;
	*max = (uint16_t)b;
	return NULL;
}

const char *policy_json_read_remote(const json_t *value, struct prefix *out)
{
	struct str text = {json_string_value(value), json_string_length(value)};

	if (!text.p || prefix_decode(text, out))
		return "is no address or prefix";
	return NULL;
}

const char *policy_json_read_when(const json_t *value, struct schedule *out)
{
	struct str text = {json_string_value(value), json_string_length(value)};

	if (!text.p || schedule_decode(text, out))
		return "is no schedule, as \"mon-fri 16:00-20:00\"";
	return NULL;
}

/* ---- keys ---- */

static const char *read_number(const json_t *value, const struct policy_json_key *k, char *row)
{
	json_int_t n = json_integer_value(value);
	uint64_t whole = (uint64_t)n;
	uint32_t word = (uint32_t)whole;
	uint16_t half = (uint16_t)whole;

	if (!json_is_integer(value))
		return "is to be a whole number";
	if (n < 0 || whole > k->max)
		return "is out of its range";
	if (k->size == sizeof(whole))
		memcpy(row + k->at, &whole, sizeof(whole));
	else if (k->size == sizeof(word))
		memcpy(row + k->at, &word, sizeof(word));
	else
		memcpy(row + k->at, &half, sizeof(half));
	return NULL;
}

static const char *read_flag(const json_t *value, const struct policy_json_key *k, char *row)
{
	bool flag = json_is_true(value);

	if (!json_is_boolean(value))
		return "is to be true or false";
	memcpy(row + k->at, &flag, sizeof(flag));
	return NULL;
}

static const char *read_text(const json_t *value, const struct policy_json_key *k, char *row)
{
	struct str text = {json_string_value(value), json_string_length(value)};

	if (!text.p)
		return "is to be text";
	if (text.len >= k->size)
		return "is too long";
	if (!str_is_plain(text))
		return "has characters that cannot be shown";
	memcpy(row + k->at, text.p, text.len);
	row[k->at + text.len] = '\0';
	return NULL;
}

static const char *read_key(const json_t *value, const struct policy_json_key *k, void *row)
{
	if (k->read)
		return k->read(value, row);
	if (k->type == JSON_INTEGER)
		return read_number(value, k, row);
	return k->type == JSON_STRING ? read_text(value, k, row) : read_flag(value, k, row);
}

static const struct policy_json_key *find_key(const struct policy_json_thing *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->keys[i].name, name) == 0)
			return &t->keys[i];
	}
	return NULL;
}

/* row begins as what is not said is. */
int policy_json_read_thing(const json_t *j, const struct policy_json_thing *t, const char *at,
	void *row, struct core_fault *fault)
{
	const char *name, *why;
	json_t *value;

	if (!json_is_object(j))
		return policy_json_blame(fault, at, "", "is to be an object");
	/* The macro that walks wants an object it might change. */
	json_object_foreach((json_t *)(uintptr_t)j, name, value) {
		const struct policy_json_key *k = find_key(t, name);
		if (!k)
			return policy_json_blame(fault, at, name, "is no key that is known here");
		why = read_key(value, k, row);
		if (why)
			return policy_json_blame(fault, at, name, why);
	}
	return 0;
}
