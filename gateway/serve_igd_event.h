/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of the UPnP server (UDA 1.1 section 4): who has subscribed to which service, and telling
 * them what changed, whoever changed it. protocols/gena.h reads and writes the bytes, deliver.h
 * carries them.
 *
 * A subscription remembers which variables its subscriber does not know yet, never a queue of
 * messages: however fast things change and however slow he is, he is told the latest values in the
 * end, at most five times a second, and costs the same memory. What could not be delivered is told
 * again with what comes next. Only a subscriber's own address is ever connected to.
 */
#ifndef GATEWAY_SERVE_IGD_EVENT_H
#define GATEWAY_SERVE_IGD_EVENT_H

#include "gateway/conf.h"
#include "gateway/core.h"
#include "gateway/httpd.h"
#include "gateway/loop.h"
#include "gateway/net.h"
#include "protocols/igd_desc.h"

#define SERVE_IGD_EVENT_MAX 64		/* subscriptions */
#define SERVE_IGD_EVENT_CLIENT_MAX 8	/* of one address: all services of a view, and some more */
#define SERVE_IGD_EVENT_HOST_MAX 16	/* of all addresses of one MAC */

struct serve_igd_event;

/* conf is not kept. NULL: no memory. */
struct serve_igd_event *serve_igd_event_new(struct loop *loop, struct core *core,
	struct net *net, const struct conf *conf);
/* Answers a SUBSCRIBE or UNSUBSCRIBE at once. */
void serve_igd_event_answer(struct serve_igd_event *events, struct httpd_request *req,
	const struct igd_path *path);
void serve_igd_event_free(struct serve_igd_event *events);

#endif
