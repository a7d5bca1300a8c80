/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters; see filter.h. Prefixes are nested or apart, and a filter has one port or all of them:
 * so only a filter of all ports can stick out of a wider one of a single port, and leaving that
 * port out of its range is enough to part the two.
 */
#include "policy/filter.h"

#include "protocols/err.h"

static bool is_same(const struct map_filter *a, const struct map_filter *b)
{
	return prefix_eq(&a->remote, &b->remote) && a->port == b->port;
}

static bool has_filter(const struct map_filters *list, const struct map_filter *f)
{
	for (size_t i = 0; i < list->count; i++) {
		if (is_same(&list->at[i], f))
			return true;
	}
	return false;
}

int filter_add(struct map_filters *list, const struct map_filter *more, size_t count)
{
	struct map_filters wider = *list;

	for (size_t i = 0; i < count; i++) {
		struct map_filter f = {
			prefix_mask(&more[i].remote.addr, more[i].remote.len), more[i].port};
		if (has_filter(&wider, &f))
			continue;
		if (wider.count == MAP_FILTERS_MAX)
			return ERR_FULL;
		wider.at[wider.count++] = f;
	}
	*list = wider;
	return 0;
}

bool filter_eq(const struct map_filters *a, const struct map_filters *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; i < a->count && same; i++)
		same = is_same(&a->at[i], &b->at[i]);
	return same;
}

bool filter_is_family(const struct map_filter *filters, size_t count, bool is4)
{
	for (size_t i = 0; i < count; i++) {
		if (addr_is4(&filters[i].remote.addr) != is4 ||
			(is4 && filters[i].remote.len < ADDR4_PREFIX_BITS))
			return false;
	}
	return true;
}

/* Another one admits all that this one does. */
static bool is_covered(const struct map_filters *list, const struct map_filter *f)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct map_filter *other = &list->at[i];
		if (other != f && prefix_within(&f->remote, &other->remote) &&
			(other->port == 0 || other->port == f->port))
			return true;
	}
	return false;
}

/* The first port from min on that a wider filter has for itself; UINT16_MAX + 1: none. */
static uint32_t next_taken(const struct map_filters *list, const struct map_filter *f, uint32_t min)
{
	uint32_t next = UINT16_MAX + 1u;

	for (size_t i = 0; i < list->count; i++) {
		const struct map_filter *wide = &list->at[i];
		if (wide->port != 0 && wide->port >= min && wide->port < next &&
			prefix_within(&f->remote, &wide->remote) && !is_covered(list, wide))
			next = wide->port;
	}
	return next;
}

size_t filter_pieces(const struct map_filters *list, struct map_piece out[MAP_PIECES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct map_filter *f = &list->at[i];
		uint32_t min = 0;
		if (is_covered(list, f))
			continue;
		if (f->port != 0) {
			out[n++] = (struct map_piece){f->remote, f->port, f->port};
			continue;
		}
		while (min <= UINT16_MAX) {
			uint32_t taken = next_taken(list, f, min);
			if (taken > min)
				out[n++] = (struct map_piece){
					f->remote, (uint16_t)min, (uint16_t)(taken - 1)};
			min = taken + 1;
		}
	}
	return n;
}
