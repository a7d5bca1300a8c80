/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of the firewall that is the same for every backend: dispatch, the table of sets, and
 * how an opening becomes elements. What the kernel does with them is in ruleset.c.
 */
#include "gateway/fw.h"

#include "gateway/fw_set.h"
#include "protocols/err.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

int fw_apply(struct fw *fw, const struct fw_batch *batch, fw_done_fn *done, void *arg)
{
	return fw->ops->apply(fw, batch, done, arg);
}

int fw_dump(struct fw *fw, fw_dump_fn *each, fw_done_fn *done, void *arg)
{
	return fw->ops->dump(fw, each, done, arg);
}

int fw_forget(struct fw *fw, const struct fw_flow *flows, size_t count)
{
	return fw->ops->forget(fw, flows, count);
}

int fw_remove(struct fw *fw, fw_done_fn *done, void *arg)
{
	return fw->ops->remove(fw, done, arg);
}

int fw_find(struct fw *fw, const struct fw_tuple *flows, size_t count, fw_found_fn *found,
	void *arg)
{
	return fw->ops->find(fw, flows, count, found, arg);
}

int fw_keep(struct fw *fw, const struct fw_keep *keeps, size_t count)
{
	return fw->ops->keep(fw, keeps, count);
}

int fw_senders(struct fw *fw, fw_sender_fn *each, fw_done_fn *done, void *arg)
{
	return fw->ops->senders(fw, each, done, arg);
}

int fw_probe(struct fw *fw, int ifindex, const struct addr *addr, const uint8_t *mac)
{
	return fw->ops->probe(fw, ifindex, addr, mac);
}

int fw_way(struct fw *fw, const struct fw_way *way, fw_way_fn *done, void *arg)
{
	return fw->ops->way(fw, way, done, arg);
}

void fw_watch(struct fw *fw, fw_event_fn *fn, void *arg)
{
	fw->event = fn;
	fw->event_arg = arg;
}

void fw_free(struct fw *fw)
{
	if (fw)
		fw->ops->free(fw);
}

static const struct fw_set_def sets[FW_SETS] = {
	[FW_SET_WAN4] = {.name = "wan4", .key = {FW_FIELD_ADDR4}},
	[FW_SET_LAN4] = {.name = "lan4", .key = {FW_FIELD_ADDR4}, .is_interval = true},
	[FW_SET_LAN6] = {.name = "lan6", .key = {FW_FIELD_ADDR6}, .is_interval = true},
	[FW_MAP_DNAT4] = {.name = "dnat4", .key = {FW_FIELD_PROTO, FW_FIELD_PORT},
		.is_map = true, .is_leased = true},
	[FW_MAP_DNAT4_HOST] = {.name = "dnat4_host",
		.key = {FW_FIELD_ADDR4, FW_FIELD_PROTO, FW_FIELD_PORT},
		.is_map = true, .is_leased = true},
	[FW_MAP_SNAT4] = {.name = "snat4",
		.key = {FW_FIELD_ADDR4, FW_FIELD_PROTO, FW_FIELD_PORT},
		.is_map = true, .is_leased = true},
	[FW_SET_OPEN_TCP4] = {.name = "open_tcp4", .key = {FW_FIELD_PORT},
		.is_leased = true, .is_counted = true},
	[FW_SET_OPEN_UDP4] = {.name = "open_udp4", .key = {FW_FIELD_PORT},
		.is_leased = true, .is_counted = true},
	[FW_SET_OPEN4_HOST] = {.name = "open4_host",
		.key = {FW_FIELD_ADDR4, FW_FIELD_PROTO, FW_FIELD_PORT},
		.is_leased = true, .is_counted = true},
	[FW_SET_OPEN6] = {.name = "open6",
		.key = {FW_FIELD_ADDR6, FW_FIELD_PROTO, FW_FIELD_PORT},
		.is_leased = true, .is_counted = true},
	[FW_SET_OPEN6_HOST] = {.name = "open6_host",
		.key = {FW_FIELD_ADDR6, FW_FIELD_ADDR6, FW_FIELD_PROTO, FW_FIELD_PORT},
		.is_leased = true, .is_counted = true},
	[FW_SET_OPEN6_RANGE] = {.name = "open6_range",
		.key = {FW_FIELD_ADDR6, FW_FIELD_PORT, FW_FIELD_ADDR6, FW_FIELD_PROTO,
			FW_FIELD_PORT},
		.is_interval = true, .is_leased = true, .is_counted = true},
	[FW_SET_WAN_IF] = {.name = "wan_if", .key = {FW_FIELD_IFINDEX}},
	[FW_MAP_PEER4] = {.name = "peer4",
		.key = {FW_FIELD_ADDR4, FW_FIELD_PROTO, FW_FIELD_PORT, FW_FIELD_ADDR4,
			FW_FIELD_PORT},
		.is_map = true, .is_leased = true},
	[FW_SET_PEER4_PORT] = {.name = "peer4_port",
		.key = {FW_FIELD_ADDR4, FW_FIELD_PROTO, FW_FIELD_PORT, FW_FIELD_PORT},
		.is_leased = true},
	[FW_SET_OPEN4_RANGE] = {.name = "open4_range",
		.key = {FW_FIELD_ADDR4, FW_FIELD_PORT, FW_FIELD_PROTO, FW_FIELD_PORT},
		.is_interval = true, .is_leased = true, .is_counted = true},
	[FW_SET_DOOR] = {.name = "door", .key = {FW_FIELD_PROTO, FW_FIELD_PORT},
		.most = FW_DOORS_MAX},
	[FW_SET_BOUND4] = {.name = "bound4",
		.key = {FW_FIELD_IFINDEX, FW_FIELD_ADDR4, FW_FIELD_MAC},
		.most = FW_BOUND_MAX},
	[FW_SET_BOUND6] = {.name = "bound6",
		.key = {FW_FIELD_IFINDEX, FW_FIELD_ADDR6, FW_FIELD_MAC},
		.most = FW_BOUND_MAX},
	[FW_SET_KNOWN4] = {.name = "known4", .key = {FW_FIELD_IFINDEX, FW_FIELD_ADDR4},
		.most = FW_BOUND_MAX},
	[FW_SET_KNOWN6] = {.name = "known6", .key = {FW_FIELD_IFINDEX, FW_FIELD_ADDR6},
		.most = FW_BOUND_MAX},
	[FW_SET_PHONE4] = {.name = "phone4", .key = {FW_FIELD_ADDR4}, .most = FW_PHONES_MAX},
	[FW_SET_PHONE6] = {.name = "phone6", .key = {FW_FIELD_ADDR6}, .most = FW_PHONES_MAX},
	[FW_SET_SIP_PORT] = {.name = "sip_port", .key = {FW_FIELD_PORT},
		.most = FW_SIP_PORTS_MAX},
	[FW_SET_OPEN4_PEER] = {.name = "open4_peer",
		.key = {FW_FIELD_ADDR4, FW_FIELD_PROTO, FW_FIELD_PORT},
		.has_id = true, .is_leased = true, .is_counted = true},
	[FW_SET_OPEN6_PEER] = {.name = "open6_peer",
		.key = {FW_FIELD_ADDR6, FW_FIELD_ADDR6, FW_FIELD_PROTO, FW_FIELD_PORT},
		.has_id = true, .is_leased = true, .is_counted = true},
	[FW_SET_PLACE_TCP4] = {.name = "place_tcp4", .key = {FW_FIELD_PORT},
		.most = FW_PLACES_MAX},
	[FW_SET_CALLER4] = {.name = "caller4",
		.key = {FW_FIELD_ADDR4, FW_FIELD_PROTO, FW_FIELD_PORT},
		.is_interval = true, .most = FW_CALLERS_MAX},
	[FW_SET_HEARD] = {.name = "heard", .key = {FW_FIELD_ID, FW_FIELD_WAY},
		.is_leased = true, .is_counted = true, .is_dynamic = true,
		.most = FW_HEARD_MAX},
};

const struct fw_set_def *fw_set_def(enum fw_set set)
{
	assert((unsigned int)set < FW_SETS);
	return &sets[set];
}

#define SENDER_KEY(addr) {FW_FIELD_IFINDEX, addr, FW_FIELD_MAC, FW_FIELD_PROTO, FW_FIELD_PORT}
#define SENDER_SET(n, addr) {.name = (n), .key = SENDER_KEY(addr), .is_dynamic = true, \
	.most = FW_SENDERS_MAX}

const struct fw_set_def *fw_sender_def(enum fw_sender_kind kind, bool is4)
{
	static const struct fw_set_def defs[][2] = {
		[FW_SENDER_SEEN] = {SENDER_SET("seen4", FW_FIELD_ADDR4),
			SENDER_SET("seen6", FW_FIELD_ADDR6)},
		[FW_SENDER_FORGED] = {SENDER_SET("forged4", FW_FIELD_ADDR4),
			SENDER_SET("forged6", FW_FIELD_ADDR6)},
	};

	return &defs[kind][!is4];
}

uint8_t fw_field_len(enum fw_field field)
{
	switch (field) {
	case FW_FIELD_END:
		return 0;
	case FW_FIELD_ADDR4:
	case FW_FIELD_IFINDEX:
	case FW_FIELD_ID:
		return 4;
	case FW_FIELD_ADDR6:
		return 16;
	case FW_FIELD_PROTO:
	case FW_FIELD_WAY:
		return 1;
	case FW_FIELD_PORT:
		return 2;
	case FW_FIELD_MAC:
		return 6;
	}
	return 0;
}

size_t fw_def_key_len(const struct fw_set_def *def)
{
	size_t len = 0;

	/* A key of one field is not padded, as nft has it. */
	if (def->key[1] == FW_FIELD_END)
		return fw_field_len(def->key[0]);
	for (const enum fw_field *f = def->key; *f != FW_FIELD_END; f++)
		len += (fw_field_len(*f) + 3u) & ~3u;
	return len;
}

size_t fw_set_key_len(enum fw_set set)
{
	return fw_def_key_len(fw_set_def(set));
}

size_t fw_def_data_len(const struct fw_set_def *def)
{
	return def->is_map ? FW_DATA_MAX : def->has_id ? fw_field_len(FW_FIELD_ID) : 0;
}

size_t fw_set_data_len(enum fw_set set)
{
	return fw_def_data_len(fw_set_def(set));
}

uint32_t fw_heard_id(const struct fw_elem *elem, bool *from_phone)
{
	struct reader key = reader_from(elem->key, sizeof(elem->key));
	uint32_t id = reader_u32(&key);

	*from_phone = reader_u8(&key);
	return id;
}

bool fw_set_is_peers(enum fw_set set)
{
	return set == FW_SET_OPEN4_RANGE || set == FW_SET_OPEN6_RANGE ||
	       set == FW_SET_OPEN4_PEER || set == FW_SET_OPEN6_PEER;
}

const char *fw_set_name(enum fw_set set)
{
	return fw_set_def(set)->name;
}

/* Keys and data are written field by field, each padded. */
static void put_addr(struct writer *w, const struct addr *a)
{
	if (addr_is4(a))
		writer_bytes(w, addr_bytes4(a), 4);
	else
		writer_bytes(w, a->b, sizeof(a->b));
}

static void put_port(struct writer *w, uint16_t port)
{
	writer_u16(w, port);
	writer_u16(w, 0);
}

static void put_target(struct writer *w, uint8_t proto, uint16_t port)
{
	writer_u32(w, (uint32_t)proto << 24);
	put_port(w, port);
}

static struct writer key_of(struct fw_elem *elem)
{
	return writer_to(elem->key, sizeof(elem->key));
}

static void put_data(struct fw_elem *elem, const struct endpoint *to)
{
	struct writer w = writer_to(elem->data, sizeof(elem->data));

	put_addr(&w, &to->addr);
	put_port(&w, to->port);
}

static void make_dnat4(const struct fw_hole *hole, struct fw_elem *elem)
{
	struct writer w = key_of(elem);

	elem->set = FW_MAP_DNAT4;
	if (hole->peer_count == 0 && !prefix_is_any(&hole->remote)) {
		elem->set = FW_MAP_DNAT4_HOST;
		put_addr(&w, &hole->remote.addr);
	}
	put_target(&w, hole->proto, hole->external.port);
	put_data(elem, &hole->internal);
}

static void make_open4(const struct fw_hole *hole, struct fw_elem *elem)
{
	struct writer w = key_of(elem);

	if (prefix_is_any(&hole->remote)) {
		elem->set = hole->proto == MAP_PROTO_TCP ? FW_SET_OPEN_TCP4 : FW_SET_OPEN_UDP4;
		writer_u16(&w, hole->external.port);
		return;
	}
	elem->set = FW_SET_OPEN4_HOST;
	put_addr(&w, &hole->remote.addr);
	put_target(&w, hole->proto, hole->external.port);
}

static void make_snat4(const struct fw_hole *hole, struct fw_elem *elem)
{
	struct writer w = key_of(elem);

	elem->set = FW_MAP_SNAT4;
	put_addr(&w, &hole->internal.addr);
	put_target(&w, hole->proto, hole->internal.port);
	put_data(elem, &hole->external);
}

static void make_peer4(const struct fw_hole *hole, struct fw_elem *elem)
{
	struct writer w = key_of(elem);

	elem->set = FW_MAP_PEER4;
	put_addr(&w, &hole->internal.addr);
	put_target(&w, hole->proto, hole->internal.port);
	put_addr(&w, &hole->remote.addr);
	put_port(&w, hole->remote_port);
	put_data(elem, &hole->external);
}

static void make_peer4_port(const struct fw_hole *hole, struct fw_elem *elem)
{
	struct writer w = key_of(elem);

	elem->set = FW_SET_PEER4_PORT;
	put_addr(&w, &hole->remote.addr);
	put_target(&w, hole->proto, hole->external.port);
	put_port(&w, hole->remote_port);
}

/* Bits beyond the prefix set to one. */
static struct addr last_of(const struct prefix *p)
{
	struct addr last = p->addr;

	for (unsigned int bit = p->len; bit < 128; bit++)
		last.b[bit / 8] = (uint8_t)(last.b[bit / 8] | (0x80u >> (bit % 8)));
	return last;
}

static void put_range(uint8_t key[FW_KEY_MAX], const struct fw_hole *hole,
	const struct addr *remote, uint16_t remote_port)
{
	struct writer w = writer_to(key, FW_KEY_MAX);
	bool is4 = addr_is4(&hole->internal.addr);

	put_addr(&w, remote);
	put_port(&w, remote_port);
	if (!is4)
		put_addr(&w, &hole->internal.addr);
	put_target(&w, hole->proto, is4 ? hole->external.port : hole->internal.port);
}

static void make_range(const struct fw_hole *hole, const struct map_piece *peers,
	struct fw_elem *elem)
{
	struct addr last = last_of(&peers->remote);

	elem->set = addr_is4(&hole->internal.addr) ? FW_SET_OPEN4_RANGE : FW_SET_OPEN6_RANGE;
	put_range(elem->key, hole, &peers->remote.addr, peers->port_min);
	put_range(elem->key_end, hole, &last, peers->port_max);
}

/* One of several who may come in. */
static void make_peer(const struct fw_hole *hole, const struct map_piece *peer,
	struct fw_elem *elem)
{
	struct writer w = key_of(elem);
	struct writer data = writer_to(elem->data, sizeof(elem->data));
	bool is4 = addr_is4(&hole->internal.addr);

	if (!prefix_is_host(&peer->remote) || peer->port_min > 1 || peer->port_max != UINT16_MAX) {
		make_range(hole, peer, elem);
		return;
	}
	elem->set = is4 ? FW_SET_OPEN4_PEER : FW_SET_OPEN6_PEER;
	writer_u32(&data, hole->id);
	put_addr(&w, &peer->remote.addr);
	if (!is4)
		put_addr(&w, &hole->internal.addr);
	put_target(&w, hole->proto, is4 ? hole->external.port : hole->internal.port);
}

static void make_open6(const struct fw_hole *hole, struct fw_elem *elem)
{
	struct writer w = key_of(elem);
	bool from_any = prefix_is_any(&hole->remote);

	if (hole->remote_port || (!from_any && !prefix_is_host(&hole->remote))) {
		make_range(hole, &(struct map_piece){hole->remote, hole->remote_port,
			hole->remote_port ? hole->remote_port : UINT16_MAX}, elem);
		return;
	}
	elem->set = FW_SET_OPEN6;
	if (!from_any) {
		elem->set = FW_SET_OPEN6_HOST;
		put_addr(&w, &hole->remote.addr);
	}
	put_addr(&w, &hole->internal.addr);
	put_target(&w, hole->proto, hole->internal.port);
}

static bool can_be_expressed(const struct fw_hole *hole)
{
	bool is4 = addr_is4(&hole->internal.addr);

	if (hole->proto != MAP_PROTO_TCP && hole->proto != MAP_PROTO_UDP)
		return false;
	if (is4 != addr_is4(&hole->remote.addr))
		return false;
	if (hole->outbound)
		return is4 && addr_is4(&hole->external.addr) && prefix_is_host(&hole->remote) &&
		       hole->remote_port != 0;
	if (!is4)
		return true;
	return addr_is4(&hole->external.addr) && hole->remote_port == 0 &&
	       (prefix_is_any(&hole->remote) || prefix_is_host(&hole->remote));
}

/* The elements that let packets in; they bear the userdata. Returns how many. */
static size_t make_open(const struct fw_hole *hole, struct fw_elem *out)
{
	size_t count = hole->peer_count ? hole->peer_count : 1;

	assert(count <= MAP_PIECES_MAX && hole->userdata_len <= FW_USERDATA_MAX);
	for (size_t i = 0; i < hole->peer_count; i++)
		make_peer(hole, &hole->peers[i], &out[i]);
	if (hole->outbound)
		make_peer4(hole, out);
	else if (hole->peer_count == 0 && addr_is4(&hole->internal.addr))
		make_open4(hole, out);
	else if (hole->peer_count == 0)
		make_open6(hole, out);
	for (size_t i = 0; i < count; i++) {
		out[i].userdata_len = hole->userdata_len;
		memcpy(out[i].userdata, hole->userdata, hole->userdata_len);
	}
	return count;
}

size_t fw_hole_elems(const struct fw_hole *hole, enum fw_elem_op op, bool renew,
	struct fw_elem out[FW_HOLE_ELEMS])
{
	bool translated = addr_is4(&hole->internal.addr) && !hole->outbound;
	size_t most = 2 + (hole->peer_count ? hole->peer_count : 1);
	size_t count = 0;

	if (!can_be_expressed(hole))
		return 0;
	memset(out, 0, most * sizeof(*out));
	if (translated)
		make_dnat4(hole, &out[count++]);
	count += make_open(hole, &out[count]);
	if (hole->outbound)
		make_peer4_port(hole, &out[count++]);
	if (translated && hole->pinned)
		make_snat4(hole, &out[count++]);
	for (size_t i = 0; i < count; i++) {
		out[i].op = (uint8_t)op;
		out[i].renew = renew;
		out[i].timeout_ms = hole->timeout_ms;
	}
	return count;
}

struct fw_elem fw_caller_elem(const struct prefix *from, uint8_t proto, uint16_t port)
{
	struct fw_elem elem = {.set = FW_SET_CALLER4, .op = FW_ELEM_ADD};
	struct writer low = writer_to(elem.key, sizeof(elem.key));
	struct writer high = writer_to(elem.key_end, sizeof(elem.key_end));
	struct addr last = last_of(from);

	put_addr(&low, &from->addr);
	put_target(&low, proto, port);
	put_addr(&high, &last);
	put_target(&high, proto, port);
	return elem;
}
