/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An HTTP message on its way; see deliver.h. */
#include "gateway/deliver.h"

#include "protocols/err.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

union name {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

static socklen_t name_of(const struct deliver_to *to, union name *name)
{
	const struct addr *addr = &to->to.addr;

	*name = (union name){.in6 = {.sin6_family = AF_INET6, .sin6_port = htons(to->to.port)}};
	if (!addr_is4(addr)) {
		memcpy(&name->in6.sin6_addr, addr->b, sizeof(addr->b));
		if (addr_is_link_local(addr))
			name->in6.sin6_scope_id = (uint32_t)to->ifindex;
		return sizeof(name->in6);
	}
	name->in4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(to->to.port)};
	memcpy(&name->in4.sin_addr, addr_bytes4(addr), sizeof(name->in4.sin_addr));
	return sizeof(name->in4);
}

/* A connected or connecting socket, or an error. */
static int open_socket(const struct deliver_to *to)
{
	union name name;
	socklen_t len = name_of(to, &name);
	int on = 1;
	int fd = socket(name.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return ERR_IO;
	if (to->ifname && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, to->ifname,
		    (socklen_t)strnlen(to->ifname, IFNAMSIZ)) < 0) {
		close(fd);
		return ERR_IO;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, &name.sa, len) < 0 && errno != EINPROGRESS) {
		close(fd);
		return ERR_GONE;
	}
	return fd;
}

void deliver_stop(struct deliver *d)
{
	if (!deliver_is_under_way(d))
		return;
	loop_timer_stop(d->loop, &d->timer);
	loop_fd_remove(d->loop, d->lfd);
	close(d->fd);
	d->lfd = NULL;
}

static void finish(struct deliver *d, int result)
{
	deliver_stop(d);
	d->done(d->arg, result);
}

static void on_timer(void *arg)
{
	finish(arg, ERR_GONE);
}

static bool would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void send_more(struct deliver *d)
{
	ssize_t n;

	if (!d->connected) {
		d->connected = true;
		loop_timer_set(d->loop, &d->timer, d->until_ms);
	}
	n = send(d->fd, d->rest.p, d->rest.len, MSG_NOSIGNAL);
	if (n < 0 && would_block())
		return;
	if (n < 0) {
		finish(d, ERR_GONE);
		return;
	}
	d->rest.p += n;
	d->rest.len -= (size_t)n;
	if (d->rest.len == 0 && loop_fd_set(d->loop, d->lfd, EPOLLIN))
		finish(d, ERR_IO);
}

static void read_answer(struct deliver *d)
{
	ssize_t n = recv(d->fd, d->answer + d->got, sizeof(d->answer) - d->got, 0);
	unsigned status = 0;
	int err;

	if (n < 0 && would_block())
		return;
	if (n <= 0) {
		finish(d, ERR_GONE);
		return;
	}
	d->got += (size_t)n;
	err = gena_decode_answer(d->answer, d->got, &status);
	if (err != ERR_SHORT)
		finish(d, err ? err : (int)status);
}

static void on_socket(void *arg, uint32_t events)
{
	struct deliver *d = arg;
	int err = 0;
	socklen_t len = sizeof(err);

	if (!d->connected && (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 || err)) {
		finish(d, ERR_GONE);
		return;
	}
	/* An answer that comes before all is sent is one, too. */
	if (events & EPOLLIN)
		read_answer(d);
	else if (d->rest.len > 0 && (events & EPOLLOUT))
		send_more(d);
	else if (events & (EPOLLERR | EPOLLHUP))
		finish(d, ERR_GONE);
}

int deliver_begin(struct deliver *d, const struct deliver_to *to, struct str message)
{
	uint64_t now = loop_now_ms(d->loop), until = now + DELIVER_CONNECT_MS;
	int fd;

	d->rest = message;
	d->connected = false;
	d->got = 0;
	d->until_ms = to->until_ms;
	fd = open_socket(to);
	if (fd < 0)
		return fd;
	d->lfd = loop_fd_add(d->loop, fd, EPOLLOUT | EPOLLIN, on_socket, d);
	if (!d->lfd) {
		close(fd);
		return ERR_MEMORY;
	}
	d->fd = fd;
	d->timer.fn = on_timer;
	d->timer.arg = d;
	loop_timer_set(d->loop, &d->timer, until < to->until_ms ? until : to->until_ms);
	return 0;
}

bool deliver_is_under_way(const struct deliver *d)
{
	return d->lfd != NULL;
}

bool deliver_was_sent(const struct deliver *d)
{
	return d->rest.len == 0;
}
