/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs for the database thread, for the core's own files: rows are copied into a list of
 * operations on the loop's thread and written, in one transaction, on the other.
 */
#ifndef GATEWAY_CORE_JOB_H
#define GATEWAY_CORE_JOB_H

#include "gateway/core_int.h"

enum op_kind {
	OP_OPENING,
	OP_LEASE,
	OP_FILTERS,
	OP_OPENING_GONE,
	OP_LEASE_GONE,
	OP_CLEAR,
	OP_RECORD,
	OP_DEVICE,
	OP_DEVICE_ADDR,
	OP_DEVICE_ADDR_GONE,
	OP_DEVICE_GONE,
	OP_DEVICE_ADDRS_GONE,
	OP_DEVICES_CLEAR,
	OP_SETTING,
	OP_PRUNE,
	OP_KEPT,
};

struct op {
	enum op_kind kind;
	union {
		struct db_opening opening;
		struct db_lease lease;
		struct {
			uint32_t id;		/* of the opening */
			struct map_filters list;
		} filters;
		struct {
			struct db_record record;
			char *detail;		/* malloc'ed JSON, or NULL */
		} row;
		struct db_device device;
		struct {
			uint32_t id;
			struct addr addr;
			char ifname[DB_IFNAME_MAX];
		} device_addr;
		struct {
			const char *name;	/* of the limits table */
			int64_t value;
		} setting;
		struct limits limits;
		struct {
			int (*put)(struct db *db, const void *row);
			void *row;	/* malloc'ed; kept for others, who know what it is */
		} kept;
	};
};

struct store_job {
	struct db_job job;
	struct core *core;
	bool durable;
	bool whole;			/* everything: the store is up to date after it */
	bool lacking;			/* a row had no memory: it fails as a whole */
	bool has_state;			/* it writes the state, too */
	struct db_state state;
	struct op *ops;
	size_t count, size;
	struct loop_timer due;		/* of what is gathered */
	void (*stored)(struct core *core);	/* batches */
	core_done_fn *done;		/* the owner's acts */
	void *arg;
};

/* NULL: no memory. durable: done is called after a sync. */
struct store_job *job_new(struct core *core, bool durable);
void job_free(struct store_job *sj);
/* NULL: no memory; then the job is short of a row and the store is told stale on submitting. */
struct op *job_add(struct store_job *sj, enum op_kind kind);
/* Takes the job. False: it could not be queued and is gone, and the store counts as stale. What is
 * gathered goes first: the record is in order. */
bool job_submit(struct store_job *sj);
/* For rows of the record that nobody waits for: they are submitted together, a moment later or
 * before whatever else is. Not to be submitted or kept by the caller. NULL: no memory. */
struct store_job *job_gather(struct core *core);
void job_flush(struct core *core);	/* what is gathered, now */
/* Something did not reach the store: try again later, as a whole. */
void job_lost(struct core *core);

void job_put_opening(struct store_job *sj, const struct opening *o);	/* with its filters */
void job_put_filters(struct store_job *sj, const struct opening *o);
void job_put_lease(struct store_job *sj, struct lease *l);
void job_put_state(struct store_job *sj);	/* as it is now, instead of what it was */
void job_put_devices(struct store_job *sj);
/* A record row, with its time; valid until the next row is added. NULL: no memory. */
struct db_record *job_put_record(struct store_job *sj, enum db_ring ring, const char *what);
/* A row of the owner's acts, by whom; its done is the job's. NULL: no memory. */
struct op *job_put_admin(struct store_job *sj, const char *what, const struct core_act *act);
/* A copy of the row, for put. */
void job_put_row(struct store_job *sj, int (*put)(struct db *db, const void *row), const void *row,
	size_t size);
void job_put_rules(struct store_job *sj, const struct rule *rules, size_t count); /* all */
void job_put_hands(struct store_job *sj);	/* all */
void job_put_policy(struct store_job *sj);	/* rules, limits, openings by hand */
void job_put_card(struct store_job *sj, const struct card *c);
void job_put_card_gone(struct store_job *sj, uint32_t id);
/* At start, before the thread: in this one. */
int job_run_now(struct store_job *sj, struct db *db);
void job_put_why(struct db_record *r, const char *why);

#endif
