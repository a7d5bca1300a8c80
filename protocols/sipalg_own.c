/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A phone's own words; see sipalg_own.h. */
#include "protocols/sipalg_own.h"

#include "protocols/err.h"

#include <string.h>

static struct sipalg_own_entry *place(struct sipalg_own *o, uint64_t key)
{
	struct sipalg_own_entry *oldest = &o->at[0];

	for (int i = 0; i < SIPALG_OWN_MAX; i++) {
		if (o->at[i].used && o->at[i].key == key)
			return &o->at[i];
		if (o->at[i].used < oldest->used)
			oldest = &o->at[i];
	}
	return oldest;
}

int sipalg_own_add(struct sipalg_own *o, struct str key, struct str text)
{
	struct sipalg_own_entry *e;

	if (text.len > SIPALG_OWN_TEXT_MAX)
		return ERR_FULL;
	/* Keys are the phone's: two with one hash give it other words of its own at worst. */
	e = place(o, str_hash(key));
	e->key = str_hash(key);
	e->used = ++o->clock;
	e->len = (uint32_t)text.len;
	memcpy(e->text, text.p, text.len);
	return 0;
}

struct str sipalg_own_find(const struct sipalg_own *o, struct str key)
{
	const struct sipalg_own_entry *last = &o->at[0];
	uint64_t wanted = str_hash(key);

	for (int i = 0; i < SIPALG_OWN_MAX; i++) {
		const struct sipalg_own_entry *e = &o->at[i];
		if (e->used && e->key == wanted)
			return (struct str){e->text, e->len};
		if (e->used > last->used)
			last = e;
	}
	return last->used ? (struct str){last->text, last->len} : STR_NONE;
}
