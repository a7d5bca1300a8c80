/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the API: the routes about who may look after the router, for the table in api.c. */
#ifndef WEB_AUTH_ROUTES_H
#define WEB_AUTH_ROUTES_H

#include "web/api_routes.h"

/* auth_routes.c: the browser's own session */
api_route_fn auth_session_get;
api_route_fn auth_login_post;	/* {"name", "password", "remember"} */
api_route_fn auth_renew_post;	/* {"password"}: changes are let through again */
api_route_fn auth_logout_post;

/* auth_setup.c: the first account */
api_route_fn auth_code_post;	/* the control socket's only */
api_route_fn auth_setup_post;	/* {"code", "name", "password"} */

/* auth_admin.c: everybody's accounts, sessions, tokens */
api_route_fn auth_accounts_get;
api_route_fn auth_accounts_post;	/* {"name", "password", "role"} */
api_route_fn auth_account_delete;
api_route_fn auth_password_put;		/* {"password", "old"}; one's own needs the old one */
api_route_fn auth_sessions_get;
api_route_fn auth_session_delete;
api_route_fn auth_tokens_get;
api_route_fn auth_tokens_post;		/* {"name", "scope", "days", "from"} */
api_route_fn auth_token_delete;

#endif
