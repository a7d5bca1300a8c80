/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages in streams of any segments, and streams that are none of ours. */
#include "protocols/sip_frame.h"

#include "protocols/err.h"
#include "protocols/sip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <cmocka.h>

#include "sip_rig.h"

#define FRAMES_MAX 64
#define OPTIONS "OPTIONS sip:a@b SIP/2.0\nl:0\n\n"
#define BODY "MESSAGE sip:a@b SIP/2.0\nContent-Length   :\n 15\n\n\n\nOPTIONS x\n"

struct frames {
	size_t count, len[FRAMES_MAX], left;
	int err;
};

/* Segments of this size. */
static void cut(struct str all, size_t size, struct frames *out)
{
	struct sip_frame f = {0};
	size_t from = 0, len = 0;

	*out = (struct frames){0};
	for (size_t have = 0; have < all.len && !out->err;) {
		have = have + size < all.len ? have + size : all.len;
		do {
			struct str there = sip_rig_copy(all.p + from, have - from);
			out->err = sip_frame_next(&f, there, &len);
			sip_rig_free(there);
			if (!out->err && len) {
				assert_in_range(out->count, 0, FRAMES_MAX - 1);
				out->len[out->count++] = len;
				from += len;
			}
		} while (!out->err && len);
	}
	out->left = all.len - from;
}

static void segments_do_not_matter(void **state)
{
	struct str all = sip_rig_text("\n\n" OPTIONS BODY "\n" OPTIONS OPTIONS "OPTIONS sip");
	struct frames whole, parts;

	(void)state;
	cut(all, all.len, &whole);
	assert_int_equal(whole.err, 0);
	assert_int_equal(whole.count, 7);	/* three keep-alives, four messages */
	assert_int_equal(whole.len[0], 2);
	assert_int_equal(whole.len[2], sizeof(OPTIONS) - 1 + 3);
	assert_int_equal(whole.left, strlen("OPTIONS sip"));
	for (size_t size = 1; size < all.len; size++) {
		cut(all, size, &parts);
		assert_memory_equal(&parts, &whole, sizeof(parts));
	}
	sip_rig_free(all);
}

static void a_body_is_no_message(void **state)
{
	struct str all = sip_rig_text(BODY);
	struct frames f;

	(void)state;
	cut(all, 1, &f);
	assert_int_equal(f.count, 1);
	/* 15 octets: CRLF CRLF "OPTIONS x" CRLF. */
	assert_int_equal(f.len[0], all.len);
	assert_int_equal(f.err, 0);
	sip_rig_free(all);
}

/* A REGISTER that begins a segment within a POST is what slipstreaming is made of (SIP-03). */
static void foreign_is_foreign_for_ever(void **state)
{
	struct str post = sip_rig_text("POST /x HTTP/1.1\nContent-Length: 99\n\n" OPTIONS);
	struct frames f;

	(void)state;
	for (size_t size = 1; size <= post.len; size++) {
		cut(post, size, &f);
		assert_int_equal(f.err, ERR_SYNTAX);
		assert_int_equal(f.count, 0);
		assert_int_equal(f.left, post.len);
	}
	sip_rig_free(post);
}

static void a_stream_needs_one_length(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"BYE sip:a SIP/2.0\n\n", ERR_SYNTAX},
		{"BYE sip:a SIP/2.0\nl: 1\nContent-Length: 2\n\n", ERR_SYNTAX},
		{"BYE sip:a SIP/2.0\nl: 0\nContent-Length: 0\n\n", 0},
		{"BYE sip:a SIP/2.0\nl: 65536\n\n", ERR_RANGE},
		{"BYE sip:a SIP/2.0\nl: 65500\n\n", 0},
		{"BYE sip:a SIP/2.0\nl: 65510\n\n", ERR_RANGE},
		{"BYE sip:a SIP/2.0\nl: +1\n\n", ERR_SYNTAX},
		{"BYE sip:a SIP/2.0\nno field\nl: 0\n\n", ERR_SYNTAX},
		{"BYE sip:a SIP/2.0\n l: 0\n\n", ERR_SYNTAX},
	};
	struct frames f;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str all = sip_rig_text(cases[i].text);
		cut(all, all.len, &f);
		assert_int_equal(f.err, cases[i].err);
		cut(all, 1, &f);
		assert_int_equal(f.err != 0, cases[i].err != 0);
		sip_rig_free(all);
	}
	/* A bare LF is known before the head ends. */
	cut(STR("BYE sip:a SIP/2.0\r\nl: 0\n"), 1, &f);
	assert_int_equal(f.err, ERR_SYNTAX);
	cut(STR("\rx"), 1, &f);
	assert_int_equal(f.err, ERR_SYNTAX);
	cut(STR("BYE sip:a SIP/2.0\r\nl: 0\n\r\n"), 1, &f);
	assert_int_equal(f.err, ERR_SYNTAX);
}

static void a_head_without_end_is_foreign(void **state)
{
	static char big[SIP_MESSAGE_MAX];
	static const char start[] = "BYE sip:a SIP/2.0\r\nX: ";
	struct sip_frame f = {0};
	size_t len;

	(void)state;
	memset(big, 'x', sizeof(big));
	memcpy(big, start, sizeof(start) - 1);
	assert_int_equal(sip_frame_next(&f, (struct str){big, sizeof(big) - 1}, &len), 0);
	assert_int_equal(len, 0);
	assert_int_equal(f.seen, sizeof(big) - 1);	/* and is not looked at again */
	assert_int_equal(sip_frame_next(&f, (struct str){big, sizeof(big)}, &len), ERR_RANGE);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A byte a segment costs what one segment costs: 64 kB were 2 G steps if each began anew. */
static void small_segments_cost_no_more(void **state)
{
	static char big[SIP_MESSAGE_MAX];
	static const char start[] = "BYE sip:a SIP/2.0\r\n";
	struct sip_frame f = {0};
	double before = seconds();
	size_t at = sizeof(start) - 1, len = 0;

	(void)state;
	memcpy(big, start, at);
	for (; at + 12 < sizeof(big); at += 5)
		memcpy(big + at, "X:x\r\n", 5);
	memcpy(big + at, "l:0\r\n\r\n", 7);
	for (size_t have = 1; len == 0 && have <= at + 7; have++)
		assert_int_equal(sip_frame_next(&f, (struct str){big, have}, &len), 0);
	assert_int_equal(len, at + 7);
	assert_true(seconds() - before < 0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_do_not_matter),
		cmocka_unit_test(a_body_is_no_message),
		cmocka_unit_test(foreign_is_foreign_for_ever),
		cmocka_unit_test(a_stream_needs_one_length),
		cmocka_unit_test(a_head_without_end_is_foreign),
		cmocka_unit_test(small_segments_cost_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
