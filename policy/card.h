/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card: the question "this device wants these ports, may it?". One open card per device, however
 * often it asks. Pure: what a card is and when it may be asked; gateway/core_card.c keeps them.
 */
#ifndef POLICY_CARD_H
#define POLICY_CARD_H

#include "protocols/map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CARD_ITEMS_MAX 8		/* ports told apart on one card; more only count */
#define CARDS_OPEN_MAX 20		/* waiting at a time, and prompts a day in all */
#define CARD_PROMPTS_DEVICE_DAY 3	/* times one device may make the owner look, a day */
#define CARDS_KEPT_MAX 128		/* with those answered or missed */
#define CARD_FRESH_S 600		/* an allowed request this young is opened at once */
#define CARD_OPENED_S 3600		/* and for so long, unless its app renews it */
#define CARD_LAPSE_S 86400		/* unanswered for so long: missed, never a rule */
#define CARD_SILENCE_S 86400		/* "not now": asked again after this at the earliest */
#define CARD_TODAY_S 86400		/* "only this, today" */

/* Stored: append only. */
enum card_state {
	CARD_OPEN = 0,
	CARD_ALLOWED = 1,	/* the device as a whole */
	CARD_ONLY = 2,		/* only this, today */
	CARD_NOT_NOW = 3,
	CARD_BLOCKED = 4,	/* the device was blocked */
	CARD_MISSED = 5,	/* lapsed unanswered; allowing is still possible */
	CARD_ALWAYS = 6,	/* only this, for good */
};
#define CARD_STATES 7

struct card_item {
	enum map_origin origin;
	uint8_t proto;
	struct endpoint internal;
	uint16_t external_port;		/* 0: any */
	uint32_t count;			/* how often it was asked */
	uint64_t first_wall_s, last_wall_s;
	char descr[MAP_DESCR_MAX + 1];
};

struct card {
	uint32_t id;
	uint32_t device_id;
	enum card_state state;
	uint64_t made_wall_s;
	uint64_t answered_wall_s;	/* 0: not answered */
	uint64_t until_wall_s;		/* silence (NOT_NOW) or lapse (OPEN) */
	uint8_t prompts;		/* times the owner was told of it */
	uint32_t more;			/* requests beyond CARD_ITEMS_MAX */
	uint8_t item_count;
	struct card_item items[CARD_ITEMS_MAX];
};

/* Names for people and files; NULL for what is no such value. */
const char *card_state_text(uint8_t state);
/* The item that this request is about; NULL: none yet. */
struct card_item *card_find(struct card *c, const struct map_req *req);
/* Puts the request on the card. true: something new to look at (a port not on it yet). */
bool card_note(struct card *c, const struct map_req *req, uint64_t now_wall_s);

#endif
