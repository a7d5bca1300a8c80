/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What browsers send, whoever made them send it: method x Host x Origin x cookie x CSRF x type. */
#include "web/auth_gate.h"

#include "web/auth_secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PASS AUTH_GATE_PASS
#define BAD AUTH_GATE_MALFORMED
#define HOST AUTH_GATE_HOST
#define ORIGIN AUTH_GATE_ORIGIN
#define METHOD AUTH_GATE_METHOD
#define TYPE AUTH_GATE_TYPE
#define CSRF AUTH_GATE_CSRF
#define MIXED AUTH_GATE_MIXED

#define OURS "192.168.1.1:8443"
#define SELF "https://192.168.1.1:8443"
#define JSON "application/json"
#define COOKIE "0123456789abcdef"
#define RIGHT "right"	/* stands for what goes with COOKIE */

struct row {
	int line;
	enum auth_gate_verdict want;
	const char *method, *host, *origin, *site, *type, *csrf, *cookie, *bearer;
	bool body;
};

static bool is_own(void *arg, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	addr_text(addr, text);
	return arg && (strcmp(text, "192.168.1.1") == 0 || strcmp(text, "fd00::1") == 0);
}

static struct str slice(const char *text)
{
	return text ? str_from(text) : STR_NONE;
}

static int wrong(const struct auth_gate *gate, const struct row *row)
{
	char csrf[AUTH_SECRET_COOKIE_LEN + 1];
	struct auth_gate_request req = {
		.method = slice(row->method),
		.host = slice(row->host),
		.origin = slice(row->origin),
		.site = slice(row->site),
		.type = slice(row->type),
		.csrf = slice(row->csrf),
		.cookie = slice(row->cookie),
		.bearer = slice(row->bearer),
		.body = row->body,
	};
	enum auth_gate_verdict got;

	auth_secret_csrf(STR(COOKIE), csrf);
	if (row->csrf && strcmp(row->csrf, RIGHT) == 0)
		req.csrf = str_from(csrf);
	got = auth_gate_check(gate, &req);
	if (got != row->want)
		print_error("row of line %d: %d, not %d\n", row->line, got, row->want);
	return got != row->want;
}

static const struct auth_gate over_tls = {
	.tls = true,
	.port = 8443,
	.names = "postern.lan, router.lan",
	.is_own = is_own,
	.arg = (void *)(uintptr_t)1,
};

#define GET(want, host, origin, site) \
	{__LINE__, want, "GET", host, origin, site, NULL, NULL, COOKIE, NULL, false}
#define CHANGE(want, method, host, origin, site, type, csrf, cookie) \
	{__LINE__, want, method, host, origin, site, type, csrf, cookie, NULL, true}
#define TOKEN(want, method, origin, cookie, type) \
	{__LINE__, want, method, OURS, origin, NULL, type, NULL, cookie, "pst_X", true}

static const struct row rows[] = {
	/* Host: ours in every spelling */
	GET(PASS, OURS, NULL, NULL),
	GET(PASS, "[fd00::1]:8443", NULL, NULL),
	GET(PASS, "[FD00:0::1]:8443", NULL, NULL),
	GET(PASS, "postern.lan:8443", NULL, NULL),
	GET(PASS, "Router.LAN:8443", NULL, NULL),
	/* and not */
	GET(HOST, NULL, NULL, NULL),
	GET(HOST, "", NULL, NULL),
	GET(HOST, "192.168.1.1", NULL, NULL),
	GET(HOST, "192.168.1.1:", NULL, NULL),
	GET(HOST, "192.168.1.1:443", NULL, NULL),
	GET(PASS, "192.168.1.1:08443", NULL, NULL) /* a number is a number */,
	GET(HOST, "192.168.1.1:8443x", NULL, NULL),
	GET(HOST, "192.168.1.1:-8443", NULL, NULL),
	GET(HOST, "192.168.1.1:73979", NULL, NULL),
	GET(HOST, "192.168.1.1 :8443", NULL, NULL),
	GET(HOST, "192.168.1.01:8443", NULL, NULL),
	GET(HOST, "3232235777:8443", NULL, NULL),
	GET(HOST, "0xc0a80101:8443", NULL, NULL),
	GET(HOST, "192.168.1.2:8443", NULL, NULL),
	GET(HOST, "198.51.100.7:8443", NULL, NULL),
	GET(HOST, "0.0.0.0:8443", NULL, NULL),
	GET(HOST, "127.0.0.1:8443", NULL, NULL),
	GET(HOST, "localhost:8443", NULL, NULL),
	GET(HOST, "[::1]:8443", NULL, NULL),
	GET(HOST, "[::]:8443", NULL, NULL),
	GET(HOST, "fd00::1", NULL, NULL),
	GET(HOST, "[fd00::1:8443", NULL, NULL),
	GET(HOST, "[fd00::1]8443", NULL, NULL),
	GET(HOST, "[fd00::2]:8443", NULL, NULL),
	GET(HOST, "evil.example:8443", NULL, NULL),
	GET(HOST, "evil.example", NULL, NULL),
	GET(HOST, "postern.lan.evil.example:8443", NULL, NULL),
	GET(HOST, "xpostern.lan:8443", NULL, NULL),
	GET(HOST, "postern.lan.:8443", NULL, NULL),
	GET(HOST, "postern:8443", NULL, NULL),
	GET(HOST, ",:8443", NULL, NULL),
	GET(HOST, "192.168.1.1:8443, evil.example", NULL, NULL),
	GET(HOST, "user@192.168.1.1:8443", NULL, NULL),
	/* Origin when reading */
	GET(PASS, OURS, SELF, "same-origin"),
	GET(PASS, "postern.lan:8443", "https://postern.lan:8443", "same-origin"),
	GET(PASS, "[fd00::1]:8443", "https://[fd00::1]:8443", NULL),
	GET(PASS, OURS, NULL, "none"),
	GET(PASS, OURS, NULL, "cross-site") /* a link from elsewhere; SameSite holds the cookie */,
	GET(ORIGIN, OURS, "null", NULL),
	GET(ORIGIN, OURS, "", NULL),
	GET(ORIGIN, OURS, "https://evil.example", NULL),
	GET(ORIGIN, OURS, "http://192.168.1.1:8443", NULL),
	GET(ORIGIN, OURS, "https://192.168.1.1", NULL),
	GET(ORIGIN, OURS, "https://192.168.1.1:8444", NULL),
	GET(ORIGIN, OURS, "https://192.168.1.1:8443.evil.example", NULL),
	GET(ORIGIN, OURS, "https://192.168.1.1:8443/", NULL),
	GET(ORIGIN, OURS, "https://postern.lan:8443", NULL) /* ours, but another host */,
	GET(ORIGIN, OURS, "chrome-extension://abc", NULL),
	GET(ORIGIN, OURS, "file://", NULL),
	GET(ORIGIN, OURS, "192.168.1.1:8443", NULL),
	GET(HOST, "evil.example:8443", "https://evil.example:8443", "same-origin") /* rebinding */,
	/* changes by our own page */
	CHANGE(PASS, "POST", OURS, SELF, "same-origin", JSON, RIGHT, COOKIE),
	CHANGE(PASS, "PUT", OURS, SELF, "same-origin", JSON, RIGHT, COOKIE),
	CHANGE(PASS, "DELETE", OURS, SELF, "same-origin", JSON, RIGHT, COOKIE),
	CHANGE(PASS, "POST", OURS, SELF, NULL, JSON, RIGHT, COOKIE) /* an older browser */,
	CHANGE(PASS, "POST", OURS, NULL, NULL, JSON, RIGHT, COOKIE) /* not a browser */,
	CHANGE(PASS, "POST", OURS, SELF, "none", JSON, RIGHT, COOKIE),
	CHANGE(PASS, "POST", OURS, SELF, "same-origin", "application/json; charset=utf-8", RIGHT,
		COOKIE),
	CHANGE(PASS, "POST", OURS, SELF, "same-origin", "Application/JSON", RIGHT, COOKIE),
	CHANGE(PASS, "POST", OURS, SELF, "same-origin", JSON, NULL, NULL) /* logging in */,
	/* and by others */
	CHANGE(ORIGIN, "POST", OURS, "https://evil.example", "cross-site", JSON, RIGHT, COOKIE),
	CHANGE(ORIGIN, "POST", OURS, "https://evil.example", NULL, JSON, RIGHT, COOKIE),
	CHANGE(ORIGIN, "POST", OURS, "https://evil.example", "same-origin", JSON, RIGHT, COOKIE),
	CHANGE(ORIGIN, "POST", OURS, "null", NULL, JSON, RIGHT, COOKIE),
	CHANGE(ORIGIN, "POST", OURS, NULL, "cross-site", JSON, RIGHT, COOKIE),
	CHANGE(ORIGIN, "POST", OURS, NULL, "same-site", JSON, RIGHT, COOKIE),
	CHANGE(ORIGIN, "POST", OURS, SELF, "cross-site", JSON, RIGHT, COOKIE),
	CHANGE(ORIGIN, "POST", OURS, SELF, "same-site", JSON, RIGHT, COOKIE),
	CHANGE(ORIGIN, "POST", OURS, SELF, "", JSON, RIGHT, COOKIE),
	CHANGE(ORIGIN, "POST", OURS, SELF, "Same-Origin", JSON, RIGHT, COOKIE),
	CHANGE(ORIGIN, "PUT", OURS, "https://evil.example", "cross-site", JSON, RIGHT, COOKIE),
	CHANGE(ORIGIN, "DELETE", OURS, "https://evil.example", "cross-site", JSON, RIGHT, COOKIE),
	CHANGE(ORIGIN, "POST", OURS, "https://evil.example", "cross-site", JSON, NULL, NULL),
	CHANGE(HOST, "POST", "evil.example:8443", "https://evil.example:8443", "same-origin",
		JSON, RIGHT, COOKIE),
	CHANGE(HOST, "POST", "evil.example", NULL, NULL, JSON, NULL, NULL),
	/* what a form can send */
	CHANGE(TYPE, "POST", OURS, NULL, NULL, NULL, RIGHT, COOKIE),
	CHANGE(TYPE, "POST", OURS, NULL, NULL, "", RIGHT, COOKIE),
	CHANGE(TYPE, "POST", OURS, NULL, NULL, "text/plain", RIGHT, COOKIE),
	CHANGE(TYPE, "POST", OURS, NULL, NULL, "application/x-www-form-urlencoded", RIGHT, COOKIE),
	CHANGE(TYPE, "POST", OURS, NULL, NULL, "multipart/form-data; boundary=x", RIGHT, COOKIE),
	CHANGE(TYPE, "POST", OURS, SELF, "same-origin", "text/plain; application/json", RIGHT,
		COOKIE),
	CHANGE(TYPE, "POST", OURS, SELF, "same-origin", "application/jsonx", RIGHT, COOKIE),
	CHANGE(TYPE, "POST", OURS, SELF, "same-origin", "application/json, text/plain", RIGHT,
		COOKIE),
	CHANGE(TYPE, "PUT", OURS, SELF, "same-origin", "text/xml", RIGHT, COOKIE),
	CHANGE(TYPE, "POST", OURS, SELF, "same-origin", "text/plain", NULL, NULL),
	/* the cookie alone is not enough */
	CHANGE(CSRF, "POST", OURS, SELF, "same-origin", JSON, NULL, COOKIE),
	CHANGE(CSRF, "PUT", OURS, SELF, "same-origin", JSON, NULL, COOKIE),
	CHANGE(CSRF, "DELETE", OURS, SELF, "same-origin", JSON, NULL, COOKIE),
	CHANGE(CSRF, "POST", OURS, SELF, "same-origin", JSON, "", COOKIE),
	CHANGE(CSRF, "POST", OURS, SELF, "same-origin", JSON, COOKIE, COOKIE),
	CHANGE(CSRF, "POST", OURS, SELF, "same-origin", JSON, "x", COOKIE),
	CHANGE(CSRF, "POST", OURS, SELF, "same-origin", JSON, RIGHT, "another"),
	CHANGE(CSRF, "POST", OURS, SELF, "same-origin", JSON, RIGHT, ""),
	CHANGE(CSRF, "POST", OURS, NULL, NULL, JSON, NULL, COOKIE),
	/* methods */
	CHANGE(METHOD, "PATCH", OURS, SELF, "same-origin", JSON, RIGHT, COOKIE),
	CHANGE(METHOD, "OPTIONS", OURS, NULL, NULL, NULL, NULL, NULL),
	CHANGE(ORIGIN, "OPTIONS", OURS, "https://evil.example", "cross-site", NULL, NULL, NULL),
	CHANGE(METHOD, "TRACE", OURS, NULL, NULL, NULL, NULL, NULL),
	CHANGE(METHOD, "CONNECT", OURS, NULL, NULL, NULL, NULL, NULL),
	CHANGE(METHOD, "get", OURS, NULL, NULL, NULL, NULL, NULL),
	CHANGE(METHOD, "", OURS, NULL, NULL, NULL, NULL, NULL),
	/* tokens are programs', which have neither cookies nor Origin */
	TOKEN(PASS, "GET", NULL, NULL, NULL),
	TOKEN(PASS, "POST", NULL, NULL, JSON),
	TOKEN(PASS, "DELETE", NULL, NULL, JSON),
	TOKEN(TYPE, "POST", NULL, NULL, "text/plain"),
	TOKEN(MIXED, "GET", SELF, NULL, NULL),
	TOKEN(MIXED, "GET", NULL, COOKIE, NULL),
	TOKEN(MIXED, "POST", SELF, COOKIE, JSON),
	TOKEN(ORIGIN, "POST", "https://evil.example", NULL, JSON),
};

static void test_browsers(void **state)
{
	int bad = 0;

	(void)state;
	assert_true(sizeof(rows) / sizeof(rows[0]) >= 100);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		bad += wrong(&over_tls, &rows[i]);
	assert_int_equal(bad, 0);
}

static void test_twice(void **state)
{
	const struct auth_gate_request req = {
		.method = STR("GET"), .host = STR(OURS), .twice = true};

	(void)state;
	assert_int_equal(auth_gate_check(&over_tls, &req), BAD);
}

/* The default port needs no number, and only the default one does not. */
static void test_default_port(void **state)
{
	static const struct row here[] = {
		GET(PASS, "192.168.1.1", NULL, NULL),
		GET(PASS, "192.168.1.1:443", NULL, NULL),
		GET(PASS, "192.168.1.1", "https://192.168.1.1", NULL),
		GET(HOST, "192.168.1.1:80", NULL, NULL),
	};
	struct auth_gate gate = over_tls;

	(void)state;
	gate.port = 443;
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		assert_int_equal(wrong(&gate, &here[i]), 0);
}

/* From this machine its own names are good, in the clear too. */
static void test_loopback(void **state)
{
	static const struct row here[] = {
		GET(PASS, "localhost:8080", NULL, NULL),
		GET(PASS, "LOCALHOST:8080", "http://LOCALHOST:8080", NULL),
		GET(PASS, "127.0.0.1:8080", "http://127.0.0.1:8080", "same-origin"),
		GET(PASS, "[::1]:8080", NULL, NULL),
		GET(ORIGIN, "localhost:8080", "https://localhost:8080", NULL),
		GET(HOST, "localhost.evil.example:8080", NULL, NULL),
		GET(HOST, "evil.example:8080", NULL, NULL),
	};
	struct auth_gate gate = over_tls;

	(void)state;
	gate.tls = false;
	gate.port = 8080;
	gate.loopback = true;
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		assert_int_equal(wrong(&gate, &here[i]), 0);
}

/* Behind another web server its port is not ours, and it may speak TLS for us. */
static void test_proxy(void **state)
{
	static const struct row here[] = {
		GET(PASS, "postern.lan", NULL, NULL),
		GET(PASS, "postern.lan:4443", "https://postern.lan:4443", NULL),
		GET(PASS, "postern.lan", "http://postern.lan", NULL),
		GET(ORIGIN, "postern.lan", "https://evil.example", NULL),
		GET(HOST, "evil.example", "https://evil.example", NULL),
	};
	struct auth_gate gate = over_tls;

	(void)state;
	gate.tls = false;
	gate.port = 0;
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		assert_int_equal(wrong(&gate, &here[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_browsers),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_default_port),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_proxy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
