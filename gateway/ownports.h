/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which ports the router itself listens to on addresses the WAN can reach (the wildcard or a WAN
 * address, not bound to another interface): these are never given away (RFC 6887 section 11.3).
 * Read from the kernel every two seconds, never on the way of a request. UDP sockets count when
 * they are bound and not connected.
 */
#ifndef GATEWAY_OWNPORTS_H
#define GATEWAY_OWNPORTS_H

#include "gateway/log.h"
#include "gateway/loop.h"
#include "gateway/net.h"

#include <stdbool.h>
#include <stdint.h>

struct ownports;

/* http_port: ours for TCP always, beside UDP and TCP 1900, 5350 and 5351. Reads once before it
 * returns. NULL: no memory. A kernel without sock_diag is told in log once; then only the fixed
 * ports are known. */
struct ownports *ownports_new(struct loop *loop, const struct net *net, struct log *log,
	uint16_t http_port);
bool ownports_has(const struct ownports *own, uint8_t proto, uint16_t port);
/* Reads again now. ERR_UNSUPPORTED or ERR_IO: what was known stays. */
int ownports_refresh(struct ownports *own);
void ownports_free(struct ownports *own);

#endif
