/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes: openings by hand and the services they are made of. */
#include "gateway/policy_json.h"
#include "protocols/err.h"
#include "web/api_body.h"
#include "web/api_routes.h"
#include "web/api_show.h"

void api_hands_get(const struct api_call *call)
{
	size_t count;
	const struct hand *hands = core_hands(call->api->core, &count);
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, "hands");
	for (size_t i = 0; i < count; i++)
		api_show_hand(&j, call->api, &hands[i]);
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}

/* The id is the path's, never the body's. False: the call was answered. */
static bool read_hand(const struct api_call *call, uint32_t id, struct hand *out)
{
	struct core_fault fault = {.why = ""};
	json_t *root = api_body(call);
	int err;

	if (!root)
		return false;
	err = policy_json_read_hand(root, "", out, &fault);
	json_decref(root);
	if (!err && out->id != 0 && out->id != id) {
		api_body_fault(call, "", "id", "is the path's to say");
		return false;
	}
	if (err == ERR_MEMORY)
		api_error_core(call->req, err);
	else if (err)
		api_error_fault(call->req, &fault);
	out->id = id;
	return !err;
}

void api_hands_post(const struct api_call *call)
{
	struct hand hand;
	struct api_act a;
	uint32_t id = 0;
	int err;

	if (!read_hand(call, 0, &hand) || !api_act_begin(call, &a))
		return;
	err = core_hand_put(call->api->core, &hand, &a.act, &a.fault, &id);
	if (!err) {
		jsonw_object(&a.job->answer, NULL);
		jsonw_u64(&a.job->answer, "id", id);
		jsonw_object_end(&a.job->answer);
	}
	api_act_end(&a, err);
}

void api_hand_put(const struct api_call *call)
{
	uint32_t id = api_id(call);
	struct hand hand;
	struct api_act a;

	if (id && read_hand(call, id, &hand) && api_act_begin(call, &a))
		api_act_end(&a, core_hand_put(call->api->core, &hand, &a.act, &a.fault, &id));
}

void api_hand_delete(const struct api_call *call)
{
	uint32_t id = api_id(call);
	struct api_act a;

	if (id && api_act_begin(call, &a))
		api_act_end(&a, core_hand_delete(call->api->core, id, &a.act));
}

void api_services_get(const struct api_call *call)
{
	size_t count;
	const struct service *table = service_table(&count);
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, "services");
	for (const struct service *s = table; s < table + count; s++) {
		jsonw_object(&j, NULL);
		jsonw_text(&j, "name", s->name);
		jsonw_text(&j, "title", s->title);
		jsonw_array(&j, "protos");
		if (s->protos & SERVICE_TCP)
			jsonw_text(&j, NULL, "tcp");
		if (s->protos & SERVICE_UDP)
			jsonw_text(&j, NULL, "udp");
		jsonw_array_end(&j);
		jsonw_u64(&j, "port", s->port);
		jsonw_u64(&j, "count", s->count);
		jsonw_text(&j, "advice", s->advice);
		jsonw_object_end(&j);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}
