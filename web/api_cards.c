/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes: what waits for the owner: cards and alerts. */
#include "protocols/err.h"
#include "web/api_body.h"
#include "web/api_routes.h"
#include "web/api_show.h"

#include <string.h>

void api_cards_get(const struct api_call *call)
{
	size_t count;
	const struct card *cards = core_cards(call->api->core, &count);
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, "cards");
	for (size_t i = 0; i < count; i++) {
		api_show_card(&j, call->api, &cards[i]);
		jsonw_object_end(&j);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}

/* CARD_OPEN: there is no such answer. */
static enum card_state answer_of(const char *text)
{
	static const struct {
		const char *text;
		enum card_state state;
	} answers[] = {
		{"allow", CARD_ALLOWED},
		{"only", CARD_ONLY},
		{"always", CARD_ALWAYS},
		{"not-now", CARD_NOT_NOW},
		{"block", CARD_BLOCKED},
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strcmp(answers[i].text, text) == 0)
			return answers[i].state;
	return CARD_OPEN;
}

static void answer(const struct api_call *call, uint32_t id, enum card_state state)
{
	size_t opened = 0;
	struct api_act a;
	int err;

	if (!api_act_begin(call, &a))
		return;
	err = core_card_answer(call->api->core, id, state, &a.act, &opened);
	if (!err) {
		jsonw_object(&a.job->answer, NULL);
		jsonw_u64(&a.job->answer, "opened", opened);
		jsonw_object_end(&a.job->answer);
	}
	api_act_end(&a, err);
}

/* Some answers of an approver's route are the admin's. */
static bool may(const struct api_call *call)
{
	if (call->caller->role >= API_ROLE_ADMIN)
		return true;
	api_error(call->req, 403, "forbidden", "this needs more rights", NULL);
	return false;
}

/* What was put on the card after the owner looked has no answer yet. */
static bool is_as_seen(const struct api_call *call, uint32_t id, int64_t items)
{
	size_t count;
	const struct card *cards = core_cards(call->api->core, &count);

	for (size_t i = 0; i < count; i++) {
		if (cards[i].id != id || items < 0 || cards[i].item_count == items)
			continue;
		api_error(call->req, 409, "changed", "more was asked for meanwhile; look again",
			"items");
		return false;
	}
	return true;
}

void api_card_answer(const struct api_call *call)
{
	const char *text = NULL;
	int64_t items = -1;
	const struct api_body_field fields[] = {
		{.name = "answer", .type = API_BODY_TEXT, .wanted = true, .out = &text},
		{.name = "items", .type = API_BODY_INT, .out = &items, .max = CARD_ITEMS_MAX},
	};
	uint32_t id = api_id(call);
	json_t *root = id ? api_body(call) : NULL;

	if (root && api_body_read(call, root, "", fields, 2)) {
		enum card_state state = answer_of(text);
		if (state == CARD_OPEN)
			api_body_fault(call, "", "answer",
				"is allow, only, always, not-now or block");
		else if ((state != CARD_BLOCKED || may(call)) && is_as_seen(call, id, items))
			answer(call, id, state);
	}
	json_decref(root);
}

void api_alerts_get(const struct api_call *call)
{
	size_t count;
	const struct db_alert *alerts = core_alerts(call->api->core, &count);
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, "alerts");
	for (size_t i = 0; i < count; i++)
		api_show_alert(&j, call->api, &alerts[i]);
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}

void api_alert_post(const struct api_call *call)
{
	bool expected = false;
	const struct api_body_field field = {
		.name = "expected", .type = API_BODY_BOOL, .wanted = true, .out = &expected};
	uint32_t id = api_id(call);
	json_t *root = id ? api_body(call) : NULL;
	struct api_act a;

	if (root && api_body_read(call, root, "", &field, 1) && (!expected || may(call)) &&
	    api_act_begin(call, &a))
		api_act_end(&a, core_alert_put(call->api->core, id, expected, &a.act));
	json_decref(root);
}
