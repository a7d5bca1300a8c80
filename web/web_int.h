/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the owner's server: for web/web*.c only. */
#ifndef WEB_WEB_INT_H
#define WEB_WEB_INT_H

#include "gateway/bucket.h"
#include "gateway/httpd.h"
#include "gateway/tls.h"
#include "web/metrics.h"
#include "web/web.h"

#define WEB_URL_MAX 64
#define WEB_HANDED 0	/* for the ifindex of a listener that was handed over */

struct web_listener {
	struct httpd_listener *listener;	/* NULL: none */
	int ifindex;
};

/* The last place of each list is loopback. */
#define WEB_LISTENERS (CONF_LANS_MAX + 1)
struct web_front {
	struct httpd *httpd;			/* NULL: this front is not open */
	uint16_t port;
	struct web_listener at[WEB_LISTENERS];
};

struct web {
	struct web_config config;
	struct web_front tls;
	struct web_front plain;
	struct bucket *newcomers;		/* handshakes are dear */
	struct metrics *metrics;
	int loopback;				/* its ifindex */
	struct tls_cert cert;
	char url[WEB_URL_MAX];			/* where the owner finds us; "": nowhere yet */
	struct loop_timer check;		/* of the certificate */
};

/* web_serve.c */
httpd_fn web_serve_request;
/* Whether addr is one of ours on a LAN that is not for guests. */
bool web_serve_is_own(void *web, const struct addr *addr);

/* Whether somebody of this machine asks, by loopback or by a socket that was handed over. */
bool web_serve_is_local(const struct web *web, const struct httpd_peer *peer);

/* A number for the host that somebody is. What is counted by it is never shared with another host
 * that is known by its MAC, so that nobody can use up the owner's tries. */
uint64_t web_serve_source(const struct web *web, const struct httpd_peer *peer);

/* web_explain.c: the one page in the clear */
void web_explain_answer(const struct web *web, struct httpd_request *req);
/* "https://192.168.1.1:8443/" */
void web_explain_url(const struct web *web, const struct addr *at, char out[WEB_URL_MAX]);

#endif
