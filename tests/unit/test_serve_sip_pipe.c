/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One direction of a connection, however its bytes come: messages go through the phone's hands (of
 * this file: <between these>) in their order, all else goes as it came, and nothing is kept that
 * need not be.
 */
#include "gateway/serve_sip_pipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define A "INVITE sip:a@x SIP/2.0\r\nCall-ID: a\r\nContent-Length: 4\r\n\r\nbody"
#define B "BYE sip:a@x SIP/2.0\r\nCall-ID: b\r\nl: 0\r\n\r\n"
#define C "SIP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nOK"
#define KEEP "\r\n\r\n"
#define PONG "\r\n"
#define HELD "ACK sip:hold@x SIP/2.0\r\nContent-Length: 0\r\n\r\n"

#define OUT_SIZE (1024 * 1024)

static struct {
	unsigned messages, moved;
	struct sip_carry carry;		/* of the one that is held */
	char held[SIP_MESSAGE_MAX];
	size_t held_len;
	const void *cancelled;
	char out[OUT_SIZE + 1];
	size_t len;
} w;

static struct sip_phone phone;

static void put(const struct sip_carry *carry, struct str bytes)
{
	static char text[SIP_MESSAGE_MAX + 2];

	text[0] = '<';
	memcpy(text + 1, bytes.p, bytes.len);
	text[bytes.len + 1] = '>';
	carry->send(carry, (struct str){text, bytes.len + 2});
}

void sip_phone_message(struct sip_phone *p, const struct sip_carry *carry, struct str bytes)
{
	assert_ptr_equal(p, &phone);
	assert_true(carry->is_stream && carry->by_phone);
	w.messages++;
	if (memcmp(bytes.p, "ACK sip:hold", 12) != 0) {
		put(carry, bytes);
		return;
	}
	w.carry = *carry;
	w.held_len = bytes.len;
	memcpy(w.held, bytes.p, bytes.len);
}

void sip_hold_cancel(struct sip_phone *p, const void *arg)
{
	assert_ptr_equal(p, &phone);
	w.cancelled = arg;
}

static void let_go(void)
{
	put(&w.carry, (struct str){w.held, w.held_len});
}

static void on_moved(void *arg)
{
	assert_ptr_equal(arg, &w);
	w.moved++;
}

static struct sip_pipe begin(struct sip_phone *p)
{
	memset(&w, 0, sizeof(w));
	return (struct sip_pipe){.phone = p, .moved = on_moved, .arg = &w};
}

#define BEGIN(pipe, p) \
	struct sip_pipe pipe = begin(p); \
	sip_pipe_begin(&(pipe), &(struct sip_carry){.by_phone = true})

static void send_out(struct sip_pipe *pipe, size_t most)
{
	while (sip_pipe_out(pipe).len > 0) {
		struct str out = sip_pipe_out(pipe);
		size_t n = out.len < most ? out.len : most;

		assert_true(w.len + n <= OUT_SIZE);
		memcpy(w.out + w.len, out.p, n);
		w.len += n;
		sip_pipe_sent(pipe, n);
	}
}

/* As a socket would: no more than there is room for. */
static void feed(struct sip_pipe *pipe, struct str bytes, size_t step)
{
	while (bytes.len > 0) {
		size_t room = sip_pipe_room(pipe), n = bytes.len < step ? bytes.len : step;

		n = n < room ? n : room;
		assert_true(n > 0);
		sip_pipe_feed(pipe, (struct str){bytes.p, n});
		assert_false(pipe->broken);
		bytes = str_sub(bytes, n, bytes.len - n);
		send_out(pipe, 1000);
	}
}

static void assert_out(const char *text)
{
	w.out[w.len] = '\0';
	assert_string_equal(w.out, text);
}

static void assert_empty(const struct sip_pipe *pipe)
{
	assert_null(pipe->in.at);
	assert_null(pipe->out.at);
}

static void segments_do_not_matter(void **state)
{
	struct str all = STR(KEEP A B PONG C KEEP KEEP B);

	(void)state;
	for (size_t step = 1; step <= all.len; step++) {
		BEGIN(pipe, &phone);
		feed(&pipe, all, step);
		assert_out(KEEP "<" A "><" B ">" PONG "<" C ">" KEEP KEEP "<" B ">");
		assert_int_equal(w.messages, 4);
		assert_int_equal(w.moved, 0);
		assert_false(pipe.foreign);
		/* Silent now, it keeps nothing. */
		assert_empty(&pipe);
		sip_pipe_free(&pipe);
		assert_ptr_equal(w.cancelled, &pipe);
	}
}

static void keep_alives_go_at_once(void **state)
{
	BEGIN(pipe, &phone);
	(void)state;
	feed(&pipe, STR(KEEP), 4);
	assert_out(KEEP);
	feed(&pipe, STR(A KEEP), 1000);
	assert_out(KEEP "<" A ">" KEEP);
	sip_pipe_free(&pipe);
}

static void what_is_no_sip_passes_untouched(void **state)
{
	static const char *const streams[] = {
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n" A B,
		"220 smtp.x ready\r\n" A,
		"POST /x HTTP/1.0\r\nContent-Length: 200\r\n\r\n" A,
		"\x16\x03\x01\x02" A,
		"\x01\x02\x03\x04" B,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		for (size_t step = 1; step < 40; step += 6) {
			BEGIN(pipe, &phone);
			feed(&pipe, str_from(streams[i]), step);
			assert_out(streams[i]);
			assert_int_equal(w.messages, 0);
			assert_true(pipe.foreign);
			assert_empty(&pipe);
			sip_pipe_free(&pipe);
		}
	}
}

/* After a message there is no second chance either, and what a foreign stream says is data. */
static void foreign_later_is_foreign_for_ever(void **state)
{
	for (size_t step = 1; step < 60; step += 7) {
		BEGIN(pipe, &phone);
		(void)state;
		feed(&pipe, STR(A "HTTP/1.1 200 OK\r\n\r\n" B), step);
		assert_out("<" A ">HTTP/1.1 200 OK\r\n\r\n" B);
		assert_int_equal(w.messages, 1);
		feed(&pipe, STR(C), step);
		assert_int_equal(w.messages, 1);
		sip_pipe_free(&pipe);
	}
}

static void tls_is_known_by_its_first_octets(void **state)
{
	static const struct {
		const char *bytes;
		bool tls;
	} cases[] = {
		{"\x16\x03\x01\x02\x03", true}, {"\x16", true}, {"\x17\x03\x03", false},
		{"\x16\x04\x01", false}, {A, false}, {"\r\n\x16\x03", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BEGIN(pipe, &phone);
		feed(&pipe, str_from(cases[i].bytes), 1000);
		assert_int_equal(pipe.encrypted, cases[i].tls);
		feed(&pipe, STR("\x16\x03\x01"), 1000);
		assert_int_equal(pipe.encrypted, cases[i].tls);
		sip_pipe_free(&pipe);
	}
}

static void a_held_message_keeps_its_place(void **state)
{
	BEGIN(pipe, &phone);
	(void)state;
	feed(&pipe, STR(A HELD B KEEP C), 1000);
	assert_out("<" A ">");
	assert_int_equal(sip_pipe_room(&pipe), 0);
	assert_int_equal(w.moved, 0);
	let_go();
	assert_int_equal(w.moved, 1);
	send_out(&pipe, 7);
	assert_out("<" A "><" HELD "><" B ">" KEEP "<" C ">");
	assert_true(sip_pipe_room(&pipe) > 0);
	assert_empty(&pipe);
	sip_pipe_free(&pipe);
}

static void two_held_in_a_row(void **state)
{
	BEGIN(pipe, &phone);
	(void)state;
	feed(&pipe, STR(HELD HELD B), 1000);
	let_go();
	send_out(&pipe, 1000);
	assert_out("<" HELD ">");
	let_go();
	send_out(&pipe, 1000);
	assert_out("<" HELD "><" HELD "><" B ">");
	assert_int_equal(w.moved, 2);
	sip_pipe_free(&pipe);
}

static void an_end_is_passed_on_behind_all(void **state)
{
	BEGIN(pipe, &phone);
	(void)state;
	feed(&pipe, STR(HELD "BYE sip:half"), 1000);
	sip_pipe_end(&pipe);
	send_out(&pipe, 1000);
	assert_out("");
	assert_false(sip_pipe_is_done(&pipe));
	let_go();
	assert_false(sip_pipe_is_done(&pipe));
	send_out(&pipe, 1000);
	assert_out("<" HELD ">BYE sip:half");
	assert_true(sip_pipe_is_done(&pipe));
	assert_empty(&pipe);
	sip_pipe_free(&pipe);
}

static void half_a_message_is_passed_at_the_end(void **state)
{
	struct str all = STR(A);

	(void)state;
	for (size_t len = 0; len < all.len; len++) {
		char half[sizeof(A)] = {0};
		BEGIN(pipe, &phone);

		memcpy(half, all.p, len);
		feed(&pipe, str_sub(all, 0, len), 5);
		assert_false(sip_pipe_is_done(&pipe));
		sip_pipe_end(&pipe);
		send_out(&pipe, 1000);
		assert_out(half);
		assert_true(sip_pipe_is_done(&pipe));
		assert_int_equal(w.messages, 0);
		sip_pipe_free(&pipe);
	}
}

/* The other direction turned out to be no SIP. */
static void it_becomes_foreign_while_one_is_held(void **state)
{
	BEGIN(pipe, &phone);
	(void)state;
	feed(&pipe, STR(HELD B), 1000);
	sip_pipe_be_foreign(&pipe);
	assert_int_equal(sip_pipe_out(&pipe).len, 0);
	let_go();
	send_out(&pipe, 1000);
	assert_out("<" HELD ">" B);
	assert_int_equal(w.messages, 1);
	sip_pipe_free(&pipe);
}

/* The first line was not whole: nothing of it waits any longer. */
static void it_becomes_foreign_in_the_middle(void **state)
{
	BEGIN(pipe, &phone);
	(void)state;
	feed(&pipe, STR("INVI"), 1000);
	assert_out("");
	sip_pipe_be_foreign(&pipe);
	send_out(&pipe, 1000);
	assert_out("INVI");
	feed(&pipe, STR(A), 1000);
	assert_out("INVI" A);
	sip_pipe_free(&pipe);
}

static void without_a_phone_nothing_is_read(void **state)
{
	BEGIN(pipe, NULL);
	(void)state;
	feed(&pipe, STR(A B), 3);
	assert_out(A B);
	assert_int_equal(w.messages, 0);
	sip_pipe_free(&pipe);
	assert_null(w.cancelled);
}

/* Who does not take what he is sent stops who sends it; and what goes through is bounded. */
static void a_slow_receiver_stops_the_sender(void **state)
{
	static char bytes[16384];
	size_t in = 0, out;

	memset(bytes, 'x', sizeof(bytes));
	(void)state;
	for (int foreign = 0; foreign < 2; foreign++) {
		BEGIN(pipe, foreign ? NULL : &phone);
		if (!foreign)
			sip_pipe_feed(&pipe, STR(HELD));
		for (in = 0; sip_pipe_room(&pipe) > 0; in += sizeof(bytes))
			sip_pipe_feed(&pipe, (struct str){bytes, sizeof(bytes)});
		assert_int_equal(in, foreign ? 3 * sizeof(bytes) : 0);
		out = sip_pipe_out(&pipe).len;
		assert_int_equal(out, in);
		sip_pipe_sent(&pipe, foreign ? in - SIP_PIPE_FOREIGN_MAX : 0);
		assert_int_equal(sip_pipe_room(&pipe) > 0, foreign);
		sip_pipe_free(&pipe);
	}
}

static void a_message_too_long_passes(void **state)
{
	static char text[2 * SIP_MESSAGE_MAX + 1];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, A, strlen("INVITE sip:a@x SIP/2.0\r\n"));
	for (size_t step = 4000; step < 20000; step += 7000) {
		BEGIN(pipe, &phone);
		feed(&pipe, str_from(text), step);
		assert_out(text);
		assert_int_equal(w.messages, 0);
		assert_empty(&pipe);
		sip_pipe_free(&pipe);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_do_not_matter),
		cmocka_unit_test(keep_alives_go_at_once),
		cmocka_unit_test(what_is_no_sip_passes_untouched),
		cmocka_unit_test(foreign_later_is_foreign_for_ever),
		cmocka_unit_test(tls_is_known_by_its_first_octets),
		cmocka_unit_test(a_held_message_keeps_its_place),
		cmocka_unit_test(two_held_in_a_row),
		cmocka_unit_test(an_end_is_passed_on_behind_all),
		cmocka_unit_test(half_a_message_is_passed_at_the_end),
		cmocka_unit_test(it_becomes_foreign_while_one_is_held),
		cmocka_unit_test(it_becomes_foreign_in_the_middle),
		cmocka_unit_test(without_a_phone_nothing_is_read),
		cmocka_unit_test(a_slow_receiver_stops_the_sender),
		cmocka_unit_test(a_message_too_long_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
