/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP towards the LANs. A door is one service: a port, and perhaps multicast groups, with a socket
 * of its own for every LAN interface (those for guests excepted) and family, bound to that
 * interface and following it when it goes and comes. Nothing is ever heard from or said to the WAN
 * here.
 *
 * Dropped in silence before the service sees it (RFC 6887 section 8.2): a wrong interface; a source
 * that is no host on-link of that LAN, or is this machine; source port 0; a destination that is
 * neither an address of that very interface nor a group of the door (the WAN's address, broadcast);
 * a source that sends faster than its bucket fills; what struct udp_admit does not let in.
 *
 * Answers are queued and leave by sendmmsg at the end of the wake-up: udp_new adds a loop hook, so
 * make it after what answers from hooks of its own.
 */
#ifndef GATEWAY_UDP_H
#define GATEWAY_UDP_H

#include "gateway/log.h"
#include "gateway/loop.h"
#include "gateway/net.h"
#include "gateway/whom.h"
#include "protocols/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UDP_PACKET_MAX 1536	/* longer datagrams are cut to this; all our protocols end below */
#define UDP_GROUPS_MAX 4

struct udp;
struct udp_door;

/* A way there and back. Plain data: keep a copy to answer later. */
struct udp_path {
	struct udp_door *door;
	int ifindex;			/* also the scope of link-local addresses */
	struct addr local;		/* where the request went to; the answer comes from there */
	struct endpoint remote;
};

struct udp_packet {
	struct udp_path path;		/* local may be a group of the door */
	const uint8_t *bytes;		/* valid within the call only */
	size_t len;
};

typedef void udp_fn(void *arg, const struct udp_packet *packet);

enum udp_verdict {
	UDP_PASS,
	UDP_DROP,
	UDP_WAIT,		/* nobody knows yet whom it is from */
};

/* Who is let in, and by what a source's rate is measured. */
struct udp_admit {
	enum udp_verdict (*verdict)(void *arg, int ifindex, const struct addr *from);
	uint64_t (*rate_key)(void *arg, int ifindex, const struct addr *from);
	/* As whom_wait and whom_forget_waiting. */
	int (*wait)(void *arg, int ifindex, const struct addr *from, whom_found_fn *fn,
		void *fn_arg);
	void (*forget)(void *arg, void *fn_arg);
	void *arg;
};

struct udp_conf {
	uint16_t port;
	bool v4;
	bool v6;
	struct addr groups[UDP_GROUPS_MAX];	/* to join on every LAN; of either family */
	size_t group_count;			/* 0: unicast only */
	uint8_t hops;				/* how far multicasts go; 0: one */
	uint32_t rate_s;			/* datagrams a second per source; 0: no limit */
	uint32_t burst;
	bool ask_first;				/* what is not known yet waits until it is */
};

/* admit NULL: everybody, each address at its own rate. */
struct udp *udp_new(struct loop *loop, struct net *net, struct log *log,
	const struct udp_admit *admit);
/* Opens what can be opened now and the rest when it can; what is refused is in the log.
 * NULL: no memory. */
struct udp_door *udp_open(struct udp *udp, const struct udp_conf *conf, udp_fn *fn, void *arg);
/* Another rate, for a door that was opened with one. */
void udp_set_rate(struct udp_door *door, uint32_t rate_s, uint32_t burst);
/* Queues one datagram. The source is path->local unless that is a wildcard or multicast: then the
 * kernel chooses one of the interface. The remote may be multicast (TTL 2, never looped back).
 * ERR_GONE: there is no such interface now; ERR_RANGE: longer than UDP_PACKET_MAX. */
int udp_send(const struct udp_path *path, const void *bytes, size_t len);
/* Leaves and joins the groups again, so that switches which forgot them learn them anew. */
void udp_rejoin(struct udp_door *door);
/* Neither of these from within the door's fn. */
void udp_close(struct udp_door *door);
void udp_free(struct udp *udp);		/* closes every door; sends what is queued */

#endif
