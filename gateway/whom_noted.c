/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dense array with hash chains, made anew when entries go; see whom_noted.h. */
#include "gateway/whom_noted.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CHAINS 1024		/* a power of two */
#define NONE UINT16_MAX

struct whom_noted {
	uint64_t seed;
	uint16_t count;
	uint8_t round;
	uint16_t chains[CHAINS];
	struct whom_noted_entry entries[WHOM_NOTED_MAX];
};

struct whom_noted *whom_noted_new(void)
{
	struct whom_noted *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	memset(n->chains, 0xff, sizeof(n->chains));
	if (getrandom(&n->seed, sizeof(n->seed), 0) != sizeof(n->seed)) {
		free(n);
		return NULL;
	}
	return n;
}

static uint16_t *chain_of(struct whom_noted *n, int ifindex, const struct addr *addr)
{
	uint64_t half[2];

	memcpy(half, addr->b, sizeof(half));
	half[0] = (half[0] ^ n->seed) * 0x9e3779b97f4a7c15;
	half[1] = (half[1] ^ n->seed ^ (uint64_t)ifindex ^ half[0] >> 29) * 0xbf58476d1ce4e5b9;
	return &n->chains[(half[1] ^ half[1] >> 32) % CHAINS];
}

void whom_noted_begin(struct whom_noted *n)
{
	n->round++;
}

static bool is_same(const struct fw_sender *a, const struct fw_sender *b)
{
	return a->kind == b->kind && a->proto == b->proto && a->port == b->port &&
	       a->ifindex == b->ifindex && memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 &&
	       addr_eq(&a->addr, &b->addr);
}

void whom_noted_put(struct whom_noted *n, const struct fw_sender *sender, uint64_t now_ms)
{
	uint16_t *chain = chain_of(n, sender->ifindex, &sender->addr);
	struct fw_sender key = *sender;
	uint16_t i = *chain;

	if (key.kind == FW_SENDER_FORGED) {
		key.proto = 0;
		key.port = 0;
	}
	while (i != NONE && !is_same(&n->entries[i].sender, &key))
		i = n->entries[i].next;
	if (i == NONE && n->count < WHOM_NOTED_MAX) {
		i = n->count++;
		n->entries[i] = (struct whom_noted_entry){
			.sender = key, .first_ms = now_ms, .next = *chain};
		*chain = i;
	}
	if (i != NONE)
		n->entries[i].round = n->round;
}

void whom_noted_end(struct whom_noted *n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n->count; i++) {
		if (n->entries[i].round == n->round)
			n->entries[kept++] = n->entries[i];
	}
	if (kept == n->count)
		return;
	n->count = kept;
	memset(n->chains, 0xff, sizeof(n->chains));
	for (uint16_t i = 0; i < kept; i++) {
		struct whom_noted_entry *e = &n->entries[i];
		uint16_t *chain = chain_of(n, e->sender.ifindex, &e->sender.addr);

		e->next = *chain;
		*chain = i;
	}
}

struct whom_noted_entry *whom_noted_at(struct whom_noted *n, size_t place)
{
	return place < n->count ? &n->entries[place] : NULL;
}

struct whom_noted_entry *whom_noted_next(struct whom_noted *n, int ifindex,
	const struct addr *addr, const struct whom_noted_entry *after)
{
	uint16_t i = after ? after->next : *chain_of(n, ifindex, addr);

	while (i != NONE && (n->entries[i].sender.ifindex != ifindex ||
				    !addr_eq(&n->entries[i].sender.addr, addr)))
		i = n->entries[i].next;
	return i == NONE ? NULL : &n->entries[i];
}

void whom_noted_free(struct whom_noted *n)
{
	free(n);
}
