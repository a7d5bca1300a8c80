/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of auth: its rows in memory, and each change of them written through. A log-in holds even
 * when the disk fails: the owner must get in to see that. For web/auth*.c only.
 */
#ifndef WEB_AUTH_STORE_H
#define WEB_AUTH_STORE_H

#include "gateway/core_auth.h"
#include "web/auth.h"
#include "web/auth_hash.h"
#include "web/auth_lock.h"
#include "web/auth_secret.h"

struct auth_session {
	struct db_session row;
	uint64_t ends_ms;
	bool fresh;		/* the password was said since the start */
	uint64_t fresh_ms;	/* when it was, or the last change */
};

/* What `postern setup` printed; gone with the process. */
struct auth_code {
	uint8_t hash[AUTH_SECRET_HASH_LEN];
	uint64_t ends_ms;
	unsigned tries_left;	/* 0: there is none */
};

struct auth {
	struct auth_config config;
	struct auth_hash *hash;
	struct auth_lock lock;
	bool ready;
	const char *url, *fingerprint;
	struct db_account accounts[AUTH_ACCOUNTS_MAX];
	size_t account_count;
	struct auth_session sessions[AUTH_ACCOUNTS_MAX * AUTH_SESSIONS_MAX];
	size_t session_count;
	struct db_token tokens[AUTH_TOKENS_MAX];
	size_t token_count;
	uint32_t last_session_id, last_token_id, last_account_id;
	struct auth_code code;
	char label[DB_PASSWORD_HASH_MAX + 1];	/* hash of the label's code; "": none */
	bool label_used;
};

/* Asks the core for the rows. */
int auth_store_read(struct auth *auth);

struct db_account *auth_store_account(struct auth *auth, uint32_t id);
struct db_account *auth_store_account_named(struct auth *auth, struct str name);
struct auth_session *auth_store_session(struct auth *auth, uint32_t id);
struct auth_session *auth_store_session_of(struct auth *auth, struct str cookie);	/* alive */
struct db_token *auth_store_token_of(struct auth *auth, struct str bearer);	/* alive */
size_t auth_store_admins(const struct auth *auth);

/* Each is in force at once; act->done hears of the store. Errors: nothing was done, done is not
 * called. why: for the record. */
struct auth_store_why {
	const char *what;
	const char *why;
};
int auth_store_put_account(struct auth *auth, const struct db_account *row,
	const struct auth_store_why *why, const struct core_act *act);
/* With its sessions. */
int auth_store_drop_account(struct auth *auth, uint32_t id, const struct core_act *act);
/* A new session of the account; cookie is its value from now on. */
struct auth_session *auth_store_add_session(struct auth *auth, const struct db_session *like,
	char cookie[AUTH_SECRET_COOKIE_LEN + 1], const struct auth_store_why *why);
void auth_store_drop_session(struct auth *auth, uint32_t id);
/* All of an account, but not keep. */
void auth_store_drop_sessions(struct auth *auth, uint32_t account_id, uint32_t keep);
int auth_store_put_token(struct auth *auth, const struct db_token *row, const char *why,
	const struct core_act *act);
int auth_store_drop_token(struct auth *auth, uint32_t id, const struct core_act *act);
/* It was used now: written once an hour at most. */
void auth_store_session_used(struct auth *auth, struct auth_session *s);
void auth_store_token_used(struct auth *auth, struct db_token *t);
/* The label's code is spent. */
void auth_store_label_used(struct auth *auth);
/* A line of the record without a row: somebody tried in vain. */
void auth_store_note(struct auth *auth, const char *what, const char *why, const char *by);

#endif
