/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Openings by hand; see hand.h. */
#include "policy/hand.h"

#include <stddef.h>
#include <string.h>

static bool fits(uint16_t first, uint16_t count)
{
	return first != 0 && UINT16_MAX - first >= count - 1;
}

static const char *ports_fault(const struct hand *h)
{
	if (h->protos == 0 || h->protos & ~(HAND_TCP | HAND_UDP))
		return "protos is none of TCP, UDP, both";
	if (h->count == 0 || h->count > HAND_PORTS_MAX)
		return "one opening has 1 to 64 ports";
	if (!fits(h->internal_port, h->count) || !fits(h->external_port, h->count))
		return "ports are 1 to 65535";
	if (h->families == HAND_IP6 && h->external_port != h->internal_port)
		return "over IPv6 ports are the same outside and inside";
	return NULL;
}

static const char *remote_fault(const struct hand *h)
{
	if (!h->has_remote)
		return NULL;
	if (!prefix_is_sound(&h->remote))
		return "remote is no prefix";
	if (prefix_is_any(&h->remote))
		return "remote is everybody: leave it out";
	if (h->families != (addr_is4(&h->remote.addr) ? HAND_IP4 : HAND_IP6))
		return "what is open to one prefix is of its family only";
	return NULL;
}

const char *hand_fault(const struct hand *h)
{
	const char *fault;

	if (h->device_id == 0)
		return "an opening is for a device";
	if (h->families == 0 || h->families & ~(HAND_IP4 | HAND_IP6))
		return "families is none of IPv4, IPv6, both";
	if (!memchr(h->name, '\0', sizeof(h->name)) || !str_is_plain(str_from(h->name)))
		return "name is not plain text";
	fault = ports_fault(h);
	if (!fault)
		fault = remote_fault(h);
	return fault ? fault : schedule_fault(&h->when);
}

static bool overlap(uint16_t a, uint16_t a_count, uint16_t b, uint16_t b_count)
{
	return a < b + b_count && b < a + a_count;
}

/* Two keys that name both whom they are for can share a port, if nobody is in both. */
static bool share_peers(const struct hand *a, const struct hand *b)
{
	if (!a->has_remote || !b->has_remote)
		return true;
	return prefix_within(&a->remote, &b->remote) || prefix_within(&b->remote, &a->remote);
}

/* IPv4 has one address for all of them, IPv6 one for each device. */
static bool share_ports(const struct hand *a, const struct hand *b)
{
	uint8_t families = a->families & b->families;

	if ((families & HAND_IP4) &&
		overlap(a->external_port, a->count, b->external_port, b->count))
		return true;
	return (families & HAND_IP6) && a->device_id == b->device_id &&
	       overlap(a->internal_port, a->count, b->internal_port, b->count);
}

const char *hand_clash(const struct hand *a, const struct hand *b)
{
	if ((a->id != 0 && a->id == b->id) || !a->enabled || !b->enabled ||
		!(a->protos & b->protos) || !share_ports(a, b) || !share_peers(a, b) ||
		!schedule_meets(&a->when, &b->when))
		return NULL;
	return "another opening by hand has this port";
}
