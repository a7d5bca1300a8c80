/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See ct.h. Deletions go through a socket of their own while the walk goes on; the kernel's walk
 * bears that. An entry that ended by itself meanwhile is no concern.
 */
#include "gateway/ct.h"

#include "gateway/ct_entry.h"
#include "gateway/loop.h"
#include "gateway/nft_sip.h"
#include "protocols/err.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* A walk visits every bucket of the kernel's table, milliseconds on a large one, whatever is in it.
 * So after one of them there is rest: walks take a fiftieth of the time at most. */
#define REST_MIN_MS 50
#define REST_FACTOR 50

struct ct {
	struct loop *loop;
	struct loop_timer timer;
	struct nl walk;
	struct nl deletions;
	struct fw_flow *flows;	/* waiting; sorted while a walk is on */
	size_t count;
	size_t size;
	uint64_t rest_until_ms;
	bool look;		/* at all there is */
	bool sip_seen;		/* by the walk under way */
	ct_sip_fn *sip_helper;
	void *arg;
};

static int compare_dst(const struct fw_flow *a, const struct fw_flow *b)
{
	int order = memcmp(a->dst.addr.b, b->dst.addr.b, sizeof(a->dst.addr.b));

	if (order == 0)
		order = (int)a->proto - (int)b->proto;
	return order ? order : (int)a->dst.port - (int)b->dst.port;
}

static int compare_flows(const void *a, const void *b)
{
	return compare_dst(a, b);
}

/* The first of the flows with this destination, or where it would be. */
static size_t find_first(const struct ct *ct, const struct fw_flow *key)
{
	size_t low = 0;
	size_t high = ct->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_dst(&ct->flows[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_kept(const struct fw_flow *flow, const struct endpoint *inside)
{
	return flow->keep.port != 0 && flow->keep.port == inside->port &&
	       addr_eq(&flow->keep.addr, &inside->addr);
}

static struct addr wildcard_of(const struct addr *family)
{
	return addr_is4(family) ? addr_any4() : addr_any6();
}

/* Towards dst, which is tuple's destination or a wildcard for it; inside is the internal end of
 * the same flow. */
static bool has_request(const struct ct *ct, const struct fw_tuple *tuple,
	const struct endpoint *dst, const struct endpoint *inside)
{
	struct fw_flow key = {.proto = tuple->proto, .dst = *dst};

	for (size_t i = find_first(ct, &key); i < ct->count; i++) {
		const struct fw_flow *flow = &ct->flows[i];
		if (compare_dst(flow, &key) != 0)
			break;
		if (is_kept(flow, inside))
			continue;
		if (addr_eq(&flow->remote, &tuple->src.addr) ||
		    (addr_is_any(&flow->remote) && !addr_is_any(&key.dst.addr)))
			return true;
	}
	return false;
}

static bool is_wanted(const struct ct *ct, const struct fw_tuple *tuple,
	const struct endpoint *inside)
{
	const struct endpoint any_port = {tuple->dst.addr, 0};

	return has_request(ct, tuple, &tuple->dst, inside) ||
	       has_request(ct, tuple, &any_port, inside);
}

/* A host's flow to this port, wherever it goes. */
static bool is_wanted_anywhere(const struct ct *ct, const struct fw_tuple *tuple,
	const struct endpoint *inside)
{
	const struct endpoint anywhere = {wildcard_of(&tuple->src.addr), tuple->dst.port};

	return has_request(ct, tuple, &anywhere, inside);
}

static void copy_attr(union nl_request *request, const struct nlattr *attr, uint16_t type)
{
	if (attr)
		mnl_attr_put(&request->header, type, mnl_attr_get_payload_len(attr),
			mnl_attr_get_payload(attr));
}

static int ignore(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	(void)arg;
	return MNL_CB_OK;
}

/* Seen from an external endpoint: its peers' flows in, and the UDP flows that leave from it, whose
 * answers come to it. Seen from an internal one: the UDP flows it began. IPv6 endpoints are no
 * external ones, and what leaves from them is theirs. */
static bool stands_in_the_way(const struct ct *ct, const struct nlattr *const tb[])
{
	struct fw_tuple original = {0};
	struct fw_tuple reply = {0}, back;

	if (!ct_entry_tuple(tb[CTA_TUPLE_ORIG], &original) ||
	    !ct_entry_tuple(tb[CTA_TUPLE_REPLY], &reply))
		return false;
	if (is_wanted(ct, &original, &reply.src) || is_wanted_anywhere(ct, &original, &reply.src))
		return true;
	if (reply.proto != MAP_PROTO_UDP || !addr_is4(&reply.dst.addr))
		return false;
	back = (struct fw_tuple){original.proto, original.dst, original.src};
	return is_wanted(ct, &reply, &original.src) || is_wanted(ct, &back, &reply.dst);
}

static bool has_sip_helper(const struct nlattr *help)
{
	const struct nlattr *tb[CTA_HELP_NAME + 1];
	char name[sizeof(NFT_SIP_HELPER)];

	if (!help)
		return false;
	nl_nested(help, tb, CTA_HELP_NAME);
	return nl_text(tb[CTA_HELP_NAME], name, sizeof(name)) &&
	       strcmp(name, NFT_SIP_HELPER) == 0;
}

static int on_entry(const struct nlmsghdr *nlh, void *arg)
{
	struct ct *ct = arg;
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[CTA_MAX + 1];
	union nl_request request;

	nl_attrs(nlh, sizeof(*nfg), tb, CTA_MAX);
	ct->sip_seen |= has_sip_helper(tb[CTA_HELP]);
	if (!stands_in_the_way(ct, tb))
		return MNL_CB_OK;
	ct_entry_begin(&request, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, nfg->nfgen_family);
	copy_attr(&request, tb[CTA_TUPLE_ORIG], CTA_TUPLE_ORIG | NLA_F_NESTED);
	copy_attr(&request, tb[CTA_ZONE], CTA_ZONE);
	copy_attr(&request, tb[CTA_ID], CTA_ID);
	nl_ask(&ct->deletions, &request, ignore, NULL);
	return MNL_CB_OK;
}

static bool has_family(const struct ct *ct, bool is4)
{
	for (size_t i = 0; i < ct->count; i++)
		if (addr_is4(&ct->flows[i].dst.addr) == is4)
			return true;
	return false;
}

static void walk(struct ct *ct, uint8_t family)
{
	union nl_request request;

	ct_entry_begin(&request, IPCTNL_MSG_CT_GET, NLM_F_DUMP, family);
	nl_ask(&ct->walk, &request, on_entry, ct);
}

static uint64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void rest(struct ct *ct, uint64_t took_ms)
{
	uint64_t rest_ms = took_ms * REST_FACTOR;

	ct->rest_until_ms = loop_now_ms(ct->loop) + took_ms +
			    (rest_ms > REST_MIN_MS ? rest_ms : REST_MIN_MS);
}

static void on_due(void *arg)
{
	struct ct *ct = arg;
	uint64_t begin_ms = clock_ms();

	ct->sip_seen = false;
	if (ct->count > 0)
		qsort(ct->flows, ct->count, sizeof(*ct->flows), compare_flows);
	if (ct->look || has_family(ct, true))
		walk(ct, AF_INET);
	if (ct->look || has_family(ct, false))
		walk(ct, AF_INET6);
	rest(ct, clock_ms() - begin_ms);
	free(ct->flows);
	ct->flows = NULL;
	ct->count = 0;
	ct->size = 0;
	if (ct->sip_seen || ct->look)
		ct->sip_helper(ct->arg, ct->sip_seen);
	ct->look = false;
}

struct ct *ct_new(struct loop *loop, ct_sip_fn *sip_helper, void *arg)
{
	struct ct *ct = calloc(1, sizeof(*ct));

	if (!ct)
		return NULL;
	ct->loop = loop;
	ct->sip_helper = sip_helper;
	ct->arg = arg;
	ct->timer.fn = on_due;
	ct->timer.arg = ct;
	if (nl_open(&ct->walk, NETLINK_NETFILTER) < 0 ||
	    nl_open(&ct->deletions, NETLINK_NETFILTER) < 0) {
		ct_free(ct);
		return NULL;
	}
	return ct;
}

static int make_room(struct ct *ct, size_t count)
{
	size_t size = ct->size ? ct->size : 64;
	struct fw_flow *flows;

	while (size < ct->count + count)
		size *= 2;
	if (size == ct->size)
		return 0;
	flows = realloc(ct->flows, size * sizeof(*flows));
	if (!flows)
		return ERR_MEMORY;
	ct->flows = flows;
	ct->size = size;
	return 0;
}

static void walk_soon(struct ct *ct)
{
	uint64_t now = loop_now_ms(ct->loop);

	if (ct->timer.slot == 0)
		loop_timer_set(ct->loop, &ct->timer,
			ct->rest_until_ms > now ? ct->rest_until_ms : now);
}

void ct_look(struct ct *ct)
{
	ct->look = true;
	walk_soon(ct);
}

int ct_forget(struct ct *ct, const struct fw_flow *flows, size_t count)
{
	if (count == 0)
		return 0;
	if (make_room(ct, count) < 0)
		return ERR_MEMORY;
	for (size_t i = 0; i < count; i++) {
		struct fw_flow *flow = &ct->flows[ct->count++];
		*flow = flows[i];
		if (addr_is_any(&flow->dst.addr))
			flow->dst.addr = wildcard_of(&flow->remote);
	}
	walk_soon(ct);
	return 0;
}

void ct_free(struct ct *ct)
{
	if (!ct)
		return;
	loop_timer_stop(ct->loop, &ct->timer);
	nl_close(&ct->walk);
	nl_close(&ct->deletions);
	free(ct->flows);
	free(ct);
}
