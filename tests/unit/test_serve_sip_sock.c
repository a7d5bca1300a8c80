/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP sockets of the SIP gateway by the real kernel, between loopback addresses. */
#include "gateway/serve_sip_sock.h"

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
#define WAIT_MS 5000

static bool is_ready(int fd, short events, int wait_ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, wait_ms) == 1;
}

static struct endpoint where(int fd)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	return (struct endpoint){addr_from4(HERE), ntohs(name.sin_port)};
}

/* What becomes of a connection from there: 0, or its error. */
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

/* It has the port before anybody is answered. */
static void a_port_is_held_and_then_listened_at(void **state)
{
	struct endpoint at = {addr_from4(HERE), 0};
	int fd = sip_sock_bind(&at);

	(void)state;
	assert_true(fd >= 0);
	at = where(fd);
	assert_int_equal(fate(0x7f000002, &at), ECONNREFUSED);
	assert_int_equal(sip_sock_listen(fd), 0);
	assert_int_equal(fate(0x7f000002, &at), 0);
	assert_int_equal(sip_sock_bind(&at), -1);
	close(fd);
	assert_int_equal(fate(0x7f000002, &at), ECONNREFUSED);
}

static int plain_listener(struct endpoint *at)
{
	const struct endpoint any = {addr_from4(HERE), 0};
	int fd = sip_sock_bind(&any);

	assert_true(fd >= 0);
	assert_int_equal(sip_sock_listen(fd), 0);
	*at = where(fd);
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
		cmocka_unit_test(a_port_is_held_and_then_listened_at),
		cmocka_unit_test(ends_and_service_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
