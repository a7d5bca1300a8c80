/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of openings: four chained hashes that grow together and two dense lists, one of all
 * openings and one of the IPv4 ones (what WANIPConnection counts and walks by index).
 */
#include "gateway/table.h"

#include "protocols/err.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 64

struct list {
	struct opening **at;
	size_t count, size;
};

struct table {
	struct opening **ids, **externals, **internals, **devices;
	size_t buckets;			/* a power of two, the same for all four */
	size_t hashed;			/* reserved, listed and closing */
	size_t closing;
	struct list all, v4;
};

bool opening_is4(const struct opening *o)
{
	return addr_is4(&o->internal.addr);
}

struct lease *opening_lease(const struct opening *o, enum map_origin origin)
{
	struct lease *l = o->leases;

	while (l && l->origin != origin)
		l = l->next;
	return l;
}

static size_t mix(uint64_t v)
{
	v ^= v >> 33;
	v *= 0xff51afd7ed558ccdULL;
	v ^= v >> 33;
	return (size_t)v;
}

static size_t hash_id(uint32_t id)
{
	return mix(id);
}

/* By number only, so that all openings of a port share a chain: TCP, UDP, several remotes. */
static size_t hash_port(uint16_t port)
{
	return mix(0x10000u | port);
}

static size_t hash_internal(uint8_t proto, const struct endpoint *e)
{
	uint64_t half[2];

	memcpy(half, e->addr.b, sizeof(half));
	return mix(half[0] ^ mix(half[1]) ^ ((uint64_t)proto << 16 | e->port));
}

static struct opening **bucket(struct opening **heads, const struct table *t, size_t hash)
{
	return &heads[hash & (t->buckets - 1)];
}

/* One device may have thousands: its chain is linked both ways to leave it at once. */
static void link_device(struct table *t, struct opening *o)
{
	struct opening **head = bucket(t->devices, t, hash_id(o->device_id));

	o->next_device = *head;
	if (o->next_device)
		o->next_device->prev_device = &o->next_device;
	o->prev_device = head;
	*head = o;
}

static void unlink_device(struct opening *o)
{
	*o->prev_device = o->next_device;
	if (o->next_device)
		o->next_device->prev_device = o->prev_device;
}

static void link_internal(struct table *t, struct opening *o)
{
	struct opening **in = bucket(t->internals, t, hash_internal(o->proto, &o->internal));

	o->next_internal = *in;
	*in = o;
}

static void unlink_internal(struct table *t, struct opening *o)
{
	struct opening **p = bucket(t->internals, t, hash_internal(o->proto, &o->internal));

	while (*p != o)
		p = &(*p)->next_internal;
	*p = o->next_internal;
}

static void link_in(struct table *t, struct opening *o)
{
	struct opening **id = bucket(t->ids, t, hash_id(o->id));
	struct opening **ext = bucket(t->externals, t, hash_port(o->external.port));

	o->next_id = *id;
	*id = o;
	o->next_external = *ext;
	*ext = o;
	link_internal(t, o);
	link_device(t, o);
}

static void unlink_from(struct table *t, struct opening *o)
{
	struct opening **p = bucket(t->ids, t, hash_id(o->id));

	while (*p != o)
		p = &(*p)->next_id;
	*p = o->next_id;
	for (p = bucket(t->externals, t, hash_port(o->external.port)); *p != o;)
		p = &(*p)->next_external;
	*p = o->next_external;
	unlink_internal(t, o);
	unlink_device(o);
}

static int set_buckets(struct table *t, size_t buckets)
{
	struct table bigger = *t;

	bigger.buckets = buckets;
	bigger.ids = calloc(buckets * 4, sizeof(struct opening *));
	if (!bigger.ids)
		return ERR_MEMORY;
	bigger.externals = bigger.ids + buckets;
	bigger.internals = bigger.externals + buckets;
	bigger.devices = bigger.internals + buckets;
	for (size_t i = 0; i < t->buckets; i++) {
		struct opening *next;
		for (struct opening *o = t->ids[i]; o; o = next) {
			next = o->next_id;
			link_in(&bigger, o);
		}
	}
	free(t->ids);
	*t = bigger;
	return 0;
}

static int list_reserve(struct list *l, size_t count)
{
	size_t size = l->size ? l->size : BUCKETS_MIN;
	struct opening **at;

	while (size < count)
		size *= 2;
	if (size == l->size)
		return 0;
	at = realloc(l->at, size * sizeof(struct opening *));
	if (!at)
		return ERR_MEMORY;
	l->at = at;
	l->size = size;
	return 0;
}

struct table *table_new(void)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t && set_buckets(t, BUCKETS_MIN)) {
		free(t);
		return NULL;
	}
	return t;
}

static bool is_found(const struct opening *o)
{
	return o->state != OPENING_CLOSING;
}

struct opening *table_by_id(const struct table *t, uint32_t id)
{
	struct opening *o = *bucket(t->ids, t, hash_id(id));

	while (o && (o->id != id || !is_found(o)))
		o = o->next_id;
	return o;
}

static struct opening *skip_to_port(struct opening *o, uint16_t port)
{
	while (o && (o->external.port != port || !opening_is4(o) || !is_found(o)))
		o = o->next_external;
	return o;
}

struct opening *table_first_port(const struct table *t, uint16_t port)
{
	return skip_to_port(*bucket(t->externals, t, hash_port(port)), port);
}

struct opening *table_next_port(const struct opening *o, uint16_t port)
{
	return skip_to_port(o->next_external, port);
}

struct opening *table_by_external(const struct table *t, uint8_t proto, uint16_t port,
	const struct prefix *remote)
{
	struct opening *o = table_first_port(t, port);

	while (o && (o->outbound || o->proto != proto || !prefix_eq(&o->remote, remote)))
		o = table_next_port(o, port);
	return o;
}

static struct opening *skip_to_internal(struct opening *o, uint8_t proto, const struct endpoint *in)
{
	while (o && (o->proto != proto || o->internal.port != in->port ||
			    !addr_eq(&o->internal.addr, &in->addr) || !is_found(o) ||
			    o->suspended))
		o = o->next_internal;
	return o;
}

struct opening *table_first_internal(const struct table *t, uint8_t proto,
	const struct endpoint *internal)
{
	struct opening *o = *bucket(t->internals, t, hash_internal(proto, internal));
	return skip_to_internal(o, proto, internal);
}

struct opening *table_next_internal(const struct opening *o)
{
	return skip_to_internal(o->next_internal, o->proto, &o->internal);
}

struct opening *table_by_internal(const struct table *t, uint8_t proto,
	const struct endpoint *internal, const struct prefix *remote, uint16_t remote_port)
{
	struct opening *oldest = NULL;
	struct opening *o = table_first_internal(t, proto, internal);

	for (; o; o = table_next_internal(o)) {
		if (o->outbound || !prefix_eq(&o->remote, remote) || o->remote_port != remote_port)
			continue;
		if (!oldest || o->id < oldest->id)
			oldest = o;
	}
	return oldest;
}

static struct opening *skip_to_device(struct opening *o, uint32_t device_id)
{
	while (o && (o->device_id != device_id || !is_found(o)))
		o = o->next_device;
	return o;
}

struct opening *table_first_device(const struct table *t, uint32_t device_id)
{
	return skip_to_device(*bucket(t->devices, t, hash_id(device_id)), device_id);
}

struct opening *table_next_device(const struct opening *o)
{
	return skip_to_device(o->next_device, o->device_id);
}

struct opening *table_outbound(const struct table *t, uint8_t proto,
	const struct endpoint *internal, const struct endpoint *peer)
{
	struct opening *o = table_first_internal(t, proto, internal);

	while (o && (!o->outbound || o->remote_port != peer->port ||
			    !addr_eq(&o->remote.addr, &peer->addr)))
		o = table_next_internal(o);
	return o;
}

struct opening *table_rival(const struct table *t, const struct opening *o)
{
	const struct endpoint peer = {o->remote.addr, o->remote_port};

	if (opening_is4(o) && !o->outbound)
		return table_by_external(t, o->proto, o->external.port, &o->remote);
	if (o->suspended)
		return NULL;
	if (o->outbound)
		return table_outbound(t, o->proto, &o->internal, &peer);
	return table_by_internal(t, o->proto, &o->internal, &o->remote, o->remote_port);
}

int table_reserve(struct table *t, struct opening *o)
{
	if (table_rival(t, o) || table_by_id(t, o->id))
		return ERR_EXISTS;
	/* Room in the lists is made now, so that table_commit cannot fail. */
	if (list_reserve(&t->all, t->hashed + 1) || list_reserve(&t->v4, t->hashed + 1))
		return ERR_MEMORY;
	if (t->hashed >= t->buckets && set_buckets(t, t->buckets * 2))
		return ERR_MEMORY;
	o->state = OPENING_RESERVED;
	link_in(t, o);
	t->hashed++;
	return 0;
}

static bool is_in_v4(const struct opening *o)
{
	return opening_is4(o) && !o->outbound;
}

void table_commit(struct table *t, struct opening *o)
{
	assert(o->state == OPENING_RESERVED);
	o->state = OPENING_LISTED;
	o->place = t->all.count;
	t->all.at[t->all.count++] = o;
	if (!is_in_v4(o))
		return;
	o->place4 = t->v4.count;
	t->v4.at[t->v4.count++] = o;
}

void table_close(struct table *t, struct opening *o)
{
	assert(o->state == OPENING_LISTED);
	o->state = OPENING_CLOSING;
	t->closing++;
}

void table_reopen(struct table *t, struct opening *o)
{
	assert(o->state == OPENING_CLOSING);
	o->state = OPENING_LISTED;
	t->closing--;
}

/* The last one takes the place that becomes free. */
static void unlist(struct table *t, const struct opening *o)
{
	struct opening *last = t->all.at[--t->all.count];

	t->all.at[o->place] = last;
	last->place = o->place;
	if (!is_in_v4(o))
		return;
	last = t->v4.at[--t->v4.count];
	t->v4.at[o->place4] = last;
	last->place4 = o->place4;
}

static void opening_free(struct opening *o)
{
	while (o->leases) {
		struct lease *l = o->leases;
		o->leases = l->next;
		free(l);
	}
	free(o->filters);
	free(o);
}

void table_remove(struct table *t, struct opening *o)
{
	if (o->state == OPENING_CLOSING)
		t->closing--;
	if (o->state != OPENING_RESERVED)
		unlist(t, o);
	unlink_from(t, o);
	t->hashed--;
	opening_free(o);
}

void table_move(struct table *t, struct opening *o, uint32_t device_id, const struct addr *addr)
{
	unlink_internal(t, o);
	unlink_device(o);
	if (!opening_is4(o))
		o->external.addr = *addr;
	o->internal.addr = *addr;
	o->device_id = device_id;
	link_internal(t, o);
	link_device(t, o);
}

size_t table_count(const struct table *t)
{
	return t->hashed - t->closing;
}

size_t table_listed(const struct table *t)
{
	return t->all.count;
}

struct opening *table_at(const struct table *t, size_t place)
{
	return place < t->all.count ? t->all.at[place] : NULL;
}

size_t table_listed4(const struct table *t)
{
	return t->v4.count;
}

struct opening *table_at4(const struct table *t, size_t place)
{
	return place < t->v4.count ? t->v4.at[place] : NULL;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->buckets; i++) {
		while (t->ids[i]) {
			struct opening *o = t->ids[i];
			t->ids[i] = o->next_id;
			opening_free(o);
		}
	}
	free(t->ids);
	free(t->all.at);
	free(t->v4.at);
	free(t);
}
