/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offer and answer of a call; see sipcall_offer.h. */
#include "protocols/sipcall_offer.h"

#include "protocols/sdp_find.h"
#include "protocols/sipalg_show.h"
#include "protocols/sipalg_show.h"

/* Hosts that may send to the phone: not ourselves (SIP-65), nor of another family. */
static void read_peers(const struct sip_message *m, const struct sipcall_facts *f,
	struct sipcall_words *out)
{
	struct addr named[SIPCALL_PEERS_MAX + 2];	/* with us, and the signalling peer */
	size_t count = sipalg_sdp_peers(m, named, sizeof(named) / sizeof(named[0]));

	for (size_t i = 0; i < count && out->peer_count < SIPCALL_PEERS_MAX; i++) {
		if (!addr_eq(&named[i], &f->wan) && addr_is4(&named[i]) == addr_is4(&f->lan))
			out->peers[out->peer_count++] = named[i];
	}
}

int sipcall_offer_read(const struct sip_message *m, const struct sipcall_facts *f,
	struct sipcall_words *out)
{
	bool may = m->method == SIP_INVITE || m->method == SIP_ACK || m->method == SIP_PRACK ||
		   m->method == SIP_UPDATE;
	struct sipcall_words w = {.by_phone = f->by_phone};
	struct sip_span at;
	int err = 0;

	*out = w;
	if (!may || sdp_find(m, &at, 1) == 0)
		return 0;
	if (f->by_phone)
		err = sipalg_sdp_streams(m, &f->lan, &w.streams);
	else
		read_peers(m, f, &w);
	if (err)
		return err;
	w.any = true;
	w.holds = sipalg_show_holds(m);
	*out = w;
	return 0;
}

static unsigned bit_if(unsigned mask, unsigned from, unsigned to)
{
	return mask >> from & 1 ? 1u << to : 0;
}

/* Hosts that nobody names any more go. */
static void tidy_peers(struct sipcall *c)
{
	unsigned now = 0, next = 0;
	uint8_t count = 0;

	for (uint8_t i = 0; i < c->peer_count; i++) {
		if (!((c->peers_now | c->peers_next) >> i & 1))
			continue;
		now |= bit_if(c->peers_now, i, count);
		next |= bit_if(c->peers_next, i, count);
		c->peers[count++] = c->peers[i];
	}
	c->peers_now = (uint8_t)now;
	c->peers_next = (uint8_t)next;
	c->peer_count = count;
}

/* 0: there is no room, or it may send anyway. */
static unsigned bit_of_peer(struct sipcall *c, const struct addr *host)
{
	uint8_t at = 0;

	if (addr_eq(host, &c->signalling))
		return 0;
	while (at < c->peer_count && !addr_eq(&c->peers[at], host))
		at++;
	if (at == SIPCALL_PEERS_MAX)
		return 0;
	if (at == c->peer_count)
		c->peers[c->peer_count++] = *host;
	return 1u << at;
}

/* Who names no host (0.0.0.0, a name, nothing but refused lines) goes on sending from where it did,
 * if at all. */
static void say_peers(struct sipcall *c, const struct sipcall_words *w)
{
	unsigned named = 0;

	if (w->peer_count == 0)
		return;
	if (c->state != SIPCALL_RINGING) {
		c->peers_next = 0;
		tidy_peers(c);
	}
	for (uint8_t i = 0; i < w->peer_count; i++)
		named |= bit_of_peer(c, &w->peers[i]);
	c->peers_next = (uint8_t)(c->peers_next | named);
}

void sipcall_offer_say(struct sipcall *c, const struct sipcall_words *w)
{
	bool rests = w->holds && w->streams.count == 0;	/* at 0.0.0.0: its port is kept (SIP-77) */

	if (!w->any)
		return;
	if (!w->by_phone)
		say_peers(c, w);
	else if (!rests)
		c->next = w->streams;
}

void sipcall_offer_forget(struct sipcall *c)
{
	c->has_next = false;
	c->next = (struct sipalg_streams){.count = 0};
	c->peers_next = 0;
	tidy_peers(c);
}

void sipcall_offer_agree(struct sipcall *c)
{
	if (!c->has_next)
		return;
	c->now = c->next;
	c->peers_now = c->peers_next;
	c->on_hold = c->next_holds;
	sipcall_offer_forget(c);
}

void sipcall_offer_open(struct sipcall *c, const struct sipcall_request *r, bool offered)
{
	sipcall_offer_forget(c);
	c->has_next = true;
	c->next_by_phone = r->by_phone;
	c->next_method = r->method;
	c->next_cseq = r->cseq;
	c->next_offered = offered;
	c->next_holds = false;
	c->next = c->now;
	c->peers_next = c->peers_now;
}

bool sipcall_offer_is_of(const struct sipcall *c, const struct sipcall_request *r)
{
	return c->has_next && c->next_by_phone == r->by_phone && c->next_method == r->method &&
	       c->next_cseq == r->cseq;
}

void sipcall_offer_begin(struct sipcall *c, const struct sipcall_request *r,
	const struct sipcall_words *w)
{
	bool again = c->next_method && c->next_by_phone == r->by_phone && r->cseq <= c->next_cseq;

	/* Nobody offers before the one under way has its answer. */
	bool answered = c->next_method == SIP_ACK ||
			(c->next_method == SIP_INVITE && c->state == SIPCALL_RINGING);

	if (again)
		return;
	if (answered)
		sipcall_offer_agree(c);
	sipcall_offer_open(c, r, w->any);
	c->next_holds = w->any ? w->holds : c->on_hold;
	sipcall_offer_say(c, w);
}

void sipcall_offer_accept(struct sipcall *c, const struct sipcall_words *w)
{
	bool offers = c->next_method == SIP_INVITE && w->any && !c->next_offered;

	sipcall_offer_say(c, w);
	c->next_holds = offers ? w->holds : c->next_holds || w->holds;
	if (offers)
		c->next_method = SIP_ACK;
	else
		sipcall_offer_agree(c);
}

static bool has_stream(const struct sipalg_streams *list, const struct sipalg_stream *wanted)
{
	for (uint16_t i = 0; i < list->count; i++) {
		const struct sipalg_stream *s = &list->at[i];
		if (s->port == wanted->port && s->count == wanted->count &&
		    s->pair == wanted->pair)
			return true;
	}
	return false;
}

static bool has_streams(const struct sipcall *c, const struct sipalg_streams *wanted)
{
	for (uint16_t i = 0; i < wanted->count; i++) {
		if (!has_stream(&c->now, &wanted->at[i]) && !has_stream(&c->next, &wanted->at[i]))
			return false;
	}
	return true;
}

static bool has_peers(const struct sipcall *c, const struct sipcall *wanted)
{
	for (uint8_t i = 0; i < wanted->peer_count; i++) {
		uint8_t at = 0;
		while (at < c->peer_count && !addr_eq(&c->peers[at], &wanted->peers[i]))
			at++;
		if (at == c->peer_count)
			return false;
	}
	return true;
}

static bool has_all(const struct sipcall *c, const struct sipcall *wanted)
{
	return has_streams(c, &wanted->now) && has_streams(c, &wanted->next) &&
	       has_peers(c, wanted);
}

bool sipcall_offer_same(const struct sipcall *a, const struct sipcall *b)
{
	return addr_eq(&a->signalling, &b->signalling) && has_all(a, b) && has_all(b, a);
}

static bool are_sound_streams(const struct sipalg_streams *list)
{
	unsigned ports = 0;

	if (list->count > SIPALG_STREAMS_MAX)
		return false;
	for (uint16_t i = 0; i < list->count; i++) {
		const struct sipalg_stream *s = &list->at[i];
		if (s->port < SIPALG_PORT_MIN || s->count == 0 || s->port + s->count > 65536)
			return false;
		ports += s->count;
	}
	return ports <= SIPALG_PORTS_MAX;
}

static bool are_sound_peers(const struct sipcall *c)
{
	if (c->peer_count > SIPCALL_PEERS_MAX)
		return false;
	for (uint8_t i = 0; i < c->peer_count; i++) {
		if (!addr_is_host(&c->peers[i]) || addr_eq(&c->peers[i], &c->signalling))
			return false;
	}
	return (c->peers_now | c->peers_next) == (1 << c->peer_count) - 1;
}

bool sipcall_offer_is_sound(const struct sipcall *c)
{
	bool known = c->next_method == SIP_INVITE || c->next_method == SIP_ACK ||
		     c->next_method == SIP_PRACK || c->next_method == SIP_UPDATE;

	return known && c->next_cseq <= SIP_CSEQ_MAX && are_sound_streams(&c->now) &&
	       are_sound_streams(&c->next) && are_sound_peers(c) &&
	       (c->has_next || (c->next.count == 0 && c->peers_next == 0));
}
