/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of postern-notify: what they say, and that the LAN cannot say anything else by them. */
#include "protocols/err.h"
#include "protocols/reader.h"
#include "web/notify_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define CARD(more) "{\"id\":4,\"made\":1000,\"prompts\":2,\"state\":\"open\",\"prompt\":true," \
	"\"device\":{\"id\":1,\"name\":\"xbox\",\"mac\":\"02:00:00:00:00:10\"," \
	"\"vendor\":\"Maker\"},\"more\":0,\"items\":[" more "]}"

static struct notify_message make(const char *name, const char *data)
{
	struct notify_message m = {0};

	assert_int_equal(notify_text_make(name, str_from(data), "https://r/", &m), 0);
	return m;
}

static void test_card(void **state)
{
	struct notify_message m = make("card", CARD(
		"{\"protocol\":\"UDP\",\"external_port\":3074,\"origin\":\"UPnP\","
		"\"description\":\"Xbox\",\"internal\":{\"address\":\"192.168.1.10\","
		"\"port\":3075}},{\"protocol\":\"TCP\",\"external_port\":null,"
		"\"origin\":\"PCP\",\"internal\":{\"port\":22},\"risk\":{\"class\":\"risky\","
		"\"why\":\"below 1024\"}}"));

	(void)state;
	assert_string_equal(m.title, "A device asks");
	assert_string_equal(m.text, "xbox (Maker) asks to be reached from the Internet:\n"
		"- UDP port 3074 by UPnP, it calls it \"Xbox\"\n"
		"- TCP port 22 by PCP (below 1024)\nUntil you answer this stays closed.");
	assert_int_equal(m.key.kind, 'c');
	assert_int_equal(m.key.id, 4);
	assert_int_equal(m.key.since, 1000);
	assert_int_equal(m.key.count, 2);
	assert_false(m.over);
	notify_text_free(&m);
}

static void test_body(void **state)
{
	struct notify_message m = make("card", CARD(""));
	json_t *root = json_loads(m.body, 0, NULL);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(root, "kind")), "card");
	assert_string_equal(json_string_value(json_object_get(root, "text")), m.text);
	assert_string_equal(json_string_value(json_object_get(root, "link")), "https://r/");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "event"), "id")),
		4);
	json_decref(root);
	notify_text_free(&m);
}

static void test_alert(void **state)
{
	struct notify_message m = make("alert", "{\"id\":7,\"first\":50,\"count\":9,"
		"\"sentence\":\"Two hosts.\",\"advice\":\"Turn one off.\",\"over\":false,"
		"\"expected\":false}");

	(void)state;
	assert_string_equal(m.text, "Two hosts.\nTurn one off.");
	assert_int_equal(m.key.count, 1);
	assert_int_equal(m.key.since, 50);
	assert_false(m.over);
	notify_text_free(&m);
}

static void test_over(void **state)
{
	static const struct {
		const char *name, *data;
	} overs[] = {
		{"alert", "{\"id\":7,\"over\":true}"},
		{"alert", "{\"id\":7,\"expected\":true,\"over\":false}"},
		{"card", "{\"id\":7,\"state\":\"not now\",\"prompts\":1}"},
		{"card", "{\"id\":7,\"gone\":true}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(overs) / sizeof(overs[0]); i++) {
		struct notify_message m = make(overs[i].name, overs[i].data);
		assert_true(m.over);
		notify_text_free(&m);
	}
}

static void test_hostile(void **state)
{
	struct notify_message m = make("card", CARD("{\"protocol\":\"TCP\",\"external_port\":1,"
		"\"origin\":\"UPnP\",\"description\":\"a\\r\\nTitle: b\\u001b[2J\\u202e\\\\\"}"));

	(void)state;
	assert_null(strchr(m.text, '\r'));
	assert_null(strchr(m.text, '\x1b'));
	assert_null(strstr(m.text, "\xe2\x80\xae"));
	assert_non_null(strstr(m.text, "a\\x0d\\x0aTitle: b\\x1b[2J"));
	assert_null(strchr(m.title, '\n'));
	notify_text_free(&m);
}

/* As long as the daemon lets them be, and longer. */
static void test_long(void **state)
{
	char data[32768], says[2001];
	struct writer w = writer_to(data, sizeof(data) - 1);
	struct notify_message m;

	(void)state;
	memset(says, 'x', sizeof(says) - 1);
	says[sizeof(says) - 1] = '\0';
	writer_text(&w, "{\"id\":4,\"prompts\":1,\"state\":\"open\",\"items\":[");
	for (int i = 0; i < 8; i++) {
		writer_text(&w, i ? "," : "");
		writer_text(&w, "{\"protocol\":\"TCP\",\"description\":\"");
		writer_text(&w, says);
		writer_text(&w, "\"}");
	}
	writer_text(&w, "]}");
	data[writer_done(&w).len] = '\0';
	m = make("card", data);
	assert_true(strlen(m.text) < NOTIFY_TEXT_MAX);
	notify_text_free(&m);
}

static void test_not_ours(void **state)
{
	static const char *const bad[] = {"", "{", "[]", "{}", "{\"id\":\"x\"}", "{\"id\":0}",
		"{\"id\":1,\"id\":2}"};
	struct notify_message m;

	(void)state;
	assert_int_equal(notify_text_make("status", STR("{}"), "", &m), ERR_IGNORE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(notify_text_make("card", str_from(bad[i]), "", &m), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_card),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_alert),
		cmocka_unit_test(test_over),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
