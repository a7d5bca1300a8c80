/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts in, decision out. What no rule may allow comes first (a blocked device, somebody else's
 * address), then the rules in their order, first match wins; what no rule speaks of is refused.
 *
 * Asking makes sense only when somebody can answer. Until then "ask" lets ordinary and look-first
 * ports open and keeps risky ones shut: whoever asks is written down, and nobody is locked out of
 * a router that nobody looks after.
 *
 * SIP (the ALG, for devices the owner marked as phones) is decided by rules that name it; without
 * one a marked phone may, unless it is a guest or blocked, or the port inside is a risky one: an
 * emergency call must not wait.
 *
 * A schedule needs to know the time: while nobody knows it, a rule that allows does not hold, one
 * that denies or asks does.
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
	const struct prefix *remote;	/* who shall come in; NULL or any: everybody */
	struct str descr;
	bool time_known;
	uint64_t wall_s;		/* with time_known */
	uint16_t minute_of_week;	/* local, Monday 00:00 is 0; with time_known */
};

/* Why a rule does not speak of a request; the first that holds, in this order. */
enum decide_miss {
	DECIDE_MATCH = 0,
	DECIDE_OFF,		/* switched off */
	DECIDE_OVER,		/* its time is over */
	DECIDE_DEVICE,
	DECIDE_ZONE,
	DECIDE_ORIGIN,
	DECIDE_OTHERS,		/* it is asked for another host, and the rule does not say so */
	DECIDE_PROTO,
	DECIDE_EXTERNAL,
	DECIDE_INTERNAL,
	DECIDE_RISK,
	DECIDE_REMOTE,
	DECIDE_DESCR,
	DECIDE_TIME,		/* another time of the week */
	DECIDE_CLOCK,		/* the clock is not known yet */
};
#define DECIDE_MISSES (DECIDE_CLOCK + 1)

enum decide_miss decide_rule(const struct rule *rule, const struct decide_facts *facts);
const char *decide_miss_text(enum decide_miss miss);	/* "it is for another zone", ... */

struct decision {
	enum map_result result;		/* MAP_OK, MAP_DENIED or MAP_PENDING */
	uint32_t rule_id;		/* that decided; 0: built in */
	uint32_t lifetime_max_s;	/* 0: no cap by rule */
	uint32_t quota;			/* of the rule, per device; 0: none */
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
	uint32_t rule;			/* of the device by the deciding rule */
};
/* NULL: within the limits; else which one is used up, a static text. rule_quota 0: none. */
const char *decide_quota(const struct limits *limits, enum rule_zone zone,
	const struct decide_usage *usage, uint32_t rule_quota);

/* What is granted of a wanted lifetime: clamped for PCP and NAT-PMP, never for UPnP, whose answers
 * carry no lease. cap_s of a rule (0: none) holds for what the protocol can tell. */
uint32_t decide_lifetime(const struct limits *limits, enum map_origin origin, uint32_t wanted_s,
	uint32_t cap_s);

#endif
