/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hears what others do to our table. One call of fn per wake-up, however much it was.
 */
#ifndef GATEWAY_NFT_WATCH_H
#define GATEWAY_NFT_WATCH_H

#include "gateway/loop.h"

#include <stdint.h>

struct nft_watch;

/* own_port: the netlink port whose transactions are ours and not told of. NULL: no socket. */
struct nft_watch *nft_watch_new(struct loop *loop, uint32_t own_port, loop_fn *fn, void *arg);
void nft_watch_free(struct nft_watch *watch);

#endif
