/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cards: what waits for the owner. One open card per device, however often it asks; bounded in
 * number, in what makes the owner look, and in writes. The requests themselves are kept in memory
 * while they are fresh; the answers are core_answer.c's.
 *
 * What ends a card is measured by the loop's clock, since the wall clock may not be known yet; the
 * store has it by the wall clock.
 */
#include "gateway/core_job.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS 86400000ULL
#define FLUSH_MS 1000		/* new cards are written at once, but not more often than this */
#define RECOUNT_MS 60000	/* how often an app asked again may wait longer */

/* What only memory has of a card. */
struct entry {
	uint64_t end_ms;		/* of silence, or it lapses; LOOP_NEVER */
	bool dirty;
	struct pending *kept[CARD_ITEMS_MAX];	/* the latest request of each item */
	uint64_t kept_ms[CARD_ITEMS_MAX];
};

struct prompt {
	uint32_t device_id;
	uint64_t ms;
	bool used;
};

struct cards {
	size_t count;
	uint32_t next_id;
	struct card at[CARDS_KEPT_MAX];		/* by id */
	struct entry entries[CARDS_KEPT_MAX];
	struct prompt prompts[CARDS_OPEN_MAX];	/* the last ones */
	size_t next_prompt;
	uint64_t flushed_ms;
	uint32_t gone[CARDS_KEPT_MAX];		/* ids the store is to forget */
	size_t gone_count;
	struct loop_timer flush, lapse;
};

const struct card *core_cards(const struct core *core, size_t *count)
{
	*count = core->cards->count;
	return core->cards->at;
}

struct card *card_by_id(struct core *core, uint32_t id)
{
	for (size_t i = 0; i < core->cards->count; i++) {
		if (core->cards->at[i].id == id)
			return &core->cards->at[i];
	}
	return NULL;
}

static struct entry *entry_of(struct cards *cs, const struct card *c)
{
	return &cs->entries[c - cs->at];
}

static struct card *open_card(struct cards *cs, uint32_t device_id)
{
	for (size_t i = 0; i < cs->count; i++) {
		if (cs->at[i].device_id == device_id && cs->at[i].state == CARD_OPEN)
			return &cs->at[i];
	}
	return NULL;
}

static size_t count_open(const struct cards *cs)
{
	size_t n = 0;

	for (size_t i = 0; i < cs->count; i++)
		n += cs->at[i].state == CARD_OPEN;
	return n;
}

static bool is_silenced(const struct core *core, uint32_t device_id)
{
	const struct cards *cs = core->cards;

	for (size_t i = 0; i < cs->count; i++) {
		if (cs->at[i].device_id == device_id && cs->at[i].state == CARD_NOT_NOW &&
			cs->entries[i].end_ms > loop_now_ms(core->loop))
			return true;
	}
	return false;
}

const char *card_refusal(const struct core *core, uint32_t device_id)
{
	if (is_silenced(core, device_id))
		return "not now, said the owner";
	if (!open_card(core->cards, device_id) && count_open(core->cards) >= CARDS_OPEN_MAX)
		return "too many questions wait for the owner";
	return NULL;
}

/* ---- writing ---- */

static void set_flush(struct core *core, uint64_t after_ms)
{
	struct cards *cs = core->cards;
	uint64_t due = loop_now_ms(core->loop) + after_ms;

	if (cs->flush.slot == 0 || cs->flush.due_ms > due)
		loop_timer_set(core->loop, &cs->flush, due);
}

static void flush(void *arg)
{
	struct core *core = arg;
	struct cards *cs = core->cards;
	struct store_job *sj = job_new(core, false);

	if (!sj)
		return;
	job_put_devices(sj);
	for (size_t i = 0; i < cs->gone_count; i++)
		job_put_card_gone(sj, cs->gone[i]);
	cs->gone_count = 0;
	for (size_t i = 0; i < cs->count; i++) {
		if (cs->entries[i].dirty)
			job_put_card(sj, &cs->at[i]);
		cs->entries[i].dirty = false;
	}
	loop_timer_stop(core->loop, &cs->flush);
	cs->flushed_ms = loop_now_ms(core->loop);
	if (sj->count > 0)
		job_submit(sj);
	else
		job_free(sj);
}

static void write_soon(struct core *core, struct card *c)
{
	uint64_t since = loop_now_ms(core->loop) - core->cards->flushed_ms;

	if (c)
		entry_of(core->cards, c)->dirty = true;
	if (since >= FLUSH_MS)
		flush(core);
	else
		set_flush(core, FLUSH_MS - since);
}

void cards_put_all(struct store_job *sj)
{
	struct cards *cs = sj->core->cards;

	for (size_t i = 0; i < cs->count; i++)
		job_put_card(sj, &cs->at[i]);
}

/* ---- a place for a card ---- */

static void forget_requests(struct entry *e)
{
	for (size_t i = 0; i < CARD_ITEMS_MAX; i++) {
		free(e->kept[i]);
		e->kept[i] = NULL;
	}
}

static void remove_at(struct cards *cs, size_t i)
{
	forget_requests(&cs->entries[i]);
	if (cs->gone_count < CARDS_KEPT_MAX)
		cs->gone[cs->gone_count++] = cs->at[i].id;
	cs->count--;
	memmove(&cs->at[i], &cs->at[i + 1], (cs->count - i) * sizeof(cs->at[0]));
	memmove(&cs->entries[i], &cs->entries[i + 1], (cs->count - i) * sizeof(cs->entries[0]));
	memset(&cs->entries[cs->count], 0, sizeof(cs->entries[0]));
}

/* The oldest that is answered or missed; open ones are far fewer than there are places. */
static void make_room(struct cards *cs)
{
	size_t i = 0;

	while (cs->count == CARDS_KEPT_MAX && i < cs->count && cs->at[i].state == CARD_OPEN)
		i++;
	if (cs->count == CARDS_KEPT_MAX)
		remove_at(cs, i);
}

/* Who waits for an answer is not forgotten for a crowd's sake. */
static void count_cards(struct core *core)
{
	const struct cards *cs = core->cards;

	for (size_t i = 0; i < devices_count(core->devices); i++)
		devices_at(core->devices, i)->cards = 0;
	for (size_t i = 0; i < cs->count; i++) {
		struct device *d = devices_by_id(core->devices, cs->at[i].device_id);
		if (d && cs->at[i].state == CARD_OPEN)
			d->cards++;
	}
}

/* Some are open that were not, or the other way round. */
static void open_changed(struct core *core)
{
	struct cards *cs = core->cards;
	uint64_t due = LOOP_NEVER;

	for (size_t i = 0; i < cs->count; i++) {
		if (cs->at[i].state == CARD_OPEN && cs->entries[i].end_ms < due)
			due = cs->entries[i].end_ms;
	}
	loop_timer_set(core->loop, &cs->lapse, due);
	count_cards(core);
}

static void end_in(struct core *core, struct card *c, uint32_t seconds)
{
	entry_of(core->cards, c)->end_ms = loop_now_ms(core->loop) + seconds * 1000ULL;
	c->until_wall_s = store_wall_s(core) + seconds;
}

static struct card *new_card(struct core *core, uint32_t device_id)
{
	struct cards *cs = core->cards;
	struct card *c;

	make_room(cs);
	c = &cs->at[cs->count++];
	*c = (struct card){.id = cs->next_id++, .device_id = device_id,
		.made_wall_s = store_wall_s(core)};
	end_in(core, c, CARD_LAPSE_S);
	open_changed(core);
	return c;
}

/* ---- asking ---- */

static bool may_prompt(struct core *core, uint32_t device_id)
{
	const struct cards *cs = core->cards;
	uint64_t now = loop_now_ms(core->loop);
	size_t all = 0, its = 0;

	for (size_t i = 0; i < CARDS_OPEN_MAX; i++) {
		if (!cs->prompts[i].used || now - cs->prompts[i].ms >= DAY_MS)
			continue;
		all++;
		its += cs->prompts[i].device_id == device_id;
	}
	return all < CARDS_OPEN_MAX && its < CARD_PROMPTS_DEVICE_DAY;
}

static void note_prompt(struct cards *cs, uint32_t device_id, uint64_t ms)
{
	cs->prompts[cs->next_prompt] = (struct prompt){device_id, ms, true};
	cs->next_prompt = (cs->next_prompt + 1) % CARDS_OPEN_MAX;
}

static void keep_request(struct core *core, struct card *c, const struct pending *item)
{
	struct entry *e = entry_of(core->cards, c);
	const struct card_item *at = card_find(c, &item->req);
	size_t i = at ? (size_t)(at - c->items) : CARD_ITEMS_MAX;

	if (i == CARD_ITEMS_MAX)
		return;
	if (!e->kept[i])
		e->kept[i] = malloc(sizeof(*item));
	if (!e->kept[i])
		return;
	*e->kept[i] = *item;
	e->kept_ms[i] = loop_now_ms(core->loop);
}

static void tell(struct core *core, const struct card *c, bool prompt)
{
	core_tell_all(core, &(struct core_told){
		.news = CORE_NEWS_CARD, .id = c->id, .prompt = prompt});
}

/* Two of one batch may have been promised the last place. */
static struct card *card_for(struct core *core, uint32_t device_id, bool *made)
{
	struct card *c = open_card(core->cards, device_id);

	*made = !c;
	if (c || count_open(core->cards) >= CARDS_OPEN_MAX)
		return c;
	return new_card(core, device_id);
}

void card_ask(struct core *core, const struct pending *item)
{
	bool made, prompt;
	struct card *c = card_for(core, item->device_id, &made);

	if (!c)
		return;
	made |= card_note(c, &item->req, store_wall_s(core));
	keep_request(core, c, item);
	if (!made) {
		entry_of(core->cards, c)->dirty = true;
		set_flush(core, RECOUNT_MS);
		return;
	}
	prompt = may_prompt(core, c->device_id);
	if (prompt) {
		note_prompt(core->cards, c->device_id, loop_now_ms(core->loop));
		c->prompts++;
	}
	write_soon(core, c);
	tell(core, c, prompt);
}

/* ---- freshness and ends ---- */

const struct pending *card_fresh(const struct core *core, const struct card *c, size_t item)
{
	const struct entry *e = &core->cards->entries[c - core->cards->at];

	if (!e->kept[item] ||
		loop_now_ms(core->loop) - e->kept_ms[item] >= CARD_FRESH_S * 1000ULL)
		return NULL;
	return e->kept[item];
}

bool core_card_is_fresh(const struct core *core, const struct card *card)
{
	for (size_t i = 0; i < card->item_count; i++) {
		if (card_fresh(core, card, i))
			return true;
	}
	return false;
}

void card_answered(struct core *core, struct card *c, enum card_state answer)
{
	forget_requests(entry_of(core->cards, c));
	c->state = answer;
	c->answered_wall_s = store_wall_s(core);
	c->until_wall_s = 0;
	entry_of(core->cards, c)->end_ms = LOOP_NEVER;
	if (answer == CARD_NOT_NOW)
		end_in(core, c, CARD_SILENCE_S);
	open_changed(core);
	tell(core, c, false);
}

static void lapse(void *arg)
{
	struct core *core = arg;
	struct cards *cs = core->cards;

	for (size_t i = 0; i < cs->count; i++) {
		if (cs->at[i].state != CARD_OPEN ||
			cs->entries[i].end_ms > loop_now_ms(core->loop))
			continue;
		forget_requests(&cs->entries[i]);
		cs->at[i].state = CARD_MISSED;
		cs->at[i].until_wall_s = 0;
		cs->entries[i].end_ms = LOOP_NEVER;
		write_soon(core, &cs->at[i]);
		tell(core, &cs->at[i], false);
	}
	open_changed(core);
}

/* What ends is dated anew, by the clock that is believed now. */
void cards_clock_synced(struct core *core)
{
	struct cards *cs = core->cards;
	uint64_t now = loop_now_ms(core->loop);

	for (size_t i = 0; i < cs->count; i++) {
		uint64_t end = cs->entries[i].end_ms;
		if (end == LOOP_NEVER || end <= now)
			continue;
		cs->at[i].until_wall_s = store_wall_s(core) + (end - now) / 1000;
		write_soon(core, &cs->at[i]);
	}
}

/* ---- devices ---- */

void cards_forget(struct core *core, uint32_t device_id)
{
	struct cards *cs = core->cards;

	for (size_t i = cs->count; i-- > 0;) {
		if (cs->at[i].device_id == device_id)
			remove_at(cs, i);
	}
	open_changed(core);
	write_soon(core, NULL);
}

/* Of two open ones the one that is there stays. */
void cards_move(struct core *core, uint32_t from, uint32_t into)
{
	struct cards *cs = core->cards;
	struct card *mine = open_card(cs, into), *its = open_card(cs, from);

	if (mine && its)
		remove_at(cs, (size_t)(its - cs->at));
	for (size_t i = 0; i < cs->count; i++) {
		if (cs->at[i].device_id != from)
			continue;
		cs->at[i].device_id = into;
		write_soon(core, &cs->at[i]);
	}
	open_changed(core);
}

/* ---- begin and end ---- */

/* Neither a wrong clock nor a wrong row makes silence longer than it was meant. */
static uint64_t restored_end_ms(const struct core *core, const struct card *c)
{
	uint64_t wall = store_wall_s(core);
	uint64_t left = c->until_wall_s > wall ? c->until_wall_s - wall : 0;

	if (c->state != CARD_OPEN && c->state != CARD_NOT_NOW)
		return LOOP_NEVER;
	if (left > CARD_LAPSE_S)
		left = CARD_LAPSE_S;
	return loop_now_ms(core->loop) + left * 1000;
}

static void restore_prompts(struct core *core, const struct card *c)
{
	uint64_t now = loop_now_ms(core->loop), wall = store_wall_s(core);
	uint64_t age_ms = wall > c->made_wall_s ? (wall - c->made_wall_s) * 1000 : 0;

	for (uint8_t i = 0; i < c->prompts && age_ms < DAY_MS && age_ms <= now; i++)
		note_prompt(core->cards, c->device_id, now - age_ms);
}

static int on_card(void *arg, const struct card *row)
{
	struct core *core = arg;
	struct cards *cs = core->cards;

	if (row->id >= cs->next_id)
		cs->next_id = row->id + 1;
	make_room(cs);
	cs->at[cs->count] = *row;
	cs->entries[cs->count].end_ms = restored_end_ms(core, row);
	cs->count++;
	restore_prompts(core, row);
	return 0;
}

int cards_load(struct core *core, struct db *db)
{
	int err = db_cards_each(db, on_card, core);

	if (!err)
		open_changed(core);
	return err;
}

int cards_init(struct core *core)
{
	core->cards = calloc(1, sizeof(*core->cards));
	if (!core->cards)
		return ERR_MEMORY;
	core->cards->next_id = 1;
	core->cards->flush = (struct loop_timer){.fn = flush, .arg = core};
	core->cards->lapse = (struct loop_timer){.fn = lapse, .arg = core};
	return 0;
}

void cards_stop(struct core *core)
{
	if (!core->cards)
		return;
	if (core->cards->flush.slot != 0)
		flush(core);
	loop_timer_stop(core->loop, &core->cards->flush);
	loop_timer_stop(core->loop, &core->cards->lapse);
}

void cards_free(struct core *core)
{
	for (size_t i = 0; core->cards && i < core->cards->count; i++)
		forget_requests(&core->cards->entries[i]);
	free(core->cards);
	core->cards = NULL;
}
