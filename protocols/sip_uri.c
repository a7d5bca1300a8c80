/* SPDX-License-Identifier: GPL-2.0-or-later */
/* URIs, addresses and Via; see sip_uri.h. */
#include "protocols/sip_uri.h"

#include "protocols/err.h"

/* Underscores are in no host name, but in names of hosts. */
static bool is_host_char(int c)
{
	return c >= 0 && (sip_lex_is_alpha((char)c) || sip_lex_is_digit((char)c) || c == '-' ||
			  c == '.' || c == '_');
}

static int lex_reference(struct sip_lex *l, struct sip_hostport *out)
{
	uint32_t from = l->at;
	size_t end = str_find((struct str){l->bytes.p, l->end}, from, ']');
	struct str inside = str_sub(l->bytes, from + 1, end - from - 1);

	if (end == l->end || str_find(inside, 0, ':') == inside.len)
		return ERR_SYNTAX;
	if (addr_decode(inside, &out->addr))
		return ERR_SYNTAX;
	l->at = (uint32_t)end + 1;
	out->host = sip_lex_since(l, from);
	out->is_addr = !addr_is4(&out->addr);
	return 0;
}

static int lex_host(struct sip_lex *l, struct sip_hostport *out)
{
	uint32_t from = l->at;

	if (sip_lex_peek(l) == '[')
		return lex_reference(l, out);
	while (is_host_char(sip_lex_peek(l)))
		l->at++;
	out->host = sip_lex_since(l, from);
	out->is_addr = addr_decode(sip_lex_text(l->bytes, out->host), &out->addr) == 0;
	return out->host.len ? 0 : ERR_SYNTAX;
}

/* Blanks may stand around the colon in Via; in a URI none can be met here. */
static int lex_hostport(struct sip_lex *l, struct sip_hostport *out)
{
	struct sip_hostport h = {0};
	uint32_t port = 0;
	int err = lex_host(l, &h);

	if (!err && sip_lex_mark(l, ':')) {
		h.port = sip_lex_digits(l);
		err = str_u32(sip_lex_text(l->bytes, h.port), 1, 65535, &port);
	}
	if (err)
		return err;
	h.port_number = (uint16_t)port;
	*out = h;
	return 0;
}

static bool is_uri_text(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		if (c <= ' ' || c > '~' || c == '<' || c == '>' || c == '"')
			return false;
	}
	return s.len > 0;
}

static struct sip_span lex_scheme(struct sip_lex *l)
{
	uint32_t from = l->at;

	while (l->at < l->end) {
		char c = l->bytes.p[l->at];
		bool later = sip_lex_is_digit(c) || c == '+' || c == '-' || c == '.';
		if (!sip_lex_is_alpha(c) && (l->at == from || !later))
			break;
		l->at++;
	}
	return sip_lex_since(l, from);
}

/* The one '@' ends the user and password: no other part has it unescaped, and with two of them
 * one reader would take the first and another the last. */
static int lex_user(struct sip_lex *l, struct sip_span *user)
{
	struct str s = {l->bytes.p, l->end};
	size_t at = str_find(s, l->at, '@');
	size_t end;

	if (at == s.len)
		return 0;
	if (str_find(s, at + 1, '@') < s.len)
		return ERR_SYNTAX;
	end = str_find((struct str){s.p, at}, l->at, ':');
	*user = (struct sip_span){l->at, (uint32_t)end - l->at};
	l->at = (uint32_t)at + 1;
	return user->len ? 0 : ERR_SYNTAX;
}

static int lex_sip_uri(struct sip_lex *l, struct sip_uri *u)
{
	struct str s = {l->bytes.p, l->end};
	size_t end;
	int err = lex_user(l, &u->user);

	if (!err)
		err = lex_hostport(l, &u->where);
	if (err)
		return err;
	end = str_find(s, l->at, '?');
	if (l->at < end && s.p[l->at] != ';')
		return ERR_SYNTAX;
	u->params = (struct sip_span){l->at, (uint32_t)end - l->at};
	return 0;
}

int sip_uri_decode(struct str bytes, struct sip_span whole, struct sip_uri *out)
{
	struct sip_lex l = sip_lex_from(bytes, whole);
	struct sip_uri u = {.whole = whole};
	struct str scheme = sip_lex_text(bytes, lex_scheme(&l));
	int err = 0;

	if (!is_uri_text(sip_lex_text(bytes, whole)) || scheme.len == 0)
		return ERR_SYNTAX;
	if (!sip_lex_take(&l, ':') || l.at == l.end)
		return ERR_SYNTAX;
	u.is_sip = str_eqi(scheme, STR("sip"));
	u.is_sips = str_eqi(scheme, STR("sips"));
	if (u.is_sip || u.is_sips)
		err = lex_sip_uri(&l, &u);
	if (err)
		return err;
	*out = u;
	return 0;
}

/* <URI>; blanks within the marks are met (RFC 4475 3.1.2.14) and leave no doubt. */
static int lex_angle(struct sip_lex *l, struct sip_uri *out)
{
	size_t end = str_find((struct str){l->bytes.p, l->end}, l->at, '>');
	struct sip_lex inside = {l->bytes, l->at + 1, (uint32_t)end};
	uint32_t last = (uint32_t)end;

	if (end == l->end)
		return ERR_SYNTAX;
	sip_lex_blanks(&inside);
	while (last > inside.at && (l->bytes.p[last - 1] == ' ' || l->bytes.p[last - 1] == '\t'))
		last--;
	l->at = (uint32_t)end + 1;
	return sip_uri_decode(l->bytes, (struct sip_span){inside.at, last - inside.at}, out);
}

/* A URI without <>: what follows ';' is the header's, and '?' may not be in it (RFC 3261 20). */
static int lex_bare(struct sip_lex *l, struct sip_uri *out)
{
	uint32_t from = l->at;

	while (l->at < l->end) {
		char c = l->bytes.p[l->at];
		if (c == ';' || c == ',' || c == ' ' || c == '\t' || c == '\r')
			break;
		if (c == '?')
			return ERR_SYNTAX;
		l->at++;
	}
	return sip_uri_decode(l->bytes, sip_lex_since(l, from), out);
}

/* Words before '<'. From and To are no lists, so that a comma there is a fault in a name and no
 * more (RFC 4475 3.1.2.15). False: there is no '<', the URI stands here itself. */
static bool lex_words(struct sip_lex *l, bool is_list)
{
	struct sip_lex ahead = *l;

	while (ahead.at < ahead.end) {
		char c = ahead.bytes.p[ahead.at];
		if (c == '<') {
			*l = ahead;
			return true;
		}
		if (c == ':' || c == ';' || c == '"' || (c == ',' && is_list))
			return false;
		ahead.at++;
	}
	return false;
}

static int lex_spec(struct sip_lex *l, bool is_list, struct sip_address *a)
{
	struct sip_span quoted;

	if (sip_lex_peek(l) == '"') {
		if (!sip_lex_quoted(l, &quoted))
			return ERR_SYNTAX;
		sip_lex_blanks(l);
		return sip_lex_peek(l) == '<' ? lex_angle(l, &a->uri) : ERR_SYNTAX;
	}
	if (sip_lex_peek(l) == '*' && is_list) {
		struct sip_lex ahead = {l->bytes, l->at + 1, l->end};
		sip_lex_blanks(&ahead);
		a->star = ahead.at == ahead.end;
	}
	if (a->star) {
		l->at++;
		return 0;
	}
	return lex_words(l, is_list) ? lex_angle(l, &a->uri) : lex_bare(l, &a->uri);
}

/* Parameters and the end of the element. */
static int lex_rest(struct sip_lex *l, bool is_list, struct sip_span *params)
{
	if (!sip_lex_params(l, params))
		return ERR_SYNTAX;
	sip_lex_blanks(l);
	if (l->at < l->end && !(is_list && sip_lex_peek(l) == ','))
		return ERR_SYNTAX;
	return 0;
}

/* Without the blanks behind it. */
static struct sip_span element(const struct sip_lex *l, uint32_t from)
{
	struct sip_span s = sip_lex_since(l, from);

	while (s.len > 0) {
		char c = l->bytes.p[s.at + s.len - 1];
		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			break;
		s.len--;
	}
	return s;
}

int sip_uri_next_address(struct sip_lex *l, bool is_list, struct sip_address *out)
{
	struct sip_address a = {.star = false};
	uint32_t from;
	int err;

	sip_lex_blanks(l);
	from = l->at;
	err = lex_spec(l, is_list, &a);
	if (!err)
		err = lex_rest(l, is_list, &a.params);
	if (err)
		return err;
	a.whole = element(l, from);
	*out = a;
	return 0;
}

/* "SIP" SLASH "2.0" SLASH transport */
static bool lex_protocol(struct sip_lex *l, struct sip_span *transport)
{
	struct str name = sip_lex_text(l->bytes, sip_lex_token(l));
	struct str version;

	if (!str_eqi(name, STR("SIP")) || !sip_lex_mark(l, '/'))
		return false;
	version = sip_lex_text(l->bytes, sip_lex_token(l));
	if (!str_eq(version, STR("2.0")) || !sip_lex_mark(l, '/'))
		return false;
	*transport = sip_lex_token(l);
	return transport->len > 0;
}

int sip_uri_next_via(struct sip_lex *l, struct sip_via *out)
{
	struct sip_via v = {.transport = {0, 0}};
	uint32_t from, before;
	int err;

	sip_lex_blanks(l);
	from = l->at;
	if (!lex_protocol(l, &v.transport))
		return ERR_SYNTAX;
	before = l->at;
	sip_lex_blanks(l);
	if (l->at == before)
		return ERR_SYNTAX;
	err = lex_hostport(l, &v.sent_by);
	if (!err)
		err = lex_rest(l, true, &v.params);
	if (err)
		return err;
	v.whole = element(l, from);
	*out = v;
	return 0;
}
