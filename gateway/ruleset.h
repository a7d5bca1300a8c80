/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The static part of table `inet postern`: sets, chains and rules, as netlink messages. Which
 * packets they treat how is told in ruleset.c beside each rule; `nft list table inet postern`
 * shows the same (tests/vectors/ruleset.nft).
 */
#ifndef GATEWAY_RULESET_H
#define GATEWAY_RULESET_H

#include <stdbool.h>
#include <stdint.h>

struct nlbatch;

#define RULESET_TABLE "postern"

struct ruleset_config {
	uint32_t mark;		/* one bit of skb and ct marks that is ours */
	/* Source ports for flows that must give way to a mapped external port. Openings are never
	 * given these. */
	uint16_t displaced_min;
	uint16_t displaced_max;
	bool notes;	/* with the chains that note senders and drop what is forged */
	bool ways;	/* with those that lead phones' SIP to us */
	uint32_t sip_mark;	/* one bit of skb marks, on what they lead */
};

/* Appends the messages that make the table, which must not exist. */
int ruleset_put(struct nlbatch *batch, const struct ruleset_config *config, uint32_t table_flags);
/* Appends the message that makes the table itself, or takes an orphaned one over. */
int ruleset_put_table(struct nlbatch *batch, uint32_t flags);

#endif
