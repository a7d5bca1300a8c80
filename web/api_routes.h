/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the API: the table of routes and what it points at. Each answers its call once. */
#ifndef WEB_API_ROUTES_H
#define WEB_API_ROUTES_H

#include "web/api_call.h"

typedef void api_route_fn(const struct api_call *call);

struct api_route {
	const char *method;
	const char *path;	/* one part of it may be "{}": any one non-empty part */
	enum api_role role;	/* at least */
	api_route_fn *fn;
};

const struct api_route *api_routes(size_t *count);

/* api_status.c */
api_route_fn api_status_get;
api_route_fn api_flush_post;
api_route_fn api_openapi_get;

/* api_openings.c; ?counters=1 adds packets and bytes */
api_route_fn api_openings_get;
api_route_fn api_peers_get;	/* outbound flows with a lease (RFC 6887 section 12) */
api_route_fn api_opening_get;
api_route_fn api_opening_delete;	/* ?for=now|day|good */
api_route_fn api_opening_undo;

/* api_devices.c */
api_route_fn api_devices_get;
api_route_fn api_device_get;
api_route_fn api_device_put;
api_route_fn api_device_preview;
api_route_fn api_device_delete;
api_route_fn api_device_merge;
api_route_fn api_zones_get;

/* api_sip.c; ?counters=1 adds packets and bytes */
api_route_fn api_sip_get;
api_route_fn api_sip_phones_get;
api_route_fn api_sip_missed_get;

/* api_rules.c */
api_route_fn api_rules_get;
api_route_fn api_rules_put;
api_route_fn api_rules_preview;
api_route_fn api_presets_get;
api_route_fn api_preset_put;
api_route_fn api_preset_preview;
api_route_fn api_attended_put;

/* api_policy.c */
api_route_fn api_policy_get;
api_route_fn api_policy_put;
api_route_fn api_policy_preview;
api_route_fn api_reset_post;

/* api_explain.c */
api_route_fn api_explain_post;

/* api_cards.c */
api_route_fn api_cards_get;
api_route_fn api_card_answer;
api_route_fn api_alerts_get;
api_route_fn api_alert_post;

/* api_hands.c, api_hand_test.c */
api_route_fn api_hands_get;
api_route_fn api_hands_post;
api_route_fn api_hand_put;
api_route_fn api_hand_delete;
api_route_fn api_services_get;
api_route_fn api_hand_test;
void api_hand_test_stop(struct api *api);

/* api_record.c, api_export.c; newest first */
api_route_fn api_record_get;
api_route_fn api_record_verify;
api_route_fn api_record_export;

/* api_settings.c; PUT {"value": n} */
api_route_fn api_settings_get;
api_route_fn api_setting_put;

/* api_events.c: server-sent events */
api_route_fn api_events_get;
core_news_fn api_events_news;	/* arg: struct api */
void api_events_stop(struct api *api);

#endif
