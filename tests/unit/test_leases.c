/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lease files of dnsmasq and odhcpd: what is understood, and that changes are noticed. */
#include "gateway/leases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROWS_MAX 16

struct rows {
	size_t count;
	struct {
		char addr[ADDR_TEXT_MAX], name[64], id[64];
		struct lease_row row;
	} at[ROWS_MAX];
};

static void copy(struct str s, char out[64])
{
	assert_true(s.len < 64);
	memset(out, 0, 64);
	if (s.len > 0)
		memcpy(out, s.p, s.len);
}

static void on_row(void *arg, const struct lease_row *row)
{
	struct rows *rows = arg;
	size_t i = rows->count++;

	assert_true(i < ROWS_MAX);
	rows->at[i].row = *row;
	addr_text(&row->addr, rows->at[i].addr);
	copy(row->hostname, rows->at[i].name);
	copy(row->client_id, rows->at[i].id);
}

static size_t decode(const char *text, struct rows *rows)
{
	rows->count = 0;
	return leases_decode(str_from(text), on_row, rows);
}

static void test_dnsmasq(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0x5e, 0x10, 0, 0xa};
	struct rows rows;

	(void)state;
	assert_int_equal(decode(
		"1764000000 02:00:5e:10:00:0A 192.168.1.10 nas 01:02:00:5e:10:00:0a\n"
		"0 02:00:5e:10:00:0b 192.168.1.11 * *\n"
		"43200 06-02:00:5e:10:00:0b 192.168.1.12 old *\n"
		"duid 00:01:00:01:2f:aa:bb:cc:02:00:5e:10:00:01\n"
		"1764000000 1579 2001:db8:1::2a nas 00:01:00:01:2f\n"
		"1764000000 T1579 2001:db8:1::2b * 00:01\n", &rows), 0);
	assert_int_equal(rows.count, 5);
	assert_true(rows.at[0].row.has_mac);
	assert_memory_equal(rows.at[0].row.mac, mac, 6);
	assert_string_equal(rows.at[0].addr, "192.168.1.10");
	assert_string_equal(rows.at[0].name, "nas");
	assert_string_equal(rows.at[0].id, "01:02:00:5e:10:00:0a");
	assert_int_equal(rows.at[0].row.expires_wall_s, 1764000000);
	assert_int_equal(rows.at[1].row.expires_wall_s, 0);
	assert_null(rows.at[1].row.hostname.p);
	assert_null(rows.at[1].row.client_id.p);
	assert_false(rows.at[2].row.has_mac);
	assert_int_equal(rows.at[2].row.expires_wall_s, 0);	/* a length, no time */
	assert_false(rows.at[3].row.has_mac);
	assert_string_equal(rows.at[3].addr, "2001:db8:1::2a");
	assert_string_equal(rows.at[3].id, "00:01:00:01:2f");
}

static void test_odhcpd(void **state)
{
	struct rows rows;

	(void)state;
	assert_int_equal(decode(
		"# br-lan 0001000102005e10000a 1a2b nas 1764000000 2a 128 2001:db8:1::2a/128 "
		"fd00::2a/128\n"
		"2001:db8:1::2a\tnas.lan\tnas\n"
		"# br-lan 02005e10000b ipv4 broken\\x20x 1764000000 c0a8010b 32 192.168.1.11/32\n"
		"# br-lan 0004 1 - -1 4 62 2001:db8:1:4::/62\n"
		"# br-lan 0005 1 gone 0 5 128\n", &rows), 0);
	assert_int_equal(rows.count, 3);
	assert_string_equal(rows.at[0].addr, "2001:db8:1::2a");
	assert_string_equal(rows.at[1].addr, "fd00::2a");
	assert_string_equal(rows.at[0].id, "0001000102005e10000a");
	assert_string_equal(rows.at[0].name, "nas");
	assert_false(rows.at[0].row.has_mac);
	assert_true(rows.at[2].row.has_mac);
	assert_int_equal(rows.at[2].row.mac[5], 0xb);
	assert_null(rows.at[2].row.hostname.p);
	assert_null(rows.at[2].row.client_id.p);
}

static void test_rubbish_is_counted(void **state)
{
	struct rows rows;

	(void)state;
	assert_int_equal(decode("hello\n1764000000 02:00:5e:10:00:0a 192.168.1 nas *\n"
		"x 02:00:5e:10:00:0a 192.168.1.10 nas *\n# br-lan\n"
		"# br-lan 02005e1000 ipv4 - -1 1 32 192.168.1.11/32\n"
		"99999999999999999999999 02:00:5e:10:00:0a 192.168.1.10 nas *\n"
		"0 02:00:5e:10:00:0a 192.168.1.10", &rows), 6);
	assert_int_equal(rows.count, 1);
	assert_int_equal(decode("", &rows), 0);
	assert_int_equal(rows.count, 0);
}

/* ---- files ---- */

struct files {
	char dir[64], path[96], other[96];
	struct loop *loop;
	struct log log;
	struct leases *leases;
	struct rows rows;
};

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static size_t wait_rows(struct files *f)
{
	f->rows.count = 0;
	for (int i = 0; i < 60 && f->rows.count == 0; i++)
		loop_once(f->loop, 20);
	return f->rows.count;
}

static void test_changes_are_noticed(void **state)
{
	struct files f = {.dir = "/tmp/test_leases.XXXXXX"};
	const char *paths[1] = {f.path};
	struct leases_config config = {.log = &f.log, .paths = paths, .count = 1, .fn = on_row,
		.arg = &f.rows};
	FILE *kept;

	(void)state;
	if (getuid() >= 1000)
		skip();
	assert_non_null(mkdtemp(f.dir));
	snprintf(f.path, sizeof(f.path), "%s/leases", f.dir);
	snprintf(f.other, sizeof(f.other), "%s/new", f.dir);
	log_open(&f.log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "test");
	f.loop = loop_new();
	config.loop = f.loop;
	f.leases = leases_new(&config);
	assert_non_null(f.leases);
	assert_int_equal(f.rows.count, 0);
	/* It comes; is rewritten while it stays open, as dnsmasq does; another takes its place. */
	write_file(f.path, "0 02:00:5e:10:00:0a 192.168.1.10 * *\n");
	assert_int_equal(wait_rows(&f), 1);
	kept = fopen(f.path, "r+");
	assert_non_null(kept);
	fputs("0 02:00:5e:10:00:0a 192.168.1.99 * *\n", kept);
	fflush(kept);
	assert_int_equal(wait_rows(&f), 1);
	assert_string_equal(f.rows.at[0].addr, "192.168.1.99");
	fclose(kept);
	write_file(f.other, "0 02:00:5e:10:00:0a 192.168.1.7 * *\n0 x 192.168.1.8 * *\n");
	assert_int_equal(rename(f.other, f.path), 0);
	assert_int_equal(wait_rows(&f), 2);
	leases_again(f.leases);
	assert_int_equal(wait_rows(&f), 2);
	/* Of an ordinary user it would be believed by nobody. */
	write_file(f.other, "0 02:00:5e:10:00:0a 192.168.1.66 * *\n");
	if (chown(f.other, 1000, 1000) == 0) {
		assert_int_equal(rename(f.other, f.path), 0);
		assert_int_equal(wait_rows(&f), 0);
	}
	leases_free(f.leases);
	loop_free(f.loop);
	unlink(f.other);
	unlink(f.path);
	rmdir(f.dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dnsmasq),
		cmocka_unit_test(test_odhcpd),
		cmocka_unit_test(test_rubbish_is_counted),
		cmocka_unit_test(test_changes_are_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
