/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of struct net: net.c answers questions and calls net_read.c, which calls net_note.c
 * with what the kernel says.
 */
#ifndef GATEWAY_NET_INT_H
#define GATEWAY_NET_INT_H

#include "gateway/net.h"
#include "gateway/nl.h"

#define NET_IFS_MAX (1 + CONF_LANS_MAX)
#define NET_ADDRS_MAX 4096	/* of the whole machine; more is not a router */

struct net_watcher {
	net_fn *fn;
	void *arg;
};

struct net {
	struct loop *loop;
	struct log *log;
	struct net_if ifs[NET_IFS_MAX];	/* the WAN, then the LANs */
	bool seen[NET_IFS_MAX];		/* by the dump going on */
	size_t if_count;
	struct net_addr *addrs;		/* by ifindex, then as the kernel told them */
	size_t addr_count, addr_size;
	struct neigh *neigh;
	neigh_fn *neigh_fn;		/* NULL: nobody listens */
	void *neigh_arg;
	uint8_t round;			/* of the last dump */
	unsigned changed;		/* enum net_event, not told yet */
	struct net_watcher watchers[NET_WATCHERS_MAX];
	size_t watcher_count;
	struct nl ask;
	int fd;				/* of the kernel's news */
	struct loop_fd *lfd;
	struct loop_timer retry;
	bool stale;			/* news were lost: dump again */
};

/* What the kernel says is so, to be written down; each notes in net->changed what is news. */
void net_note_link(struct net *net, const struct net_if *link);
void net_note_link_gone(struct net *net, int ifindex);
void net_note_addr(struct net *net, const struct net_addr *addr);
void net_note_addr_gone(struct net *net, const struct net_addr *addr);
void net_note_neigh(struct net *net, const struct neigh_entry *entry);
void net_note_neigh_gone(struct net *net, int ifindex, const struct addr *addr);
/* Around the notes of one dump: what is not noted between them is gone. */
void net_round_begin(struct net *net);
void net_round_end(struct net *net);
void net_tell(struct net *net);
/* Where the addresses of the interface begin in net->addrs, or would. */
size_t net_first_addr(const struct net *net, int ifindex);
bool net_make_room(struct net *net);	/* for one more address; false: no memory */

/* Opens both sockets and dumps once. */
int net_read_open(struct net *net);
void net_read_close(struct net *net);

#endif
