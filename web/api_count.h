/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the API: the kernel's counters, asked once for all that an answer shows. */
#ifndef WEB_API_COUNT_H
#define WEB_API_COUNT_H

#include "web/api_show.h"

struct api_tally;

/* An opening the kernel does not have counts nothing. */
struct core_traffic api_tally_of(const struct api_tally *t, uint32_t opening_id);
void api_tally_add(struct core_traffic *sum, const struct core_traffic *t);

/* Counts, and then answers the call by this; or with what went wrong. id: the one opening that is
 * wanted; 0: all. */
typedef void api_counted_fn(struct httpd_request *req, const struct api *api, uint32_t id,
	const struct api_tally *t);
void api_count(const struct api_call *call, uint32_t id, api_counted_fn *answer);

#endif
