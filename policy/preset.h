/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Presets: whole ways to run a home, as tables of rules. Applying one takes the rules of the last
 * one away and leaves the owner's own where they are: a preset has rules above all others (what
 * must win: a lockdown) and below all others (what holds when nothing else does).
 */
#ifndef POLICY_PRESET_H
#define POLICY_PRESET_H

#include "policy/rule.h"

enum preset_id { PRESET_OPEN = 0, PRESET_ASK = 1, PRESET_LOCKDOWN = 2 };
#define PRESETS 3
#define PRESET_RULES_MAX 16	/* of one, above and below */

struct preset {
	const char *name;		/* "open", "ask", "lockdown" */
	const char *meaning;		/* a sentence for the owner */
	const struct rule *above, *below;	/* ids and positions are 0 */
	size_t above_count, below_count;
};

/* The policy of an empty store is that of PRESET_ASK: with nobody to answer it allows ordinary
 * ports and writes them down. */
const struct preset *preset_of(enum preset_id id);
/* ERR_NOT_FOUND. */
int preset_find(struct str name, enum preset_id *out);
/* The rules as they will be: above, those of old that no preset made, below; positions 1, 2, ...
 * and ids for the preset's from next_id on, but for those that old has as they are. Returns how
 * many; 0: more than RULES_MAX, of which none beyond is written. out has room for them, or for
 * old_count + PRESET_RULES_MAX if that is less. */
size_t preset_apply(enum preset_id id, const struct rule *old, size_t old_count,
	uint32_t next_id, struct rule *out);

#endif
