/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one gate in front of every route of the owner's server: what keeps web pages of others from
 * using the browser of somebody at home. Host must be this machine's own (DNS rebinding), Origin
 * and Sec-Fetch-Site our own (CSRF), a body JSON only (what a form cannot send), and a change that
 * comes with a cookie must say what only our own page knows. Pure: facts in, verdict out.
 */
#ifndef WEB_AUTH_GATE_H
#define WEB_AUTH_GATE_H

#include "protocols/addr.h"
#include "protocols/str.h"

#include <stdbool.h>
#include <stdint.h>

/* A field that did not come is STR_NONE. */
struct auth_gate_request {
	struct str method;
	struct str host;
	struct str origin;
	struct str site;	/* Sec-Fetch-Site */
	struct str type;	/* Content-Type */
	struct str csrf;	/* X-Postern-CSRF */
	struct str cookie;	/* our session's value */
	struct str bearer;	/* the token of Authorization: Bearer */
	bool body;
	bool twice;		/* one of the fields came more than once, or cannot be read */
};

/* Where it came in. */
struct auth_gate {
	bool tls;
	uint16_t port;		/* of the listener; 0: a unix socket, whatever port Host names */
	const char *names;	/* conf: separated by spaces or commas */
	bool loopback;		/* from this machine */
	bool (*is_own)(void *arg, const struct addr *addr);	/* an address of ours on the LAN */
	void *arg;
};

enum auth_gate_verdict {
	AUTH_GATE_PASS,
	AUTH_GATE_MALFORMED,	/* 400 */
	AUTH_GATE_HOST,		/* 421: the name is not this machine's */
	AUTH_GATE_ORIGIN,	/* 403: another page sent it */
	AUTH_GATE_METHOD,	/* 405 */
	AUTH_GATE_TYPE,		/* 415: not JSON */
	AUTH_GATE_CSRF,		/* 403: our page did not send it */
	AUTH_GATE_MIXED,	/* 400: a token together with what only browsers send */
};

enum auth_gate_verdict auth_gate_check(const struct auth_gate *gate,
	const struct auth_gate_request *req);

/* What is answered. */
struct auth_gate_refusal {
	unsigned status;
	const char *code;
	const char *message;
};
const struct auth_gate_refusal *auth_gate_refusal(enum auth_gate_verdict verdict);

#endif
