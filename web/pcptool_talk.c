/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets and patience of postern-pcp; see pcptool_talk.h. */
#include "web/pcptool_talk.h"

#include "protocols/err.h"
#include "protocols/pcp.h"
#include "protocols/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SERVER_PORT 5351
#define CLIENT_PORT 5350
#define ROUTE_MAX 512

union address {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

static socklen_t address_len(const union address *a)
{
	return a->any.sa_family == AF_INET ? sizeof(a->in4) : sizeof(a->in6);
}

static union address address_of(const struct addr *addr, uint32_t scope, uint16_t port)
{
	union address a = {.in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};

	if (addr_is4(addr)) {
		a.in4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		memcpy(&a.in4.sin_addr, addr_bytes4(addr), 4);
		return a;
	}
	memcpy(&a.in6.sin6_addr, addr->b, sizeof(addr->b));
	a.in6.sin6_scope_id = scope;
	return a;
}

static int read_address(const char *text, uint16_t port, union address *out)
{
	struct str rest = str_from(text), literal = str_split(&rest, '%');
	struct addr addr;
	uint32_t scope = 0;

	if (addr_decode(literal, &addr))
		return ERR_SYNTAX;
	if (rest.p) {
		scope = if_nametoindex(rest.p);
		if (scope == 0)
			return ERR_NOT_FOUND;
	}
	*out = address_of(&addr, scope, port);
	return 0;
}

/* ---- the default gateway ---- */

static uint32_t read_hex(struct str s)
{
	uint32_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		n = n << 4 | (uint32_t)(c <= '9' ? c - '0' : (c & 0x5f) - 'A' + 10);
	}
	return n;
}

/* A line of /proc/net/route: interface, destination, gateway, flags, ... The numbers are written
 * as the machine has them in memory, in network order. */
static bool gateway_of(struct str line, struct addr *out)
{
	struct str destination, gateway;
	uint32_t flags, raw;

	(void)str_split(&line, '\t');
	destination = str_split(&line, '\t');
	gateway = str_split(&line, '\t');
	flags = read_hex(str_split(&line, '\t'));
	if (read_hex(destination) != 0 || !(flags & RTF_GATEWAY))
		return false;
	raw = read_hex(gateway);
	*out = addr_from4_bytes(&raw);
	return true;
}

static int find_gateway(struct addr *out)
{
	FILE *routes = fopen("/proc/net/route", "re");
	char line[ROUTE_MAX];
	int err = ERR_NOT_FOUND;

	if (!routes)
		return ERR_NOT_FOUND;
	while (err && fgets(line, sizeof(line), routes))
		if (strncmp(line, "Iface", 5) != 0 && gateway_of(str_from(line), out))
			err = 0;
	fclose(routes);
	return err;
}

/* ---- sockets ---- */

static struct addr addr_of(const union address *a)
{
	return a->any.sa_family == AF_INET ? addr_from4_bytes(&a->in4.sin_addr)
					   : addr_from6_bytes(&a->in6.sin6_addr);
}

/* from may be NULL. */
static int open_socket(const union address *to, const union address *from, union address *own)
{
	socklen_t len = sizeof(*own);
	int fd = socket(to->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if ((from && bind(fd, &from->any, address_len(from)) != 0) ||
	    connect(fd, &to->any, address_len(to)) != 0 ||
	    getsockname(fd, &own->any, &len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int pcptool_talk_open(struct pcptool_talk *t, const char *server, const char *source)
{
	union address to, from, own;
	struct addr gateway;
	int err;

	if (server) {
		err = read_address(server, SERVER_PORT, &to);
	} else {
		err = find_gateway(&gateway);
		if (!err)
			to = address_of(&gateway, 0, SERVER_PORT);
	}
	if (!err && source)
		err = read_address(source, 0, &from);
	if (err)
		return err;
	t->group_fd = -1;
	t->fd = open_socket(&to, source ? &from : NULL, &own);
	if (t->fd < 0)
		return ERR_IO;
	t->client = addr_of(&own);
	t->server = addr_of(&to);
	return 0;
}

/* Every host is in the groups 224.0.0.1 and ff02::1 already. */
int pcptool_talk_join(struct pcptool_talk *t)
{
	struct addr any = addr_is4(&t->client) ? addr_any4() : addr_any6();
	union address a = address_of(&any, 0, CLIENT_PORT);
	int on = 1, fd = socket(a.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return ERR_IO;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, &a.any, address_len(&a)) != 0) {
		close(fd);
		return ERR_IO;
	}
	t->group_fd = fd;
	return 0;
}

/* ---- patience ---- */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* 1: heard; 0: not what was waited for; ERR_IO. */
static int receive(int fd, pcptool_heard_fn *heard, void *arg)
{
	uint8_t bytes[PCP_MAX + 4];
	union address a = {.any.sa_family = AF_UNSPEC};
	socklen_t a_len = sizeof(a);
	ssize_t len = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, &a.any, &a_len);
	struct addr from;

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : ERR_IO;
	from = addr_of(&a);
	return heard(arg, &from, bytes, (size_t)len);
}

/* Until the clock says so: as receive. */
static int wait_until(const struct pcptool_talk *t, uint64_t until_ms, pcptool_heard_fn *heard,
	void *arg)
{
	struct pollfd fds[] = {{t->fd, POLLIN, 0}, {t->group_fd, POLLIN, 0}};
	int found = 0;

	for (uint64_t now = now_ms(); found == 0 && now < until_ms; now = now_ms()) {
		if (poll(fds, 2, (int)(until_ms - now)) < 0 && errno != EINTR)
			return ERR_IO;
		for (size_t i = 0; i < 2 && found == 0; i++)
			if (fds[i].revents)
				found = receive(fds[i].fd, heard, arg);
	}
	return found;
}

int pcptool_talk_ask(const struct pcptool_talk *t, const struct pcptool_ask *ask,
	pcptool_heard_fn *heard, void *arg)
{
	uint64_t now = now_ms(), end = now + ask->timeout_ms, gap_ms = ask->gap_ms;
	int found = 0;

	while (found == 0 && now < end) {
		uint64_t again = ask->bytes && end - now > gap_ms ? now + gap_ms : end;

		if (ask->bytes && send(t->fd, ask->bytes, ask->len, 0) < 0)
			return ERR_IO;
		found = wait_until(t, again, heard, arg);
		gap_ms *= 2;
		now = now_ms();
	}
	return found > 0 ? 0 : found < 0 ? found : ERR_BUSY;
}

void pcptool_talk_close(struct pcptool_talk *t)
{
	close(t->fd);
	if (t->group_fd >= 0)
		close(t->group_fd);
}
