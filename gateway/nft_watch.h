/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hears what others do to our table, one call of fn per wake-up, however much it was; and whether
 * anybody's table may have set up the kernel's own SIP helper, or have taken it away.
 */
#ifndef GATEWAY_NFT_WATCH_H
#define GATEWAY_NFT_WATCH_H

#include "gateway/loop.h"

#include <stdint.h>

struct nft_watch;

struct nft_watch_config {
	struct loop *loop;
	uint32_t own_port;	/* of netlink, whose transactions are ours and not told of */
	loop_fn *touched;
	loop_fn *sip_helper;	/* it may be there, or not any more */
	void *arg;
};

/* NULL: no memory or no socket. */
struct nft_watch *nft_watch_new(const struct nft_watch_config *config);
/* So many elements of our table will change, which nobody else can (it has an owner): if it is
 * much, nothing is heard for a second. The SIP helper may be there then, or not any more. */
void nft_watch_spare(struct nft_watch *watch, size_t elems);
void nft_watch_free(struct nft_watch *watch);

#endif
