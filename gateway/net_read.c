/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads rtnetlink for net.c. News come on one socket, dumps are asked on another, so the two never
 * mix: news that were queued before a dump are read after it and end in the same state. Lost news
 * (ENOBUFS) mean a dump once the queue is empty, an interrupted dump means another.
 */
#include "gateway/net_int.h"

#include "protocols/err.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define NEWS_BUFFER (1 << 20)	/* asked for; the kernel may give less */
#define DUMP_TRIES 3
#define RETRY_MS 100		/* when as many dumps were interrupted */
#define READS_MAX 256		/* in one wake-up; a storm must not hold up the loop */

static int take_link(struct net *net, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[IFLA_MTU + 1];
	struct net_if link = {.ifindex = info->ifi_index};

	/* A port that leaves its bridge is told as a deleted link of AF_BRIDGE. */
	if (info->ifi_family != AF_UNSPEC)
		return MNL_CB_OK;
	if (nlh->nlmsg_type == RTM_DELLINK) {
		net_note_link_gone(net, link.ifindex);
		return MNL_CB_OK;
	}
	nl_attrs(nlh, sizeof(*info), tb, IFLA_MTU);
	if (!nl_text(tb[IFLA_IFNAME], link.name, sizeof(link.name)))
		return MNL_CB_OK;
	link.up = (info->ifi_flags & IFF_UP) != 0;
	link.running = (info->ifi_flags & IFF_RUNNING) != 0;
	nl_bytes(tb[IFLA_MTU], &link.mtu, sizeof(link.mtu));
	nl_bytes(tb[IFLA_ADDRESS], link.mac, sizeof(link.mac));
	net_note_link(net, &link);
	return MNL_CB_OK;
}

/* IPv4 or IPv6 by the length of the attribute. */
static bool take_ip(const struct nlattr *attr, struct addr *out)
{
	uint8_t b[16];

	if (nl_bytes(attr, b, 4))
		*out = addr_from4_bytes(b);
	else if (nl_bytes(attr, b, 16))
		*out = addr_from6_bytes(b);
	else
		return false;
	return true;
}

static int take_addr(struct net *net, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[IFA_FLAGS + 1];
	struct net_addr a = {.ifindex = (int)info->ifa_index, .scope = info->ifa_scope,
		.round = net->round};
	uint32_t flags = info->ifa_flags;
	struct addr link;
	unsigned bits;

	nl_attrs(nlh, sizeof(*info), tb, IFA_FLAGS);
	if (!take_ip(tb[IFA_ADDRESS], &link))
		return MNL_CB_OK;
	/* On a point-to-point link IFA_ADDRESS is the peer's. */
	if (!take_ip(tb[IFA_LOCAL], &a.addr))
		a.addr = link;
	bits = info->ifa_prefixlen + (addr_is4(&link) ? ADDR4_PREFIX_BITS : 0u);
	if (bits > 128)
		return MNL_CB_OK;
	a.prefix = prefix_mask(&link, (uint8_t)bits);
	nl_bytes(tb[IFA_FLAGS], &flags, sizeof(flags));
	a.secondary = addr_is4(&a.addr) && (flags & IFA_F_SECONDARY);
	a.deprecated = (flags & IFA_F_DEPRECATED) != 0;
	a.tentative = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) && !(flags & IFA_F_OPTIMISTIC);
	if (nlh->nlmsg_type == RTM_NEWADDR)
		net_note_addr(net, &a);
	else
		net_note_addr_gone(net, &a);
	return MNL_CB_OK;
}

static int take_neigh(struct net *net, const struct nlmsghdr *nlh)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[NDA_LLADDR + 1];
	struct neigh_entry e = {.ifindex = info->ndm_ifindex, .state = info->ndm_state,
		.round = net->round};
	bool has_mac;

	/* Bridges tell their ports' tables as AF_BRIDGE. */
	if (info->ndm_family != AF_INET && info->ndm_family != AF_INET6)
		return MNL_CB_OK;
	nl_attrs(nlh, sizeof(*info), tb, NDA_LLADDR);
	if (!take_ip(tb[NDA_DST], &e.addr))
		return MNL_CB_OK;
	has_mac = nl_bytes(tb[NDA_LLADDR], e.mac, sizeof(e.mac));
	if (nlh->nlmsg_type == RTM_DELNEIGH || (e.state & NUD_NOARP) || e.state == NUD_NONE)
		net_note_neigh_gone(net, e.ifindex, &e.addr);
	else if (has_mac || (e.state & (NUD_INCOMPLETE | NUD_FAILED)))
		net_note_neigh(net, &e);
	return MNL_CB_OK;
}

static int take(const struct nlmsghdr *nlh, void *arg)
{
	struct net *net = arg;

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return mnl_nlmsg_get_payload_len(nlh) < sizeof(struct ifinfomsg)
			? MNL_CB_OK : take_link(net, nlh);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return mnl_nlmsg_get_payload_len(nlh) < sizeof(struct ifaddrmsg)
			? MNL_CB_OK : take_addr(net, nlh);
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		return mnl_nlmsg_get_payload_len(nlh) < sizeof(struct ndmsg)
			? MNL_CB_OK : take_neigh(net, nlh);
	}
	return MNL_CB_OK;
}

static int dump(struct net *net, uint16_t type)
{
	union nl_request request;

	/* All three headers begin with the family: any. */
	nl_begin(&request, type, NLM_F_DUMP, sizeof(struct ifinfomsg));
	return nl_ask(&net->ask, &request, take, net);
}

static int dump_all(struct net *net)
{
	int err = ERR_AGAIN;

	for (int i = 0; i < DUMP_TRIES && err == ERR_AGAIN; i++) {
		net_round_begin(net);
		err = dump(net, RTM_GETLINK);
		if (!err)
			err = dump(net, RTM_GETADDR);
		if (!err)
			err = dump(net, RTM_GETNEIGH);
	}
	if (!err)
		net_round_end(net);
	return err;
}

static void repair(void *arg)
{
	struct net *net = arg;

	loop_timer_stop(net->loop, &net->retry);
	if (net->stale && dump_all(net))
		loop_timer_set(net->loop, &net->retry, loop_now_ms(net->loop) + RETRY_MS);
	net_tell(net);
}

/* false: there is nothing more to read now. */
static bool read_news(struct net *net)
{
	_Alignas(struct nlmsghdr) char buffer[NL_BUFFER_MAX];
	struct sockaddr_nl from = {0};
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(net->fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from,
		&from_len);

	if (n < 0) {
		net->stale |= errno != EAGAIN && errno != EINTR;
		return errno == ENOBUFS || errno == EINTR;
	}
	if (from.nl_pid == 0)
		mnl_cb_run(buffer, (size_t)n, 0, 0, take, net);
	return true;
}

static void on_news(void *arg, uint32_t events)
{
	struct net *net = arg;

	(void)events;
	for (int i = 0; i < READS_MAX; i++) {
		if (!read_news(net)) {
			repair(net);
			return;
		}
	}
	/* More is waiting: repair, if need be, when all of it was read. */
	net_tell(net);
}

void net_catch_up(struct net *net)
{
	on_news(net, 0);
}

static int open_news(struct net *net)
{
	struct sockaddr_nl here = {.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_NEIGH};
	int size = NEWS_BUFFER;

	net->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (net->fd < 0 || bind(net->fd, (struct sockaddr *)&here, sizeof(here)) < 0)
		return nl_err(errno);
	setsockopt(net->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	net->lfd = loop_fd_add(net->loop, net->fd, EPOLLIN, on_news, net);
	return net->lfd ? 0 : ERR_MEMORY;
}

int net_read_open(struct net *net)
{
	int err;

	net->retry = (struct loop_timer){.fn = repair, .arg = net, .due_ms = LOOP_NEVER};
	net->stale = true;
	err = nl_open(&net->ask, NETLINK_ROUTE);
	if (!err)
		err = open_news(net);
	if (!err)
		err = dump_all(net);
	if (err == ERR_AGAIN) {
		loop_timer_set(net->loop, &net->retry, loop_now_ms(net->loop) + RETRY_MS);
		err = 0;
	}
	if (err)
		log_error(net->log, "the kernel's network cannot be read: %s", err_text(err));
	return err;
}

/* The first four of struct rtnl_link_stats64, which only grows at its end. */
static int take_stats(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[IFLA_STATS_LINK_64 + 1];
	struct rtnl_link_stats64 stats;
	struct net_stats *out = arg;
	size_t len = offsetof(struct rtnl_link_stats64, rx_errors);

	nl_attrs(nlh, sizeof(struct if_stats_msg), tb, IFLA_STATS_LINK_64);
	if (!tb[IFLA_STATS_LINK_64] || mnl_attr_get_payload_len(tb[IFLA_STATS_LINK_64]) < len)
		return MNL_CB_OK;
	memcpy(&stats, mnl_attr_get_payload(tb[IFLA_STATS_LINK_64]), len);
	*out = (struct net_stats){.rx_bytes = stats.rx_bytes, .tx_bytes = stats.tx_bytes,
		.rx_packets = stats.rx_packets, .tx_packets = stats.tx_packets};
	return MNL_CB_OK;
}

int net_stats(struct net *net, struct net_stats *out)
{
	union nl_request request;
	/* The acknowledgement ends the answer of what is not a dump. */
	struct if_stats_msg *ask = nl_begin(&request, RTM_GETSTATS, NLM_F_ACK, sizeof(*ask));
	struct net_stats stats = {0};
	int err;

	if (net->ifs[0].ifindex == 0)
		return ERR_GONE;
	ask->ifindex = (uint32_t)net->ifs[0].ifindex;
	ask->filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
	err = nl_ask(&net->ask, &request, take_stats, &stats);
	if (!err)
		*out = stats;
	return err == ERR_NOT_FOUND ? ERR_GONE : err;
}

void net_read_close(struct net *net)
{
	loop_timer_stop(net->loop, &net->retry);
	loop_fd_remove(net->loop, net->lfd);
	if (net->fd >= 0)
		close(net->fd);
	nl_close(&net->ask);
}
