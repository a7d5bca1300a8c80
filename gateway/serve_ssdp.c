/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Searches and their answers; see serve_ssdp.h. Every answer is paid for by the address it goes
 * to, so that a forged source cannot make us flood its owner; what is too much is met with silence.
 */
#include "gateway/serve_ssdp.h"

#include "gateway/advertise.h"
#include "gateway/bucket.h"
#include "gateway/upnp_self.h"
#include "protocols/err.h"
#include "protocols/ssdp.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ANSWERS_MAX 128		/* searches being answered */
#define ANSWERS_SOURCE_MAX 8	/* of one address, so that one cannot take all places */
#define SEARCHES_S 50		/* datagrams a second; others' announcements count, too */
#define SEARCHES_BURST 200
#define REPLIES_S 20		/* to one address */
#define REPLIES_BURST 60	/* a few ssdp:all */
#define ST_MAX 96		/* more than the longest target there is */
/* Of MX, the random delay takes at most the first half: clients stop listening when MX is over,
 * and one gateway answering is no storm. */
#define WINDOW_MS(mx_s) ((mx_s) * 500)
#define SETTLE_MS 300		/* addresses come in groups */
#define DATE_MAX 32
#define CLOCK_SET_S 1700000000	/* before that nobody has set the clock */

struct answer {
	struct serve_ssdp *serve;
	struct loop_timer timer;
	struct udp_path path;
	enum igd_view view;
	uint32_t targets;	/* still to be named; 0: this place is free */
	uint64_t end_ms;	/* when the last one shall be out */
	size_t st_len;
	char st[ST_MAX];
};

struct serve_ssdp {
	struct loop *loop;
	struct net *net;
	struct udp_door *door;
	struct bucket *replies;
	struct upnp_self self;
	struct advertise advertise;
	uint64_t lans;		/* digest of their addresses */
	serve_ssdp_fn *announced;	/* NULL: nobody listens */
	void *announced_arg;
	struct answer answers[ANSWERS_MAX];
};

/* RFC 9110 section 5.6.7; empty while the clock is not set. */
static struct str date_text(char text[DATE_MAX])
{
	time_t now = time(NULL);
	struct tm tm;

	if (now < CLOCK_SET_S || !gmtime_r(&now, &tm))
		return STR_NONE;
	return (struct str){text, strftime(text, DATE_MAX, "%a, %d %b %Y %H:%M:%S GMT", &tm)};
}

static bool send_one(const struct answer *answer, unsigned target)
{
	struct serve_ssdp *serve = answer->serve;
	char location[UPNP_SELF_LOCATION_MAX], date[DATE_MAX], bytes[SSDP_DATAGRAM_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));
	struct ssdp_self self;

	if (!bucket_take(serve->replies, bucket_of(&answer->path.remote.addr),
		    loop_now_ms(serve->loop)))
		return false;
	upnp_self_at(&serve->self, answer->view, &answer->path.local, location, &self);
	self.date = date_text(date);
	ssdp_encode_reply(&w, &self, target, (struct str){answer->st, answer->st_len});
	(void)udp_send(&answer->path, w.p, w.len);
	return true;
}

/* Sends what is due and spreads the rest over the time that is left. */
static void on_due(void *arg)
{
	struct answer *answer = arg;
	struct loop *loop = answer->serve->loop;
	uint64_t now = loop_now_ms(loop);

	do {
		unsigned target = (unsigned)__builtin_ctz(answer->targets);
		answer->targets &= answer->targets - 1;
		if (!send_one(answer, target))
			answer->targets = 0;
	} while (answer->targets && now >= answer->end_ms);
	if (answer->targets) {
		uint64_t left = (uint64_t)__builtin_popcount(answer->targets);
		loop_timer_set(loop, &answer->timer, now + (answer->end_ms - now) / left);
	}
}

static bool is_repeated(const struct answer *answer, const struct udp_packet *packet,
	struct str st)
{
	return answer->path.remote.port == packet->path.remote.port &&
	       str_eq(st, (struct str){answer->st, answer->st_len});
}

/* When all places are taken, the one that would be done first is done now: many searches at once
 * cost their answers the spreading, and nobody the answer. */
static struct answer *hurry(struct serve_ssdp *serve)
{
	struct answer *first = &serve->answers[0];

	for (size_t i = 1; i < ANSWERS_MAX; i++) {
		if (serve->answers[i].end_ms < first->end_ms)
			first = &serve->answers[i];
	}
	loop_timer_stop(serve->loop, &first->timer);
	first->end_ms = loop_now_ms(serve->loop);
	on_due(first);
	return first;
}

/* A place, or NULL: this address has enough, or this very search is being answered. */
static struct answer *take(struct serve_ssdp *serve, const struct udp_packet *packet,
	struct str st)
{
	struct answer *empty = NULL;
	size_t same = 0;

	for (size_t i = 0; i < ANSWERS_MAX; i++) {
		struct answer *answer = &serve->answers[i];

		if (answer->targets == 0) {
			empty = empty ? empty : answer;
		} else if (addr_eq(&answer->path.remote.addr, &packet->path.remote.addr)) {
			if (is_repeated(answer, packet, st) || ++same == ANSWERS_SOURCE_MAX)
				return NULL;
		}
	}
	return empty ? empty : hurry(serve);
}

/* The address of ours that the asker has on its link, where it did not say one. */
static bool find_local(const struct net *net, const struct udp_path *path, struct addr *out)
{
	bool is4 = addr_is4(&path->remote.addr);
	size_t count;
	const struct net_addr *own = net_addrs(net, path->ifindex, &count);

	if (!addr_is_multicast(&path->local)) {
		*out = path->local;
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		if (!own[i].tentative && addr_is4(&own[i].addr) == is4 &&
		    prefix_has(&own[i].prefix, &path->remote.addr)) {
			*out = own[i].addr;
			return true;
		}
	}
	return net_addr_of(net, path->ifindex, is4, !is4, out);
}

static void begin(struct answer *answer, const struct udp_packet *packet,
	const struct ssdp_search *search)
{
	struct loop *loop = answer->serve->loop;
	bool multicast = addr_is_multicast(&packet->path.local);
	uint32_t window_ms = multicast ? WINDOW_MS(search->mx_s) : 0;
	/* The first one at random in its share of the time, so that all have theirs. */
	uint32_t share_ms = window_ms / (uint32_t)__builtin_popcount(answer->targets);
	uint64_t now = loop_now_ms(loop);

	answer->path = packet->path;
	if (!find_local(answer->serve->net, &packet->path, &answer->path.local)) {
		answer->targets = 0;
		return;
	}
	answer->st_len = search->st.len;
	memcpy(answer->st, search->st.p, search->st.len);
	answer->end_ms = now + window_ms;
	answer->timer = (struct loop_timer){.fn = on_due, .arg = answer};
	if (window_ms == 0)
		on_due(answer);
	else
		loop_timer_set(loop, &answer->timer, now + randombytes_uniform(share_ms));
}

static void hear(const struct serve_ssdp *serve, const struct udp_packet *packet)
{
	struct ssdp_notify notify;

	if (serve->announced && ssdp_decode_alive(packet->bytes, packet->len, &notify) == 0)
		serve->announced(serve->announced_arg, packet->path.ifindex,
			&packet->path.remote.addr, notify.nt);
}

static void on_packet(void *arg, const struct udp_packet *packet)
{
	struct serve_ssdp *serve = arg;
	const struct igd_uuid *uuid = &serve->self.desc.uuid;
	enum igd_view view = IGD_V1;
	struct ssdp_search search;
	struct answer *answer;
	uint32_t targets;
	int err = ssdp_decode(packet->bytes, packet->len, &search);

	if (err == ERR_IGNORE)
		hear(serve, packet);
	if (err || search.st.len > ST_MAX)
		return;
	if (addr_is_multicast(&packet->path.local) && !search.has_mx)
		return;
	targets = ssdp_match(search.st, view, uuid);
	if (targets == 0) {
		view = IGD_V2;
		targets = ssdp_match(search.st, view, uuid);
	}
	answer = targets ? take(serve, packet, search.st) : NULL;
	if (!answer)
		return;
	answer->serve = serve;
	answer->view = view;
	answer->targets = targets;
	begin(answer, packet, &search);
}

/* ---- announcements follow the LANs ---- */

static void mix(uint64_t *digest, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++)	/* FNV-1a */
		*digest = (*digest ^ p[i]) * 1099511628211u;
}

static uint64_t digest_lans(const struct net *net)
{
	uint64_t digest = 14695981039346656037u;

	for (size_t i = 0; i < net_lan_count(net); i++) {
		const struct net_if *iface = net_lan(net, i);
		size_t count;
		const struct net_addr *own = net_addrs(net, iface->ifindex, &count);
		bool alive = iface->up && iface->running;

		mix(&digest, &iface->ifindex, sizeof(iface->ifindex));
		mix(&digest, &alive, sizeof(alive));
		for (size_t k = 0; k < count; k++) {
			if (!own[k].tentative)
				mix(&digest, &own[k].addr, sizeof(own[k].addr));
		}
	}
	return digest;
}

static void on_net(void *arg, unsigned events)
{
	struct serve_ssdp *serve = arg;
	uint64_t lans = digest_lans(serve->net);

	if (!(events & NET_LAN_CHANGED) || lans == serve->lans)
		return;
	serve->lans = lans;
	advertise_begin(&serve->advertise, SETTLE_MS);
}

static struct udp_door *open_door(struct serve_ssdp *serve, struct udp *udp, uint8_t hops)
{
	struct udp_conf conf = {
		.port = SSDP_PORT,
		.v4 = true,
		.v6 = true,
		.group_count = ADVERTISE_GROUPS,
		.hops = hops,
		.rate_s = SEARCHES_S,
		.burst = SEARCHES_BURST,
	};

	for (size_t i = 0; i < ADVERTISE_GROUPS; i++)
		conf.groups[i] = advertise_group(i);
	return udp_open(udp, &conf, on_packet, serve);
}

struct serve_ssdp *serve_ssdp_new(struct loop *loop, struct core *core, struct net *net,
	struct udp *udp, const struct conf *conf)
{
	struct serve_ssdp *serve = calloc(1, sizeof(*serve));

	if (!serve)
		return NULL;
	serve->loop = loop;
	serve->net = net;
	serve->lans = digest_lans(net);
	upnp_self_init(&serve->self, core, conf);
	serve->replies = bucket_new(REPLIES_S, REPLIES_BURST);
	serve->door = open_door(serve, udp, conf->ssdp_ttl);
	serve->advertise = (struct advertise){
		.loop = loop,
		.core = core,
		.net = net,
		.door = serve->door,
		.self = &serve->self,
	};
	if (!serve->replies || !serve->door || net_watch(net, on_net, serve)) {
		serve_ssdp_free(serve);
		return NULL;
	}
	advertise_begin(&serve->advertise, 0);
	return serve;
}

void serve_ssdp_watch(struct serve_ssdp *serve, serve_ssdp_fn *fn, void *arg)
{
	serve->announced = fn;
	serve->announced_arg = arg;
}

void serve_ssdp_free(struct serve_ssdp *serve)
{
	if (!serve)
		return;
	net_unwatch(serve->net, on_net, serve);
	advertise_end(&serve->advertise);
	for (size_t i = 0; i < ANSWERS_MAX; i++) {
		if (serve->answers[i].targets)
			loop_timer_stop(serve->loop, &serve->answers[i].timer);
	}
	udp_close(serve->door);
	bucket_free(serve->replies);
	free(serve);
}
