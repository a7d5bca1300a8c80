/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the helper lets pass, whoever asks: no element leads anywhere but to a host of a LAN, none
 * gives away the router's own addresses or ports, none stays for ever. Pure: what the machine is
 * like comes as facts. Deleting is never refused, since it opens nothing.
 */
#ifndef GATEWAY_HELPER_CHECK_H
#define GATEWAY_HELPER_CHECK_H

#include "gateway/fw.h"
#include "gateway/helper_wire.h"

#define HELPER_CHECK_TIMEOUT_MAX_MS FW_TIMEOUT_MAX_MS

/* Questions to the helper's own configuration and rtnetlink. */
struct helper_facts {
	void *arg;
	/* The daemon may have heard of a change first: what follows is asked as things are now. May
	 * be NULL. */
	void (*catch_up)(void *arg);
	bool (*is_wan_if)(void *arg, uint32_t ifindex);
	bool (*is_wan4)(void *arg, const struct addr *a);
	bool (*was_wan4)(void *arg, const struct addr *a);	/* and may be no more */
	/* On-link of a LAN and neither this machine's, nor a broadcast or subnet address. */
	bool (*is_lan_host)(void *arg, const struct addr *a);
	bool (*is_lan_prefix)(void *arg, const struct prefix *p);
	/* On-link of this LAN or link-local there, and as is_lan_host. */
	bool (*is_lan_source)(void *arg, int ifindex, const struct addr *a);
	/* The router listens there, and the owner did not yield the port. */
	bool (*is_own_port)(void *arg, uint8_t proto, uint16_t port);
	/* Postern itself does, for clients of the LAN. */
	bool (*is_door)(void *arg, uint8_t proto, uint16_t port);
	/* Of the helper's own configuration; none with the SIP gateway off. */
	bool (*is_sip_port)(void *arg, uint16_t port);
	bool places;			/* phones may have public places: the SIP gateway is on */
	uint16_t displaced_min;		/* ports kept for displaced flows (ruleset.h) */
	uint16_t displaced_max;
};

/* ERR_SYNTAX: not what fw.c makes, so not from our daemon; ERR_DENIED: well made, and refused. */
int helper_check_elem(const struct helper_facts *facts, const struct fw_elem *elem);
/* The same for flows to forget: only those to our WAN addresses or to hosts of a LAN, and a LAN
 * host's to a SIP port. */
int helper_check_flow(const struct helper_facts *facts, const struct wire_flow *flow);

/* A flow to look at or to keep: one that a host of a LAN sends to anywhere, not for too long. */
int helper_check_tuple(const struct helper_facts *facts, const struct wire_tuple *tuple);
/* A socket for a SIP port; IPv6 UDP also for one that a phone may use itself. */
int helper_check_way(const struct helper_facts *facts, const struct wire_way *way);
/* A neighbour to ask about: one of a LAN, by a host's MAC. */
int helper_check_probe(const struct helper_facts *facts, const struct wire_probe *probe);

#endif
