/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages for tests of SIP: read from tests/vectors/sip or written with "\n" for CRLF, each in a
 * heap block of its exact size, so that a sanitizer sees a byte read beyond it.
 */
#ifndef TESTS_UNIT_SIP_RIG_H
#define TESTS_UNIT_SIP_RIG_H

#include "protocols/sip.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline struct str sip_rig_copy(const void *bytes, size_t len)
{
	size_t size = len ? len : 1;
	char *block = malloc(size);

	assert(block);
	if (len)
		memcpy(block, bytes, len);
	return (struct str){block, len};
}

static inline void sip_rig_free(struct str s)
{
	free((void *)s.p);
}

/* Each "\n" becomes CRLF. */
static inline struct str sip_rig_text(const char *text)
{
	size_t lines = 0, at = 0, len = strlen(text);
	char *block;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	block = malloc(len + lines + 1);
	assert(block);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			block[at++] = '\r';
		block[at++] = text[i];
	}
	struct str s = sip_rig_copy(block, at);
	free(block);
	return s;
}

static inline struct str sip_rig_file(const char *name)
{
	static char buffer[SIP_MESSAGE_MAX];
	const char *source = getenv("POSTERN_SRC");
	char path[512];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/vectors/sip/%s.dat", source ? source : ".", name);
	f = fopen(path, "rb");
	if (!f)
		fprintf(stderr, "no %s\n", path);
	assert(f);
	len = fread(buffer, 1, sizeof(buffer), f);
	fclose(f);
	return sip_rig_copy(buffer, len);
}

#define assert_str(s, wanted) do { \
	struct str got_ = (s), wanted_ = str_from(wanted); \
	if (!str_eq(got_, wanted_)) \
		fprintf(stderr, "got: %.*s\n", (int)got_.len, got_.p ? got_.p : ""); \
	assert_true(str_eq(got_, wanted_)); \
} while (0)

#endif
