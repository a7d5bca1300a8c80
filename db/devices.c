/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices, and the addresses that are theirs: an address belongs to one device at a time. Whom the
 * owner lets call a device are rows of their own, and part of it.
 */
#include "db/db.h"

#include "db/table.h"
#include "policy/rule.h"

#include <string.h>

struct addr_row {
	struct addr addr;
	uint32_t device_id;
	char ifname[DB_IFNAME_MAX];
};

struct caller_row {
	uint32_t device_id;
	uint8_t position;
	struct prefix prefix;
};

#define DEVICE(name, member, min, max) NUMBER(name, struct db_device, member, min, max)

static const struct field device_fields[] = {
	DEVICE("id", id, 1, UINT32_MAX),
	BYTES_IF("mac", struct db_device, mac, has_mac),
	TEXT("ifname", struct db_device, ifname),
	TEXT("name", struct db_device, name),
	TEXT("hostname", struct db_device, hostname),
	BYTES("client_id", struct db_device, client_id),
	DEVICE("zone", zone, 0, RULE_ZONES - 1),
	DEVICE("guest", guest, 0, 1),
	DEVICE("phone", phone, 0, 1),
	DEVICE("sip_seen", sip_seen, 0, 1),
	DEVICE("first_wall_s", first_wall_s, 0, INT64_MAX),
	DEVICE("last_wall_s", last_wall_s, 0, INT64_MAX),
};

static const struct field addr_fields[] = {
	BYTES("addr", struct addr_row, addr),
	NUMBER("device_id", struct addr_row, device_id, 1, UINT32_MAX),
	TEXT("ifname", struct addr_row, ifname),
};

static const struct field caller_fields[] = {
	NUMBER("device_id", struct caller_row, device_id, 1, UINT32_MAX),
	NUMBER("position", struct caller_row, position, 0, DB_CALLERS_MAX - 1),
	BYTES("addr", struct caller_row, prefix.addr),
	NUMBER("len", struct caller_row, prefix.len, 0, 128),
};

static const struct table devices = {
	.name = "devices",
	FIELDS(device_fields),
	.keys = 1,
	.row_size = sizeof(struct db_device),
};

static const struct table device_addrs = {
	.name = "device_addrs",
	FIELDS(addr_fields),
	.keys = 1,
	.row_size = sizeof(struct addr_row),
};

static const char *caller_fault(const void *row)
{
	const struct caller_row *c = row;

	return prefix_is_sound(&c->prefix) ? NULL : "it is no prefix";
}

static const struct table callers = {
	.name = "callers",
	FIELDS(caller_fields),
	.keys = 2,
	.row_size = sizeof(struct caller_row),
	.fault = caller_fault,
};

/* The same rows by device alone. */
static const struct table callers_of = {
	.name = "callers",
	FIELDS(caller_fields),
	.keys = 1,
	.row_size = sizeof(struct caller_row),
	.fault = caller_fault,
};

static int put_callers(struct db *db, const struct db_device *d)
{
	struct caller_row row = {.device_id = d->id};
	int err = table_delete(db, SQL_CALLERS_DELETE, &callers_of, &row);

	for (uint8_t i = 0; i < d->callers.count && !err; i++) {
		row.position = i;
		row.prefix = d->callers.at[i];
		err = table_put(db, SQL_CALLER_PUT, &callers, &row);
	}
	return err;
}

/* No more than there are positions. */
static int get_callers(struct db *db, struct db_device *d)
{
	struct cursor c = table_select(db, SQL_CALLERS_OF, &callers,
		" WHERE device_id = ?1 ORDER BY position");
	struct caller_row row;

	d->callers.count = 0;
	if (!c.err)
		c.err = sql_check(db, sqlite3_bind_int64(c.stmt, 1, d->id));
	while (table_next(&c, &row))
		d->callers.at[d->callers.count++] = row.prefix;
	return table_end(&c);
}

int db_device_put(struct db *db, const struct db_device *d)
{
	int err = table_put(db, SQL_DEVICE_PUT, &devices, d);

	return err ? err : put_callers(db, d);
}

int db_device_addr_put(struct db *db, uint32_t device_id, const struct addr *addr,
	const char *ifname)
{
	struct addr_row row = {.addr = *addr, .device_id = device_id};
	size_t len = strnlen(ifname, DB_IFNAME_MAX);

	memcpy(row.ifname, ifname, len);
	return table_put(db, SQL_DEVICE_ADDR_PUT, &device_addrs, &row);
}

int db_device_addr_delete(struct db *db, const struct addr *addr)
{
	const struct addr_row key = {.addr = *addr};

	return table_delete(db, SQL_DEVICE_ADDR_DELETE, &device_addrs, &key);
}

int db_device_delete(struct db *db, uint32_t id)
{
	const struct db_device key = {.id = id};

	return table_delete(db, SQL_DEVICE_DELETE, &devices, &key);
}

int db_devices_clear(struct db *db)
{
	return sql_run(db, SQL_DEVICES_CLEAR, "DELETE FROM devices");
}

int db_device_addrs_clear(struct db *db)
{
	return sql_run(db, SQL_DEVICE_ADDRS_CLEAR, "DELETE FROM device_addrs");
}

int db_devices_each(struct db *db, db_device_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_DEVICES_EACH, &devices, " ORDER BY id");
	struct db_device d;

	while (table_next(&c, &d)) {
		c.err = get_callers(db, &d);
		if (!c.err)
			c.err = fn(arg, &d);
	}
	return table_end(&c);
}

int db_device_addrs_each(struct db *db, db_device_addr_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_DEVICE_ADDRS_EACH, &device_addrs, " ORDER BY addr");
	struct addr_row row;

	while (table_next(&c, &row))
		c.err = fn(arg, row.device_id, &row.addr, row.ifname);
	return table_end(&c);
}
