/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes: the owner's limits. */
#include "protocols/err.h"
#include "web/api_body.h"
#include "web/api_routes.h"

void api_settings_get(const struct api_call *call)
{
	const struct limits *limits = core_limits(call->api->core);
	size_t count;
	const struct limits_entry *entry = limits_table(&count);
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, "settings");
	for (const struct limits_entry *e = entry; e < entry + count; e++) {
		jsonw_object(&j, NULL);
		jsonw_text(&j, "name", e->name);
		jsonw_u64(&j, "value", limits_get(limits, e));
		jsonw_u64(&j, "initial", e->initial);
		jsonw_u64(&j, "min", e->min);
		jsonw_u64(&j, "max", e->max);
		jsonw_text(&j, "meaning", e->meaning);
		jsonw_object_end(&j);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}

void api_setting_put(const struct api_call *call)
{
	int64_t value = 0;
	const struct api_body_field field = {.name = "value", .type = API_BODY_INT, .wanted = true,
		.out = &value, .min = INT64_MIN, .max = INT64_MAX};
	json_t *root = api_body(call);
	struct api_act a;

	if (root && api_body_read(call, root, "", &field, 1) && api_act_begin(call, &a)) {
		a.fault = (struct core_fault){"value", "outside the range of this setting"};
		api_act_end(&a, core_setting_put(call->api->core, call->param, value, &a.act));
	}
	json_decref(root);
}
