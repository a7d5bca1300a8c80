/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes: how the daemon is, who has openings, and closing everything. */
#include "protocols/err.h"
#include "web/api_routes.h"
#include "web/api_show.h"

#include <stdlib.h>

void api_status_get(const struct api_call *call)
{
	struct jsonw j = {0};

	api_show_status(&j, call->api->core);
	api_answer_json(call->req, 200, &j);
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

/* The owner of each opening, sorted; NULL: no memory. */
static uint32_t *owners_of(const struct core *core, size_t count)
{
	uint32_t *ids = malloc((count + 1) * sizeof(*ids));

	for (size_t i = 0; ids && i < count; i++) {
		const struct opening *o = core_opening_at(core, i);
		ids[i] = o->outbound ? 0 : o->device_id;
	}
	if (ids)
		qsort(ids, count, sizeof(*ids), compare_ids);
	return ids;
}

static uint64_t count_of(const uint32_t *ids, size_t count, uint32_t id)
{
	const uint32_t *hit = bsearch(&id, ids, count, sizeof(*ids), compare_ids);
	const uint32_t *first = hit, *last = hit;

	if (!hit)
		return 0;
	while (first > ids && first[-1] == id)
		first--;
	while (last + 1 < ids + count && last[1] == id)
		last++;
	return (uint64_t)(last - first) + 1;
}

void api_devices_get(const struct api_call *call)
{
	const struct core *core = call->api->core;
	size_t count = core_openings(core);
	uint32_t *ids = owners_of(core, count);
	struct jsonw j = {0};

	if (!ids) {
		api_error_core(call->req, ERR_MEMORY);
		return;
	}
	jsonw_object(&j, NULL);
	jsonw_array(&j, "devices");
	for (size_t i = 0; i < core_devices(core); i++) {
		const struct db_device *d = core_device_at(core, i);
		jsonw_object(&j, NULL);
		api_show_device(&j, "device", d);
		jsonw_u64(&j, "openings", count_of(ids, count, d->id));
		jsonw_object_end(&j);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	free(ids);
	api_answer_json(call->req, 200, &j);
}

static void on_flushed(void *arg, int err)
{
	struct api_job *job = arg;

	if (api_job_fine(job, err))
		api_answer_empty(job->req);
	api_job_free(job);
}

void api_flush_post(const struct api_call *call)
{
	struct api_job *job = api_job_new(call);
	int err = job ? core_flush(call->api->core, on_flushed, job) : 0;

	if (err) {
		api_job_fine(job, err);
		api_job_free(job);
	}
}
