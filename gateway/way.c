/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See way.h, ip(7) and Documentation/networking/tproxy.rst of the kernel. */
#include "gateway/way.h"

#include "protocols/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 64	/* connections of phones, between two wake-ups */
#define RECEIVE_BUFFER (4 << 20)	/* some thousands of datagrams */

static int set_on(int fd, int level, int option)
{
	const int on = 1;
	return setsockopt(fd, level, option, &on, sizeof(on));
}

/* What a datagram tells: where it was sent to, and its traffic class. */
static int tell_all(int fd, bool is6)
{
	if (is6)
		return set_on(fd, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR) ||
		       set_on(fd, IPPROTO_IPV6, IPV6_RECVTCLASS) ? -1 : 0;
	return set_on(fd, IPPROTO_IP, IP_RECVORIGDSTADDR) ||
	       set_on(fd, IPPROTO_IP, IP_RECVTOS) ? -1 : 0;
}

static int set_up(int fd, const struct fw_way *way)
{
	if (way->is6 && set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY))
		return -1;
	if (way->proto == MAP_PROTO_UDP) {
		/* All phones share it: a flood of one shall leave room for the others. */
		const int size = RECEIVE_BUFFER;
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
		return tell_all(fd, way->is6);
	}
	/* Connections of a run before, still closing, are not in the way; listeners are. */
	return set_on(fd, SOL_SOCKET, SO_REUSEADDR);
}

/* Locked: whoever gets the socket cannot take it off again. */
static int admit_marked(int fd, uint32_t mark)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_MARK)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mark),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mark, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		return -1;
	return set_on(fd, SOL_SOCKET, SO_LOCK_FILTER);
}

/* Accepted connections are as their listener. */
static int pass_through(int fd, const struct fw_way *way, uint32_t mark)
{
	if (way->is6 ? set_on(fd, IPPROTO_IPV6, IPV6_TRANSPARENT)
		     : set_on(fd, IPPROTO_IP, IP_TRANSPARENT))
		return -1;
	return admit_marked(fd, mark);
}

static int bind_at(int fd, const struct fw_way *way, bool local)
{
	const uint16_t port = htons(local ? 0 : way->port);
	const struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = port,
		.sin_addr.s_addr = htonl(local ? INADDR_LOOPBACK : INADDR_ANY)};
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = port};

	if (!way->is6)
		return bind(fd, (const struct sockaddr *)&sin, sizeof(sin));
	sin6.sin6_addr = local ? in6addr_loopback : in6addr_any;
	return bind(fd, (const struct sockaddr *)&sin6, sizeof(sin6));
}

static int err_of(int system_errno)
{
	switch (system_errno) {
	case EADDRINUSE:
		return ERR_EXISTS;
	case EPERM:
	case EACCES:
		return ERR_DENIED;
	case EAFNOSUPPORT:
	case EADDRNOTAVAIL:
		return ERR_UNSUPPORTED;
	}
	return ERR_IO;
}

/* mark 0: a local one. */
static int open_at(const struct fw_way *way, uint32_t mark, int *out)
{
	bool local = mark == 0;
	int kind = way->proto == MAP_PROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(way->is6 ? AF_INET6 : AF_INET, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return err_of(errno);
	/* The filter first: nothing comes in before it. */
	if (set_up(fd, way) || (!local && pass_through(fd, way, mark)) ||
	    bind_at(fd, way, local) ||
	    (way->proto == MAP_PROTO_TCP && listen(fd, BACKLOG)))
		err = err_of(errno);
	if (err)
		close(fd);
	else
		*out = fd;
	return err;
}

int way_open(const struct fw_way *way, uint32_t mark, int *fd)
{
	return open_at(way, mark, fd);
}

int way_open_local(const struct fw_way *way, int *fd)
{
	return open_at(way, 0, fd);
}
