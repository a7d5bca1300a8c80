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
static void show(struct jsonw *j, struct api_view *view, const struct opening *o,
	const struct tally *t)
{
	struct api_traffic none = {.opening_id = o->id};
	const struct api_traffic *row = NULL;

	if (t && t->count)
		row = bsearch(&none, t->rows, t->count, sizeof(none), compare_rows);
	api_show_opening(j, view, o, t && !row ? &none : row);
}

/* Openings, or what is outbound. */
static void answer_all(struct httpd_request *req, const struct api *api, bool outbound,
	const struct tally *t)
{
	const struct core *core = api->core;
	struct api_view view = api_show_view(api);
	size_t count = core_openings(core);
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, outbound ? "peers" : "openings");
	for (size_t i = 0; i < count; i++) {
		const struct opening *o = core_opening_at(core, i);
		if (o->outbound == outbound)
			show(&j, &view, o, t);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(req, 200, &j);
}

static void answer_one(struct httpd_request *req, const struct api *api, uint32_t id,
	const struct tally *t)
{
	const struct opening *o = core_opening_by_id(api->core, id);
	struct api_view view = api_show_view(api);
	struct jsonw j = {0};

	if (!o) {
		api_error_core(req, ERR_NOT_FOUND);
		return;
	}
	show(&j, &view, o, t);
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
			answer_one(job->req, job->api, t->id, t);
		else
			answer_all(job->req, job->api, false, t);
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

void api_openings_get(const struct api_call *call)
{
	uint64_t counters = 0;

	if (!api_query_u64(call, "counters", 1, &counters))
		return;
	if (counters)
		count_and_answer(call, 0);
	else
		answer_all(call->req, call->api, false, NULL);
}

void api_peers_get(const struct api_call *call)
{
	answer_all(call->req, call->api, true, NULL);
}

void api_opening_get(const struct api_call *call)
{
	uint32_t id = api_id(call);
	uint64_t counters = 0;

	if (!id || !api_query_u64(call, "counters", 1, &counters))
		return;
	if (counters)
		count_and_answer(call, id);
	else
		answer_one(call->req, call->api, id, NULL);
}

/* False: the call was answered. */
static bool read_for(const struct api_call *call, enum core_close *out)
{
	static const struct {
		const char *name;
		enum core_close how;
	} words[] = {{"now", CORE_CLOSE_NOW}, {"day", CORE_CLOSE_DAY}, {"good", CORE_CLOSE_GOOD}};
	struct str text;
	int err = httpd_query(call->req, STR("for"), &text);

	*out = CORE_CLOSE_NOW;
	for (size_t i = 0; i < 3 && !err; i++) {
		if (!str_eq(text, str_from(words[i].name)))
			continue;
		*out = words[i].how;
		return true;
	}
	if (err == ERR_NOT_FOUND)
		return true;
	api_error(call->req, 400, "bad_value", "now, day or good", "for");
	return false;
}

void api_opening_delete(const struct api_call *call)
{
	uint32_t id = api_id(call);
	enum core_close how;
	struct api_act a;

	if (id && read_for(call, &how) && api_act_begin(call, &a))
		api_act_end(&a, core_close(call->api->core, id, how, &a.act));
}

void api_opening_undo(const struct api_call *call)
{
	uint32_t id = api_id(call);
	struct api_act a;

	if (id && api_act_begin(call, &a))
		api_act_end(&a, core_undo(call->api->core, id, &a.act));
}
