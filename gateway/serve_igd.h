/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTP server of the UPnP gateway: descriptions, control and events, on one port of every LAN
 * and nowhere else. Interfaces are followed as they come and go. A connection must come from a host
 * on-link and be made to an address of that very interface; then serve_igd_gate.h judges each
 * request, serve_igd_call.h answers calls and serve_igd_event.h keeps subscriptions.
 */
#ifndef GATEWAY_SERVE_IGD_H
#define GATEWAY_SERVE_IGD_H

#include "gateway/conf.h"
#include "gateway/core.h"
#include "gateway/log.h"
#include "gateway/loop.h"
#include "gateway/net.h"

struct serve_igd;

/* conf is not kept. NULL: no memory. A port that is taken is in the log. */
struct serve_igd *serve_igd_new(struct loop *loop, struct core *core, struct net *net,
	const struct conf *conf, struct log *log);
/* The loop does not run any more, and the core gives no more answers. */
void serve_igd_free(struct serve_igd *serve);

#endif
