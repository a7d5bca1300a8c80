/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two seeded hashes with chains over one array; see whom_table.h. */
#include "gateway/whom_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CHAINS WHOM_MAX		/* a power of two */
#define NONE UINT16_MAX

struct whom_table {
	uint64_t seed;
	uint16_t free;			/* head of the places that were used, by next_addr */
	uint16_t touched;		/* places that ever were */
	uint16_t by_addr[CHAINS], by_mac[CHAINS];
	struct whom_binding bindings[WHOM_MAX];
};

struct whom_table *whom_table_new(void)
{
	struct whom_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->free = NONE;
	memset(t->by_addr, 0xff, sizeof(t->by_addr));
	memset(t->by_mac, 0xff, sizeof(t->by_mac));
	if (getrandom(&t->seed, sizeof(t->seed), 0) != sizeof(t->seed)) {
		free(t);
		return NULL;
	}
	return t;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	a *= 0x9e3779b97f4a7c15;
	b = (b ^ a >> 29) * 0xbf58476d1ce4e5b9;
	return b ^ b >> 32;
}

static uint16_t *chain_of_addr(struct whom_table *t, int ifindex, const struct addr *addr)
{
	uint64_t half[2];

	memcpy(half, addr->b, sizeof(half));
	return &t->by_addr[mix(half[0] ^ t->seed, half[1] ^ t->seed ^ (uint64_t)ifindex) % CHAINS];
}

static uint16_t *chain_of_mac(struct whom_table *t, const uint8_t mac[6])
{
	uint64_t n = 0;

	memcpy(&n, mac, 6);
	return &t->by_mac[mix(n ^ t->seed, t->seed) % CHAINS];
}

static uint16_t place_of(const struct whom_table *t, const struct whom_binding *b)
{
	return (uint16_t)(b - t->bindings);
}

struct whom_binding *whom_table_find(struct whom_table *t, int ifindex, const struct addr *addr)
{
	uint16_t i = *chain_of_addr(t, ifindex, addr);

	while (i != NONE && (t->bindings[i].host.ifindex != ifindex ||
				    !addr_eq(&t->bindings[i].host.addr, addr)))
		i = t->bindings[i].next_addr;
	return i == NONE ? NULL : &t->bindings[i];
}

/* Whether a should go before b. */
static bool goes_before(const struct whom_binding *a, const struct whom_binding *b)
{
	bool a_firm = a->here && !a->weak, b_firm = b->here && !b->weak;

	return a_firm != b_firm ? b_firm : a->heard_ms < b->heard_ms;
}

struct whom_binding *whom_table_surplus(struct whom_table *t, const struct whom_host *host)
{
	struct whom_binding *b = NULL, *out = NULL;
	size_t count = 0, place = 0;

	while ((b = whom_table_next(t, host->mac, b))) {
		count++;
		if (!out || goes_before(b, out))
			out = b;
	}
	if (count >= WHOM_TABLE_MAC_MAX)
		return out;
	if (t->free != NONE || t->touched < WHOM_MAX)
		return NULL;
	for (out = b = whom_table_walk(t, &place); b; b = whom_table_walk(t, &place)) {
		if (goes_before(b, out))
			out = b;
	}
	return out;
}

static void link_mac(struct whom_table *t, struct whom_binding *b)
{
	uint16_t *chain = chain_of_mac(t, b->host.mac);

	b->next_mac = *chain;
	*chain = place_of(t, b);
}

static void unlink_mac(struct whom_table *t, const struct whom_binding *b)
{
	uint16_t *link = chain_of_mac(t, b->host.mac);

	while (*link != place_of(t, b))
		link = &t->bindings[*link].next_mac;
	*link = b->next_mac;
}

struct whom_binding *whom_table_add(struct whom_table *t, const struct whom_host *host)
{
	uint16_t *chain = chain_of_addr(t, host->ifindex, &host->addr);
	uint16_t i = t->free;
	struct whom_binding *b;

	assert(i != NONE || t->touched < WHOM_MAX);
	if (i == NONE)
		i = t->touched++;
	else
		t->free = t->bindings[i].next_addr;
	b = &t->bindings[i];
	*b = (struct whom_binding){.host = *host, .used = true, .next_addr = *chain};
	*chain = i;
	link_mac(t, b);
	return b;
}

void whom_table_remove(struct whom_table *t, struct whom_binding *b)
{
	uint16_t *link = chain_of_addr(t, b->host.ifindex, &b->host.addr);

	unlink_mac(t, b);
	while (*link != place_of(t, b))
		link = &t->bindings[*link].next_addr;
	*link = b->next_addr;
	*b = (struct whom_binding){.next_addr = t->free};
	t->free = place_of(t, b);
}

void whom_table_move(struct whom_table *t, struct whom_binding *b, const uint8_t mac[6])
{
	unlink_mac(t, b);
	memcpy(b->host.mac, mac, 6);
	link_mac(t, b);
}

struct whom_binding *whom_table_next(struct whom_table *t, const uint8_t mac[6],
	const struct whom_binding *after)
{
	uint16_t i = after ? after->next_mac : *chain_of_mac(t, mac);

	while (i != NONE && memcmp(t->bindings[i].host.mac, mac, 6) != 0)
		i = t->bindings[i].next_mac;
	return i == NONE ? NULL : &t->bindings[i];
}

struct whom_binding *whom_table_walk(const struct whom_table *t, size_t *place)
{
	while (*place < t->touched) {
		const struct whom_binding *b = &t->bindings[(*place)++];
		if (b->used)
			return (struct whom_binding *)b;
	}
	return NULL;
}

void whom_table_free(struct whom_table *t)
{
	free(t);
}
