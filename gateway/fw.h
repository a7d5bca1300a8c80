/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firewall as the core sees it: batches of element records into the sets and maps of table
 * `inet postern`, one ops struct, three backends (nft: netlink by ourselves; remote: through
 * postern-helper; fake: tests and --firewall=none). Records are numbers and addresses only; they
 * go over the helper's socket as they are, so the struct has no padding and no pointers.
 *
 * Every call answers by its callback, once, from the loop or (nft, fake) before it returns.
 */
#ifndef GATEWAY_FW_H
#define GATEWAY_FW_H

#include "protocols/addr.h"
#include "protocols/map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sets and maps of the table. Keys and data as listed, each part padded to four bytes as nft
 * concatenations are; numbers in network order. l4 is the protocol number (1 byte, padded). */
enum fw_set {
	FW_SET_WAN4 = 0,	/* addr4: our external addresses */
	FW_SET_LAN4 = 1,	/* addr4 prefix: interval set of LAN prefixes */
	FW_SET_LAN6 = 2,	/* addr6 prefix: interval set of LAN prefixes */
	FW_MAP_DNAT4 = 3,	/* l4 . external port -> addr4 . port */
	FW_MAP_DNAT4_HOST = 4,	/* remote addr4 . l4 . external port -> addr4 . port */
	FW_MAP_SNAT4 = 5,	/* internal addr4 . l4 . port -> WAN addr4 . external port */
	FW_SET_OPEN_TCP4 = 6,	/* external port; counter, timeout, userdata */
	FW_SET_OPEN_UDP4 = 7,	/* external port; counter, timeout, userdata */
	FW_SET_OPEN4_HOST = 8,	/* remote addr4 . l4 . external port; the same */
	FW_SET_OPEN6 = 9,	/* internal addr6 . l4 . port; the same */
	FW_SET_OPEN6_HOST = 10,	/* remote addr6 . internal addr6 . l4 . port; the same */
	FW_SET_OPEN6_RANGE = 11, /* remote prefix6 . remote ports . internal addr6 . l4 . port,
				    intervals; the same (key_end holds the upper ends) */
	FW_SET_WAN_IF = 12,	/* ifindex, the one number in host order: external interfaces */
	FW_MAP_PEER4 = 13,	/* internal addr4 . l4 . port . peer addr4 . port -> WAN addr4 .
				   port; timeout, userdata */
	FW_SET_PEER4_PORT = 14,	/* peer addr4 . l4 . external port . peer port: not for others */
	FW_SET_OPEN4_RANGE = 15, /* remote prefix4 . remote ports . l4 . external port, intervals;
				    counter, timeout, userdata */
	/* Whom a packet is from. A packet from a LAN to one of our doors whose (interface, source)
	 * is known but not bound to its MAC is forged: it is noted and dropped. */
	FW_SET_DOOR = 16,	/* l4 . port: ours, where clients of the LAN knock */
	FW_SET_BOUND4 = 17,	/* ifindex . addr4 . MAC (6 bytes, padded to 8) */
	FW_SET_BOUND6 = 18,	/* ifindex . addr6 . MAC */
	FW_SET_KNOWN4 = 19,	/* ifindex . addr4 */
	FW_SET_KNOWN6 = 20,	/* ifindex . addr6 */
	/* Whose SIP we read: what a phone sends to a SIP port elsewhere comes to our socket of that
	 * port (fw_way) with its destination as it was, and goes on as always while nobody has such
	 * a socket. */
	FW_SET_PHONE4 = 21,	/* addr4 */
	FW_SET_PHONE6 = 22,	/* addr6: also what comes for it from a SIP port */
	FW_SET_SIP_PORT = 23,	/* port */
	/* One of several peers of an opening, if it is a host and may send from any port; others
	 * are in the sets of ranges, where each takes the kernel longer the more there are. */
	FW_SET_OPEN4_PEER = 24,	/* remote addr4 . l4 . external port -> the opening's id; counter,
				   timeout, userdata */
	FW_SET_OPEN6_PEER = 25,	/* remote addr6 . internal addr6 . l4 . port; the same */
	/* Public places of phones: ports of ours at the WAN's addresses. What comes there from an
	 * admitted caller bears the mark of openings, for a host firewall that drops; anybody
	 * else's TCP gets no answer where the set of places says so, UDP is for us to judge. */
	FW_SET_PLACE_TCP4 = 26,	/* port */
	FW_SET_CALLER4 = 27,	/* remote prefix4 . l4 . port, intervals */
	/* Phones' media by direction: filled by its packets alone, so that no opening costs more.
	 * The id is in the key since a port may be another call's soon. */
	FW_SET_HEARD = 28,	/* the opening's id . 0: for the phone, 1: from it;
				   counter, timeout FW_HEARD_S */
};
#define FW_SETS (FW_SET_HEARD + 1)
#define FW_HEARD_S 3600		/* after the last packet that way */
#define FW_HEARD_MAX 16384	/* four of a call; beyond, media passes and is not told apart */
#define FW_PLACE_MIN 36000	/* ports of places, and of phones' media */
#define FW_PLACE_MAX 39999
#define FW_PLACES_MAX 64
#define FW_PLACE_CALLERS_MAX 24	/* prefixes */
#define FW_CALLERS_MAX (FW_PLACES_MAX * FW_PLACE_CALLERS_MAX * 2)	/* by UDP and TCP */
#define FW_PHONES_MAX 256	/* in each set */
#define FW_SIP_PORTS_MAX 8
#define FW_DOORS_MAX 32
#define FW_BOUND_MAX 8192	/* in each of BOUND4 to KNOWN6; the kernel refuses more */

enum fw_elem_op {
	FW_ELEM_ADD = 0,	/* new, or renewed with this timeout (counter carried over) */
	FW_ELEM_DEL = 1,	/* not being there is no failure */
};

#define FW_KEY_MAX 44
#define FW_DATA_MAX 8
#define FW_USERDATA_MAX 64
#define FW_TIMEOUT_NONE 0
/* No element of an opening lives longer by itself: UPnP's longest lease in version 2 (604800 s),
 * and a day. */
#define FW_TIMEOUT_MAX_MS (8ull * 24 * 3600 * 1000)

struct fw_elem {
	uint8_t set;			/* enum fw_set */
	uint8_t op;			/* enum fw_elem_op */
	uint8_t userdata_len;
	uint8_t renew;			/* 1: it is there already; only its timeout moves */
	uint32_t reserved;		/* 0 */
	uint64_t timeout_ms;		/* FW_TIMEOUT_NONE: stays until deleted */
	uint8_t key[FW_KEY_MAX];	/* its length is the set's */
	uint8_t key_end[FW_KEY_MAX];	/* interval sets only: inclusive upper end */
	uint8_t data[FW_DATA_MAX];	/* maps only */
	uint8_t userdata[FW_USERDATA_MAX];
};

/* One element as the kernel has it. */
struct fw_dumped {
	struct fw_elem elem;		/* timeout_ms is what remains */
	uint64_t packets;
	uint64_t bytes;
};

/* Which tracked flows to forget: those whose original destination is this endpoint, and (IPv4) UDP
 * ones that leave from it, by translation or as the host that began them. */
struct fw_flow {
	uint8_t proto;
	struct endpoint dst;		/* port 0: every port of the address; address any: flows of
					   remote (a LAN host then) to this port, wherever */
	struct addr remote;		/* the other end; any: all */
	struct endpoint keep;		/* flows of this internal endpoint are new: spared */
};

/* A flow by the first packet of its sender. */
struct fw_tuple {
	uint8_t proto;
	struct endpoint src, dst;
};

/* A flow of a LAN host that shall not end for want of packets; it need not be there yet. */
struct fw_keep {
	struct fw_tuple flow;
	uint32_t left_s;		/* 0: no longer, it has the system's own timeout again */
};

#define FW_FIND_MAX 64			/* flows looked up by one call */

/* Who sent what, as the table in the kernel noted it by itself (dynamic sets, never written by us,
 * each entry gone FW_SENDER_S after its last packet). */
enum fw_sender_kind {
	FW_SENDER_SEEN = 0,	/* a packet to port, let through: a door of ours, whose sender is
				   not bound, or the first packet of a flow worth noting, whoever
				   sends it: 5350 (PCP, NAT-PMP announcements of another gateway),
				   68 (another DHCP server's answers), 5060 (a SIP phone's) */
	FW_SENDER_FORGED = 1,	/* dropped: the address is another MAC's */
};
struct fw_sender {
	uint8_t kind;		/* enum fw_sender_kind */
	uint8_t proto;
	uint16_t port;		/* destination */
	int32_t ifindex;
	uint8_t mac[6];
	uint16_t reserved;	/* 0 */
	struct addr addr;
};
#define FW_SENDER_S 60
#define FW_SENDERS_MAX 2048	/* of each dynamic set; a flood only hides senders, never doors */

/* A way past: a non-blocking, close-on-exec socket bound to the wildcard at this port, which gets
 * what the table leads to us with its true destination, and may send from any address
 * (IP_TRANSPARENT; UDP with IP_RECVORIGDSTADDR, IP_RECVTOS and their IPv6 likes; TCP listens).
 * What is sent to the router itself at this port never gets there: the socket's own filter lets in
 * only what the table marked. */
struct fw_way {
	uint8_t proto;			/* MAP_PROTO_UDP, MAP_PROTO_TCP */
	bool is6;
	uint16_t port;			/* 1024 and up */
};

enum fw_event {
	FW_EVENT_FOREIGN,	/* somebody else touched our table, or the route of ways: rebuild */
	FW_EVENT_LOST,		/* the helper is away: nothing can be changed now */
	FW_EVENT_BACK,		/* it is here (again): dump and reconcile */
	FW_EVENT_SIP_HELPER,	/* the kernel's own SIP helper is set up, and rewrites what phones
				   say */
	FW_EVENT_SIP_HELPER_GONE, /* not any more */
};

/* err 0: all in force. ERR_DENIED: nothing was changed, bad[] are indexes the kernel or the helper
 * refused, each once. ERR_NOT_FOUND: there is no table, rebuild. ERR_GONE and others: nothing is
 * known, reconcile. */
typedef void fw_done_fn(void *arg, int err, const uint32_t *bad, size_t bad_count);
typedef void fw_dump_fn(void *arg, const struct fw_dumped *elem);
typedef void fw_event_fn(void *arg, enum fw_event event);
/* from[i]: where packets of the flow asked for i-th come from as the other end sees it; port 0:
 * there is no such flow. With err there are none. */
typedef void fw_found_fn(void *arg, int err, const struct endpoint *from, size_t count);

typedef void fw_sender_fn(void *arg, const struct fw_sender *sender);
/* err 0: fd is the callee's. ERR_EXISTS: another program has the port; ERR_UNSUPPORTED: this kernel
 * cannot lead packets to us; ERR_DENIED: the helper's configuration names no such port. */
typedef void fw_way_fn(void *arg, int err, int fd);

/* One transaction. With rebuild the table is made anew, static part and these elements, in it. */
struct fw_batch {
	bool rebuild;
	const struct fw_elem *elems;	/* need not outlive the call */
	size_t count;
};

struct fw;

struct fw_ops {
	int (*apply)(struct fw *fw, const struct fw_batch *batch, fw_done_fn *done, void *arg);
	int (*dump)(struct fw *fw, fw_dump_fn *each, fw_done_fn *done, void *arg);
	int (*forget)(struct fw *fw, const struct fw_flow *flows, size_t count);
	int (*remove)(struct fw *fw, fw_done_fn *done, void *arg);
	int (*find)(struct fw *fw, const struct fw_tuple *flows, size_t count, fw_found_fn *found,
		void *arg);
	int (*keep)(struct fw *fw, const struct fw_keep *keeps, size_t count);
	int (*senders)(struct fw *fw, fw_sender_fn *each, fw_done_fn *done, void *arg);
	int (*probe)(struct fw *fw, int ifindex, const struct addr *addr, const uint8_t *mac);
	int (*way)(struct fw *fw, const struct fw_way *way, fw_way_fn *done, void *arg);
	void (*free)(struct fw *fw);
};

/* First member of every backend. */
struct fw {
	const struct fw_ops *ops;
	fw_event_fn *event;	/* set by fw_watch; NULL until then */
	void *event_arg;
};

/* Negative: not sent, done is not called (ERR_GONE: no helper, ERR_BUSY). */
int fw_apply(struct fw *fw, const struct fw_batch *batch, fw_done_fn *done, void *arg);
/* Calls each for every element of the map_* and open_* sets, then done. A missing table is an
 * empty dump with err ERR_NOT_FOUND. An element may come twice when others change their firewall
 * meanwhile; ERR_AGAIN: they do not stop. */
int fw_dump(struct fw *fw, fw_dump_fn *each, fw_done_fn *done, void *arg);
/* Conntrack entries, coalesced into one walk per wake-up; no answer. */
int fw_forget(struct fw *fw, const struct fw_flow *flows, size_t count);
/* Deletes the whole table. */
int fw_remove(struct fw *fw, fw_done_fn *done, void *arg);
/* Running flows by their exact tuples, FW_FIND_MAX at most; never a walk. */
int fw_find(struct fw *fw, const struct fw_tuple *flows, size_t count, fw_found_fn *found,
	void *arg);
/* Adds to what is kept alive, by flow; no answer. Survives us, until left_s is over. */
int fw_keep(struct fw *fw, const struct fw_keep *keeps, size_t count);
/* Calls each for every noted sender, then done. ERR_NOT_FOUND: there is no table, nobody noted. */
int fw_senders(struct fw *fw, fw_sender_fn *each, fw_done_fn *done, void *arg);
/* Has the kernel ask the link: mac NULL: who has addr; else whether mac still has it (a unicast
 * solicitation at once: NUD_PROBE). The answer comes as news of the neighbour table. No answer
 * here. Only addresses on-link of a LAN interface of the configuration. */
int fw_probe(struct fw *fw, int ifindex, const struct addr *addr, const uint8_t *mac);
/* A way past. The route it needs is there from the first call on, and with each rebuild that has
 * phones. */
int fw_way(struct fw *fw, const struct fw_way *way, fw_way_fn *done, void *arg);
void fw_watch(struct fw *fw, fw_event_fn *fn, void *arg);
void fw_free(struct fw *fw);

/* An opening as the firewall needs it; fw_hole_elems makes its elements. */
struct fw_hole {
	uint8_t proto;
	struct endpoint external;	/* IPv4: the address is the WAN's for the snat map */
	struct endpoint internal;
	struct prefix remote;
	uint16_t remote_port;		/* 0: any; IPv6 only */
	const struct map_piece *peers;	/* instead of remote, if peer_count is not 0 */
	size_t peer_count;
	bool pinned;			/* outbound packets of internal leave from external */
	bool outbound;			/* IPv4: only those to remote (a host), remote_port do, and
					   nobody comes in */
	uint64_t timeout_ms;
	uint32_t id;			/* of the opening, for FW_SET_HEARD */
	uint8_t userdata[FW_USERDATA_MAX];
	uint8_t userdata_len;
};
#define FW_HOLE_ELEMS (2 + MAP_PIECES_MAX)

/* Returns how many were written: 0 when the firewall cannot express it (an IPv4 prefix that is
 * neither everything nor a host, an IPv4 remote port, an outbound IPv6 one). */
size_t fw_hole_elems(const struct fw_hole *hole, enum fw_elem_op op, bool renew,
	struct fw_elem out[FW_HOLE_ELEMS]);
/* The element of FW_SET_CALLER4 for them, to be added. */
struct fw_elem fw_caller_elem(const struct prefix *from, uint8_t proto, uint16_t port);
/* Bytes of key, and of data (0 for sets). */
size_t fw_set_key_len(enum fw_set set);
size_t fw_set_data_len(enum fw_set set);
/* Whose packets an element of FW_SET_HEARD counts, and which way. */
uint32_t fw_heard_id(const struct fw_elem *elem, bool *from_phone);
/* Its elements are the peers of an opening, piece by piece. */
bool fw_set_is_peers(enum fw_set set);
const char *fw_set_name(enum fw_set set);

#endif
