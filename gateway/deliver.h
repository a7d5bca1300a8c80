/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One HTTP message to one address, over a TCP connection of its own that never blocks: connect,
 * send, read the status line, close. What the message says is nobody's business here; nothing else
 * in the gateway opens a connection to a host.
 */
#ifndef GATEWAY_DELIVER_H
#define GATEWAY_DELIVER_H

#include "gateway/loop.h"
#include "protocols/addr.h"
#include "protocols/gena.h"
#include "protocols/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DELIVER_CONNECT_MS 5000	/* a host on the same link answers within milliseconds, or not */

struct deliver_to {
	struct endpoint to;
	const char *ifname;	/* leaves by this interface only; NULL: as routes say */
	int ifindex;		/* the scope of a link-local address */
	uint64_t until_ms;	/* given up then */
};

/* The status of the answer, or ERR_GONE: nobody there, or gone before an answer; ERR_SYNTAX: what
 * came was no answer; ERR_IO. From the loop, once; d may be used again at once. */
typedef void deliver_fn(void *arg, int result);

/* Embedded in its owner; zeroed before its first use. */
struct deliver {
	struct loop *loop;
	deliver_fn *done;
	void *arg;
	int fd;
	struct loop_fd *lfd;		/* NULL: nothing is under way */
	struct loop_timer timer;
	uint64_t until_ms;
	struct str rest;		/* not yet sent */
	bool connected;
	size_t got;
	char answer[GENA_ANSWER_MAX];
};

/* loop, done and arg are set by the owner before. message stays the caller's and must not change
 * meanwhile. ERR_GONE, ERR_IO or ERR_MEMORY: it could not even begin; done is not called. */
int deliver_begin(struct deliver *d, const struct deliver_to *to, struct str message);
bool deliver_is_under_way(const struct deliver *d);
/* The last message went out whole: its reader may know it, whatever the answer was. */
bool deliver_was_sent(const struct deliver *d);
/* Gives up what is under way; done is not called. */
void deliver_stop(struct deliver *d);

#endif
