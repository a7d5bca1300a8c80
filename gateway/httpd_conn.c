/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection of httpd: suspended, resumed, answered, cut; see httpd_conn.h. */
#include "gateway/httpd_conn.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

void httpd_conn_wake(struct httpd *httpd)
{
	if (httpd->dirty || httpd->stopped)
		return;
	httpd->dirty = true;
	loop_timer_set(httpd->config.loop, &httpd->again, loop_now_ms(httpd->config.loop));
}

void httpd_conn_suspend(struct httpd_conn *conn)
{
	MHD_suspend_connection(conn->mhd);
	conn->suspended = true;
}

void httpd_conn_resume(struct httpd_conn *conn)
{
	if (!conn->suspended)
		return;
	conn->suspended = false;
	MHD_resume_connection(conn->mhd);
	httpd_conn_wake(conn->httpd);
}

/* TLS says good-bye in bytes of its own, which nobody reads while the connection sleeps. */
static bool has_shut_down(const struct httpd_conn *conn)
{
	struct pollfd p = {.fd = conn->peer.fd, .events = POLLRDHUP};

	return poll(&p, 1, 0) == 1;
}

bool httpd_conn_left(const struct httpd_conn *conn)
{
	char byte;
	ssize_t n;

	if (conn->suspended && conn->httpd->config.tls_certificate && has_shut_down(conn))
		return true;
	n = recv(conn->peer.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

void httpd_conn_cut(struct httpd_conn *conn)
{
	conn->cut = true;
	shutdown(conn->peer.fd, SHUT_RDWR);
	httpd_conn_resume(conn);
	httpd_conn_wake(conn->httpd);
}

static void add_fields(const struct httpd_config *config, struct MHD_Response *response)
{
	for (size_t i = 0; i < config->field_count; i++) {
		const struct httpd_field *f = &config->fields[i];
		if (!MHD_get_response_header(response, f->name))
			MHD_add_response_header(response, f->name, f->value);
	}
}

void httpd_conn_deliver(struct httpd_conn *conn, unsigned status, struct MHD_Response *response)
{
	if (response)
		add_fields(&conn->httpd->config, response);
	conn->phase = HTTPD_PHASE_ANSWERED;
	conn->since_ms = loop_now_ms(conn->httpd->config.loop);
	conn->status = status;
	conn->response = response;
	if (response)
		httpd_conn_resume(conn);
	else
		httpd_conn_cut(conn);
}

void httpd_conn_gone(struct httpd_conn *conn)
{
	void (*gone)(void *arg) = conn->req.gone;

	conn->req.gone = NULL;
	if (gone)
		gone(conn->req.arg);
}

size_t httpd_conn_body_max(const struct httpd_conn *conn)
{
	size_t max = conn->httpd->config.body_max;

	return max ? max : HTTPD_BODY_MAX;
}
