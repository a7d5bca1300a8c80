/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCP version 2 (RFC 6887), server side: header, order of checks, ANNOUNCE and every answer. The
 * fields of MAP are read and written in pcp_map.h, those of PEER in pcp_peer.h, options in
 * pcp_option.h. Who may ask, nonces and lifetimes are decided elsewhere.
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

/* RFC 6887 section 19.2; AUTHENTICATION is not spoken. */
#define PCP_OP_ANNOUNCE 0
#define PCP_OP_MAP 1
#define PCP_OP_PEER 2

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

/* What MAP and PEER say (RFC 6887 sections 11.1 and 12.1) with their options. */
struct pcp_map {
	uint8_t nonce[MAP_NONCE_LEN];
	uint8_t proto;			/* IANA number; 0: all, to a delete only */
	struct endpoint internal;	/* of the client or the third party; port 0: as proto */
	struct endpoint suggested;	/* wildcard address, port 0: any; in answers the assigned */
	struct endpoint peer;		/* opcode PEER */
	bool third_party;		/* section 13.1 */
	bool prefer_failure;		/* the suggestion or nothing (section 13.2) */
	bool clear_filters;		/* section 13.3, prefix length 0 */
	uint8_t filter_count;		/* behind the last one that clears */
	struct map_filter filters[MAP_FILTERS_MAX];
	bool has_descr;			/* RFC 7220; descr may be empty all the same */
	uint8_t descr_len;
	char descr[MAP_DESCR_MAX];	/* what of it can be stored and shown */
	bool has_set;			/* RFC 7753 */
	uint16_t set_size;		/* 1 to MAP_SET_MAX, no port above 65535 */
	bool set_parity;
};

struct pcp_msg {
	enum pcp_result result;	/* not success: answer with pcp_encode, do nothing */
	uint8_t opcode;		/* without error: PCP_OP_ANNOUNCE, PCP_OP_MAP or PCP_OP_PEER */
	uint32_t lifetime_s;	/* requested; 0: delete */
	struct pcp_map map;	/* opcodes MAP and PEER */
	struct str request;	/* the bytes given; they must outlive the message */
};

/* Checks in the order of RFC 6887 section 8.2. client: the packet's source, which the client
 * address field must equal. third_party: it may speak for others, unless the core refuses.
 * 0, or ERR_IGNORE for what deserves no answer. */
int pcp_decode(const void *bytes, size_t len, const struct addr *client, bool third_party,
	struct pcp_msg *out);

/* Of a decoded MAP or PEER request without error. client: the packet's source. The caller adds
 * ifindex. descr points into msg. The suggestion is passed on as it came: not ours, of the other
 * family, anything. A delete may have port 0: it names no single mapping, and as wildcard
 * mappings are never made, none at all. */
void pcp_to_req(const struct pcp_msg *msg, const struct addr *client, struct map_req *out);

/* The answer, at most PCP_MAX bytes and never longer than the request rounded up to 4 and to a
 * header. ans is what the core said to the request of pcp_to_req; it is not looked at, and may be
 * NULL, when the message has an error or is an ANNOUNCE. The error lifetime of MAP_NOT_OWNER is
 * ans->lifetime_s, what remains of the mapping (section 11.3), unless 0. A third party that is
 * MAP_DENIED is an option this client does not have (section 13.1). */
void pcp_encode(struct writer *w, const struct pcp_msg *msg, const struct map_ans *ans,
	uint32_t epoch_s);
/* The unsolicited ANNOUNCE to 224.0.0.1:5350 and [ff02::1]:5350 (section 14.1.3). */
void pcp_encode_announce(struct writer *w, uint32_t epoch_s);
/* The answer nobody asked for, when a mapping became another one (section 14.2). msg: opcode and
 * map as the client would ask for what it has; it has no request. At most PCP_MAX bytes. */
void pcp_encode_update(struct writer *w, const struct pcp_msg *msg, const struct map_ans *ans,
	uint32_t epoch_s);

#endif
