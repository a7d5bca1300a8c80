/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices of the LAN: who an address is. A device is known by its MAC; while the MAC of an
 * address is not known yet, by that address alone, until the MAC turns up. All addresses of both
 * families behind one MAC are one device. What the store should hear of is marked dirty.
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
#define DEVICES_LOST_MAX 1024

struct device {
	struct db_device row;
	uint32_t openings;	/* it owns now; a device with openings is never forgotten */
	uint32_t filters;	/* of those openings */
	uint64_t home_ms;	/* loop time at which it was last known to be at home */
	bool dirty;		/* the store does not have this row */
};

/* What left memory since the store was last told: the store must not grow without end either. */
struct devices_lost {
	bool addrs;		/* all addresses there were */
	size_t count;
	uint32_t ids[DEVICES_LOST_MAX];
};

struct devices;

struct devices *devices_new(void);
void devices_free(struct devices *ds);

/* From the store, at start. ERR_FULL, ERR_MEMORY. */
int devices_load(struct devices *ds, const struct db_device *row);
int devices_load_addr(struct devices *ds, uint32_t device_id, const struct addr *addr);

/* The device of this address, made if it is new; mac NULL: not known now. NULL: no memory, all
 * places hold devices with openings, or the store is to be told of the lost ones first. */
struct device *devices_see(struct devices *ds, const struct addr *addr, const uint8_t mac[6],
	uint64_t now_wall_s);
/* The device of this id; made, with this address, if only the id is known of it. NULL: as above. */
struct device *devices_adopt(struct devices *ds, uint32_t id, const struct addr *addr,
	uint64_t now_wall_s);
struct device *devices_by_id(const struct devices *ds, uint32_t id);
struct device *devices_by_addr(const struct devices *ds, const struct addr *addr);

/* Openings that count against the quota of this one: devices nobody knows a MAC of share theirs,
 * since addresses are cheap to invent. */
uint32_t devices_usage(const struct devices *ds, const struct device *d);

size_t devices_count(const struct devices *ds);
struct device *devices_at(const struct devices *ds, size_t place);

const struct devices_lost *devices_lost(const struct devices *ds);
void devices_lost_told(struct devices *ds);

/* Each (device, addr) pair of a device there is that the store does not have; marks it as had. */
typedef void devices_addr_fn(void *arg, uint32_t device_id, const struct addr *addr);
void devices_new_addrs(struct devices *ds, devices_addr_fn *fn, void *arg);

/* The store has lost what it was told: everything is dirty again. */
void devices_soil(struct devices *ds);

#endif
