/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages: the right one, once, and compressed for who can read that. */
#include "web/pages.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

const struct page pages_table[] = {
	{"/index.html", "text/html; charset=utf-8", "\"0011223344556677\"", "INDEX", 5},
	{"/app.js", "text/javascript; charset=utf-8", "\"8899aabbccddeeff\"", "APP", 3},
};
const size_t pages_count = 2;

struct asked {
	struct httpd_request req;	/* first */
	const char *accept, *match;
	unsigned status;
	char body[64], etag[32], encoding[16], type[64];
};

int httpd_field(const struct httpd_request *req, struct str name, struct str *out)
{
	const struct asked *a = (const struct asked *)req;
	const char *value = str_eq(name, STR("Accept-Encoding")) ? a->accept
		: str_eq(name, STR("If-None-Match")) ? a->match : NULL;

	if (!value)
		return ERR_NOT_FOUND;
	*out = str_from(value);
	return 0;
}

void httpd_answer(struct httpd_request *req, const struct httpd_answer *answer)
{
	struct asked *a = (struct asked *)req;

	a->status = answer->status;
	if (answer->body_len)
		memcpy(a->body, answer->body, answer->body_len);
	if (answer->type)
		strncpy(a->type, answer->type, sizeof(a->type) - 1);
	for (size_t i = 0; i < answer->field_count; i++) {
		if (strcmp(answer->fields[i].name, "ETag") == 0)
			strncpy(a->etag, answer->fields[i].value, sizeof(a->etag) - 1);
		if (strcmp(answer->fields[i].name, "Content-Encoding") == 0)
			strncpy(a->encoding, answer->fields[i].value, sizeof(a->encoding) - 1);
	}
}

static struct asked ask(const char *method, const char *path, const char *accept, const char *match)
{
	struct asked a = {
		.req = {.method = str_from(method), .path = str_from(path)},
		.accept = accept,
		.match = match,
	};

	pages_answer(&a.req);
	return a;
}

static void test_found(void **state)
{
	struct asked a = ask("GET", "/", "gzip, deflate, br", NULL);

	(void)state;
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "INDEX");
	assert_string_equal(a.type, "text/html; charset=utf-8");
	assert_string_equal(a.etag, "\"0011223344556677\"");
	assert_string_equal(a.encoding, "gzip");
	assert_string_equal(ask("GET", "/app.js", NULL, NULL).body, "APP");
	assert_int_equal(ask("GET", "/app.jsx", NULL, NULL).status, 404);
	assert_int_equal(ask("GET", "//app.js", NULL, NULL).status, 404);
	assert_int_equal(ask("GET", "/../app.js", NULL, NULL).status, 404);
	assert_int_equal(ask("GET", "*", NULL, NULL).status, 404);
	assert_int_equal(ask("POST", "/", NULL, NULL).status, 405);
}

static void test_encodings(void **state)
{
	static const char *const good[] = {NULL, "gzip", "GZIP", "br;q=1, gzip;q=0.1", "*",
		"x-gzip", "deflate, *;q=0.5", "identity;q=0, gzip"};
	static const char *const bad[] = {"", "identity", "br, deflate", "gzip;q=0",
		"gzip; q=0.000", "*;q=0", "*, gzip;q=0"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(ask("GET", "/", good[i], NULL).status, 200);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ask("GET", "/", bad[i], NULL).status, 406);
}

static void test_etags(void **state)
{
	static const char *const same[] = {"\"0011223344556677\"", "W/\"0011223344556677\"", "*",
		"\"x\", \"0011223344556677\""};
	static const char *const other[] = {"\"8899aabbccddeeff\"", "0011223344556677", "", "\"\""};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct asked a = ask("GET", "/", "gzip", same[i]);
		assert_int_equal(a.status, 304);
		assert_string_equal(a.body, "");
		assert_string_equal(a.etag, "\"0011223344556677\"");
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		assert_int_equal(ask("GET", "/", "gzip", other[i]).status, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_etags),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
