/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web/auth_secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_shapes(void **state)
{
	char a[AUTH_SECRET_COOKIE_LEN + 1], b[AUTH_SECRET_COOKIE_LEN + 1];
	char token[AUTH_SECRET_TOKEN_LEN + 1], code[AUTH_SECRET_CODE_LEN + 1];

	(void)state;
	auth_secret_cookie(a);
	auth_secret_cookie(b);
	assert_string_not_equal(a, b);
	assert_int_equal(strspn(a, "0123456789abcdef"), AUTH_SECRET_COOKIE_LEN);
	auth_secret_token(token);
	assert_memory_equal(token, "pst_", 4);
	assert_int_equal(strspn(token + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 32);
	assert_int_equal(strlen(token), AUTH_SECRET_TOKEN_LEN);
	for (int i = 0; i < 200; i++) {
		auth_secret_code(code);
		assert_int_equal(strlen(code), AUTH_SECRET_CODE_LEN);
		assert_null(strpbrk(code, "01OIL"));
	}
}

static void test_typed(void **state)
{
	char code[AUTH_SECRET_CODE_LEN + 1] = "untouched";

	(void)state;
	assert_true(auth_secret_read_code(STR("abcde-fgh jk"), code));
	assert_string_equal(code, "ABCDEFGHJK");
	assert_false(auth_secret_read_code(STR("ABCDEFGHJ"), code));
	assert_false(auth_secret_read_code(STR("ABCDEFGHJKM"), code));
	assert_false(auth_secret_read_code(STR("ABCDEFGHJ0"), code));
	assert_false(auth_secret_read_code(STR("ABCDEFGHJ\0"), code));
	assert_false(auth_secret_read_code(STR_NONE, code));
	assert_string_equal(code, "ABCDEFGHJK");
}

static void test_hash(void **state)
{
	/* BLAKE2b-256 of "abc" */
	static const uint8_t want[] = {0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72};
	uint8_t a[AUTH_SECRET_HASH_LEN], b[AUTH_SECRET_HASH_LEN];

	(void)state;
	auth_secret_hash(STR("abc"), a);
	assert_memory_equal(a, want, sizeof(want));
	auth_secret_hash(STR("abd"), b);
	assert_false(auth_secret_same(a, b));
	auth_secret_hash(STR("abc"), b);
	assert_true(auth_secret_same(a, b));
}

static void test_csrf(void **state)
{
	char a[AUTH_SECRET_COOKIE_LEN + 1], b[AUTH_SECRET_COOKIE_LEN + 1];

	(void)state;
	auth_secret_csrf(STR("cookie"), a);
	auth_secret_csrf(STR("cookie"), b);
	assert_string_equal(a, b);
	auth_secret_csrf(STR("cookid"), b);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_csrf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
