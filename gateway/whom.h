/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom a packet is from: which MAC has which address on which LAN, from evidence. A UDP source can
 * be forged and one gratuitous ARP moves a neighbour entry, so a binding is sticky:
 *
 *	unknown address	learned from the neighbour table (a neighbour that answered), from a DHCP
 *			lease, or, when its first packet asks for something, by asking the link
 *			once and comparing with who the kernel noted as its sender
 *	bound address	every packet of it from another MAC is dropped by the kernel (fw.h:
 *			FW_SET_KNOWN*, FW_SET_BOUND*) and becomes an alert; the binding moves only
 *			when DHCP says so, or when its MAC was asked (fw_probe) and did not answer
 *			while nobody else spoke: who floods the LAN with claims of the address
 *			makes the kernel deaf to its owner, and wins nothing by that
 *
 * Several addresses behind one MAC are normal (repeaters, IPv6). One MAC on two LANs is believed
 * to have moved only when it does not answer on the first any more.
 *
 * Everything outside comes by struct whom_env, so that tests run it on a virtual clock.
 */
#ifndef GATEWAY_WHOM_H
#define GATEWAY_WHOM_H

#include "gateway/fw.h"
#include "gateway/loop.h"
#include "protocols/addr.h"

#include <stdbool.h>
#include <stdint.h>

#define WHOM_MAX 8192		/* bindings; the longest unheard of goes */
#define WHOM_HELD_MAX 64	/* packets waiting for their sender to be known */
#define WHOM_WAIT_MS 800	/* for an answer from the link */
#define WHOM_POLL_MS 1000	/* between two looks at whom the kernel noted */

struct whom;

struct whom_host {
	struct addr addr;
	int ifindex;
	uint8_t mac[6];
};

enum whom_news {
	WHOM_NEWS_HERE,		/* bound, also anew or elsewhere than before */
	WHOM_NEWS_GONE,		/* does not answer there any more; mac is whose it was, and still is
				   until another one answers there */
	WHOM_NEWS_FORGED,	/* mac sends with another's address */
	WHOM_NEWS_CLONE,	/* mac answers on two LANs at once */
	WHOM_NEWS_NOTED,	/* the kernel noted a sender to port (fw.h), not a door of ours */
};
/* port: NOTED only. owner: FORGED: whose address it is. */
typedef void whom_news_fn(void *arg, enum whom_news news, const struct whom_host *host,
	const uint8_t owner[6], uint16_t port);

struct whom_env {
	int (*probe)(void *arg, int ifindex, const struct addr *addr, const uint8_t *mac);
	int (*senders)(void *arg, fw_sender_fn *each, fw_done_fn *done, void *each_arg);
	/* The neighbour table now; false: not known there. */
	bool (*neighbour)(void *arg, int ifindex, const struct addr *addr, uint8_t mac[6]);
	void *arg;
};

struct whom *whom_new(struct loop *loop, const struct whom_env *env, whom_news_fn *news, void *arg);

/* What the neighbour table says of a host. */
enum whom_word {
	WHOM_FIXED,		/* whoever runs the router said so (NUD_PERMANENT) */
	WHOM_ANSWERS,		/* this MAC answered when it was asked (NUD_REACHABLE) */
	WHOM_CLAIMS,		/* it says so by itself (NUD_STALE): reason to ask, no evidence */
	WHOM_ASKED,		/* the kernel is asking this MAC (NUD_PROBE) */
	WHOM_FAILS,		/* nobody answered (NUD_FAILED); mac means nothing */
};
void whom_neighbour(struct whom *w, const struct whom_host *host, enum whom_word word);
/* The DHCP server gave this address to this MAC. The same word again is no news: leases outlive
 * their hosts. */
void whom_leased(struct whom *w, const struct whom_host *host);
/* From the store, at start: bound until shown otherwise. */
void whom_remembered(struct whom *w, const struct whom_host *host);

enum whom_verdict {
	WHOM_KNOWN,		/* bound and here; mac is whose it is */
	WHOM_UNKNOWN,		/* nobody knows, or who has it was not there: whom_wait finds out */
};
enum whom_verdict whom_of(struct whom *w, int ifindex, const struct addr *addr, uint8_t mac[6]);

/* Asks the link about an unknown source and answers within WHOM_WAIT_MS (twice that while somebody
 * else is asked, whose place it was, or on the LAN where the MAC was), never before this returns.
 * ok false: it may be forged, drop what it sent. known false with ok: nothing could be found out.
 * ERR_FULL: too many wait. */
typedef void whom_found_fn(void *arg, bool ok, bool known, const uint8_t mac[6]);
int whom_wait(struct whom *w, int ifindex, const struct addr *addr, whom_found_fn *fn, void *arg);
/* Nobody waits any more with this arg. */
void whom_forget_waiting(struct whom *w, void *arg);

/* Nothing is known any more of the hosts that fn picks: what they send next tells it anew. */
typedef bool whom_pick_fn(void *arg, const struct whom_host *host);
void whom_forget(struct whom *w, whom_pick_fn *fn, void *arg);
/* The firewall must not answer any more: free it before. Nobody who waits is answered. */
void whom_free(struct whom *w);

#endif
