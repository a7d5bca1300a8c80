/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages over real connections to this machine itself, on a virtual clock. */
#include "gateway/deliver.h"

#include "protocols/err.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define START_MS 1000
#define UNTIL_MS (START_MS + 20000)
#define NOTHING 1	/* no result yet */
#define TURNS 2000	/* of the loop, a millisecond apart */
#define LARGE (16 * 1024 * 1024)

struct world {
	struct loop *loop;
	struct deliver deliver;
	int result;
	unsigned results;
	int listener;
	int peer;
	struct deliver_to to;
};

static void on_done(void *arg, int result)
{
	struct world *w = arg;

	w->result = result;
	w->results++;
}

static void set_up(struct world *w, bool is4)
{
	struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in name4 = {.sin_family = AF_INET};
	struct sockaddr *sa = is4 ? (struct sockaddr *)&name4 : (struct sockaddr *)&name;
	socklen_t len = is4 ? sizeof(name4) : sizeof(name);

	name4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*w = (struct world){.loop = loop_new_virtual(START_MS), .result = NOTHING, .peer = -1};
	w->listener = socket(is4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(w->listener, sa, len) < 0)
		skip();
	assert_int_equal(listen(w->listener, 0), 0);
	assert_int_equal(getsockname(w->listener, sa, &len), 0);
	w->to.to.port = ntohs(is4 ? name4.sin_port : name.sin6_port);
	w->to.to.addr = is4 ? addr_from4(INADDR_LOOPBACK) : addr_from6_bytes(&name.sin6_addr);
	w->to.until_ms = UNTIL_MS;
	w->deliver.loop = w->loop;
	w->deliver.done = on_done;
	w->deliver.arg = w;
}

static void tear_down(struct world *w)
{
	deliver_stop(&w->deliver);
	if (w->listener >= 0)
		close(w->listener);
	if (w->peer >= 0)
		close(w->peer);
	loop_free(w->loop);
}

static void turn(struct world *w)
{
	loop_once(w->loop, 0);
	usleep(1000);
}

static void accept_peer(struct world *w)
{
	for (int i = 0; i < TURNS && w->peer < 0; i++) {
		turn(w);
		w->peer = accept(w->listener, NULL, NULL);
	}
	assert_true(w->peer >= 0);
}

static void read_message(struct world *w, struct str message)
{
	char *text = malloc(message.len);
	size_t got = 0;

	assert_non_null(text);
	while (got < message.len) {
		ssize_t n = recv(w->peer, text + got, message.len - got, MSG_DONTWAIT);
		if (n > 0)
			got += (size_t)n;
		else
			turn(w);
	}
	assert_memory_equal(text, message.p, message.len);
	free(text);
}

static void say(struct world *w, const char *text)
{
	assert_int_equal(send(w->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void await(struct world *w)
{
	for (int i = 0; i < TURNS && w->results == 0; i++)
		turn(w);
	assert_int_equal(w->results, 1);
	assert_false(deliver_is_under_way(&w->deliver));
}

static void round_trip(bool is4)
{
	struct world w;

	set_up(&w, is4);
	assert_int_equal(deliver_begin(&w.deliver, &w.to, STR("NOTIFY it")), 0);
	assert_true(deliver_is_under_way(&w.deliver));
	accept_peer(&w);
	read_message(&w, STR("NOTIFY it"));
	say(&w, "HTTP/1.1 2");
	turn(&w);
	turn(&w);
	assert_int_equal(w.results, 0);
	say(&w, "04 Fine\r\nX: y");
	await(&w);
	assert_int_equal(w.result, 204);
	assert_true(deliver_was_sent(&w.deliver));
	tear_down(&w);
}

static void the_answer_is_told(void **state)
{
	(void)state;
	round_trip(true);
	round_trip(false);
}

static void large_messages_go_out_piece_by_piece(void **state)
{
	struct str message = {calloc(1, LARGE), LARGE};
	struct world w;

	(void)state;
	set_up(&w, true);
	assert_int_equal(deliver_begin(&w.deliver, &w.to, message), 0);
	accept_peer(&w);
	turn(&w);
	assert_false(deliver_was_sent(&w.deliver));
	read_message(&w, message);
	assert_true(deliver_was_sent(&w.deliver));
	say(&w, "HTTP/1.1 500 No\r\n");
	await(&w);
	assert_int_equal(w.result, 500);
	tear_down(&w);
	free((void *)(uintptr_t)message.p);
}

static void nobody_there(void **state)
{
	struct world w;
	int err;

	(void)state;
	set_up(&w, true);
	close(w.listener);
	w.listener = -1;
	err = deliver_begin(&w.deliver, &w.to, STR("x"));
	if (!err) {
		await(&w);
		err = w.result;
	}
	assert_int_equal(err, ERR_GONE);
	assert_false(deliver_was_sent(&w.deliver));
	tear_down(&w);
}

static void ends_that_are_no_answer(void **state)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {{"", ERR_GONE}, {"HTTP/1.1 20", ERR_GONE}, {"hello\r\n", ERR_SYNTAX}};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up(&w, true);
		assert_int_equal(deliver_begin(&w.deliver, &w.to, STR("x")), 0);
		accept_peer(&w);
		read_message(&w, STR("x"));
		say(&w, cases[i].text);
		shutdown(w.peer, SHUT_WR);
		await(&w);
		assert_int_equal(w.result, cases[i].result);
		tear_down(&w);
	}
}

static void the_silent_are_given_up(void **state)
{
	struct world w;

	(void)state;
	set_up(&w, true);
	assert_int_equal(deliver_begin(&w.deliver, &w.to, STR("x")), 0);
	accept_peer(&w);
	read_message(&w, STR("x"));
	loop_advance(w.loop, UNTIL_MS - START_MS - 1);
	assert_int_equal(w.results, 0);
	loop_advance(w.loop, 1);
	assert_int_equal(w.results, 1);
	assert_int_equal(w.result, ERR_GONE);
	assert_true(deliver_was_sent(&w.deliver));
	tear_down(&w);
}

/* Full queues swallow SYNs as a host that is switched off does. */
static void who_does_not_even_connect_is_given_up_soon(void **state)
{
	struct world w, fill[3] = {0};

	(void)state;
	set_up(&w, true);
	for (size_t i = 0; i < 3; i++) {
		fill[i].deliver = w.deliver;
		assert_int_equal(deliver_begin(&fill[i].deliver, &w.to, STR("x")), 0);
	}
	assert_int_equal(deliver_begin(&w.deliver, &w.to, STR("x")), 0);
	for (size_t i = 0; i < 3; i++) {
		turn(&w);
		deliver_stop(&fill[i].deliver);
	}
	loop_advance(w.loop, DELIVER_CONNECT_MS);
	assert_int_equal(w.results, 1);
	assert_int_equal(w.result, ERR_GONE);
	assert_false(deliver_was_sent(&w.deliver));
	tear_down(&w);
}

static void stopped_is_stopped(void **state)
{
	struct world w;

	(void)state;
	set_up(&w, true);
	assert_int_equal(deliver_begin(&w.deliver, &w.to, STR("x")), 0);
	deliver_stop(&w.deliver);
	deliver_stop(&w.deliver);
	loop_advance(w.loop, UNTIL_MS);
	turn(&w);
	assert_int_equal(w.results, 0);
	assert_int_equal(deliver_begin(&w.deliver, &w.to, STR("again")), 0);
	tear_down(&w);
}

static void an_interface_that_is_not_there(void **state)
{
	struct world w;

	(void)state;
	set_up(&w, true);
	w.to.ifname = "none-such-9";
	assert_int_equal(deliver_begin(&w.deliver, &w.to, STR("x")), ERR_IO);
	assert_false(deliver_is_under_way(&w.deliver));
	tear_down(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_is_told),
		cmocka_unit_test(large_messages_go_out_piece_by_piece),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(ends_that_are_no_answer),
		cmocka_unit_test(the_silent_are_given_up),
		cmocka_unit_test(who_does_not_even_connect_is_given_up_soon),
		cmocka_unit_test(stopped_is_stopped),
		cmocka_unit_test(an_interface_that_is_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
