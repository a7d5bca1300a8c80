/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of routes and the way to them; see api.h. */
#include "web/api.h"

#include "web/api_routes.h"
#include "web/auth_routes.h"

#include <stdlib.h>

static const struct api_route routes[] = {
	{"GET", "/api/v1/openapi.json", API_ROLE_VIEWER, api_openapi_get},
	{"GET", "/api/v1/status", API_ROLE_VIEWER, api_status_get},
	{"GET", "/api/v1/events", API_ROLE_VIEWER, api_events_get},
	{"GET", "/api/v1/openings", API_ROLE_VIEWER, api_openings_get},
	{"GET", "/api/v1/openings/{}", API_ROLE_VIEWER, api_opening_get},
	{"DELETE", "/api/v1/openings/{}", API_ROLE_APPROVER, api_opening_delete},
	{"POST", "/api/v1/openings/{}/undo", API_ROLE_APPROVER, api_opening_undo},
	{"GET", "/api/v1/peers", API_ROLE_VIEWER, api_peers_get},
	{"POST", "/api/v1/flush", API_ROLE_ADMIN, api_flush_post},
	{"GET", "/api/v1/devices", API_ROLE_VIEWER, api_devices_get},
	{"GET", "/api/v1/devices/{}", API_ROLE_VIEWER, api_device_get},
	{"PUT", "/api/v1/devices/{}", API_ROLE_ADMIN, api_device_put},
	{"DELETE", "/api/v1/devices/{}", API_ROLE_ADMIN, api_device_delete},
	{"POST", "/api/v1/devices/{}/preview", API_ROLE_VIEWER, api_device_preview},
	{"POST", "/api/v1/devices/{}/merge", API_ROLE_ADMIN, api_device_merge},
	{"GET", "/api/v1/sip", API_ROLE_VIEWER, api_sip_get},
	{"GET", "/api/v1/sip/phones", API_ROLE_VIEWER, api_sip_phones_get},
	{"GET", "/api/v1/sip/missed", API_ROLE_VIEWER, api_sip_missed_get},
	{"GET", "/api/v1/zones", API_ROLE_VIEWER, api_zones_get},
	{"GET", "/api/v1/rules", API_ROLE_VIEWER, api_rules_get},
	{"PUT", "/api/v1/rules", API_ROLE_ADMIN, api_rules_put},
	{"POST", "/api/v1/rules/preview", API_ROLE_ADMIN, api_rules_preview},
	{"GET", "/api/v1/presets", API_ROLE_VIEWER, api_presets_get},
	{"PUT", "/api/v1/presets/{}", API_ROLE_ADMIN, api_preset_put},
	{"POST", "/api/v1/presets/{}/preview", API_ROLE_VIEWER, api_preset_preview},
	{"PUT", "/api/v1/attended", API_ROLE_ADMIN, api_attended_put},
	{"POST", "/api/v1/explain", API_ROLE_VIEWER, api_explain_post},
	{"GET", "/api/v1/cards", API_ROLE_VIEWER, api_cards_get},
	{"POST", "/api/v1/cards/{}/answer", API_ROLE_APPROVER, api_card_answer},
	{"GET", "/api/v1/alerts", API_ROLE_VIEWER, api_alerts_get},
	{"POST", "/api/v1/alerts/{}", API_ROLE_APPROVER, api_alert_post},
	{"GET", "/api/v1/hands", API_ROLE_VIEWER, api_hands_get},
	{"POST", "/api/v1/hands", API_ROLE_ADMIN, api_hands_post},
	{"PUT", "/api/v1/hands/{}", API_ROLE_ADMIN, api_hand_put},
	{"DELETE", "/api/v1/hands/{}", API_ROLE_ADMIN, api_hand_delete},
	{"POST", "/api/v1/hands/{}/test", API_ROLE_APPROVER, api_hand_test},
	{"GET", "/api/v1/services", API_ROLE_VIEWER, api_services_get},
	{"GET", "/api/v1/record", API_ROLE_VIEWER, api_record_get},
	{"GET", "/api/v1/record/export", API_ROLE_ADMIN, api_record_export},
	{"POST", "/api/v1/record/verify", API_ROLE_VIEWER, api_record_verify},
	{"GET", "/api/v1/policy", API_ROLE_ADMIN, api_policy_get},
	{"PUT", "/api/v1/policy", API_ROLE_ADMIN, api_policy_put},
	{"POST", "/api/v1/policy/preview", API_ROLE_ADMIN, api_policy_preview},
	{"POST", "/api/v1/reset", API_ROLE_ADMIN, api_reset_post},
	{"GET", "/api/v1/settings", API_ROLE_VIEWER, api_settings_get},
	{"PUT", "/api/v1/settings/{}", API_ROLE_ADMIN, api_setting_put},
	{"GET", "/api/v1/session", API_ROLE_NONE, auth_session_get},
	{"POST", "/api/v1/login", API_ROLE_NONE, auth_login_post},
	{"POST", "/api/v1/session/renew", API_ROLE_APPROVER, auth_renew_post},
	{"POST", "/api/v1/logout", API_ROLE_NONE, auth_logout_post},
	{"POST", "/api/v1/setup/code", API_ROLE_ADMIN, auth_code_post},
	{"POST", "/api/v1/setup", API_ROLE_NONE, auth_setup_post},
	{"GET", "/api/v1/accounts", API_ROLE_ADMIN, auth_accounts_get},
	{"POST", "/api/v1/accounts", API_ROLE_ADMIN, auth_accounts_post},
	{"DELETE", "/api/v1/accounts/{}", API_ROLE_ADMIN, auth_account_delete},
	{"PUT", "/api/v1/accounts/{}/password", API_ROLE_APPROVER, auth_password_put},
	{"GET", "/api/v1/sessions", API_ROLE_APPROVER, auth_sessions_get},
	{"DELETE", "/api/v1/sessions/{}", API_ROLE_APPROVER, auth_session_delete},
	{"GET", "/api/v1/tokens", API_ROLE_ADMIN, auth_tokens_get},
	{"POST", "/api/v1/tokens", API_ROLE_ADMIN, auth_tokens_post},
	{"DELETE", "/api/v1/tokens/{}", API_ROLE_ADMIN, auth_token_delete},
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

const struct api_route *api_routes(size_t *count)
{
	*count = ROUTES;
	return routes;
}

static bool matches(const struct api_route *route, struct str path, struct str *param)
{
	struct str pattern = str_from(route->path);
	size_t at = str_find(pattern, 0, '{');
	size_t end = str_find(path, at, '/');

	*param = STR_NONE;
	if (at == pattern.len)
		return str_eq(pattern, path);
	if (path.len <= at || end == at || !str_starts(path, str_sub(pattern, 0, at)))
		return false;
	*param = str_sub(path, at, end - at);
	return str_eq(str_sub(path, end, path.len - end),
		str_sub(pattern, at + 2, pattern.len - at - 2));
}

static void refuse(struct httpd_request *req, enum api_lack lack)
{
	switch (lack) {
	case API_LACK_RIGHTS:
		api_error(req, 403, "forbidden", "this needs more rights", NULL);
		break;
	case API_LACK_LOGIN:
		api_error(req, 401, "login", "please log in", NULL);
		break;
	case API_LACK_AGAIN:
		api_error(req, 401, "again", "please enter your password once more", NULL);
		break;
	}
}

void api_handle(struct api *api, struct httpd_request *req, const struct api_caller *caller)
{
	struct api_call call = {.api = api, .req = req, .by = caller->by, .caller = caller};
	bool known = false;

	for (const struct api_route *r = routes; r < routes + ROUTES; r++) {
		if (!matches(r, req->path, &call.param))
			continue;
		known = true;
		if (!str_eq(req->method, str_from(r->method)))
			continue;
		if (caller->role >= r->role)
			r->fn(&call);
		else
			refuse(req, caller->lack);
		return;
	}
	if (known)
		api_error(req, 405, "bad_method", "not by this method", NULL);
	else
		api_error(req, 404, "not_found", "there is no such thing", NULL);
}

struct api *api_new(const struct api_config *config)
{
	struct api *api = calloc(1, sizeof(*api));

	if (!api)
		return NULL;
	api->config = *config;
	api->core = config->core;
	if (core_watch(api->core, api_events_news, api) == 0)
		return api;
	free(api);
	return NULL;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	core_unwatch(api->core, api_events_news, api);
	api_events_stop(api);
	api_hand_test_stop(api);
	free(api);
}
