/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door of NAT-PMP (RFC 6886) and PCP (RFC 6887): UDP port 5351 of every LAN. Datagrams become
 * requests to the core, its answers go back the very way the request came; what nobody asked for
 * leaves by announce.h and pcp_update.h. Bytes are read and written by protocols/, sources are
 * judged by udp.h, and who may open what is the core's.
 *
 * Which protocol: over IPv4 version 0 is NAT-PMP, everything else is PCP. With one of them
 * switched off the other one answers its requests with "unsupported version" (RFC 6886 section
 * 3.5, RFC 6887 section 9).
 */
#ifndef GATEWAY_SERVE_PCP_H
#define GATEWAY_SERVE_PCP_H

#include "gateway/conf.h"
#include "gateway/core.h"
#include "gateway/loop.h"
#include "gateway/net.h"
#include "gateway/udp.h"

struct serve_pcp;

/* Announces itself and serves from now on. conf is not kept. NULL: no memory. */
struct serve_pcp *serve_pcp_new(struct loop *loop, struct core *core, struct net *net,
	struct udp *udp, const struct conf *conf);
/* After core_stop: no answer may come any more. */
void serve_pcp_free(struct serve_pcp *serve);

#endif
