/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Load for the bench: one client that keeps a number of requests outstanding, measures each, and
 * prints one line: what count seconds rate p50_us p99_us max_us refused. Mapping number N is a
 * port counted up from PORT_FIRST, UDP first and then TCP, so PORTS * 2 of them are different.
 *
 *	load soap HOST PORT PATH COUNT CONNECTIONS FIRST	AddPortMapping
 *	load pcp|natpmp HOST COUNT WINDOW FIRST			MAP, one at a time or WINDOW at once
 *	load connect HOST PORT COUNT				TCP connections, one after the other
 *	load flows HOST PORT COUNT				UDP flows, each asks once
 *	load packets HOST PORT COUNT WINDOW		one UDP flow, WINDOW packets on the way
 *	load serve PORT					the other end: hangs up, echoes
 *
 * What is slow ends after GIVE_UP_US with the count it reached.
 */
#include "protocols/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define WINDOW_MAX 256
#define RETRY_US 3000000	/* RFC 6887 section 8.1.1: asked again after 3 s */
#define GIVE_UP_US 30000000
#define PORT_FIRST 12000
#define PORTS 27500

struct run {
	const char *what;
	long count, done, refused;
	uint64_t begin_us;
	uint32_t *took_us;
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long number(const char *text)
{
	uint32_t value;

	if (str_u32(str_from(text), 0, 1000000, &value)) {
		fprintf(stderr, "not a number: %s\n", text);
		exit(2);
	}
	return value;
}

static long width_of(const char *text, long most)
{
	long width = number(text);

	return width < 1 ? 1 : width > most ? most : width;
}

static void begin(struct run *r, const char *what, long count)
{
	*r = (struct run){.what = what, .count = count};
	r->took_us = calloc((size_t)count, sizeof(*r->took_us));
	if (!r->took_us)
		die("memory");
	r->begin_us = now_us();
}

static bool is_over(const struct run *r)
{
	return r->done >= r->count || now_us() - r->begin_us > GIVE_UP_US;
}

static void took(struct run *r, uint64_t since_us)
{
	r->took_us[r->done++] = (uint32_t)(now_us() - since_us);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static int report(struct run *r)
{
	double seconds = (double)(now_us() - r->begin_us) / 1e6;
	long n = r->done;

	if (n == 0)
		return 1;
	qsort(r->took_us, (size_t)n, sizeof(*r->took_us), by_size);
	printf("%s %ld %.3f %.1f %u %u %u %ld\n", r->what, n, seconds, (double)n / seconds,
		r->took_us[n / 2], r->took_us[n * 99 / 100], r->took_us[n - 1], r->refused);
	return 0;
}

static struct sockaddr_in target(const char *host, const char *port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};

	sin.sin_port = htons((uint16_t)number(port));
	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1)
		die(host);
	return sin;
}

static int open_socket(int type, const struct sockaddr_in *to)
{
	int one = 1, fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
		die("connect");
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void port_of(long n, uint16_t *port, bool *udp)
{
	/* Refused to everybody: databases, cameras and the like. */
	static const uint16_t skipped[] = {27017, 34567, 37215, 37777};

	*port = (uint16_t)(PORT_FIRST + n % PORTS);
	for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++)
		*port = (uint16_t)(*port + (*port >= skipped[i]));
	*udp = n / PORTS % 2 == 0;
}

/* ---- SOAP ---- */

#define SERVICE "urn:schemas-upnp-org:service:WANIPConnection:1"

struct soap {
	struct sockaddr_in to;
	const char *host, *port, *path;
};

/* fd 0: not connected. */
struct conn {
	int fd;
	bool sent;
	uint64_t since_us;
	size_t in_len;
	char out[2048];
	char in[8192];
};

static size_t soap_request(const struct soap *soap, const char *client, long n, char out[2048])
{
	static const char format[] =
		"<?xml version=\"1.0\"?><s:Envelope "
		"xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "
		"s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>"
		"<u:AddPortMapping xmlns:u=\"" SERVICE "\"><NewRemoteHost></NewRemoteHost>"
		"<NewExternalPort>%u</NewExternalPort><NewProtocol>%s</NewProtocol>"
		"<NewInternalPort>%u</NewInternalPort><NewInternalClient>%s</NewInternalClient>"
		"<NewEnabled>1</NewEnabled>"
		"<NewPortMappingDescription>bench</NewPortMappingDescription>"
		"<NewLeaseDuration>3600</NewLeaseDuration></u:AddPortMapping></s:Body>"
		"</s:Envelope>";
	char body[1024];
	uint16_t port;
	bool udp;

	port_of(n, &port, &udp);
	snprintf(body, sizeof(body), format, port, udp ? "UDP" : "TCP", port, client);
	snprintf(out, 2048,
		"POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: text/xml; "
		"charset=\"utf-8\"\r\nSOAPAction: \"" SERVICE "#AddPortMapping\"\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		soap->path, soap->host, soap->port, strlen(body), body);
	return strlen(out);
}

static void conn_open(struct conn *c, const struct soap *soap)
{
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || (connect(c->fd, (const struct sockaddr *)&soap->to, sizeof(soap->to)) &&
				 errno != EINPROGRESS))
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void conn_close(struct conn *c)
{
	close(c->fd);
	c->fd = 0;
}

static void conn_ask(struct conn *c, const struct soap *soap, long n)
{
	struct sockaddr_in me;
	socklen_t len = sizeof(me);

	c->since_us = now_us();
	c->sent = false;
	c->in_len = 0;
	if (c->fd == 0)
		conn_open(c, soap);
	getsockname(c->fd, (struct sockaddr *)&me, &len);
	soap_request(soap, inet_ntoa(me.sin_addr), n, c->out);
}

/* True when the answer is whole: its head and Content-Length bytes. */
static bool is_whole(const struct conn *c)
{
	const char *end = strstr(c->in, "\r\n\r\n");
	const char *field = strcasestr(c->in, "\ncontent-length:");
	struct str digits;
	uint32_t len;

	if (!end || !field || field > end)
		return false;
	field += strlen("\ncontent-length:");
	field += strspn(field, " ");
	digits = (struct str){field, strspn(field, "0123456789")};
	return !str_u32(digits, 0, UINT32_MAX, &len) &&
	       c->in_len >= (size_t)(end + 4 - c->in) + len;
}

/* 1: answered, -1: lost, 0: not yet. */
static int conn_step(struct conn *c)
{
	ssize_t n;

	if (!c->sent) {
		n = (ssize_t)strlen(c->out);
		c->sent = true;
		return write(c->fd, c->out, (size_t)n) == n ? 0 : -1;
	}
	n = read(c->fd, c->in + c->in_len, sizeof(c->in) - 1 - c->in_len);
	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 0 : -1;
	c->in_len += (size_t)n;
	c->in[c->in_len] = '\0';
	return is_whole(c) ? 1 : 0;
}

/* Who closes after an answer is connected to again with the next: part of the price. */
static void conn_done(struct conn *c, struct run *r, int step)
{
	took(r, c->since_us);
	if (step < 0 || strncmp(c->in, "HTTP/1.1 200", 12) != 0)
		r->refused++;
	if (step < 0 || strcasestr(c->in, "\nconnection: close"))
		conn_close(c);
}

static void wait_for(const struct conn *conns, struct pollfd *fds, long width)
{
	for (long i = 0; i < width; i++)
		fds[i] = (struct pollfd){.fd = conns[i].fd > 0 ? conns[i].fd : -1,
			.events = conns[i].sent ? POLLIN : POLLOUT};
	poll(fds, (nfds_t)width, 1000);
}

static int run_soap(char **argv)
{
	static struct conn conns[CONNECTIONS_MAX];
	struct pollfd fds[CONNECTIONS_MAX];
	struct soap soap = {target(argv[0], argv[1]), argv[0], argv[1], argv[2]};
	long count = number(argv[3]), width = width_of(argv[4], CONNECTIONS_MAX);
	long next = number(argv[5]), end = next + count;
	struct run r;

	begin(&r, "soap", count);
	for (long i = 0; i < width && next < end; i++)
		conn_ask(&conns[i], &soap, next++);
	while (!is_over(&r)) {
		wait_for(conns, fds, width);
		for (long i = 0; i < width; i++) {
			int step = fds[i].revents ? conn_step(&conns[i]) : 0;
			if (step == 0)
				continue;
			conn_done(&conns[i], &r, step);
			if (next < end)
				conn_ask(&conns[i], &soap, next++);
			else if (conns[i].fd > 0)
				conn_close(&conns[i]);
		}
	}
	return report(&r);
}

/* ---- PCP and NAT-PMP ---- */

struct slot {
	long n;		/* -1: free */
	uint64_t first_us, sent_us;
};

static size_t pcp_message(uint8_t out[60], long n, const struct sockaddr_in *me)
{
	uint16_t port;
	bool udp;

	port_of(n, &port, &udp);
	memset(out, 0, 60);
	out[0] = 2;
	out[1] = 1;
	out[6] = 0x0e;	/* 3600 s */
	out[7] = 0x10;
	out[18] = out[19] = 0xff;
	memcpy(out + 20, &me->sin_addr, 4);
	memcpy(out + 24, "bench nonce!", 12);
	out[36] = udp ? 17 : 6;
	out[40] = out[42] = (uint8_t)(port >> 8);
	out[41] = out[43] = (uint8_t)port;
	out[54] = out[55] = 0xff;
	return 60;
}

static size_t natpmp_message(uint8_t out[60], long n)
{
	uint16_t port;
	bool udp;

	port_of(n, &port, &udp);
	memset(out, 0, 12);
	out[1] = udp ? 1 : 2;
	out[4] = out[6] = (uint8_t)(port >> 8);
	out[5] = out[7] = (uint8_t)port;
	out[10] = 0x0e;
	out[11] = 0x10;
	return 12;
}

/* Which request an answer belongs to: internal port and protocol say it. */
static long answered(const uint8_t *in, ssize_t len, bool pcp, const struct slot *slots, long width)
{
	for (long i = 0; i < width; i++) {
		uint16_t port, got;
		bool udp, got_udp;

		if (slots[i].n < 0 || len < 12)
			continue;
		port_of(slots[i].n, &port, &udp);
		got = pcp ? (uint16_t)(in[40] << 8 | in[41]) : (uint16_t)(in[8] << 8 | in[9]);
		got_udp = pcp ? in[36] == 17 : in[1] == 129;
		if (got == port && got_udp == udp)
			return i;
	}
	return -1;
}

static void send_slot(int fd, struct slot *s, bool pcp, const struct sockaddr_in *me)
{
	uint8_t out[60];
	size_t len = pcp ? pcp_message(out, s->n, me) : natpmp_message(out, s->n);

	s->sent_us = now_us();
	if (send(fd, out, len, 0) < 0 && errno != ECONNREFUSED)
		die("send");
}

static void resend(int fd, struct slot *slots, long width, bool pcp, const struct sockaddr_in *me)
{
	for (long i = 0; i < width; i++) {
		if (slots[i].n >= 0 && now_us() - slots[i].sent_us > RETRY_US)
			send_slot(fd, &slots[i], pcp, me);
	}
}

static int run_map(bool pcp, char **argv)
{
	struct sockaddr_in to = target(argv[0], "5351"), me;
	socklen_t me_len = sizeof(me);
	long count = number(argv[1]), width = width_of(argv[2], WINDOW_MAX);
	long first = number(argv[3]), sent = 0;
	int fd = open_socket(SOCK_DGRAM, &to);
	struct slot slots[WINDOW_MAX];
	uint8_t in[2048];
	struct run r;

	getsockname(fd, (struct sockaddr *)&me, &me_len);
	begin(&r, pcp ? "pcp" : "natpmp", count);
	for (long i = 0; i < width; i++) {
		slots[i] = (struct slot){.n = -1};
		if (sent >= count)
			continue;
		slots[i] = (struct slot){.n = first + sent++, .first_us = now_us()};
		send_slot(fd, &slots[i], pcp, &me);
	}
	while (!is_over(&r)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t len = poll(&p, 1, 100) > 0 ? recv(fd, in, sizeof(in), 0) : 0;
		long i = answered(in, len, pcp, slots, width);

		if (len <= 0)
			resend(fd, slots, width, pcp, &me);
		if (i < 0)
			continue;
		took(&r, slots[i].first_us);
		r.refused += in[3] != 0;
		slots[i].n = -1;
		if (sent >= count)
			continue;
		slots[i] = (struct slot){.n = first + sent++, .first_us = now_us()};
		send_slot(fd, &slots[i], pcp, &me);
	}
	return report(&r);
}

/* ---- through the router ---- */

static int run_connect(char **argv)
{
	struct sockaddr_in to = target(argv[0], argv[1]);
	struct linger now = {.l_onoff = 1};
	struct run r;

	begin(&r, "connect", number(argv[2]));
	while (!is_over(&r)) {
		uint64_t since = now_us();
		int fd = open_socket(SOCK_STREAM, &to);
		took(&r, since);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(fd);
	}
	return report(&r);
}

static bool ask(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char b[16];

	for (int tries = 0; tries < 5; tries++) {
		if (send(fd, "x", 1, 0) == 1 && poll(&p, 1, 200) > 0)
			return recv(fd, b, sizeof(b), 0) > 0;
	}
	return false;
}

static int run_flows(char **argv)
{
	struct sockaddr_in to = target(argv[0], argv[1]);
	struct run r;

	begin(&r, "flows", number(argv[2]));
	while (!is_over(&r)) {
		uint64_t since = now_us();
		int fd = open_socket(SOCK_DGRAM, &to);
		if (!ask(fd))
			r.refused++;
		took(&r, since);
		close(fd);
	}
	return report(&r);
}

static int run_packets(char **argv)
{
	struct sockaddr_in to = target(argv[0], argv[1]);
	long width = width_of(argv[3], WINDOW_MAX);
	int fd = open_socket(SOCK_DGRAM, &to);
	struct run r;
	char b[16];

	if (!ask(fd))
		return 1;
	begin(&r, "packets", number(argv[2]));
	for (long i = 0; i < width; i++)
		send(fd, "x", 1, 0);
	while (!is_over(&r)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		uint64_t since = now_us();
		if (poll(&p, 1, 200) <= 0)
			r.refused++;
		else if (recv(fd, b, sizeof(b), 0) > 0)
			took(&r, since);
		send(fd, "x", 1, 0);
	}
	return report(&r);
}

/* ---- the other end ---- */

static int open_server(int type, uint16_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	int one = 1, fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) ||
	    (type == SOCK_STREAM && listen(fd, 1024)))
		die("serve");
	return fd;
}

static void hang_up_all(int fd)
{
	int flow;

	while ((flow = accept(fd, NULL, NULL)) >= 0)
		close(flow);
}

static void echo_all(int fd)
{
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	char bytes[2048];
	ssize_t len;

	while ((len = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size)) >= 0)
		sendto(fd, bytes, (size_t)len, 0, (struct sockaddr *)&from, size);
}

static int run_serve(char **argv)
{
	uint16_t port = (uint16_t)number(argv[0]);
	struct pollfd fds[] = {
		{.fd = open_server(SOCK_STREAM, port), .events = POLLIN},
		{.fd = open_server(SOCK_DGRAM, port), .events = POLLIN},
	};

	puts("ready");
	fflush(stdout);
	while (poll(fds, 2, -1) >= 0) {
		hang_up_all(fds[0].fd);
		echo_all(fds[1].fd);
	}
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 8 && !strcmp(argv[1], "soap"))
		return run_soap(argv + 2);
	if (argc == 6 && (!strcmp(argv[1], "pcp") || !strcmp(argv[1], "natpmp")))
		return run_map(!strcmp(argv[1], "pcp"), argv + 2);
	if (argc == 5 && !strcmp(argv[1], "connect"))
		return run_connect(argv + 2);
	if (argc == 5 && !strcmp(argv[1], "flows"))
		return run_flows(argv + 2);
	if (argc == 6 && !strcmp(argv[1], "packets"))
		return run_packets(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return run_serve(argv + 2);
	fputs("usage: see the head of load.c\n", stderr);
	return 2;
}
