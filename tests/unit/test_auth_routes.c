/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logging in, the first account, sessions and tokens, on a virtual clock: routes, rows and roles
 * are the real ones; the store, the hashing thread and HTTP are stood in for, so that time and
 * order are the test's.
 */
#include "web/auth_routes.h"

#include "protocols/err.h"
#include "web/auth_cookie.h"
#include "web/auth_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define GOOD "tin kettle blue"
#define MINUTE 60000ULL
#define HOUR (60 * MINUTE)

struct rig {
	struct loop *loop;
	struct log log;
	struct auth *auth;
	struct api api;
	struct httpd_peer peer;
	struct core_auth_rows rows;
	char label[64];
	/* the last answer */
	unsigned status;
	char body[2048], cookie[AUTH_SECRET_COOKIE_LEN + 1], wait[8];
	bool has_cookie;
	char csrf[AUTH_SECRET_COOKIE_LEN + 1];
	/* what was written */
	int writes, attended, store_err, stored_err;
	core_auth_all_fn *all;
	void *all_arg;
	struct core_auth_row rows_all[16];
	size_t all_count;
	struct core_act acts[16];	/* whose done is still to be called */
	size_t act_count;
	char what[24];
};

static struct rig *rig;	/* of the test that runs: stand-ins have no argument for it */

/* ---- stand-ins ---- */

struct auth_hash { int unused; };

struct auth_hash *auth_hash_new(struct loop *loop)
{
	(void)loop;
	return calloc(1, sizeof(struct auth_hash));
}

int auth_hash_make(struct auth_hash *h, struct str password, auth_hash_fn *fn, void *arg)
{
	char hash[DB_PASSWORD_HASH_MAX + 1];

	(void)h;
	snprintf(hash, sizeof(hash), "$argon2id$%.*s", (int)password.len, password.p);
	fn(arg, true, hash);
	return 0;
}

int auth_hash_verify(struct auth_hash *h, struct str password, const char *hash, auth_hash_fn *fn,
	void *arg)
{
	char want[DB_PASSWORD_HASH_MAX + 1];

	(void)h;
	snprintf(want, sizeof(want), "$argon2id$%.*s", (int)password.len, password.p);
	fn(arg, strcmp(want, hash) == 0, hash);
	return 0;
}

void auth_hash_free(struct auth_hash *h)
{
	free(h);
}

int core_auth_read(struct core *core, core_auth_fn *fn, void *arg)
{
	(void)core;
	fn(arg, 0, &rig->rows);
	return 0;
}

int core_auth_put(struct core *core, const struct core_auth_change *change,
	const struct core_act *act)
{
	(void)core;
	rig->writes++;
	if (change->what)
		snprintf(rig->what, sizeof(rig->what), "%s", change->what);
	if (rig->store_err)
		return rig->store_err;
	if (act->done)
		rig->acts[rig->act_count++] = *act;
	return 0;
}

void core_auth_keep(struct core *core, core_auth_all_fn *fn, void *arg)
{
	(void)core;
	rig->all = fn;
	rig->all_arg = arg;
}

void core_auth_add(struct store_job *all, const struct core_auth_row *row)
{
	(void)all;
	assert_true(rig->all_count < sizeof(rig->rows_all) / sizeof(rig->rows_all[0]));
	rig->rows_all[rig->all_count++] = *row;
}

/* As the store does: from the loop, later. */
static void store(void)
{
	while (rig->act_count > 0) {
		struct core_act act = rig->acts[--rig->act_count];
		act.done(act.arg, rig->stored_err);
	}
}

int core_attend(struct core *core, bool attended, const struct core_act *act)
{
	(void)core;
	(void)act;
	rig->attended += attended;
	return 0;
}

void httpd_answer(struct httpd_request *req, const struct httpd_answer *a)
{
	rig->status = a->status;
	rig->has_cookie = false;
	snprintf(rig->body, sizeof(rig->body), "%.*s", (int)a->body_len,
		a->body_len ? (const char *)a->body : "");
	for (size_t i = 0; i < a->field_count; i++) {
		const char *value = a->fields[i].value;
		if (strcmp(a->fields[i].name, "Retry-After") == 0)
			snprintf(rig->wait, sizeof(rig->wait), "%s", value);
		if (strcmp(a->fields[i].name, "Set-Cookie") != 0)
			continue;
		rig->has_cookie = true;
		assert_non_null(strstr(value, "; Path=/; HttpOnly; SameSite=Strict; Secure"));
		assert_memory_equal(value, AUTH_COOKIE_TLS "=", sizeof(AUTH_COOKIE_TLS));
		snprintf(rig->cookie, sizeof(rig->cookie), "%.*s",
			(int)strcspn(value + sizeof(AUTH_COOKIE_TLS), ";"),
			value + sizeof(AUTH_COOKIE_TLS));
	}
	if (a->body_given)
		free((void *)(uintptr_t)a->body);
	req->gone = NULL;
}

int httpd_field(const struct httpd_request *req, struct str name, struct str *out)
{
	static char text[128];

	(void)req;
	if (!str_eq(name, STR("Cookie")) || !rig->cookie[0])
		return ERR_NOT_FOUND;
	snprintf(text, sizeof(text), "a=b; " AUTH_COOKIE_TLS "=%s", rig->cookie);
	*out = str_from(text);
	return 0;
}

int httpd_query(const struct httpd_request *req, struct str name, struct str *out)
{
	(void)req;
	(void)name;
	(void)out;
	return ERR_NOT_FOUND;
}

/* ---- calls ---- */

/* As the server does: who it is, then the least role, then the route. The token goes instead of
 * the cookie where there is one. */
static unsigned call(const char *method, const char *token, enum api_role least, api_route_fn *fn,
	const char *body)
{
	struct httpd_request req = {
		.method = str_from(method), .body = str_from(body), .peer = &rig->peer};
	const struct auth_gate_request facts = {
		.method = req.method,
		.cookie = !token && rig->cookie[0] ? str_from(rig->cookie) : STR_NONE,
		.bearer = token ? str_from(token) : STR_NONE,
	};
	struct auth_who who = {.source = rig->peer.client.port};
	struct api_caller caller;
	struct api_call c = {.api = &rig->api, .req = &req, .caller = &caller};

	rig->status = 0;
	assert_true(auth_caller(rig->auth, &facts, &rig->peer.client.addr, &who, &caller));
	c.by = caller.by;
	if (caller.role < least)
		return caller.lack == API_LACK_RIGHTS ? 403
			: caller.lack == API_LACK_AGAIN ? 4010 : 401;
	if (token)
		return 200;
	fn(&c);
	store();
	return rig->status;
}

static unsigned call_id(api_route_fn *fn, const char *method, enum api_role least, const char *id,
	const char *body)
{
	struct httpd_request req = {
		.method = str_from(method), .body = str_from(body), .peer = &rig->peer};
	const struct auth_gate_request facts = {
		.method = req.method, .cookie = str_from(rig->cookie)};
	struct auth_who who = {0};
	struct api_caller caller;
	struct api_call c = {
		.api = &rig->api, .req = &req, .caller = &caller, .param = str_from(id)};

	assert_true(auth_caller(rig->auth, &facts, &rig->peer.client.addr, &who, &caller));
	c.by = caller.by;
	if (caller.role < least)
		return 403;
	fn(&c);
	store();
	return rig->status;
}

static unsigned login(const char *name, const char *password)
{
	char body[256];

	snprintf(body, sizeof(body),
		"{\"name\":\"%s\",\"password\":\"%s\",\"remember\":true}", name, password);
	return call("POST", NULL, API_ROLE_NONE, auth_login_post, body);
}

static unsigned setup(const char *code, const char *name, const char *password)
{
	char body[256];

	snprintf(body, sizeof(body), "{\"code\":\"%s\",\"name\":\"%s\",\"password\":\"%s\"}", code,
		name, password);
	return call("POST", NULL, API_ROLE_NONE, auth_setup_post, body);
}

/* On the control socket: nobody's session. */
static void print_code(char out[AUTH_SECRET_CODE_LEN + 1])
{
	struct httpd_request req = {.method = STR("POST"), .peer = &rig->peer};
	struct api_caller caller = {.role = API_ROLE_ADMIN, .by = "root"};
	struct api_call c = {.api = &rig->api, .req = &req, .caller = &caller, .by = "root"};
	const char *at;

	auth_code_post(&c);
	assert_int_equal(rig->status, 200);
	at = strstr(rig->body, "\"code\":\"");
	assert_non_null(at);
	snprintf(out, AUTH_SECRET_CODE_LEN + 1, "%s", at + 8);
}

static unsigned change(void)
{
	return call("PUT", NULL, API_ROLE_ADMIN, auth_session_get, "");
}

/* ---- the rig ---- */

static void begin(struct rig *r)
{
	const struct auth_config config = {.loop = r->loop, .log = &r->log, .label = r->label};

	r->auth = auth_new(&config);
	assert_non_null(r->auth);
	r->api.config.auth = r->auth;
	r->api.config.loop = r->loop;
}

static int set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	rig = r;
	log_open(&r->log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "test");
	r->loop = loop_new_virtual(1000000);
	loop_wall_set(r->loop, 1800000000);
	r->peer = (struct httpd_peer){.tls = true, .client = {addr_from4(0xc0a8010a), 7}};
	snprintf(r->label, sizeof(r->label), "/nowhere/setup-code");
	begin(r);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	auth_free(r->auth);
	loop_free(r->loop);
	log_close(&r->log);
	free(r);
	return 0;
}

static void first_account(void)
{
	char code[AUTH_SECRET_CODE_LEN + 1];

	print_code(code);
	assert_int_equal(setup(code, "anna", GOOD), 201);
	assert_true(rig->has_cookie);
}

/* ---- the first account ---- */

static void test_setup(void **state)
{
	char code[AUTH_SECRET_CODE_LEN + 1];

	(void)state;
	assert_int_equal(setup("ABCDEFGHJK", "anna", GOOD), 403);
	print_code(code);
	assert_int_equal(setup(code, "anna", "short"), 400);
	assert_int_equal(setup(code, "", GOOD), 400);
	assert_int_equal(rig->attended, 0);
	assert_int_equal(setup(code, "anna", GOOD), 201);
	assert_int_equal(rig->attended, 1);
	assert_non_null(strstr(rig->body, "\"role\":\"admin\""));
	assert_int_equal(change(), 200);
	/* Once. */
	assert_int_equal(setup(code, "berta", GOOD), 403);
	/* Root may give a lost password anew; who was logged in by the old one is out. */
	print_code(code);
	assert_int_equal(setup(code, "anna", "another kettle"), 201);
	rig->cookie[0] = '\0';
	assert_int_equal(login("anna", GOOD), 403);
	assert_int_equal(login("anna", "another kettle"), 200);
	assert_int_equal(rig->auth->account_count, 1);
}

static void test_code_expires(void **state)
{
	char code[AUTH_SECRET_CODE_LEN + 1];

	(void)state;
	print_code(code);
	loop_advance(rig->loop, 20 * MINUTE);
	assert_int_equal(setup(code, "anna", GOOD), 403);
	assert_non_null(strstr(rig->body, "20 minutes"));
	print_code(code);
	loop_advance(rig->loop, 20 * MINUTE - 1);
	assert_int_equal(setup(code, "anna", GOOD), 201);
}

static void test_code_tries(void **state)
{
	char code[AUTH_SECRET_CODE_LEN + 1];

	(void)state;
	print_code(code);
	for (int i = 0; i < AUTH_CODE_TRIES; i++)
		assert_int_equal(setup("22222222ZZ", "anna", GOOD), 403);
	rig->peer.client.port = 8;	/* somebody else: not locked, but the code is gone */
	assert_int_equal(setup(code, "anna", GOOD), 403);
	print_code(code);
	assert_int_equal(setup(code, "anna", GOOD), 201);
}

static void test_label(void **state)
{
	char dir[] = "/tmp/test_auth.XXXXXX";
	struct db_setup used = {.kind = DB_SETUP_LABEL, .used = true};
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(rig->label, sizeof(rig->label), "%s/setup-code", dir);
	f = fopen(rig->label, "w");
	fputs("$argon2id$ABCDEFGHJK\n", f);
	fclose(f);
	auth_free(rig->auth);
	begin(rig);
	loop_advance(rig->loop, 1000 * HOUR);	/* it has no end */
	assert_int_equal(setup("ABCDEFGHJM", "anna", GOOD), 403);
	assert_int_equal(setup("abcde-fghjk", "anna", GOOD), 201);
	assert_true(rig->auth->label_used);
	assert_int_equal(setup("ABCDEFGHJK", "berta", GOOD), 403);
	/* Not after a restart without accounts either. */
	snprintf(used.code_hash, sizeof(used.code_hash), "$argon2id$ABCDEFGHJK");
	rig->rows.setup = &used;
	auth_free(rig->auth);
	begin(rig);
	rig->peer.client.port = 9;
	assert_int_equal(setup("ABCDEFGHJK", "berta", GOOD), 403);
	assert_non_null(strstr(rig->body, "was used"));
	unlink(rig->label);
	rmdir(dir);
}

/* ---- logging in ---- */

static void test_login(void **state)
{
	char before[AUTH_SECRET_COOKIE_LEN + 1];

	(void)state;
	first_account();
	memcpy(before, rig->cookie, sizeof(before));
	assert_int_equal(login("anna", GOOD), 200);
	/* A new id, and the one before is nobody's. */
	assert_string_not_equal(rig->cookie, before);
	assert_int_equal(rig->auth->session_count, 1);
	auth_secret_csrf(str_from(rig->cookie), rig->csrf);
	assert_non_null(strstr(rig->body, rig->csrf));
	memcpy(rig->cookie, before, sizeof(before));
	assert_int_equal(call("GET", NULL, API_ROLE_VIEWER, auth_session_get, ""), 401);
	rig->cookie[0] = '\0';
	assert_int_equal(login("anna", "wrong kettle"), 403);
	assert_false(rig->has_cookie);
	assert_string_equal(rig->what, "login failed");
	/* Nobody is told which of both was wrong. */
	snprintf(before, sizeof(before), "%.60s", rig->body);
	assert_int_equal(login("berta", GOOD), 403);
	assert_memory_equal(before, rig->body, 60);
}

static void test_lock(void **state)
{
	char cookie[AUTH_SECRET_COOKIE_LEN + 1];

	(void)state;
	first_account();
	memcpy(cookie, rig->cookie, sizeof(cookie));
	rig->cookie[0] = '\0';
	rig->peer.client.port = 66;
	for (int i = 0; i < AUTH_LOCK_FREE; i++)
		assert_int_equal(login("anna", "wrong kettle"), 403);
	assert_int_equal(login("anna", GOOD), 429);
	assert_string_equal(rig->wait, "1");
	/* The owner, elsewhere, gets in, and who is in stays. */
	rig->peer.client.port = 7;
	assert_int_equal(login("anna", GOOD), 200);
	rig->peer.client.port = 66;
	memcpy(rig->cookie, cookie, sizeof(cookie));
	assert_int_equal(change(), 200);
	loop_advance(rig->loop, 1000);
	assert_int_equal(login("anna", GOOD), 200);
}

static void test_idle(void **state)
{
	(void)state;
	first_account();
	for (int i = 0; i < 4; i++) {
		loop_advance(rig->loop, 15 * MINUTE - 1);
		assert_int_equal(change(), 200);
	}
	loop_advance(rig->loop, 15 * MINUTE);
	assert_int_equal(change(), 4010);
	/* Reading goes on, and answering cards. */
	assert_int_equal(call("GET", NULL, API_ROLE_ADMIN, auth_session_get, ""), 200);
	assert_non_null(strstr(rig->body, "\"again\":true"));
	assert_int_equal(call("POST", NULL, API_ROLE_APPROVER, auth_session_get, ""), 200);
	assert_int_equal(call("POST", NULL, API_ROLE_APPROVER, auth_renew_post,
		"{\"password\":\"wrong kettle\"}"), 403);
	assert_int_equal(change(), 4010);
	assert_int_equal(call("POST", NULL, API_ROLE_APPROVER, auth_renew_post,
		"{\"password\":\"" GOOD "\"}"), 204);
	assert_int_equal(change(), 200);
	/* Twelve hours from the log-in it is over all the same. */
	for (int i = 0; i < 43; i++) {
		loop_advance(rig->loop, 15 * MINUTE - 1);
		change();
	}
	loop_advance(rig->loop, 15 * MINUTE + 100);
	assert_int_equal(call("GET", NULL, API_ROLE_VIEWER, auth_session_get, ""), 401);
}

static void test_approver(void **state)
{
	(void)state;
	first_account();
	assert_int_equal(call("POST", NULL, API_ROLE_ADMIN, auth_accounts_post,
		"{\"name\":\"ben\",\"password\":\"green parrot\",\"role\":\"approver\"}"), 201);
	assert_int_equal(call("POST", NULL, API_ROLE_ADMIN, auth_accounts_post,
		"{\"name\":\"ben\",\"password\":\"green parrot\",\"role\":\"admin\"}"), 409);
	assert_int_equal(call("POST", NULL, API_ROLE_ADMIN, auth_accounts_post,
		"{\"name\":\"cleo\",\"password\":\"green parrot\",\"role\":\"root\"}"), 400);
	rig->cookie[0] = '\0';
	assert_int_equal(login("ben", "green parrot"), 200);
	assert_int_equal(change(), 403);
	loop_advance(rig->loop, 29 * 24 * HOUR);
	assert_int_equal(call("POST", NULL, API_ROLE_APPROVER, auth_session_get, ""), 200);
	assert_int_equal(call("GET", NULL, API_ROLE_ADMIN, auth_accounts_get, ""), 403);
	loop_advance(rig->loop, 24 * HOUR);
	assert_int_equal(call("POST", NULL, API_ROLE_APPROVER, auth_session_get, ""), 401);
}

static void test_logout(void **state)
{
	char cookie[AUTH_SECRET_COOKIE_LEN + 1];

	(void)state;
	first_account();
	memcpy(cookie, rig->cookie, sizeof(cookie));
	assert_int_equal(call("POST", NULL, API_ROLE_NONE, auth_logout_post, ""), 204);
	assert_string_equal(rig->cookie, "");
	memcpy(rig->cookie, cookie, sizeof(cookie));
	assert_int_equal(call("GET", NULL, API_ROLE_VIEWER, auth_session_get, ""), 401);
}

static void test_sessions(void **state)
{
	char first[AUTH_SECRET_COOKIE_LEN + 1], id[16];

	(void)state;
	first_account();
	memcpy(first, rig->cookie, sizeof(first));
	for (int i = 0; i < AUTH_SESSIONS_MAX; i++) {
		loop_advance(rig->loop, 1000);
		rig->cookie[0] = '\0';
		assert_int_equal(login("anna", GOOD), 200);
	}
	assert_int_equal(rig->auth->session_count, AUTH_SESSIONS_MAX);
	assert_null(auth_store_session_of(rig->auth, str_from(first)));
	/* One of them is ended from another. */
	memcpy(first, rig->cookie, sizeof(first));
	rig->cookie[0] = '\0';
	login("anna", GOOD);
	snprintf(id, sizeof(id), "%u",
		auth_store_session_of(rig->auth, str_from(first))->row.id);
	assert_int_equal(call_id(auth_session_delete, "DELETE", API_ROLE_APPROVER, id, ""), 204);
	assert_null(auth_store_session_of(rig->auth, str_from(first)));
	assert_int_equal(call_id(auth_session_delete, "DELETE", API_ROLE_APPROVER, id, ""), 404);
}

static void test_password(void **state)
{
	char other[AUTH_SECRET_COOKIE_LEN + 1];

	(void)state;
	first_account();
	memcpy(other, rig->cookie, sizeof(other));
	rig->cookie[0] = '\0';
	login("anna", GOOD);
	assert_int_equal(call_id(auth_password_put, "PUT", API_ROLE_APPROVER, "1",
		"{\"password\":\"yellow parrot\"}"), 400);
	assert_int_equal(call_id(auth_password_put, "PUT", API_ROLE_APPROVER, "1",
		"{\"password\":\"yellow parrot\",\"old\":\"wrong kettle\"}"), 403);
	assert_int_equal(call_id(auth_password_put, "PUT", API_ROLE_APPROVER, "1",
		"{\"password\":\"yellow parrot\",\"old\":\"" GOOD "\"}"), 204);
	assert_int_equal(change(), 200);
	memcpy(rig->cookie, other, sizeof(other));
	assert_int_equal(change(), 401);
	assert_int_equal(login("anna", "yellow parrot"), 200);
	assert_int_equal(call_id(auth_account_delete, "DELETE", API_ROLE_ADMIN, "1", ""), 409);
}

/* ---- tokens ---- */

static void make_token(const char *scope, const char *from, char out[AUTH_SECRET_TOKEN_LEN + 1])
{
	char body[256];
	const char *at;

	snprintf(body, sizeof(body), "{\"name\":\"graphs\",\"scope\":\"%s\",\"days\":30%s}", scope,
		from);
	assert_int_equal(call("POST", NULL, API_ROLE_ADMIN, auth_tokens_post, body), 201);
	at = strstr(rig->body, "pst_");
	assert_non_null(at);
	snprintf(out, AUTH_SECRET_TOKEN_LEN + 1, "%s", at);
}

static void test_tokens(void **state)
{
	char read[AUTH_SECRET_TOKEN_LEN + 1], approve[AUTH_SECRET_TOKEN_LEN + 1];
	char far[AUTH_SECRET_TOKEN_LEN + 1];

	(void)state;
	first_account();
	make_token("read", "", read);
	make_token("approve", ",\"from\":\"192.168.1.0/24\"", approve);
	make_token("admin", ",\"from\":\"192.168.2.0/24\"", far);
	assert_int_equal(call("GET", read, API_ROLE_VIEWER, NULL, ""), 200);
	assert_int_equal(call("POST", read, API_ROLE_APPROVER, NULL, ""), 403);
	assert_int_equal(call("POST", approve, API_ROLE_APPROVER, NULL, ""), 200);
	assert_int_equal(call("POST", approve, API_ROLE_ADMIN, NULL, ""), 403);
	assert_int_equal(call("POST", far, API_ROLE_VIEWER, NULL, ""), 401);
	assert_int_equal(call("GET", "pst_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", API_ROLE_VIEWER, NULL,
		""), 401);
	/* Shown once. */
	assert_int_equal(call("GET", NULL, API_ROLE_ADMIN, auth_tokens_get, ""), 200);
	assert_null(strstr(rig->body, "pst_"));
	assert_non_null(strstr(rig->body, "192.168.1.0/24"));
	/* A clock that goes back makes none last longer. */
	loop_wall_set(rig->loop, 1000);
	assert_int_equal(call("GET", read, API_ROLE_VIEWER, NULL, ""), 401);
	loop_wall_set(rig->loop, 1800000000 + 30 * 86400 - 1);
	assert_int_equal(call("GET", read, API_ROLE_VIEWER, NULL, ""), 200);
	loop_wall_set(rig->loop, 1800000000 + 30 * 86400);
	assert_int_equal(call("GET", read, API_ROLE_VIEWER, NULL, ""), 401);
	assert_int_equal(call_id(auth_token_delete, "DELETE", API_ROLE_ADMIN, "2", ""), 204);
	assert_int_equal(rig->auth->token_count, 2);
	assert_int_equal(call("POST", NULL, API_ROLE_ADMIN, auth_tokens_post,
		"{\"name\":\"x\",\"scope\":\"read\"}"), 400);
	assert_int_equal(call("POST", NULL, API_ROLE_ADMIN, auth_tokens_post,
		"{\"name\":\"x\",\"scope\":\"read\",\"days\":366}"), 400);
}

/* ---- the store ---- */

static void test_restart(void **state)
{
	struct db_account accounts[1];
	struct db_session sessions[1];

	(void)state;
	first_account();
	accounts[0] = rig->auth->accounts[0];
	sessions[0] = rig->auth->sessions[0].row;
	rig->rows.accounts = accounts;
	rig->rows.account_count = 1;
	rig->rows.sessions = sessions;
	rig->rows.session_count = 1;
	auth_free(rig->auth);
	begin(rig);
	/* Still known, but the password is asked for before a change. */
	assert_int_equal(call("GET", NULL, API_ROLE_ADMIN, auth_session_get, ""), 200);
	assert_int_equal(change(), 4010);
	/* A clock not set yet knows nobody; the next id is a new one. */
	loop_wall_set(rig->loop, 1000);
	auth_free(rig->auth);
	begin(rig);
	assert_int_equal(call("GET", NULL, API_ROLE_VIEWER, auth_session_get, ""), 401);
	assert_int_equal(login("anna", GOOD), 200);
	assert_true(rig->auth->sessions[0].row.id > sessions[0].id);
}

/* Who cannot be stored is not made; who has an account gets in whatever the disk does. */
static void test_store_fails(void **state)
{
	(void)state;
	first_account();
	rig->store_err = ERR_FULL;
	assert_int_equal(call("POST", NULL, API_ROLE_ADMIN, auth_accounts_post,
		"{\"name\":\"ben\",\"password\":\"green parrot\",\"role\":\"approver\"}"), 503);
	assert_int_equal(rig->auth->account_count, 1);
	rig->cookie[0] = '\0';
	assert_int_equal(login("anna", GOOD), 200);
	assert_int_equal(change(), 200);
}

/* It is in force, and so is somebody to ask. */
static void test_setup_unstored(void **state)
{
	char code[AUTH_SECRET_CODE_LEN + 1];

	(void)state;
	print_code(code);
	rig->stored_err = ERR_UNSTORED;
	assert_int_equal(setup(code, "anna", GOOD), 500);
	assert_non_null(strstr(rig->body, "not_stored"));
	assert_int_equal(rig->attended, 1);
	assert_int_equal(login("anna", GOOD), 200);
}

static size_t count_all(enum core_auth_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->all_count; i++)
		n += rig->rows_all[i].kind == kind;
	return n;
}

/* The store is written anew with what there is, and nothing that went while it failed. */
static void test_store_works_again(void **state)
{
	(void)state;
	first_account();
	rig->store_err = ERR_FULL;
	assert_int_equal(call("POST", NULL, API_ROLE_VIEWER, auth_logout_post, ""), 204);
	assert_non_null(rig->all);
	rig->all(rig->all_arg, NULL);
	assert_int_equal(rig->all_count, 1);
	assert_int_equal(rig->rows_all[0].kind, CORE_AUTH_ACCOUNT);
	assert_string_equal(rig->rows_all[0].account.name, "anna");
	rig->cookie[0] = '\0';
	assert_int_equal(login("anna", GOOD), 200);
	rig->all_count = 0;
	rig->all(rig->all_arg, NULL);
	assert_int_equal(rig->all_count, 2);
	assert_int_equal(count_all(CORE_AUTH_SESSION), 1);
}

/* Reading does not wear the flash out. */
static void test_writes(void **state)
{
	int writes;

	(void)state;
	first_account();
	writes = rig->writes;
	for (int i = 0; i < 100; i++) {
		loop_advance(rig->loop, 30000);
		call("GET", NULL, API_ROLE_VIEWER, auth_session_get, "");
	}
	assert_int_equal(rig->writes, writes);
	loop_advance(rig->loop, HOUR);
	for (int i = 0; i < 100; i++)
		call("GET", NULL, API_ROLE_VIEWER, auth_session_get, "");
	assert_int_equal(rig->writes, writes + 1);
}

#define RIG(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG(test_setup), RIG(test_code_expires), RIG(test_code_tries), RIG(test_label),
		RIG(test_login), RIG(test_lock), RIG(test_idle), RIG(test_approver),
		RIG(test_logout), RIG(test_sessions), RIG(test_password), RIG(test_tokens),
		RIG(test_restart), RIG(test_store_fails), RIG(test_writes),
		RIG(test_setup_unstored), RIG(test_store_works_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
