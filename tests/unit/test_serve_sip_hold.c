/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages that wait for ports: in which order they go, and what does not fit. */
#include "gateway/serve_sip_int.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char gone[256];			/* what was sent, one behind the other */
static uint16_t asked;			/* the port that is being asked for; 0: none */

bool sip_media_settled(const struct sip_phone *p, const struct sipalg_streams *streams, bool is6)
{
	(void)p;
	assert_false(is6);
	for (uint16_t i = 0; i < streams->count; i++) {
		if (streams->at[i].port == asked)
			return false;
	}
	return true;
}

static void go(struct sip_phone *p, const struct sip_carry *carry, struct str bytes)
{
	size_t len = strlen(gone);

	(void)p;
	assert_true(carry->by_phone);
	assert_true(len + bytes.len < sizeof(gone));
	memcpy(gone + len, bytes.p, bytes.len);
	gone[len + bytes.len] = '\0';
}

/* text: the first byte is the Call-ID. port 0: no media. */
static int put(struct sip_phone *p, const char *text, uint16_t port, const void *arg)
{
	struct sip_carry carry = {.by_phone = true, .arg = (void *)arg};
	struct sip_hold_wants wants = {.call_id = {text, 1}};

	carry.inside.addr = addr_from4(0xc0a8010a);
	if (port) {
		wants.streams.count = 1;
		wants.streams.at[0].port = port;
	}
	return sip_hold_put(p, &carry, str_from(text), &wants);
}

static struct sip_phone *begin(void)
{
	struct sip_phone *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->held_end = &p->held;
	gone[0] = '\0';
	asked = 0;
	return p;
}

static void end(struct sip_phone *p)
{
	sip_hold_free(p);
	assert_null(p->held);
	assert_int_equal(p->held_count, 0);
	assert_int_equal(p->held_bytes, 0);
	assert_ptr_equal(p->held_end, &p->held);
	free(p);
}

/* Calls do not wait for each other; what belongs to one keeps its order. */
static void test_order(void **state)
{
	struct sip_phone *p = begin();

	(void)state;
	asked = 7000;
	assert_int_equal(put(p, "a-invite ", 7000, p), 0);
	assert_int_equal(put(p, "b-invite ", 8000, p), 0);
	assert_int_equal(put(p, "a-cancel ", 0, p), 0);
	assert_true(sip_hold_waits(p, STR("a")));
	assert_false(sip_hold_waits(p, STR("c")));
	sip_hold_look(p, go);
	assert_string_equal(gone, "b-invite ");
	asked = 0;
	sip_hold_look(p, go);
	assert_string_equal(gone, "b-invite a-invite a-cancel ");
	assert_false(sip_hold_waits(p, STR("a")));
	assert_int_equal(put(p, "c", 0, p), 0);
	assert_true(sip_hold_waits(p, STR("c")));
	end(p);
}

static void test_bounds(void **state)
{
	static char large[SIP_MESSAGE_MAX + 1];
	struct sip_phone *p = begin();
	int count = 0;

	(void)state;
	while (put(p, "a", 0, p) == 0)
		count++;
	assert_int_equal(count, SIP_HELD_MAX);
	sip_hold_look(p, go);
	memset(large, 'x', sizeof(large) - 1);
	for (count = 0; put(p, large, 0, p) == 0; count++)
		;
	assert_int_equal(count, SIP_HELD_BYTES / SIP_MESSAGE_MAX);
	end(p);
}

/* A connection that ended takes along what waits for it, the last one and the first one too. */
static void test_cancel(void **state)
{
	struct sip_phone *p = begin();
	int one, other;

	(void)state;
	assert_int_equal(put(p, "a1 ", 0, &one), 0);
	assert_int_equal(put(p, "b2 ", 0, &other), 0);
	assert_int_equal(put(p, "c1 ", 0, &one), 0);
	sip_hold_cancel(p, &one);
	assert_int_equal(p->held_count, 1);
	assert_int_equal(put(p, "d3 ", 0, &other), 0);
	sip_hold_look(p, go);
	assert_string_equal(gone, "b2 d3 ");
	end(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
