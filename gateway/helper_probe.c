/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See helper_probe.h. Two token buckets; there are not so many addresses in the second one that
 * the first one would let through enough others, within a rest, to have one forgotten.
 */
#include "gateway/helper_probe.h"

#include "gateway/bucket.h"

#include <stdlib.h>
#include <string.h>

struct helper_probe {
	struct bucket *all;
	struct bucket *by_mac;	/* on a clock that runs slower, as a bucket fills once a second */
};

_Static_assert(HELPER_PROBE_BURST + HELPER_PROBE_PER_S * HELPER_PROBE_REST_S < BUCKET_SOURCES,
	"the one asked about least recently is forgotten too soon");

struct helper_probe *helper_probe_new(void)
{
	struct helper_probe *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->all = bucket_new(HELPER_PROBE_PER_S, HELPER_PROBE_BURST);
	p->by_mac = bucket_new(1, HELPER_PROBE_OF_ONE);
	if (p->all && p->by_mac)
		return p;
	helper_probe_free(p);
	return NULL;
}

bool helper_probe_may(struct helper_probe *p, const struct wire_probe *probe, uint64_t now_ms)
{
	struct addr addr;

	memcpy(addr.b, probe->addr, sizeof(addr.b));
	/* This order: who asks after many by MAC shall not have them forgotten for free. */
	return bucket_take(p->all, 0, now_ms) &&
	       (!probe->has_mac ||
		bucket_take(p->by_mac, bucket_of(&addr), now_ms / HELPER_PROBE_REST_S));
}

void helper_probe_free(struct helper_probe *p)
{
	if (!p)
		return;
	bucket_free(p->all);
	bucket_free(p->by_mac);
	free(p);
}
