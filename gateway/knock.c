/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One TCP connection to see who answers; see knock.h. */
#include "gateway/knock.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct knock {
	struct loop *loop;
	struct loop_fd *lfd;
	struct loop_timer timer;
	knock_fn *fn;
	void *arg;
	enum knock_result result;	/* when the timer ends it */
	int fd;
};

static enum knock_result result_of(int error)
{
	switch (error) {
	case 0:
		return KNOCK_ANSWERS;
	case ECONNREFUSED:
		return KNOCK_REFUSES;
	case ETIMEDOUT:
		return KNOCK_SILENT;
	default:
		return KNOCK_NO_WAY;
	}
}

static void finish(struct knock *k, enum knock_result result)
{
	knock_fn *fn = k->fn;
	void *arg = k->arg;

	knock_free(k);
	fn(arg, result);
}

static void on_timer(void *arg)
{
	struct knock *k = arg;
	finish(k, k->result);
}

static void on_socket(void *arg, uint32_t events)
{
	struct knock *k = arg;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)events;
	if (getsockopt(k->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	finish(k, result_of(error));
}

static int begin(int fd, const struct endpoint *to)
{
	struct sockaddr_in name4 = {.sin_family = AF_INET, .sin_port = htons(to->port)};
	struct sockaddr_in6 name6 = {.sin6_family = AF_INET6, .sin6_port = htons(to->port)};
	bool four = addr_is4(&to->addr);

	name4.sin_addr.s_addr = htonl(addr_to4(&to->addr));
	memcpy(&name6.sin6_addr, to->addr.b, sizeof(to->addr.b));
	return four ? connect(fd, (const struct sockaddr *)&name4, sizeof(name4))
		    : connect(fd, (const struct sockaddr *)&name6, sizeof(name6));
}

struct knock *knock_new(struct loop *loop, const struct endpoint *to, knock_fn *fn, void *arg)
{
	struct knock *k = calloc(1, sizeof(*k));
	uint64_t wait_ms = KNOCK_WAIT_MS;

	if (!k)
		return NULL;
	*k = (struct knock){.loop = loop, .fn = fn, .arg = arg, .result = KNOCK_SILENT};
	k->timer = (struct loop_timer){.fn = on_timer, .arg = k};
	k->fd = socket(addr_is4(&to->addr) ? AF_INET : AF_INET6,
		SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (k->fd >= 0 && begin(k->fd, to) != 0 && errno != EINPROGRESS) {
		k->result = result_of(errno);
		wait_ms = 0;
	}
	if (k->fd >= 0 && wait_ms > 0)
		k->lfd = loop_fd_add(loop, k->fd, EPOLLOUT, on_socket, k);
	if (k->fd < 0 || (wait_ms > 0 && !k->lfd)) {
		knock_free(k);
		return NULL;
	}
	loop_timer_set(loop, &k->timer, loop_now_ms(loop) + wait_ms);
	return k;
}

void knock_free(struct knock *k)
{
	if (!k)
		return;
	loop_timer_stop(k->loop, &k->timer);
	if (k->lfd)
		loop_fd_remove(k->loop, k->lfd);
	if (k->fd >= 0)
		close(k->fd);
	free(k);
}
