/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blanks, tokens, quoted strings, parameters; see sip_lex.h. */
#include "protocols/sip_lex.h"

#include "protocols/err.h"

struct sip_lex sip_lex_from(struct str bytes, struct sip_span part)
{
	return (struct sip_lex){bytes, part.at, part.at + part.len};
}

struct str sip_lex_text(struct str bytes, struct sip_span span)
{
	return str_sub(bytes, span.at, span.len);
}

struct sip_span sip_lex_since(const struct sip_lex *l, uint32_t from)
{
	return (struct sip_span){from, l->at - from};
}

int sip_lex_peek(const struct sip_lex *l)
{
	return l->at < l->end ? (unsigned char)l->bytes.p[l->at] : -1;
}

bool sip_lex_take(struct sip_lex *l, char c)
{
	if (sip_lex_peek(l) != (unsigned char)c)
		return false;
	l->at++;
	return true;
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void sip_lex_blanks(struct sip_lex *l)
{
	while (is_blank(sip_lex_peek(l)))
		l->at++;
}

bool sip_lex_mark(struct sip_lex *l, char c)
{
	struct sip_lex ahead = *l;

	sip_lex_blanks(&ahead);
	if (!sip_lex_take(&ahead, c))
		return false;
	sip_lex_blanks(&ahead);
	*l = ahead;
	return true;
}

bool sip_lex_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool sip_lex_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A bit for each octet, 32 a row: "-.!%*_+`'~", digits and letters. */
bool sip_lex_is_token(char c)
{
	static const uint32_t rows[8] = {0, 0x03ff6ca2, 0x87fffffe, 0x47ffffff};
	unsigned char octet = (unsigned char)c;

	return rows[octet / 32] >> octet % 32 & 1;
}

struct sip_span sip_lex_token(struct sip_lex *l)
{
	uint32_t from = l->at;

	while (l->at < l->end && sip_lex_is_token(l->bytes.p[l->at]))
		l->at++;
	return sip_lex_since(l, from);
}

struct sip_span sip_lex_digits(struct sip_lex *l)
{
	uint32_t from = l->at;

	while (l->at < l->end && sip_lex_is_digit(l->bytes.p[l->at]))
		l->at++;
	return sip_lex_since(l, from);
}

bool sip_lex_quoted(struct sip_lex *l, struct sip_span *out)
{
	uint32_t from = l->at;

	if (!sip_lex_take(l, '"'))
		return false;
	while (l->at < l->end) {
		char c = l->bytes.p[l->at++];
		if (c == '"') {
			*out = sip_lex_since(l, from);
			return true;
		}
		/* An escape takes the next byte along, be it a NUL; but never an end of line. */
		if (c == '\\' && !sip_lex_take(l, '\r'))
			l->at += l->at < l->end;
		else if (c == '\\')
			return false;
	}
	return false;
}

struct param {
	struct sip_span name, value;
};

/* A value that is not quoted: a token or a host, and what is met of other texts. */
static bool ends_value(int c)
{
	return c < 0 || is_blank(c) || c == ';' || c == ',' || c == '"' || c == '<' || c == '>';
}

static bool lex_param(struct sip_lex *l, struct param *out)
{
	struct param p = {.name = sip_lex_token(l)};

	if (p.name.len == 0)
		return false;
	if (sip_lex_mark(l, '=')) {
		uint32_t from = l->at;
		if (sip_lex_peek(l) == '"' && !sip_lex_quoted(l, &p.value))
			return false;
		while (p.value.len == 0 && !ends_value(sip_lex_peek(l)))
			l->at++;
		p.value = sip_lex_since(l, from);
	}
	*out = p;
	return true;
}

bool sip_lex_params(struct sip_lex *l, struct sip_span *out)
{
	struct sip_span all = {0, 0};
	uint32_t from = l->at;
	struct param p;

	while (sip_lex_mark(l, ';')) {
		if (all.len == 0) {
			while (l->bytes.p[from] != ';')
				from++;
		}
		if (!lex_param(l, &p))
			return false;
		all = sip_lex_since(l, from);
	}
	*out = all;
	return true;
}

int sip_lex_param(struct str bytes, struct sip_span params, struct str name,
	struct sip_span *value)
{
	struct sip_lex l = sip_lex_from(bytes, params);
	struct param p;

	while (sip_lex_mark(&l, ';') && lex_param(&l, &p)) {
		if (str_eqi(sip_lex_text(bytes, p.name), name)) {
			*value = p.value;
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}
