/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door of SSDP (UDA 1.1 section 1): port 1900 of every LAN. Searches are answered after the
 * random delay they ask for, those sent to us alone at once; announcements are advertise.h's.
 * Bytes are read and written by protocols/ssdp.h, sources are judged by udp.h.
 *
 * A search for something only version 2 has is answered with the location of the version 2 view,
 * every other one with that of version 1. A location is the literal address the asker has on its
 * own link, or the one it asked.
 */
#ifndef GATEWAY_SERVE_SSDP_H
#define GATEWAY_SERVE_SSDP_H

#include "gateway/conf.h"
#include "gateway/core.h"
#include "gateway/loop.h"
#include "gateway/net.h"
#include "gateway/udp.h"
#include "protocols/str.h"

struct serve_ssdp;

/* Announces itself and serves from now on. conf is not kept. NULL: no memory. */
struct serve_ssdp *serve_ssdp_new(struct loop *loop, struct core *core, struct net *net,
	struct udp *udp, const struct conf *conf);
/* fn hears of what others announce. NULL: nobody does any more. */
typedef void serve_ssdp_fn(void *arg, int ifindex, const struct addr *from, struct str nt);
void serve_ssdp_watch(struct serve_ssdp *serve, serve_ssdp_fn *fn, void *arg);
/* Says byebye; udp is still to be freed after it. */
void serve_ssdp_free(struct serve_ssdp *serve);

#endif
