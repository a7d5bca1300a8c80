/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may look after this router: accounts, the sessions of their browsers, tokens of programs,
 * and the code that makes the first account. All of it is in memory, read once from the store and
 * written through to it. The routes are in auth_routes.h; what web pages of others must not do is
 * auth_gate.h's.
 *
 * A session lasts 12 hours, on an approver's phone 30 days. An administrator who has changed
 * nothing for 15 minutes goes on reading and answers cards, but is asked for his password before
 * he changes anything else.
 */
#ifndef WEB_AUTH_H
#define WEB_AUTH_H

#include "gateway/core.h"
#include "web/api.h"
#include "web/auth_gate.h"

#define AUTH_ACCOUNTS_MAX 16
#define AUTH_SESSIONS_MAX 16		/* of one account; the one used least recently makes room */
#define AUTH_TOKENS_MAX 32
#define AUTH_SESSION_S (12 * 3600)
#define AUTH_SESSION_KEPT_S (30 * 86400)	/* an approver who asked to be remembered */
#define AUTH_IDLE_MS (15 * 60 * 1000)
#define AUTH_TOKEN_DAYS_MAX 365
#define AUTH_CODE_S (20 * 60)
#define AUTH_CODE_TRIES 5

struct auth;

struct auth_config {
	struct loop *loop;
	struct log *log;
	struct core *core;
	const char *label;	/* file with the hash of the label's code; NULL: none */
};

/* Valid during the call only. */
struct auth_who {
	const struct db_account *account;	/* NULL: a token */
	const struct db_session *session;
	const struct db_token *token;		/* NULL: an account */
	uint64_t source;	/* the host it is from, by which tries are counted */
};

/* Begins to read the store. NULL: no memory or no thread. */
struct auth *auth_new(const struct auth_config *config);
/* Where the owner finds us, for who asks on the console. Kept; NULL: nowhere. */
void auth_found_at(struct auth *auth, const char *url, const char *fingerprint);
struct auth_place {
	const char *url, *fingerprint;
};
struct auth_place auth_place(const struct auth *auth);
/* A cookie of a session that is over counts as none: its browser cannot know what goes with it. */
bool auth_has_session(struct auth *auth, struct str cookie);
/* Whose request this is, past the gate; who->source is filled in already. False: accounts cannot
 * be asked (yet). */
bool auth_caller(struct auth *auth, const struct auth_gate_request *req, const struct addr *from,
	struct auth_who *who, struct api_caller *out);
/* After the servers, before the core. */
void auth_free(struct auth *auth);

#endif
