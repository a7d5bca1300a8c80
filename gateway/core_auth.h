/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may look after the router: rows the core keeps in its store for web/, which knows what they
 * mean. They are read once, at the beginning; whoever changes them writes them here, each change
 * in one transaction with its line in the record of the owner's acts.
 */
#ifndef GATEWAY_CORE_AUTH_H
#define GATEWAY_CORE_AUTH_H

#include "gateway/core_owner.h"

struct core_auth_rows {
	const struct db_account *accounts;
	size_t account_count;
	const struct db_session *sessions;
	size_t session_count;
	const struct db_token *tokens;
	size_t token_count;
	const struct db_setup *setup;	/* NULL: there never was one */
};
/* The rows are valid during the call. */
typedef void core_auth_fn(void *arg, int err, const struct core_auth_rows *rows);
/* Called once, from the loop. ERR_MEMORY, ERR_FULL, ERR_GONE: the core stopped. */
int core_auth_read(struct core *core, core_auth_fn *fn, void *arg);

enum core_auth_kind {
	CORE_AUTH_ACCOUNT,
	CORE_AUTH_SESSION,
	CORE_AUTH_TOKEN,
	CORE_AUTH_SETUP,
	CORE_AUTH_ACCOUNT_GONE,		/* with its sessions */
	CORE_AUTH_SESSION_GONE,
	CORE_AUTH_TOKEN_GONE,
};

struct core_auth_row {
	enum core_auth_kind kind;
	union {
		struct db_account account;
		struct db_session session;
		struct db_token token;
		struct db_setup setup;
		uint32_t id;		/* GONE */
	};
};

struct core_auth_change {
	const struct core_auth_row *rows;	/* copied */
	size_t count;
	const char *what;	/* for the record; NULL: not worth a line */
	const char *why;
};
/* done of act is called after the store's sync. ERR_MEMORY, ERR_FULL: nothing was done. */
int core_auth_put(struct core *core, const struct core_auth_change *change,
	const struct core_act *act);

/* Once all rows are known: fn is asked for them (core_auth_add, accounts first) whenever the store
 * is written anew, so that what went while it failed does not come back. NULL: no more. */
struct store_job;
typedef void core_auth_all_fn(void *arg, struct store_job *all);
void core_auth_keep(struct core *core, core_auth_all_fn *fn, void *arg);
void core_auth_add(struct store_job *all, const struct core_auth_row *row);	/* copied */

#endif
