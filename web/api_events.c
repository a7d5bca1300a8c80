/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route: news as server-sent events (WHATWG HTML section 9.2), one JSON object each. What is about
 * one thing goes at once, and so does "health", whose every change counts; what else is about the
 * whole ("refused", "policy", ...) at most ten times a second, so that a flood of refusals costs
 * nothing. With pending=1 only what waits for the owner:
 * cards and alerts, beginning with those there are. A reader too slow is cut and asks again; what
 * it missed is in the record.
 */
#include "protocols/err.h"
#include "web/api_routes.h"
#include "web/api_show.h"

#include <string.h>

#define LATER_MS 100
#define NEWS (CORE_NEWS_ALERT + 1)

static const char *news_text(enum core_news news)
{
	static const char *const text[NEWS] = {
		[CORE_NEWS_OPENED] = "opened",
		[CORE_NEWS_CHANGED] = "changed",
		[CORE_NEWS_CLOSED] = "closed",
		[CORE_NEWS_REFUSED] = "refused",
		[CORE_NEWS_WAN] = "wan",
		[CORE_NEWS_EPOCH] = "epoch",
		[CORE_NEWS_HEALTH] = "health",
		[CORE_NEWS_LIMITS] = "limits",
		[CORE_NEWS_POLICY] = "policy",
		[CORE_NEWS_SIP] = "sip",
		[CORE_NEWS_DEVICE] = "device",
		[CORE_NEWS_HAND] = "hand",
		[CORE_NEWS_CARD] = "card",
		[CORE_NEWS_ALERT] = "alert",
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
	if (j->failed)
		return;
	if (httpd_stream_push(stream, writer_done(&w)) == 0 &&
	    httpd_stream_push(stream, (struct str){j->p, j->len}) == 0)
		httpd_stream_push(stream, STR("\n\n"));
}

/* Frees the text. */
static void push_to_all(struct api *api, enum core_news news, struct jsonw *j)
{
	bool waits = news == CORE_NEWS_CARD || news == CORE_NEWS_ALERT;

	for (size_t i = 0; i < HTTPD_STREAMS_MAX; i++) {
		const struct api_stream *s = &api->streams[i];
		if (s->stream && (waits || !s->pending))
			push(s->stream, news_text(news), j);
	}
	jsonw_free(j);
}

/* ---- what is about one thing ---- */

static void show_card(struct jsonw *j, const struct api *api, const struct card *c, bool prompt)
{
	api_show_card(j, api, c);
	jsonw_bool(j, "prompt", prompt);
	jsonw_object_end(j);
}

static bool show_card_of(struct jsonw *j, const struct api *api, const struct core_told *told)
{
	size_t count;
	const struct card *cards = core_cards(api->core, &count);

	for (size_t i = 0; i < count; i++) {
		if (cards[i].id != told->id)
			continue;
		show_card(j, api, &cards[i], told->prompt);
		return true;
	}
	return false;
}

static bool show_alert_of(struct jsonw *j, const struct api *api, uint32_t id)
{
	size_t count;
	const struct db_alert *alerts = core_alerts(api->core, &count);

	for (size_t i = 0; i < count; i++) {
		if (alerts[i].id != id)
			continue;
		api_show_alert(j, api, &alerts[i]);
		return true;
	}
	return false;
}

static bool show_hand_of(struct jsonw *j, const struct api *api, uint32_t id)
{
	size_t count;
	const struct hand *hands = core_hands(api->core, &count);

	for (size_t i = 0; i < count; i++) {
		if (hands[i].id != id)
			continue;
		api_show_hand(j, api, &hands[i]);
		return true;
	}
	return false;
}

static bool show_device_of(struct jsonw *j, const struct api *api, uint32_t id)
{
	const struct db_device *d = core_device(api->core, id);

	if (d)
		api_show_device(j, api, d);
	return d;
}

static bool show_thing(struct jsonw *j, const struct api *api, const struct core_told *told)
{
	switch (told->news) {
	case CORE_NEWS_DEVICE:
		return show_device_of(j, api, told->id);
	case CORE_NEWS_HAND:
		return show_hand_of(j, api, told->id);
	case CORE_NEWS_CARD:
		return show_card_of(j, api, told);
	case CORE_NEWS_ALERT:
		return show_alert_of(j, api, told->id);
	case CORE_NEWS_OPENED:
	case CORE_NEWS_CHANGED:
	case CORE_NEWS_CLOSED:
	case CORE_NEWS_REFUSED:
	case CORE_NEWS_WAN:
	case CORE_NEWS_EPOCH:
	case CORE_NEWS_HEALTH:
	case CORE_NEWS_LIMITS:
	case CORE_NEWS_POLICY:
	case CORE_NEWS_SIP:
		break;
	}
	return false;
}

static void tell_thing(struct api *api, const struct core_told *told)
{
	struct jsonw j = {0};

	if (!show_thing(&j, api, told)) {
		jsonw_object(&j, NULL);
		jsonw_u64(&j, "id", told->id);
		jsonw_bool(&j, "gone", true);
		jsonw_object_end(&j);
	}
	push_to_all(api, told->news, &j);
}

static void tell_opening(struct api *api, enum core_news news, const struct opening *o)
{
	struct api_view view = api_show_view(api);
	struct jsonw j = {0};

	api_show_opening(&j, &view, o, NULL);
	push_to_all(api, news, &j);
}

/* ---- what is about the whole ---- */

static void tell_whole(struct api *api, enum core_news news)
{
	struct jsonw j = {0};

	api_show_status(&j, api);
	push_to_all(api, news, &j);
}

static void tell_noted(void *arg)
{
	struct api *api = arg;
	unsigned news = api->news;

	api->news = 0;
	for (unsigned i = 0; i < NEWS; i++) {
		if (news >> i & 1)
			tell_whole(api, (enum core_news)i);
	}
}

static void note_whole(struct api *api, enum core_news news)
{
	if (api->news == 0) {
		api->later.fn = tell_noted;
		api->later.arg = api;
		loop_timer_set(api->config.loop, &api->later,
			loop_now_ms(api->config.loop) + LATER_MS);
	}
	api->news |= 1u << news;
}

void api_events_news(void *arg, const struct core_told *told)
{
	const struct opening *o = told->opening;
	struct api *api = arg;

	if (api->stream_count == 0 || (o && o->outbound))
		return;
	if (o)
		tell_opening(api, told->news, o);
	else if (told->news >= CORE_NEWS_DEVICE)
		tell_thing(api, told);
	else if (told->news == CORE_NEWS_HEALTH)
		tell_whole(api, told->news);
	else
		note_whole(api, told->news);
}

/* ---- the stream ---- */

static void push_waiting(struct api_stream *s)
{
	const struct api *api = s->api;
	size_t count;
	const struct card *cards = core_cards(api->core, &count);
	const struct db_alert *alerts;

	for (size_t i = 0; i < count; i++) {
		struct jsonw j = {0};
		if (cards[i].state != CARD_OPEN)
			continue;
		show_card(&j, api, &cards[i], false);
		push(s->stream, "card", &j);
		jsonw_free(&j);
	}
	alerts = core_alerts(api->core, &count);
	for (size_t i = 0; i < count; i++) {
		struct jsonw j = {0};
		if (alerts[i].expected || alerts[i].over)
			continue;
		api_show_alert(&j, api, &alerts[i]);
		push(s->stream, "alert", &j);
		jsonw_free(&j);
	}
}

static void push_status(struct api_stream *s)
{
	struct jsonw j = {0};

	api_show_status(&j, s->api);
	push(s->stream, "status", &j);
	jsonw_free(&j);
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
	uint64_t pending = 0;
	int err = ERR_FULL;

	if (!api_query_u64(call, "pending", 1, &pending))
		return;
	if (api->stream_count < HTTPD_STREAMS_MAX) {
		while (s->stream)
			s++;
		*s = (struct api_stream){.api = api, .pending = pending};
		call->req->gone = on_gone;
		call->req->arg = s;
		err = httpd_stream_open(call->req, "text/event-stream", ":\n\n", &s->stream);
	}
	if (err) {
		call->req->gone = NULL;
		api_error_core(call->req, err);
		return;
	}
	api->stream_count++;
	if (pending)
		push_waiting(s);
	else
		push_status(s);
}

void api_events_stop(struct api *api)
{
	loop_timer_stop(api->config.loop, &api->later);
}
