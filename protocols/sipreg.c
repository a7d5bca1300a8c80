/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registrations of a phone; see sipreg.h. */
#include "protocols/sipreg.h"

/* ---- bindings ---- */

static bool is_alive(const struct sipreg_binding *b, uint64_t now_s)
{
	return b->used && (now_s < b->until_s || now_s - b->until_s < SIPREG_MARGIN_S);
}

static bool is_registrar(const struct sipreg *r, const struct addr *host, uint64_t now_s)
{
	for (size_t i = 0; i < SIPREG_MAX; i++) {
		if (is_alive(&r->at[i], now_s) && addr_eq(&r->at[i].registrar.addr, host))
			return true;
	}
	return false;
}

bool sipreg_is_bound(const struct sipreg *r, uint64_t now_s)
{
	for (size_t i = 0; i < SIPREG_MAX; i++) {
		if (is_alive(&r->at[i], now_s))
			return true;
	}
	return false;
}

/* ---- hosts ---- */

static struct sipreg_host *find_host(struct sipreg *r, const struct addr *addr)
{
	for (size_t i = 0; i < SIPREG_HOSTS_MAX; i++) {
		if (addr_eq(&r->hosts[i].addr, addr))
			return &r->hosts[i];
	}
	return NULL;
}

bool sipreg_admits(const struct sipreg *r, const struct addr *host, uint64_t now_s)
{
	for (size_t i = 0; i < SIPREG_HOSTS_MAX; i++) {
		const struct sipreg_host *h = &r->hosts[i];
		if (addr_eq(&h->addr, host) && addr_is_host(host))
			return h->heard_s > 0 && sipreg_is_bound(r, now_s);
	}
	return false;
}

/* Those who proved themselves stay longer than others. */
static bool goes_before(const struct sipreg_host *a, const struct sipreg_host *b)
{
	return a->challenged != b->challenged ? b->challenged : a->heard_s < b->heard_s;
}

/* There are more places than bindings, so one is nobody's registrar (unless one was read back from
 * the store twice). */
static struct sipreg_host *make_room(struct sipreg *r, uint64_t now_s)
{
	struct sipreg_host *victim = NULL;

	for (size_t i = 0; i < SIPREG_HOSTS_MAX; i++) {
		struct sipreg_host *h = &r->hosts[i];
		if (!is_registrar(r, &h->addr, now_s) && (!victim || goes_before(h, victim)))
			victim = h;
	}
	return victim ? victim : &r->hosts[0];
}

static void admit(struct sipreg *r, const struct addr *addr, uint64_t now_s, bool challenged)
{
	struct sipreg_host *h;

	if (!addr_is_host(addr))
		return;
	h = find_host(r, addr);
	if (!h) {
		h = make_room(r, now_s);
		*h = (struct sipreg_host){.addr = *addr};
	}
	h->challenged = h->challenged || challenged;
	h->heard_s = now_s;
}

static void admit_named(struct sipreg *r, const struct sip_message *m, enum sip_name name,
	uint64_t now_s)
{
	struct sip_walk walk = {0};
	struct sip_address a;

	while (sip_next_address(m, name, &walk, &a)) {
		if (a.uri.is_sip && a.uri.where.is_addr)
			admit(r, &a.uri.where.addr, now_s, false);
	}
}

/* A binding has ended: its registrar is one no more, and after the last nobody is admitted. That
 * they once proved themselves stays known. */
static void dismiss(struct sipreg *r, const struct addr *registrar, uint64_t now_s)
{
	bool bound = sipreg_is_bound(r, now_s);

	for (size_t i = 0; i < SIPREG_HOSTS_MAX; i++) {
		struct sipreg_host *h = &r->hosts[i];
		if (!bound || (addr_eq(&h->addr, registrar) && !is_registrar(r, &h->addr, now_s)))
			h->heard_s = 0;
	}
}

static void end(struct sipreg *r, struct sipreg_binding *b, uint64_t now_s)
{
	b->used = false;
	dismiss(r, &b->registrar.addr, now_s);
}

uint64_t sipreg_tick(struct sipreg *r, uint64_t now_s, bool *gone)
{
	uint64_t next = UINT64_MAX;
	bool any = false;

	for (size_t i = 0; i < SIPREG_MAX; i++) {
		struct sipreg_binding *b = &r->at[i];
		if (!b->used)
			continue;
		if (!is_alive(b, now_s)) {
			end(r, b, now_s);
			any = true;
		} else if (b->until_s < next) {
			next = b->until_s;
		}
	}
	*gone = any;
	return next < UINT64_MAX - SIPREG_MARGIN_S ? next + SIPREG_MARGIN_S : UINT64_MAX;
}

/* ---- REGISTERs ---- */

static struct sipreg_asked *find_asked(struct sipreg *r, const struct sip_message *m,
	const struct sipreg_facts *f)
{
	uint64_t hash = str_hash(sip_text(m, m->call_id));

	for (size_t i = 0; i < SIPREG_ASKED_MAX; i++) {
		struct sipreg_asked *a = &r->asked[i];
		if (a->call_hash == hash && a->cseq == m->cseq && f->now_s < a->until_s &&
		    addr_eq(&a->registrar, &f->peer.addr))
			return a;
	}
	return NULL;
}

static void ask(struct sipreg *r, const struct sip_message *m, const struct sipreg_facts *f)
{
	struct sipreg_asked *a = find_asked(r, m, f);

	for (size_t i = 0; i < SIPREG_ASKED_MAX && !a; i++) {
		if (!r->asked[i].call_hash)
			a = &r->asked[i];
	}
	if (!a) {
		a = &r->asked[0];
		for (size_t i = 1; i < SIPREG_ASKED_MAX; i++) {
			if (r->asked[i].until_s < a->until_s)
				a = &r->asked[i];
		}
	}
	*a = (struct sipreg_asked){
		.call_hash = str_hash(sip_text(m, m->call_id)),
		.cseq = m->cseq,
		.binds = f->bound_s > 0,
		.registrar = f->peer.addr,
		.until_s = f->now_s + SIPREG_ASKED_S,
	};
}

static uint64_t challenge_of(uint64_t call_hash, const struct addr *registrar)
{
	return call_hash ^ str_hash((struct str){(const char *)registrar->b,
		sizeof(registrar->b)});
}

static bool wants_digest(const struct sip_message *m)
{
	for (uint16_t i = 0; i < m->header_count; i++) {
		const struct sip_header *h = &m->headers[i];
		struct sip_lex l = sip_lex_from(m->bytes, h->value);

		if ((h->name == SIP_WWW_AUTHENTICATE || h->name == SIP_PROXY_AUTHENTICATE) &&
		    str_eqi(sip_text(m, sip_lex_token(&l)), STR("Digest")))
			return true;
	}
	return false;
}

static bool is_proven(struct sipreg *r, uint64_t challenge, const struct addr *registrar)
{
	const struct sipreg_host *h = find_host(r, registrar);

	for (size_t i = 0; i < SIPREG_ASKED_MAX; i++) {
		if (challenge && r->challenge[i] == challenge)
			return true;
	}
	return h && h->challenged;
}

/* ---- answers ---- */

static struct sip_span aor_of(const struct sip_message *m)
{
	struct sip_walk walk = {0};
	struct sip_address a = {.star = false};

	return sip_next_address(m, SIP_TO, &walk, &a) ? a.uri.whole : (struct sip_span){0, 0};
}

static struct sipreg_binding *find_binding(struct sipreg *r, uint64_t aor_hash,
	const struct addr *registrar)
{
	for (size_t i = 0; i < SIPREG_MAX; i++) {
		struct sipreg_binding *b = &r->at[i];
		if (b->used && b->aor_hash == aor_hash && addr_eq(&b->registrar.addr, registrar))
			return b;
	}
	return NULL;
}

static void copy_shown(struct str text, char out[SIPREG_AOR_MAX + 1])
{
	size_t len = text.len < SIPREG_AOR_MAX ? text.len : SIPREG_AOR_MAX;

	for (size_t i = 0; i < len; i++)
		out[i] = text.p[i] > ' ' && text.p[i] <= '~' ? text.p[i] : '?';
	out[len] = '\0';
}

static enum sipreg_news add_binding(struct sipreg *r, const struct sip_message *m,
	const struct sipreg_facts *f)
{
	struct str aor = sip_text(m, aor_of(m));
	struct sipreg_binding *b = find_binding(r, str_hash(aor), &f->peer.addr);
	bool kept = b && is_alive(b, f->now_s);

	for (size_t i = 0; i < SIPREG_MAX && !b; i++) {
		if (!is_alive(&r->at[i], f->now_s))
			b = &r->at[i];
	}
	if (!b)
		return SIPREG_NOTHING;
	if (b->used && !kept)
		end(r, b, f->now_s);
	*b = (struct sipreg_binding){
		.used = true,
		.is_tcp = f->is_tcp,
		.registrar = f->peer,
		.until_s = f->now_s + f->bound_s,
		.since_s = kept ? b->since_s : f->now_s,
		.aor_hash = str_hash(aor),
	};
	copy_shown(aor, b->aor);
	admit(r, &f->peer.addr, f->now_s, true);
	admit_named(r, m, SIP_SERVICE_ROUTE, f->now_s);
	return kept ? SIPREG_KEPT : SIPREG_BOUND;
}

static enum sipreg_news end_binding(struct sipreg *r, const struct sip_message *m,
	const struct sipreg_facts *f)
{
	struct sipreg_binding *b = find_binding(r, str_hash(sip_text(m, aor_of(m))),
		&f->peer.addr);

	if (!b)
		return SIPREG_NOTHING;
	end(r, b, f->now_s);
	return SIPREG_GONE;
}

static enum sipreg_news see_answer(struct sipreg *r, const struct sip_message *m,
	const struct sipreg_facts *f)
{
	struct sipreg_asked *a = find_asked(r, m, f);
	enum sipreg_news gone;
	uint64_t challenge;
	bool binds;

	if (!a || m->status < 200)
		return SIPREG_NOTHING;
	challenge = challenge_of(a->call_hash, &a->registrar);
	binds = a->binds;
	*a = (struct sipreg_asked){.call_hash = 0};
	switch (m->status) {
	case 401:
	case 407:
		if (wants_digest(m))
			r->challenge[r->challenge_next++ % SIPREG_ASKED_MAX] = challenge;
		return SIPREG_NOTHING;
	case 403:
	case 404:
	case 410:
		return end_binding(r, m, f);
	}
	if (m->status >= 300)
		return SIPREG_NOTHING;
	if (!f->bound_s) {
		gone = end_binding(r, m, f);
		return binds ? SIPREG_UNCONFIRMED : gone;
	}
	return is_proven(r, challenge, &f->peer.addr) ? add_binding(r, m, f) : SIPREG_UNPROVEN;
}

enum sipreg_news sipreg_see(struct sipreg *r, const struct sip_message *m,
	const struct sipreg_facts *f)
{
	if (!m->is_request)
		return !f->by_phone && m->method == SIP_REGISTER ? see_answer(r, m, f) :
			SIPREG_NOTHING;
	if (!f->by_phone)
		return SIPREG_NOTHING;
	if (m->method == SIP_REGISTER) {
		ask(r, m, f);
	} else if (sipreg_is_bound(r, f->now_s)) {
		admit(r, &f->peer.addr, f->now_s, false);
		if (!m->to_tag.len)
			admit_named(r, m, SIP_ROUTE, f->now_s);
	}
	return SIPREG_NOTHING;
}
