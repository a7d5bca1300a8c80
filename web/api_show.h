/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the API: how the things of the core read in JSON, each written in one place only.
 * Unknown and endless are null, times and durations seconds. Rules, hands and policies are written
 * by gateway/policy_json.h.
 */
#ifndef WEB_API_SHOW_H
#define WEB_API_SHOW_H

#include "gateway/core_owner.h"
#include "web/api_call.h"

/* What one listing looks up once. */
struct api_view {
	const struct api *api;
	struct addr wan4;		/* any4: none */
	const struct rule *rule;	/* the last one found; most openings have the same */
};

struct api_view api_show_view(const struct api *api);
/* traffic NULL: not asked for. */
void api_show_opening(struct jsonw *j, struct api_view *view, const struct opening *o,
	const struct core_traffic *traffic);
void api_show_status(struct jsonw *j, const struct api *api);
const char *api_show_ring(enum db_ring ring);
void api_show_record(struct jsonw *j, const struct core_row *row);
/* The object of {"closing": [...]}: begin, give to the core, end. */
struct api_closing {
	struct jsonw j;
	struct api_view view;
	struct core_closing closing;
};
void api_show_closing(struct api_closing *c, const struct api *api);
/* Answers with it, or with what the core said: ERR_RANGE and ERR_SYNTAX with the fault. */
void api_show_closing_end(struct api_closing *c, const struct api_call *call, int err,
	const struct core_fault *fault);

/* ---- api_show_thing.c ---- */

/* "mac" and "vendor"; NULL: null. */
void api_show_mac(struct jsonw *j, const struct api *api, const uint8_t *mac);
void api_show_number(struct jsonw *j, const char *key, uint64_t n, uint64_t none);
void api_show_endpoint(struct jsonw *j, const char *key, const struct addr *addr, uint16_t port);
/* What names a device and no more; null when there is none. */
void api_show_device_name(struct jsonw *j, const char *key, const struct api *api, uint32_t id);
/* With its openings and addresses. */
void api_show_device(struct jsonw *j, const struct api *api, const struct db_device *d);
void api_show_risk(struct jsonw *j, uint16_t external, uint16_t internal);
/* The note of a rule, for *last as in api_view; NULL: there is no such rule. */
const char *api_show_rule_note(const struct core *core, uint32_t id, const struct rule **last);
/* Begins the object, which the caller ends. */
void api_show_card(struct jsonw *j, const struct api *api, const struct card *c);
void api_show_hand(struct jsonw *j, const struct api *api, const struct hand *h);

/* ---- api_show_alert.c ---- */

void api_show_alert(struct jsonw *j, const struct api *api, const struct db_alert *a);

#endif
