/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opcode PEER of PCP (RFC 6887 section 12): an outbound flow from an internal endpoint to one
 * remote peer. It begins with the fields of MAP; what follows and what must hold is here. Header
 * and answers are pcp.h's, options are pcp_option.h's.
 */
#ifndef PROTOCOLS_PCP_PEER_H
#define PROTOCOLS_PCP_PEER_H

#include "protocols/pcp.h"
#include "protocols/reader.h"

#define PCP_PEER_LEN 56

/* The PCP_PEER_LEN bytes after the header, as pcp_map_read and pcp_map_write. */
void pcp_peer_read(struct reader *r, struct pcp_map *out);
void pcp_peer_write(struct writer *w, const struct pcp_map *m, const struct endpoint *external);

/* Reads and checks them. Gives the error to answer with, or PCP_SUCCESS. */
enum pcp_result pcp_peer_decode(struct reader *r, struct pcp_msg *msg);

#endif
