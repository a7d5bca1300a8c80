/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control calls; see serve_igd_call.h. An action is a row in protocols/igd_table.c and one here or
 * in serve_igd_facts.c. */
#include "gateway/serve_igd_call.h"

#include "gateway/bucket.h"
#include "gateway/serve_igd_facts.h"
#include "gateway/serve_igd_list.h"
#include "gateway/upnp_self.h"
#include "gateway/xml_expat.h"
#include "protocols/err.h"
#include "protocols/igd_answer.h"
#include "protocols/igd_map.h"

#include <stdlib.h>

#define ASKS_MAX 256		/* twice the connections: some clients leave before their answer */
#define ANSWER_MAX 4096		/* an entry of hostile text is half of it; lists have their own */
#define LATER UINT16_MAX	/* not an error code: the answer comes by a callback */

/* One call while it is worked on. Everything decoded points into soap and action. */
struct ask {
	struct serve_igd_call *calls;
	struct ask *next;		/* in the free list, or of those that count packets */
	struct httpd_request *req;	/* NULL: nobody waits any more */
	struct igd_call call;
	uint64_t packets;
	struct soap soap;
};

struct serve_igd_call {
	struct serve_igd_facts facts;
	struct bucket *changes;		/* of each source: each change is a row of the record */
	struct ask *free;		/* used before and given back */
	size_t fresh;			/* asks[fresh] and on were never touched: no memory yet */
	struct ask *counted;		/* for whom the firewall's counters are being read */
	struct ask *uncounted;		/* who came meanwhile: the next pass is theirs */
	struct ask asks[ASKS_MAX];
};

static struct ask *take(struct serve_igd_call *calls)
{
	struct ask *ask = calls->free;

	if (ask)
		calls->free = ask->next;
	else if (calls->fresh < ASKS_MAX)
		ask = &calls->asks[calls->fresh++];
	return ask;
}

static void give_back(struct ask *ask)
{
	ask->next = ask->calls->free;
	ask->calls->free = ask;
}

static void reply(struct httpd_request *req, unsigned status, const struct writer *w)
{
	static const struct httpd_field fields[] = {
		{"Server", UPNP_SELF_SERVER},
		{"EXT", " "},	/* libmicrohttpd takes no empty value; this is read as one */
	};
	const struct httpd_answer answer = {
		.status = status,
		.type = w ? "text/xml; charset=\"utf-8\"" : NULL,
		.fields = fields,
		.field_count = sizeof(fields) / sizeof(fields[0]),
		.body = w ? w->p : NULL,
		.body_len = w ? w->len : 0,
	};

	httpd_answer(req, &answer);
}

/* code 0: the answer is in w. */
static void finish(struct ask *ask, uint16_t code, const struct writer *w)
{
	char text[ANSWER_MAX];
	struct writer fault = writer_to(text, sizeof(text));

	if (!code && w->full)
		code = IGD_ACTION_FAILED;
	if (code)
		igd_encode_error(&fault, ask->call.service, code);
	if (ask->req)
		reply(ask->req, code ? 500 : 200, code ? &fault : w);
	give_back(ask);
}

/* The request lives on: what was granted stays granted. */
static void on_gone(void *arg)
{
	struct ask *ask = arg;
	ask->req = NULL;
}

static uint16_t wait_for_it(struct ask *ask)
{
	ask->req->gone = on_gone;
	ask->req->arg = ask;
	return LATER;
}

/* ---- the list of openings ---- */

static uint16_t answer_generic(struct ask *ask, struct writer *w)
{
	return serve_igd_list_generic(ask->calls->facts.core, &ask->call,
		&ask->req->peer->client.addr, w);
}

static uint16_t answer_specific(struct ask *ask, struct writer *w)
{
	return serve_igd_list_specific(ask->calls->facts.core, &ask->call,
		&ask->req->peer->client.addr, w);
}

static uint16_t answer_range(struct ask *ask, struct writer *w)
{
	struct writer list;
	uint16_t code = serve_igd_list_range(ask->calls->facts.core, &ask->call,
		&ask->req->peer->client.addr, &list);

	(void)w;
	if (code)
		return code;
	finish(ask, IGD_OK, &list);
	free(list.p);
	return LATER;
}

/* ---- requests to the core ---- */

static void answer_request(void *arg, const struct map_ans *ans)
{
	struct ask *ask = arg;
	char text[ANSWER_MAX];
	struct writer w = writer_to(text, sizeof(text));

	if (ask->call.row->action == IGD_ADD_ANY_PORT_MAPPING)
		igd_answer_number(&w, &ask->call, ans->external.port);
	else if (ask->call.row->action == IGD_ADD_PINHOLE)
		igd_answer_number(&w, &ask->call, ans->id);
	else
		igd_encode(&w, &ask->call, NULL);
	finish(ask, igd_error_of(&ask->call, ans->result), &w);
}

static uint16_t pass_on(struct ask *ask, struct writer *w)
{
	struct map_req req;
	uint16_t code = igd_map_decode(&ask->call, &ask->req->peer->client.addr, &req);

	(void)w;
	if (code)
		return code;
	if (!bucket_take(ask->calls->changes,
		    core_rate_key(ask->calls->facts.core, ask->req->peer->ifindex, &req.client),
		    loop_now_ms(ask->calls->facts.loop)))
		return igd_error_of(&ask->call, MAP_TROUBLE);
	req.ifindex = ask->req->peer->ifindex;
	if (core_request(ask->calls->facts.core, &req, answer_request, ask))
		return igd_error_of(&ask->call, MAP_TROUBLE);
	return wait_for_it(ask);
}

/* ---- packets through a pinhole ---- */

static void on_counter(void *arg, const struct opening *o, const struct core_traffic *t)
{
	struct serve_igd_call *calls = arg;

	for (struct ask *ask = calls->counted; ask; ask = ask->next) {
		if (ask->call.in[0].number == o->id)
			ask->packets += t->packets;
	}
}

static void answer_packets(struct ask *ask, int err)
{
	bool check = ask->call.row->action == IGD_CHECK_PINHOLE_WORKING;
	char text[ANSWER_MAX];
	struct writer w = writer_to(text, sizeof(text));
	uint16_t code = IGD_OK;

	if (err)
		code = IGD_ACTION_FAILED;
	else if (check && ask->packets == 0)
		code = IGD_FC6_NO_TRAFFIC;
	igd_answer_number(&w, &ask->call, check ? 1 : (uint32_t)ask->packets);
	finish(ask, code, &w);
}

static void answer_counted(struct serve_igd_call *calls, int err)
{
	struct ask *ask = calls->counted, *next;

	calls->counted = NULL;
	for (; ask; ask = next) {
		next = ask->next;
		answer_packets(ask, err);
	}
}

static void count(struct serve_igd_call *calls, core_done_fn *done)
{
	int err;

	calls->counted = calls->uncounted;
	calls->uncounted = NULL;
	if (!calls->counted)
		return;
	err = core_counters(calls->facts.core, on_counter, done, calls);
	if (err)
		answer_counted(calls, err);
}

/* One reading of all counters answers everybody who asked before it began. */
static void on_counted(void *arg, int err)
{
	answer_counted(arg, err);
	count(arg, on_counted);
}

static uint16_t count_packets(struct ask *ask, struct writer *w)
{
	struct serve_igd_call *calls = ask->calls;
	struct core *core = calls->facts.core;
	const struct opening *o = core_opening_by_id(core, ask->call.in[0].number);
	const struct lease *lease = o ? opening_lease(o, MAP_ORIGIN_UPNP) : NULL;

	(void)w;
	if (!o || opening_is4(o))
		return IGD_FC6_NO_SUCH_ENTRY;
	if (!lease || lease->device_id != core_device_of(core, &ask->req->peer->client.addr))
		return IGD_NOT_AUTHORIZED;
	wait_for_it(ask);
	ask->packets = 0;
	ask->next = calls->uncounted;
	calls->uncounted = ask;
	if (!calls->counted)
		count(calls, on_counted);
	return LATER;
}

/* ---- dispatch ---- */

typedef uint16_t answer_fn(struct ask *ask, struct writer *w);

static answer_fn *const answers[IGD_ACTIONS] = {
	[IGD_GET_GENERIC_PORT_MAPPING_ENTRY] = answer_generic,
	[IGD_GET_SPECIFIC_PORT_MAPPING_ENTRY] = answer_specific,
	[IGD_ADD_PORT_MAPPING] = pass_on,
	[IGD_ADD_ANY_PORT_MAPPING] = pass_on,
	[IGD_DELETE_PORT_MAPPING] = pass_on,
	[IGD_DELETE_PORT_MAPPING_RANGE] = pass_on,
	[IGD_GET_LIST_OF_PORT_MAPPINGS] = answer_range,
	[IGD_ADD_PINHOLE] = pass_on,
	[IGD_UPDATE_PINHOLE] = pass_on,
	[IGD_DELETE_PINHOLE] = pass_on,
	[IGD_GET_PINHOLE_PACKETS] = count_packets,
	[IGD_CHECK_PINHOLE_WORKING] = count_packets,
};

static void dispatch(struct ask *ask, uint16_t code)
{
	char text[ANSWER_MAX];
	struct writer w = writer_to(text, sizeof(text));
	answer_fn *answer = code ? NULL : answers[ask->call.row->action];

	if (!code)
		code = serve_igd_facts_check_pinholes(&ask->calls->facts, &ask->call);
	if (!code && answer)
		code = answer(ask, &w);
	else if (!code)
		code = serve_igd_facts_answer(&ask->calls->facts, &ask->call, &w);
	if (code != LATER)
		finish(ask, code, &w);
}

void serve_igd_call_answer(struct serve_igd_call *calls, struct httpd_request *req,
	enum igd_service service, struct str action)
{
	struct ask *ask = take(calls);
	struct soap_call soap;
	int err;

	if (!ask) {
		reply(req, 503, NULL);
		return;
	}
	ask->calls = calls;
	ask->req = req;
	ask->call.service = service;
	err = xml_expat_decode(&ask->soap, req->body.p, req->body.len, &soap);
	if (err && err != ERR_RANGE) {
		reply(req, 400, NULL);
		give_back(ask);
		return;
	}
	dispatch(ask, err ? IGD_TOO_LONG : igd_decode(service, action, &soap, &ask->call));
}

/* ---- beginning and end ---- */

static void on_news(void *arg, const struct core_told *told)
{
	struct serve_igd_call *calls = arg;
	const struct limits *limits = core_limits(calls->facts.core);

	if (told->news == CORE_NEWS_WAN)
		serve_igd_facts_note_wan(&calls->facts);
	if (told->news == CORE_NEWS_LIMITS)
		bucket_set(calls->changes, limits->rate_device, limits->rate_burst);
}

struct serve_igd_call *serve_igd_call_new(struct loop *loop, struct core *core, struct net *net,
	const struct conf *conf)
{
	struct serve_igd_call *calls = calloc(1, sizeof(*calls));

	if (!calls)
		return NULL;
	calls->changes = bucket_new(core_limits(core)->rate_device, core_limits(core)->rate_burst);
	if (!calls->changes || core_watch(core, on_news, calls)) {
		bucket_free(calls->changes);
		free(calls);
		return NULL;
	}
	serve_igd_facts_init(&calls->facts, loop, core, net, conf);
	return calls;
}

void serve_igd_call_free(struct serve_igd_call *calls)
{
	if (!calls)
		return;
	core_unwatch(calls->facts.core, on_news, calls);
	bucket_free(calls->changes);
	free(calls);
}
