/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of httpd: what a head must be before anybody sees the request. */
#ifndef GATEWAY_HTTPD_HEAD_H
#define GATEWAY_HTTPD_HEAD_H

#include "gateway/httpd_conn.h"

/* Fills path, query and host of conn->req. 0, or the status to refuse the request with. */
unsigned httpd_head_check(struct httpd_conn *conn, const char *version);
/* A NUL ends the target early for us and not for others. libmicrohttpd before 1.0 does not mind
 * it, but keeps target and version in place, so more than one byte between them shows it. */
bool httpd_head_has_nul(const struct httpd_conn *conn, const char *url, const char *version);

#endif
