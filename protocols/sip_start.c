/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start line as a machine of states; see sip_start.h. */
#include "protocols/sip_start.h"

#include "protocols/err.h"

#define PROTOCOL "SIP/2.0"
#define PROTOCOL_LEN (sizeof(PROTOCOL) - 1)
#define CODE_LEN 3

static struct sip_span part(const struct sip_start *s)
{
	return (struct sip_span){s->from, s->len - s->from};
}

static int go(struct sip_start *s, enum sip_start_state state)
{
	s->state = state;
	s->from = s->len + 1;
	return 0;
}

/* The version ignores case as every word of the grammar does. */
static int step_version(const struct sip_start *s, char c)
{
	char want = PROTOCOL[s->len - s->from];

	return str_eqi((struct str){&c, 1}, (struct str){&want, 1}) ? 0 : ERR_SYNTAX;
}

/* "SIP" may be a method or begin a status line; the next byte tells. */
static int step_method(struct sip_start *s, struct str bytes, char c)
{
	if (sip_lex_is_token(c))
		return 0;
	if (c == ' ' && s->len > s->from) {
		s->method = part(s);
		return go(s, SIP_START_SCHEME);
	}
	if (c == '/' && str_eqi(sip_lex_text(bytes, part(s)), STR("SIP"))) {
		s->state = SIP_START_STATUS_VERSION;
		return 0;
	}
	return ERR_SYNTAX;
}

static int step_scheme(struct sip_start *s, char c)
{
	bool first = s->len == s->from;

	if (sip_lex_is_alpha(c))
		return 0;
	if (first)
		return ERR_SYNTAX;
	if (c == ':')
		s->state = SIP_START_URI;
	else if (!sip_lex_is_digit(c) && c != '+' && c != '-' && c != '.')
		return ERR_SYNTAX;
	return 0;
}

static int step_uri(struct sip_start *s, struct str bytes, char c)
{
	if (c == ' ' && bytes.p[s->len - 1] != ':') {
		s->uri = part(s);
		return go(s, SIP_START_REQUEST_VERSION);
	}
	return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"' ? 0 : ERR_SYNTAX;
}

static int step_code(struct sip_start *s, char c)
{
	bool whole = s->len - s->from == CODE_LEN;

	if (sip_lex_is_digit(c)) {
		if (whole)
			return ERR_RANGE;
		s->status = (uint16_t)(s->status * 10 + (c - '0'));
		return 0;
	}
	if (!whole)
		return ERR_SYNTAX;
	if (s->status < 100 || s->status > 699)
		return ERR_RANGE;
	if (c == ' ')
		return go(s, SIP_START_REASON);
	return c == '\r' ? go(s, SIP_START_LF) : ERR_SYNTAX;
}

static int step(struct sip_start *s, struct str bytes, char c)
{
	bool versioned = s->len - s->from == PROTOCOL_LEN;

	switch (s->state) {
	case SIP_START_METHOD:
		return step_method(s, bytes, c);
	case SIP_START_SCHEME:
		return step_scheme(s, c);
	case SIP_START_URI:
		return step_uri(s, bytes, c);
	case SIP_START_REQUEST_VERSION:
		if (!versioned)
			return step_version(s, c);
		return c == '\r' ? go(s, SIP_START_LF) : ERR_SYNTAX;
	case SIP_START_STATUS_VERSION:
		if (!versioned)
			return step_version(s, c);
		return c == ' ' ? go(s, SIP_START_CODE) : ERR_SYNTAX;
	case SIP_START_CODE:
		return step_code(s, c);
	case SIP_START_REASON:
		if (c == '\r')
			return go(s, SIP_START_LF);
		return c == '\n' ? ERR_SYNTAX : 0;
	case SIP_START_LF:
		return c == '\n' ? go(s, SIP_START_DONE) : ERR_SYNTAX;
	case SIP_START_DONE:
		break;
	}
	return 0;
}

int sip_start_feed(struct sip_start *s, struct str bytes)
{
	while (s->state != SIP_START_DONE) {
		int err = s->len < bytes.len ? step(s, bytes, bytes.p[s->len]) : ERR_SHORT;
		if (err)
			return err;
		s->len++;
	}
	return 0;
}

uint32_t sip_start_skip(struct str bytes)
{
	uint32_t at = 0;

	while (bytes.len - at >= 2 && bytes.p[at] == '\r' && bytes.p[at + 1] == '\n')
		at += 2;
	return at;
}

bool sip_start_possible(struct str bytes)
{
	uint32_t at = sip_start_skip(bytes);
	struct str rest = str_sub(bytes, at, bytes.len);
	struct sip_start s = {0};
	int err = sip_start_feed(&s, rest);

	return err == 0 || err == ERR_SHORT || str_eq(rest, STR("\r"));
}
