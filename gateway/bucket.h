/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A token bucket per source, which is a number (a device, an address by bucket_of), in a table
 * of fixed size: a source that floods runs dry by itself, others do not notice. When the table is
 * full the source heard least recently is forgotten, and comes back with a full bucket.
 */
#ifndef GATEWAY_BUCKET_H
#define GATEWAY_BUCKET_H

#include "protocols/addr.h"

#include <stdbool.h>
#include <stdint.h>

#define BUCKET_SOURCES 1024

struct bucket;

/* rate_s tokens a second, at most burst saved up; both at least 1. NULL: no memory. */
struct bucket *bucket_new(uint32_t rate_s, uint32_t burst);
/* From now on; sources keep what they have saved, up to the new burst. */
void bucket_set(struct bucket *bucket, uint32_t rate_s, uint32_t burst);
/* Takes one token of source; false when it has none left. now_ms never goes back. */
bool bucket_take(struct bucket *bucket, uint64_t source, uint64_t now_ms);
/* The number of an address; two IPv6 addresses in 2^64 share one. */
uint64_t bucket_of(const struct addr *addr);
void bucket_free(struct bucket *bucket);

#endif
