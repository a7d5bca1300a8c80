/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is around the core of the daemon: network, hosts and clock answer its questions (struct
 * core_env), and it is told when they change.
 */
#ifndef GATEWAY_ENV_H
#define GATEWAY_ENV_H

#include "gateway/conf.h"
#include "gateway/core.h"
#include "gateway/hosts.h"
#include "gateway/loop.h"
#include "gateway/net.h"
#include "gateway/ownports.h"

#include <stdbool.h>

/* Stays where it is while the core lives. */
struct env {
	struct loop *loop;
	struct net *net;
	struct ownports *ownports;
	struct hosts *hosts;
	const struct conf *conf;
	struct core *core;		/* since env_begin */
	struct loop_timer clock;
};

struct core_env env_for_core(struct env *env);
/* The machine says its wall clock is right. */
bool env_clock_is_synced(void);
/* Tells the core how things are, and from now on what changes. wall_synced: as the core was told
 * at its start. ERR_MEMORY. */
int env_begin(struct env *env, struct core *core, bool wall_synced);

#endif
