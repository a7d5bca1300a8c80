/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of struct whom: whom.c hears, looks at whom the kernel noted, and answers those who
 * wait; it calls whom_check.c, which keeps the bindings: who has an address, and whether he who
 * had it still answers.
 */
#ifndef GATEWAY_WHOM_INT_H
#define GATEWAY_WHOM_INT_H

#include "gateway/whom.h"
#include "gateway/whom_noted.h"
#include "gateway/whom_table.h"

#define WHOM_CHECKS_MAX 256	/* bindings whose MAC is being asked */
#define WHOM_ASKS_MAX 256	/* unknown addresses being asked for */
#define WHOM_TRIES 3		/* within WHOM_WAIT_MS, if nobody disturbs */
#define WHOM_TRY_MS (WHOM_WAIT_MS / WHOM_TRIES)

/* An address nobody is known to have. */
struct whom_ask {
	uint32_t number;		/* never used twice; 0: this place is free */
	struct whom_host host;		/* mac: who claims it, or zeros */
	bool claimed;
	uint8_t tries;
	uint64_t began_ms;
	uint64_t look;			/* the first that began after the last one who waits came */
	size_t waiting;
};

struct whom_waiter {
	whom_found_fn *fn;		/* NULL: this place is free */
	void *arg;
	uint32_t ask;			/* its number */
};

struct whom {
	struct loop *loop;
	struct whom_env env;
	whom_news_fn *news;
	void *arg;
	struct whom_table *table;
	struct whom_noted *noted;
	struct whom_binding *checks[WHOM_CHECKS_MAX];
	size_t check_count;
	uint64_t paid_ms;		/* until when questions to the link are paid for */
	struct whom_ask asks[WHOM_ASKS_MAX];
	size_t ask_count;
	uint32_t last_ask;		/* its number */
	struct whom_waiter waiters[WHOM_HELD_MAX];
	struct loop_timer tick;		/* next try or end of a check or an ask */
	struct loop_timer poll;
	bool polling;			/* the kernel has not told all yet */
	uint64_t poll_ms;		/* when the last look began */
	uint64_t looks, looked;		/* how many began; the number of the last one that ended */
};

/* What the kernel says of an address, for the question that is out. */
void whom_check_heard(struct whom_binding *b, const struct whom_host *host, enum whom_word word);
/* Evidence. */
void whom_check_fixed(struct whom *w, const struct whom_host *host);
void whom_check_answers(struct whom *w, const struct whom_host *host);
void whom_check_claims(struct whom *w, struct whom_binding *b, const struct whom_host *host);
void whom_check_fails(struct whom *w, struct whom_binding *b);
void whom_check_leased(struct whom *w, const struct whom_host *host);
/* A sender with an address that is bound. */
void whom_check_noted(struct whom *w, struct whom_binding *b, struct whom_noted_entry *e);

/* Asks the MAC of b whether it is still there; rival (NULL: none) is who claims its place. */
void whom_check_begin(struct whom *w, struct whom_binding *b, const struct whom_host *rival,
	bool rival_answered);
/* Whether somebody is being asked whose place this would be. */
bool whom_check_is_open(const struct whom *w, int ifindex, const struct addr *addr);
/* The next try or the end of those that are due. */
void whom_check_tick(struct whom *w);
void whom_check_wake(struct whom *w, uint64_t due_ms);
/* Bound by one sender's word; NULL: its MAC is on another LAN, or the address has an owner who did
 * not fail to answer just now. */
struct whom_binding *whom_check_bind_weak(struct whom *w, const struct whom_host *host);
/* A binding that is not there yet, where there is none. */
struct whom_binding *whom_check_remember(struct whom *w, const struct whom_host *host);
/* mac sends with the address of b: news, unless that was told of late. */
void whom_check_forged(struct whom *w, const struct whom_binding *b, const uint8_t mac[6]);
/* whom: this MAC; else who has the address. false: too much was asked of late, and it was not. */
bool whom_check_probe(struct whom *w, const struct whom_host *host, bool whom);

#endif
