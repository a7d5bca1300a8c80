/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner's API: HTTP and JSON on the core, one table of routes for whoever carries them: the
 * control socket (web/ctl.h) and the web server. Who the caller is and what he may is decided there
 * and comes as a role. web/openapi.json describes every route. Answers and errors are JSON;
 * {"error": {"code", "message", "field"}} with field null unless one value of the request is to
 * blame: then its place. Nonces never leave the core by it.
 */
#ifndef WEB_API_H
#define WEB_API_H

#include "gateway/core.h"
#include "gateway/httpd.h"

/* Each may what those before it may. */
enum api_role {
	API_ROLE_NONE = 0,
	API_ROLE_VIEWER = 1,	/* reads */
	API_ROLE_APPROVER = 2,	/* closes openings, answers cards */
	API_ROLE_ADMIN = 3,
};

/* What would help a caller who may not. */
enum api_lack {
	API_LACK_RIGHTS,	/* nothing */
	API_LACK_LOGIN,		/* to log in */
	API_LACK_AGAIN,		/* to say the password again: idle for long, and wants a change */
};

struct api;
struct auth;
struct auth_who;
struct serve_sip;

struct api_caller {
	enum api_role role;
	const char *by;		/* for the record: "root", "group postern", an account */
	enum api_lack lack;	/* why role is no more than it is */
	const struct auth_who *who;	/* by which session or token; NULL: the socket tells */
};

struct api_config {
	struct core *core;
	struct loop *loop;
	struct auth *auth;	/* accounts (web/auth.h) */
	const struct serve_sip *sip;	/* phones (gateway/serve_sip.h) */
	/* The maker of a network card (gateway/vendor.h), STR_NONE: not known. NULL: nobody knows
	 * makers. */
	struct str (*vendor_of)(void *arg, const uint8_t mac[6]);
	void *arg;
};

/* One for all servers of the daemon. NULL: no memory, or the core's watch list is full. */
struct api *api_new(const struct api_config *config);
/* Answers req, now or later. */
void api_handle(struct api *api, struct httpd_request *req, const struct api_caller *caller);
/* After the servers whose requests it answers and before the core. */
void api_free(struct api *api);

#endif
