/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCP (RFC 6887) seen from the client: requests to bytes, answers to fields, for the diagnostic
 * tool. Sockets, patience and what an answer means are the caller's.
 */
#ifndef PROTOCOLS_PCP_CLIENT_H
#define PROTOCOLS_PCP_CLIENT_H

#include "protocols/addr.h"
#include "protocols/pcp.h"
#include "protocols/reader.h"

#include <stddef.h>
#include <stdint.h>

struct pcp_answer {
	uint8_t opcode;
	uint8_t result;		/* enum pcp_result, or what no server of today sends */
	uint32_t lifetime_s;	/* granted, or for which an error holds */
	uint32_t epoch_s;
	struct pcp_map map;	/* of MAP and PEER; suggested is what was assigned; options that
				 * were processed, of a success only */
};

/* Opcode, lifetime and, unless it is an ANNOUNCE, map of msg as a request. client: our address as
 * the server sees it. At most PCP_MAX bytes. */
void pcp_client_encode(struct writer *w, const struct pcp_msg *msg, const struct addr *client);

/* ERR_SYNTAX: no PCP answer that a server may give to a client of this address. */
int pcp_client_decode(const void *bytes, size_t len, const struct addr *client,
	struct pcp_answer *out);

/* "SUCCESS", "NOT_AUTHORIZED", ... of RFC 6887 section 7.4; NULL: no such code. */
const char *pcp_client_result_text(uint8_t result);

#endif
