/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP sockets as the SIP gateway wants them: their options, where they connect from, how they are
 * reset, and a listener that only answers some hosts. IPv4.
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

#define SIP_SOCK_HOSTS_MAX 16
/* Listens there, and answers nobody but these hosts: the kernel drops the SYNs of all others, if it
 * lets us say so; whom it hands over has to be looked at. ERR_EXISTS: somebody else does. ERR_IO.
 */
int sip_sock_listen(const struct endpoint *at, const struct addr *hosts, size_t count);
/* These instead; ERR_IO: it lets us not. */
int sip_sock_admit(int fd, const struct addr *hosts, size_t count);
/* The kernel keeps the SYNs of a listener for sip_sock_tos(). */
void sip_sock_keep_syn(int fd);

#endif
