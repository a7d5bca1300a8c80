/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often somebody may try a password or a code: by where he comes from, never by the account
 * he tries, so that nobody can lock the owner out. A try counts when it begins, so that many at
 * once are no way around it. The table has a fixed size; the source that tried least recently is
 * forgotten.
 */
#ifndef WEB_AUTH_LOCK_H
#define WEB_AUTH_LOCK_H

#include <stddef.h>
#include <stdint.h>

#define AUTH_LOCK_SOURCES 256
#define AUTH_LOCK_FREE 5		/* tries before the first wait */
#define AUTH_LOCK_WAIT_MAX_S 60		/* 1, 2, 4 ... up to this */
#define AUTH_LOCK_FORGET_MS 900000	/* so long after the last try all is as it was */

struct auth_lock_source {
	uint64_t key;
	uint32_t tries;			/* 0: free */
	uint64_t last_ms;
};

/* Zeroed before its first use. */
struct auth_lock {
	struct auth_lock_source at[AUTH_LOCK_SOURCES];
};

/* Counts a try. 0: go on; else the seconds to wait before the next one, and nothing is counted. */
uint32_t auth_lock_try(struct auth_lock *lock, uint64_t key, uint64_t now_ms);
/* It was right: the source has its free tries again. */
void auth_lock_good(struct auth_lock *lock, uint64_t key);

#endif
