/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who a request is from; see auth.h. */
#include "web/auth.h"

#include "gateway/log.h"
#include "web/auth_store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- whose request it is ---- */

static enum api_role role_of(uint8_t db_role)
{
	switch (db_role) {
	case DB_ROLE_ADMIN:
		return API_ROLE_ADMIN;
	case DB_ROLE_APPROVER:
		return API_ROLE_APPROVER;
	case DB_ROLE_READ:
		return API_ROLE_VIEWER;
	default:
		return API_ROLE_NONE;
	}
}

static void be_token(struct auth *auth, struct db_token *t, struct auth_who *who,
	struct api_caller *out)
{
	who->token = t;
	out->role = role_of(t->scope);
	out->by = t->name;
	out->lack = API_LACK_RIGHTS;
	auth_store_token_used(auth, t);
}

/* A change keeps the session fresh; an administrator whose session is not is an approver. */
static void be_session(struct auth *auth, struct auth_session *s, bool change,
	struct auth_who *who, struct api_caller *out)
{
	const struct db_account *a = auth_store_account(auth, s->row.account_id);
	uint64_t now = loop_now_ms(auth->config.loop);
	bool fresh = s->fresh && now - s->fresh_ms < AUTH_IDLE_MS;

	if (!a)
		return;
	who->account = a;
	who->session = &s->row;
	out->role = role_of(a->role);
	out->by = a->name;
	out->lack = API_LACK_RIGHTS;
	auth_store_session_used(auth, s);
	if (!change)
		return;
	if (fresh)
		s->fresh_ms = now;
	if (!fresh && out->role == API_ROLE_ADMIN) {
		out->role = API_ROLE_APPROVER;
		out->lack = API_LACK_AGAIN;
	}
}

bool auth_has_session(struct auth *auth, struct str cookie)
{
	return auth_store_session_of(auth, cookie) != NULL;
}

bool auth_caller(struct auth *auth, const struct auth_gate_request *req, const struct addr *from,
	struct auth_who *who, struct api_caller *out)
{
	struct auth_session *s = NULL;
	struct db_token *t = NULL;

	if (!auth->ready)
		return false;
	*who = (struct auth_who){.source = who->source};
	*out = (struct api_caller){.by = "nobody", .lack = API_LACK_LOGIN, .who = who};
	if (req->bearer.p)
		t = auth_store_token_of(auth, req->bearer);
	else if (req->cookie.p)
		s = auth_store_session_of(auth, req->cookie);
	if (t && (prefix_is_any(&t->from) || prefix_has(&t->from, from)))
		be_token(auth, t, who, out);
	else if (s)
		be_session(auth, s, !str_eq(req->method, STR("GET")), who, out);
	return true;
}

/* ---- beginning and end ---- */

void auth_found_at(struct auth *auth, const char *url, const char *fingerprint)
{
	auth->url = url;
	auth->fingerprint = fingerprint;
}

struct auth_place auth_place(const struct auth *auth)
{
	return (struct auth_place){auth->url, auth->fingerprint};
}

/* One line, as libsodium and argon2(1) write it; anything else is as good as none. */
static void read_label(struct auth *auth)
{
	char text[sizeof(auth->label) + 1] = "";
	int fd = auth->config.label ? open(auth->config.label, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	struct str line = {text, len > 0 ? (size_t)len : 0};

	if (fd >= 0)
		close(fd);
	line = str_trim(str_split(&line, '\n'));
	if (line.len < sizeof(auth->label) && str_starts(line, STR("$argon2id$")))
		memcpy(auth->label, line.p, line.len);
	else if (len >= 0)
		log_warning(auth->config.log, "%s is no argon2id hash of a set-up code",
			auth->config.label);
}

struct auth *auth_new(const struct auth_config *config)
{
	struct auth *auth = calloc(1, sizeof(*auth));

	if (!auth)
		return NULL;
	auth->config = *config;
	auth->hash = auth_hash_new(config->loop);
	read_label(auth);
	if (auth->hash && auth_store_read(auth) == 0)
		return auth;
	auth_free(auth);
	return NULL;
}

void auth_free(struct auth *auth)
{
	if (!auth)
		return;
	core_auth_keep(auth->config.core, NULL, NULL);
	auth_hash_free(auth->hash);
	free(auth);
}
