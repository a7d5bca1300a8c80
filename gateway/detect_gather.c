/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rtnetlink knows of interfaces, for detect.c to decide on: links, IPv4 addresses, default
 * routes of the main table. */
#include "gateway/detect.h"

#include "gateway/nl.h"
#include "protocols/addr.h"
#include "protocols/err.h"

#include <linux/rtnetlink.h>
#include <net/if.h>

#define TRIES 3		/* of a dump that changes interrupt */

struct gathering {
	struct detect_fact *facts;
	size_t max;
	size_t count;
	bool full;
};

static struct detect_fact *fact_of(struct gathering *g, int ifindex)
{
	for (size_t i = 0; i < g->count; i++) {
		if (g->facts[i].ifindex == ifindex)
			return &g->facts[i];
	}
	return NULL;
}

static int take_link(const struct nlmsghdr *nlh, void *arg)
{
	struct gathering *g = arg;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[IFLA_LINKINFO + 1], *kind[IFLA_INFO_KIND + 1];
	struct detect_fact *fact;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	g->full |= g->count == g->max;
	if (g->full)
		return MNL_CB_OK;
	fact = &g->facts[g->count++];
	*fact = (struct detect_fact){.ifindex = info->ifi_index,
		.up = (info->ifi_flags & IFF_UP) != 0,
		.loopback = (info->ifi_flags & IFF_LOOPBACK) != 0};
	nl_attrs(nlh, sizeof(*info), tb, IFLA_LINKINFO);
	nl_text(tb[IFLA_IFNAME], fact->name, sizeof(fact->name));
	if (tb[IFLA_LINKINFO]) {
		nl_nested(tb[IFLA_LINKINFO], kind, IFLA_INFO_KIND);
		nl_text(kind[IFLA_INFO_KIND], fact->kind, sizeof(fact->kind));
	}
	return MNL_CB_OK;
}

static bool is_rfc1918(const struct addr *a)
{
	uint32_t v = addr_to4(a);
	return v >> 24 == 10 || v >> 20 == 0xac1 || v >> 16 == 0xc0a8;
}

static int take_addr(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	struct detect_fact *fact = fact_of(arg, (int)info->ifa_index);
	const struct nlattr *tb[IFA_LOCAL + 1];
	uint8_t four[4];

	if (nlh->nlmsg_type != RTM_NEWADDR || info->ifa_family != AF_INET || !fact)
		return MNL_CB_OK;
	nl_attrs(nlh, sizeof(*info), tb, IFA_LOCAL);
	if (nl_bytes(tb[IFA_LOCAL], four, sizeof(four))) {
		struct addr a = addr_from4_bytes(four);
		fact->private4 |= is_rfc1918(&a);
	}
	return MNL_CB_OK;
}

static void mark_default(struct gathering *g, int ifindex, bool is4)
{
	struct detect_fact *fact = fact_of(g, ifindex);

	if (fact)
		*(is4 ? &fact->default4 : &fact->default6) = true;
}

static void mark_hops(struct gathering *g, const struct nlattr *attr, bool is4)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(attr);
	int left = mnl_attr_get_payload_len(attr);

	while (left >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) &&
		hop->rtnh_len <= left) {
		mark_default(g, hop->rtnh_ifindex, is4);
		left -= (int)RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
}

static int take_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(nlh);
	bool is4 = info->rtm_family == AF_INET;
	const struct nlattr *tb[RTA_MULTIPATH + 1];
	int oif;

	if (nlh->nlmsg_type != RTM_NEWROUTE || info->rtm_dst_len != 0 ||
	    info->rtm_type != RTN_UNICAST || info->rtm_table != RT_TABLE_MAIN)
		return MNL_CB_OK;
	nl_attrs(nlh, sizeof(*info), tb, RTA_MULTIPATH);
	if (nl_bytes(tb[RTA_OIF], &oif, sizeof(oif)))
		mark_default(arg, oif, is4);
	if (tb[RTA_MULTIPATH])
		mark_hops(arg, tb[RTA_MULTIPATH], is4);
	return MNL_CB_OK;
}

static int dump(struct nl *nl, uint16_t type, uint8_t family, mnl_cb_t fn, struct gathering *g)
{
	union nl_request request;
	struct rtmsg *header = nl_begin(&request, type, NLM_F_DUMP, sizeof(*header));

	/* The family is the first byte of all three headers asked with. */
	header->rtm_family = family;
	return nl_ask(nl, &request, fn, g);
}

static int gather_once(struct nl *nl, struct gathering *g)
{
	int err;

	g->count = 0;
	err = dump(nl, RTM_GETLINK, AF_UNSPEC, take_link, g);
	if (!err)
		err = dump(nl, RTM_GETADDR, AF_INET, take_addr, g);
	if (!err)
		err = dump(nl, RTM_GETROUTE, AF_INET, take_route, g);
	if (!err)
		err = dump(nl, RTM_GETROUTE, AF_INET6, take_route, g);
	/* A machine without IPv6. */
	return err == ERR_UNSUPPORTED ? 0 : err;
}

int detect_gather(struct detect_fact *facts, size_t max, size_t *count)
{
	struct gathering g = {.facts = facts, .max = max};
	struct nl nl;
	int err = nl_open(&nl, NETLINK_ROUTE);

	if (err)
		return err;
	err = ERR_AGAIN;
	for (int i = 0; i < TRIES && err == ERR_AGAIN; i++)
		err = gather_once(&nl, &g);
	nl_close(&nl);
	if (err || g.full)
		return err ? ERR_IO : ERR_FULL;
	*count = g.count;
	return 0;
}
