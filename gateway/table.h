/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of openings in memory: the truth. Found by id, by external key, by internal endpoint
 * and by place in the list, each in constant time. The table keeps what core tells it; who may and
 * what the firewall has is core's business.
 *
 * An opening lives through: reserved (table_reserve: found by keys, not listed), listed
 * (table_commit), closing (table_close: no longer found by keys, still listed), gone
 * (table_remove). table_reopen takes table_close back.
 */
#ifndef GATEWAY_TABLE_H
#define GATEWAY_TABLE_H

#include "gateway/loop.h"
#include "protocols/map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opening;
struct core;

/* One front door's claim on an opening; at most one of an origin. */
struct lease {
	struct lease *next;
	struct opening *opening;
	enum map_origin origin;
	uint32_t device_id;
	struct addr client;		/* who asked last */
	bool has_nonce;
	uint8_t nonce[MAP_NONCE_LEN];
	uint32_t granted_s;		/* MAP_LIFETIME_ENDLESS: while the device is at home */
	uint64_t expires_ms;		/* loop time; LOOP_NEVER for the endless */
	uint64_t stored_ms;		/* the expiry the store knows */
	uint64_t restored_wall_s;	/* its end by a clock nobody could believe yet; 0 */
	struct loop_timer timer;
	char descr[MAP_DESCR_MAX + 1];
};

enum opening_state { OPENING_RESERVED, OPENING_LISTED, OPENING_CLOSING };

struct opening {
	struct core *core;		/* for its leases' timers */
	uint32_t id;			/* never 0, never used twice */
	enum opening_state state;
	uint32_t device_id;		/* whose internal endpoint it is */
	uint8_t proto;
	bool disabled;			/* listed, but nothing passes */
	bool suspended;			/* its device is not at this address: nothing passes, and
					   whoever is there now does not find it */
	uint32_t hand_id;		/* made of this opening by hand; 0: an app's */
	bool call;			/* media of a phone's call: of the SIP gateway alone */
	bool pinned;			/* the endpoint's outbound packets leave from external */
	bool outbound;			/* PEER: lets nobody in; the endpoint's flow to remote (a
					   host), remote_port leaves from external and may be
					   silent; disabled: that port was not ours to give */
	bool active;			/* the kernel has it */
	bool barred;			/* the firewall refuses it as things are (other LAN) */
	struct endpoint external;	/* IPv4: port; IPv6: same as internal */
	struct endpoint internal;
	struct prefix remote;
	uint16_t remote_port;		/* 0: any */
	struct map_filters *filters;	/* who of remote may come in; NULL: everybody. Only ever
					   replaced; it has one lease then */
	bool reshaped;			/* other filters in this batch */
	bool moving;			/* another place in this batch */
	uint32_t set_id;		/* ports opened as a unit: id of the first; 0: none */
	uint8_t set_offset;		/* place in the unit */
	uint32_t rule_id;		/* that allowed it; 0: built in */
	uint64_t created_wall_s;
	uint64_t kernel_until_ms;	/* when the kernel closes it by itself; LOOP_NEVER */
	struct lease *leases;
	struct opening *next_id, *next_external, *next_internal;	/* hash chains */
	struct opening *next_device, **prev_device;	/* of one device; see table_first_device */
	size_t place, place4;		/* in the lists; only while listed or closing */
};

struct table;

struct table *table_new(void);
void table_free(struct table *t);	/* frees openings and leases; timers must be stopped */

bool opening_is4(const struct opening *o);
struct lease *opening_lease(const struct opening *o, enum map_origin origin);	/* or NULL */

/* Takes a malloc'ed opening over. ERR_EXISTS: its external (IPv4) or internal (IPv6) key is
 * taken; ERR_MEMORY. The opening stays the caller's then. */
int table_reserve(struct table *t, struct opening *o);
void table_commit(struct table *t, struct opening *o);
void table_close(struct table *t, struct opening *o);
void table_reopen(struct table *t, struct opening *o);
void table_remove(struct table *t, struct opening *o);	/* and frees it with its leases */
/* It leads to this device at this address from now on; IPv6: nobody may have its key there. */
void table_move(struct table *t, struct opening *o, uint32_t device_id, const struct addr *addr);

/* Lookups see what is reserved or listed, never what is closing; those by a whole key do not see
 * what is outbound, those by internal endpoint not what is suspended. */
struct opening *table_by_id(const struct table *t, uint32_t id);
struct opening *table_by_external(const struct table *t, uint8_t proto, uint16_t port,
	const struct prefix *remote);
/* The oldest opening of this endpoint for these remotes; IPv6 keys are whole with remote_port. */
struct opening *table_by_internal(const struct table *t, uint8_t proto,
	const struct endpoint *internal, const struct prefix *remote, uint16_t remote_port);
/* Who has the key that o would take; NULL: nobody. o need not be in the table. What is suspended
 * keeps its external port, and leaves a key that is its endpoint's to whoever is there. */
struct opening *table_rival(const struct table *t, const struct opening *o);
/* Any opening of this external port, TCP or UDP, IPv4: walk with table_next_port. */
struct opening *table_first_port(const struct table *t, uint16_t port);
struct opening *table_next_port(const struct opening *o, uint16_t port);
/* The first of all openings of this endpoint, then the next. */
struct opening *table_first_internal(const struct table *t, uint8_t proto,
	const struct endpoint *internal);
struct opening *table_next_internal(const struct opening *o);

/* The outbound one for the flow from internal to peer. */
struct opening *table_outbound(const struct table *t, uint8_t proto,
	const struct endpoint *internal, const struct endpoint *peer);

/* All openings of one device, in no order. */
struct opening *table_first_device(const struct table *t, uint32_t device_id);
struct opening *table_next_device(const struct opening *o);

/* The list: what a listing may show. */
size_t table_count(const struct table *t);	/* reserved and listed, without closing */
size_t table_listed(const struct table *t);
struct opening *table_at(const struct table *t, size_t place);	/* NULL beyond the end */
size_t table_listed4(const struct table *t);	/* the IPv4 ones that are not outbound only */
struct opening *table_at4(const struct table *t, size_t place);

#endif
