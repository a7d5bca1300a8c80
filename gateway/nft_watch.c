/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See nft_watch.h. The kernel tells every change of every table; a socket filter drops our own
 * by their sender's port, and of the rest only messages that name our table count. A queue that
 * overran may have lost just those, hence counts as a change.
 *
 * The kernel describes every element that changes as long as anybody listens, which costs it more
 * than a fifth of the change, so with much to change we are away for a second at a time.
 */
#include "gateway/nft_watch.h"

#include "gateway/nft_sip.h"
#include "gateway/nl.h"
#include "gateway/ruleset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define RECV_BUFFER (2 << 20)	/* a firewall of 10,000 rules loaded anew */
#define AWAY_MS 1000
#define MUCH 64		/* elements in that time; coming back costs about as much */

struct nft_watch {
	struct nft_watch_config config;
	struct nl nl;
	struct loop_fd *lfd;
	struct loop_timer back;		/* runs while we are away */
	uint64_t since_ms;
	size_t changed;			/* elements since then */
};

/* In what is there to read. */
struct news {
	bool touched;
	bool sip_helper;
};

/* Every nf_tables message but that of a generation has the table's name as attribute 1. */
static int on_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[NFTA_TABLE_NAME + 1];
	char name[sizeof(RULESET_TABLE)];
	struct news *news = arg;

	news->sip_helper |= nft_sip_is_news(nlh);
	if (nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    (nlh->nlmsg_type & 0xff) == NFT_MSG_NEWGEN || nfg->nfgen_family != NFPROTO_INET)
		return MNL_CB_OK;
	nl_attrs(nlh, sizeof(*nfg), tb, NFTA_TABLE_NAME);
	if (nl_text(tb[NFTA_TABLE_NAME], name, sizeof(name)) && strcmp(name, RULESET_TABLE) == 0)
		news->touched = true;
	return MNL_CB_OK;
}

static void on_readable(void *arg, uint32_t events)
{
	struct nft_watch *watch = arg;
	_Alignas(struct nlmsghdr) char buffer[NL_BUFFER_MAX];
	struct news news = {false, false};

	(void)events;
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(watch->nl.socket, buffer, sizeof(buffer));
		if (n >= 0)
			mnl_cb_run(buffer, (size_t)n, 0, 0, on_message, &news);
		else if (errno == ENOBUFS)
			news = (struct news){true, true};
		else if (errno != EINTR)
			break;
	}
	if (news.touched)
		watch->config.touched(watch->config.arg);
	if (news.sip_helper)
		watch->config.sip_helper(watch->config.arg);
}

/* Of the messages in one datagram all have the sender of the first. */
static int drop_own(int fd, uint32_t own_port)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own_port), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static bool set_member(struct nft_watch *watch, int option)
{
	int group = NFNLGRP_NFTABLES;

	return mnl_socket_setsockopt(watch->nl.socket, option, &group, sizeof(group)) == 0;
}

static void come_back(void *arg)
{
	struct nft_watch *watch = arg;

	if (set_member(watch, NETLINK_ADD_MEMBERSHIP))
		watch->config.sip_helper(watch->config.arg);
	else
		loop_timer_set(watch->config.loop, &watch->back,
			loop_now_ms(watch->config.loop) + AWAY_MS);
}

void nft_watch_spare(struct nft_watch *watch, size_t elems)
{
	uint64_t now = loop_now_ms(watch->config.loop);

	if (watch->back.slot != 0)
		return;
	if (now - watch->since_ms >= AWAY_MS) {
		watch->since_ms = now;
		watch->changed = 0;
	}
	watch->changed += elems;
	if (watch->changed >= MUCH && set_member(watch, NETLINK_DROP_MEMBERSHIP))
		loop_timer_set(watch->config.loop, &watch->back, now + AWAY_MS);
}

static bool listen_up(struct nft_watch *watch)
{
	int size = RECV_BUFFER;
	int fd;

	if (nl_open(&watch->nl, NETLINK_NETFILTER) < 0)
		return false;
	fd = mnl_socket_get_fd(watch->nl.socket);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (drop_own(fd, watch->config.own_port) < 0 ||
	    !set_member(watch, NETLINK_ADD_MEMBERSHIP))
		return false;
	watch->lfd = loop_fd_add(watch->config.loop, fd, EPOLLIN, on_readable, watch);
	return watch->lfd != NULL;
}

struct nft_watch *nft_watch_new(const struct nft_watch_config *config)
{
	struct nft_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->config = *config;
	watch->back = (struct loop_timer){.fn = come_back, .arg = watch};
	if (!listen_up(watch)) {
		nft_watch_free(watch);
		return NULL;
	}
	return watch;
}

void nft_watch_free(struct nft_watch *watch)
{
	if (!watch)
		return;
	loop_timer_stop(watch->config.loop, &watch->back);
	loop_fd_remove(watch->config.loop, watch->lfd);
	nl_close(&watch->nl);
	free(watch);
}
