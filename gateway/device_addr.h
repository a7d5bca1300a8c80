/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of device.h: all devices, and what device_addr.c does with their addresses. */
#ifndef GATEWAY_DEVICE_ADDR_H
#define GATEWAY_DEVICE_ADDR_H

#include "gateway/device.h"

#define DEVICE_BUCKETS 2048		/* of ids and of MACs; a power of two */
#define DEVICE_ADDR_BUCKETS 8192	/* a power of two */

struct devices {
	struct device *at[DEVICES_MAX];
	size_t count;
	uint32_t next_id;
	struct device *ids[DEVICE_BUCKETS], *macs[DEVICE_BUCKETS];
	struct device_addr *addrs[DEVICE_ADDR_BUCKETS];
	struct device_addr *newest, *oldest;
	struct device_addr *orphans;	/* by next: of no device, but the kernel has them */
	size_t addr_count;
	uint64_t confirmed;
	uint32_t unknown_openings;	/* of devices without a MAC */
	size_t changed, new_addrs, unbound;	/* how many are so marked */
	uint32_t version;
	struct devices_lost lost;
};

size_t device_hash(const uint8_t *bytes, size_t len);
/* Finds or makes the host's address and gives it to d. False: no memory. */
bool device_addr_see(struct devices *ds, struct device *d, const struct device_host *host);
/* NULL: no memory. */
struct device_addr *device_addr_add(struct devices *ds, struct device *d, const struct addr *addr);
/* The kernel is told first, if it knows of it. */
void device_addr_remove(struct devices *ds, struct device_addr *a);
/* It is this device's from now on. */
void device_addr_give(struct devices *ds, struct device_addr *a, struct device *d);
void device_addr_gone(struct devices *ds, struct device_addr *a, uint64_t now_ms);
/* The store does not have it. */
void device_addr_changed(struct devices *ds, struct device_addr *a);
/* Its device got a MAC: the kernel may know it now. */
void device_addr_known(struct devices *ds, struct device *d, const uint8_t mac[6]);

#endif
