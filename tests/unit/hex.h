/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden bytes in tests are written as hex text: spaces are free, so a line can follow the
 * layout of an RFC. HEX_MAX bounds one vector.
 */
#ifndef TESTS_UNIT_HEX_H
#define TESTS_UNIT_HEX_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define HEX_MAX 1500

struct hex {
	uint8_t b[HEX_MAX];
	size_t len;
};

static inline unsigned hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static inline struct hex hex(const char *text)
{
	struct hex h = {.len = 0};
	unsigned digits = 0;

	for (const char *c = text; *c; c++) {
		if (*c == ' ')
			continue;
		assert(h.len < HEX_MAX && hex_digit(*c) < 16);
		h.b[h.len] = (uint8_t)(h.b[h.len] << 4 | hex_digit(*c));
		if (++digits % 2 == 0)
			h.len++;
	}
	assert(digits % 2 == 0);
	return h;
}

#endif
