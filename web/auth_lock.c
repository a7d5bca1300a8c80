/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tries per source; see auth_lock.h. */
#include "web/auth_lock.h"

static struct auth_lock_source *find(struct auth_lock *lock, uint64_t key)
{
	for (size_t i = 0; i < AUTH_LOCK_SOURCES; i++) {
		if (lock->at[i].tries > 0 && lock->at[i].key == key)
			return &lock->at[i];
	}
	return NULL;
}

static struct auth_lock_source *add(struct auth_lock *lock, uint64_t key)
{
	struct auth_lock_source *best = &lock->at[0];

	for (size_t i = 0; i < AUTH_LOCK_SOURCES && best->tries > 0; i++) {
		struct auth_lock_source *s = &lock->at[i];
		if (s->tries == 0 || s->last_ms < best->last_ms)
			best = s;
	}
	*best = (struct auth_lock_source){.key = key};
	return best;
}

static uint64_t wait_ms_of(uint32_t tries)
{
	uint64_t wait_s = 1;

	if (tries < AUTH_LOCK_FREE)
		return 0;
	for (uint32_t i = AUTH_LOCK_FREE; i < tries && wait_s < AUTH_LOCK_WAIT_MAX_S; i++)
		wait_s *= 2;
	return (wait_s < AUTH_LOCK_WAIT_MAX_S ? wait_s : AUTH_LOCK_WAIT_MAX_S) * 1000;
}

uint32_t auth_lock_try(struct auth_lock *lock, uint64_t key, uint64_t now_ms)
{
	struct auth_lock_source *s = find(lock, key);
	uint64_t gone_ms;

	if (!s)
		s = add(lock, key);
	gone_ms = now_ms - s->last_ms;
	if (s->tries > 0 && gone_ms >= AUTH_LOCK_FORGET_MS)
		s->tries = 0;
	if (s->tries > 0 && gone_ms < wait_ms_of(s->tries))
		return (uint32_t)((wait_ms_of(s->tries) - gone_ms + 999) / 1000);
	s->tries++;
	s->last_ms = now_ms;
	return 0;
}

void auth_lock_good(struct auth_lock *lock, uint64_t key)
{
	struct auth_lock_source *s = find(lock, key);

	if (s)
		s->tries = 0;
}
