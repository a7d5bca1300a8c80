/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the API: how the things of the core read in JSON, each written in one place only. */
#ifndef WEB_API_SHOW_H
#define WEB_API_SHOW_H

#include "gateway/core.h"
#include "web/jsonw.h"

struct api_traffic {
	uint32_t opening_id;
	uint64_t packets;
	uint64_t bytes;
};

/* The external IPv4 address now, for api_show_opening; any4: none. */
struct addr api_show_wan4(const struct core *core);
/* traffic NULL: not asked for. */
void api_show_opening(struct jsonw *j, const struct core *core, const struct addr *wan4,
	const struct opening *o, const struct api_traffic *traffic);
void api_show_status(struct jsonw *j, const struct core *core);
void api_show_record(struct jsonw *j, const struct db_record *r);
void api_show_device(struct jsonw *j, const char *key, const struct db_device *d);

#endif
