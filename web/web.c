/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificate and listeners of the owner's server; see web.h. */
#include "web/web.h"

#include "gateway/httpd_socket.h"
#include "gateway/policy_json.h"
#include "protocols/err.h"
#include "protocols/reader.h"
#include "web/auth.h"
#include "web/web_int.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK_MS (3600 * 1000)	/* how often the certificate's days are counted */
#define SETTLE_MS 2000		/* a LAN that comes up gets its addresses one after the other */
#define NEWCOMERS_S 10		/* connections a second of one source, and */
#define NEWCOMERS_BURST 40	/* what a browser opens at once, several times */
#define CERT_ADDRS_MAX 32
#define PATH_LEN_MAX (CONF_PATH_MAX + 16)

/* Whatever is answered. The page's scripts, styles and pictures are files of ours; nothing may
 * frame it, and it tells nobody where a link was followed from. */
static const struct httpd_field fields[] = {
	{"Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
		"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
		"base-uri 'none'; manifest-src 'self'"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), microphone=(), geolocation=()"},
	{"Cache-Control", "no-store"},
};

/* ---- connections ---- */

static bool admit(void *arg, const struct httpd_peer *peer)
{
	struct web *web = arg;
	uint64_t now = loop_now_ms(web->config.loop);

	if (peer->ifindex == WEB_HANDED && !peer->is_unix)
		return addr_is_loopback(&peer->client.addr);
	if (peer->is_unix || peer->ifindex == web->loopback)
		return true;
	return net_is_lan_source(web->config.net, peer->ifindex, &peer->client.addr) &&
	       web_serve_is_own(web, &peer->local.addr) &&
	       bucket_take(web->newcomers, web_serve_source(web, peer), now);
}

static struct httpd *open_httpd(struct web *web, const struct tls_cert *cert)
{
	const struct httpd_config config = {
		.loop = web->config.loop,
		.log = web->config.log,
		.handler = web_serve_request,
		.admit = admit,
		.arg = web,
		.body_max = POLICY_JSON_MAX,
		.fields = fields,
		.field_count = sizeof(fields) / sizeof(fields[0]),
		.tls_certificate = cert ? cert->certificate : NULL,
		.tls_key = cert ? cert->key : NULL,
	};

	return httpd_new(&config);
}

/* ---- listeners ---- */

static void listen_on(struct web *web, struct web_front *front, struct web_listener *l,
	const char *ifname, int ifindex)
{
	int fd = httpd_socket_tcp(ifname, front->port);

	if (fd >= 0)
		l->listener = httpd_listen(front->httpd, fd, ifindex);
	l->ifindex = ifindex;	/* tried, whatever came of it: not again for every news */
	if (!l->listener)
		log_error(web->config.log, "TCP port %u cannot be opened on %s for the owner's "
			"pages: %s", front->port, ifname, err_text(fd < 0 ? fd : ERR_MEMORY));
}

static void follow_one(struct web *web, struct web_front *front, size_t i,
	const struct net_if *iface)
{
	struct web_listener *l = &front->at[i];
	int wanted = iface->guest ? 0 : iface->ifindex;

	if (l->ifindex == wanted)
		return;
	httpd_unlisten(l->listener);
	*l = (struct web_listener){0};
	if (wanted)
		listen_on(web, front, l, iface->name, wanted);
}

static void follow(struct web *web, struct web_front *front)
{
	if (!front->httpd || front->port == 0)
		return;
	for (size_t i = 0; i < net_lan_count(web->config.net); i++)
		follow_one(web, front, i, net_lan(web->config.net, i));
	if (web->loopback && !front->at[CONF_LANS_MAX].ifindex)
		listen_on(web, front, &front->at[CONF_LANS_MAX], "lo", web->loopback);
}

/* ---- the certificate ---- */

/* Addresses that stay: a provider's prefix changes, and with it every browser would warn anew. */
static bool is_lasting(const struct net_addr *a)
{
	return addr_is_private(&a->addr) ? !addr_is_link_local(&a->addr) : addr_is4(&a->addr);
}

static size_t collect(const struct web *web, struct addr *out)
{
	const struct net *net = web->config.net;
	size_t n = 0;

	for (size_t i = 0; i < net_lan_count(net); i++) {
		size_t count;
		const struct net_if *lan = net_lan(net, i);
		const struct net_addr *own = net_addrs(net, lan->ifindex, &count);

		for (size_t k = 0; k < count && !lan->guest && n < CERT_ADDRS_MAX; k++) {
			if (is_lasting(&own[k]))
				out[n++] = own[k].addr;
		}
	}
	return n;
}

/* Beside the store. */
static void own_path(const struct conf *conf, char out[PATH_LEN_MAX])
{
	const char *slash = strrchr(conf->database, '/');
	struct writer w = writer_to(out, PATH_LEN_MAX - 1);

	writer_bytes(&w, conf->database, (size_t)(slash + 1 - conf->database));
	writer_text(&w, "web.pem");
	out[w.len] = '\0';
}

/* The one we have, or a new one. False: it is what it was. */
static bool renew(struct web *web)
{
	struct addr addrs[CERT_ADDRS_MAX];
	struct tls_cert fresh = {0};
	char path[PATH_LEN_MAX];
	const struct tls_names names = {
		.addrs = addrs,
		.addr_count = collect(web, addrs),
		.names = web->config.conf->web_names,
		.now_wall_s = loop_wall_s(web->config.loop),
	};
	int err;

	own_path(web->config.conf, path);
	if (!web->cert.key)
		tls_load(path, path, &web->cert);
	if (web->cert.key && tls_fits(&web->cert, &names))
		return false;
	err = tls_make(&names, &fresh);
	if (err) {
		log_error(web->config.log, "no certificate can be made: %s", err_text(err));
		return false;
	}
	if (tls_save(&fresh, path))
		log_warning(web->config.log, "%s cannot be written: after the next start browsers "
			"will warn again", path);
	tls_clear(&web->cert);
	web->cert = fresh;
	log_info(web->config.log, "made a new certificate, SHA-256 %s", fresh.fingerprint);
	return true;
}

/* The owner's own wins; it is not renewed by us. */
static bool certify(struct web *web)
{
	const struct conf *conf = web->config.conf;
	const char *key = conf->web_key[0] ? conf->web_key : conf->web_certificate;
	int err;

	if (!conf->web_certificate[0])
		return renew(web);
	if (web->cert.key)
		return false;
	err = tls_load(conf->web_certificate, key, &web->cert);
	if (err)
		log_error(web->config.log, "%s with %s: %s", conf->web_certificate, key,
			err_text(err));
	return !err;
}

static void open_tls(struct web *web)
{
	struct web_front *front = &web->tls;

	httpd_free(front->httpd);
	*front = (struct web_front){.port = web->config.conf->web_port};
	if (web->cert.key)
		front->httpd = open_httpd(web, &web->cert);
	if (!front->httpd)
		log_error(web->config.log, "the owner's pages cannot be served by TLS");
	follow(web, front);
}

/* ---- what changes ---- */

static void tell_where(struct web *web)
{
	struct addr at = addr_any4();

	web->url[0] = '\0';
	for (size_t i = 0; i < net_lan_count(web->config.net) && addr_is_any(&at); i++) {
		const struct net_if *lan = net_lan(web->config.net, i);
		if (!lan->guest &&
		    !net_addr_of(web->config.net, lan->ifindex, true, false, &at))
			net_addr_of(web->config.net, lan->ifindex, false, false, &at);
	}
	if (!addr_is_any(&at))
		web_explain_url(web, &at, web->url);
	auth_found_at(web->config.auth, web->url[0] ? web->url : NULL,
		web->cert.fingerprint[0] ? web->cert.fingerprint : NULL);
}

static void on_check(void *arg)
{
	struct web *web = arg;

	if (web->config.conf->web_tls && certify(web))
		open_tls(web);
	tell_where(web);
	loop_timer_set(web->config.loop, &web->check, loop_now_ms(web->config.loop) + CHECK_MS);
}

static void on_net(void *arg, unsigned events)
{
	struct web *web = arg;

	if (!(events & NET_LAN_CHANGED))
		return;
	follow(web, &web->tls);
	follow(web, &web->plain);
	loop_timer_set(web->config.loop, &web->check, loop_now_ms(web->config.loop) + SETTLE_MS);
}

/* ---- beginning and end ---- */

static void open_unix(struct web *web)
{
	const char *path = web->config.conf->web_socket;
	int fd = path[0] ? httpd_socket_unix(path, (gid_t)-1) : ERR_NOT_FOUND;

	if (fd >= 0 && !httpd_listen(web->plain.httpd, fd, 0))
		fd = ERR_MEMORY;
	if (fd < 0 && path[0])
		log_error(web->config.log, "%s: %s", path, err_text(fd));
}

static void open_fronts(struct web *web)
{
	const struct conf *conf = web->config.conf;

	if (conf->web_tls && !tls_is_there())
		log_error(web->config.log, "this build has no TLS; set tls = no in [web], or use "
			"another web server with its socket");
	if (conf->web_tls)
		certify(web);
	if (conf->web_tls)
		open_tls(web);
	web->plain.port = conf->web_tls ? conf->web_plain_port : conf->web_port;
	follow(web, &web->plain);
	open_unix(web);
	tell_where(web);
}

struct web *web_new(const struct web_config *config)
{
	struct web *web = calloc(1, sizeof(*web));

	if (!web)
		return NULL;
	web->config = *config;
	web->check = (struct loop_timer){.fn = on_check, .arg = web, .due_ms = LOOP_NEVER};
	web->loopback = (int)if_nametoindex("lo");
	web->newcomers = bucket_new(NEWCOMERS_S, NEWCOMERS_BURST);
	web->metrics = metrics_new(config->core);
	web->plain.httpd = open_httpd(web, NULL);
	if (!web->newcomers || !web->metrics || !web->plain.httpd ||
	    net_watch(config->net, on_net, web)) {
		web_free(web);
		return NULL;
	}
	open_fronts(web);
	loop_timer_set(config->loop, &web->check, loop_now_ms(config->loop) + CHECK_MS);
	return web;
}

void web_listen(struct web *web, int fd)
{
	if (!httpd_listen(web->plain.httpd, fd, WEB_HANDED))
		log_error(web->config.log, "a socket that was handed over cannot be served: %s",
			err_text(ERR_MEMORY));
}

void web_free(struct web *web)
{
	if (!web)
		return;
	net_unwatch(web->config.net, on_net, web);
	loop_timer_stop(web->config.loop, &web->check);
	auth_found_at(web->config.auth, NULL, NULL);
	httpd_free(web->tls.httpd);
	httpd_free(web->plain.httpd);
	if (web->config.conf->web_socket[0])
		unlink(web->config.conf->web_socket);
	metrics_free(web->metrics);
	bucket_free(web->newcomers);
	tls_clear(&web->cert);
	free(web);
}
