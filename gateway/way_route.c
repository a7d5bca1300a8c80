/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See way_route.h and rtnetlink(7). */
#include "gateway/way_route.h"

#include "gateway/nl.h"
#include "protocols/err.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#define LOOPBACK_IFINDEX 1	/* in every network namespace */
#define ADD (NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK)

static int ask_rule(struct nl *route, const struct way_route *way, bool is6, bool add)
{
	union nl_request request;
	struct fib_rule_hdr *rule = nl_begin(&request, add ? RTM_NEWRULE : RTM_DELRULE,
		add ? ADD : NLM_F_ACK, sizeof(*rule));

	rule->family = is6 ? AF_INET6 : AF_INET;
	rule->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(&request.header, FRA_PRIORITY, way->priority);
	mnl_attr_put_u32(&request.header, FRA_FWMARK, way->mark);
	mnl_attr_put_u32(&request.header, FRA_FWMASK, way->mark);
	mnl_attr_put_u32(&request.header, FRA_TABLE, way->table);
	return nl_ask(route, &request, NULL, NULL);
}

static int ask_route(struct nl *route, const struct way_route *way, bool is6, bool add)
{
	union nl_request request;
	struct rtmsg *rtm = nl_begin(&request, add ? RTM_NEWROUTE : RTM_DELROUTE,
		add ? ADD : NLM_F_ACK, sizeof(*rtm));

	rtm->rtm_family = is6 ? AF_INET6 : AF_INET;
	rtm->rtm_table = RT_TABLE_UNSPEC;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = RT_SCOPE_HOST;
	rtm->rtm_type = RTN_LOCAL;
	mnl_attr_put_u32(&request.header, RTA_OIF, LOOPBACK_IFINDEX);
	mnl_attr_put_u32(&request.header, RTA_TABLE, way->table);
	return nl_ask(route, &request, NULL, NULL);
}

int way_route_add(struct nl *route, const struct way_route *way, bool is6)
{
	/* The rule last: without its table it would lead nowhere, and with it all the way. */
	int err = ask_route(route, way, is6, true);

	if (!err || err == ERR_EXISTS)
		err = ask_rule(route, way, is6, true);
	return err == ERR_EXISTS ? 0 : err;
}

void way_route_remove(struct nl *route, const struct way_route *way)
{
	for (int is6 = 0; is6 < 2; is6++) {
		(void)ask_rule(route, way, is6, false);
		(void)ask_route(route, way, is6, false);
	}
}
