/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 7753: contiguous ports are opened, renewed, deleted and end as one. */
#include "tests/unit/core_rig.h"

#define A "192.168.1.10"
#define B "192.168.1.20"

static struct map_req set(const char *client, uint16_t port, uint16_t size)
{
	struct map_req req = rig_map(client, port);

	req.set_size = size;
	return req;
}

static const struct opening *inside(struct rig *r, const char *host, uint16_t port)
{
	struct endpoint e = {rig_addr(host), port};
	return table_first_internal(r->core->table, MAP_PROTO_UDP, &e);
}

static bool in_kernel(struct rig *r, uint16_t external)
{
	uint8_t key[FW_KEY_MAX] = {(uint8_t)(external >> 8), (uint8_t)external};
	return fw_fake_find(r->fw, FW_SET_OPEN_UDP4, key) != NULL;
}

static void assert_run(struct rig *r, const char *host, uint16_t port, uint16_t external,
	uint16_t size)
{
	for (uint16_t i = 0; i < size; i++) {
		const struct opening *o = inside(r, host, (uint16_t)(port + i));
		assert_non_null(o);
		assert_int_equal(o->external.port, external + i);
		assert_true(in_kernel(r, (uint16_t)(external + i)));
	}
	assert_null(inside(r, host, (uint16_t)(port + size)));
}

static void test_a_set_opens_and_closes_as_one(void **state)
{
	struct rig *r = *state;
	struct map_req req = set(A, 5004, 4);
	uint64_t until;

	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(r->ans.set_size, 4);
	assert_run(r, A, 5004, r->ans.external.port, 4);
	until = inside(r, A, 5007)->leases->expires_ms;
	/* Renewed by its first port, without saying how many. */
	rig_advance(r, 60000);
	req.set_size = 0;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(r->ans.set_size, 4);
	assert_int_equal(inside(r, A, 5007)->leases->expires_ms, until + 60000);
	/* More than there is: the set that exists. */
	req.set_size = 16;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(r->ans.set_size, 4);
	assert_int_equal(core_openings(r->core), 4);
	/* Deleted by a port in the middle. */
	req.internal.port = 5006;
	assert_int_equal(rig_close(r, &req), MAP_OK);
	assert_int_equal(core_openings(r->core), 0);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN_UDP4), 0);
}

static void test_a_set_ends_as_one(void **state)
{
	struct rig *r = *state;
	struct map_req req = set(A, 5004, 2);

	req.lifetime_s = 120;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	rig_advance(r, 119000);
	assert_int_equal(core_openings(r->core), 2);
	rig_advance(r, 1000);
	assert_int_equal(core_openings(r->core), 0);
}

static void test_another_nonce_moves_no_port(void **state)
{
	struct rig *r = *state;
	struct map_req req = set(A, 5004, 2);

	assert_int_equal(rig_ask(r, &req), MAP_OK);
	req.nonce[0] = 'T';
	assert_int_equal(rig_ask(r, &req), MAP_NOT_OWNER);
	assert_int_equal(rig_close(r, &req), MAP_NOT_OWNER);
	assert_int_equal(core_openings(r->core), 2);
}

/* RFC 7753 section 4: the first external port is as odd or even as the first internal one. */
static void test_parity(void **state)
{
	struct rig *r = *state;
	struct map_req req = set(A, 5004, 2);

	req.set_parity = true;
	req.external.port = 7001;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(r->ans.external.port % 2, 0);
	assert_int_equal(r->ans.set_size, 2);
	req = set(A, 6005, 2);
	req.set_parity = true;
	req.external.port = 7001;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(r->ans.external.port, 7001);
}

/* A suggestion in front of another device's port: the set moves, it does not shrink. */
static void test_a_run_that_is_free(void **state)
{
	struct rig *r = *state;
	struct map_req other = rig_map(B, 7002), req = set(A, 5004, 4);

	assert_int_equal(rig_ask(r, &other), MAP_OK);
	req.external.port = 7000;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(r->ans.set_size, 4);
	assert_true(r->ans.external.port + 3 < 7002 || r->ans.external.port > 7002);
	assert_run(r, A, 5004, r->ans.external.port, 4);
}

/* What cannot be had makes the set shorter: a port in use inside, the quota, the last port. */
static void test_shorter_sets(void **state)
{
	struct rig *r = *state;
	struct map_req one = rig_map(A, 5006), req = set(A, 5004, 4);

	assert_int_equal(rig_ask(r, &one), MAP_OK);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(r->ans.set_size, 2);
	assert_int_equal(inside(r, A, 5006)->set_id, 0);
	req = set(A, 65534, 4);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(r->ans.set_size, 2);
	assert_int_equal(limits_set(&r->core->limits, STR("quota.device"), 7), 0);
	assert_int_equal(limits_set(&r->core->limits, STR("quota.new"), 7), 0);
	req = set(A, 9500, 4);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(r->ans.set_size, 2);
	req = set(A, 9100, 4);
	assert_int_equal(rig_ask(r, &req), MAP_QUOTA);
	assert_int_equal(core_openings(r->core), 7);
}

static void test_pinholes(void **state)
{
	struct rig *r = *state;
	struct map_req req = set("2001:db8:1::10", 5004, 3);

	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(r->ans.external.port, 5004);
	assert_int_equal(r->ans.set_size, 3);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN6), 3);
	assert_int_equal(rig_close(r, &req), MAP_OK);
	assert_int_equal(fw_fake_count(r->fw, FW_SET_OPEN6), 0);
}

static void test_a_set_survives_a_restart(void **state)
{
	struct rig *r = *state;
	struct map_req req = set(A, 5004, 3);
	uint16_t external;

	assert_int_equal(rig_ask(r, &req), MAP_OK);
	external = r->ans.external.port;
	rig_restart(r);
	assert_run(r, A, 5004, external, 3);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(r->ans.set_size, 3);
	assert_int_equal(rig_close(r, &req), MAP_OK);
	assert_int_equal(core_openings(r->core), 0);
}

/* Nothing stays of a set the firewall refuses a port of. */
static void test_refused_as_one(void **state)
{
	struct rig *r = *state;
	struct map_req req = set(A, 5004, 3);
	const uint32_t bad = 4;

	fw_fake_fail(r->fw, ERR_DENIED, &bad, 1);
	assert_int_equal(rig_ask(r, &req), MAP_TROUBLE);
	assert_int_equal(core_openings(r->core), 0);
	assert_int_equal(table_count(r->core->table), 0);
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(r->ans.set_size, 3);
}

/* Another front door has to do with its one port only. */
static void test_other_doors(void **state)
{
	struct rig *r = *state;
	struct map_req req = set(A, 5004, 2), natpmp = rig_map(A, 5004);

	natpmp.origin = MAP_ORIGIN_NATPMP;
	natpmp.has_nonce = false;
	assert_int_equal(rig_ask(r, &req), MAP_OK);
	assert_int_equal(rig_ask(r, &natpmp), MAP_OK);
	assert_int_equal(rig_close(r, &req), MAP_OK);
	assert_int_equal(core_openings(r->core), 1);
	assert_non_null(inside(r, A, 5004));
	assert_int_equal(rig_close(r, &natpmp), MAP_OK);
	assert_int_equal(core_openings(r->core), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_set_opens_and_closes_as_one),
		TEST(test_a_set_ends_as_one),
		TEST(test_another_nonce_moves_no_port),
		TEST(test_parity),
		TEST(test_a_run_that_is_free),
		TEST(test_shorter_sets),
		TEST(test_pinholes),
		TEST(test_a_set_survives_a_restart),
		TEST(test_refused_as_one),
		TEST(test_other_doors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
