/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's network is like now, by rtnetlink and without any capability: the WAN and LAN
 * interfaces followed by NAME (absent, renamed, replaced, flapping), all addresses of this
 * machine, and the neighbours on the LANs. Complete when net_new returns. Lost messages and
 * interrupted dumps are repaired by dumping again; watchers hear once per wake-up.
 */
#ifndef GATEWAY_NET_H
#define GATEWAY_NET_H

#include "gateway/conf.h"
#include "gateway/log.h"
#include "gateway/loop.h"
#include "gateway/neigh.h"
#include "protocols/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_WATCHERS_MAX 8

/* A bit mask: what changed since the watcher was last called. */
enum net_event {
	NET_WAN_CHANGED = 1,	/* the WAN's ifindex, state or addresses */
	NET_LAN_CHANGED = 2,	/* the same of any LAN */
	NET_NEIGH_CHANGED = 4,	/* a neighbour came, went or has another MAC */
};

typedef void net_fn(void *arg, unsigned events);

struct net_if {
	char name[CONF_IFNAME_MAX];	/* as configured */
	int ifindex;			/* 0 while there is no such interface */
	bool up;			/* administratively */
	bool running;			/* and has a carrier */
	uint32_t mtu;
	uint8_t mac[NEIGH_MAC_LEN];	/* zeros where there is none (ppp) */
	bool guest;			/* a LAN for guests, as configured */
};

struct net_addr {
	struct addr addr;		/* this machine's */
	struct prefix prefix;		/* on-link; of a point-to-point link the peer's */
	int ifindex;
	uint8_t scope;			/* RT_SCOPE_* */
	bool secondary;			/* IPv4 */
	bool deprecated;
	bool tentative;			/* IPv6, not usable yet (or a duplicate) */
	uint8_t round;			/* of the dump that last saw it */
};

struct net_stats {
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets;
};

struct net;

/* NULL: no memory, no netlink; told in log. conf must name WAN and LANs; it is not kept. */
struct net *net_new(struct loop *loop, const struct conf *conf, struct log *log);
/* fn is called from the loop, once in a wake-up that brought changes, in the order of watching.
 * ERR_FULL beyond NET_WATCHERS_MAX. */
int net_watch(struct net *net, net_fn *fn, void *arg);
void net_unwatch(struct net *net, net_fn *fn, void *arg);

const struct net_if *net_wan(const struct net *net);		/* never NULL */
size_t net_lan_count(const struct net *net);			/* as configured */
const struct net_if *net_lan(const struct net *net, size_t i);
const struct net_if *net_lan_of(const struct net *net, int ifindex);	/* NULL: not a LAN */

/* The addresses of one interface, in the kernel's order; valid until the loop goes on. */
const struct net_addr *net_addrs(const struct net *net, int ifindex, size_t *count);
/* The external IPv4 address: of the WAN, up, global; a public one before a private one, a primary
 * one before a secondary. false: there is none. */
bool net_wan4(const struct net *net, struct addr *out);
/* The first usable address of that family (and, IPv6, of that scope) on the interface. */
bool net_addr_of(const struct net *net, int ifindex, bool is4, bool link_local, struct addr *out);
/* A host's address on-link of this LAN: within one of its prefixes or fe80::/10, and not ours,
 * not a broadcast or subnet address. */
bool net_is_lan_source(const struct net *net, int ifindex, const struct addr *src);
/* Any address of this machine, on whatever interface. */
bool net_is_own(const struct net *net, const struct addr *addr);
/* The longest on-link prefix of the interface that holds addr. */
bool net_prefix_of(const struct net *net, int ifindex, const struct addr *addr,
	struct prefix *out);
/* The LAN interface on whose link addr is; 0: on none. Link-local addresses are on none. */
int net_lan_with(const struct net *net, const struct addr *addr);
/* Some host of a LAN, as net_is_lan_source has it; link-local addresses are not. */
bool net_is_lan_host(const struct net *net, const struct addr *addr);
/* The prefixes of all LANs, each once, without link-local ones. Returns how many are in out. */
size_t net_lan_prefixes(const struct net *net, struct prefix *out, size_t max);

/* false: not known, or it does not answer. */
bool net_neigh_mac(const struct net *net, int ifindex, const struct addr *addr,
	uint8_t mac[NEIGH_MAC_LEN]);
void net_neigh_each(const struct net *net, neigh_fn *fn, void *arg);
/* fn hears every word of the kernel about a neighbour on a LAN as it comes, also when it is the
 * same as before; not that an entry was dropped. One at most; NULL: nobody any more. */
void net_neigh_watch(struct net *net, neigh_fn *fn, void *arg);

/* Takes in what the kernel has told up to now, instead of at the next turn of the loop. */
void net_catch_up(struct net *net);

/* Counters of the WAN, asked for now. ERR_GONE: it is not there. */
int net_stats(struct net *net, struct net_stats *out);

void net_free(struct net *net);

#endif
