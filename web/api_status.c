/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes: how the daemon is, closing everything, and what the API is. */
#include "protocols/err.h"
#include "web/api_routes.h"
#include "web/api_show.h"
#include "web/openapi.h"

void api_status_get(const struct api_call *call)
{
	struct jsonw j = {0};

	api_show_status(&j, call->api);
	api_answer_json(call->req, 200, &j);
}

void api_flush_post(const struct api_call *call)
{
	struct api_act a;

	if (api_act_begin(call, &a))
		api_act_end(&a, core_flush(call->api->core, &a.act));
}

void api_openapi_get(const struct api_call *call)
{
	struct jsonw j = {0};

	jsonw_raw(&j, (struct str){(const char *)openapi_data, openapi_len});
	api_answer_json(call->req, 200, &j);
}
