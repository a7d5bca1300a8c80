/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The helper's side of the privilege border: one client, the daemon, known by its user; its
 * requests are checked (helper_check.h), done one at a time by the backend and answered in order.
 * A message that is not of the language closes the connection. A newer connection replaces the
 * older one: the daemon was started again.
 */
#ifndef GATEWAY_HELPER_H
#define GATEWAY_HELPER_H

#include "gateway/fw.h"
#include "gateway/helper_check.h"
#include "gateway/log.h"
#include "gateway/loop.h"

#include <sys/types.h>

struct helper;

struct helper_config {
	int listen_fd;		/* a listening SEQPACKET unix socket, non-blocking; stays the
				   caller's */
	uid_t peer;		/* who may connect */
	struct fw *backend;	/* its events are the helper's from now on; stays the caller's */
	struct helper_facts facts;
	loop_fn *refresh;	/* asks for what facts do not learn by themselves; arg is theirs */
	struct log *log;
};

/* A true request may come before the kernel's news of the same change: what facts refuse is
 * looked at once more after the loop had so long to read them. */
#define HELPER_SECOND_LOOK_MS 5

/* NULL when memory is short. */
struct helper *helper_new(struct loop *loop, const struct helper_config *config);
/* Not from a callback, and not while the backend has a request under way. The backend is freed
 * after it. */
void helper_free(struct helper *helper);

#endif
