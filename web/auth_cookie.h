/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The session's cookie (RFC 6265): over TLS under a name browsers hold to Secure, Path=/ and this
 * very host (draft-ietf-httpbis-rfc6265bis section 4.1.3.2); in the clear, which is for loopback,
 * another web server, or who chose so, without. It never goes along with what another site asks.
 */
#ifndef WEB_AUTH_COOKIE_H
#define WEB_AUTH_COOKIE_H

#include "gateway/httpd.h"

#define AUTH_COOKIE_TLS "__Host-postern"
#define AUTH_COOKIE_PLAIN "postern"
#define AUTH_COOKIE_TEXT_MAX 160	/* of a Set-Cookie */

/* Whether the browser speaks TLS with us, or with the web server in front of us. */
bool auth_cookie_is_secure(const struct httpd_request *req);
/* ERR_NOT_FOUND; ERR_EXISTS: more than one. */
int auth_cookie_find(const struct httpd_request *req, struct str *out);
/* Set-Cookie's value; value "": it goes. lasts_s 0: until the browser ends. */
void auth_cookie_write(const struct httpd_request *req, const char *value, uint32_t lasts_s,
	char out[AUTH_COOKIE_TEXT_MAX]);

#endif
