/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes: the record, page by page, and whether its chains hold. */
#include "protocols/err.h"
#include "web/api_record.h"
#include "web/api_routes.h"
#include "web/api_show.h"

#define COUNT_MAX 1000
#define COUNT_USUAL 50

bool api_record_ring(const struct api_call *call, enum db_ring *out)
{
	struct str text;
	int err = httpd_query(call->req, STR("ring"), &text);

	*out = DB_RINGS;
	for (int ring = 0; ring < DB_RINGS && !err; ring++) {
		if (!str_eq(text, str_from(api_show_ring((enum db_ring)ring))))
			continue;
		*out = (enum db_ring)ring;
		return true;
	}
	if (err == ERR_NOT_FOUND)
		return true;
	api_error(call->req, 400, "bad_value", "admin, openings or refusals", "ring");
	return false;
}

static void on_page(void *arg, int err, const struct core_row *rows, size_t count, uint64_t next)
{
	struct api_job *job = arg;
	struct jsonw j = {0};

	if (api_job_fine(job, err)) {
		jsonw_object(&j, NULL);
		jsonw_array(&j, "record");
		for (size_t i = 0; i < count; i++)
			api_show_record(&j, &rows[i]);
		jsonw_array_end(&j);
		api_show_number(&j, "next", next, 0);
		jsonw_object_end(&j);
		api_answer_json(job->req, 200, &j);
	}
	api_job_free(job);
}

/* False: the call was answered. */
static bool read_page(const struct api_call *call, struct core_page *out)
{
	uint64_t count = COUNT_USUAL, device = 0, opening = 0, rule = 0;
	struct core_page page = {.before = 0};

	if (!api_record_ring(call, &page.filter.ring) ||
	    !api_query_u64(call, "before", INT64_MAX, &page.before) ||
	    !api_query_u64(call, "count", COUNT_MAX, &count) ||
	    !api_query_u64(call, "device", UINT32_MAX, &device) ||
	    !api_query_u64(call, "opening", UINT32_MAX, &opening) ||
	    !api_query_u64(call, "rule", UINT32_MAX, &rule) ||
	    !api_query_text(call, "text", page.filter.text, sizeof(page.filter.text)))
		return false;
	page.count = (uint32_t)count;
	page.filter.device_id = (uint32_t)device;
	page.filter.opening_id = (uint32_t)opening;
	page.filter.rule_id = (uint32_t)rule;
	*out = page;
	return true;
}

void api_record_get(const struct api_call *call)
{
	struct core_page page;
	struct api_job *job = read_page(call, &page) ? api_job_new(call) : NULL;
	int err = job ? core_record_page(job->core, &page, on_page, job) : 0;

	if (err) {
		api_job_fine(job, err);
		api_job_free(job);
	}
}

static void on_verified(void *arg, int err, uint64_t bad_seq, uint64_t rows)
{
	struct api_job *job = arg;
	bool holds = err == 0;
	struct jsonw j = {0};

	if (api_job_fine(job, err == ERR_CORRUPT ? 0 : err)) {
		jsonw_object(&j, NULL);
		jsonw_bool(&j, "ok", holds);
		jsonw_u64(&j, "rows", rows);
		if (holds)
			jsonw_null(&j, "bad_seq");
		else
			jsonw_u64(&j, "bad_seq", bad_seq);
		jsonw_object_end(&j);
		api_answer_json(job->req, 200, &j);
	}
	api_job_free(job);
}

void api_record_verify(const struct api_call *call)
{
	struct api_job *job = api_job_new(call);
	int err = job ? core_record_verify(job->core, on_verified, job) : 0;

	if (err) {
		api_job_fine(job, err);
		api_job_free(job);
	}
}
