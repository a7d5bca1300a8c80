/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP sockets as the SIP gateway wants them: their options, where they connect from, where they
 * listen, how they are reset. IPv4.
 */
#ifndef GATEWAY_SERVE_SIP_SOCK_H
#define GATEWAY_SERVE_SIP_SOCK_H

#include "protocols/addr.h"

#include <stdbool.h>
#include <stddef.h>

/* Connects from this address (any: as the route says) to there; under way when it returns. -1: it
 * cannot. tos: DSCP, as the other side has it. */
int sip_sock_connect(const struct addr *from, const struct endpoint *to, uint8_t tos);
/* What came in, made like what goes out. */
void sip_sock_set(int fd, uint8_t tos);
/* Of the SYN that came to a listener of ours. */
uint8_t sip_sock_tos(int fd);
/* The next connection at a listener, who it is from and whom it was for; -1: none. */
int sip_sock_accept(int listener, struct endpoint *from, struct endpoint *to);
/* Closes it; the other end is told by a reset. */
void sip_sock_reset(int fd);

/* Has the port there, and does not listen yet. -1: it cannot, or somebody else has it. */
int sip_sock_bind(const struct endpoint *at);
/* From now on; ERR_IO. */
int sip_sock_listen(int fd);
/* The kernel keeps the SYNs of a listener for sip_sock_tos(). */
void sip_sock_keep_syn(int fd);

#endif
