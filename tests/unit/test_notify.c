/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service manager hears, and which sockets are taken from it. */
#include "gateway/notify.h"

#include "protocols/err.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct manager {
	int fd;
	char text[256];
};

/* Listens in the abstract namespace, as containers' managers do. */
static void open_manager(struct manager *m)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	char name[64];
	int len = snprintf(name, sizeof(name), "@postern-test-notify-%ld", (long)getpid());

	memcpy(sun.sun_path, name, (size_t)len);
	sun.sun_path[0] = '\0';
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&sun,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)), 0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static const char *heard(struct manager *m)
{
	ssize_t n = recv(m->fd, m->text, sizeof(m->text) - 1, 0);

	m->text[n > 0 ? n : 0] = '\0';
	return m->text;
}

static void test_states(void **state)
{
	struct manager m;
	struct notify n;
	struct loop *loop = loop_new_virtual(0);

	(void)state;
	open_manager(&m);
	assert_int_equal(notify_open(&n, loop), 0);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_string_equal(heard(&m), "");
	notify_ready(&n);
	assert_string_equal(heard(&m), "READY=1");
	notify_status(&n, "3 devices opened 5 ports");
	assert_string_equal(heard(&m), "STATUS=3 devices opened 5 ports");
	notify_stopping(&n);
	assert_string_equal(heard(&m), "STOPPING=1");
	notify_close(&n);
	notify_ready(&n);
	assert_string_equal(heard(&m), "");
	close(m.fd);
	loop_free(loop);
}

static void test_watchdog(void **state)
{
	struct manager m;
	struct notify n;
	struct loop *loop = loop_new_virtual(1000);

	(void)state;
	open_manager(&m);
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(notify_open(&n, loop), 0);
	assert_null(getenv("WATCHDOG_USEC"));
	assert_string_equal(heard(&m), "WATCHDOG=1");
	loop_advance(loop, 14999);
	assert_string_equal(heard(&m), "");
	loop_advance(loop, 15001);
	assert_string_equal(heard(&m), "WATCHDOG=1");
	assert_string_equal(heard(&m), "WATCHDOG=1");
	assert_string_equal(heard(&m), "");
	notify_close(&n);
	loop_advance(loop, 60000);
	assert_string_equal(heard(&m), "");
	close(m.fd);
	loop_free(loop);
}

/* A child that inherited the variables is not who is watched. */
static void test_somebody_elses_watchdog(void **state)
{
	struct notify n;
	struct loop *loop = loop_new_virtual(0);

	(void)state;
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_open(&n, loop), 0);
	assert_int_equal(n.interval_ms, 0);
	notify_close(&n);
	loop_free(loop);
}

static void test_nobody(void **state)
{
	struct notify n;
	struct loop *loop = loop_new_virtual(0);

	(void)state;
	assert_int_equal(notify_open(&n, loop), 0);
	notify_ready(&n);
	notify_close(&n);
	setenv("NOTIFY_SOCKET", "/nowhere/socket", 1);
	assert_int_equal(notify_open(&n, loop), ERR_IO);
	notify_ready(&n);
	notify_close(&n);
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(notify_open(&n, loop), ERR_IO);
	notify_close(&n);
	loop_free(loop);
}

/* In a child, since the descriptors are fixed: 3, 4 and 5. */
static int take_sockets(const char *pid)
{
	struct notify_socket got[2];
	char own[16];
	int ends[2], net;

	for (int fd = 3; fd < 20; fd++)
		close(fd);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || dup(ends[0]) != 5 ||
	    dup2(net = socket(AF_INET, SOCK_STREAM, 0), 4) != 4)
		return 1;
	snprintf(own, sizeof(own), "%ld", (long)getpid());
	setenv("LISTEN_PID", pid ? pid : own, 1);
	setenv("LISTEN_FDS", "3", 1);
	setenv("LISTEN_FDNAMES", "web:control:more", 1);
	if (pid)
		return notify_sockets(got, 2) == 0 && fcntl(5, F_GETFD) == 0 ? 0 : 2;
	if (notify_sockets(got, 2) != 2 || getenv("LISTEN_FDS"))
		return 3;
	if (got[0].fd != 3 || strcmp(got[0].name, "web") != 0 || got[1].fd != 4 ||
	    strcmp(got[1].name, "control") != 0 || !got[0].is_unix || got[1].is_unix)
		return 4;
	/* The one too many is closed; those taken are not for our children. */
	return fcntl(5, F_GETFD) == -1 && fcntl(3, F_GETFD) == FD_CLOEXEC ? 0 : 5;
}

static int in_child(const char *pid)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(take_sockets(pid));
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void test_sockets(void **state)
{
	(void)state;
	assert_int_equal(in_child(NULL), 0);
	assert_int_equal(in_child("1"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_somebody_elses_watchdog),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_sockets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
