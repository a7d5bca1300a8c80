/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SSDP announcements (UDA 1.1 section 1.2): byebye for what a crash may have left in caches, then
 * alive three times, because datagrams get lost, and again before half of its life is over.
 * Multicast to every LAN, by IPv4 and both scopes of IPv6 that a home has. For serve_ssdp only.
 *
 * The version 1 view is announced, which all clients understand; those who know version 2 search
 * for it. Both views are said goodbye.
 */
#ifndef GATEWAY_ADVERTISE_H
#define GATEWAY_ADVERTISE_H

#include "gateway/core.h"
#include "gateway/loop.h"
#include "gateway/net.h"
#include "gateway/udp.h"
#include "gateway/upnp_self.h"

#define ADVERTISE_GROUPS 3

/* Zeroed, then filled up to self by its owner. */
struct advertise {
	struct loop *loop;
	struct core *core;
	const struct net *net;
	struct udp_door *door;
	struct upnp_self *self;		/* whose bootid rises here */
	unsigned sent;			/* sets: 0 none, 1 byebye, then alive */
	struct loop_timer timer;
};

/* 239.255.255.250, ff02::c, ff05::c (UDA 1.1 section 1.1.1 and annex A). */
struct addr advertise_group(size_t i);
/* From the beginning with a new BOOTID, after a while; what goes on is given up for it. */
void advertise_begin(struct advertise *a, uint32_t wait_ms);
/* Says byebye. */
void advertise_end(struct advertise *a);

#endif
