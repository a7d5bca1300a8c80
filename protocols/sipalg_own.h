/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone's own words: how it spelled host and port in a Via or a Contact that went out changed, so
 * that what comes back to it has them to the letter (SIP-31, SIP-35): a client discards an answer
 * whose Via is not its own (RFC 3261 18.1.2). Found by what others repeat unchanged, the branch of
 * a Via and the user of a Contact.
 */
#ifndef PROTOCOLS_SIPALG_OWN_H
#define PROTOCOLS_SIPALG_OWN_H

#include "protocols/str.h"

#include <stdbool.h>
#include <stdint.h>

#define SIPALG_OWN_MAX 64	/* transactions of one phone at a time: 8 calls and all else */
#define SIPALG_OWN_TEXT_MAX 112	/* addresses as people spell them; names of hosts are not kept */

struct sipalg_own_entry {
	uint64_t key;
	uint32_t used;			/* 0: free */
	uint32_t len;
	char text[SIPALG_OWN_TEXT_MAX];
};
/* Begin with a zeroed one. */
struct sipalg_own {
	uint32_t clock;
	struct sipalg_own_entry at[SIPALG_OWN_MAX];
};

/* The least recently used one makes room. ERR_FULL: the text is too long. */
int sipalg_own_add(struct sipalg_own *o, struct str key, struct str text);
/* What was kept for the key, else what came last, which is what a phone nearly always says;
 * STR_NONE: nothing was kept. */
struct str sipalg_own_find(const struct sipalg_own *o, struct str key);

#endif
