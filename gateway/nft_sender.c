/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See nft_sender.h; the key is fw_sender_def's. */
#include "gateway/nft_sender.h"

#include "gateway/fw_set.h"
#include "gateway/nft_elem.h"
#include "gateway/nl.h"
#include "gateway/ruleset.h"
#include "protocols/reader.h"

#include <linux/netfilter/nf_tables.h>

struct listing {
	enum fw_sender_kind kind;
	bool is4;
	fw_sender_fn *each;
	void *arg;
};

static struct addr take_addr(struct reader *key, bool is4)
{
	uint8_t b[16] = {0};

	reader_bytes(key, b, is4 ? 4 : sizeof(b));
	return is4 ? addr_from4_bytes(b) : addr_from6_bytes(b);
}

static int on_elem(const struct nlattr *attr, void *arg)
{
	const struct listing *listing = arg;
	const struct nlattr *tb[NFTA_SET_ELEM_KEY + 1];
	struct fw_sender sender = {.kind = (uint8_t)listing->kind};
	uint8_t bytes[FW_KEY_MAX] = {0};
	size_t len = fw_def_key_len(fw_sender_def(listing->kind, listing->is4));
	struct reader key = reader_from(bytes, len);

	nl_nested(attr, tb, NFTA_SET_ELEM_KEY);
	nft_elem_value(tb[NFTA_SET_ELEM_KEY], bytes, len);
	reader_bytes(&key, &sender.ifindex, sizeof(sender.ifindex));
	sender.addr = take_addr(&key, listing->is4);
	reader_bytes(&key, sender.mac, sizeof(sender.mac));
	reader_skip(&key, 2);
	sender.proto = reader_u8(&key);
	reader_skip(&key, 3);
	sender.port = reader_u16(&key);
	listing->each(listing->arg, &sender);
	return MNL_CB_OK;
}

int nft_sender_dump(struct nl *nl, enum fw_sender_kind kind, bool is4, fw_sender_fn *each,
	void *arg)
{
	struct listing listing = {kind, is4, each, arg};

	return nft_elem_each(nl, RULESET_TABLE, fw_sender_def(kind, is4)->name, on_elem, &listing);
}
