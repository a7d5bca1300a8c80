/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NAT-PMP (RFC 6886), server side: requests to struct natpmp_msg to map_req, answers to bytes.
 * The protocol has no nonce; who may ask, on which interface, and how long a lease lasts is
 * decided elsewhere. Version 0 of UDP port 5351 is ours, every other version is for pcp.h.
 *
 * Answers are at most NATPMP_ANSWER_LEN bytes, except that an unknown opcode gets its whole
 * request back: a buffer as large as the one received into always suffices.
 */
#ifndef PROTOCOLS_NATPMP_H
#define PROTOCOLS_NATPMP_H

#include "protocols/addr.h"
#include "protocols/map.h"
#include "protocols/reader.h"
#include "protocols/str.h"

#include <stddef.h>
#include <stdint.h>

#define NATPMP_VERSION 0
#define NATPMP_ANSWER_LEN 16

/* RFC 6886 sections 3.2 and 3.3. */
#define NATPMP_OP_ADDRESS 0
#define NATPMP_OP_UDP 1
#define NATPMP_OP_TCP 2

/* RFC 6886 section 3.5. */
enum natpmp_result {
	NATPMP_SUCCESS = 0,
	NATPMP_UNSUPP_VERSION = 1,
	NATPMP_REFUSED = 2,
	NATPMP_NETWORK_FAILURE = 3,
	NATPMP_NO_RESOURCES = 4,
	NATPMP_UNSUPP_OPCODE = 5,
};

struct natpmp_msg {
	enum natpmp_result result;	/* not success: answer with natpmp_encode_error */
	uint8_t opcode;			/* below 128 */
	uint16_t internal_port;		/* this and what follows: opcodes UDP and TCP */
	uint16_t external_port;		/* suggested; 0: any */
	uint32_t lifetime_s;		/* 0: delete */
	struct str request;		/* the bytes given; they must outlive the message */
};

/* 0, or ERR_IGNORE for what deserves no answer: other versions, answers, cut requests. */
int natpmp_decode(const void *bytes, size_t len, struct natpmp_msg *out);

/* Of a decoded UDP or TCP request without error. client: the packet's source. The caller adds
 * ifindex. A delete of port 0 becomes MAP_OP_CLOSE_ALL. */
void natpmp_to_req(const struct natpmp_msg *msg, const struct addr *client, struct map_req *out);

/* The answer to opcode 0 and, the same bytes, the announcement to 224.0.0.1:5350 (RFC 6886
 * section 3.2.1). The wildcard address stands for "none now" and gives result 3. */
void natpmp_encode_address(struct writer *w, const struct addr *external, uint32_t epoch_s);
/* What the core said to natpmp_to_req's request, error or success. */
void natpmp_encode_map(struct writer *w, const struct natpmp_msg *msg, const struct map_ans *ans,
	uint32_t epoch_s);
/* What natpmp_decode found wrong. */
void natpmp_encode_error(struct writer *w, const struct natpmp_msg *msg, uint32_t epoch_s);
/* To a request of another version, where PCP is not spoken (section 3.5 with erratum 3618). */
void natpmp_encode_version(struct writer *w, uint32_t epoch_s);

#endif
