/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NAT-PMP's client side against bytes written down from RFC 6886 section 3. */
#include "protocols/natpmp_client.h"

#include "protocols/err.h"
#include "tests/unit/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void assert_request(const struct natpmp_msg *m, const char *text)
{
	struct hex want = hex(text);
	uint8_t out[NATPMP_ANSWER_LEN];
	struct writer w = writer_to(out, sizeof(out));

	natpmp_client_encode(&w, m);
	assert_int_equal(w.len, want.len);
	assert_memory_equal(out, want.b, want.len);
}

static void requests(void **state)
{
	struct natpmp_msg m = {.opcode = NATPMP_OP_TCP, .internal_port = 8080,
		.external_port = 9000, .lifetime_s = 3600};

	(void)state;
	assert_request(&m, "0002 0000 1f90 2328 00000e10");
	m.opcode = NATPMP_OP_ADDRESS;
	assert_request(&m, "0000");
}

static int answered(const char *text, struct natpmp_answer *out)
{
	struct hex h = hex(text);

	return natpmp_client_decode(h.b, h.len, out);
}

static void answers(void **state)
{
	struct natpmp_answer a;

	(void)state;
	assert_int_equal(answered("0080 0000 00000007 cb007109", &a), 0);
	assert_int_equal(addr_to4(&a.external), 0xcb007109);
	assert_int_equal(a.epoch_s, 7);
	assert_int_equal(answered("0082 0000 00000007 1f90 2328 00000e10", &a), 0);
	assert_int_equal(a.opcode, NATPMP_OP_TCP);
	assert_int_equal(a.internal_port, 8080);
	assert_int_equal(a.external_port, 9000);
	assert_int_equal(a.lifetime_s, 3600);
	assert_int_equal(answered("0081 0002 00000007 1f90 0000 00000000", &a), 0);
	assert_string_equal(natpmp_client_result_text(a.result), "REFUSED");
	assert_int_equal(answered("0081 0001 00000007", &a), 0);
	assert_int_equal(answered("0081 0001", &a), 0);
	assert_int_equal(a.result, NATPMP_UNSUPP_VERSION);
	assert_null(natpmp_client_result_text(6));
}

static void nonsense(void **state)
{
	static const char *const bad[] = {
		"",
		"0080",
		"0000 0000 00000007 cb007109",
		"0280 0000 00000007 cb007109",
		"0080 0000 00000007 cb0071",
		"0082 0000 00000007 1f90 2328 00000e",
		"0083 0005 00000007 1f90 2328 00000e10",
	};
	struct natpmp_answer a = {.opcode = 0x55};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(answered(bad[i], &a), ERR_SYNTAX);
	assert_int_equal(a.opcode, 0x55);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(answers),
		cmocka_unit_test(nonsense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
