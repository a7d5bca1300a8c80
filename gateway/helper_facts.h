/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the helper's facts come from: its own configuration, its own view of the kernel's network
 * and its own list of the ports the router listens on. Nothing the daemon says is among them.
 */
#ifndef GATEWAY_HELPER_FACTS_H
#define GATEWAY_HELPER_FACTS_H

#include "gateway/helper_check.h"
#include "gateway/net.h"
#include "gateway/ownports.h"

#define HELPER_PAST_MAX 4

struct helper_sources {
	struct net *net;
	struct ownports *ports;
	const struct conf *conf;
	struct addr past[HELPER_PAST_MAX];	/* found to be the WAN's, the latest in turn */
	size_t past_next;
};

/* sources must outlive the facts. The range of displaced ports is the caller's to set. */
struct helper_facts helper_facts_from(struct helper_sources *sources);
/* For struct helper_config: arg is the sources. */
void helper_facts_refresh(void *arg);

#endif
