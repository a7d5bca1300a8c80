/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services by name: every row is one that can be opened, and the ones everybody knows. */
#include "policy/service.h"

#include "policy/hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void every_row_can_be_opened(void **state)
{
	size_t count;
	const struct service *all = service_table(&count);

	(void)state;
	assert_in_range(count, 20, 60);
	for (size_t i = 0; i < count; i++) {
		const struct service *s = &all[i];
		struct hand h = {.device_id = 1, .protos = s->protos, .count = s->count,
			.families = HAND_IP4 | HAND_IP6, .external_port = s->port,
			.internal_port = s->port};
		assert_null(hand_fault(&h));
		assert_ptr_equal(service_find(str_from(s->name)), s);
		assert_int_equal(strspn(s->name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
			strlen(s->name));
		assert_in_range(strlen(s->title), 1, HAND_NAME_MAX);
		assert_true(i == 0 || strcmp(all[i - 1].name, s->name) < 0);
		/* Advice is a sentence. */
		assert_true(!s->advice || s->advice[strlen(s->advice) - 1] == '.');
	}
}

static void known(const char *name, uint8_t protos, uint16_t port, bool advice)
{
	const struct service *s = service_find(str_from(name));

	assert_non_null(s);
	assert_int_equal(s->protos, protos);
	assert_int_equal(s->port, port);
	assert_int_equal(s->advice != NULL, advice);
}

static void by_name(void **state)
{
	(void)state;
	known("web-server", SERVICE_TCP, 80, true);
	known("web-server-tls", SERVICE_TCP | SERVICE_UDP, 443, false);
	known("SSH", SERVICE_TCP, 22, true);
	known("wireguard", SERVICE_UDP, 51820, false);
	known("minecraft", SERVICE_TCP, 25565, true);
	known("xbox-live", SERVICE_TCP | SERVICE_UDP, 3074, false);
	known("dns", SERVICE_TCP | SERVICE_UDP, 53, true);
	known("camera", SERVICE_TCP | SERVICE_UDP, 554, true);
	assert_null(service_find(STR("web")));
	assert_null(service_find(STR("web-server-tl")));
	assert_null(service_find(STR_NONE));
}

/* The two headers say TCP and UDP with the same bits. */
static void bits_are_those_of_a_hand(void **state)
{
	(void)state;
	assert_int_equal(SERVICE_TCP, HAND_TCP);
	assert_int_equal(SERVICE_UDP, HAND_UDP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_can_be_opened),
		cmocka_unit_test(by_name),
		cmocka_unit_test(bits_are_those_of_a_hand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
