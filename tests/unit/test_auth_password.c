/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web/auth_password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *fault(const char *password)
{
	return auth_password_fault(str_from(password), STR("grandmother"));
}

static void test_passwords(void **state)
{
	char longest[130];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[0] = 'y';
	longest[129] = '\0';
	assert_null(fault("tin kettle blue"));
	assert_null(fault("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6"
			  "\xc3\xbcx"));
	assert_non_null(fault(""));
	assert_non_null(fault("ninechars"));
	/* Ten bytes, but five characters. */
	assert_non_null(fault("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6"));
	assert_non_null(fault("1234567890"));
	assert_non_null(fault("Password123"));
	assert_non_null(fault("qwertyuiop"));
	assert_non_null(fault("kkkkkkkkkkkkk"));
	assert_non_null(fault("Grandmother"));
	assert_non_null(fault("not text \xff\xfe\xfd"));
	assert_non_null(fault(longest));
	longest[128] = '\0';
	assert_null(fault(longest));
}

static void test_names(void **state)
{
	(void)state;
	assert_null(auth_password_name_fault(STR("Anna")));
	assert_null(auth_password_name_fault(STR("J\xc3\xbcrgen M\xc3\xbcller")));
	assert_non_null(auth_password_name_fault(STR("")));
	assert_non_null(auth_password_name_fault(STR(" anna")));
	assert_non_null(auth_password_name_fault(STR("an\tna")));
	assert_non_null(auth_password_name_fault(STR("an\xe2\x80\xae" "na")));
	assert_non_null(auth_password_name_fault(STR("123456789012345678901234567890123")));
	assert_null(auth_password_name_fault(STR("12345678901234567890123456789012")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
