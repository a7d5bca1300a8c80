/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of openings by hand, and what is known of each; core_reach.c makes them so. */
#ifndef GATEWAY_CORE_HANDS_H
#define GATEWAY_CORE_HANDS_H

#include "gateway/core_int.h"

struct hand_note {
	enum core_hand_state state;
	const char *text, *warning;	/* static; NULL: none */
	bool awaited;			/* it is about to be looked at */
	bool rests;			/* everything was closed by the owner after it was made */
};

struct hands {
	struct hand at[HANDS_MAX];	/* by id */
	struct hand_note notes[HANDS_MAX];
	size_t count;
	uint32_t next_id;
	struct loop_timer clock;
};

/* count, if there is none. */
size_t hands_place(const struct hands *hs, uint32_t id);
void hands_insert(struct hands *hs, const struct hand *h);	/* there is room */
void hands_remove(struct hands *hs, size_t place);

#endif
