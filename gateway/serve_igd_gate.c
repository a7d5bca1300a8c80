/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may send UPnP requests at all; see serve_igd_gate.h. */
#include "gateway/serve_igd_gate.h"

#include "protocols/err.h"

#define FORBIDDEN 403
#define UNSUPPORTED_TYPE 415

/* "address", "address:port", "[address]:port"; a zone behind a link-local address means nothing
 * here. *port stays STR_NONE without one. */
static int split_host(struct str host, struct addr *addr, struct str *port)
{
	struct str rest = host, text;

	if (!str_starts(host, STR("["))) {
		text = str_split(&rest, ':');
		*port = rest;
		return addr_decode(text, addr);
	}
	rest = str_sub(host, 1, host.len - 1);
	text = str_split(&rest, ']');
	if (rest.p == NULL || (rest.len > 0 && rest.p[0] != ':'))
		return ERR_SYNTAX;
	*port = rest.len > 0 ? str_sub(rest, 1, rest.len - 1) : STR_NONE;
	return addr_decode(str_split(&text, '%'), addr);
}

static bool is_on_lan(const struct net *net, const struct addr *addr)
{
	for (size_t i = 0; i < net_lan_count(net); i++) {
		size_t count;
		const struct net_addr *own = net_addrs(net, net_lan(net, i)->ifindex, &count);

		for (size_t k = 0; k < count; k++) {
			if (addr_eq(&own[k].addr, addr))
				return true;
		}
	}
	return false;
}

static bool is_host_ours(const struct net *net, struct str host, uint16_t port)
{
	struct str port_text = STR_NONE;
	uint32_t n = port;
	struct addr addr;

	if (split_host(host, &addr, &port_text) || !is_on_lan(net, &addr))
		return false;
	if (port_text.p && str_u32(port_text, 1, UINT16_MAX, &n))
		return false;
	return n == port;
}

unsigned serve_igd_gate_check(const struct httpd_request *req, const struct net *net,
	uint16_t port)
{
	/* HTTP/1.0 may come without; browsers do not speak it. */
	if (req->host.p && !is_host_ours(net, req->host, port))
		return FORBIDDEN;
	return str_eq(req->method, STR("OPTIONS")) ? FORBIDDEN : 0;
}

unsigned serve_igd_gate_check_origin(const struct httpd_request *req)
{
	static const char *const names[] = {"Origin", "Referer", "Sec-Fetch-Site"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str value;
		if (httpd_field(req, str_from(names[i]), &value) != ERR_NOT_FOUND)
			return FORBIDDEN;
	}
	return 0;
}

unsigned serve_igd_gate_check_soap(const struct httpd_request *req, struct str *action)
{
	struct str type;

	if (httpd_field(req, STR("Content-Type"), &type))
		return UNSUPPORTED_TYPE;
	type = str_trim(str_split(&type, ';'));
	if (!str_eqi(type, STR("text/xml")) && !str_eqi(type, STR("application/soap+xml")))
		return UNSUPPORTED_TYPE;
	return httpd_field(req, STR("SOAPACTION"), action) ? FORBIDDEN : 0;
}
