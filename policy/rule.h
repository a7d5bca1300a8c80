/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule of the owner's policy: ordered, first match wins. Rules are rows of the store; here is
 * what they mean. Numbers of the enums are stored: append only.
 */
#ifndef POLICY_RULE_H
#define POLICY_RULE_H

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

#define RULE_NOTE_MAX 64

struct rule {
	uint32_t id;
	uint32_t position;		/* order; unique */
	bool enabled;
	uint8_t verdict;		/* enum rule_verdict */
	uint8_t zones;			/* bit mask of 1 << enum rule_zone; 0: every zone */
	uint32_t device_id;		/* 0: every device */
	uint8_t origins;		/* bit mask of 1 << enum map_origin; 0: every origin */
	uint8_t proto;			/* 0: every protocol */
	uint16_t external_min, external_max;	/* inclusive */
	uint16_t internal_min, internal_max;
	uint8_t risk;			/* enum rule_risk */
	uint32_t lifetime_max_s;	/* 0: no cap */
	bool third_party;		/* holds for what is asked for another host as well */
	char note[RULE_NOTE_MAX + 1];
};

/* The policy of an empty store: every LAN device may open ordinary ports for itself. Not sorted
 * anew: positions are 1, 2, ... */
const struct rule *rule_day_one(size_t *count);

/* Names for people and files; NULL or ERR_NOT_FOUND for what is no such value. */
const char *rule_verdict_text(uint8_t verdict);
const char *rule_zone_text(uint8_t zone);

/* A rule that contradicts itself is refused with the reason, a static text; NULL: it is fine. */
const char *rule_fault(const struct rule *r);

#endif
