/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one request and the one answer every front door speaks: x_decode makes a map_req of bytes,
 * the core makes a map_ans of it, x_encode makes bytes again. What goes wrong for the client is an
 * enum map_result, translated once per protocol by the table in map.c.
 *
 * Words: an opening is external key -> internal endpoint (IPv4) or a pinhole (IPv6); a lease is
 * one front door's claim on it.
 */
#ifndef PROTOCOLS_MAP_H
#define PROTOCOLS_MAP_H

#include "protocols/addr.h"
#include "protocols/str.h"

#include <stdbool.h>
#include <stdint.h>

/* IANA protocol numbers that openings know. */
#define MAP_PROTO_TCP 6
#define MAP_PROTO_UDP 17

#define MAP_NONCE_LEN 12	/* RFC 6887 section 11.1 */
#define MAP_DESCR_MAX 128	/* bytes kept of a description, plain UTF-8 (RFC 7220) */
#define MAP_FILTERS_MAX 8	/* remote peers one opening can be limited to (RFC 6887 13.3) */
#define MAP_SET_MAX 16		/* ports of one PORT_SET (RFC 7753); more is cut to this */
#define MAP_LIFETIME_ENDLESS UINT32_MAX /* UPnP v1 lease 0: while the device is at home */

/* Who knocks. Stored and sent to the helper as these numbers: append only. */
enum map_origin {
	MAP_ORIGIN_OWNER = 0,	/* UI and CLI */
	MAP_ORIGIN_UPNP = 1,	/* WANIPConnection, WANIPv6FirewallControl */
	MAP_ORIGIN_NATPMP = 2,
	MAP_ORIGIN_PCP = 3,
	MAP_ORIGIN_SIP = 4,
};
#define MAP_ORIGINS 5

enum map_op {
	MAP_OP_OPEN = 0,	/* create, or renew what the key finds */
	MAP_OP_RENEW = 1,	/* only renew (UpdatePinhole) */
	MAP_OP_CLOSE = 2,	/* end this origin's lease on what the key finds */
	MAP_OP_CLOSE_ALL = 3,	/* every lease of client and origin for proto (RFC 6886 3.4) */
	MAP_OP_CLOSE_RANGE = 4,	/* the same, of external ports external.port..last_port only */
	MAP_OP_PEER = 5,	/* an outbound flow internal -> peer: its external port and life */
	MAP_OP_PEER_CLOSE = 6,	/* its longer life ends; the flow's own timeout is what remains */
};

/* By which of its fields a request names an opening. */
enum map_key {
	MAP_KEY_INTERNAL = 0,	/* proto + internal endpoint: PCP, NAT-PMP, AddPinhole */
	MAP_KEY_EXTERNAL = 1,	/* remote + external port + proto: WANIPConnection */
	MAP_KEY_ID = 2,		/* id: UniqueID of WANIPv6FirewallControl, the owner's hand */
};

/* A remote peer that may come in: a prefix, and one port of it or (0) all. */
struct map_filter {
	struct prefix remote;
	uint16_t port;
};

/* Of four filters of all ports within four of one port each: 4 * (4 + 1) + 4. */
#define MAP_PIECES_MAX 24

/* Who may come in, as the client said it, each filter once. */
struct map_filters {
	uint8_t count;			/* 0: everybody */
	struct map_filter at[MAP_FILTERS_MAX];
};

/* The same as boxes of addresses and ports of which no two overlap (policy/filter.h). */
struct map_piece {
	struct prefix remote;
	uint16_t port_min, port_max;	/* inclusive */
};

struct map_req {
	enum map_op op;
	enum map_key key;
	enum map_origin origin;
	uint8_t proto;			/* IANA number; anything but TCP and UDP is UNSUPP_PROTO */
	int ifindex;			/* where the request came in */
	struct addr client;		/* source of the request */
	struct endpoint internal;	/* where it shall lead */
	struct endpoint external;	/* suggested or, if exact, demanded; port 0: any */
	uint16_t last_port;		/* CLOSE_RANGE */
	bool exact;			/* this port or failure (PREFER_FAILURE, AddPortMapping) */
	struct prefix remote;		/* who may come in; prefix_any4/6: everybody */
	uint16_t remote_port;		/* 0: any */
	uint32_t lifetime_s;		/* wanted; MAP_LIFETIME_ENDLESS allowed */
	bool has_nonce;
	uint8_t nonce[MAP_NONCE_LEN];	/* PCP: proof of ownership, a secret */
	bool disabled;			/* NewEnabled=0: listed, but nothing passes */
	struct str descr;		/* client's text, not yet believed */
	uint32_t id;			/* MAP_KEY_ID */
	bool third_party;		/* internal is another's, by the THIRD_PARTY option */
	bool clear_filters;		/* those of before go, then those of this request come */
	uint8_t filter_count;		/* they add to those that are there */
	struct map_filter filters[MAP_FILTERS_MAX];
	uint16_t set_size;		/* contiguous ports from internal.port; 0 or 1: one */
	bool set_parity;		/* first external port as odd or even as the internal */
	struct endpoint peer;		/* MAP_OP_PEER */
};

enum map_result {
	MAP_OK = 0,
	MAP_DENIED,		/* policy said no */
	MAP_PENDING,		/* the owner is being asked */
	MAP_NOT_OWNER,		/* another client's, another protocol's or another nonce's */
	MAP_TAKEN,		/* this very port is another device's */
	MAP_RESERVED,		/* this very port is the router's own or the owner's */
	MAP_NO_PORT,		/* no port left at all */
	MAP_QUOTA,		/* this device, zone or box has as many as it may */
	MAP_NO_WAN,		/* no external address now */
	MAP_TROUBLE,		/* firewall or memory failed; nothing was opened */
	MAP_NOT_FOUND,		/* the key names nothing */
	MAP_UNSUPP_PROTO,	/* this transport protocol cannot be mapped */
	MAP_TOO_MANY_REMOTES,	/* more filters than can be kept */
};
#define MAP_RESULTS (MAP_TOO_MANY_REMOTES + 1)

struct map_ans {
	enum map_result result;
	struct endpoint external;	/* assigned; address any while there is none */
	uint32_t lifetime_s;		/* granted; NOT_OWNER: what remains of the other's lease */
	uint32_t id;			/* of the opening, never 0 on success */
	uint16_t set_size;		/* ports really mapped from the first on; 0 or 1: one */
};

/* How a result reads on each wire. */
struct map_code {
	uint8_t pcp;		/* RFC 6887 section 7.4 */
	uint32_t pcp_lifetime_s;	/* of the error answer; 0 on success */
	uint8_t natpmp;		/* RFC 6886 section 3.5 */
	uint16_t igd1;		/* WANIPConnection:1 errorCode; 0 on success */
	uint16_t igd2;		/* WANIPConnection:2 */
	uint16_t fc6;		/* WANIPv6FirewallControl:1 */
};

const struct map_code *map_code(enum map_result result);
/* Lower-case words for records and logs. */
const char *map_result_text(enum map_result result);
const char *map_origin_text(enum map_origin origin);	/* "UPnP", "NAT-PMP", ... */
const char *map_proto_text(uint8_t proto);		/* "TCP", "UDP", else "other" */

#endif
