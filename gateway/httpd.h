/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP/1.1 for our servers: UPnP descriptions and control, and the owner's API. The one wrapper
 * around libmicrohttpd (0.9.75 to 1.0): its epoll descriptor nests in our loop, the listening
 * sockets are ours, so a source is judged and counted before a byte of it is parsed.
 *
 * A request reaches the handler whole. Refused before that: not exactly one Host (RFC 9112 3.2),
 * several Content-Length, Transfer-Encoding other than one "chunked" or next to a Content-Length
 * (6.3), targets and bodies above the limits below. What Host may say is the handler's to check.
 */
#ifndef GATEWAY_HTTPD_H
#define GATEWAY_HTTPD_H

#include "gateway/log.h"
#include "gateway/loop.h"
#include "protocols/addr.h"
#include "protocols/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HTTPD_CONNECTIONS_MAX 128
#define HTTPD_PER_SOURCE_MAX 16
#define HTTPD_BODY_MAX 65536	/* unless a server says otherwise */
#define HTTPD_TARGET_MAX 1023	/* bytes of a request target */
#define HTTPD_FIELDS_MAX 64	/* header fields of a request */
#define HTTPD_IDLE_MS 30000	/* for a whole request, its answer, or between two */
#define HTTPD_STREAMS_MAX 8
#define HTTPD_STREAM_MAX (1024 * 1024)	/* bytes a reader may be behind */
#define HTTPD_BEAT_MS 15000	/* a stream says something at least this often */

struct httpd;
struct httpd_listener;
struct httpd_stream;

struct httpd_peer {
	struct endpoint client;		/* any6 and 0 on a unix socket */
	struct endpoint local;		/* where it connected to */
	int ifindex;			/* as given to httpd_listen */
	bool tls;
	bool is_unix;
	uid_t uid;			/* unix sockets only: who connected */
	gid_t gid;
	int fd;				/* to ask SO_PEER... options of, nothing else */
};

/* Slices live until the answer is given. */
struct httpd_request {
	struct str method;		/* HEAD comes as GET; its answer leaves without body */
	struct str path;		/* as sent, from '/', escapes not resolved; or "*" */
	struct str query;		/* behind '?', as sent; STR_NONE without one */
	struct str host;		/* STR_NONE: HTTP/1.0 without it */
	struct str body;
	const struct httpd_peer *peer;
	/* Set by a handler that answers later or by a stream: called instead, once, when nobody
	 * waits for the answer any more (stream: reads any more). The request is gone then. */
	void (*gone)(void *arg);
	void *arg;
};

struct httpd_field {
	const char *name;
	const char *value;
};

struct httpd_answer {
	unsigned status;
	const char *type;		/* Content-Type; NULL: none */
	const struct httpd_field *fields;	/* never from what clients sent */
	size_t field_count;
	const void *body;
	size_t body_len;
	bool body_given;		/* malloc'ed, and now the server's; else it is copied */
	bool body_lasts;		/* it outlives the server and never changes: not copied */
};

/* Called once per request, from the loop. Answer at once or later, exactly once. */
typedef void httpd_fn(void *arg, struct httpd_request *req);
/* Before anything is read: false closes the connection. */
typedef bool httpd_admit_fn(void *arg, const struct httpd_peer *peer);

struct httpd_config {
	struct loop *loop;
	struct log *log;
	httpd_fn *handler;
	httpd_admit_fn *admit;		/* NULL: everybody */
	size_t body_max;		/* bytes of a body; 0: HTTPD_BODY_MAX */
	void *arg;
	const struct httpd_field *fields;	/* of every answer without one of that name; kept */
	size_t field_count;
	const char *tls_certificate;	/* PEM, read once: TLS 1.2 or later; NULL: in the clear */
	const char *tls_key;		/* PEM, read once */
};

/* Whether the library can do TLS at all. */
bool httpd_has_tls(void);
/* NULL: no memory or descriptors, or the certificate cannot be used. Make it after what answers
 * from loop hooks of its own: answers leave in the same wake-up then. */
struct httpd *httpd_new(const struct httpd_config *config);
/* Takes a listening, non-blocking stream socket over (TCP or unix). NULL: no memory, fd closed. */
struct httpd_listener *httpd_listen(struct httpd *httpd, int fd, int ifindex);
/* Closes the socket; connections that came by it go on. */
void httpd_unlisten(struct httpd_listener *listener);

/* The only field of this name: ERR_NOT_FOUND if absent, ERR_EXISTS if there are several. */
int httpd_field(const struct httpd_request *req, struct str name, struct str *out);
/* The value of name in the query, as sent: ERR_NOT_FOUND, ERR_EXISTS as above. */
int httpd_query(const struct httpd_request *req, struct str name, struct str *out);

/* From the handler or later. Without memory for it the connection is closed instead. */
void httpd_answer(struct httpd_request *req, const struct httpd_answer *answer);

/* Answers 200 with a body that goes on until closed. ERR_FULL beyond HTTPD_STREAMS_MAX, ERR_MEMORY:
 * the request is still to be answered. beat is sent when nothing else was for HTTPD_BEAT_MS. */
int httpd_stream_open(struct httpd_request *req, const char *type, const char *beat,
	struct httpd_stream **out);
/* ERR_FULL: the reader is too far behind; it is cut off and gone will be called. */
int httpd_stream_push(struct httpd_stream *stream, struct str text);
/* more is called, once, when the reader has taken all that was pushed; push from the loop then. */
void httpd_stream_then(struct httpd_stream *stream, void (*more)(void *arg), void *arg);
/* Ends it after what was pushed; gone is not called any more. */
void httpd_stream_close(struct httpd_stream *stream);
/* Cuts it, so that the reader knows that it is not whole; gone is not called any more. */
void httpd_stream_break(struct httpd_stream *stream);

size_t httpd_connections(const struct httpd *httpd);
/* Connections are cut; gone is called for requests still unanswered and for streams. Not from
 * within a hook, a handler or gone. */
void httpd_free(struct httpd *httpd);

#endif
