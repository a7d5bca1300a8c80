/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever comes, in whatever order: requests of every protocol, together and alone, while the
 * firewall, the address, the program and the disk fail by chance. After each step in which the
 * firewall works the kernel has what is in the list, and nothing else.
 */
#include "tests/scenario/script.h"

#include "gateway/fw_fake.h"
#include "gateway/fw_set.h"
#include "policy/filter.h"
#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define HOSTS 4
#define PORTS 5
#define TOGETHER 12
#define KEPT 1024

static uint32_t below(uint32_t n)
{
	return (uint32_t)random() % n;
}

/* ---- consistency ---- */

static struct fw_hole hole_of(const struct script *s, const struct opening *o)
{
	struct fw_hole h = {.proto = o->proto, .external = o->external, .internal = o->internal,
		.remote = o->remote, .remote_port = o->remote_port,
		.pinned = o->pinned && !addr_is_any(&s->world.wan4), .id = o->id};

	if (opening_is4(o))
		h.external.addr = s->world.wan4;
	return h;
}

static void check_opening(struct script *s, const struct opening *o, size_t counts[FW_SETS])
{
	struct fw_elem elems[FW_HOLE_ELEMS];
	struct fw_hole hole = hole_of(s, o);
	struct map_piece peers[MAP_PIECES_MAX];
	/* What the firewall refused is truthfully not called open. */
	bool wanted = !o->disabled && !o->barred && !o->suspended;
	size_t n;
	uint32_t left = core_opening_left_s(s->world.core, o);

	hole.peers = peers;
	hole.peer_count = o->filters ? filter_pieces(o->filters, peers) : 0;
	n = wanted ? fw_hole_elems(&hole, FW_ELEM_ADD, false, elems) : 0;
	for (size_t i = 0; i < n; i++) {
		enum fw_set set = (enum fw_set)elems[i].set;
		const struct fw_dumped *d = fw_fake_find(s->world.fw, set, elems[i].key);
		if (!d || memcmp(d->elem.data, elems[i].data, fw_set_data_len(set)) != 0)
			script_fail(s, "opening %u is not in %s", o->id, fw_set_name(set));
		if (left != MAP_LIFETIME_ENDLESS && (d->elem.timeout_ms <= left * 1000ULL - 1000 ||
				d->elem.timeout_ms > left * 1000ULL + 1000))
			script_fail(s, "opening %u: %u s are left, in the kernel %llu ms", o->id,
				left, (unsigned long long)d->elem.timeout_ms);
		counts[set]++;
	}
	/* Nor what no address leads to. */
	wanted = wanted && !(opening_is4(o) && addr_is_any(&s->world.wan4));
	if (core_opening_active(s->world.core, o) != wanted)
		script_fail(s, "opening %u is called active: %d", o->id, !wanted);
}

/* Of the enabled openings of one endpoint exactly one leads, the oldest. */
static void check_pinned(struct script *s, const struct opening *o)
{
	const struct core *core = s->world.core;
	bool leads = opening_is4(o) && !o->disabled && !o->suspended;
	size_t pinned = 0;

	for (size_t i = 0; i < core_openings(core) && leads; i++) {
		const struct opening *x = core_opening_at(core, i);
		if (x->proto == o->proto && x->internal.port == o->internal.port &&
			addr_eq(&x->internal.addr, &o->internal.addr) && !x->suspended)
			pinned += x->pinned;
	}
	if (leads && pinned != 1)
		script_fail(s, "opening %u: %zu lead its endpoint", o->id, pinned);
}

void script_consistent(struct script *s)
{
	size_t counts[FW_SETS] = {0};
	const char *fault = world_fault(&s->world);

	if (fault)
		script_fail(s, "%s", fault);
	for (size_t i = 0; i < core_openings(s->world.core); i++) {
		check_opening(s, core_opening_at(s->world.core, i), counts);
		check_pinned(s, core_opening_at(s->world.core, i));
	}
	for (int set = 0; set < FW_SETS; set++) {
		size_t has = fw_fake_count(s->world.fw, (enum fw_set)set);
		if (fw_set_def((enum fw_set)set)->is_leased && has != counts[set])
			script_fail(s, "%s has %zu elements instead of %zu",
				fw_set_name((enum fw_set)set), has, counts[set]);
	}
}

/* ---- what a stop and a kill leave ---- */

struct kept {
	struct opening at[KEPT];
	size_t count, over;
	bool stored;		/* all of it; else the kernel has some of it */
};

/* Of several leases the longest is what was stored, never more. */
static bool may_be_over(const struct script *s, const struct opening *o)
{
	const struct lease *l = o->leases;

	while (l && l->stored_ms <= loop_now_ms(s->world.loop))
		l = l->next;
	return !l && o->leases->next;
}

static void keep(const struct script *s, struct kept *k)
{
	const struct core *core = s->world.core;
	struct core_status status;

	core_status(core, &status);
	k->stored = status.store == CORE_OK && !s->world.stalled;
	k->count = 0;
	for (size_t i = 0; i < core_openings(core); i++) {
		const struct opening *o = core_opening_at(core, i);
		if (may_be_over(s, o)) {
			k->over++;
			continue;
		}
		/* The memo in the kernel is of one lease. */
		if (k->stored || (o->state == OPENING_LISTED && o->active && !o->leases->next &&
			!o->disabled))
			k->at[k->count++] = *o;
	}
}

/* Where its device is, is found out anew. */
static bool is_same(const struct opening *a, const struct opening *b)
{
	return a->proto == b->proto && a->external.port == b->external.port &&
	       a->internal.port == b->internal.port && prefix_eq(&a->remote, &b->remote) &&
	       a->disabled == b->disabled && a->outbound == b->outbound;
}

static void check_kept(struct script *s, const struct kept *k)
{
	const struct core *core = s->world.core;

	for (size_t i = 0; i < k->count; i++) {
		const struct opening *was = &k->at[i], *o = core_opening_by_id(core, was->id);
		if (!o)
			script_fail(s, "opening %u is lost, %s", was->id,
				k->stored ? "stored" : "in the kernel");
		if (!is_same(o, was))
			script_fail(s, "opening %u is another one", was->id);
	}
	if (k->stored && (core_openings(core) < k->count ||
				 core_openings(core) > k->count + k->over))
		script_fail(s, "%zu openings were %zu", core_openings(core), k->count);
}

static void begin_again(struct script *s, int (*how)(struct world *w))
{
	struct kept *k = calloc(1, sizeof(*k));

	if (!k)
		script_fail(s, "no memory");
	keep(s, k);
	if (how(&s->world))
		script_fail(s, "it does not begin again");
	check_kept(s, k);
	free(k);
}

/* ---- chance ---- */

static struct addr some_host(bool is4)
{
	struct addr a = addr_from4(0xc0a8010au + below(HOSTS));

	if (is4)
		return a;
	addr_decode(STR("2001:db8:1::10"), &a);
	a.b[15] = (uint8_t)(a.b[15] + below(HOSTS));
	return a;
}

static struct prefix some_remote(bool is4)
{
	struct addr a = addr_from4(0xc6336401u + below(2));

	if (below(3) > 0)
		return is4 ? prefix_any4() : prefix_any6();
	if (!is4)
		addr_decode(STR("2001:db8:9::1"), &a);
	return prefix_host(&a);
}

static void some_request(struct script *s)
{
	static const enum map_origin origins[] = {MAP_ORIGIN_UPNP, MAP_ORIGIN_NATPMP,
		MAP_ORIGIN_PCP};
	bool is4 = below(5) > 0;
	struct map_req req = {
		.op = (enum map_op)(below(3) > 0 ? MAP_OP_OPEN : MAP_OP_CLOSE),
		.origin = is4 ? origins[below(3)] : MAP_ORIGIN_UPNP,
		.proto = below(2) ? MAP_PROTO_TCP : MAP_PROTO_UDP,
		.internal = {some_host(is4), (uint16_t)(8000 + below(PORTS))},
		.external = {addr_any4(), (uint16_t)(8000 + below(PORTS))},
		.remote = is4 ? prefix_any4() : prefix_any6(),
		.lifetime_s = 1 + below(1000),
		.has_nonce = false,
	};

	req.client = req.internal.addr;
	if (req.origin == MAP_ORIGIN_UPNP) {
		req.remote = some_remote(is4);
		req.key = is4 ? MAP_KEY_EXTERNAL : MAP_KEY_INTERNAL;
		req.exact = is4 && below(3) > 0;
		req.disabled = is4 && below(6) == 0;
		req.lifetime_s = is4 && below(4) == 0 ? MAP_LIFETIME_ENDLESS : req.lifetime_s;
		if (below(8) == 0)
			req.client = some_host(is4);
	} else if (req.origin == MAP_ORIGIN_PCP) {
		req.has_nonce = true;
		req.nonce[0] = (uint8_t)below(2);
		req.exact = below(6) == 0;
	} else if (req.op == MAP_OP_CLOSE && below(3) == 0) {
		req.op = MAP_OP_CLOSE_ALL;
	}
	world_ask(&s->world, &req);
}

static void some_requests(struct script *s)
{
	uint32_t count = below(3) ? 1 : 1 + below(TOGETHER);

	s->world.answer_count = 0;
	for (uint32_t i = 0; i < count; i++)
		some_request(s);
	world_settle(&s->world);
	for (uint32_t i = 0; i < count; i++) {
		if (!s->world.answers[i].came)
			script_fail(s, "a request is not answered");
	}
}

static void some_firewall(struct script *s)
{
	uint32_t bad[] = {below(6)};
	struct world *w = &s->world;

	switch (below(5)) {
	case 0:
		fw_fake_fail(w->fw, ERR_DENIED, bad, 1);
		break;
	case 1:
		fw_fake_fail(w->fw, ERR_IO, NULL, 0);
		break;
	case 2:
		fw_fake_flush(w->fw);
		break;
	case 3:
		fw_fake_hold(w->fw);
		w->silent = true;
		some_request(s);
		world_settle(w);
		w->silent = false;
		fw_fake_go(w->fw, true);
		break;
	case 4:
		fw_fake_go(w->fw, true);
		some_requests(s);
		break;
	}
	if (below(2))
		some_requests(s);
	fw_fake_go(w->fw, false);
}

/* Hosts swap their addresses, go and come back, at one LAN or another. */
static void some_host_moves(struct script *s)
{
	struct core_host host = {.addr = some_host(below(2)), .ifindex = 1 + (int)below(2),
		.ifname = "br-lan", .mac = {2, 0, 0, 0, 0, (uint8_t)(0x10 + below(HOSTS))}};

	world_host(&s->world, &host, below(3) > 0);
	if (below(2))
		some_requests(s);
	world_settle(&s->world);
}

static void some_change(struct script *s, bool with_disk)
{
	struct world *w = &s->world;
	uint32_t what = below(with_disk ? 10 : 7);

	if (what < 3) {
		some_firewall(s);
	} else if (what < 5) {
		w->wan4 = below(3) ? addr_from4(0xcb007102u + below(2)) : addr_any4();
		core_wan_changed(w->core, &w->wan4, 3);
	} else if (what < 7) {
		begin_again(s, world_restart);
	} else if (what == 7) {
		begin_again(s, world_kill);
	} else if (what == 8) {
		world_disk(w, DISK_FULL);
		some_requests(s);
		world_disk(w, DISK_WORKS);
	} else {
		world_disk(w, DISK_STALLS);
		some_request(s);
		world_advance(w, 20);
		if (below(2))
			begin_again(s, world_kill);
		world_disk(w, DISK_WORKS);
	}
	world_settle(w);
}

static bool works(const struct script *s)
{
	struct core_status status;

	core_status(s->world.core, &status);
	return status.firewall == CORE_OK;
}

/* chaos SEED STEPS [disk] */
void script_chaos(struct script *s)
{
	uint32_t steps;
	bool with_disk;

	srandom(script_number(s));
	steps = script_number(s);
	with_disk = script_take(s, "disk");
	for (uint32_t i = 0; i < steps; i++) {
		uint32_t what = below(20);
		if (what == 0)
			some_change(s, with_disk);
		else if (what == 19)
			some_host_moves(s);
		else if (what < 4)
			world_advance(&s->world, below(3) ? below(5000) : below(300000));
		else
			some_requests(s);
		/* Repairs are tried again after a second. */
		if (!works(s))
			world_advance(&s->world, 1001);
		if (!works(s))
			script_fail(s, "step %u: the firewall is not repaired", i);
		script_consistent(s);
	}
	s->world.answer_count = 0;
}
