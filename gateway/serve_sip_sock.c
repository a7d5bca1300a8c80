/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See serve_sip_sock.h and tcp(7). */
#include "gateway/serve_sip_sock.h"

#include "protocols/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A dead end is noticed within four minutes: well before its registration runs out. */
#define KEEPALIVE_S 120
#define KEEPALIVE_AGAIN_S 30
#define KEEPALIVE_TIMES 4
/* The kernel takes it twice, each way: what waits in 256 connections of two sockets is 64 MB at
 * worst, not the gigabytes it would grant by itself. A path of 30 ms still carries 1 MB/s. */
#define BUFFER 32768
#define DSCP_MASK 0xfc		/* the other two bits are each connection's own (RFC 3168) */
#define BACKLOG 16
#define SYN_WORDS 30		/* the longest heads of IP and TCP: 60 octets each */

static struct sockaddr_in name_of(const struct endpoint *ep)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(ep->port)};

	memcpy(&sin.sin_addr, addr_bytes4(&ep->addr), sizeof(sin.sin_addr));
	return sin;
}

static struct endpoint endpoint_of(const struct sockaddr_in *sin)
{
	return (struct endpoint){addr_from4_bytes(&sin->sin_addr), ntohs(sin->sin_port)};
}

static void set(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

void sip_sock_set(int fd, uint8_t tos)
{
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, SOL_SOCKET, SO_RCVBUF, BUFFER);
	set(fd, SOL_SOCKET, SO_SNDBUF, BUFFER);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_S);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_AGAIN_S);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_TIMES);
	if (tos & DSCP_MASK)
		set(fd, IPPROTO_IP, IP_TOS, tos & DSCP_MASK);
}

uint8_t sip_sock_tos(int fd)
{
	uint32_t syn[SYN_WORDS];
	socklen_t len = sizeof(syn);
	struct iphdr ip;

	if (getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, syn, &len) || len < sizeof(ip))
		return 0;
	memcpy(&ip, syn, sizeof(ip));
	return ip.version == 4 ? ip.tos : 0;
}

void sip_sock_keep_syn(int fd)
{
	set(fd, IPPROTO_TCP, TCP_SAVE_SYN, 1);
}

static int new_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int sip_sock_connect(const struct addr *from, const struct endpoint *to, uint8_t tos)
{
	struct endpoint local = {*from, 0};
	struct sockaddr_in source = name_of(&local), target = name_of(to);
	int fd = new_socket();

	if (fd < 0)
		return -1;
	sip_sock_set(fd, tos);
	if ((addr_is_any(from) || bind(fd, (struct sockaddr *)&source, sizeof(source)) == 0) &&
		(connect(fd, (struct sockaddr *)&target, sizeof(target)) == 0 ||
			errno == EINPROGRESS))
		return fd;
	close(fd);
	return -1;
}

int sip_sock_accept(int listener, struct endpoint *from, struct endpoint *to)
{
	struct sockaddr_in peer, own;
	socklen_t peer_len = sizeof(peer), own_len = sizeof(own);
	int fd = accept4(listener, (struct sockaddr *)&peer, &peer_len,
		SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return -1;
	if (getsockname(fd, (struct sockaddr *)&own, &own_len)) {
		close(fd);
		return -1;
	}
	*from = endpoint_of(&peer);
	*to = endpoint_of(&own);
	return fd;
}

void sip_sock_reset(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

int sip_sock_bind(const struct endpoint *at)
{
	struct sockaddr_in name = name_of(at);
	int fd = new_socket();

	if (fd < 0)
		return -1;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	sip_sock_keep_syn(fd);
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
		return fd;
	close(fd);
	return -1;
}

int sip_sock_listen(int fd)
{
	return listen(fd, BACKLOG) == 0 ? 0 : ERR_IO;
}
