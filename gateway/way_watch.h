/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hears when others take away the route of phones' SIP (way_route.h), or the rule that leads there:
 * one call of fn per wake-up, however much it was.
 */
#ifndef GATEWAY_WAY_WATCH_H
#define GATEWAY_WAY_WATCH_H

#include "gateway/loop.h"
#include "gateway/way_route.h"

struct way_watch;

struct way_watch_config {
	struct loop *loop;
	struct way_route route;
	uint32_t own_port;	/* of netlink, whose changes are ours and not told of */
	loop_fn *gone;
	void *arg;
};

/* NULL: no memory or no socket. */
struct way_watch *way_watch_new(const struct way_watch_config *config);
void way_watch_free(struct way_watch *watch);

#endif
