/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of ways as far as no privilege is needed for them, and how the kernel refuses. The rest
 * is in tests/net/test_sip_way.py.
 */
#include "gateway/way.h"

#include "protocols/err.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define MARK 0x10000000

static int option_of(int fd, int level, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	getsockopt(fd, level, option, &value, &len);
	return value;
}

static void test_datagrams_tell_all(void **state)
{
	int fd = -1;

	(void)state;
	assert_int_equal(way_open_local(&(struct fw_way){MAP_PROTO_UDP, false, 5060}, &fd), 0);
	assert_int_equal(option_of(fd, IPPROTO_IP, IP_RECVORIGDSTADDR), 1);
	assert_int_equal(option_of(fd, IPPROTO_IP, IP_RECVTOS), 1);
	/* Nobody shares the port with us. */
	assert_int_equal(option_of(fd, SOL_SOCKET, SO_REUSEADDR), 0);
	assert_int_equal(option_of(fd, SOL_SOCKET, SO_REUSEPORT), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
	assert_int_equal(way_open_local(&(struct fw_way){MAP_PROTO_UDP, true, 5060}, &fd), 0);
	assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR), 1);
	assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_RECVTCLASS), 1);
	assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	close(fd);
}

static void test_connections_are_listened_for(void **state)
{
	int fd = -1;

	(void)state;
	assert_int_equal(way_open_local(&(struct fw_way){MAP_PROTO_TCP, false, 5060}, &fd), 0);
	assert_int_equal(option_of(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	assert_int_equal(option_of(fd, IPPROTO_IP, IP_TRANSPARENT), 0);
	close(fd);
}

/* Not even root's child without CAP_NET_ADMIN gets one. */
static void test_it_needs_a_capability(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		int fd = -1, err;

		(void)!setresuid(65534, 65534, 65534);
		err = way_open(&(struct fw_way){MAP_PROTO_UDP, false, 5060}, MARK, &fd);
		_exit(err == ERR_DENIED && fd == -1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_datagrams_tell_all),
		cmocka_unit_test(test_connections_are_listened_for),
		cmocka_unit_test(test_it_needs_a_capability),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
