/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices by id and MAC; see device.h. */
#include "gateway/device_addr.h"

#include "policy/rule.h"
#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define NOTE_SEEN_S 21600	/* the store hears this often that a device is still there */

struct devices *devices_new(void)
{
	struct devices *ds = calloc(1, sizeof(*ds));

	if (ds)
		ds->next_id = 1;
	return ds;
}

uint32_t device_counted(const struct device *d)
{
	return d->openings - d->by_hand - d->calls;
}

/* ---- found by ---- */

static struct device **id_bucket(struct devices *ds, uint32_t id)
{
	return &ds->ids[(id ^ id >> 11) & (DEVICE_BUCKETS - 1)];
}

static struct device **mac_bucket(struct devices *ds, const uint8_t mac[6])
{
	return &ds->macs[device_hash(mac, 6) & (DEVICE_BUCKETS - 1)];
}

struct device *devices_by_id(const struct devices *ds, uint32_t id)
{
	struct device *d = ds->ids[(id ^ id >> 11) & (DEVICE_BUCKETS - 1)];

	while (d && d->row.id != id)
		d = d->next_id;
	return d;
}

struct device *devices_by_mac(const struct devices *ds, const uint8_t mac[6], bool guest)
{
	struct device *d = ds->macs[device_hash(mac, 6) & (DEVICE_BUCKETS - 1)];

	while (d && (memcmp(d->row.mac, mac, 6) != 0 || d->row.guest != guest))
		d = d->next_mac;
	return d;
}

struct device *devices_by_addr(const struct devices *ds, const struct addr *addr)
{
	const struct device_addr *a = devices_addr(ds, addr, 0);

	return a ? a->device : NULL;
}

/* ---- marks ---- */

void devices_changed(struct devices *ds, struct device *d)
{
	ds->changed += !d->dirty;
	d->dirty = true;
	ds->version++;
}

void devices_new_rows(struct devices *ds, devices_row_fn *fn, void *arg)
{
	for (size_t i = 0; i < ds->count && ds->changed > 0; i++) {
		struct device *d = ds->at[i];
		if (!d->dirty)
			continue;
		ds->changed--;
		d->dirty = false;
		d->noted_wall_s = d->row.last_wall_s;
		fn(arg, &d->row);
	}
}

/* ---- devices ---- */

static void put_mac(struct devices *ds, struct device *d)
{
	struct device **bucket = mac_bucket(ds, d->row.mac);

	d->next_mac = *bucket;
	*bucket = d;
}

void devices_remove(struct devices *ds, struct device *d)
{
	struct device **p = id_bucket(ds, d->row.id);

	ds->version++;
	while (d->addrs)
		device_addr_remove(ds, d->addrs);
	while (*p != d)
		p = &(*p)->next_id;
	*p = d->next_id;
	for (p = mac_bucket(ds, d->row.mac); d->row.has_mac && *p != d;)
		p = &(*p)->next_mac;
	if (d->row.has_mac)
		*p = d->next_mac;
	ds->changed -= d->dirty;
	ds->at[d->place] = ds->at[--ds->count];
	ds->at[d->place]->place = d->place;
	if (ds->lost.count < DEVICES_LOST_MAX)
		ds->lost.ids[ds->lost.count++] = d->row.id;
	free(d);
}

/* What the owner said of a device is not forgotten for a crowd's sake, nor who is used. */
static bool must_stay(const struct device *d, uint8_t newcomer)
{
	uint8_t zone = d->row.zone;

	return d->openings > 0 || d->hands > 0 || d->cards > 0 || d->rules > 0 ||
	       d->row.name[0] != '\0' || d->row.phone || d->row.callers.count > 0 ||
	       (zone != newcomer && zone != RULE_ZONE_NEW && zone != RULE_ZONE_GUEST);
}

static bool make_room(struct devices *ds, uint8_t newcomer)
{
	struct device *oldest = NULL;

	if (ds->count < DEVICES_MAX)
		return true;
	for (size_t i = 0; i < ds->count; i++) {
		struct device *d = ds->at[i];
		if (!must_stay(d, newcomer) &&
			(!oldest || d->row.last_wall_s < oldest->row.last_wall_s))
			oldest = d;
	}
	if (oldest)
		devices_remove(ds, oldest);
	return oldest != NULL;
}

static struct device *add(struct devices *ds, const struct db_device *row)
{
	struct device *d = NULL;

	if (make_room(ds, row->zone))
		d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	ds->version++;
	d->row = *row;
	d->noted_wall_s = row->last_wall_s;
	d->place = ds->count;
	ds->at[ds->count++] = d;
	d->next_id = *id_bucket(ds, row->id);
	*id_bucket(ds, row->id) = d;
	if (row->has_mac)
		put_mac(ds, d);
	if (row->id >= ds->next_id)
		ds->next_id = row->id + 1;
	return d;
}

int devices_load(struct devices *ds, const struct db_device *row)
{
	return add(ds, row) ? 0 : ERR_FULL;
}

int devices_load_addr(struct devices *ds, uint32_t device_id, const struct addr *addr,
	const char *ifname)
{
	struct device *d = devices_by_id(ds, device_id);
	struct device_addr *a;

	if (!d)
		return ERR_NOT_FOUND;
	a = device_addr_add(ds, d, addr);
	if (!a)
		return ERR_MEMORY;
	strncpy(a->ifname, ifname, DB_IFNAME_MAX - 1);
	d->moved = true;
	return 0;
}

static struct device *make(struct devices *ds, uint32_t id, const struct device_host *host)
{
	struct db_device row = {
		.id = id,
		.has_mac = host->mac != NULL,
		.zone = host->guest ? RULE_ZONE_GUEST : host->zone,
		.guest = host->guest,
		.first_wall_s = host->wall_s,
		.last_wall_s = host->wall_s,
	};
	struct device *d;

	if (ds->lost.count == DEVICES_LOST_MAX)
		return NULL;
	if (host->mac)
		memcpy(row.mac, host->mac, sizeof(row.mac));
	d = add(ds, &row);
	if (d)
		devices_changed(ds, d);
	return d;
}

struct device *devices_make(struct devices *ds, const struct device_host *host)
{
	struct device *d = devices_by_mac(ds, host->mac, host->guest);

	return d ? d : make(ds, ds->next_id, host);
}

/* Who this is: by MAC; else the device known by the address alone, which gets its MAC now. */
static struct device *identify(struct devices *ds, const struct device_host *host)
{
	struct device_addr *a = devices_addr(ds, &host->addr, host->ifindex);
	struct device *known = a ? a->device : NULL;
	struct device *owner = host->mac ? devices_by_mac(ds, host->mac, host->guest) : known;

	if (owner || !host->mac)
		return owner;
	if (!known || known->row.has_mac || known->row.guest != host->guest)
		return NULL;
	device_addr_known(ds, known, host->mac);
	put_mac(ds, known);
	ds->unknown_openings -= device_counted(known);
	devices_changed(ds, known);
	return known;
}

static void note_seen(struct devices *ds, struct device *d, const struct device_host *host)
{
	d->row.last_wall_s = host->wall_s;
	if (host->ifindex != 0 && strncmp(d->row.ifname, host->ifname, DB_IFNAME_MAX) != 0) {
		memset(d->row.ifname, 0, sizeof(d->row.ifname));
		strncpy(d->row.ifname, host->ifname, DB_IFNAME_MAX - 1);
		devices_changed(ds, d);
	}
	if (host->wall_s > d->noted_wall_s + NOTE_SEEN_S)
		devices_changed(ds, d);
}

struct device *devices_see(struct devices *ds, const struct device_host *host)
{
	struct device *d = identify(ds, host);

	if (!d)
		d = make(ds, ds->next_id, host);
	if (!d || !device_addr_see(ds, d, host))
		return NULL;
	note_seen(ds, d, host);
	return d;
}

struct device *devices_adopt(struct devices *ds, uint32_t id, const struct device_host *host)
{
	struct device *d = devices_by_id(ds, id);

	if (d)
		return d;
	d = make(ds, id, host);
	if (d && !devices_addr(ds, &host->addr, 0))
		device_addr_see(ds, d, host);
	return d;
}

struct device *devices_gone(struct devices *ds, const struct device_host *host)
{
	struct device_addr *a = devices_addr(ds, &host->addr, host->ifindex);

	if (!a || a->state == DEVICE_ADDR_GONE ||
		(host->ifindex != 0 && a->ifindex != 0 && a->ifindex != host->ifindex) ||
		(host->mac && a->device->row.has_mac &&
			memcmp(a->device->row.mac, host->mac, 6) != 0))
		return NULL;
	device_addr_gone(ds, a, host->now_ms);
	return a->device;
}

void devices_move_addrs(struct devices *ds, struct device *from, struct device *into)
{
	while (from->addrs) {
		struct device_addr *a = from->addrs;
		device_addr_give(ds, a, into);
		a->state = DEVICE_ADDR_GONE;
	}
}

void devices_count_openings(struct devices *ds, struct device *d, uint32_t more,
	enum device_share share)
{
	d->openings += more;
	if (share == DEVICE_BY_HAND)
		d->by_hand += more;
	else if (share == DEVICE_CALLS)
		d->calls += more;
	else if (!d->row.has_mac)
		ds->unknown_openings += more;
}

uint32_t devices_usage(const struct devices *ds, const struct device *d)
{
	return d->row.has_mac ? device_counted(d) : ds->unknown_openings;
}

bool device_is_phone(const struct db_device *row)
{
	return row->phone && !row->guest && row->zone != RULE_ZONE_BLOCKED;
}

bool device_admits(const struct db_device *row, const struct addr *host)
{
	for (uint8_t i = 0; i < row->callers.count; i++) {
		if (prefix_has(&row->callers.at[i], host))
			return true;
	}
	return false;
}

static const char *caller_fault(const struct prefix *p)
{
	bool is4 = addr_is4(&p->addr);

	if (p->len < (is4 ? ADDR4_PREFIX_BITS + DEVICE_CALLERS_BITS4 : DEVICE_CALLERS_BITS6))
		return is4 ? "a prefix is wider than /8" : "a prefix is wider than /32";
	return addr_is_host(&p->addr) ? NULL : "nobody calls from such an address";
}

const char *device_callers_fault(const struct db_callers *callers)
{
	const char *why = NULL;

	for (uint8_t i = 0; i < callers->count && !why; i++) {
		why = caller_fault(&callers->at[i]);
		for (uint8_t k = 0; k < i && !why; k++) {
			if (prefix_eq(&callers->at[k], &callers->at[i]))
				why = "a prefix is there twice";
		}
	}
	return why;
}

uint32_t devices_version(const struct devices *ds)
{
	return ds->version;
}

bool device_is_here(const struct device *d)
{
	for (const struct device_addr *a = d->addrs; a; a = a->next) {
		if (a->state == DEVICE_ADDR_HERE)
			return true;
	}
	return false;
}

size_t devices_count(const struct devices *ds)
{
	return ds->count;
}

struct device *devices_at(const struct devices *ds, size_t place)
{
	return place < ds->count ? ds->at[place] : NULL;
}

/* ---- the store ---- */

const struct devices_lost *devices_lost(const struct devices *ds)
{
	return &ds->lost;
}

void devices_lost_told(struct devices *ds)
{
	ds->lost.count = 0;
	ds->lost.addr_count = 0;
	ds->lost.all_addrs = false;
}

void devices_soil(struct devices *ds)
{
	for (size_t i = 0; i < ds->count; i++)
		devices_changed(ds, ds->at[i]);
	for (struct device_addr *a = ds->newest; a; a = a->older)
		device_addr_changed(ds, a);
}

static void free_addrs(struct device_addr *a)
{
	while (a) {
		struct device_addr *next = a->next;
		free(a);
		a = next;
	}
}

void devices_free(struct devices *ds)
{
	if (!ds)
		return;
	for (size_t i = 0; i < ds->count; i++) {
		free_addrs(ds->at[i]->addrs);
		free(ds->at[i]);
	}
	free_addrs(ds->orphans);
	free(ds);
}
