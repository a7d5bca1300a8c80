/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as a lease file: rows name addresses, and slices of the very text. */
#include "gateway/leases.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slice(struct str s, const struct str *text)
{
	if (s.p)
		assert(s.p >= text->p && s.p + s.len <= text->p + text->len);
	else
		assert(s.len == 0);
}

static void on_row(void *arg, const struct lease_row *row)
{
	const struct str *text = arg;

	check_slice(row->hostname, text);
	check_slice(row->client_id, text);
	assert(!row->has_mac || addr_is4(&row->addr));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};

	leases_decode(text, on_row, &text);
	return 0;
}
