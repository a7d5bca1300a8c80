/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * epoll, a binary heap of timers, end-of-wake-up hooks; see loop.h. What a callback may do with
 * other callbacks' descriptors: a removed loop_fd is only marked dead and freed after the wake-up,
 * since its event may already lie in the array epoll gave us.
 */
#include "gateway/loop.h"

#include "protocols/err.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 64
#define HOOKS_MAX 8	/* every server that collects work registers one */

struct loop_fd {
	int fd;
	loop_fd_fn *fn;		/* NULL: removed */
	void *arg;
	struct loop_fd *next_dead;
};

struct hook {
	loop_fn *fn;
	void *arg;
};

struct loop {
	int epoll;
	bool is_virtual;
	bool stopped;
	uint64_t now_ms;
	uint64_t wall_start_s;		/* virtual: the wall clock when now_ms was 0; may wrap */
	struct loop_timer **heap;	/* heap[0] is unused; parent of i is i / 2 */
	size_t timers;
	size_t heap_size;
	struct hook hooks[HOOKS_MAX];
	size_t hook_count;
	struct loop_fd *dead;
};

static uint64_t boottime_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		free(loop);
		return NULL;
	}
	loop->now_ms = boottime_ms();
	return loop;
}

uint64_t loop_wall_s(const struct loop *loop)
{
	return loop->is_virtual ? loop->wall_start_s + loop->now_ms / 1000 : (uint64_t)time(NULL);
}

void loop_wall_set(struct loop *loop, uint64_t wall_s)
{
	loop->wall_start_s = wall_s - loop->now_ms / 1000;
}

struct loop *loop_new_virtual(uint64_t now_ms)
{
	struct loop *loop = loop_new();

	if (!loop)
		return NULL;
	loop->is_virtual = true;
	loop->now_ms = now_ms;
	loop_wall_set(loop, (uint64_t)time(NULL));
	return loop;
}

uint64_t loop_now_ms(const struct loop *loop)
{
	return loop->now_ms;
}

struct loop_fd *loop_fd_add(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn, void *arg)
{
	struct loop_fd *lfd = calloc(1, sizeof(*lfd));
	struct epoll_event ev = {.events = events, .data.ptr = lfd};

	if (!lfd)
		return NULL;
	*lfd = (struct loop_fd){.fd = fd, .fn = fn, .arg = arg};
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		free(lfd);
		return NULL;
	}
	return lfd;
}

int loop_fd_set(struct loop *loop, struct loop_fd *lfd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = lfd};
	return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, lfd->fd, &ev) < 0 ? ERR_IO : 0;
}

void loop_fd_remove(struct loop *loop, struct loop_fd *lfd)
{
	if (!lfd || !lfd->fn)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, lfd->fd, NULL);
	lfd->fn = NULL;
	lfd->next_dead = loop->dead;
	loop->dead = lfd;
}

static void bury_dead(struct loop *loop)
{
	while (loop->dead) {
		struct loop_fd *lfd = loop->dead;
		loop->dead = lfd->next_dead;
		free(lfd);
	}
}

static void place(struct loop *loop, size_t slot, struct loop_timer *timer)
{
	loop->heap[slot] = timer;
	timer->slot = slot;
}

static void sift_up(struct loop *loop, size_t slot, struct loop_timer *timer)
{
	for (; slot > 1 && loop->heap[slot / 2]->due_ms > timer->due_ms; slot /= 2)
		place(loop, slot, loop->heap[slot / 2]);
	place(loop, slot, timer);
}

static void sift_down(struct loop *loop, size_t slot, struct loop_timer *timer)
{
	for (size_t child = slot * 2; child <= loop->timers; child = slot * 2) {
		if (child < loop->timers &&
		    loop->heap[child + 1]->due_ms < loop->heap[child]->due_ms)
			child++;
		if (loop->heap[child]->due_ms >= timer->due_ms)
			break;
		place(loop, slot, loop->heap[child]);
		slot = child;
	}
	place(loop, slot, timer);
}

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
	size_t slot = timer->slot;
	struct loop_timer *last;

	timer->due_ms = LOOP_NEVER;
	if (slot == 0)
		return;
	timer->slot = 0;
	last = loop->heap[loop->timers--];
	if (last == timer)
		return;
	sift_down(loop, slot, last);
	sift_up(loop, last->slot, last);
}

/* Timers are a handful, owned by long-lived objects: a heap that cannot grow is a start-up
 * failure of the machine, not a state to go on in. */
static void make_room(struct loop *loop)
{
	size_t size = loop->heap_size ? loop->heap_size * 2 : 16;
	struct loop_timer **heap;

	if (loop->timers + 1 < loop->heap_size)
		return;
	heap = realloc(loop->heap, size * sizeof(struct loop_timer *));
	if (!heap)
		abort();
	loop->heap = heap;
	loop->heap_size = size;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t due_ms)
{
	loop_timer_stop(loop, timer);
	if (due_ms == LOOP_NEVER)
		return;
	make_room(loop);
	timer->due_ms = due_ms;
	sift_up(loop, ++loop->timers, timer);
}

int loop_hook_add(struct loop *loop, loop_fn *fn, void *arg)
{
	if (loop->hook_count == HOOKS_MAX)
		return ERR_FULL;
	loop->hooks[loop->hook_count++] = (struct hook){fn, arg};
	return 0;
}

void loop_hook_remove(struct loop *loop, loop_fn *fn, void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < loop->hook_count; i++) {
		if (loop->hooks[i].fn != fn || loop->hooks[i].arg != arg)
			loop->hooks[kept++] = loop->hooks[i];
	}
	loop->hook_count = kept;
}

static void run_hooks(struct loop *loop)
{
	for (size_t i = 0; i < loop->hook_count; i++)
		loop->hooks[i].fn(loop->hooks[i].arg);
	bury_dead(loop);
}

/* A timer that sets itself again for now or earlier waits for the next wake-up. */
static void run_timers(struct loop *loop)
{
	for (size_t most = loop->timers; most > 0 && loop->timers > 0; most--) {
		struct loop_timer *timer = loop->heap[1];
		if (timer->due_ms > loop->now_ms)
			break;
		loop_timer_stop(loop, timer);
		timer->fn(timer->arg);
	}
}

static int wait_time(const struct loop *loop, int wait_ms)
{
	uint64_t due = loop->timers > 0 ? loop->heap[1]->due_ms : LOOP_NEVER;
	uint64_t left = due > loop->now_ms ? due - loop->now_ms : 0;

	if (loop->is_virtual)
		return 0;
	if (due == LOOP_NEVER || (wait_ms >= 0 && left > (uint64_t)wait_ms))
		return wait_ms;
	return left > 60000 ? 60000 : (int)left;
}

int loop_once(struct loop *loop, int wait_ms)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int n = epoll_wait(loop->epoll, events, EVENTS_AT_ONCE, wait_time(loop, wait_ms));

	if (n < 0 && errno != EINTR)
		return ERR_IO;
	if (!loop->is_virtual)
		loop->now_ms = boottime_ms();
	for (int i = 0; i < n; i++) {
		struct loop_fd *lfd = events[i].data.ptr;
		if (lfd->fn)
			lfd->fn(lfd->arg, events[i].events);
	}
	run_timers(loop);
	run_hooks(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	int err = 0;

	loop->stopped = false;
	while (!loop->stopped && !err)
		err = loop_once(loop, -1);
	return err;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

void loop_advance(struct loop *loop, uint64_t ms)
{
	uint64_t end = loop->now_ms + ms;

	while (loop->timers > 0 && loop->heap[1]->due_ms <= end) {
		if (loop->heap[1]->due_ms > loop->now_ms)
			loop->now_ms = loop->heap[1]->due_ms;
		run_timers(loop);
		run_hooks(loop);
	}
	loop->now_ms = end;
	run_hooks(loop);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	bury_dead(loop);
	close(loop->epoll);
	free(loop->heap);
	free(loop);
}
