/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * droptool USER daemon|helper: gives up what posternd or postern-helper gives up, then tries what
 * the file system, users and capabilities must deny, since no system call filter is in the way of
 * all of it. A line each: its name and 0 or errno. tests/unit/test_drop.c has the filter itself.
 */
#include "gateway/drop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int result_of(long result)
{
	return result < 0 ? errno : 0;
}

static int read_shadow(void)
{
	return result_of(open("/etc/shadow", O_RDONLY));
}

static int write_passwd(void)
{
	return result_of(open("/etc/passwd", O_WRONLY));
}

static int write_sysctl(void)
{
	return result_of(open("/proc/sys/net/ipv4/ip_forward", O_WRONLY));
}

static int see_memory_of_init(void)
{
	return result_of(open("/proc/1/mem", O_RDONLY));
}

static int make_setuid(void)
{
	return result_of(chmod("/proc/self/exe", 04755));
}

static int become_root(void)
{
	return result_of(setresuid(0, 0, 0));
}

static int join_groups(void)
{
	return result_of(setgid(0));
}

static int signal_init(void)
{
	return result_of(kill(1, 0));
}

static int raw_socket(void)
{
	return result_of(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static int crypto_socket(void)
{
	return result_of(socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0));
}

static int audit_socket(void)
{
	return result_of(socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT));
}

static int transparent_socket(void)
{
	int on = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		return errno;
	return result_of(setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on)));
}

static int low_port(void)
{
	const struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(53)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		return errno;
	return result_of(bind(fd, (const struct sockaddr *)&sin, sizeof(sin)));
}

/* Deletes an interface that is not there: what may be done is refused as such, not by EPERM. */
static int change_links(void)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
	} request = {{sizeof(request), RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0},
		{.ifi_index = 99999}};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
		char rest[256];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < 0)
		return errno;
	return -answer.err.error;
}

static int file_in_memory(void)
{
	return result_of(memfd_create("x", 0));
}

static int more_dumpable(void)
{
	return result_of(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int core_dumps(void)
{
	const struct rlimit some = {4096, 4096};
	return result_of(setrlimit(RLIMIT_CORE, &some));
}

static const struct {
	const char *name;
	int (*fn)(void);
} attempts[] = {
	{"read_shadow", read_shadow}, {"write_passwd", write_passwd},
	{"write_sysctl", write_sysctl}, {"see_memory_of_init", see_memory_of_init},
	{"make_setuid", make_setuid}, {"become_root", become_root}, {"join_groups", join_groups},
	{"signal_init", signal_init}, {"raw_socket", raw_socket}, {"crypto_socket", crypto_socket},
	{"audit_socket", audit_socket}, {"transparent_socket", transparent_socket},
	{"low_port", low_port}, {"change_links", change_links}, {"file_in_memory", file_in_memory},
	{"more_dumpable", more_dumpable}, {"core_dumps", core_dumps},
};

int main(int argc, char **argv)
{
	struct drop_config config = {.profile = DROP_DAEMON};

	if (argc != 3 || drop_find_user(argv[1], &config.user))
		return 2;
	if (strcmp(argv[2], "helper") == 0)
		config = (struct drop_config){config.user, true, DROP_HELPER};
	/* The filter of the helper leaves out what stdio asks of a file first. */
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	puts("begin 0");
	if (drop_privileges(&config))
		return 1;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		printf("%s %d\n", attempts[i].name, attempts[i].fn());
	return 0;
}
