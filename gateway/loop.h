/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one event loop: descriptors, timers, and hooks that run once at the end of each wake-up.
 * Time is CLOCK_BOOTTIME in milliseconds, read once per wake-up and the same for all callbacks of
 * it, so that a batch has one "now". A virtual loop has no descriptors' time of its own: tests
 * move it with loop_advance.
 */
#ifndef GATEWAY_LOOP_H
#define GATEWAY_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct loop_fd;

typedef void loop_fd_fn(void *arg, uint32_t epoll_events);
typedef void loop_fn(void *arg);

#define LOOP_NEVER UINT64_MAX

/* Embedded in its owner; zeroed before its first use. */
struct loop_timer {
	loop_fn *fn;
	void *arg;
	uint64_t due_ms;	/* LOOP_NEVER while stopped */
	size_t slot;		/* in the heap, counted from 1; 0: not in it */
};

struct loop *loop_new(void);		/* NULL when memory or descriptors are short */
struct loop *loop_new_virtual(uint64_t now_ms);
void loop_free(struct loop *loop);

uint64_t loop_now_ms(const struct loop *loop);
/* Seconds since 1970, to date records and for schedules only. A virtual loop begins with the
 * machine's and goes on by its own clock. */
uint64_t loop_wall_s(const struct loop *loop);
void loop_wall_set(struct loop *loop, uint64_t wall_s);	/* virtual loops: so late is it now */

/* events as for epoll (EPOLLIN ...). The descriptor stays the caller's. */
struct loop_fd *loop_fd_add(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn, void *arg);
int loop_fd_set(struct loop *loop, struct loop_fd *lfd, uint32_t events);
/* Safe within any callback, its own too; call it before closing the descriptor. */
void loop_fd_remove(struct loop *loop, struct loop_fd *lfd);

/* Fires once, when now >= due_ms; set again to move it. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t due_ms);
void loop_timer_stop(struct loop *loop, struct loop_timer *timer);

/* Hooks run in the order they were added, after all descriptors and timers of a wake-up. */
int loop_hook_add(struct loop *loop, loop_fn *fn, void *arg);
/* Not from within a hook. */
void loop_hook_remove(struct loop *loop, loop_fn *fn, void *arg);

/* Until loop_stop. 0 or ERR_IO. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* One wake-up: waits at most wait_ms, runs what is due, then the hooks. */
int loop_once(struct loop *loop, int wait_ms);
/* Virtual loops: moves time on, running each timer at its own due time, hooks after each. */
void loop_advance(struct loop *loop, uint64_t ms);

#endif
