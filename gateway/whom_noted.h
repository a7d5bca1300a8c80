/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom the kernel noted as senders (fw.h), as of the last look: since when each is on its list, and
 * what became of it. The kernel keeps an entry a while after its last packet, so only a new one
 * says that something was sent now.
 */
#ifndef GATEWAY_WHOM_NOTED_H
#define GATEWAY_WHOM_NOTED_H

#include "gateway/fw.h"

#include <stddef.h>
#include <stdint.h>

#define WHOM_NOTED_MAX 4096

struct whom_noted_entry {
	struct fw_sender sender;	/* of a forged one without its port */
	uint64_t first_ms;		/* when a look first showed it */
	uint64_t told_ms;		/* when it was told as a forger; 0: never */
	uint8_t round;
	uint16_t next;			/* in its chain */
};

struct whom_noted;

struct whom_noted *whom_noted_new(void);	/* NULL: no memory */
/* A look: begin, put each, and, if it was whole, end: who was not put is no longer noted. What
 * there is no room for is left out. */
void whom_noted_begin(struct whom_noted *n);
void whom_noted_put(struct whom_noted *n, const struct fw_sender *sender, uint64_t now_ms);
void whom_noted_end(struct whom_noted *n);
/* By place; NULL: no more. Entries stay where they are until the next end of a look. */
struct whom_noted_entry *whom_noted_at(struct whom_noted *n, size_t place);
/* Those with this address: the first one (after NULL), the next; NULL: no more. */
struct whom_noted_entry *whom_noted_next(struct whom_noted *n, int ifindex,
	const struct addr *addr, const struct whom_noted_entry *after);
void whom_noted_free(struct whom_noted *n);

#endif
