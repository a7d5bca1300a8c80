/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The certificate of our own making: what it is good for, how long, and that it is kept safe. */
#include "gateway/tls.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW 1800000000ULL
#define DAY 86400ULL

static struct tls_names names(const struct addr *addrs, size_t count, uint64_t now)
{
	return (struct tls_names){addrs, count, "postern.lan, router.lan", now};
}

static void test_make(void **state)
{
	struct addr addrs[3] = {addr_from4(0xc0a80101), addr_from4(0xc0a80201)};
	struct tls_names two = names(addrs, 2, NOW), later = names(addrs, 2, NOW + 365 * DAY);
	struct tls_names before = names(addrs, 2, NOW - 2 * DAY), one = names(addrs, 1, NOW);
	struct tls_names third, named = two;
	struct tls_cert cert = {0}, other = {0};

	(void)state;
	assert_int_equal(addr_decode(STR("fd00::1"), &addrs[2]), 0);
	third = names(addrs, 3, NOW);
	named.names = "other.lan";
	assert_int_equal(tls_make(&two, &cert), 0);
	assert_int_equal(strlen(cert.fingerprint), TLS_FINGERPRINT_LEN - 1);
	assert_true(tls_fits(&cert, &two));
	/* An address less is no reason for another warning; one more is. */
	assert_true(tls_fits(&cert, &one));
	assert_false(tls_fits(&cert, &third));
	assert_false(tls_fits(&cert, &named));
	later.now_wall_s = NOW + (TLS_DAYS - TLS_RENEW_DAYS - 2) * DAY;
	assert_true(tls_fits(&cert, &later));
	later.now_wall_s += DAY + 1;
	assert_false(tls_fits(&cert, &later));
	assert_false(tls_fits(&cert, &before));
	assert_int_equal(tls_make(&third, &other), 0);
	assert_true(tls_fits(&other, &third));
	assert_string_not_equal(cert.fingerprint, other.fingerprint);
	tls_clear(&cert);
	tls_clear(&other);
}

static void test_keep(void **state)
{
	struct addr addr = addr_from4(0xc0a80101);
	struct tls_names want = names(&addr, 1, NOW);
	struct tls_cert cert = {0}, again = {0};
	char dir[] = "/tmp/test_tls.XXXXXX", path[64];
	struct stat st;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/web.pem", dir);
	assert_int_equal(tls_load(path, path, &again), ERR_NOT_FOUND);
	assert_int_equal(tls_make(&want, &cert), 0);
	umask(0);
	assert_int_equal(tls_save(&cert, path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(tls_load(path, path, &again), 0);
	assert_string_equal(again.fingerprint, cert.fingerprint);
	assert_true(tls_fits(&again, &want));
	tls_clear(&again);
	assert_int_equal(tls_save(&cert, "/nowhere/web.pem"), ERR_IO);
	f = fopen(path, "w");
	fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", f);
	fclose(f);
	assert_int_equal(tls_load(path, path, &again), ERR_SYNTAX);
	assert_null(again.key);
	unlink(path);
	rmdir(dir);
	tls_clear(&cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_keep),
	};

	if (!tls_is_there())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
