/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which ports the router itself listens to on addresses the WAN can reach (the wildcard or a WAN
 * address, not bound to another interface): these are never given away (RFC 6887 section 11.3).
 * Read from the kernel every two seconds, never on the way of a request. UDP sockets count when
 * they are bound and not connected. Sockets of ways (fw.h) do not count: what is led elsewhere
 * never was for them.
 */
#ifndef GATEWAY_OWNPORTS_H
#define GATEWAY_OWNPORTS_H

#include "gateway/conf.h"
#include "gateway/log.h"
#include "gateway/loop.h"
#include "gateway/net.h"

#include <stdbool.h>
#include <stdint.h>

struct ownports;

/* conf must outlive it. Its http_port is ours for TCP always, beside UDP and TCP 1900, 5350 and 5351. Reads once before it
 * returns. NULL: no memory. A kernel without sock_diag is told in log once; then only the fixed
 * ports are known. */
struct ownports *ownports_new(struct loop *loop, const struct net *net, struct log *log,
	const struct conf *conf);
bool ownports_has(const struct ownports *own, uint8_t proto, uint16_t port);
/* Reads again now. ERR_UNSUPPORTED or ERR_IO: what was known stays. */
int ownports_refresh(struct ownports *own);
void ownports_free(struct ownports *own);

#endif
