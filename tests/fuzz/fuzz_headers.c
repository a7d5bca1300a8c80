/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as the head of a message: what is kept lies within it and holds no line end. */
#include "protocols/headers.h"

#include "protocols/err.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slice(struct str s, struct str all)
{
	if (s.len == 0)
		return;
	assert(s.p >= all.p && s.p + s.len <= all.p + all.len);
	assert(!memchr(s.p, '\n', s.len) && !memchr(s.p, '\r', s.len) && !memchr(s.p, 0, s.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct headers h;

	if (headers_decode(text, &h))
		return 0;
	assert(h.start.len > 0 && h.count <= HEADERS_MAX);
	check_slice(h.start, text);
	for (size_t i = 0; i < h.count; i++) {
		struct str value = STR_NONE;
		int err = headers_find(&h, h.field[i].name, &value);

		check_slice(h.field[i].name, text);
		check_slice(h.field[i].value, text);
		assert(h.field[i].name.len > 0);
		assert(err == ERR_EXISTS || (err == 0 && str_eq(value, h.field[i].value)));
	}
	return 0;
}
