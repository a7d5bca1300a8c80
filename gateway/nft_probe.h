/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this kernel's nf_tables can do beyond the oldest we run on, found out by doing it in a
 * table of its own that is gone afterwards.
 */
#ifndef GATEWAY_NFT_PROBE_H
#define GATEWAY_NFT_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct nl;
struct nlbatch;

/* Table flags that Debian 12's headers lack, in part. */
#define NFT_PROBE_OWNED 0x2u	/* NFT_TABLE_F_OWNER: others may not change it */
#define NFT_PROBE_PERSISTS 0x4u	/* NFT_TABLE_F_PERSIST: and it outlives its owner */

/* Both flags may be set on a table (6.9). */
bool nft_probe_persist(struct nlbatch *batch, struct nl *nl);
/* Adding an element again gives it the new timeout (6.12). */
bool nft_probe_renewal(struct nlbatch *batch, struct nl *nl);
/* Rules may lead packets to sockets, and ask what an address is. */
bool nft_probe_ways(struct nlbatch *batch, struct nl *nl);
/* Rules may add elements to sets. */
bool nft_probe_notes(struct nlbatch *batch, struct nl *nl);

#endif
