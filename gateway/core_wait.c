/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests for another address than the client's own that nobody is bound to yet: a device may have
 * made itself an IPv6 address a moment ago, and a pinhole be the first that is heard of it. The
 * link is asked whose it is before anything is decided. Only some wait at a time; of more than
 * these is decided at once, and nobody's address is nobody's own.
 */
#include "gateway/core_int.h"

#include "protocols/err.h"

#include <stdlib.h>

#define PLACES 16		/* the doors' clients share what whom.h lets wait */

struct place {
	struct core *core;	/* NULL: this place is free */
	struct pending item;
};

struct waits {
	struct place places[PLACES];
};

static void go_on(struct place *place)
{
	struct core *core = place->core;

	place->core = NULL;
	if (batch_push(core, &place->item))
		place->item.answer(place->item.arg, &(struct map_ans){.result = MAP_TROUBLE});
}

/* True: fn will be called. */
static bool ask_for(struct place *place, const struct addr *addr, whom_found_fn *fn)
{
	const struct core_env *env = &place->core->env;
	uint8_t mac[6];

	return env->is_lan_host(env->arg, addr) && !env->mac_of(env->arg, addr, mac) &&
	       env->find(env->arg, addr, fn, place) == 0;
}

/* Who they are now, the bindings say. */
static void on_found(void *arg, bool ok, bool known, const uint8_t mac[6])
{
	struct place *place = arg;

	(void)ok;
	(void)known;
	(void)mac;
	if (place->core)
		go_on(place);
}

/* A TCP client may ask before anybody knows whose its own address is. */
static void on_found_internal(void *arg, bool ok, bool known, const uint8_t mac[6])
{
	struct place *place = arg;

	if (place->core && !ask_for(place, &place->item.req.client, on_found))
		on_found(arg, ok, known, mac);
}

bool wait_for_owner(struct core *core, const struct pending *item)
{
	const struct map_req *req = &item->req;
	struct place *place = core->waits->places;

	if (!core->env.find || (req->op != MAP_OP_OPEN && req->op != MAP_OP_PEER) ||
		addr_eq(&req->internal.addr, &req->client))
		return false;
	while (place < core->waits->places + PLACES && place->core)
		place++;
	if (place == core->waits->places + PLACES)
		return false;
	*place = (struct place){core, *item};
	if (ask_for(place, &req->internal.addr, on_found_internal) ||
		ask_for(place, &req->client, on_found))
		return true;
	place->core = NULL;
	return false;
}

int waits_init(struct core *core)
{
	core->waits = calloc(1, sizeof(*core->waits));
	return core->waits ? 0 : ERR_MEMORY;
}

void waits_stop(struct core *core)
{
	for (size_t i = 0; core->waits && i < PLACES; i++) {
		if (core->waits->places[i].core)
			go_on(&core->waits->places[i]);
	}
}

void waits_free(struct core *core)
{
	free(core->waits);
}
