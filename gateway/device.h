/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices of the LAN: who an address is. A device is known by its MAC within the trusted LANs,
 * and apart from them within those for guests; while the MAC of an address is not known yet, by
 * that address alone, until the MAC turns up. All addresses of both families behind one MAC are
 * one device. Found by id, MAC and address in constant time. What the store and the kernel should
 * hear of is kept here until they have.
 */
#ifndef GATEWAY_DEVICE_H
#define GATEWAY_DEVICE_H

#include "db/db.h"
#include "protocols/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICES_MAX 1024	/* invented MACs must not fill memory: the longest unseen goes */
#define DEVICE_ADDRS_MAX 8192
#define DEVICE_ADDRS_EACH 128	/* of one device: it pushes out its own before others' */
#define DEVICES_LOST_MAX 1024

enum device_addr_state {
	DEVICE_ADDR_UNSEEN,	/* remembered, and nothing heard of it since the start */
	DEVICE_ADDR_HERE,
	DEVICE_ADDR_GONE,	/* does not answer there any more */
};

/* What the kernel knows of an address: on which LAN and of which MAC it is. */
struct device_bound {
	int ifindex;		/* 0: nothing */
	uint8_t mac[6];
};

struct device_addr {
	struct device *device;	/* NULL: of none any more; the kernel still has it */
	struct addr addr;
	int ifindex;		/* 0: not seen since the start */
	char ifname[DB_IFNAME_MAX];
	enum device_addr_state state;
	uint64_t confirmed;	/* the larger, the later it was found to be here */
	uint64_t here_ms;	/* loop time since when it is here */
	bool beside;		/* it was here together with one that is gone: not in its place */
	bool dirty;		/* the store does not have it */
	bool refused;		/* by the firewall, as it is */
	struct device_bound bound, sent;	/* as the kernel has it; as it was told last */
	struct device_addr *next;		/* of the device */
	struct device_addr *next_hash, *newer, *older;
};

struct device {
	struct db_device row;
	uint32_t openings;	/* it owns now; a device with openings is never forgotten */
	uint32_t by_hand;	/* of those, the owner made: no quota counts them */
	uint32_t calls;		/* of those, media of a phone's calls: they have a bound of their
				   own */
	uint32_t suspended;	/* of its openings, waiting for it to be where they lead */
	uint32_t filters;	/* of those openings but calls' */
	uint32_t call_filters;
	uint32_t hands, cards, rules;	/* that speak of it */
	uint64_t home_ms;	/* loop time at which it was last known to be at home */
	struct device_addr *addrs;
	size_t addr_count;
	bool dirty;		/* the store does not have this row */
	bool moved;		/* its addresses, or who is at them, are not what they were */
	bool awaited;		/* and its openings are about to be looked at */
	uint64_t deferred_in;	/* the latest planning of a batch that deferred a request of it */
	uint64_t noted_wall_s;	/* last_wall_s as the store has it */
	size_t place;
	struct device *next_id, *next_mac;
};

/* What left memory since the store was last told: the store must not grow without end either. */
struct devices_lost {
	bool all_addrs;		/* all addresses there were; those there are come again */
	size_t count, addr_count;
	uint32_t ids[DEVICES_LOST_MAX];
	struct addr addrs[DEVICES_LOST_MAX];
};

/* A host as it is seen. */
struct device_host {
	struct addr addr;
	const uint8_t *mac;	/* NULL: not known now */
	int ifindex;		/* where it is; 0: not known now */
	const char *ifname;	/* with ifindex */
	bool guest;
	uint8_t zone;		/* enum rule_zone of a new one */
	uint64_t wall_s;
	uint64_t now_ms;	/* loop time */
};

struct devices;

struct devices *devices_new(void);
void devices_free(struct devices *ds);

/* From the store, at start. ERR_FULL, ERR_MEMORY. */
int devices_load(struct devices *ds, const struct db_device *row);
int devices_load_addr(struct devices *ds, uint32_t device_id, const struct addr *addr,
	const char *ifname);

/* The device of this address, made if it is new. NULL: no memory, all places are taken by devices
 * that must stay, or the store is to be told of the lost ones first. */
struct device *devices_see(struct devices *ds, const struct device_host *host);
/* A device of this MAC, with no address yet. NULL: as above. */
struct device *devices_make(struct devices *ds, const struct device_host *host);
/* The device of this id; made, with this address, if only the id is known of it. NULL: as above. */
struct device *devices_adopt(struct devices *ds, uint32_t id, const struct device_host *host);
/* It does not answer there any more. NULL: it was not there. */
struct device *devices_gone(struct devices *ds, const struct device_host *host);
/* With its addresses; it must have no openings. */
void devices_remove(struct devices *ds, struct device *d);
/* The addresses of from are into's, where none of them is any more. */
void devices_move_addrs(struct devices *ds, struct device *from, struct device *into);

bool device_is_here(const struct device *d);	/* at one address at least */
/* The owner marked it, and it is one that may be helped: neither a guest nor blocked. */
bool device_is_phone(const struct db_device *row);
/* The owner lets this host call it. */
bool device_admits(const struct db_device *row, const struct addr *host);
/* Wider is a slip of the pen: no provider has more, and whoever searches the Internet for phones
 * would ring them. Bits of the prefix as it is written. */
#define DEVICE_CALLERS_BITS4 8
#define DEVICE_CALLERS_BITS6 32
/* Why the owner cannot mean these; NULL: they are fine. */
const char *device_callers_fault(const struct db_callers *callers);
/* Another number whenever a row or who is at which address may be another. */
uint32_t devices_version(const struct devices *ds);
struct device *devices_by_id(const struct devices *ds, uint32_t id);
struct device *devices_by_mac(const struct devices *ds, const uint8_t mac[6], bool guest);
struct device *devices_by_addr(const struct devices *ds, const struct addr *addr);
/* The same host's link-local address may be another's on another LAN; ifindex 0: on any. */
struct device_addr *devices_addr(const struct devices *ds, const struct addr *addr, int ifindex);

/* Its openings became so many more (or, wrapped, less). */
enum device_share { DEVICE_APPS, DEVICE_BY_HAND, DEVICE_CALLS };
void devices_count_openings(struct devices *ds, struct device *d, uint32_t more,
	enum device_share share);
uint32_t device_counted(const struct device *d);	/* those of apps, which quotas count */
/* Openings that count against the quota of this one: devices nobody knows a MAC of share theirs,
 * since addresses are cheap to invent. */
uint32_t devices_usage(const struct devices *ds, const struct device *d);

size_t devices_count(const struct devices *ds);
struct device *devices_at(const struct devices *ds, size_t place);

/* The row is another one than the store has. */
void devices_changed(struct devices *ds, struct device *d);
/* Each row that the store does not have; marks it as had. */
typedef void devices_row_fn(void *arg, const struct db_device *row);
void devices_new_rows(struct devices *ds, devices_row_fn *fn, void *arg);

const struct devices_lost *devices_lost(const struct devices *ds);
void devices_lost_told(struct devices *ds);

/* Each address of a device there is that the store does not have; marks it as had. Link-local ones
 * are not for the store: they are known by the LAN as well. */
typedef void devices_addr_fn(void *arg, const struct device_addr *a);
void devices_new_addrs(struct devices *ds, devices_addr_fn *fn, void *arg);

/* The store has lost what it was told: everything is dirty again. */
void devices_soil(struct devices *ds);

/* ---- what the kernel knows of them ---- */

/* Calls fn for every address of which the kernel should know something else than it does; all:
 * than nothing. fn gives it wanted and what there is to take away (not with all), each maybe
 * nothing (ifindex 0); what it is told so is noted as sent. */
typedef int devices_bind_fn(void *arg, struct device_addr *a, const struct device_bound *wanted,
	const struct device_bound *old);
int devices_bind(struct devices *ds, bool all, devices_bind_fn *fn, void *arg);
/* What was sent last is in force. */
void devices_bound(struct devices *ds);
bool devices_unbound(const struct devices *ds);	/* there is something to tell */
/* The firewall refuses it as it is. */
void devices_refused(struct devices *ds, struct device_addr *a);
/* It may take it now. True: it had refused one. */
bool devices_try_again(struct devices *ds);

#endif
