/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store: one SQLite file that remembers what the table in memory knows. Everything here is
 * synchronous and belongs to the database thread (db/queue.h) once that runs; nothing logs.
 *
 * Times: *_wall_s are seconds since 1970, 0 where no clock could be trusted; *_boot_ms are
 * CLOCK_BOOTTIME and mean something only together with the boot id they were written under.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include "policy/rule.h"
#include "protocols/addr.h"
#include "protocols/map.h"

#include <stdbool.h>
#include <stdint.h>

#define DB_BOOT_ID_LEN 16
#define DB_IFNAME_MAX 16
#define DB_NAME_MAX 64

struct db;

/* Creates and migrates what is missing. *set_aside receives a malloc'ed name if a file that could
 * not be believed was set aside, else is untouched; set_aside may be NULL. ERR_VERSION: written by
 * a newer Postern or another program, and left as it is. ERR_BUSY: another process has it. */
int db_open(const char *path, struct db **out, char **set_aside);
void db_close(struct db *db);
/* The words for the last failure on this connection, SQLite's or "table.column: ..." of a row that
 * cannot be; valid until the next call. */
const char *db_reason(const struct db *db);

/* durable: COMMIT returns after a sync (admin changes); else NORMAL (leases, record). */
int db_begin(struct db *db, bool durable);
/* All or nothing: once a statement of the transaction has failed in SQLite, those after it and the
 * commit fail alike. A commit that fails has rolled back. */
int db_commit(struct db *db);
void db_rollback(struct db *db);

/*
 * Common to all below: *_put refuses with ERR_RANGE what could not be read again (a number out of
 * its range, text that is no UTF-8 or not terminated). *_each and _get give ERR_CORRUPT for a row
 * that cannot be, and stop where fn returns other than 0, with that value; fn does not start the
 * same walk again.
 */

/* ---- openings and leases (db/openings.c) ---- */

struct db_lease {
	uint32_t opening_id;
	enum map_origin origin;
	uint32_t device_id;
	struct addr client;		/* where answers and news go */
	uint16_t client_port;		/* of its last request; 0 unknown */
	bool has_nonce;
	uint8_t nonce[MAP_NONCE_LEN];
	uint32_t granted_s;		/* MAP_LIFETIME_ENDLESS: while the device is at home */
	uint32_t remaining_s;		/* when this row was written */
	uint64_t expires_boot_ms;	/* in the boot of the row's meta (below) */
	uint64_t expires_wall_s;	/* 0: the clock was not synced */
	char descr[MAP_DESCR_MAX + 1];
};

struct db_opening {
	uint32_t id;
	uint32_t device_id;
	uint8_t proto;
	struct endpoint external;	/* port for IPv4; address as last seen */
	struct endpoint internal;
	struct prefix remote;
	uint16_t remote_port;
	bool disabled;
	bool pinned;
	bool outbound;			/* a flow to remote, remote_port leaves from external */
	uint32_t set_id;		/* opened as a unit: id of its first one; 0: by itself */
	uint8_t set_offset;		/* place in the unit */
	uint32_t rule_id;		/* that allowed it; 0: built in */
	uint64_t created_wall_s;
};

/* Upserts by id; by (opening_id, origin). */
int db_opening_put(struct db *db, const struct db_opening *o);
int db_lease_put(struct db *db, const struct db_lease *l);
/* All of an opening's filters; count 0: none. */
int db_filters_replace(struct db *db, uint32_t opening_id, const struct map_filter *filters,
	size_t count);
/* An opening goes with its leases and filters. Absent is no error. */
int db_opening_delete(struct db *db, uint32_t id);
int db_lease_delete(struct db *db, uint32_t opening_id, enum map_origin origin);
int db_openings_clear(struct db *db);	/* all of them, with their leases */
typedef int db_opening_fn(void *arg, const struct db_opening *o);
typedef int db_lease_fn(void *arg, const struct db_lease *l);
typedef int db_filter_fn(void *arg, uint32_t opening_id, const struct map_filter *f);
int db_openings_each(struct db *db, db_opening_fn *fn, void *arg);	/* by id */
int db_leases_each(struct db *db, db_lease_fn *fn, void *arg);		/* by opening id */
/* By opening id, in order. */
int db_filters_each(struct db *db, db_filter_fn *fn, void *arg);

/* ---- the state that is one row (db/state.c) ---- */

struct db_state {
	uint8_t boot_id[DB_BOOT_ID_LEN];	/* under which the boot times here were written */
	uint64_t epoch_start_boot_ms;		/* PCP/NAT-PMP epoch 0; may be "negative" (wraps) */
	uint64_t epoch_start_wall_s;		/* 0: not known */
	uint32_t next_opening_id;		/* IPv4: from 65536 up, never used twice */
	uint32_t next_pinhole_id;		/* IPv6: 1..65535 and around, as UniqueID is ui2 */
	uint32_t upnp_boot_id;			/* BOOTID.UPNP.ORG last announced */
	uint8_t uuid[16];			/* of the UPnP root device */
	uint8_t upnp_token[16];			/* unguessable part of control URLs */
	struct addr wan4;			/* last external address; any4: none */
};
int db_state_get(struct db *db, struct db_state *out);	/* ERR_NOT_FOUND on a new file */
int db_state_put(struct db *db, const struct db_state *s);

/* ---- settings (db/settings.c): whole numbers by name ---- */

typedef int db_setting_fn(void *arg, const char *name, int64_t value);
int db_settings_each(struct db *db, db_setting_fn *fn, void *arg);
int db_setting_put(struct db *db, const char *name, int64_t value);

/* ---- devices (db/devices.c) ---- */

struct db_device {
	uint32_t id;
	bool has_mac;
	uint8_t mac[6];
	char ifname[DB_IFNAME_MAX];
	char name[DB_NAME_MAX + 1];	/* for display; never decides */
	uint8_t zone;			/* enum rule_zone */
	uint64_t first_wall_s;
	uint64_t last_wall_s;
};
typedef int db_device_fn(void *arg, const struct db_device *d);
typedef int db_device_addr_fn(void *arg, uint32_t device_id, const struct addr *addr);
int db_device_put(struct db *db, const struct db_device *d);
int db_device_addr_put(struct db *db, uint32_t device_id, const struct addr *addr); /* moves it */
int db_device_addr_delete(struct db *db, const struct addr *addr);
/* A device goes with its addresses. Absent is no error. */
int db_device_delete(struct db *db, uint32_t id);
int db_devices_clear(struct db *db);	/* all of them, with their addresses */
int db_device_addrs_clear(struct db *db);
int db_devices_each(struct db *db, db_device_fn *fn, void *arg);
int db_device_addrs_each(struct db *db, db_device_addr_fn *fn, void *arg);

/* ---- rules (db/rules.c): rows only; their meaning is policy/rule.h's ---- */

typedef int db_rule_fn(void *arg, const struct rule *r);
int db_rules_each(struct db *db, db_rule_fn *fn, void *arg);	/* by position */
/* All or nothing, in the caller's transaction. */
int db_rules_replace(struct db *db, const struct rule *rules, size_t count);

/* ---- record (db/record.c): rows that are never changed, one hash chain a ring ---- */

enum db_ring { DB_RING_ADMIN = 0, DB_RING_OPENINGS = 1, DB_RING_REFUSALS = 2 };
#define DB_RINGS 3
#define DB_RECORD_TEXT_MAX 160

struct db_record {
	uint64_t seq;			/* given by db_record_add; counts up over all rings */
	enum db_ring ring;
	uint64_t wall_s;
	bool wall_synced;
	uint32_t device_id;
	uint32_t opening_id;
	uint32_t rule_id;
	enum map_origin origin;
	enum map_result result;
	uint8_t proto;
	struct endpoint external;
	struct endpoint internal;
	struct addr client;
	uint32_t lifetime_s;
	uint32_t count;			/* how many such events this row stands for */
	char what[24];			/* "open", "renew", "close", "expire", "refuse", ... */
	char why[DB_RECORD_TEXT_MAX + 1];	/* the reason in words */
	char descr[MAP_DESCR_MAX + 1];
};
/* In the caller's transaction, as db_record_prune. */
int db_record_add(struct db *db, const struct db_record *r);
typedef int db_record_fn(void *arg, const struct db_record *r);
/* Newest first, at most count rows with seq below before (0: from the newest). */
int db_record_page(struct db *db, uint64_t before, uint32_t count, db_record_fn *fn, void *arg);
/* Keeps the newest keep rows of the ring, moving the chain's anchor. */
int db_record_prune(struct db *db, enum db_ring ring, uint32_t keep);
/* ERR_CORRUPT: *bad_seq is the first row that does not fit its chain, or that is missing at a
 * chain's end. Reads all rows: some microseconds each. */
int db_record_verify(struct db *db, uint64_t *bad_seq);

#endif
