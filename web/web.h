/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner's HTTP server: pages and API on every LAN that is not for guests, never on the WAN.
 * It speaks TLS with a certificate of its own; in the clear it serves all of that on loopback and
 * on a unix socket for another web server only, or everywhere when the configuration says so. A TCP
 * socket handed over at start is as loopback is, and for hosts of loopback addresses only. The
 * plain port of a LAN otherwise has one page, which explains the browser's warning.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "gateway/conf.h"
#include "gateway/core.h"
#include "gateway/log.h"
#include "gateway/net.h"
#include "web/api.h"

struct web;

struct web_config {
	struct loop *loop;
	struct log *log;
	struct core *core;
	struct net *net;
	struct api *api;
	struct auth *auth;
	const struct conf *conf;
};

/* NULL: no memory; what cannot be listened at is in the log, and nobody is served there. */
struct web *web_new(const struct web_config *config);
/* A listening TCP socket that was handed over; it is the server's now. */
void web_listen(struct web *web, int fd);
/* Before API, auth, net and core. */
void web_free(struct web *web);

#endif
