/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accounts, sessions, tokens and the set-up code, to the store and back; see core_auth.h. */
#include "gateway/core_auth.h"

#include "gateway/core_job.h"
#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

struct list {
	char *at;
	size_t count, size;
};

struct read_job {
	struct db_job job;
	struct list accounts, sessions, tokens;
	struct db_setup setup;
	bool has_setup;
	core_auth_fn *fn;
	void *arg;
};

/* ---- reading ---- */

static int keep(struct list *l, const void *row, size_t len)
{
	if (l->count == l->size) {
		size_t size = l->size ? l->size * 2 : 8;
		char *at = realloc(l->at, size * len);
		if (!at)
			return ERR_MEMORY;
		l->at = at;
		l->size = size;
	}
	memcpy(l->at + l->count++ * len, row, len);
	return 0;
}

static int keep_account(void *list, const struct db_account *a)
{
	return keep(list, a, sizeof(*a));
}

static int keep_session(void *list, const struct db_session *s)
{
	return keep(list, s, sizeof(*s));
}

static int keep_token(void *list, const struct db_token *t)
{
	return keep(list, t, sizeof(*t));
}

static int run_read(struct db *db, struct db_job *job)
{
	struct read_job *r = (struct read_job *)job;
	int err = db_accounts_each(db, keep_account, &r->accounts);

	if (!err)
		err = db_sessions_each(db, keep_session, &r->sessions);
	if (!err)
		err = db_tokens_each(db, keep_token, &r->tokens);
	if (!err)
		err = db_setup_get(db, &r->setup);
	r->has_setup = !err;
	return err == ERR_NOT_FOUND ? 0 : err;
}

static void read_free(struct read_job *r)
{
	free(r->accounts.at);
	free(r->sessions.at);
	free(r->tokens.at);
	free(r);
}

static void read_done(struct db_job *job, int err)
{
	struct read_job *r = (struct read_job *)job;
	const struct core_auth_rows rows = {
		.accounts = (const void *)r->accounts.at,
		.account_count = r->accounts.count,
		.sessions = (const void *)r->sessions.at,
		.session_count = r->sessions.count,
		.tokens = (const void *)r->tokens.at,
		.token_count = r->tokens.count,
		.setup = r->has_setup ? &r->setup : NULL,
	};

	r->fn(r->arg, err, &rows);
	read_free(r);
}

int core_auth_read(struct core *core, core_auth_fn *fn, void *arg)
{
	struct read_job *r = calloc(1, sizeof(*r));
	int err = core->queue ? 0 : ERR_GONE;

	if (!r)
		return ERR_MEMORY;
	r->job = (struct db_job){.run = run_read, .done = read_done};
	r->fn = fn;
	r->arg = arg;
	if (!err)
		err = db_queue_submit(core->queue, &r->job);
	if (err)
		read_free(r);
	return err;
}

/* ---- writing ---- */

static int put_row(struct db *db, const void *kept)
{
	const struct core_auth_row *row = kept;

	switch (row->kind) {
	case CORE_AUTH_ACCOUNT:
		return db_account_put(db, &row->account);
	case CORE_AUTH_SESSION:
		return db_session_put(db, &row->session);
	case CORE_AUTH_TOKEN:
		return db_token_put(db, &row->token);
	case CORE_AUTH_SETUP:
		return db_setup_put(db, &row->setup);
	case CORE_AUTH_ACCOUNT_GONE:
		return db_account_delete(db, row->id);
	case CORE_AUTH_SESSION_GONE:
		return db_session_delete(db, row->id);
	case CORE_AUTH_TOKEN_GONE:
		return db_token_delete(db, row->id);
	}
	return 0;
}

/* The session may have gone with its account in a change before this one. */
static int put_used(struct db *db, const void *kept)
{
	int err = put_row(db, kept);

	return err == ERR_NOT_FOUND ? 0 : err;
}

void core_auth_add(struct store_job *sj, const struct core_auth_row *row)
{
	struct op *op = job_add(sj, OP_KEPT);
	struct core_auth_row *copy = malloc(sizeof(*copy));

	sj->lacking = sj->lacking || !copy;
	if (copy)
		*copy = *row;
	if (op) {
		op->kept.put = row->kind == CORE_AUTH_SESSION ? put_used : put_row;
		op->kept.row = copy;
	} else {
		free(copy);
	}
}

int core_auth_put(struct core *core, const struct core_auth_change *change,
	const struct core_act *act)
{
	struct store_job *sj = job_new(core, true);
	struct op *op;

	if (!sj) {
		job_lost(core);
		return ERR_MEMORY;
	}
	for (size_t i = 0; i < change->count; i++)
		core_auth_add(sj, &change->rows[i]);
	sj->done = act->done;
	sj->arg = act->arg;
	op = change->what ? job_put_admin(sj, change->what, act) : NULL;
	if (op && change->why)
		job_put_why(&op->row.record, change->why);
	return job_submit(sj) ? 0 : ERR_FULL;
}

/* ---- all of them anew ---- */

static int clear(struct db *db, const void *row)
{
	int err = db_accounts_clear(db);

	(void)row;
	return err ? err : db_tokens_clear(db);
}

void core_auth_keep(struct core *core, core_auth_all_fn *fn, void *arg)
{
	core->auth_all = fn;
	core->auth_arg = arg;
}

void auth_put_all(struct store_job *sj)
{
	if (!sj->core->auth_all)
		return;
	job_put_row(sj, clear, "", 1);
	sj->core->auth_all(sj->core->auth_arg, sj);
}
