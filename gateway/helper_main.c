/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * postern-helper: the only part of Postern with CAP_NET_ADMIN. Composes the backend, the facts and
 * the server of helper.c, gives up all the rest (drop.h) and runs until SIGTERM or SIGINT. What is
 * in force stays when it ends.
 */
#include "gateway/conf.h"
#include "gateway/detect.h"
#include "gateway/drop.h"
#include "gateway/helper.h"
#include "gateway/helper_facts.h"
#include "gateway/log.h"
#include "gateway/loop.h"
#include "gateway/net.h"
#include "gateway/nft.h"
#include "gateway/notify.h"
#include "gateway/ownports.h"
#include "policy/ports.h"
#include "protocols/err.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4	/* one daemon, and the one that takes over from it */

struct options {
	const char *config;
	bool foreground;
};

struct program {
	struct conf conf;
	struct log log;
	struct loop *loop;
	struct notify notify;
	struct net *net;
	struct ownports *ports;
	struct fw *nft;
	struct helper_sources sources;
	struct helper *helper;
	int listen_fd;
	int signal_fd;
};

static void print_usage(FILE *to)
{
	fputs("usage: postern-helper [-f] [-c FILE]\n"
	      "       -c  configuration file (" POSTERN_SYSCONFDIR "/postern.conf)\n"
	      "       -f  log to stderr whatever the configuration says\n"
	      "       -h  this text    -V  version\n", to);
}

/* 0, or the exit code plus 1. */
static int read_options(int argc, char **argv, struct options *out)
{
	int c;

	while ((c = getopt(argc, argv, "c:fhV")) != -1) {
		switch (c) {
		case 'c':
			out->config = optarg;
			break;
		case 'f':
			out->foreground = true;
			break;
		case 'h':
			print_usage(stdout);
			return EXIT_SUCCESS + 1;
		case 'V':
			puts("postern-helper " POSTERN_VERSION);
			return EXIT_SUCCESS + 1;
		default:
			print_usage(stderr);
			return EXIT_FAILURE + 1;
		}
	}
	if (optind == argc)
		return 0;
	print_usage(stderr);
	return EXIT_FAILURE + 1;
}

static void on_problem(void *arg, const struct conf_problem *problem)
{
	if (problem->line > 0)
		log_error(arg, "%s:%u: %s", problem->path, problem->line, problem->text);
	else
		log_error(arg, "%s: %s", problem->path, problem->text);
}

static int read_config(struct program *p, const struct options *options)
{
	int err;

	log_open(&p->log, LOG_TARGET_STDERR, LOG_LEVEL_INFO, "postern-helper");
	err = conf_load(options->config, &p->conf, on_problem, &p->log);
	if (err)
		return err;
	log_close(&p->log);
	log_open(&p->log, options->foreground ? LOG_TARGET_STDERR : p->conf.log_target,
		p->conf.log_level, "postern-helper");
	return detect_fill(&p->conf, &p->log);
}

static int bind_socket(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	mode_t mask = umask(0177);

	if (len < sizeof(sun.sun_path))
		memcpy(sun.sun_path, path, len + 1);
	unlink(path);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		close(fd);
		fd = -1;
	}
	umask(mask);
	return fd;
}

/* Handed over, or made here. Who may connect is decided at each connection; the file's owner and
 * mode only keep others from trying. */
static int open_listener(struct program *p, uid_t peer)
{
	const char *path = p->conf.helper_socket;
	struct notify_socket given;

	if (notify_sockets(&given, 1) == 1) {
		p->listen_fd = given.fd;
		return 0;
	}
	p->listen_fd = bind_socket(path);
	if (p->listen_fd < 0 || listen(p->listen_fd, BACKLOG) < 0) {
		log_error(&p->log, "cannot listen on %s: %s", path, strerror(errno));
		return ERR_IO;
	}
	if (peer != geteuid() && chown(path, peer, (gid_t)-1) < 0 && chmod(path, 0666) < 0) {
		log_error(&p->log, "cannot give %s away: %s", path, strerror(errno));
		return ERR_IO;
	}
	return 0;
}

static void on_signal(void *arg, uint32_t events)
{
	(void)events;
	loop_stop(((struct program *)arg)->loop);
}

static int open_signals(struct program *p)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return ERR_IO;
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	p->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (p->signal_fd < 0)
		return ERR_IO;
	return loop_fd_add(p->loop, p->signal_fd, EPOLLIN, on_signal, p) ? 0 : ERR_MEMORY;
}

static int open_firewall(struct program *p)
{
	const struct nft_config config = {
		.mark = p->conf.mark,
		.displaced_min = PORTS_DISPLACED_MIN,
		.displaced_max = PORTS_DISPLACED_MAX,
		.persist = p->conf.persist != CONF_PERSIST_NO,
		.sip_mark = p->conf.sip_mark,
		.sip_priority = p->conf.sip_priority,
		.sip_table = p->conf.sip_table,
		.no_ways = !p->conf.sip,
		.log = &p->log,
	};

	p->nft = nft_new(p->loop, &config);
	if (p->nft)
		return 0;
	log_error(&p->log, "no access to nftables: is CAP_NET_ADMIN there, and nf_tables?");
	return ERR_DENIED;
}

static int open_facts(struct program *p)
{
	p->net = net_new(p->loop, &p->conf, &p->log);
	if (!p->net)
		return ERR_IO;
	p->ports = ownports_new(p->loop, p->net, &p->log, &p->conf);
	p->sources = (struct helper_sources){
		.net = p->net, .ports = p->ports, .conf = &p->conf};
	return p->ports ? 0 : ERR_MEMORY;
}

static int open_helper(struct program *p, uid_t peer)
{
	struct helper_config config = {
		.listen_fd = p->listen_fd,
		.peer = peer,
		.backend = p->nft,
		.facts = helper_facts_from(&p->sources),
		.refresh = helper_facts_refresh,
		.log = &p->log,
	};

	config.facts.displaced_min = PORTS_DISPLACED_MIN;
	config.facts.displaced_max = PORTS_DISPLACED_MAX;
	p->helper = helper_new(p->loop, &config);
	return p->helper ? 0 : ERR_MEMORY;
}

static int find_users(struct program *p, struct drop_config *drop, uid_t *peer)
{
	const struct conf *conf = &p->conf;
	int err = drop_find_user(conf->helper_user, &drop->user);

	if (err) {
		log_error(&p->log, "there is no user %s ([users] helper_user)", conf->helper_user);
		return err;
	}
	err = drop_find_peer(conf->user, peer);
	if (err)
		log_error(&p->log, "there is no user %s ([users] user)", conf->user);
	return err;
}

static int start(struct program *p, const struct options *options)
{
	struct drop_config drop = {.net_admin = true, .profile = DROP_HELPER};
	uid_t peer = 0;
	int err = read_config(p, options);

	if (!err)
		err = find_users(p, &drop, &peer);
	if (err)
		return err;
	p->loop = loop_new();
	if (!p->loop)
		return ERR_MEMORY;
	err = notify_open(&p->notify, p->loop);
	if (!err)
		err = open_signals(p);
	if (!err)
		err = open_listener(p, peer);
	if (!err)
		err = open_firewall(p);
	if (!err)
		err = open_facts(p);
	if (err)
		return err;
	err = drop_privileges(&drop);
	return err ? err : open_helper(p, peer);
}

static void stop(struct program *p)
{
	helper_free(p->helper);
	fw_free(p->nft);
	ownports_free(p->ports);
	net_free(p->net);
	if (p->loop)
		notify_close(&p->notify);
	if (p->listen_fd >= 0)
		close(p->listen_fd);
	if (p->signal_fd >= 0)
		close(p->signal_fd);
	loop_free(p->loop);
	log_close(&p->log);
}

int main(int argc, char **argv)
{
	struct options options = {.config = POSTERN_SYSCONFDIR "/postern.conf"};
	struct program p = {.listen_fd = -1, .signal_fd = -1, .notify.fd = -1};
	int err = read_options(argc, argv, &options);

	if (err)
		return err - 1;
	err = start(&p, &options);
	if (!err) {
		log_info(&p.log, "ready");
		notify_ready(&p.notify);
		err = loop_run(p.loop);
		notify_stopping(&p.notify);
	}
	if (err)
		log_error(&p.log, "cannot go on: %s", err_text(err));
	stop(&p);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
