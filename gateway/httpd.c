/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections and requests; see httpd.h. What libmicrohttpd leaves to its user is done here: the
 * limits on connections, sources, time and bodies.
 */
#include "gateway/httpd.h"

#include "gateway/httpd_conn.h"
#include "gateway/httpd_head.h"
#include "gateway/httpd_socket.h"
#include "gateway/httpd_stream.h"
#include "protocols/err.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_AT_ONCE 16
#define ROUNDS_AT_ONCE 8	/* of MHD_run, before others have their turn */
#define ENDS_MS 20		/* after a wake-up, ends it did not see are looked for */
#define SWEEP_MS 5000
#define BODY_KEPT 4096		/* a larger buffer is given back after its request */
/* RFC 9325 section 3.1: TLS 1.2 and 1.3. */
#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
/* A body of unknown length is read and forgotten up to so often the limit, to say 413 in an orderly
 * way. */
#define BODY_SWALLOWED 16

struct httpd_listener {
	struct httpd *httpd;
	struct httpd_listener *next;
	struct loop_fd *lfd;
	int fd;
	int ifindex;
	bool paused;	/* no descriptors were left */
};

/* ---- answers ---- */

static enum MHD_ResponseMemoryMode mode_of(const struct httpd_answer *a)
{
	if (a->body_len == 0 || a->body_lasts)
		return MHD_RESPMEM_PERSISTENT;
	return a->body_given ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_MUST_COPY;
}

static struct MHD_Response *make_response(const struct httpd_answer *a)
{
	/* libmicrohttpd takes what it only reads as void *. */
	void *body = a->body_len ? (void *)(uintptr_t)a->body : (void *)(uintptr_t)"";
	struct MHD_Response *r = MHD_create_response_from_buffer(a->body_len, body, mode_of(a));

	if (a->body_given && (!r || a->body_len == 0))
		free((void *)(uintptr_t)a->body);
	if (!r)
		return NULL;
	if (a->type)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
	for (size_t i = 0; i < a->field_count; i++)
		MHD_add_response_header(r, a->fields[i].name, a->fields[i].value);
	return r;
}

void httpd_answer(struct httpd_request *req, const struct httpd_answer *answer)
{
	req->gone = NULL;
	httpd_conn_deliver((struct httpd_conn *)req, answer->status, make_response(answer));
}

/* After a head that was refused nobody knows where the next request begins. */
static void refuse(struct httpd_conn *conn, unsigned status)
{
	const struct httpd_field close_field = {MHD_HTTP_HEADER_CONNECTION, "close"};
	const struct httpd_answer answer = {
		.status = status,
		.fields = &close_field,
		.field_count = 1,
	};
	httpd_answer(&conn->req, &answer);
}

static enum MHD_Result queue(struct httpd_conn *conn)
{
	struct MHD_Response *response = conn->response;
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	conn->response = NULL;
	result = MHD_queue_response(conn->mhd, conn->status, response);
	MHD_destroy_response(response);
	return result;
}

/* ---- requests ---- */

static void *on_target(void *arg, const char *target, struct MHD_Connection *mhd)
{
	struct httpd_conn *conn = MHD_get_connection_info(mhd,
		MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	struct str text = str_from(target ? target : "");

	(void)arg;
	conn->phase = HTTPD_PHASE_HEAD;
	conn->too_long = text.len > HTTPD_TARGET_MAX;
	if (conn->too_long)
		text.len = 0;
	memcpy(conn->target, text.p, text.len);
	conn->target[text.len] = '\0';
	return conn;
}

static bool keep_body(struct httpd_conn *conn, const char *bytes, size_t len)
{
	size_t used = conn->req.body.len, max = httpd_conn_body_max(conn);

	if (len > BODY_SWALLOWED * max - used)
		return false;
	conn->req.body.len = used + len;
	if (conn->req.body.len > max) {
		conn->too_big = true;
		return true;
	}
	if (conn->req.body.len > conn->body_size) {
		char *body = realloc(conn->body, conn->req.body.len);
		if (!body)
			return false;
		conn->body = body;
		conn->body_size = conn->req.body.len;
	}
	memcpy(conn->body + used, bytes, len);
	conn->req.body.p = conn->body;
	return true;
}

static enum MHD_Result begin(struct httpd_conn *conn, const char *method, const char *version)
{
	unsigned status = httpd_head_check(conn, version);

	if (status) {
		refuse(conn, status);
		return queue(conn);
	}
	conn->req.method = str_from(strcmp(method, "HEAD") == 0 ? "GET" : method);
	conn->phase = HTTPD_PHASE_BODY;
	return MHD_YES;
}

static enum MHD_Result hand_over(struct httpd_conn *conn)
{
	struct httpd *httpd = conn->httpd;

	conn->phase = HTTPD_PHASE_HANDED;
	if (conn->too_big) {
		refuse(conn, MHD_HTTP_CONTENT_TOO_LARGE);
		return queue(conn);
	}
	httpd->asked = true;
	httpd->config.handler(httpd->config.arg, &conn->req);
	if (conn->phase == HTTPD_PHASE_ANSWERED)
		return queue(conn);
	httpd_conn_suspend(conn);
	return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *bytes, size_t *len, void **context)
{
	struct httpd_conn *conn = *context;

	(void)arg;
	(void)mhd;
	if (conn->phase == HTTPD_PHASE_HEAD && httpd_head_has_nul(conn, url, version))
		return MHD_NO;
	if (conn->phase == HTTPD_PHASE_HEAD)
		return begin(conn, method, version);
	if (conn->phase == HTTPD_PHASE_ANSWERED)
		return queue(conn);
	if (*len == 0)
		return hand_over(conn);
	if (!keep_body(conn, bytes, *len))
		return MHD_NO;
	*len = 0;
	return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *mhd, void **context,
	enum MHD_RequestTerminationCode why)
{
	struct httpd_conn *conn = *context;

	(void)arg;
	(void)mhd;
	(void)why;
	if (!conn)
		return;
	httpd_stream_end(conn);
	if (conn->phase == HTTPD_PHASE_HANDED)
		httpd_conn_gone(conn);
	if (conn->response)
		MHD_destroy_response(conn->response);
	conn->response = NULL;
	if (conn->body_size > BODY_KEPT) {
		free(conn->body);
		conn->body = NULL;
		conn->body_size = 0;
	}
	conn->req = (struct httpd_request){.peer = &conn->peer};
	conn->too_big = false;
	conn->phase = HTTPD_PHASE_IDLE;
	conn->since_ms = loop_now_ms(conn->httpd->config.loop);
}

/* ---- connections ---- */

static void forget(struct httpd_conn *conn)
{
	struct httpd *httpd = conn->httpd;
	struct httpd_conn *last = httpd->conns[--httpd->conn_count];

	httpd->conns[conn->place] = last;
	last->place = conn->place;
	free(conn->body);
	free(conn);
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
	enum MHD_ConnectionNotificationCode what)
{
	struct httpd *httpd = arg;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		forget(*context);
		return;
	}
	*context = httpd->adding;
	httpd->adding->mhd = mhd;
	httpd->adding = NULL;
}

static bool is_same_source(const struct httpd_peer *a, const struct httpd_peer *b)
{
	return addr_eq(&a->client.addr, &b->client.addr);
}

static size_t count_source(const struct httpd *httpd, const struct httpd_peer *peer)
{
	size_t n = 0;

	for (size_t i = 0; i < httpd->conn_count; i++)
		n += !httpd->conns[i]->cut && is_same_source(&httpd->conns[i]->peer, peer);
	return n;
}

static bool waits_for_client(const struct httpd_conn *conn)
{
	return conn->phase != HTTPD_PHASE_HANDED && !conn->stream;
}

static void run_rounds(struct httpd *httpd)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;
	bool more = true;

	httpd->dirty = false;
	loop_timer_stop(httpd->config.loop, &httpd->again);
	for (int i = 0; more && i < ROUNDS_AT_ONCE; i++) {
		httpd->dirty = false;
		MHD_run(httpd->mhd);
		/* No timeouts are asked of it: yes means that it can go on at once. */
		more = httpd->dirty || MHD_get_timeout(httpd->mhd, &wait_ms) == MHD_YES;
	}
	httpd->dirty = false;
	if (more)
		httpd_conn_wake(httpd);
	if (httpd->ends.slot == 0 && httpd->conn_count > 0)
		loop_timer_set(httpd->config.loop, &httpd->ends,
			loop_now_ms(httpd->config.loop) + ENDS_MS);
}

/* libmicrohttpd misses the end of a request that is cut short when it came with the last bytes. */
static bool has_left(const struct httpd_conn *conn)
{
	return waits_for_client(conn) && conn->phase != HTTPD_PHASE_ANSWERED &&
	       httpd_conn_left(conn);
}

static void on_ends(void *arg)
{
	struct httpd *httpd = arg;
	bool any = false;

	for (size_t i = 0; i < httpd->conn_count; i++) {
		if (!has_left(httpd->conns[i]))
			continue;
		httpd_conn_cut(httpd->conns[i]);
		any = true;
	}
	if (any)
		run_rounds(httpd);
}

/* The connection that has been waiting for its client longest makes room for the newcomer: of the
 * same source, who may come back before the end of what he left is seen; or of anybody (NULL), as
 * somebody with many addresses could hold them all. */
static bool make_room(struct httpd *httpd, const struct httpd_peer *of)
{
	struct httpd_conn *oldest = NULL;

	for (size_t i = 0; i < httpd->conn_count; i++) {
		struct httpd_conn *conn = httpd->conns[i];
		if (waits_for_client(conn) && !conn->cut &&
		    (!of || is_same_source(&conn->peer, of)) &&
		    (!oldest || conn->since_ms < oldest->since_ms))
			oldest = conn;
	}
	if (!oldest)
		return false;
	httpd_conn_cut(oldest);
	run_rounds(httpd);
	return true;	/* TLS may take a while to say good-bye */
}

static bool admitted(struct httpd *httpd, const struct httpd_peer *peer)
{
	if (httpd->config.admit && !httpd->config.admit(httpd->config.arg, peer))
		return false;
	if (!peer->is_unix && count_source(httpd, peer) >= HTTPD_PER_SOURCE_MAX &&
	    !make_room(httpd, peer))
		return false;
	if (httpd->conn_count >= HTTPD_CONNECTIONS_MAX)
		make_room(httpd, NULL);
	return httpd->conn_count < HTTPD_CONNECTIONS_MAX;
}

static void add(struct httpd *httpd, const struct httpd_peer *peer)
{
	struct sockaddr_in6 name = {.sin6_family = AF_INET6};
	struct httpd_conn *conn = calloc(1, sizeof(*conn));

	if (!conn) {
		close(peer->fd);
		return;
	}
	conn->httpd = httpd;
	conn->peer = *peer;
	conn->peer.tls = httpd->config.tls_certificate != NULL;
	conn->req.peer = &conn->peer;
	conn->since_ms = loop_now_ms(httpd->config.loop);
	conn->place = httpd->conn_count;
	httpd->conns[httpd->conn_count++] = conn;
	httpd->adding = conn;
	memcpy(&name.sin6_addr, peer->client.addr.b, sizeof(name.sin6_addr));
	/* Closes the descriptor when it fails. */
	MHD_add_connection(httpd->mhd, peer->fd, (struct sockaddr *)&name, sizeof(name));
	if (httpd->adding) {
		httpd->adding = NULL;
		forget(conn);
	}
	httpd_conn_wake(httpd);
	if (httpd->sweep.due_ms == LOOP_NEVER)
		loop_timer_set(httpd->config.loop, &httpd->sweep,
			loop_now_ms(httpd->config.loop) + SWEEP_MS);
}

static void pause_listener(struct httpd_listener *l, bool paused)
{
	l->paused = paused;
	loop_fd_set(l->httpd->config.loop, l->lfd, paused ? 0 : EPOLLIN);
}

static void on_listener(void *arg, uint32_t events)
{
	struct httpd_listener *l = arg;
	struct httpd *httpd = l->httpd;
	struct httpd_peer peer;

	(void)events;
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int fd = httpd_socket_accept(l->fd, &peer);
		if (fd == ERR_AGAIN)
			return;
		if (fd == ERR_FULL) {
			log_warning(httpd->config.log, "http: no descriptor for a connection");
			pause_listener(l, true);
			loop_timer_set(httpd->config.loop, &httpd->sweep,
				loop_now_ms(httpd->config.loop) + SWEEP_MS);
			return;
		}
		if (fd < 0)
			continue;
		peer.ifindex = l->ifindex;
		if (admitted(httpd, &peer))
			add(httpd, &peer);
		else
			close(fd);
	}
}

struct httpd_listener *httpd_listen(struct httpd *httpd, int fd, int ifindex)
{
	struct httpd_listener *l = calloc(1, sizeof(*l));

	if (l)
		l->lfd = loop_fd_add(httpd->config.loop, fd, EPOLLIN, on_listener, l);
	if (!l || !l->lfd) {
		close(fd);
		free(l);
		return NULL;
	}
	l->httpd = httpd;
	l->fd = fd;
	l->ifindex = ifindex;
	l->next = httpd->listeners;
	httpd->listeners = l;
	return l;
}

void httpd_unlisten(struct httpd_listener *listener)
{
	struct httpd_listener **at;

	if (!listener)
		return;
	for (at = &listener->httpd->listeners; *at != listener; at = &(*at)->next)
		;
	*at = listener->next;
	loop_fd_remove(listener->httpd->config.loop, listener->lfd);
	close(listener->fd);
	free(listener);
}

/* ---- the loop ---- */

static bool is_late(const struct httpd_conn *conn, uint64_t now)
{
	return waits_for_client(conn) && now - conn->since_ms >= HTTPD_IDLE_MS;
}

static void on_sweep(void *arg)
{
	struct httpd *httpd = arg;
	uint64_t now = loop_now_ms(httpd->config.loop);

	for (size_t i = 0; i < httpd->conn_count; i++) {
		struct httpd_conn *conn = httpd->conns[i];
		if (conn->stream)
			httpd_stream_sweep(conn->stream, now);
		else if (is_late(conn, now))
			httpd_conn_cut(conn);
	}
	for (struct httpd_listener *l = httpd->listeners; l; l = l->next)
		if (l->paused)
			pause_listener(l, false);
	if (httpd->conn_count)
		loop_timer_set(httpd->config.loop, &httpd->sweep, now + SWEEP_MS);
}

/* Before the hooks, so that a core that works in its hook sees the requests in this wake-up. */
static void on_ready(void *arg, uint32_t events)
{
	(void)events;
	run_rounds(arg);
}

static void on_again(void *arg)
{
	(void)arg;	/* due only so that the loop does not sleep: on_hook does the work */
}

/* Sends the answers of this wake-up. A request that is read here came too late for the hooks
 * before this one: they have their turn at once. */
static void on_hook(void *arg)
{
	struct httpd *httpd = arg;

	if (!httpd->dirty)
		return;
	httpd->asked = false;
	run_rounds(httpd);
	if (httpd->asked)
		httpd_conn_wake(httpd);
}

static void __attribute__((format(printf, 2, 0))) on_log(void *arg, const char *format,
	va_list args)
{
	struct httpd *httpd = arg;
	char text[256];

	if (vsnprintf(text, sizeof(text), format, args) > 0)
		log_debug(httpd->config.log, "http: %s", text);
}

bool httpd_has_tls(void)
{
	return MHD_is_feature_supported(MHD_FEATURE_TLS) == MHD_YES;
}

static struct MHD_Daemon *start(struct httpd *httpd)
{
	unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
		MHD_USE_ERROR_LOG | (httpd->config.tls_certificate ? MHD_USE_TLS : 0);
	const size_t skipped = httpd->config.tls_certificate ? 0 : 3;
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)httpd->config.tls_key},
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)httpd->config.tls_certificate},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
		{MHD_OPTION_END, 0, NULL},
	};

	/* One connection more than we keep: the one that makes room is still being closed. */
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, httpd,
		MHD_OPTION_EXTERNAL_LOGGER, on_log, httpd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTPD_CONNECTIONS_MAX + 1,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTPD_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, 0u,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, httpd,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, httpd,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, httpd,
		MHD_OPTION_ARRAY, tls + skipped,
		MHD_OPTION_END);
}

struct httpd *httpd_new(const struct httpd_config *config)
{
	struct httpd *httpd = calloc(1, sizeof(*httpd));

	if (!httpd)
		return NULL;
	httpd->config = *config;
	httpd->again = (struct loop_timer){.fn = on_again, .arg = httpd, .due_ms = LOOP_NEVER};
	httpd->ends = (struct loop_timer){.fn = on_ends, .arg = httpd, .due_ms = LOOP_NEVER};
	httpd->sweep = (struct loop_timer){.fn = on_sweep, .arg = httpd, .due_ms = LOOP_NEVER};
	httpd->mhd = start(httpd);
	if (httpd->mhd)
		httpd->mhd_fd = loop_fd_add(config->loop,
			MHD_get_daemon_info(httpd->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
			EPOLLIN, on_ready, httpd);
	if (!httpd->mhd_fd || loop_hook_add(config->loop, on_hook, httpd) != 0) {
		httpd_free(httpd);
		return NULL;
	}
	return httpd;
}

size_t httpd_connections(const struct httpd *httpd)
{
	return httpd->conn_count;
}

void httpd_free(struct httpd *httpd)
{
	if (!httpd)
		return;
	httpd->stopped = true;
	loop_hook_remove(httpd->config.loop, on_hook, httpd);
	while (httpd->listeners)
		httpd_unlisten(httpd->listeners);
	for (size_t i = 0; i < httpd->conn_count; i++)
		httpd_conn_cut(httpd->conns[i]);
	loop_fd_remove(httpd->config.loop, httpd->mhd_fd);
	if (httpd->mhd)
		MHD_stop_daemon(httpd->mhd);
	loop_timer_stop(httpd->config.loop, &httpd->again);
	loop_timer_stop(httpd->config.loop, &httpd->ends);
	loop_timer_stop(httpd->config.loop, &httpd->sweep);
	free(httpd);
}
