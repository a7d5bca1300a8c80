/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages and calls; see sipcall_look.h. */
#include "protocols/sipcall_look.h"

struct sipcall_look sipcall_look_at(const struct sip_message *m, const struct sipcall_facts *f)
{
	bool by_phone = m->is_request == f->by_phone;
	struct str from = sip_text(m, m->from_tag), to = sip_text(m, m->to_tag);
	struct sipcall_look l = {.m = m, .f = f, .id = sip_text(m, m->call_id),
		.own_tag = by_phone ? from : to, .peer_tag = by_phone ? to : from,
		.request = {by_phone, (uint8_t)m->method, m->cseq}};

	l.err = sipcall_offer_read(m, f, &l.words);
	return l;
}

bool sipcall_look_is_request(const struct sipcall_look *l, enum sip_method method)
{
	return l->m->is_request && l->m->method == method;
}

bool sipcall_look_begins(const struct sipcall_look *l)
{
	return sipcall_look_is_request(l, SIP_INVITE) && l->m->to_tag.len == 0;
}

bool sipcall_look_is_2xx(const struct sipcall_look *l)
{
	return !l->m->is_request && l->m->status / 100 == 2;
}

bool sipcall_look_is_challenge(const struct sipcall_look *l)
{
	return l->m->status == 401 || l->m->status == 407 || l->m->status == 422;
}

bool sipcall_look_is_opening(const struct sipcall_look *l, const struct sipcall *c)
{
	return l->m->method == SIP_INVITE && l->request.by_phone == c->by_phone &&
	       l->m->cseq == c->invite_cseq;
}

struct str sipcall_look_callee_tag(const struct sipcall_look *l, const struct sipcall *c)
{
	return c->by_phone ? l->peer_tag : l->own_tag;
}

bool sipcall_look_is_live(const struct sipcall *c)
{
	return c->state != SIPCALL_FREE && c->state != SIPCALL_OVER;
}

bool sipcall_look_is_answered(const struct sipcall *c)
{
	return c->state == SIPCALL_UP || c->state == SIPCALL_ENDING;
}

static bool is_text(const struct sipcall_text *t, struct str text)
{
	return str_eq((struct str){t->at, t->len}, text);
}

/* The same Call-ID and the same tag of who called. */
static bool is_of_invite(const struct sipcall_look *l, const struct sipcall *c)
{
	bool caller = c->by_phone ? is_text(&c->own_tag, l->own_tag) :
				    is_text(&c->peer_tag, l->peer_tag);

	return sipcall_look_is_live(c) && caller && is_text(&c->id, l->id);
}

struct sipcall *sipcall_look_find(const struct sipcall_look *l, struct sipcalls *cs)
{
	struct sipcall *ringing = NULL;

	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		struct sipcall *c = &cs->at[i];

		if (!is_of_invite(l, c))
			continue;
		if (!sipcall_look_is_answered(c))
			ringing = c;
		else if (is_text(c->by_phone ? &c->peer_tag : &c->own_tag,
				sipcall_look_callee_tag(l, c)))
			return c;
	}
	return ringing;
}

struct sipcall *sipcall_look_find_opened(const struct sipcall_look *l, struct sipcalls *cs)
{
	for (size_t i = 0; i < SIPCALL_MAX; i++) {
		struct sipcall *c = &cs->at[i];

		if (is_of_invite(l, c) && sipcall_look_is_opening(l, c))
			return c;
	}
	return NULL;
}
