/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions down, news up; see env.h. */
#include "gateway/env.h"

#include "protocols/err.h"

#include <sys/timex.h>
#include <time.h>

#define CLOCK_CHECK_MS 10000	/* how often an unsynced clock is looked at again */
#define PREFIXES_MAX 32

/* ---- what the core asks ---- */

static bool mac_of(void *arg, const struct addr *addr, uint8_t mac[6])
{
	const struct env *env = arg;
	return hosts_mac_of(env->hosts, addr, mac);
}

static int find(void *arg, const struct addr *addr, whom_found_fn *fn, void *fn_arg)
{
	const struct env *env = arg;
	return hosts_find(env->hosts, addr, fn, fn_arg);
}

static bool is_lan_host(void *arg, const struct addr *addr)
{
	const struct env *env = arg;
	return net_is_lan_host(env->net, addr);
}

static bool port_is_ours(void *arg, uint8_t proto, uint16_t port)
{
	const struct env *env = arg;
	return ownports_has(env->ownports, proto, port);
}

/* The router's own web pages may make room for a device's; nothing else of ours does. */
static bool port_is_yielded(void *arg, uint8_t proto, uint16_t port)
{
	const struct env *env = arg;
	return conf_yields(env->conf, port) && port_is_ours(arg, proto, port);
}

static uint16_t minute_of_week(void *arg, uint64_t wall_s)
{
	time_t t = (time_t)wall_s;
	struct tm tm = {0};

	(void)arg;
	localtime_r(&t, &tm);
	return (uint16_t)((tm.tm_wday + 6) % 7 * 24 * 60 + tm.tm_hour * 60 + tm.tm_min);
}

struct core_env env_for_core(struct env *env)
{
	return (struct core_env){
		.mac_of = mac_of,
		.find = find,
		.is_lan_host = is_lan_host,
		.port_is_ours = port_is_ours,
		.port_is_yielded = port_is_yielded,
		.minute_of_week = minute_of_week,
		.arg = env,
	};
}

/* ---- what the core is told ---- */

static void tell_wan(struct env *env)
{
	struct addr wan4 = addr_any4();

	net_wan4(env->net, &wan4);
	core_wan_changed(env->core, &wan4, net_wan(env->net)->ifindex);
}

static void tell_lans(struct env *env)
{
	struct prefix prefixes[PREFIXES_MAX];

	core_lan_changed(env->core, prefixes, net_lan_prefixes(env->net, prefixes, PREFIXES_MAX));
}

static void on_net(void *arg, unsigned events)
{
	struct env *env = arg;

	if (events & NET_WAN_CHANGED)
		tell_wan(env);
	if (events & NET_LAN_CHANGED)
		tell_lans(env);
}

bool env_clock_is_synced(void)
{
	struct timex tx = {0};
	return adjtimex(&tx) >= 0 && (tx.status & STA_UNSYNC) == 0;
}

static void on_clock(void *arg)
{
	struct env *env = arg;

	if (env_clock_is_synced())
		core_clock_synced(env->core);
	else
		loop_timer_set(env->loop, &env->clock, loop_now_ms(env->loop) + CLOCK_CHECK_MS);
}

int env_begin(struct env *env, struct core *core, bool wall_synced)
{
	int err;

	env->core = core;
	env->clock = (struct loop_timer){.fn = on_clock, .arg = env};
	if (!wall_synced)
		loop_timer_set(env->loop, &env->clock, loop_now_ms(env->loop) + CLOCK_CHECK_MS);
	tell_wan(env);
	tell_lans(env);
	err = hosts_begin(env->hosts, core, env->conf);
	return err ? err : net_watch(env->net, on_net, env);
}
