/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Route: the record, page by page. */
#include "web/api_routes.h"
#include "web/api_show.h"

#define COUNT_MAX 1000
#define COUNT_USUAL 50

static void on_page(void *arg, int err, const struct db_record *rows, size_t count)
{
	struct api_job *job = arg;
	struct jsonw j = {0};

	if (api_job_fine(job, err)) {
		jsonw_object(&j, NULL);
		jsonw_array(&j, "record");
		for (size_t i = 0; i < count; i++)
			api_show_record(&j, &rows[i]);
		jsonw_array_end(&j);
		jsonw_object_end(&j);
		api_answer_json(job->req, 200, &j);
	}
	api_job_free(job);
}

void api_record_get(const struct api_call *call)
{
	uint64_t before = 0, count = COUNT_USUAL;
	struct api_job *job;
	int err;

	if (!api_query_u64(call, "before", INT64_MAX, &before) ||
	    !api_query_u64(call, "count", COUNT_MAX, &count))
		return;
	job = api_job_new(call);
	if (!job)
		return;
	err = core_record_page(job->core, before, (uint32_t)count, on_page, job);
	if (err) {
		api_job_fine(job, err);
		api_job_free(job);
	}
}
