/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner's API: HTTP and JSON on the core, one table of routes for whoever carries them. Today
 * that is the control socket (web/ctl.h); who the caller is and what he may is decided there and
 * comes as a role. Answers and errors are JSON; {"error": {"code", "message", "field"}} with field
 * null unless one value of the request is to blame. Nonces never leave the core by it.
 */
#ifndef WEB_API_H
#define WEB_API_H

#include "gateway/core.h"
#include "gateway/httpd.h"

/* Each may what those before it may. */
enum api_role {
	API_ROLE_NONE = 0,
	API_ROLE_VIEWER = 1,	/* reads */
	API_ROLE_APPROVER = 2,	/* closes openings */
	API_ROLE_ADMIN = 3,
};

struct api;

/* NULL: no memory, or the core's watch list is full. */
struct api *api_new(struct core *core);
/* Answers req, now or later. */
void api_handle(struct api *api, struct httpd_request *req, enum api_role role);
/* After the server whose requests it answers and before the core. */
void api_free(struct api *api);

#endif
