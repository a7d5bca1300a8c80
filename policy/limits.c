/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of settings; see limits.h. */
#include "policy/limits.h"

#include "protocols/err.h"

#include <string.h>

#define AT(field) offsetof(struct limits, field)

static const struct limits_entry table[] = {
	{"quota.device", AT(quota_device), 64, 0, 65536, "openings of one known device"},
	{"quota.new", AT(quota_new), 8, 0, 65536, "openings of one new device"},
	{"quota.zone", AT(quota_zone), 256, 0, 65536, "openings of all devices of one zone"},
	{"quota.total", AT(quota_total), 4096, 0, 65536, "openings in all"},
	{"lifetime.min", AT(lifetime_min_s), 120, 1, 3600, "shortest PCP lifetime, seconds"},
	{"lifetime.max", AT(lifetime_max_s), 86400, 120, 691200,
	 "longest PCP and NAT-PMP lifetime, seconds"},
	{"rate.device", AT(rate_device), 50, 1, 100000, "requests a second of one source"},
	{"rate.burst", AT(rate_burst), 200, 1, 100000, "requests of one source at once"},
	{"record.admin", AT(record_admin), 10000, 100, 1000000,
	 "record rows kept: the owner's acts"},
	{"record.openings", AT(record_openings), 20000, 100, 1000000, "record rows kept: openings"},
	{"record.refusals", AT(record_refusals), 5000, 100, 1000000, "record rows kept: refusals"},
};

const struct limits_entry *limits_table(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}

static void store(struct limits *l, const struct limits_entry *e, uint32_t value)
{
	memcpy((char *)l + e->offset, &value, sizeof(value));
}

void limits_init(struct limits *l)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		store(l, &table[i], table[i].initial);
}

uint32_t limits_get(const struct limits *l, const struct limits_entry *e)
{
	uint32_t value;

	memcpy(&value, (const char *)l + e->offset, sizeof(value));
	return value;
}

int limits_set(struct limits *l, struct str name, int64_t value)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!str_eq(name, str_from(table[i].name)))
			continue;
		if (value < table[i].min || value > table[i].max)
			return ERR_RANGE;
		store(l, &table[i], (uint32_t)value);
		return 0;
	}
	return ERR_NOT_FOUND;
}
