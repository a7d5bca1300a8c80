/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line per event to stderr or the syslog socket. Whatever a line was made of, control
 * characters, bidi controls, backslashes and bytes that are not UTF-8 leave it as \xNN, so text
 * from the LAN can neither forge a second line nor turn a terminal. A reader that stalls never
 * stalls the caller: lines it does not take are lost and counted, and the next one says so.
 */
#ifndef GATEWAY_LOG_H
#define GATEWAY_LOG_H

#include "protocols/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_MAX 1000	/* bytes of text kept of one line, before escaping */

enum log_level {
	LOG_LEVEL_ERROR = 0,
	LOG_LEVEL_WARNING = 1,
	LOG_LEVEL_INFO = 2,
	LOG_LEVEL_DEBUG = 3,
};

enum log_target {
	LOG_TARGET_STDERR = 0,
	LOG_TARGET_SYSLOG = 1,
};

struct log {
	enum log_level level;	/* the last level that is written */
	enum log_target target;
	const char *program;	/* the name syslog shows */
	int fd;
	bool journal;		/* stderr is systemd's journal: lines carry their priority */
	uint32_t lost;		/* lines nobody took, since the last one that was */
};

/* program is kept as a pointer. Never fails: a missing syslog socket is looked for at each line. */
void log_open(struct log *log, enum log_target target, enum log_level level, const char *program);

/* Formats are literals; text of others is an argument ("%.*s" for a struct str). */
void log_error(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warning(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_debug(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* text with what must not be shown as \xNN into out, NUL-terminated and cut to size. Returns the
 * length without NUL. */
size_t log_escape(struct str text, char *out, size_t size);

void log_close(struct log *log);

#endif
