/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control calls; see serve_igd_call.h. An action is a row in protocols/igd_table.c and a case
 * here. */
#include "gateway/serve_igd_call.h"

#include "gateway/upnp_self.h"
#include "gateway/xml_expat.h"
#include "protocols/igd_answer.h"
#include "protocols/igd_map.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASKS_MAX 256		/* twice the connections: some clients leave before their answer */
#define ANSWER_MAX 4096		/* the longest, an entry of hostile text, is half of it */
#define BPS_UNKNOWN 1000000000	/* what a WAN of unknown speed is taken for */

/* One call while it is worked on. Everything decoded points into soap and action. */
struct ask {
	struct serve_igd_call *calls;
	struct ask *next;		/* in the free list */
	struct httpd_request *req;	/* NULL: nobody waits any more */
	struct igd_call call;
	struct soap soap;
};

struct serve_igd_call {
	struct loop *loop;
	struct core *core;
	struct net *net;
	struct addr wan4;
	uint64_t wan_since_ms;		/* when it became that */
	struct ask *free;		/* used before and given back */
	size_t fresh;			/* asks[fresh] and on were never touched: no memory yet */
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
static void finish(struct ask *ask, uint16_t code, struct writer *w)
{
	if (!code && w->full)
		code = IGD_ACTION_FAILED;
	if (code) {
		*w = writer_to(w->p, w->size);
		igd_encode_error(w, ask->call.service, code);
	}
	if (ask->req)
		reply(ask->req, code ? 500 : 200, w);
	give_back(ask);
}

/* ---- facts ---- */

/* In bits a second, as far as the kernel knows. */
static uint64_t wan_speed(const struct net *net)
{
	char path[64], text[16];
	struct writer w = writer_to(path, sizeof(path) - 1);
	uint32_t mbps = 0;
	ssize_t len;
	int fd;

	writer_text(&w, "/sys/class/net/");
	writer_text(&w, net_wan(net)->name);
	writer_text(&w, "/speed");
	path[w.len] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return BPS_UNKNOWN;
	len = read(fd, text, sizeof(text));
	close(fd);
	/* A tunnel or a cable that is not plugged in has none, or -1. */
	if (len < 2 || str_u32((struct str){text, (size_t)len - 1}, 1, UINT32_MAX, &mbps))
		return BPS_UNKNOWN;
	return mbps * 1000000ULL;
}

static void answer_wan(const struct ask *ask, struct writer *w)
{
	const struct net *net = ask->calls->net;
	struct net_stats stats = {0};
	struct igd_wan wan = {.carrier = net_wan(net)->up && net_wan(net)->running};

	if (ask->call.row->action == IGD_GET_COMMON_LINK_PROPERTIES)
		wan.up_bps = wan.down_bps = wan_speed(net);
	else if (net_stats(ask->calls->net, &stats) == 0)
		wan = (struct igd_wan){
			.bytes_sent = stats.tx_bytes,
			.bytes_received = stats.rx_bytes,
			.packets_sent = stats.tx_packets,
			.packets_received = stats.rx_packets,
		};
	igd_answer_wan(w, &ask->call, &wan);
}

static void answer_address(const struct ask *ask, struct writer *w)
{
	struct core_status status;

	core_status(ask->calls->core, &status);
	igd_answer_address(w, &ask->call, &status.wan4);
}

static void answer_status(const struct ask *ask, struct writer *w)
{
	const struct serve_igd_call *calls = ask->calls;
	uint64_t since_ms = loop_now_ms(calls->loop) - calls->wan_since_ms;

	if (addr_is_any(&calls->wan4))
		igd_answer_status(w, &ask->call, IGD_LINK_DISCONNECTED, 0);
	else
		igd_answer_status(w, &ask->call, IGD_LINK_CONNECTED, (uint32_t)(since_ms / 1000));
}

/* ---- the list of openings ---- */

static uint16_t answer_entry(const struct ask *ask, const struct opening *o, struct writer *w)
{
	struct core *core = ask->calls->core;
	uint32_t device = core_device_of(core, &ask->req->peer->client.addr);
	const struct lease *lease = opening_lease(o, MAP_ORIGIN_UPNP);
	struct igd_entry entry = {
		.remote = o->remote,
		.external_port = o->external.port,
		.proto = o->proto,
		.internal = o->internal,
		.enabled = core_opening_active(core, o),
		.lease_s = core_opening_left_s(core, o),
	};

	if (!lease)
		lease = o->leases;
	if (lease && device != 0 && device == o->device_id)
		entry.descr = str_from(lease->descr);
	igd_answer_entry(w, &ask->call, &entry);
	return IGD_OK;
}

static uint16_t answer_generic(const struct ask *ask, struct writer *w)
{
	const struct opening *o = core_opening_at4(ask->calls->core, ask->call.in[0].number);

	return o ? answer_entry(ask, o, w) : IGD_NO_SUCH_INDEX;
}

static uint16_t answer_specific(const struct ask *ask, struct writer *w)
{
	const struct opening *o;
	struct igd_key key;
	uint16_t code = igd_map_key(&ask->call, &key);

	if (code)
		return code;
	o = core_opening_by_external(ask->calls->core, key.proto, key.port, &key.remote);
	return o ? answer_entry(ask, o, w) : IGD_NO_SUCH_ENTRY;
}

/* ---- requests to the core ---- */

static void answer_request(void *arg, const struct map_ans *ans)
{
	struct ask *ask = arg;
	char text[ANSWER_MAX];
	struct writer w = writer_to(text, sizeof(text));
	uint16_t code = igd_error_of(&ask->call, ans->result);

	if (ask->call.row->action == IGD_ADD_ANY_PORT_MAPPING)
		igd_answer_number(&w, &ask->call, ans->external.port);
	else if (ask->call.row->action == IGD_ADD_PINHOLE)
		igd_answer_number(&w, &ask->call, (uint16_t)ans->id);
	else
		igd_encode(&w, &ask->call, NULL);
	finish(ask, code, &w);
}

/* The request lives on: what was granted stays granted. */
static void on_gone(void *arg)
{
	struct ask *ask = arg;
	ask->req = NULL;
}

static uint16_t pass_on(struct ask *ask)
{
	struct map_req req;
	uint16_t code = igd_map_decode(&ask->call, &ask->req->peer->client.addr, &req);

	if (code)
		return code;
	req.ifindex = ask->req->peer->ifindex;
	if (core_request(ask->calls->core, &req, answer_request, ask))
		return igd_error_of(&ask->call, MAP_TROUBLE);
	ask->req->gone = on_gone;
	ask->req->arg = ask;
	return IGD_OK;
}

/* ---- dispatch ---- */

/* What can be said at once. */
static uint16_t answer_facts(const struct ask *ask, struct writer *w)
{
	switch (ask->call.row->action) {
	case IGD_GET_DEFAULT_CONNECTION_SERVICE: {
		const struct igd_uuid *base = (const void *)core_state(ask->calls->core)->uuid;
		igd_answer_default(w, &ask->call, base, IGD_V1);
		return IGD_OK;
	}
	case IGD_GET_COMMON_LINK_PROPERTIES:
	case IGD_GET_TOTAL_BYTES_SENT:
	case IGD_GET_TOTAL_BYTES_RECEIVED:
	case IGD_GET_TOTAL_PACKETS_SENT:
	case IGD_GET_TOTAL_PACKETS_RECEIVED:
		answer_wan(ask, w);
		return IGD_OK;
	case IGD_GET_CONNECTION_TYPE_INFO:
		igd_answer_type(w, &ask->call);
		return IGD_OK;
	case IGD_GET_STATUS_INFO:
		answer_status(ask, w);
		return IGD_OK;
	case IGD_GET_NAT_RSIP_STATUS:
		igd_answer_nat(w, &ask->call);
		return IGD_OK;
	case IGD_GET_GENERIC_PORT_MAPPING_ENTRY:
		return answer_generic(ask, w);
	case IGD_GET_SPECIFIC_PORT_MAPPING_ENTRY:
		return answer_specific(ask, w);
	case IGD_GET_EXTERNAL_IP_ADDRESS:
		answer_address(ask, w);
		return IGD_OK;
	case IGD_GET_FIREWALL_STATUS:
		igd_answer_firewall(w, &ask->call, true, true);
		return IGD_OK;
	case IGD_ADD_PORT_MAPPING:
	case IGD_ADD_ANY_PORT_MAPPING:
	case IGD_DELETE_PORT_MAPPING:
	case IGD_ADD_PINHOLE:
	case IGD_UPDATE_PINHOLE:
	case IGD_DELETE_PINHOLE:
		break;
	}
	return IGD_INVALID_ACTION;
}

static bool is_request(enum igd_action action)
{
	return action == IGD_ADD_PORT_MAPPING || action == IGD_ADD_ANY_PORT_MAPPING ||
	       action == IGD_DELETE_PORT_MAPPING || action == IGD_ADD_PINHOLE ||
	       action == IGD_UPDATE_PINHOLE || action == IGD_DELETE_PINHOLE;
}

static void dispatch(struct ask *ask, uint16_t code)
{
	char text[ANSWER_MAX];
	struct writer w = writer_to(text, sizeof(text));
	bool later = !code && is_request(ask->call.row->action);

	if (later)
		code = pass_on(ask);
	else if (!code)
		code = answer_facts(ask, &w);
	if (!later || code)
		finish(ask, code, &w);
}

void serve_igd_call_answer(struct serve_igd_call *calls, struct httpd_request *req,
	enum igd_service service, struct str action)
{
	struct ask *ask = take(calls);
	struct soap_call soap;

	if (!ask) {
		reply(req, 503, NULL);
		return;
	}
	ask->calls = calls;
	ask->req = req;
	ask->call.service = service;
	if (xml_expat_decode(&ask->soap, req->body.p, req->body.len, &soap)) {
		reply(req, 400, NULL);
		give_back(ask);
		return;
	}
	dispatch(ask, igd_decode(service, action, &soap, &ask->call));
}

/* ---- beginning and end ---- */

static void note_wan(struct serve_igd_call *calls)
{
	struct core_status status;

	core_status(calls->core, &status);
	calls->wan4 = status.wan4;
	calls->wan_since_ms = loop_now_ms(calls->loop);
}

static void on_news(void *arg, enum core_news news, const struct opening *o)
{
	(void)o;
	if (news == CORE_NEWS_WAN)
		note_wan(arg);
}

struct serve_igd_call *serve_igd_call_new(struct loop *loop, struct core *core, struct net *net)
{
	struct serve_igd_call *calls = calloc(1, sizeof(*calls));

	if (!calls)
		return NULL;
	calls->loop = loop;
	calls->core = core;
	calls->net = net;
	if (core_watch(core, on_news, calls)) {
		free(calls);
		return NULL;
	}
	note_wan(calls);
	return calls;
}

void serve_igd_call_free(struct serve_igd_call *calls)
{
	if (!calls)
		return;
	core_unwatch(calls->core, on_news, calls);
	free(calls);
}
