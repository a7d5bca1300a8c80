/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of the network and questions about it; see net.h. Netlink is in net_read.c, what it
 * brings is written down by net_note.c. */
#include "gateway/net.h"

#include "gateway/net_int.h"
#include "protocols/err.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

/* ---- questions ---- */

int net_watch(struct net *net, net_fn *fn, void *arg)
{
	if (net->watcher_count == NET_WATCHERS_MAX)
		return ERR_FULL;
	net->watchers[net->watcher_count++] = (struct net_watcher){fn, arg};
	return 0;
}

void net_unwatch(struct net *net, net_fn *fn, void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < net->watcher_count; i++) {
		if (net->watchers[i].fn != fn || net->watchers[i].arg != arg)
			net->watchers[kept++] = net->watchers[i];
	}
	net->watcher_count = kept;
}

const struct net_if *net_wan(const struct net *net)
{
	return &net->ifs[0];
}

size_t net_lan_count(const struct net *net)
{
	return net->if_count - 1;
}

const struct net_if *net_lan(const struct net *net, size_t i)
{
	return &net->ifs[1 + i];
}

const struct net_addr *net_addrs(const struct net *net, int ifindex, size_t *count)
{
	size_t first = net_first_addr(net, ifindex);

	*count = net_first_addr(net, ifindex + 1) - first;
	return &net->addrs[first];
}

static int wan4_rank(const struct net_addr *a)
{
	if (!addr_is4(&a->addr) || !addr_is_host(&a->addr) || addr_is_link_local(&a->addr) ||
	    a->scope >= RT_SCOPE_LINK)
		return 0;
	return 1 + (addr_is_private(&a->addr) ? 0 : 2) + (a->secondary ? 0 : 1);
}

bool net_wan4(const struct net *net, struct addr *out)
{
	int best = 0;
	size_t count;
	const struct net_addr *a = net_addrs(net, net->ifs[0].ifindex, &count);

	for (size_t i = 0; net->ifs[0].up && i < count; i++) {
		if (wan4_rank(&a[i]) > best) {
			best = wan4_rank(&a[i]);
			*out = a[i].addr;
		}
	}
	return best > 0;
}

bool net_addr_of(const struct net *net, int ifindex, bool is4, bool link_local, struct addr *out)
{
	size_t count, best;
	const struct net_addr *a = net_addrs(net, ifindex, &count);

	best = count;
	for (size_t i = 0; i < count; i++) {
		if (addr_is4(&a[i].addr) != is4 || a[i].tentative ||
		    (!is4 && addr_is_link_local(&a[i].addr) != link_local))
			continue;
		if (best == count || (a[best].deprecated && !a[i].deprecated))
			best = i;
	}
	if (best == count)
		return false;
	*out = a[best].addr;
	return true;
}

bool net_prefix_of(const struct net *net, int ifindex, const struct addr *addr,
	struct prefix *out)
{
	size_t count;
	const struct net_addr *a = net_addrs(net, ifindex, &count);
	const struct prefix *best = NULL;

	for (size_t i = 0; i < count; i++) {
		if (prefix_has(&a[i].prefix, addr) && (!best || a[i].prefix.len > best->len))
			best = &a[i].prefix;
	}
	if (best)
		*out = *best;
	return best != NULL;
}

/* The first and the last address of an IPv4 subnet are no host's (RFC 1122 section 3.2.1.3),
 * except in those of one or two addresses (RFC 3021). */
static bool is_subnet_end(const struct prefix *prefix, const struct addr *addr)
{
	uint32_t hosts;

	if (!addr_is4(addr) || prefix->len >= 127)
		return false;
	hosts = UINT32_MAX >> (prefix->len - ADDR4_PREFIX_BITS);
	return (addr_to4(addr) & hosts) == 0 || (addr_to4(addr) & hosts) == hosts;
}

bool net_is_lan_source(const struct net *net, int ifindex, const struct addr *src)
{
	struct prefix prefix;

	if (!net_lan_of(net, ifindex) || !addr_is_host(src) || net_is_own(net, src))
		return false;
	if (!addr_is4(src) && addr_is_link_local(src))
		return true;
	return net_prefix_of(net, ifindex, src, &prefix) && !is_subnet_end(&prefix, src);
}

bool net_is_own(const struct net *net, const struct addr *addr)
{
	for (size_t i = 0; i < net->addr_count; i++) {
		if (addr_eq(&net->addrs[i].addr, addr))
			return true;
	}
	return false;
}

int net_lan_with(const struct net *net, const struct addr *addr)
{
	struct prefix prefix;

	if (!addr_is4(addr) && addr_is_link_local(addr))
		return 0;
	for (size_t i = 1; i < net->if_count; i++) {
		int ifindex = net->ifs[i].ifindex;
		if (ifindex != 0 && net_prefix_of(net, ifindex, addr, &prefix))
			return ifindex;
	}
	return 0;
}

bool net_is_lan_host(const struct net *net, const struct addr *addr)
{
	return net_is_lan_source(net, net_lan_with(net, addr), addr);
}

static bool has_prefix(const struct prefix *list, size_t count, const struct prefix *prefix)
{
	for (size_t i = 0; i < count; i++) {
		if (prefix_eq(&list[i], prefix))
			return true;
	}
	return false;
}

size_t net_lan_prefixes(const struct net *net, struct prefix *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < net->addr_count && n < max; i++) {
		const struct net_addr *a = &net->addrs[i];
		bool link_local = !addr_is4(&a->addr) && addr_is_link_local(&a->addr);

		if (net_lan_of(net, a->ifindex) && !link_local && !has_prefix(out, n, &a->prefix))
			out[n++] = a->prefix;
	}
	return n;
}

bool net_neigh_mac(const struct net *net, int ifindex, const struct addr *addr,
	uint8_t mac[NEIGH_MAC_LEN])
{
	const struct neigh_entry *e = neigh_find(net->neigh, ifindex, addr);

	if (!e || (e->state & (NUD_INCOMPLETE | NUD_FAILED)))
		return false;
	memcpy(mac, e->mac, NEIGH_MAC_LEN);
	return true;
}

void net_neigh_each(const struct net *net, neigh_fn *fn, void *arg)
{
	neigh_each(net->neigh, fn, arg);
}

void net_neigh_watch(struct net *net, neigh_fn *fn, void *arg)
{
	net->neigh_fn = fn;
	net->neigh_arg = arg;
}

static bool is_guest(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->guest_count; i++) {
		if (strcmp(conf->guest[i], name) == 0)
			return true;
	}
	return false;
}

struct net *net_new(struct loop *loop, const struct conf *conf, struct log *log)
{
	struct net *net = calloc(1, sizeof(*net));

	if (!net)
		return NULL;
	net->loop = loop;
	net->log = log;
	net->fd = -1;
	memcpy(net->ifs[0].name, conf->wan, sizeof(conf->wan));
	for (size_t i = 0; i < conf->lan_count; i++) {
		memcpy(net->ifs[1 + i].name, conf->lan[i], sizeof(conf->lan[i]));
		net->ifs[1 + i].guest = is_guest(conf, conf->lan[i]);
	}
	net->if_count = 1 + conf->lan_count;
	net->neigh = neigh_new();
	if (!net->neigh || !net_make_room(net) || net_read_open(net)) {
		net_free(net);
		return NULL;
	}
	net->changed = 0;
	return net;
}

void net_free(struct net *net)
{
	if (!net)
		return;
	net_read_close(net);
	neigh_free(net->neigh);
	free(net->addrs);
	free(net);
}
