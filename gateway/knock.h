/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether somebody answers at a TCP port of the home network: one connection, closed as soon as it
 * stands; nothing is sent by it. UDP cannot be told from outside of the program that listens.
 */
#ifndef GATEWAY_KNOCK_H
#define GATEWAY_KNOCK_H

#include "gateway/loop.h"
#include "protocols/addr.h"

#define KNOCK_WAIT_MS 2000

enum knock_result {
	KNOCK_ANSWERS,
	KNOCK_REFUSES,	/* the host is there, and says that nobody listens */
	KNOCK_SILENT,	/* nothing came back in time */
	KNOCK_NO_WAY,	/* the host is not there, or there is no way to it */
};

struct knock;
typedef void knock_fn(void *arg, enum knock_result result);

/* fn is called once, from the loop, never before this returns. NULL: no memory or descriptor. */
struct knock *knock_new(struct loop *loop, const struct endpoint *to, knock_fn *fn, void *arg);
/* fn is not called any more. Not after it was. */
void knock_free(struct knock *knock);

#endif
