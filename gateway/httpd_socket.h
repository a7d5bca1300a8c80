/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listening sockets for httpd.h and what is to be known of a connection. No HTTP here.
 */
#ifndef GATEWAY_HTTPD_SOCKET_H
#define GATEWAY_HTTPD_SOCKET_H

#include "gateway/httpd.h"

#include <stdint.h>
#include <sys/types.h>

/* Listens on one interface only (NULL: on all), both families where the kernel has IPv6. Port 0:
 * any. The descriptor; ERR_EXISTS: the port is taken; ERR_NOT_FOUND: no such interface;
 * ERR_DENIED; ERR_IO. */
int httpd_socket_tcp(const char *ifname, uint16_t port);
/* Listens at path, mode 0660, of group gid ((gid_t)-1: as it comes). A socket nobody serves any
 * more is replaced. ERR_EXISTS: somebody serves it; ERR_RANGE: too long; ERR_DENIED; ERR_IO. */
int httpd_socket_unix(const char *path, gid_t gid);
/* Accepts one connection, non-blocking, close-on-exec. The descriptor; ERR_AGAIN: none waits;
 * ERR_FULL: no descriptor is left; ERR_IO: this one broke, go on. */
int httpd_socket_accept(int listen_fd, struct httpd_peer *out);

#endif
