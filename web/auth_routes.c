/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes: logging in and out, and saying the password again. */
#include "web/auth_routes.h"

#include "protocols/err.h"
#include "web/api_body.h"
#include "web/auth_cookie.h"
#include "web/auth_try.h"

#include <jansson.h>
#include <string.h>

#define FIELDS(array) (sizeof(array) / sizeof((array)[0]))

void auth_session_get(const struct api_call *call)
{
	const struct auth_who *who = call->caller->who;
	struct auth *auth = call->api->config.auth;
	char csrf[AUTH_SECRET_COOKIE_LEN + 1] = "";
	struct auth_session *s = NULL;
	struct jsonw j = {0};
	struct str cookie;

	if (who && who->session && auth_cookie_find(call->req, &cookie) == 0) {
		s = auth_store_session(auth, who->session->id);
		auth_secret_csrf(cookie, csrf);
	}
	auth_try_show_session(&j, auth, s, csrf);
	api_answer_json(call->req, 200, &j);
}

/* ---- logging in ---- */

static void on_login(void *arg, bool good, const char *hash)
{
	struct auth_try *t = arg;

	(void)hash;
	if (good && auth_store_account(t->auth, t->account_id))
		auth_try_welcome(t, 200, "login");
	else
		auth_try_refuse(t, "login failed", "the name or the password is wrong",
			NULL);
}

/* Somebody who is not there costs as much time as a wrong password. */
static void try_login(const struct api_call *call, const char *name, const char *password,
	bool remember)
{
	struct auth_try *t = auth_try_new(call);
	const struct db_account *a;

	if (!t)
		return;
	a = auth_store_account_named(t->auth, str_from(name));
	t->remember = remember;
	t->account_id = a ? a->id : 0;
	str_copy_plain(str_from(name), t->name, sizeof(t->name) - 1);
	auth_try_verify(t, password, a ? a->hash : AUTH_HASH_NOBODY, on_login);
}

void auth_login_post(const struct api_call *call)
{
	const char *name = NULL, *password = NULL;
	bool remember = false;
	const struct api_body_field fields[] = {
		{.name = "name", .type = API_BODY_TEXT, .wanted = true, .out = &name},
		{.name = "password", .type = API_BODY_TEXT, .wanted = true, .out = &password},
		{.name = "remember", .type = API_BODY_BOOL, .out = &remember},
	};
	json_t *body = api_body(call);

	if (body && api_body_read(call, body, "", fields, FIELDS(fields)))
		try_login(call, name, password, remember);
	json_decref(body);
}

/* ---- once more ---- */

static void on_renew(void *arg, bool good, const char *hash)
{
	struct auth_try *t = arg;
	struct auth_session *s = auth_store_session(t->auth, t->session_id);

	(void)hash;
	if (!good || !s) {
		auth_try_refuse(t, "login failed", "the password is wrong", "password");
		return;
	}
	auth_lock_good(&t->auth->lock, t->source);
	s->fresh = true;
	s->fresh_ms = loop_now_ms(t->auth->config.loop);
	if (auth_try_request(t))
		api_answer_empty(auth_try_request(t));
	auth_try_free(t);
}

static void try_renew(const struct api_call *call, const char *password)
{
	const struct auth_who *who = call->caller->who;
	struct auth_try *t;

	if (!who || !who->session) {
		api_error(call->req, 409, "no_session", "only a session is renewed", NULL);
		return;
	}
	t = auth_try_new(call);
	if (!t)
		return;
	str_copy_plain(str_from(who->account->name), t->name, sizeof(t->name) - 1);
	auth_try_verify(t, password, who->account->hash, on_renew);
}

void auth_renew_post(const struct api_call *call)
{
	const char *password = NULL;
	const struct api_body_field fields[] = {
		{.name = "password", .type = API_BODY_TEXT, .wanted = true, .out = &password},
	};
	json_t *body = api_body(call);

	if (body && api_body_read(call, body, "", fields, FIELDS(fields)))
		try_renew(call, password);
	json_decref(body);
}

/* ---- out ---- */

void auth_logout_post(const struct api_call *call)
{
	const struct auth_who *who = call->caller->who;
	struct auth *auth = call->api->config.auth;
	char cookie[AUTH_COOKIE_TEXT_MAX];
	struct httpd_field fields[] = {{"Set-Cookie", cookie}, {"Cache-Control", "no-store"}};
	const struct httpd_answer answer = {.status = 204, .fields = fields, .field_count = 2};

	if (who && who->session) {
		auth_store_note(auth, "logout", who->session->label, who->account->name);
		auth_store_drop_session(auth, who->session->id);
	}
	auth_cookie_write(call->req, "", 0, cookie);
	httpd_answer(call->req, &answer);
}
