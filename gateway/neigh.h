/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The neighbour table as last told by the kernel: (interface, address) -> MAC and state. Only a
 * hash with a cap; net.c feeds it.
 */
#ifndef GATEWAY_NEIGH_H
#define GATEWAY_NEIGH_H

#include "protocols/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel keeps 1024 of each family unless told otherwise; more would be a flood. */
#define NEIGH_MAX 8192
#define NEIGH_MAC_LEN 6

struct neigh_entry {
	struct addr addr;
	int ifindex;
	uint16_t state;		/* NUD_* of linux/neighbour.h; 0: no entry in this slot */
	uint8_t mac[NEIGH_MAC_LEN];
	uint8_t round;		/* of the dump that last saw it */
};

struct neigh;

typedef void neigh_fn(void *arg, const struct neigh_entry *entry);

struct neigh *neigh_new(void);
/* Adds or updates. true: address, MAC or whether it can be reached is news. */
bool neigh_put(struct neigh *neigh, const struct neigh_entry *entry);
bool neigh_remove(struct neigh *neigh, int ifindex, const struct addr *addr);
/* NULL when there is none; valid until the next change. */
const struct neigh_entry *neigh_find(const struct neigh *neigh, int ifindex,
	const struct addr *addr);
void neigh_each(const struct neigh *neigh, neigh_fn *fn, void *arg);
/* Removes those that were not put in this round. Returns how many. */
size_t neigh_sweep(struct neigh *neigh, uint8_t round);
size_t neigh_count(const struct neigh *neigh);
void neigh_free(struct neigh *neigh);

#endif
