/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following lease files; see leases.h. What they say is leases_decode.c's. They may stand in /tmp,
 * where everybody may put files: one of an ordinary user is not believed.
 */
#include "gateway/leases.h"

#include "protocols/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTLE_MS 100		/* a file is written in several steps */
#define RETRY_MS 60000		/* for a folder that is not there */
#define PATH_BYTES 256
#define ORDINARY_UID 1000	/* of users, not of the system's own */

struct file {
	char path[PATH_BYTES];
	char folder[PATH_BYTES];
	const char *name;	/* the last part of path */
	int watch, folder_watch;	/* -1: none */
	bool changed;
	bool told;		/* that it cannot be believed */
};

struct leases {
	struct loop *loop;
	struct log *log;
	struct file files[LEASES_FILES_MAX];
	size_t count;
	leases_fn *fn;
	void *arg;
	int fd;
	struct loop_fd *lfd;
	struct loop_timer settle, retry;
	size_t rows;		/* of the file being read */
};

static void on_row(void *arg, const struct lease_row *row)
{
	struct leases *leases = arg;

	if (leases->rows++ < LEASES_MAX)
		leases->fn(leases->arg, row);
}

static bool is_believed(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid < ORDINARY_UID &&
	       st->st_size <= LEASES_FILE_MAX;
}

/* The whole text, malloc'ed; NULL: it cannot be read now. */
static char *read_all(int fd, size_t size, size_t *len)
{
	char *text = malloc(size + 1);
	ssize_t n = 1;

	for (*len = 0; text && n > 0 && *len < size; *len += n > 0 ? (size_t)n : 0)
		n = read(fd, text + *len, size - *len);
	return text;
}

static void read_file(struct leases *leases, struct file *file)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st = {0};
	char *text = NULL;
	size_t len, bad;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && is_believed(&st))
		text = read_all(fd, (size_t)st.st_size, &len);
	else if (!file->told)
		log_warning(leases->log, "leases: %s is no file of the system's, or too large; "
					 "it is left out", file->path);
	close(fd);
	file->told = !text;
	if (!text)
		return;
	leases->rows = 0;
	bad = leases_decode((struct str){text, len}, on_row, leases);
	if (bad > 0)
		log_debug(leases->log, "leases: %zu lines of %s are left out", bad, file->path);
	free(text);
}

/* Watches come first: what changes while it is read is read again. */
static void watch(struct leases *leases, struct file *file)
{
	if (file->folder_watch < 0)
		file->folder_watch = inotify_add_watch(leases->fd, file->folder,
			IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	file->watch = inotify_add_watch(leases->fd, file->path, IN_MODIFY);
	if (file->folder_watch < 0 && leases->retry.slot == 0)
		loop_timer_set(leases->loop, &leases->retry,
			loop_now_ms(leases->loop) + RETRY_MS);
}

static void on_settled(void *arg)
{
	struct leases *leases = arg;

	for (size_t i = 0; i < leases->count; i++) {
		if (!leases->files[i].changed)
			continue;
		leases->files[i].changed = false;
		watch(leases, &leases->files[i]);
		read_file(leases, &leases->files[i]);
	}
}

static void note(struct leases *leases, struct file *file)
{
	file->changed = true;
	if (leases->settle.slot == 0)
		loop_timer_set(leases->loop, &leases->settle,
			loop_now_ms(leases->loop) + SETTLE_MS);
}

static void on_retry(void *arg)
{
	struct leases *leases = arg;

	for (size_t i = 0; i < leases->count; i++) {
		if (leases->files[i].folder_watch < 0)
			note(leases, &leases->files[i]);
	}
}

static bool is_about(const struct inotify_event *event, const struct file *file)
{
	if (event->mask & IN_Q_OVERFLOW)
		return true;
	if (event->wd == file->folder_watch)
		return event->mask & IN_IGNORED || (event->len > 0 &&
			strcmp(event->name, file->name) == 0);
	return event->wd == file->watch && !(event->mask & IN_IGNORED);
}

static void take_event(struct leases *leases, const struct inotify_event *event)
{
	for (size_t i = 0; i < leases->count; i++) {
		struct file *file = &leases->files[i];

		if (!is_about(event, file))
			continue;
		if (event->wd == file->folder_watch && event->mask & IN_IGNORED)
			file->folder_watch = -1;
		note(leases, file);
	}
}

static void on_events(void *arg, uint32_t events)
{
	struct leases *leases = arg;
	_Alignas(struct inotify_event) char buffer[4096];
	ssize_t n = read(leases->fd, buffer, sizeof(buffer));
	size_t at = 0;

	(void)events;
	while (n > 0 && at + sizeof(struct inotify_event) <= (size_t)n) {
		const struct inotify_event *event = (const void *)(buffer + at);
		take_event(leases, event);
		at += sizeof(*event) + event->len;
	}
}

static void add(struct leases *leases, const char *path)
{
	struct file *file = &leases->files[leases->count];
	const char *slash = strrchr(path, '/');
	size_t folder;

	if (leases->count == LEASES_FILES_MAX || !slash || strlen(path) >= PATH_BYTES)
		return;
	*file = (struct file){.watch = -1, .folder_watch = -1, .changed = true};
	memcpy(file->path, path, strlen(path) + 1);
	folder = slash == path ? 1 : (size_t)(slash - path);
	memcpy(file->folder, path, folder);
	file->name = file->path + (slash - path) + 1;
	leases->count++;
}

struct leases *leases_new(const struct leases_config *config)
{
	struct leases *leases = calloc(1, sizeof(*leases));

	if (!leases)
		return NULL;
	leases->loop = config->loop;
	leases->log = config->log;
	leases->fn = config->fn;
	leases->arg = config->arg;
	leases->settle = (struct loop_timer){.fn = on_settled, .arg = leases};
	leases->retry = (struct loop_timer){.fn = on_retry, .arg = leases};
	leases->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (leases->fd >= 0)
		leases->lfd = loop_fd_add(leases->loop, leases->fd, EPOLLIN, on_events, leases);
	if (!leases->lfd) {
		leases_free(leases);
		return NULL;
	}
	for (size_t i = 0; i < config->count; i++)
		add(leases, config->paths[i]);
	on_settled(leases);
	return leases;
}

void leases_again(struct leases *leases)
{
	for (size_t i = 0; i < leases->count; i++)
		note(leases, &leases->files[i]);
}

void leases_free(struct leases *leases)
{
	if (!leases)
		return;
	loop_timer_stop(leases->loop, &leases->settle);
	loop_timer_stop(leases->loop, &leases->retry);
	if (leases->lfd)
		loop_fd_remove(leases->loop, leases->lfd);
	if (leases->fd >= 0)
		close(leases->fd);
	free(leases);
}
