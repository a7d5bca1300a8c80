/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers that go on. What was pushed waits in one buffer that grows up to HTTPD_STREAM_MAX;
 * libmicrohttpd takes from it as the socket does, and the connection sleeps while it is empty.
 */
#include "gateway/httpd_stream.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_MIN 4096
#define BLOCK 4096	/* what libmicrohttpd asks for at once where it does not use chunks */

struct httpd_stream {
	struct httpd_conn *conn;
	struct str beat;
	char *buffer;
	size_t size;
	size_t head;		/* first byte not yet taken */
	size_t tail;
	uint64_t moved_ms;	/* last taken, or last pushed into the empty buffer */
	void (*more)(void *arg);	/* all was taken: there may be more; NULL: no */
	void *more_arg;
	bool closing;
	bool cut;
};

static uint64_t now_ms(const struct httpd_stream *s)
{
	return loop_now_ms(s->conn->httpd->config.loop);
}

static void ask_for_more(struct httpd_stream *s)
{
	void (*more)(void *arg) = s->more;

	s->more = NULL;
	if (more)
		more(s->more_arg);
}

static ssize_t take(void *arg, uint64_t pos, char *out, size_t max)
{
	struct httpd_stream *s = arg;
	size_t len = s->tail - s->head;

	(void)pos;
	if (s->cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (len == 0 && s->closing)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (len == 0) {
		httpd_conn_suspend(s->conn);
		return 0;
	}
	if (len > max)
		len = max;
	memcpy(out, s->buffer + s->head, len);
	s->head += len;
	s->moved_ms = now_ms(s);
	if (s->head == s->tail && s->size > BUFFER_MIN) {
		free(s->buffer);
		s->buffer = NULL;
		s->size = s->head = s->tail = 0;
	}
	if (s->head == s->tail)
		ask_for_more(s);
	return (ssize_t)len;
}

int httpd_stream_open(struct httpd_request *req, const char *type, const char *beat,
	struct httpd_stream **out)
{
	struct httpd_conn *conn = (struct httpd_conn *)req;
	struct MHD_Response *response;
	struct httpd_stream *s;

	if (conn->httpd->stream_count == HTTPD_STREAMS_MAX)
		return ERR_FULL;
	s = calloc(1, sizeof(*s));
	response = s ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, take, s, NULL)
		     : NULL;
	if (!response) {
		free(s);
		return ERR_MEMORY;
	}
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	s->conn = conn;
	s->beat = str_from(beat);
	s->moved_ms = now_ms(s);
	conn->stream = s;
	conn->httpd->stream_count++;
	httpd_conn_deliver(conn, MHD_HTTP_OK, response);
	*out = s;
	return 0;
}

static void cut(struct httpd_stream *s)
{
	s->cut = true;
	httpd_conn_cut(s->conn);
}

void httpd_stream_break(struct httpd_stream *s)
{
	s->conn->req.gone = NULL;
	cut(s);
}

static bool make_room(struct httpd_stream *s, size_t len)
{
	size_t size = s->size ? s->size : BUFFER_MIN;
	char *buffer;

	if (s->head > 0) {
		memmove(s->buffer, s->buffer + s->head, s->tail - s->head);
		s->tail -= s->head;
		s->head = 0;
	}
	if (len > HTTPD_STREAM_MAX - s->tail)
		return false;
	while (size < s->tail + len)
		size *= 2;
	if (size == s->size)
		return true;
	buffer = realloc(s->buffer, size);
	if (!buffer)
		return false;
	s->buffer = buffer;
	s->size = size;
	return true;
}

int httpd_stream_push(struct httpd_stream *s, struct str text)
{
	if (s->cut)
		return ERR_FULL;
	if (s->head == s->tail)
		s->moved_ms = now_ms(s);
	if (s->size - s->tail < text.len && !make_room(s, text.len)) {
		cut(s);
		return ERR_FULL;
	}
	memcpy(s->buffer + s->tail, text.p, text.len);
	s->tail += text.len;
	httpd_conn_resume(s->conn);
	return 0;
}

void httpd_stream_then(struct httpd_stream *s, void (*more)(void *arg), void *arg)
{
	s->more = more;
	s->more_arg = arg;
}

void httpd_stream_close(struct httpd_stream *s)
{
	s->closing = true;
	s->conn->req.gone = NULL;
	httpd_conn_resume(s->conn);
}

void httpd_stream_sweep(struct httpd_stream *s, uint64_t now)
{
	bool empty = s->head == s->tail;

	/* libmicrohttpd does not look at a suspended connection; an end of what the reader sends is
	 * taken for his leaving. */
	if ((!empty && now - s->moved_ms >= HTTPD_IDLE_MS) || httpd_conn_left(s->conn))
		cut(s);
	else if (empty && now - s->moved_ms >= HTTPD_BEAT_MS)
		httpd_stream_push(s, s->beat);
}

void httpd_stream_end(struct httpd_conn *conn)
{
	if (!conn->stream)
		return;
	httpd_conn_gone(conn);
	conn->httpd->stream_count--;
	free(conn->stream->buffer);
	free(conn->stream);
	conn->stream = NULL;
}
