/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Openings and their leases as rows. */
#include "db/db.h"

#include "db/table.h"

#define OPENING(name, member, min, max) NUMBER(name, struct db_opening, member, min, max)
#define LEASE(name, member, min, max) NUMBER(name, struct db_lease, member, min, max)

static const struct field opening_fields[] = {
	OPENING("id", id, 1, UINT32_MAX),
	OPENING("device_id", device_id, 0, UINT32_MAX),
	OPENING("proto", proto, 1, UINT8_MAX),
	BYTES("external_addr", struct db_opening, external.addr),
	OPENING("external_port", external.port, 0, UINT16_MAX),
	BYTES("internal_addr", struct db_opening, internal.addr),
	OPENING("internal_port", internal.port, 0, UINT16_MAX),
	BYTES("remote_addr", struct db_opening, remote.addr),
	OPENING("remote_len", remote.len, 0, 128),
	OPENING("remote_port", remote_port, 0, UINT16_MAX),
	OPENING("disabled", disabled, 0, 1),
	OPENING("pinned", pinned, 0, 1),
	OPENING("outbound", outbound, 0, 1),
	OPENING("set_id", set_id, 0, UINT32_MAX),
	OPENING("set_offset", set_offset, 0, MAP_SET_MAX - 1),
	OPENING("rule_id", rule_id, 0, UINT32_MAX),
	OPENING("hand_id", hand_id, 0, UINT32_MAX),
	OPENING("suspended", suspended, 0, 1),
	OPENING("created_wall_s", created_wall_s, 0, INT64_MAX),
};

static const struct field lease_fields[] = {
	LEASE("opening_id", opening_id, 1, UINT32_MAX),
	LEASE("origin", origin, 0, MAP_ORIGINS - 1),
	LEASE("device_id", device_id, 0, UINT32_MAX),
	BYTES("client", struct db_lease, client),
	LEASE("client_port", client_port, 0, UINT16_MAX),
	BYTES_IF("nonce", struct db_lease, nonce, has_nonce),
	LEASE("granted_s", granted_s, 0, UINT32_MAX),
	LEASE("remaining_s", remaining_s, 0, UINT32_MAX),
	LEASE("expires_boot_ms", expires_boot_ms, 0, UINT64_MAX),
	LEASE("expires_wall_s", expires_wall_s, 0, INT64_MAX),
	TEXT("descr", struct db_lease, descr),
};

struct filter_row {
	uint32_t opening_id;
	uint8_t position;
	struct map_filter filter;
};

static const struct field filter_fields[] = {
	NUMBER("opening_id", struct filter_row, opening_id, 1, UINT32_MAX),
	NUMBER("position", struct filter_row, position, 0, MAP_FILTERS_MAX - 1),
	BYTES("remote_addr", struct filter_row, filter.remote.addr),
	NUMBER("remote_len", struct filter_row, filter.remote.len, 0, 128),
	NUMBER("remote_port", struct filter_row, filter.port, 0, UINT16_MAX),
};

static const char *opening_fault(const void *row)
{
	const struct db_opening *o = row;

	if (o->proto == MAP_PROTO_TCP || o->proto == MAP_PROTO_UDP)
		return NULL;
	return "proto is neither TCP nor UDP";
}

static const struct table openings = {
	.name = "openings",
	FIELDS(opening_fields),
	.keys = 1,
	.row_size = sizeof(struct db_opening),
	.fault = opening_fault,
};

static const struct table leases = {
	.name = "leases",
	FIELDS(lease_fields),
	.keys = 2,
	.row_size = sizeof(struct db_lease),
};

static const struct table filters = {
	.name = "filters",
	FIELDS(filter_fields),
	.keys = 2,
	.row_size = sizeof(struct filter_row),
};

/* The same rows by opening alone. */
static const struct table filters_of = {
	.name = "filters",
	FIELDS(filter_fields),
	.keys = 1,
	.row_size = sizeof(struct filter_row),
};

int db_opening_put(struct db *db, const struct db_opening *o)
{
	return table_put(db, SQL_OPENING_PUT, &openings, o);
}

int db_lease_put(struct db *db, const struct db_lease *l)
{
	return table_put(db, SQL_LEASE_PUT, &leases, l);
}

int db_filters_replace(struct db *db, uint32_t opening_id, const struct map_filter *rows,
	size_t count)
{
	struct filter_row row = {.opening_id = opening_id};
	int err = table_delete(db, SQL_FILTERS_DELETE, &filters_of, &row);

	for (size_t i = 0; i < count && !err; i++) {
		row.position = (uint8_t)i;
		row.filter = rows[i];
		err = table_put(db, SQL_FILTER_PUT, &filters, &row);
	}
	return err;
}

int db_opening_delete(struct db *db, uint32_t id)
{
	const struct db_opening key = {.id = id};

	return table_delete(db, SQL_OPENING_DELETE, &openings, &key);
}

int db_lease_delete(struct db *db, uint32_t opening_id, enum map_origin origin)
{
	const struct db_lease key = {.opening_id = opening_id, .origin = origin};

	return table_delete(db, SQL_LEASE_DELETE, &leases, &key);
}

int db_openings_clear(struct db *db)
{
	return sql_run(db, SQL_OPENINGS_CLEAR, "DELETE FROM openings");
}

int db_openings_each(struct db *db, db_opening_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_OPENINGS_EACH, &openings, " ORDER BY id");
	struct db_opening o;

	while (table_next(&c, &o))
		c.err = fn(arg, &o);
	return table_end(&c);
}

int db_leases_each(struct db *db, db_lease_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_LEASES_EACH, &leases,
		" ORDER BY opening_id, origin");
	struct db_lease l;

	while (table_next(&c, &l))
		c.err = fn(arg, &l);
	return table_end(&c);
}

int db_filters_each(struct db *db, db_filter_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_FILTERS_EACH, &filters,
		" ORDER BY opening_id, position");
	struct filter_row row;

	while (table_next(&c, &row))
		c.err = fn(arg, row.opening_id, &row.filter);
	return table_end(&c);
}
