/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration of postern-notify: what is taken, and that a fault is named. */
#include "protocols/err.h"
#include "web/notify_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_everything(void **state)
{
	struct notify_conf c;
	struct notify_conf_fault fault;

	(void)state;
	assert_int_equal(notify_conf_decode(STR("# mine\r\n\nurl = https://ntfy.sh/x?a=b\r\n"
		"kind=ntfy\n token = t k\nwhat = alerts\nlink = http://192.168.1.1:8080/"),
		&c, &fault), 0);
	assert_string_equal(c.url, "https://ntfy.sh/x?a=b");
	assert_int_equal(c.kind, NOTIFY_NTFY);
	assert_string_equal(c.token, "t k");
	assert_string_equal(c.link, "http://192.168.1.1:8080/");
	assert_true(c.alerts && !c.cards);
	assert_int_equal(notify_conf_decode(STR("url = http://h/"), &c, &fault), 0);
	assert_true(c.alerts && c.cards && c.kind == NOTIFY_WEBHOOK && !c.token[0] && !c.link[0]);
}

static void test_faults(void **state)
{
	static const struct {
		const char *text, *why;
		unsigned line;
	} faults[] = {
		{"", "no url", 0},
		{"kind = ntfy\n", "no url", 0},
		{"url = ftp://h/", "url is", 1},
		{"\nurl = https://h/ x", "url is", 2},
		{"url = https://h/\nurl = https://i/", "before", 2},
		{"url = https://h/\ninsecure = yes", "keys are", 2},
		{"url = https://h/\nkind = mail", "kind is", 2},
		{"url = https://h/\nwhat = ", "what is", 2},
		{"url = https://h/\nwhat = cards,,alerts", "what is", 2},
		{"url = https://h/\ntoken = a\tb", "token is", 2},
		{"url = https://h/\ntoken =", "token is", 2},
		{"url = http://h/\ntoken = t", "https", 0},
		{"url", "url is", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct notify_conf c = {.url = "untouched"};
		struct notify_conf_fault fault = {0};
		assert_int_equal(notify_conf_decode(str_from(faults[i].text), &c, &fault),
			ERR_SYNTAX);
		assert_non_null(strstr(fault.why, faults[i].why));
		assert_int_equal(fault.line, faults[i].line);
		assert_string_equal(c.url, "untouched");
	}
}

static void test_no_file(void **state)
{
	struct notify_conf c;
	struct notify_conf_fault fault;

	(void)state;
	assert_int_equal(notify_conf_load("/nowhere/notify.conf", &c, &fault), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
