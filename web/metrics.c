/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for Prometheus; see metrics.h. */
#include "web/metrics.h"

#include "protocols/err.h"
#include "protocols/reader.h"

#include <stdlib.h>

#define TEXT_MAX 8192	/* all of it is below half of this */

struct metrics {
	struct core *core;
	uint64_t opened, closed, refused;
};

static void on_news(void *arg, const struct core_told *told)
{
	struct metrics *m = arg;

	switch (told->news) {
	case CORE_NEWS_OPENED:
		m->opened++;
		break;
	case CORE_NEWS_CLOSED:
		m->closed++;
		break;
	case CORE_NEWS_REFUSED:
		m->refused++;
		break;
	case CORE_NEWS_CHANGED:
	case CORE_NEWS_WAN:
	case CORE_NEWS_EPOCH:
	case CORE_NEWS_HEALTH:
	case CORE_NEWS_LIMITS:
	case CORE_NEWS_POLICY:
	case CORE_NEWS_SIP:
	case CORE_NEWS_DEVICE:
	case CORE_NEWS_HAND:
	case CORE_NEWS_CARD:
	case CORE_NEWS_ALERT:
		break;
	}
}

struct metrics *metrics_new(struct core *core)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->core = core;
	if (core_watch(core, on_news, m) == 0)
		return m;
	free(m);
	return NULL;
}

static void head(struct writer *w, const char *name, const char *type, const char *help)
{
	writer_text(w, "# HELP postern_");
	writer_text(w, name);
	writer_text(w, " ");
	writer_text(w, help);
	writer_text(w, "\n# TYPE postern_");
	writer_text(w, name);
	writer_text(w, " ");
	writer_text(w, type);
	writer_text(w, "\n");
}

static void value(struct writer *w, const char *name, uint64_t n)
{
	writer_text(w, "postern_");
	writer_text(w, name);
	writer_text(w, " ");
	writer_dec(w, n);
	writer_text(w, "\n");
}

static void gauge(struct writer *w, const char *name, const char *help, uint64_t n)
{
	head(w, name, "gauge", help);
	value(w, name, n);
}

static void counter(struct writer *w, const char *name, const char *help, uint64_t n)
{
	head(w, name, "counter", help);
	value(w, name, n);
}

/* By family, protocol and the door it came by: that of its first lease. */
#define FAMILIES 2
#define ORIGINS 8
struct census {
	uint64_t n[FAMILIES][2][ORIGINS];
};
_Static_assert(MAP_ORIGINS <= ORIGINS, "each door has its line");

static void take_census(const struct core *core, struct census *c)
{
	for (size_t i = 0; i < core_openings(core); i++) {
		const struct opening *o = core_opening_at(core, i);
		if (!o->outbound && o->leases)
			c->n[!opening_is4(o)][o->proto != MAP_PROTO_TCP][o->leases->origin]++;
	}
}

static void write_openings(struct writer *w, const struct core *core)
{
	struct census c = {0};

	take_census(core, &c);
	head(w, "openings", "gauge", "Ports open to the Internet now.");
	for (int i = 0; i < FAMILIES * 2 * MAP_ORIGINS; i++) {
		int family = i / (2 * MAP_ORIGINS), proto = i / MAP_ORIGINS % 2;
		enum map_origin origin = (enum map_origin)(i % MAP_ORIGINS);
		writer_text(w, "postern_openings{family=\"");
		writer_text(w, family ? "ipv6" : "ipv4");
		writer_text(w, "\",protocol=\"");
		writer_text(w, proto ? "udp" : "tcp");
		writer_text(w, "\",origin=\"");
		writer_text(w, map_origin_text(origin));
		writer_text(w, "\"} ");
		writer_dec(w, c.n[family][proto][origin]);
		writer_text(w, "\n");
	}
}

void metrics_answer(const struct metrics *m, struct httpd_request *req)
{
	char text[TEXT_MAX];
	struct writer w = writer_to(text, sizeof(text));
	struct httpd_answer answer = {.status = 200, .type = "text/plain; version=0.0.4"};
	struct core_status s;

	core_status(m->core, &s);
	write_openings(&w, m->core);
	counter(&w, "opened_total", "Openings made.", m->opened);
	counter(&w, "closed_total", "Openings ended.", m->closed);
	counter(&w, "refused_total", "Requests refused.", m->refused);
	gauge(&w, "devices_with_openings", "Devices that have something open.",
		s.devices_with_openings);
	gauge(&w, "cards_waiting", "Questions that wait for the owner.", s.cards);
	gauge(&w, "alerts", "Alerts that are neither over nor expected.", s.alerts);
	gauge(&w, "firewall_ok", "1: openings work; 0: being repaired, or the helper is away.",
		s.firewall == CORE_OK);
	gauge(&w, "store_ok", "1: the disk keeps what is open; 0: it fails.", s.store == CORE_OK);
	gauge(&w, "wan_up", "1: there is an external IPv4 address.", !addr_is_any(&s.wan4));
	gauge(&w, "uptime_seconds", "Seconds since the daemon began.", s.uptime_ms / 1000);
	answer.body = text;
	answer.body_len = w.len;
	httpd_answer(req, &answer);
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	core_unwatch(m->core, on_news, m);
	free(m);
}
