/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes: the table of openings, one of them, and closing one. */
#include "protocols/err.h"
#include "web/api_routes.h"
#include "web/api_show.h"

#include <stdlib.h>
#include <string.h>

/* What the counters' pass tells before the answer is written. */
struct tally {
	uint32_t id;		/* the one opening asked for; 0: all */
	bool no_memory;
	size_t count, size;
	struct api_traffic *rows;
};

static int compare_rows(const void *a, const void *b)
{
	uint32_t x = ((const struct api_traffic *)a)->opening_id;
	uint32_t y = ((const struct api_traffic *)b)->opening_id;
	return (x > y) - (x < y);
}

/* An opening of several peers has a row for each of them. Sorts. */
static void sum_up(struct tally *t)
{
	size_t last = 0;

	if (t->count == 0)
		return;
	qsort(t->rows, t->count, sizeof(*t->rows), compare_rows);
	for (size_t i = 1; i < t->count; i++) {
		if (t->rows[i].opening_id != t->rows[last].opening_id) {
			t->rows[++last] = t->rows[i];
			continue;
		}
		t->rows[last].packets += t->rows[i].packets;
		t->rows[last].bytes += t->rows[i].bytes;
	}
	t->count = last + 1;
}

/* t NULL: counters were not asked for. An opening the kernel does not have counts nothing. */
static void show(struct jsonw *j, const struct core *core, const struct addr *wan4,
	const struct opening *o, const struct tally *t)
{
	struct api_traffic none = {.opening_id = o->id};
	const struct api_traffic *row = NULL;

	if (t && t->count)
		row = bsearch(&none, t->rows, t->count, sizeof(none), compare_rows);
	api_show_opening(j, core, wan4, o, t && !row ? &none : row);
}

/* Openings, or what is outbound. */
static void answer_all(struct httpd_request *req, const struct core *core, bool outbound,
	const struct tally *t)
{
	struct addr wan4 = api_show_wan4(core);
	size_t count = core_openings(core);
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, outbound ? "peers" : "openings");
	for (size_t i = 0; i < count; i++) {
		const struct opening *o = core_opening_at(core, i);
		if (o->outbound == outbound)
			show(&j, core, &wan4, o, t);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(req, 200, &j);
}

static void answer_one(struct httpd_request *req, const struct core *core, uint32_t id,
	const struct tally *t)
{
	const struct opening *o = core_opening_by_id(core, id);
	struct addr wan4 = api_show_wan4(core);
	struct jsonw j = {0};

	if (!o) {
		api_error_core(req, ERR_NOT_FOUND);
		return;
	}
	show(&j, core, &wan4, o, t);
	api_answer_json(req, 200, &j);
}

static void on_counter(void *arg, const struct opening *o, uint64_t packets, uint64_t bytes)
{
	struct tally *t = ((struct api_job *)arg)->data;

	if (t->no_memory || (t->id && t->id != o->id))
		return;
	if (t->count == t->size) {
		size_t size = t->size ? t->size * 2 : 64;
		struct api_traffic *rows = realloc(t->rows, size * sizeof(*rows));
		t->no_memory = !rows;
		if (!rows)
			return;
		t->rows = rows;
		t->size = size;
	}
	t->rows[t->count++] = (struct api_traffic){o->id, packets, bytes};
}

static void on_counted(void *arg, int err)
{
	struct api_job *job = arg;
	struct tally *t = job->data;

	sum_up(t);
	if (err == ERR_NOT_FOUND)	/* no table in the kernel: nothing was counted */
		err = 0;
	if (api_job_fine(job, t->no_memory ? ERR_MEMORY : err)) {
		if (t->id)
			answer_one(job->req, job->core, t->id, t);
		else
			answer_all(job->req, job->core, false, t);
	}
	free(t->rows);
	api_job_free(job);
}

static void count_and_answer(const struct api_call *call, uint32_t id)
{
	struct api_job *job = api_job_new(call);
	struct tally *t;
	int err = ERR_MEMORY;

	if (!job)
		return;
	t = job->data = calloc(1, sizeof(*t));
	if (t) {
		t->id = id;
		err = core_counters(job->core, on_counter, on_counted, job);
	}
	if (err) {
		api_job_fine(job, err);
		api_job_free(job);
	}
}

/* 0: the call was answered; there is no opening of that name. */
static uint32_t id_of(const struct api_call *call)
{
	uint32_t id = 0;

	if (str_u32(call->param, 1, UINT32_MAX, &id) != 0)
		api_error_core(call->req, ERR_NOT_FOUND);
	return id;
}

void api_openings_get(const struct api_call *call)
{
	uint64_t counters = 0;

	if (!api_query_u64(call, "counters", 1, &counters))
		return;
	if (counters)
		count_and_answer(call, 0);
	else
		answer_all(call->req, call->api->core, false, NULL);
}

void api_peers_get(const struct api_call *call)
{
	answer_all(call->req, call->api->core, true, NULL);
}

void api_opening_get(const struct api_call *call)
{
	uint32_t id = id_of(call);
	uint64_t counters = 0;

	if (!id || !api_query_u64(call, "counters", 1, &counters))
		return;
	if (counters)
		count_and_answer(call, id);
	else
		answer_one(call->req, call->api->core, id, NULL);
}

static void on_closed(void *arg, const struct map_ans *ans)
{
	struct api_job *job = arg;

	if (job->req && ans->result == MAP_OK)
		api_answer_empty(job->req);
	else if (job->req && ans->result == MAP_NOT_FOUND)
		api_error_core(job->req, ERR_NOT_FOUND);
	else if (job->req)
		api_error(job->req, 503, "refused", map_result_text(ans->result), NULL);
	api_job_free(job);
}

void api_opening_delete(const struct api_call *call)
{
	struct map_req req = {
		.op = MAP_OP_CLOSE,
		.key = MAP_KEY_ID,
		.origin = MAP_ORIGIN_OWNER,
		.client = addr_any6(),
		.remote = prefix_any6(),
		.id = id_of(call),
	};
	struct api_job *job = req.id ? api_job_new(call) : NULL;
	int err = job ? core_request(job->core, &req, on_closed, job) : 0;

	if (err) {
		api_job_fine(job, err);
		api_job_free(job);
	}
}
