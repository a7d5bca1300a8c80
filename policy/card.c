/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cards; see card.h. An external port is part of what is asked only where it is demanded: a
 * suggestion may be another one each time, and the owner would be asked anew.
 */
#include "policy/card.h"

const char *card_state_text(uint8_t state)
{
	static const char *const text[CARD_STATES] = {
		"open", "allowed", "only", "not now", "blocked", "missed", "always"};
	return state < CARD_STATES ? text[state] : NULL;
}

static uint16_t demanded_port(const struct map_req *req)
{
	return req->exact ? req->external.port : 0;
}

static bool is_about(const struct card_item *item, const struct map_req *req)
{
	return item->origin == req->origin && item->proto == req->proto &&
	       item->external_port == demanded_port(req) &&
	       item->internal.port == req->internal.port &&
	       addr_eq(&item->internal.addr, &req->internal.addr);
}

struct card_item *card_find(struct card *c, const struct map_req *req)
{
	for (size_t i = 0; i < c->item_count; i++) {
		if (is_about(&c->items[i], req))
			return &c->items[i];
	}
	return NULL;
}

static void count_up(uint32_t *count)
{
	if (*count < UINT32_MAX)
		++*count;
}

bool card_note(struct card *c, const struct map_req *req, uint64_t now_wall_s)
{
	struct card_item *item = card_find(c, req);

	if (item) {
		count_up(&item->count);
		item->last_wall_s = now_wall_s;
		return false;
	}
	if (c->item_count == CARD_ITEMS_MAX) {
		count_up(&c->more);
		return false;
	}
	item = &c->items[c->item_count++];
	*item = (struct card_item){
		.origin = req->origin,
		.proto = req->proto,
		.internal = req->internal,
		.external_port = demanded_port(req),
		.count = 1,
		.first_wall_s = now_wall_s,
		.last_wall_s = now_wall_s,
	};
	str_copy_plain(req->descr, item->descr, MAP_DESCR_MAX);
	return true;
}
