/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses in the heads of messages; see sipalg.h. */
#include "protocols/sipalg.h"

#include "protocols/err.h"

static bool names_addr(const struct sip_hostport *h, const struct addr *addr)
{
	return h->is_addr && addr_eq(&h->addr, addr);
}

/* A port that is not said is the default one. */
static bool names(const struct sip_hostport *h, const struct endpoint *ep)
{
	return names_addr(h, &ep->addr) && (h->port_number ? h->port_number : SIP_PORT) == ep->port;
}

/* Host and port with what stands between them. */
static struct sip_span whole(const struct sip_hostport *h)
{
	const struct sip_span *last = h->port.len ? &h->port : &h->host;

	return (struct sip_span){h->host.at, last->at + last->len - h->host.at};
}

static int out_via(struct sipalg_phone *p, const struct sip_message *m, struct sip_edits *edits)
{
	struct sip_walk walk = {0};
	struct sip_via via;

	/* The port is not compared: over TCP it is the one the phone listens at. */
	if (!sip_next_via(m, &walk, &via) || !names_addr(&via.sent_by, &p->lan.addr))
		return 0;
	int err = sipalg_own_add(&p->vias, sip_text(m, m->branch), sip_text(m,
		whole(&via.sent_by)));
	if (!err)
		sip_edit_hostport(edits, &via.sent_by, &p->wan);
	return err;
}

static int out_contacts(struct sipalg_phone *p, const struct sip_message *m,
	struct sip_edits *edits)
{
	struct sip_walk walk = {0};
	struct sip_address a;

	while (sip_next_address(m, SIP_CONTACT, &walk, &a)) {
		const struct sip_hostport *h = &a.uri.where;

		if (a.star || !a.uri.is_sip || !names_addr(h, &p->lan.addr))
			continue;
		int err = sipalg_own_add(&p->contacts, sip_text(m, a.uri.user),
			sip_text(m, whole(h)));
		if (err)
			return err;
		sip_edit_hostport(edits, h, &p->wan);
	}
	return walk.bad ? ERR_SYNTAX : 0;
}

int sipalg_out(struct sipalg_phone *p, const struct sip_message *m, struct sip_edits *edits)
{
	int err = m->is_request ? out_via(p, m, edits) : 0;

	return err ? err : out_contacts(p, m, edits);
}

static void restore(const struct sip_message *m, const struct sip_hostport *h,
	const struct sipalg_own *own, struct str key, struct sip_edits *edits)
{
	struct str text = sipalg_own_find(own, key);

	if (text.len && !str_eq(text, sip_text(m, whole(h))))
		sip_edit_text(edits, whole(h), text);
}

/* Where the server saw it come from is the phone's own place then. */
static void restore_params(const struct sipalg_phone *p, const struct sip_message *m,
	const struct sip_via *via, struct sip_edits *edits)
{
	struct sip_span value;
	struct addr addr;
	uint32_t port;

	if (sip_param(m, via->params, STR("received"), &value) == 0 &&
	    addr_decode(sip_text(m, value), &addr) == 0 && addr_eq(&addr, &p->wan.addr))
		sip_edit_addr(edits, value, &p->lan.addr);
	if (sip_param(m, via->params, STR("rport"), &value) == 0 &&
	    str_u32(sip_text(m, value), 1, 65535, &port) == 0 && port == p->wan.port)
		sip_edit_number(edits, value, p->lan.port);
}

static int in_via(const struct sipalg_phone *p, const struct sip_message *m,
	struct sip_edits *edits)
{
	struct sip_walk walk = {0};
	struct sip_via via;

	if (!sip_next_via(m, &walk, &via))
		return ERR_SYNTAX;
	restore_params(p, m, &via, edits);
	if (names(&via.sent_by, &p->wan))
		restore(m, &via.sent_by, &p->vias, sip_text(m, m->branch), edits);
	return 0;
}

static int in_contacts(const struct sipalg_phone *p, const struct sip_message *m,
	struct sip_edits *edits)
{
	struct sip_walk walk = {0};
	struct sip_address a;

	while (sip_next_address(m, SIP_CONTACT, &walk, &a)) {
		if (!a.star && a.uri.is_sip && names(&a.uri.where, &p->wan))
			restore(m, &a.uri.where, &p->contacts, sip_text(m, a.uri.user), edits);
	}
	return walk.bad ? ERR_SYNTAX : 0;
}

int sipalg_in(const struct sipalg_phone *p, const struct sip_message *m, struct sip_edits *edits)
{
	struct sip_uri uri;
	int err = sip_request_uri(m, &uri);

	if (err == 0) {
		if (uri.is_sip && names(&uri.where, &p->wan))
			restore(m, &uri.where, &p->contacts, sip_text(m, uri.user), edits);
		return 0;
	}
	err = in_via(p, m, edits);
	if (!err && m->method == SIP_REGISTER)
		err = in_contacts(p, m, edits);
	return err;
}

/* name=value between commas, behind the scheme (RFC 7616 section 3.4). */
static bool has_auth_int(struct str bytes, struct sip_span value)
{
	struct sip_lex l = sip_lex_from(bytes, value);

	sip_lex_token(&l);
	sip_lex_blanks(&l);
	do {
		struct str name = sip_lex_text(bytes, sip_lex_token(&l)), text;
		struct sip_span quoted;

		if (!sip_lex_mark(&l, '='))
			return false;
		if (sip_lex_quoted(&l, &quoted))
			text = str_sub(sip_lex_text(bytes, quoted), 1, quoted.len - 2);
		else
			text = sip_lex_text(bytes, sip_lex_token(&l));
		if (str_eqi(name, STR("qop")) && str_eqi(text, STR("auth-int")))
			return true;
	} while (sip_lex_mark(&l, ','));
	return false;
}

bool sipalg_is_signed(const struct sip_message *m)
{
	for (uint16_t i = 0; i < m->header_count; i++) {
		const struct sip_header *h = &m->headers[i];
		bool proof = h->name == SIP_AUTHORIZATION || h->name == SIP_PROXY_AUTHORIZATION;

		if (h->name == SIP_IDENTITY || (proof && has_auth_int(m->bytes, h->value)))
			return true;
	}
	return false;
}

static uint32_t seconds(struct str text)
{
	uint32_t n;

	return str_u32(text, 0, UINT32_MAX, &n) ? SIPALG_EXPIRES_DEFAULT_S : n;
}

static bool is_place(const struct sip_hostport *h, const struct endpoint *place)
{
	return place->port ? names(h, place) : names_addr(h, &place->addr);
}

/* With several bindings of one phone the longest counts: the place is theirs together. */
uint32_t sipalg_bound_s(const struct endpoint *place, const struct sip_message *m)
{
	struct sip_walk walk = {0};
	struct sip_address a;
	struct str header;
	uint32_t all = SIPALG_EXPIRES_DEFAULT_S, longest = 0;

	if (sip_find(m, SIP_EXPIRES, &header) == 0)
		all = seconds(header);
	while (sip_next_address(m, SIP_CONTACT, &walk, &a)) {
		struct sip_span value;
		uint32_t own = all;

		if (a.star || !a.uri.is_sip || !is_place(&a.uri.where, place))
			continue;
		if (sip_param(m, a.params, STR("expires"), &value) == 0)
			own = seconds(sip_text(m, value));
		longest = own > longest ? own : longest;
	}
	return walk.bad ? 0 : longest;
}
