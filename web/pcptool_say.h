/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What postern-pcp says: answers in words, on the standard output. */
#ifndef WEB_PCPTOOL_SAY_H
#define WEB_PCPTOOL_SAY_H

#include "protocols/natpmp_client.h"
#include "protocols/pcp_client.h"

#include <stdbool.h>

/* What was asked and what came of it; internal.addr of what was asked is set. */
void pcptool_say_pcp(const struct pcp_msg *asked, const struct pcp_answer *answer);
/* client: our own address. */
void pcptool_say_natpmp(const struct natpmp_msg *asked, const struct addr *client,
	const struct natpmp_answer *answer);
/* Something that nobody asked for. */
void pcptool_say_news(const struct addr *from, const struct pcp_answer *answer);
void pcptool_say_natpmp_news(const struct addr *from, const struct natpmp_answer *answer);
void pcptool_say_nonce(const struct pcp_map *m);

#endif
