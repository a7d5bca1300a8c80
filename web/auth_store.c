/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of auth, in memory and written through; see auth_store.h. */
#include "web/auth_store.h"

#include "gateway/log.h"
#include "protocols/err.h"

#include <string.h>

#define USED_EVERY_S 3600	/* how often the time of the last use is worth a write */

static uint64_t now_ms(const struct auth *auth)
{
	return loop_now_ms(auth->config.loop);
}

static uint64_t wall_s(const struct auth *auth)
{
	return loop_wall_s(auth->config.loop);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* ---- reading ---- */

/* What is left of it by the wall clock; a clock that has not been set yet, and so is behind, gives
 * nothing away: the session is not known then. */
static void load_session(struct auth *auth, const struct db_session *row)
{
	uint64_t now = wall_s(auth);
	struct auth_session *s = &auth->sessions[auth->session_count];

	auth->last_session_id = larger(auth->last_session_id, row->id);
	if (now < row->made_wall_s || now >= row->until_wall_s ||
	    auth->session_count == sizeof(auth->sessions) / sizeof(auth->sessions[0]))
		return;
	*s = (struct auth_session){
		.row = *row,
		.ends_ms = now_ms(auth) + (row->until_wall_s - now) * 1000,
	};
	auth->session_count++;
}

static struct core_auth_row label_row(const struct auth *auth)
{
	struct core_auth_row row = {
		.kind = CORE_AUTH_SETUP,
		.setup = {.kind = DB_SETUP_LABEL, .used = true},
	};

	memcpy(row.setup.code_hash, auth->label, sizeof(row.setup.code_hash));
	return row;
}

static void load_accounts(struct auth *auth, const struct core_auth_rows *rows)
{
	for (size_t i = 0; i < rows->account_count && i < AUTH_ACCOUNTS_MAX; i++) {
		auth->accounts[auth->account_count++] = rows->accounts[i];
		auth->last_account_id = larger(auth->last_account_id, rows->accounts[i].id);
	}
	for (size_t i = 0; i < rows->session_count; i++)
		load_session(auth, &rows->sessions[i]);
	for (size_t i = 0; i < rows->token_count && i < AUTH_TOKENS_MAX; i++) {
		auth->tokens[auth->token_count++] = rows->tokens[i];
		auth->last_token_id = larger(auth->last_token_id, rows->tokens[i].id);
	}
}

static void put_all(void *arg, struct store_job *all)
{
	const struct auth *auth = arg;
	struct core_auth_row row;

	for (size_t i = 0; i < auth->account_count; i++) {
		row = (struct core_auth_row){.kind = CORE_AUTH_ACCOUNT};
		row.account = auth->accounts[i];
		core_auth_add(all, &row);
	}
	for (size_t i = 0; i < auth->session_count; i++) {
		row = (struct core_auth_row){.kind = CORE_AUTH_SESSION};
		row.session = auth->sessions[i].row;
		core_auth_add(all, &row);
	}
	for (size_t i = 0; i < auth->token_count; i++) {
		row = (struct core_auth_row){.kind = CORE_AUTH_TOKEN};
		row.token = auth->tokens[i];
		core_auth_add(all, &row);
	}
	if (auth->label_used) {
		row = label_row(auth);
		core_auth_add(all, &row);
	}
}

static void on_rows(void *arg, int err, const struct core_auth_rows *rows)
{
	struct auth *auth = arg;

	if (err) {
		log_error(auth->config.log, "accounts cannot be read, nobody can log in: %s",
			err_text(err));
		return;
	}
	load_accounts(auth, rows);
	auth->label_used = rows->setup && rows->setup->kind == DB_SETUP_LABEL &&
			   rows->setup->used && strcmp(rows->setup->code_hash, auth->label) == 0;
	auth->ready = true;
	core_auth_keep(auth->config.core, put_all, auth);
}

int auth_store_read(struct auth *auth)
{
	return core_auth_read(auth->config.core, on_rows, auth);
}

/* ---- looking up ---- */

struct db_account *auth_store_account(struct auth *auth, uint32_t id)
{
	for (size_t i = 0; i < auth->account_count; i++) {
		if (auth->accounts[i].id == id)
			return &auth->accounts[i];
	}
	return NULL;
}

struct db_account *auth_store_account_named(struct auth *auth, struct str name)
{
	for (size_t i = 0; i < auth->account_count; i++) {
		if (str_eq(str_from(auth->accounts[i].name), name))
			return &auth->accounts[i];
	}
	return NULL;
}

struct auth_session *auth_store_session(struct auth *auth, uint32_t id)
{
	for (size_t i = 0; i < auth->session_count; i++) {
		if (auth->sessions[i].row.id == id)
			return &auth->sessions[i];
	}
	return NULL;
}

struct auth_session *auth_store_session_of(struct auth *auth, struct str cookie)
{
	uint8_t hash[AUTH_SECRET_HASH_LEN];

	auth_secret_hash(cookie, hash);
	for (size_t i = 0; i < auth->session_count; i++) {
		struct auth_session *s = &auth->sessions[i];
		if (auth_secret_same(s->row.token_hash, hash))
			return now_ms(auth) < s->ends_ms ? s : NULL;
	}
	return NULL;
}

/* Not with a clock behind the one it was made by: its end could not be told. */
static bool is_alive(const struct auth *auth, const struct db_token *t)
{
	uint64_t now = wall_s(auth);

	return now >= t->made_wall_s && now < t->until_wall_s;
}

struct db_token *auth_store_token_of(struct auth *auth, struct str bearer)
{
	uint8_t hash[AUTH_SECRET_HASH_LEN];

	auth_secret_hash(bearer, hash);
	for (size_t i = 0; i < auth->token_count; i++) {
		struct db_token *t = &auth->tokens[i];
		if (auth_secret_same(t->token_hash, hash))
			return is_alive(auth, t) ? t : NULL;
	}
	return NULL;
}

size_t auth_store_admins(const struct auth *auth)
{
	size_t n = 0;

	for (size_t i = 0; i < auth->account_count; i++)
		n += auth->accounts[i].role == DB_ROLE_ADMIN;
	return n;
}

/* ---- writing ---- */

static int put(struct auth *auth, const struct core_auth_row *row,
	const struct auth_store_why *why, const struct core_act *act)
{
	const struct core_auth_change change = {
		.rows = row,
		.count = row ? 1 : 0,
		.what = why->what,
		.why = why->why,
	};

	return core_auth_put(auth->config.core, &change, act);
}

/* Nobody waits for it. What the store misses it is told when it is written anew. */
static void put_quietly(struct auth *auth, const struct core_auth_row *row,
	const struct auth_store_why *why, const char *by)
{
	const struct core_act act = {.by = by};

	if (put(auth, row, why, &act))
		log_warning(auth->config.log, "the store is too busy for what accounts do");
}

int auth_store_put_account(struct auth *auth, const struct db_account *row,
	const struct auth_store_why *why, const struct core_act *act)
{
	const struct core_auth_row change = {.kind = CORE_AUTH_ACCOUNT, .account = *row};
	struct db_account *a = auth_store_account(auth, row->id);
	int err;

	if (!a && auth->account_count == AUTH_ACCOUNTS_MAX)
		return ERR_FULL;
	err = put(auth, &change, why, act);
	if (err)
		return err;
	if (!a)
		a = &auth->accounts[auth->account_count++];
	*a = *row;
	auth->last_account_id = larger(auth->last_account_id, row->id);
	return 0;
}

static void forget_session(struct auth *auth, struct auth_session *s)
{
	*s = auth->sessions[--auth->session_count];
}

int auth_store_drop_account(struct auth *auth, uint32_t id, const struct core_act *act)
{
	const struct core_auth_row row = {.kind = CORE_AUTH_ACCOUNT_GONE, .id = id};
	struct db_account *a = auth_store_account(auth, id);
	const struct auth_store_why why = {"account removed", a ? a->name : ""};
	int err = a ? put(auth, &row, &why, act) : ERR_NOT_FOUND;

	if (err)
		return err;
	for (size_t i = auth->session_count; i-- > 0;) {
		if (auth->sessions[i].row.account_id == id)
			forget_session(auth, &auth->sessions[i]);
	}
	memmove(a, a + 1, (size_t)(auth->accounts + auth->account_count - (a + 1)) * sizeof(*a));
	auth->account_count--;
	return 0;
}

void auth_store_drop_session(struct auth *auth, uint32_t id)
{
	const struct core_auth_row row = {.kind = CORE_AUTH_SESSION_GONE, .id = id};
	const struct auth_store_why why = {NULL, NULL};
	struct auth_session *s = auth_store_session(auth, id);

	if (!s)
		return;
	forget_session(auth, s);
	put_quietly(auth, &row, &why, "");
}

void auth_store_drop_sessions(struct auth *auth, uint32_t account_id, uint32_t keep)
{
	for (size_t i = auth->session_count; i-- > 0;) {
		const struct db_session *row = &auth->sessions[i].row;
		if (row->account_id == account_id && row->id != keep)
			auth_store_drop_session(auth, row->id);
	}
}

/* Sessions that are over go first, then the one used least recently. */
static void make_room(struct auth *auth, uint32_t account_id)
{
	struct auth_session *oldest = NULL;
	size_t count = 0;

	for (size_t i = auth->session_count; i-- > 0;) {
		if (auth->sessions[i].ends_ms <= now_ms(auth))
			auth_store_drop_session(auth, auth->sessions[i].row.id);
	}
	for (size_t i = 0; i < auth->session_count; i++) {
		struct auth_session *s = &auth->sessions[i];
		if (s->row.account_id != account_id)
			continue;
		count++;
		if (!oldest || s->row.used_wall_s < oldest->row.used_wall_s)
			oldest = s;
	}
	if (count >= AUTH_SESSIONS_MAX)
		auth_store_drop_session(auth, oldest->row.id);
}

struct auth_session *auth_store_add_session(struct auth *auth, const struct db_session *like,
	char cookie[AUTH_SECRET_COOKIE_LEN + 1], const struct auth_store_why *why)
{
	uint64_t lasts_s = like->remember ? AUTH_SESSION_KEPT_S : AUTH_SESSION_S;
	struct db_account *a = auth_store_account(auth, like->account_id);
	struct core_auth_row change = {.kind = CORE_AUTH_SESSION, .session = *like};
	struct db_session *row = &change.session;
	struct auth_session *s;

	make_room(auth, like->account_id);
	auth_secret_cookie(cookie);
	auth_secret_hash(str_from(cookie), row->token_hash);
	row->id = ++auth->last_session_id;
	row->made_wall_s = row->used_wall_s = wall_s(auth);
	row->until_wall_s = row->made_wall_s + lasts_s;
	s = &auth->sessions[auth->session_count++];
	*s = (struct auth_session){
		.row = *row,
		.ends_ms = now_ms(auth) + lasts_s * 1000,
		.fresh = true,
		.fresh_ms = now_ms(auth),
	};
	put_quietly(auth, &change, why, a->name);
	a->used_wall_s = row->made_wall_s;
	change = (struct core_auth_row){.kind = CORE_AUTH_ACCOUNT, .account = *a};
	put_quietly(auth, &change, &(struct auth_store_why){NULL, NULL}, a->name);
	return s;
}

int auth_store_put_token(struct auth *auth, const struct db_token *row, const char *why,
	const struct core_act *act)
{
	const struct core_auth_row change = {.kind = CORE_AUTH_TOKEN, .token = *row};
	const struct auth_store_why line = {"token made", why};
	int err;

	if (auth->token_count == AUTH_TOKENS_MAX)
		return ERR_FULL;
	err = put(auth, &change, &line, act);
	if (!err)
		auth->tokens[auth->token_count++] = *row;
	auth->last_token_id = larger(auth->last_token_id, row->id);
	return err;
}

int auth_store_drop_token(struct auth *auth, uint32_t id, const struct core_act *act)
{
	const struct core_auth_row row = {.kind = CORE_AUTH_TOKEN_GONE, .id = id};
	struct auth_store_why why = {"token removed", NULL};
	size_t i = 0;
	int err;

	while (i < auth->token_count && auth->tokens[i].id != id)
		i++;
	if (i == auth->token_count)
		return ERR_NOT_FOUND;
	why.why = auth->tokens[i].name;
	err = put(auth, &row, &why, act);
	if (!err)
		auth->tokens[i] = auth->tokens[--auth->token_count];
	return err;
}

void auth_store_session_used(struct auth *auth, struct auth_session *s)
{
	struct core_auth_row row = {.kind = CORE_AUTH_SESSION};
	const struct auth_store_why why = {NULL, NULL};

	if (wall_s(auth) < s->row.used_wall_s + USED_EVERY_S)
		return;
	s->row.used_wall_s = wall_s(auth);
	row.session = s->row;
	put_quietly(auth, &row, &why, "");
}

void auth_store_token_used(struct auth *auth, struct db_token *t)
{
	struct core_auth_row row = {.kind = CORE_AUTH_TOKEN};
	const struct auth_store_why why = {NULL, NULL};

	if (wall_s(auth) < t->used_wall_s + USED_EVERY_S)
		return;
	t->used_wall_s = wall_s(auth);
	row.token = *t;
	put_quietly(auth, &row, &why, "");
}

void auth_store_label_used(struct auth *auth)
{
	const struct core_auth_row row = label_row(auth);
	const struct auth_store_why why = {NULL, NULL};

	auth->label_used = true;
	put_quietly(auth, &row, &why, "");
}

void auth_store_note(struct auth *auth, const char *what, const char *why, const char *by)
{
	const struct auth_store_why line = {what, why};

	put_quietly(auth, NULL, &line, by);
}
