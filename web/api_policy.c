/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes: the whole policy, out, in, and back to that of the first day. */
#include "gateway/policy_json.h"
#include "protocols/err.h"
#include "web/api_routes.h"
#include "web/api_show.h"

void api_policy_get(const struct api_call *call)
{
	struct policy p = {0};
	int err = core_policy_get(call->api->core, &p);
	struct jsonw j = {0};

	if (err) {
		api_error_core(call->req, err);
		return;
	}
	jsonw_json(&j, NULL, policy_json_whole(&p));
	policy_json_free(&p);
	api_answer_json(call->req, 200, &j);
}

/* False: the call was answered. */
static bool read_policy(const struct api_call *call, struct policy *out)
{
	struct core_fault fault = {.why = ""};
	int err = policy_json_decode(call->req->body, out, &fault);

	if (err == ERR_SYNTAX || err == ERR_RANGE)
		api_error_fault(call->req, &fault);
	else if (err)
		api_error_core(call->req, err);
	return !err;
}

void api_policy_put(const struct api_call *call)
{
	struct policy p = {0};
	struct api_act a;

	if (read_policy(call, &p) && api_act_begin(call, &a))
		api_act_end(&a, core_policy_put(call->api->core, &p, &a.act, &a.fault));
	policy_json_free(&p);
}

void api_policy_preview(const struct api_call *call)
{
	struct policy p = {0};
	struct core_fault fault = {.why = ""};
	struct api_closing closing;

	if (!read_policy(call, &p))
		return;
	api_show_closing(&closing, call->api);
	api_show_closing_end(&closing, call, core_policy_preview(call->api->core, &p,
		&closing.closing, &fault), &fault);
	policy_json_free(&p);
}

void api_reset_post(const struct api_call *call)
{
	struct api_act a;

	if (api_act_begin(call, &a))
		api_act_end(&a, core_reset(call->api->core, &a.act, &a.fault));
}
