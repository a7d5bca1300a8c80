/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other people's web pages must not do; see auth_gate.h. */
#include "web/auth_gate.h"

#include "protocols/err.h"
#include "web/auth_secret.h"

#include <stddef.h>

/* ---- Host ---- */

/* "name", "name:port", "[address]:port". *port stays STR_NONE without one. */
static int split_host(struct str host, struct str *name, struct str *port)
{
	struct str rest = host;

	*port = STR_NONE;
	if (!str_starts(host, STR("["))) {
		*name = str_split(&rest, ':');
		*port = rest;
		return name->len > 0 ? 0 : ERR_SYNTAX;
	}
	rest = str_sub(host, 1, host.len - 1);
	*name = str_split(&rest, ']');
	if (!rest.p || (rest.len > 0 && rest.p[0] != ':'))
		return ERR_SYNTAX;
	if (rest.len > 0)
		*port = str_sub(rest, 1, rest.len - 1);
	return 0;
}

static bool is_configured(const char *names, struct str name)
{
	struct str rest = str_from(names);

	while (rest.len > 0) {
		size_t n = 0;
		while (n < rest.len && rest.p[n] != ' ' && rest.p[n] != ',')
			n++;
		if (n > 0 && str_eqi(str_sub(rest, 0, n), name))
			return true;
		rest = str_sub(rest, n + 1, rest.len);
	}
	return false;
}

static bool is_name_ours(const struct auth_gate *gate, struct str name)
{
	struct addr addr;

	if (is_configured(gate->names, name))
		return true;
	if (gate->loopback && str_eqi(name, STR("localhost")))
		return true;
	if (addr_decode(name, &addr))
		return false;
	if (addr_is_loopback(&addr))
		return gate->loopback;
	return gate->is_own(gate->arg, &addr);
}

static bool is_port_ours(const struct auth_gate *gate, struct str text)
{
	uint32_t port = gate->tls ? 443 : 80;

	if (text.p && str_u32(text, 1, UINT16_MAX, &port))
		return false;
	return gate->port == 0 || port == gate->port;
}

static bool is_host_ours(const struct auth_gate *gate, struct str host)
{
	struct str name, port;

	return host.p && !split_host(host, &name, &port) && is_port_ours(gate, port) &&
	       is_name_ours(gate, name);
}

/* ---- Origin ---- */

/* RFC 6454 section 6.2: scheme, "://", and what Host says. Behind another web server the scheme is
 * that one's to know. */
static bool is_origin_ours(const struct auth_gate *gate, const struct auth_gate_request *req)
{
	struct str secure = STR("https://"), plain = STR("http://");

	if (str_starts(req->origin, secure))
		return (gate->tls || gate->port == 0) &&
		       str_eqi(str_sub(req->origin, secure.len, req->origin.len), req->host);
	if (str_starts(req->origin, plain))
		return !gate->tls &&
		       str_eqi(str_sub(req->origin, plain.len, req->origin.len), req->host);
	return false;
}

static bool is_site_ours(struct str site)
{
	return !site.p || str_eq(site, STR("same-origin")) || str_eq(site, STR("none"));
}

/* ---- the rest ---- */

static bool is_reading(struct str method)
{
	return str_eq(method, STR("GET"));	/* HEAD comes as GET */
}

static bool is_known(struct str method)
{
	return is_reading(method) || str_eq(method, STR("POST")) ||
	       str_eq(method, STR("PUT")) || str_eq(method, STR("DELETE"));
}

static bool is_json(struct str type)
{
	return str_eqi(str_trim(str_split(&type, ';')), STR("application/json"));
}

static bool is_csrf_right(const struct auth_gate_request *req)
{
	char want[AUTH_SECRET_COOKIE_LEN + 1];
	uint8_t a[AUTH_SECRET_HASH_LEN], b[AUTH_SECRET_HASH_LEN];

	auth_secret_csrf(req->cookie, want);
	auth_secret_hash(req->csrf, a);
	auth_secret_hash(str_from(want), b);
	return auth_secret_same(a, b);
}

static enum auth_gate_verdict check_change(const struct auth_gate_request *req)
{
	if (!is_site_ours(req->site))
		return AUTH_GATE_ORIGIN;
	if (req->body && !is_json(req->type))
		return AUTH_GATE_TYPE;
	if (req->cookie.p && !is_csrf_right(req))
		return AUTH_GATE_CSRF;
	return AUTH_GATE_PASS;
}

enum auth_gate_verdict auth_gate_check(const struct auth_gate *gate,
	const struct auth_gate_request *req)
{
	if (req->twice)
		return AUTH_GATE_MALFORMED;
	if (!is_host_ours(gate, req->host))
		return AUTH_GATE_HOST;
	if (req->origin.p && !is_origin_ours(gate, req))
		return AUTH_GATE_ORIGIN;
	if (req->bearer.p && (req->cookie.p || req->origin.p))
		return AUTH_GATE_MIXED;
	if (!is_known(req->method))
		return AUTH_GATE_METHOD;
	/* What reads changes nothing, so a link from elsewhere may lead here: it sees nothing of
	 * the answer, and the cookie stays away (SameSite=Strict). */
	return is_reading(req->method) ? AUTH_GATE_PASS : check_change(req);
}

const struct auth_gate_refusal *auth_gate_refusal(enum auth_gate_verdict verdict)
{
	static const struct auth_gate_refusal refusals[] = {
		[AUTH_GATE_PASS] = {200, "", ""},
		[AUTH_GATE_MALFORMED] = {400, "malformed", "a header field came more than once"},
		[AUTH_GATE_HOST] = {421, "bad_host",
			"this router is not called so; use its address, or name it in [web] names"},
		[AUTH_GATE_ORIGIN] = {403, "foreign_origin", "another web page sent this"},
		[AUTH_GATE_METHOD] = {405, "bad_method", "not by this method"},
		[AUTH_GATE_TYPE] = {415, "bad_type", "the body must be application/json"},
		[AUTH_GATE_CSRF] = {403, "bad_csrf", "X-Postern-CSRF does not go with the cookie"},
		[AUTH_GATE_MIXED] = {400, "mixed",
			"a token goes without a cookie and without Origin"},
	};
	return &refusals[verdict];
}
