/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Choice of an external port; see ports.h. */
#include "policy/ports.h"

#define HIGH_FIRST 1024
#define HIGH_PAIRS ((65536 - HIGH_FIRST) / 2)
#define STEP 12289	/* prime, no divisor of HIGH_PAIRS: the walk meets every pair */

bool ports_is_displaced(uint16_t port)
{
	return port >= PORTS_DISPLACED_MIN && port <= PORTS_DISPLACED_MAX;
}

uint16_t ports_choose(uint16_t suggested, uint16_t internal, uint32_t seed, ports_free_fn *is_free,
	void *arg)
{
	uint16_t parity = (internal ? internal : suggested) & 1;
	uint32_t pair = seed % HIGH_PAIRS;

	if (suggested != 0 && is_free(arg, suggested))
		return suggested;
	if (internal != 0 && internal != suggested && is_free(arg, internal))
		return internal;
	for (int i = 0; i < PORTS_TRIES; i++) {
		uint16_t port = (uint16_t)(HIGH_FIRST + 2 * pair + parity);
		if (is_free(arg, port))
			return port;
		pair = (pair + STEP) % HIGH_PAIRS;
	}
	return 0;
}
