/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firewall backend that speaks to the kernel itself: needs CAP_NET_ADMIN over the network
 * namespace, and no more once nft_new is back (all sockets are open then). Calls are answered
 * before they return.
 */
#ifndef GATEWAY_NFT_H
#define GATEWAY_NFT_H

#include "gateway/fw.h"
#include "gateway/log.h"

struct loop;

struct nft_config {
	uint32_t mark;			/* our bit of the skb and conntrack marks */
	uint16_t displaced_min;		/* see ruleset.h */
	uint16_t displaced_max;
	/* The table is ours alone and stays when we end, if the kernel can do that (6.9); else, and
	 * when false, changes by others are watched for. */
	bool persist;
	struct log *log;	/* told what the kernel lacks and we miss; may be NULL */
	uint32_t sip_mark;		/* our bit of what is led to our sockets (fw_way) */
	uint32_t sip_priority;		/* of the rule that routes by it, and its table */
	uint32_t sip_table;
	/* For tests: the kernel counts as one that cannot move a timeout (before 6.12). */
	bool replace_only;
	/* The same for one that cannot note senders. */
	bool no_notes;
	bool no_ways;	/* as if the kernel could not lead packets to sockets */
};

/* NULL: no memory or no sockets. A table left by an earlier run is adopted, not changed. */
struct fw *nft_new(struct loop *loop, const struct nft_config *config);
/* What the kernel was found to be able to do. */
bool nft_is_persistent(const struct fw *fw);
bool nft_moves_timeouts(const struct fw *fw);
/* false: forged packets reach our doors, and fw_senders tells of nobody. */
bool nft_notes_senders(const struct fw *fw);
/* false: fw_way answers ERR_UNSUPPORTED. */
bool nft_leads_ways(const struct fw *fw);

#endif
