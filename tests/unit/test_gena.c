/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GENA requests and messages against UDA 1.1 section 4, and who may be called back. */
#include "protocols/gena.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define CLIENT "192.168.1.10"

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_decode(str_from(text), &a), 0);
	return a;
}

static struct gena_fields fields(const char *callback, const char *nt, const char *sid,
	const char *timeout)
{
	return (struct gena_fields){str_from(callback), str_from(nt), str_from(sid),
		str_from(timeout)};
}

static unsigned subscribe_from(const char *client, const char *callback, struct gena_request *out)
{
	struct gena_fields f = fields(callback, "upnp:event", NULL, NULL);
	struct addr a = addr(client);

	return gena_decode_subscribe(&f, &a, out);
}

static void assert_url(const struct gena_url *url, const char *address, uint16_t port,
	const char *target)
{
	struct addr a = addr(address);

	assert_true(addr_eq(&url->to.addr, &a));
	assert_int_equal(url->to.port, port);
	assert_true(str_eq(url->target, str_from(target)));
}

static void callbacks_are_read(void **state)
{
	struct gena_request r;

	(void)state;
	assert_int_equal(subscribe_from(CLIENT, "<http://" CLIENT ":4000/a/b?c=d>", &r), 0);
	assert_null(r.sid.p);
	assert_int_equal(r.count, 1);
	assert_url(&r.callbacks[0], CLIENT, 4000, "a/b?c=d");
	assert_int_equal(subscribe_from(CLIENT, " <HTTP://" CLIENT ">\t<http://" CLIENT ":1/>", &r),
		0);
	assert_int_equal(r.count, 2);
	assert_url(&r.callbacks[0], CLIENT, 80, "");
	assert_url(&r.callbacks[1], CLIENT, 1, "");
	assert_int_equal(subscribe_from("2001:db8::5", "<http://[2001:DB8::5]:65535/x>", &r), 0);
	assert_url(&r.callbacks[0], "2001:db8::5", 65535, "x");
	assert_int_equal(subscribe_from("fe80::5", "<http://[fe80::5%25eth0]/>", &r), 0);
	assert_url(&r.callbacks[0], "fe80::5", 80, "");
}

static void only_the_subscriber_is_called(void **state)
{
	static const char *const urls[] = {
		"<http://192.168.1.11/>", "<http://198.51.100.10/>", "<http://127.0.0.1/>",
		"<http://localhost/>", "<http://laptop.lan/>", "<http://[::1]/>",
		"<http://[2001:db8::5]/>", "<http://" CLIENT "@192.168.1.11/>",
		"<http://me@" CLIENT "/>", "<http://me:x@" CLIENT "/>", "<http://" CLIENT "/#x>",
		"<http://" CLIENT "#x/>", "<http://" CLIENT "?/>", "<http://" CLIENT ":0/>",
		"<http://" CLIENT ":/>", "<http://" CLIENT ":65536/>", "<http://" CLIENT ":+80/>",
		"<http://" CLIENT ":80:80/>", "<http://" CLIENT "./>", "<http://192.168.1.010/>",
		"<http://0xc0a8010a/>", "<http://3232235786/>", "<http://[" CLIENT "]/>",
		"<http:///x>", "<http:/" CLIENT "/>", "<https://" CLIENT "/>", "<" CLIENT ":80/>",
		"<//" CLIENT "/>", "<http://" CLIENT "/a b>", "<http://" CLIENT "/\r\nX: y>",
		"<http://" CLIENT "/\xc3\xa4>", "<http://" CLIENT "/\">", "<http://" CLIENT "/<>",
		"<http://" CLIENT "/\x7f>", "<>", "<", "", " ", "http://" CLIENT "/",
		"<http://" CLIENT "/", "<http://" CLIENT "/>,<http://" CLIENT "/>",
		"<http://" CLIENT "/>x", "<http://[" CLIENT "/>", "<http://[::1]x/>",
	};
	struct gena_request r = {.timeout_s = 1};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_int_equal(subscribe_from(CLIENT, urls[i], &r), 412);
		assert_int_equal(r.timeout_s, 1);
	}
	assert_int_equal(subscribe_from("fe80::5", "<http://[::1]/><http://[fe80::6]/>", &r), 412);
}

static void what_is_not_his_is_passed_over(void **state)
{
	char list[4096];
	struct writer w = writer_to(list, sizeof(list) - 1);
	struct gena_request r;

	(void)state;
	writer_text(&w, "<http://192.168.1.11/><ftp://" CLIENT "/><http://" CLIENT "/");
	for (int i = 0; i < GENA_TARGET_MAX; i++)
		writer_u8(&w, 'x');
	writer_text(&w, ">");
	for (unsigned port = 1; port < 50; port++) {
		writer_text(&w, "<http://" CLIENT ":");
		writer_dec(&w, port);
		writer_text(&w, "/>");
	}
	list[w.len] = '\0';
	assert_int_equal(subscribe_from(CLIENT, list, &r), 0);
	assert_int_equal(r.count, GENA_CALLBACKS_MAX);
	for (uint16_t i = 0; i < GENA_CALLBACKS_MAX; i++)
		assert_url(&r.callbacks[i], CLIENT, (uint16_t)(i + 1), "");
}

static unsigned code(const char *callback, const char *nt, const char *sid)
{
	struct gena_fields f = fields(callback, nt, sid, NULL);
	struct addr a = addr(CLIENT);
	struct gena_request r;

	return gena_decode_subscribe(&f, &a, &r);
}

static void new_or_renewed(void **state)
{
	static const char url[] = "<http://" CLIENT "/>";
	struct gena_fields f = fields(NULL, NULL, "uuid:1", "Second-2000");
	struct gena_request r;
	struct addr a = addr(CLIENT);
	struct str sid;

	(void)state;
	assert_int_equal(code(url, "upnp:event", NULL), 0);
	assert_int_equal(code(NULL, "upnp:event", NULL), 412);
	assert_int_equal(code(url, NULL, NULL), 412);
	assert_int_equal(code(url, "upnp:other", NULL), 412);
	assert_int_equal(code(url, "upnp:event", "uuid:1"), 400);
	assert_int_equal(code(url, NULL, "uuid:1"), 400);
	assert_int_equal(code(NULL, "upnp:event", "uuid:1"), 400);
	assert_int_equal(code(NULL, NULL, NULL), 412);
	assert_int_equal(gena_decode_subscribe(&f, &a, &r), 0);
	assert_true(str_eq(r.sid, STR("uuid:1")));
	assert_int_equal(r.count, 0);
	assert_int_equal(r.timeout_s, 2000);
	assert_int_equal(gena_decode_unsubscribe(&f, &sid), 0);
	assert_true(str_eq(sid, STR("uuid:1")));
	f.nt = STR("upnp:event");
	assert_int_equal(gena_decode_unsubscribe(&f, &sid), 400);
	f = fields(NULL, NULL, NULL, NULL);
	assert_int_equal(gena_decode_unsubscribe(&f, &sid), 412);
}

static void timeouts_are_bounded(void **state)
{
	static const struct {
		const char *text;
		uint32_t seconds;
	} cases[] = {
		{NULL, 1800}, {"Second-1800", 1800}, {"second-3600", 3600}, {"Second-7200", 7200},
		{"Second-7201", 7200}, {"Second-4294967296", 7200}, {"Second-300", 1800},
		{"Second-0", 1800}, {"Second-infinite", 1800}, {"infinite", 1800},
		{"Second--1", 1800}, {"Second-", 1800}, {"Second-99999999999999999999", 1800},
		{"Second-3600x", 1800}, {"3600", 1800}, {"", 1800},
	};
	struct addr a = addr(CLIENT);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gena_fields f = fields(NULL, NULL, "uuid:1", cases[i].text);
		struct gena_request r;

		assert_int_equal(gena_decode_subscribe(&f, &a, &r), 0);
		assert_int_equal(r.timeout_s, cases[i].seconds);
	}
}

static void a_message_is_whole(void **state)
{
	struct gena_url url = {{addr("2001:db8::5"), 4000}, STR("a?b")};
	char body_text[256], text[1024], sid_text[GENA_SID_LEN];
	struct writer body = writer_to(body_text, sizeof(body_text));
	struct writer w = writer_to(text, sizeof(text) - 1);
	struct writer sid = writer_to(sid_text, sizeof(sid_text));
	struct igd_uuid id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

	(void)state;
	gena_encode_sid(&sid, &id);
	gena_encode_open(&body);
	gena_encode_property(&body, "Name", STR("<&>"));
	gena_encode_close(&body);
	gena_encode_notify(&w, &url, writer_done(&sid), UINT32_MAX, writer_done(&body));
	text[w.len] = '\0';
	assert_string_equal(text,
		"NOTIFY /a?b HTTP/1.1\r\nHOST: [2001:db8::5]:4000\r\n"
		"CONTENT-TYPE: text/xml; charset=\"utf-8\"\r\nCONTENT-LENGTH: 165\r\n"
		"NT: upnp:event\r\nNTS: upnp:propchange\r\n"
		"SID: uuid:01020304-0506-0708-090a-0b0c0d0e0f10\r\nSEQ: 4294967295\r\n"
		"CONNECTION: close\r\n\r\n"
		"<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n"
		"<e:propertyset xmlns:e=\"urn:schemas-upnp-org:event-1-0\"><e:property>"
		"<Name>&lt;&amp;&gt;</Name></e:property></e:propertyset>\r\n");
}

static void the_longest_head_fits(void **state)
{
	struct gena_url url = {{addr("2001:db8:1111:2222:3333:4444:5555:6666"), 65535}, STR_NONE};
	char target[GENA_TARGET_MAX - 1], sid[GENA_SID_LEN], text[GENA_HEAD_MAX];
	struct writer w = writer_to(text, sizeof(text));

	(void)state;
	memset(target, 'x', sizeof(target));
	memset(sid, 'x', sizeof(sid));
	url.target = (struct str){target, sizeof(target)};
	gena_encode_notify(&w, &url, (struct str){sid, sizeof(sid)}, UINT32_MAX,
		(struct str){text, 0});
	assert_false(w.full);
}

static void numbers_rise_and_zero_is_the_first_only(void **state)
{
	(void)state;
	assert_int_equal(gena_next_seq(0), 1);
	assert_int_equal(gena_next_seq(UINT32_MAX - 1), UINT32_MAX);
	assert_int_equal(gena_next_seq(UINT32_MAX), 1);
}

static int answer(const char *text, unsigned *status)
{
	return gena_decode_answer(text, strlen(text), status);
}

static void answers_have_a_status(void **state)
{
	char many[GENA_ANSWER_MAX];
	unsigned status = 7;

	(void)state;
	assert_int_equal(answer("", &status), ERR_SHORT);
	assert_int_equal(answer("HT", &status), ERR_SHORT);
	assert_int_equal(answer("HTTP/1.1 200 OK\r", &status), ERR_SHORT);
	assert_int_equal(answer("SIP/2.0 200 OK\r\n", &status), ERR_SYNTAX);
	assert_int_equal(answer("HTTP/1.1 2x0 OK\r\n", &status), ERR_SYNTAX);
	assert_int_equal(answer("HTTP/1.1\r\n", &status), ERR_SYNTAX);
	assert_int_equal(answer("HTTP/1.1 \r\n", &status), ERR_SYNTAX);
	assert_int_equal(answer("\r\n", &status), ERR_SYNTAX);
	assert_int_equal(answer("200\n", &status), ERR_SYNTAX);
	memset(many, 'x', sizeof(many));
	memcpy(many, "HTTP/1.1 200 ", 13);
	assert_int_equal(gena_decode_answer(many, sizeof(many) - 1, &status), ERR_SHORT);
	assert_int_equal(gena_decode_answer(many, sizeof(many), &status), ERR_SYNTAX);
	assert_int_equal(status, 7);
	assert_int_equal(answer("HTTP/1.1 200 OK\r\nrest", &status), 0);
	assert_int_equal(status, 200);
	assert_int_equal(answer("http/1.0 412\n", &status), 0);
	assert_int_equal(status, 412);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(callbacks_are_read),
		cmocka_unit_test(only_the_subscriber_is_called),
		cmocka_unit_test(what_is_not_his_is_passed_over),
		cmocka_unit_test(new_or_renewed),
		cmocka_unit_test(timeouts_are_bounded),
		cmocka_unit_test(a_message_is_whole),
		cmocka_unit_test(the_longest_head_fits),
		cmocka_unit_test(numbers_rise_and_zero_is_the_first_only),
		cmocka_unit_test(answers_have_a_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
