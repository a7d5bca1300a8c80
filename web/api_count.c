/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's counters by opening; see api_count.h. */
#include "web/api_count.h"

#include "protocols/err.h"

#include <stdlib.h>

/* What the counters' pass tells before the answer is written. */
struct api_tally {
	uint32_t id;		/* the one opening asked for; 0: all */
	api_counted_fn *answer;
	bool no_memory;
	size_t count, size;
	struct row {
		uint32_t opening_id;
		struct core_traffic sum;
	} *rows;
};

void api_tally_add(struct core_traffic *sum, const struct core_traffic *t)
{
	sum->packets += t->packets;
	sum->bytes += t->bytes;
	sum->packets_in += t->packets_in;
	sum->packets_out += t->packets_out;
}

static int compare_rows(const void *a, const void *b)
{
	uint32_t x = ((const struct row *)a)->opening_id;
	uint32_t y = ((const struct row *)b)->opening_id;
	return (x > y) - (x < y);
}

/* An opening of several peers has a row for each of them, as has each direction. Sorts. */
static void sum_up(struct api_tally *t)
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
		api_tally_add(&t->rows[last].sum, &t->rows[i].sum);
	}
	t->count = last + 1;
}

struct core_traffic api_tally_of(const struct api_tally *t, uint32_t opening_id)
{
	struct row none = {.opening_id = opening_id};
	const struct row *row = NULL;

	if (t->count)
		row = bsearch(&none, t->rows, t->count, sizeof(none), compare_rows);
	return row ? row->sum : none.sum;
}

static void on_counter(void *arg, const struct opening *o, const struct core_traffic *traffic)
{
	struct api_tally *t = ((struct api_job *)arg)->data;

	if (t->no_memory || (t->id && t->id != o->id))
		return;
	if (t->count == t->size) {
		size_t size = t->size ? t->size * 2 : 64;
		struct row *rows = realloc(t->rows, size * sizeof(*rows));
		t->no_memory = !rows;
		if (!rows)
			return;
		t->rows = rows;
		t->size = size;
	}
	t->rows[t->count++] = (struct row){o->id, *traffic};
}

static void on_counted(void *arg, int err)
{
	struct api_job *job = arg;
	struct api_tally *t = job->data;

	sum_up(t);
	if (err == ERR_NOT_FOUND)	/* no table in the kernel: nothing was counted */
		err = 0;
	if (api_job_fine(job, t->no_memory ? ERR_MEMORY : err))
		t->answer(job->req, job->api, t->id, t);
	free(t->rows);
	api_job_free(job);
}

void api_count(const struct api_call *call, uint32_t id, api_counted_fn *answer)
{
	struct api_job *job = api_job_new(call);
	struct api_tally *t;
	int err = ERR_MEMORY;

	if (!job)
		return;
	t = job->data = calloc(1, sizeof(*t));
	if (t) {
		*t = (struct api_tally){.id = id, .answer = answer};
		err = core_counters(job->core, on_counter, on_counted, job);
	}
	if (err) {
		api_job_fine(job, err);
		api_job_free(job);
	}
}
