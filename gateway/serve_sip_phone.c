/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message of a phone, or to it: understood as it came, its media's ports asked for, edited, sent
 * on; see serve_sip_int.h. What cannot be understood or edited goes as it came and opens nothing,
 * and nothing waits but the phone's own messages whose media's ports are being asked for.
 */
#include "gateway/serve_sip_int.h"

#include "protocols/err.h"
#include "protocols/sdp_find.h"
#include "protocols/sip_start.h"

#include <string.h>

#define DATAGRAM_MAX 65507	/* what UDP over IPv4 carries */

static bool is6(const struct sip_carry *carry)
{
	return !addr_is4(&carry->inside.addr);
}

/* ---- where it goes ---- */

/* 0 says that there is none. */
static uint64_t branch_of(const struct sip_message *m)
{
	return m->branch.len ? str_hash(sip_text(m, m->branch)) : 0;
}

static struct sip_back *find_back(struct sip_phone *p, const struct sip_message *m, bool by_phone)
{
	uint64_t branch = branch_of(m);

	for (size_t i = 0; branch && i < SIP_BACKS_MAX; i++) {
		if (p->backs[i].branch == branch && p->backs[i].by_phone == by_phone)
			return &p->backs[i];
	}
	return NULL;
}

static void keep_back(struct sip_phone *p, const struct sip_message *m,
	const struct sip_carry *carry)
{
	struct sip_back *b = find_back(p, m, carry->by_phone);

	if (m->method == SIP_ACK)
		return;
	if (!b)
		b = &p->backs[p->back_next++ % SIP_BACKS_MAX];
	*b = (struct sip_back){branch_of(m), carry->by_phone, carry->inside, carry->outside};
}

/* The port at which the phone said it wants requests, if this one is for that Contact of it. */
static uint16_t contact_port(const struct sip_phone *p, const struct sip_message *m,
	uint16_t otherwise)
{
	struct sip_uri uri;
	struct str own;
	uint32_t port = SIP_PORT;
	size_t colon;

	if (sip_request_uri(m, &uri) || !uri.is_sip || !uri.where.is_addr ||
		!addr_eq(&uri.where.addr, &p->alg.wan.addr))
		return otherwise;
	own = sipalg_own_find(&p->alg.contacts, sip_text(m, uri.user));
	colon = str_find(own, 0, ':');
	if (own.len == 0 || (colon < own.len && str_u32(str_sub(own, colon + 1, own.len),
				    SIPALG_PORT_MIN, 65535, &port)) ||
		core_sip_is_service((uint16_t)port))
		return otherwise;
	return (uint16_t)port;
}

/* Datagrams: never another host than it was going to, maybe another port of it. */
static void aim(struct sip_phone *p, const struct sip_message *m, struct sip_carry *way)
{
	const struct sip_back *b;

	if (m->is_request) {
		keep_back(p, m, way);
		if (!way->by_phone && !is6(way) && !way->is_stream)
			way->inside.port = contact_port(p, m, way->inside.port);
		return;
	}
	b = find_back(p, m, !way->by_phone);
	if (!b || is6(way) || way->is_stream)
		return;
	if (way->by_phone && addr_eq(&b->outside.addr, &way->outside.addr))
		way->outside.port = b->outside.port;
	if (!way->by_phone && addr_eq(&b->inside.addr, &way->inside.addr))
		way->inside.port = b->inside.port;
}

/* ---- editing and sending ---- */

/* auth-int and Identity cover the body (SIP-66). */
static bool is_sealed(const struct sip_message *m)
{
	return m->body.len > 0 && sipalg_is_signed(m);
}

static void streams_of(const struct sip_message *m, const struct sip_carry *carry,
	struct sipalg_streams *out)
{
	struct sipalg_streams streams = {0};

	if (!carry->by_phone || is_sealed(m) ||
		sipalg_sdp_streams(m, &carry->inside.addr, &streams))
		streams.count = 0;
	*out = streams;
}

static bool find_place(void *arg, uint16_t external, struct endpoint *lan)
{
	return sip_media_find(arg, external, lan);
}

static bool is_whole(const struct sipalg_streams *streams)
{
	for (uint16_t i = 0; i < streams->count; i++) {
		if (streams->at[i].external == 0)
			return false;
	}
	return true;
}

static int plan_out(struct sip_phone *p, const struct sip_message *m,
	const struct sip_carry *carry)
{
	struct serve_sip *s = p->serve;
	struct sipalg_streams streams;
	int err = sipalg_out(&p->alg, m, &s->edits);

	streams_of(m, carry, &streams);
	if (err || streams.count == 0)
		return err;
	sip_media_externals(p, &streams, false);
	if (!is_whole(&streams))
		sip_note_pass(p, m, &carry->outside.addr,
			"a port of its media is not open: that is left as it is");
	return sipalg_sdp_edit(m, &p->alg.lan.addr, &streams, &p->alg.wan.addr, &s->edits);
}

static int plan_in(struct sip_phone *p, const struct sip_message *m)
{
	struct serve_sip *s = p->serve;
	struct sipalg_places places = {find_place, s};
	int err = sipalg_in(&p->alg, m, &s->edits);

	if (!err && !is_sealed(m))
		sipalg_sdp_back(m, &p->alg.wan.addr, &places, &s->edits);
	return err;
}

static int edit(struct sip_phone *p, const struct sip_message *m, const struct sip_carry *carry,
	struct writer *out)
{
	struct serve_sip *s = p->serve;
	int err;

	sip_edit_none(&s->edits);
	err = carry->by_phone ? plan_out(p, m, carry) : plan_in(p, m);
	if (err)
		return err;
	sip_edit_length(&s->edits, m);
	if (!carry->is_stream && sip_edit_size(&s->edits, m) > DATAGRAM_MAX)
		return ERR_FULL;
	return sip_edit_apply(&s->edits, m, out);
}

static void go(struct sip_phone *p, const struct sip_message *m, const struct sip_carry *carry)
{
	struct serve_sip *s = p->serve;
	struct writer w = writer_to(s->buffer, sizeof(s->buffer));

	/* IPv6 has nothing to hide: the phone's own addresses lead back to it. */
	if (is6(carry) || addr_is_any(&p->alg.wan.addr)) {
		carry->send(carry, m->bytes);
	} else if (carry->by_phone && is_sealed(m)) {
		sip_note_pass(p, m, &carry->outside.addr, "its body is signed");
		carry->send(carry, m->bytes);
	} else if (edit(p, m, carry, &w)) {
		sip_note_pass(p, m, &carry->outside.addr, "it cannot be edited");
		carry->send(carry, m->bytes);
	} else {
		s->changed += s->edits.count > 0;
		carry->send(carry, writer_done(&w));
	}
}

static void go_held(struct sip_phone *p, const struct sip_carry *carry, struct str bytes)
{
	struct sip_message *m = &p->serve->message;

	if (sip_decode(bytes, carry->is_stream, m))
		carry->send(carry, bytes);
	else
		go(p, m, carry);
}

void sip_phone_look(struct sip_phone *p)
{
	sip_hold_look(p, go_held);
}

/* False: it need not wait, or cannot. */
static bool hold(struct sip_phone *p, const struct sip_message *m, const struct sip_carry *carry)
{
	struct sip_hold_wants wants = {.call_id = sip_text(m, m->call_id)};

	if (!carry->by_phone)
		return false;
	streams_of(m, carry, &wants.streams);
	if (sip_media_settled(p, &wants.streams, is6(carry)) && !sip_hold_waits(p, wants.call_id))
		return false;
	if (sip_hold_put(p, carry, m->bytes, &wants) == 0)
		return true;
	sip_note_pass(p, m, &carry->outside.addr, "too many of its messages wait for ports");
	return false;
}

/* ---- what it means ---- */

static void see_registration(struct sip_phone *p, const struct sip_message *m,
	const struct sip_carry *carry)
{
	struct sipreg_facts facts = {
		.by_phone = carry->by_phone,
		.is_tcp = carry->is_stream,
		.peer = carry->outside,
		.now_s = serve_sip_now_s(p->serve),
	};
	const struct endpoint own = {carry->inside.addr, 0};
	struct sip_remark remark = {.what = "register"};
	enum sipreg_news news;

	if (m->method == SIP_REGISTER && m->is_request == carry->by_phone)
		facts.bound_s = sipalg_bound_s(m->is_request || is6(carry) ? &own : &p->alg.wan,
			m);
	news = sipreg_see(&p->reg, m, &facts);
	if (news == SIPREG_NOTHING)
		return;
	p->dirty = true;
	p->unconfirmed = news == SIPREG_UNCONFIRMED;
	switch (news) {
	case SIPREG_NOTHING:
	case SIPREG_KEPT:
		return;
	case SIPREG_BOUND:
		remark.why = "its server asked for a password and let it in";
		break;
	case SIPREG_GONE:
		remark.what = "unregister";
		remark.why = "it is not registered there any more";
		break;
	case SIPREG_UNPROVEN:
		p->unproven = carry->outside;
		p->unproven_until_s = facts.now_s + facts.bound_s;
		remark.refused = true;
		remark.why = "this server never asked for a password";
		break;
	case SIPREG_UNCONFIRMED:
		remark.refused = true;
		remark.why = "its server did not confirm where it is: nobody can call it";
		break;
	}
	sip_note_put(p, m, &carry->outside.addr, &remark);
}

/* A call, and what it was before a message. */
struct seen {
	struct sipcall *call;
	enum sipcall_state before;
	bool changed;
};

static int see_once(struct sip_phone *p, const struct sip_message *m,
	const struct sipcall_facts *facts, struct seen *out)
{
	enum sipcall_state before[SIPCALL_MAX];
	int err;

	for (size_t i = 0; i < SIPCALL_MAX; i++)
		before[i] = p->calls.at[i].state;
	err = sipcall_see(&p->calls, m, facts, &out->call, &out->changed);
	if (out->call)
		out->before = before[out->call - p->calls.at];
	return err;
}

static bool make_room(struct sip_phone *p)
{
	struct sipcall *c = sipcall_make_room(&p->calls);

	if (!c)
		return false;
	sip_note_call(p, c, SIPCALL_RINGING);
	sipcall_drop(c);
	return true;
}

static void see_call(struct sip_phone *p, const struct sip_message *m,
	const struct sip_carry *carry)
{
	struct serve_sip *s = p->serve;
	struct sipcall_facts facts = {
		.by_phone = carry->by_phone,
		.lan = carry->inside.addr,
		.wan = s->wan4,
		.peer = carry->outside.addr,
		.now_s = serve_sip_now_s(s),
	};
	struct seen seen;
	int err;

	facts.may_begin = !is_sealed(m) && sip_phone_knows(p, &facts.peer);
	err = see_once(p, m, &facts, &seen);
	if (err == ERR_BUSY && make_room(p))
		err = see_once(p, m, &facts, &seen);
	if (err)
		sip_note_pass(p, m, &carry->outside.addr, "its media cannot be followed");
	if (!seen.call)
		return;
	p->calls_dirty = true;
	sip_note_call(p, seen.call, seen.before);
	if (seen.changed)
		sip_media_look(p);
	if (seen.call->state == SIPCALL_OVER)
		sipcall_drop(seen.call);
}

static bool names_others(const struct sip_message *m, const struct addr *own)
{
	struct sip_walk walk = {0};
	struct sip_address a;

	while (sip_next_address(m, SIP_CONTACT, &walk, &a)) {
		if (!a.star && a.uri.is_sip && a.uri.where.is_addr &&
			!addr_eq(&a.uri.where.addr, own))
			return true;
	}
	return false;
}

/* Of a REGISTER: the port where it can be reached, by its own words. */
static uint16_t own_port(const struct sip_message *m, const struct addr *own)
{
	struct sip_walk walk = {0};
	struct sip_address a;

	while (sip_next_address(m, SIP_CONTACT, &walk, &a)) {
		const struct sip_hostport *at = &a.uri.where;

		if (!a.star && a.uri.is_sip && at->is_addr && addr_eq(&at->addr, own) &&
			!core_sip_is_service(at->port_number))
			return at->port_number;
	}
	return 0;
}

/* By a REGISTER alone the phone says where it can be reached. */
static void hear_at(struct sip_phone *p, const struct sip_message *m,
	const struct sip_carry *carry)
{
	if (carry->is_stream) {
		p->listens = own_port(m, &carry->inside.addr);
		return;
	}
	p->dirty = p->dirty || p->hears != carry->inside.port;
	p->hears = carry->inside.port;
}

static bool has_ice(const struct sip_message *m)
{
	struct sip_span at;
	struct sdp sdp;

	if (sdp_find(m, &at, 1) == 0 || sdp_decode(m, at, &sdp))
		return false;
	for (uint16_t i = 0; i < sdp.media_count; i++) {
		if (sdp.media[i].has_ice)
			return true;
	}
	return false;
}

/* What is learned of the phone itself by what it says. */
static void see_phone(struct sip_phone *p, const struct sip_message *m,
	const struct sip_carry *carry)
{
	if (!carry->by_phone || is6(carry) || !m->is_request)
		return;
	if (m->method == SIP_REGISTER) {
		p->encrypted = false;
		p->left_alone = names_others(m, &carry->inside.addr);
		hear_at(p, m, carry);
	} else if (m->method == SIP_INVITE) {
		p->left_alone = names_others(m, &carry->inside.addr) || has_ice(m);
	}
}

/* ---- one message ---- */

static void hear(struct sip_phone *p, const struct sip_carry *carry)
{
	p->heard_s = loop_wall_s(p->serve->loop);
	if (is6(carry)) {
		p->lan6 = carry->inside.addr;
		return;
	}
	p->lan4 = p->alg.lan.addr = carry->inside.addr;
	if (!carry->is_stream)
		p->alg.lan.port = carry->inside.port;
}

/* It begins as a message does; keep-alives and STUN do not. */
static bool looks_like_sip(struct str bytes)
{
	uint32_t skip = sip_start_skip(bytes);
	struct sip_start start = {.len = skip, .from = skip};

	return sip_start_feed(&start, bytes) == 0;
}

void sip_phone_message(struct sip_phone *p, const struct sip_carry *carry, struct str bytes)
{
	struct serve_sip *s = p->serve;
	struct sip_message *m = &s->message;
	struct sip_carry way = *carry;

	if (carry->by_phone)
		hear(p, carry);
	if (sip_decode(bytes, carry->is_stream, m)) {
		bool sip = looks_like_sip(bytes);

		s->messages += sip;
		s->passed += sip;
		carry->send(carry, bytes);
		return;
	}
	s->messages++;
	see_phone(p, m, carry);
	see_registration(p, m, carry);
	see_call(p, m, carry);
	aim(p, m, &way);
	if (!hold(p, m, &way))
		go(p, m, &way);
	if (p->dirty || p->calls_dirty)
		sip_memo_put(p);
}

/* ---- who may come in ---- */

/* It let the phone in without a password: it is heard as it would be without us, and its calls have
 * no media (sipcall_facts.may_begin). A phone that was registered before it was marked has no more
 * until it is asked again. */
static bool is_unproven(const struct sip_phone *p, const struct endpoint *from, uint64_t now_s)
{
	return p->unproven_until_s > now_s && p->unproven.port == from->port &&
	       addr_eq(&p->unproven.addr, &from->addr);
}

bool sip_phone_admits(struct sip_phone *p, const struct endpoint *from, struct str bytes)
{
	struct sip_message *m = &p->serve->message;
	uint64_t now = serve_sip_now_s(p->serve);
	const struct sip_back *b;
	const struct sipcall_facts facts = {
		.lan = p->lan4,
		.wan = p->serve->wan4,
		.peer = from->addr,
		.now_s = now,
	};

	if (sip_phone_knows(p, &from->addr) || is_unproven(p, from, now))
		return true;
	/* Another phone of this LAN, by its public place, in a call their server began. */
	if (sip_phone_at(p->serve, from) && sipreg_is_bound(&p->reg, now))
		return true;
	if (!looks_like_sip(bytes) || sip_decode(bytes, false, m))
		return false;
	if (m->is_request && sipcall_admits(&p->calls, m, &facts))
		return true;
	if (m->is_request) {
		if (m->method == SIP_INVITE)
			sip_note_missed(p, from, m);
		return false;
	}
	b = find_back(p, m, true);
	return b && addr_eq(&b->outside.addr, &from->addr);
}

/* ---- in the course of time ---- */

static void tick_calls(struct sip_phone *p, uint64_t now)
{
	enum sipcall_state before[SIPCALL_MAX];
	bool used[SIPCALL_MAX], over = false;

	for (size_t i = 0; i < SIPCALL_MAX; i++)
		before[i] = p->calls.at[i].state;
	sip_media_used(p, used);
	sipcall_tick(&p->calls, now, used);
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		struct sipcall *c = &p->calls.at[i];

		if (c->state == before[i])
			continue;
		sip_note_call(p, c, before[i]);
		if (c->state == SIPCALL_OVER)
			sipcall_drop(c);
		over = true;
	}
	if (over)
		sip_media_look(p);
	p->calls_dirty = p->calls_dirty || over;
}

void sip_phone_tick(struct sip_phone *p)
{
	uint64_t now = serve_sip_now_s(p->serve);
	bool gone = false;

	sipreg_tick(&p->reg, now, &gone);
	if (gone)
		core_sip_note(p->serve->core, &(struct core_sip_note){
			.device_id = p->device_id,
			.what = "unregister",
			.why = "its registration ran out",
		});
	p->dirty = p->dirty || gone;
	tick_calls(p, now);
	sip_media_renew(p);
	if (p->dirty || p->calls_dirty)
		sip_memo_put(p);
}
