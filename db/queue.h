/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database thread: owns the connection, runs jobs in order, one after the other. The loop's
 * thread submits and reaps; it never waits. fd becomes readable when jobs are done.
 */
#ifndef DB_QUEUE_H
#define DB_QUEUE_H

#include "db/db.h"

#include <stddef.h>

#define DB_QUEUE_JOBS 256	/* submitted and not yet reaped; more is ERR_FULL */

struct db_queue;

/* Embedded first in the caller's job; the caller owns it again when done is called. */
struct db_job {
	int (*run)(struct db *db, struct db_job *job);		/* in the database thread */
	void (*done)(struct db_job *job, int err);		/* in the loop's thread */
	struct db_job *next;
	int err;
};

/* Takes the connection over. NULL: no memory or no thread. */
struct db_queue *db_queue_new(struct db *db);
/* ERR_FULL, or ERR_GONE from within a done that db_queue_free calls; the job stays the caller's. */
int db_queue_submit(struct db_queue *q, struct db_job *job);
int db_queue_fd(const struct db_queue *q);
void db_queue_reap(struct db_queue *q);		/* calls done of finished jobs, in order */
size_t db_queue_depth(const struct db_queue *q);	/* submitted, not yet reaped */
/* Runs what is queued, reaps it, ends the thread, closes the connection. */
void db_queue_free(struct db_queue *q);

#endif
