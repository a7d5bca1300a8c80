/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first line of a message, a request line or a status line (RFC 3261 sections 7.1 and 7.2),
 * byte by byte: at each of them it is known whether this can still be SIP. What a stream begins
 * with therefore costs the same in one piece and in pieces of one byte, and what is no SIP is known
 * at its first impossible byte (SIP-02 to SIP-05).
 */
#ifndef PROTOCOLS_SIP_START_H
#define PROTOCOLS_SIP_START_H

#include "protocols/sip_lex.h"

enum sip_start_state {
	SIP_START_METHOD = 0, SIP_START_SCHEME, SIP_START_URI, SIP_START_REQUEST_VERSION,
	SIP_START_STATUS_VERSION, SIP_START_CODE, SIP_START_REASON, SIP_START_LF, SIP_START_DONE,
};

/* Begin with a zeroed one; or with len and from where the line begins. */
struct sip_start {
	enum sip_start_state state;
	uint32_t len;			/* where the next byte stands; behind the line when done */
	uint32_t from;			/* where this part of the line began */
	uint16_t status;		/* 0: a request */
	struct sip_span method, uri;	/* of a request */
};

/* Takes bytes from offset len on. 0: the line is whole; ERR_SHORT: it can be one as far as it goes;
 * ERR_SYNTAX, ERR_RANGE (the status): it is none. */
int sip_start_feed(struct sip_start *s, struct str bytes);
/* How many bytes of keep-alives (CRLFs) stand before it (RFC 3261 7.5, RFC 5626 3.5.1). */
uint32_t sip_start_skip(struct str bytes);
/* These first bytes, be they few, could begin a message. */
bool sip_start_possible(struct str bytes);

#endif
