/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Session descriptions in bodies; see sdp_find.h. */
#include "protocols/sdp_find.h"

#include "protocols/err.h"

#define BOUNDARY_MAX 70		/* RFC 2046 5.1.1 */

struct found {
	struct str bytes;
	struct sip_span *out;
	size_t count, max;
};

/* What a body says of itself. */
struct kind {
	bool typed, readable;
	struct sip_span type;
};

struct media_type {
	struct str type, subtype;
	struct sip_span params;
};

/* Blanks, and in the head of a part comments, which may nest (RFC 822 3.1.4). */
static void skip_comments(struct sip_lex *l)
{
	unsigned depth = 0;

	for (sip_lex_blanks(l); l->at < l->end; l->at++) {
		char c = l->bytes.p[l->at];
		if (c == '(')
			depth++;
		else if (c == '\\' && depth > 0 && l->at + 1 < l->end)
			l->at++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n')
			return;
	}
}

static bool decode_type(struct str bytes, struct sip_span value, struct media_type *out)
{
	struct sip_lex l = sip_lex_from(bytes, value);

	skip_comments(&l);
	out->type = sip_lex_text(bytes, sip_lex_token(&l));
	skip_comments(&l);
	if (!sip_lex_take(&l, '/'))
		return false;
	skip_comments(&l);
	out->subtype = sip_lex_text(bytes, sip_lex_token(&l));
	skip_comments(&l);
	return out->type.len && out->subtype.len && sip_lex_params(&l, &out->params);
}

static bool is_plain_coding(struct str value)
{
	return str_eqi(value, STR("7bit")) || str_eqi(value, STR("8bit")) ||
	       str_eqi(value, STR("binary"));
}

static void note(struct kind *k, struct str bytes, const struct sip_header *h)
{
	struct str value = sip_lex_text(bytes, h->value);

	if (h->name == SIP_CONTENT_TYPE) {
		k->readable = k->readable && !k->typed;
		k->typed = true;
		k->type = h->value;
	} else if (h->name == SIP_CONTENT_ENCODING) {
		k->readable = k->readable && str_eqi(value, STR("identity"));
	} else if (h->name == SIP_CONTENT_TRANSFER_ENCODING) {
		k->readable = k->readable && is_plain_coding(value);
	}
}

/* The boundary without quotes, at most so long as one may be; empty: none. */
static struct str boundary_of(struct str bytes, struct sip_span params)
{
	struct sip_span span;
	struct str text;

	if (sip_lex_param(bytes, params, STR("boundary"), &span))
		return STR_NONE;
	text = sip_lex_text(bytes, span);
	if (text.len >= 2 && text.p[0] == '"')
		text = str_sub(text, 1, text.len - 2);
	/* Escapes stand for no character a boundary may have. */
	if (text.len > BOUNDARY_MAX || str_find(text, 0, '\\') < text.len)
		return STR_NONE;
	return text;
}

struct parts {
	struct sip_lex l;
	struct str boundary;
	bool closed;
};

/* The line at l is a delimiter: "--" boundary ["--"], blanks, end of line or of all. */
static bool take_delimiter(struct parts *p)
{
	struct sip_lex l = p->l;
	struct str rest = str_sub(l.bytes, l.at, l.end - l.at);
	bool closed;

	if (!str_starts(rest, STR("--")) || !str_starts(str_sub(rest, 2, rest.len), p->boundary))
		return false;
	l.at += 2 + (uint32_t)p->boundary.len;
	closed = str_starts(str_sub(l.bytes, l.at, l.end - l.at), STR("--"));
	if (closed)
		l.at += 2;
	while (sip_lex_peek(&l) == ' ' || sip_lex_peek(&l) == '\t')
		l.at++;
	if (!(sip_lex_take(&l, '\r') && sip_lex_take(&l, '\n')) && !(closed && l.at == l.end))
		return false;
	p->closed = closed;
	p->l = l;
	return true;
}

/* What stands before the next delimiter, behind which l then is; the CRLF before a delimiter is its
 * own. False: there is none. */
static bool take_part(struct parts *p, struct sip_span *out)
{
	struct str s = {p->l.bytes.p, p->l.end};
	uint32_t from = p->l.at;

	for (;;) {
		uint32_t line = p->l.at;
		bool begins = line == from || s.p[line - 2] == '\r';
		size_t lf;

		if (begins && take_delimiter(p)) {
			uint32_t end = line >= from + 2 ? line - 2 : from;
			*out = (struct sip_span){from, end - from};
			return true;
		}
		lf = str_find(s, line, '\n');
		if (lf >= s.len)
			return false;
		p->l.at = (uint32_t)lf + 1;
	}
}

/* The head of a part; body is what stands behind it. */
static bool read_part(struct str bytes, struct sip_span part, struct kind *k, struct sip_span *body)
{
	struct sip_lex l = sip_lex_from(bytes, part);
	struct sip_header h;
	int err;

	*k = (struct kind){.readable = true};
	while ((err = sip_head_next(&l, &h)) == 0)
		note(k, bytes, &h);
	*body = (struct sip_span){l.at, l.end - l.at};
	return err == ERR_NOT_FOUND;
}

/* A multipart body that does not end as it should is not understood: nothing of it counts. */
static void find_in(struct found *f, const struct kind *k, struct sip_span body, int depth)
{
	struct parts p = {.l = sip_lex_from(f->bytes, body)};
	struct media_type t;
	struct sip_span part;
	size_t before = f->count;

	if (!k->typed || !k->readable || !decode_type(f->bytes, k->type, &t))
		return;
	if (str_eqi(t.type, STR("application")) && str_eqi(t.subtype, STR("sdp"))) {
		if (f->count < f->max)
			f->out[f->count++] = body;
		return;
	}
	p.boundary = boundary_of(f->bytes, t.params);
	if (!str_eqi(t.type, STR("multipart")) || !p.boundary.len || depth == SDP_FIND_DEPTH_MAX)
		return;
	if (!take_part(&p, &part))	/* the preamble */
		return;
	while (!p.closed) {
		struct kind inner;

		if (!take_part(&p, &part)) {
			f->count = before;
			return;
		}
		if (read_part(f->bytes, part, &inner, &part))
			find_in(f, &inner, part, depth + 1);
	}
}

size_t sdp_find(const struct sip_message *m, struct sip_span *out, size_t max)
{
	struct found f = {.bytes = m->bytes, .out = out, .max = max};
	struct kind k = {.readable = true};

	for (uint16_t i = 0; i < m->header_count; i++)
		note(&k, m->bytes, &m->headers[i]);
	find_in(&f, &k, m->body, 0);
	return f.count;
}
