/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner's side of the core: policy, devices, questions, openings by hand, alerts, record. All
 * of it is recorded in the ring of the owner's acts with who did it and what was before and after,
 * answered after the store's sync, and refused as a whole with the place and the reason.
 */
#ifndef GATEWAY_CORE_OWNER_H
#define GATEWAY_CORE_OWNER_H

#include "gateway/core.h"
#include "policy/card.h"
#include "policy/decide.h"
#include "policy/hand.h"
#include "policy/preset.h"
#include "policy/risk.h"
#include "policy/rule.h"
#include "policy/service.h"

/* Who does it, and who is told when it is in force and stored (done may be NULL). Any function that
 * takes an act and returns other than 0 has done nothing and calls nobody. */
#define CORE_BY_MAX 48
struct core_act {
	const char *by;		/* up to CORE_BY_MAX bytes: "root", an account; copied */
	core_done_fn *done;
	void *arg;
};

/* Why something was refused as a whole. */
struct core_fault {
	char place[64];			/* "rules[3].external"; "": the whole */
	char why[160];
};

/* What a change of policy would close: called for every opening, with the reason. */
struct core_closing {
	void (*each)(void *arg, const struct opening *o, const char *why);
	void *arg;
};

/* ---- openings ---- */

/* All openings and the whole table in the kernel; it is made anew for the next opening. */
int core_flush(struct core *core, const struct core_act *act);
enum core_close { CORE_CLOSE_NOW, CORE_CLOSE_DAY, CORE_CLOSE_GOOD };
/* Closes an opening; DAY and GOOD add a rule that refuses that device and port for so long.
 * ERR_NOT_FOUND; ERR_DENIED: it was made by hand, and is closed there. */
int core_close(struct core *core, uint32_t id, enum core_close how, const struct core_act *act);
#define CORE_UNDO_S 60
/* Takes core_close back: the rule goes, the opening comes again with what was left of its leases.
 * ERR_NOT_FOUND: not closed within CORE_UNDO_S. done gets ERR_EXISTS when its port is taken. */
int core_undo(struct core *core, uint32_t id, const struct core_act *act);

/* ---- rules ---- */

const struct rule *core_rules(const struct core *core, size_t *count);	/* in their order */
struct core_rule_use {
	uint32_t count;			/* requests it decided since the start */
	uint64_t last_wall_s;		/* 0: none */
};
struct core_rule_use core_rule_use(const struct core *core, uint32_t rule_id);
/* All of them anew; an id of 0 gets one, a known id stays. What they deny closes within a second;
 * what they would ask about lives to its end. ERR_RANGE with *fault. */
int core_rules_put(struct core *core, const struct rule *rules, size_t count,
	const struct core_act *act, struct core_fault *fault);
int core_rules_preview(struct core *core, const struct rule *rules, size_t count,
	const struct core_closing *closing, struct core_fault *fault);
int core_preset_put(struct core *core, enum preset_id preset, const struct core_act *act);
int core_preset_preview(struct core *core, enum preset_id preset,
	const struct core_closing *closing);
/* Somebody looks after this router from now on (or no more): questions are asked. */
int core_attend(struct core *core, bool attended, const struct core_act *act);

/* ---- the whole policy (policy_json.h writes and reads it) ---- */

struct policy {
	struct rule *rules;
	size_t rule_count;
	struct hand *hands;
	size_t hand_count;
	struct db_device *devices;	/* whom the owner named, put in a zone, marked as a phone or
					   let others call, and whom rules and hands speak of */
	size_t device_count;
	struct limits limits;
	uint8_t preset;			/* enum preset_id */
	bool attended;
};
/* A copy; policy_json_free. ERR_MEMORY. */
int core_policy_get(const struct core *core, struct policy *out);
/* In force as a whole, or not at all. Devices are found by MAC and made where they are new. */
int core_policy_put(struct core *core, const struct policy *policy, const struct core_act *act,
	struct core_fault *fault);
int core_policy_preview(struct core *core, const struct policy *policy,
	const struct core_closing *closing, struct core_fault *fault);
/* Back to the policy of an empty store; devices, record and what is open by right of it stay.
 * ERR_RANGE with *fault: factory.json is not to be believed, and nothing was changed. */
int core_reset(struct core *core, const struct core_act *act, struct core_fault *fault);

/* ---- explain ---- */

struct core_explain {
	struct map_req req;
	const struct rule *rules;	/* tried as if put in force; NULL: those that are */
	size_t count;
};
struct core_explained {
	enum map_result result;
	const struct rule *rules;	/* that were tried, each with its id */
	size_t rule_count;
	uint32_t rule_id;		/* that decided; 0: none did */
	const char *why;		/* in the words the record would have */
	struct endpoint external;	/* it would get */
	uint32_t lifetime_s;
	uint32_t device_id;		/* who would have asked; 0: nobody known */
	/* Per rule in order up to the deciding one: why it does not speak of this. */
	const enum decide_miss *misses;
	size_t miss_count;
};
typedef void core_explained_fn(void *arg, const struct core_explained *e);
/* What would be answered, without doing it; x is copied. Called once, from the loop or by core_stop
 * (MAP_TROUBLE). ERR_BUSY; ERR_RANGE with *fault, as of core_rules_put. */
int core_explain(struct core *core, const struct core_explain *x, struct core_fault *fault,
	core_explained_fn *fn, void *arg);

/* ---- devices ---- */

struct core_device_change {
	const char *name;		/* NULL: as it is; "": none */
	int zone;			/* enum rule_zone; -1: as it is */
	int phone;			/* 0, 1; -1: as it is */
	const struct db_callers *callers;	/* all of them anew; NULL: as they are */
};
/* ERR_NOT_FOUND; ERR_RANGE with *fault (a guest's zone is its LAN's). */
int core_device_put(struct core *core, uint32_t id, const struct core_device_change *change,
	const struct core_act *act, struct core_fault *fault);
int core_device_preview(struct core *core, uint32_t id, const struct core_device_change *change,
	const struct core_closing *closing);
/* Its names, addresses, cards and rules go, its openings close; the record keeps only its number.
 * ERR_NOT_FOUND; ERR_DENIED: the owner has openings by hand for it. */
int core_device_forget(struct core *core, uint32_t id, const struct core_act *act);
/* "Is this the same device?" Yes: what from has (name, zone, callers, openings, hands, rules)
 * is into's.
 * ERR_NOT_FOUND; ERR_DENIED: one is a guest and the other is not. */
int core_device_merge(struct core *core, uint32_t from, uint32_t into,
	const struct core_act *act);
struct core_device_addr {
	struct addr addr;
	int ifindex;			/* 0: not seen since the start */
	bool here;			/* it answers there, as far as is known */
};
/* Returns how many were written. */
size_t core_device_addrs(const struct core *core, uint32_t id, struct core_device_addr *out,
	size_t max);
uint32_t core_device_openings(const struct core *core, uint32_t id);

/* ---- cards: what waits for the owner ---- */

const struct card *core_cards(const struct core *core, size_t *count);	/* by id */
/* answer: any state but OPEN and MISSED, for a card in state OPEN or MISSED. Fresh requests are
 * opened at once; *opened tells how many will be. ERR_NOT_FOUND, ERR_EXISTS: answered already,
 * ERR_AGAIN: the clock is not known, so nobody knows what "today" is. */
int core_card_answer(struct core *core, uint32_t id, enum card_state answer,
	const struct core_act *act, size_t *opened);
/* Its request would be opened at once (it is younger than CARD_FRESH_S). */
bool core_card_is_fresh(const struct core *core, const struct card *card);

/* ---- openings by hand ---- */

const struct hand *core_hands(const struct core *core, size_t *count);	/* by id */
/* id 0: a new one, *id tells. ERR_RANGE with *fault, ERR_NOT_FOUND (id, device), ERR_FULL. */
int core_hand_put(struct core *core, const struct hand *hand, const struct core_act *act,
	struct core_fault *fault, uint32_t *id);
int core_hand_delete(struct core *core, uint32_t id, const struct core_act *act);
enum core_hand_state {
	CORE_HAND_OPEN,
	CORE_HAND_OFF,
	CORE_HAND_RESTING,		/* its schedule says not now, or the clock is not known */
	CORE_HAND_WAITING,		/* its device has no address now */
	CORE_HAND_TAKEN,		/* a port of it is not to be had; text */
	CORE_HAND_TROUBLE,		/* the firewall; text */
};
struct core_hand_status {
	enum core_hand_state state;
	const char *text;		/* a sentence for the owner, static or living as hands do */
	const char *warning;		/* NULL; else e.g. "the router itself listens there" */
	struct endpoint target4;	/* port 0: none */
	size_t openings;
};
struct core_hand_status core_hand_status(const struct core *core, const struct hand *hand);

/* ---- alerts ---- */

const struct db_alert *core_alerts(const struct core *core, size_t *count);	/* by id */
/* Raises it, or counts it on the one that is like it (kind, mac, addr, device). For gateway/ only;
 * first, last, count and id are filled in. */
void core_alert_raise(struct core *core, const struct db_alert *like);
/* It is no longer so. */
void core_alert_over(struct core *core, enum db_alert_kind kind);
/* The owner expects it (GATEWAY) or puts it away. */
int core_alert_put(struct core *core, uint32_t id, bool expected, const struct core_act *act);

/* ---- limits and record ---- */

/* ERR_NOT_FOUND, ERR_RANGE. */
int core_setting_put(struct core *core, struct str name, int64_t value,
	const struct core_act *act);
struct core_row {
	struct db_record record;
	const char *detail;		/* JSON or "" */
};
#define CORE_PAGE_LOOKS 10		/* times DB_RECORD_LOOK rows are looked at for a text */
/* Newest first; rows are valid during the call only. next: the before to go on with; 0: nothing is
 * left. */
typedef void core_page_fn(void *arg, int err, const struct core_row *rows, size_t count,
	uint64_t next);
struct core_page {
	struct db_record_filter filter;
	uint64_t before;		/* 0: from the newest */
	uint32_t count;
};
int core_record_page(struct core *core, const struct core_page *page, core_page_fn *fn, void *arg);
/* err 0: all chains hold, over so many rows; ERR_CORRUPT: bad_seq does not fit. */
typedef void core_verified_fn(void *arg, int err, uint64_t bad_seq, uint64_t rows);
int core_record_verify(struct core *core, core_verified_fn *fn, void *arg);

#endif
