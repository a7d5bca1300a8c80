/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Token buckets; see bucket.h. Entries are numbers into one array: a hash chain to find a source,
 * a list from the latest to the least recently heard to find whom to forget. The hash is seeded,
 * so that nobody can choose addresses which meet in one chain.
 */
#include "gateway/bucket.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CHAINS BUCKET_SOURCES	/* a power of two */
#define NONE UINT16_MAX
#define TOKEN 1000		/* in thousandths, so that a millisecond's share is whole */

struct entry {
	uint64_t source;
	uint64_t tokens;	/* thousandths */
	uint64_t filled_ms;
	uint16_t next;		/* in its chain */
	uint16_t newer, older;
};

struct bucket {
	uint32_t rate_s;
	uint64_t full;		/* thousandths */
	uint64_t seed;
	uint16_t used;
	uint16_t newest, oldest;
	uint16_t chains[CHAINS];
	struct entry entries[BUCKET_SOURCES];
};

struct bucket *bucket_new(uint32_t rate_s, uint32_t burst)
{
	struct bucket *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->rate_s = rate_s;
	b->full = (uint64_t)burst * TOKEN;
	b->newest = b->oldest = NONE;
	memset(b->chains, 0xff, sizeof(b->chains));
	if (getrandom(&b->seed, sizeof(b->seed), 0) != sizeof(b->seed)) {
		free(b);
		return NULL;
	}
	return b;
}

void bucket_set(struct bucket *b, uint32_t rate_s, uint32_t burst)
{
	b->rate_s = rate_s;
	b->full = (uint64_t)burst * TOKEN;
	for (uint16_t i = 0; i < b->used; i++) {
		if (b->entries[i].tokens > b->full)
			b->entries[i].tokens = b->full;
	}
}

static uint64_t mix(uint64_t n)
{
	n *= 0x9e3779b97f4a7c15;
	n = (n ^ n >> 29) * 0xbf58476d1ce4e5b9;
	return n ^ n >> 32;
}

static uint16_t *chain_of(struct bucket *b, uint64_t source)
{
	return &b->chains[mix(source ^ b->seed) % CHAINS];
}

static void list_remove(struct bucket *b, uint16_t i)
{
	struct entry *e = &b->entries[i];

	*(e->newer == NONE ? &b->newest : &b->entries[e->newer].older) = e->older;
	*(e->older == NONE ? &b->oldest : &b->entries[e->older].newer) = e->newer;
}

static void list_add(struct bucket *b, uint16_t i)
{
	struct entry *e = &b->entries[i];

	e->newer = NONE;
	e->older = b->newest;
	*(e->older == NONE ? &b->oldest : &b->entries[e->older].newer) = i;
	b->newest = i;
}

static uint16_t forget_oldest(struct bucket *b)
{
	uint16_t i = b->oldest;
	uint16_t *link = chain_of(b, b->entries[i].source);

	while (*link != i)
		link = &b->entries[*link].next;
	*link = b->entries[i].next;
	list_remove(b, i);
	return i;
}

static uint16_t add(struct bucket *b, uint16_t *chain, uint64_t source)
{
	uint16_t i = b->used < BUCKET_SOURCES ? b->used++ : NONE;

	if (i == NONE)
		i = forget_oldest(b);
	b->entries[i] = (struct entry){.source = source, .tokens = b->full, .next = *chain};
	*chain = i;
	list_add(b, i);
	return i;
}

static uint16_t find(const struct bucket *b, uint16_t i, uint64_t source)
{
	while (i != NONE && b->entries[i].source != source)
		i = b->entries[i].next;
	return i;
}

static void fill(const struct bucket *b, struct entry *e, uint64_t now_ms)
{
	uint64_t passed_ms = now_ms > e->filled_ms ? now_ms - e->filled_ms : 0;

	/* The product is bounded by first asking whether it would fill the bucket anyway. */
	if (passed_ms > (b->full - e->tokens) / b->rate_s)
		e->tokens = b->full;
	else
		e->tokens += passed_ms * b->rate_s;
	e->filled_ms = now_ms;
}

bool bucket_take(struct bucket *b, uint64_t source, uint64_t now_ms)
{
	uint16_t *chain = chain_of(b, source);
	uint16_t i = find(b, *chain, source);
	struct entry *e;

	if (i == NONE) {
		i = add(b, chain, source);
	} else {
		list_remove(b, i);
		list_add(b, i);
	}
	e = &b->entries[i];
	fill(b, e, now_ms);
	if (e->tokens < TOKEN)
		return false;
	e->tokens -= TOKEN;
	return true;
}

uint64_t bucket_of(const struct addr *addr)
{
	uint64_t half[2];

	memcpy(half, addr->b, sizeof(half));
	return mix(half[0]) ^ half[1];
}

void bucket_free(struct bucket *b)
{
	free(b);
}
