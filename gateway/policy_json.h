/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole policy, and its parts, as JSON: what import and export, the API, the copy beside the
 * store and factory.json speak. A reader takes all of it or nothing: unknown keys, wrong types,
 * numbers out of range, a rule that contradicts itself are faults with their place.
 *
 *	{"postern": 1, "preset": "ask", "attended": true, "limits": {"quota.device": 64, ...},
 *	 "devices": [{"id": 7, "mac": "02:00:5e:10:00:07", "name": "NAS", "zone": "member",
 *	              "phone": true, "callers": ["198.51.100.0/24"], ...}],
 *	 "rules": [{"id": 1, "verdict": "deny", "zones": ["guest"], "note": "...", ...}],
 *	 "hands": [{"id": 1, "device": 7, "name": "Web", "protos": ["tcp"], "port": 443, ...}]}
 *
 * "device" of rules and hands is the "id" of an element of devices; what is as rule_init has it is
 * left out when writing.
 */
#ifndef GATEWAY_POLICY_JSON_H
#define GATEWAY_POLICY_JSON_H

#include "gateway/core_owner.h"

#include <jansson.h>

#define POLICY_JSON_VERSION 1
#define POLICY_JSON_MAX (1024 * 1024)

/* NULL: no memory. */
json_t *policy_json_rule(const struct rule *r);
json_t *policy_json_hand(const struct hand *h);
json_t *policy_json_device(const struct db_device *d);
json_t *policy_json_callers(const struct db_callers *callers);
json_t *policy_json_whole(const struct policy *p);

/* ERR_SYNTAX with *fault (place below "at"), ERR_MEMORY; out untouched then. */
int policy_json_read_rule(const json_t *j, const char *at, struct rule *out,
	struct core_fault *fault);
int policy_json_read_hand(const json_t *j, const char *at, struct hand *out,
	struct core_fault *fault);
/* NULL, or why not; out untouched then. */
const char *policy_json_read_callers(const json_t *j, struct db_callers *out);
int policy_json_read(const json_t *j, struct policy *out, struct core_fault *fault);
/* The same of a text or a file: ERR_NOT_FOUND when there is no such file. */
int policy_json_decode(struct str text, struct policy *out, struct core_fault *fault);
int policy_json_load(const char *path, struct policy *out, struct core_fault *fault);
/* Written aside, synced, renamed into place. For the database thread. */
int policy_json_save(const char *path, const char *text, size_t len);

/* The policy of an empty store. ERR_MEMORY. */
int policy_json_day_one(struct policy *out);
void policy_json_free(struct policy *p);

#endif
