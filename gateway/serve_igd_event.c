/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subscriptions and what they are told; see serve_igd_event.h. */
#include "gateway/serve_igd_event.h"

#include "gateway/deliver.h"
#include "gateway/upnp_self.h"
#include "protocols/err.h"
#include "protocols/igd_event.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_MS 100		/* the answer to SUBSCRIBE is read before the first event comes */
#define GAP_MS 200		/* between two looks at what changed */
#define MESSAGE_MS 30000	/* UDA 1.1 section 4.3.2: then this message is given up */
#define WAIT_MIN_MS 2000	/* before what nobody took is told again; doubles */
#define WAIT_MAX_MS 64000
#define TIMEOUT_TEXT_MAX 24	/* "Second-1800" and NUL */

struct subscription {
	struct serve_igd_event *events;
	struct subscription *next;
	enum igd_service service;
	enum igd_view view;
	struct addr client;
	int ifindex;
	bool has_mac;
	uint8_t mac[NEIGH_MAC_LEN];
	char sid[GENA_SID_LEN + 1];
	uint32_t timeout_s;
	struct gena_url callbacks[GENA_CALLBACKS_MAX];	/* their text is in targets */
	size_t count;
	size_t at;			/* the callback that is tried */
	uint32_t seq;			/* of the message under way or the next */
	uint32_t news;			/* variables to be told */
	uint32_t told;			/* by the message under way */
	bool reached;			/* somebody may have read the message under way */
	uint64_t until_ms;		/* it is given up then */
	uint32_t wait_ms;		/* 0: the last message was taken */
	struct loop_timer next_message;
	struct loop_timer end;
	struct deliver deliver;
	char targets[GENA_CALLBACKS_MAX][GENA_TARGET_MAX];
	char message[GENA_HEAD_MAX + IGD_EVENT_BODY_MAX];
};

struct serve_igd_event {
	struct loop *loop;
	struct core *core;
	struct net *net;
	struct igd_state state;		/* as subscribers are told */
	uint64_t looked_ms;
	struct loop_timer look;
	struct subscription *first;
};

static void drop(struct subscription *sub)
{
	struct subscription **at = &sub->events->first;

	while (*at != sub)
		at = &(*at)->next;
	*at = sub->next;
	deliver_stop(&sub->deliver);
	loop_timer_stop(sub->events->loop, &sub->next_message);
	loop_timer_stop(sub->events->loop, &sub->end);
	free(sub);
}

/* ---- messages ---- */

static void tell_in(struct subscription *sub, uint32_t wait_ms)
{
	struct loop *loop = sub->events->loop;
	loop_timer_set(loop, &sub->next_message, loop_now_ms(loop) + wait_ms);
}

/* A host that has left its LAN is not followed to where routes lead. A callback that does not
 * answer leaves their share of the time to those behind it. */
static int send_message(struct subscription *sub)
{
	const struct serve_igd_event *events = sub->events;
	const struct net_if *lan = net_lan_of(events->net, sub->ifindex);
	const struct gena_url *url = &sub->callbacks[sub->at];
	uint64_t now = loop_now_ms(events->loop);
	uint64_t until_ms = now + (sub->until_ms - now) / (sub->count - sub->at);
	char text[IGD_EVENT_BODY_MAX];
	struct writer body = writer_to(text, sizeof(text));
	struct writer w = writer_to(sub->message, sizeof(sub->message));

	if (!lan || !net_is_lan_source(events->net, sub->ifindex, &sub->client))
		return ERR_GONE;
	igd_event_encode(&body, sub->service, sub->told, sub->view, &events->state);
	gena_encode_notify(&w, url, str_from(sub->sid), sub->seq, writer_done(&body));
	return deliver_begin(&sub->deliver,
		&(struct deliver_to){url->to, lan->name, sub->ifindex, until_ms},
		writer_done(&w));
}

/* What was not taken is news again. A number that somebody may have seen is not used twice: he
 * would take the second message for the first. */
static void give_up(struct subscription *sub)
{
	sub->news |= sub->told;
	if (sub->reached)
		sub->seq = gena_next_seq(sub->seq);
	sub->wait_ms = sub->wait_ms ? sub->wait_ms * 2 : WAIT_MIN_MS;
	if (sub->wait_ms > WAIT_MAX_MS)
		sub->wait_ms = WAIT_MAX_MS;
	tell_in(sub, sub->wait_ms);
}

static void try_callbacks(struct subscription *sub)
{
	for (; sub->at < sub->count; sub->at++) {
		if (loop_now_ms(sub->events->loop) < sub->until_ms &&
		    send_message(sub) == 0)
			return;
	}
	give_up(sub);
}

static void on_next_message(void *arg)
{
	struct subscription *sub = arg;

	sub->told = sub->news;
	sub->news = 0;
	sub->at = 0;
	sub->reached = false;
	sub->until_ms = loop_now_ms(sub->events->loop) + MESSAGE_MS;
	try_callbacks(sub);
}

static void on_delivered(void *arg, int result)
{
	struct subscription *sub = arg;

	if (result == 412) {	/* nobody there knows this subscription */
		drop(sub);
		return;
	}
	if (result >= 200 && result < 300) {
		sub->seq = gena_next_seq(sub->seq);
		sub->wait_ms = 0;
		if (sub->news)
			tell_in(sub, 0);
		return;
	}
	sub->reached |= deliver_was_sent(&sub->deliver);
	sub->at++;
	try_callbacks(sub);
}

static void tell(struct subscription *sub, uint32_t variables)
{
	sub->news |= variables;
	if (variables && sub->next_message.slot == 0 && !deliver_is_under_way(&sub->deliver))
		tell_in(sub, 0);
}

/* ---- what changed ---- */

static void read_state(const struct serve_igd_event *events, struct igd_state *out)
{
	const struct net_if *wan = net_wan(events->net);
	size_t entries = core_openings4(events->core);

	*out = (struct igd_state){
		.wan4 = *core_wan4(events->core),
		.carrier = wan->up && wan->running,
		.entries = entries > UINT16_MAX ? UINT16_MAX : (uint16_t)entries,
		.update_id = core_update_id(events->core),
		.no_firewall = events->state.no_firewall,
		.no_pinholes = events->state.no_pinholes,
	};
	memcpy(out->uuid.b, core_state(events->core)->uuid, sizeof(out->uuid.b));
}

static void look(void *arg)
{
	struct serve_igd_event *events = arg;
	struct igd_state was = events->state;

	events->looked_ms = loop_now_ms(events->loop);
	read_state(events, &events->state);
	for (struct subscription *sub = events->first; sub; sub = sub->next)
		tell(sub, igd_event_changed(sub->service, sub->view, &was, &events->state));
}

static void look_soon(struct serve_igd_event *events)
{
	uint64_t now = loop_now_ms(events->loop), due = events->looked_ms + GAP_MS;

	if (events->look.slot == 0)
		loop_timer_set(events->loop, &events->look, due > now ? due : now);
}

static void on_news(void *arg, const struct core_told *told)
{
	if (told->news != CORE_NEWS_REFUSED)
		look_soon(arg);
}

static void on_net(void *arg, unsigned changes)
{
	if (changes & NET_WAN_CHANGED)
		look_soon(arg);
}

/* ---- subscriptions ---- */

static void on_end(void *arg)
{
	drop(arg);
}

static void renew(struct subscription *sub, uint32_t timeout_s)
{
	struct loop *loop = sub->events->loop;

	sub->timeout_s = timeout_s;
	loop_timer_set(loop, &sub->end, loop_now_ms(loop) + timeout_s * UINT64_C(1000));
}

/* Only whom it belongs to finds it. */
static struct subscription *find(const struct serve_igd_event *events,
	const struct httpd_peer *peer, enum igd_service service, struct str sid)
{
	struct subscription *sub = events->first;

	while (sub && (!str_eq(sid, str_from(sub->sid)) || sub->service != service ||
		    sub->ifindex != peer->ifindex || !addr_eq(&sub->client, &peer->client.addr)))
		sub = sub->next;
	return sub;
}

/* Where there is none, a subscription whose events nobody takes makes room. */
static bool make_room(const struct serve_igd_event *events, const struct subscription *wanted)
{
	size_t all = 0, of_client = 0, of_host = 0;
	struct subscription *dead = NULL, *own_dead = NULL;

	for (struct subscription *sub = events->first; sub; sub = sub->next) {
		bool same_client = addr_eq(&sub->client, &wanted->client);
		bool same_host = sub->has_mac && wanted->has_mac &&
				 memcmp(sub->mac, wanted->mac, sizeof(sub->mac)) == 0;

		all++;
		of_client += same_client;
		of_host += same_host;
		if (sub->wait_ms)
			dead = sub;
		if (sub->wait_ms && same_client)
			own_dead = sub;
	}
	if (of_client >= SERVE_IGD_EVENT_CLIENT_MAX || of_host >= SERVE_IGD_EVENT_HOST_MAX)
		dead = own_dead;
	else if (all < SERVE_IGD_EVENT_MAX)
		return true;
	if (dead)
		drop(dead);
	return dead != NULL;
}

static void keep_callbacks(struct subscription *sub, const struct gena_request *request)
{
	for (size_t i = 0; i < request->count; i++) {
		struct str target = request->callbacks[i].target;

		if (target.len > 0)
			memcpy(sub->targets[i], target.p, target.len);
		sub->callbacks[i].to = request->callbacks[i].to;
		sub->callbacks[i].target = (struct str){sub->targets[i], target.len};
	}
	sub->count = request->count;
}

static void name(struct subscription *sub)
{
	struct writer sid = writer_to(sub->sid, GENA_SID_LEN);
	struct igd_uuid id;

	randombytes_buf(id.b, sizeof(id.b));
	id.b[6] = (uint8_t)((id.b[6] & 0x0f) | 0x40);	/* RFC 9562 section 5.4 */
	id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80);
	gena_encode_sid(&sid, &id);
}

/* NULL: no room or no memory. */
static struct subscription *add(struct serve_igd_event *events, const struct httpd_peer *peer,
	const struct gena_request *request)
{
	struct subscription *sub = calloc(1, sizeof(*sub));

	if (!sub)
		return NULL;
	sub->events = events;
	sub->client = peer->client.addr;
	sub->ifindex = peer->ifindex;
	sub->has_mac = net_neigh_mac(events->net, sub->ifindex, &sub->client, sub->mac);
	if (!make_room(events, sub)) {
		free(sub);
		return NULL;
	}
	name(sub);
	keep_callbacks(sub, request);
	sub->deliver.loop = events->loop;
	sub->deliver.done = on_delivered;
	sub->deliver.arg = sub;
	sub->next_message = (struct loop_timer){.fn = on_next_message, .arg = sub};
	sub->end = (struct loop_timer){.fn = on_end, .arg = sub};
	sub->next = events->first;
	events->first = sub;
	return sub;
}

/* ---- requests ---- */

static void reply(struct httpd_request *req, unsigned status, const struct subscription *sub)
{
	char timeout[TIMEOUT_TEXT_MAX] = "";
	struct writer w = writer_to(timeout, sizeof(timeout) - 1);
	const struct httpd_field fields[] = {
		{"Server", UPNP_SELF_SERVER},
		{"SID", sub ? sub->sid : NULL},
		{"TIMEOUT", timeout},
	};
	const struct httpd_answer answer = {
		.status = status,
		.fields = fields,
		.field_count = sub ? 3 : 1,
	};

	writer_text(&w, "Second-");
	writer_dec(&w, sub ? sub->timeout_s : 0);
	httpd_answer(req, &answer);
}

static void subscribe(struct serve_igd_event *events, struct httpd_request *req,
	const struct gena_request *request, const struct igd_path *path)
{
	struct subscription *sub;

	if (request->sid.p) {
		sub = find(events, req->peer, path->service, request->sid);
	} else {
		look(events);
		sub = add(events, req->peer, request);
	}
	if (!sub) {
		reply(req, request->sid.p ? 412 : 503, NULL);
		return;
	}
	renew(sub, request->timeout_s);
	if (!request->sid.p) {
		sub->service = path->service;
		sub->view = path->view;
		sub->news = igd_event_all(sub->service, sub->view);
		tell_in(sub, FIRST_MS);
	}
	reply(req, 200, sub);
}

static void unsubscribe(struct serve_igd_event *events, struct httpd_request *req,
	struct str sid, enum igd_service service)
{
	struct subscription *sub = find(events, req->peer, service, sid);

	if (sub)
		drop(sub);
	reply(req, sub ? 200 : 412, NULL);
}

/* false: a field comes more than once. */
static bool read_fields(const struct httpd_request *req, struct gena_fields *out)
{
	*out = (struct gena_fields){STR_NONE, STR_NONE, STR_NONE, STR_NONE};
	return httpd_field(req, STR("CALLBACK"), &out->callback) != ERR_EXISTS &&
	       httpd_field(req, STR("NT"), &out->nt) != ERR_EXISTS &&
	       httpd_field(req, STR("SID"), &out->sid) != ERR_EXISTS &&
	       httpd_field(req, STR("TIMEOUT"), &out->timeout) != ERR_EXISTS;
}

void serve_igd_event_answer(struct serve_igd_event *events, struct httpd_request *req,
	const struct igd_path *path)
{
	struct gena_fields fields;
	struct gena_request request;
	struct str sid;
	unsigned status = read_fields(req, &fields) ? 0 : 400;

	if (!status && str_eq(req->method, STR("SUBSCRIBE"))) {
		status = gena_decode_subscribe(&fields, &req->peer->client.addr, &request);
		if (!status)
			subscribe(events, req, &request, path);
	} else if (!status) {
		status = gena_decode_unsubscribe(&fields, &sid);
		if (!status)
			unsubscribe(events, req, sid, path->service);
	}
	if (status)
		reply(req, status, NULL);
}

/* ---- beginning and end ---- */

struct serve_igd_event *serve_igd_event_new(struct loop *loop, struct core *core,
	struct net *net, const struct conf *conf)
{
	struct serve_igd_event *events = calloc(1, sizeof(*events));

	if (!events)
		return NULL;
	events->loop = loop;
	events->core = core;
	events->net = net;
	events->look = (struct loop_timer){.fn = look, .arg = events};
	events->state.no_firewall = conf->backend == CONF_BACKEND_NONE;
	events->state.no_pinholes = !conf->pinholes;
	read_state(events, &events->state);
	if (core_watch(core, on_news, events) || net_watch(net, on_net, events)) {
		serve_igd_event_free(events);
		return NULL;
	}
	return events;
}

void serve_igd_event_free(struct serve_igd_event *events)
{
	if (!events)
		return;
	core_unwatch(events->core, on_news, events);
	net_unwatch(events->net, on_net, events);
	while (events->first)
		drop(events->first);
	loop_timer_stop(events->loop, &events->look);
	free(events);
}
