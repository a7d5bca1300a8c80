/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The channel between daemon and helper; see helper_wire.h. A message is judged here by its head
 * alone: known type from the right side, exact size, count within the type's limits. What the
 * records say is judged by helper_check.c.
 */
#include "gateway/helper_wire.h"

#include "protocols/err.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE_MAX (64u << 20)	/* a dump of 340,000 elements; beyond, the peer is stuck */
#define BUFFER_BYTES (1 << 20)	/* asked of the kernel; it gives what its limits allow */
#define MESSAGES_AT_ONCE 128	/* then the loop's other work has its turn */

_Static_assert(sizeof(struct wire_head) == 16, "wire_head has padding");
_Static_assert(sizeof(struct wire_hello) == 8, "wire_hello has padding");
_Static_assert(sizeof(struct wire_flow) == 56, "wire_flow has padding");
_Static_assert(sizeof(struct wire_tuple) == 44, "wire_tuple has padding");
_Static_assert(sizeof(struct wire_end) == 20, "wire_end has padding");
_Static_assert(sizeof(struct wire_probe) == 28, "wire_probe has padding");
_Static_assert(sizeof(struct wire_way) == 4, "wire_way has padding");
_Static_assert(sizeof(struct fw_sender) == 32, "fw_sender has padding");
_Static_assert(sizeof(struct fw_elem) == 176, "fw_elem has padding");
_Static_assert(sizeof(struct fw_dumped) == 192, "fw_dumped has padding");

struct shape {
	uint16_t record;
	uint16_t least;
	uint16_t most;
	uint8_t flags;
	bool to_helper;
	bool to_daemon;
};

static const struct shape shapes[] = {
	[WIRE_HELLO] = {sizeof(struct wire_hello), 1, 1, 0, true, true},
	[WIRE_APPLY] = {sizeof(struct fw_elem), 0, WIRE_ELEMS_MAX,
		WIRE_FIRST | WIRE_LAST | WIRE_REBUILD, true, false},
	[WIRE_DUMP] = {0, 0, 0, 0, true, false},
	[WIRE_FORGET] = {sizeof(struct wire_flow), 1, WIRE_FLOWS_MAX, 0, true, false},
	[WIRE_REMOVE] = {0, 0, 0, 0, true, false},
	[WIRE_RESULT] = {sizeof(uint32_t), 0, WIRE_BAD_MAX, WIRE_LAST, false, true},
	[WIRE_DUMPED] = {sizeof(struct fw_dumped), 1, WIRE_ELEMS_MAX, 0, false, true},
	[WIRE_EVENT] = {0, 0, 0, 0, false, true},
	[WIRE_FIND] = {sizeof(struct wire_tuple), 1, FW_FIND_MAX, 0, true, false},
	[WIRE_FOUND] = {sizeof(struct wire_end), 0, FW_FIND_MAX, 0, false, true},
	[WIRE_KEEP] = {sizeof(struct wire_tuple), 1, WIRE_FLOWS_MAX, 0, true, false},
	[WIRE_SENDERS] = {0, 0, 0, 0, true, false},
	[WIRE_SENDER] = {sizeof(struct fw_sender), 1, WIRE_SENDERS_MAX, 0, false, true},
	[WIRE_PROBE] = {sizeof(struct wire_probe), 1, 1, 0, true, false},
	[WIRE_WAY] = {sizeof(struct wire_way), 1, 1, 0, true, false},
	[WIRE_WAY_IS] = {0, 0, 0, 0, false, true},
};

static bool head_fits(const struct helper_wire *w, const struct wire_head *head, size_t len)
{
	const struct shape *shape;

	if (head->type == 0 || head->type >= sizeof(shapes) / sizeof(shapes[0]))
		return false;
	shape = &shapes[head->type];
	if (w->is_helper ? !shape->to_helper : !shape->to_daemon)
		return false;
	return head->count >= shape->least && head->count <= shape->most &&
	       (head->flags & ~shape->flags) == 0 && head->size == len &&
	       len == sizeof(*head) + (size_t)head->count * shape->record;
}

/* Within on_ready it waits for its end: pausing and going on again is then for nothing. */
static void set_interest(struct helper_wire *w)
{
	uint32_t events = w->paused ? 0 : EPOLLIN;

	if (w->queue_len > w->queue_off)
		events |= EPOLLOUT;
	if (w->in_ready || events == w->interest)
		return;
	w->interest = events;
	loop_fd_set(w->loop, w->lfd, events);
}

/* Room for one descriptor, aligned for its header. */
union fd_room {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(int))];
};

static bool has_fd(const struct wire_head *head)
{
	return head->type == WIRE_WAY_IS && head->value == 0;
}

static void attach(struct msghdr *msg, union fd_room *room, int fd)
{
	struct cmsghdr *c;

	memset(room, 0, sizeof(*room));
	msg->msg_control = room;
	msg->msg_controllen = sizeof(*room);
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
}

/* passed: goes along, unless it is -1. 0, ERR_AGAIN or ERR_GONE. */
static int send_now(int fd, struct iovec *iov, size_t parts, int passed)
{
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = parts};
	union fd_room room;

	if (passed >= 0)
		attach(&msg, &room, passed);
	while (sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return ERR_AGAIN;
		if (errno != EINTR)
			return ERR_GONE;
	}
	return 0;
}

static void drop_first_fd(struct helper_wire *w)
{
	close(w->fds[0]);
	w->fd_count--;
	memmove(w->fds, w->fds + 1, w->fd_count * sizeof(w->fds[0]));
}

static int send_queue(struct helper_wire *w)
{
	while (w->queue_off < w->queue_len) {
		struct wire_head head;
		struct iovec iov = {.iov_base = w->queue + w->queue_off};
		int err;

		memcpy(&head, iov.iov_base, sizeof(head));
		iov.iov_len = head.size;
		err = send_now(w->fd, &iov, 1, has_fd(&head) ? w->fds[0] : -1);
		if (err)
			return err == ERR_AGAIN ? 0 : err;
		if (has_fd(&head))
			drop_first_fd(w);
		w->queue_off += head.size;
	}
	w->queue_off = 0;
	w->queue_len = 0;
	return 0;
}

static int make_room(struct helper_wire *w, size_t more)
{
	size_t size = w->queue_size ? w->queue_size : 1 << 16;
	uint8_t *queue;

	if (w->queue_len - w->queue_off + more > QUEUE_MAX)
		return ERR_FULL;
	if (w->queue_off > 0 && w->queue_len + more > w->queue_size) {
		memmove(w->queue, w->queue + w->queue_off, w->queue_len - w->queue_off);
		w->queue_len -= w->queue_off;
		w->queue_off = 0;
	}
	while (size < w->queue_len + more)
		size *= 2;
	if (size == w->queue_size)
		return 0;
	queue = realloc(w->queue, size);
	if (!queue)
		return ERR_MEMORY;
	w->queue = queue;
	w->queue_size = size;
	return 0;
}

static int enqueue(struct helper_wire *w, const struct iovec iov[2])
{
	int err = make_room(w, iov[0].iov_len + iov[1].iov_len);

	for (int i = 0; i < 2 && !err; i++) {
		if (iov[i].iov_len == 0)
			continue;
		memcpy(w->queue + w->queue_len, iov[i].iov_base, iov[i].iov_len);
		w->queue_len += iov[i].iov_len;
	}
	return err;
}

int helper_wire_send(struct helper_wire *w, const struct wire_head *head, const void *records)
{
	size_t body = (size_t)head->count * shapes[head->type].record;
	struct wire_head out = *head;
	struct iovec iov[2] = {{&out, sizeof(out)}, {(void *)(uintptr_t)records, body}};
	int err = ERR_AGAIN;

	if (!helper_wire_is_open(w))
		return ERR_GONE;
	out.size = (uint32_t)(sizeof(out) + body);
	if (w->queue_len == w->queue_off)
		err = send_now(w->fd, iov, 2, -1);
	if (err == ERR_AGAIN)
		err = enqueue(w, iov);
	if (!err)
		set_interest(w);
	return err;
}

/* Takes the descriptor. */
static int enqueue_fd(struct helper_wire *w, const struct wire_head *head, int fd)
{
	const struct iovec iov[2] = {{(void *)(uintptr_t)head, sizeof(*head)}, {NULL, 0}};
	int err = w->fd_count == WIRE_FDS_MAX ? ERR_FULL : enqueue(w, iov);

	if (err)
		close(fd);
	else
		w->fds[w->fd_count++] = fd;
	return err;
}

int helper_wire_send_fd(struct helper_wire *w, const struct wire_head *head, int fd)
{
	struct wire_head out = *head;
	struct iovec iov = {&out, sizeof(out)};
	int err = ERR_AGAIN;

	assert(has_fd(head) && head->count == 0);
	out.size = sizeof(out);
	if (!helper_wire_is_open(w))
		err = ERR_GONE;
	else if (w->queue_len == w->queue_off)
		err = send_now(w->fd, &iov, 1, fd);
	if (err == ERR_AGAIN)
		err = enqueue_fd(w, &out, fd);
	else
		close(fd);
	if (!err)
		set_interest(w);
	return err;
}

int helper_wire_hello(struct helper_wire *w)
{
	const struct wire_hello hello = {WIRE_VERSION, sizeof(struct fw_elem),
		sizeof(struct fw_dumped)};
	const struct wire_head head = {.type = WIRE_HELLO, .count = 1};

	return helper_wire_send(w, &head, &hello);
}

bool helper_wire_hello_fits(const struct wire_hello *hello)
{
	return hello->version == WIRE_VERSION && hello->elem_size == sizeof(struct fw_elem) &&
	       hello->dumped_size == sizeof(struct fw_dumped);
}

int helper_wire_take_fd(struct helper_wire *w)
{
	int fd = w->received;

	w->received = -1;
	return fd;
}

/* All that came along; the last one is kept. Returns how many. */
static size_t take_fds(struct helper_wire *w, struct msghdr *msg)
{
	size_t count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
			if (count++ > 0)
				close(w->received);
			memcpy(&w->received, (const uint8_t *)c + at, sizeof(int));
		}
	}
	return count;
}

/* The helper has no use for descriptors: without room for them the kernel closes them. */
static ssize_t receive_bytes(struct helper_wire *w, struct iovec *iov, size_t *fds)
{
	union fd_room room;
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 1};
	ssize_t n;

	if (!w->is_helper) {
		msg.msg_control = &room;
		msg.msg_controllen = sizeof(room);
	}
	n = recvmsg(w->fd, &msg, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	*fds = n > 0 && !w->is_helper ? take_fds(w, &msg) : 0;
	return n;
}

static void drop_received(struct helper_wire *w)
{
	if (w->received >= 0)
		close(w->received);
	w->received = -1;
}

/* One message into the owner's hands; ERR_AGAIN when there is none. */
static int receive_one(struct helper_wire *w)
{
	struct {
		struct wire_head head;
		_Alignas(8) uint8_t records[WIRE_MESSAGE_MAX - sizeof(struct wire_head)];
	} in;
	struct iovec iov = {&in, sizeof(in)};
	size_t fds;
	ssize_t n = receive_bytes(w, &iov, &fds);
	int err = ERR_SYNTAX;

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return ERR_AGAIN;
	if (n <= 0)
		return ERR_GONE;
	if ((size_t)n >= sizeof(in.head) && (size_t)n <= sizeof(in) &&
	    head_fits(w, &in.head, (size_t)n) && fds == has_fd(&in.head))
		err = w->message(w->arg, &in.head, in.records);
	drop_received(w);
	return err;
}

static void on_ready(void *arg, uint32_t events)
{
	struct helper_wire *w = arg;
	int err = 0;

	w->in_ready = true;
	if (events & EPOLLOUT)
		err = send_queue(w);
	for (int i = 0; i < MESSAGES_AT_ONCE && !err && helper_wire_is_open(w) && !w->paused; i++)
		err = receive_one(w);
	w->in_ready = false;
	if (!helper_wire_is_open(w))
		return;
	/* While paused nobody reads the end of the stream: the hang-up itself has to do. */
	if (err == ERR_AGAIN || !err)
		err = w->paused && (events & (EPOLLHUP | EPOLLERR)) ? ERR_GONE : 0;
	if (err)
		w->lost(w->arg, err);
	else
		set_interest(w);
}

int helper_wire_open(struct helper_wire *w, struct loop *loop, int fd)
{
	const int bytes = BUFFER_BYTES;

	w->lfd = loop_fd_add(loop, fd, EPOLLIN, on_ready, w);
	if (!w->lfd)
		return ERR_MEMORY;
	/* Only speed depends on them; the forced one is for who has CAP_NET_ADMIN. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	w->loop = loop;
	w->fd = fd;
	w->paused = false;
	w->interest = EPOLLIN;
	w->received = -1;
	return 0;
}

bool helper_wire_is_open(const struct helper_wire *w)
{
	return w->lfd != NULL;
}

void helper_wire_pause(struct helper_wire *w, bool paused)
{
	if (!helper_wire_is_open(w))
		return;
	w->paused = paused;
	set_interest(w);
}

void helper_wire_close(struct helper_wire *w)
{
	if (!helper_wire_is_open(w))
		return;
	loop_fd_remove(w->loop, w->lfd);
	close(w->fd);
	while (w->fd_count > 0)
		drop_first_fd(w);
	free(w->queue);
	w->lfd = NULL;
	w->fd = -1;
	w->queue = NULL;
	w->queue_off = 0;
	w->queue_len = 0;
	w->queue_size = 0;
}
