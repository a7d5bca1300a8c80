/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See drop_seccomp.h. Calls go by name: those an architecture or library does not know are left
 * out, so one table does for glibc and musl, 32 and 64 bits. */
#include "gateway/drop_seccomp.h"

#include "protocols/err.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <net/if.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>

/* Nothing of ours or of a library below us ever calls these. */
static const char *const danger[] = {
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev",
	"process_madvise", "pidfd_getfd", "kcmp", "mount", "umount", "umount2", "pivot_root",
	"chroot", "fsopen", "fsmount", "fsconfig", "fspick", "move_mount", "open_tree",
	"mount_setattr", "setns", "unshare", "bpf", "init_module", "finit_module",
	"delete_module", "create_module", "kexec_load", "kexec_file_load", "keyctl", "add_key",
	"request_key", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
	"io_uring_register", "open_by_handle_at", "reboot", "swapon", "swapoff", "acct",
	"quotactl", "quotactl_fd", "syslog", "settimeofday", "clock_settime",
	"clock_settime64", "stime", "sethostname", "setdomainname", "iopl", "ioperm", "mknod",
	"mknodat", "modify_ldt", "vhangup", "nfsservctl", "uselib", "lookup_dcookie",
};

/* Memory, signals, time, the loop, ending; sockets that are open already. */
static const char *const common[] = {
	"brk", "munmap", "mremap", "madvise", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"rt_sigpending", "sigreturn", "sigaltstack", "restart_syscall", "tgkill", "getpid",
	"gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getuid32", "geteuid32",
	"getgid32", "getegid32", "exit", "exit_group", "tkill", "clock_gettime",
	"clock_gettime64", "clock_getres", "clock_getres_time64", "gettimeofday", "time",
	"nanosleep", "clock_nanosleep", "clock_nanosleep_time64", "futex", "futex_time64",
	"futex_wait", "futex_wake", "sched_yield", "sched_getaffinity", "set_robust_list",
	"rseq", "membarrier", "getrandom", "uname", "sysinfo", "getcpu", "epoll_create1",
	"epoll_ctl", "epoll_ctl_old", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll",
	"ppoll", "ppoll_time64", "read", "readv", "write", "writev", "close", "fcntl",
	"fcntl64", "send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom", "recvmsg",
	"recvmmsg", "recvmmsg_time64", "bind", "connect", "listen", "accept", "accept4",
	"shutdown", "getsockname", "getpeername", "getsockopt", "setsockopt",
};

/* Files for the store, threads, time zones, whether the clock is set. */
static const char *const daemon_only[] = {
	"open", "openat", "creat", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
	"pwritev2", "lseek", "_llseek", "fsync", "fdatasync", "sync_file_range", "fallocate",
	"ftruncate", "ftruncate64", "truncate", "truncate64", "flock", "fadvise64",
	"fadvise64_64", "arm_fadvise64_64", "stat", "lstat", "fstat", "stat64", "lstat64",
	"fstat64", "newfstatat", "fstatat64", "statx", "statfs", "statfs64", "fstatfs",
	"fstatfs64", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents",
	"getdents64", "getcwd", "umask", "unlink", "unlinkat", "rename", "renameat",
	"renameat2", "link", "linkat", "mkdir", "mkdirat", "rmdir", "chmod", "fchmod",
	"fchmodat", "chown", "fchown", "fchown32", "fchownat", "lchown", "utimensat",
	"utimensat_time64", "dup", "dup2", "dup3", "pipe", "pipe2", "eventfd2",
	"timerfd_create", "timerfd_settime", "timerfd_settime64", "timerfd_gettime",
	"inotify_init1", "inotify_add_watch", "inotify_rm_watch", "signalfd4", "socketpair",
	"sendfile", "sendfile64", "getrlimit", "ugetrlimit", "getrusage", "times",
	"set_tid_address", "sched_getparam", "sched_getscheduler", "mlock", "munlock",
	"mincore", "adjtimex", "clock_adjtime", "clock_adjtime64",
};

/* A call with one condition on one argument: (argument & mask) == value. */
struct limited {
	const char *name;
	unsigned int arg;
	uint64_t mask;
	uint64_t value;
};

#define ALL UINT64_C(0xffffffff)

static const struct limited limited_common[] = {
	{"mmap", 2, PROT_EXEC, 0},
	{"mmap2", 2, PROT_EXEC, 0},
	{"mprotect", 2, PROT_EXEC, 0},
	{"socket", 0, ALL, AF_UNIX},
	{"socket", 0, ALL, AF_INET},
	{"socket", 0, ALL, AF_INET6},
	{"prctl", 0, ALL, PR_SET_NAME},
	{"prctl", 0, ALL, PR_GET_NAME},
};

static const struct limited limited_daemon[] = {
	/* Threads, no processes. */
	{"clone", 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM},
	{"ioctl", 1, ALL, SIOCGIFINDEX},
	{"ioctl", 1, ALL, SIOCGIFNAME},
	{"ioctl", 1, ALL, FIONREAD},
	{"ioctl", 1, ALL, FIONBIO},
	{"ioctl", 1, ALL, SIOCOUTQ},
	/* Limits of oneself, to read. */
	{"prlimit64", 2, UINT64_MAX, 0},
};

static int err_of(int result)
{
	if (result == 0)
		return 0;
	return result == -ENOMEM ? ERR_MEMORY : ERR_UNSUPPORTED;
}

static int add_names(scmp_filter_ctx ctx, uint32_t action, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int call = seccomp_syscall_resolve_name(names[i]);
		int err;

		if (call == __NR_SCMP_ERROR)
			continue;
		err = seccomp_rule_add(ctx, action, call, 0);
		/* A call this architecture cannot have is none to guard. */
		if (err && err != -EDOM)
			return err_of(err);
	}
	return 0;
}

static int add_limited(scmp_filter_ctx ctx, const struct limited *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct limited *l = &calls[i];
		int call = seccomp_syscall_resolve_name(l->name);
		const struct scmp_arg_cmp cmp = {l->arg, SCMP_CMP_MASKED_EQ, l->mask, l->value};
		int err;

		if (call == __NR_SCMP_ERROR)
			continue;
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, 1, &cmp);
		if (err && err != -EDOM)
			return err_of(err);
	}
	return 0;
}

static int add_netlink(scmp_filter_ctx ctx, int bus)
{
	const struct scmp_arg_cmp cmp[] = {
		{0, SCMP_CMP_MASKED_EQ, ALL, AF_NETLINK},
		{2, SCMP_CMP_MASKED_EQ, ALL, (scmp_datum_t)bus},
	};

	return err_of(seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, cmp));
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int add_daemon(scmp_filter_ctx ctx)
{
	int err = add_names(ctx, SCMP_ACT_ALLOW, daemon_only, COUNT(daemon_only));

	if (!err)
		err = add_limited(ctx, limited_daemon, COUNT(limited_daemon));
	return err;
}

static int fill(scmp_filter_ctx ctx, enum drop_profile profile)
{
	int err = add_names(ctx, SCMP_ACT_KILL_PROCESS, danger, COUNT(danger));

	if (!err)
		err = add_names(ctx, SCMP_ACT_ALLOW, common, COUNT(common));
	if (!err)
		err = add_limited(ctx, limited_common, COUNT(limited_common));
	if (!err)
		err = add_netlink(ctx, NETLINK_ROUTE);
	if (!err)
		err = add_netlink(ctx, NETLINK_SOCK_DIAG);
	if (!err && profile != DROP_DAEMON)
		err = add_netlink(ctx, NETLINK_NETFILTER);
	if (!err && profile != DROP_HELPER)
		err = add_daemon(ctx);
	return err;
}

int drop_seccomp(enum drop_profile profile)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int err;

	if (!ctx)
		return ERR_MEMORY;
	err = fill(ctx, profile);
	/* A binary tree instead of a list: these checks come before every call. */
	if (!err)
		err = err_of(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2));
	if (!err)
		err = err_of(seccomp_load(ctx));
	seccomp_release(ctx);
	return err;
}
