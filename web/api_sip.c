/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes: the help for phones, as gateway/serve_sip.h tells it: how it is, the phones with their
 * registrations and calls, and calls that were not let in. Who may send to a call's ports, and how
 * much came, is what the openings say.
 */
#include "gateway/serve_sip.h"
#include "web/api_count.h"
#include "web/api_routes.h"

static const char *state_text(enum serve_sip_state state)
{
	static const char *const text[] = {
		[SERVE_SIP_OFF] = "off",
		[SERVE_SIP_IDLE] = "idle",
		[SERVE_SIP_WORKS] = "works",
		[SERVE_SIP_WAITS] = "waits",
		[SERVE_SIP_FAILS] = "fails",
	};
	return text[state];
}

void api_sip_get(const struct api_call *call)
{
	struct serve_sip_status s;
	struct jsonw j = {0};

	serve_sip_status(call->api->config.sip, &s);
	jsonw_object(&j, NULL);
	jsonw_text(&j, "state", state_text(s.state));
	jsonw_text(&j, "text", s.text);
	jsonw_array(&j, "ports");
	for (size_t i = 0; i < s.port_count; i++)
		jsonw_u64(&j, NULL, s.ports[i]);
	jsonw_array_end(&j);
	jsonw_u64(&j, "messages", s.messages);
	jsonw_u64(&j, "changed", s.changed);
	jsonw_u64(&j, "passed", s.passed);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}

/* ---- phones ---- */

/* A phone that is being shown. */
struct phone_view {
	const struct api *api;
	const struct api_tally *tally;	/* NULL: counters were not asked for */
	size_t place;
	uint64_t now_s;
};

static uint64_t since(const struct phone_view *v, uint64_t then_s)
{
	return v->now_s > then_s ? v->now_s - then_s : 0;
}

static void show_registrations(struct jsonw *j, const struct phone_view *v,
	const struct sipreg *reg)
{
	jsonw_array(j, "registrations");
	for (size_t i = 0; i < SIPREG_MAX; i++) {
		const struct sipreg_binding *b = &reg->at[i];

		if (!b->used)
			continue;
		jsonw_object(j, NULL);
		jsonw_text(j, "aor", b->aor);
		api_show_endpoint(j, "registrar", &b->registrar.addr, b->registrar.port);
		jsonw_text(j, "transport", b->is_tcp ? "TCP" : "UDP");
		jsonw_u64(j, "age_s", since(v, b->since_s));
		jsonw_u64(j, "left_s", b->until_s > v->now_s ? b->until_s - v->now_s : 0);
		jsonw_object_end(j);
	}
	jsonw_array_end(j);
}

static void show_peers(struct jsonw *j, const struct opening *o)
{
	jsonw_array(j, "peers");
	for (size_t i = 0; o && o->filters && i < o->filters->count; i++)
		jsonw_addr(j, NULL, &o->filters->at[i].remote.addr);
	jsonw_array_end(j);
}

/* Sound that goes one way is no secret of RTCP's, which goes both: of a pair the even port alone
 * tells the directions. */
static void add_port(struct core_traffic *sum, struct core_traffic one, bool is_rtcp)
{
	if (is_rtcp)
		one.packets_in = one.packets_out = 0;
	api_tally_add(sum, &one);
}

/* Its ports are openings of their own; what they carry is summed up. */
static void show_stream(struct jsonw *j, const struct phone_view *v,
	const struct sipalg_stream *stream)
{
	const struct api_config *config = &v->api->config;
	const struct opening *first = NULL;
	struct core_traffic sum = {0};

	for (uint16_t i = 0; i < stream->count; i++) {
		uint16_t port = (uint16_t)(stream->port + i);
		uint32_t id = serve_sip_opening(config->sip, v->place, port);

		if (id && v->tally)
			add_port(&sum, api_tally_of(v->tally, id), stream->pair && i % 2);
		first = i == 0 && id ? core_opening_by_id(v->api->core, id) : first;
	}
	jsonw_object(j, NULL);
	jsonw_u64(j, "port", stream->port);
	jsonw_u64(j, "count", stream->count);
	api_show_number(j, "external", first ? first->external.port : 0, 0);
	api_show_number(j, "opening", first ? first->id : 0, 0);
	show_peers(j, first);
	if (v->tally) {
		jsonw_u64(j, "packets", sum.packets);
		jsonw_u64(j, "bytes", sum.bytes);
		jsonw_u64(j, "packets_in", sum.packets_in);
		jsonw_u64(j, "packets_out", sum.packets_out);
	}
	jsonw_object_end(j);
}

static bool has_stream(const struct sipalg_streams *list, const struct sipalg_stream *stream)
{
	for (uint16_t i = 0; i < list->count; i++) {
		if (list->at[i].port == stream->port)
			return true;
	}
	return false;
}

/* What was agreed, and what is being offered. */
static void show_media(struct jsonw *j, const struct phone_view *v, const struct sipcall *c)
{
	jsonw_array(j, "media");
	for (uint16_t i = 0; i < c->now.count; i++)
		show_stream(j, v, &c->now.at[i]);
	for (uint16_t i = 0; c->has_next && i < c->next.count; i++) {
		if (!has_stream(&c->now, &c->next.at[i]))
			show_stream(j, v, &c->next.at[i]);
	}
	jsonw_array_end(j);
}

static void show_call(struct jsonw *j, const struct phone_view *v, const struct sipcall *c)
{
	jsonw_object(j, NULL);
	jsonw_text(j, "who", c->who);
	jsonw_text(j, "direction", c->by_phone ? "out" : "in");
	jsonw_text(j, "state", sipcall_state_text(c->state));
	jsonw_bool(j, "on_hold", c->on_hold);
	jsonw_u64(j, "age_s", since(v, c->since_s));
	jsonw_text(j, "codecs", c->codecs[0] ? c->codecs : NULL);
	jsonw_addr(j, "peer", &c->signalling);
	show_media(j, v, c);
	jsonw_object_end(j);
}

static void show_phone(struct jsonw *j, const struct phone_view *v)
{
	struct serve_sip_phone p;

	serve_sip_phone_at(v->api->config.sip, v->place, &p);
	jsonw_object(j, NULL);
	api_show_device_name(j, "device", v->api, p.device_id);
	jsonw_addr(j, "lan", &p.lan);
	api_show_endpoint(j, "public", &p.wan.addr, p.wan.port);
	api_show_number(j, "heard", p.heard_s, 0);
	jsonw_bool(j, "encrypted", p.encrypted);
	jsonw_bool(j, "left_alone", p.left_alone);
	jsonw_bool(j, "unconfirmed", p.unconfirmed);
	show_registrations(j, v, p.reg);
	jsonw_array(j, "calls");
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		const struct sipcall *c = &p.calls->at[i];
		if (c->state != SIPCALL_FREE && c->state != SIPCALL_OVER)
			show_call(j, v, c);
	}
	jsonw_array_end(j);
	jsonw_object_end(j);
}

static void answer_phones(struct httpd_request *req, const struct api *api, uint32_t id,
	const struct api_tally *t)
{
	const struct serve_sip *sip = api->config.sip;
	struct phone_view v = {.api = api, .tally = t, .now_s = serve_sip_now_s(sip)};
	struct jsonw j = {0};

	(void)id;
	jsonw_object(&j, NULL);
	jsonw_array(&j, "phones");
	for (v.place = 0; v.place < serve_sip_phones(sip); v.place++)
		show_phone(&j, &v);
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(req, 200, &j);
}

void api_sip_phones_get(const struct api_call *call)
{
	uint64_t counters = 0;

	if (!api_query_u64(call, "counters", 1, &counters))
		return;
	if (counters)
		api_count(call, 0, answer_phones);
	else
		answer_phones(call->req, call->api, 0, NULL);
}

void api_sip_missed_get(const struct api_call *call)
{
	const struct serve_sip *sip = call->api->config.sip;
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, "missed");
	for (size_t i = 0; i < serve_sip_missed(sip); i++) {
		const struct serve_sip_missed *m = serve_sip_missed_at(sip, i);

		jsonw_object(&j, NULL);
		api_show_device_name(&j, "device", call->api, m->device_id);
		api_show_number(&j, "time", m->wall_s, 0);
		api_show_endpoint(&j, "from", &m->from.addr, m->from.port);
		jsonw_text(&j, "who", m->who);
		jsonw_u64(&j, "count", m->count);
		jsonw_bool(&j, "admitted",
			core_sip_admits(call->api->core, m->device_id, &m->from.addr));
		jsonw_object_end(&j);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}
