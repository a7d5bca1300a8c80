/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an act of the owner changed, as JSON for its row of the record: before and after. */
#include "gateway/core_int.h"
#include "gateway/policy_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define CUT "{\"cut\":true}"	/* it would have been too long */

char *detail_of(json_t *before, json_t *after)
{
	json_t *whole = json_pack("{s:o, s:o}", "before", before, "after", after);
	char *text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;

	json_decref(whole);
	if (text && strlen(text) <= DB_RECORD_DETAIL_MAX)
		return text;
	if (text)
		memcpy(text, CUT, sizeof(CUT));
	return text;
}

static const struct rule *rule_by_id(const struct rule *rules, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++) {
		if (rules[i].id == id)
			return &rules[i];
	}
	return NULL;
}

static bool same_rule(const struct rule *a, const struct rule *b)
{
	json_t *x = policy_json_rule(a), *y = policy_json_rule(b);
	bool same = json_equal(x, y);

	json_decref(x);
	json_decref(y);
	return same;
}

/* Their order is told by the ids of all. */
static json_t *ids_of(const struct rule *rules, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_integer(rules[i].id));
	return list;
}

/* Those of one list that the other does not have just so. */
static json_t *others(const struct rule *of, size_t of_count, const struct rule *not_in,
	size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < of_count; i++) {
		const struct rule *same = rule_by_id(not_in, count, of[i].id);
		if (!same || !same_rule(&of[i], same))
			json_array_append_new(list, policy_json_rule(&of[i]));
	}
	return list;
}

/* Only what changed; where that is too long, and where only their order did, ids in order. */
char *detail_of_rules(const struct core *core, const struct rule *rules, size_t count)
{
	const struct rule *old = core->rules;
	json_t *before = others(old, core->rule_count, rules, count);
	json_t *after = others(rules, count, old, core->rule_count);
	char *text = NULL;

	if (json_array_size(before) + json_array_size(after) > 0)
		text = detail_of(json_incref(before), json_incref(after));
	json_decref(before);
	json_decref(after);
	if (text && strcmp(text, CUT) != 0)
		return text;
	free(text);
	return detail_of(ids_of(old, core->rule_count), ids_of(rules, count));
}
