/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See core_hands.h. */
#include "gateway/core_hands.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

const struct hand *core_hands(const struct core *core, size_t *count)
{
	*count = core->hands->count;
	return core->hands->at;
}

size_t hands_place(const struct hands *hs, uint32_t id)
{
	size_t i = 0;

	while (i < hs->count && hs->at[i].id != id)
		i++;
	return i;
}

void hands_insert(struct hands *hs, const struct hand *h)
{
	size_t i = hs->count++;

	for (; i > 0 && hs->at[i - 1].id > h->id; i--) {
		hs->at[i] = hs->at[i - 1];
		hs->notes[i] = hs->notes[i - 1];
	}
	if (h->id >= hs->next_id)
		hs->next_id = h->id + 1;
	hs->at[i] = *h;
	hs->notes[i] = (struct hand_note){
		.state = CORE_HAND_OFF, .text = "it is about to be opened"};
}

void hands_remove(struct hands *hs, size_t i)
{
	hs->count--;
	memmove(&hs->at[i], &hs->at[i + 1], (hs->count - i) * sizeof(hs->at[0]));
	memmove(&hs->notes[i], &hs->notes[i + 1], (hs->count - i) * sizeof(hs->notes[0]));
}

uint32_t hands_next_id(const struct core *core)
{
	return core->hands->next_id;
}

int hands_init(struct core *core)
{
	core->hands = calloc(1, sizeof(*core->hands));
	if (!core->hands)
		return ERR_MEMORY;
	core->hands->next_id = 1;
	return 0;
}

void hands_free(struct core *core)
{
	free(core->hands);
	core->hands = NULL;
}
