/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listeners and routes of the UPnP server; see serve_igd.h. */
#include "gateway/serve_igd.h"

#include "gateway/httpd.h"
#include "gateway/httpd_socket.h"
#include "gateway/serve_igd_call.h"
#include "gateway/serve_igd_event.h"
#include "gateway/serve_igd_gate.h"
#include "gateway/upnp_self.h"
#include "protocols/err.h"

#include <stdlib.h>

struct listener {
	struct httpd_listener *listener;	/* NULL: none */
	int ifindex;
};

struct serve_igd {
	struct core *core;
	struct net *net;
	struct log *log;
	struct httpd *httpd;
	struct serve_igd_call *calls;
	struct serve_igd_event *events;
	struct upnp_self self;
	struct listener listeners[CONF_LANS_MAX];
};

/* ---- answers ---- */

static void refuse(struct httpd_request *req, unsigned status, const char *allow)
{
	const struct httpd_field fields[] = {
		{"Server", UPNP_SELF_SERVER},
		{"Allow", allow},
	};
	const struct httpd_answer answer = {
		.status = status,
		.fields = fields,
		.field_count = allow ? 2 : 1,
	};

	httpd_answer(req, &answer);
}

static void send_document(struct serve_igd *serve, struct httpd_request *req,
	const struct igd_path *path)
{
	static const struct httpd_field fields[] = {
		{"Server", UPNP_SELF_SERVER},
		{"Content-Language", "en"},	/* UDA 1.1 section 2.10 */
	};
	uint32_t configid = serve->self.configid[path->view - 1];
	struct igd_desc desc = serve->self.desc;
	char text[IGD_DESC_MAX], pages[UPNP_SELF_URL_MAX];
	struct writer w = writer_to(text, sizeof(text));
	struct httpd_answer answer = {
		.status = 200,
		.type = "text/xml; charset=\"utf-8\"",
		.fields = fields,
		.field_count = sizeof(fields) / sizeof(fields[0]),
	};

	desc.presentation_url = upnp_self_pages(&serve->self, &req->peer->local.addr, pages);
	if (path->kind == IGD_PATH_DESC)
		igd_desc_encode_root(&w, &desc, path->view, configid);
	else
		igd_desc_encode_scpd(&w, path->service, path->view);
	answer.body = w.p;
	answer.body_len = w.len;
	httpd_answer(req, &answer);
}

/* ---- routes ---- */

static void route_document(struct serve_igd *serve, struct httpd_request *req,
	const struct igd_path *path)
{
	if (str_eq(req->method, STR("GET")))
		send_document(serve, req, path);
	else
		refuse(req, 405, "GET, HEAD");
}

static void route_control(struct serve_igd *serve, struct httpd_request *req,
	const struct igd_path *path)
{
	struct str action;
	unsigned status;

	if (!str_eq(req->method, STR("POST"))) {
		refuse(req, 405, "POST");
		return;
	}
	status = serve_igd_gate_check_origin(req);
	if (!status)
		status = serve_igd_gate_check_soap(req, &action);
	if (status)
		refuse(req, status, NULL);
	else
		serve_igd_call_answer(serve->calls, req, path->service, action);
}

static void route_event(struct serve_igd *serve, struct httpd_request *req,
	const struct igd_path *path)
{
	unsigned status;

	if (!str_eq(req->method, STR("SUBSCRIBE")) && !str_eq(req->method, STR("UNSUBSCRIBE"))) {
		refuse(req, 405, "SUBSCRIBE, UNSUBSCRIBE");
		return;
	}
	status = serve_igd_gate_check_origin(req);
	if (status)
		refuse(req, status, NULL);
	else
		serve_igd_event_answer(serve->events, req, path);
}

static void on_request(void *arg, struct httpd_request *req)
{
	struct serve_igd *serve = arg;
	struct igd_path path;
	unsigned status = serve_igd_gate_check(req, serve->net, serve->self.port);

	if (!status && igd_desc_decode_path(req->path, serve->self.desc.token, &path))
		status = 404;
	if (status) {
		refuse(req, status, NULL);
		return;
	}
	switch (path.kind) {
	case IGD_PATH_DESC:
	case IGD_PATH_SCPD:
		route_document(serve, req, &path);
		break;
	case IGD_PATH_CONTROL:
		route_control(serve, req, &path);
		break;
	case IGD_PATH_EVENT:
		route_event(serve, req, &path);
		break;
	}
}

/* ---- connections ---- */

static bool admit(void *arg, const struct httpd_peer *peer)
{
	struct serve_igd *serve = arg;
	size_t count;
	const struct net_addr *own = net_addrs(serve->net, peer->ifindex, &count);

	if (!net_is_lan_source(serve->net, peer->ifindex, &peer->client.addr) ||
		!core_hears(serve->core, peer->ifindex, &peer->client.addr))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (addr_eq(&own[i].addr, &peer->local.addr))
			return true;
	}
	return false;
}

static void open_listener(struct serve_igd *serve, struct listener *l, const struct net_if *iface)
{
	int fd = httpd_socket_tcp(iface->name, serve->self.port);

	if (fd >= 0)
		l->listener = httpd_listen(serve->httpd, fd, iface->ifindex);
	if (l->listener)
		l->ifindex = iface->ifindex;
	else
		log_error(serve->log, "TCP port %u cannot be opened on %s for UPnP: %s",
			serve->self.port, iface->name, err_text(fd < 0 ? fd : ERR_MEMORY));
}

static void follow(struct serve_igd *serve)
{
	for (size_t i = 0; i < net_lan_count(serve->net); i++) {
		const struct net_if *iface = net_lan(serve->net, i);
		struct listener *l = &serve->listeners[i];

		if (l->listener && l->ifindex != iface->ifindex) {
			httpd_unlisten(l->listener);
			l->listener = NULL;
		}
		if (!l->listener && iface->ifindex != 0 && !iface->guest)
			open_listener(serve, l, iface);
	}
}

static void on_net(void *arg, unsigned events)
{
	if (events & NET_LAN_CHANGED)
		follow(arg);
}

/* ---- beginning and end ---- */

struct serve_igd *serve_igd_new(struct loop *loop, struct core *core, struct net *net,
	const struct conf *conf, struct log *log)
{
	struct serve_igd *serve = calloc(1, sizeof(*serve));
	struct httpd_config config = {
		.loop = loop,
		.log = log,
		.handler = on_request,
		.admit = admit,
		.arg = serve,
	};

	if (!serve)
		return NULL;
	serve->core = core;
	serve->net = net;
	serve->log = log;
	upnp_self_init(&serve->self, core, conf);
	serve->calls = serve_igd_call_new(loop, core, net, conf);
	serve->events = serve_igd_event_new(loop, core, net, conf);
	serve->httpd = httpd_new(&config);
	if (!serve->calls || !serve->events || !serve->httpd ||
	    net_watch(net, on_net, serve)) {
		serve_igd_free(serve);
		return NULL;
	}
	follow(serve);
	return serve;
}

void serve_igd_free(struct serve_igd *serve)
{
	if (!serve)
		return;
	net_unwatch(serve->net, on_net, serve);
	httpd_free(serve->httpd);
	serve_igd_event_free(serve->events);
	serve_igd_call_free(serve->calls);
	free(serve);
}
