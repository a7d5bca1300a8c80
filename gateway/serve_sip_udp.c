/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIP in datagrams, both ways; see serve_sip_int.h. From a phone they come by the socket of the
 * port they were for, with their true destination, and leave from the phone's public place; what
 * comes there goes to the phone as if from where it came. IPv6 goes on with both ends as they were.
 * A datagram the kernel has no room for is lost, as datagrams are, and counted.
 */
#include "gateway/serve_sip_int.h"

#include "protocols/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/in6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURN_MAX 32		/* datagrams of one socket in one wake-up */
#define SOCKET_BUFFER (1 << 20)
#define DSCP_MASK 0xfc		/* the other two bits are the path's own (RFC 3168) */

#define CONTROL_SIZE 256	/* what is asked for takes less than half */

struct received {
	struct endpoint from, to;	/* to: port 0 if the kernel did not say */
	int ifindex;
	uint8_t tos;
	struct str bytes;
};

/* ---- addresses and words beside a datagram ---- */

static struct endpoint from_sockaddr(const void *at)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	sa_family_t family;

	memcpy(&family, at, sizeof(family));
	if (family == AF_INET) {
		memcpy(&in4, at, sizeof(in4));
		return (struct endpoint){addr_from4_bytes(&in4.sin_addr), ntohs(in4.sin_port)};
	}
	memcpy(&in6, at, sizeof(in6));
	return (struct endpoint){addr_from6_bytes(&in6.sin6_addr), ntohs(in6.sin6_port)};
}

static socklen_t to_sockaddr(const struct endpoint *ep, struct sockaddr_storage *out)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(ep->port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(ep->port)};

	if (addr_is4(&ep->addr)) {
		memcpy(&in4.sin_addr, addr_bytes4(&ep->addr), sizeof(in4.sin_addr));
		memcpy(out, &in4, sizeof(in4));
		return sizeof(in4);
	}
	memcpy(&in6.sin6_addr, ep->addr.b, sizeof(in6.sin6_addr));
	memcpy(out, &in6, sizeof(in6));
	return sizeof(in6);
}

static void take_word4(const struct cmsghdr *c, struct received *out)
{
	struct in_pktinfo info;

	if (c->cmsg_type == IP_ORIGDSTADDR) {
		out->to = from_sockaddr(CMSG_DATA(c));
	} else if (c->cmsg_type == IP_TOS) {
		out->tos = *CMSG_DATA(c);
	} else if (c->cmsg_type == IP_PKTINFO) {
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		out->ifindex = info.ipi_ifindex;
	}
}

static void take_word6(const struct cmsghdr *c, struct received *out)
{
	int tclass;

	if (c->cmsg_type == IPV6_ORIGDSTADDR) {
		out->to = from_sockaddr(CMSG_DATA(c));
	} else if (c->cmsg_type == IPV6_TCLASS) {
		memcpy(&tclass, CMSG_DATA(c), sizeof(tclass));
		out->tos = (uint8_t)tclass;
	}
}

static bool receive(struct serve_sip *s, int fd, struct received *out)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_SIZE];
	struct sockaddr_storage from;
	struct iovec iov = {s->datagram, sizeof(s->datagram)};
	struct msghdr msg = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov,
		.msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t len = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (len < 0)
		return false;
	*out = (struct received){.from = from_sockaddr(&from),
		.bytes = {s->datagram, (size_t)len}};
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == IPPROTO_IP)
			take_word4(c, out);
		else if (c->cmsg_level == IPPROTO_IPV6)
			take_word6(c, out);
	}
	return true;
}

/* ---- sending ---- */

static void *add_word(struct msghdr *msg, int level, int type, size_t size)
{
	struct cmsghdr *c = (void *)((uint8_t *)msg->msg_control + msg->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(size);
	msg->msg_controllen += CMSG_SPACE(size);
	return CMSG_DATA(c);
}

static void add_tos(struct msghdr *msg, bool is4, uint8_t tos)
{
	int value = tos & DSCP_MASK;

	memcpy(add_word(msg, is4 ? IPPROTO_IP : IPPROTO_IPV6, is4 ? IP_TOS : IPV6_TCLASS,
		       sizeof(value)), &value, sizeof(value));
}

static void add_source(struct msghdr *msg, const struct addr *source)
{
	struct in_pktinfo info4 = {0};
	struct in6_pktinfo info6 = {0};

	if (addr_is4(source)) {
		memcpy(&info4.ipi_spec_dst, addr_bytes4(source), sizeof(info4.ipi_spec_dst));
		memcpy(add_word(msg, IPPROTO_IP, IP_PKTINFO, sizeof(info4)), &info4,
			sizeof(info4));
	} else {
		memcpy(&info6.ipi6_addr, source->b, sizeof(info6.ipi6_addr));
		memcpy(add_word(msg, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(info6)), &info6,
			sizeof(info6));
	}
}

struct leaving {
	int fd;
	struct endpoint to;
	const struct addr *source;	/* NULL: the socket's own */
	uint8_t tos;
};

static void send_it(struct serve_sip *s, const struct leaving *l, struct str bytes)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_SIZE] = {0};
	struct sockaddr_storage to;
	struct iovec iov = {(void *)bytes.p, bytes.len};
	struct msghdr msg = {.msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control};

	msg.msg_namelen = to_sockaddr(&l->to, &to);
	if (l->tos & DSCP_MASK)
		add_tos(&msg, addr_is4(&l->to.addr), l->tos);
	if (l->source)
		add_source(&msg, l->source);
	if (l->fd < 0 || sendmsg(l->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		s->lost++;
}

/* The socket of a way that answers from this port; else the first one, whose port the answers then
 * come to (sip_phone.c knows where they belong). */
static int way_socket(const struct serve_sip *s, uint16_t port, bool is6)
{
	int first = -1;

	for (size_t i = 0; i < s->way_count; i++) {
		const struct sip_way *way = &s->ways[i];
		int fd = is6 ? way->udp6 : way->udp4;

		if (way->port == port && fd >= 0)
			return fd;
		first = first < 0 && !way->is_spare ? fd : first;
	}
	return is6 ? -1 : first;
}

/* Nobody can send from this port of a phone so far; what the phone says again will go. */
static void want_spare(struct serve_sip *s, uint16_t port)
{
	s->spare_wanted = port;
	loop_timer_set(s->loop, &s->look, loop_now_ms(s->loop));
}

static void send_out(const struct sip_carry *carry, struct str bytes)
{
	struct sip_phone *p = carry->arg;
	bool is6 = !addr_is4(&carry->inside.addr);
	struct leaving l = {p->udp, carry->outside, NULL, carry->tos};

	if (is6) {
		l.fd = way_socket(p->serve, carry->inside.port, true);
		l.source = &carry->inside.addr;
	}
	if (is6 && l.fd < 0)
		want_spare(p->serve, carry->inside.port);
	send_it(p->serve, &l, bytes);
}

static void send_in(const struct sip_carry *carry, struct str bytes)
{
	struct sip_phone *p = carry->arg;
	const struct sip_phone *neighbour = sip_phone_at(p->serve, &carry->outside);
	bool is6 = !addr_is4(&carry->inside.addr);
	struct leaving l = {-1, carry->inside, NULL, carry->tos};

	if (neighbour) {
		l.fd = neighbour->udp;
	} else {
		l.fd = way_socket(p->serve, carry->outside.port, is6);
		l.source = &carry->outside.addr;
	}
	send_it(p->serve, &l, bytes);
}

/* ---- what phones send ---- */

static void from_phone(struct sip_phone *p, const struct received *r, const struct endpoint *to)
{
	struct sip_carry carry = {
		.by_phone = true,
		.inside = r->from,
		.outside = *to,
		.send = send_out,
		.arg = p,
		.tos = r->tos,
	};

	sip_phone_message(p, &carry, r->bytes);
}

static void to_phone(struct sip_phone *p, const struct received *r, const struct endpoint *inside)
{
	struct sip_carry carry = {
		.inside = *inside,
		.outside = r->from,
		.send = send_in,
		.arg = p,
		.tos = r->tos,
	};

	if (sip_phone_admits(p, &r->from, r->bytes))
		sip_phone_message(p, &carry, r->bytes);
}

/* What is for this machine itself is answered by nobody. */
static void take_way(struct serve_sip *s, const struct received *r)
{
	struct sip_phone *p;

	if (r->to.port == 0 || r->from.port == 0 || net_is_own(s->net, &r->to.addr))
		return;
	p = sip_phone_of(s, &r->from.addr);
	if (p) {
		from_phone(p, r, &r->to);
		return;
	}
	p = addr_is4(&r->to.addr) ? NULL : sip_phone_of(s, &r->to.addr);
	if (p)
		to_phone(p, r, &r->to);
}

static void read_way(struct serve_sip *s, int fd)
{
	struct received r;

	for (int i = 0; i < TURN_MAX && receive(s, fd, &r); i++)
		take_way(s, &r);
}

static void on_way4(void *arg, uint32_t events)
{
	struct sip_way *way = arg;

	(void)events;
	read_way(way->serve, way->udp4);
}

static void on_way6(void *arg, uint32_t events)
{
	struct sip_way *way = arg;

	(void)events;
	read_way(way->serve, way->udp6);
}

static int watch_way(struct serve_sip *s, struct sip_way *way, bool is6)
{
	int fd = is6 ? way->udp6 : way->udp4;
	struct loop_fd **lfd = is6 ? &way->udp6_fd : &way->udp4_fd;

	if (fd >= 0 && !*lfd)
		*lfd = loop_fd_add(s->loop, fd, EPOLLIN, is6 ? on_way6 : on_way4, way);
	return fd < 0 || *lfd ? 0 : ERR_MEMORY;
}

int sip_udp_way(struct sip_way *way)
{
	int err = watch_way(way->serve, way, false);

	return err ? err : watch_way(way->serve, way, true);
}

static void close_socket(struct loop *loop, struct loop_fd **lfd, int *fd)
{
	if (*lfd)
		loop_fd_remove(loop, *lfd);
	*lfd = NULL;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void sip_udp_way_close(struct sip_way *way)
{
	close_socket(way->serve->loop, &way->udp4_fd, &way->udp4);
	close_socket(way->serve->loop, &way->udp6_fd, &way->udp6);
}

/* ---- what comes to their public places ---- */

/* A neighbour that was given the public place of a phone sends there itself: it is led round by its
 * own, so that both see one address of each other all the time. */
static void take_public(struct sip_phone *p, const struct received *r)
{
	struct serve_sip *s = p->serve;
	struct sip_phone *sender = net_lan_of(s->net, r->ifindex) ?
		sip_phone_of(s, &r->from.addr) : NULL;

	if (sender)
		from_phone(sender, r, &p->alg.wan);
	else if (r->from.port != 0 && !addr_is_any(&p->lan4))
		to_phone(p, r, &(struct endpoint){p->lan4, p->hears});
}

static void on_public(void *arg, uint32_t events)
{
	struct sip_phone *p = arg;
	struct received r;

	(void)events;
	for (int i = 0; i < TURN_MAX && receive(p->serve, p->udp, &r); i++)
		take_public(p, &r);
}

static int open_public(const struct endpoint *at)
{
	struct sockaddr_storage name;
	socklen_t len = to_sockaddr(at, &name);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, size = SOCKET_BUFFER;

	if (fd < 0)
		return ERR_IO;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &one, sizeof(one)) == 0 &&
	    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) == 0 &&
	    bind(fd, (struct sockaddr *)&name, len) == 0)
		return fd;
	one = errno;
	close(fd);
	return one == EADDRINUSE ? ERR_EXISTS : ERR_IO;
}

int sip_udp_public(struct sip_phone *p)
{
	int fd;

	sip_udp_public_close(p);
	fd = open_public(&p->alg.wan);
	if (fd < 0)
		return fd;
	p->udp = fd;
	p->udp_fd = loop_fd_add(p->serve->loop, fd, EPOLLIN, on_public, p);
	if (p->udp_fd)
		return 0;
	sip_udp_public_close(p);
	return ERR_MEMORY;
}

void sip_udp_keep(struct sip_phone *p)
{
	for (size_t i = 0; i < SIPREG_MAX; i++) {
		const struct sipreg_binding *at = &p->reg.at[i];
		struct leaving l = {p->udp, at->registrar, NULL, 0};

		if (at->used && !at->is_tcp && addr_is4(&at->registrar.addr))
			send_it(p->serve, &l, STR("\r\n\r\n"));
	}
}

void sip_udp_public_close(struct sip_phone *p)
{
	close_socket(p->serve->loop, &p->udp_fd, &p->udp);
}
