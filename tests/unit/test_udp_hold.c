/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Held datagrams: delivered whole once their sender is known, never when forged, never more. */
#include "gateway/udp_hold.h"
#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct waiting {
	whom_found_fn *fn;
	void *arg;
};

struct world {
	struct waiting waiting[WHOM_HELD_MAX + 1];
	size_t count, forgotten, delivered;
	bool full;
	char bytes[16];
	struct udp_path path;
};

static int env_wait(void *arg, int ifindex, const struct addr *from, whom_found_fn *fn,
	void *fn_arg)
{
	struct world *w = arg;

	(void)ifindex;
	(void)from;
	if (w->full)
		return ERR_FULL;
	w->waiting[w->count++] = (struct waiting){fn, fn_arg};
	return 0;
}

static void env_forget(void *arg, void *fn_arg)
{
	struct world *w = arg;

	(void)fn_arg;
	w->forgotten++;
}

static void on_packet(void *arg, const struct udp_packet *packet)
{
	struct world *w = arg;

	w->delivered++;
	w->path = packet->path;
	assert_true(packet->len < sizeof(w->bytes));
	memcpy(w->bytes, packet->bytes, packet->len);
}

static struct udp_hold *begin(struct world *w)
{
	const struct udp_admit admit = {.wait = env_wait, .forget = env_forget, .arg = w};
	struct udp_hold *hold = udp_hold_new(&admit, on_packet, w);

	memset(w, 0, sizeof(*w));
	assert_non_null(hold);
	return hold;
}

static void put(struct udp_hold *hold, uintptr_t door, const char *text)
{
	char copy[16] = "";
	struct udp_packet packet = {.path = {.door = (struct udp_door *)door, .ifindex = 3,
		.remote = {addr_from4(0xc0a8010a), 4000}}, .bytes = (uint8_t *)copy,
		.len = strlen(text)};

	memcpy(copy, text, packet.len);
	udp_hold_put(hold, &packet);
	memset(copy, 0, sizeof(copy));	/* as the next datagram does */
}

static void found(struct world *w, size_t i, bool ok)
{
	w->waiting[i].fn(w->waiting[i].arg, ok, true, (const uint8_t[6]){2});
}

static void test_the_true_one_is_delivered(void **state)
{
	struct world w;
	struct udp_hold *hold = begin(&w);

	(void)state;
	put(hold, 1, "true");
	put(hold, 1, "forged");
	assert_int_equal(w.delivered, 0);
	found(&w, 1, false);
	assert_int_equal(w.delivered, 0);
	found(&w, 0, true);
	assert_int_equal(w.delivered, 1);
	assert_string_equal(w.bytes, "true");
	assert_int_equal(w.path.remote.port, 4000);
	assert_int_equal(w.path.ifindex, 3);
	udp_hold_free(hold);
}

static void test_places_are_bounded_and_come_back(void **state)
{
	struct world w;
	struct udp_hold *hold = begin(&w);

	(void)state;
	w.full = true;
	for (size_t i = 0; i < 2 * WHOM_HELD_MAX; i++)
		put(hold, 1, "x");
	w.full = false;
	for (size_t i = 0; i < WHOM_HELD_MAX + 5; i++)
		put(hold, 1, "x");
	assert_int_equal(w.count, WHOM_HELD_MAX);
	found(&w, 9, false);
	put(hold, 1, "x");
	assert_int_equal(w.count, WHOM_HELD_MAX + 1);
	udp_hold_free(hold);
}

static void test_a_closed_door_is_forgotten(void **state)
{
	struct world w;
	struct udp_hold *hold = begin(&w);

	(void)state;
	put(hold, 1, "x");
	put(hold, 2, "y");
	udp_hold_forget(hold, (struct udp_door *)(uintptr_t)1);
	assert_int_equal(w.forgotten, 1);
	found(&w, 1, true);
	assert_int_equal(w.delivered, 1);
	assert_string_equal(w.bytes, "y");
	udp_hold_free(hold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_true_one_is_delivered),
		cmocka_unit_test(test_places_are_bounded_and_come_back),
		cmocka_unit_test(test_a_closed_door_is_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
