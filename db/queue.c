/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database thread; see queue.h. Two lists under one lock: what waits for the thread and what
 * waits for the loop. How many there are is counted by the loop's thread alone.
 */
#include "db/queue.h"

#include "protocols/err.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct list {
	struct db_job *first;
	struct db_job *last;
};

struct db_queue {
	struct db *db;
	int fd;
	size_t depth;
	bool closing;		/* of the loop's thread: nothing more is taken */
	pthread_t thread;
	pthread_mutex_t lock;	/* of what follows */
	pthread_cond_t wake;
	struct list waiting;
	struct list finished;
	bool stop;
};

static void list_add(struct list *l, struct db_job *job)
{
	job->next = NULL;
	if (l->first)
		l->last->next = job;
	else
		l->first = job;
	l->last = job;
}

static struct db_job *list_take(struct list *l)
{
	struct db_job *job = l->first;

	if (job)
		l->first = job->next;
	return job;
}

/* NULL: the queue ends and nothing waits. */
static struct db_job *next_job(struct db_queue *q)
{
	struct db_job *job;

	pthread_mutex_lock(&q->lock);
	while (!q->waiting.first && !q->stop)
		pthread_cond_wait(&q->wake, &q->lock);
	job = list_take(&q->waiting);
	pthread_mutex_unlock(&q->lock);
	return job;
}

static void *work(void *arg)
{
	struct db_queue *q = arg;
	struct db_job *job;

	while ((job = next_job(q))) {
		job->err = job->run(q->db, job);
		pthread_mutex_lock(&q->lock);
		list_add(&q->finished, job);
		pthread_mutex_unlock(&q->lock);
		eventfd_write(q->fd, 1);
	}
	return NULL;
}

/* Signals are the loop's: the thread is born with all of them blocked. */
static int start(struct db_queue *q)
{
	sigset_t all, old;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	result = pthread_create(&q->thread, NULL, work, q);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return result;
}

struct db_queue *db_queue_new(struct db *db)
{
	struct db_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->db = db;
	q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->wake, NULL);
	if (q->fd >= 0 && start(q) == 0)
		return q;
	if (q->fd >= 0)
		close(q->fd);
	free(q);
	return NULL;
}

int db_queue_submit(struct db_queue *q, struct db_job *job)
{
	if (q->closing)
		return ERR_GONE;
	if (q->depth == DB_QUEUE_JOBS)
		return ERR_FULL;
	q->depth++;
	pthread_mutex_lock(&q->lock);
	list_add(&q->waiting, job);
	pthread_cond_signal(&q->wake);
	pthread_mutex_unlock(&q->lock);
	return 0;
}

int db_queue_fd(const struct db_queue *q)
{
	return q->fd;
}

void db_queue_reap(struct db_queue *q)
{
	eventfd_t unused;
	struct list finished;
	struct db_job *job;

	eventfd_read(q->fd, &unused);
	pthread_mutex_lock(&q->lock);
	finished = q->finished;
	q->finished.first = NULL;
	pthread_mutex_unlock(&q->lock);
	while ((job = list_take(&finished))) {
		q->depth--;
		job->done(job, job->err);
	}
}

size_t db_queue_depth(const struct db_queue *q)
{
	return q->depth;
}

void db_queue_free(struct db_queue *q)
{
	if (!q)
		return;
	q->closing = true;
	pthread_mutex_lock(&q->lock);
	q->stop = true;
	pthread_cond_signal(&q->wake);
	pthread_mutex_unlock(&q->lock);
	pthread_join(q->thread, NULL);
	db_queue_reap(q);
	db_close(q->db);
	close(q->fd);
	pthread_mutex_destroy(&q->lock);
	pthread_cond_destroy(&q->wake);
	free(q);
}
