/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of the network, written down: net_read.c brings it, net.c is asked. */
#include "gateway/net_int.h"

#include "protocols/err.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

const struct net_if *net_lan_of(const struct net *net, int ifindex)
{
	for (size_t i = 1; ifindex != 0 && i < net->if_count; i++) {
		if (net->ifs[i].ifindex == ifindex)
			return &net->ifs[i];
	}
	return NULL;
}

static unsigned event_of(const struct net *net, const struct net_if *iface)
{
	return iface == &net->ifs[0] ? NET_WAN_CHANGED : NET_LAN_CHANGED;
}

static void note_changed(struct net *net, int ifindex)
{
	for (size_t i = 0; i < net->if_count; i++) {
		if (net->ifs[i].ifindex == ifindex)
			net->changed |= event_of(net, &net->ifs[i]);
	}
}

/* Neighbours are kept of LANs only, so a LAN that is another interface now needs a new dump. */
static void unbind(struct net *net, struct net_if *iface)
{
	struct net_if gone = {.ifindex = 0, .guest = iface->guest};

	log_info(net->log, "interface %s is gone", iface->name);
	net->changed |= event_of(net, iface);
	memcpy(gone.name, iface->name, sizeof(gone.name));
	*iface = gone;
	net->stale = true;
}

static bool is_same_link(const struct net_if *a, const struct net_if *b)
{
	return a->ifindex == b->ifindex && a->up == b->up && a->running == b->running &&
	       a->mtu == b->mtu && memcmp(a->mac, b->mac, sizeof(a->mac)) == 0;
}

static void bind_to(struct net *net, struct net_if *iface, const struct net_if *link)
{
	bool guest = iface->guest;

	if (iface->ifindex != link->ifindex) {
		log_info(net->log, "interface %s is there", iface->name);
		net->stale = true;
	}
	if (!is_same_link(iface, link))
		net->changed |= event_of(net, iface);
	*iface = *link;
	iface->guest = guest;
}

void net_note_link(struct net *net, const struct net_if *link)
{
	for (size_t i = 0; i < net->if_count; i++) {
		struct net_if *iface = &net->ifs[i];
		bool named = strcmp(iface->name, link->name) == 0;

		if (iface->ifindex == link->ifindex && !named)
			unbind(net, iface);
		if (named) {
			bind_to(net, iface, link);
			net->seen[i] = true;
		}
	}
}

void net_note_link_gone(struct net *net, int ifindex)
{
	size_t kept = 0;

	for (size_t i = 0; i < net->if_count; i++) {
		if (net->ifs[i].ifindex == ifindex)
			unbind(net, &net->ifs[i]);
	}
	for (size_t i = 0; i < net->addr_count; i++) {
		if (net->addrs[i].ifindex != ifindex)
			net->addrs[kept++] = net->addrs[i];
	}
	net->addr_count = kept;
}

/* The first address whose interface is not before ifindex. */
size_t net_first_addr(const struct net *net, int ifindex)
{
	size_t low = 0, high = net->addr_count;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (net->addrs[mid].ifindex < ifindex)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Its place, or addr_count. */
static size_t find_addr(const struct net *net, const struct net_addr *addr)
{
	size_t i = net_first_addr(net, addr->ifindex);

	for (; i < net->addr_count && net->addrs[i].ifindex == addr->ifindex; i++) {
		if (addr_eq(&net->addrs[i].addr, &addr->addr) &&
		    prefix_eq(&net->addrs[i].prefix, &addr->prefix))
			return i;
	}
	return net->addr_count;
}

bool net_make_room(struct net *net)
{
	size_t size = net->addr_size ? net->addr_size * 2 : 16;
	struct net_addr *addrs;

	if (net->addr_count < net->addr_size)
		return true;
	addrs = size <= NET_ADDRS_MAX ? realloc(net->addrs, size * sizeof(*addrs)) : NULL;
	if (!addrs) {
		log_error(net->log, "no room for more addresses of this machine");
		return false;
	}
	net->addrs = addrs;
	net->addr_size = size;
	return true;
}

void net_note_addr(struct net *net, const struct net_addr *addr)
{
	size_t i = find_addr(net, addr);
	struct net_addr *old = &net->addrs[i];

	if (i < net->addr_count) {
		if (old->secondary != addr->secondary || old->deprecated != addr->deprecated ||
		    old->tentative != addr->tentative || old->scope != addr->scope)
			note_changed(net, addr->ifindex);
		*old = *addr;
		return;
	}
	if (!net_make_room(net))
		return;
	i = net_first_addr(net, addr->ifindex + 1);
	memmove(&net->addrs[i + 1], &net->addrs[i],
		(net->addr_count - i) * sizeof(net->addrs[0]));
	net->addrs[i] = *addr;
	net->addr_count++;
	note_changed(net, addr->ifindex);
}

static void remove_addr(struct net *net, size_t i)
{
	note_changed(net, net->addrs[i].ifindex);
	net->addr_count--;
	memmove(&net->addrs[i], &net->addrs[i + 1],
		(net->addr_count - i) * sizeof(net->addrs[0]));
}

void net_note_addr_gone(struct net *net, const struct net_addr *addr)
{
	size_t i = find_addr(net, addr);

	if (i < net->addr_count)
		remove_addr(net, i);
}

void net_note_neigh(struct net *net, const struct neigh_entry *entry)
{
	if (!net_lan_of(net, entry->ifindex))
		return;
	if (neigh_put(net->neigh, entry))
		net->changed |= NET_NEIGH_CHANGED;
	if (net->neigh_fn)
		net->neigh_fn(net->neigh_arg, entry);
}

void net_note_neigh_gone(struct net *net, int ifindex, const struct addr *addr)
{
	if (neigh_remove(net->neigh, ifindex, addr))
		net->changed |= NET_NEIGH_CHANGED;
}

void net_round_begin(struct net *net)
{
	net->round++;
	memset(net->seen, 0, sizeof(net->seen));
}

void net_round_end(struct net *net)
{
	for (size_t i = 0; i < net->if_count; i++) {
		if (net->ifs[i].ifindex != 0 && !net->seen[i])
			unbind(net, &net->ifs[i]);
	}
	for (size_t i = net->addr_count; i-- > 0;) {
		if (net->addrs[i].round != net->round)
			remove_addr(net, i);
	}
	if (neigh_sweep(net->neigh, net->round) > 0)
		net->changed |= NET_NEIGH_CHANGED;
	net->stale = false;
}

void net_tell(struct net *net)
{
	unsigned changed = net->changed;

	net->changed = 0;
	for (size_t i = 0; changed && i < net->watcher_count; i++)
		net->watchers[i].fn(net->watchers[i].arg, changed);
}
