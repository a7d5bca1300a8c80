/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of auth's routes: a call that tries a password or a code. The lock per source comes
 * before any work, the hashing thread does the work, and the answer finds out whether anybody
 * still waits for it.
 */
#ifndef WEB_AUTH_TRY_H
#define WEB_AUTH_TRY_H

#include "web/api_call.h"
#include "web/auth_store.h"

struct auth_try {
	struct api_job *job;
	struct auth *auth;
	uint64_t source;	/* for the lock */
	struct addr from;
	uint32_t account_id;	/* whose password it is; 0: nobody's */
	uint32_t session_id;	/* of the caller; 0: none */
	uint8_t role;
	bool remember, label;
	char name[DB_ACCOUNT_NAME_MAX + 1];
	char password[AUTH_HASH_PASSWORD_MAX + 1];	/* the new one, where one is made */
	char agent[DB_LABEL_MAX + 1];
	char by[CORE_BY_MAX + 1];
};

/* A name and a password for an account; false: the call was answered, saying what is wrong. */
bool auth_try_fits(const struct api_call *call, const char *name, const char *password);
/* NULL: the call was answered: no memory, or the source has to wait. */
struct auth_try *auth_try_new(const struct api_call *call);
/* Without the lock: nothing is guessed here. */
struct auth_try *auth_try_free_of_lock(const struct api_call *call);
/* Tries the password, or makes the hash of t->password; fn gets t. When too many wait, the call is
 * answered so and t is gone. */
void auth_try_verify(struct auth_try *t, const char *password, const char *hash,
	auth_hash_fn *fn);
void auth_try_make(struct auth_try *t, auth_hash_fn *fn);
/* Whether somebody waits for the answer. */
struct httpd_request *auth_try_request(const struct auth_try *t);
/* It was wrong: into the record, and answered; field: what is to blame, or NULL. Frees. */
void auth_try_refuse(struct auth_try *t, const char *what, const char *message,
	const char *field);
/* Begins a session of t->account_id and answers with it. Frees. */
void auth_try_welcome(struct auth_try *t, unsigned status, const char *what);
void auth_try_free(struct auth_try *t);

/* GET /session and every beginning of one. s NULL: who is not logged in. */
void auth_try_show_session(struct jsonw *j, struct auth *auth, const struct auth_session *s,
	const char *csrf);

#endif
