/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of devices: whose, since when, and what store and kernel still have to hear of them. */
#include "gateway/device_addr.h"

#include <stdlib.h>
#include <string.h>

#define EVICT_TRIES 64		/* addresses looked at for one that is not in use */
/* So long two are here: more than asking the old one takes (whom.h). */
#define BESIDE_MS 3000

size_t device_hash(const uint8_t *bytes, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ bytes[i]) * 16777619u;
	return h ^ h >> 15;
}

static size_t addr_bucket(const struct addr *addr)
{
	return device_hash(addr->b, sizeof(addr->b)) & (DEVICE_ADDR_BUCKETS - 1);
}

struct device_addr *devices_addr(const struct devices *ds, const struct addr *addr, int ifindex)
{
	bool any = ifindex == 0 || !addr_is_link_local(addr);
	struct device_addr *a = ds->addrs[addr_bucket(addr)];

	while (a && (!addr_eq(&a->addr, addr) || (!any && a->ifindex != ifindex)))
		a = a->next_hash;
	return a;
}

void device_addr_changed(struct devices *ds, struct device_addr *a)
{
	if (addr_is_link_local(&a->addr))
		return;
	ds->new_addrs += !a->dirty;
	a->dirty = true;
}

static void addr_is_noted(struct devices *ds, struct device_addr *a)
{
	ds->new_addrs -= a->dirty;
	a->dirty = false;
}

/* ---- what the kernel knows ---- */

static struct device_bound wanted_of(const struct device_addr *a)
{
	struct device_bound b = {0};

	if (!a->device || !a->device->row.has_mac || a->state != DEVICE_ADDR_HERE || a->refused)
		return b;
	b.ifindex = a->ifindex;
	memcpy(b.mac, a->device->row.mac, sizeof(b.mac));
	return b;
}

static bool bound_eq(const struct device_bound *a, const struct device_bound *b)
{
	return a->ifindex == b->ifindex && memcmp(a->mac, b->mac, sizeof(a->mac)) == 0;
}

static bool is_unbound(const struct device_addr *a)
{
	const struct device_bound wanted = wanted_of(a);

	return !bound_eq(&a->bound, &wanted);
}

static void take_orphan_out(struct devices *ds, struct device_addr **p)
{
	struct device_addr *a = *p;

	*p = a->next;
	ds->unbound--;
	free(a);
}

static int bind_one(struct device_addr *a, bool all, devices_bind_fn *fn, void *arg)
{
	static const struct device_bound nothing;
	struct device_bound wanted = wanted_of(a);

	a->sent = wanted;
	if (bound_eq(all ? &nothing : &a->bound, &wanted))
		return 0;
	return fn(arg, a, &wanted, all ? &nothing : &a->bound);
}

int devices_bind(struct devices *ds, bool all, devices_bind_fn *fn, void *arg)
{
	int err = 0;

	/* First: what is told to go may come again at another's. */
	for (struct device_addr *a = ds->orphans; a && !err; a = a->next) {
		a->sent = (struct device_bound){0};
		if (!all)
			err = bind_one(a, false, fn, arg);
	}
	for (struct device_addr *a = ds->newest; a && !err; a = a->older)
		err = bind_one(a, all, fn, arg);
	return err;
}

/* What came after it was sent is still to be told. */
void devices_bound(struct devices *ds)
{
	struct device_addr **p = &ds->orphans;

	for (struct device_addr *a = ds->newest; a; a = a->older) {
		ds->unbound -= is_unbound(a);
		a->bound = a->sent;
		ds->unbound += is_unbound(a);
	}
	while (*p) {
		(*p)->bound = (*p)->sent;
		if ((*p)->bound.ifindex == 0)
			take_orphan_out(ds, p);
		else
			p = &(*p)->next;
	}
}

bool devices_unbound(const struct devices *ds)
{
	return ds->unbound > 0;
}

void devices_refused(struct devices *ds, struct device_addr *a)
{
	ds->unbound -= is_unbound(a);
	a->refused = true;
	ds->unbound += is_unbound(a);
}

bool devices_try_again(struct devices *ds)
{
	bool any = false;

	for (struct device_addr *a = ds->newest; a; a = a->older) {
		ds->unbound -= is_unbound(a);
		any |= a->refused;
		a->refused = false;
		ds->unbound += is_unbound(a);
	}
	return any;
}

/* ---- addresses ---- */

static void leave_list(struct devices *ds, struct device_addr *a)
{
	*(a->newer ? &a->newer->older : &ds->newest) = a->older;
	*(a->older ? &a->older->newer : &ds->oldest) = a->newer;
}

static void enter_list(struct devices *ds, struct device_addr *a)
{
	a->newer = NULL;
	a->older = ds->newest;
	*(a->older ? &a->older->newer : &ds->oldest) = a;
	ds->newest = a;
}

static void leave_device(struct device_addr *a)
{
	struct device_addr **p = &a->device->addrs;

	while (*p != a)
		p = &(*p)->next;
	*p = a->next;
	a->device->addr_count--;
	a->device = NULL;
}

static void enter_device(struct device_addr *a, struct device *d)
{
	a->device = d;
	a->next = d->addrs;
	d->addrs = a;
	d->addr_count++;
}

static void note_lost_addr(struct devices *ds, const struct device_addr *a)
{
	if (addr_is_link_local(&a->addr))
		return;
	if (ds->lost.addr_count < DEVICES_LOST_MAX) {
		ds->lost.addrs[ds->lost.addr_count++] = a->addr;
		return;
	}
	ds->lost.all_addrs = true;
	for (struct device_addr *other = ds->newest; other; other = other->older)
		device_addr_changed(ds, other);
}

void device_addr_remove(struct devices *ds, struct device_addr *a)
{
	struct device_addr **p = &ds->addrs[addr_bucket(&a->addr)];

	ds->unbound -= is_unbound(a);
	a->device->moved = true;
	ds->version++;
	addr_is_noted(ds, a);
	while (*p != a)
		p = &(*p)->next_hash;
	*p = a->next_hash;
	leave_list(ds, a);
	leave_device(a);
	ds->addr_count--;
	note_lost_addr(ds, a);
	if (a->bound.ifindex == 0 && a->sent.ifindex == 0) {
		free(a);
		return;
	}
	a->next = ds->orphans;
	ds->orphans = a;
	ds->unbound++;
}

static struct device_addr *oldest_of(const struct device *d)
{
	struct device_addr *oldest = d->addrs;

	for (struct device_addr *a = d->addrs; a; a = a->next) {
		if ((a->state == DEVICE_ADDR_HERE) < (oldest->state == DEVICE_ADDR_HERE) ||
			((a->state == DEVICE_ADDR_HERE) == (oldest->state == DEVICE_ADDR_HERE) &&
				a->confirmed <= oldest->confirmed))
			oldest = a;
	}
	return oldest;
}

/* Among those longest unseen one that nothing depends on, if there is one. */
static struct device_addr *oldest_of_all(const struct devices *ds)
{
	struct device_addr *a = ds->oldest;

	for (int i = 0; a && i < EVICT_TRIES; i++, a = a->newer) {
		if (a->state != DEVICE_ADDR_HERE && a->device->openings == 0)
			return a;
	}
	return ds->oldest;
}

struct device_addr *device_addr_add(struct devices *ds, struct device *d, const struct addr *addr)
{
	size_t bucket = addr_bucket(addr);
	struct device_addr *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	if (d->addr_count >= DEVICE_ADDRS_EACH)
		device_addr_remove(ds, oldest_of(d));
	else if (ds->addr_count >= DEVICE_ADDRS_MAX)
		device_addr_remove(ds, oldest_of_all(ds));
	a->addr = *addr;
	a->next_hash = ds->addrs[bucket];
	ds->addrs[bucket] = a;
	enter_device(a, d);
	enter_list(ds, a);
	ds->addr_count++;
	ds->version++;
	return a;
}

void device_addr_give(struct devices *ds, struct device_addr *a, struct device *d)
{
	ds->unbound -= is_unbound(a);
	a->device->moved = true;
	d->moved = true;
	ds->version++;
	leave_device(a);
	enter_device(a, d);
	a->state = DEVICE_ADDR_UNSEEN;
	a->refused = false;
	device_addr_changed(ds, a);
	ds->unbound += is_unbound(a);
}

static void set_here(struct devices *ds, struct device_addr *a, const struct device_host *host)
{
	if (a->state != DEVICE_ADDR_HERE || a->ifindex != host->ifindex) {
		a->device->moved = true;
		ds->version++;
		a->here_ms = host->now_ms;
		a->beside = false;
	}
	ds->unbound -= is_unbound(a);
	if (a->ifindex != host->ifindex)
		a->refused = false;
	a->state = DEVICE_ADDR_HERE;
	a->ifindex = host->ifindex;
	a->confirmed = ++ds->confirmed;
	ds->unbound += is_unbound(a);
	if (strncmp(a->ifname, host->ifname, DB_IFNAME_MAX) == 0)
		return;
	strncpy(a->ifname, host->ifname, DB_IFNAME_MAX - 1);
	device_addr_changed(ds, a);
}

bool device_addr_see(struct devices *ds, struct device *d, const struct device_host *host)
{
	struct device_addr *a = devices_addr(ds, &host->addr, host->ifindex);

	if (!a) {
		a = device_addr_add(ds, d, &host->addr);
		if (!a)
			return false;
		device_addr_changed(ds, a);
		d->moved = true;
	} else if (a->device != d) {
		device_addr_give(ds, a, d);
	}
	leave_list(ds, a);
	enter_list(ds, a);
	if (host->ifindex != 0)
		set_here(ds, a, host);
	return true;
}

/* Hosts behind a repeater have one MAC: an address that was here all the time is another host's, or
 * has what it opened itself. */
static void note_beside(struct device_addr *gone, uint64_t now_ms)
{
	for (struct device_addr *a = gone->device->addrs; a; a = a->next) {
		if (a != gone && a->state == DEVICE_ADDR_HERE &&
			addr_is4(&a->addr) == addr_is4(&gone->addr) &&
			now_ms > a->here_ms + BESIDE_MS)
			a->beside = true;
	}
}

void device_addr_gone(struct devices *ds, struct device_addr *a, uint64_t now_ms)
{
	if (a->state == DEVICE_ADDR_HERE)
		note_beside(a, now_ms);
	ds->unbound -= is_unbound(a);
	a->state = DEVICE_ADDR_GONE;
	ds->unbound += is_unbound(a);
	ds->version++;
	a->device->moved = true;
}

void device_addr_known(struct devices *ds, struct device *d, const uint8_t mac[6])
{
	for (struct device_addr *a = d->addrs; a; a = a->next)
		ds->unbound -= is_unbound(a);
	d->row.has_mac = true;
	memcpy(d->row.mac, mac, sizeof(d->row.mac));
	for (struct device_addr *a = d->addrs; a; a = a->next)
		ds->unbound += is_unbound(a);
}

void devices_new_addrs(struct devices *ds, devices_addr_fn *fn, void *arg)
{
	for (struct device_addr *a = ds->newest; a && ds->new_addrs > 0; a = a->older) {
		if (!a->dirty)
			continue;
		addr_is_noted(ds, a);
		fn(arg, a);
	}
}
