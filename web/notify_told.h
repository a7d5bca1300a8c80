/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the owner has been told, kept in a small file so that a restart tells nothing twice. The
 * latest are remembered; what is older and comes again is told again.
 */
#ifndef WEB_NOTIFY_TOLD_H
#define WEB_NOTIFY_TOLD_H

#include "web/notify_text.h"

#include <stddef.h>

#define NOTIFY_TOLD_MAX 256	/* more than the daemon keeps of cards and alerts */

struct notify_told {
	const char *path;		/* NULL: in memory only */
	struct notify_key keys[NOTIFY_TOLD_MAX];
	size_t next;
};

/* Lines that cannot be read are as if they were not there. */
void notify_told_load(struct notify_told *told, const char *path);
bool notify_told_has(const struct notify_told *told, const struct notify_key *key);
/* Both write the file: 0 or ERR_IO, and it is remembered all the same. */
int notify_told_add(struct notify_told *told, const struct notify_key *key);
/* It is over: should it come again it is told again. */
int notify_told_remove(struct notify_told *told, const struct notify_key *key);

#endif
