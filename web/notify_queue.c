/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queue of postern-notify; see notify_queue.h. */
#include "web/notify_queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct notify_queue {
	pthread_mutex_t lock;
	pthread_cond_t news;
	struct notify_message waiting[NOTIFY_QUEUE_MAX];	/* the oldest first */
	size_t count;
	struct notify_key taken;	/* being posted; kind 0: none */
	bool taken_over;
	struct notify_told told;
};

static bool is_same(const struct notify_key *a, const struct notify_key *b)
{
	return a->kind == b->kind && a->id == b->id && a->since == b->since;
}

struct notify_queue *notify_queue_new(const char *told)
{
	struct notify_queue *q = calloc(1, sizeof(*q));
	pthread_condattr_t attr;

	if (!q)
		return NULL;
	notify_told_load(&q->told, told);
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->news, &attr);
	pthread_condattr_destroy(&attr);
	return q;
}

static void remove_at(struct notify_queue *q, size_t i)
{
	notify_text_free(&q->waiting[i]);
	q->count--;
	memmove(&q->waiting[i], &q->waiting[i + 1], (q->count - i) * sizeof(q->waiting[0]));
}

/* A later word on what waits takes its place. */
static void remove_waiting(struct notify_queue *q, const struct notify_key *key)
{
	for (size_t i = q->count; i-- > 0;)
		if (is_same(&q->waiting[i].key, key))
			remove_at(q, i);
}

/* What is over need not be told; an alert that comes again is told again. */
static void forget(struct notify_queue *q, const struct notify_message *m)
{
	remove_waiting(q, &m->key);
	if (is_same(&q->taken, &m->key))
		q->taken_over = true;
	if (m->key.kind == 'a')
		(void)notify_told_remove(&q->told, &m->key);
}

static bool is_known(const struct notify_queue *q, const struct notify_key *key)
{
	return key->count == 0 || notify_told_has(&q->told, key) ||
	       (is_same(&q->taken, key) && q->taken.count >= key->count);
}

bool notify_queue_put(struct notify_queue *q, struct notify_message *m)
{
	bool lost = false;

	pthread_mutex_lock(&q->lock);
	if (m->over) {
		forget(q, m);
	} else if (!is_known(q, &m->key)) {
		remove_waiting(q, &m->key);
		lost = q->count == NOTIFY_QUEUE_MAX;
		if (lost)
			remove_at(q, 0);
		q->waiting[q->count++] = *m;
		m->body = NULL;
	}
	pthread_cond_signal(&q->news);
	pthread_mutex_unlock(&q->lock);
	notify_text_free(m);
	return lost;
}

void notify_queue_take(struct notify_queue *q, struct notify_message *out)
{
	pthread_mutex_lock(&q->lock);
	while (q->count == 0)
		pthread_cond_wait(&q->news, &q->lock);
	*out = q->waiting[0];
	q->waiting[0].body = NULL;
	remove_at(q, 0);
	q->taken = out->key;
	q->taken_over = false;
	pthread_mutex_unlock(&q->lock);
}

bool notify_queue_rest(struct notify_queue *q, unsigned seconds)
{
	struct timespec until;
	bool wanted;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)seconds;
	pthread_mutex_lock(&q->lock);
	while (!q->taken_over && err == 0)
		err = pthread_cond_timedwait(&q->news, &q->lock, &until);
	wanted = !q->taken_over;
	pthread_mutex_unlock(&q->lock);
	return wanted;
}

int notify_queue_done(struct notify_queue *q, struct notify_message *m, bool told)
{
	int err = 0;

	pthread_mutex_lock(&q->lock);
	q->taken = (struct notify_key){0};
	if (told)
		err = notify_told_add(&q->told, &m->key);
	pthread_mutex_unlock(&q->lock);
	notify_text_free(m);
	return err;
}

void notify_queue_free(struct notify_queue *q)
{
	if (!q)
		return;
	while (q->count > 0)
		remove_at(q, q->count - 1);
	pthread_cond_destroy(&q->news);
	pthread_mutex_destroy(&q->lock);
	free(q);
}
