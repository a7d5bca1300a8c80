/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket; see ctl.h. */
#include "web/ctl.h"

#include "gateway/httpd.h"
#include "gateway/httpd_socket.h"
#include "gateway/policy_json.h"
#include "protocols/err.h"
#include "web/api.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUPS_MAX 65536	/* NGROUPS_MAX of the kernel */

struct ctl {
	struct ctl_config config;
	struct httpd *httpd;
};

/* Supplementary groups, as they were when the peer connected. */
static bool peer_has_group(const struct httpd_peer *peer, gid_t group)
{
	socklen_t len = 0;
	gid_t *groups;
	bool has = peer->gid == group;

	if (has || getsockopt(peer->fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 ||
	    len > GROUPS_MAX * sizeof(gid_t))
		return has;
	groups = malloc(len);
	if (groups && getsockopt(peer->fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0)
		for (size_t i = 0; i < len / sizeof(gid_t); i++)
			has = has || groups[i] == group;
	free(groups);
	return has;
}

static struct api_caller caller_of(const struct ctl *ctl, const struct httpd_request *req)
{
	const struct httpd_peer *peer = req->peer;

	if (peer->uid == 0 || peer->uid == geteuid())
		return (struct api_caller){.role = API_ROLE_ADMIN, .by = "root"};
	if (ctl->config.watcher != (uid_t)-1 && peer->uid == ctl->config.watcher)
		return (struct api_caller){.role = API_ROLE_VIEWER, .by = "watcher"};
	if (ctl->config.group != (gid_t)-1 && peer_has_group(peer, ctl->config.group))
		return (struct api_caller){.role = API_ROLE_APPROVER, .by = "group postern"};
	return (struct api_caller){.role = API_ROLE_NONE, .by = "nobody"};
}

static void on_request(void *arg, struct httpd_request *req)
{
	struct ctl *ctl = arg;
	struct api_caller caller = caller_of(ctl, req);

	api_handle(ctl->config.api, req, &caller);
}

static int start(struct ctl *ctl)
{
	const struct ctl_config *c = &ctl->config;
	const struct httpd_config config = {
		.loop = c->loop,
		.log = c->log,
		.handler = on_request,
		.arg = ctl,
		.body_max = POLICY_JSON_MAX,
	};
	int fd = c->fd >= 0 ? c->fd : httpd_socket_unix(c->path, c->group);

	if (fd < 0) {
		log_error(c->log, "control socket %s: %s", c->path, err_text(fd));
		return fd;
	}
	ctl->httpd = httpd_new(&config);
	if (!ctl->httpd) {
		close(fd);
		return ERR_MEMORY;
	}
	return httpd_listen(ctl->httpd, fd, 0) ? 0 : ERR_MEMORY;
}

int ctl_new(const struct ctl_config *config, struct ctl **out)
{
	struct ctl *ctl = calloc(1, sizeof(*ctl));
	int err;

	if (!ctl)
		return ERR_MEMORY;
	ctl->config = *config;
	err = start(ctl);
	if (err)
		ctl_free(ctl);
	else
		*out = ctl;
	return err;
}

void ctl_free(struct ctl *ctl)
{
	if (!ctl)
		return;
	if (ctl->httpd && ctl->config.fd < 0)
		unlink(ctl->config.path);
	httpd_free(ctl->httpd);
	free(ctl);
}
