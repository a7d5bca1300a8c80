/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sending in batches (sendmmsg) with the source address chosen (RFC 3542 section 6.2); see
 * udp_queue.h. */
#include "gateway/udp_queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct slot {
	int fd;
	union {
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	} to;
	struct iovec iov;
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	uint8_t bytes[UDP_PACKET_MAX];
};

struct udp_queue {
	size_t count;
	struct mmsghdr messages[UDP_QUEUE_LEN];
	struct slot slots[UDP_QUEUE_LEN];
};

struct udp_queue *udp_queue_new(void)
{
	return calloc(1, sizeof(struct udp_queue));
}

static void put_control(struct msghdr *msg, int level, int type, const void *info, size_t size)
{
	struct cmsghdr *cmsg;

	msg->msg_controllen = CMSG_SPACE(size);
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(cmsg), info, size);
}

static bool is_source(const struct addr *local)
{
	return !addr_is_any(local) && !addr_is_multicast(local);
}

static void address4(struct msghdr *msg, struct slot *slot, const struct udp_path *path)
{
	struct in_pktinfo info = {.ipi_ifindex = path->ifindex};

	slot->to.in4 = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons(path->remote.port)};
	memcpy(&slot->to.in4.sin_addr, addr_bytes4(&path->remote.addr), 4);
	msg->msg_namelen = sizeof(slot->to.in4);
	if (is_source(&path->local))
		memcpy(&info.ipi_spec_dst, addr_bytes4(&path->local), 4);
	put_control(msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static void address6(struct msghdr *msg, struct slot *slot, const struct udp_path *path)
{
	struct in6_pktinfo info = {.ipi6_ifindex = (unsigned)path->ifindex};

	slot->to.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
		.sin6_port = htons(path->remote.port),
		.sin6_scope_id = (uint32_t)path->ifindex};
	memcpy(&slot->to.in6.sin6_addr, path->remote.addr.b, 16);
	msg->msg_namelen = sizeof(slot->to.in6);
	if (is_source(&path->local))
		memcpy(&info.ipi6_addr, path->local.b, 16);
	put_control(msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

void udp_queue_put(struct udp_queue *queue, int fd, const struct udp_path *path, const void *bytes,
	size_t len)
{
	struct slot *slot;
	struct msghdr *msg;

	if (queue->count == UDP_QUEUE_LEN)
		udp_queue_flush(queue);
	slot = &queue->slots[queue->count];
	msg = &queue->messages[queue->count++].msg_hdr;
	slot->fd = fd;
	memcpy(slot->bytes, bytes, len);
	slot->iov = (struct iovec){slot->bytes, len};
	*msg = (struct msghdr){.msg_name = &slot->to, .msg_iov = &slot->iov, .msg_iovlen = 1,
		.msg_control = slot->control, .msg_controllen = sizeof(slot->control)};
	if (addr_is4(&path->remote.addr))
		address4(msg, slot, path);
	else
		address6(msg, slot, path);
}

/* A run of messages of one socket. One that is refused is left out; a full socket refuses all. */
static void send_run(int fd, struct mmsghdr *messages, size_t count)
{
	while (count > 0) {
		int sent = sendmmsg(fd, messages, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL);
		size_t done = sent > 0 ? (size_t)sent : 1;

		if (sent < 0 && errno == EAGAIN)
			return;
		messages += done;
		count -= done;
	}
}

void udp_queue_flush(struct udp_queue *queue)
{
	size_t count = queue->count;

	queue->count = 0;
	for (size_t first = 0, end; first < count; first = end) {
		end = first + 1;
		while (end < count && queue->slots[end].fd == queue->slots[first].fd)
			end++;
		send_run(queue->slots[first].fd, &queue->messages[first], end - first);
	}
}

void udp_queue_free(struct udp_queue *queue)
{
	free(queue);
}
