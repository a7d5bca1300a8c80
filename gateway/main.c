/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * posternd: reads the configuration, gives up all privileges, puts the rooms together and runs
 * the loop. Only this file knows all of them; it defines nothing others use.
 */
#include "db/db.h"
#include "gateway/conf.h"
#include "gateway/core.h"
#include "gateway/detect.h"
#include "gateway/drop.h"
#include "gateway/env.h"
#include "gateway/fw_fake.h"
#include "gateway/fw_remote.h"
#include "gateway/hosts.h"
#include "gateway/log.h"
#include "gateway/loop.h"
#include "gateway/net.h"
#include "gateway/nft.h"
#include "gateway/notify.h"
#include "gateway/ownports.h"
#include "gateway/serve_igd.h"
#include "gateway/serve_pcp.h"
#include "gateway/serve_sip.h"
#include "gateway/serve_ssdp.h"
#include "gateway/udp.h"
#include "gateway/vendor.h"
#include "policy/ports.h"
#include "protocols/err.h"
#include "web/api.h"
#include "web/auth.h"
#include "web/ctl.h"
#include "web/web.h"

#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define HANDED_MAX 8	/* sockets handed over at start */

struct daemon {
	struct conf conf;
	char policy[CONF_PATH_MAX + 16];	/* path of its copy */
	struct log log;
	struct loop *loop;
	struct notify notify;
	struct net *net;
	struct ownports *ownports;
	struct fw *fw;
	struct hosts *hosts;
	struct env env;
	struct core *core;
	struct udp *udp;
	struct serve_pcp *pcp;
	struct serve_igd *igd;
	struct serve_ssdp *ssdp;
	struct serve_sip *sip;
	struct vendors *vendors;
	struct api *api;
	struct auth *auth;
	struct ctl *ctl;
	struct web *web;
	struct notify_socket handed[HANDED_MAX];
	size_t handed_count;
	gid_t control_group;
	uid_t watch_user;
	int signals;
};

struct options {
	const char *conf_path;
	const char *firewall;
	bool check;
	bool to_stderr;		/* whatever the configuration says */
};

/* ---- signals ---- */

static void on_signal(void *arg, uint32_t events)
{
	struct daemon *d = arg;
	struct signalfd_siginfo info;

	(void)events;
	if (read(d->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		loop_stop(d->loop);
}

static int catch_signals(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	/* Blocked before the first thread starts: they all inherit it. */
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
		signal(SIGHUP, SIG_IGN) == SIG_ERR)
		return ERR_IO;
	d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (d->signals < 0 || !loop_fd_add(d->loop, d->signals, EPOLLIN, on_signal, d))
		return ERR_IO;
	return 0;
}

/* ---- putting it together ---- */

/* The kernel's name for this boot: 32 hex digits with dashes between. */
static int read_boot_id(uint8_t out[DB_BOOT_ID_LEN])
{
	char text[64] = {0};
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	size_t digits = 0;

	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i < len && digits < 2 * DB_BOOT_ID_LEN; i++) {
		int v = str_hex_digit(text[i]);
		if (v < 0)
			continue;
		out[digits / 2] = (uint8_t)(out[digits / 2] << 4 | v);
		digits++;
	}
	return digits == 2 * DB_BOOT_ID_LEN ? 0 : ERR_IO;
}

static struct fw *open_firewall(struct daemon *d)
{
	struct nft_config nft = {
		.mark = d->conf.mark,
		.displaced_min = PORTS_DISPLACED_MIN,
		.displaced_max = PORTS_DISPLACED_MAX,
		.persist = d->conf.persist != CONF_PERSIST_NO,
		.sip_mark = d->conf.sip_mark,
		.sip_priority = d->conf.sip_priority,
		.sip_table = d->conf.sip_table,
		.no_ways = !d->conf.sip,
		.log = &d->log,
	};

	switch (d->conf.backend) {
	case CONF_BACKEND_HELPER:
		return fw_remote_new(d->loop, d->conf.helper_socket);
	case CONF_BACKEND_NFT:
		return nft_new(d->loop, &nft);
	case CONF_BACKEND_NONE:
		return fw_fake_new(d->loop);
	}
	return NULL;
}

static int open_store(struct daemon *d, struct db **out)
{
	char *set_aside = NULL;
	int err = db_open(d->conf.database, out, &set_aside);

	if (set_aside)
		log_error(&d->log, "store: %s could not be believed and was set aside as %s; "
				   "the copy of its policy is in force, or that of the first day",
			d->conf.database, set_aside);
	free(set_aside);
	if (err)
		log_error(&d->log, "store: %s: %s", d->conf.database, err_text(err));
	return err;
}

/* The copy of the policy stands beside the store. */
static const char *policy_path(struct daemon *d)
{
	const char *slash = strrchr(d->conf.database, '/');

	snprintf(d->policy, sizeof(d->policy), "%.*s/policy.json",
		(int)(slash - d->conf.database), d->conf.database);
	return d->policy;
}

static int open_core(struct daemon *d)
{
	struct core_config config = {
		.loop = d->loop,
		.fw = d->fw,
		.log = &d->log,
		.env = env_for_core(&d->env),
		.policy_copy = policy_path(d),
		.factory = POSTERN_SYSCONFDIR "/factory.json",
		.log_record = d->conf.log_record,
		.wall_synced = env_clock_is_synced(),
	};
	int err = read_boot_id(config.boot_id);

	if (!err)
		err = open_store(d, &config.db);
	if (!err)
		err = core_new(&config, &d->core);
	if (err) {
		log_error(&d->log, "cannot begin: %s", err_text(err));
		return err;
	}
	return env_begin(&d->env, d->core, config.wall_synced);
}

/* The kernel guards them against forged senders. */
static void tell_doors(struct daemon *d)
{
	struct core_door doors[3 + 2 * FW_SIP_PORTS_MAX];
	size_t count = 0;

	if (d->conf.upnp) {
		doors[count++] = (struct core_door){MAP_PROTO_UDP, 1900};
		doors[count++] = (struct core_door){MAP_PROTO_TCP, d->conf.http_port};
	}
	if (d->conf.pcp || d->conf.natpmp)
		doors[count++] = (struct core_door){MAP_PROTO_UDP, 5351};
	/* Where what phones say to others comes in. */
	for (uint16_t i = 0; d->conf.sip && i < d->conf.sip_port_count; i++) {
		doors[count++] = (struct core_door){MAP_PROTO_UDP, d->conf.sip_ports[i]};
		doors[count++] = (struct core_door){MAP_PROTO_TCP, d->conf.sip_ports[i]};
	}
	core_doors_changed(d->core, doors, count);
}

static int open_doors(struct daemon *d)
{
	struct udp_admit admit = hosts_admit(d->hosts);

	tell_doors(d);
	d->udp = udp_new(d->loop, d->net, &d->log, &admit);
	if (!d->udp)
		return ERR_MEMORY;
	if (d->conf.pcp || d->conf.natpmp) {
		d->pcp = serve_pcp_new(d->loop, d->core, d->net, d->udp, &d->conf);
		if (!d->pcp)
			return ERR_MEMORY;
	}
	if (d->conf.upnp) {
		d->igd = serve_igd_new(d->loop, d->core, d->net, &d->conf, &d->log);
		d->ssdp = serve_ssdp_new(d->loop, d->core, d->net, d->udp, &d->conf);
		if (!d->igd || !d->ssdp)
			return ERR_MEMORY;
		serve_ssdp_watch(d->ssdp, hosts_announced, d->hosts);
	}
	return 0;
}

static int open_sip(struct daemon *d)
{
	const struct serve_sip_config config = {
		.loop = d->loop,
		.core = d->core,
		.fw = d->fw,
		.net = d->net,
		.log = &d->log,
		.conf = &d->conf,
	};

	d->sip = serve_sip_new(&config);
	return d->sip ? 0 : ERR_MEMORY;
}

static struct str vendor_of_mac(void *arg, const uint8_t mac[6])
{
	const struct daemon *d = arg;
	return vendor_of(d->vendors, mac);
}

static int open_api(struct daemon *d)
{
	const struct auth_config auth = {
		.loop = d->loop,
		.log = &d->log,
		.core = d->core,
		.label = POSTERN_SYSCONFDIR "/setup-code",
	};
	struct api_config api = {
		.core = d->core,
		.loop = d->loop,
		.sip = d->sip,
		.vendor_of = vendor_of_mac,
		.arg = d,
	};

	d->vendors = vendor_open(d->conf.oui);
	d->auth = api.auth = auth_new(&auth);
	d->api = d->auth ? api_new(&api) : NULL;
	return d->api ? 0 : ERR_MEMORY;
}

static int open_web(struct daemon *d)
{
	const struct web_config config = {
		.loop = d->loop,
		.log = &d->log,
		.core = d->core,
		.net = d->net,
		.api = d->api,
		.auth = d->auth,
		.conf = &d->conf,
	};

	if (d->conf.web)
		d->web = web_new(&config);
	for (size_t i = 0; i < d->handed_count && d->web; i++) {
		if (!d->handed[i].is_unix)
			web_listen(d->web, d->handed[i].fd);
	}
	return d->conf.web && !d->web ? ERR_MEMORY : 0;
}

/* Of the sockets handed over a unix one is the control socket; others are for the pages. */
static int open_control(struct daemon *d)
{
	struct ctl_config config = {
		.loop = d->loop,
		.log = &d->log,
		.api = d->api,
		.path = d->conf.control_socket,
		.group = d->control_group,
		.watcher = d->watch_user,
		.fd = -1,
	};

	for (size_t i = 0; i < d->handed_count; i++) {
		if (d->handed[i].is_unix)
			config.fd = d->handed[i].fd;
	}
	return ctl_new(&config, &d->ctl);
}

/* Names are looked up while files may still be read as whoever started us. */
static void look_up(struct daemon *d)
{
	const struct group *group = getgrnam(d->conf.control_group);
	const struct passwd *watcher = getpwnam(d->conf.watch_user);

	d->control_group = group ? group->gr_gid : (gid_t)-1;
	d->watch_user = watcher ? watcher->pw_uid : (uid_t)-1;
	d->handed_count = notify_sockets(d->handed, HANDED_MAX);
}

/* The nft backend keeps CAP_NET_ADMIN and its netlink sockets; it is for machines without the
 * helper, and then this process is as mighty as the helper is. */
static int drop(struct daemon *d)
{
	bool direct = d->conf.backend == CONF_BACKEND_NFT;
	struct drop_config config = {
		.net_admin = direct,
		.profile = direct ? DROP_DIRECT : DROP_DAEMON,
	};
	int err = drop_find_user(d->conf.user, &config.user);

	if (err) {
		log_error(&d->log, "there is no user %s", d->conf.user);
		return err;
	}
	err = drop_privileges(&config);
	if (err)
		log_error(&d->log, "cannot give up privileges: %s", err_text(err));
	return err;
}

static int open_all(struct daemon *d)
{
	d->loop = loop_new();
	if (!d->loop || catch_signals(d) || notify_open(&d->notify, d->loop))
		return ERR_IO;
	tzset();
	look_up(d);
	if (drop(d))
		return ERR_DENIED;
	d->net = net_new(d->loop, &d->conf, &d->log);
	if (!d->net)
		return ERR_IO;
	d->ownports = ownports_new(d->loop, d->net, &d->log, &d->conf);
	d->fw = open_firewall(d);
	if (!d->ownports || !d->fw)
		return ERR_MEMORY;
	d->hosts = hosts_new(d->loop, &d->log, d->net, d->fw);
	if (!d->hosts)
		return ERR_MEMORY;
	d->env = (struct env){
		.loop = d->loop,
		.net = d->net,
		.ownports = d->ownports,
		.hosts = d->hosts,
		.conf = &d->conf,
	};
	if (open_core(d) || open_doors(d) || open_sip(d) || open_api(d) || open_control(d))
		return ERR_IO;
	return open_web(d);
}

static void close_all(struct daemon *d)
{
	serve_sip_stop(d->sip);
	if (d->core)
		core_stop(d->core);
	fw_free(d->fw);
	web_free(d->web);
	ctl_free(d->ctl);
	api_free(d->api);
	vendor_close(d->vendors);
	auth_free(d->auth);
	serve_sip_free(d->sip);
	serve_ssdp_free(d->ssdp);
	serve_igd_free(d->igd);
	serve_pcp_free(d->pcp);
	udp_free(d->udp);
	hosts_free(d->hosts);
	core_free(d->core);
	ownports_free(d->ownports);
	net_free(d->net);
	notify_close(&d->notify);
	loop_free(d->loop);
	log_close(&d->log);
}

/* ---- the command line ---- */

static void on_problem(void *arg, const struct conf_problem *p)
{
	(void)arg;
	if (p->line > 0)
		fprintf(stderr, "%s:%u: %s\n", p->path, p->line, p->text);
	else
		fprintf(stderr, "%s: %s\n", p->path, p->text);
}

static void usage(FILE *to)
{
	fputs("usage: posternd [-f] [-c FILE] [--firewall=helper|nft|none] [--check] [-V]\n", to);
}

static int parse_options(int argc, char **argv, struct options *out)
{
	static const struct option longs[] = {
		{"check", no_argument, NULL, 'k'},
		{"config", required_argument, NULL, 'c'},
		{"firewall", required_argument, NULL, 'w'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:fhV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			out->conf_path = optarg;
			break;
		case 'f':	/* the foreground is where it always runs */
			out->to_stderr = true;
			break;
		case 'k':
			out->check = out->to_stderr = true;
			break;
		case 'w':
			out->firewall = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(EXIT_SUCCESS);
		case 'V':
			puts("posternd " POSTERN_VERSION);
			exit(EXIT_SUCCESS);
		default:
			return ERR_SYNTAX;
		}
	}
	return optind == argc ? 0 : ERR_SYNTAX;
}

static int load_conf(const struct options *options, struct conf *conf)
{
	struct conf_problem problem;
	int err = conf_load(options->conf_path, conf, on_problem, NULL);

	if (err || !options->firewall)
		return err;
	err = conf_set(conf, "firewall", "backend", str_from(options->firewall), &problem);
	if (err)
		fprintf(stderr, "--firewall: %s\n", problem.text);
	return err;
}

static int run(struct daemon *d)
{
	int err = open_all(d);

	if (!err) {
		notify_ready(&d->notify);
		log_info(&d->log, "ready: wan %s, lan %s", d->conf.wan, d->conf.lan[0]);
		err = loop_run(d->loop);
		notify_stopping(&d->notify);
		log_info(&d->log, "stopping; what is open stays open until its lease ends");
	}
	close_all(d);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options options = {.conf_path = POSTERN_SYSCONFDIR "/postern.conf"};
	struct daemon d = {.signals = -1};

	if (parse_options(argc, argv, &options)) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (load_conf(&options, &d.conf))
		return EXIT_FAILURE;
	/* Nobody but us reads what we write: the store holds nonces. */
	umask(077);
	log_open(&d.log, options.to_stderr ? LOG_TARGET_STDERR : d.conf.log_target,
		d.conf.log_level, "posternd");
	if (detect_fill(&d.conf, &d.log))
		return EXIT_FAILURE;
	if (options.check) {
		printf("%s: good; wan %s, lan %s\n", options.conf_path, d.conf.wan, d.conf.lan[0]);
		return EXIT_SUCCESS;
	}
	return run(&d);
}
