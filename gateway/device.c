/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices by id, MAC and address; see device.h. At most some hundreds: arrays and one hash. */
#include "gateway/device.h"

#include "protocols/err.h"
#include "policy/rule.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS (DEVICE_ADDRS_MAX * 2)	/* a power of two, never more than half full */

struct slot {
	struct addr addr;
	uint32_t device_id;	/* 0: free */
	bool dirty;
};

struct devices {
	struct device *at[DEVICES_MAX];
	size_t count;
	uint32_t next_id;
	struct slot *slots;	/* open addressing; addresses move between devices, never leave */
	size_t addrs;
	size_t dirty_addrs;
	struct devices_lost lost;
};

struct devices *devices_new(void)
{
	struct devices *ds = calloc(1, sizeof(*ds));

	if (!ds)
		return NULL;
	ds->next_id = 1;
	ds->slots = calloc(SLOTS, sizeof(struct slot));
	if (!ds->slots) {
		free(ds);
		return NULL;
	}
	return ds;
}

static size_t slot_of(const struct addr *addr)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < sizeof(addr->b); i++)
		h = (h ^ addr->b[i]) * 16777619u;
	return h & (SLOTS - 1);
}

static struct slot *find_slot(const struct devices *ds, const struct addr *addr)
{
	size_t i = slot_of(addr);

	while (ds->slots[i].device_id != 0 && !addr_eq(&ds->slots[i].addr, addr))
		i = (i + 1) & (SLOTS - 1);
	return &ds->slots[i];
}

struct device *devices_by_id(const struct devices *ds, uint32_t id)
{
	for (size_t i = 0; i < ds->count; i++) {
		if (ds->at[i]->row.id == id)
			return ds->at[i];
	}
	return NULL;
}

struct device *devices_by_addr(const struct devices *ds, const struct addr *addr)
{
	const struct slot *slot = find_slot(ds, addr);
	return slot->device_id ? devices_by_id(ds, slot->device_id) : NULL;
}

static struct device *by_mac(const struct devices *ds, const uint8_t mac[6])
{
	for (size_t i = 0; i < ds->count; i++) {
		const struct db_device *row = &ds->at[i]->row;
		if (row->has_mac && memcmp(row->mac, mac, 6) == 0)
			return ds->at[i];
	}
	return NULL;
}

/* When the hash of addresses is full, those of an invented crowd fill it: begin again with what
 * requests bring. Openings know their device by id and lose nothing. */
static void forget_addrs(struct devices *ds)
{
	memset(ds->slots, 0, SLOTS * sizeof(struct slot));
	ds->addrs = 0;
	ds->dirty_addrs = 0;
	ds->lost.addrs = true;
}

static void set_addr(struct devices *ds, const struct addr *addr, uint32_t id, bool dirty)
{
	struct slot *slot;

	if (ds->addrs >= DEVICE_ADDRS_MAX)
		forget_addrs(ds);
	slot = find_slot(ds, addr);
	if (slot->device_id == id)
		return;
	if (slot->device_id == 0)
		ds->addrs++;
	if (dirty && !slot->dirty)
		ds->dirty_addrs++;
	*slot = (struct slot){.addr = *addr, .device_id = id, .dirty = dirty || slot->dirty};
}

/* A place for one more: a new one, or that of the device longest unseen without openings. */
static struct device **find_place(struct devices *ds)
{
	struct device **oldest = NULL;

	if (ds->count < DEVICES_MAX)
		return &ds->at[ds->count++];
	for (size_t i = 0; i < ds->count; i++) {
		if (ds->at[i]->openings > 0)
			continue;
		if (!oldest || ds->at[i]->row.last_wall_s < (*oldest)->row.last_wall_s)
			oldest = &ds->at[i];
	}
	if (!oldest)
		return NULL;
	if (ds->lost.count < DEVICES_LOST_MAX)
		ds->lost.ids[ds->lost.count++] = (*oldest)->row.id;
	free(*oldest);
	return oldest;
}

static struct device *add(struct devices *ds, const struct db_device *row, bool dirty)
{
	struct device *d = calloc(1, sizeof(*d));
	struct device **place = d ? find_place(ds) : NULL;

	if (!place) {
		free(d);
		return NULL;
	}
	d->row = *row;
	d->dirty = dirty;
	*place = d;
	if (row->id >= ds->next_id)
		ds->next_id = row->id + 1;
	return d;
}

int devices_load(struct devices *ds, const struct db_device *row)
{
	return add(ds, row, false) ? 0 : ERR_FULL;
}

int devices_load_addr(struct devices *ds, uint32_t device_id, const struct addr *addr)
{
	if (!devices_by_id(ds, device_id))
		return ERR_NOT_FOUND;
	set_addr(ds, addr, device_id, false);
	return 0;
}

static struct device *make(struct devices *ds, const uint8_t mac[6], uint64_t now_wall_s)
{
	struct db_device row = {
		.id = ds->next_id,
		.has_mac = mac != NULL,
		.zone = RULE_ZONE_MEMBER,
		.first_wall_s = now_wall_s,
		.last_wall_s = now_wall_s,
	};

	if (ds->lost.count == DEVICES_LOST_MAX)
		return NULL;
	if (mac)
		memcpy(row.mac, mac, sizeof(row.mac));
	return add(ds, &row, true);
}

/* Who this is: by MAC; else the device known by the address alone, which gets its MAC now. */
static struct device *identify(struct devices *ds, const struct addr *addr, const uint8_t mac[6])
{
	struct device *known = devices_by_addr(ds, addr);
	struct device *owner = mac ? by_mac(ds, mac) : known;

	if (owner || !mac)
		return owner;
	if (!known || known->row.has_mac)
		return NULL;
	known->row.has_mac = true;
	memcpy(known->row.mac, mac, sizeof(known->row.mac));
	known->dirty = true;
	return known;
}

struct device *devices_see(struct devices *ds, const struct addr *addr, const uint8_t mac[6],
	uint64_t now_wall_s)
{
	struct device *d = identify(ds, addr, mac);

	if (!d)
		d = make(ds, mac, now_wall_s);
	if (!d)
		return NULL;
	d->row.last_wall_s = now_wall_s;
	set_addr(ds, addr, d->row.id, true);
	return d;
}

struct device *devices_adopt(struct devices *ds, uint32_t id, const struct addr *addr,
	uint64_t now_wall_s)
{
	struct db_device row = {
		.id = id,
		.zone = RULE_ZONE_MEMBER,
		.first_wall_s = now_wall_s,
		.last_wall_s = now_wall_s,
	};
	struct device *d = devices_by_id(ds, id);

	if (d)
		return d;
	d = add(ds, &row, true);
	if (d)
		set_addr(ds, addr, id, true);
	return d;
}

uint32_t devices_usage(const struct devices *ds, const struct device *d)
{
	uint32_t sum = 0;

	if (d->row.has_mac)
		return d->openings;
	for (size_t i = 0; i < ds->count; i++) {
		if (!ds->at[i]->row.has_mac)
			sum += ds->at[i]->openings;
	}
	return sum;
}

const struct devices_lost *devices_lost(const struct devices *ds)
{
	return &ds->lost;
}

void devices_lost_told(struct devices *ds)
{
	ds->lost.count = 0;
	ds->lost.addrs = false;
}

size_t devices_count(const struct devices *ds)
{
	return ds->count;
}

struct device *devices_at(const struct devices *ds, size_t place)
{
	return place < ds->count ? ds->at[place] : NULL;
}

void devices_new_addrs(struct devices *ds, devices_addr_fn *fn, void *arg)
{
	for (size_t i = 0; i < SLOTS && ds->dirty_addrs > 0; i++) {
		struct slot *slot = &ds->slots[i];
		if (slot->device_id == 0 || !slot->dirty)
			continue;
		slot->dirty = false;
		ds->dirty_addrs--;
		if (devices_by_id(ds, slot->device_id))
			fn(arg, slot->device_id, &slot->addr);
	}
}

void devices_soil(struct devices *ds)
{
	for (size_t i = 0; i < ds->count; i++)
		ds->at[i]->dirty = true;
	for (size_t i = 0; i < SLOTS; i++) {
		ds->slots[i].dirty = ds->slots[i].device_id != 0;
	}
	ds->dirty_addrs = ds->addrs;
}

void devices_free(struct devices *ds)
{
	if (!ds)
		return;
	for (size_t i = 0; i < ds->count; i++)
		free(ds->at[i]);
	free(ds->slots);
	free(ds);
}
