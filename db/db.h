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

#include "policy/card.h"
#include "policy/hand.h"
#include "policy/rule.h"
#include "protocols/addr.h"
#include "protocols/map.h"

#include <stdbool.h>
#include <stdint.h>

#define DB_BOOT_ID_LEN 16
#define DB_IFNAME_MAX 16
#define DB_NAME_MAX 64
#define DB_CLIENT_ID_LEN 16
#define DB_HASH_LEN 32			/* BLAKE2b-256 */
#define DB_ACCOUNT_NAME_MAX 32
#define DB_PASSWORD_HASH_MAX 128	/* crypto_pwhash_STRBYTES with its NUL */
#define DB_LABEL_MAX 128

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
	uint32_t hand_id;		/* made of this opening by hand; 0: an app's */
	bool suspended;			/* its device is not at this address any more */
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
	bool attended;				/* somebody looks after this router */
	uint8_t preset;				/* enum preset_id, the last one applied */
};
int db_state_get(struct db *db, struct db_state *out);	/* ERR_NOT_FOUND on a new file */
int db_state_put(struct db *db, const struct db_state *s);

/* ---- settings (db/settings.c): whole numbers by name ---- */

typedef int db_setting_fn(void *arg, const char *name, int64_t value);
int db_settings_each(struct db *db, db_setting_fn *fn, void *arg);
int db_setting_put(struct db *db, const char *name, int64_t value);

/* ---- devices (db/devices.c) ---- */

#define DB_CALLERS_MAX 8	/* a provider's farm is a prefix or two */
/* Prefixes; each once. */
struct db_callers {
	uint8_t count;
	struct prefix at[DB_CALLERS_MAX];
};
struct db_device {
	uint32_t id;
	bool has_mac;
	uint8_t mac[6];
	char ifname[DB_IFNAME_MAX];
	char name[DB_NAME_MAX + 1];	/* the owner's word for it, "": none; never decides */
	char hostname[DB_NAME_MAX + 1];	/* what it calls itself by DHCP; never decides */
	uint8_t client_id[DB_CLIENT_ID_LEN];	/* BLAKE2b of its DHCP client id or DUID; zeros */
	uint8_t zone;			/* enum rule_zone */
	bool guest;			/* it lives on a guest interface */
	bool phone;			/* the SIP ALG works for it */
	bool sip_seen;			/* it once sent to a SIP port: it looks like a phone */
	struct db_callers callers;	/* whom the owner lets call this phone, wherever it is
					   registered */
	uint64_t first_wall_s;
	uint64_t last_wall_s;
};
typedef int db_device_fn(void *arg, const struct db_device *d);
typedef int db_device_addr_fn(void *arg, uint32_t device_id, const struct addr *addr,
	const char *ifname);
int db_device_put(struct db *db, const struct db_device *d);
/* Moves the address to the device. ifname: where it was seen, "": not known. */
int db_device_addr_put(struct db *db, uint32_t device_id, const struct addr *addr,
	const char *ifname);
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

/* ---- openings by hand (db/hands.c) ---- */

typedef int db_hand_fn(void *arg, const struct hand *h);
int db_hands_each(struct db *db, db_hand_fn *fn, void *arg);	/* by id */
int db_hand_put(struct db *db, const struct hand *h);
int db_hand_delete(struct db *db, uint32_t id);
int db_hands_clear(struct db *db);

/* ---- cards (db/cards.c) ---- */

typedef int db_card_fn(void *arg, const struct card *c);
int db_cards_each(struct db *db, db_card_fn *fn, void *arg);	/* by id, with their items */
/* With its items, in the caller's transaction; what has not changed is not written again. */
int db_card_put(struct db *db, const struct card *c);
int db_card_delete(struct db *db, uint32_t id);

/* ---- alerts (db/alerts.c) ---- */

/* Stored: append only. */
enum db_alert_kind {
	DB_ALERT_FORGED = 0,	/* mac sends with addr, which is device_id's */
	DB_ALERT_GATEWAY = 1,	/* mac claims to be the router (text: by what) */
	DB_ALERT_SAME_DEVICE = 2, /* device_id may be other_id with another MAC (text: why) */
	DB_ALERT_CLONE = 3,	/* two hosts send with one MAC */
	DB_ALERT_FIREWALL = 4,	/* another firewall, or ours, does not let openings work */
	DB_ALERT_STORE = 5,	/* the disk fails */
	DB_ALERT_POLICY = 6,	/* the stored policy could not be believed (text: place, reason) */
	DB_ALERT_SIP_HELPER = 7, /* the kernel's SIP helper is active as well */
	DB_ALERT_TAKEN = 8,	/* an opening by hand does not come about (text: why) */
	DB_ALERT_SIP = 9,	/* phones cannot be helped now (text: why) */
};
#define DB_ALERT_KINDS 10

struct db_alert {
	uint32_t id;
	enum db_alert_kind kind;
	char ifname[DB_IFNAME_MAX];
	bool has_mac;
	uint8_t mac[6];
	struct addr addr;		/* any6: none */
	uint32_t device_id, other_id;	/* 0: none */
	uint32_t count;
	uint64_t first_wall_s, last_wall_s;
	bool expected;			/* the owner knows: no alert any more */
	bool over;			/* it is no longer so, or the owner put it away */
	char text[128];
};
typedef int db_alert_fn(void *arg, const struct db_alert *a);
int db_alerts_each(struct db *db, db_alert_fn *fn, void *arg);	/* by id */
int db_alert_put(struct db *db, const struct db_alert *a);
int db_alert_delete(struct db *db, uint32_t id);

/* ---- the SIP gateway's memory (db/sip_rows.c) ---- */

#define DB_SIP_VALUE_MAX 8192
struct db_sip {
	uint8_t kind;
	uint32_t id;			/* within kind */
	uint32_t device_id;		/* 0: of none */
	char value[DB_SIP_VALUE_MAX + 1];
};
typedef int db_sip_fn(void *arg, const struct db_sip *row);
int db_sip_each(struct db *db, db_sip_fn *fn, void *arg);	/* by kind and id */
int db_sip_put(struct db *db, const struct db_sip *row);
int db_sip_delete(struct db *db, uint8_t kind, uint32_t id);
int db_sip_clear(struct db *db);

/* ---- record (db/record.c): rows that are never changed, one hash chain a ring ---- */

enum db_ring { DB_RING_ADMIN = 0, DB_RING_OPENINGS = 1, DB_RING_REFUSALS = 2 };
#define DB_RINGS 3
#define DB_RECORD_TEXT_MAX 160
#define DB_RECORD_DETAIL_MAX 4096

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
	/* How many such events this row stands for; with opening_id: so many openings, their ids
	 * and ports those of this one and the next ones. */
	uint32_t count;
	char what[24];			/* "open", "renew", "close", "expire", "refuse", ... */
	char why[DB_RECORD_TEXT_MAX + 1];	/* the reason in words */
	char descr[MAP_DESCR_MAX + 1];
};
/* In the caller's transaction, as db_record_prune. detail: JSON with "before" and "after" of the
 * owner's acts, UTF-8, cut by the caller to DB_RECORD_DETAIL_MAX; "" for everything else. It is
 * part of the hash where it is not "". */
int db_record_add(struct db *db, const struct db_record *r, const char *detail);
/* NULL: none. The text is valid until the next call on this connection. ERR_NOT_FOUND. */
int db_record_detail(struct db *db, uint64_t seq, const char **out);
typedef int db_record_fn(void *arg, const struct db_record *r);
#define DB_RECORD_FIND_MAX 64
#define DB_RECORD_LOOK 2000		/* rows looked at for a text in one go: some milliseconds */
/* Which rows: by the index of the first of opening, rule, device and ring that is asked for; the
 * others of them and the text are looked at row by row. */
struct db_record_filter {
	enum db_ring ring;		/* DB_RINGS: all */
	uint32_t device_id;		/* 0: all, and below */
	uint32_t opening_id;
	uint32_t rule_id;
	/* "": all. Within what, why or descr, ASCII case folded; or one of the ports. */
	char text[DB_RECORD_FIND_MAX + 1];
};
struct db_record_page {
	struct db_record_filter filter;
	uint64_t before;		/* only seq below it; 0: from the newest */
	uint32_t count;			/* at most so many */
};
/* Newest first. *next: the before to go on with, 0: nothing is left. It may be fewer rows than the
 * page has room for, or none, when a text is looked for. */
int db_record_find(struct db *db, const struct db_record_page *page, db_record_fn *fn, void *arg,
	uint64_t *next);
/* Keeps the newest keep rows of the ring, moving the chain's anchor. */
int db_record_prune(struct db *db, enum db_ring ring, uint32_t keep);
/* A walk over all chains in slices, so that other jobs of the database thread come between; rows
 * may be added and pruned meanwhile. All zeros before the first slice. */
struct db_verify {
	uint64_t rows;			/* walked so far */
	uint64_t after_seq;		/* the last of them */
	uint64_t bad_seq;		/* ERR_CORRUPT: the first row that does not fit its chain,
					   or that is missing at a chain's end */
	uint8_t at[DB_RINGS][DB_HASH_LEN];	/* the hash each chain has reached */
};
/* Walks at most so many rows more, some microseconds each. ERR_AGAIN: not at the end yet; 0: all
 * rows fit; any other error ends the walk. */
int db_record_verify(struct db *db, struct db_verify *v, uint32_t rows);

/* ---- who may look after the router (db/accounts.c, db/sessions.c, db/tokens.c) ---- */

/* Stored: append only. Each may what the one before it may. */
enum db_role { DB_ROLE_READ = 1, DB_ROLE_APPROVER = 2, DB_ROLE_ADMIN = 3 };

struct db_account {
	uint32_t id;
	char name[DB_ACCOUNT_NAME_MAX + 1];	/* unique, not "" */
	uint8_t role;				/* DB_ROLE_APPROVER or DB_ROLE_ADMIN */
	char hash[DB_PASSWORD_HASH_MAX + 1];	/* argon2id as libsodium writes it, not "" */
	uint64_t made_wall_s;
	uint64_t used_wall_s;			/* last login; 0: never */
};
typedef int db_account_fn(void *arg, const struct db_account *a);
int db_accounts_each(struct db *db, db_account_fn *fn, void *arg);	/* by id */
/* ERR_EXISTS: another one has this name. */
int db_account_put(struct db *db, const struct db_account *a);
int db_account_delete(struct db *db, uint32_t id);		/* with its sessions */
int db_accounts_clear(struct db *db);				/* all, with theirs */

struct db_session {
	uint32_t id;
	uint32_t account_id;
	uint8_t token_hash[DB_HASH_LEN];	/* of the cookie's value; unique */
	uint64_t made_wall_s;
	uint64_t used_wall_s;
	uint64_t until_wall_s;
	char label[DB_LABEL_MAX + 1];		/* the browser's word for itself; only shown */
	bool remember;
};
typedef int db_session_fn(void *arg, const struct db_session *s);
int db_sessions_each(struct db *db, db_session_fn *fn, void *arg);	/* by id */
/* ERR_NOT_FOUND: no such account. ERR_EXISTS: another one has this hash. */
int db_session_put(struct db *db, const struct db_session *s);
int db_session_delete(struct db *db, uint32_t id);

struct db_token {
	uint32_t id;
	char name[DB_NAME_MAX + 1];
	uint8_t token_hash[DB_HASH_LEN];	/* unique */
	uint8_t scope;				/* enum db_role */
	struct prefix from;			/* used from there only; prefix_any6: anywhere */
	uint64_t made_wall_s;
	uint64_t until_wall_s;			/* 0: for good */
	uint64_t used_wall_s;			/* 0: never */
	char by[DB_NAME_MAX + 1];		/* who made it */
};
typedef int db_token_fn(void *arg, const struct db_token *t);
int db_tokens_each(struct db *db, db_token_fn *fn, void *arg);		/* by id */
int db_token_put(struct db *db, const struct db_token *t);		/* ERR_EXISTS: the hash */
int db_token_delete(struct db *db, uint32_t id);
int db_tokens_clear(struct db *db);

/* Stored: append only. */
enum db_setup_kind { DB_SETUP_PRINTED = 0, DB_SETUP_LABEL = 1 };
#define DB_SETUP_KINDS 2

/* The code that makes the first account: one at a time. */
struct db_setup {
	char code_hash[DB_PASSWORD_HASH_MAX + 1];	/* as an account's */
	uint8_t kind;					/* enum db_setup_kind */
	uint64_t until_wall_s;				/* 0: for good */
	uint8_t tries_left;
	bool used;
};
int db_setup_get(struct db *db, struct db_setup *out);	/* ERR_NOT_FOUND: there never was one */
int db_setup_put(struct db *db, const struct db_setup *s);

#endif
