/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of httpd: what httpd.c does with streams; who uses streams finds them in httpd.h. */
#ifndef GATEWAY_HTTPD_STREAM_H
#define GATEWAY_HTTPD_STREAM_H

#include "gateway/httpd_conn.h"

/* Once every few seconds: says something, or cuts a reader that takes nothing. */
void httpd_stream_sweep(struct httpd_stream *stream, uint64_t now_ms);
/* The connection ended. */
void httpd_stream_end(struct httpd_conn *conn);

#endif
