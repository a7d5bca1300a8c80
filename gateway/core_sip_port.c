/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports for the media of phones, and ports no phone listens at; see core_sip.h. A port that just
 * closed is held back for its device (RFC 6887 section 15), since a peer that goes on sending must
 * not be heard by another phone; so a phone with many short calls must not hold back the whole
 * range.
 */
#include "gateway/core_int.h"
#include "gateway/core_sip.h"
#include "policy/risk.h"
#include "protocols/sip.h"

#include <sys/random.h>

#define HELD_MANY 256	/* ports a phone holds back before it has to take from them again */

static bool is_held(const struct core *core, uint16_t port)
{
	return core->held[port].until_ms > loop_now_ms(core->loop);
}

static uint32_t count_held(const struct core *core, uint32_t device_id)
{
	uint32_t n = 0;

	for (uint32_t port = CORE_SIP_PORT_MIN; port <= CORE_SIP_PORT_MAX; port++) {
		if (core->held[port].device_id == device_id && is_held(core, (uint16_t)port))
			n++;
	}
	return n;
}

/* own: only one that this device has held. */
static bool is_free(const struct core *core, uint16_t port, uint32_t device_id, bool own)
{
	const struct core_env *env = &core->env;
	bool held = is_held(core, port);

	if (held ? core->held[port].device_id != device_id : own)
		return false;
	return !table_first_port(core->table, port) &&
	       !env->port_is_ours(env->arg, MAP_PROTO_TCP, port) &&
	       !env->port_is_ours(env->arg, MAP_PROTO_UDP, port);
}

static bool is_run(const struct core *core, uint16_t first, uint16_t count, uint32_t device_id,
	bool own)
{
	for (uint16_t i = 0; i < count; i++) {
		if (!is_free(core, (uint16_t)(first + i), device_id, own))
			return false;
	}
	return true;
}

/* From a place at random on, round the range. */
static uint16_t find(const struct core *core, uint32_t device_id, uint16_t count, bool even,
	bool own)
{
	uint32_t size = CORE_SIP_PORT_MAX - CORE_SIP_PORT_MIN + 1, start;

	if (getrandom(&start, sizeof(start), 0) != sizeof(start))
		return 0;
	for (uint32_t i = 0; i < size; i++) {
		uint32_t port = CORE_SIP_PORT_MIN + (start % size + i) % size;
		if ((even && port % 2 != 0) || port + count - 1 > CORE_SIP_PORT_MAX)
			continue;
		if (is_run(core, (uint16_t)port, count, device_id, own))
			return (uint16_t)port;
	}
	return 0;
}

uint16_t core_sip_run(const struct core *core, uint32_t device_id, uint16_t count, bool even)
{
	bool own = count_held(core, device_id) >= HELD_MANY;
	uint16_t port = find(core, device_id, count, even, own);

	return port == 0 && own ? find(core, device_id, count, even, false) : port;
}

bool core_sip_is_service(uint16_t port)
{
	const struct risk *risk = risk_of(port);
	bool is_sip = port == SIP_PORT || port == SIP_PORT_TLS;

	return risk && risk->class == RULE_RISK_RISKY && !is_sip;
}
