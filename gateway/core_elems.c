/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From openings to the elements the firewall shall have: for a batch only what its changes move,
 * for a rebuild everything. Also the memo each opening leaves in the kernel, so that what the
 * store missed is known again after kill -9.
 */
#include "gateway/core_int.h"

#include "protocols/err.h"
#include "protocols/reader.h"

#include <stdlib.h>
#include <string.h>

#define ELEMS_FIRST 64
#define MEMO_VERSION 2
#define GRACE_MS 1000	/* the table closes first, the kernel a second later */

enum memo_flags { MEMO_NONCE = 1, MEMO_DISABLED = 2, MEMO_PINNED = 4 };

static int reserve(struct batch *b, size_t more)
{
	size_t size = b->elem_size ? b->elem_size : ELEMS_FIRST;
	struct fw_elem *elems;
	uint32_t *owner;

	while (size < b->elem_count + more)
		size *= 2;
	if (size == b->elem_size)
		return 0;
	elems = realloc(b->elems, size * sizeof(*elems));
	if (!elems)
		return ERR_MEMORY;
	b->elems = elems;
	owner = realloc(b->elem_owner, size * sizeof(*owner));
	if (!owner)
		return ERR_MEMORY;
	b->elem_owner = owner;
	b->elem_size = size;
	return 0;
}

static void memo_encode(struct writer *w, const struct opening *o)
{
	const struct lease *l = o->leases;

	writer_u8(w, MEMO_VERSION);
	writer_u8(w, (uint8_t)l->origin);
	writer_u8(w, (uint8_t)((l->has_nonce ? MEMO_NONCE : 0) |
			       (o->disabled ? MEMO_DISABLED : 0) | (o->pinned ? MEMO_PINNED : 0)));
	writer_u8(w, o->proto);
	writer_u32(w, o->id);
	writer_u32(w, o->device_id);
	writer_u32(w, l->granted_s);
	writer_bytes(w, l->nonce, MAP_NONCE_LEN);
	writer_bytes(w, o->internal.addr.b, sizeof(o->internal.addr.b));
	writer_u16(w, o->internal.port);
	writer_u16(w, o->external.port);
	writer_u32(w, o->set_id);
	writer_u8(w, o->set_offset);
}

int elems_memo_decode(const uint8_t *bytes, size_t len, struct elems_memo *out)
{
	struct reader r = reader_from(bytes, len);
	struct elems_memo m = {0};
	uint8_t version = reader_u8(&r), flags;

	m.origin = reader_u8(&r);
	flags = reader_u8(&r);
	m.has_nonce = (flags & MEMO_NONCE) != 0;
	m.disabled = (flags & MEMO_DISABLED) != 0;
	m.pinned = (flags & MEMO_PINNED) != 0;
	m.proto = reader_u8(&r);
	m.id = reader_u32(&r);
	m.device_id = reader_u32(&r);
	m.granted_s = reader_u32(&r);
	reader_bytes(&r, m.nonce, MAP_NONCE_LEN);
	reader_bytes(&r, m.internal.addr.b, sizeof(m.internal.addr.b));
	m.internal.port = reader_u16(&r);
	m.external_port = reader_u16(&r);
	m.set_id = reader_u32(&r);
	m.set_offset = reader_u8(&r);
	if (r.bad)
		return ERR_SHORT;
	if (version != MEMO_VERSION || m.origin >= MAP_ORIGINS || m.id == 0)
		return ERR_CORRUPT;
	*out = m;
	return 0;
}

/* How long the kernel shall keep it by itself: the longest lease and a little more; a day for what
 * has no end, and no longer than the helper allows (version 1 of UPnP knows no longest lease). The
 * daemon prolongs both as long as it lives. */
static uint64_t wanted_until_ms(const struct core *core, const struct opening *o)
{
	uint64_t until = change_until_ms(o), now = loop_now_ms(core->loop);

	if (until == LOOP_NEVER)
		return now + CORE_DAY_MS;
	until += GRACE_MS;
	return until < now + FW_TIMEOUT_MAX_MS ? until : now + FW_TIMEOUT_MAX_MS;
}

static struct fw_hole hole_of(const struct core *core, const struct opening *o)
{
	struct fw_hole h = {
		.proto = o->proto,
		.external = o->external,
		.internal = o->internal,
		.remote = o->remote,
		.remote_port = o->remote_port,
		.pinned = o->pinned && !addr_is_any(&core->wan4),
		.outbound = o->outbound,
		.timeout_ms = 1,
		.id = o->id,
	};
	struct writer w = writer_to(h.userdata, sizeof(h.userdata));
	uint64_t now = loop_now_ms(core->loop);

	if (opening_is4(o))
		h.external.addr = core->wan4;
	if (o->kernel_until_ms > now)
		h.timeout_ms = o->kernel_until_ms - now;
	if (o->leases)
		memo_encode(&w, o);
	h.userdata_len = (uint8_t)w.len;
	return h;
}

/* An outbound flow over IPv6 leaves as it is, and one over IPv4 needs an address to leave from. */
static bool has_elements(const struct core *core, const struct opening *o)
{
	return !o->disabled && !o->suspended &&
	       (!o->outbound || (opening_is4(o) && !addr_is_any(&core->wan4)));
}

/* The opening with these filters. */
static int put_shape(struct core *core, const struct opening *o, const struct map_filters *filters,
	enum fw_elem_op op, uint32_t owner)
{
	struct batch *b = &core->batch;
	struct map_piece peers[MAP_PIECES_MAX];
	struct fw_hole hole = hole_of(core, o);
	size_t n;

	if (!has_elements(core, o))
		return 0;
	if (reserve(b, FW_HOLE_ELEMS))
		return ERR_MEMORY;
	hole.peers = peers;
	hole.peer_count = filters ? filter_pieces(filters, peers) : 0;
	n = fw_hole_elems(&hole, op, false, b->elems + b->elem_count);
	for (size_t i = 0; i < n; i++)
		b->elem_owner[b->elem_count + i] = owner;
	b->elem_count += n;
	return n > 0 ? 0 : ERR_UNSUPPORTED;
}

static int put_hole(struct core *core, const struct opening *o, enum fw_elem_op op, bool renew_it,
	uint32_t owner)
{
	struct batch *b = &core->batch;
	size_t first = b->elem_count;
	int err = put_shape(core, o, o->filters, op, owner);

	for (size_t i = first; i < b->elem_count; i++)
		b->elems[i].renew = renew_it;
	return err;
}

static int put_renewed(struct core *core, struct opening *o, uint32_t owner)
{
	uint64_t until = wanted_until_ms(core, o);

	if (o->state == OPENING_CLOSING || (until == o->kernel_until_ms && !o->barred))
		return 0;
	o->kernel_until_ms = until;
	return put_hole(core, o, FW_ELEM_ADD, !o->barred, owner);
}

/* The outbound half of a sibling that was not pinned till now; the rest is there already. */
static int put_pin(struct core *core, const struct opening *o, uint32_t owner)
{
	struct batch *b = &core->batch;
	size_t first = b->elem_count;
	int err = o->state == OPENING_CLOSING ? 0
					      : put_hole(core, o, FW_ELEM_ADD, true, owner);

	for (size_t i = first; i < b->elem_count; i++) {
		if (b->elems[i].set == FW_MAP_SNAT4)
			b->elems[i].renew = 0;
	}
	return err;
}

static bool is_same_element(const struct fw_elem *a, const struct fw_elem *b)
{
	return a->set == b->set && memcmp(a->key, b->key, sizeof(a->key)) == 0 &&
	       memcmp(a->key_end, b->key_end, sizeof(a->key_end)) == 0;
}

/* Of the deletions from first on and the additions from mid on, what is in both stays: it is only
 * renewed, and its counter goes on. */
static void spare_common(struct batch *b, size_t first, size_t mid)
{
	size_t kept = first;

	for (size_t del = first; del < mid; del++) {
		size_t add = mid;
		while (add < b->elem_count && !is_same_element(&b->elems[del], &b->elems[add]))
			add++;
		if (add < b->elem_count)
			b->elems[add].renew = 1;
		else
			b->elems[kept++] = b->elems[del];
	}
	memmove(&b->elems[kept], &b->elems[mid], (b->elem_count - mid) * sizeof(*b->elems));
	b->elem_count -= mid - kept;
}

/* Other filters: what the kernel had of them goes and what it shall have comes, at once. */
static int put_reshaped(struct core *core, const struct change *c, uint32_t owner)
{
	struct batch *b = &core->batch;
	struct opening *o = c->opening;
	size_t first = b->elem_count, mid;
	int err = put_shape(core, o, c->filters, FW_ELEM_DEL, owner);

	mid = b->elem_count;
	o->kernel_until_ms = wanted_until_ms(core, o);
	if (!err)
		err = put_shape(core, o, o->filters, FW_ELEM_ADD, owner);
	if (!err && !o->barred)
		spare_common(b, first, mid);
	return err;
}

static int put_change(struct core *core, uint32_t index)
{
	struct change *c = &core->batch.changes[index];

	if (c->reshaped)
		return put_reshaped(core, c, index);
	switch (c->kind) {
	case CHANGE_OPEN:
		c->opening->kernel_until_ms = wanted_until_ms(core, c->opening);
		return put_hole(core, c->opening, FW_ELEM_ADD, false, index);
	case CHANGE_LEASE_ADD:
	case CHANGE_LEASE_SET:
	case CHANGE_LEASE_END:
	case CHANGE_PROLONG:
		return put_renewed(core, c->opening, index);
	case CHANGE_PIN:
		return put_pin(core, c->opening, index);
	case CHANGE_CLOSE:
	case CHANGE_MOVE:
		break;
	}
	return 0;
}

/* What ends, and what leaves its place: it may hold a key that another takes over. */
static int put_ending(struct core *core, uint32_t index)
{
	struct change *c = &core->batch.changes[index];
	struct opening was = *c->opening;

	if (c->kind == CHANGE_CLOSE)
		return put_hole(core, c->opening, FW_ELEM_DEL, false, index);
	if (c->kind != CHANGE_MOVE || change_stays(c))
		return 0;
	was.internal.addr = c->was.addr;
	was.suspended = c->was.suspended;
	was.pinned = c->was.pinned;
	if (!opening_is4(&was))
		was.external.addr = c->was.addr;
	return put_hole(core, &was, FW_ELEM_DEL, false, index);
}

/* At its new place, before anything renews it there. Only another's, it has the elements it had:
 * they count on, and whose it is is found out anew when the memo is read back (core_load.c). */
static int put_moved(struct core *core, uint32_t index)
{
	struct change *c = &core->batch.changes[index];
	struct opening *o = c->opening;

	if (c->kind != CHANGE_MOVE || o->state == OPENING_CLOSING ||
		(change_stays(c) && !o->barred))
		return 0;
	o->kernel_until_ms = wanted_until_ms(core, o);
	return put_hole(core, o, FW_ELEM_ADD, false, index);
}

/* Nothing is closed in the batch that opened it, so no order is lost. */
int elems_of_changes(struct core *core)
{
	int (*const passes[])(struct core *core, uint32_t index) = {
		put_ending, put_moved, put_change};
	int err = 0;

	core->batch.elem_count = 0;
	for (size_t pass = 0; pass < sizeof(passes) / sizeof(passes[0]); pass++) {
		for (uint32_t i = 0; i < core->batch.change_count && !err; i++)
			err = passes[pass](core, i);
	}
	return err;
}

int elems_add(struct core *core, const struct fw_elem *e)
{
	struct batch *b = &core->batch;

	if (reserve(b, 1))
		return ERR_MEMORY;
	b->elems[b->elem_count] = *e;
	b->elem_owner[b->elem_count++] = ELEMS_NO_OWNER;
	return 0;
}

static int put_prefix(struct core *core, enum fw_set set, const struct prefix *p)
{
	struct fw_elem e = {.set = (uint8_t)set, .op = FW_ELEM_ADD};
	uint8_t low[16], high[16];
	size_t skip = set == FW_SET_LAN6 ? 0 : 12;

	memcpy(low, p->addr.b, sizeof(low));
	for (unsigned i = 0; i < 16; i++) {
		unsigned kept = p->len > i * 8 ? p->len - i * 8 : 0;
		high[i] = (uint8_t)(low[i] | (kept >= 8 ? 0 : 0xffu >> kept));
	}
	memcpy(e.key, low + skip, 16 - skip);
	memcpy(e.key_end, high + skip, 16 - skip);
	return elems_add(core, &e);
}

static int put_wan_if(struct core *core)
{
	struct fw_elem e = {.set = FW_SET_WAN_IF, .op = FW_ELEM_ADD};

	memcpy(e.key, &core->wan_ifindex, sizeof(uint32_t));
	return core->wan_ifindex == 0 ? 0 : elems_add(core, &e);
}

static int put_surroundings(struct core *core)
{
	struct prefix wan = prefix_host(&core->wan4);
	int err = put_wan_if(core);

	if (!err && !addr_is_any(&core->wan4))
		err = put_prefix(core, FW_SET_WAN4, &wan);
	for (size_t i = 0; i < core->lan_count && !err; i++) {
		bool is4 = addr_is4(&core->lans[i].addr);
		err = put_prefix(core, is4 ? FW_SET_LAN4 : FW_SET_LAN6, &core->lans[i]);
	}
	return err;
}

static int put_all_of(struct core *core, struct opening *o, uint32_t owner)
{
	if (o->barred || o->state == OPENING_CLOSING)
		return 0;
	o->kernel_until_ms = wanted_until_ms(core, o);
	return put_hole(core, o, FW_ELEM_ADD, false, owner);
}

/* Owners of elements: changes as in a plain batch; listed openings counted behind them. */
int elems_of_table(struct core *core)
{
	struct batch *b = &core->batch;
	int err;

	b->elem_count = 0;
	err = put_surroundings(core);
	for (uint32_t i = 0; i < b->change_count && !err; i++) {
		if (b->changes[i].kind == CHANGE_OPEN)
			err = put_all_of(core, b->changes[i].opening, i);
	}
	for (size_t i = 0; i < table_listed(core->table) && !err; i++)
		err = put_all_of(core, table_at(core->table, i), (uint32_t)(b->change_count + i));
	return err;
}
