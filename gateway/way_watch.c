/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See way_watch.h. A socket filter leaves nothing of what a routing daemon does all day but the
 * deletions of others. A queue that overran may have lost just ours, hence counts as one.
 */
#include "gateway/way_watch.h"

#include "gateway/nl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct way_watch {
	struct way_watch_config config;
	struct nl nl;
	struct loop_fd *lfd;
};

struct news {
	const struct way_route *route;
	bool gone;
};

static uint32_t number(const struct nlattr *attr)
{
	uint32_t value = 0;

	nl_bytes(attr, &value, sizeof(value));
	return value;
}

static bool is_rule(const struct nlmsghdr *nlh, const struct way_route *way)
{
	const struct nlattr *tb[FRA_FWMASK + 1];

	nl_attrs(nlh, sizeof(struct fib_rule_hdr), tb, FRA_FWMASK);
	return number(tb[FRA_PRIORITY]) == way->priority && number(tb[FRA_FWMARK]) == way->mark &&
	       number(tb[FRA_TABLE]) == way->table;
}

static bool is_route(const struct nlmsghdr *nlh, const struct way_route *way)
{
	const struct nlattr *tb[RTA_TABLE + 1];

	nl_attrs(nlh, sizeof(struct rtmsg), tb, RTA_TABLE);
	return number(tb[RTA_TABLE]) == way->table;
}

static int on_message(const struct nlmsghdr *nlh, void *arg)
{
	struct news *news = arg;

	if (nlh->nlmsg_type == RTM_DELRULE)
		news->gone = news->gone || is_rule(nlh, news->route);
	else if (nlh->nlmsg_type == RTM_DELROUTE)
		news->gone = news->gone || is_route(nlh, news->route);
	return MNL_CB_OK;
}

static void on_readable(void *arg, uint32_t events)
{
	struct way_watch *watch = arg;
	_Alignas(struct nlmsghdr) char buffer[NL_BUFFER_MAX];
	struct news news = {&watch->config.route, false};

	(void)events;
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(watch->nl.socket, buffer, sizeof(buffer));
		if (n >= 0)
			mnl_cb_run(buffer, (size_t)n, 0, 0, on_message, &news);
		else if (errno == ENOBUFS)
			news.gone = true;
		else if (errno != EINTR)
			break;
	}
	if (news.gone)
		watch->config.gone(watch->config.arg);
}

/* Multi-byte fields are loaded as if in network order. */
static int drop_rest(int fd, uint32_t own_port)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own_port), 3, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELRULE), 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static bool join(struct nl *nl)
{
	static const int groups[] = {RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_IPV4_ROUTE,
		RTNLGRP_IPV6_ROUTE};
	bool all = true;

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int group = groups[i];
		all = mnl_socket_setsockopt(nl->socket, NETLINK_ADD_MEMBERSHIP, &group,
			sizeof(group)) == 0 && all;
	}
	return all;
}

static bool listen_up(struct way_watch *watch)
{
	int fd;

	if (nl_open(&watch->nl, NETLINK_ROUTE) < 0)
		return false;
	fd = mnl_socket_get_fd(watch->nl.socket);
	if (drop_rest(fd, watch->config.own_port) < 0 || !join(&watch->nl))
		return false;
	watch->lfd = loop_fd_add(watch->config.loop, fd, EPOLLIN, on_readable, watch);
	return watch->lfd != NULL;
}

struct way_watch *way_watch_new(const struct way_watch_config *config)
{
	struct way_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->config = *config;
	if (!listen_up(watch)) {
		way_watch_free(watch);
		return NULL;
	}
	return watch;
}

void way_watch_free(struct way_watch *watch)
{
	if (!watch)
		return;
	loop_fd_remove(watch->config.loop, watch->lfd);
	nl_close(&watch->nl);
	free(watch);
}
