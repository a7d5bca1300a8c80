/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a script expects: of answers, of the list, of the kernel and of the record. */
#include "tests/scenario/script.h"

#include "gateway/fw_fake.h"
#include "policy/filter.h"
#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 16384

/* ---- answers ---- */

static const char *const result_words[MAP_RESULTS] = {
	[MAP_OK] = "ok",
	[MAP_DENIED] = "denied",
	[MAP_PENDING] = "pending",
	[MAP_NOT_OWNER] = "not-owner",
	[MAP_TAKEN] = "taken",
	[MAP_RESERVED] = "reserved",
	[MAP_NO_PORT] = "no-port",
	[MAP_QUOTA] = "quota",
	[MAP_NO_WAN] = "no-wan",
	[MAP_TROUBLE] = "trouble",
	[MAP_NOT_FOUND] = "not-found",
	[MAP_UNSUPP_PROTO] = "unsupported",
	[MAP_TOO_MANY_REMOTES] = "too-many-remotes",
};

static struct world_answer *first_unread(struct script *s)
{
	for (size_t i = 0; i < s->world.answer_count; i++) {
		if (!s->world.answers[i].read)
			return &s->world.answers[i];
	}
	script_fail(s, "nothing was asked");
}

static void check_answer(struct script *s, struct world_answer *a, enum map_result result)
{
	uint32_t n;

	if (!a->came)
		script_fail(s, "no answer");
	if (a->ans.result != result)
		script_fail(s, "the answer is %s", result_words[a->ans.result]);
	a->read = true;
	if (result == MAP_OK && a->ans.id)
		s->last_id = a->ans.id;
	if (result == MAP_OK && s->at < s->count && !script_take(s, "any")) {
		n = script_number(s);
		if (n != a->ans.external.port)
			script_fail(s, "the port is %u", a->ans.external.port);
	}
	if (s->at < s->count) {
		n = script_number(s);
		if (n != a->ans.lifetime_s)
			script_fail(s, "the lifetime is %u", a->ans.lifetime_s);
	}
}

/* expect RESULT [PORT|any] [LIFETIME]; expect all RESULT: of every answer not yet looked at. */
static void expect_answer(struct script *s, const char *word)
{
	bool all = strcmp(word, "all") == 0;
	size_t result = 0;

	if (all)
		word = script_next(s);
	while (result < MAP_RESULTS && strcmp(word, result_words[result]) != 0)
		result++;
	if (result == MAP_RESULTS)
		script_fail(s, "expect what? %s", word);
	if (!all)
		check_answer(s, first_unread(s), (enum map_result)result);
	for (size_t i = 0; all && i < s->world.answer_count; i++) {
		if (!s->world.answers[i].read)
			check_answer(s, &s->world.answers[i], (enum map_result)result);
	}
}

static void expect_waiting(struct script *s)
{
	if (first_unread(s)->came)
		script_fail(s, "it was answered");
}

/* ---- list and kernel ---- */

/* How many of the hole's elements the kernel has, leading where they should. */
static size_t in_kernel(struct script *s, const struct fw_hole *hole, size_t *wanted)
{
	struct fw_elem elems[FW_HOLE_ELEMS];
	size_t found = 0;

	*wanted = fw_hole_elems(hole, FW_ELEM_ADD, false, elems);
	for (size_t i = 0; i < *wanted; i++) {
		const struct fw_dumped *d = fw_fake_find(s->world.fw,
			(enum fw_set)elems[i].set, elems[i].key);
		size_t data = fw_set_data_len((enum fw_set)elems[i].set);
		bool leads = d && memcmp(d->elem.data, elems[i].data, data) == 0;
		found += leads || (d && hole->internal.port == 0);
	}
	return found;
}

static struct fw_hole hole_of(const struct opening *o, struct map_piece peers[MAP_PIECES_MAX])
{
	return (struct fw_hole){.proto = o->proto, .external = o->external,
		.internal = o->internal, .remote = o->remote, .remote_port = o->remote_port,
		.peers = peers, .peer_count = o->filters ? filter_pieces(o->filters, peers) : 0,
		.id = o->id};
}

static void expect_open(struct script *s)
{
	uint8_t proto = script_proto(s);
	uint16_t port = (uint16_t)script_number(s);
	struct endpoint in = script_endpoint(s);
	struct prefix remote = script_remote(s, true);
	const struct opening *o = core_opening_by_external(s->world.core, proto, port, &remote);
	struct map_piece peers[MAP_PIECES_MAX];
	struct fw_hole hole;
	size_t wanted;

	if (!o)
		script_fail(s, "it is not in the list");
	if (!addr_eq(&o->internal.addr, &in.addr) || o->internal.port != in.port)
		script_fail(s, "it leads elsewhere in the list");
	hole = hole_of(o, peers);
	if (in_kernel(s, &hole, &wanted) != wanted)
		script_fail(s, "the kernel does not have it");
	if (!core_opening_active(s->world.core, o))
		script_fail(s, "the list calls it inactive");
}

/* Not in the list, and nothing of it in the kernel. */
static void expect_closed(struct script *s)
{
	struct fw_hole hole = {.proto = script_proto(s)};
	size_t wanted;

	hole.external = (struct endpoint){addr_any4(), (uint16_t)script_number(s)};
	hole.internal.addr = addr_any4();
	hole.remote = script_remote(s, true);
	if (core_opening_by_external(s->world.core, hole.proto, hole.external.port, &hole.remote))
		script_fail(s, "it is in the list");
	if (in_kernel(s, &hole, &wanted) != 0)
		script_fail(s, "the kernel has it");
}

/* In the list, and truthfully not called open. */
static void expect_inactive(struct script *s)
{
	struct prefix any = prefix_any4();
	uint8_t proto = script_proto(s);
	const struct opening *o = core_opening_by_external(s->world.core, proto,
		(uint16_t)script_number(s), &any);

	if (!o)
		script_fail(s, "it is not in the list");
	if (core_opening_active(s->world.core, o))
		script_fail(s, "the list calls it active");
}

static const struct opening *find_pinhole(struct script *s, struct fw_hole *hole)
{
	hole->proto = script_proto(s);
	hole->internal = hole->external = script_endpoint(s);
	hole->remote = script_remote(s, false);
	if (script_take(s, "port"))
		hole->remote_port = (uint16_t)script_number(s);
	for (size_t i = 0; i < core_openings(s->world.core); i++) {
		const struct opening *o = core_opening_at(s->world.core, i);
		if (!o->suspended && o->proto == hole->proto &&
			o->internal.port == hole->internal.port &&
			addr_eq(&o->internal.addr, &hole->internal.addr) &&
			prefix_eq(&o->remote, &hole->remote) &&
			o->remote_port == hole->remote_port)
			return o;
	}
	return NULL;
}

static void expect_pinhole(struct script *s)
{
	struct fw_hole hole = {.remote_port = 0};
	const struct opening *o = find_pinhole(s, &hole);
	size_t wanted;

	if (!o)
		script_fail(s, "it is not in the list");
	if (in_kernel(s, &hole, &wanted) != wanted || !core_opening_active(s->world.core, o))
		script_fail(s, "the kernel does not have it");
}

static void expect_no_pinhole(struct script *s)
{
	struct fw_hole hole = {.remote_port = 0};
	size_t wanted;

	if (find_pinhole(s, &hole))
		script_fail(s, "it is in the list");
	if (in_kernel(s, &hole, &wanted) != 0)
		script_fail(s, "the kernel has it");
}

/* expect outbound PROTO ENDPOINT PORT|none: from where the endpoint's own packets leave. */
static void expect_outbound(struct script *s)
{
	struct fw_hole hole = {.proto = script_proto(s), .pinned = true, .remote = prefix_any4()};
	struct fw_elem elems[FW_HOLE_ELEMS];
	const struct fw_dumped *d;

	hole.internal = script_endpoint(s);
	hole.external.addr = s->world.wan4;
	if (!script_take(s, "none"))
		hole.external.port = (uint16_t)script_number(s);
	fw_hole_elems(&hole, FW_ELEM_ADD, false, elems);
	d = fw_fake_find(s->world.fw, FW_MAP_SNAT4, elems[2].key);
	if (d && hole.external.port == 0)
		script_fail(s, "from port %u", d->elem.data[4] << 8 | d->elem.data[5]);
	if (!d && hole.external.port != 0)
		script_fail(s, "from any port");
	if (d && memcmp(d->elem.data, elems[2].data, FW_DATA_MAX) != 0)
		script_fail(s, "from port %u", d->elem.data[4] << 8 | d->elem.data[5]);
}

static const struct opening *named(struct script *s)
{
	struct prefix any = prefix_any4();
	uint8_t proto = script_proto(s);
	const struct opening *o = core_opening_by_external(s->world.core, proto,
		(uint16_t)script_number(s), &any);

	if (!o)
		script_fail(s, "it is not in the list");
	return o;
}

static void expect_left(struct script *s)
{
	uint32_t left = core_opening_left_s(s->world.core, named(s));

	if (script_take(s, "endless") ? left != MAP_LIFETIME_ENDLESS : left != script_number(s))
		script_fail(s, "%u s are left", left);
}

static void expect_leases(struct script *s)
{
	const struct opening *o = named(s);
	uint32_t count = 0;

	for (const struct lease *l = o->leases; l; l = l->next)
		count++;
	if (count != script_number(s))
		script_fail(s, "there are %u", count);
}

/* expect kernel PROTO PORT TIME: after so long the kernel closes by itself. */
static void expect_kernel(struct script *s)
{
	struct map_piece peers[MAP_PIECES_MAX];
	struct fw_hole hole = hole_of(named(s), peers);
	struct fw_elem elems[FW_HOLE_ELEMS];
	size_t count = fw_hole_elems(&hole, FW_ELEM_ADD, false, elems);
	uint64_t ms = script_ms(s);

	for (size_t i = 0; i < count; i++) {
		const struct fw_dumped *d = fw_fake_find(s->world.fw,
			(enum fw_set)elems[i].set, elems[i].key);
		if (!d || d->elem.timeout_ms != ms)
			script_fail(s, "it is %llu ms",
				d ? (unsigned long long)d->elem.timeout_ms : 0);
	}
}

/* ---- the whole ---- */

static void expect_count(struct script *s)
{
	size_t count = core_openings(s->world.core);

	if (count != script_number(s))
		script_fail(s, "there are %zu", count);
}

static void expect_epoch(struct script *s)
{
	uint32_t epoch = core_epoch_s(s->world.core);

	if (epoch != script_number(s))
		script_fail(s, "it is %u", epoch);
}

static void expect_health(struct script *s)
{
	static const char *const words[] = {"ok", "late", "failed"};
	bool store = script_take(s, "store");
	struct core_status status;
	const char *is;

	if (!store && !script_take(s, "firewall"))
		script_fail(s, "health of store or firewall");
	core_status(s->world.core, &status);
	is = words[store ? status.store : status.firewall];
	if (strcmp(is, script_next(s)) != 0)
		script_fail(s, "it is %s", is);
}

void script_expect(struct script *s)
{
	static const struct {
		const char *word;
		void (*fn)(struct script *s);
	} things[] = {
		{"waiting", expect_waiting}, {"open", expect_open}, {"closed", expect_closed},
		{"inactive", expect_inactive}, {"pinhole", expect_pinhole},
		{"no-pinhole", expect_no_pinhole}, {"outbound", expect_outbound},
		{"left", expect_left}, {"leases", expect_leases}, {"kernel", expect_kernel},
		{"count", expect_count}, {"epoch", expect_epoch}, {"health", expect_health},
		{"consistent", script_consistent},
	};
	const char *word = script_next(s);

	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
		if (strcmp(word, things[i].word) != 0)
			continue;
		things[i].fn(s);
		script_done(s);
		return;
	}
	expect_answer(s, word);
	script_done(s);
}

/* ---- the record ---- */

/* A row may be about a run of ports, which have ids in a row. */
static bool is_about(const struct db_record *row, const char *what, uint32_t id)
{
	return strcmp(row->what, what) == 0 && id >= row->opening_id &&
	       id - row->opening_id < row->count;
}

/* 1: it is open by the row at i and those that are younger; 0: closed by one. */
static size_t check_open(struct script *s, const struct db_record *rows, size_t i, uint32_t id)
{
	bool closed = false;

	for (size_t j = 0; j < i; j++)
		closed = closed || is_about(&rows[j], "close", id);
	if (closed == (core_opening_by_id(s->world.core, id) != NULL))
		script_fail(s, "opening %u: the record says %s", id, closed ? "closed" : "open");
	return !closed;
}

static void check_agrees(struct script *s, const struct db_record *rows, size_t count)
{
	const struct core *core = s->world.core;
	size_t open = 0;

	if (count == ROWS_MAX)
		script_fail(s, "there are more rows than can be looked at");
	/* From the newest back: an opening is open unless a younger row closed it. */
	for (size_t i = 0; i < count; i++) {
		for (uint32_t k = 0; k < rows[i].count && strcmp(rows[i].what, "open") == 0; k++)
			open += check_open(s, rows, i, rows[i].opening_id + k);
	}
	if (open != core_openings(core))
		script_fail(s, "%zu open by the record, %zu by the list", open,
			core_openings(core));
}

/* record agrees; record rows WHAT N; record expect WHAT WHY [count N]: why is part of it. */
void script_record(struct script *s)
{
	struct db_record *rows = calloc(ROWS_MAX, sizeof(*rows));
	size_t count = rows ? world_record(&s->world, rows, ROWS_MAX) : 0, found = 0, best = count;
	bool agrees = script_take(s, "agrees"), number = !agrees && script_take(s, "rows");
	const char *what = "", *why = "";

	if (!agrees && !number && !script_take(s, "expect"))
		script_fail(s, "record agrees, rows or expect");
	if (!agrees)
		what = script_next(s);
	if (!agrees && !number)
		why = script_next(s);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].what, what) != 0 || !strstr(rows[i].why, why))
			continue;
		found++;
		best = best == count ? i : best;
	}
	if (agrees)
		check_agrees(s, rows, count);
	else if (number && found != script_number(s))
		script_fail(s, "there are %zu", found);
	else if (!number && found == 0)
		script_fail(s, "no such row");
	if (script_take(s, "count") && rows[best].count != script_number(s))
		script_fail(s, "it counts %u", rows[best].count);
	script_done(s);
	free(rows);
}
