/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCP version 2 (RFC 6887), server side: header, order of checks, options, ANNOUNCE and every
 * answer; the fields of opcode MAP are read and written in pcp_map.h. Who may ask, nonces and
 * lifetimes are decided elsewhere.
 *
 * UDP port 5351 carries two protocols. Over IPv4 version byte 0 goes to natpmp.h. All other
 * versions, and over IPv6 all versions, go to pcp_decode, which answers those it does not speak
 * with UNSUPP_VERSION naming 2 (RFC 6887 section 9). Receive into more than PCP_MAX bytes, so
 * that a longer request can be told from a good one.
 */
#ifndef PROTOCOLS_PCP_H
#define PROTOCOLS_PCP_H

#include "protocols/addr.h"
#include "protocols/map.h"
#include "protocols/reader.h"
#include "protocols/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCP_VERSION 2
#define PCP_MAX 1100		/* longest message, RFC 6887 section 7 */
#define PCP_HEADER_LEN 24

/* RFC 6887 section 19.2; PEER and AUTHENTICATION are not spoken. */
#define PCP_OP_ANNOUNCE 0
#define PCP_OP_MAP 1

/* RFC 6887 section 19.4. */
#define PCP_OPTION_PREFER_FAILURE 2
#define PCP_OPTION_OPTIONAL 128	/* from here on a server may ignore what it does not know */

/* RFC 6887 section 7.4. */
enum pcp_result {
	PCP_SUCCESS = 0,
	PCP_UNSUPP_VERSION = 1,
	PCP_NOT_AUTHORIZED = 2,
	PCP_MALFORMED_REQUEST = 3,
	PCP_UNSUPP_OPCODE = 4,
	PCP_UNSUPP_OPTION = 5,
	PCP_MALFORMED_OPTION = 6,
	PCP_NETWORK_FAILURE = 7,
	PCP_NO_RESOURCES = 8,
	PCP_UNSUPP_PROTOCOL = 9,
	PCP_USER_EX_QUOTA = 10,
	PCP_CANNOT_PROVIDE_EXTERNAL = 11,
	PCP_ADDRESS_MISMATCH = 12,
	PCP_EXCESSIVE_REMOTE_PEERS = 13,
};

/* Opcode MAP, RFC 6887 section 11.1. */
struct pcp_map {
	uint8_t nonce[MAP_NONCE_LEN];
	uint8_t proto;			/* IANA number; 0: all, to a delete only */
	uint16_t internal_port;		/* 0: all, to a delete only */
	struct endpoint suggested;	/* wildcard address, port 0: any */
	bool prefer_failure;		/* the suggestion or nothing (section 13.2) */
};

struct pcp_msg {
	enum pcp_result result;	/* not success: answer with pcp_encode, do nothing */
	uint8_t opcode;		/* without error: PCP_OP_ANNOUNCE or PCP_OP_MAP */
	uint32_t lifetime_s;	/* requested; 0: delete */
	struct pcp_map map;	/* opcode MAP */
	struct str request;	/* the bytes given; they must outlive the message */
};

/* Checks in the order of RFC 6887 section 8.2. client: the packet's source, which the client
 * address field must equal. 0, or ERR_IGNORE for what deserves no answer. */
int pcp_decode(const void *bytes, size_t len, const struct addr *client, struct pcp_msg *out);

/* The answer, at most PCP_MAX bytes and never longer than the request rounded up to 4 and to a
 * header. ans is what the core said to the request of pcp_map_to_req; it is not looked at, and
 * may be NULL, when the message has an error or is an ANNOUNCE. The error lifetime of
 * MAP_NOT_OWNER is ans->lifetime_s, what remains of the mapping (section 11.3), unless 0. */
void pcp_encode(struct writer *w, const struct pcp_msg *msg, const struct map_ans *ans,
	uint32_t epoch_s);
/* The unsolicited ANNOUNCE to 224.0.0.1:5350 and [ff02::1]:5350 (section 14.1.3). */
void pcp_encode_announce(struct writer *w, uint32_t epoch_s);

#endif
