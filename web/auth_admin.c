/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes: accounts, sessions and tokens, listed, made and removed. An approver sees and ends his
 * own sessions and changes his own password; everything else is the administrator's. Hashes never
 * leave; a token is shown once, when it is made.
 */
#include "protocols/err.h"
#include "web/api_body.h"
#include "web/auth_password.h"
#include "web/auth_routes.h"
#include "web/auth_try.h"

#include <jansson.h>
#include <sodium.h>
#include <string.h>

#define FIELDS(array) (sizeof(array) / sizeof((array)[0]))
#define DAY_S 86400

static const char *role_text(uint8_t role)
{
	return role == DB_ROLE_ADMIN ? "admin" : role == DB_ROLE_APPROVER ? "approver" : "read";
}

/* Unknown: 0. */
static uint8_t role_from(const char *text, bool for_token)
{
	struct str s = str_from(text);

	if (str_eq(s, STR("admin")))
		return DB_ROLE_ADMIN;
	if (str_eq(s, for_token ? STR("approve") : STR("approver")))
		return DB_ROLE_APPROVER;
	return for_token && str_eq(s, STR("read")) ? DB_ROLE_READ : 0;
}

static void show_time(struct jsonw *j, const char *key, uint64_t wall_s)
{
	if (wall_s)
		jsonw_u64(j, key, wall_s);
	else
		jsonw_null(j, key);
}

/* ---- accounts ---- */

void auth_accounts_get(const struct api_call *call)
{
	const struct auth *auth = call->api->config.auth;
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, "accounts");
	for (size_t i = 0; i < auth->account_count; i++) {
		const struct db_account *a = &auth->accounts[i];
		jsonw_object(&j, NULL);
		jsonw_u64(&j, "id", a->id);
		jsonw_text(&j, "name", a->name);
		jsonw_text(&j, "role", role_text(a->role));
		show_time(&j, "made", a->made_wall_s);
		show_time(&j, "used", a->used_wall_s);
		jsonw_object_end(&j);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}

static void on_account_stored(void *arg, int err)
{
	struct auth_try *t = arg;
	struct jsonw j = {0};

	if (api_job_fine(t->job, err)) {
		jsonw_object(&j, NULL);
		jsonw_u64(&j, "id", t->account_id);
		jsonw_object_end(&j);
		api_answer_json(t->job->req, 201, &j);
	}
	auth_try_free(t);
}

static void on_account_hashed(void *arg, bool good, const char *hash)
{
	struct auth_try *t = arg;
	const struct core_act act = {.by = t->by, .done = on_account_stored, .arg = t};
	const struct auth_store_why why = {"account made", t->name};
	struct db_account row = {
		.id = t->auth->last_account_id + 1,
		.role = t->role,
		.made_wall_s = loop_wall_s(t->auth->config.loop),
	};
	int err = good ? 0 : ERR_MEMORY;

	memcpy(row.name, t->name, sizeof(row.name));
	memcpy(row.hash, hash, sizeof(row.hash));
	t->account_id = row.id;
	if (!err && auth_store_account_named(t->auth, str_from(t->name)))
		err = ERR_EXISTS;
	if (!err)
		err = auth_store_put_account(t->auth, &row, &why, &act);
	if (!err)
		return;
	api_job_fine(t->job, err);
	auth_try_free(t);
}

static void make_account(const struct api_call *call, const char *name, const char *password,
	uint8_t role)
{
	struct auth *auth = call->api->config.auth;
	struct auth_try *t;

	if (auth_store_account_named(auth, str_from(name))) {
		api_error(call->req, 409, "exists", "there is an account of this name", "name");
		return;
	}
	if (auth->account_count == AUTH_ACCOUNTS_MAX) {
		api_error(call->req, 409, "full", "there are 16 accounts, which is the most", NULL);
		return;
	}
	t = auth_try_free_of_lock(call);
	if (!t)
		return;
	t->role = role;
	strncpy(t->name, name, sizeof(t->name) - 1);
	strncpy(t->password, password, sizeof(t->password) - 1);
	auth_try_make(t, on_account_hashed);
}

void auth_accounts_post(const struct api_call *call)
{
	const char *name = NULL, *password = NULL, *role = NULL;
	const struct api_body_field fields[] = {
		{.name = "name", .type = API_BODY_TEXT, .wanted = true, .out = &name},
		{.name = "password", .type = API_BODY_TEXT, .wanted = true, .out = &password},
		{.name = "role", .type = API_BODY_TEXT, .wanted = true, .out = &role},
	};
	json_t *body = api_body(call);

	if (body && api_body_read(call, body, "", fields, FIELDS(fields)) &&
	    auth_try_fits(call, name, password)) {
		if (!role_from(role, false))
			api_body_fault(call, "", "role", "admin or approver");
		else
			make_account(call, name, password, role_from(role, false));
	}
	json_decref(body);
}

static void on_done(void *arg, int err)
{
	struct api_job *job = arg;

	if (api_job_fine(job, err))
		api_answer_empty(job->req);
	api_job_free(job);
}

static void end_at_once(struct api_job *job, int err)
{
	if (!err)
		return;
	api_job_fine(job, err);
	api_job_free(job);
}

void auth_account_delete(const struct api_call *call)
{
	struct auth *auth = call->api->config.auth;
	uint32_t id = api_id(call);
	const struct db_account *a = id ? auth_store_account(auth, id) : NULL;
	struct core_act act = {.by = call->by, .done = on_done};
	struct api_job *job;

	if (id == 0)
		return;
	if (a && a->role == DB_ROLE_ADMIN && auth_store_admins(auth) == 1) {
		api_error(call->req, 409, "last_admin",
			"this is the last administrator; make another one first", NULL);
		return;
	}
	job = act.arg = api_job_new(call);
	if (job)
		end_at_once(job, auth_store_drop_account(auth, id, &act));
}

/* ---- passwords ---- */

static void on_password_stored(void *arg, int err)
{
	struct auth_try *t = arg;

	if (api_job_fine(t->job, err))
		api_answer_empty(t->job->req);
	auth_try_free(t);
}

static void on_password_hashed(void *arg, bool good, const char *hash)
{
	struct auth_try *t = arg;
	const struct core_act act = {.by = t->by, .done = on_password_stored, .arg = t};
	const struct auth_store_why why = {"password changed", t->name};
	const struct db_account *a = auth_store_account(t->auth, t->account_id);
	struct db_account row;
	int err = !a ? ERR_NOT_FOUND : good ? 0 : ERR_MEMORY;

	if (!err) {
		row = *a;
		memcpy(row.hash, hash, sizeof(row.hash));
		err = auth_store_put_account(t->auth, &row, &why, &act);
	}
	if (err) {
		api_job_fine(t->job, err);
		auth_try_free(t);
		return;
	}
	/* Whoever got in by the old one is out; who changed it stays. */
	auth_store_drop_sessions(t->auth, t->account_id, t->session_id);
}

static void on_old_tried(void *arg, bool good, const char *hash)
{
	struct auth_try *t = arg;

	(void)hash;
	if (good) {
		auth_lock_good(&t->auth->lock, t->source);
		auth_try_make(t, on_password_hashed);
	} else {
		auth_try_refuse(t, "login failed", "the old password is wrong", "old");
	}
}

static void change_password(const struct api_call *call, const struct db_account *a,
	const char *old, const char *password)
{
	const struct auth_who *who = call->caller->who;
	bool own = who && who->account == a;
	struct auth_try *t;

	if (own && !old) {
		api_body_fault(call, "", "old", "the old password is missing");
		return;
	}
	t = own ? auth_try_new(call) : auth_try_free_of_lock(call);
	if (!t)
		return;
	t->account_id = a->id;
	memcpy(t->name, a->name, sizeof(t->name));
	strncpy(t->password, password, sizeof(t->password) - 1);
	if (own)
		auth_try_verify(t, old, a->hash, on_old_tried);
	else
		auth_try_make(t, on_password_hashed);
}

void auth_password_put(const struct api_call *call)
{
	const struct auth_who *who = call->caller->who;
	const char *old = NULL, *password = NULL, *fault;
	const struct api_body_field fields[] = {
		{.name = "old", .type = API_BODY_TEXT, .out = &old},
		{.name = "password", .type = API_BODY_TEXT, .wanted = true, .out = &password},
	};
	uint32_t id = api_id(call);
	const struct db_account *a =
		id ? auth_store_account(call->api->config.auth, id) : NULL;
	bool own = a && who && who->account == a;
	json_t *body = id ? api_body(call) : NULL;

	if (!body)
		return;
	if (api_body_read(call, body, "", fields, FIELDS(fields))) {
		if (!own && call->caller->role < API_ROLE_ADMIN)
			api_error(call->req, 403, "forbidden", "this needs more rights", NULL);
		else if (!a)
			api_error_core(call->req, ERR_NOT_FOUND);
		else if ((fault = auth_password_fault(str_from(password), str_from(a->name))))
			api_body_fault(call, "", "password", fault);
		else
			change_password(call, a, old, password);
	}
	json_decref(body);
}

/* ---- sessions ---- */

static bool is_mine(const struct api_call *call, const struct db_session *s)
{
	const struct auth_who *who = call->caller->who;

	return call->caller->role == API_ROLE_ADMIN ||
	       (who && who->account && who->account->id == s->account_id);
}

void auth_sessions_get(const struct api_call *call)
{
	const struct auth_who *who = call->caller->who;
	struct auth *auth = call->api->config.auth;
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, "sessions");
	for (size_t i = 0; i < auth->session_count; i++) {
		const struct db_session *s = &auth->sessions[i].row;
		const struct db_account *a = auth_store_account(auth, s->account_id);
		if (!is_mine(call, s) || !a ||
		    auth->sessions[i].ends_ms <= loop_now_ms(auth->config.loop))
			continue;
		jsonw_object(&j, NULL);
		jsonw_u64(&j, "id", s->id);
		jsonw_text(&j, "name", a->name);
		jsonw_text(&j, "browser", s->label);
		jsonw_bool(&j, "this", who && who->session == s);
		jsonw_bool(&j, "remember", s->remember);
		show_time(&j, "made", s->made_wall_s);
		show_time(&j, "used", s->used_wall_s);
		show_time(&j, "until", s->until_wall_s);
		jsonw_object_end(&j);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}

void auth_session_delete(const struct api_call *call)
{
	struct auth *auth = call->api->config.auth;
	uint32_t id = api_id(call);
	const struct auth_session *s = id ? auth_store_session(auth, id) : NULL;
	const struct db_account *a = s ? auth_store_account(auth, s->row.account_id) : NULL;

	if (id == 0)
		return;
	if (!a || !is_mine(call, &s->row)) {
		api_error_core(call->req, ERR_NOT_FOUND);
		return;
	}
	auth_store_note(auth, "session ended", a->name, call->by);
	auth_store_drop_session(auth, id);
	api_answer_empty(call->req);
}

/* ---- tokens ---- */

static void show_from(struct jsonw *j, const struct prefix *from)
{
	char text[ADDR_TEXT_MAX + 4];
	struct writer w = writer_to(text, sizeof(text));

	prefix_encode(&w, from);
	if (prefix_is_any(from))
		jsonw_null(j, "from");
	else
		jsonw_str(j, "from", writer_done(&w));
}

void auth_tokens_get(const struct api_call *call)
{
	const struct auth *auth = call->api->config.auth;
	struct jsonw j = {0};

	jsonw_object(&j, NULL);
	jsonw_array(&j, "tokens");
	for (size_t i = 0; i < auth->token_count; i++) {
		const struct db_token *t = &auth->tokens[i];
		jsonw_object(&j, NULL);
		jsonw_u64(&j, "id", t->id);
		jsonw_text(&j, "name", t->name);
		jsonw_text(&j, "scope", t->scope == DB_ROLE_APPROVER ? "approve"
								     : role_text(t->scope));
		show_from(&j, &t->from);
		jsonw_text(&j, "by", t->by);
		show_time(&j, "made", t->made_wall_s);
		show_time(&j, "used", t->used_wall_s);
		show_time(&j, "until", t->until_wall_s);
		jsonw_object_end(&j);
	}
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	api_answer_json(call->req, 200, &j);
}

static void on_token_stored(void *arg, int err)
{
	struct api_job *job = arg;

	if (api_job_fine(job, err))
		api_answer_json(job->req, 201, &job->answer);
	api_job_free(job);
}

/* The text waits in the job until the row is stored. */
static void make_token(const struct api_call *call, struct db_token *row)
{
	struct auth *auth = call->api->config.auth;
	struct core_act act = {.by = call->by, .done = on_token_stored};
	struct api_job *job = act.arg = api_job_new(call);
	char token[AUTH_SECRET_TOKEN_LEN + 1];

	if (!job)
		return;
	auth_secret_token(token);
	auth_secret_hash(str_from(token), row->token_hash);
	row->id = auth->last_token_id + 1;
	str_copy_plain(str_from(call->by), row->by, sizeof(row->by) - 1);
	jsonw_object(&job->answer, NULL);
	jsonw_u64(&job->answer, "id", row->id);
	jsonw_text(&job->answer, "token", token);
	jsonw_u64(&job->answer, "until", row->until_wall_s);
	jsonw_object_end(&job->answer);
	sodium_memzero(token, sizeof(token));
	end_at_once(job, auth_store_put_token(auth, row, row->name, &act));
}

void auth_tokens_post(const struct api_call *call)
{
	const char *name = NULL, *scope = NULL, *from = NULL, *fault;
	uint64_t now = loop_wall_s(call->api->config.auth->config.loop);
	struct db_token row = {.from = prefix_any6(), .made_wall_s = now};
	int64_t days = 0;
	const struct api_body_field fields[] = {
		{.name = "name", .type = API_BODY_TEXT, .wanted = true, .out = &name},
		{.name = "scope", .type = API_BODY_TEXT, .wanted = true, .out = &scope},
		{.name = "from", .type = API_BODY_TEXT, .out = &from},
		{.name = "days", .type = API_BODY_INT, .wanted = true, .out = &days, .min = 1,
			.max = AUTH_TOKEN_DAYS_MAX},
	};
	json_t *body = api_body(call);

	if (body && api_body_read(call, body, "", fields, FIELDS(fields))) {
		row.scope = role_from(scope, true);
		row.until_wall_s = now + (uint64_t)days * DAY_S;
		if ((fault = auth_password_name_fault(str_from(name))))
			api_body_fault(call, "", "name", fault);
		else if (!row.scope)
			api_body_fault(call, "", "scope", "read, approve or admin");
		else if (from && prefix_decode(str_from(from), &row.from))
			api_body_fault(call, "", "from", "an address or a prefix");
		else {
			memcpy(row.name, name, strlen(name));
			make_token(call, &row);
		}
	}
	json_decref(body);
}

void auth_token_delete(const struct api_call *call)
{
	struct core_act act = {.by = call->by, .done = on_done};
	uint32_t id = api_id(call);
	struct api_job *job = id ? api_job_new(call) : NULL;

	act.arg = job;
	if (job)
		end_at_once(job, auth_store_drop_token(call->api->config.auth, id, &act));
}
