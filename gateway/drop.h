/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process gives up once its sockets are open: its user, its capabilities, new privileges,
 * core dumps, and by seccomp nearly all of the kernel. Where the user cannot change (a user
 * namespace that maps one user only, or not started as root) it stays and the rest is done.
 */
#ifndef GATEWAY_DROP_H
#define GATEWAY_DROP_H

#include <stdbool.h>
#include <sys/types.h>

enum drop_profile {
	DROP_DAEMON,	/* inet, unix, rtnetlink, sock_diag; files; threads */
	DROP_DIRECT,	/* the same and netfilter: a daemon without helper */
	DROP_HELPER,	/* inet, unix, rtnetlink, sock_diag, netfilter; nothing else */
};

struct drop_user {
	uid_t uid;
	gid_t gid;
	bool change;	/* false: both are what the process is already */
};

/* Whom the process shall become. ERR_NOT_FOUND: it could change, but there is no such user. */
int drop_find_user(const char *name, struct drop_user *out);
/* The user another process of ours runs as: name's, or ours where users cannot change or name is
 * nobody's and we are not root. ERR_NOT_FOUND as above. */
int drop_find_peer(const char *name, uid_t *out);

struct drop_config {
	struct drop_user user;
	bool net_admin;			/* keep CAP_NET_ADMIN, nothing else in any case */
	enum drop_profile profile;
};

/* Once, before the first thread is started and before anything from outside is read. ERR_DENIED:
 * the kernel refused (no CAP_NET_ADMIN to keep, say); ERR_UNSUPPORTED: no seccomp. The process must
 * not go on after a failure. */
int drop_privileges(const struct drop_config *config);

#endif
