/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See nft_probe.h. The table has a set at most, hence touches no packet. */
#include "gateway/nft_probe.h"

#include "gateway/nl.h"
#include "gateway/nlbatch.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define TABLE "postern_probe"
#define SET "renewal"
#define SHORT_MS 60000
#define LONG_MS 600000
#define KEY 1

static void put_table(struct nlbatch *batch, uint16_t type, uint32_t flags)
{
	struct nlmsghdr *nlh = nlbatch_put(batch, type,
		type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0, NLBATCH_NO_TAG);

	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, TABLE);
	if (type == NFT_MSG_NEWTABLE)
		mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, htonl(flags));
}

static bool change_table(struct nlbatch *batch, struct nl *nl, uint16_t type, uint32_t flags)
{
	nlbatch_begin(batch);
	put_table(batch, type, flags);
	return nlbatch_send(batch, mnl_socket_get_fd(nl->socket)) == 0;
}

bool nft_probe_persist(struct nlbatch *batch, struct nl *nl)
{
	/* One of a run that was killed in between. */
	change_table(batch, nl, NFT_MSG_DELTABLE, 0);
	if (!change_table(batch, nl, NFT_MSG_NEWTABLE, NFT_PROBE_OWNED | NFT_PROBE_PERSISTS))
		return false;
	change_table(batch, nl, NFT_MSG_DELTABLE, 0);
	return true;
}

static void put_set(struct nlbatch *batch)
{
	struct nlmsghdr *nlh = nlbatch_put(batch, NFT_MSG_NEWSET, NLM_F_CREATE, NLBATCH_NO_TAG);

	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, SET);
	mnl_attr_put_u32(nlh, NFTA_SET_ID, htonl(1));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_LEN, htonl(sizeof(uint32_t)));
	mnl_attr_put_u32(nlh, NFTA_SET_FLAGS, htonl(NFT_SET_TIMEOUT));
}

static void put_elem(struct nlmsghdr *nlh, uint64_t timeout_ms)
{
	struct nlattr *list, *item, *key;

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, SET);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	item = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put_u32(nlh, NFTA_DATA_VALUE, KEY);
	mnl_attr_nest_end(nlh, key);
	mnl_attr_put_u64(nlh, NFTA_SET_ELEM_TIMEOUT, htobe64(timeout_ms));
	mnl_attr_nest_end(nlh, item);
	mnl_attr_nest_end(nlh, list);
}

static bool add_elem(struct nlbatch *batch, struct nl *nl, bool with_table, uint64_t timeout_ms)
{
	struct nlmsghdr *nlh;

	nlbatch_begin(batch);
	if (with_table) {
		put_table(batch, NFT_MSG_NEWTABLE, 0);
		put_set(batch);
	}
	nlh = nlbatch_put(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE, NLBATCH_NO_TAG);
	if (nlh)
		put_elem(nlh, timeout_ms);
	return nlbatch_send(batch, mnl_socket_get_fd(nl->socket)) == 0;
}

static int on_elem(const struct nlattr *attr, void *arg)
{
	const struct nlattr *tb[NFTA_SET_ELEM_EXPIRATION + 1];
	uint64_t left_ms = 0;

	nl_nested(attr, tb, NFTA_SET_ELEM_EXPIRATION);
	nl_bytes(tb[NFTA_SET_ELEM_EXPIRATION], &left_ms, sizeof(left_ms));
	*(uint64_t *)arg = be64toh(left_ms);
	return MNL_CB_OK;
}

static int on_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[NFTA_SET_ELEM_LIST_MAX + 1];

	nl_attrs(nlh, sizeof(struct nfgenmsg), tb, NFTA_SET_ELEM_LIST_MAX);
	if (tb[NFTA_SET_ELEM_LIST_ELEMENTS])
		mnl_attr_parse_nested(tb[NFTA_SET_ELEM_LIST_ELEMENTS], on_elem, arg);
	return MNL_CB_OK;
}

static uint64_t left_ms(struct nl *nl)
{
	union nl_request request;
	struct nfgenmsg *nfg = nl_begin(&request, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM,
		NLM_F_DUMP, sizeof(*nfg));
	uint64_t left = 0;

	nfg->nfgen_family = NFPROTO_INET;
	mnl_attr_put_strz(&request.header, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	mnl_attr_put_strz(&request.header, NFTA_SET_ELEM_LIST_SET, SET);
	return nl_ask(nl, &request, on_message, &left) == 0 ? left : 0;
}

bool nft_probe_renewal(struct nlbatch *batch, struct nl *nl)
{
	bool moved = add_elem(batch, nl, true, SHORT_MS) && add_elem(batch, nl, false, LONG_MS) &&
		     left_ms(nl) > SHORT_MS;

	change_table(batch, nl, NFT_MSG_DELTABLE, 0);
	return moved;
}
