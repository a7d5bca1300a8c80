/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the calls of a phone want, as openings; see serve_sip_int.h. It goes by levels: whatever
 * happened, what is wanted is compared with what is open, so nothing can be forgotten by a missed
 * event. A port of the phone has one port outside however many calls name it (SIP-59, SIP-63),
 * since the kernel could not tell its packets apart.
 *
 * All requests of one look go into one batch of the core, hence one transaction of the kernel.
 */
#include "gateway/serve_sip_int.h"

#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>

#define LEASE_S 3600		/* in the kernel, should nobody be there to renew it */
#define RETRY_MS 60000		/* what is open and could not be renewed or narrowed */
#define COUNT_MS 60000
#define RUN_TRIES 8		/* against the public places of phones, which are few */

struct sip_asked {
	struct sip_asked *next, **prev;
	struct sip_phone *phone;	/* NULL: it is no more */
	struct sip_place *place;
};

static struct sip_place *place_of(struct sip_phone *p, uint16_t port, bool is6)
{
	for (size_t i = 0; i < p->place_end; i++) {
		struct sip_place *at = &p->places[i];
		if (at->state != SIP_PLACE_FREE && at->port == port && at->is6 == is6)
			return at;
	}
	return NULL;
}

static const struct sip_place *find(const struct sip_phone *p, uint16_t port, bool is6)
{
	return place_of((struct sip_phone *)p, port, is6);
}

/* ---- requests ---- */

static void unlink_asked(struct sip_asked *a)
{
	*a->prev = a->next;
	if (a->next)
		a->next->prev = a->prev;
}

static const struct opening *opening_of(const struct sip_phone *p, const struct sip_place *at)
{
	return at->opening_id ? core_opening_by_id(p->serve->core, at->opening_id) : NULL;
}

/* What is open stays so when other peers, or more time, are refused. */
static void take_answer(struct sip_phone *p, struct sip_place *at, const struct map_ans *ans)
{
	uint64_t now = loop_now_ms(p->serve->loop);

	at->asking = false;
	at->renew_ms = now + RETRY_MS;
	if (ans->result == MAP_OK) {
		at->state = SIP_PLACE_OPEN;
		at->opening_id = ans->id;
		at->renew_ms = now + (uint64_t)ans->lifetime_s * 500;
	} else if (!opening_of(p, at)) {
		at->state = SIP_PLACE_REFUSED;
		at->opening_id = 0;
	}
}

static void on_answer(void *arg, const struct map_ans *ans)
{
	struct sip_asked *a = arg;
	struct sip_phone *p = a->phone;

	if (p) {
		unlink_asked(a);
		take_answer(p, a->place, ans);
	}
	free(a);
	if (!p)
		return;
	/* What is wanted may be another thing by now. */
	sip_media_look(p);
	p->serve->answered(p);
}

static struct map_req request(const struct sip_place *at, enum map_op op)
{
	struct map_req req = {
		.op = op,
		.key = MAP_KEY_INTERNAL,
		.origin = MAP_ORIGIN_SIP,
		.proto = MAP_PROTO_UDP,
		.client = at->lan,
		.internal = {at->lan, at->port},
		.external = {at->is6 ? at->lan : addr_any4(), at->external},
		.exact = !at->is6,
		.remote = at->is6 ? prefix_any6() : prefix_any4(),
		.lifetime_s = LEASE_S,
		.descr = STR("media of a call"),
		.clear_filters = true,
		.filter_count = op == MAP_OP_OPEN ? at->peer_count : 0,
	};

	for (uint8_t i = 0; i < req.filter_count; i++)
		req.filters[i].remote = prefix_host(&at->peers[i]);
	return req;
}

static void nobody(void *arg, const struct map_ans *ans)
{
	(void)arg;
	(void)ans;
}

/* The device may be at another address than when it was opened, and its opening with it. */
static int close_it(const struct sip_phone *p, const struct sip_place *at)
{
	const struct opening *o = opening_of(p, at);
	struct sip_place where = *at;
	struct map_req req;

	if (o)
		where.lan = o->internal.addr;
	else if (!at->asking)
		return 0;
	req = request(&where, MAP_OP_CLOSE);
	return core_request(p->serve->core, &req, nobody, NULL);
}

/* With too much to do for the core it stays, and is tried again in a second. */
static void release(struct sip_phone *p, struct sip_place *at)
{
	if (close_it(p, at))
		return;
	*at = (struct sip_place){0};
	p->dirty = true;
}

static const struct addr *home_of(const struct sip_phone *p, const struct sip_place *at)
{
	return at->is6 ? &p->lan6 : &p->lan4;
}

/* Never for everybody: whom nobody may send to needs no port. */
static void ask(struct sip_phone *p, struct sip_place *at)
{
	struct sip_asked *a = NULL;
	struct map_req req;

	at->lan = *home_of(p, at);
	req = request(at, MAP_OP_OPEN);
	if (at->peer_count > 0 && !addr_is_any(&at->lan))
		a = malloc(sizeof(*a));
	if (!a || core_request(p->serve->core, &req, on_answer, a)) {
		free(a);
		take_answer(p, at, &(struct map_ans){.result = MAP_TROUBLE});
		return;
	}
	*a = (struct sip_asked){p->asked, &p->asked, p, at};
	if (a->next)
		a->next->prev = &a->next;
	p->asked = a;
	at->asking = true;
	p->dirty = true;
}

/* ---- what is wanted ---- */

static bool is_public_place(const struct serve_sip *s, uint16_t first, uint16_t count)
{
	for (size_t i = 0; i < s->phone_count; i++) {
		uint16_t port = s->phones[i]->wan_port;
		if (port >= first && port - first < count)
			return true;
	}
	return false;
}

static bool is_within(const struct sip_place *at, uint16_t first, uint16_t count)
{
	return at->state == SIP_PLACE_ASKED && !at->is6 && at->external >= first &&
	       at->external - first < count;
}

/* Ports that were chosen a moment ago are free still, for all the core knows. */
static bool is_chosen(const struct sip_phone *p, uint16_t first, uint16_t count)
{
	const struct serve_sip *s = p->serve;

	for (size_t i = 0; i < p->place_end; i++) {
		if (is_within(&p->places[i], first, count))
			return true;
	}
	for (size_t i = 0; i < s->phone_count; i++) {
		for (const struct sip_asked *a = s->phones[i]->asked; a; a = a->next) {
			if (is_within(a->place, first, count))
				return true;
		}
	}
	return false;
}

/* A run that grows may come to what is no port of ours. */
static bool may_be(const struct serve_sip *s, uint16_t external)
{
	return external <= CORE_SIP_PORT_MAX && !is_public_place(s, external, 1);
}

static uint16_t choose(const struct sip_phone *p, const struct sipalg_stream *stream)
{
	for (int i = 0; i < RUN_TRIES; i++) {
		uint16_t port = core_sip_run(p->serve->core, p->device_id, stream->count,
			stream->pair);
		if (port == 0 || (!is_public_place(p->serve, port, stream->count) &&
					 !is_chosen(p, port, stream->count)))
			return port;
	}
	return 0;
}

static struct sip_place *new_place(struct sip_phone *p, uint16_t port, bool is6)
{
	for (size_t i = 0; i < SIP_PLACES_MAX; i++) {
		struct sip_place *at = &p->places[i];
		if (at->state != SIP_PLACE_FREE)
			continue;
		*at = (struct sip_place){
			.state = SIP_PLACE_ASKED, .port = port, .is6 = is6, .external = port};
		if (p->place_end == i)
			p->place_end++;
		return at;
	}
	return NULL;
}

/* The places of a stream, made where they are new: its ports outside are a run as its own are. */
static void want_stream(struct sip_phone *p, const struct sipcall *c,
	const struct sipalg_stream *stream)
{
	bool is6 = !addr_is4(&c->signalling);
	struct sip_place *first = place_of(p, stream->port, is6);
	uint16_t external = first ? first->external : 0;

	for (uint16_t i = 0; i < stream->count; i++) {
		uint16_t port = (uint16_t)(stream->port + i);
		struct sip_place *at = place_of(p, port, is6);

		if (!at && !c->is_shut)
			at = new_place(p, port, is6);
		if (!at)
			return;
		at->wanted = true;
		if (at->peer_count > 0 || at->asking || at->state != SIP_PLACE_ASKED || is6)
			continue;
		if (external == 0)
			external = choose(p, stream);
		at->external = (uint16_t)(external + i);
		if (external == 0 || !may_be(p->serve, at->external))
			at->state = SIP_PLACE_REFUSED;
	}
}

static bool names_stream(const struct sipalg_streams *list, uint16_t port)
{
	for (uint16_t i = 0; i < list->count; i++) {
		const struct sipalg_stream *s = &list->at[i];
		if (port >= s->port && port - s->port < s->count)
			return true;
	}
	return false;
}

static bool is_on(const struct sipcall *c)
{
	return c->state != SIPCALL_FREE && c->state != SIPCALL_OVER;
}

static bool wants(const struct sipcall *c, const struct sip_place *at)
{
	return is_on(c) && addr_is4(&c->signalling) != at->is6 &&
	       (names_stream(&c->now, at->port) || (c->has_next && names_stream(&c->next,
							   at->port)));
}

static void add_peer(struct sip_place *at, const struct addr *peer, const struct addr *wan)
{
	if (at->peer_count == MAP_FILTERS_MAX || addr_is4(peer) == at->is6 ||
		!addr_is_host(peer) || addr_eq(peer, wan))
		return;
	for (uint8_t i = 0; i < at->peer_count; i++) {
		if (addr_eq(&at->peers[i], peer))
			return;
	}
	at->peers[at->peer_count++] = *peer;
}

/* Who may send there, by the word of every call that wants it. */
static struct sip_place with_peers(const struct sip_phone *p, const struct sip_place *at)
{
	struct sip_place to = *at;

	to.peer_count = 0;
	memset(to.peers, 0, sizeof(to.peers));
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		const struct sipcall *c = &p->calls.at[i];
		if (!wants(c, at))
			continue;
		add_peer(&to, &c->signalling, &p->serve->wan4);
		for (uint8_t k = 0; k < c->peer_count; k++)
			add_peer(&to, &c->peers[k], &p->serve->wan4);
	}
	return to;
}

/* The phone has another address, and the core did not take the opening along. */
static bool is_elsewhere(const struct sip_phone *p, const struct sip_place *at)
{
	const struct addr *home = home_of(p, at);
	const struct opening *o = opening_of(p, at);

	return o && !addr_is_any(home) && !addr_eq(&o->internal.addr, home);
}

static bool has_peers(const struct sip_place *at, const struct sip_place *to)
{
	return at->peer_count == to->peer_count &&
	       memcmp(at->peers, to->peers, sizeof(at->peers)) == 0;
}

/* Gone though nobody asked: the owner closed it. */
static bool is_closed(const struct sip_phone *p, const struct sip_place *at)
{
	return at->state == SIP_PLACE_OPEN && !at->asking && !opening_of(p, at);
}

/* For these calls that holds until they end, whatever other port they name. */
static void see_closed(struct sip_phone *p, struct sip_place *at)
{
	if (!is_closed(p, at))
		return;
	at->state = SIP_PLACE_REFUSED;
	p->dirty = true;
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		struct sipcall *c = &p->calls.at[i];
		c->is_shut = c->is_shut || wants(c, at);
	}
	p->calls_dirty = true;
}

static void look_at(struct sip_phone *p, struct sip_place *at)
{
	struct sip_place to;

	if (at->asking || at->state == SIP_PLACE_FREE)
		return;
	if (!at->wanted) {
		release(p, at);
		return;
	}
	see_closed(p, at);
	if (at->state == SIP_PLACE_REFUSED)
		return;
	to = with_peers(p, at);
	if (is_elsewhere(p, at)) {
		if (close_it(p, at))
			return;
		to.state = SIP_PLACE_ASKED;
		to.opening_id = 0;
	} else if (at->state == SIP_PLACE_OPEN && has_peers(at, &to)) {
		return;
	}
	*at = to;
	ask(p, at);
}

void sip_media_look(struct sip_phone *p)
{
	for (size_t i = 0; i < p->place_end; i++) {
		see_closed(p, &p->places[i]);
		p->places[i].wanted = false;
	}
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		const struct sipcall *c = &p->calls.at[i];

		for (uint16_t k = 0; is_on(c) && k < c->now.count; k++)
			want_stream(p, c, &c->now.at[k]);
		for (uint16_t k = 0; is_on(c) && c->has_next && k < c->next.count; k++)
			want_stream(p, c, &c->next.at[k]);
	}
	for (size_t i = 0; i < p->place_end; i++)
		look_at(p, &p->places[i]);
	while (p->place_end > 0 && p->places[p->place_end - 1].state == SIP_PLACE_FREE)
		p->place_end--;
}

/* ---- what there is ---- */

bool sip_media_settled(const struct sip_phone *p, const struct sipalg_streams *streams, bool is6)
{
	for (uint16_t i = 0; i < streams->count; i++) {
		for (uint16_t k = 0; k < streams->at[i].count; k++) {
			const struct sip_place *at = find(p, (uint16_t)(streams->at[i].port + k),
				is6);
			if (at && at->state == SIP_PLACE_ASKED)
				return false;
		}
	}
	return true;
}

static uint16_t external_of(const struct sip_phone *p, const struct sipalg_stream *stream,
	bool is6)
{
	const struct sip_place *first = find(p, stream->port, is6);

	for (uint16_t i = 0; i < stream->count; i++) {
		const struct sip_place *at = find(p, (uint16_t)(stream->port + i), is6);
		if (!at || at->state != SIP_PLACE_OPEN || at->external != first->external + i)
			return 0;
	}
	return first ? first->external : 0;
}

void sip_media_externals(const struct sip_phone *p, struct sipalg_streams *streams, bool is6)
{
	for (uint16_t i = 0; i < streams->count; i++)
		streams->at[i].external = external_of(p, &streams->at[i], is6);
}

bool sip_media_find(const struct serve_sip *s, uint16_t external, struct endpoint *lan)
{
	for (size_t i = 0; i < s->phone_count; i++) {
		const struct sip_phone *p = s->phones[i];
		for (size_t k = 0; k < p->place_end; k++) {
			const struct sip_place *at = &p->places[k];
			if (at->state != SIP_PLACE_OPEN || at->is6 || at->external != external)
				continue;
			*lan = (struct endpoint){p->lan4, at->port};
			return true;
		}
	}
	return false;
}

/* ---- in the course of time ---- */

void sip_media_renew(struct sip_phone *p)
{
	uint64_t now = loop_now_ms(p->serve->loop);

	for (size_t i = 0; i < p->place_end; i++) {
		struct sip_place *at = &p->places[i];

		if (at->state == SIP_PLACE_FREE || at->asking)
			continue;
		if (!at->wanted || is_closed(p, at) || is_elsewhere(p, at))
			look_at(p, at);
		else if (at->state == SIP_PLACE_OPEN && at->renew_ms <= now)
			ask(p, at);
	}
}

static void on_count(void *arg, const struct opening *o, const struct core_traffic *t)
{
	struct serve_sip *s = arg;
	struct sip_phone *p = sip_phone_by_id(s, o->device_id);
	struct sip_place *at = p ? place_of(p, o->internal.port, !opening_is4(o)) : NULL;

	if (at && at->opening_id == o->id)
		at->counted += t->packets;
}

/* An opening's peers are counted apart: it is their sum that moves. */
static void sum_up(struct sip_phone *p, bool known)
{
	for (size_t i = 0; i < p->place_end; i++) {
		struct sip_place *at = &p->places[i];

		if (known) {
			at->moved = at->moved || at->counted > at->packets;
			at->packets = at->counted;
		}
		at->counted = 0;
	}
}

static void on_counted(void *arg, int err)
{
	struct serve_sip *s = arg;

	s->counting = false;
	for (size_t i = 0; i < s->phone_count; i++)
		sum_up(s->phones[i], err == 0);
}

static void count(struct serve_sip *s)
{
	uint64_t now = loop_now_ms(s->loop);

	if (s->counting || now < s->counted_ms + COUNT_MS)
		return;
	s->counted_ms = now;
	s->counting = core_counters(s->core, on_count, on_counted, s) == 0;
}

void sip_media_used(struct sip_phone *p, bool used[SIPCALL_MAX])
{
	bool any = false;

	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		used[i] = false;
		for (size_t k = 0; k < p->place_end; k++)
			used[i] = used[i] || (p->places[k].moved && wants(&p->calls.at[i],
								 &p->places[k]));
	}
	for (size_t k = 0; k < p->place_end; k++) {
		any = any || p->places[k].state == SIP_PLACE_OPEN;
		p->places[k].moved = false;
	}
	if (any)
		count(p->serve);
}

void sip_media_resume(struct sip_phone *p, uint16_t port, uint16_t external, bool is6)
{
	struct sip_place *at = place_of(p, port, is6) ? NULL : new_place(p, port, is6);

	if (!at)
		return;
	at->external = external;
	if (external == 0)
		at->state = SIP_PLACE_REFUSED;
}

/* What the core has kept open is the place's again; the next look asks for its peers, or closes
 * it. Its port outside is the kernel's: what we were killed before writing is newer than our row,
 * and what was asked by that row's word is refused. Of what nobody knows any more there is none: it
 * was opened a moment before we were killed. */
static bool adopt(const struct serve_sip *s, const struct opening *o)
{
	struct sip_phone *p = sip_phone_by_id(s, o->device_id);
	struct sip_place *at = p ? place_of(p, o->internal.port, !opening_is4(o)) : NULL;

	if (!at)
		return false;
	if (at->external != o->external.port)
		at->peer_count = 0;
	at->state = SIP_PLACE_OPEN;
	at->opening_id = o->id;
	at->external = o->external.port;
	p->dirty = true;
	return true;
}

static void close_orphan(const struct serve_sip *s, const struct opening *o)
{
	const struct sip_place at = {.is6 = !opening_is4(o), .port = o->internal.port,
		.external = o->external.port, .lan = o->internal.addr};
	struct map_req req = request(&at, MAP_OP_CLOSE);

	core_request(s->core, &req, nobody, NULL);
}

void sip_media_begin(struct serve_sip *s)
{
	for (size_t i = 0; i < core_openings(s->core); i++) {
		const struct opening *o = core_opening_at(s->core, i);
		if (opening_lease(o, MAP_ORIGIN_SIP) && !adopt(s, o))
			close_orphan(s, o);
	}
	for (size_t i = 0; i < s->phone_count; i++)
		sip_media_look(s->phones[i]);
}

void sip_media_leave(struct sip_phone *p)
{
	while (p->asked) {
		struct sip_asked *a = p->asked;

		unlink_asked(a);
		a->phone = NULL;
	}
}

void sip_media_drop(struct sip_phone *p)
{
	for (size_t i = 0; i < p->place_end; i++) {
		/* What the core has no time for it ends itself: this is no phone any more. */
		(void)close_it(p, &p->places[i]);
		p->places[i] = (struct sip_place){0};
	}
	p->place_end = 0;
	sip_media_leave(p);
	p->dirty = true;
}
