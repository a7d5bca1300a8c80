/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hashing thread; see auth_hash.h. Jobs are places of a ring under one lock. */
#include "web/auth_hash.h"

#include "protocols/err.h"

#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

_Static_assert(crypto_pwhash_STRBYTES <= DB_PASSWORD_HASH_MAX + 1, "an account keeps it");

struct job {
	bool make;		/* else verify */
	bool good;
	size_t len;
	char password[AUTH_HASH_PASSWORD_MAX];
	char hash[DB_PASSWORD_HASH_MAX + 1];
	auth_hash_fn *fn;
	void *arg;
};

struct auth_hash {
	struct loop *loop;
	struct loop_fd *lfd;
	int fd;
	bool running;		/* there is a thread */
	pthread_t thread;
	pthread_mutex_t lock;	/* of what follows */
	pthread_cond_t wake;
	bool stop;
	size_t first, hashed, count;	/* of the ring: the first `hashed` of them are done */
	struct job ring[AUTH_HASH_WAITING_MAX];
};

static struct job *job_at(struct auth_hash *h, size_t i)
{
	return &h->ring[(h->first + i) % AUTH_HASH_WAITING_MAX];
}

static void run(struct job *job)
{
	if (job->make)
		job->good = crypto_pwhash_str_alg(job->hash, job->password, job->len,
			AUTH_HASH_PASSES, AUTH_HASH_MEMORY, crypto_pwhash_ALG_ARGON2ID13) == 0;
	else
		job->good = crypto_pwhash_str_verify(job->hash, job->password, job->len) == 0;
	sodium_memzero(job->password, sizeof(job->password));
}

/* NULL: it ends. */
static struct job *next_job(struct auth_hash *h)
{
	struct job *job;

	pthread_mutex_lock(&h->lock);
	while (h->hashed == h->count && !h->stop)
		pthread_cond_wait(&h->wake, &h->lock);
	job = h->stop ? NULL : job_at(h, h->hashed);
	pthread_mutex_unlock(&h->lock);
	return job;
}

static void *work(void *arg)
{
	struct auth_hash *h = arg;
	struct job *job;

	while ((job = next_job(h))) {
		run(job);
		pthread_mutex_lock(&h->lock);
		h->hashed++;
		pthread_mutex_unlock(&h->lock);
		eventfd_write(h->fd, 1);
	}
	return NULL;
}

/* Takes the oldest one when it is done, or whatever it is. */
static bool take(struct auth_hash *h, bool whatever, struct job *out)
{
	bool taken;

	pthread_mutex_lock(&h->lock);
	taken = h->hashed > 0 || (whatever && h->count > 0);
	if (taken) {
		*out = *job_at(h, 0);
		h->first = (h->first + 1) % AUTH_HASH_WAITING_MAX;
		h->count--;
		h->hashed -= h->hashed > 0;
	}
	pthread_mutex_unlock(&h->lock);
	return taken;
}

static void on_hashed(void *arg, uint32_t events)
{
	struct auth_hash *h = arg;
	eventfd_t unused;
	struct job job;

	(void)events;
	eventfd_read(h->fd, &unused);
	while (take(h, false, &job))
		job.fn(job.arg, job.good, job.hash);
}

/* Signals are the loop's: the thread is born with all of them blocked. */
static bool start(struct auth_hash *h)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	h->running = pthread_create(&h->thread, NULL, work, h) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return h->running;
}

struct auth_hash *auth_hash_new(struct loop *loop)
{
	struct auth_hash *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->loop = loop;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->wake, NULL);
	h->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->fd >= 0)
		h->lfd = loop_fd_add(loop, h->fd, EPOLLIN, on_hashed, h);
	if (sodium_init() >= 0 && h->lfd && start(h))
		return h;
	auth_hash_free(h);
	return NULL;
}

static int submit(struct auth_hash *h, struct str password, const struct job *like)
{
	int err = ERR_BUSY;

	if (password.len > AUTH_HASH_PASSWORD_MAX)
		return ERR_RANGE;
	pthread_mutex_lock(&h->lock);
	if (h->count < AUTH_HASH_WAITING_MAX) {
		struct job *job = job_at(h, h->count++);
		*job = *like;
		job->len = password.len;
		if (password.len > 0)
			memcpy(job->password, password.p, password.len);
		pthread_cond_signal(&h->wake);
		err = 0;
	}
	pthread_mutex_unlock(&h->lock);
	return err;
}

int auth_hash_make(struct auth_hash *h, struct str password, auth_hash_fn *fn, void *arg)
{
	const struct job job = {.make = true, .fn = fn, .arg = arg};

	return submit(h, password, &job);
}

int auth_hash_verify(struct auth_hash *h, struct str password, const char *hash,
	auth_hash_fn *fn, void *arg)
{
	struct job job = {.fn = fn, .arg = arg};
	size_t len = strlen(hash);

	if (len > DB_PASSWORD_HASH_MAX)
		return ERR_RANGE;
	memcpy(job.hash, hash, len);
	return submit(h, password, &job);
}

void auth_hash_free(struct auth_hash *h)
{
	struct job job;

	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	h->stop = true;
	pthread_cond_signal(&h->wake);
	pthread_mutex_unlock(&h->lock);
	if (h->running)
		pthread_join(h->thread, NULL);
	while (take(h, true, &job))
		job.fn(job.arg, false, job.hash);
	loop_fd_remove(h->loop, h->lfd);
	if (h->fd >= 0)
		close(h->fd);
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->wake);
	sodium_memzero(h->ring, sizeof(h->ring));
	free(h);
}
