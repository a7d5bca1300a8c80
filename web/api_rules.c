/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes: rules, presets and whether somebody looks after this router. */
#include "gateway/policy_json.h"
#include "protocols/err.h"
#include "web/api_body.h"
#include "web/api_routes.h"
#include "web/api_rules.h"
#include "web/api_show.h"

#include <stdlib.h>

void api_rules_get(const struct api_call *call)
{
	const struct core *core = call->api->core;
	size_t count;
	const struct rule *rules = core_rules(core, &count);
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, "rules");
	for (size_t i = 0; i < count; i++) {
		struct core_rule_use use = core_rule_use(core, rules[i].id);
		jsonw_object(&j, NULL);
		jsonw_json(&j, "rule", policy_json_rule(&rules[i]));
		api_show_device_name(&j, "device", call->api, rules[i].device_id);
		jsonw_object(&j, "use");
		jsonw_u64(&j, "count", use.count);
		api_show_number(&j, "last", use.last_wall_s, 0);
		jsonw_object_end(&j);
		jsonw_object_end(&j);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}

/* Of a list of rules in JSON; their order is their position. */
static int decode_rules(const json_t *list, struct rule *out, struct core_fault *fault)
{
	int err = 0;

	for (size_t i = 0; i < json_array_size(list) && !err; i++) {
		char at[32];
		struct writer w = writer_to(at, sizeof(at) - 1);
		writer_text(&w, "rules[");
		writer_dec(&w, i);
		writer_text(&w, "]");
		at[w.len] = '\0';
		err = policy_json_read_rule(json_array_get(list, i), at, &out[i], fault);
		out[i].position = (uint32_t)i + 1;
	}
	return err;
}

struct rule *api_rules_read(const struct api_call *call, const json_t *list, size_t *count)
{
	struct core_fault fault = {.place = "rules", .why = "there are too many of them"};
	size_t n = json_array_size(list);
	struct rule *rules = NULL;
	int err = ERR_RANGE;

	if (n <= RULES_MAX) {
		rules = calloc(n + 1, sizeof(*rules));
		err = rules ? decode_rules(list, rules, &fault) : ERR_MEMORY;
	}
	if (!err) {
		*count = n;
		return rules;
	}
	if (err == ERR_MEMORY)
		api_error_core(call->req, err);
	else
		api_error_fault(call->req, &fault);
	free(rules);
	return NULL;
}

/* The rules of a body of nothing else; as above. */
static struct rule *read_rules(const struct api_call *call, size_t *count)
{
	const json_t *list = NULL;
	const struct api_body_field field = {
		.name = "rules", .type = API_BODY_ARRAY, .wanted = true, .out = &list};
	json_t *root = api_body(call);
	struct rule *rules = NULL;

	if (root && api_body_read(call, root, "", &field, 1))
		rules = api_rules_read(call, list, count);
	json_decref(root);
	return rules;
}

void api_rules_put(const struct api_call *call)
{
	size_t count;
	struct rule *rules = read_rules(call, &count);
	struct api_act a;

	if (rules && api_act_begin(call, &a))
		api_act_end(&a, core_rules_put(call->api->core, rules, count, &a.act, &a.fault));
	free(rules);
}

void api_rules_preview(const struct api_call *call)
{
	size_t count;
	struct rule *rules = read_rules(call, &count);
	struct core_fault fault = {.why = ""};
	struct api_closing closing;

	if (!rules)
		return;
	api_show_closing(&closing, call->api);
	api_show_closing_end(&closing, call, core_rules_preview(call->api->core, rules, count,
		&closing.closing, &fault), &fault);
	free(rules);
}

void api_presets_get(const struct api_call *call)
{
	struct core_status s;
	struct jsonw j = {0};

	core_status(call->api->core, &s);
	jsonw_object(&j, NULL);
	jsonw_array(&j, "presets");
	for (unsigned i = 0; i < PRESETS; i++) {
		const struct preset *p = preset_of((enum preset_id)i);
		jsonw_object(&j, NULL);
		jsonw_text(&j, "name", p->name);
		jsonw_text(&j, "meaning", p->meaning);
		jsonw_bool(&j, "current", i == s.preset);
		jsonw_object_end(&j);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}

static bool find_preset(const struct api_call *call, enum preset_id *out)
{
	int err = preset_find(call->param, out);

	if (err)
		api_error_core(call->req, err);
	return !err;
}

void api_preset_put(const struct api_call *call)
{
	enum preset_id preset;
	struct api_act a;

	if (find_preset(call, &preset) && api_act_begin(call, &a))
		api_act_end(&a, core_preset_put(call->api->core, preset, &a.act));
}

void api_preset_preview(const struct api_call *call)
{
	enum preset_id preset;
	struct api_closing closing;

	if (!find_preset(call, &preset))
		return;
	api_show_closing(&closing, call->api);
	api_show_closing_end(&closing, call,
		core_preset_preview(call->api->core, preset, &closing.closing), NULL);
}

void api_attended_put(const struct api_call *call)
{
	bool attended = false;
	const struct api_body_field field = {
		.name = "attended", .type = API_BODY_BOOL, .wanted = true, .out = &attended};
	json_t *root = api_body(call);
	struct api_act a;

	if (root && api_body_read(call, root, "", &field, 1) && api_act_begin(call, &a))
		api_act_end(&a, core_attend(call->api->core, attended, &a.act));
	json_decref(root);
}
