/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices and their addresses. */
#include "tests/unit/temp_db.h"

#include "policy/rule.h"

struct seen {
	struct db_device devices[4];
	struct addr addrs[4];
	uint32_t owners[4];
	char ifnames[4][DB_IFNAME_MAX];
	size_t device_count, addr_count;
};

static int see_device(void *arg, const struct db_device *d)
{
	struct seen *s = arg;

	assert_true(s->device_count < ROWS(s->devices));
	s->devices[s->device_count++] = *d;
	return 0;
}

static int see_addr(void *arg, uint32_t device_id, const struct addr *addr, const char *ifname)
{
	struct seen *s = arg;

	assert_true(s->addr_count < ROWS(s->addrs));
	s->owners[s->addr_count] = device_id;
	memcpy(s->ifnames[s->addr_count], ifname, strlen(ifname) + 1);
	s->addrs[s->addr_count++] = *addr;
	return 0;
}

static struct seen see(struct db *db)
{
	struct seen s;

	memset(&s, 0, sizeof(s));
	assert_int_equal(db_devices_each(db, see_device, &s), 0);
	assert_int_equal(db_device_addrs_each(db, see_addr, &s), 0);
	return s;
}

static const struct db_device console = {
	.id = 1, .has_mac = true, .mac = {2, 0, 0, 0, 0, 1}, .ifname = "br-lan", .name = "console",
	.hostname = "caf\xc3\xa9", .client_id = {1, 2, 3}, .zone = RULE_ZONE_NEW, .guest = true,
	.phone = true, .first_wall_s = 1700000000, .last_wall_s = 1700000001,
};
static const struct db_device ghost = {.id = 2, .zone = RULE_ZONE_BLOCKED};

static void test_devices(void **state)
{
	struct temp_db *t = *state;
	struct db_device moved = console;
	struct seen s;

	assert_int_equal(db_device_put(t->db, &ghost), 0);
	assert_int_equal(db_device_put(t->db, &console), 0);
	moved.zone = RULE_ZONE_MEMBER;
	assert_int_equal(db_device_put(t->db, &moved), 0);
	temp_db_reopen(t);
	s = see(t->db);
	assert_int_equal(s.device_count, 2);
	assert_int_equal(s.devices[0].id, 1);
	assert_true(s.devices[0].has_mac);
	assert_memory_equal(s.devices[0].mac, console.mac, 6);
	assert_string_equal(s.devices[0].ifname, "br-lan");
	assert_string_equal(s.devices[0].name, "console");
	assert_string_equal(s.devices[0].hostname, console.hostname);
	assert_memory_equal(s.devices[0].client_id, console.client_id, DB_CLIENT_ID_LEN);
	assert_true(s.devices[0].guest);
	assert_true(s.devices[0].phone);
	assert_int_equal(s.devices[0].zone, RULE_ZONE_MEMBER);
	assert_int_equal(s.devices[0].last_wall_s, 1700000001);
	assert_false(s.devices[1].has_mac);
	assert_false(s.devices[1].guest || s.devices[1].phone);
}

static void test_address_moves(void **state)
{
	struct temp_db *t = *state;
	const struct addr a = addr_from4(0xc0a80102);
	struct seen s;

	assert_int_equal(db_device_put(t->db, &console), 0);
	assert_int_equal(db_device_put(t->db, &ghost), 0);
	assert_int_equal(db_device_addr_put(t->db, 3, &a, ""), ERR_NOT_FOUND);
	assert_int_equal(db_device_addr_put(t->db, 1, &a, "br-lan"), 0);
	assert_int_equal(db_device_addr_put(t->db, 2, &a, "wlan0"), 0);
	s = see(t->db);
	assert_int_equal(s.addr_count, 1);
	assert_int_equal(s.owners[0], 2);
	assert_string_equal(s.ifnames[0], "wlan0");
	assert_true(addr_eq(&s.addrs[0], &a));
	assert_int_equal(db_device_addr_delete(t->db, &a), 0);
	assert_int_equal(see(t->db).addr_count, 0);
}

static void test_gone(void **state)
{
	struct temp_db *t = *state;
	const struct addr a = addr_from4(0xc0a80102), b = addr_from4(0xc0a80103);

	assert_int_equal(db_device_put(t->db, &console), 0);
	assert_int_equal(db_device_put(t->db, &ghost), 0);
	assert_int_equal(db_device_addr_put(t->db, 1, &a, ""), 0);
	assert_int_equal(db_device_addr_put(t->db, 2, &b, ""), 0);
	assert_int_equal(db_device_delete(t->db, 1), 0);
	assert_int_equal(db_device_delete(t->db, 1), 0);
	assert_int_equal(see(t->db).device_count, 1);
	assert_int_equal(see(t->db).addr_count, 1);
	assert_int_equal(db_device_addrs_clear(t->db), 0);
	assert_int_equal(see(t->db).addr_count, 0);
	assert_int_equal(db_device_addr_put(t->db, 2, &b, ""), 0);
	assert_int_equal(db_devices_clear(t->db), 0);
	assert_int_equal(see(t->db).device_count + see(t->db).addr_count, 0);
}

static struct prefix prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_decode(str_from(text), &p), 0);
	return p;
}

/* All there may be, then fewer, then none; another device's stay. */
static void test_callers(void **state)
{
	struct temp_db *t = *state;
	struct db_device d = console, other = ghost;
	struct seen s;

	other.callers = (struct db_callers){1, {prefix("2001:db8:5::/48")}};
	assert_int_equal(db_device_put(t->db, &other), 0);
	d.callers.count = DB_CALLERS_MAX;
	for (uint8_t i = 0; i < DB_CALLERS_MAX; i++)
		d.callers.at[i] = (struct prefix){addr_from4(0xc6336400u + 32u * (7u - i)), 123};
	assert_int_equal(db_device_put(t->db, &d), 0);
	temp_db_reopen(t);
	s = see(t->db);
	assert_int_equal(s.devices[0].callers.count, DB_CALLERS_MAX);
	for (uint8_t i = 0; i < DB_CALLERS_MAX; i++)
		assert_true(prefix_eq(&s.devices[0].callers.at[i], &d.callers.at[i]));
	d.callers = (struct db_callers){1, {prefix("198.51.100.7")}};
	assert_int_equal(db_device_put(t->db, &d), 0);
	s = see(t->db);
	assert_int_equal(s.devices[0].callers.count, 1);
	assert_true(prefix_eq(&s.devices[0].callers.at[0], &d.callers.at[0]));
	assert_int_equal(s.devices[1].callers.count, 1);
	assert_true(prefix_eq(&s.devices[1].callers.at[0], &other.callers.at[0]));
	d.callers.at[0].len = 100;
	assert_int_equal(db_device_put(t->db, &d), ERR_RANGE);
	assert_int_equal(db_device_delete(t->db, 1), 0);
	assert_int_equal(db_device_put(t->db, &console), 0);
	assert_int_equal(see(t->db).devices[0].callers.count, 0);
}

static int walk(struct db *db)
{
	struct seen s = {.device_count = 0};
	int err = db_devices_each(db, see_device, &s);

	return err ? err : db_device_addrs_each(db, see_addr, &s);
}

static void test_edited(void **state)
{
	struct temp_db *t = *state;
	const struct addr a = addr_from4(0xc0a80102);
	struct db_device d = console;

	d.callers = (struct db_callers){1, {prefix("198.51.100.0/24")}};
	assert_int_equal(db_device_put(t->db, &d), 0);
	assert_int_equal(db_device_addr_put(t->db, 1, &a, "an interface name"), ERR_RANGE);
	assert_int_equal(db_device_addr_put(t->db, 1, &a, "br-lan"), 0);
	temp_db_doubt_all(t, "devices", walk);
	temp_db_doubt(t, "devices", "zone", "5", walk);
	temp_db_doubt(t, "devices", "guest", "2", walk);
	temp_db_doubt(t, "devices", "hostname", "printf('%065d', 1)", walk);
	temp_db_doubt_all(t, "device_addrs", walk);
	temp_db_doubt(t, "callers", "position", "8", walk);
	temp_db_doubt(t, "callers", "addr", "x'00'", walk);
	temp_db_doubt(t, "callers", "len", "129", walk);
	temp_db_edit(t, "UPDATE callers SET len = 100");
	assert_int_equal(walk(t->db), ERR_CORRUPT);
	assert_string_equal(db_reason(t->db), "callers: it is no prefix");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_devices),
		TEMP_DB_TEST(test_address_moves),
		TEMP_DB_TEST(test_gone),
		TEMP_DB_TEST(test_callers),
		TEMP_DB_TEST(test_edited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
