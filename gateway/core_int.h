/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the core, for core_*.c only. Who calls whom, downwards:
 *
 *	core.c		the public calls that change something
 *	core_view.c	those that only look
 *	core_answer.c	the owner's answers to cards
 *	core_policy.c	rules and the policy as a whole
 *	core_clock.c	schedules, and rules that are over
 *	core_owner.c	the owner's acts on the whole
 *	core_copy.c	its copy as JSON
 *	core_redecide.c	what is open, decided anew
 *	core_batch.c	pending requests -> plan -> firewall -> store -> commit -> answers
 *	core_who.c	whom a request is from
 *	core_host.c	hosts as they are seen
 *	core_around.c	hosts and doors -> what the kernel knows of them; core_phones.c: phones
 *	core_home.c	openings follow their device, or are suspended
 *	core_device.c	the owner's word for devices: name, zone, forget, merge
 *	core_hand.c	the owner makes and ends openings by hand
 *	core_hands.c	the list of them
 *	core_reach.c	what of them should be open now
 *	core_act.c	acts that are done when they are in force and stored
 *	core_close.c	the owner closes an opening, and takes it back
 *	core_alert.c	what the owner should know of
 *	core_load.c	store and kernel -> table, at start
 *	core_explain.c	what would be answered
 *	core_plan.c	one request on the table -> changes and an answer
 *	core_card.c	questions to the owner
 *	core_unit.c	one opening or several that belong together, opened, renewed, ended
 *	core_peer.c	the same for an outbound flow, and its longer life
 *	core_ask.c	what every such request has to pass
 *	core_rules.c	the rules in force
 *	core_change.c	changes: made at once, undone or committed later
 *	core_elems.c	changes, or the whole table -> firewall elements
 *	core_store.c	changes and the owner's acts -> jobs
 *	core_auth.c	accounts and what goes with them, kept for web
 *	core_refuse.c	refusals, coalesced -> jobs
 *	core_sip*.c	what the SIP gateway needs besides
 *	core_job.c	jobs of the database thread
 *	core_news.c	the watch list
 */
#ifndef GATEWAY_CORE_INT_H
#define GATEWAY_CORE_INT_H

#include "db/queue.h"
#include "gateway/core_owner.h"
#include "gateway/device.h"
#include "gateway/log.h"
#include "policy/decide.h"
#include "policy/filter.h"
#include "policy/ports.h"
#include "policy/rule.h"

#define CORE_LANS_MAX 32
#define CORE_PINHOLE_IDS 65536	/* ids below are pinholes': UniqueID is ui2 */
#define CORE_WATCHERS 10	/* 8 and two of the core's own */
/* Filters of one device's openings, and of all. Taking one from the kernel's interval sets takes 4
 * us for each that is there, the one cost that grows with what is open. */
#define CORE_FILTERS_DEVICE 128
#define CORE_FILTERS_MAX 1024
#define CORE_HELD 65536		/* ports held back: a place each, so that nobody ends another's */
#define CORE_HOLD_MS 120000	/* RFC 6887 section 15: not to another client for two minutes */
#define CORE_DAY_MS 86400000ULL	/* kernel timeout of what has no end, and how long away is gone */

enum pending_kind {
	PENDING_REQUEST,
	PENDING_EXPIRE,
	PENDING_PROLONG,
	PENDING_FLUSH,
	PENDING_PLAN,
};

/* One thing to do in the next batch. */
struct pending {
	enum pending_kind kind;
	bool barred;			/* the firewall refused it: answer MAP_TROUBLE */
	bool deferred;			/* waits until what this batch does is over */
	struct map_req req;		/* REQUEST; descr points into text */
	char text[MAP_DESCR_MAX + 1];
	core_answer_fn *answer;
	core_done_fn *done;		/* FLUSH, PLAN */
	void (*plan)(struct core *core, uint32_t index);	/* PLAN */
	void *arg;
	uint32_t opening_id;		/* EXPIRE, PROLONG */
	enum map_origin origin;		/* EXPIRE */
	const char *why;		/* EXPIRE: static */
	bool looked_up;			/* PEER: flow is the running one's external end */
	struct endpoint flow;		/* port 0: it is not running */
	struct map_ans ans;
	/* what the record shall say of a refusal */
	uint32_t device_id, rule_id;
	const char *reason;
	struct explained *explained;	/* it is only a question: nothing of it stays */
};

/* What a question wants to know of the last decision. */
struct explained {
	bool asked;			/* a decision was made at all */
	struct decide_facts facts;
	struct decision decision;
};

enum change_kind {
	CHANGE_OPEN,		/* a new opening with its first lease */
	CHANGE_LEASE_ADD,	/* one more lease */
	CHANGE_LEASE_SET,	/* renewed or re-described; saved is what it was */
	CHANGE_LEASE_END,	/* one of several leases ends */
	CHANGE_CLOSE,		/* the opening ends */
	CHANGE_PIN,		/* the pinned sibling ended: this one leads outbound packets now */
	CHANGE_PROLONG,		/* nothing but the kernel's timeout */
	CHANGE_MOVE,		/* to another address or device, or suspended, or no more */
};

/* Where an opening leads. */
struct opening_place {
	uint32_t device_id;
	struct addr addr;
	bool suspended;
	bool pinned;			/* as it was; chosen anew where it goes */
};

struct change {
	enum change_kind kind;
	struct opening *opening;
	struct lease *lease;
	struct lease saved;		/* LEASE_SET */
	uint64_t saved_until_ms;	/* kernel_until_ms as it was */
	bool reshaped;			/* LEASE_SET: filters is the list of before */
	struct map_filters *filters;
	uint32_t item;			/* index of the pending request behind it */
	const char *why;		/* for the record; static text or a rule's note */
	const char *what;		/* MOVE */
	struct opening_place was;	/* MOVE */
};

struct batch {
	bool busy;
	bool rebuild;
	bool skip_firewall;		/* it cannot be had: only closing goes on */
	bool asking;			/* the firewall is asked for running flows first */
	unsigned rounds;
	bool applied;			/* the firewall has answered: */
	int apply_err;
	bool blamed;			/* and said whom to bar */
	bool outdated;			/* or judged by things that are others by now */
	struct pending *items;
	size_t item_count;
	size_t deferred;		/* of them */
	uint64_t planning;		/* which of all there were, in all batches */
	struct change *changes;
	size_t change_count, change_size;
	struct fw_elem *elems;
	uint32_t *elem_owner;		/* per element: its change's index or opening's place */
	size_t elem_count, elem_size;
	struct loop_timer late;		/* the store takes too long to wait for */
	struct db_job *job;		/* the job this batch waits for, NULL: none */
};

struct hold {
	uint32_t device_id;
	uint64_t until_ms;
};

struct watcher {
	core_news_fn *fn;
	void *arg;
};

struct refusals;
struct store_job;
struct waits;
struct cards;
struct explaining;

/* Rules in force, or of before: a batch under way may speak of their notes. */
struct rule_block {
	struct rule_block *next;
	size_t count;
	struct core_rule_use *use;	/* of each, by place */
	uint8_t *time;			/* of each: what its schedule said when it was looked at */
	struct rule at[];
};

struct hands;
struct alerts;
struct closed;
struct core_sip;

/* Where clients of the LAN knock: wanted, sent to the kernel last, and in force there. */
#define CORE_DOORS 32
struct door_list {
	struct core_door at[CORE_DOORS];
	size_t count;
};
struct doors {
	struct door_list wanted, sent, shown;
	bool hosts_sent;		/* and hosts with them */
};

struct core {
	struct loop *loop;
	struct fw *fw;
	struct db_queue *queue;
	struct loop_fd *queue_fd;
	struct log *log;
	bool log_record;
	struct core_env env;
	struct table *table;
	struct devices *devices;
	uint32_t zone_openings[RULE_ZONES];
	uint32_t filters;		/* of all openings but calls' */
	struct limits limits;
	const struct rule *rules;	/* of rule_block */
	size_t rule_count;
	struct rule_block *rule_block, *old_rules;
	uint32_t next_rule_id;
	struct loop_timer rule_clock;	/* schedules and ends of rules */
	struct loop_timer redecide;	/* a walk over all openings goes on */
	size_t redecide_place;
	struct cards *cards;
	struct explaining *explaining;	/* questions, in their order */
	const char *policy_copy;	/* file, or NULL */
	const char *factory;
	struct loop_timer copy_soon;
	bool copying, copy_stale;
	char policy_trouble[128];	/* why the stored policy was not believed; "": it was */
	struct db_state state;
	bool state_dirty;
	uint64_t started_ms;
	uint64_t epoch_start_ms;	/* loop time; may lie before 0 and wrap */
	bool wall_synced;
	uint32_t update_id;
	uint32_t beside_openings;	/* by hand and of calls; no quota counts them */
	uint32_t sip_filters;		/* of those of calls */
	struct addr wan4;
	struct addr past_wan4;		/* flows still leave from it; any: none do */
	int wan_ifindex;
	struct prefix lans[CORE_LANS_MAX];
	size_t lan_count;
	struct doors doors;
	struct loop_timer hosts_soon;	/* the store hears of them */
	struct hands *hands;
	struct alerts *alerts;
	struct closed *closed;		/* by the owner a moment ago, newest first */
	struct core_sip *sip;

	bool stopped;			/* nothing begins any more */
	bool ready;			/* batches may begin */
	bool merged;			/* what the kernel remembered is in the table */
	bool adopted;			/* some of it was new: the store has to learn it */
	uint32_t first_new_id, first_new_pinhole;	/* ids the store did not know at start */
	bool need_rebuild;
	bool resting;			/* flushed: no table until somebody asks for an opening */
	enum core_health firewall;
	struct loop_timer rebuild_retry;
	struct loop_timer barred_retry;	/* something is barred, and tried again then */
	unsigned barred_tries;		/* so far, for nothing */
	struct loop_timer start_wait;	/* while it runs, requests wait for the helper */

	struct waits *waits;
	struct pending *pending;
	size_t pending_count, pending_size;
	struct batch batch;
	loop_fn *lease_due;		/* what a lease's timer calls */
	struct hold held[CORE_HELD];
	uint32_t port_seed;
	struct loop_timer housekeeping;

	enum core_health store;
	bool store_stale, store_due;	/* jobs were lost; everything is to be written anew */
	void (*auth_all)(void *arg, struct store_job *sj);	/* core_auth.h; NULL: not known */
	void *auth_arg;
	bool store_new;			/* began empty: devices in the kernel are another one's */
	struct loop_timer store_retry;
	struct refusals *refusals;
	uint32_t records_since_prune;
	struct store_job *gathered;	/* rows that wait a moment for others; NULL: none do */
	struct watcher watchers[CORE_WATCHERS];
};

/* core_news.c */
void core_tell_all(struct core *core, const struct core_told *told);
void core_tell(struct core *core, enum core_news news, const struct opening *o);
void core_tell_id(struct core *core, enum core_news news, uint32_t id);

/* core_change.c */
struct opening_plan {
	uint32_t device_id;
	uint8_t proto;
	struct endpoint external, internal;
	struct prefix remote;
	uint16_t remote_port;
	bool disabled, outbound, suspended;
	uint32_t id;			/* it had before; 0: a new one */
	uint32_t hand_id;		/* it is made by hand */
	uint64_t created_wall_s;	/* with id */
	const struct opening *first;	/* of the unit this one belongs to; NULL: of none */
	uint8_t set_offset;
	uint32_t rule_id;
	const char *why;		/* it is allowed, for the record */
};
struct lease_plan {
	enum map_origin origin;
	uint32_t device_id;
	struct addr client;
	bool has_nonce;
	const uint8_t *nonce;
	uint32_t granted_s;
	uint64_t until_ms;		/* 0: granted from now on */
	struct str descr;
	struct map_filters filters;	/* of the opening */
};
/* All are in force on the table at once, as part of the batch, for item. ERR_MEMORY, ERR_EXISTS;
 * ERR_BUSY: the opening is not there yet but in this very batch. */
int change_open(struct core *core, uint32_t item, const struct opening_plan *op,
	const struct lease_plan *lp, struct opening **out);
int change_lease(struct core *core, uint32_t item, struct opening *o, const struct lease_plan *lp,
	const char *why);
/* Ends the lease, and with the last one the opening. */
int change_end(struct core *core, uint32_t item, struct lease *l, const char *why);
int change_close(struct core *core, uint32_t item, struct opening *o, const char *why);
int change_prolong(struct core *core, uint32_t item, struct opening *o);
/* To another place; ERR_BUSY as well: it has other filters or moves in this very batch. */
struct opening_move {
	struct opening_place to;
	const char *what, *why;		/* for the record */
};
int change_move(struct core *core, uint32_t item, struct opening *o,
	const struct opening_move *m);
bool change_stays(const struct change *c);	/* it moves to another device only */
/* Back to when there were mark changes; 0: all of the batch. */
void change_undo_to(struct core *core, size_t mark);
void change_commit_all(struct core *core);
/* The opening has so many filters more (or, wrapped, less). */
void change_count_filters(struct core *core, const struct opening *o, uint32_t more);
/* At start: takes an opening over that was there before, listed at once. */
int change_restore(struct core *core, struct opening *o);
void change_id_taken(struct core *core, uint32_t id);	/* the next one is behind it */
/* The opposite. */
void change_forget(struct core *core, struct opening *o);
/* Who leads outbound packets, once all are restored. */
void change_pin_oldest(struct core *core);
int change_restore_lease(struct core *core, struct opening *o, const struct lease *like);
/* When the longest lease ends; LOOP_NEVER. */
uint64_t change_until_ms(const struct opening *o);

/* core_rules.c */
/* A copy in the order given, each with its id. NULL: no memory. */
struct rule *rules_numbered(const struct core *core, const struct rule *rules, size_t count);
/* The same, of rules that may be put in force; malloc'ed. ERR_RANGE with *fault. */
int rules_checked(const struct core *core, const struct rule *rules, size_t count,
	struct core_fault *fault, struct rule **out);
/* A copy, to be put in force or dropped. NULL: no memory. */
struct rule_block *rules_new(const struct core *core, const struct rule *rules, size_t count);
void rules_drop(struct rule_block *b);
/* b is what decides from now on; gives back what did. */
struct rule_block *rules_swap(struct core *core, struct rule_block *b);
void rules_use(struct core *core, struct rule_block *b);	/* from now on; nobody is told */
void rules_free_old(struct core *core);	/* nobody speaks of them any more */
void rules_free(struct core *core);
void rules_count_use(struct core *core, uint32_t rule_id);
void rules_count_devices(struct core *core);	/* how many rules speak of each */
/* Fills in what time it is. */
void rules_time(const struct core *core, struct decide_facts *facts);
bool rules_timed(const struct rule *r);
uint8_t rules_time_of(const struct core *core, const struct rule *r);
/* A policy that is in force, or would be. */
struct judging {
	const struct rule *rules;
	size_t rule_count;
	bool attended;
	const struct db_device *devices;	/* whose zone would be another, by id */
	size_t device_count;
};
struct judging rules_in_force(const struct core *core);
/* Such a policy lets the lease live no longer; *why as decide has it. */
bool rules_deny(const struct core *core, const struct judging *by, const struct lease *l,
	const char **why);

/* They let it be opened now. */
bool rules_allow(const struct core *core, const struct lease *l);

/* core_card.c */
int cards_init(struct core *core);
int cards_load(struct core *core, struct db *db);
void cards_put_all(struct store_job *sj);
void cards_stop(struct core *core);	/* writes what is not written */
void cards_free(struct core *core);
/* NULL: the owner may be asked what this device wants; else why not, a static text. */
const char *card_refusal(const struct core *core, uint32_t device_id);
/* The owner is asked. */
void card_ask(struct core *core, const struct pending *item);
struct card *card_by_id(struct core *core, uint32_t id);
/* The request of an item, if it is still fresh; NULL. */
const struct pending *card_fresh(const struct core *core, const struct card *c, size_t item);
/* It is answered: its requests are forgotten, its end is set. */
void card_answered(struct core *core, struct card *c, enum card_state answer);
void cards_clock_synced(struct core *core);
/* A device goes, or becomes another one. */
void cards_forget(struct core *core, uint32_t device_id);
void cards_move(struct core *core, uint32_t from, uint32_t into);

/* core_explain.c */
void explain_step(struct core *core);	/* while no batch is under way */
void explain_stop(struct core *core);

/* core_redecide.c */
void redecide_init(struct core *core);
void redecide_stop(struct core *core);
/* All openings, some at each wake-up, by the policy in force: after a change of rules or of a
 * device's zone (it may have asked for another's, so its own would not be all). */
void redecide_all(struct core *core);
/* What it would close. */
void redecide_preview(const struct core *core, const struct judging *by,
	const struct core_closing *closing);
/* This rule's time is over: what it allowed and nothing else does ends within the hour. */
void redecide_over(struct core *core, uint32_t rule_id);
/* Rules are others, or the clock is: core_clock.c looks at once. */
void redecide_now(struct core *core);

/* core_clock.c */
void clock_init(struct core *core);
void clock_stop(struct core *core);

/* core_copy.c */
void copy_init(struct core *core);
void copy_policy(struct core *core);	/* the JSON copy, soon */
void copy_stop(struct core *core);

/* core_detail.c: before and after for the record, malloc'ed JSON; NULL: no memory */
struct json_t;
char *detail_of(struct json_t *before, struct json_t *after);	/* takes both */
char *detail_of_rules(const struct core *core, const struct rule *rules, size_t count);

/* core_owner.c */
/* A change of policy: to the store with its row of the record, in force, told, and what is open
 * decided anew. */
struct policy_change {
	const char *what, *why;		/* of the record */
	char *detail;			/* taken; NULL: none */
	const struct rule *rules;	/* with ids; positions are made. NULL: as they are */
	size_t rule_count;
	struct rule_block *made;	/* instead of rules, taken; what goes along has happened:
					   it is in force whatever the store says */
	bool attended;			/* as it shall be */
	uint8_t preset;
	uint32_t device_id;		/* of the record's row; 0: none */
	struct store_job *sj;		/* with what goes along, taken; NULL: nothing does */
};
struct policy_change policy_change_of(const struct core *core, const char *what, const char *why);
/* Other than 0: nothing has changed; never with made. */
int policy_change_put(struct core *core, const struct policy_change *change,
	const struct core_act *act);
/* All rules there are with more of them before the owner's first, as a malloc'ed list of *count;
 * ids are given. NULL: no memory, or too many. */
struct rule *policy_with_rules(struct core *core, const struct rule *more, size_t more_count,
	size_t *count);
/* Makes the daemon's own acts: what was said until a time is over. */
void policy_drop_over(struct core *core);

/* core_policy.c */
/* Of the store, at start, after its devices; where it cannot be believed, the last good one. */
int policy_load(struct core *core, struct db *db, bool is_new);
void policy_loaded(struct core *core);	/* raises what policy_load could not */

/* core_plan.c */
void plan_item(struct core *core, uint32_t index);
void plan_all(struct core *core);	/* of the batch */

/* core_who.c */
/* The device of this client, made if it is new. NULL: too many, or not known who it is. */
struct device *who_device(struct core *core, const struct addr *addr);
/* A host at this address, as it is seen now, its MAC not known. */
struct device_host who_host(const struct core *core, const struct addr *addr);
/* Its zone, with the counts behind the quotas. */
void device_set_zone(struct core *core, struct device *d, uint8_t zone);

/* core_host.c */
void hosts_init(struct core *core);
void hosts_stop(struct core *core);	/* writes what is not written */

/* core_home.c */
int home_init(struct core *core);
/* If it has moved, its openings are suspended, follow or resume in the next batch. */
void home_look(struct core *core, struct device *d);

/* core_act.c: an act of two parts, in force and stored */
struct acting;
struct acting *act_begin(const struct core_act *act);	/* NULL: no memory */
struct core_act act_part(struct acting *a, const struct core_act *act);	/* for one of them */
void act_part_done(void *acting, int err);		/* for the other one */
void act_cancel(struct acting *a);			/* neither of them will come */

/* core_hands.c */
int hands_init(struct core *core);
void hands_free(struct core *core);
uint32_t hands_next_id(const struct core *core);

/* core_reach.c */
void hands_start(struct core *core);
void hands_stop(struct core *core);
/* One is new or another; done (NULL: nobody) is told when what is open is as it should be. */
void hands_put(struct core *core, const struct hand *h, const struct pending *done);
void hands_drop(struct core *core, uint32_t id, const struct pending *done);
void hands_move(struct core *core, uint32_t from, uint32_t into);	/* to another device */
void hands_rest(struct core *core);	/* everything was closed: they too, until they are saved */
/* What is open by hand is as it should be, from the next batch on. */
void hands_look(struct core *core);
void hands_device_moved(struct core *core, const struct device *d);
/* All of them anew, with their ids; nobody is told and nothing stored. ERR_MEMORY. */
int hands_set(struct core *core, const struct hand *hands, size_t count);
/* A port of it is the router's own: a static text; NULL: none is. */
const char *hands_port_fault(const struct core *core, const struct hand *h);

/* core_alert.c */
int alerts_init(struct core *core);
int alerts_load(struct core *core, struct db *db);
void alerts_stop(struct core *core);
void alerts_free(struct core *core);
void alert_over_like(struct core *core, const struct db_alert *like);	/* it is no longer so */
size_t alerts_waiting(const struct core *core);

/* core_close.c */
void closed_free(struct core *core);

/* core_elems.c */
#define ELEMS_NO_OWNER UINT32_MAX	/* the surroundings: interfaces, addresses, prefixes */
int elems_of_changes(struct core *core);
int elems_of_table(struct core *core);
int elems_add(struct core *core, const struct fw_elem *e);	/* to the surroundings */
/* What the kernel remembers of an opening, besides its key. */
struct elems_memo {
	uint8_t origin;
	uint8_t proto;
	bool has_nonce, disabled, pinned;
	uint32_t id, device_id, granted_s;
	uint8_t nonce[MAP_NONCE_LEN];
	struct endpoint internal;
	uint16_t external_port;
	uint32_t set_id;
	uint8_t set_offset;
};
int elems_memo_decode(const uint8_t *bytes, size_t len, struct elems_memo *out);

/* core_job.c */
uint64_t store_wall_s(const struct core *core);

/* core_auth.c: all of its rows anew, where they are known */
void auth_put_all(struct store_job *sj);

/* core_refuse.c */
int refuse_init(struct core *core);
void refuse_note(struct core *core, const struct pending *item);
void refuse_row(struct core *core, const struct db_record *row);	/* one of another kind */
void refuse_flush(struct core *core);	/* what is noted and not yet written, now */
void refuse_free(struct core *core);

/* core_store.c */
void store_init(struct core *core);
void store_free(struct core *core);
/* Submits what the batch changed. true: batch.job is set and batch_stored will be called. */
bool store_batch(struct core *core, void (*stored)(struct core *core));
/* A row of the owner's acts; act->done is not called. */
void store_admin(struct core *core, const char *what, const char *why,
	const struct core_act *act);
void store_everything(struct core *core);	/* or by store_step, between two batches */
void store_step(struct core *core);
struct store_setting {
	const char *name;		/* of the limits table */
	int64_t value;
	char *detail;			/* taken */
};
int store_setting(struct core *core, const struct store_setting *s, const struct core_act *act);
int store_page(struct core *core, const struct core_page *page, core_page_fn *fn, void *arg);
int store_verify(struct core *core, core_verified_fn *fn, void *arg);
void store_state(struct core *core);

/* core_load.c */
int load_store(struct core *core, struct db *db, const uint8_t boot_id[DB_BOOT_ID_LEN]);
/* Asks the kernel what it remembers and merges that; sets ready when it is done. */
void load_kernel(struct core *core);

/* core_batch.c */
int batch_push(struct core *core, const struct pending *item);
int batch_push_expired(struct core *core, const struct opening *o, enum map_origin origin,
	const char *why);
void batch_step(void *core);		/* the loop's hook */
void batch_lease_due(void *lease);	/* core.lease_due */
void batch_retry_barred(struct core *core);	/* soon: what the firewall refused */
void batch_stop(struct core *core);	/* answers what waits */
void batch_free(struct core *core);

/* core_wait.c */
int waits_init(struct core *core);
void waits_stop(struct core *core);	/* who waits is pending now */
void waits_free(struct core *core);
/* False: there is nothing to wait for. */
bool wait_for_owner(struct core *core, const struct pending *item);

#endif
