/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Openings and leases come back as they were put; rows that cannot be are refused by name. */
#include "tests/unit/temp_db.h"

#define MANY 10000

static struct db_opening opening(uint32_t id)
{
	struct db_opening o = {
		.id = id, .device_id = 7, .proto = MAP_PROTO_UDP,
		.external = {addr_from4(0xcb007101), (uint16_t)(1024 + id)},
		.internal = {addr_from4(0xc0a80102), 3074},
		.remote = prefix_any4(), .remote_port = 9, .disabled = true, .pinned = true,
		.set_id = 3, .set_offset = 15, .rule_id = 5, .hand_id = 6, .suspended = true,
		.created_wall_s = 1700000000,
	};
	return o;
}

static struct db_lease lease(uint32_t id, enum map_origin origin)
{
	struct db_lease l = {
		.opening_id = id, .origin = origin, .device_id = 7,
		.client = addr_from4(0xc0a80102), .client_port = 5350,
		.has_nonce = origin == MAP_ORIGIN_PCP,
		.granted_s = MAP_LIFETIME_ENDLESS, .remaining_s = 3600,
		.expires_boot_ms = UINT64_MAX - 1, .expires_wall_s = 1700003600, .descr = "a game",
	};
	if (l.has_nonce)
		memset(l.nonce, 0xa5, sizeof(l.nonce));
	return l;
}

struct seen {
	struct db_opening openings[4];
	struct db_lease leases[4];
	size_t opening_count, lease_count;
};

static int see_opening(void *arg, const struct db_opening *o)
{
	struct seen *s = arg;

	assert_true(s->opening_count < ROWS(s->openings));
	s->openings[s->opening_count++] = *o;
	return 0;
}

static int see_lease(void *arg, const struct db_lease *l)
{
	struct seen *s = arg;

	assert_true(s->lease_count < ROWS(s->leases));
	s->leases[s->lease_count++] = *l;
	return 0;
}

static struct seen see(struct db *db)
{
	struct seen s;

	memset(&s, 0, sizeof(s));
	assert_int_equal(db_openings_each(db, see_opening, &s), 0);
	assert_int_equal(db_leases_each(db, see_lease, &s), 0);
	return s;
}

static void assert_opening(const struct db_opening *a, const struct db_opening *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->device_id, b->device_id);
	assert_int_equal(a->proto, b->proto);
	assert_memory_equal(&a->external.addr, &b->external.addr, 16);
	assert_int_equal(a->external.port, b->external.port);
	assert_memory_equal(&a->internal.addr, &b->internal.addr, 16);
	assert_int_equal(a->internal.port, b->internal.port);
	assert_true(prefix_eq(&a->remote, &b->remote));
	assert_int_equal(a->remote_port, b->remote_port);
	assert_int_equal(a->disabled, b->disabled);
	assert_int_equal(a->pinned, b->pinned);
	assert_int_equal(a->set_id, b->set_id);
	assert_int_equal(a->set_offset, b->set_offset);
	assert_int_equal(a->rule_id, b->rule_id);
	assert_int_equal(a->hand_id, b->hand_id);
	assert_int_equal(a->suspended, b->suspended);
	assert_int_equal(a->created_wall_s, b->created_wall_s);
}

static void assert_lease(const struct db_lease *a, const struct db_lease *b)
{
	assert_int_equal(a->opening_id, b->opening_id);
	assert_int_equal(a->origin, b->origin);
	assert_int_equal(a->device_id, b->device_id);
	assert_memory_equal(&a->client, &b->client, 16);
	assert_int_equal(a->client_port, b->client_port);
	assert_int_equal(a->has_nonce, b->has_nonce);
	assert_memory_equal(a->nonce, b->nonce, sizeof(a->nonce));
	assert_int_equal(a->granted_s, b->granted_s);
	assert_int_equal(a->remaining_s, b->remaining_s);
	assert_true(a->expires_boot_ms == b->expires_boot_ms);
	assert_int_equal(a->expires_wall_s, b->expires_wall_s);
	assert_string_equal(a->descr, b->descr);
}

static void put(struct db *db, uint32_t id, enum map_origin origin)
{
	const struct db_opening o = opening(id);
	const struct db_lease l = lease(id, origin);

	assert_int_equal(db_opening_put(db, &o), 0);
	assert_int_equal(db_lease_put(db, &l), 0);
}

static void test_round_trip(void **state)
{
	struct temp_db *t = *state;
	const struct db_opening o1 = opening(1), o2 = opening(2);
	const struct db_lease pcp = lease(1, MAP_ORIGIN_PCP), upnp = lease(1, MAP_ORIGIN_UPNP);
	struct seen s;

	put(t->db, 2, MAP_ORIGIN_SIP);
	put(t->db, 1, MAP_ORIGIN_PCP);
	put(t->db, 1, MAP_ORIGIN_UPNP);
	temp_db_reopen(t);
	s = see(t->db);
	assert_int_equal(s.opening_count, 2);
	assert_opening(&s.openings[0], &o1);
	assert_opening(&s.openings[1], &o2);
	assert_int_equal(s.lease_count, 3);
	assert_lease(&s.leases[0], &upnp);
	assert_lease(&s.leases[1], &pcp);
	assert_int_equal(s.leases[2].opening_id, 2);
}

static void test_put_again_keeps_leases(void **state)
{
	struct temp_db *t = *state;
	struct db_opening o = opening(1);
	struct db_lease l = lease(1, MAP_ORIGIN_PCP);
	struct seen s;

	put(t->db, 1, MAP_ORIGIN_PCP);
	o.internal.port = 1;
	l.remaining_s = 1;
	assert_int_equal(db_opening_put(t->db, &o), 0);
	assert_int_equal(see(t->db).lease_count, 1);
	assert_int_equal(db_lease_put(t->db, &l), 0);
	s = see(t->db);
	assert_int_equal(s.opening_count, 1);
	assert_int_equal(s.openings[0].internal.port, 1);
	assert_int_equal(s.lease_count, 1);
	assert_int_equal(s.leases[0].remaining_s, 1);
}

static void test_delete(void **state)
{
	struct temp_db *t = *state;
	struct seen s;

	put(t->db, 1, MAP_ORIGIN_PCP);
	put(t->db, 1, MAP_ORIGIN_UPNP);
	put(t->db, 2, MAP_ORIGIN_UPNP);
	assert_int_equal(db_lease_delete(t->db, 1, MAP_ORIGIN_UPNP), 0);
	assert_int_equal(see(t->db).lease_count, 2);
	assert_int_equal(db_opening_delete(t->db, 1), 0);
	assert_int_equal(db_opening_delete(t->db, 1), 0);
	s = see(t->db);
	assert_int_equal(s.opening_count, 1);
	assert_int_equal(s.lease_count, 1);
	assert_int_equal(s.leases[0].opening_id, 2);
	put(t->db, 3, MAP_ORIGIN_PCP);
	assert_int_equal(db_openings_clear(t->db), 0);
	s = see(t->db);
	assert_int_equal(s.opening_count, 0);
	assert_int_equal(s.lease_count, 0);
}

static void test_lease_needs_opening(void **state)
{
	struct temp_db *t = *state;
	const struct db_lease l = lease(3, MAP_ORIGIN_PCP);

	assert_int_equal(db_lease_put(t->db, &l), ERR_NOT_FOUND);
	assert_int_equal(see(t->db).lease_count, 0);
}

static void test_put_refuses_the_impossible(void **state)
{
	struct temp_db *t = *state;
	struct db_opening o = opening(1);
	struct db_lease l = lease(1, MAP_ORIGIN_PCP);

	o.proto = 132;
	assert_int_equal(db_opening_put(t->db, &o), ERR_RANGE);
	assert_non_null(strstr(db_reason(t->db), "openings"));
	o = opening(0);
	assert_int_equal(db_opening_put(t->db, &o), ERR_RANGE);
	o = opening(1);
	assert_int_equal(db_opening_put(t->db, &o), 0);
	memcpy(l.descr, "\xff\xfe", 3);
	assert_int_equal(db_lease_put(t->db, &l), ERR_RANGE);
	assert_string_equal(db_reason(t->db), "leases.descr: a value that cannot be");
	memset(l.descr, 'x', sizeof(l.descr));
	assert_int_equal(db_lease_put(t->db, &l), ERR_RANGE);
	assert_int_equal(see(t->db).lease_count, 0);
}

static void test_edited_rows_are_named(void **state)
{
	static const struct {
		const char *edit, *undo, *reason;
	} edits[] = {
		{"UPDATE openings SET proto = 999", "UPDATE openings SET proto = 6",
		 "openings.proto: a value that cannot be"},
		{"UPDATE openings SET proto = 50", "UPDATE openings SET proto = 6",
		 "openings: proto is neither TCP nor UDP"},
		{"UPDATE openings SET external_port = 70000",
		 "UPDATE openings SET external_port = 1",
		 "openings.external_port: a value that cannot be"},
		{"UPDATE openings SET internal_port = -1", "UPDATE openings SET internal_port = 1",
		 "openings.internal_port: a value that cannot be"},
		{"UPDATE openings SET internal_addr = x'c0a80102'",
		 "UPDATE openings SET internal_addr = zeroblob(16)",
		 "openings.internal_addr: a value that cannot be"},
		{"UPDATE openings SET remote_len = 129", "UPDATE openings SET remote_len = 96",
		 "openings.remote_len: a value that cannot be"},
		{"UPDATE openings SET hand_id = -1", "UPDATE openings SET hand_id = 0",
		 "openings.hand_id: a value that cannot be"},
		{"UPDATE openings SET suspended = 2", "UPDATE openings SET suspended = 0",
		 "openings.suspended: a value that cannot be"},
		{"UPDATE leases SET origin = 9", "UPDATE leases SET origin = 3",
		 "leases.origin: a value that cannot be"},
		{"UPDATE leases SET nonce = x'00'", "UPDATE leases SET nonce = NULL",
		 "leases.nonce: a value that cannot be"},
		{"UPDATE leases SET descr = CAST(x'ff' AS TEXT)", "UPDATE leases SET descr = ''",
		 "leases.descr: a value that cannot be"},
		{"UPDATE leases SET descr = printf('%0200d', 1)", "UPDATE leases SET descr = ''",
		 "leases.descr: a value that cannot be"},
	};
	struct temp_db *t = *state;
	struct seen s;

	put(t->db, 1, MAP_ORIGIN_PCP);
	for (size_t i = 0; i < ROWS(edits); i++) {
		int err;

		memset(&s, 0, sizeof(s));
		temp_db_edit(t, edits[i].edit);
		err = db_openings_each(t->db, see_opening, &s);
		if (!err)
			err = db_leases_each(t->db, see_lease, &s);
		assert_int_equal(err, ERR_CORRUPT);
		assert_string_equal(db_reason(t->db), edits[i].reason);
		temp_db_edit(t, edits[i].undo);
		see(t->db);
	}
}

struct seen_filters {
	uint32_t id[4];
	struct map_filter filters[4];
	size_t count;
};

static int see_filter(void *arg, uint32_t opening_id, const struct map_filter *f)
{
	struct seen_filters *s = arg;

	assert_true(s->count < ROWS(s->id));
	s->id[s->count] = opening_id;
	s->filters[s->count++] = *f;
	return 0;
}

static struct seen_filters see_filters(struct db *db)
{
	struct seen_filters s = {.count = 0};

	assert_int_equal(db_filters_each(db, see_filter, &s), 0);
	return s;
}

/* They are replaced as a whole, and go with their opening. */
static void test_filters(void **state)
{
	const struct map_filter filters[] = {
		{{addr_from4(0xc6336400), 120}, 80}, {{addr_from4(0xcb007142), 128}, 0}};
	struct temp_db *t = *state;
	struct seen_filters s;

	put(t->db, 1, MAP_ORIGIN_PCP);
	put(t->db, 2, MAP_ORIGIN_PCP);
	assert_int_equal(db_filters_replace(t->db, 2, filters, 2), 0);
	assert_int_equal(db_filters_replace(t->db, 1, filters + 1, 1), 0);
	temp_db_reopen(t);
	s = see_filters(t->db);
	assert_int_equal(s.count, 3);
	assert_int_equal(s.id[0], 1);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(s.id[1 + i], 2);
		assert_true(prefix_eq(&s.filters[1 + i].remote, &filters[i].remote));
		assert_int_equal(s.filters[1 + i].port, filters[i].port);
	}
	/* Renewed by an upsert, the opening keeps them. */
	put(t->db, 2, MAP_ORIGIN_PCP);
	assert_int_equal(db_filters_replace(t->db, 1, NULL, 0), 0);
	assert_int_equal(see_filters(t->db).count, 2);
	assert_int_equal(db_opening_delete(t->db, 2), 0);
	assert_int_equal(see_filters(t->db).count, 0);
}

static int stop_at_once(void *arg, const struct db_opening *o)
{
	(void)o;
	++*(int *)arg;
	return ERR_AGAIN;
}

static void test_walk_stops(void **state)
{
	struct temp_db *t = *state;
	int calls = 0;

	put(t->db, 1, MAP_ORIGIN_PCP);
	put(t->db, 2, MAP_ORIGIN_PCP);
	assert_int_equal(db_openings_each(t->db, stop_at_once, &calls), ERR_AGAIN);
	assert_int_equal(calls, 1);
	assert_int_equal(see(t->db).opening_count, 2);
}

static int count_opening(void *arg, const struct db_opening *o)
{
	(void)o;
	++*(size_t *)arg;
	return 0;
}

static int count_lease(void *arg, const struct db_lease *l)
{
	(void)l;
	++*(size_t *)arg;
	return 0;
}

static void test_many(void **state)
{
	struct temp_db *t = *state;
	size_t count = 0;
	double at = temp_db_ms(), written, opened;

	assert_int_equal(db_begin(t->db, false), 0);
	for (uint32_t id = 1; id <= MANY; id++)
		put(t->db, id, MAP_ORIGIN_UPNP);
	assert_int_equal(db_commit(t->db), 0);
	written = temp_db_ms();
	temp_db_reopen(t);
	opened = temp_db_ms();
	assert_int_equal(db_openings_each(t->db, count_opening, &count), 0);
	assert_int_equal(db_leases_each(t->db, count_lease, &count), 0);
	assert_int_equal(count, 2 * MANY);
	print_message("%d openings with leases: written %.0f ms, reopened %.0f, read %.1f\n", MANY,
		written - at, opened - written, temp_db_ms() - opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_round_trip),
		TEMP_DB_TEST(test_put_again_keeps_leases),
		TEMP_DB_TEST(test_delete),
		TEMP_DB_TEST(test_lease_needs_opening),
		TEMP_DB_TEST(test_put_refuses_the_impossible),
		TEMP_DB_TEST(test_edited_rows_are_named),
		TEMP_DB_TEST(test_filters),
		TEMP_DB_TEST(test_walk_stops),
		TEMP_DB_TEST(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
