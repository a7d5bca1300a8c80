/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits the owner may change at run time: settings of the store, whole numbers by name. One table
 * holds name, default, range and meaning.
 */
#ifndef POLICY_LIMITS_H
#define POLICY_LIMITS_H

#include "protocols/str.h"

#include <stddef.h>
#include <stdint.h>

struct limits {
	uint32_t quota_device;		/* openings of an admin or member device */
	uint32_t quota_new;		/* openings of a new device */
	uint32_t quota_zone;		/* openings of all devices of one zone */
	uint32_t quota_total;		/* openings in all */
	uint32_t lifetime_min_s;	/* PCP only: NAT-PMP never grants more than was asked */
	uint32_t lifetime_max_s;	/* PCP and NAT-PMP */
	uint32_t rate_device;		/* requests a second of one source */
	uint32_t rate_burst;		/* requests at once */
	uint32_t record_admin;		/* rows kept of each ring */
	uint32_t record_openings;
	uint32_t record_refusals;
};

struct limits_entry {
	const char *name;
	size_t offset;			/* of the uint32_t in struct limits */
	uint32_t initial, min, max;
	const char *meaning;
};

const struct limits_entry *limits_table(size_t *count);
void limits_init(struct limits *l);
uint32_t limits_get(const struct limits *l, const struct limits_entry *e);
/* ERR_NOT_FOUND: no such name; ERR_RANGE: outside min..max, nothing changes. */
int limits_set(struct limits *l, struct str name, int64_t value);

#endif
