/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which interface is WAN and which is LAN when the configuration names none. Only an unmistakable
 * machine is answered: exactly one interface with a default route, exactly one that can be the
 * home network. Containers, virtual machines, tunnels and guest networks are never guessed.
 * detect_decide is a pure function of facts; detect_gather asks the kernel (rtnetlink).
 */
#ifndef GATEWAY_DETECT_H
#define GATEWAY_DETECT_H

#include "gateway/conf.h"
#include "gateway/log.h"

#include <stdbool.h>
#include <stddef.h>

#define DETECT_FACTS_MAX 256
#define DETECT_KIND_MAX 16

struct detect_fact {
	int ifindex;
	char name[CONF_IFNAME_MAX];
	char kind[DETECT_KIND_MAX];	/* of rtnetlink: "bridge", "wireguard"; "": hardware */
	bool up;
	bool loopback;
	bool private4;			/* has a private IPv4 address (RFC 1918) */
	bool default4;			/* an IPv4 default route leaves by it */
	bool default6;
};

struct detect_choice {
	const struct detect_fact *wan;	/* NULL: none, or more than one */
	const struct detect_fact *lan;
	size_t wan_count;
	size_t lan_count;
};

/* wan: its name when it is known already, or "". Points into facts. */
struct detect_choice detect_decide(const struct detect_fact *facts, size_t count, const char *wan);
/* Whether the interface may ever be guessed to be the home network, or the WAN. */
bool detect_may_be_lan(const struct detect_fact *fact);
bool detect_may_be_wan(const struct detect_fact *fact);
/* At most max facts; 0, ERR_IO or ERR_FULL. */
int detect_gather(struct detect_fact *facts, size_t max, size_t *count);
/* Fills what conf leaves open. ERR_NOT_FOUND: it cannot be told; the log then has what was seen
 * and the two lines to write. */
int detect_fill(struct conf *conf, struct log *log);

#endif
