/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For policy_json*.c only: words, and things of JSON as tables of their keys. */
#ifndef GATEWAY_POLICY_JSON_INT_H
#define GATEWAY_POLICY_JSON_INT_H

#include "gateway/policy_json.h"

#include <stddef.h>
#include <stdint.h>

/* The names both reading and writing go by; NULL for what is none. */
typedef const char *policy_json_name_fn(uint8_t value);
const char *policy_json_origin(uint8_t origin);		/* by enum map_origin */
const char *policy_json_proto(uint8_t proto);		/* of a rule */
const char *policy_json_hand_proto(uint8_t bit);	/* by bit of struct hand's protos */
const char *policy_json_family(uint8_t bit);

/* Fills in what the value says. Returns NULL, or why it is not one. */
typedef const char *policy_json_value_fn(const json_t *value, void *row);

/* With read NULL a number, flag or text at this place of the row. */
struct policy_json_key {
	const char *name;
	json_type type;
	size_t at, size;
	uint64_t max;
	policy_json_value_fn *read;
};

struct policy_json_thing {
	const struct policy_json_key *keys;
	size_t count;
};

#define PLACE(type, member) offsetof(type, member), sizeof(((type *)0)->member)
#define NUMBER(name, type, member, max) {name, JSON_INTEGER, PLACE(type, member), max, NULL}
#define FLAG(name, type, member) {name, JSON_TRUE, PLACE(type, member), 1, NULL}
#define TEXT(name, type, member) {name, JSON_STRING, PLACE(type, member), 0, NULL}
#define OWN(name, fn) {name, JSON_NULL, 0, 0, 0, fn}
#define THING(keys) {keys, sizeof(keys) / sizeof(keys[0])}

#define POLICY_JSON_NAME(fn, type, member, name) \
	static const char *fn(const json_t *value, void *row) \
	{ \
		type *r = row; \
		return policy_json_find_name(value, name, &r->member) \
			       ? NULL : "is a name that is not known"; \
	}

/* Notes the fault; ERR_SYNTAX. */
int policy_json_blame(struct core_fault *fault, const char *at, const char *key, const char *why);
bool policy_json_find_name(const json_t *value, policy_json_name_fn *name, uint8_t *out);
/* These return NULL, or why not. */
const char *policy_json_read_mask(const json_t *value, policy_json_name_fn *name, uint8_t *out);
const char *policy_json_read_ports(const json_t *value, uint16_t *min, uint16_t *max);
const char *policy_json_read_remote(const json_t *value, struct prefix *out);
const char *policy_json_read_when(const json_t *value, struct schedule *out);
/* row begins as what is not said is. ERR_SYNTAX with *fault. */
int policy_json_read_thing(const json_t *j, const struct policy_json_thing *t, const char *at,
	void *row, struct core_fault *fault);
int policy_json_read_device(const json_t *j, const char *at, struct db_device *out,
	struct core_fault *fault);

#endif
