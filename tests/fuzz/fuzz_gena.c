/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A head as SUBSCRIBE and UNSUBSCRIBE, from an address the first byte chooses: whatever is accepted
 * is the asker's own and can be told without breaking the message. The same bytes as an answer.
 */
#include "protocols/err.h"
#include "protocols/gena.h"
#include "protocols/headers.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str field(const struct headers *h, const char *name)
{
	struct str value;

	return headers_find(h, str_from(name), &value) ? STR_NONE : value;
}

static void check_message(const struct gena_url *url)
{
	char text[GENA_HEAD_MAX];
	struct writer w = writer_to(text, sizeof(text));
	struct headers h;
	struct str words;

	gena_encode_notify(&w, url, STR("uuid:01020304-0506-0708-090a-0b0c0d0e0f10"), UINT32_MAX,
		STR(""));
	assert(!w.full);
	assert(headers_decode(writer_done(&w), &h) == 0);
	assert(h.count == 8 && str_eq(field(&h, "NT"), STR("upnp:event")));
	words = h.start;
	assert(str_eq(str_split(&words, ' '), STR("NOTIFY")));
	assert(str_starts(str_split(&words, ' '), STR("/")));
	assert(str_eq(words, STR("HTTP/1.1")));
}

static void check_request(const struct gena_fields *fields, const struct addr *client)
{
	struct gena_request r = {.count = GENA_CALLBACKS_MAX + 1};
	unsigned status = gena_decode_subscribe(fields, client, &r);

	assert(status == 0 || status == 400 || status == 412);
	if (status) {
		assert(r.count == GENA_CALLBACKS_MAX + 1);
		return;
	}
	assert(r.timeout_s >= GENA_TIMEOUT_MIN_S && r.timeout_s <= GENA_TIMEOUT_MAX_S);
	assert((r.sid.p == NULL) == (r.count > 0) && r.count <= GENA_CALLBACKS_MAX);
	for (size_t i = 0; i < r.count; i++) {
		assert(addr_eq(&r.callbacks[i].to.addr, client) && r.callbacks[i].to.port > 0);
		check_message(&r.callbacks[i]);
	}
}

static void check_answer(const uint8_t *data, size_t size)
{
	size_t len = size < GENA_ANSWER_MAX ? size : GENA_ANSWER_MAX;
	unsigned status = 0;
	int err = gena_decode_answer(data, len, &status);

	assert(err == 0 || err == ERR_SYNTAX || (err == ERR_SHORT && len < GENA_ANSWER_MAX));
	assert(err ? status == 0 : status >= 100 && status <= 999);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const clients[] = {"fe80::10", "2001:db8::10", "192.168.1.10"};
	struct gena_fields fields;
	struct addr client;
	struct headers h;
	struct str sid;

	check_answer(data, size);
	if (size == 0 || headers_decode((struct str){(const char *)data, size}, &h))
		return 0;
	assert(addr_decode(str_from(clients[data[0] % 3]), &client) == 0);
	fields = (struct gena_fields){
		.callback = field(&h, "CALLBACK"),
		.nt = field(&h, "NT"),
		.sid = field(&h, "SID"),
		.timeout = field(&h, "TIMEOUT"),
	};
	check_request(&fields, &client);
	if (gena_decode_unsubscribe(&fields, &sid) == 0)
		assert(sid.p != NULL);
	return 0;
}
