/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Server-sent events (WHATWG HTML section 9.2) from pieces of a stream, as our API sends them. */
#ifndef WEB_CLI_WATCH_H
#define WEB_CLI_WATCH_H

#include "protocols/str.h"

#include <stddef.h>

#define CLI_WATCH_LINE_MAX 65536	/* an event is an opening: below 8 kB */

/* name is NUL-terminated, data one line. Not 0 ends the stream with that value. */
typedef int cli_watch_fn(void *arg, const char *name, struct str data);

struct cli_watch {
	cli_watch_fn *fn;
	void *arg;
	char name[32];
	size_t len;
	char line[CLI_WATCH_LINE_MAX];
};

/* A cli_http_fn; arg is a struct cli_watch, zeroed but for fn and arg. ERR_FULL: too long a line. */
int cli_watch_piece(void *arg, struct str piece);

#endif
