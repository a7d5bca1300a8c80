/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See drop.h. The order matters: the bounding set and securebits need CAP_SETPCAP, the user needs
 * CAP_SETUID and CAP_SETGID, so capabilities go after them and seccomp comes last. Raw system
 * calls instead of libcap: two of them.
 */
#include "gateway/drop.h"

#include "gateway/drop_seccomp.h"
#include "protocols/err.h"
#include "protocols/str.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UID_MAP_BYTES 4096

static struct str next_word(struct str *line)
{
	*line = str_trim(*line);
	return str_split(line, ' ');
}

/* Lines of /proc/self/uid_map: first id inside, first id outside, count (user_namespaces(7)). */
static bool map_has(struct str map, uid_t uid)
{
	while (map.len > 0) {
		struct str line = str_split(&map, '\n');
		uint32_t first, count;

		if (str_u32(next_word(&line), 0, UINT32_MAX, &first))
			continue;
		(void)next_word(&line);
		if (!str_u32(next_word(&line), 0, UINT32_MAX, &count) && uid >= first &&
		    uid - first < count)
			return true;
	}
	return false;
}

/* Whether that user exists in our user namespace. */
static bool is_mapped(uid_t uid)
{
	char text[UID_MAP_BYTES];
	int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	/* A kernel without user namespaces has the one where all are. */
	return n < 0 || map_has((struct str){text, (size_t)n}, uid);
}

/* A namespace of one user (unshare --map-root-user) does not have the next one either. */
static bool users_can_change(void)
{
	return geteuid() == 0 && is_mapped(1);
}

int drop_find_user(const char *name, struct drop_user *out)
{
	const struct passwd *pw;

	if (!users_can_change()) {
		*out = (struct drop_user){geteuid(), getegid(), false};
		return 0;
	}
	pw = getpwnam(name);
	if (!pw || !is_mapped(pw->pw_uid))
		return ERR_NOT_FOUND;
	*out = (struct drop_user){pw->pw_uid, pw->pw_gid, pw->pw_uid != 0};
	return 0;
}

int drop_find_peer(const char *name, uid_t *out)
{
	const struct passwd *pw = getpwnam(name);

	if (pw && is_mapped(pw->pw_uid))
		*out = pw->pw_uid;
	else if (users_can_change())
		return ERR_NOT_FOUND;
	else
		*out = geteuid();
	return 0;
}

/* Without CAP_SETPCAP both are as whoever started us left them; no_new_privs makes up for it. */
static void drop_bounds(void)
{
	const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
		SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
		SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned long cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno == EINVAL)
			break;
	(void)prctl(PR_SET_SECUREBITS, bits, 0, 0, 0);
}

static int change_user(const struct drop_user *user)
{
	if (!user->change)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0)
		return ERR_DENIED;
	return 0;
}

static int keep_capabilities(bool net_admin)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (net_admin) {
		data[0].effective = 1u << CAP_NET_ADMIN;
		data[0].permitted = 1u << CAP_NET_ADMIN;
	}
	return syscall(SYS_capset, &header, data) < 0 ? ERR_DENIED : 0;
}

int drop_privileges(const struct drop_config *config)
{
	const struct rlimit none = {0, 0};
	int err;

	drop_bounds();
	err = change_user(&config->user);
	if (!err)
		err = keep_capabilities(config->net_admin);
	if (err)
		return err;
	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ERR_DENIED;
	return drop_seccomp(config->profile);
}
