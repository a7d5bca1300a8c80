/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The database thread: order, bounds, whose thread calls what, and an end that loses nothing. */
#include "tests/unit/temp_db.h"

#include "db/queue.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>

struct job {
	struct db_job base;
	int number;
	struct log *log;
};

/* What the jobs did, in order; run writes in the database thread, done in ours. */
struct log {
	pthread_t loop_thread;
	sem_t gate;		/* the first job waits here */
	int ran[DB_QUEUE_JOBS + 1], done[DB_QUEUE_JOBS + 1];
	size_t ran_count, done_count;
	bool wrong_thread;
	struct db_queue *queue;
	int resubmit_err;
};

static struct job *of(struct db_job *base)
{
	return (struct job *)base;
}

static int run(struct db *db, struct db_job *base)
{
	struct job *job = of(base);
	char name[16];

	if (job->number == 0)
		sem_wait(&job->log->gate);
	if (pthread_equal(pthread_self(), job->log->loop_thread))
		job->log->wrong_thread = true;
	job->log->ran[job->log->ran_count++] = job->number;
	snprintf(name, sizeof(name), "job%d", job->number);
	return job->number == 3 ? ERR_DENIED : db_setting_put(db, name, 1);
}

static void done(struct db_job *base, int err)
{
	struct job *job = of(base);

	if (!pthread_equal(pthread_self(), job->log->loop_thread))
		job->log->wrong_thread = true;
	assert_int_equal(err, job->number == 3 ? ERR_DENIED : 0);
	job->log->done[job->log->done_count++] = job->number;
	free(job);
}

static struct db_job *job_new(struct log *log, int number)
{
	struct job *job = calloc(1, sizeof(*job));

	*job = (struct job){.base = {.run = run, .done = done}, .number = number, .log = log};
	return &job->base;
}

static void log_init(struct log *log)
{
	memset(log, 0, sizeof(*log));
	log->loop_thread = pthread_self();
	sem_init(&log->gate, 0, 0);
}

static struct db_queue *queue_of(struct temp_db *t)
{
	struct db_queue *q = db_queue_new(t->db);

	assert_non_null(q);
	t->db = NULL;
	return q;
}

static bool readable(const struct db_queue *q, int wait_ms)
{
	struct pollfd p = {.fd = db_queue_fd(q), .events = POLLIN};

	return poll(&p, 1, wait_ms) == 1;
}

static void assert_order(const struct log *log, size_t count)
{
	assert_false(log->wrong_thread);
	assert_int_equal(log->ran_count, count);
	assert_int_equal(log->done_count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(log->ran[i], i);
		assert_int_equal(log->done[i], i);
	}
}

static int count_setting(void *arg, const char *name, int64_t value)
{
	(void)name;
	*(int64_t *)arg += value;
	return 0;
}

static int64_t settings(struct temp_db *t)
{
	int64_t count = 0;

	temp_db_reopen(t);
	assert_int_equal(db_settings_each(t->db, count_setting, &count), 0);
	return count;
}

static void test_order_and_bound(void **state)
{
	struct temp_db *t = *state;
	struct db_queue *q = queue_of(t);
	struct db_job *surplus;
	struct log log;

	log_init(&log);
	assert_false(readable(q, 0));
	for (int n = 0; n < DB_QUEUE_JOBS; n++)
		assert_int_equal(db_queue_submit(q, job_new(&log, n)), 0);
	surplus = job_new(&log, DB_QUEUE_JOBS);
	assert_int_equal(db_queue_submit(q, surplus), ERR_FULL);
	assert_int_equal(db_queue_depth(q), DB_QUEUE_JOBS);
	assert_false(readable(q, 20));
	db_queue_reap(q);
	assert_int_equal(log.done_count, 0);
	sem_post(&log.gate);
	while (db_queue_depth(q) > 0) {
		assert_true(readable(q, 10000));
		db_queue_reap(q);
	}
	assert_order(&log, DB_QUEUE_JOBS);
	assert_int_equal(db_queue_submit(q, surplus), 0);
	db_queue_free(q);
	assert_order(&log, DB_QUEUE_JOBS + 1);
	assert_int_equal(settings(t), DB_QUEUE_JOBS);
}

static void test_free_runs_what_waits(void **state)
{
	struct temp_db *t = *state;
	struct db_queue *q = queue_of(t);
	struct log log;

	log_init(&log);
	sem_post(&log.gate);
	for (int n = 0; n < 100; n++)
		assert_int_equal(db_queue_submit(q, job_new(&log, n)), 0);
	db_queue_free(q);
	assert_order(&log, 100);
	assert_int_equal(settings(t), 99);
}

static void done_again(struct db_job *base, int err)
{
	struct job *job = of(base);

	assert_int_equal(err, 0);
	if (job->log->done_count++ == 0)
		job->log->resubmit_err = db_queue_submit(job->log->queue, base);
}

/* A job may be submitted again from its done; when the queue ends it is told so instead. */
static void test_submit_from_done(void **state)
{
	struct temp_db *t = *state;
	struct log log;
	struct job job = {.base = {.run = run, .done = done_again}, .number = 1, .log = &log};

	log_init(&log);
	log.queue = queue_of(t);
	assert_int_equal(db_queue_submit(log.queue, &job.base), 0);
	while (db_queue_depth(log.queue) > 0) {
		assert_true(readable(log.queue, 10000));
		db_queue_reap(log.queue);
	}
	assert_int_equal(log.resubmit_err, 0);
	assert_int_equal(log.done_count, 2);
	log.done_count = 0;
	assert_int_equal(db_queue_submit(log.queue, &job.base), 0);
	db_queue_free(log.queue);
	assert_int_equal(log.resubmit_err, ERR_GONE);
	assert_int_equal(log.done_count, 1);
	temp_db_reopen(t);
}

static void test_free_of_nothing(void **state)
{
	struct temp_db *t = *state;

	db_queue_free(queue_of(t));
	db_queue_free(NULL);
	temp_db_reopen(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_DB_TEST(test_order_and_bound),
		TEMP_DB_TEST(test_free_runs_what_waits),
		TEMP_DB_TEST(test_submit_from_done),
		TEMP_DB_TEST(test_free_of_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
