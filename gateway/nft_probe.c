/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See nft_probe.h. The table has a set and a chain without a hook at most, hence touches no
 * packet. */
#include "gateway/nft_probe.h"

#include "gateway/nft_elem.h"
#include "gateway/nl.h"
#include "gateway/nlbatch.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define TABLE "postern_probe"
#define SET "elements"
#define SET_ID 1
#define CHAIN "notes"
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

static void put_set(struct nlbatch *batch, uint32_t flags)
{
	struct nlmsghdr *nlh = nlbatch_put(batch, NFT_MSG_NEWSET, NLM_F_CREATE, NLBATCH_NO_TAG);

	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, SET);
	mnl_attr_put_u32(nlh, NFTA_SET_ID, htonl(SET_ID));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_LEN, htonl(sizeof(uint32_t)));
	mnl_attr_put_u32(nlh, NFTA_SET_FLAGS, htonl(flags));
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
		put_set(batch, NFT_SET_TIMEOUT);
	}
	nlh = nlbatch_put(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE, NLBATCH_NO_TAG);
	if (nlh)
		put_elem(nlh, timeout_ms);
	return nlbatch_send(batch, mnl_socket_get_fd(nl->socket)) == 0;
}

static int on_elem(const struct nlattr *attr, void *arg)
{
	const struct nlattr *tb[NFTA_SET_ELEM_EXPIRATION + 1];

	nl_nested(attr, tb, NFTA_SET_ELEM_EXPIRATION);
	*(uint64_t *)arg = nft_elem_u64(tb[NFTA_SET_ELEM_EXPIRATION]);
	return MNL_CB_OK;
}

static uint64_t left_ms(struct nl *nl)
{
	uint64_t left = 0;

	return nft_elem_each(nl, TABLE, SET, on_elem, &left) == 0 ? left : 0;
}

bool nft_probe_renewal(struct nlbatch *batch, struct nl *nl)
{
	bool moved = add_elem(batch, nl, true, SHORT_MS) && add_elem(batch, nl, false, LONG_MS) &&
		     left_ms(nl) > SHORT_MS;

	change_table(batch, nl, NFT_MSG_DELTABLE, 0);
	return moved;
}

static void put_chain(struct nlbatch *batch)
{
	struct nlmsghdr *nlh = nlbatch_put(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE, NLBATCH_NO_TAG);

	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, TABLE);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, CHAIN);
}

static struct nftnl_rule *begin_rule(void)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule)
		return NULL;
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, TABLE);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, CHAIN);
	return rule;
}

/* NULL when memory is short. */
static struct nftnl_rule *make_note(void)
{
	struct nftnl_rule *rule = begin_rule();
	struct nftnl_expr *meta = nftnl_expr_alloc("meta");
	struct nftnl_expr *note = nftnl_expr_alloc("dynset");

	if (!rule || !meta || !note) {
		nftnl_expr_free(meta);
		nftnl_expr_free(note);
		nftnl_rule_free(rule);
		return NULL;
	}
	nftnl_expr_set_u32(meta, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	nftnl_expr_set_u32(meta, NFTNL_EXPR_META_DREG, NFT_REG32_00);
	nftnl_expr_set_str(note, NFTNL_EXPR_DYNSET_SET_NAME, SET);
	nftnl_expr_set_u32(note, NFTNL_EXPR_DYNSET_SET_ID, SET_ID);
	nftnl_expr_set_u32(note, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	nftnl_expr_set_u32(note, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG32_00);
	nftnl_expr_set_u64(note, NFTNL_EXPR_DYNSET_TIMEOUT, SHORT_MS);
	nftnl_rule_add_expr(rule, meta);
	nftnl_rule_add_expr(rule, note);
	return rule;
}

/* The same. */
static struct nftnl_rule *make_way(void)
{
	struct nftnl_rule *rule = begin_rule();
	struct nftnl_expr *fib = nftnl_expr_alloc("fib");
	struct nftnl_expr *port = nftnl_expr_alloc("payload");
	struct nftnl_expr *way = nftnl_expr_alloc("tproxy");

	if (!rule || !fib || !port || !way) {
		nftnl_expr_free(fib);
		nftnl_expr_free(port);
		nftnl_expr_free(way);
		nftnl_rule_free(rule);
		return NULL;
	}
	nftnl_expr_set_u32(fib, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(fib, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
	nftnl_expr_set_u32(fib, NFTNL_EXPR_FIB_DREG, NFT_REG32_00);
	nftnl_expr_set_u32(port, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
	nftnl_expr_set_u32(port, NFTNL_EXPR_PAYLOAD_OFFSET, 2);
	nftnl_expr_set_u32(port, NFTNL_EXPR_PAYLOAD_LEN, 2);
	nftnl_expr_set_u32(port, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG32_00);
	nftnl_expr_set_u32(way, NFTNL_EXPR_TPROXY_FAMILY, NFPROTO_UNSPEC);
	nftnl_expr_set_u32(way, NFTNL_EXPR_TPROXY_REG_PORT, NFT_REG32_00);
	nftnl_rule_add_expr(rule, fib);
	nftnl_rule_add_expr(rule, port);
	nftnl_rule_add_expr(rule, way);
	return rule;
}

/* Takes the rule. */
static bool probe_rule(struct nlbatch *batch, struct nl *nl, struct nftnl_rule *rule)
{
	struct nlmsghdr *nlh;
	bool can;

	if (!rule)
		return false;
	nlbatch_begin(batch);
	put_table(batch, NFT_MSG_NEWTABLE, 0);
	put_set(batch, NFT_SET_TIMEOUT | NFT_SET_EVAL);
	put_chain(batch);
	nlh = nlbatch_put(batch, NFT_MSG_NEWRULE, NLM_F_CREATE, NLBATCH_NO_TAG);
	if (nlh)
		nftnl_rule_nlmsg_build_payload(nlh, rule);
	nftnl_rule_free(rule);
	can = nlbatch_send(batch, mnl_socket_get_fd(nl->socket)) == 0;
	change_table(batch, nl, NFT_MSG_DELTABLE, 0);
	return can;
}

bool nft_probe_notes(struct nlbatch *batch, struct nl *nl)
{
	return probe_rule(batch, nl, make_note());
}

bool nft_probe_ways(struct nlbatch *batch, struct nl *nl)
{
	return probe_rule(batch, nl, make_way());
}
