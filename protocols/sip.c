/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decoding of whole messages, and walks over their lists; see sip.h. */
#include "protocols/sip.h"

#include "protocols/err.h"
#include "protocols/sip_start.h"

static const struct {
	enum sip_method method;
	struct str text;
} methods[] = {
	{SIP_INVITE, {"INVITE", 6}},
	{SIP_ACK, {"ACK", 3}},
	{SIP_BYE, {"BYE", 3}},
	{SIP_CANCEL, {"CANCEL", 6}},
	{SIP_REGISTER, {"REGISTER", 8}},
	{SIP_OPTIONS, {"OPTIONS", 7}},
	{SIP_PRACK, {"PRACK", 5}},
	{SIP_UPDATE, {"UPDATE", 6}},
	{SIP_REFER, {"REFER", 5}},
	{SIP_SUBSCRIBE, {"SUBSCRIBE", 9}},
	{SIP_NOTIFY, {"NOTIFY", 6}},
	{SIP_INFO, {"INFO", 4}},
	{SIP_MESSAGE, {"MESSAGE", 7}},
	{SIP_PUBLISH, {"PUBLISH", 7}},
};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

const char *sip_method_text(enum sip_method method)
{
	for (size_t i = 0; i < METHODS; i++) {
		if (methods[i].method == method)
			return methods[i].text.p;
	}
	return "";
}

/* Methods are words of their exact case (RFC 3261 7.1). */
static enum sip_method method_of(struct str text)
{
	for (size_t i = 0; i < METHODS; i++) {
		if (str_eq(text, methods[i].text))
			return methods[i].method;
	}
	return SIP_METHOD_OTHER;
}

struct str sip_text(const struct sip_message *m, struct sip_span span)
{
	return sip_lex_text(m->bytes, span);
}

static int decode_start(struct sip_message *m, struct sip_lex *l)
{
	struct sip_start s = {.len = sip_start_skip(m->bytes)};
	struct sip_uri uri;
	int err;

	s.from = s.len;
	err = sip_start_feed(&s, m->bytes);
	if (err)
		return err;
	l->at = s.len;
	m->is_request = s.status == 0;
	m->status = s.status;
	m->method_text = s.method;
	m->uri = s.uri;
	return m->is_request ? sip_uri_decode(m->bytes, m->uri, &uri) : 0;
}

/* Headers that are there once, as bits of what was seen. */
enum { HAS_FROM = 1, HAS_TO = 2, HAS_CALL_ID = 4, HAS_CSEQ = 8, HAS_VIA = 16, HAS_ALL = 31 };

static int note(unsigned *seen, unsigned bit)
{
	if (*seen & bit)
		return ERR_SYNTAX;
	*seen |= bit;
	return 0;
}

static int decode_tag(const struct sip_message *m, struct sip_span value, struct sip_span *tag)
{
	struct sip_lex l = sip_lex_from(m->bytes, value);
	struct sip_address a;
	int err = sip_uri_next_address(&l, false, &a);

	if (!err && sip_lex_param(m->bytes, a.params, STR("tag"), tag))
		*tag = (struct sip_span){0, 0};
	return err;
}

static int decode_call_id(struct sip_message *m, struct sip_span value)
{
	struct str text = sip_text(m, value);

	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.p[i] <= ' ')
			return ERR_SYNTAX;
	}
	m->call_id = value;
	return value.len ? 0 : ERR_SYNTAX;
}

static int decode_cseq(struct sip_message *m, struct sip_span value)
{
	struct sip_lex l = sip_lex_from(m->bytes, value);
	struct sip_span digits = sip_lex_digits(&l), method;
	uint32_t before = l.at;

	sip_lex_blanks(&l);
	if (l.at == before)
		return ERR_SYNTAX;
	method = sip_lex_token(&l);
	if (method.len == 0 || l.at < l.end)
		return ERR_SYNTAX;
	if (m->is_request && !str_eq(sip_text(m, method), sip_text(m, m->method_text)))
		return ERR_SYNTAX;
	m->method = method_of(sip_text(m, method));
	return str_u32(sip_text(m, digits), 0, SIP_CSEQ_MAX, &m->cseq);
}

static int decode_top_via(struct sip_message *m, struct sip_span value)
{
	struct sip_lex l = sip_lex_from(m->bytes, value);
	struct sip_via via;
	int err = sip_uri_next_via(&l, &via);

	if (!err && sip_lex_param(m->bytes, via.params, STR("branch"), &m->branch))
		m->branch = (struct sip_span){0, 0};
	return err;
}

static int decode_header(struct sip_message *m, const struct sip_header *h, unsigned *seen)
{
	int err = 0;

	switch ((int)h->name) {
	case SIP_VIA:
		if (!note(seen, HAS_VIA))
			err = decode_top_via(m, h->value);
		break;
	case SIP_FROM:
		err = note(seen, HAS_FROM) ? ERR_SYNTAX : decode_tag(m, h->value, &m->from_tag);
		break;
	case SIP_TO:
		err = note(seen, HAS_TO) ? ERR_SYNTAX : decode_tag(m, h->value, &m->to_tag);
		break;
	case SIP_CALL_ID:
		err = note(seen, HAS_CALL_ID) ? ERR_SYNTAX : decode_call_id(m, h->value);
		break;
	case SIP_CSEQ:
		err = note(seen, HAS_CSEQ) ? ERR_SYNTAX : decode_cseq(m, h->value);
		break;
	case SIP_CONTENT_LENGTH:
		err = sip_head_add_length(sip_text(m, h->value), &m->length);
		break;
	}
	return err;
}

static int decode_head(struct sip_message *m, struct sip_lex *l)
{
	unsigned seen = 0;
	struct sip_header h;
	int err;

	while ((err = sip_head_next(l, &h)) == 0) {
		if (m->header_count == SIP_HEADERS_MAX)
			return ERR_FULL;
		m->headers[m->header_count++] = h;
		err = decode_header(m, &h, &seen);
		if (err)
			return err;
	}
	if (err != ERR_NOT_FOUND)
		return err;
	return seen == HAS_ALL ? 0 : ERR_SYNTAX;
}

static int decode_body(struct sip_message *m, const struct sip_lex *l, bool is_stream)
{
	uint32_t rest = l->end - l->at;

	if (!m->length.known && is_stream)
		return ERR_SYNTAX;
	if (m->length.known && m->length.octets > rest)
		return ERR_SHORT;
	m->body = (struct sip_span){l->at, m->length.known ? m->length.octets : rest};
	m->extra = rest - m->body.len;
	return 0;
}

int sip_decode(struct str bytes, bool is_stream, struct sip_message *out)
{
	struct sip_lex l;
	int err;

	if (bytes.len > SIP_MESSAGE_MAX)
		return ERR_RANGE;
	out->bytes = bytes;
	out->header_count = 0;
	out->length = (struct sip_head_length){false, 0};
	l = (struct sip_lex){bytes, 0, (uint32_t)bytes.len};
	err = decode_start(out, &l);
	if (!err)
		err = decode_head(out, &l);
	return err ? err : decode_body(out, &l, is_stream);
}

/* A reader of what the walk has not seen yet; false: there is nothing left. */
static bool walk_open(const struct sip_message *m, enum sip_name name, struct sip_walk *walk,
	struct sip_lex *l)
{
	for (; walk->header < m->header_count && !walk->bad; walk->header++, walk->at = 0) {
		const struct sip_header *h = &m->headers[walk->header];
		if (h->name != name)
			continue;
		*l = sip_lex_from(m->bytes, h->value);
		if (walk->at)
			l->at = walk->at;
		return true;
	}
	return false;
}

static bool walk_on(struct sip_walk *walk, int err, const struct sip_lex *l)
{
	walk->bad = err != 0;
	if (l->at < l->end) {
		walk->at = l->at + 1;	/* the comma */
	} else {
		walk->header++;
		walk->at = 0;
	}
	return !walk->bad;
}

bool sip_next_address(const struct sip_message *m, enum sip_name name, struct sip_walk *walk,
	struct sip_address *out)
{
	bool is_list = name != SIP_FROM && name != SIP_TO;
	struct sip_lex l;

	if (!walk_open(m, name, walk, &l))
		return false;
	return walk_on(walk, sip_uri_next_address(&l, is_list, out), &l);
}

bool sip_next_via(const struct sip_message *m, struct sip_walk *walk, struct sip_via *out)
{
	struct sip_lex l;

	if (!walk_open(m, SIP_VIA, walk, &l))
		return false;
	return walk_on(walk, sip_uri_next_via(&l, out), &l);
}

int sip_request_uri(const struct sip_message *m, struct sip_uri *out)
{
	return m->is_request ? sip_uri_decode(m->bytes, m->uri, out) : ERR_NOT_FOUND;
}

int sip_param(const struct sip_message *m, struct sip_span params, struct str name,
	struct sip_span *value)
{
	return sip_lex_param(m->bytes, params, name, value);
}

int sip_find(const struct sip_message *m, enum sip_name name, struct str *value)
{
	for (uint16_t i = 0; i < m->header_count; i++) {
		if (m->headers[i].name == name) {
			*value = sip_text(m, m->headers[i].value);
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}
