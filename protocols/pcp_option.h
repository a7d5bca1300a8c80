/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options of PCP (RFC 6887 sections 7.3 and 13, RFC 7220, RFC 7753): THIRD_PARTY, PREFER_FAILURE,
 * FILTER, DESCRIPTION and PORT_SET. Each is checked where it stands; what several say together, or
 * with the fields before them, at the end. What is optional and not known is skipped.
 */
#ifndef PROTOCOLS_PCP_OPTION_H
#define PROTOCOLS_PCP_OPTION_H

#include "protocols/map.h"
#include "protocols/pcp.h"
#include "protocols/reader.h"

#include <stdbool.h>
#include <stddef.h>

/* RFC 6887 section 19.4 and the registry since. */
#define PCP_OPTION_THIRD_PARTY 1
#define PCP_OPTION_PREFER_FAILURE 2
#define PCP_OPTION_FILTER 3
#define PCP_OPTION_OPTIONAL 128	/* from here on a server may ignore what it does not know */
#define PCP_OPTION_DESCRIPTION 128
#define PCP_OPTION_PORT_SET 130

/* Up to a multiple of 4. */
size_t pcp_option_padding(size_t len);

/* Reads all that is left into msg->map, behind the fields; msg->map.internal.addr is the client
 * before and whom the request speaks for after. The first option that is wrong decides. */
enum pcp_result pcp_option_decode(struct reader *r, bool third_party, struct pcp_msg *msg);

/* Those of the request that were processed, in its order. r: as pcp_option_decode had it. */
void pcp_option_answer(struct writer *w, struct reader *r, const struct pcp_msg *msg,
	const struct map_ans *ans);
/* Those that m has. */
void pcp_option_write(struct writer *w, const struct pcp_map *m);

#endif
