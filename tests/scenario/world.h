/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world a script plays in: a real core and a real store, on a clock, a network, a kernel and a
 * disk that do as they are told.
 */
#ifndef TESTS_SCENARIO_WORLD_H
#define TESTS_SCENARIO_WORLD_H

#include "gateway/core_owner.h"
#include "gateway/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORLD_ANSWERS 4096	/* requests between two looks at their answers */
#define WORLD_NEIGHBOURS 128
#define WORLD_PORTS 16
#define WORLD_PATH 128

struct world;

struct world_answer {
	bool came;
	bool read;
	struct map_ans ans;
};

struct world {
	char dir[WORLD_PATH];		/* of this script; removed at its end */
	unsigned disks;			/* each kill begins with a copy, as the disk was */
	struct loop *loop;
	struct fw *fw;
	struct core *core;
	struct log log;
	int quiet;			/* where the log goes unseen; -1: to stderr */
	uint8_t boot;
	bool wall_synced;
	bool silent;			/* the firewall does not answer */
	bool stalled;			/* nor does the disk */
	struct addr wan4;
	struct {
		struct addr addr;
		uint8_t mac[6];
		bool gone;
		bool is_host;		/* told to the core as well */
		struct core_host host;
	} neighbours[WORLD_NEIGHBOURS];
	size_t neighbour_count;
	struct {
		uint8_t proto;
		uint16_t port;
	} own[WORLD_PORTS];
	size_t own_count;
	struct world_answer answers[WORLD_ANSWERS];
	size_t answer_count;
	bool flushed;
};

enum disk { DISK_WORKS, DISK_STALLS, DISK_FULL };

/* 0, or -1 with the reason on stderr. */
int world_begin(struct world *w);
void world_end(struct world *w);

/* Goes on until nothing waits any more, or only for what does not answer. */
void world_settle(struct world *w);
void world_advance(struct world *w, uint64_t ms);

void world_disk(struct world *w, enum disk disk);
/* The program stops in good order and begins again. */
int world_restart(struct world *w);
/* kill -9: what the kernel and the disk have is all that stays. */
int world_kill(struct world *w);
/* The machine begins again, away later: the kernel is empty, the clock to be believed or not. */
int world_reboot(struct world *w, bool synced, uint64_t away_ms);

/* A host is there, or does not answer any more, as whom.h and the neighbour table say it; both
 * remember over restarts. */
void world_host(struct world *w, const struct core_host *host, bool here);

void world_ask(struct world *w, const struct map_req *req);
/* NULL: the counts behind the quotas are right, and every lease ends; else what is not so. */
const char *world_fault(const struct world *w);
/* Rows of the record, newest first; returns how many. */
size_t world_record(struct world *w, struct db_record *rows, size_t max);

#endif
