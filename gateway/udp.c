/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Doors, their sockets and what comes in by them; see udp.h. */
#include "gateway/udp.h"

#include "gateway/bucket.h"
#include "gateway/udp_hold.h"
#include "gateway/udp_queue.h"
#include "protocols/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 32
#define BATCHES_MAX 16		/* of one socket in one wake-up, then the others have their turn */
#define SOCKET_BUFFER (1 << 20)	/* asked for: what a flood may fill before others are lost */

struct udp_socket {
	struct udp_door *door;
	struct loop_fd *lfd;
	int fd;			/* -1: closed */
	int ifindex;
	bool is4;
};

#define SOCKETS_MAX (CONF_LANS_MAX * 2)

struct udp_door {
	struct udp *udp;
	struct udp_door *next;
	struct udp_conf conf;
	udp_fn *fn;
	void *arg;
	struct bucket *bucket;	/* NULL: no limit */
	struct udp_socket sockets[SOCKETS_MAX];	/* two a LAN: IPv4, IPv6 */
};

struct received {
	struct sockaddr_storage from;
	struct iovec iov;
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	uint8_t bytes[UDP_PACKET_MAX];
};

struct udp {
	struct loop *loop;
	struct net *net;
	struct log *log;
	struct udp_door *doors;
	struct udp_queue *queue;
	struct udp_admit admit;		/* without functions: everybody */
	struct udp_hold *hold;
	struct mmsghdr messages[BATCH];
	struct received received[BATCH];
};

/* ---- receiving ---- */

static void take_source(const struct sockaddr_storage *from, struct endpoint *out)
{
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in4 = (const void *)from;
		*out = (struct endpoint){addr_from4_bytes(&in4->sin_addr), ntohs(in4->sin_port)};
	} else {
		const struct sockaddr_in6 *in6 = (const void *)from;
		*out = (struct endpoint){addr_from6_bytes(&in6->sin6_addr),
			ntohs(in6->sin6_port)};
	}
}

/* Where the datagram was sent to and came in; ifindex stays 0 if the kernel did not say. */
static void take_destination(struct msghdr *msg, struct udp_path *path)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
			path->local = addr_from4_bytes(&info.ipi_addr);
			path->ifindex = info.ipi_ifindex;
		}
		if (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
			path->local = addr_from6_bytes(&info.ipi6_addr);
			path->ifindex = (int)info.ipi6_ifindex;
		}
	}
}

static bool is_for_us(const struct udp_door *door, const struct udp_path *path)
{
	size_t count;
	const struct net_addr *own = net_addrs(door->udp->net, path->ifindex, &count);

	for (size_t i = 0; i < count; i++) {
		if (addr_eq(&own[i].addr, &path->local))
			return true;
	}
	for (size_t i = 0; i < door->conf.group_count; i++) {
		if (addr_eq(&door->conf.groups[i], &path->local))
			return true;
	}
	return false;
}

static void deliver(void *arg, const struct udp_packet *packet)
{
	struct udp_door *door = packet->path.door;

	(void)arg;
	door->fn(door->arg, packet);
}

static bool is_too_fast(const struct udp_door *door, const struct udp_path *path)
{
	const struct udp_admit *admit = &door->udp->admit;
	const struct addr *from = &path->remote.addr;

	if (!door->bucket)
		return false;
	return !bucket_take(door->bucket, admit->rate_key
			? admit->rate_key(admit->arg, path->ifindex, from) : bucket_of(from),
		loop_now_ms(door->udp->loop));
}

static void admit_packet(const struct udp_packet *packet)
{
	const struct udp_path *path = &packet->path;
	const struct udp_admit *admit = &path->door->udp->admit;
	enum udp_verdict verdict = UDP_PASS;

	if (admit->verdict)
		verdict = admit->verdict(admit->arg, path->ifindex, &path->remote.addr);
	if (verdict == UDP_DROP || is_too_fast(path->door, path))
		return;
	if (verdict == UDP_WAIT && path->door->conf.ask_first)
		udp_hold_put(path->door->udp->hold, packet);
	else
		deliver(NULL, packet);
}

/* Who it is from is known now, and may be somebody who is not let in. */
static void deliver_held(void *arg, const struct udp_packet *packet)
{
	const struct udp_admit *admit = &packet->path.door->udp->admit;
	const struct udp_path *path = &packet->path;

	if (admit->verdict(admit->arg, path->ifindex, &path->remote.addr) != UDP_DROP)
		deliver(arg, packet);
}

static void take_packet(struct udp_socket *s, struct msghdr *msg, const uint8_t *bytes, size_t len)
{
	struct udp_door *door = s->door;
	struct udp_packet packet = {.path.door = door, .bytes = bytes, .len = len};
	struct udp_path *path = &packet.path;

	take_source(msg->msg_name, &path->remote);
	take_destination(msg, path);
	if (path->ifindex != s->ifindex || path->remote.port == 0 || !is_for_us(door, path))
		return;
	if (!net_is_lan_source(door->udp->net, path->ifindex, &path->remote.addr))
		return;
	admit_packet(&packet);
}

static void prepare(struct udp *udp)
{
	for (size_t i = 0; i < BATCH; i++) {
		struct received *r = &udp->received[i];

		r->iov = (struct iovec){r->bytes, sizeof(r->bytes)};
		udp->messages[i].msg_hdr = (struct msghdr){.msg_name = &r->from,
			.msg_namelen = sizeof(r->from), .msg_iov = &r->iov, .msg_iovlen = 1,
			.msg_control = r->control, .msg_controllen = sizeof(r->control)};
	}
}

static void on_readable(void *arg, uint32_t events)
{
	struct udp_socket *s = arg;
	struct udp *udp = s->door->udp;
	int n = BATCH;

	(void)events;
	for (int batch = 0; batch < BATCHES_MAX && n == BATCH; batch++) {
		prepare(udp);
		n = recvmmsg(s->fd, udp->messages, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			take_packet(s, &udp->messages[i].msg_hdr, udp->received[i].bytes,
				udp->messages[i].msg_len);
	}
}

/* ---- sockets ---- */

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static int set_options4(int fd, int hops)
{
	if (set_int(fd, IPPROTO_IP, IP_PKTINFO, 1) < 0 ||
	    set_int(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) < 0 ||
	    set_int(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0) < 0)
		return -1;
	return set_int(fd, IPPROTO_IP, IP_MULTICAST_TTL, hops);
}

static int set_options6(int fd, int hops)
{
	if (set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0 ||
	    set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) < 0 ||
	    set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0) < 0)
		return -1;
	return set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops);
}

static int bind_port(int fd, bool is4, uint16_t port)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (is4)
		return bind(fd, (struct sockaddr *)&in4, sizeof(in4));
	return bind(fd, (struct sockaddr *)&in6, sizeof(in6));
}

/* Only doors with groups share their port: media servers and control points of this machine
 * listen there too, and each has a copy of a multicast. */
static int open_bound(const struct udp_conf *conf, const struct net_if *iface, bool is4)
{
	int fd = socket(is4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int hops = conf->hops ? conf->hops : 1;
	int why;

	if (fd < 0)
		return -1;
	set_int(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, iface->name,
		    (socklen_t)strlen(iface->name)) == 0 &&
	    (conf->group_count == 0 || set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) == 0) &&
	    (is4 ? set_options4(fd, hops) : set_options6(fd, hops)) == 0 &&
	    bind_port(fd, is4, conf->port) == 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

static void change_group(const struct udp_socket *s, const struct addr *group, bool join)
{
	struct ip_mreqn in4 = {.imr_ifindex = s->ifindex};
	struct ipv6_mreq in6 = {.ipv6mr_interface = (unsigned)s->ifindex};

	memcpy(&in4.imr_multiaddr, addr_bytes4(group), 4);
	memcpy(&in6.ipv6mr_multiaddr, group->b, 16);
	/* Being a member already, or not yet able to be one, is met by the next change. */
	if (s->is4)
		setsockopt(s->fd, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &in4,
			sizeof(in4));
	else
		setsockopt(s->fd, IPPROTO_IPV6, join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &in6,
			sizeof(in6));
}

static void change_groups(const struct udp_socket *s, bool join)
{
	const struct udp_conf *conf = &s->door->conf;

	for (size_t i = 0; i < conf->group_count; i++) {
		if (addr_is4(&conf->groups[i]) == s->is4)
			change_group(s, &conf->groups[i], join);
	}
}

static void close_socket(struct udp_socket *s)
{
	if (s->fd < 0)
		return;
	udp_queue_flush(s->door->udp->queue);
	loop_fd_remove(s->door->udp->loop, s->lfd);
	close(s->fd);
	s->fd = -1;
}

static void open_socket(struct udp_socket *s, const struct net_if *iface)
{
	struct udp_door *door = s->door;
	struct udp *udp = door->udp;

	s->ifindex = iface->ifindex;
	s->fd = open_bound(&door->conf, iface, s->is4);
	if (s->fd < 0 && errno == EAFNOSUPPORT)
		return;
	if (s->fd >= 0)
		s->lfd = loop_fd_add(udp->loop, s->fd, EPOLLIN, on_readable, s);
	if (s->fd < 0 || !s->lfd) {
		log_error(udp->log, "UDP port %u cannot be opened on %s (IPv%c): %s",
			door->conf.port, iface->name, s->is4 ? '4' : '6', strerror(errno));
		close_socket(s);
	}
}

static void follow(struct udp_door *door)
{
	for (size_t i = 0; i < net_lan_count(door->udp->net) * 2; i++) {
		const struct net_if *iface = net_lan(door->udp->net, i / 2);
		struct udp_socket *s = &door->sockets[i];

		if (s->fd >= 0 && s->ifindex != iface->ifindex)
			close_socket(s);
		if (s->fd < 0 && iface->ifindex != 0 && !iface->guest &&
		    (s->is4 ? door->conf.v4 : door->conf.v6))
			open_socket(s, iface);
		if (s->fd >= 0)
			change_groups(s, true);
	}
}

static void on_net(void *arg, unsigned events)
{
	struct udp *udp = arg;

	if (!(events & NET_LAN_CHANGED))
		return;
	for (struct udp_door *door = udp->doors; door; door = door->next)
		follow(door);
}

static void flush(void *arg)
{
	struct udp *udp = arg;
	udp_queue_flush(udp->queue);
}

struct udp *udp_new(struct loop *loop, struct net *net, struct log *log,
	const struct udp_admit *admit)
{
	struct udp *udp = calloc(1, sizeof(*udp));

	if (!udp)
		return NULL;
	*udp = (struct udp){.loop = loop, .net = net, .log = log, .queue = udp_queue_new()};
	if (admit) {
		udp->admit = *admit;
		udp->hold = udp_hold_new(admit, deliver_held, NULL);
	}
	if (!udp->queue || (admit && !udp->hold) || loop_hook_add(loop, flush, udp) ||
		net_watch(net, on_net, udp)) {
		udp_free(udp);
		return NULL;
	}
	return udp;
}

struct udp_door *udp_open(struct udp *udp, const struct udp_conf *conf, udp_fn *fn, void *arg)
{
	struct udp_door *door = calloc(1, sizeof(*door));

	if (!door)
		return NULL;
	*door = (struct udp_door){.udp = udp, .conf = *conf, .fn = fn, .arg = arg};
	if (conf->rate_s > 0) {
		door->bucket = bucket_new(conf->rate_s, conf->burst);
		if (!door->bucket) {
			free(door);
			return NULL;
		}
	}
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		door->sockets[i] = (struct udp_socket){.door = door, .fd = -1, .is4 = i % 2 == 0};
	door->next = udp->doors;
	udp->doors = door;
	follow(door);
	return door;
}

void udp_set_rate(struct udp_door *door, uint32_t rate_s, uint32_t burst)
{
	if (door->bucket)
		bucket_set(door->bucket, rate_s, burst);
}

static const struct udp_socket *socket_for(const struct udp_path *path)
{
	bool is4 = addr_is4(&path->remote.addr);

	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		const struct udp_socket *s = &path->door->sockets[i];
		if (s->fd >= 0 && s->ifindex == path->ifindex && s->is4 == is4)
			return s;
	}
	return NULL;
}

int udp_send(const struct udp_path *path, const void *bytes, size_t len)
{
	const struct udp_socket *s = socket_for(path);

	if (!s)
		return ERR_GONE;
	if (len > UDP_PACKET_MAX)
		return ERR_RANGE;
	udp_queue_put(path->door->udp->queue, s->fd, path, bytes, len);
	return 0;
}

void udp_rejoin(struct udp_door *door)
{
	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		if (door->sockets[i].fd >= 0) {
			change_groups(&door->sockets[i], false);
			change_groups(&door->sockets[i], true);
		}
	}
}

void udp_close(struct udp_door *door)
{
	struct udp_door **link;

	if (!door)
		return;
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		close_socket(&door->sockets[i]);
	udp_hold_forget(door->udp->hold, door);
	for (link = &door->udp->doors; *link != door; link = &(*link)->next)
		continue;
	*link = door->next;
	bucket_free(door->bucket);
	free(door);
}

void udp_free(struct udp *udp)
{
	if (!udp)
		return;
	net_unwatch(udp->net, on_net, udp);
	while (udp->doors)
		udp_close(udp->doors);
	udp_hold_free(udp->hold);
	udp_queue_free(udp->queue);
	free(udp);
}
