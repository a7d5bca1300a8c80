/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The schema as steps: user_version says how many of them a file has seen. A step that was
 * released is never changed; a new one is added behind. Columns stand in the order of the field
 * tables only for the reader's eye, they are always named.
 *
 * Device ids are not foreign keys: an opening may outlive what is known of its device, and a
 * lease must not be lost because its device came later in the batch.
 */
#include "db/schema.h"

#define APPLICATION_ID 0x50737472	/* "Pstr"; in the first step as a decimal number */

static const char *const steps[] = {
	"PRAGMA application_id = 1349743730;"
	"CREATE TABLE state ("
	" id INTEGER PRIMARY KEY,"
	" boot_id BLOB NOT NULL,"
	" epoch_start_boot_ms INTEGER NOT NULL,"
	" epoch_start_wall_s INTEGER NOT NULL,"
	" next_opening_id INTEGER NOT NULL,"
	" next_pinhole_id INTEGER NOT NULL,"
	" upnp_boot_id INTEGER NOT NULL,"
	" uuid BLOB NOT NULL,"
	" upnp_token BLOB NOT NULL,"
	" wan4 BLOB NOT NULL"
	") STRICT;"
	"CREATE TABLE settings ("
	" name TEXT PRIMARY KEY,"
	" value INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE devices ("
	" id INTEGER PRIMARY KEY,"
	" mac BLOB,"
	" ifname TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" zone INTEGER NOT NULL,"
	" first_wall_s INTEGER NOT NULL,"
	" last_wall_s INTEGER NOT NULL"
	") STRICT;"
	"CREATE TABLE device_addrs ("
	" addr BLOB PRIMARY KEY,"
	" device_id INTEGER NOT NULL REFERENCES devices ON DELETE CASCADE"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX device_addrs_device ON device_addrs (device_id);"
	"CREATE TABLE openings ("
	" id INTEGER PRIMARY KEY,"
	" device_id INTEGER NOT NULL,"
	" proto INTEGER NOT NULL,"
	" external_addr BLOB NOT NULL,"
	" external_port INTEGER NOT NULL,"
	" internal_addr BLOB NOT NULL,"
	" internal_port INTEGER NOT NULL,"
	" remote_addr BLOB NOT NULL,"
	" remote_len INTEGER NOT NULL,"
	" remote_port INTEGER NOT NULL,"
	" disabled INTEGER NOT NULL,"
	" pinned INTEGER NOT NULL,"
	" rule_id INTEGER NOT NULL,"
	" created_wall_s INTEGER NOT NULL"
	") STRICT;"
	"CREATE TABLE leases ("
	" opening_id INTEGER NOT NULL REFERENCES openings ON DELETE CASCADE,"
	" origin INTEGER NOT NULL,"
	" device_id INTEGER NOT NULL,"
	" client BLOB NOT NULL,"
	" client_port INTEGER NOT NULL,"
	" nonce BLOB,"
	" granted_s INTEGER NOT NULL,"
	" remaining_s INTEGER NOT NULL,"
	" expires_boot_ms INTEGER NOT NULL,"
	" expires_wall_s INTEGER NOT NULL,"
	" descr TEXT NOT NULL,"
	" PRIMARY KEY (opening_id, origin)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE rules ("
	" id INTEGER PRIMARY KEY,"
	" position INTEGER NOT NULL UNIQUE,"
	" enabled INTEGER NOT NULL,"
	" verdict INTEGER NOT NULL,"
	" zones INTEGER NOT NULL,"
	" device_id INTEGER NOT NULL,"
	" origins INTEGER NOT NULL,"
	" proto INTEGER NOT NULL,"
	" external_min INTEGER NOT NULL,"
	" external_max INTEGER NOT NULL,"
	" internal_min INTEGER NOT NULL,"
	" internal_max INTEGER NOT NULL,"
	" risk INTEGER NOT NULL,"
	" lifetime_max_s INTEGER NOT NULL,"
	" note TEXT NOT NULL"
	") STRICT;"
	"CREATE TABLE record ("
	" seq INTEGER PRIMARY KEY,"
	" ring INTEGER NOT NULL,"
	" wall_s INTEGER NOT NULL,"
	" wall_synced INTEGER NOT NULL,"
	" device_id INTEGER NOT NULL,"
	" opening_id INTEGER NOT NULL,"
	" rule_id INTEGER NOT NULL,"
	" origin INTEGER NOT NULL,"
	" result INTEGER NOT NULL,"
	" proto INTEGER NOT NULL,"
	" external_addr BLOB NOT NULL,"
	" external_port INTEGER NOT NULL,"
	" internal_addr BLOB NOT NULL,"
	" internal_port INTEGER NOT NULL,"
	" client BLOB NOT NULL,"
	" lifetime_s INTEGER NOT NULL,"
	" count INTEGER NOT NULL,"
	" what TEXT NOT NULL,"
	" why TEXT NOT NULL,"
	" descr TEXT NOT NULL,"
	" hash BLOB NOT NULL"
	") STRICT;"
	"CREATE INDEX record_ring ON record (ring);"
	"CREATE TABLE record_chains ("
	" ring INTEGER PRIMARY KEY,"
	" anchor BLOB NOT NULL,"
	" head BLOB NOT NULL,"
	" head_seq INTEGER NOT NULL"
	") STRICT;"
	"PRAGMA user_version = 1;",
	/* PCP: filters, units of ports, openings for others. */
	"ALTER TABLE openings ADD COLUMN set_id INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE openings ADD COLUMN set_offset INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE rules ADD COLUMN third_party INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE filters ("
	" opening_id INTEGER NOT NULL REFERENCES openings ON DELETE CASCADE,"
	" position INTEGER NOT NULL,"
	" remote_addr BLOB NOT NULL,"
	" remote_len INTEGER NOT NULL,"
	" remote_port INTEGER NOT NULL,"
	" PRIMARY KEY (opening_id, position)"
	") STRICT, WITHOUT ROWID;"
	"PRAGMA user_version = 2;",
	/* PCP: outbound flows. */
	("ALTER TABLE openings ADD COLUMN outbound INTEGER NOT NULL DEFAULT 0;"
	 "PRAGMA user_version = 3;"),
};

#define STEPS ((int64_t)(sizeof(steps) / sizeof(steps[0])))

int schema_check(struct db *db)
{
	int64_t application = 0, version = 0, tables = 0;
	int err = sql_number(db, "PRAGMA application_id", &application);

	if (!err)
		err = sql_number(db, "PRAGMA user_version", &version);
	if (!err)
		err = sql_number(db, "SELECT count(*) FROM sqlite_schema", &tables);
	if (err)
		return err;
	if (application != APPLICATION_ID && tables > 0)
		return ERR_VERSION;
	return version > STEPS ? ERR_VERSION : 0;
}

int schema_migrate(struct db *db)
{
	int64_t version = 0;
	int err = sql_number(db, "PRAGMA user_version", &version);

	if (!err && version < 0)
		err = sql_say(db, ERR_CORRUPT, "user_version", "below zero");
	for (; !err && version < STEPS; version++)
		err = sql_exec(db, steps[version]);
	return err;
}
