/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process of ours can still do after drop_privileges: each attempt in a child of its own,
 * which ends by exit code or by SIGSYS. Skipped under sanitizers, whose own calls would be refused.
 */
#include "gateway/drop.h"

#include "protocols/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define SET_UP_FAILED 99

typedef int attempt_fn(void);

/* 0 or errno of the attempt; -SIGSYS when it was killed. */
static int outcome(enum drop_profile profile, attempt_fn *attempt)
{
	const struct drop_config config = {.profile = profile};
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (drop_privileges(&config))
			_exit(SET_UP_FAILED);
		_exit(attempt());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return -WTERMSIG(status);
	assert_int_not_equal(WEXITSTATUS(status), SET_UP_FAILED);
	return WEXITSTATUS(status);
}

static int result_of(long result)
{
	return result < 0 ? errno : 0;
}

static int nothing(void)
{
	return 0;
}

static int run_shell(void)
{
	char *const argv[] = {"/bin/true", NULL};

	return result_of(execv(argv[0], argv));
}

static int run_shell_by_descriptor(void)
{
	return result_of(syscall(SYS_execveat, AT_FDCWD, "/bin/true", NULL, NULL, 0));
}

static int trace(void)
{
	return result_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int mount_it(void)
{
	return result_of(mount("none", "/mnt", "tmpfs", 0, NULL));
}

static int load_bpf(void)
{
	union bpf_attr attr = {0};

	return result_of(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static int new_namespace(void)
{
	return result_of(syscall(SYS_unshare, 0x10000000));
}

static int fork_it(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return result_of(pid);
}

static int packet_socket(void)
{
	return result_of(socket(AF_PACKET, SOCK_RAW, 0));
}

static int inet_socket(void)
{
	return result_of(socket(AF_INET, SOCK_DGRAM, 0));
}

static int netfilter_socket(void)
{
	return result_of(socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
}

static int route_socket(void)
{
	return result_of(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
}

static int unix_socket(void)
{
	return result_of(socket(AF_UNIX, SOCK_DGRAM, 0));
}

static int open_file(void)
{
	return result_of(open("/etc/passwd", O_RDONLY));
}

static int executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		MAP_FAILED ? errno : 0;
}

static int made_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? 0 : result_of(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static void *touch(void *arg)
{
	*(int *)arg = 1;
	return NULL;
}

static int start_thread(void)
{
	pthread_t thread;
	int touched = 0;
	int err = pthread_create(&thread, NULL, touch, &touched);

	if (err)
		return err;
	pthread_join(thread, NULL);
	return touched ? 0 : 98;
}

static void test_all_profiles(enum drop_profile profile)
{
	static attempt_fn *const deadly[] = {run_shell, run_shell_by_descriptor, trace, mount_it,
		load_bpf, new_namespace};

	assert_int_equal(outcome(profile, nothing), 0);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		assert_int_equal(outcome(profile, deadly[i]), -SIGSYS);
	assert_int_equal(outcome(profile, fork_it), ENOSYS);
	assert_int_equal(outcome(profile, packet_socket), ENOSYS);
	assert_int_equal(outcome(profile, executable_memory), ENOSYS);
	assert_int_equal(outcome(profile, made_executable), ENOSYS);
	assert_int_equal(outcome(profile, unix_socket), 0);
	assert_int_equal(outcome(profile, route_socket), 0);
}

static void test_daemon(void **state)
{
	(void)state;
	test_all_profiles(DROP_DAEMON);
	assert_int_equal(outcome(DROP_DAEMON, netfilter_socket), ENOSYS);
	assert_int_equal(outcome(DROP_DAEMON, inet_socket), 0);
	assert_int_equal(outcome(DROP_DAEMON, open_file), 0);
	assert_int_equal(outcome(DROP_DAEMON, start_thread), 0);
}

static void test_direct(void **state)
{
	(void)state;
	test_all_profiles(DROP_DIRECT);
	assert_int_equal(outcome(DROP_DIRECT, netfilter_socket), 0);
	assert_int_equal(outcome(DROP_DIRECT, inet_socket), 0);
	assert_int_equal(outcome(DROP_DIRECT, open_file), 0);
	assert_int_equal(outcome(DROP_DIRECT, start_thread), 0);
}

static void test_helper(void **state)
{
	(void)state;
	test_all_profiles(DROP_HELPER);
	assert_int_equal(outcome(DROP_HELPER, netfilter_socket), 0);
	assert_int_equal(outcome(DROP_HELPER, inet_socket), 0);
	assert_int_equal(outcome(DROP_HELPER, open_file), ENOSYS);
	assert_int_not_equal(outcome(DROP_HELPER, start_thread), 0);
}

/* A child that waits, so that its /proc/PID/status can be read. */
static bool status_has(const char *line)
{
	const struct drop_config config = {.profile = DROP_DAEMON};
	char path[64], text[8192] = "", c;
	int ready[2], fd;
	struct writer w = writer_to(path, sizeof(path));
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (drop_privileges(&config) == 0)
			(void)!write(ready[1], "", 1);
		for (;;)
			(void)poll(NULL, 0, 1000);
	}
	writer_text(&w, "/proc/");
	writer_dec(&w, (uint64_t)pid);
	writer_text(&w, "/status");
	writer_u8(&w, 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	close(ready[0]);
	close(ready[1]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return strstr(text, line) != NULL;
}

static void test_status(void **state)
{
	(void)state;
	assert_true(status_has("NoNewPrivs:\t1\n"));
	assert_true(status_has("Seccomp:\t2\n"));
	assert_true(status_has("CapEff:\t0000000000000000\n"));
	assert_true(status_has("CapPrm:\t0000000000000000\n"));
	assert_true(status_has("CapInh:\t0000000000000000\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_helper),
		cmocka_unit_test(test_status),
	};
	const char *sanitizers = getenv("POSTERN_SANITIZERS");

	if (sanitizers && strcmp(sanitizers, "yes") == 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
