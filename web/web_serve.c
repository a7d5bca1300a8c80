/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request of the owner's server: the gate, who it is from, and where it goes. */
#include "protocols/err.h"
#include "web/api_call.h"
#include "web/auth.h"
#include "web/auth_cookie.h"
#include "web/pages.h"
#include "web/web_int.h"

bool web_serve_is_own(void *arg, const struct addr *addr)
{
	const struct web *web = arg;
	const struct net *net = web->config.net;

	for (size_t i = 0; i < net_lan_count(net); i++) {
		size_t count;
		const struct net_if *lan = net_lan(net, i);
		const struct net_addr *own = net_addrs(net, lan->ifindex, &count);

		for (size_t k = 0; k < count && !lan->guest; k++) {
			if (addr_eq(&own[k].addr, addr))
				return true;
		}
	}
	return false;
}

bool web_serve_is_local(const struct web *web, const struct httpd_peer *peer)
{
	return !peer->is_unix && (peer->ifindex == web->loopback || peer->ifindex == WEB_HANDED);
}

uint64_t web_serve_source(const struct web *web, const struct httpd_peer *peer)
{
	uint8_t mac[NEIGH_MAC_LEN] = {0};
	uint64_t key = (uint64_t)peer->ifindex << 48;

	if (!peer->is_unix && !web_serve_is_local(web, peer))
		net_neigh_mac(web->config.net, peer->ifindex, &peer->client.addr, mac);
	for (size_t i = 0; i < sizeof(mac); i++)
		key |= (uint64_t)mac[i] << 8 * i;
	return key;
}

static void take(const struct httpd_request *req, const char *name, struct str *out, bool *twice)
{
	int err = httpd_field(req, str_from(name), out);

	if (err)
		*out = STR_NONE;
	*twice = *twice || err == ERR_EXISTS;
}

/* Any other scheme is nobody here. */
static struct str bearer_of(struct str authorization)
{
	struct str rest = authorization;
	struct str scheme = str_split(&rest, ' ');

	return rest.p && str_eqi(scheme, STR("Bearer")) ? str_trim(rest) : STR_NONE;
}

static void gather(struct auth *auth, const struct httpd_request *req,
	struct auth_gate_request *out)
{
	struct auth_gate_request r = {
		.method = req->method,
		.host = req->host,
		.body = req->body.len > 0,
	};
	struct str authorization;
	int err = auth_cookie_find(req, &r.cookie);

	if (err || !auth_has_session(auth, r.cookie))
		r.cookie = STR_NONE;
	r.twice = err == ERR_EXISTS;
	take(req, "Origin", &r.origin, &r.twice);
	take(req, "Sec-Fetch-Site", &r.site, &r.twice);
	take(req, "Content-Type", &r.type, &r.twice);
	take(req, "X-Postern-CSRF", &r.csrf, &r.twice);
	take(req, "Authorization", &authorization, &r.twice);
	r.bearer = bearer_of(authorization);
	*out = r;
}

static bool is_explained_only(const struct web *web, const struct httpd_request *req)
{
	return web->config.conf->web_tls && !req->peer->tls && !req->peer->is_unix &&
	       !web_serve_is_local(web, req->peer);
}

static void serve_caller(struct web *web, struct httpd_request *req,
	const struct auth_gate_request *facts)
{
	bool metrics = str_eq(req->path, STR("/metrics"));
	struct api_caller caller;
	struct auth_who who = {.source = web_serve_source(web, req->peer)};

	if (!auth_caller(web->config.auth, facts, &req->peer->client.addr, &who, &caller)) {
		api_error(req, 503, "busy", "accounts cannot be read now; try again", NULL);
		return;
	}
	if (!metrics)
		api_handle(web->config.api, req, &caller);
	else if (!str_eq(req->method, STR("GET")))
		api_error(req, 405, "bad_method", "not by this method", NULL);
	else if (caller.role >= API_ROLE_VIEWER || web_serve_is_local(web, req->peer))
		metrics_answer(web->metrics, req);
	else
		api_error(req, 401, "login", "this needs a token", NULL);
}

void web_serve_request(void *arg, struct httpd_request *req)
{
	struct web *web = arg;
	const struct auth_gate gate = {
		.tls = req->peer->tls,
		.port = req->peer->is_unix ? 0 : req->peer->local.port,
		.names = web->config.conf->web_names,
		.loopback = web_serve_is_local(web, req->peer),
		.is_own = web_serve_is_own,
		.arg = web,
	};
	const struct auth_gate_refusal *refusal;
	struct auth_gate_request facts;
	enum auth_gate_verdict verdict;

	if (is_explained_only(web, req)) {
		web_explain_answer(web, req);
		return;
	}
	gather(web->config.auth, req, &facts);
	verdict = auth_gate_check(&gate, &facts);
	refusal = auth_gate_refusal(verdict);
	if (verdict != AUTH_GATE_PASS)
		api_error(req, refusal->status, refusal->code, refusal->message, NULL);
	else if (str_starts(req->path, STR("/api/")) || str_eq(req->path, STR("/metrics")))
		serve_caller(web, req, &facts);
	else
		pages_answer(req);
}
