/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the API: what the table of routes in api.c points at. Each answers its call once. */
#ifndef WEB_API_ROUTES_H
#define WEB_API_ROUTES_H

#include "web/api_call.h"

typedef void api_route_fn(const struct api_call *call);

/* api_status.c */
api_route_fn api_status_get;
api_route_fn api_devices_get;
api_route_fn api_flush_post;

/* api_openings.c; ?counters=1 adds packets and bytes */
api_route_fn api_openings_get;
api_route_fn api_peers_get;	/* outbound flows with a lease (RFC 6887 section 12) */
api_route_fn api_opening_get;
api_route_fn api_opening_delete;

/* api_record.c; ?before=SEQ&count=N, newest first */
api_route_fn api_record_get;

/* api_settings.c; PUT {"value": n} */
api_route_fn api_settings_get;
api_route_fn api_setting_put;

/* api_events.c: server-sent events */
api_route_fn api_events_get;
core_news_fn api_events_news;	/* arg: struct api */

#endif
