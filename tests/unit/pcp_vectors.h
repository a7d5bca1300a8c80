/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of PCP's files share: pieces of messages as hex text, written down from RFC 6887
 * sections 7 and 11, and the way from a request's text to its answer's.
 */
#ifndef TESTS_UNIT_PCP_VECTORS_H
#define TESTS_UNIT_PCP_VECTORS_H

#include "protocols/pcp.h"
#include "tests/unit/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define EPOCH 0x01020304

#define CLIENT4 "00000000 00000000 0000ffff c0a80102"
#define CLIENT6 "20010db8 00000001 00000000 00000010"
#define WAN4 "00000000 00000000 0000ffff cb007109"
#define ANY4 "00000000 00000000 0000ffff 00000000"
#define NONCE "0102030405060708090a0b0c"
#define ZEROS12 "00000000 00000000 00000000"

/* MAP of TCP 8080, any external port, an hour. */
#define MAP_FIELDS NONCE "06 000000 1f90 0000" ANY4
#define MAP4 "02 01 0000 00000e10" CLIENT4 MAP_FIELDS
/* The same with a port suggested, so that PREFER_FAILURE has something to prefer. */
#define SUGGESTED_FIELDS NONCE "06 000000 1f90 2328" ANY4
#define MAP4_SUGGESTED "02 01 0000 00000e10" CLIENT4 SUGGESTED_FIELDS
#define PREFER_FAILURE "02 00 0000"

/* Header of an answer to MAP with error, its lifetime in hex. */
#define ERROR(code, lifetime) "02 81 00" code lifetime "01020304" ZEROS12

static inline struct addr client4(void)
{
	return addr_from4(0xc0a80102);
}

static inline struct addr client6(void)
{
	return addr_from6_bytes(hex(CLIENT6).b);
}

/* The bytes sit in a heap block of their very size: a sanitizer sees one byte too many. */
static inline int decode_as(const struct hex *h, const struct addr *client, bool third_party,
	struct pcp_msg *out)
{
	void *exact = malloc(h->len ? h->len : 1);
	int err;

	assert_non_null(exact);
	memcpy(exact, h->b, h->len);
	err = pcp_decode(exact, h->len, client, third_party, out);
	free(exact);
	if (!err)
		out->request = (struct str){(const char *)h->b, h->len};
	return err;
}

/* Of a client that may not speak for others. */
static inline int decode(const struct hex *h, const struct addr *client, struct pcp_msg *out)
{
	return decode_as(h, client, false, out);
}

static inline struct pcp_msg decoded(const struct hex *h, const struct addr *client)
{
	struct pcp_msg m;

	assert_int_equal(decode(h, client, &m), 0);
	return m;
}

static inline enum pcp_result result_of(const char *request)
{
	struct hex h = hex(request);
	struct addr from = client4();

	return decoded(&h, &from).result;
}

static inline void assert_answer_from(const struct addr *client, const char *request,
	const struct map_ans *ans, const char *answer)
{
	struct hex h = hex(request), want = hex(answer);
	struct pcp_msg m = decoded(&h, client);
	uint8_t out[PCP_MAX];
	struct writer w = writer_to(out, sizeof(out));

	pcp_encode(&w, &m, ans, EPOCH);
	assert_false(w.full);
	assert_int_equal(w.len, want.len);
	assert_memory_equal(out, want.b, want.len);
}

static inline void assert_answer(const char *request, const struct map_ans *ans, const char *answer)
{
	struct addr from = client4();
	assert_answer_from(&from, request, ans, answer);
}

static inline struct map_req requested(const char *text, const struct addr *client)
{
	struct hex h = hex(text);
	struct pcp_msg m = decoded(&h, client);
	struct map_req req;

	assert_int_equal(m.result, PCP_SUCCESS);
	pcp_to_req(&m, client, &req);
	return req;
}

static inline struct map_ans granted(uint16_t port)
{
	return (struct map_ans){.result = MAP_OK, .external = {addr_from4(0xcb007109), port},
		.lifetime_s = 1800, .id = 7};
}

#endif
