/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cards and their items. An item's place on its card is part of its key: items are overwritten in
 * place, and those behind the last one go. SQLite does not write a page on which every byte is as
 * it was, so what has not changed costs the flash nothing.
 */
#include "db/db.h"

#include "db/table.h"

struct item_row {
	uint32_t card_id;
	uint8_t position;
	struct card_item item;
};

#define CARD(name, member, min, max) NUMBER(name, struct card, member, min, max)
#define ITEM(name, member, min, max) NUMBER(name, struct item_row, member, min, max)

static const struct field card_fields[] = {
	CARD("id", id, 1, UINT32_MAX),
	CARD("device_id", device_id, 0, UINT32_MAX),
	CARD("state", state, 0, CARD_STATES - 1),
	CARD("made_wall_s", made_wall_s, 0, INT64_MAX),
	CARD("answered_wall_s", answered_wall_s, 0, INT64_MAX),
	CARD("until_wall_s", until_wall_s, 0, INT64_MAX),
	CARD("prompts", prompts, 0, UINT8_MAX),
	CARD("more", more, 0, UINT32_MAX),
};

static const struct field item_fields[] = {
	ITEM("card_id", card_id, 1, UINT32_MAX),
	ITEM("position", position, 0, CARD_ITEMS_MAX - 1),
	ITEM("origin", item.origin, 0, MAP_ORIGINS - 1),
	ITEM("proto", item.proto, 1, UINT8_MAX),
	BYTES("internal_addr", struct item_row, item.internal.addr),
	ITEM("internal_port", item.internal.port, 0, UINT16_MAX),
	ITEM("external_port", item.external_port, 0, UINT16_MAX),
	ITEM("count", item.count, 0, UINT32_MAX),
	ITEM("first_wall_s", item.first_wall_s, 0, INT64_MAX),
	ITEM("last_wall_s", item.last_wall_s, 0, INT64_MAX),
	TEXT("descr", struct item_row, item.descr),
};

static const struct table cards = {
	.name = "cards",
	FIELDS(card_fields),
	.keys = 1,
	.row_size = sizeof(struct card),
};

static const struct table items = {
	.name = "card_items",
	FIELDS(item_fields),
	.keys = 2,
	.row_size = sizeof(struct item_row),
};

/* The items of this card, of which *row is the first if it has any. */
static int take_items(struct cursor *c, struct item_row *row, bool *have, struct card *card)
{
	while (*have && row->card_id == card->id && row->position == card->item_count) {
		card->items[card->item_count++] = row->item;
		*have = table_next(c, row);
	}
	if (!c->err && *have && row->card_id <= card->id)
		c->err = sql_say(c->db, ERR_CORRUPT, "card_items.position",
			"an item without its card or the item before it");
	return c->err;
}

/* Both in the order of cards, side by side. */
int db_cards_each(struct db *db, db_card_fn *fn, void *arg)
{
	struct cursor c = table_select(db, SQL_CARDS_EACH, &cards, " ORDER BY id");
	struct cursor ci = table_select(db, SQL_CARD_ITEMS_EACH, &items,
		" ORDER BY card_id, position");
	struct item_row row;
	struct card card;
	bool have = table_next(&ci, &row);
	int err;

	while (!ci.err && table_next(&c, &card)) {
		c.err = take_items(&ci, &row, &have, &card);
		if (!c.err)
			c.err = fn(arg, &card);
	}
	err = table_end(&c);
	if (!err && !ci.err && have)
		ci.err = sql_say(db, ERR_CORRUPT, "card_items.card_id", "no such card");
	if (table_end(&ci) && !err)
		err = ci.err;
	return err;
}

static int cut_items(struct db *db, const struct card *c)
{
	sqlite3_stmt *stmt;
	int err = sql_take(db, SQL_CARD_ITEMS_CUT,
		"DELETE FROM card_items WHERE card_id = ?1 AND position >= ?2", &stmt);

	if (!err)
		err = sql_check(db, sqlite3_bind_int64(stmt, 1, c->id));
	if (!err)
		err = sql_check(db, sqlite3_bind_int64(stmt, 2, c->item_count));
	return err ? err : sql_finish(db, stmt);
}

int db_card_put(struct db *db, const struct card *c)
{
	struct item_row row = {.card_id = c->id};
	int err = 0;

	if (c->item_count > CARD_ITEMS_MAX)
		return sql_say(db, ERR_RANGE, "card_items.position", "too many");
	err = table_put(db, SQL_CARD_PUT, &cards, c);
	for (uint8_t i = 0; i < c->item_count && !err; i++) {
		row.position = i;
		row.item = c->items[i];
		err = table_put(db, SQL_CARD_ITEM_PUT, &items, &row);
	}
	return err ? err : cut_items(db, c);
}

int db_card_delete(struct db *db, uint32_t id)
{
	const struct card key = {.id = id};

	return table_delete(db, SQL_CARD_DELETE, &cards, &key);
}
