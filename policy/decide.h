/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts in, decision out. What no rule may allow comes first (somebody else's address), then the
 * rules in their order, first match wins; what no rule speaks of is refused.
 */
#ifndef POLICY_DECIDE_H
#define POLICY_DECIDE_H

#include "policy/limits.h"
#include "policy/rule.h"
#include "protocols/map.h"

struct decide_facts {
	enum rule_zone zone;
	uint32_t device_id;
	enum map_origin origin;
	uint8_t proto;
	uint16_t external_port;		/* wanted; 0: any, then only the internal one decides */
	uint16_t internal_port;
	bool own_address;		/* the target is an address of the asking device */
	bool third_party;		/* or the request says that it is another's */
	bool somebody_answers;		/* an owner is there to be asked */
};

struct decision {
	enum map_result result;		/* MAP_OK, MAP_DENIED or MAP_PENDING */
	uint32_t rule_id;		/* that decided; 0: built in */
	uint32_t lifetime_max_s;	/* 0: no cap by rule */
	const char *why;		/* the rule's note or a static text; lives as rules do */
	const struct risk *risk;	/* of a port that was looked at; NULL: an ordinary one */
};

void decide(const struct rule *rules, size_t count, const struct decide_facts *facts,
	struct decision *out);

/* Whether a rule lets this device ask for others at all. */
bool decide_third_party(const struct rule *rules, size_t count, const struct decide_facts *facts);

/* How many openings there are, before one more. */
struct decide_usage {
	uint32_t device, zone, total;
};
/* NULL: within the limits; else which one is used up, a static text. */
const char *decide_quota(const struct limits *limits, enum rule_zone zone,
	const struct decide_usage *usage);

/* What is granted of a wanted lifetime: clamped for PCP and NAT-PMP, never for UPnP, whose answers
 * carry no lease. cap_s of a rule (0: none) holds for what the protocol can tell. */
uint32_t decide_lifetime(const struct limits *limits, enum map_origin origin, uint32_t wanted_s,
	uint32_t cap_s);

#endif
