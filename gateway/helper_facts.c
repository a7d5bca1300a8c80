/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See helper_facts.h. Addresses need no refresh: net follows the kernel by itself. */
#include "gateway/helper_facts.h"

#include "protocols/map.h"

/* Linux gives unbound sockets ports of this range (net.ipv4.ip_local_port_range as it comes): a
 * resolver's UDP socket there lives for one question and must not end an opening. */
#define EPHEMERAL_MIN 32768
#define EPHEMERAL_MAX 60999
#define LAN_PREFIXES_MAX 64

static bool is_wan_if(void *arg, uint32_t ifindex)
{
	const struct helper_sources *s = arg;
	const struct net_if *wan = net_wan(s->net);

	return wan->ifindex > 0 && ifindex == (uint32_t)wan->ifindex;
}

static bool is_wan4(void *arg, const struct addr *a)
{
	const struct helper_sources *s = arg;
	const struct net_if *wan = net_wan(s->net);
	const struct net_addr *addrs;
	size_t count;

	if (wan->ifindex == 0 || !addr_is4(a))
		return false;
	addrs = net_addrs(s->net, wan->ifindex, &count);
	for (size_t i = 0; i < count; i++)
		if (addr_eq(&addrs[i].addr, a))
			return true;
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

static bool is_own_port(void *arg, uint8_t proto, uint16_t port)
{
	const struct helper_sources *s = arg;

	if (proto == MAP_PROTO_UDP && port >= EPHEMERAL_MIN && port <= EPHEMERAL_MAX)
		return false;
	return ownports_has(s->ports, proto, port);
}

struct helper_facts helper_facts_from(struct helper_sources *sources)
{
	return (struct helper_facts){
		.arg = sources,
		.is_wan_if = is_wan_if,
		.is_wan4 = is_wan4,
		.is_lan_host = is_lan_host,
		.is_lan_prefix = is_lan_prefix,
		.is_own_port = is_own_port,
	};
}

void helper_facts_refresh(void *arg)
{
	const struct helper_sources *s = arg;

	(void)ownports_refresh(s->ports);
}
