/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads NETLINK_SOCK_DIAG (sock_diag(7)); see ownports.h. */
#include "gateway/ownports.h"

#include "gateway/nl.h"
#include "protocols/err.h"
#include "protocols/map.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define REFRESH_MS 2000
#define PORT_BYTES (65536 / 8)

/* States of the kernel's enum in net/tcp_states.h, which no header for us has. */
#define STATE_CLOSE 7	/* of UDP: bound, not connected */
#define STATE_LISTEN 10

struct ports {
	uint8_t tcp[PORT_BYTES];
	uint8_t udp[PORT_BYTES];
};

struct ownports {
	struct loop *loop;
	const struct net *net;
	struct log *log;
	struct loop_timer timer;
	struct nl nl;
	const struct conf *conf;
	bool told;		/* that the kernel does not say */
	struct ports ports;	/* what is known */
	struct ports fresh;	/* what is being read */
};

static void set_bit(uint8_t *bits, uint16_t port)
{
	bits[port / 8] |= (uint8_t)(1u << port % 8);
}

/* Those of our own doors, open or not. */
static void set_fixed(struct ports *ports, uint16_t http_port)
{
	static const uint16_t fixed[] = {1900, 5350, 5351};

	memset(ports, 0, sizeof(*ports));
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		set_bit(ports->tcp, fixed[i]);
		set_bit(ports->udp, fixed[i]);
	}
	set_bit(ports->tcp, http_port);
}

static struct addr address_of(const struct inet_diag_msg *msg)
{
	if (msg->idiag_family == AF_INET)
		return addr_from4_bytes(msg->id.idiag_src);
	return addr_from6_bytes(msg->id.idiag_src);
}

/* A socket bound to another interface, or to an address that is no WAN address, hears nothing
 * from there. */
static bool is_reachable(const struct net *net, const struct inet_diag_msg *msg)
{
	int wan = net_wan(net)->ifindex;
	struct addr addr = address_of(msg);
	size_t count;
	const struct net_addr *own = net_addrs(net, wan, &count);

	if (msg->id.idiag_if != 0 && (int)msg->id.idiag_if != wan)
		return false;
	if (addr_is_any(&addr))
		return true;
	for (size_t i = 0; i < count; i++) {
		if (addr_eq(&own[i].addr, &addr))
			return true;
	}
	return false;
}

/* One of ours for phones' SIP: transparent, and at a SIP port or, for a phone's own port, deaf to
 * IPv4. A kernel before 5.10 does not say so. */
static bool is_way(const struct conf *conf, const struct nlmsghdr *nlh, uint16_t port)
{
	const struct nlattr *tb[INET_DIAG_SOCKOPT + 1];
	struct inet_diag_sockopt options;
	uint8_t only6 = 0;

	nl_attrs(nlh, sizeof(struct inet_diag_msg), tb, INET_DIAG_SOCKOPT);
	if (!nl_bytes(tb[INET_DIAG_SOCKOPT], &options, sizeof(options)) || !options.transparent)
		return false;
	nl_bytes(tb[INET_DIAG_SKV6ONLY], &only6, sizeof(only6));
	return only6 || conf_is_sip_port(conf, port);
}

static int take_socket(const struct nlmsghdr *nlh, void *arg)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	struct ownports *own = arg;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*msg) || !is_reachable(own->net, msg) ||
	    is_way(own->conf, nlh, ntohs(msg->id.idiag_sport)))
		return MNL_CB_OK;
	set_bit(msg->idiag_state == STATE_LISTEN ? own->fresh.tcp : own->fresh.udp,
		ntohs(msg->id.idiag_sport));
	return MNL_CB_OK;
}

static int read_sockets(struct ownports *own, uint8_t family, uint8_t proto)
{
	union nl_request request;
	struct inet_diag_req_v2 *ask =
		nl_begin(&request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(*ask));

	ask->sdiag_family = family;
	ask->sdiag_protocol = proto;
	ask->idiag_states = 1u << (proto == MAP_PROTO_TCP ? STATE_LISTEN : STATE_CLOSE);
	return nl_ask(&own->nl, &request, take_socket, own);
}

static int read_all(struct ownports *own)
{
	static const uint8_t protos[] = {MAP_PROTO_TCP, MAP_PROTO_UDP};
	int err = 0;

	for (size_t i = 0; i < sizeof(protos) && !err; i++) {
		err = read_sockets(own, AF_INET, protos[i]);
		if (!err)
			err = read_sockets(own, AF_INET6, protos[i]);
	}
	return err;
}

int ownports_refresh(struct ownports *own)
{
	int err;

	if (!own->nl.socket)
		return ERR_UNSUPPORTED;
	set_fixed(&own->fresh, own->conf->http_port);
	err = read_all(own);
	if (!err)
		own->ports = own->fresh;
	/* The kernel names a missing module so. */
	return err == ERR_NOT_FOUND ? ERR_UNSUPPORTED : err;
}

static void refresh(void *arg)
{
	struct ownports *own = arg;
	int err = ownports_refresh(own);

	if (err && err != ERR_AGAIN && !own->told) {
		log_warning(own->log, "the ports this machine listens to cannot be read: %s; "
			"only Postern's own are kept back", err_text(err));
		own->told = true;
	}
	loop_timer_set(own->loop, &own->timer, loop_now_ms(own->loop) + REFRESH_MS);
}

struct ownports *ownports_new(struct loop *loop, const struct net *net, struct log *log,
	const struct conf *conf)
{
	struct ownports *own = calloc(1, sizeof(*own));

	if (!own)
		return NULL;
	own->loop = loop;
	own->net = net;
	own->log = log;
	own->conf = conf;
	own->timer = (struct loop_timer){.fn = refresh, .arg = own, .due_ms = LOOP_NEVER};
	set_fixed(&own->ports, conf->http_port);
	if (nl_open(&own->nl, NETLINK_SOCK_DIAG))
		own->nl.socket = NULL;
	refresh(own);
	return own;
}

bool ownports_has(const struct ownports *own, uint8_t proto, uint16_t port)
{
	const uint8_t *bits = proto == MAP_PROTO_TCP ? own->ports.tcp : own->ports.udp;
	return (bits[port / 8] >> port % 8 & 1) != 0;
}

void ownports_free(struct ownports *own)
{
	if (!own)
		return;
	loop_timer_stop(own->loop, &own->timer);
	nl_close(&own->nl);
	free(own);
}
