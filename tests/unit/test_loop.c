/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop: when timers fire, in which order, and what callbacks may do to each other. */
#include "gateway/loop.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define TIMERS 200
#define ROUNDS 3000

struct trace {
	struct loop *loop;
	char text[64];
};

struct alarm {
	struct trace *trace;
	struct loop_timer timer;
	char name;
	uint64_t again_ms;		/* from when it fires; LOOP_NEVER: not again */
	struct loop_timer *stops;
};

static void say(struct trace *t, char c)
{
	size_t len = strlen(t->text);

	assert_true(len + 1 < sizeof(t->text));
	t->text[len] = c;
	t->text[len + 1] = '\0';
}

static void on_alarm(void *arg)
{
	struct alarm *a = arg;

	say(a->trace, a->name);
	if (a->again_ms != LOOP_NEVER)
		loop_timer_set(a->trace->loop, &a->timer,
			loop_now_ms(a->trace->loop) + a->again_ms);
	if (a->stops)
		loop_timer_stop(a->trace->loop, a->stops);
}

static void on_hook(void *arg)
{
	say(arg, '.');
}

static struct alarm make(struct trace *t, char name)
{
	return (struct alarm){.trace = t, .name = name, .again_ms = LOOP_NEVER,
		.timer = {.fn = on_alarm}};
}

static void set(struct alarm *a, uint64_t due_ms)
{
	a->timer.arg = a;
	loop_timer_set(a->trace->loop, &a->timer, due_ms);
}

/* Each at its own time, hooks after each, and nothing a millisecond early. */
static void timers_fire_at_their_time(void **state)
{
	struct trace t = {.loop = loop_new_virtual(1000)};
	struct alarm a = make(&t, 'a'), b = make(&t, 'b'), c = make(&t, 'c');

	(void)state;
	assert_int_equal(loop_hook_add(t.loop, on_hook, &t), 0);
	set(&b, 1020);
	set(&a, 1010);
	set(&c, 1020);
	loop_advance(t.loop, 9);
	assert_string_equal(t.text, ".");
	loop_advance(t.loop, 1);
	assert_string_equal(t.text, ".a..");
	t.text[0] = '\0';
	loop_advance(t.loop, 100);
	assert_true(strcmp(t.text, "bc..") == 0 || strcmp(t.text, "cb..") == 0);
	assert_int_equal(loop_now_ms(t.loop), 1110);
	loop_free(t.loop);
}

/* Moved, stopped by another of the same wake-up, overdue, and set again from within. */
static void timers_move_and_stop(void **state)
{
	struct trace t = {.loop = loop_new_virtual(0)};
	struct alarm a = make(&t, 'a'), b = make(&t, 'b'), c = make(&t, 'c');

	(void)state;
	a.stops = &b.timer;
	set(&a, 10);
	set(&b, 11);
	set(&c, 5);
	set(&c, 30);
	loop_advance(t.loop, 29);
	assert_string_equal(t.text, "a");
	assert_int_equal(b.timer.due_ms, LOOP_NEVER);
	c.again_ms = 0;
	loop_once(t.loop, 0);
	assert_string_equal(t.text, "a");
	loop_advance(t.loop, 0);
	set(&c, 3);
	loop_once(t.loop, 0);
	assert_string_equal(t.text, "ac");
	/* Set again for now: the next wake-up's. */
	loop_once(t.loop, 0);
	assert_string_equal(t.text, "acc");
	loop_timer_stop(t.loop, &c.timer);
	loop_timer_stop(t.loop, &c.timer);
	loop_timer_set(t.loop, &c.timer, LOOP_NEVER);
	loop_advance(t.loop, 1000);
	assert_string_equal(t.text, "acc");
	loop_free(t.loop);
}

struct many {
	struct loop *loop;
	struct loop_timer timer[TIMERS];
	uint64_t due[TIMERS];
	bool fired[TIMERS];
	uint64_t last_ms;
};

struct one {
	struct many *many;
	size_t i;
};

static void on_one(void *arg)
{
	struct one *one = arg;
	struct many *m = one->many;

	assert_int_equal(loop_now_ms(m->loop), m->due[one->i]);
	assert_true(loop_now_ms(m->loop) >= m->last_ms);
	m->last_ms = loop_now_ms(m->loop);
	m->fired[one->i] = true;
	m->due[one->i] = LOOP_NEVER;
}

/* The heap against plain arrays. */
static void random_timers(void **state)
{
	static struct many m;
	static struct one ones[TIMERS];

	(void)state;
	srandom(7);
	m.loop = loop_new_virtual(0);
	for (size_t i = 0; i < TIMERS; i++) {
		ones[i] = (struct one){&m, i};
		m.timer[i] = (struct loop_timer){.fn = on_one, .arg = &ones[i]};
		m.due[i] = LOOP_NEVER;
	}
	for (int round = 0; round < ROUNDS; round++) {
		size_t i = (size_t)random() % TIMERS;
		if (random() % 3 == 0) {
			loop_timer_stop(m.loop, &m.timer[i]);
			m.due[i] = LOOP_NEVER;
		} else {
			m.due[i] = loop_now_ms(m.loop) + 1 + (uint64_t)random() % 500;
			loop_timer_set(m.loop, &m.timer[i], m.due[i]);
		}
		if (random() % 5 == 0)
			loop_advance(m.loop, (uint64_t)random() % 50);
		for (size_t k = 0; k < TIMERS; k++)
			assert_true(m.due[k] == LOOP_NEVER || m.due[k] > loop_now_ms(m.loop));
	}
	loop_free(m.loop);
}

struct door {
	struct trace *trace;
	struct loop_fd *lfd;
	int fd;
	char name;
	struct door *removes;
};

static void on_door(void *arg, uint32_t events)
{
	struct door *d = arg;

	assert_int_equal(events, EPOLLIN);
	say(d->trace, d->name);
	if (d->removes) {
		loop_fd_remove(d->trace->loop, d->removes->lfd);
		close(d->removes->fd);
		d->removes->lfd = NULL;
	}
}

static struct door open_door(struct trace *t, char name)
{
	struct door d = {.trace = t, .name = name, .fd = eventfd(1, EFD_NONBLOCK)};

	assert_true(d.fd >= 0);
	return d;
}

/* Of two that are ready the first removes both: the second must not be called any more. */
static void removed_descriptors_are_silent(void **state)
{
	struct trace t = {.loop = loop_new()};
	struct door a = open_door(&t, 'x'), b = open_door(&t, 'x');

	(void)state;
	a.lfd = loop_fd_add(t.loop, a.fd, EPOLLIN, on_door, &a);
	b.lfd = loop_fd_add(t.loop, b.fd, EPOLLIN, on_door, &b);
	a.removes = &b;
	b.removes = &a;
	assert_int_equal(loop_once(t.loop, 0), 0);
	assert_string_equal(t.text, "x");
	/* The one that is left is still told, until it asks for nothing. */
	struct door *left = a.lfd ? &a : &b;
	left->removes = NULL;
	loop_once(t.loop, 0);
	assert_string_equal(t.text, "xx");
	assert_int_equal(loop_fd_set(t.loop, left->lfd, 0), 0);
	loop_once(t.loop, 0);
	assert_string_equal(t.text, "xx");
	/* Its own end. */
	assert_int_equal(loop_fd_set(t.loop, left->lfd, EPOLLIN), 0);
	left->removes = left;
	loop_once(t.loop, 0);
	assert_string_equal(t.text, "xxx");
	loop_once(t.loop, 0);
	assert_string_equal(t.text, "xxx");
	loop_free(t.loop);
}

static void on_other_hook(void *arg)
{
	say(arg, '!');
}

static void hooks_run_in_order(void **state)
{
	struct trace t = {.loop = loop_new_virtual(0)}, other = {.loop = t.loop};
	int added = 0;

	(void)state;
	assert_int_equal(loop_hook_add(t.loop, on_hook, &t), 0);
	assert_int_equal(loop_hook_add(t.loop, on_hook, &other), 0);
	assert_int_equal(loop_hook_add(t.loop, on_other_hook, &t), 0);
	loop_once(t.loop, 0);
	assert_string_equal(t.text, ".!");
	loop_hook_remove(t.loop, on_hook, &t);
	loop_once(t.loop, 0);
	assert_string_equal(t.text, ".!!");
	assert_string_equal(other.text, "..");
	while (loop_hook_add(t.loop, on_hook, &t) == 0)
		added++;
	assert_int_equal(loop_hook_add(t.loop, on_hook, &t), ERR_FULL);
	assert_in_range(added, 1, 64);
	loop_free(t.loop);
}

static void virtual_wall_clock(void **state)
{
	struct loop *loop = loop_new_virtual(90000);

	(void)state;
	assert_in_range(loop_wall_s(loop), (uint64_t)time(NULL) - 5, (uint64_t)time(NULL));
	loop_wall_set(loop, 1000);
	assert_int_equal(loop_wall_s(loop), 1000);
	loop_advance(loop, 61000);
	assert_int_equal(loop_wall_s(loop), 1061);
	loop_free(loop);
	loop = loop_new();
	assert_in_range(loop_wall_s(loop), (uint64_t)time(NULL) - 5, (uint64_t)time(NULL));
	loop_free(loop);
}

static void stop_it(void *arg)
{
	loop_stop(arg);
}

/* By the machine's clock: it waits, but not for ever. */
static void real_time(void **state)
{
	struct loop *loop = loop_new();
	struct loop_timer timer = {.fn = stop_it, .arg = loop};
	uint64_t begin = loop_now_ms(loop);

	(void)state;
	loop_timer_set(loop, &timer, begin + 30);
	assert_int_equal(loop_run(loop), 0);
	assert_in_range(loop_now_ms(loop), begin + 30, begin + 5000);
	begin = loop_now_ms(loop);
	assert_int_equal(loop_once(loop, 10), 0);
	assert_in_range(loop_now_ms(loop), begin + 9, begin + 5000);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_at_their_time),
		cmocka_unit_test(timers_move_and_stop),
		cmocka_unit_test(random_timers),
		cmocka_unit_test(removed_descriptors_are_silent),
		cmocka_unit_test(hooks_run_in_order),
		cmocka_unit_test(virtual_wall_clock),
		cmocka_unit_test(real_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
