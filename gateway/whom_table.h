/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bindings of whom.h: a table of fixed size, found by (interface, address) and walked by MAC.
 * When it is full, one that is weak or not there goes first, then the longest unheard of; no MAC
 * has more than WHOM_TABLE_MAC_MAX. Only memory: what a binding means is whom.c's.
 */
#ifndef GATEWAY_WHOM_TABLE_H
#define GATEWAY_WHOM_TABLE_H

#include "gateway/whom.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHOM_TABLE_MAC_MAX 256	/* addresses of one MAC: a repeater's, a host's of IPv6 */

/* What the kernel said of an address since its MAC was asked. */
enum whom_heard {
	WHOM_HEARD_NOTHING,
	WHOM_HEARD_ASKED,		/* it asks this MAC, and that was its last word */
	WHOM_HEARD_OTHER,		/* it believed another one meanwhile */
};

struct whom_binding {
	struct whom_host host;
	bool used;
	bool here;			/* answers, as far as is known */
	bool weak;			/* on one sender's word only */
	bool leased;			/* DHCP's last word on this address was ... */
	uint8_t leased_mac[6];
	uint64_t since_ms;		/* bound to this MAC */
	uint64_t heard_ms;
	uint64_t upheld_ms;		/* it answered while another claimed its place; 0: never */
	uint64_t paid_ms;		/* until when questions by MAC are paid for */
	uint64_t silent_ms;		/* it was asked and did not answer; 0: not since it did */
	uint64_t asked_ms;		/* the last time; 0: never */
	/* While its MAC is being asked: */
	bool asking;
	bool is_out;			/* a question is; else the next one waits for due_ms */
	uint64_t due_ms;
	enum whom_heard heard;		/* since the question */
	uint8_t silences, voids;	/* questions that came to nothing, and that prove nothing */
	uint8_t other[6];		/* who spoke in between last */
	bool has_rival, rival_answered;
	struct whom_host rival;		/* who claims its place */
	uint16_t next_addr, next_mac;	/* in the chains of the table */
};

struct whom_table;

struct whom_table *whom_table_new(void);	/* NULL: no memory */
/* NULL: none. Bindings stay where they are until they are removed. */
struct whom_binding *whom_table_find(struct whom_table *t, int ifindex, const struct addr *addr);
/* The binding that has to go before this one can be added; NULL: there is room. */
struct whom_binding *whom_table_surplus(struct whom_table *t, const struct whom_host *host);
/* All else zero. Never one that is there, nor without room. */
struct whom_binding *whom_table_add(struct whom_table *t, const struct whom_host *host);
void whom_table_remove(struct whom_table *t, struct whom_binding *b);
void whom_table_move(struct whom_table *t, struct whom_binding *b, const uint8_t mac[6]);
/* The first of this MAC (after NULL), the next one; NULL: no more. */
struct whom_binding *whom_table_next(struct whom_table *t, const uint8_t mac[6],
	const struct whom_binding *after);
/* All in use, by place from *place (0 at first) on; NULL: no more. */
struct whom_binding *whom_table_walk(const struct whom_table *t, size_t *place);
void whom_table_free(struct whom_table *t);

#endif
