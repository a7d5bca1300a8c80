/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See nft_watch.h. The kernel tells every change of every table; a socket filter drops our own
 * by their sender's port, and of the rest only messages that name our table count. A queue that
 * overran may have lost just those, hence counts as a change.
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

struct nft_watch {
	struct nft_watch_config config;
	struct nl nl;
	struct loop_fd *lfd;
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

static bool listen_up(struct nft_watch *watch)
{
	int size = RECV_BUFFER;
	int group = NFNLGRP_NFTABLES;
	int fd;

	if (nl_open(&watch->nl, NETLINK_NETFILTER) < 0)
		return false;
	fd = mnl_socket_get_fd(watch->nl.socket);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (drop_own(fd, watch->config.own_port) < 0 ||
	    mnl_socket_setsockopt(watch->nl.socket, NETLINK_ADD_MEMBERSHIP, &group,
		    sizeof(group)) < 0)
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
	loop_fd_remove(watch->config.loop, watch->lfd);
	nl_close(&watch->nl);
	free(watch);
}
