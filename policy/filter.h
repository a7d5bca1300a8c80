/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters of an opening (RFC 6887 section 13.3): which remote peers may come in. A list keeps what
 * the client said; pieces are the same peers as boxes of addresses and ports of which no two
 * overlap, as the kernel's interval sets ask for.
 */
#ifndef POLICY_FILTER_H
#define POLICY_FILTER_H

#include "protocols/map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Adds those that are not in the list yet, bits beyond their prefix cleared. ERR_FULL: more than
 * MAP_FILTERS_MAX, and the list is as it was. */
int filter_add(struct map_filters *list, const struct map_filter *more, size_t count);
bool filter_eq(const struct map_filters *a, const struct map_filters *b);
/* Every filter is of this family. */
bool filter_is_family(const struct map_filter *filters, size_t count, bool is4);
/* Returns how many pieces were written. */
size_t filter_pieces(const struct map_filters *list, struct map_piece out[MAP_PIECES_MAX]);

#endif
