/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: the API over HTTP/1.1 on a unix socket, for the CLI and other local programs.
 * Who connects is known from the kernel: root, and whoever the daemon itself runs as, is admin;
 * members of the control group are approvers, but for one user who only watches; everybody else is
 * refused.
 */
#ifndef WEB_CTL_H
#define WEB_CTL_H

#include "gateway/log.h"
#include "gateway/loop.h"

#include <sys/types.h>

struct api;
struct ctl;

struct ctl_config {
	struct loop *loop;
	struct log *log;
	struct api *api;
	const char *path;	/* of the socket */
	gid_t group;		/* (gid_t)-1: there is none */
	uid_t watcher;		/* may look only, in whatever group; (uid_t)-1: there is none */
	int fd;			/* a listening socket handed over; -1: make one at path */
};

/* 0, ERR_MEMORY, or as httpd_socket_unix. Make it after the API; what failed is in the log. */
int ctl_new(const struct ctl_config *config, struct ctl **out);
/* Before the API. Leaves a socket that was handed over in its place. */
void ctl_free(struct ctl *ctl);

#endif
