/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes: devices and zones. */
#include "gateway/policy_json.h"
#include "protocols/err.h"
#include "web/api_body.h"
#include "web/api_routes.h"
#include "web/api_show.h"

#include <stdlib.h>

void api_devices_get(const struct api_call *call)
{
	const struct core *core = call->api->core;
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, "devices");
	for (size_t i = 0; i < core_devices(core); i++)
		api_show_device(&j, call->api, core_device_at(core, i));
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}

void api_device_get(const struct api_call *call)
{
	uint32_t id = api_id(call);
	const struct db_device *d = id ? core_device(call->api->core, id) : NULL;
	struct jsonw j = {0};

	if (id && !d)
		api_error_core(call->req, ERR_NOT_FOUND);
	if (!d)
		return;
	api_show_device(&j, call->api, d);
	api_answer_json(call->req, 200, &j);
}

/* -1: no such zone. */
static int zone_of(const char *name)
{
	for (uint8_t zone = 0; zone < RULE_ZONES; zone++)
		if (str_eq(str_from(name), str_from(rule_zone_text(zone))))
			return zone;
	return -1;
}

/* What a body wants, which lives as long as it does. */
struct wanted {
	json_t *root;
	struct db_callers callers;
	struct core_device_change change;
};

static const char *take_callers(struct wanted *w, const json_t *list)
{
	const char *why = list ? policy_json_read_callers(list, &w->callers) : NULL;

	if (list)
		w->change.callers = &w->callers;
	return why;
}

static const char *take_zone(struct wanted *w, const char *zone)
{
	if (zone)
		w->change.zone = zone_of(zone);
	return zone && w->change.zone < 0 ? "there is no such zone" : NULL;
}

/* False: the call was answered. */
static bool read_change(const struct api_call *call, struct wanted *w)
{
	bool phone = false;
	const char *zone = NULL, *why;
	const json_t *callers = NULL;
	const struct api_body_field fields[] = {
		{.name = "name", .type = API_BODY_TEXT, .out = &w->change.name},
		{.name = "zone", .type = API_BODY_TEXT, .out = &zone},
		{.name = "phone", .type = API_BODY_BOOL, .out = &phone},
		{.name = "callers", .type = API_BODY_ARRAY, .out = &callers},
	};

	*w = (struct wanted){.root = api_body(call), .change = {.zone = -1, .phone = -1}};
	if (!w->root || !api_body_read(call, w->root, "", fields, 4))
		return false;
	if (json_object_get(w->root, "phone"))
		w->change.phone = phone;
	why = take_zone(w, zone);
	if (why) {
		api_body_fault(call, "", "zone", why);
		return false;
	}
	why = take_callers(w, callers);
	if (why)
		api_body_fault(call, "", "callers", why);
	return !why;
}

void api_device_put(const struct api_call *call)
{
	uint32_t id = api_id(call);
	struct wanted w = {.root = NULL};
	struct api_act a;

	if (id && read_change(call, &w) && api_act_begin(call, &a))
		api_act_end(&a,
			core_device_put(call->api->core, id, &w.change, &a.act, &a.fault));
	json_decref(w.root);
}

void api_device_preview(const struct api_call *call)
{
	uint32_t id = api_id(call);
	struct wanted w = {.root = NULL};
	struct api_closing closing;

	if (id && read_change(call, &w)) {
		api_show_closing(&closing, call->api);
		api_show_closing_end(&closing, call,
			core_device_preview(call->api->core, id, &w.change, &closing.closing),
			NULL);
	}
	json_decref(w.root);
}

void api_device_delete(const struct api_call *call)
{
	uint32_t id = api_id(call);
	struct api_act a;

	if (!id || !api_act_begin(call, &a))
		return;
	a.denied = "it has openings by hand; take those away first";
	api_act_end(&a, core_device_forget(call->api->core, id, &a.act));
}

void api_device_merge(const struct api_call *call)
{
	uint32_t id = api_id(call);
	int64_t into = 0;
	const struct api_body_field field = {.name = "into", .type = API_BODY_INT, .wanted = true,
		.out = &into, .min = 1, .max = UINT32_MAX};
	json_t *root = id ? api_body(call) : NULL;
	struct api_act a;

	if (root && api_body_read(call, root, "", &field, 1) && api_act_begin(call, &a)) {
		a.denied = id == (uint32_t)into
				   ? "it is one device already"
				   : "one of them is a guest, and a guest is nobody else";
		api_act_end(&a, core_device_merge(call->api->core, id, (uint32_t)into, &a.act));
	}
	json_decref(root);
}

static const char *const meanings[RULE_ZONES] = {
	[RULE_ZONE_ADMIN] = "devices of those who look after this router",
	[RULE_ZONE_MEMBER] = "trusted: opens ordinary ports by itself",
	[RULE_ZONE_NEW] = "not known yet: its requests are asked about",
	[RULE_ZONE_GUEST] = "on a guest network: is not answered at all",
	[RULE_ZONE_BLOCKED] = "opens nothing",
};

void api_zones_get(const struct api_call *call)
{
	const struct core *core = call->api->core;
	uint64_t devices[RULE_ZONES] = {0}, openings[RULE_ZONES] = {0};
	struct jsonw j = {0};

	for (size_t i = 0; i < core_devices(core); i++) {
		const struct db_device *d = core_device_at(core, i);
		devices[d->zone]++;
		openings[d->zone] += core_device_openings(core, d->id);
	}
	jsonw_object(&j, NULL);
	jsonw_array(&j, "zones");
	for (uint8_t zone = 0; zone < RULE_ZONES; zone++) {
		jsonw_object(&j, NULL);
		jsonw_text(&j, "name", rule_zone_text(zone));
		jsonw_text(&j, "meaning", meanings[zone]);
		jsonw_u64(&j, "devices", devices[zone]);
		jsonw_u64(&j, "openings", openings[zone]);
		jsonw_object_end(&j);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}
