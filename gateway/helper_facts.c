/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See helper_facts.h. Addresses need no refresh: net follows the kernel by itself. */
#include "gateway/helper_facts.h"

#include "protocols/map.h"
#include "protocols/ssdp.h"

/* Linux gives unbound sockets ports of this range (net.ipv4.ip_local_port_range as it comes): a
 * resolver's UDP socket there lives for one question and must not end an opening. */
#define EPHEMERAL_MIN 32768
#define EPHEMERAL_MAX 60999
#define LAN_PREFIXES_MAX 64
#define PCP_PORT 5351	/* RFC 6887 section 19.3, NAT-PMP's too */

static void catch_up(void *arg)
{
	const struct helper_sources *s = arg;
	net_catch_up(s->net);
}

static bool is_wan_if(void *arg, uint32_t ifindex)
{
	const struct helper_sources *s = arg;
	const struct net_if *wan = net_wan(s->net);

	return wan->ifindex > 0 && ifindex == (uint32_t)wan->ifindex;
}

static bool was_wan4(void *arg, const struct addr *a)
{
	const struct helper_sources *s = arg;

	for (size_t i = 0; i < HELPER_PAST_MAX && addr_is4(a); i++)
		if (addr_eq(&s->past[i], a))
			return true;
	return false;
}

static void note_wan4(struct helper_sources *s, const struct addr *a)
{
	if (!was_wan4(s, a))
		s->past[s->past_next++ % HELPER_PAST_MAX] = *a;
}

static bool is_wan4(void *arg, const struct addr *a)
{
	struct helper_sources *s = arg;
	const struct net_if *wan = net_wan(s->net);
	const struct net_addr *addrs;
	size_t count;

	if (wan->ifindex == 0 || !addr_is4(a))
		return false;
	addrs = net_addrs(s->net, wan->ifindex, &count);
	for (size_t i = 0; i < count; i++) {
		if (!addr_eq(&addrs[i].addr, a))
			continue;
		note_wan4(s, a);
		return true;
	}
	return false;
}

static bool is_lan_host(void *arg, const struct addr *a)
{
	const struct helper_sources *s = arg;

	return net_is_lan_host(s->net, a) && !net_is_own(s->net, a);
}

static bool is_lan_prefix(void *arg, const struct prefix *p)
{
	const struct helper_sources *s = arg;
	struct prefix lan[LAN_PREFIXES_MAX];
	size_t count = net_lan_prefixes(s->net, lan, LAN_PREFIXES_MAX);

	for (size_t i = 0; i < count; i++)
		if (prefix_eq(&lan[i], p))
			return true;
	return false;
}

static bool is_door(void *arg, uint8_t proto, uint16_t port)
{
	const struct helper_sources *s = arg;

	if (proto == MAP_PROTO_UDP)
		return port == SSDP_PORT || port == PCP_PORT;
	return proto == MAP_PROTO_TCP && port == s->conf->http_port;
}

static bool is_own_port(void *arg, uint8_t proto, uint16_t port)
{
	const struct helper_sources *s = arg;

	if (proto == MAP_PROTO_UDP && port >= EPHEMERAL_MIN && port <= EPHEMERAL_MAX)
		return false;
	/* Safe to give away, as it is of packets to the WAN's addresses only that an opening leads
	 * to a device: the router's pages are there for the LAN by its own address all the same. */
	if (conf_yields(s->conf, port) && !is_door(arg, proto, port))
		return false;
	return ownports_has(s->ports, proto, port);
}

static bool is_sip_port(void *arg, uint16_t port)
{
	const struct helper_sources *s = arg;
	return conf_is_sip_port(s->conf, port);
}

static bool is_lan_source(void *arg, int ifindex, const struct addr *a)
{
	const struct helper_sources *s = arg;

	return net_is_lan_source(s->net, ifindex, a);
}

struct helper_facts helper_facts_from(struct helper_sources *sources)
{
	return (struct helper_facts){
		.arg = sources,
		.is_wan_if = is_wan_if,
		.is_wan4 = is_wan4,
		.catch_up = catch_up,
		.was_wan4 = was_wan4,
		.is_lan_host = is_lan_host,
		.is_lan_prefix = is_lan_prefix,
		.is_lan_source = is_lan_source,
		.is_own_port = is_own_port,
		.is_door = is_door,
		.is_sip_port = is_sip_port,
		.places = sources->conf->sip,
	};
}

void helper_facts_refresh(void *arg)
{
	const struct helper_sources *s = arg;

	(void)ownports_refresh(s->ports);
}
