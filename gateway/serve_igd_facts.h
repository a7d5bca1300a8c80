/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What UPnP clients ask about this router and can be told at once: its connection, its link and
 * its counters; and what nobody may change over UPnP.
 */
#ifndef GATEWAY_SERVE_IGD_FACTS_H
#define GATEWAY_SERVE_IGD_FACTS_H

#include "gateway/conf.h"
#include "gateway/core.h"
#include "gateway/loop.h"
#include "gateway/net.h"
#include "protocols/igd.h"

#include <stdbool.h>
#include <stdint.h>

struct serve_igd_facts {
	struct loop *loop;
	struct core *core;
	struct net *net;
	bool filters;			/* there is a firewall behind us at all */
	bool pinholes;			/* the owner lets UPnP open IPv6 */
	struct addr wan4;
	uint64_t wan_since_ms;		/* when it became that */
};

void serve_igd_facts_init(struct serve_igd_facts *facts, struct loop *loop, struct core *core,
	struct net *net, const struct conf *conf);
/* The external address may be another one. */
void serve_igd_facts_note_wan(struct serve_igd_facts *facts);

/* The whole answer, or an error code: IGD_INVALID_ACTION when the action is none of these. */
uint16_t serve_igd_facts_answer(const struct serve_igd_facts *facts, const struct igd_call *call,
	struct writer *w);
/* WANIPv6FirewallControl:1: IGD_OK, or why none of its actions but GetFirewallStatus works. */
uint16_t serve_igd_facts_check_pinholes(const struct serve_igd_facts *facts,
	const struct igd_call *call);

#endif
