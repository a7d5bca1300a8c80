/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trying a password or a code; see auth_try.h. */
#include "web/auth_try.h"

#include "protocols/err.h"
#include "web/api_body.h"
#include "web/auth_cookie.h"
#include "web/auth_password.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_S 2	/* a full queue of hashes is worked off in about that */

bool auth_try_fits(const struct api_call *call, const char *name, const char *password)
{
	const char *of_name = auth_password_name_fault(str_from(name));
	const char *of_password = auth_password_fault(str_from(password), str_from(name));

	if (of_name)
		api_body_fault(call, "", "name", of_name);
	else if (of_password)
		api_body_fault(call, "", "password", of_password);
	return !of_name && !of_password;
}

/* 429 or 503, with the seconds to wait (RFC 9110 section 10.2.3). */
static void answer_wait(struct httpd_request *req, unsigned status, uint32_t wait_s)
{
	char seconds[16], message[80];
	struct writer w = writer_to(seconds, sizeof(seconds) - 1);
	struct writer m = writer_to(message, sizeof(message) - 1);
	struct httpd_field fields[] = {{"Retry-After", seconds}, {"Cache-Control", "no-store"}};
	struct httpd_answer answer = {
		.status = status,
		.type = "application/json",
		.fields = fields,
		.field_count = 2,
		.body_given = true,
	};
	struct jsonw j = {0};

	writer_dec(&w, wait_s);
	seconds[w.len] = '\0';
	writer_text(&m, status == 429 ? "too many tries from here; wait "
				      : "too many log in at once; wait ");
	writer_text(&m, seconds);
	writer_text(&m, wait_s == 1 ? " second" : " seconds");
	message[m.len] = '\0';
	jsonw_object(&j, NULL);
	jsonw_object(&j, "error");
	jsonw_text(&j, "code", status == 429 ? "wait" : "busy");
	jsonw_text(&j, "message", message);
	jsonw_null(&j, "field");
	jsonw_u64(&j, "wait_s", wait_s);
	jsonw_object_end(&j);
	jsonw_object_end(&j);
	answer.body = j.p;
	answer.body_len = j.failed ? 0 : j.len;
	httpd_answer(req, &answer);
}

/* By the control socket only root asks, who is nobody to lock out. */
static uint64_t source_of(const struct api_call *call)
{
	return call->caller->who ? call->caller->who->source : 0;
}

struct auth_try *auth_try_free_of_lock(const struct api_call *call)
{
	const struct auth_who *who = call->caller->who;
	struct auth_try *t;
	struct api_job *job = api_job_new(call);
	struct str agent;

	if (!job)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t) {
		api_job_fine(job, ERR_MEMORY);
		api_job_free(job);
		return NULL;
	}
	t->job = job;
	t->auth = call->api->config.auth;
	t->source = source_of(call);
	t->from = call->req->peer->client.addr;
	t->session_id = who && who->session ? who->session->id : 0;
	strncpy(t->by, call->by, sizeof(t->by) - 1);
	if (httpd_field(call->req, STR("User-Agent"), &agent) == 0)
		str_copy_plain(agent, t->agent, sizeof(t->agent) - 1);
	return t;
}

struct auth_try *auth_try_new(const struct api_call *call)
{
	struct auth *auth = call->api->config.auth;
	uint32_t wait_s = auth_lock_try(&auth->lock, source_of(call),
		loop_now_ms(auth->config.loop));

	if (wait_s == 0)
		return auth_try_free_of_lock(call);
	answer_wait(call->req, 429, wait_s);
	return NULL;
}

static void end(struct auth_try *t, int err)
{
	if (err == ERR_BUSY && t->job->req)
		answer_wait(t->job->req, 503, BUSY_S);
	else if (err)
		api_job_fine(t->job, err);
	if (err)
		auth_try_free(t);
}

void auth_try_verify(struct auth_try *t, const char *password, const char *hash, auth_hash_fn *fn)
{
	struct str tried = str_from(password);

	/* Nobody's password is longer; what is cut off here cannot make it right. */
	if (tried.len > AUTH_HASH_PASSWORD_MAX)
		tried.len = 0;
	end(t, auth_hash_verify(t->auth->hash, tried, hash, fn, t));
}

void auth_try_make(struct auth_try *t, auth_hash_fn *fn)
{
	end(t, auth_hash_make(t->auth->hash, str_from(t->password), fn, t));
}

struct httpd_request *auth_try_request(const struct auth_try *t)
{
	return t->job->req;
}

void auth_try_refuse(struct auth_try *t, const char *what, const char *message,
	const char *field)
{
	char why[DB_ACCOUNT_NAME_MAX + ADDR_TEXT_MAX + 16], from[ADDR_TEXT_MAX];
	struct writer w = writer_to(why, sizeof(why) - 1);

	writer_text(&w, t->name);
	writer_text(&w, t->name[0] ? " from " : "from ");
	writer_text(&w, addr_text(&t->from, from));
	why[w.len] = '\0';
	auth_store_note(t->auth, what, why, "nobody");
	if (t->job->req)
		api_error(t->job->req, 403, "wrong", message, field);
	auth_try_free(t);
}

void auth_try_show_session(struct jsonw *j, struct auth *auth, const struct auth_session *s,
	const char *csrf)
{
	const struct db_account *a = s ? auth_store_account(auth, s->row.account_id) : NULL;
	uint64_t now = loop_now_ms(auth->config.loop);

	jsonw_object(j, NULL);
	jsonw_bool(j, "setup", auth->account_count > 0);
	if (a)
		jsonw_u64(j, "id", a->id);
	else
		jsonw_null(j, "id");
	jsonw_text(j, "name", a ? a->name : NULL);
	jsonw_text(j, "role", !a ? NULL : a->role == DB_ROLE_ADMIN ? "admin" : "approver");
	jsonw_text(j, "csrf", a ? csrf : NULL);
	jsonw_bool(j, "again", a && (!s->fresh || now - s->fresh_ms >= AUTH_IDLE_MS));
	if (a)
		jsonw_u64(j, "left_s", s->ends_ms > now ? (s->ends_ms - now) / 1000 : 0);
	else
		jsonw_null(j, "left_s");
	jsonw_object_end(j);
}

static void answer_welcome(struct auth_try *t, unsigned status, const struct auth_session *s,
	const char *cookie)
{
	char set_cookie[AUTH_COOKIE_TEXT_MAX], csrf[AUTH_SECRET_COOKIE_LEN + 1];
	struct httpd_field fields[] = {{"Set-Cookie", set_cookie}, {"Cache-Control", "no-store"}};
	struct httpd_answer answer = {
		.status = status,
		.type = "application/json",
		.fields = fields,
		.field_count = 2,
		.body_given = true,
	};
	struct jsonw j = {0};

	auth_cookie_write(t->job->req, cookie, s->row.remember ? AUTH_SESSION_KEPT_S : 0,
		set_cookie);
	auth_secret_csrf(str_from(cookie), csrf);
	auth_try_show_session(&j, t->auth, s, csrf);
	answer.body = j.p;
	answer.body_len = j.failed ? 0 : j.len;
	httpd_answer(t->job->req, &answer);
}

void auth_try_welcome(struct auth_try *t, unsigned status, const char *what)
{
	const struct db_account *a = auth_store_account(t->auth, t->account_id);
	struct db_session like = {.account_id = t->account_id};
	char cookie[AUTH_SECRET_COOKIE_LEN + 1], from[ADDR_TEXT_MAX];
	struct auth_store_why why = {what, addr_text(&t->from, from)};
	struct auth_session *s;

	auth_lock_good(&t->auth->lock, t->source);
	if (a && t->job->req) {
		like.remember = t->remember && a->role == DB_ROLE_APPROVER;
		memcpy(like.label, t->agent, sizeof(like.label));
		/* A new id at every log-in: the one before goes. */
		if (t->session_id)
			auth_store_drop_session(t->auth, t->session_id);
		s = auth_store_add_session(t->auth, &like, cookie, &why);
		answer_welcome(t, status, s, cookie);
		sodium_memzero(cookie, sizeof(cookie));
	} else if (t->job->req) {
		api_error_core(t->job->req, ERR_NOT_FOUND);
	}
	auth_try_free(t);
}

void auth_try_free(struct auth_try *t)
{
	api_job_free(t->job);
	sodium_memzero(t->password, sizeof(t->password));
	free(t);
}
