/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the core, for core_*.c only. Who calls whom, downwards:
 *
 *	core.c		the public calls that change something
 *	core_view.c	those that only look
 *	core_batch.c	pending requests -> plan -> firewall -> store -> commit -> answers
 *	core_load.c	store and kernel -> table, at start
 *	core_plan.c	one request on the table -> changes and an answer
 *	core_unit.c	one opening or several that belong together, opened, renewed, ended
 *	core_peer.c	the same for an outbound flow, and its longer life
 *	core_ask.c	what every such request has to pass
 *	core_change.c	changes: made at once, undone or committed later
 *	core_elems.c	changes, or the whole table -> firewall elements
 *	core_store.c	changes and the owner's acts -> jobs
 *	core_refuse.c	refusals, coalesced -> jobs
 *	core_job.c	jobs of the database thread
 *	core_news.c	the watch list
 */
#ifndef GATEWAY_CORE_INT_H
#define GATEWAY_CORE_INT_H

#include "db/queue.h"
#include "gateway/core.h"
#include "gateway/device.h"
#include "gateway/log.h"
#include "policy/decide.h"
#include "policy/filter.h"
#include "policy/ports.h"
#include "policy/rule.h"

#define CORE_LANS_MAX 32
#define CORE_PINHOLE_IDS 65536	/* ids below are pinholes': UniqueID is ui2 */
#define CORE_WATCHERS 8
/* Filters of one device's openings, and of all. Taking one from the kernel's interval sets takes 4
 * us for each that is there, the one cost that grows with what is open. */
#define CORE_FILTERS_DEVICE 128
#define CORE_FILTERS_MAX 1024
#define CORE_HELD 65536		/* ports held back: a place each, so that nobody ends another's */
#define CORE_HOLD_MS 120000	/* RFC 6887 section 15: not to another client for two minutes */
#define CORE_DAY_MS 86400000ULL	/* kernel timeout of what has no end, and how long away is gone */

enum pending_kind { PENDING_REQUEST, PENDING_EXPIRE, PENDING_PROLONG, PENDING_FLUSH };

/* One thing to do in the next batch. */
struct pending {
	enum pending_kind kind;
	bool barred;			/* the firewall refused it: answer MAP_TROUBLE */
	bool deferred;			/* needs what this batch is doing to be over: next batch */
	struct map_req req;		/* REQUEST; descr points into text */
	char text[MAP_DESCR_MAX + 1];
	core_answer_fn *answer;
	core_done_fn *done;		/* FLUSH */
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
};

enum change_kind {
	CHANGE_OPEN,		/* a new opening with its first lease */
	CHANGE_LEASE_ADD,	/* one more lease */
	CHANGE_LEASE_SET,	/* renewed or re-described; saved is what it was */
	CHANGE_LEASE_END,	/* one of several leases ends */
	CHANGE_CLOSE,		/* the opening ends */
	CHANGE_PIN,		/* the pinned sibling ended: this one leads outbound packets now */
	CHANGE_PROLONG,		/* nothing but the kernel's timeout */
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
	struct pending *items;
	size_t item_count;
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

struct core {
	struct loop *loop;
	struct fw *fw;
	struct db_queue *queue;
	struct loop_fd *queue_fd;
	struct log *log;
	struct core_env env;
	struct table *table;
	struct devices *devices;
	uint32_t zone_openings[RULE_ZONES];
	uint32_t filters;		/* of all openings */
	struct limits limits;
	struct rule *rules;
	size_t rule_count;
	struct db_state state;
	bool state_dirty;
	uint64_t started_ms;
	uint64_t epoch_start_ms;	/* loop time; may lie before 0 and wrap */
	bool wall_synced;
	uint32_t update_id;

	struct addr wan4;
	int wan_ifindex;
	struct prefix lans[CORE_LANS_MAX];
	size_t lan_count;

	bool stopped;			/* nothing begins any more */
	bool ready;			/* batches may begin */
	bool merged;			/* what the kernel remembered is in the table */
	bool adopted;			/* some of it was new: the store has to learn it */
	uint32_t first_new_id, first_new_pinhole;	/* ids the store did not know at start */
	bool need_rebuild;
	bool resting;			/* flushed: no table until somebody asks for an opening */
	enum core_health firewall;
	struct loop_timer rebuild_retry;
	struct loop_timer start_wait;	/* while it runs, requests wait for the helper */

	struct pending *pending;
	size_t pending_count, pending_size;
	struct batch batch;
	loop_fn *lease_due;		/* what a lease's timer calls */
	struct hold held[CORE_HELD];
	uint32_t port_seed;
	struct loop_timer housekeeping;

	enum core_health store;
	bool store_stale;		/* jobs were lost: write everything anew */
	struct loop_timer store_retry;
	struct refusals *refusals;
	uint32_t records_since_prune;

	struct watcher watchers[CORE_WATCHERS];
};

/* core_news.c */
void core_tell(struct core *core, enum core_news news, const struct opening *o);

/* core_change.c */
struct opening_plan {
	uint32_t device_id;
	uint8_t proto;
	struct endpoint external, internal;
	struct prefix remote;
	uint16_t remote_port;
	bool disabled;
	bool outbound;
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

/* core_plan.c */
void plan_item(struct core *core, uint32_t index);

/* core_elems.c */
#define ELEMS_NO_OWNER UINT32_MAX	/* the surroundings: interfaces, addresses, prefixes */
int elems_of_changes(struct core *core);
int elems_of_table(struct core *core);
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

/* core_refuse.c */
int refuse_init(struct core *core);
void refuse_note(struct core *core, const struct pending *item);
void refuse_flush(struct core *core);	/* what is noted and not yet written, now */
void refuse_free(struct core *core);

/* core_store.c */
void store_init(struct core *core);
void store_free(struct core *core);
/* Submits what the batch changed. true: batch.job is set and batch_stored will be called. */
bool store_batch(struct core *core, void (*stored)(struct core *core));
void store_admin(struct core *core, const char *what, const char *why);
void store_everything(struct core *core);
int store_setting(struct core *core, const char *name, int64_t value, core_done_fn *done,
	void *arg);
int store_page(struct core *core, uint64_t before, uint32_t count, core_page_fn *fn, void *arg);
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
void batch_stop(struct core *core);	/* answers what waits */
void batch_free(struct core *core);

#endif
