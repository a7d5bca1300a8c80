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
#include "gateway/fw_fake.h"
#include "gateway/fw_remote.h"
#include "gateway/log.h"
#include "gateway/loop.h"
#include "gateway/net.h"
#include "gateway/nft.h"
#include "gateway/notify.h"
#include "gateway/ownports.h"
#include "gateway/serve_igd.h"
#include "gateway/serve_pcp.h"
#include "gateway/serve_ssdp.h"
#include "gateway/udp.h"
#include "policy/ports.h"
#include "protocols/err.h"
#include "web/ctl.h"

#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#define CLOCK_CHECK_MS 10000	/* how often an unsynced clock is looked at again */
#define PREFIXES_MAX 32
#define EXIT_USAGE 2
#define HANDED_MAX 8	/* sockets handed over at start */

struct daemon {
	struct conf conf;
	struct log log;
	struct loop *loop;
	struct notify notify;
	struct net *net;
	struct ownports *ownports;
	struct fw *fw;
	struct core *core;
	struct udp *udp;
	struct serve_pcp *pcp;
	struct serve_igd *igd;
	struct serve_ssdp *ssdp;
	struct ctl *ctl;
	struct notify_socket handed[HANDED_MAX];
	size_t handed_count;
	gid_t control_group;
	struct loop_timer clock;
	int signals;
};

struct options {
	const char *conf_path;
	const char *firewall;
	bool check;
	bool to_stderr;		/* whatever the configuration says */
};

/* ---- what the core asks of the network ---- */

/* What hosts of another LAN claim about an address counts for nothing; whose a link-local one is
 * cannot be told when two LANs have it. */
static bool env_mac_of(void *arg, const struct addr *addr, uint8_t mac[6])
{
	const struct daemon *d = arg;
	int home = net_lan_with(d->net, addr);
	size_t known = 0;

	if (home != 0)
		return net_neigh_mac(d->net, home, addr, mac);
	for (size_t i = 0; i < net_lan_count(d->net); i++)
		known += net_neigh_mac(d->net, net_lan(d->net, i)->ifindex, addr, mac);
	return known == 1;
}

static bool env_is_lan_host(void *arg, const struct addr *addr)
{
	const struct daemon *d = arg;
	return net_is_lan_host(d->net, addr);
}

static bool env_port_is_ours(void *arg, uint8_t proto, uint16_t port)
{
	const struct daemon *d = arg;
	return ownports_has(d->ownports, proto, port);
}

/* ---- what the network tells the core ---- */

static void tell_wan(struct daemon *d)
{
	struct addr wan4 = addr_any4();

	net_wan4(d->net, &wan4);
	core_wan_changed(d->core, &wan4, net_wan(d->net)->ifindex);
}

static void tell_lans(struct daemon *d)
{
	struct prefix prefixes[PREFIXES_MAX];

	core_lan_changed(d->core, prefixes, net_lan_prefixes(d->net, prefixes, PREFIXES_MAX));
}

static void on_net(void *arg, unsigned events)
{
	struct daemon *d = arg;

	if (events & NET_WAN_CHANGED)
		tell_wan(d);
	if (events & NET_LAN_CHANGED)
		tell_lans(d);
}

/* ---- time and signals ---- */

static bool clock_is_synced(void)
{
	struct timex tx = {0};
	return adjtimex(&tx) >= 0 && (tx.status & STA_UNSYNC) == 0;
}

static void on_clock(void *arg)
{
	struct daemon *d = arg;

	if (clock_is_synced())
		core_clock_synced(d->core);
	else
		loop_timer_set(d->loop, &d->clock, loop_now_ms(d->loop) + CLOCK_CHECK_MS);
}

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

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

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
		int v = hex_digit(text[i]);
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
				   "the policy of the first day is in force", d->conf.database,
			set_aside);
	free(set_aside);
	if (err)
		log_error(&d->log, "store: %s: %s", d->conf.database, err_text(err));
	return err;
}

static int open_core(struct daemon *d)
{
	struct core_config config = {
		.loop = d->loop,
		.fw = d->fw,
		.log = &d->log,
		.env = {env_mac_of, env_is_lan_host, env_port_is_ours, d},
		.wall_synced = clock_is_synced(),
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
	d->clock = (struct loop_timer){.fn = on_clock, .arg = d};
	if (!config.wall_synced)
		loop_timer_set(d->loop, &d->clock, loop_now_ms(d->loop) + CLOCK_CHECK_MS);
	tell_wan(d);
	tell_lans(d);
	return net_watch(d->net, on_net, d);
}

static int open_doors(struct daemon *d)
{
	d->udp = udp_new(d->loop, d->net, &d->log);
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
	}
	return 0;
}

static bool is_unix_socket(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

/* Of the sockets handed over a unix one is the control socket; others show the API to read. */
static int open_control(struct daemon *d)
{
	struct ctl_config config = {
		.loop = d->loop,
		.log = &d->log,
		.core = d->core,
		.path = d->conf.control_socket,
		.group = d->control_group,
		.fd = -1,
	};
	int err;

	for (size_t i = 0; i < d->handed_count; i++) {
		if (is_unix_socket(d->handed[i].fd))
			config.fd = d->handed[i].fd;
	}
	err = ctl_new(&config, &d->ctl);
	for (size_t i = 0; i < d->handed_count && !err; i++) {
		if (d->handed[i].fd != config.fd)
			err = ctl_listen(d->ctl, d->handed[i].fd);
	}
	return err;
}

/* Names are looked up while files may still be read as whoever started us. */
static void look_up(struct daemon *d)
{
	const struct group *group = getgrnam(d->conf.control_group);

	d->control_group = group ? group->gr_gid : (gid_t)-1;
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
	look_up(d);
	if (drop(d))
		return ERR_DENIED;
	d->net = net_new(d->loop, &d->conf, &d->log);
	if (!d->net)
		return ERR_IO;
	d->ownports = ownports_new(d->loop, d->net, &d->log, d->conf.http_port);
	d->fw = open_firewall(d);
	if (!d->ownports || !d->fw)
		return ERR_MEMORY;
	if (open_core(d) || open_doors(d))
		return ERR_IO;
	return open_control(d);
}

static void close_all(struct daemon *d)
{
	if (d->core)
		core_stop(d->core);
	fw_free(d->fw);
	ctl_free(d->ctl);
	serve_ssdp_free(d->ssdp);
	serve_igd_free(d->igd);
	serve_pcp_free(d->pcp);
	udp_free(d->udp);
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
