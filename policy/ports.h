/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Choice of an external port: bounded tries, whatever is taken or forbidden (PCP-122). */
#ifndef POLICY_PORTS_H
#define POLICY_PORTS_H

#include <stdbool.h>
#include <stdint.h>

/* Other flows with a mapped source port leave from one of these, so they are never given out. */
#define PORTS_DISPLACED_MIN 61000
#define PORTS_DISPLACED_MAX 61999

#define PORTS_TRIES 512		/* at 4,096 of 64,512 taken, all fail once in 10^600 */

typedef bool ports_free_fn(void *arg, uint16_t port);

bool ports_is_displaced(uint16_t port);
/* Suggestion first, then the internal port (both 0: none), then ports from 1024 up of the internal
 * port's parity (RFC 4787 REQ-4), from a place seed picks. 0: none is free. */
uint16_t ports_choose(uint16_t suggested, uint16_t internal, uint32_t seed, ports_free_fn *is_free,
	void *arg);

#endif
