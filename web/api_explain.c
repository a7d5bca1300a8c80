/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route: what would be answered to a request, and why, without doing it; by the rules in force, or
 * by those of the body as if they were.
 */
#include "protocols/err.h"
#include "web/api_body.h"
#include "web/api_routes.h"
#include "web/api_rules.h"
#include "web/api_show.h"

#include <stdlib.h>
#include <string.h>

#define LIFETIME_USUAL_S 7200

struct asked {
	const char *origin, *proto, *address, *client, *remote, *description;
	int64_t port, external_port, lifetime_s;
	const json_t *rules;
};

/* False: the call was answered. */
static bool read_asked(const struct api_call *call, json_t *root, struct asked *a)
{
	json_t *internal = NULL;
	const struct api_body_field fields[] = {
		{"origin", API_BODY_TEXT, true, &a->origin, 0, 0},
		{"proto", API_BODY_TEXT, true, &a->proto, 0, 0},
		{"internal", API_BODY_OBJECT, true, &internal, 0, 0},
		{"client", API_BODY_TEXT, false, &a->client, 0, 0},
		{"external_port", API_BODY_INT, false, &a->external_port, 1, UINT16_MAX},
		{"remote", API_BODY_TEXT, false, &a->remote, 0, 0},
		{"description", API_BODY_TEXT, false, &a->description, 0, 0},
		{"lifetime_s", API_BODY_INT, false, &a->lifetime_s, 0, UINT32_MAX},
		{"rules", API_BODY_ARRAY, false, &a->rules, 0, 0},
	};
	const struct api_body_field inner[] = {
		{"address", API_BODY_TEXT, true, &a->address, 0, 0},
		{"port", API_BODY_INT, true, &a->port, 1, UINT16_MAX},
	};

	return api_body_read(call, root, "", fields, sizeof(fields) / sizeof(fields[0])) &&
	       api_body_read(call, internal, "internal", inner, 2);
}

static const char *read_origin(const struct asked *a, struct map_req *req)
{
	static const struct {
		const char *name;
		enum map_origin origin;
	} origins[] = {
		{"upnp", MAP_ORIGIN_UPNP}, {"natpmp", MAP_ORIGIN_NATPMP}, {"pcp", MAP_ORIGIN_PCP}};

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(origins[i].name, a->origin) != 0)
			continue;
		req->origin = origins[i].origin;
		req->exact = req->origin == MAP_ORIGIN_UPNP;
		return NULL;
	}
	return "is upnp, natpmp or pcp";
}

static const char *read_proto(const struct asked *a, struct map_req *req)
{
	if (strcmp(a->proto, "tcp") == 0)
		req->proto = MAP_PROTO_TCP;
	else if (strcmp(a->proto, "udp") == 0)
		req->proto = MAP_PROTO_UDP;
	return req->proto ? NULL : "is tcp or udp";
}

static const char *read_peers(const struct asked *a, struct map_req *req)
{
	bool four = addr_is4(&req->internal.addr);

	req->remote = four ? prefix_any4() : prefix_any6();
	if (a->remote && (prefix_decode(str_from(a->remote), &req->remote) ||
				 addr_is4(&req->remote.addr) != four))
		return "is no prefix of this family";
	return NULL;
}

static const char *read_client(const struct asked *a, struct map_req *req)
{
	req->client = req->internal.addr;
	if (a->client && addr_decode(str_from(a->client), &req->client))
		return "is no address";
	req->third_party =
		req->origin == MAP_ORIGIN_PCP && !addr_eq(&req->client, &req->internal.addr);
	return NULL;
}

/* Names what is wrong; NULL: nothing. */
static const char *to_req(const struct asked *a, struct map_req *req, const char **why)
{
	*req = (struct map_req){
		.op = MAP_OP_OPEN,
		.internal = {.port = (uint16_t)a->port},
		.external = {.addr = addr_any4(), .port = (uint16_t)a->external_port},
		.lifetime_s = (uint32_t)a->lifetime_s,
		.descr = str_from(a->description),
	};
	if ((*why = read_origin(a, req)))
		return "origin";
	if ((*why = read_proto(a, req)))
		return "proto";
	*why = "is no address";
	if (addr_decode(str_from(a->address), &req->internal.addr))
		return "internal.address";
	if ((*why = read_client(a, req)))
		return "client";
	if ((*why = read_peers(a, req)))
		return "remote";
	if (req->origin == MAP_ORIGIN_UPNP && addr_is4(&req->internal.addr)) {
		req->key = MAP_KEY_EXTERNAL;
		if (req->external.port == 0)
			req->external.port = req->internal.port;
	}
	return NULL;
}

static void show_misses(struct jsonw *j, const struct core_explained *e)
{
	jsonw_array(j, "misses");
	for (size_t i = 0; i < e->miss_count; i++) {
		if (e->misses[i] == DECIDE_MATCH)
			continue;
		jsonw_object(j, NULL);
		jsonw_u64(j, "rule", e->rules[i].id);
		jsonw_u64(j, "place", i + 1);
		jsonw_text(j, "note", e->rules[i].note);
		jsonw_text(j, "why", decide_miss_text(e->misses[i]));
		jsonw_object_end(j);
	}
	jsonw_array_end(j);
}

/* The rule that decides, by its id, its place among those tried and its note. */
static void show_rule(struct jsonw *j, const struct core_explained *e)
{
	size_t i = 0;

	while (i < e->rule_count && e->rules[i].id != e->rule_id)
		i++;
	api_show_number(j, "rule", e->rule_id, 0);
	api_show_number(j, "place", i < e->rule_count ? i + 1 : 0, 0);
	jsonw_text(j, "rule_note", i < e->rule_count ? e->rules[i].note : NULL);
}

static void show(struct jsonw *j, const struct api *api, const struct core_explained *e)
{
	jsonw_object(j, NULL);
	jsonw_text(j, "result", map_result_text(e->result));
	jsonw_bool(j, "allowed", e->result == MAP_OK);
	jsonw_text(j, "why", e->why);
	show_rule(j, e);
	api_show_endpoint(j, "external", &e->external.addr, e->external.port);
	api_show_number(j, "lifetime_s", e->lifetime_s, MAP_LIFETIME_ENDLESS);
	api_show_device_name(j, "device", api, e->device_id);
	show_misses(j, e);
	jsonw_object_end(j);
}

static void on_explained(void *arg, const struct core_explained *e)
{
	struct api_job *job = arg;
	struct jsonw j = {0};

	if (job->req) {
		show(&j, job->api, e);
		api_answer_json(job->req, 200, &j);
	}
	api_job_free(job);
}

/* The app itself would ask: it knows the nonce of what it has open. */
static void take_nonce(const struct core *core, struct map_req *req)
{
	req->has_nonce = req->origin == MAP_ORIGIN_PCP;
	for (size_t i = 0; req->has_nonce && i < core_openings(core); i++) {
		const struct opening *o = core_opening_at(core, i);
		const struct lease *l = o->leases;
		if (o->outbound || o->proto != req->proto ||
		    o->internal.port != req->internal.port ||
		    !addr_eq(&o->internal.addr, &req->internal.addr))
			continue;
		while (l && l->origin != MAP_ORIGIN_PCP)
			l = l->next;
		if (l)
			memcpy(req->nonce, l->nonce, sizeof(req->nonce));
	}
}

static void explain(const struct api_call *call, struct core_explain *x)
{
	struct api_job *job = api_job_new(call);
	struct core_fault fault = {.why = ""};
	int err;

	take_nonce(call->api->core, &x->req);
	err = job ? core_explain(job->core, x, &fault, on_explained, job) : 0;

	if (!err)
		return;
	if (err == ERR_RANGE)
		api_error_fault(job->req, &fault);
	else
		api_error_core(job->req, err);
	api_job_free(job);
}

/* With the rules of the body, if it has some. */
static void explain_by(const struct api_call *call, const json_t *list, struct core_explain *x)
{
	struct rule *rules = list ? api_rules_read(call, list, &x->count) : NULL;

	x->rules = rules;
	if (rules || !list)
		explain(call, x);
	free(rules);
}

void api_explain_post(const struct api_call *call)
{
	struct asked a = {.description = "", .lifetime_s = LIFETIME_USUAL_S};
	json_t *root = api_body(call);
	struct core_explain x = {.rules = NULL};
	const char *place, *why;

	if (root && read_asked(call, root, &a)) {
		place = to_req(&a, &x.req, &why);
		if (place)
			api_body_fault(call, "", place, why);
		else
			explain_by(call, a.rules, &x);
	}
	json_decref(root);
}
