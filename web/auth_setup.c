/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes: the code that makes the first account. `postern setup` prints one, which is good for 20
 * minutes and 5 tries, and also gives an account that lost its password a new one: who asks for it
 * is root of this machine. The code on a label, whose hash the maker put beside the configuration,
 * has no end, but works only while there is no account at all, and once.
 */
#include "protocols/err.h"
#include "web/api_body.h"
#include "web/auth_routes.h"
#include "web/auth_try.h"

#include <jansson.h>
#include <sodium.h>
#include <string.h>

#define FIELDS(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the code ---- */

static void show_code(struct jsonw *j, const struct auth *auth, const char *code)
{
	jsonw_object(j, NULL);
	jsonw_text(j, "url", auth->url);
	jsonw_text(j, "fingerprint", auth->fingerprint);
	jsonw_text(j, "code", code);
	jsonw_u64(j, "valid_s", AUTH_CODE_S);
	jsonw_u64(j, "tries", AUTH_CODE_TRIES);
	jsonw_bool(j, "accounts", auth->account_count > 0);
	jsonw_object_end(j);
}

void auth_code_post(const struct api_call *call)
{
	struct auth *auth = call->api->config.auth;
	char code[AUTH_SECRET_CODE_LEN + 1];
	struct jsonw j = {0};

	/* By the control socket, where root is known by the kernel. */
	if (call->caller->who) {
		api_error(call->req, 403, "forbidden", "ask on the router itself: postern setup",
			NULL);
		return;
	}
	auth_secret_code(code);
	auth_secret_hash(str_from(code), auth->code.hash);
	auth->code.ends_ms = loop_now_ms(auth->config.loop) + AUTH_CODE_S * 1000;
	auth->code.tries_left = AUTH_CODE_TRIES;
	auth_store_note(auth, "setup code", NULL, call->by);
	show_code(&j, auth, code);
	sodium_memzero(code, sizeof(code));
	api_answer_json(call->req, 200, &j);
}

/* Takes a try of it. */
static bool is_printed(struct auth *auth, const char *code)
{
	uint8_t hash[AUTH_SECRET_HASH_LEN];

	if (auth->code.tries_left == 0 ||
	    loop_now_ms(auth->config.loop) >= auth->code.ends_ms)
		return false;
	auth->code.tries_left--;
	auth_secret_hash(str_from(code), hash);
	return auth_secret_same(hash, auth->code.hash);
}

static const char *wrong_code(const struct auth *auth)
{
	if (auth->label[0] && !auth->label_used && auth->account_count == 0)
		return "this is not the code on the label; a printed one is good for 20 minutes "
		       "and 5 tries";
	if (auth->label[0] && auth->label_used)
		return "the code on the label was used; postern setup on the router prints "
		       "another one";
	return "the code is wrong, older than 20 minutes or was tried 5 times; postern setup on "
	       "the router prints another one";
}

/* ---- the account ---- */

static void on_stored(void *arg, int err)
{
	struct auth_try *t = arg;
	const struct core_act act = {.by = t->name};

	/* Stored or not, from now on there is somebody to ask. What it lacks otherwise the owner
	 * sees. */
	core_attend(t->auth->config.core, true, &act);
	if (err) {
		api_job_fine(t->job, err);
		auth_try_free(t);
		return;
	}
	auth_try_welcome(t, 201, "login");
}

static void on_hashed(void *arg, bool good, const char *hash)
{
	struct auth_try *t = arg;
	struct auth *auth = t->auth;
	const struct core_act act = {.by = "setup code", .done = on_stored, .arg = t};
	const struct auth_store_why why = {"account made", t->name};
	const struct db_account *old = auth_store_account_named(auth, str_from(t->name));
	struct db_account row = {.role = DB_ROLE_ADMIN};
	int err = good ? 0 : ERR_MEMORY;

	row.id = old ? old->id : auth->last_account_id + 1;
	row.made_wall_s = old ? old->made_wall_s : loop_wall_s(auth->config.loop);
	memcpy(row.name, t->name, sizeof(row.name));
	memcpy(row.hash, hash, sizeof(row.hash));
	t->account_id = row.id;
	if (!err && t->label && auth->account_count > 0)
		err = ERR_EXISTS;	/* another one was quicker */
	if (!err)
		err = auth_store_put_account(auth, &row, &why, &act);
	if (err) {
		api_job_fine(t->job, err);
		auth_try_free(t);
		return;
	}
	auth_store_drop_sessions(auth, row.id, 0);
	auth->code.tries_left = 0;
	if (t->label)
		auth_store_label_used(auth);
}

static void on_label(void *arg, bool good, const char *hash)
{
	struct auth_try *t = arg;

	(void)hash;
	t->label = true;
	if (good && !t->auth->label_used && t->auth->account_count == 0)
		auth_try_make(t, on_hashed);
	else
		auth_try_refuse(t, "setup failed", wrong_code(t->auth), "code");
}

static void try_code(const struct api_call *call, const char *typed, const char *name,
	const char *password)
{
	struct auth_try *t = auth_try_new(call);
	struct auth *auth = call->api->config.auth;
	char code[AUTH_SECRET_CODE_LEN + 1] = "";
	bool may_label = auth->label[0] && !auth->label_used && auth->account_count == 0;

	if (!t)
		return;
	strncpy(t->name, name, sizeof(t->name) - 1);
	strncpy(t->password, password, sizeof(t->password) - 1);
	auth_secret_read_code(str_from(typed), code);
	if (code[0] && is_printed(auth, code))
		auth_try_make(t, on_hashed);
	else if (may_label)
		auth_try_verify(t, code[0] ? code : typed, auth->label, on_label);
	else
		auth_try_refuse(t, "setup failed", wrong_code(auth), "code");
}

void auth_setup_post(const struct api_call *call)
{
	const char *code = NULL, *name = NULL, *password = NULL;
	const struct api_body_field fields[] = {
		{.name = "code", .type = API_BODY_TEXT, .wanted = true, .out = &code},
		{.name = "name", .type = API_BODY_TEXT, .wanted = true, .out = &name},
		{.name = "password", .type = API_BODY_TEXT, .wanted = true, .out = &password},
	};
	json_t *body = api_body(call);

	if (body && api_body_read(call, body, "", fields, FIELDS(fields)) &&
	    auth_try_fits(call, name, password))
		try_code(call, code, name, password);
	json_decref(body);
}
