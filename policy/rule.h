/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule of the owner's policy: ordered, first match wins. Rules are rows of the store; here is
 * what they mean. Numbers of the enums are stored: append only.
 */
#ifndef POLICY_RULE_H
#define POLICY_RULE_H

#include "policy/schedule.h"
#include "protocols/map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rule_zone {
	RULE_ZONE_ADMIN = 0,
	RULE_ZONE_MEMBER = 1,
	RULE_ZONE_NEW = 2,
	RULE_ZONE_GUEST = 3,
	RULE_ZONE_BLOCKED = 4,
};
#define RULE_ZONES 5

enum rule_verdict { RULE_DENY = 0, RULE_ALLOW = 1, RULE_ASK = 2 };
#define RULE_VERDICTS 3

/* Which ports, internal or external, a rule speaks of by the risk table (policy/risk.h). */
enum rule_risk { RULE_RISK_ALL = 0, RULE_RISK_RISKY = 1, RULE_RISK_LOOK = 2 };
#define RULE_RISKS 3

/* Who made it: a preset takes its own away when another one comes, nobody else's. */
enum rule_maker {
	RULE_BY_OWNER = 0,
	RULE_BY_PRESET = 1,
	RULE_BY_CARD = 2,	/* the owner's answer to a question: of several external ports
				   only the ordinary ones are meant */
	RULE_BY_CLOSE = 3,	/* the owner closed an opening "for a day", "for good" */
};
#define RULE_MAKERS 4

#define RULE_NOTE_MAX 64
#define RULE_DESCR_MAX 64
#define RULE_PROTO_OTHER 255	/* neither TCP nor UDP */
#define RULES_MAX 1000		/* a decision with all of them takes some microseconds */

struct rule {
	uint32_t id;
	uint32_t position;		/* order; unique */
	bool enabled;
	uint8_t verdict;		/* enum rule_verdict */
	uint8_t maker;			/* enum rule_maker */
	uint8_t zones;			/* bit mask of 1 << enum rule_zone; 0: every zone */
	uint32_t device_id;		/* 0: every device */
	uint8_t origins;		/* bit mask of 1 << enum map_origin; 0: every one but SIP */
	uint8_t proto;			/* 0: every protocol; RULE_PROTO_OTHER */
	uint16_t external_min, external_max;	/* inclusive */
	uint16_t internal_min, internal_max;
	uint8_t risk;			/* enum rule_risk */
	bool has_remote;		/* only openings for peers within remote: */
	struct prefix remote;		/* any6 when has_remote is false */
	char descr[RULE_DESCR_MAX + 1];	/* glob of '*' and '?' on the app's text, ASCII letters of
					   either case alike; "": every text. It proves
					   nothing about who asks */
	struct schedule when;
	uint64_t until_wall_s;		/* it ends then; 0: never */
	uint32_t lifetime_max_s;	/* 0: no cap */
	uint32_t quota;			/* openings of one device by this rule; 0: no own limit */
	bool third_party;		/* holds for what is asked for another host as well */
	char note[RULE_NOTE_MAX + 1];
};

/* Every field as for "every request there is": enabled, all ports, verdict deny. */
void rule_init(struct rule *r);

/* Names for people and files; NULL for what is no such value. */
const char *rule_verdict_text(uint8_t verdict);
const char *rule_zone_text(uint8_t zone);
const char *rule_risk_text(uint8_t risk);
const char *rule_maker_text(uint8_t maker);

/* Alike in all but id and position. */
bool rule_says_same(const struct rule *a, const struct rule *b);

/* A rule that contradicts itself is refused with the reason, a static text; NULL: it is fine. */
const char *rule_fault(const struct rule *r);
/* The same for all of them together: ids and positions unique, not more than RULES_MAX. *place is
 * the index of the rule to blame. */
const char *rule_fault_of_all(const struct rule *rules, size_t count, size_t *place);

#endif
