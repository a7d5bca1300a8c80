/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Public places of phones in the kernel: who may call there, as the gateway says, told along with
 * each batch. What the firewall does not take leaves the whole place out until it is tried again:
 * then nobody is let past a host firewall, and TCP is not listened for.
 */
#include "gateway/core_sip_int.h"

#include <string.h>

/* ---- lists ---- */

static const struct core_sip_place *find(const struct place_list *list, uint16_t port)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->at[i].port == port)
			return &list->at[i];
	}
	return NULL;
}

static bool is_same(const struct core_sip_place *a, const struct core_sip_place *b)
{
	return a->port == b->port && a->has_tcp == b->has_tcp && a->count == b->count &&
	       memcmp(a->callers, b->callers, a->count * sizeof(a->callers[0])) == 0;
}

/* place may be NULL: nobody is admitted. */
static bool admits(const struct core_sip_place *place, uint8_t proto, const struct prefix *caller)
{
	if (!place || (proto == MAP_PROTO_TCP && !place->has_tcp))
		return false;
	for (size_t i = 0; i < place->count; i++) {
		if (prefix_eq(&place->callers[i], caller))
			return true;
	}
	return false;
}

/* ---- what the kernel should know ---- */

void core_sip_place(struct core *core, const struct core_sip_place *place)
{
	struct places *p = &core->sip->places;
	struct place_list *w = &p->wanted;
	bool is_none = place->count == 0 && !place->has_tcp;
	size_t i = 0;

	while (i < w->count && w->at[i].port != place->port)
		i++;
	if (i < w->count ? is_same(&w->at[i], place) : is_none || i == CORE_SIP_PLACES_MAX)
		return;
	p->news = p->moved = true;
	if (is_none) {
		w->at[i] = w->at[--w->count];
		p->refused[i] = p->refused[w->count];
		return;
	}
	w->at[i] = *place;
	p->refused[i] = false;
	w->count += i == w->count;
}

bool core_sip_place_is_shut(const struct core *core, uint16_t port)
{
	const struct core_sip_place *place = find(&core->sip->places.shown, port);

	return place && place->has_tcp;
}

/* ---- telling it ---- */

static int put_place(struct core *core, uint16_t port, enum fw_elem_op op)
{
	struct fw_elem e = {.set = FW_SET_PLACE_TCP4, .op = (uint8_t)op};

	e.key[0] = (uint8_t)(port >> 8);
	e.key[1] = (uint8_t)port;
	return elems_add(core, &e);
}

/* What place has and but, which may be NULL, has not. */
static int put_rest(struct core *core, const struct core_sip_place *place,
	const struct core_sip_place *but, enum fw_elem_op op)
{
	static const uint8_t protos[] = {MAP_PROTO_UDP, MAP_PROTO_TCP};
	int err = 0;

	if (place->has_tcp && !(but && but->has_tcp))
		err = put_place(core, place->port, op);
	for (size_t i = 0; i < place->count * sizeof(protos) && !err; i++) {
		const struct prefix *caller = &place->callers[i / sizeof(protos)];
		uint8_t proto = protos[i % sizeof(protos)];
		struct fw_elem e = fw_caller_elem(caller, proto, place->port);

		e.op = (uint8_t)op;
		if (admits(place, proto, caller) && !admits(but, proto, caller))
			err = elems_add(core, &e);
	}
	return err;
}

static int put_list(struct core *core, const struct place_list *list,
	const struct place_list *but, enum fw_elem_op op)
{
	int err = 0;

	for (size_t i = 0; i < list->count && !err; i++)
		err = put_rest(core, &list->at[i], find(but, list->at[i].port), op);
	return err;
}

bool places_news(const struct core *core)
{
	return core->sip->places.news;
}

int places_put(struct core *core, bool rebuild)
{
	static const struct place_list none;
	struct places *p = &core->sip->places;
	const struct place_list *shown = rebuild ? &none : &p->shown;
	int err;

	p->told = p->news || rebuild;
	if (!p->told)
		return 0;
	p->sent.count = 0;
	for (size_t i = 0; i < p->wanted.count; i++) {
		if (!p->refused[i])
			p->sent.at[p->sent.count++] = p->wanted.at[i];
	}
	p->moved = false;
	err = put_list(core, shown, &p->sent, FW_ELEM_DEL);
	return err ? err : put_list(core, &p->sent, shown, FW_ELEM_ADD);
}

void places_done(struct core *core)
{
	struct places *p = &core->sip->places;

	if (!p->told)
		return;
	p->shown = p->sent;
	p->told = false;
	p->news = p->moved;
}

/* ---- what it does not take ---- */

void places_refused(struct core *core, const struct fw_elem *e)
{
	struct places *p = &core->sip->places;
	const uint8_t *bytes = e->key + (e->set == FW_SET_CALLER4 ? 8 : 0);
	uint16_t port = (uint16_t)(bytes[0] << 8 | bytes[1]);

	for (size_t i = 0; i < p->wanted.count; i++) {
		if (p->wanted.at[i].port == port && !p->refused[i]) {
			p->refused[i] = p->news = p->moved = true;
			log_warning(core->log, "firewall: refuses a phone's public port %u", port);
		}
	}
}

bool places_try_again(struct core *core)
{
	struct places *p = &core->sip->places;
	bool any = false;

	for (size_t i = 0; i < p->wanted.count; i++) {
		any = any || p->refused[i];
		p->refused[i] = false;
	}
	p->news = p->news || any;
	p->moved = p->moved || any;
	return any;
}
