/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes: the table of openings, one of them, and closing one. */
#include "protocols/err.h"
#include "web/api_count.h"
#include "web/api_routes.h"

/* t NULL: counters were not asked for. */
static void show(struct jsonw *j, struct api_view *view, const struct opening *o,
	const struct api_tally *t)
{
	struct core_traffic traffic = {0};

	if (t)
		traffic = api_tally_of(t, o->id);
	api_show_opening(j, view, o, t ? &traffic : NULL);
}

/* Openings, or what is outbound. */
static void answer_all(struct httpd_request *req, const struct api *api, bool outbound,
	const struct api_tally *t)
{
	const struct core *core = api->core;
	struct api_view view = api_show_view(api);
	size_t count = core_openings(core);
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, outbound ? "peers" : "openings");
	for (size_t i = 0; i < count; i++) {
		const struct opening *o = core_opening_at(core, i);
		if (o->outbound == outbound)
			show(&j, &view, o, t);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(req, 200, &j);
}

static void answer_one(struct httpd_request *req, const struct api *api, uint32_t id,
	const struct api_tally *t)
{
	const struct opening *o = core_opening_by_id(api->core, id);
	struct api_view view = api_show_view(api);
	struct jsonw j = {0};

	if (!o) {
		api_error_core(req, ERR_NOT_FOUND);
		return;
	}
	show(&j, &view, o, t);
	api_answer_json(req, 200, &j);
}

static void answer_counted(struct httpd_request *req, const struct api *api, uint32_t id,
	const struct api_tally *t)
{
	if (id)
		answer_one(req, api, id, t);
	else
		answer_all(req, api, false, t);
}

void api_openings_get(const struct api_call *call)
{
	uint64_t counters = 0;

	if (!api_query_u64(call, "counters", 1, &counters))
		return;
	if (counters)
		api_count(call, 0, answer_counted);
	else
		answer_all(call->req, call->api, false, NULL);
}

void api_peers_get(const struct api_call *call)
{
	answer_all(call->req, call->api, true, NULL);
}

void api_opening_get(const struct api_call *call)
{
	uint32_t id = api_id(call);
	uint64_t counters = 0;

	if (!id || !api_query_u64(call, "counters", 1, &counters))
		return;
	if (counters)
		api_count(call, id, answer_counted);
	else
		answer_one(call->req, call->api, id, NULL);
}

/* False: the call was answered. */
static bool read_for(const struct api_call *call, enum core_close *out)
{
	static const struct {
		const char *name;
		enum core_close how;
	} words[] = {{"now", CORE_CLOSE_NOW}, {"day", CORE_CLOSE_DAY}, {"good", CORE_CLOSE_GOOD}};
	struct str text;
	int err = httpd_query(call->req, STR("for"), &text);

	*out = CORE_CLOSE_NOW;
	for (size_t i = 0; i < 3 && !err; i++) {
		if (!str_eq(text, str_from(words[i].name)))
			continue;
		*out = words[i].how;
		return true;
	}
	if (err == ERR_NOT_FOUND)
		return true;
	api_error(call->req, 400, "bad_value", "now, day or good", "for");
	return false;
}

void api_opening_delete(const struct api_call *call)
{
	uint32_t id = api_id(call);
	enum core_close how;
	struct api_act a;

	if (id && read_for(call, &how) && api_act_begin(call, &a))
		api_act_end(&a, core_close(call->api->core, id, how, &a.act));
}

void api_opening_undo(const struct api_call *call)
{
	uint32_t id = api_id(call);
	struct api_act a;

	if (id && api_act_begin(call, &a))
		api_act_end(&a, core_undo(call->api->core, id, &a.act));
}
