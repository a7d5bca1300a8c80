/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Evidence in, news out; see hosts.h. */
#include "gateway/hosts.h"

#include "gateway/core_owner.h"
#include "gateway/core_sip.h"
#include "gateway/leases.h"
#include "gateway/rival.h"
#include "gateway/whom.h"
#include "protocols/err.h"

#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>

#define SIP_PORT 5060		/* RFC 3261 section 19.1.2 */
#define ANNOUNCERS_MAX 8	/* gateways whose MAC is not known yet */

/* Somebody who announced a gateway, until it is known who that is. */
struct announcer {
	struct hosts *hosts;	/* NULL: this place is free */
	struct addr addr;
	int ifindex;
};

struct hosts {
	struct loop *loop;
	struct log *log;
	struct net *net;
	struct fw *fw;
	struct core *core;	/* NULL until hosts_begin */
	struct whom *whom;
	struct leases *leases;
	struct announcer announcers[ANNOUNCERS_MAX];
};

/* ---- what whom.h asks ---- */

static int env_probe(void *arg, int ifindex, const struct addr *addr, const uint8_t *mac)
{
	const struct hosts *hosts = arg;
	return fw_probe(hosts->fw, ifindex, addr, mac);
}

static int env_senders(void *arg, fw_sender_fn *each, fw_done_fn *done, void *each_arg)
{
	const struct hosts *hosts = arg;
	return fw_senders(hosts->fw, each, done, each_arg);
}

static bool env_neighbour(void *arg, int ifindex, const struct addr *addr, uint8_t mac[6])
{
	const struct hosts *hosts = arg;
	return net_neigh_mac(hosts->net, ifindex, addr, mac);
}

/* ---- news ---- */

static void raise(struct hosts *hosts, enum db_alert_kind kind, const struct whom_host *host,
	const char *text)
{
	const struct net_if *lan = net_lan_of(hosts->net, host->ifindex);
	struct db_alert alert = {
		.kind = kind,
		.has_mac = true,
		.addr = host->addr,
		.device_id = core_device_of(hosts->core, &host->addr),
	};
	char addr[ADDR_TEXT_MAX];
	const uint8_t *m = host->mac;

	memcpy(alert.mac, host->mac, sizeof(alert.mac));
	if (lan)
		memcpy(alert.ifname, lan->name, sizeof(alert.ifname));
	strncpy(alert.text, text, sizeof(alert.text) - 1);
	log_warning(hosts->log, "%02x:%02x:%02x:%02x:%02x:%02x on %s (%s) %s", m[0], m[1], m[2],
		m[3], m[4], m[5], alert.ifname, addr_text(&host->addr, addr), text);
	core_alert_raise(hosts->core, &alert);
}

static struct core_host core_host_of(const struct hosts *hosts, const struct whom_host *host)
{
	const struct net_if *lan = net_lan_of(hosts->net, host->ifindex);
	struct core_host out = {.addr = host->addr, .ifindex = host->ifindex};

	memcpy(out.mac, host->mac, sizeof(out.mac));
	if (lan) {
		out.guest = lan->guest;
		memcpy(out.ifname, lan->name, sizeof(out.ifname));
	}
	return out;
}

static bool is_ours(const struct hosts *hosts, const struct whom_host *host)
{
	const struct net_if *lan = net_lan_of(hosts->net, host->ifindex);

	return !lan || net_is_own(hosts->net, &host->addr) ||
	       memcmp(lan->mac, host->mac, sizeof(host->mac)) == 0;
}

static void on_noted(struct hosts *hosts, const struct whom_host *host,
	const struct core_host *at, uint16_t port)
{
	const struct net_if *lan = net_lan_of(hosts->net, host->ifindex);
	struct rival rival = {.addr = host->addr, .mac = host->mac};

	if (is_ours(hosts, host))
		return;
	if (port == SIP_PORT) {
		core_sip_seen(hosts->core, at);
		return;
	}
	rival.ifname = lan->name;
	rival_noted(hosts->core, &rival, port);
}

static void on_news(void *arg, enum whom_news news, const struct whom_host *host,
	const uint8_t *owner, uint16_t port)
{
	struct hosts *hosts = arg;
	struct core_host at = core_host_of(hosts, host);

	(void)owner;
	switch (news) {
	case WHOM_NEWS_HERE:
		core_host_here(hosts->core, &at);
		/* A lease may have named it before it was there. */
		if (hosts->leases)
			leases_again(hosts->leases);
		break;
	case WHOM_NEWS_GONE:
		core_host_gone(hosts->core, &at);
		break;
	case WHOM_NEWS_FORGED:
		raise(hosts, DB_ALERT_FORGED, host, "");
		break;
	case WHOM_NEWS_CLONE:
		raise(hosts, DB_ALERT_CLONE, host, "is on two networks at once");
		break;
	case WHOM_NEWS_NOTED:
		on_noted(hosts, host, &at, port);
		break;
	}
}

static bool is_nobodys(void *arg, const struct whom_host *host)
{
	const struct hosts *hosts = arg;

	return core_device_of(hosts->core, &host->addr) == 0;
}

/* Whom the owner forgot is seen again as whoever comes for the first time. */
static void on_told(void *arg, const struct core_told *told)
{
	struct hosts *hosts = arg;

	if (told->news == CORE_NEWS_DEVICE && !core_device(hosts->core, told->id))
		whom_forget(hosts->whom, is_nobodys, hosts);
}

/* ---- evidence ---- */

static void on_neighbour(void *arg, const struct neigh_entry *entry)
{
	struct hosts *hosts = arg;
	struct whom_host host = {.addr = entry->addr, .ifindex = entry->ifindex};

	if (!net_is_lan_source(hosts->net, entry->ifindex, &entry->addr))
		return;
	memcpy(host.mac, entry->mac, sizeof(host.mac));
	/* A stale one that is used as it is told shows as delayed. */
	if (entry->state & NUD_PERMANENT)
		whom_neighbour(hosts->whom, &host, WHOM_FIXED);
	else if (entry->state & NUD_REACHABLE)
		whom_neighbour(hosts->whom, &host, WHOM_ANSWERS);
	else if (entry->state & (NUD_STALE | NUD_DELAY))
		whom_neighbour(hosts->whom, &host, WHOM_CLAIMS);
	else if (entry->state & NUD_PROBE)
		whom_neighbour(hosts->whom, &host, WHOM_ASKED);
	else if (entry->state & NUD_FAILED)
		whom_neighbour(hosts->whom, &host, WHOM_FAILS);
}

static bool is_over(const struct hosts *hosts, const struct lease_row *row)
{
	return row->expires_wall_s != 0 && row->expires_wall_s < loop_wall_s(hosts->loop);
}

static void on_lease(void *arg, const struct lease_row *row)
{
	struct hosts *hosts = arg;
	struct whom_host host = {
		.addr = row->addr,
		.ifindex = net_lan_with(hosts->net, &row->addr),
	};
	struct core_name name = {.addr = row->addr, .has_mac = row->has_mac,
		.hostname = row->hostname, .client_id = row->client_id};

	if (host.ifindex == 0 || !net_is_lan_source(hosts->net, host.ifindex, &row->addr) ||
		is_over(hosts, row))
		return;
	if (row->has_mac) {
		memcpy(host.mac, row->mac, sizeof(host.mac));
		whom_leased(hosts->whom, &host);
	}
	memcpy(name.mac, row->mac, sizeof(name.mac));
	if (name.hostname.len > 0 || name.client_id.len > 0)
		core_host_named(hosts->core, &name);
}

/* The store knows interfaces by their names. */
static void on_remembered(void *arg, const struct core_host *remembered)
{
	struct hosts *hosts = arg;
	struct whom_host host = {.addr = remembered->addr};

	memcpy(host.mac, remembered->mac, sizeof(host.mac));
	for (size_t i = 0; i < net_lan_count(hosts->net); i++) {
		const struct net_if *lan = net_lan(hosts->net, i);
		if (strcmp(lan->name, remembered->ifname) == 0)
			host.ifindex = lan->ifindex;
	}
	if (host.ifindex != 0)
		whom_remembered(hosts->whom, &host);
}

/* ---- who announced a gateway ---- */

static void tell_announcer(const struct hosts *hosts, const struct announcer *a,
	const uint8_t *mac)
{
	const struct net_if *lan = net_lan_of(hosts->net, a->ifindex);
	struct rival rival = {.addr = a->addr, .mac = mac};

	if (!lan)
		return;
	rival.ifname = lan->name;
	rival_ssdp(hosts->core, &rival);
}

static void on_found(void *arg, bool ok, bool known, const uint8_t mac[6])
{
	struct announcer *a = arg;
	const struct hosts *hosts = a->hosts;

	a->hosts = NULL;
	/* What was forged says nothing of him whose address it has, and has its own alert. */
	if (ok)
		tell_announcer(hosts, a, known ? mac : NULL);
}

void hosts_announced(void *arg, int ifindex, const struct addr *from, struct str nt)
{
	struct hosts *hosts = arg;
	struct announcer *a = hosts->announcers;
	struct announcer now = {.hosts = hosts, .addr = *from, .ifindex = ifindex};
	uint8_t mac[6];

	if (!rival_is_gateway(nt))
		return;
	if (whom_of(hosts->whom, ifindex, from, mac) == WHOM_KNOWN) {
		tell_announcer(hosts, &now, mac);
		return;
	}
	while (a < hosts->announcers + ANNOUNCERS_MAX && a->hosts)
		a++;
	if (a == hosts->announcers + ANNOUNCERS_MAX)
		return;
	*a = now;
	if (whom_wait(hosts->whom, ifindex, from, on_found, a))
		a->hosts = NULL;
}

/* ---- what is asked ---- */

static enum udp_verdict admit_verdict(void *arg, int ifindex, const struct addr *from)
{
	const struct hosts *hosts = arg;
	uint8_t mac[6];

	if (!core_hears(hosts->core, ifindex, from))
		return UDP_DROP;
	return whom_of(hosts->whom, ifindex, from, mac) == WHOM_KNOWN ? UDP_PASS : UDP_WAIT;
}

static uint64_t admit_rate_key(void *arg, int ifindex, const struct addr *from)
{
	const struct hosts *hosts = arg;
	return core_rate_key(hosts->core, ifindex, from);
}

static int admit_wait(void *arg, int ifindex, const struct addr *from, whom_found_fn *fn,
	void *fn_arg)
{
	struct hosts *hosts = arg;
	return whom_wait(hosts->whom, ifindex, from, fn, fn_arg);
}

static void admit_forget(void *arg, void *fn_arg)
{
	struct hosts *hosts = arg;
	whom_forget_waiting(hosts->whom, fn_arg);
}

struct udp_admit hosts_admit(struct hosts *hosts)
{
	return (struct udp_admit){
		.verdict = admit_verdict,
		.rate_key = admit_rate_key,
		.wait = admit_wait,
		.forget = admit_forget,
		.arg = hosts,
	};
}

/* What hosts of another LAN claim about an address counts for nothing; whose a link-local one is
 * cannot be told when two LANs have it. */
bool hosts_mac_of(struct hosts *hosts, const struct addr *addr, uint8_t mac[6])
{
	int home = net_lan_with(hosts->net, addr);
	size_t known = 0;

	if (home != 0)
		return whom_of(hosts->whom, home, addr, mac) == WHOM_KNOWN;
	for (size_t i = 0; i < net_lan_count(hosts->net); i++)
		known += whom_of(hosts->whom, net_lan(hosts->net, i)->ifindex, addr, mac) ==
			 WHOM_KNOWN;
	return known == 1;
}

int hosts_find(struct hosts *hosts, const struct addr *addr, whom_found_fn *fn, void *fn_arg)
{
	int home = net_lan_with(hosts->net, addr);

	return home == 0 ? ERR_NOT_FOUND : whom_wait(hosts->whom, home, addr, fn, fn_arg);
}

/* ---- beginning and end ---- */

struct hosts *hosts_new(struct loop *loop, struct log *log, struct net *net, struct fw *fw)
{
	struct hosts *hosts = calloc(1, sizeof(*hosts));
	struct whom_env env = {
		.probe = env_probe,
		.senders = env_senders,
		.neighbour = env_neighbour,
		.arg = hosts,
	};

	if (!hosts)
		return NULL;
	hosts->loop = loop;
	hosts->log = log;
	hosts->net = net;
	hosts->fw = fw;
	hosts->whom = whom_new(loop, &env, on_news, hosts);
	if (!hosts->whom) {
		free(hosts);
		return NULL;
	}
	return hosts;
}

int hosts_begin(struct hosts *hosts, struct core *core, const struct conf *conf)
{
	const char *paths[CONF_LEASES_MAX];
	const struct leases_config config = {
		.loop = hosts->loop,
		.log = hosts->log,
		.paths = paths,
		.count = conf->lease_count,
		.fn = on_lease,
		.arg = hosts,
	};

	for (size_t i = 0; i < conf->lease_count; i++)
		paths[i] = conf->leases[i];
	hosts->core = core;
	core_hosts(core, on_remembered, hosts);
	net_neigh_each(hosts->net, on_neighbour, hosts);
	net_neigh_watch(hosts->net, on_neighbour, hosts);
	hosts->leases = leases_new(&config);
	return hosts->leases ? core_watch(core, on_told, hosts) : ERR_MEMORY;
}

void hosts_free(struct hosts *hosts)
{
	if (!hosts)
		return;
	net_neigh_watch(hosts->net, NULL, NULL);
	if (hosts->core)
		core_unwatch(hosts->core, on_told, hosts);
	leases_free(hosts->leases);
	whom_free(hosts->whom);
	free(hosts);
}
