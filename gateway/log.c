/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines to stderr or to /dev/log (RFC 3164 as syslog daemons read it locally); see log.h. The
 * socket is our own and never blocks, which syslog(3) would on a stalled disk.
 */
#include "gateway/log.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#define ESCAPED_MAX (LOG_LINE_MAX * 4)	/* every byte as \xNN */
#define HEAD_MAX 96

static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

/* JOURNAL_STREAM names the device and inode of what the service manager gave us as stderr. */
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char own[48];

	if (!stream || fstat(fd, &st) < 0)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(own, stream) == 0;
}

static void connect_syslog(struct log *log)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};

	log->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (log->fd >= 0 && connect(log->fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		log_close(log);
}

void log_open(struct log *log, enum log_target target, enum log_level level, const char *program)
{
	*log = (struct log){.level = level, .target = target, .program = program, .fd = -1};
	if (target == LOG_TARGET_SYSLOG) {
		connect_syslog(log);
		return;
	}
	log->fd = STDERR_FILENO;
	log->journal = is_journal(log->fd);
}

/* Bytes of the character at i that may be shown as they are; 0: it may not. */
static size_t shown(struct str text, size_t i)
{
	for (size_t n = 1; n <= 4 && i + n <= text.len; n++) {
		if (str_is_plain(str_sub(text, i, n)))
			return text.p[i] == '\\' ? 0 : n;
	}
	return 0;
}

size_t log_escape(struct str text, char *out, size_t size)
{
	static const char digit[] = "0123456789abcdef";
	size_t len = 0, step;

	for (size_t i = 0; i < text.len; i += step) {
		size_t plain = shown(text, i);
		unsigned char c = (unsigned char)text.p[i];

		step = plain ? plain : 1;
		if (len + (plain ? plain : 4) >= size)
			break;
		if (plain) {
			memcpy(out + len, text.p + i, plain);
			len += plain;
			continue;
		}
		memcpy(out + len, (char[]){'\\', 'x', digit[c >> 4], digit[c & 15]}, 4);
		len += 4;
	}
	out[len] = '\0';
	return len;
}

static bool write_stderr(struct log *log, const char *line, size_t len)
{
	struct pollfd ready = {.fd = log->fd, .events = POLLOUT};

	return poll(&ready, 1, 0) == 1 && write(log->fd, line, len) == (ssize_t)len;
}

/* A syslog daemon that was restarted has a new socket. */
static bool write_syslog(struct log *log, const char *line, size_t len)
{
	if (log->fd >= 0 && send(log->fd, line, len, MSG_NOSIGNAL) == (ssize_t)len)
		return true;
	log_close(log);
	connect_syslog(log);
	return log->fd >= 0 && send(log->fd, line, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static size_t write_head(const struct log *log, enum log_level level, char out[HEAD_MAX])
{
	int n = 0;

	if (log->target == LOG_TARGET_SYSLOG)
		n = snprintf(out, HEAD_MAX, "<%d>%.32s[%ld]: ", LOG_DAEMON | priorities[level],
			log->program, (long)getpid());
	else if (log->journal)
		n = snprintf(out, HEAD_MAX, "<%d>", priorities[level]);
	else
		n = snprintf(out, HEAD_MAX, "%.32s: ", log->program);
	return n > 0 ? (size_t)n : 0;
}

static bool write_line(struct log *log, enum log_level level, struct str text)
{
	char line[HEAD_MAX + ESCAPED_MAX + 2];
	size_t len = write_head(log, level, line);

	len += log_escape(text, line + len, ESCAPED_MAX + 1);
	if (log->target == LOG_TARGET_SYSLOG)
		return write_syslog(log, line, len);
	line[len++] = '\n';
	return write_stderr(log, line, len);
}

static void tell_lost(struct log *log)
{
	char text[64];

	if (log->lost == 0)
		return;
	snprintf(text, sizeof(text), "%u lines were lost here", log->lost);
	if (write_line(log, LOG_LEVEL_WARNING, str_from(text)))
		log->lost = 0;
}

__attribute__((format(printf, 3, 0)))
static void log_args(struct log *log, enum log_level level, const char *format, va_list args)
{
	char text[LOG_LINE_MAX + 1];

	if (level > log->level)
		return;
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		return;
	tell_lost(log);
	if (log->lost > 0 || !write_line(log, level, str_from(text)))
		log->lost++;
}

void log_error(struct log *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_args(log, LOG_LEVEL_ERROR, format, args);
	va_end(args);
}

void log_warning(struct log *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_args(log, LOG_LEVEL_WARNING, format, args);
	va_end(args);
}

void log_info(struct log *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_args(log, LOG_LEVEL_INFO, format, args);
	va_end(args);
}

void log_debug(struct log *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_args(log, LOG_LEVEL_DEBUG, format, args);
	va_end(args);
}

/* stderr stays open: it is not ours. */
void log_close(struct log *log)
{
	if (log->target == LOG_TARGET_SYSLOG && log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}
