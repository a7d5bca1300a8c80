/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cards come back with their items, and cost the flash only what is new on them. */
#include "tests/unit/temp_db.h"

static struct card some(uint32_t id, uint8_t items)
{
	struct card c = {
		.id = id, .device_id = 7, .state = CARD_NOT_NOW, .made_wall_s = 1700000000,
		.answered_wall_s = 1700000001, .until_wall_s = 1700086400, .prompts = 2, .more = 5,
		.item_count = items,
	};

	for (uint8_t i = 0; i < items; i++)
		c.items[i] = (struct card_item){
			.origin = MAP_ORIGIN_UPNP, .proto = MAP_PROTO_UDP,
			.internal = {addr_from4(0xc0a80102), (uint16_t)(3074 + i)},
			.external_port = (uint16_t)(4000 + i), .count = 1u + i,
			.first_wall_s = 1700000000, .last_wall_s = 1700000009, .descr = "a game",
		};
	return c;
}

struct seen {
	struct card cards[4];
	size_t count;
};

static int see_card(void *arg, const struct card *c)
{
	struct seen *s = arg;

	assert_true(s->count < ROWS(s->cards));
	s->cards[s->count++] = *c;
	return 0;
}

static struct seen see(struct db *db)
{
	struct seen s;

	memset(&s, 0, sizeof(s));
	assert_int_equal(db_cards_each(db, see_card, &s), 0);
	return s;
}

static int walk(struct db *db)
{
	struct seen s = {.count = 0};
	return db_cards_each(db, see_card, &s);
}

static void put(struct db *db, const struct card *c)
{
	assert_int_equal(db_begin(db, true), 0);
	assert_int_equal(db_card_put(db, c), 0);
	assert_int_equal(db_commit(db), 0);
}

static void assert_card(const struct card *a, const struct card *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->device_id, b->device_id);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->made_wall_s, b->made_wall_s);
	assert_int_equal(a->answered_wall_s, b->answered_wall_s);
	assert_int_equal(a->until_wall_s, b->until_wall_s);
	assert_int_equal(a->prompts, b->prompts);
	assert_int_equal(a->more, b->more);
	assert_int_equal(a->item_count, b->item_count);
	for (uint8_t i = 0; i < a->item_count; i++) {
		const struct card_item *x = &a->items[i], *y = &b->items[i];
		assert_int_equal(x->origin, y->origin);
		assert_int_equal(x->proto, y->proto);
		assert_true(addr_eq(&x->internal.addr, &y->internal.addr));
		assert_int_equal(x->internal.port, y->internal.port);
		assert_int_equal(x->external_port, y->external_port);
		assert_int_equal(x->count, y->count);
		assert_int_equal(x->first_wall_s, y->first_wall_s);
		assert_int_equal(x->last_wall_s, y->last_wall_s);
		assert_string_equal(x->descr, y->descr);
	}
}

static void test_cards(void **state)
{
	struct temp_db *t = *state;
	struct card full = some(1, CARD_ITEMS_MAX), bare = some(2, 0), two = some(3, 2);
	struct seen s;

	put(t->db, &two);
	put(t->db, &bare);
	put(t->db, &full);
	temp_db_reopen(t);
	s = see(t->db);
	assert_int_equal(s.count, 3);
	assert_card(&s.cards[0], &full);
	assert_card(&s.cards[1], &bare);
	assert_card(&s.cards[2], &two);
	full = some(1, 3);
	full.state = CARD_ALLOWED;
	full.items[1].count = 99;
	put(t->db, &full);
	s = see(t->db);
	assert_card(&s.cards[0], &full);
	assert_card(&s.cards[2], &two);
	assert_int_equal(db_card_delete(t->db, 1), 0);
	assert_int_equal(db_card_delete(t->db, 1), 0);
	s = see(t->db);
	assert_int_equal(s.count, 2);
	/* Its items went along: the same id begins anew. */
	full = some(1, 0);
	put(t->db, &full);
	assert_card(&see(t->db).cards[0], &full);
}

/* What did not change is not written: a card put twice costs nothing, one item little. */
static void test_spares_the_flash(void **state)
{
	struct temp_db *t = *state;
	struct card c = some(1, CARD_ITEMS_MAX);
	long at, whole, one;

	at = temp_db_log_size(t);
	put(t->db, &c);
	whole = temp_db_log_size(t) - at;
	at += whole;
	put(t->db, &c);
	assert_int_equal(temp_db_log_size(t), at);
	c.items[CARD_ITEMS_MAX - 1].count++;
	put(t->db, &c);
	one = temp_db_log_size(t) - at;
	assert_true(one > 0);
	assert_true(one <= 1100);
	assert_true(whole > one);
	assert_card(&see(t->db).cards[0], &c);
}

static void test_put_refuses_the_impossible(void **state)
{
	struct temp_db *t = *state;
	struct card c = some(1, 1);

	c.item_count = CARD_ITEMS_MAX + 1;
	assert_int_equal(db_card_put(t->db, &c), ERR_RANGE);
	c = some(1, 1);
	c.state = (enum card_state)CARD_STATES;
	assert_int_equal(db_card_put(t->db, &c), ERR_RANGE);
	assert_string_equal(db_reason(t->db), "cards.state: a value that cannot be");
	assert_int_equal(see(t->db).count, 0);
	c = some(1, 1);
	memcpy(c.items[0].descr, "\xff", 2);
	assert_int_equal(db_card_put(t->db, &c), ERR_RANGE);
	assert_string_equal(db_reason(t->db), "card_items.descr: a value that cannot be");
}

static void test_edited(void **state)
{
	struct temp_db *t = *state;
	struct card c = some(1, 1);

	put(t->db, &c);
	temp_db_doubt_all(t, "cards", walk);
	temp_db_doubt(t, "cards", "state", "7", walk);
	temp_db_doubt(t, "cards", "prompts", "256", walk);
	temp_db_doubt_all(t, "card_items", walk);
	temp_db_doubt(t, "card_items", "position", "8", walk);
	temp_db_doubt(t, "card_items", "origin", "5", walk);
	temp_db_doubt(t, "card_items", "proto", "0", walk);
	temp_db_doubt(t, "card_items", "external_port", "65536", walk);
	temp_db_doubt(t, "card_items", "descr", "printf('%0129d', 1)", walk);
}

/* An item that no card has, or a hole in a card's items. */
static void test_items_out_of_place(void **state)
{
	static const struct {
		const char *edit, *reason;
	} edits[] = {
		{"DELETE FROM cards WHERE id = 2",
		 "card_items.position: an item without its card or the item before it"},
		{"DELETE FROM cards WHERE id = 3", "card_items.card_id: no such card"},
		{"DELETE FROM card_items WHERE position = 0 AND card_id = 3",
		 "card_items.position: an item without its card or the item before it"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(edits); i++) {
		struct temp_db *t;
		void *fresh = NULL;

		assert_int_equal(temp_db_setup(&fresh), 0);
		t = fresh;
		for (uint32_t id = 1; id <= 3; id++) {
			struct card c = some(id, 2);
			put(t->db, &c);
		}
		temp_db_edit(t, edits[i].edit);
		assert_int_equal(walk(t->db), ERR_CORRUPT);
		assert_string_equal(db_reason(t->db), edits[i].reason);
		temp_db_teardown(&fresh);
	}
}

static int stop_at_once(void *arg, const struct card *c)
{
	(void)c;
	++*(int *)arg;
	return ERR_AGAIN;
}

static void test_walk_stops(void **state)
{
	struct temp_db *t = *state;
	struct card a = some(1, 2), b = some(2, 2);
	int calls = 0;

	put(t->db, &a);
	put(t->db, &b);
	assert_int_equal(db_cards_each(t->db, stop_at_once, &calls), ERR_AGAIN);
	assert_int_equal(calls, 1);
	assert_int_equal(see(t->db).count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_cards),
		TEMP_DB_TEST(test_spares_the_flash),
		TEMP_DB_TEST(test_put_refuses_the_impossible),
		TEMP_DB_TEST(test_edited),
		cmocka_unit_test(test_items_out_of_place),
		TEMP_DB_TEST(test_walk_stops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
