/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's side of the control socket: one HTTP/1.1 request a connection (RFC 9112), the body
 * by length, in chunks or to the end. It waits, so it is for the CLI only.
 */
#ifndef WEB_CLI_HTTP_H
#define WEB_CLI_HTTP_H

#include "protocols/str.h"

#include <stddef.h>

#define CLI_HTTP_BODY_MAX (64u << 20)
#define CLI_HTTP_WAIT_S 30	/* for the daemon to say anything */

struct cli_request {
	const char *socket;	/* path */
	const char *method;
	const char *target;
	struct str body;	/* JSON; empty: none */
};

struct cli_reply {
	unsigned status;
	char *body;		/* malloc'ed, NUL-terminated; NULL when empty */
	size_t len;
};

/* Pieces of a body as they come; not 0 ends the request with that value. */
typedef int cli_http_fn(void *arg, struct str piece);

/* 0 whatever the status is. ERR_DENIED, ERR_GONE: the daemon cannot be reached; ERR_BUSY: it does
 * not answer in time; ERR_SYNTAX: what it said is no HTTP; ERR_MEMORY, ERR_FULL, ERR_IO. */
int cli_http_ask(const struct cli_request *req, struct cli_reply *out);
/* A 200 goes to fn piece by piece until it ends, any other status into *refused. Waits for pieces
 * without end. */
int cli_http_stream(const struct cli_request *req, cli_http_fn *fn, void *arg,
	struct cli_reply *refused);
void cli_reply_free(struct cli_reply *reply);

#endif
