/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of routes and the way to them; see api.h. */
#include "web/api.h"

#include "web/api_routes.h"

#include <stdlib.h>

struct route {
	const char *method;
	const char *path;	/* its last part may be "{}": any one non-empty part */
	enum api_role role;
	api_route_fn *fn;
};

static const struct route routes[] = {
	{"GET", "/api/v1/status", API_ROLE_VIEWER, api_status_get},
	{"GET", "/api/v1/openings", API_ROLE_VIEWER, api_openings_get},
	{"GET", "/api/v1/peers", API_ROLE_VIEWER, api_peers_get},
	{"GET", "/api/v1/openings/{}", API_ROLE_VIEWER, api_opening_get},
	{"DELETE", "/api/v1/openings/{}", API_ROLE_APPROVER, api_opening_delete},
	{"POST", "/api/v1/flush", API_ROLE_ADMIN, api_flush_post},
	{"GET", "/api/v1/record", API_ROLE_VIEWER, api_record_get},
	{"GET", "/api/v1/settings", API_ROLE_VIEWER, api_settings_get},
	{"PUT", "/api/v1/settings/{}", API_ROLE_ADMIN, api_setting_put},
	{"GET", "/api/v1/devices", API_ROLE_VIEWER, api_devices_get},
	{"GET", "/api/v1/events", API_ROLE_VIEWER, api_events_get},
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

static bool matches(const struct route *route, struct str path, struct str *param)
{
	struct str pattern = str_from(route->path);
	struct str head = str_sub(pattern, 0, pattern.len - 2);

	*param = STR_NONE;
	if (!str_eq(str_sub(pattern, head.len, 2), STR("{}")))
		return str_eq(pattern, path);
	if (path.len <= head.len || !str_starts(path, head))
		return false;
	*param = str_sub(path, head.len, path.len - head.len);
	return str_find(*param, 0, '/') == param->len;
}

void api_handle(struct api *api, struct httpd_request *req, enum api_role role)
{
	struct api_call call = {.api = api, .req = req};
	bool known = false;

	for (const struct route *r = routes; r < routes + ROUTES; r++) {
		if (!matches(r, req->path, &call.param))
			continue;
		known = true;
		if (!str_eq(req->method, str_from(r->method)))
			continue;
		if (role >= r->role)
			r->fn(&call);
		else
			api_error(req, 403, "forbidden", "this needs more rights", NULL);
		return;
	}
	if (known)
		api_error(req, 405, "bad_method", "not by this method", NULL);
	else
		api_error(req, 404, "not_found", "there is no such thing", NULL);
}

struct api *api_new(struct core *core)
{
	struct api *api = calloc(1, sizeof(*api));

	if (!api)
		return NULL;
	api->core = core;
	if (core_watch(core, api_events_news, api) == 0)
		return api;
	free(api);
	return NULL;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	core_unwatch(api->core, api_events_news, api);
	free(api);
}
