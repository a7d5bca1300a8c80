/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * postern-notify: tells the owner's phone or chat what waits for him. It follows the daemon's news
 * on the control socket with the rights of one who may only look, and posts new cards and alerts.
 * One thread hears, the other posts, so that a server that does not answer loses no news. There is
 * nothing to do at its end, so signals end it.
 */
#include "gateway/log.h"
#include "protocols/err.h"
#include "web/cli_http.h"
#include "web/cli_watch.h"
#include "web/notify_conf.h"
#include "web/notify_post.h"
#include "web/notify_queue.h"

#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AGAIN_MIN_S 1		/* to the daemon */
#define AGAIN_MAX_S 60
#define RETRY_MIN_S 5		/* to the server */
#define RETRY_MAX_S 900

struct program {
	const char *socket, *conf_path, *told;
	struct notify_conf conf;
	struct log log;
	struct notify_queue *queue;
	struct notify_post *post;
	struct cli_watch watch;
	bool heard;		/* the daemon answered since it was away */
};

static unsigned longer(unsigned seconds, unsigned max)
{
	return seconds * 2 > max ? max : seconds * 2;
}

/* ---- hearing ---- */

static bool is_wanted(const struct program *p, const struct notify_message *m)
{
	return m->key.kind == 'c' ? p->conf.cards : p->conf.alerts;
}

static int on_event(void *arg, const char *name, struct str data)
{
	struct program *p = arg;
	struct notify_message m;
	int err = notify_text_make(name, data, p->conf.link, &m);

	p->heard = true;
	if (err == ERR_SYNTAX)
		log_warning(&p->log, "the daemon told of a %s that cannot be read", name);
	if (err)
		return err == ERR_MEMORY ? err : 0;
	if (!is_wanted(p, &m))
		notify_text_free(&m);
	else if (notify_queue_put(p->queue, &m))
		log_warning(&p->log, "too many messages wait: the oldest is lost");
	return 0;
}

static int on_piece(void *arg, struct str piece)
{
	struct cli_watch *w = arg;
	struct program *p = w->arg;

	p->heard = true;
	return cli_watch_piece(w, piece);
}

static void follow(struct program *p)
{
	const struct cli_request req = {
		.socket = p->socket, .method = "GET", .target = "/api/v1/events?pending=1"};
	struct cli_reply refused = {0};
	int err;

	p->watch.fn = on_event;
	p->watch.arg = p;
	p->watch.len = 0;
	p->heard = false;
	err = cli_http_stream(&req, on_piece, &p->watch, &refused);
	if (refused.status)
		log_error(&p->log, "the daemon refuses (%u): is this user its watch_user?",
			refused.status);
	else if (err && !p->heard)
		log_warning(&p->log, "the daemon cannot be reached: %s", err_text(err));
	cli_reply_free(&refused);
}

static void *hear(void *arg)
{
	struct program *p = arg;
	unsigned wait_s = AGAIN_MIN_S;

	for (;;) {
		follow(p);
		wait_s = p->heard ? AGAIN_MIN_S : longer(wait_s, AGAIN_MAX_S);
		sleep(wait_s);
	}
	return NULL;
}

/* ---- posting ---- */

/* Until the server takes it, or it need not be told any more. */
static bool post(struct program *p, const struct notify_message *m)
{
	unsigned wait_s = RETRY_MIN_S;
	const char *why;
	int err;

	for (;;) {
		err = notify_post_send(p->post, m, &why);
		if (err == 0)
			return true;
		if (err == ERR_DENIED) {
			log_error(&p->log, "the server refuses a message: %s", why);
			return false;
		}
		log_warning(&p->log, "a message waits, again in %u s: %s", wait_s, why);
		if (!notify_queue_rest(p->queue, wait_s))
			return false;
		wait_s = longer(wait_s, RETRY_MAX_S);
	}
}

static void run(struct program *p)
{
	for (;;) {
		struct notify_message m;
		bool told;

		notify_queue_take(p->queue, &m);
		told = post(p, &m);
		if (notify_queue_done(p->queue, &m, told))
			log_warning(&p->log, "%s cannot be written: after a restart this is told "
				"again", p->told);
	}
}

/* ---- beginning ---- */

static int usage(FILE *out)
{
	fputs("usage: postern-notify [--config PATH] [--socket PATH] [--told PATH]\n", out);
	return out == stdout ? 0 : 2;
}

/* -1: go on; else the exit code. */
static int read_options(struct program *p, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'},
		{"told", required_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'}, {0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:s:t:hV", options, NULL)) != -1) {
		if (option == 'h')
			return usage(stdout);
		if (option == 'V')
			return puts("postern-notify " POSTERN_VERSION) < 0;
		if (option == 'c')
			p->conf_path = optarg;
		else if (option == 's')
			p->socket = optarg;
		else if (option == 't')
			p->told = optarg;
		else
			return usage(stderr);
	}
	return optind == argc ? -1 : usage(stderr);
}

static bool load(struct program *p)
{
	struct notify_conf_fault fault = {0};
	int err = notify_conf_load(p->conf_path, &p->conf, &fault);

	if (err == ERR_SYNTAX)
		log_error(&p->log, "%s: line %u: %s", p->conf_path, fault.line, fault.why);
	else if (err)
		log_error(&p->log, "%s: %s", p->conf_path, err_text(err));
	return !err;
}

int main(int argc, char **argv)
{
	struct program p = {
		.socket = POSTERN_RUNDIR "/control.sock",
		.conf_path = POSTERN_SYSCONFDIR "/notify.conf",
	};
	pthread_t hearing;
	int code = read_options(&p, argc, argv);

	if (code >= 0)
		return code;
	log_open(&p.log, LOG_TARGET_STDERR, LOG_LEVEL_INFO, "postern-notify");
	if (!load(&p))
		return 1;
	p.queue = notify_queue_new(p.told);
	p.post = notify_post_new(&p.conf);
	if (!p.queue || !p.post || pthread_create(&hearing, NULL, hear, &p) != 0) {
		log_error(&p.log, "no memory");
		return 1;
	}
	run(&p);
	return 0;
}
