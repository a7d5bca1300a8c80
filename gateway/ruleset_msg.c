/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ruleset_msg.h. */
#include "gateway/ruleset_msg.h"

#include "gateway/fw_set.h"
#include "gateway/nlbatch.h"
#include "protocols/err.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#define SET_SIZE 65536	/* elements of a leased set: all ports there are */

static uint32_t word_of(const struct ruleset_attr *def, const struct ruleset_config *config)
{
	if (def->kind == RULESET_ATTR_MARK)
		return config->mark;
	if (def->kind == RULESET_ATTR_NOT_MARK)
		return ~config->mark;
	if (def->kind == RULESET_ATTR_SIP_MARK)
		return config->sip_mark;
	if (def->kind == RULESET_ATTR_NOT_SIP_MARK)
		return ~config->sip_mark;
	return def->number;
}

static uint16_t half_of(const struct ruleset_attr *def, const struct ruleset_config *config)
{
	if (def->kind == RULESET_ATTR_PORT_MIN)
		return htons(config->displaced_min);
	if (def->kind == RULESET_ATTR_PORT_MAX)
		return htons(config->displaced_max);
	if (def->kind == RULESET_ATTR_HALF_NET)
		return htons((uint16_t)def->number);
	return (uint16_t)def->number;
}

static bool is_word(enum ruleset_attr_kind kind)
{
	return kind == RULESET_ATTR_WORD || kind == RULESET_ATTR_MARK ||
	       kind == RULESET_ATTR_NOT_MARK || kind == RULESET_ATTR_SIP_MARK ||
	       kind == RULESET_ATTR_NOT_SIP_MARK;
}

static void set_bytes(struct nftnl_expr *expr, const struct ruleset_attr *def,
	const struct ruleset_config *config)
{
	static const uint8_t zeros[8];
	uint8_t byte = (uint8_t)def->number;
	uint32_t word = word_of(def, config);
	uint16_t half = half_of(def, config);

	if (def->kind == RULESET_ATTR_BYTE)
		nftnl_expr_set(expr, def->attr, &byte, sizeof(byte));
	else if (def->kind == RULESET_ATTR_ZEROS)
		nftnl_expr_set(expr, def->attr, zeros, def->number);
	else if (is_word(def->kind))
		nftnl_expr_set(expr, def->attr, &word, sizeof(word));
	else
		nftnl_expr_set(expr, def->attr, &half, sizeof(half));
}

static struct nftnl_expr *make_expr(const struct ruleset_expr *def,
	const struct ruleset_config *config)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(def->name);

	if (!expr)
		return NULL;
	for (const struct ruleset_attr *a = def->attrs; a->kind != RULESET_ATTR_END; a++) {
		if (a->kind == RULESET_ATTR_U32)
			nftnl_expr_set_u32(expr, a->attr, a->number);
		else if (a->kind == RULESET_ATTR_U64)
			nftnl_expr_set_u64(expr, a->attr, a->number);
		else if (a->kind == RULESET_ATTR_U8)
			nftnl_expr_set_u8(expr, a->attr, (uint8_t)a->number);
		else if (a->kind == RULESET_ATTR_TEXT)
			nftnl_expr_set_str(expr, a->attr, a->text);
		else
			set_bytes(expr, a, config);
	}
	return expr;
}

/* The rule that begins at *at; *at moves to the next one. */
static int put_rule(struct nlbatch *batch, const struct ruleset_config *config,
	const struct ruleset_expr **at, const struct ruleset_expr *end)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct nlmsghdr *nlh = nlbatch_put(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
		NLBATCH_NO_TAG);
	int err = ERR_MEMORY;

	if (!rule || !nlh)
		goto out;
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, RULESET_TABLE);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, (*at)->chain);
	for (++*at; *at < end && (*at)->name; ++*at) {
		struct nftnl_expr *expr = make_expr(*at, config);
		if (!expr)
			goto out;
		nftnl_rule_add_expr(rule, expr);
	}
	nftnl_rule_nlmsg_build_payload(nlh, rule);
	err = 0;
out:
	if (rule)
		nftnl_rule_free(rule);
	return err;
}

static int put_chain(struct nlbatch *batch, const struct ruleset_chain *def)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	struct nlmsghdr *nlh = nlbatch_put(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE, NLBATCH_NO_TAG);

	if (chain && nlh) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, RULESET_TABLE);
		nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, def->name);
		if (def->type) {
			nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, def->type);
			nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, def->hook);
			nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, def->priority);
			nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
		}
		nftnl_chain_nlmsg_build_payload(nlh, chain);
	}
	if (chain)
		nftnl_chain_free(chain);
	return chain && nlh ? 0 : ERR_MEMORY;
}

/* nft's own numbers of data types, for its listings; six bits each in a concatenation. */
static uint32_t nft_type(enum fw_field field)
{
	switch (field) {
	case FW_FIELD_END:
		return 0;
	case FW_FIELD_ADDR4:
		return 7;
	case FW_FIELD_ADDR6:
		return 8;
	case FW_FIELD_PROTO:
		return 12;
	case FW_FIELD_PORT:
		return 13;
	case FW_FIELD_MAC:
		return 9;
	case FW_FIELD_IFINDEX:
		return 20;
	case FW_FIELD_ID:
		return 19;	/* mark: a number that is shown as it is */
	case FW_FIELD_WAY:
		return 27;
	}
	return 0;
}

static void describe_key(struct nftnl_set *set, const struct fw_set_def *def, uint32_t *flags)
{
	uint8_t lens[FW_FIELDS_MAX];
	uint32_t type = 0;
	uint32_t count = 0;

	for (; def->key[count] != FW_FIELD_END; count++) {
		type = type << 6 | nft_type(def->key[count]);
		lens[count] = fw_field_len(def->key[count]);
	}
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, type);
	if (count > 1 && def->is_interval) {
		*flags |= NFT_SET_CONCAT;
		nftnl_set_set_data(set, NFTNL_SET_DESC_CONCAT, lens, count);
	}
}

static void describe_data(struct nftnl_set *set, const struct fw_set_def *def, uint32_t *flags)
{
	if (!def->is_map && !def->has_id)
		return;
	*flags |= NFT_SET_MAP;
	nftnl_set_set_u32(set, NFTNL_SET_DATA_LEN, (uint32_t)fw_def_data_len(def));
	nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE, def->has_id ? nft_type(FW_FIELD_ID) :
		nft_type(FW_FIELD_ADDR4) << 6 | nft_type(FW_FIELD_PORT));
}

static void describe_set(struct nftnl_set *set, const struct fw_set_def *def, uint32_t id)
{
	uint32_t flags = 0;

	nftnl_set_set_str(set, NFTNL_SET_TABLE, RULESET_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, def->name);
	nftnl_set_set_u32(set, NFTNL_SET_ID, id);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, (uint32_t)fw_def_key_len(def));
	describe_key(set, def, &flags);
	describe_data(set, def, &flags);
	if (def->is_interval)
		flags |= NFT_SET_INTERVAL;
	if (def->is_dynamic)
		flags |= NFT_SET_EVAL;
	/* Also where none of ours ends by itself: such a set grows with its elements, where one of
	 * a size alone takes room for all of them at once. */
	if (def->is_leased || def->most) {
		flags |= NFT_SET_TIMEOUT;
		nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, def->most ? def->most : SET_SIZE);
	}
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, flags);
}

int ruleset_msg_set(struct nlbatch *batch, const struct fw_set_def *def, uint32_t id)
{
	struct nftnl_set *set = nftnl_set_alloc();
	struct nftnl_expr *counter = NULL;
	struct nlmsghdr *nlh = nlbatch_put(batch, NFT_MSG_NEWSET, NLM_F_CREATE, NLBATCH_NO_TAG);
	int err = ERR_MEMORY;

	if (!set || !nlh)
		goto out;
	describe_set(set, def, id);
	if (def->is_counted) {
		counter = nftnl_expr_alloc("counter");
		if (!counter)
			goto out;
		nftnl_set_add_expr(set, counter);
	}
	nftnl_set_nlmsg_build_payload(nlh, set);
	err = 0;
out:
	if (set)
		nftnl_set_free(set);
	return err;
}

int ruleset_msg_chains(struct nlbatch *batch, const struct ruleset_chain *defs, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = put_chain(batch, &defs[i]);
	return err;
}

int ruleset_msg_rules(struct nlbatch *batch, const struct ruleset_config *config,
	const struct ruleset_expr *defs, size_t count)
{
	const struct ruleset_expr *at = defs;
	int err = 0;

	while (at < defs + count && !err)
		err = put_rule(batch, config, &at, defs + count);
	return err;
}
