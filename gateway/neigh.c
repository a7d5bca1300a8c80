/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open addressing with a seeded hash; holes are closed at removal by moving later entries up, so
 * there are no tombstones. See neigh.h.
 */
#include "gateway/neigh.h"

#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SLOTS_MIN 64	/* powers of two; never more than half in use */

struct neigh {
	struct neigh_entry *slots;
	size_t size;
	size_t count;
	uint64_t seed;
};

struct neigh *neigh_new(void)
{
	struct neigh *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->size = SLOTS_MIN;
	n->slots = calloc(n->size, sizeof(*n->slots));
	if (!n->slots || getrandom(&n->seed, sizeof(n->seed), 0) != sizeof(n->seed)) {
		neigh_free(n);
		return NULL;
	}
	return n;
}

static size_t home_of(const struct neigh *n, int ifindex, const struct addr *addr)
{
	uint64_t half[2];

	memcpy(half, addr->b, sizeof(half));
	half[0] = (half[0] ^ n->seed) * 0x9e3779b97f4a7c15;
	half[1] = (half[1] ^ n->seed ^ (uint64_t)ifindex ^ half[0] >> 29) * 0xbf58476d1ce4e5b9;
	return (half[1] ^ half[1] >> 32) & (n->size - 1);
}

/* The slot of this key, or the free one where it would go. */
static size_t slot_of(const struct neigh *n, int ifindex, const struct addr *addr)
{
	size_t at = home_of(n, ifindex, addr);

	while (n->slots[at].state != 0) {
		const struct neigh_entry *e = &n->slots[at];
		if (e->ifindex == ifindex && addr_eq(&e->addr, addr))
			break;
		at = (at + 1) & (n->size - 1);
	}
	return at;
}

static bool grow(struct neigh *n)
{
	struct neigh_entry *old = n->slots;
	size_t old_size = n->size;
	struct neigh_entry *slots = calloc(old_size * 2, sizeof(*slots));

	if (!slots)
		return false;
	n->slots = slots;
	n->size = old_size * 2;
	for (size_t i = 0; i < old_size; i++) {
		if (old[i].state != 0)
			n->slots[slot_of(n, old[i].ifindex, &old[i].addr)] = old[i];
	}
	free(old);
	return true;
}

static bool answers(uint16_t state)
{
	return (state & (NUD_FAILED | NUD_INCOMPLETE)) == 0;
}

bool neigh_put(struct neigh *n, const struct neigh_entry *entry)
{
	struct neigh_entry *e = &n->slots[slot_of(n, entry->ifindex, &entry->addr)];
	bool news = e->state == 0 || memcmp(e->mac, entry->mac, NEIGH_MAC_LEN) != 0 ||
		    answers(e->state) != answers(entry->state);

	if (e->state == 0) {
		if (n->count == NEIGH_MAX || (n->count * 2 >= n->size && !grow(n)))
			return false;
		e = &n->slots[slot_of(n, entry->ifindex, &entry->addr)];
		n->count++;
	}
	*e = *entry;
	return news;
}

static void remove_at(struct neigh *n, size_t hole)
{
	size_t mask = n->size - 1;

	for (size_t at = (hole + 1) & mask; n->slots[at].state != 0; at = (at + 1) & mask) {
		size_t home = home_of(n, n->slots[at].ifindex, &n->slots[at].addr);
		/* It may move up only as far as its home. */
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		n->slots[hole] = n->slots[at];
		hole = at;
	}
	n->slots[hole].state = 0;
	n->count--;
}

bool neigh_remove(struct neigh *n, int ifindex, const struct addr *addr)
{
	size_t at = slot_of(n, ifindex, addr);

	if (n->slots[at].state == 0)
		return false;
	remove_at(n, at);
	return true;
}

const struct neigh_entry *neigh_find(const struct neigh *n, int ifindex, const struct addr *addr)
{
	const struct neigh_entry *e = &n->slots[slot_of(n, ifindex, addr)];
	return e->state != 0 ? e : NULL;
}

void neigh_each(const struct neigh *n, neigh_fn *fn, void *arg)
{
	for (size_t i = 0; i < n->size; i++) {
		if (n->slots[i].state != 0)
			fn(arg, &n->slots[i]);
	}
}

/* What a removal moves up comes from slots not yet seen, or, over the end of the array, from slots
 * that were seen and kept. */
size_t neigh_sweep(struct neigh *n, uint8_t round)
{
	size_t before = n->count;

	for (size_t i = 0; i < n->size;) {
		if (n->slots[i].state != 0 && n->slots[i].round != round)
			remove_at(n, i);
		else
			i++;
	}
	return before - n->count;
}

size_t neigh_count(const struct neigh *n)
{
	return n->count;
}

void neigh_free(struct neigh *n)
{
	if (!n)
		return;
	free(n->slots);
	free(n);
}
