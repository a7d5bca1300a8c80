/* SPDX-License-Identifier: GPL-2.0-or-later */
/* httpd on real sockets of both kinds, driven by one loop: the test is every client at once. */
#include "gateway/httpd.h"

#include "gateway/httpd_socket.h"
#include "protocols/err.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD "Host: router\r\n"
#define PATIENCE 400	/* wake-ups without what is waited for, of at most 5 ms each */

struct rig {
	struct loop *loop;
	struct log log;
	struct httpd *httpd;
	int listen_fd;
	char path[64];
	int requests;
	char last[128];		/* method path?query of the last request */
	size_t last_body;
	struct httpd_request *kept[HTTPD_PER_SOURCE_MAX];
	size_t kept_count;
	struct httpd_stream *stream;
	int gone;
	bool refuse_all;
	char text[300000];
	size_t text_len;
};

static void on_gone(void *arg)
{
	((struct rig *)arg)->gone++;
}

static void answer_text(struct httpd_request *req, const char *text)
{
	const struct httpd_field fields[] = {{"X-Test", "yes"}};
	const struct httpd_answer a = {
		.status = 200,
		.type = "text/plain",
		.fields = fields,
		.field_count = 1,
		.body = text,
		.body_len = strlen(text),
	};
	httpd_answer(req, &a);
}

static void answer_big(struct httpd_request *req)
{
	struct httpd_answer a = {.status = 200, .body_len = 200000, .body_given = true};
	char *body = malloc(a.body_len);

	memset(body, 'x', a.body_len);
	a.body = body;
	httpd_answer(req, &a);
}

static void on_request(void *arg, struct httpd_request *req)
{
	struct rig *r = arg;

	assert_int_equal(req->peer->ifindex, 7);
	assert_true(req->peer->is_unix ? req->peer->uid == geteuid()
		: addr_is_loopback(&req->peer->client.addr));
	r->requests++;
	r->last_body = req->body.len;
	snprintf(r->last, sizeof(r->last), "%.*s %.*s?%.*s", (int)req->method.len, req->method.p,
		(int)req->path.len, req->path.p, (int)req->query.len, req->query.p);
	if (str_eq(req->path, STR("/later"))) {
		req->gone = on_gone;
		req->arg = r;
		r->kept[r->kept_count++] = req;
	} else if (str_eq(req->path, STR("/stream"))) {
		req->gone = on_gone;
		req->arg = r;
		assert_int_equal(httpd_stream_open(req, "text/plain", "beat\n", &r->stream), 0);
	} else if (str_eq(req->path, STR("/big"))) {
		answer_big(req);
	} else {
		answer_text(req, "hello");
	}
}

static bool on_admit(void *arg, const struct httpd_peer *peer)
{
	(void)peer;
	return !((struct rig *)arg)->refuse_all;
}

static void set_up_on(struct rig *r, bool unix_socket, struct loop *loop)
{
	struct httpd_config config;

	r->loop = loop;
	log_open(&r->log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "test");
	config = (struct httpd_config){
		.loop = r->loop,
		.log = &r->log,
		.handler = on_request,
		.admit = on_admit,
		.arg = r,
	};
	r->httpd = httpd_new(&config);
	assert_non_null(r->httpd);
	snprintf(r->path, sizeof(r->path), "httpd-test-%d.sock", (int)getpid());
	r->listen_fd = unix_socket ? httpd_socket_unix(r->path, (gid_t)-1) : httpd_socket_tcp(NULL, 0);
	assert_true(r->listen_fd >= 0);
	assert_non_null(httpd_listen(r->httpd, r->listen_fd, 7));
}

static int set_up_tcp(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	set_up_on(r, false, loop_new());
	*state = r;
	return 0;
}

static int set_up_unix(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	set_up_on(r, true, loop_new());
	*state = r;
	return 0;
}

static int set_up_virtual(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	set_up_on(r, true, loop_new_virtual(1000));
	*state = r;
	return 0;
}

/* Who came first is told by a clock that moves between them. */
static int set_up_virtual_tcp(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	set_up_on(r, false, loop_new_virtual(1000));
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	httpd_free(r->httpd);
	loop_free(r->loop);
	unlink(r->path);
	free(r);
	return 0;
}

static int dial(struct rig *r)
{
	struct sockaddr_storage to = {0};
	socklen_t len = sizeof(to);
	int fd;

	assert_int_equal(getsockname(r->listen_fd, (struct sockaddr *)&to, &len), 0);
	if (to.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&to)->sin6_addr = in6addr_loopback;
	fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_true(connect(fd, (struct sockaddr *)&to, len) == 0 || errno == EINPROGRESS);
	return fd;
}

static void turn(struct rig *r, int times)
{
	while (times-- > 0)
		loop_once(r->loop, 5);
}

static void say(struct rig *r, int fd, const char *bytes, size_t len)
{
	for (int i = 0; len > 0 && i < PATIENCE; i++) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (n < 0 && errno != EAGAIN) {
			return;
		}
		turn(r, 1);
	}
}

/* Everything up to the end of the connection or to the text; false if neither came. */
static bool hear(struct rig *r, int fd, const char *until)
{
	r->text_len = 0;
	for (int i = 0; i < PATIENCE; i++) {
		ssize_t n = recv(fd, r->text + r->text_len, sizeof(r->text) - 1 - r->text_len, 0);
		if (n > 0)
			r->text_len += (size_t)n;
		r->text[r->text_len] = '\0';
		if (until && strstr(r->text, until))
			return true;
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return !until;
		if (n < 0)
			turn(r, 1);
	}
	return false;
}

static uint32_t status_of(struct rig *r, const char *request, size_t len)
{
	int fd = dial(r);
	uint32_t status = 0;

	say(r, fd, request, len);
	hear(r, fd, "\r\n\r\n");
	if (r->text_len > 12 && memcmp(r->text, "HTTP/1.1 ", 9) == 0)
		str_u32((struct str){r->text + 9, 3}, 100, 999, &status);
	close(fd);
	turn(r, 2);
	return status;
}

#define STATUS(r, text) status_of(r, text, strlen(text))

static void test_answers(void **state)
{
	struct rig *r = *state;

	assert_int_equal(STATUS(r, "GET /a?b=c HTTP/1.1\r\n" HEAD "\r\n"), 200);
	assert_string_equal(r->last, "GET /a?b=c");
	assert_non_null(strstr(r->text, "X-Test: yes"));
	assert_int_equal(STATUS(r, "GET http://other/x%20y HTTP/1.1\r\n" HEAD "\r\n"), 200);
	assert_string_equal(r->last, "GET /x%20y?");
	assert_int_equal(STATUS(r, "GET / HTTP/1.0\r\n\r\n"), 200);
}

static void test_head_refused(void **state)
{
	struct rig *r = *state;

	assert_int_equal(STATUS(r, "GET / HTTP/1.1\r\n\r\n"), 400);
	assert_int_equal(STATUS(r, "GET / HTTP/1.1\r\n" HEAD HEAD "\r\n"), 400);
	assert_int_equal(STATUS(r, "GET x HTTP/1.1\r\n" HEAD "\r\n"), 400);
	assert_int_equal(STATUS(r, "POST / HTTP/1.1\r\n" HEAD "Content-Length: 0\r\n"
		"Content-Length: 3\r\n\r\nabc"), 400);
	assert_int_equal(STATUS(r, "POST / HTTP/1.1\r\n" HEAD "Content-Length: 3\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
	assert_int_equal(STATUS(r, "POST / HTTP/1.1\r\n" HEAD
		"Transfer-Encoding: gzip\r\n\r\nabc"), 400);
	assert_int_equal(STATUS(r, "POST / HTTP/1.1\r\n" HEAD "Content-Length: -1\r\n\r\n"), 400);
	assert_int_equal(r->requests, 0);
}

/* The connection of a refused head ends: what follows is no request. */
static void test_no_smuggling(void **state)
{
	struct rig *r = *state;
	int fd = dial(r);
	const char *two = "POST /a HTTP/1.1\r\n" HEAD
		"Content-Length: 0\r\nContent-Length: 40\r\n\r\n"
		"GET /b HTTP/1.1\r\n" HEAD "\r\n";

	say(r, fd, two, strlen(two));
	assert_true(hear(r, fd, NULL));
	assert_int_equal(r->requests, 0);
	close(fd);
}

static void test_limits(void **state)
{
	struct rig *r = *state;
	static char big[70000];
	int len;

	memset(big, 'a', sizeof(big));
	len = snprintf(big, 100, "GET /");
	big[len] = 'a';
	memcpy(big + 1100, " HTTP/1.1\r\n" HEAD "\r\n", 27);
	assert_int_equal(status_of(r, big, 1100 + 27), 414);
	memset(big, 'a', sizeof(big));
	len = snprintf(big, 100, "GET / HTTP/1.1\r\n" HEAD "X: ");
	big[len] = 'a';
	memcpy(big + 20000, "\r\n\r\n", 4);
	assert_int_equal(status_of(r, big, 20004), 431);
	assert_int_equal(STATUS(r, "POST / HTTP/1.1\r\n" HEAD
		"Content-Length: 65537\r\n\r\n"), 413);
	assert_int_equal(r->requests, 0);
	memset(big, 'a', sizeof(big));
	len = snprintf(big, 100, "POST / HTTP/1.1\r\n" HEAD "Content-Length: 65536\r\n\r\n");
	big[len] = 'a';
	assert_int_equal(status_of(r, big, (size_t)len + 65536), 200);
	assert_int_equal(r->last_body, 65536);
}

static void test_chunked(void **state)
{
	struct rig *r = *state;
	int fd = dial(r);
	static char chunk[65537 + 16];
	const char *head = "POST /c HTTP/1.1\r\n" HEAD "Transfer-Encoding: chunked\r\n\r\n";

	assert_int_equal(STATUS(r, "POST / HTTP/1.1\r\n" HEAD "Transfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), 200);
	assert_int_equal(r->last_body, 5);
	say(r, fd, head, strlen(head));
	memset(chunk, 'a', sizeof(chunk));
	memcpy(chunk, "10001\r\n", 7);
	memcpy(chunk + 7 + 65537, "\r\n0\r\n\r\n", 7);
	say(r, fd, chunk, 7 + 65537 + 7);
	assert_true(hear(r, fd, "\r\n\r\n"));
	assert_non_null(strstr(r->text, " 413 "));
	assert_int_equal(r->requests, 1);
	close(fd);
}

/* NUL must not end a target early: "/a" and "/a\0b" are different requests. */
static void test_nul(void **state)
{
	struct rig *r = *state;
	static const char nul[] = "GET /a\0b HTTP/1.1\r\n" HEAD "\r\n";

	assert_int_not_equal(status_of(r, nul, sizeof(nul) - 1), 200);
	assert_int_equal(r->requests, 0);
}

static void test_keep_alive(void **state)
{
	struct rig *r = *state;
	const char *get = "GET /k HTTP/1.1\r\n" HEAD "\r\n";
	int fd = dial(r);

	for (int i = 0; i < 50; i++) {
		say(r, fd, get, strlen(get));
		assert_true(hear(r, fd, "hello"));
	}
	assert_int_equal(r->requests, 50);
	assert_int_equal(httpd_connections(r->httpd), 1);
	close(fd);
	turn(r, 3);
	assert_int_equal(httpd_connections(r->httpd), 0);
}

static void test_pipeline(void **state)
{
	struct rig *r = *state;
	const char *three = "GET /1 HTTP/1.1\r\n" HEAD "\r\nPOST /later HTTP/1.1\r\n" HEAD
		"Content-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\n" HEAD "\r\n";
	int fd = dial(r);

	say(r, fd, three, strlen(three));
	turn(r, 5);
	assert_int_equal(r->requests, 2);
	assert_int_equal(r->last_body, 3);
	answer_text(r->kept[0], "second");
	assert_true(hear(r, fd, "second"));
	turn(r, 3);
	assert_int_equal(r->requests, 3);
	assert_string_equal(r->last, "GET /3?");
	close(fd);
}

static void test_head_method(void **state)
{
	struct rig *r = *state;
	const char *head = "HEAD /h HTTP/1.1\r\n" HEAD "Connection: close\r\n\r\n";
	int fd = dial(r);

	say(r, fd, head, strlen(head));
	assert_true(hear(r, fd, NULL));
	assert_string_equal(r->last, "GET /h?");
	assert_non_null(strstr(r->text, "Content-Length: 5\r\n"));
	assert_null(strstr(r->text, "hello"));
	close(fd);
}

static void test_expect(void **state)
{
	struct rig *r = *state;
	const char *post = "POST / HTTP/1.1\r\n" HEAD
		"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
	int fd = dial(r);

	say(r, fd, post, strlen(post));
	assert_true(hear(r, fd, "100 Continue"));
	say(r, fd, "ab", 2);
	assert_true(hear(r, fd, "hello"));
	assert_int_equal(r->last_body, 2);
	close(fd);
}

/* Answers leave in the wake-up in which they are given, in any order of the requests. */
static void test_later(void **state)
{
	struct rig *r = *state;
	const char *get = "GET /later HTTP/1.1\r\n" HEAD "\r\n";
	int fd[3];

	for (int i = 0; i < 3; i++) {
		fd[i] = dial(r);
		say(r, fd[i], get, strlen(get));
		turn(r, 2);
	}
	assert_int_equal(r->kept_count, 3);
	answer_text(r->kept[2], "two");
	turn(r, 1);
	assert_true(recv(fd[2], r->text, sizeof(r->text), 0) > 0);
	assert_true(recv(fd[0], r->text, sizeof(r->text), 0) < 0);
	answer_text(r->kept[0], "zero");
	assert_true(hear(r, fd[0], "zero"));
	assert_int_equal(r->gone, 0);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	turn(r, 3);
	httpd_free(r->httpd);
	r->httpd = NULL;
	assert_int_equal(r->gone, 1);
}

/* Clients that stop in the middle of anything cost others nothing. */
static void test_slow_clients(void **state)
{
	struct rig *r = *state;
	const char *part = "POST / HTTP/1.1\r\n" HEAD "Content-Length: 10\r\n\r\nab";
	const char *big = "GET /big HTTP/1.1\r\n" HEAD "\r\n";
	int slow[10];

	for (int i = 0; i < 10; i++) {
		const char *text = i % 2 ? big : part;
		slow[i] = dial(r);
		say(r, slow[i], text, strlen(text) - (i % 2 ? 0 : (size_t)i * 2));
	}
	turn(r, 10);
	assert_int_equal(STATUS(r, "GET /quick HTTP/1.1\r\n" HEAD "\r\n"), 200);
	for (int i = 0; i < 10; i++)
		close(slow[i]);
}

/* What a source keeps open and does not use makes room for what it asks now. */
static void test_per_source(void **state)
{
	struct rig *r = *state;
	int fd[HTTPD_PER_SOURCE_MAX + 4];

	for (int i = 0; i < HTTPD_PER_SOURCE_MAX + 4; i++) {
		fd[i] = dial(r);
		turn(r, 1);
		loop_advance(r->loop, 1);
	}
	turn(r, 10);
	assert_int_equal(httpd_connections(r->httpd), HTTPD_PER_SOURCE_MAX);
	assert_true(hear(r, fd[3], NULL));
	assert_false(hear(r, fd[4], NULL));
	assert_int_equal(STATUS(r, "GET / HTTP/1.1\r\n" HEAD "\r\n"), 200);
	for (int i = 0; i < HTTPD_PER_SOURCE_MAX + 4; i++)
		close(fd[i]);
}

/* Those that wait for us do not. */
static void test_per_source_waiting(void **state)
{
	struct rig *r = *state;
	const char *later = "GET /later HTTP/1.1\r\n" HEAD "\r\n";
	int fd[HTTPD_PER_SOURCE_MAX + 1];

	for (int i = 0; i < HTTPD_PER_SOURCE_MAX; i++) {
		fd[i] = dial(r);
		say(r, fd[i], later, strlen(later));
	}
	turn(r, 10);
	fd[HTTPD_PER_SOURCE_MAX] = dial(r);
	turn(r, 10);
	assert_int_equal(httpd_connections(r->httpd), HTTPD_PER_SOURCE_MAX);
	assert_true(hear(r, fd[HTTPD_PER_SOURCE_MAX], NULL));
	for (int i = 0; i < HTTPD_PER_SOURCE_MAX + 1; i++)
		close(fd[i]);
}

/* Full of silent connections, a newcomer is served all the same. */
static void test_total(void **state)
{
	struct rig *r = *state;
	int fd[HTTPD_CONNECTIONS_MAX + 8];

	for (int i = 0; i < HTTPD_CONNECTIONS_MAX + 8; i++) {
		fd[i] = dial(r);
		turn(r, 1);
	}
	assert_true(httpd_connections(r->httpd) <= HTTPD_CONNECTIONS_MAX);
	assert_int_equal(STATUS(r, "GET / HTTP/1.1\r\n" HEAD "\r\n"), 200);
	assert_true(hear(r, fd[0], NULL));
	for (int i = 0; i < HTTPD_CONNECTIONS_MAX + 8; i++)
		close(fd[i]);
}

static void test_admit(void **state)
{
	struct rig *r = *state;

	r->refuse_all = true;
	assert_int_equal(STATUS(r, "GET / HTTP/1.1\r\n" HEAD "\r\n"), 0);
	assert_int_equal(r->requests, 0);
	assert_int_equal(httpd_connections(r->httpd), 0);
}

static void test_idle(void **state)
{
	struct rig *r = *state;
	const char *later = "GET /later HTTP/1.1\r\n" HEAD "\r\n";
	int silent = dial(r), dripping = dial(r), waiting = dial(r);

	say(r, waiting, later, strlen(later));
	for (int i = 0; i < 36; i++) {
		say(r, dripping, "G", 1);
		loop_advance(r->loop, 1000);
		turn(r, 1);
	}
	assert_true(hear(r, silent, NULL));
	assert_true(hear(r, dripping, NULL));
	assert_int_equal(httpd_connections(r->httpd), 1);
	answer_text(r->kept[0], "at last");
	assert_true(hear(r, waiting, "at last"));
	close(silent);
	close(dripping);
	close(waiting);
}

static void test_stream(void **state)
{
	struct rig *r = *state;
	const char *get = "GET /stream HTTP/1.1\r\n" HEAD "\r\n";
	int fd = dial(r);

	say(r, fd, get, strlen(get));
	turn(r, 3);
	assert_non_null(r->stream);
	assert_int_equal(httpd_stream_push(r->stream, STR("one\n")), 0);
	assert_int_equal(httpd_stream_push(r->stream, STR("two\n")), 0);
	assert_true(hear(r, fd, "one\ntwo\n"));
	assert_non_null(strstr(r->text, "Transfer-Encoding: chunked"));
	loop_advance(r->loop, 21000);
	assert_true(hear(r, fd, "beat\n"));
	loop_advance(r->loop, 60000);
	assert_true(hear(r, fd, "beat\n"));
	httpd_stream_push(r->stream, STR("three\n"));
	httpd_stream_close(r->stream);
	assert_true(hear(r, fd, "\r\n0\r\n\r\n"));
	assert_non_null(strstr(r->text, "three\n"));
	assert_int_equal(r->gone, 0);
	close(fd);
}

static void test_stream_left(void **state)
{
	struct rig *r = *state;
	const char *get = "GET /stream HTTP/1.1\r\n" HEAD "\r\n";
	int fd = dial(r);

	say(r, fd, get, strlen(get));
	turn(r, 3);
	close(fd);
	loop_advance(r->loop, 6000);	/* long before the next beat */
	turn(r, 3);
	assert_int_equal(r->gone, 1);
	assert_int_equal(httpd_connections(r->httpd), 0);
}

/* A reader that stalls is cut when it is too far behind, and others are served meanwhile. */
static void test_stream_stalled(void **state)
{
	struct rig *r = *state;
	const char *get = "GET /stream HTTP/1.1\r\n" HEAD "\r\n";
	static const char line[4096] = "line";
	int fd = dial(r), pushed = 0;

	say(r, fd, get, strlen(get));
	turn(r, 3);
	while (httpd_stream_push(r->stream, (struct str){line, sizeof(line)}) == 0) {
		turn(r, 1);
		assert_true(++pushed < 2000);
	}
	assert_true(pushed > 100);
	assert_int_equal(STATUS(r, "GET / HTTP/1.1\r\n" HEAD "\r\n"), 200);
	turn(r, 3);
	assert_int_equal(r->gone, 1);
	assert_int_equal(httpd_connections(r->httpd), 0);
	close(fd);
}

static void test_stream_stuck(void **state)
{
	struct rig *r = *state;
	const char *get = "GET /stream HTTP/1.1\r\n" HEAD "\r\n";
	static const char line[4096] = "line";
	int fd = dial(r);

	say(r, fd, get, strlen(get));
	turn(r, 3);
	for (int i = 0; i < 150; i++) {
		httpd_stream_push(r->stream, (struct str){line, sizeof(line)});
		turn(r, 1);
	}
	assert_int_equal(r->gone, 0);
	loop_advance(r->loop, 36000);
	turn(r, 3);
	assert_int_equal(r->gone, 1);
	close(fd);
}

static void test_unix_socket(void **state)
{
	struct rig *r = *state;
	struct stat st;

	assert_int_equal(stat(r->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(httpd_socket_unix(r->path, (gid_t)-1), ERR_EXISTS);
	assert_int_equal(STATUS(r, "GET / HTTP/1.1\r\n" HEAD "\r\n"), 200);
	/* Left behind by a daemon that was killed. */
	httpd_free(r->httpd);
	r->httpd = NULL;
	r->listen_fd = httpd_socket_unix(r->path, (gid_t)-1);
	assert_true(r->listen_fd >= 0);
	close(r->listen_fd);
}

static void test_bound_to_interface(void **state)
{
	struct rig *r = *state;

	assert_int_equal(httpd_socket_tcp("no-such-if", 0), ERR_NOT_FOUND);
	r->listen_fd = httpd_socket_tcp("lo", 0);
	assert_true(r->listen_fd >= 0);
	assert_non_null(httpd_listen(r->httpd, r->listen_fd, 7));
	assert_int_equal(STATUS(r, "GET / HTTP/1.1\r\n" HEAD "\r\n"), 200);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Connections that wait, for their client or for us, do not keep the loop awake. */
static void test_sleeps(void **state)
{
	struct rig *r = *state;
	static const char *const says[] = {"", "GET / HTTP/1.1\r\n" HEAD "\r\n", "GET / HT",
		"POST / HTTP/1.1\r\n" HEAD "Content-Length: 9\r\n\r\nab",
		"GET /later HTTP/1.1\r\n" HEAD "\r\n", "GET /stream HTTP/1.1\r\n" HEAD "\r\n",
		"GET /big HTTP/1.1\r\n" HEAD "\r\n"};
	int fd[7];
	double start;

	for (int i = 0; i < 7; i++) {
		fd[i] = dial(r);
		say(r, fd[i], says[i], strlen(says[i]));
	}
	turn(r, 20);
	start = now_s();
	for (int i = 0; i < 5; i++)
		loop_once(r->loop, 40);
	assert_true(now_s() - start > 0.19);
	assert_int_equal(httpd_connections(r->httpd), 7);
	for (int i = 0; i < 7; i++)
		close(fd[i]);
}

/* Not a bound but a guard against a lost wake-up: with one each request would take 5 ms. */
static void test_speed(void **state)
{
	struct rig *r = *state;
	const char *get = "POST /later HTTP/1.1\r\n" HEAD "Content-Length: 3\r\n\r\nabc";
	int fd = dial(r), n = 2000;
	double s;

	turn(r, 2);
	s = now_s();
	for (int i = 0; i < n; i++) {
		assert_true(send(fd, get, strlen(get), 0) > 0);
		while (r->kept_count == 0)
			loop_once(r->loop, 5);
		answer_text(r->kept[0], "ok");
		r->kept_count = 0;
		loop_once(r->loop, 5);
		while (recv(fd, r->text, sizeof(r->text), 0) < 0)
			loop_once(r->loop, 5);
	}
	s = now_s() - s;
	print_message("%.0f suspended requests/s on one connection\n", n / s);
	assert_true(s < 4);
	close(fd);
}

#define TCP(f) cmocka_unit_test_setup_teardown(f, set_up_tcp, tear_down)
#define UNIX(f) cmocka_unit_test_setup_teardown(f, set_up_unix, tear_down)
#define VIRTUAL(f) cmocka_unit_test_setup_teardown(f, set_up_virtual, tear_down)
#define VIRTUAL_TCP(f) cmocka_unit_test_setup_teardown(f, set_up_virtual_tcp, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TCP(test_answers), UNIX(test_answers), TCP(test_head_refused),
		TCP(test_no_smuggling),
		TCP(test_limits), UNIX(test_limits), TCP(test_chunked), TCP(test_nul),
		TCP(test_keep_alive), UNIX(test_keep_alive), TCP(test_pipeline),
		TCP(test_head_method),
		TCP(test_expect), TCP(test_later), TCP(test_slow_clients),
		VIRTUAL_TCP(test_per_source), TCP(test_per_source_waiting),
		UNIX(test_total), TCP(test_admit), VIRTUAL(test_idle), VIRTUAL(test_stream),
		VIRTUAL(test_stream_left), VIRTUAL(test_stream_stalled), VIRTUAL(test_stream_stuck),
		UNIX(test_unix_socket), TCP(test_bound_to_interface), TCP(test_sleeps),
		TCP(test_speed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
