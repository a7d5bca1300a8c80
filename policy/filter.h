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

/* Of four filters of all ports within four of one port each: 4 * (4 + 1) + 4. */
#define FILTER_PIECES_MAX 24

struct filter_list {
	uint8_t count;			/* 0: everybody */
	struct map_filter at[MAP_FILTERS_MAX];
};

struct filter_piece {
	struct prefix remote;
	uint16_t port_min, port_max;	/* inclusive */
};

/* Adds those that are not in the list yet, bits beyond their prefix cleared. ERR_FULL: more than
 * MAP_FILTERS_MAX, and the list is as it was. */
int filter_add(struct filter_list *list, const struct map_filter *more, size_t count);
bool filter_eq(const struct filter_list *a, const struct filter_list *b);
/* Every filter is of this family. */
bool filter_is_family(const struct map_filter *filters, size_t count, bool is4);
/* Returns how many pieces were written. */
size_t filter_pieces(const struct filter_list *list, struct filter_piece out[FILTER_PIECES_MAX]);

#endif
