/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Header fields; see sip_head.h. */
#include "protocols/sip_head.h"

#include "protocols/err.h"

#define LENGTH_MAX 65535	/* no message is longer */

struct known {
	enum sip_name name;
	char compact;		/* NUL: has none */
	struct str text;
};

#define KNOWN(name, compact, text) {name, compact, {text, sizeof(text) - 1}}

static const struct known known[] = {
	KNOWN(SIP_VIA, 'v', "Via"),
	KNOWN(SIP_FROM, 'f', "From"),
	KNOWN(SIP_TO, 't', "To"),
	KNOWN(SIP_CALL_ID, 'i', "Call-ID"),
	KNOWN(SIP_CSEQ, '\0', "CSeq"),
	KNOWN(SIP_CONTACT, 'm', "Contact"),
	KNOWN(SIP_ROUTE, '\0', "Route"),
	KNOWN(SIP_RECORD_ROUTE, '\0', "Record-Route"),
	KNOWN(SIP_PATH, '\0', "Path"),
	KNOWN(SIP_SERVICE_ROUTE, '\0', "Service-Route"),
	KNOWN(SIP_EXPIRES, '\0', "Expires"),
	KNOWN(SIP_MIN_EXPIRES, '\0', "Min-Expires"),
	KNOWN(SIP_CONTENT_TYPE, 'c', "Content-Type"),
	KNOWN(SIP_CONTENT_LENGTH, 'l', "Content-Length"),
	KNOWN(SIP_CONTENT_ENCODING, 'e', "Content-Encoding"),
	KNOWN(SIP_CONTENT_TRANSFER_ENCODING, '\0', "Content-Transfer-Encoding"),
	KNOWN(SIP_SUPPORTED, 'k', "Supported"),
	KNOWN(SIP_REQUIRE, '\0', "Require"),
	KNOWN(SIP_SESSION_EXPIRES, 'x', "Session-Expires"),
	KNOWN(SIP_AUTHORIZATION, '\0', "Authorization"),
	KNOWN(SIP_PROXY_AUTHORIZATION, '\0', "Proxy-Authorization"),
	KNOWN(SIP_WWW_AUTHENTICATE, '\0', "WWW-Authenticate"),
	KNOWN(SIP_PROXY_AUTHENTICATE, '\0', "Proxy-Authenticate"),
	KNOWN(SIP_IDENTITY, 'y', "Identity"),
	KNOWN(SIP_RSEQ, '\0', "RSeq"),
	KNOWN(SIP_RACK, '\0', "RAck"),
	KNOWN(SIP_REPLACES, '\0', "Replaces"),
};

static enum sip_name name_of(struct str text)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct str compact = {&known[i].compact, 1};
		struct str whole = text.len == 1 ? compact : known[i].text;

		/* Letters differ from those of another case in one bit. */
		if (text.len == whole.len && ((text.p[0] ^ whole.p[0]) & ~0x20) == 0 &&
		    str_eqi(text, whole))
			return known[i].name;
	}
	return SIP_OTHER;
}

/* Takes one line with its end; the place of the CR is told. */
static int take_line(struct sip_lex *l, uint32_t *end)
{
	struct str s = {l->bytes.p, l->end};
	size_t lf = str_find(s, l->at, '\n');
	size_t cr = str_find((struct str){s.p, lf}, l->at, '\r');

	if (lf == s.len)
		return ERR_SHORT;
	if (cr + 1 != lf)
		return ERR_SYNTAX;
	l->at = (uint32_t)lf + 1;
	*end = (uint32_t)cr;
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct sip_span trim(struct str bytes, uint32_t from, uint32_t end)
{
	while (from < end && is_blank(bytes.p[from]))
		from++;
	while (from < end && is_blank(bytes.p[end - 1]))
		end--;
	return (struct sip_span){from, end - from};
}

static bool is_folded(const struct sip_lex *l)
{
	return sip_lex_peek(l) == ' ' || sip_lex_peek(l) == '\t';
}

int sip_head_next(struct sip_lex *l, struct sip_header *out)
{
	uint32_t from = l->at, end;
	int err = take_line(l, &end);

	if (err)
		return err;
	if (end == from)
		return ERR_NOT_FOUND;
	while (!err && is_folded(l))
		err = take_line(l, &end);
	if (err)
		return err;

	struct sip_lex line = {l->bytes, from, end};
	struct sip_span field = sip_lex_token(&line);

	/* The name begins the line, and the colon is in that line. */
	while (is_folded(&line))
		line.at++;
	if (field.len == 0 || !sip_lex_take(&line, ':'))
		return ERR_SYNTAX;
	out->name = name_of(sip_lex_text(l->bytes, field));
	out->field = field;
	out->value = trim(l->bytes, line.at, end);
	return 0;
}

int sip_head_add_length(struct str value, struct sip_head_length *length)
{
	uint32_t n;
	int err = str_u32(value, 0, LENGTH_MAX, &n);

	if (err)
		return err;
	if (length->known && length->octets != n)
		return ERR_SYNTAX;
	*length = (struct sip_head_length){true, n};
	return 0;
}
