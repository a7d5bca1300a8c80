/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of NAT-PMP and PCP and their answers; see serve_pcp.h. Overload is met with silence,
 * which both protocols allow: their clients ask again.
 */
#include "gateway/serve_pcp.h"

#include "gateway/announce.h"
#include "gateway/pcp_clients.h"
#include "gateway/pcp_update.h"
#include "protocols/natpmp.h"
#include "protocols/pcp.h"

#include <stdlib.h>
#include <string.h>

#define PORT 5351

/* One request while the core works. Messages borrow the datagram, so it stays with them. */
struct ask {
	struct serve_pcp *serve;
	struct ask *next;		/* in the free list */
	struct udp_path path;
	union {
		struct natpmp_msg natpmp;
		struct pcp_msg pcp;
	};
	size_t len;
	uint8_t bytes[UDP_PACKET_MAX];
};

struct serve_pcp {
	struct core *core;
	struct udp_door *door;
	bool natpmp;
	bool pcp;
	struct announce announce;
	struct pcp_update update;
	struct pcp_clients clients;
	struct ask *free;		/* used before and given back */
	size_t fresh;			/* asks[fresh] and on were never touched: no memory yet */
	struct ask asks[CORE_PENDING_MAX];
};

static struct ask *take(struct serve_pcp *serve)
{
	struct ask *ask = serve->free;

	if (ask)
		serve->free = ask->next;
	else if (serve->fresh < CORE_PENDING_MAX)
		ask = &serve->asks[serve->fresh++];
	return ask;
}

static void give_back(struct ask *ask)
{
	ask->next = ask->serve->free;
	ask->serve->free = ask;
}

/* What cannot be sent now is asked for again. */
static void reply(struct ask *ask, const struct writer *w)
{
	(void)udp_send(&ask->path, w->p, w->len);
	give_back(ask);
}

static void answer_natpmp(void *arg, const struct map_ans *ans)
{
	struct ask *ask = arg;
	uint8_t bytes[NATPMP_ANSWER_LEN];
	struct writer w = writer_to(bytes, sizeof(bytes));

	natpmp_encode_map(&w, &ask->natpmp, ans, core_epoch_s(ask->serve->core));
	reply(ask, &w);
}

static void reply_pcp(struct ask *ask, const struct map_ans *ans)
{
	uint8_t bytes[PCP_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));

	pcp_encode(&w, &ask->pcp, ans, core_epoch_s(ask->serve->core));
	reply(ask, &w);
}

static void answer_pcp(void *arg, const struct map_ans *ans)
{
	struct ask *ask = arg;

	if (ans->result == MAP_OK && ans->id && ask->pcp.lifetime_s > 0)
		pcp_clients_note(&ask->serve->clients, ans, &ask->path, &ask->pcp);
	if (ans->result == MAP_PENDING && ask->pcp.opcode == PCP_OP_MAP)
		pcp_clients_wait(&ask->serve->clients, &ask->path, &ask->pcp);
	reply_pcp(ask, ans);
}

static void pass_on(struct ask *ask, struct map_req *req, core_answer_fn *answer)
{
	req->ifindex = ask->path.ifindex;
	if (core_request(ask->serve->core, req, answer, ask))
		give_back(ask);
}

/* Opcode 0, or what is wrong with the request. */
static void reply_natpmp(struct ask *ask)
{
	uint32_t epoch_s = core_epoch_s(ask->serve->core);
	uint8_t bytes[UDP_PACKET_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));

	if (ask->natpmp.result)
		natpmp_encode_error(&w, &ask->natpmp, epoch_s);
	else
		natpmp_encode_address(&w, core_wan4(ask->serve->core), epoch_s);
	reply(ask, &w);
}

static void ask_natpmp(struct ask *ask)
{
	struct natpmp_msg *msg = &ask->natpmp;
	struct map_req req;

	if (natpmp_decode(ask->bytes, ask->len, msg)) {
		give_back(ask);
	} else if (msg->result || msg->opcode == NATPMP_OP_ADDRESS) {
		reply_natpmp(ask);
	} else {
		natpmp_to_req(msg, &ask->path.remote.addr, &req);
		pass_on(ask, &req, answer_natpmp);
	}
}

/* PCP is spoken to a box without it: whatever would get an answer gets NAT-PMP's. */
static void refuse_version(struct ask *ask)
{
	uint8_t bytes[NATPMP_ANSWER_LEN];
	struct writer w = writer_to(bytes, sizeof(bytes));

	natpmp_encode_version(&w, core_epoch_s(ask->serve->core));
	reply(ask, &w);
}

static void ask_pcp(struct ask *ask)
{
	const struct addr *client = &ask->path.remote.addr;
	bool third_party = core_may_third_party(ask->serve->core, client);
	struct pcp_msg *msg = &ask->pcp;
	struct map_req req;

	if (pcp_decode(ask->bytes, ask->len, client, third_party, msg)) {
		give_back(ask);
	} else if (!ask->serve->pcp) {
		refuse_version(ask);
	} else if (msg->result || msg->opcode == PCP_OP_ANNOUNCE) {
		reply_pcp(ask, NULL);
	} else {
		pcp_to_req(msg, client, &req);
		pass_on(ask, &req, answer_pcp);
	}
}

static bool is_natpmp(const struct ask *ask)
{
	struct reader r = reader_from(ask->bytes, ask->len);

	return ask->serve->natpmp && addr_is4(&ask->path.remote.addr) &&
	       reader_u8(&r) == NATPMP_VERSION;
}

static void on_packet(void *arg, const struct udp_packet *packet)
{
	struct serve_pcp *serve = arg;
	struct ask *ask = take(serve);

	if (!ask)
		return;
	ask->serve = serve;
	ask->path = packet->path;
	ask->len = packet->len;
	memcpy(ask->bytes, packet->bytes, packet->len);
	if (is_natpmp(ask))
		ask_natpmp(ask);
	else
		ask_pcp(ask);
}

/* Allowed by the owner, or asked for again a moment ago: then the answer follows at once, and
 * nothing else is said. */
static void tell_granted(struct serve_pcp *serve, const struct opening *o)
{
	struct pcp_client *p = pcp_clients_granted(&serve->clients, o);

	if (p)
		pcp_update_opened(&serve->update, p);
}

static void on_news(void *arg, const struct core_told *told)
{
	struct serve_pcp *serve = arg;

	if (told->news == CORE_NEWS_EPOCH)
		pcp_clients_doubt(&serve->clients);
	if (told->news == CORE_NEWS_WAN || told->news == CORE_NEWS_EPOCH)
		announce_begin(&serve->announce);
	if (told->news == CORE_NEWS_WAN)
		pcp_update_wan(&serve->update);
	if (told->news == CORE_NEWS_OPENED)
		tell_granted(serve, told->opening);
	if (told->news == CORE_NEWS_CLOSED)
		pcp_clients_forget(&serve->clients, told->opening->id);
	if (told->news == CORE_NEWS_LIMITS)
		udp_set_rate(serve->door, core_limits(serve->core)->rate_device,
			core_limits(serve->core)->rate_burst);
}

static struct udp_door *open_door(struct serve_pcp *serve, struct udp *udp)
{
	const struct limits *limits = core_limits(serve->core);
	struct udp_conf conf = {
		.port = PORT,
		.v4 = serve->natpmp || serve->pcp,
		.v6 = serve->pcp,
		.rate_s = limits->rate_device,
		.burst = limits->rate_burst,
		.ask_first = true,
	};

	return udp_open(udp, &conf, on_packet, serve);
}

struct serve_pcp *serve_pcp_new(struct loop *loop, struct core *core, struct net *net,
	struct udp *udp, const struct conf *conf)
{
	struct serve_pcp *serve = calloc(1, sizeof(*serve));

	if (!serve)
		return NULL;
	serve->core = core;
	serve->natpmp = conf->natpmp;
	serve->pcp = conf->pcp;
	serve->door = open_door(serve, udp);
	serve->announce = (struct announce){
		.loop = loop,
		.core = core,
		.net = net,
		.door = serve->door,
		.natpmp = conf->natpmp,
		.pcp = conf->pcp,
		.clients = &serve->clients,
	};
	serve->update = (struct pcp_update){
		.loop = loop,
		.core = core,
		.clients = &serve->clients,
		.wan4 = *core_wan4(core),
	};
	if (!serve->door || core_watch(core, on_news, serve)) {
		serve_pcp_free(serve);
		return NULL;
	}
	announce_begin(&serve->announce);
	return serve;
}

void serve_pcp_free(struct serve_pcp *serve)
{
	if (!serve)
		return;
	core_unwatch(serve->core, on_news, serve);
	announce_end(&serve->announce);
	pcp_update_end(&serve->update);
	if (serve->door)
		udp_close(serve->door);
	free(serve);
}
