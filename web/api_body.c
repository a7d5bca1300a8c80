/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bodies of requests; see api_body.h. */
#include "web/api_body.h"

#include <string.h>

json_t *api_body(const struct api_call *call)
{
	struct str body = call->req->body;
	json_t *root = json_loadb(body.p ? body.p : "", body.len, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(root))
		return root;
	json_decref(root);
	api_error(call->req, 400, "bad_value", "the body must be one JSON object", NULL);
	return NULL;
}

void api_body_fault(const struct api_call *call, const char *at, const char *name, const char *why)
{
	struct core_fault fault = {.why = ""};
	struct writer place = writer_to(fault.place, sizeof(fault.place) - 1);
	struct writer text = writer_to(fault.why, sizeof(fault.why) - 1);

	writer_text(&place, at);
	writer_text(&place, *at ? "." : "");
	writer_str(&place, str_cut_utf8(str_from(name), 40));
	writer_text(&text, why);
	api_error_fault(call->req, &fault);
}

static const char *read_number(const json_t *value, const struct api_body_field *f)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value))
		return "must be a whole number";
	if (n < f->min || n > f->max)
		return "is outside its range";
	*(int64_t *)f->out = n;
	return NULL;
}

/* What is wrong with it; NULL: nothing. */
static const char *read_value(const json_t *value, const struct api_body_field *f)
{
	switch (f->type) {
	case API_BODY_TEXT:
		if (!json_is_string(value))
			return "must be a text";
		*(const char **)f->out = json_string_value(value);
		return NULL;
	case API_BODY_BOOL:
		if (!json_is_boolean(value))
			return "must be true or false";
		*(bool *)f->out = json_is_true(value);
		return NULL;
	case API_BODY_INT:
		return read_number(value, f);
	case API_BODY_ARRAY:
		if (!json_is_array(value))
			return "must be a list";
		*(const json_t **)f->out = value;
		return NULL;
	case API_BODY_OBJECT:
		if (!json_is_object(value))
			return "must be an object";
		*(const json_t **)f->out = value;
		return NULL;
	}
	return "is not known";
}

static bool is_known(const struct api_body_field *fields, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].name, key) == 0)
			return true;
	return false;
}

bool api_body_read(const struct api_call *call, json_t *object, const char *at,
	const struct api_body_field *fields, size_t count)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		if (is_known(fields, count, key))
			continue;
		api_body_fault(call, at, key, "there is no such field");
		return false;
	}
	for (const struct api_body_field *f = fields; f < fields + count; f++) {
		const json_t *v = json_object_get(object, f->name);
		const char *why = f->wanted ? "is missing" : NULL;
		if (v)
			why = read_value(v, f);
		if (!why)
			continue;
		api_body_fault(call, at, f->name, why);
		return false;
	}
	return true;
}
