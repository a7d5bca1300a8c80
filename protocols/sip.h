/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIP messages (RFC 3261 sections 7 and 25) as places in the bytes they came in: where each header
 * begins and ends, and within the ones that carry addresses, where host and port stand. Nothing is
 * copied and nothing normalised: what is not edited goes on byte for byte. What does not parse is
 * for others to pass on unchanged.
 *
 * Folding, compact names, lists and quoted strings are understood; a NUL in quoted text too.
 */
#ifndef PROTOCOLS_SIP_H
#define PROTOCOLS_SIP_H

#include "protocols/sip_head.h"
#include "protocols/sip_uri.h"

#define SIP_MESSAGE_MAX 65535	/* a UDP datagram; a TCP message longer than this is foreign */
#define SIP_HEADERS_MAX 256	/* phones send 15, proxies add 10; RFC 4475 has 47 */
#define SIP_CSEQ_MAX 2147483647	/* RFC 3261 8.1.1.5 */
#define SIP_PORT 5060
#define SIP_PORT_TLS 5061

enum sip_method {
	SIP_METHOD_OTHER = 0,
	SIP_INVITE, SIP_ACK, SIP_BYE, SIP_CANCEL, SIP_REGISTER, SIP_OPTIONS, SIP_PRACK, SIP_UPDATE,
	SIP_REFER, SIP_SUBSCRIBE, SIP_NOTIFY, SIP_INFO, SIP_MESSAGE, SIP_PUBLISH,
};

struct sip_message {
	struct str bytes;		/* the whole message, body included */
	bool is_request;
	enum sip_method method;		/* of the request, or of CSeq in a response */
	uint16_t status;		/* of a response */
	struct sip_span method_text, uri;	/* of a request */
	struct sip_span call_id, from_tag, to_tag, branch;	/* the topmost Via's branch */
	uint32_t cseq;
	uint16_t header_count;
	struct sip_header headers[SIP_HEADERS_MAX];
	struct sip_head_length length;	/* by Content-Length; a datagram may have none */
	struct sip_span body;		/* by Content-Length, else (UDP) the rest */
	uint32_t extra;			/* octets behind the body: passed, not counted */
};

/* A whole datagram, with keep-alives before the message, or a frame of a stream. There is exactly
 * one of From, To, Call-ID and CSeq; they, the topmost Via and the URI are good; CSeq names the
 * method. Else ERR_SYNTAX, ERR_RANGE (a number, or the length), ERR_SHORT (Content-Length says more
 * than there is) or ERR_FULL (SIP_HEADERS_MAX): pass it on unchanged. out is large and worked in:
 * keep one; after a failure it says nothing. */
int sip_decode(struct str bytes, bool is_stream, struct sip_message *out);

struct str sip_text(const struct sip_message *m, struct sip_span span);
const char *sip_method_text(enum sip_method method);	/* "" for others */

/* Walks the elements of all headers of this name as one list (SIP-13). Begin with a zeroed walk;
 * false: no more, or (bad) one of them does not parse. */
struct sip_walk {
	uint16_t header;
	uint32_t at;			/* of the next element; 0: the header's first */
	bool bad;
};
bool sip_next_address(const struct sip_message *m, enum sip_name name, struct sip_walk *walk,
	struct sip_address *out);
bool sip_next_via(const struct sip_message *m, struct sip_walk *walk, struct sip_via *out);
/* A request's URI. ERR_NOT_FOUND: it is a response. */
int sip_request_uri(const struct sip_message *m, struct sip_uri *out);
/* A parameter within params: value span as sip_lex_param(). ERR_NOT_FOUND. */
int sip_param(const struct sip_message *m, struct sip_span params, struct str name,
	struct sip_span *value);
/* The first header of this name. ERR_NOT_FOUND. */
int sip_find(const struct sip_message *m, enum sip_name name, struct str *value);

#endif
