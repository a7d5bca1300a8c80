/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route: news as server-sent events (WHATWG HTML section 9.2), one JSON object each, named opened,
 * changed, closed, refused, wan, epoch, health, limits, and at the beginning status. A reader too
 * slow for them is cut and asks again; what it missed is in the record.
 */
#include "protocols/err.h"
#include "web/api_routes.h"
#include "web/api_show.h"

#include <string.h>

static const char *news_text(enum core_news news)
{
	static const char *const text[] = {
		[CORE_NEWS_OPENED] = "opened",
		[CORE_NEWS_CHANGED] = "changed",
		[CORE_NEWS_CLOSED] = "closed",
		[CORE_NEWS_REFUSED] = "refused",
		[CORE_NEWS_WAN] = "wan",
		[CORE_NEWS_EPOCH] = "epoch",
		[CORE_NEWS_HEALTH] = "health",
		[CORE_NEWS_LIMITS] = "limits",
	};
	return text[news];
}

static void push(struct httpd_stream *stream, const char *name, const struct jsonw *j)
{
	char head[64];
	struct writer w = writer_to(head, sizeof(head));

	writer_text(&w, "event: ");
	writer_text(&w, name);
	writer_text(&w, "\ndata: ");
	if (httpd_stream_push(stream, writer_done(&w)) == 0 &&
	    httpd_stream_push(stream, (struct str){j->p, j->len}) == 0)
		httpd_stream_push(stream, STR("\n\n"));
}

static void on_gone(void *arg)
{
	struct api_stream *s = arg;

	s->stream = NULL;
	s->api->stream_count--;
}

void api_events_get(const struct api_call *call)
{
	struct api *api = call->api;
	struct api_stream *s = api->streams;
	struct jsonw j = {0};
	int err = ERR_FULL;

	if (api->stream_count < HTTPD_STREAMS_MAX) {
		while (s->stream)
			s++;
		s->api = api;
		call->req->gone = on_gone;
		call->req->arg = s;
		err = httpd_stream_open(call->req, "text/event-stream", ":\n\n", &s->stream);
	}
	if (err) {
		api_error_core(call->req, err);
		return;
	}
	api->stream_count++;
	api_show_status(&j, api->core);
	if (!j.failed)
		push(s->stream, "status", &j);
	jsonw_free(&j);
}

void api_events_news(void *arg, enum core_news news, const struct opening *o)
{
	struct api *api = arg;
	struct jsonw j = {0};
	struct addr wan4;

	if (api->stream_count == 0 || (o && o->outbound))
		return;
	if (o) {
		wan4 = api_show_wan4(api->core);
		api_show_opening(&j, api->core, &wan4, o, NULL);
	} else {
		api_show_status(&j, api->core);
	}
	for (size_t i = 0; !j.failed && i < HTTPD_STREAMS_MAX; i++)
		if (api->streams[i].stream)
			push(api->streams[i].stream, news_text(news), &j);
	jsonw_free(&j);
}
