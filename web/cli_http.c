/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP client of the CLI; see cli_http.h. */
#include "web/cli_http.h"

#include "protocols/err.h"
#include "protocols/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define BUFFER_SIZE 65536
#define TO_THE_END UINT64_MAX

struct wire {
	int fd;
	size_t head, tail;	/* received, not yet taken */
	char buffer[BUFFER_SIZE];
};

struct head {
	unsigned status;
	bool chunked;
	uint64_t length;
};

/* ---- out ---- */

static int dial(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	int fd, number;

	if (len == 0 || len >= sizeof(to.sun_path))
		return ERR_GONE;
	memcpy(to.sun_path, path, len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_IO;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	number = errno;
	close(fd);
	return number == EACCES || number == EPERM ? ERR_DENIED : ERR_GONE;
}

static int send_all(int fd, struct str s)
{
	while (s.len > 0) {
		ssize_t n = send(fd, s.p, s.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EPIPE || errno == ECONNRESET ? ERR_GONE : ERR_IO;
		s = str_sub(s, (size_t)n, s.len - (size_t)n);
	}
	return 0;
}

static int send_request(int fd, const struct cli_request *req)
{
	char head[1024];
	struct writer w = writer_to(head, sizeof(head));
	int err;

	writer_text(&w, req->method);
	writer_text(&w, " ");
	writer_text(&w, req->target);
	writer_text(&w, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
	if (req->body.len > 0)
		writer_text(&w, "Content-Type: application/json\r\n");
	writer_text(&w, "Content-Length: ");
	writer_dec(&w, req->body.len);
	writer_text(&w, "\r\n\r\n");
	if (w.full)
		return ERR_RANGE;
	err = send_all(fd, writer_done(&w));
	return err ? err : send_all(fd, req->body);
}

/* ---- in ---- */

static int fill(struct wire *w)
{
	ssize_t n;

	if (w->head > 0) {
		memmove(w->buffer, w->buffer + w->head, w->tail - w->head);
		w->tail -= w->head;
		w->head = 0;
	}
	if (w->tail == BUFFER_SIZE)
		return ERR_SYNTAX;
	do {
		n = recv(w->fd, w->buffer + w->tail, BUFFER_SIZE - w->tail, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? ERR_BUSY : ERR_GONE;
	if (n == 0)
		return ERR_GONE;
	w->tail += (size_t)n;
	return 0;
}

/* A line without its end, valid until the next read. */
static int read_line(struct wire *w, struct str *out)
{
	for (;;) {
		struct str have = {w->buffer + w->head, w->tail - w->head};
		size_t end = str_find(have, 0, '\n');
		int err;

		if (end < have.len) {
			w->head += end + 1;
			if (end > 0 && have.p[end - 1] == '\r')
				end--;
			*out = str_sub(have, 0, end);
			return 0;
		}
		err = fill(w);
		if (err)
			return err;
	}
}

static int pass_on(struct wire *w, uint64_t len, cli_http_fn *fn, void *arg)
{
	while (len > 0) {
		struct str have = {w->buffer + w->head, w->tail - w->head};
		int err;

		if (have.len == 0) {
			err = fill(w);
			if (err == ERR_GONE && len == TO_THE_END)
				return 0;
			if (err)
				return err;
			continue;
		}
		if (have.len > len)
			have.len = (size_t)len;
		w->head += have.len;
		if (len != TO_THE_END)
			len -= have.len;
		err = fn(arg, have);
		if (err)
			return err;
	}
	return 0;
}

static int read_head(struct wire *w, struct head *out)
{
	struct head head = {.length = TO_THE_END};
	struct str line, name;
	int err = read_line(w, &line);

	if (err)
		return err;
	if (!str_starts(line, STR("HTTP/1.")) ||
	    str_u32(str_sub(line, 9, 3), 100, 999, &head.status) != 0)
		return ERR_SYNTAX;
	for (;;) {
		err = read_line(w, &line);
		if (err)
			return err;
		if (line.len == 0)
			break;
		name = str_split(&line, ':');
		line = str_trim(line);
		if (str_eqi(name, STR("Content-Length")))
			err = str_u64(line, CLI_HTTP_BODY_MAX, &head.length);
		else if (str_eqi(name, STR("Transfer-Encoding")))
			head.chunked = str_eqi(line, STR("chunked"));
		if (err)
			return err;
	}
	if (head.status == 204)
		head.length = 0;
	*out = head;
	return 0;
}

static int chunk_size(struct str line, uint64_t *out)
{
	struct str digits = str_trim(str_split(&line, ';'));
	uint64_t n = 0;

	if (digits.len == 0 || digits.len > 8)
		return ERR_SYNTAX;
	for (size_t i = 0; i < digits.len; i++) {
		char c = digits.p[i];
		unsigned v = c >= '0' && c <= '9' ? (unsigned)(c - '0')
			: c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
			: c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
		if (v > 15)
			return ERR_SYNTAX;
		n = n * 16 + v;
	}
	*out = n;
	return 0;
}

/* Trailers are not read: the connection ends with its one answer. */
static int read_chunks(struct wire *w, cli_http_fn *fn, void *arg)
{
	uint64_t len = 0;
	struct str line;

	for (;;) {
		int err = read_line(w, &line);
		if (!err)
			err = chunk_size(line, &len);
		if (err || len == 0)
			return err;
		err = pass_on(w, len, fn, arg);
		if (!err)
			err = read_line(w, &line);
		if (err)
			return err;
		if (line.len > 0)
			return ERR_SYNTAX;
	}
}

static int read_body(struct wire *w, const struct head *head, cli_http_fn *fn, void *arg)
{
	return head->chunked ? read_chunks(w, fn, arg) : pass_on(w, head->length, fn, arg);
}

struct collect {
	struct cli_reply reply;
	size_t size;
};

static int collect(void *arg, struct str piece)
{
	struct collect *c = arg;
	size_t need = c->reply.len + piece.len + 1;

	if (need > CLI_HTTP_BODY_MAX)
		return ERR_FULL;
	if (need > c->size) {
		size_t size = need * 2;
		char *body = realloc(c->reply.body, size);
		if (!body)
			return ERR_MEMORY;
		c->reply.body = body;
		c->size = size;
	}
	memcpy(c->reply.body + c->reply.len, piece.p, piece.len);
	c->reply.len += piece.len;
	c->reply.body[c->reply.len] = '\0';
	return 0;
}

/* ---- both ---- */

static int wait_at_most(int fd, time_t seconds)
{
	struct timeval wait = {.tv_sec = seconds};
	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ? ERR_IO : 0;
}

static int begin(const struct cli_request *req, struct wire **out, struct head *head)
{
	struct wire *w = malloc(sizeof(*w));
	int err;

	if (!w)
		return ERR_MEMORY;
	w->head = w->tail = 0;
	err = w->fd = dial(req->socket);
	if (err < 0) {
		free(w);
		return err;
	}
	*out = w;
	err = wait_at_most(w->fd, CLI_HTTP_WAIT_S);
	if (!err)
		err = send_request(w->fd, req);
	/* A refusal may come before the body was taken: what was said is worth reading. */
	if (!err || err == ERR_GONE)
		err = read_head(w, head);
	return err;
}

static void end(struct wire *w)
{
	if (w)
		close(w->fd);
	free(w);
}

static int read_reply(struct wire *w, const struct head *head, struct cli_reply *out)
{
	struct collect c = {.reply = {.status = head->status}};
	int err = read_body(w, head, collect, &c);

	if (err)
		cli_reply_free(&c.reply);
	else
		*out = c.reply;
	return err;
}

int cli_http_ask(const struct cli_request *req, struct cli_reply *out)
{
	struct wire *w = NULL;
	struct head head;
	int err = begin(req, &w, &head);

	if (!err)
		err = read_reply(w, &head, out);
	end(w);
	return err;
}

int cli_http_stream(const struct cli_request *req, cli_http_fn *fn, void *arg,
	struct cli_reply *refused)
{
	struct wire *w = NULL;
	struct head head;
	int err = begin(req, &w, &head);

	if (!err && head.status != 200)
		err = read_reply(w, &head, refused);
	else if (!err)
		err = wait_at_most(w->fd, 0);
	if (!err && head.status == 200)
		err = read_body(w, &head, fn, arg);
	end(w);
	return err;
}

void cli_reply_free(struct cli_reply *reply)
{
	free(reply->body);
	*reply = (struct cli_reply){0};
}
