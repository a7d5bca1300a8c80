/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Password hashes: argon2id by libsodium, in a thread of its own, one at a time, so that the loop
 * never waits for one and a flood of log-ins costs no more memory than one. What waits is bounded;
 * the rest is told to come again.
 */
#ifndef WEB_AUTH_HASH_H
#define WEB_AUTH_HASH_H

#include "gateway/core.h"
#include "gateway/loop.h"
#include "protocols/str.h"

#define AUTH_HASH_WAITING_MAX 8		/* the one that runs included */
#define AUTH_HASH_PASSWORD_MAX 128	/* bytes of a password */
/* What OWASP asks for at the least of argon2id with one lane, and as much as a router of 64 MB can
 * spare for a moment: 22 ms on a desktop, a third of a second on a small router. */
#define AUTH_HASH_MEMORY (19 * 1024 * 1024)
#define AUTH_HASH_PASSES 2
/* Nobody's: checked in place of an account that is not there, at the same cost. */
#define AUTH_HASH_NOBODY \
	"$argon2id$v=19$m=19456,t=2,p=1$DHFC10HuAnJuLY9bXEA8Ww" \
	"$GF17UgvjoTNYatenZuVSEv1jJqdlW/gJU3+3yf2O9mc"

struct auth_hash;

/* Called from the loop, once. good: it is that password (verify), or hash is its hash (make). */
typedef void auth_hash_fn(void *arg, bool good, const char *hash);

/* NULL: no memory or no thread. */
struct auth_hash *auth_hash_new(struct loop *loop);
/* Both copy, and forget the password when they are done. ERR_BUSY: too many wait. ERR_RANGE: longer
 * than AUTH_HASH_PASSWORD_MAX, or the hash than DB_PASSWORD_HASH_MAX. */
int auth_hash_make(struct auth_hash *h, struct str password, auth_hash_fn *fn, void *arg);
int auth_hash_verify(struct auth_hash *h, struct str password, const char *hash,
	auth_hash_fn *fn, void *arg);
/* Waits for the one that runs; what waits is told that it is not good. */
void auth_hash_free(struct auth_hash *h);

#endif
