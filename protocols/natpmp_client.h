/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NAT-PMP (RFC 6886 sections 3.2 and 3.3) seen from the client: requests to bytes, answers to
 * fields, for the diagnostic tool. Sockets and patience are the caller's.
 */
#ifndef PROTOCOLS_NATPMP_CLIENT_H
#define PROTOCOLS_NATPMP_CLIENT_H

#include "protocols/addr.h"
#include "protocols/natpmp.h"
#include "protocols/reader.h"

#include <stddef.h>
#include <stdint.h>

struct natpmp_answer {
	uint8_t opcode;
	uint16_t result;		/* enum natpmp_result, or another */
	uint32_t epoch_s;
	struct addr external;		/* opcode ADDRESS */
	uint16_t internal_port;		/* this and what follows: opcodes UDP and TCP */
	uint16_t external_port;
	uint32_t lifetime_s;
};

/* Opcode and, of UDP and TCP, ports and lifetime of msg as a request. */
void natpmp_client_encode(struct writer *w, const struct natpmp_msg *msg);

/* ERR_SYNTAX: no answer to what natpmp_client_encode can ask; "unsupported version" may be short,
 * epoch_s is 0 then. */
int natpmp_client_decode(const void *bytes, size_t len, struct natpmp_answer *out);

/* "UNSUPP_VERSION", "REFUSED", ... of RFC 6886 section 3.5; NULL: no such code. */
const char *natpmp_client_result_text(uint16_t result);

#endif
