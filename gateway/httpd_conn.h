/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of httpd: a connection and the one request it has at a time, and how an answer is handed
 * to libmicrohttpd. For httpd.c and httpd_stream.c only.
 *
 * libmicrohttpd calls the handler again for a connection that was suspended and resumed; the
 * answer waits in the connection until then.
 */
#ifndef GATEWAY_HTTPD_CONN_H
#define GATEWAY_HTTPD_CONN_H

#include "gateway/httpd.h"

#include <microhttpd.h>

#define HTTPD_MEMORY 16384	/* of one connection: head of the request and of the answer */

enum httpd_phase {
	HTTPD_PHASE_IDLE,	/* no request yet, or between two */
	HTTPD_PHASE_HEAD,	/* the target is known */
	HTTPD_PHASE_BODY,	/* the head was fine, the body comes */
	HTTPD_PHASE_HANDED,	/* the handler has it */
	HTTPD_PHASE_ANSWERED,
};

struct httpd_conn {
	struct httpd_request req;	/* first: a request is its connection */
	struct httpd *httpd;
	struct MHD_Connection *mhd;
	struct httpd_peer peer;
	enum httpd_phase phase;
	bool suspended;
	bool cut;			/* it ends, and counts for nobody any more */
	bool too_long;			/* the target did not fit */
	bool too_big;			/* the body did not */
	uint64_t since_ms;		/* when this phase of waiting for the client began */
	struct MHD_Response *response;	/* made, not yet queued */
	unsigned status;
	struct httpd_stream *stream;
	char *body;
	size_t body_size;
	size_t place;			/* in httpd->conns */
	char target[HTTPD_TARGET_MAX + 1];
};

struct httpd {
	struct httpd_config config;
	struct MHD_Daemon *mhd;
	struct loop_fd *mhd_fd;
	struct loop_timer again;	/* libmicrohttpd has something to do at once */
	struct loop_timer ends;		/* to look for ends libmicrohttpd does not see */
	struct loop_timer sweep;
	bool dirty;			/* an answer or a connection waits for MHD_run */
	bool asked;			/* a handler was called since the last wake-up */
	bool stopped;
	struct httpd_listener *listeners;
	struct httpd_conn *adding;	/* while in MHD_add_connection */
	struct httpd_conn *conns[HTTPD_CONNECTIONS_MAX];
	size_t conn_count;
	size_t stream_count;
};

/* Sees to it that libmicrohttpd runs before the loop sleeps. */
void httpd_conn_wake(struct httpd *httpd);
void httpd_conn_suspend(struct httpd_conn *conn);
void httpd_conn_resume(struct httpd_conn *conn);
/* response NULL: cuts the connection. Else takes it over. */
void httpd_conn_deliver(struct httpd_conn *conn, unsigned status, struct MHD_Response *response);
/* An end of what the client sends, and nothing left of it to read. */
bool httpd_conn_left(const struct httpd_conn *conn);
/* The client finds it closed; libmicrohttpd learns it from the socket. */
void httpd_conn_cut(struct httpd_conn *conn);
size_t httpd_conn_body_max(const struct httpd_conn *conn);
/* Tells who waits to answer or to push that nobody reads. */
void httpd_conn_gone(struct httpd_conn *conn);

#endif
