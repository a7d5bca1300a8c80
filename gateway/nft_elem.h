/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements of the table's sets as netlink messages, and back again.
 */
#ifndef GATEWAY_NFT_ELEM_H
#define GATEWAY_NFT_ELEM_H

#include "gateway/fw.h"

#include <libmnl/libmnl.h>

struct nl;
struct nlbatch;

/* Of an element replaced, to go on with. */
struct nft_count {
	uint64_t packets;
	uint64_t bytes;
};

/* Elements into a batch, zero but for the first two. */
struct nft_elem_writer {
	struct nlbatch *batch;
	bool apart;		/* each in a message of its own, whose refusal then is its own */
	bool shared;		/* set when a message has more than one */
	struct nlmsghdr *nlh;	/* the last message, with its list, while its batch had so many */
	struct nlattr *list;
	size_t msgs;
	uint16_t type;
	uint8_t set;
};

/* Appends the element to be added; count, unless NULL, is where its counter goes on. One that
 * shares a message has the tag of the first. */
int nft_elem_put_add(struct nft_elem_writer *w, const struct fw_elem *elem, uint32_t tag,
	const struct nft_count *count);
int nft_elem_put_del(struct nft_elem_writer *w, const struct fw_elem *elem, uint32_t tag);
/* Hands each element of a set, a nest of NFTA_SET_ELEM_*, to fn. Errors as of nft_elem_dump. */
int nft_elem_each(struct nl *nl, const char *table, const char *set, mnl_attr_cb_t fn, void *arg);
/* The value of a nest of NFTA_DATA_*, and a number; untouched, or 0, where there is none. */
void nft_elem_value(const struct nlattr *nest, void *out, size_t size);
uint64_t nft_elem_u64(const struct nlattr *attr);
/* Calls each for every element of the set, or for the one that elem names. ERR_AGAIN: the ruleset
 * changed meanwhile, and what each has seen is not all of it. ERR_NOT_FOUND: no such set. */
int nft_elem_dump(struct nl *nl, enum fw_set set, fw_dump_fn *each, void *arg);
int nft_elem_get(struct nl *nl, const struct fw_elem *elem, fw_dump_fn *each, void *arg);

#endif
