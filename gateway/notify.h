/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service manager's side of life (sd_notify(3) and sd_listen_fds(3), without libsystemd):
 * READY, STOPPING, STATUS, the watchdog fed from the loop, and sockets handed over at start.
 * Without NOTIFY_SOCKET every call does nothing.
 */
#ifndef GATEWAY_NOTIFY_H
#define GATEWAY_NOTIFY_H

#include "gateway/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTIFY_NAME_MAX 32

struct notify {
	struct loop *loop;
	int fd;			/* -1: nobody listens */
	uint64_t interval_ms;	/* half of what the watchdog waits; 0: there is none */
	struct loop_timer watchdog;
};

struct notify_socket {
	int fd;
	bool is_unix;			/* of this machine, else of a network */
	char name[NOTIFY_NAME_MAX];	/* of LISTEN_FDNAMES; "" when not named */
};

/* Reads the environment and takes its variables out, so that no child believes them. Call it
 * before seccomp. Starts the watchdog's timer. 0, or ERR_IO: the socket named is not there. */
int notify_open(struct notify *notify, struct loop *loop);
void notify_ready(struct notify *notify);
void notify_stopping(struct notify *notify);
void notify_status(struct notify *notify, const char *text);	/* one line */
void notify_close(struct notify *notify);

/* The sockets handed over, made close-on-exec and non-blocking; the variables are taken out.
 * Returns how many are in out; those beyond max are closed. */
size_t notify_sockets(struct notify_socket *out, size_t max);

#endif
