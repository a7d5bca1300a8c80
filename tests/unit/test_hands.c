/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Openings by hand come back as they were put, and only those that can be. */
#include "tests/unit/temp_db.h"

static const struct hand nas = {
	.id = 3, .enabled = true, .device_id = 9, .protos = HAND_TCP | HAND_UDP,
	.families = HAND_IP4, .external_port = 8443, .internal_port = 443, .count = 2,
	.has_remote = true,
	.remote = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 51, 100, 0}}, 120},
	.when = {.days = 0x1f, .from_min = 960, .to_min = 1200}, .name = "caf\xc3\xa9",
};
static const struct hand web = {
	.id = 1, .device_id = 4, .protos = HAND_TCP, .families = HAND_IP4 | HAND_IP6,
	.external_port = 80, .internal_port = 80, .count = 1,
};

struct seen {
	struct hand hands[4];
	size_t count;
};

static int see_hand(void *arg, const struct hand *h)
{
	struct seen *s = arg;

	assert_true(s->count < ROWS(s->hands));
	s->hands[s->count++] = *h;
	return 0;
}

static struct seen see(struct db *db)
{
	struct seen s;

	memset(&s, 0, sizeof(s));
	assert_int_equal(db_hands_each(db, see_hand, &s), 0);
	return s;
}

static int walk(struct db *db)
{
	struct seen s = {.count = 0};
	return db_hands_each(db, see_hand, &s);
}

static void assert_hand(const struct hand *a, const struct hand *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->enabled, b->enabled);
	assert_int_equal(a->device_id, b->device_id);
	assert_int_equal(a->protos, b->protos);
	assert_int_equal(a->families, b->families);
	assert_int_equal(a->external_port, b->external_port);
	assert_int_equal(a->internal_port, b->internal_port);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->has_remote, b->has_remote);
	assert_true(prefix_eq(&a->remote, &b->remote));
	assert_int_equal(a->when.days, b->when.days);
	assert_int_equal(a->when.from_min, b->when.from_min);
	assert_int_equal(a->when.to_min, b->when.to_min);
	assert_string_equal(a->name, b->name);
}

static void test_hands(void **state)
{
	struct temp_db *t = *state;
	struct hand moved = nas;
	struct seen s;

	assert_int_equal(db_hand_put(t->db, &web), 0);
	assert_int_equal(db_hand_put(t->db, &nas), 0);
	temp_db_reopen(t);
	s = see(t->db);
	assert_int_equal(s.count, 2);
	assert_hand(&s.hands[0], &web);
	assert_hand(&s.hands[1], &nas);
	moved.has_remote = false;
	moved.remote = prefix_any6();
	moved.enabled = false;
	assert_int_equal(db_hand_put(t->db, &moved), 0);
	s = see(t->db);
	assert_int_equal(s.count, 2);
	assert_hand(&s.hands[1], &moved);
	assert_int_equal(db_hand_delete(t->db, 1), 0);
	assert_int_equal(db_hand_delete(t->db, 1), 0);
	assert_int_equal(see(t->db).hands[0].id, 3);
	assert_int_equal(db_hands_clear(t->db), 0);
	assert_int_equal(see(t->db).count, 0);
}

/* What policy/hand.h calls a contradiction is neither written nor read. */
static void test_faults(void **state)
{
	struct temp_db *t = *state;
	struct hand bad = nas;
	char want[160];

	bad.external_port = 65535;
	snprintf(want, sizeof(want), "hands: %s", hand_fault(&bad));
	assert_int_equal(db_hand_put(t->db, &bad), ERR_RANGE);
	assert_string_equal(db_reason(t->db), want);
	assert_int_equal(see(t->db).count, 0);
	assert_int_equal(db_hand_put(t->db, &nas), 0);
	temp_db_edit(t, "UPDATE hands SET external_port = 65535");
	assert_int_equal(walk(t->db), ERR_CORRUPT);
	assert_string_equal(db_reason(t->db), want);
}

static void test_edited(void **state)
{
	struct temp_db *t = *state;

	assert_int_equal(db_hand_put(t->db, &nas), 0);
	temp_db_doubt_all(t, "hands", walk);
	temp_db_doubt(t, "hands", "id", "0", walk);
	temp_db_doubt(t, "hands", "device_id", "0", walk);
	temp_db_doubt(t, "hands", "device_id", "1 << 32", walk);
	temp_db_doubt(t, "hands", "protos", "4", walk);
	temp_db_doubt(t, "hands", "families", "0", walk);
	temp_db_doubt(t, "hands", "external_port", "65536", walk);
	temp_db_doubt(t, "hands", "count", "65", walk);
	temp_db_doubt(t, "hands", "remote_len", "129", walk);
	temp_db_doubt(t, "hands", "days", "128", walk);
	temp_db_doubt(t, "hands", "to_min", "1441", walk);
	temp_db_doubt(t, "hands", "name", "printf('%065d', 1)", walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_hands),
		TEMP_DB_TEST(test_faults),
		TEMP_DB_TEST(test_edited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
