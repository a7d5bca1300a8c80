/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any stream, after a byte that chooses the segments: in one piece, in pieces of one byte and in
 * pieces of any size it has the same frames and the same end, and a frame that is a message is a
 * whole one.
 */
#include "protocols/sip.h"
#include "protocols/sip_frame.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define FRAMES_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct frames {
	unsigned count;
	bool foreign, whole;
	size_t end[FRAMES_MAX];
};

/* seed 0: bytes; 1: one piece. */
static size_t piece(uint32_t *seed, size_t left)
{
	size_t n;

	if (*seed < 2)
		return *seed ? left : 1;
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	n = 1 + *seed % 97;
	return n < left ? n : left;
}

static void take_frames(struct sip_frame *f, struct str stream, size_t *at, struct frames *out)
{
	for (;;) {
		struct str rest = str_sub(stream, *at, stream.len);
		size_t len = 1;
		bool foreign = sip_frame_next(f, rest, &len) != 0;

		if (foreign || len == 0) {
			out->foreign = foreign;
			/* Of the whole only: it looks at all of rest each time. */
			if (out->whole && !foreign)
				assert(sip_start_possible(rest));
			return;
		}
		assert(len <= rest.len && len <= SIP_MESSAGE_MAX);
		*at += len;
		if (out->count < FRAMES_MAX)
			out->end[out->count++] = *at;
	}
}

static void cut(struct str all, uint32_t seed, struct frames *out)
{
	struct sip_frame f = {0};
	size_t at = 0, have = 0;

	out->count = 0;
	out->foreign = false;
	out->whole = seed == 1;
	while (have < all.len && !out->foreign) {
		have += piece(&seed, all.len - have);
		take_frames(&f, str_sub(all, 0, have), &at, out);
	}
}

static void check_frame(struct str frame)
{
	static struct sip_message m;

	if (frame.len == 2)
		assert(str_eq(frame, STR("\r\n")));
	else if (sip_decode(frame, true, &m) == 0)
		assert(m.extra == 0 && m.length.known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frames whole, other;
	struct str all = {(const char *)data + 1, size - 1};
	uint32_t seeds[2];
	size_t from = 0;

	if (size == 0)
		return 0;
	seeds[0] = 0;
	seeds[1] = 2u + data[0];
	cut(all, 1, &whole);
	for (unsigned i = 0; i < 2; i++) {
		cut(all, seeds[i], &other);
		assert(other.foreign == whole.foreign && other.count == whole.count);
		for (unsigned k = 0; k < whole.count; k++)
			assert(other.end[k] == whole.end[k]);
	}
	for (unsigned k = 0; k < whole.count; k++) {
		check_frame(str_sub(all, from, whole.end[k] - from));
		from = whole.end[k];
	}
	return 0;
}
