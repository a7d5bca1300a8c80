/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NAT-PMP messages against bytes written down from RFC 6886 section 3. */
#include "protocols/natpmp.h"

#include "protocols/err.h"
#include "tests/unit/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define EPOCH 0x01020304

static struct addr client(void)
{
	return addr_from4(0xc0a80102);
}

/* The bytes sit in a heap block of their very size: a sanitizer sees one byte too many. */
static int decode(const struct hex *h, struct natpmp_msg *out)
{
	void *exact = malloc(h->len ? h->len : 1);
	int err;

	assert_non_null(exact);
	memcpy(exact, h->b, h->len);
	err = natpmp_decode(exact, h->len, out);
	free(exact);
	if (!err)
		out->request = (struct str){(const char *)h->b, h->len};
	return err;
}

static void assert_bytes(const struct writer *w, const char *text)
{
	struct hex want = hex(text);

	assert_false(w->full);
	assert_int_equal(w->len, want.len);
	assert_memory_equal(w->p, want.b, want.len);
}

static struct natpmp_msg decoded(const struct hex *h)
{
	struct natpmp_msg m;

	assert_int_equal(decode(h, &m), 0);
	return m;
}

static struct map_req requested(const char *text)
{
	struct hex h = hex(text);
	struct natpmp_msg m = decoded(&h);
	struct addr from = client();
	struct map_req req;

	assert_int_equal(m.result, NATPMP_SUCCESS);
	natpmp_to_req(&m, &from, &req);
	return req;
}

static void assert_map_answer(const char *request, const struct map_ans *ans, const char *answer)
{
	struct hex h = hex(request);
	struct natpmp_msg m = decoded(&h);
	uint8_t out[NATPMP_ANSWER_LEN];
	struct writer w = writer_to(out, sizeof(out));

	natpmp_encode_map(&w, &m, ans, EPOCH);
	assert_bytes(&w, answer);
}

static void assert_error_answer(const char *request, const char *answer)
{
	struct hex h = hex(request);
	struct natpmp_msg m = decoded(&h);
	uint8_t out[HEX_MAX];
	struct writer w = writer_to(out, sizeof(out));

	assert_int_not_equal(m.result, NATPMP_SUCCESS);
	natpmp_encode_error(&w, &m, EPOCH);
	assert_bytes(&w, answer);
}

/* NPMP-01, NPMP-19 */
static void address_answer(void **state)
{
	(void)state;
	struct hex h = hex("0000");
	struct natpmp_msg m = decoded(&h);
	struct addr wan = addr_from4(0xcb007109), none = addr_any4();
	uint8_t out[NATPMP_ANSWER_LEN];
	struct writer w = writer_to(out, sizeof(out));

	assert_int_equal(m.opcode, NATPMP_OP_ADDRESS);
	assert_int_equal(m.result, NATPMP_SUCCESS);
	natpmp_encode_address(&w, &wan, EPOCH);
	assert_bytes(&w, "00 80 0000 01020304 cb007109");
	w = writer_to(out, sizeof(out));
	natpmp_encode_address(&w, &none, EPOCH);
	assert_bytes(&w, "00 80 0003 01020304 00000000");
}

/* NPMP-02, NPMP-03: the reserved field may hold anything. */
static void map_request(void **state)
{
	(void)state;
	struct map_req udp = requested("00 01 ffff 1f90 2328 00000e10");
	struct map_req tcp = requested("00 02 0000 0050 0000 ffffffff");

	assert_int_equal(udp.op, MAP_OP_OPEN);
	assert_int_equal(udp.proto, MAP_PROTO_UDP);
	assert_int_equal(udp.internal.port, 8080);
	assert_int_equal(udp.external.port, 9000);
	assert_int_equal(udp.lifetime_s, 3600);
	assert_int_equal(tcp.op, MAP_OP_OPEN);
	assert_int_equal(tcp.proto, MAP_PROTO_TCP);
	assert_int_equal(tcp.internal.port, 80);
	assert_int_equal(tcp.external.port, 0);
	assert_int_equal(tcp.lifetime_s, UINT32_MAX);
}

/* NPMP-07: the internal address can only be the packet's source. */
static void internal_is_source(void **state)
{
	(void)state;
	struct map_req req = requested("00 01 0000 1f90 2328 00000e10");
	struct addr from = client();
	struct prefix everybody = prefix_any4();

	assert_int_equal(req.key, MAP_KEY_INTERNAL);
	assert_int_equal(req.origin, MAP_ORIGIN_NATPMP);
	assert_true(addr_eq(&req.client, &from));
	assert_true(addr_eq(&req.internal.addr, &from));
	assert_true(addr_is_any(&req.external.addr));
	assert_true(prefix_eq(&req.remote, &everybody));
	assert_false(req.exact);
	assert_false(req.has_nonce);
	assert_false(req.disabled);
	assert_int_equal(req.descr.len, 0);
}

/* NPMP-02: the answer names the port given, which need not be the one suggested. */
static void map_answer(void **state)
{
	(void)state;
	struct map_ans ans = {.result = MAP_OK, .external = {addr_from4(0xcb007109), 9001},
		.lifetime_s = 1800, .id = 7};

	assert_map_answer("00 01 0000 1f90 2328 00000e10", &ans,
		"00 81 0000 01020304 1f90 2329 00000708");
	assert_map_answer("00 02 ffff 1f90 2328 00000e10", &ans,
		"00 82 0000 01020304 1f90 2329 00000708");
}

/* NPMP-11 */
static void delete_one(void **state)
{
	(void)state;
	struct map_req req = requested("00 02 0000 1f90 2328 00000000");
	struct map_ans closed = {.result = MAP_OK, .external = {addr_from4(0xcb007109), 9000},
		.lifetime_s = 99};
	struct map_ans nothing = {.result = MAP_NOT_FOUND};
	const char *answer = "00 82 0000 01020304 1f90 0000 00000000";

	assert_int_equal(req.op, MAP_OP_CLOSE);
	assert_int_equal(req.proto, MAP_PROTO_TCP);
	assert_int_equal(req.internal.port, 8080);
	assert_map_answer("00 02 0000 1f90 2328 00000000", &closed, answer);
	assert_map_answer("00 02 0000 1f90 0000 00000000", &nothing, answer);
}

/* NPMP-12, NPMP-13: the client learns that something of the administrator's stayed. */
static void delete_all(void **state)
{
	(void)state;
	struct map_req req = requested("00 01 0000 0000 0000 00000000");
	struct map_ans stayed = {.result = MAP_NOT_OWNER, .lifetime_s = 5};

	assert_int_equal(req.op, MAP_OP_CLOSE_ALL);
	assert_int_equal(req.proto, MAP_PROTO_UDP);
	assert_map_answer("00 01 0000 0000 0000 00000000", &stayed,
		"00 81 0002 01020304 0000 0000 00000000");
}

/* NPMP-17: failures name the internal port, and nothing else. */
static void failures(void **state)
{
	(void)state;
	static const struct {
		enum map_result result;
		const char *answer;
	} cases[] = {
		{MAP_DENIED, "00 81 0002 01020304 1f90 0000 00000000"},
		{MAP_PENDING, "00 81 0002 01020304 1f90 0000 00000000"},
		{MAP_NO_WAN, "00 81 0003 01020304 1f90 0000 00000000"},
		{MAP_NO_PORT, "00 81 0004 01020304 1f90 0000 00000000"},
		{MAP_QUOTA, "00 81 0004 01020304 1f90 0000 00000000"},
		{MAP_TROUBLE, "00 81 0004 01020304 1f90 0000 00000000"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct map_ans ans = {.result = cases[i].result, .lifetime_s = 77,
			.external = {addr_from4(0xcb007109), 9000}};
		assert_map_answer("00 01 0000 1f90 2328 00000e10", &ans, cases[i].answer);
	}
}

/* NPMP-17: to open port 0 means nothing. */
static void open_port_0(void **state)
{
	(void)state;
	assert_error_answer("00 01 0000 0000 2328 00000e10",
		"00 81 0002 01020304 0000 0000 00000000");
}

/* NPMP-16 */
static void unknown_opcode(void **state)
{
	(void)state;
	assert_error_answer("00 03", "00 83 0005");
	assert_error_answer("00 7f aa", "00 ff 0005");
	assert_error_answer("00 09 aabb 0102 0304 05060708 09 0a 0b 0c 0d 0e 0f 10 11",
		"00 89 0005 0102 0304 05060708 09 0a 0b 0c 0d 0e 0f 10 11");
}

/* NPMP-15, NPMP-16: answers, other versions and cut requests draw no answer from here. */
static void silence(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "00", "0080", "00 81 0000 1f90 2328 00000e10",
		"00ff", "0100", "0200", "ff00", "00 01", "00 01 0000 1f90 2328 00000e",
		"00 02 0000"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct natpmp_msg m = {.opcode = 0x55};
		struct hex h = hex(texts[i]);
		assert_int_equal(decode(&h, &m), ERR_IGNORE);
		assert_int_equal(m.opcode, 0x55);
	}
}

/* decode(encode(x)) == x; NPMP-02 */
static void round_trip(void **state)
{
	(void)state;
	static const struct natpmp_msg asked[] = {
		{.opcode = NATPMP_OP_UDP,
			.internal_port = 1,
			.external_port = 65535,
			.lifetime_s = 1},
		{.opcode = NATPMP_OP_TCP, .internal_port = 65535, .lifetime_s = UINT32_MAX},
		{.opcode = NATPMP_OP_TCP},
	};

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		struct hex h = {.len = 12};
		struct writer w = writer_to(h.b, h.len);
		struct natpmp_msg m;

		writer_u8(&w, NATPMP_VERSION);
		writer_u8(&w, asked[i].opcode);
		writer_u16(&w, 0);
		writer_u16(&w, asked[i].internal_port);
		writer_u16(&w, asked[i].external_port);
		writer_u32(&w, asked[i].lifetime_s);
		m = decoded(&h);
		assert_int_equal(m.result, NATPMP_SUCCESS);
		assert_int_equal(m.opcode, asked[i].opcode);
		assert_int_equal(m.internal_port, asked[i].internal_port);
		assert_int_equal(m.external_port, asked[i].external_port);
		assert_int_equal(m.lifetime_s, asked[i].lifetime_s);
	}
}

/* RFC 6886 section 3.5 with erratum 3618. */
static void other_version(void **state)
{
	uint8_t out[NATPMP_ANSWER_LEN];
	struct writer w = writer_to(out, sizeof(out));

	(void)state;
	natpmp_encode_version(&w, EPOCH);
	assert_bytes(&w, "00 80 0001 01020304");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_answer),
		cmocka_unit_test(map_request),
		cmocka_unit_test(internal_is_source),
		cmocka_unit_test(map_answer),
		cmocka_unit_test(delete_one),
		cmocka_unit_test(delete_all),
		cmocka_unit_test(failures),
		cmocka_unit_test(open_port_0),
		cmocka_unit_test(unknown_opcode),
		cmocka_unit_test(silence),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(other_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
