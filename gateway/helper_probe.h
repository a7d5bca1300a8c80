/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often the helper asks the link for the daemon: so that a daemon gone bad makes no storm of
 * questions, and cannot keep a neighbour away by asking after it under another's MAC (what that
 * does is told in solicit.h) over and over.
 */
#ifndef GATEWAY_HELPER_PROBE_H
#define GATEWAY_HELPER_PROBE_H

#include "gateway/helper_wire.h"

#include <stdbool.h>
#include <stdint.h>

#define HELPER_PROBE_PER_S 64
#define HELPER_PROBE_BURST 256
/* Of one address by MAC: so many at once, then one in each rest. */
#define HELPER_PROBE_OF_ONE 8
#define HELPER_PROBE_REST_S 2

struct helper_probe;

struct helper_probe *helper_probe_new(void);	/* NULL: no memory */
bool helper_probe_may(struct helper_probe *p, const struct wire_probe *probe, uint64_t now_ms);
void helper_probe_free(struct helper_probe *p);

#endif
