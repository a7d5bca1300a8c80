/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening sockets; see httpd_socket.h. */
#include "gateway/httpd_socket.h"

#include "protocols/err.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

union name {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

static int err_of(int number)
{
	switch (number) {
	case EADDRINUSE:
		return ERR_EXISTS;
	case ENODEV:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	default:
		return ERR_IO;
	}
}

static int fail(int fd)
{
	int err = err_of(errno);

	close(fd);
	return err;
}

static bool option_on(int fd, int level, int option)
{
	int on = 1;
	return setsockopt(fd, level, option, &on, sizeof(on)) == 0;
}

static int tcp_bind(int fd, uint16_t port)
{
	union name name = {0};
	socklen_t len = sizeof(name.in6);

	name.in6.sin6_family = AF_INET6;
	name.in6.sin6_port = htons(port);
	if (bind(fd, &name.sa, len) == 0)
		return 0;
	if (errno != EAFNOSUPPORT && errno != EINVAL)
		return -1;
	name = (union name){.in4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
	return bind(fd, &name.sa, sizeof(name.in4));
}

int httpd_socket_tcp(const char *ifname, uint16_t port)
{
	int off = 0;
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int fd = socket(AF_INET6, type, 0);

	if (fd >= 0 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
		return fail(fd);
	if (fd < 0)
		fd = socket(AF_INET, type, 0);
	if (fd < 0)
		return err_of(errno);
	if (ifname && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ifname,
		    (socklen_t)strnlen(ifname, IFNAMSIZ)) < 0)
		return fail(fd);
	if (!option_on(fd, SOL_SOCKET, SO_REUSEADDR) || tcp_bind(fd, port) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return fail(fd);
	return fd;
}

/* A socket file that refuses connections is what a killed daemon left behind. */
static int unix_clear(int fd, const union name *name)
{
	struct stat st;

	if (lstat(name->un.sun_path, &st) < 0)
		return errno == ENOENT ? 0 : err_of(errno);
	if (!S_ISSOCK(st.st_mode))
		return ERR_EXISTS;
	if (connect(fd, &name->sa, sizeof(name->un)) == 0 || errno != ECONNREFUSED)
		return ERR_EXISTS;
	return unlink(name->un.sun_path) < 0 ? err_of(errno) : 0;
}

int httpd_socket_unix(const char *path, gid_t gid)
{
	union name name = {.un = {.sun_family = AF_UNIX}};
	size_t len = strlen(path);
	int fd, err;

	if (len == 0 || len >= sizeof(name.un.sun_path))
		return ERR_RANGE;
	memcpy(name.un.sun_path, path, len + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_of(errno);
	err = unix_clear(fd, &name);
	if (err) {
		close(fd);
		return err;
	}
	if (bind(fd, &name.sa, sizeof(name.un)) < 0)
		return fail(fd);
	/* Until the mode is set only our own user can connect: the usual umask lets nobody else
	 * write, and nobody is served before listen. */
	if ((gid != (gid_t)-1 && lchown(path, (uid_t)-1, gid) < 0) || chmod(path, 0660) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return fail(fd);
	return fd;
}

static struct endpoint endpoint_of(const union name *name)
{
	struct endpoint e = {.addr = addr_any6()};

	if (name->sa.sa_family == AF_INET6) {
		e.addr = addr_from6_bytes(&name->in6.sin6_addr);
		e.port = ntohs(name->in6.sin6_port);
	} else if (name->sa.sa_family == AF_INET) {
		e.addr = addr_from4_bytes(&name->in4.sin_addr);
		e.port = ntohs(name->in4.sin_port);
	}
	return e;
}

static bool look_at_unix(int fd, struct httpd_peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	peer->is_unix = true;
	peer->uid = cred.uid;
	peer->gid = cred.gid;
	return true;
}

static bool look_at(int fd, struct httpd_peer *peer)
{
	union name local = {0};
	socklen_t len = sizeof(local);

	if (getsockname(fd, &local.sa, &len) < 0)
		return false;
	if (local.sa.sa_family == AF_UNIX)
		return look_at_unix(fd, peer);
	peer->local = endpoint_of(&local);
	return option_on(fd, IPPROTO_TCP, TCP_NODELAY);
}

int httpd_socket_accept(int listen_fd, struct httpd_peer *out)
{
	union name name = {0};
	socklen_t len = sizeof(name);
	struct httpd_peer peer = {.local = {.addr = addr_any6()}};

	peer.fd = accept4(listen_fd, &name.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (peer.fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return ERR_AGAIN;
	if (peer.fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS
			? ERR_FULL : ERR_IO;
	peer.client = endpoint_of(&name);
	if (!look_at(peer.fd, &peer)) {
		close(peer.fd);
		return ERR_IO;
	}
	*out = peer;
	return peer.fd;
}
