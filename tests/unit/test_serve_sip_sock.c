/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP sockets of the SIP gateway by the real kernel, between loopback addresses. */
#include "gateway/serve_sip_sock.h"

#include "protocols/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define HERE 0x7f000001
#define WAIT_MS 300

static bool is_ready(int fd, short events, int wait_ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, wait_ms) == 1;
}

static int hear(const struct addr *hosts, size_t count, struct endpoint *at)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	int fd;

	*at = (struct endpoint){addr_from4(HERE), 0};
	fd = sip_sock_listen(at, hosts, count);
	if (fd == ERR_DENIED)
		skip();
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	at->port = ntohs(name.sin_port);
	return fd;
}

/* What becomes of a connection from there: 0, or its error; EINPROGRESS: nobody answers. */
static int fate(uint32_t from, const struct endpoint *to)
{
	struct addr source = addr_from4(from);
	int fd = sip_sock_connect(&source, to, 0), err = EINPROGRESS;
	socklen_t len = sizeof(err);

	assert_true(fd >= 0);
	if (is_ready(fd, POLLOUT, WAIT_MS))
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	sip_sock_reset(fd);
	return err;
}

/* As many as there may be, the first, the last and one between them. */
static void only_the_admitted_are_answered(void **state)
{
	struct addr hosts[SIP_SOCK_HOSTS_MAX];
	struct endpoint at;
	int fd;

	(void)state;
	for (uint32_t i = 0; i < SIP_SOCK_HOSTS_MAX; i++)
		hosts[i] = addr_from4(0x7f000010 + i);
	fd = hear(hosts, SIP_SOCK_HOSTS_MAX, &at);
	assert_int_equal(fate(0x7f000010, &at), 0);
	assert_int_equal(fate(0x7f000017, &at), 0);
	assert_int_equal(fate(0x7f00001f, &at), 0);
	assert_int_equal(fate(0x7f000020, &at), EINPROGRESS);
	assert_int_equal(fate(0x7f00000f, &at), EINPROGRESS);
	/* Whose address is the listener's is a stranger all the same. */
	assert_int_equal(fate(HERE, &at), EINPROGRESS);
	close(fd);
	assert_int_equal(fate(0x7f000020, &at), ECONNREFUSED);
}

static void others_may_be_admitted_later(void **state)
{
	struct addr one = addr_from4(0x7f000002), two = addr_from4(0x7f000003);
	struct endpoint at;
	int fd = hear(NULL, 0, &at);

	(void)state;
	assert_int_equal(fate(0x7f000002, &at), EINPROGRESS);
	assert_int_equal(sip_sock_admit(fd, &one, 1), 0);
	assert_int_equal(fate(0x7f000002, &at), 0);
	assert_int_equal(sip_sock_admit(fd, &two, 1), 0);
	assert_int_equal(fate(0x7f000002, &at), EINPROGRESS);
	assert_int_equal(fate(0x7f000003, &at), 0);
	assert_int_equal(sip_sock_listen(&at, NULL, 0), ERR_EXISTS);
	close(fd);
}

/* An ordinary listener: ways are the helper's, without a filter. */
static int plain_listener(struct endpoint *at)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(HERE)};
	socklen_t len = sizeof(name);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	sip_sock_keep_syn(fd);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	*at = (struct endpoint){addr_from4(HERE), ntohs(name.sin_port)};
	return fd;
}

static void ends_and_service_are_told(void **state)
{
	struct addr source = addr_from4(0x7f000002);
	struct endpoint at, from, to;
	int listener = plain_listener(&at), ours, theirs;
	char byte;

	(void)state;
	assert_int_equal(sip_sock_accept(listener, &from, &to), -1);
	ours = sip_sock_connect(&source, &at, 0x60 | 1);
	assert_true(ours >= 0 && is_ready(listener, POLLIN, WAIT_MS));
	theirs = sip_sock_accept(listener, &from, &to);
	assert_true(theirs >= 0);
	assert_true(addr_eq(&from.addr, &source) && from.port != 0);
	assert_true(addr_eq(&to.addr, &at.addr) && to.port == at.port);
	assert_int_equal(sip_sock_tos(theirs), 0x60);
	sip_sock_reset(ours);
	assert_true(is_ready(theirs, POLLIN, WAIT_MS));
	assert_int_equal(recv(theirs, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(theirs);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_admitted_are_answered),
		cmocka_unit_test(others_may_be_admitted_later),
		cmocka_unit_test(ends_and_service_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
