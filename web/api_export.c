/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route: the whole record as JSON lines. It goes page by page, the next one when the reader has
 * taken the last, so that a slow reader of a long record costs one page.
 */
#include "protocols/err.h"
#include "web/api_record.h"
#include "web/api_routes.h"
#include "web/api_show.h"

#include <stdlib.h>

#define PAGE 100	/* rows; below HTTPD_STREAM_MAX with the longest details */

struct export {
	struct core *core;
	struct httpd_stream *stream;	/* NULL: nobody reads any more */
	struct core_page page;
	core_page_fn *on_page;
	bool asked;			/* a page is on its way */
};

static void on_gone(void *arg)
{
	struct export *e = arg;

	e->stream = NULL;
	if (!e->asked)
		free(e);
}

static void push(const struct export *e, const struct core_row *rows, size_t count)
{
	struct jsonw j = {0};

	for (size_t i = 0; i < count; i++) {
		api_show_record(&j, &rows[i]);
		jsonw_line_end(&j);
	}
	if (!j.failed && j.len)
		httpd_stream_push(e->stream, (struct str){j.p, j.len});
	jsonw_free(&j);
}

static void ask_for_more(void *arg)
{
	struct export *e = arg;

	e->asked = true;
	if (core_record_page(e->core, &e->page, e->on_page, e))
		e->on_page(e, ERR_BUSY, NULL, 0, 0);
}

/* Breaking off is all that can be told in the middle of an answer. */
static void on_page(void *arg, int err, const struct core_row *rows, size_t count, uint64_t next)
{
	struct export *e = arg;
	bool more = !err && next;

	e->asked = false;
	e->page.before = next;
	if (e->stream && !err)
		push(e, rows, count);
	if (e->stream && more) {
		httpd_stream_then(e->stream, ask_for_more, e);
		return;
	}
	if (e->stream && err)
		httpd_stream_break(e->stream);
	else if (e->stream)
		httpd_stream_close(e->stream);
	free(e);
}

void api_record_export(const struct api_call *call)
{
	struct export *e = calloc(1, sizeof(*e));
	int err = e ? 0 : ERR_MEMORY;

	if (e && !api_record_ring(call, &e->page.filter.ring)) {
		free(e);
		return;
	}
	if (e) {
		e->core = call->api->core;
		e->on_page = on_page;
		e->page.count = PAGE;
		call->req->gone = on_gone;
		call->req->arg = e;
		err = httpd_stream_open(call->req, "application/x-ndjson", "\n", &e->stream);
	}
	if (err) {
		free(e);
		call->req->gone = NULL;
		api_error_core(call->req, err);
		return;
	}
	ask_for_more(e);
}
