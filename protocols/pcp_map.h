/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opcode MAP of PCP (RFC 6887 sections 11 and 15.1): its fields, what they may say together, and
 * the way to map_req and back. IPv4 mappings and IPv6 pinholes look the same here. Mappings of
 * all ports or all protocols are not offered. Header and options are pcp.h's.
 */
#ifndef PROTOCOLS_PCP_MAP_H
#define PROTOCOLS_PCP_MAP_H

#include "protocols/addr.h"
#include "protocols/map.h"
#include "protocols/pcp.h"
#include "protocols/reader.h"

#define PCP_MAP_LEN 36

/* Reads the PCP_MAP_LEN bytes after the header into msg->map; msg->lifetime_s is set already.
 * Gives the error to answer with, or PCP_SUCCESS. */
enum pcp_result pcp_map_decode(struct reader *r, struct pcp_msg *msg);
/* PREFER_FAILURE with len bytes of data was met behind the fields of msg. */
enum pcp_result pcp_map_prefer_failure(size_t len, struct pcp_msg *msg);

/* Of a decoded MAP request without error. client: the packet's source. The caller adds ifindex.
 * The suggestion is passed on as it came: not ours, of the other family, anything. A delete may
 * have port 0: it names no single mapping, and as wildcard mappings are never made, none at all. */
void pcp_map_to_req(const struct pcp_msg *msg, const struct addr *client, struct map_req *out);

/* What follows the header of a success answer: fields and the options that were processed. */
void pcp_map_encode(struct writer *w, const struct pcp_msg *msg, const struct map_ans *ans);

#endif
