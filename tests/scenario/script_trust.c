/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules and questions in a script: what the owner says, and what waits for him. */
#include "tests/scenario/script.h"

#include "protocols/err.h"

#include <stdio.h>
#include <string.h>

#define RULES 64

static const struct core_act act = {.by = "test"};

static void check(struct script *s, int err)
{
	if (err)
		script_fail(s, "not done: %s", err_text(err));
	world_settle(&s->world);
}

/* preset NAME */
void script_preset(struct script *s)
{
	enum preset_id preset;

	if (preset_find(str_from(script_next(s)), &preset))
		script_fail(s, "no such preset");
	check(s, core_preset_put(s->world.core, preset, &act));
}

static struct rule first_rule(struct script *s)
{
	struct rule r;

	rule_init(&r);
	r.verdict = RULE_DENY;
	if (script_take(s, "allow"))
		r.verdict = RULE_ALLOW;
	else if (script_take(s, "ask"))
		r.verdict = RULE_ASK;
	else if (!script_take(s, "deny"))
		script_fail(s, "rule allow, ask or deny");
	r.proto = script_proto(s);
	r.internal_min = r.internal_max = (uint16_t)script_number(s);
	if (script_take(s, "when") && schedule_decode(str_from(script_next(s)), &r.when))
		script_fail(s, "no schedule");
	if (script_take(s, "sip"))
		r.origins = 1u << MAP_ORIGIN_SIP;
	return r;
}

/* rule deny PROTO PORT [when "SCHEDULE"] [sip]: before all others; rule drop: the first goes. */
void script_rule(struct script *s)
{
	size_t count;
	const struct rule *old = core_rules(s->world.core, &count);
	struct rule rules[RULES];
	struct core_fault fault;

	if (count + 1 > RULES)
		script_fail(s, "too many rules");
	if (script_take(s, "drop")) {
		memcpy(rules, old + 1, --count * sizeof(*old));
	} else {
		memcpy(rules + 1, old, count++ * sizeof(*old));
		rules[0] = first_rule(s);
	}
	check(s, core_rules_put(s->world.core, rules, count, &act, &fault));
}

/* The latest card of the device at this address. */
static const struct card *card_of(struct script *s)
{
	struct addr addr = script_addr(s);
	uint32_t device = core_device_of(s->world.core, &addr);
	const struct card *cards, *found = NULL;
	size_t count;

	cards = core_cards(s->world.core, &count);
	for (size_t i = 0; i < count; i++) {
		if (cards[i].device_id == device)
			found = &cards[i];
	}
	if (!found)
		script_fail(s, "it has no card");
	return found;
}

static enum card_state state_of(struct script *s)
{
	const char *word = script_next(s);

	for (uint8_t i = 0; i < CARD_STATES; i++) {
		if (strcmp(card_state_text(i), word) == 0)
			return (enum card_state)i;
	}
	script_fail(s, "%s is no state of a card", word);
}

/* cards COUNT */
void script_cards(struct script *s)
{
	size_t wanted = script_number(s), count;

	(void)core_cards(s->world.core, &count);
	if (count != wanted)
		script_fail(s, "there are %zu cards", count);
}

/* card ADDR STATE [asked COUNT] */
void script_card(struct script *s)
{
	const struct card *c = card_of(s);
	enum card_state state = state_of(s);
	uint32_t asked = c->more;

	if (c->state != state)
		script_fail(s, "its state is %s", card_state_text((uint8_t)c->state));
	for (size_t i = 0; i < c->item_count; i++)
		asked += c->items[i].count;
	if (script_take(s, "asked") && asked != script_number(s))
		script_fail(s, "it was asked %u times", asked);
}

/* answer ADDR STATE [opens COUNT] */
void script_answer(struct script *s)
{
	const struct card *c = card_of(s);
	size_t opened = 0;
	int err = core_card_answer(s->world.core, c->id, state_of(s), &act, &opened);

	check(s, err);
	if (script_take(s, "opens") && opened != script_number(s))
		script_fail(s, "it opens %zu", opened);
}
