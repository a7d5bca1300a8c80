/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes: the owner's limits. */
#include "protocols/err.h"
#include "web/api_routes.h"

#include <jansson.h>

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

static bool decode_value(struct str body, int64_t *out)
{
	json_t *root = json_loadb(body.p ? body.p : "", body.len, JSON_REJECT_DUPLICATES, NULL);
	json_t *value = json_object_get(root, "value");
	bool fine = json_is_integer(value) && json_object_size(root) == 1;

	if (fine)
		*out = json_integer_value(value);
	json_decref(root);
	return fine;
}

static void on_put(void *arg, int err)
{
	struct api_job *job = arg;

	if (api_job_fine(job, err))
		api_answer_empty(job->req);
	api_job_free(job);
}

void api_setting_put(const struct api_call *call)
{
	struct api_job *job;
	int64_t value;
	int err;

	if (!decode_value(call->req->body, &value)) {
		api_error(call->req, 400, "bad_value", "{\"value\": a whole number}", "value");
		return;
	}
	job = api_job_new(call);
	if (!job)
		return;
	err = core_setting_put(job->core, call->param, value, on_put, job);
	if (err == ERR_RANGE)
		api_error(call->req, 400, "bad_value", "outside the range of this setting",
			"value");
	else if (err)
		api_error_core(call->req, err);
	if (err)
		api_job_free(job);
}
