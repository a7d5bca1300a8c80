/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom the kernel noted: the dynamic sets of the table, as senders.
 */
#ifndef GATEWAY_NFT_SENDER_H
#define GATEWAY_NFT_SENDER_H

#include "gateway/fw.h"

struct nl;

/* Of one set. Errors as of nft_elem_dump. */
int nft_sender_dump(struct nl *nl, enum fw_sender_kind kind, bool is4, fw_sender_fn *each,
	void *arg);

#endif
