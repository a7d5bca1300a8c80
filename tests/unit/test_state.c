/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one row of state. */
#include "tests/unit/temp_db.h"

#include "policy/preset.h"

static struct db_state some(void)
{
	struct db_state s = {
		.epoch_start_boot_ms = UINT64_MAX - 5000, .epoch_start_wall_s = 1700000000,
		.next_opening_id = 12,
		.next_pinhole_id = 5, .upnp_boot_id = 3, .wan4 = addr_from4(0xcb007101),
		.attended = true, .preset = PRESET_LOCKDOWN,
	};
	memset(s.boot_id, 1, sizeof(s.boot_id));
	memset(s.uuid, 2, sizeof(s.uuid));
	memset(s.upnp_token, 3, sizeof(s.upnp_token));
	return s;
}

static void test_state(void **state)
{
	struct temp_db *t = *state;
	struct db_state want = some(), got = {.next_opening_id = 77};

	assert_int_equal(db_state_get(t->db, &got), ERR_NOT_FOUND);
	assert_int_equal(got.next_opening_id, 77);
	assert_int_equal(db_state_put(t->db, &want), 0);
	want.next_opening_id = 13;
	assert_int_equal(db_state_put(t->db, &want), 0);
	temp_db_reopen(t);
	assert_int_equal(db_state_get(t->db, &got), 0);
	assert_memory_equal(got.boot_id, want.boot_id, sizeof(got.boot_id));
	assert_true(got.epoch_start_boot_ms == want.epoch_start_boot_ms);
	assert_int_equal(got.epoch_start_wall_s, want.epoch_start_wall_s);
	assert_int_equal(got.next_opening_id, 13);
	assert_int_equal(got.upnp_boot_id, 3);
	assert_memory_equal(got.uuid, want.uuid, sizeof(got.uuid));
	assert_memory_equal(got.upnp_token, want.upnp_token, sizeof(got.upnp_token));
	assert_true(addr_eq(&got.wan4, &want.wan4));
	assert_true(got.attended);
	assert_int_equal(got.preset, PRESET_LOCKDOWN);
}

static int walk(struct db *db)
{
	struct db_state s;
	return db_state_get(db, &s);
}

static void test_edited(void **state)
{
	struct temp_db *t = *state;
	const struct db_state put = some();
	struct db_state got;

	assert_int_equal(db_state_put(t->db, &put), 0);
	temp_db_doubt(t, "state", "attended", "2", walk);
	temp_db_doubt(t, "state", "preset", "3", walk);
	temp_db_edit(t, "UPDATE state SET next_opening_id = 1 << 40");
	assert_int_equal(db_state_get(t->db, &got), ERR_CORRUPT);
	assert_string_equal(db_reason(t->db), "state.next_opening_id: a value that cannot be");
	temp_db_edit(t, "UPDATE state SET next_opening_id = 1,"
		" wan4 = x'20010db8000000000000000000000001'");
	assert_int_equal(db_state_get(t->db, &got), ERR_CORRUPT);
	assert_string_equal(db_reason(t->db), "state: wan4 is not an IPv4 address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_state),
		TEMP_DB_TEST(test_edited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
