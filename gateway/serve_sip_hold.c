/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of a phone that wait for the ports of their media, in the order they came; see
 * serve_sip_int.h. What follows in the same call waits behind them, so that no CANCEL overtakes its
 * INVITE. What does not fit has to go as it is: a call without sound is better than no call.
 */
#include "gateway/serve_sip_int.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

struct sip_held {
	struct sip_held *next;
	struct sip_carry carry;
	struct sipalg_streams streams;
	struct str bytes, call_id;	/* in text */
	char text[];
};

int sip_hold_put(struct sip_phone *p, const struct sip_carry *carry, struct str bytes,
	const struct sip_hold_wants *wants)
{
	struct sip_held *held;

	if (p->held_count == SIP_HELD_MAX || bytes.len > SIP_HELD_BYTES - p->held_bytes)
		return ERR_FULL;
	held = malloc(sizeof(*held) + bytes.len);
	if (!held)
		return ERR_FULL;
	*held = (struct sip_held){.carry = *carry, .streams = wants->streams,
		.bytes = {held->text, bytes.len}};
	memcpy(held->text, bytes.p, bytes.len);
	held->call_id = str_sub(held->bytes, (size_t)(wants->call_id.p - bytes.p),
		wants->call_id.len);
	*p->held_end = held;
	p->held_end = &held->next;
	p->held_count++;
	p->held_bytes += bytes.len;
	return 0;
}

/* One of this call, before end. */
static bool waits_before(const struct sip_phone *p, struct str call_id, const struct sip_held *end)
{
	for (const struct sip_held *h = p->held; h != end; h = h->next) {
		if (str_eq(h->call_id, call_id))
			return true;
	}
	return false;
}

bool sip_hold_waits(const struct sip_phone *p, struct str call_id)
{
	return waits_before(p, call_id, NULL);
}

/* Takes the one at place out; the caller frees it. */
static struct sip_held *take(struct sip_phone *p, struct sip_held **place)
{
	struct sip_held *held = *place;

	*place = held->next;
	if (p->held_end == &held->next)
		p->held_end = place;
	p->held_count--;
	p->held_bytes -= held->bytes.len;
	return held;
}

static struct sip_held **first_ready(struct sip_phone *p)
{
	for (struct sip_held **place = &p->held; *place; place = &(*place)->next) {
		const struct sip_held *h = *place;
		bool is6 = !addr_is4(&h->carry.inside.addr);

		if (!waits_before(p, h->call_id, h) && sip_media_settled(p, &h->streams, is6))
			return place;
	}
	return NULL;
}

void sip_hold_look(struct sip_phone *p, void (*go)(struct sip_phone *p,
	const struct sip_carry *carry, struct str bytes))
{
	struct sip_held **place;

	while ((place = first_ready(p))) {
		struct sip_held *held = take(p, place);

		go(p, &held->carry, held->bytes);
		free(held);
	}
}

void sip_hold_cancel(struct sip_phone *p, const void *arg)
{
	struct sip_held **place = &p->held;

	while (*place) {
		if ((*place)->carry.arg == arg)
			free(take(p, place));
		else
			place = &(*place)->next;
	}
}

void sip_hold_free(struct sip_phone *p)
{
	while (p->held)
		free(take(p, &p->held));
}
