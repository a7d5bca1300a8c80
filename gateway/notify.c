/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The service manager's protocols; see notify.h. */
#include "gateway/notify.h"

#include "protocols/err.h"
#include "protocols/reader.h"
#include "protocols/str.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_SOCKET 3		/* SD_LISTEN_FDS_START */
#define SOCKETS_MAX 64
#define STATUS_MAX 256

static void tell(const struct notify *notify, struct str state)
{
	if (notify->fd >= 0)
		(void)!send(notify->fd, state.p, state.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void feed_watchdog(void *arg)
{
	struct notify *notify = arg;

	tell(notify, STR("WATCHDOG=1"));
	loop_timer_set(notify->loop, &notify->watchdog,
		loop_now_ms(notify->loop) + notify->interval_ms);
}

/* '@' at the start is the abstract namespace. */
static int connect_to(const char *name)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	int fd;

	if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(sun.sun_path))
		return ERR_IO;
	memcpy(sun.sun_path, name, len);
	if (name[0] == '@')
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_IO;
	if (connect(fd, (struct sockaddr *)&sun,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0) {
		close(fd);
		return ERR_IO;
	}
	return fd;
}

/* Whether the variable names us. */
static bool is_for_us(const char *variable)
{
	uint32_t pid;

	return !str_u32(str_from(getenv(variable)), 1, INT32_MAX, &pid) && (pid_t)pid == getpid();
}

static uint64_t watchdog_interval_ms(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	uint64_t usec;

	if (str_u64(str_from(text), UINT64_MAX, &usec))
		return 0;
	if (getenv("WATCHDOG_PID") && !is_for_us("WATCHDOG_PID"))
		return 0;
	return usec == 0 || usec >= 2000 ? usec / 2000 : 1;
}

int notify_open(struct notify *notify, struct loop *loop)
{
	const char *name = getenv("NOTIFY_SOCKET");

	*notify = (struct notify){.loop = loop, .fd = name ? connect_to(name) : -1};
	notify->interval_ms = watchdog_interval_ms();
	notify->watchdog = (struct loop_timer){.fn = feed_watchdog, .arg = notify,
		.due_ms = LOOP_NEVER};
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (notify->fd >= 0 && notify->interval_ms > 0)
		feed_watchdog(notify);
	if (!name || notify->fd >= 0)
		return 0;
	notify->fd = -1;
	return ERR_IO;
}

void notify_ready(struct notify *notify)
{
	tell(notify, STR("READY=1"));
}

void notify_stopping(struct notify *notify)
{
	tell(notify, STR("STOPPING=1"));
}

void notify_status(struct notify *notify, const char *text)
{
	char state[STATUS_MAX];
	struct writer w = writer_to(state, sizeof(state));

	writer_text(&w, "STATUS=");
	writer_str(&w, str_cut_utf8(str_from(text), STATUS_MAX - 8));
	tell(notify, writer_done(&w));
}

void notify_close(struct notify *notify)
{
	loop_timer_stop(notify->loop, &notify->watchdog);
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

static bool is_unix_socket(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

static void name_socket(struct notify_socket *socket, struct str name)
{
	struct str kept = str_cut_utf8(name, NOTIFY_NAME_MAX - 1);

	memset(socket->name, 0, sizeof(socket->name));
	if (kept.len > 0)
		memcpy(socket->name, kept.p, kept.len);
}

size_t notify_sockets(struct notify_socket *out, size_t max)
{
	struct str text = str_from(getenv("LISTEN_FDS"));
	struct str names = str_from(getenv("LISTEN_FDNAMES"));
	size_t count = 0;
	uint32_t given = 0;

	if (!is_for_us("LISTEN_PID") || str_u32(text, 0, SOCKETS_MAX, &given))
		given = 0;
	for (uint32_t i = 0; i < given; i++) {
		int fd = FIRST_SOCKET + (int)i;
		struct str name = names.p ? str_split(&names, ':') : STR_NONE;

		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
			continue;
		if (count == max) {
			close(fd);
			continue;
		}
		out[count].fd = fd;
		out[count].is_unix = is_unix_socket(fd);
		name_socket(&out[count++], name);
	}
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	return count;
}
