/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header fields of a message or of a part of a multipart body, one by one (RFC 3261 section
 * 7.3): blanks before the colon, any case, compact names, values folded over several lines. Lines
 * end with CRLF only: a bare CR or LF is an end of line to some readers and none to others, so
 * what has one is not understood.
 */
#ifndef PROTOCOLS_SIP_HEAD_H
#define PROTOCOLS_SIP_HEAD_H

#include "protocols/sip_lex.h"

/* Those a gateway has use for; everything else is OTHER and passes. */
enum sip_name {
	SIP_OTHER = 0,
	SIP_VIA, SIP_FROM, SIP_TO, SIP_CALL_ID, SIP_CSEQ, SIP_CONTACT, SIP_ROUTE, SIP_RECORD_ROUTE,
	SIP_PATH, SIP_SERVICE_ROUTE, SIP_EXPIRES, SIP_MIN_EXPIRES, SIP_CONTENT_TYPE,
	SIP_CONTENT_LENGTH, SIP_CONTENT_ENCODING, SIP_CONTENT_TRANSFER_ENCODING, SIP_SUPPORTED,
	SIP_REQUIRE, SIP_SESSION_EXPIRES, SIP_AUTHORIZATION, SIP_PROXY_AUTHORIZATION,
	SIP_WWW_AUTHENTICATE, SIP_PROXY_AUTHENTICATE, SIP_IDENTITY, SIP_RSEQ, SIP_RACK,
	SIP_REPLACES,
};

struct sip_header {
	enum sip_name name;
	struct sip_span field;		/* the name as spelled */
	struct sip_span value;		/* blanks before and behind cut, folds inside kept */
};

/* The field at l, which then stands behind it. ERR_NOT_FOUND: here is the empty line that ends the
 * head, and l stands behind it. ERR_SHORT: there is no such line; ERR_SYNTAX. */
int sip_head_next(struct sip_lex *l, struct sip_header *out);

/* What Content-Length says, in all fields of that name together. */
struct sip_head_length {
	bool known;
	uint32_t octets;
};
/* ERR_SYNTAX: it is no number, or differs from one before; ERR_RANGE. */
int sip_head_add_length(struct str value, struct sip_head_length *length);

#endif
