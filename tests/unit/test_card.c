/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cards: what is told apart, and that no flood makes more than a card has room for. */
#include "policy/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct map_req request(void)
{
	return (struct map_req){.origin = MAP_ORIGIN_UPNP, .proto = MAP_PROTO_UDP,
		.internal = {addr_from4(0xc0a8010a), 3074}, .exact = true,
		.external = {addr_any4(), 3074}, .descr = STR("Xbox")};
}

static void asked_again_is_not_new(void **state)
{
	struct card c = {.id = 1};
	struct map_req req = request();

	(void)state;
	assert_null(card_find(&c, &req));
	assert_true(card_note(&c, &req, 100));
	assert_int_equal(c.item_count, 1);
	assert_ptr_equal(card_find(&c, &req), &c.items[0]);
	assert_int_equal(c.items[0].origin, MAP_ORIGIN_UPNP);
	assert_int_equal(c.items[0].proto, MAP_PROTO_UDP);
	assert_int_equal(c.items[0].internal.port, 3074);
	assert_true(addr_eq(&c.items[0].internal.addr, &req.internal.addr));
	assert_int_equal(c.items[0].external_port, 3074);
	assert_string_equal(c.items[0].descr, "Xbox");
	req.descr = STR("Nintendo");
	assert_false(card_note(&c, &req, 130));
	assert_int_equal(c.item_count, 1);
	assert_int_equal(c.items[0].count, 2);
	assert_int_equal(c.items[0].first_wall_s, 100);
	assert_int_equal(c.items[0].last_wall_s, 130);
	/* What the owner was shown stays. */
	assert_string_equal(c.items[0].descr, "Xbox");
	c.items[0].count = UINT32_MAX;
	assert_false(card_note(&c, &req, 131));
	assert_int_equal(c.items[0].count, UINT32_MAX);
}

#define NEW(wanted, change) do { \
	struct card c = {.id = 1}; \
	struct map_req first = request(), req = request(); \
	assert_true(card_note(&c, &first, 1)); \
	change; \
	assert_int_equal(card_find(&c, &req) == NULL, wanted); \
	assert_int_equal(card_note(&c, &req, 2), wanted); \
	assert_int_equal(c.item_count, wanted ? 2 : 1); \
} while (0)

static void told_apart(void **state)
{
	(void)state;
	NEW(true, req.proto = MAP_PROTO_TCP);
	NEW(true, req.origin = MAP_ORIGIN_PCP);
	NEW(true, req.internal.port = 1);
	NEW(true, req.internal.addr.b[15] = 11);
	NEW(true, req.external.port = 3075);
	NEW(true, req.exact = false);
	NEW(false, req.lifetime_s = 9);
}

/* A suggestion is another one each time. */
static void suggestions_are_one(void **state)
{
	struct card c = {.id = 1};
	struct map_req req = request();

	(void)state;
	req.exact = false;
	assert_true(card_note(&c, &req, 1));
	assert_int_equal(c.items[0].external_port, 0);
	req.external.port = 9999;
	assert_false(card_note(&c, &req, 2));
}

static void a_flood_only_counts(void **state)
{
	struct card c = {.id = 1};
	struct map_req req = request();
	unsigned new = 0;

	(void)state;
	for (uint16_t port = 2000; port < 3000; port++) {
		req.internal.port = port;
		new += card_note(&c, &req, port);
	}
	assert_int_equal(new, CARD_ITEMS_MAX);
	assert_int_equal(c.item_count, CARD_ITEMS_MAX);
	assert_int_equal(c.more, 1000 - CARD_ITEMS_MAX);
	c.more = UINT32_MAX;
	assert_false(card_note(&c, &req, 1));
	assert_int_equal(c.more, UINT32_MAX);
	/* One that is on it is still counted on its line. */
	req.internal.port = 2000;
	assert_false(card_note(&c, &req, 1));
	assert_int_equal(c.items[0].count, 2);
	req.internal.port = 2007;
	assert_ptr_equal(card_find(&c, &req), &c.items[7]);
	/* What lies behind the last line is none. */
	c.item_count = 7;
	assert_null(card_find(&c, &req));
}

static void text_is_made_plain(void **state)
{
	struct card c = {.id = 1};
	struct map_req req = request();
	char text[MAP_DESCR_MAX + 40];

	(void)state;
	req.descr = (struct str){"a\n\xff<b>\xe2\x80\xae", 9};
	card_note(&c, &req, 1);
	assert_string_equal(c.items[0].descr, "a<b>");
	memset(text, 'x', sizeof(text));
	req.descr = (struct str){text, sizeof(text)};
	req.internal.port = 1;
	card_note(&c, &req, 1);
	assert_int_equal(strlen(c.items[1].descr), MAP_DESCR_MAX);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(card_state_text(CARD_OPEN), "open");
	assert_string_equal(card_state_text(CARD_ALWAYS), "always");
	for (uint8_t i = 0; i < CARD_STATES; i++)
		assert_non_null(card_state_text(i));
	assert_null(card_state_text(CARD_STATES));
	assert_null(card_state_text(255));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked_again_is_not_new),
		cmocka_unit_test(told_apart),
		cmocka_unit_test(suggestions_are_one),
		cmocka_unit_test(a_flood_only_counts),
		cmocka_unit_test(text_is_made_plain),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
