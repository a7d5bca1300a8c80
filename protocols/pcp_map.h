/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opcode MAP of PCP (RFC 6887 sections 11 and 15.1): its fields and what they may say together.
 * IPv4 mappings and IPv6 pinholes look the same here. Mappings of all ports or all protocols are
 * not offered. Header and answers are pcp.h's, options are pcp_option.h's.
 */
#ifndef PROTOCOLS_PCP_MAP_H
#define PROTOCOLS_PCP_MAP_H

#include "protocols/addr.h"
#include "protocols/pcp.h"
#include "protocols/reader.h"

#define PCP_MAP_LEN 36

/* The PCP_MAP_LEN bytes after the header, with which PEER begins too; internal.addr is left as
 * it is. */
void pcp_map_read(struct reader *r, struct pcp_map *out);
void pcp_map_write(struct writer *w, const struct pcp_map *m, const struct endpoint *external);

/* Reads and checks them; msg->lifetime_s is set already. Gives the error to answer with, or
 * PCP_SUCCESS. */
enum pcp_result pcp_map_decode(struct reader *r, struct pcp_msg *msg);

#endif
