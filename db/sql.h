/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the files of this room: the connection, its cached statements and SQLite's answers turned
 * into enum err. Text of statements is constant, values are bound. The first failure within a
 * transaction sticks: every later statement of it fails alike, whatever SQLite has rolled back
 * by itself, until db_rollback.
 */
#ifndef DB_SQL_H
#define DB_SQL_H

#include "db/record.h"
#include "protocols/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#define SQL_REASON_MAX 200	/* SQLite's messages are a line */
#define SQL_TEXT_MAX 2048	/* the longest statement put together from a table's fields */

/* One slot of the cache for each statement that runs more than once. */
enum sql_id {
	SQL_ACCOUNT_DELETE,
	SQL_ACCOUNT_PUT,
	SQL_ACCOUNTS_CLEAR,
	SQL_ACCOUNTS_EACH,
	SQL_ALERT_DELETE,
	SQL_ALERT_PUT,
	SQL_ALERTS_EACH,
	SQL_BEGIN,
	SQL_CALLER_PUT,
	SQL_CALLERS_DELETE,
	SQL_CALLERS_OF,
	SQL_CARD_DELETE,
	SQL_CARD_ITEM_PUT,
	SQL_CARD_ITEMS_CUT,
	SQL_CARD_ITEMS_EACH,
	SQL_CARD_PUT,
	SQL_CARDS_EACH,
	SQL_COMMIT,
	SQL_CHAIN_PUT,
	SQL_CHAINS_EACH,
	SQL_DEVICE_ADDR_DELETE,
	SQL_DEVICE_ADDR_PUT,
	SQL_DEVICE_ADDRS_CLEAR,
	SQL_DEVICE_ADDRS_EACH,
	SQL_DEVICE_DELETE,
	SQL_DEVICE_PUT,
	SQL_DEVICES_CLEAR,
	SQL_DEVICES_EACH,
	SQL_FILTER_PUT,
	SQL_FILTERS_DELETE,
	SQL_FILTERS_EACH,
	SQL_HAND_DELETE,
	SQL_HAND_PUT,
	SQL_HANDS_CLEAR,
	SQL_HANDS_EACH,
	SQL_LEASE_DELETE,
	SQL_LEASE_PUT,
	SQL_LEASES_EACH,
	SQL_OPENING_DELETE,
	SQL_OPENING_PUT,
	SQL_OPENINGS_CLEAR,
	SQL_OPENINGS_EACH,
	SQL_RECORD_ALL,
	SQL_RECORD_BY_DEVICE,
	SQL_RECORD_BY_OPENING,
	SQL_RECORD_BY_RING,
	SQL_RECORD_BY_RULE,
	SQL_RECORD_COUNT,
	SQL_RECORD_CUT,
	SQL_RECORD_DETAIL,
	SQL_RECORD_PUT,
	SQL_RECORD_SURPLUS,
	SQL_RECORD_WALK,
	SQL_RECORD_WALKED,
	SQL_RULE_PUT,
	SQL_RULES_CLEAR,
	SQL_RULES_EACH,
	SQL_SESSION_DELETE,
	SQL_SESSION_PUT,
	SQL_SESSIONS_EACH,
	SQL_SETTING_PUT,
	SQL_SETTINGS_EACH,
	SQL_SETUP_GET,
	SQL_SETUP_PUT,
	SQL_SIP_CLEAR,
	SQL_SIP_DELETE,
	SQL_SIP_EACH,
	SQL_SIP_PUT,
	SQL_STATE_GET,
	SQL_STATE_PUT,
	SQL_TOKEN_DELETE,
	SQL_TOKEN_PUT,
	SQL_TOKENS_CLEAR,
	SQL_TOKENS_EACH,
};
#define SQL_IDS (SQL_TOKENS_EACH + 1)

struct db {
	sqlite3 *conn;
	sqlite3_stmt *stmts[SQL_IDS];	/* NULL: not made yet */
	bool begun;		/* between db_begin and its end */
	int failed;		/* enum err that ended the transaction; 0 while it is sound */
	bool durable;		/* synchronous is FULL, as SQLite begins, not NORMAL */
	char reason[SQL_REASON_MAX];
	char detail[DB_RECORD_DETAIL_MAX + 1];	/* what db_record_detail gave last */
	struct record_chains chains;
};

/* Keeps the words for db_reason; returns err. Any part may be NULL. */
int sql_say(struct db *db, int err, const char *where, const char *what);
/* Takes SQLite's result of the last call; returns its enum err, 0 for SQLITE_OK, ROW, DONE. */
int sql_check(struct db *db, int result);

/* Statements without values or rows, several at once. */
int sql_exec(struct db *db, const char *text);
/* The first column of the first row; ERR_NOT_FOUND without one. */
int sql_number(struct db *db, const char *text, int64_t *out);

/* The cached statement, ready to be bound. text is read the first time only. */
int sql_take(struct db *db, enum sql_id id, const char *text, sqlite3_stmt **out);
/* One step: *row tells whether there is a row to read. */
int sql_step(struct db *db, sqlite3_stmt *stmt, bool *row);
/* Ends a statement that was taken; forgets what was bound. */
void sql_done(sqlite3_stmt *stmt);
/* Runs to the end, for statements that give no rows. */
int sql_finish(struct db *db, sqlite3_stmt *stmt);
/* Takes and runs a statement without values or rows. */
int sql_run(struct db *db, enum sql_id id, const char *text);

#endif
