/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The static part of the table as one list of nf_tables expressions. A chain is a base chain when
 * it has a hook. R(n) is the n-th four byte register; a set key of several fields lies in
 * consecutive registers.
 *
 * A flow is ours when chain dstnat translated it, or chain forward admitted it to an IPv6 pinhole:
 * it bears our bit in its conntrack mark from then on. Every packet of such a flow, both ways, is
 * looked up in the open_ sets by the flow's original tuple (IPv6: the endpoint as the reply tuple
 * has it), so a flow ends with its element, ICMP errors included. Keys come from conntrack and
 * not from packet bytes, hence can not be misread in the other family.
 */
#include "gateway/ruleset.h"

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
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/in.h>

#define SET_SIZE 65536	/* elements of a leased set: all ports there are */
#define PRIORITY_DSTNAT (NF_IP_PRI_NAT_DST + 5)	/* the owner's redirects win */
#define PRIORITY_SRCNAT (NF_IP_PRI_NAT_SRC - 5)	/* before the owner's masquerade */
#define PRIORITY_FORWARD (NF_IP_PRI_FILTER - 5)	/* marked before a host firewall looks */
#define STATE_NEW 8	/* 1 << (IP_CT_NEW % IP_CT_IS_REPLY + 1), as ct state has it */

struct chain_def {
	const char *name;
	const char *type;	/* NULL: no base chain */
	uint32_t hook;
	int32_t priority;
};

static const struct chain_def chains[] = {
	{"dstnat", "nat", NF_INET_PRE_ROUTING, PRIORITY_DSTNAT},
	{"srcnat", "nat", NF_INET_POST_ROUTING, PRIORITY_SRCNAT},
	{"hairpin", NULL, 0, 0},
	{"outward", NULL, 0, 0},
	{"displace", NULL, 0, 0},
	{"forward", "filter", NF_INET_FORWARD, PRIORITY_FORWARD},
	{"ours", NULL, 0, 0},
	{"match4", NULL, 0, 0},
	{"match6", NULL, 0, 0},
	{"pass", NULL, 0, 0},
};

/* An attribute of an expression; the kinds below "bytes" say where the bytes come from. */
enum attr_kind {
	ATTR_END = 0,
	ATTR_U32,
	ATTR_U8,
	ATTR_TEXT,
	ATTR_BYTE,	/* bytes: one byte */
	ATTR_WORD,	/* bytes: four, host order */
	ATTR_ZEROS,	/* bytes: so many zeros */
	ATTR_MARK,	/* bytes: our bit */
	ATTR_NOT_MARK,	/* bytes: all the others */
	ATTR_PORT_MIN,	/* bytes: the displaced range */
	ATTR_PORT_MAX,
};

struct attr_def {
	enum attr_kind kind;
	uint16_t attr;
	uint32_t number;
	const char *text;
};

#define ATTRS_MAX 7	/* with the end mark */
struct expr_def {
	const char *name;	/* NULL: here begins a rule of chain */
	const char *chain;
	struct attr_def attrs[ATTRS_MAX];
};

#define R(n) (NFT_REG32_00 + (n))
#define U32(a, v) {.kind = ATTR_U32, .attr = NFTNL_EXPR_##a, .number = (v)}
#define U8(a, v) {.kind = ATTR_U8, .attr = NFTNL_EXPR_##a, .number = (v)}
#define TEXT(a, s) {.kind = ATTR_TEXT, .attr = NFTNL_EXPR_##a, .text = (s)}
#define BYTES(a, k, v) {.kind = ATTR_##k, .attr = NFTNL_EXPR_##a, .number = (v)}

#define RULE(c) {.chain = (c)}
#define EXPR(n, ...) {.name = (n), .attrs = {__VA_ARGS__}}

#define META(key, reg) EXPR("meta", U32(META_KEY, NFT_META_##key), U32(META_DREG, reg))
#define CT(key, reg) EXPR("ct", U32(CT_KEY, NFT_CT_##key), U32(CT_DREG, reg))
#define CT_ORIGINAL(key, reg) EXPR("ct", U32(CT_KEY, NFT_CT_##key), U32(CT_DREG, reg), \
	U8(CT_DIR, IP_CT_DIR_ORIGINAL))
#define CT_REPLY(key, reg) EXPR("ct", U32(CT_KEY, NFT_CT_##key), U32(CT_DREG, reg), \
	U8(CT_DIR, IP_CT_DIR_REPLY))
#define PAYLOAD(base, offset, len, reg) EXPR("payload", \
	U32(PAYLOAD_BASE, NFT_PAYLOAD_##base##_HEADER), U32(PAYLOAD_OFFSET, offset), \
	U32(PAYLOAD_LEN, len), U32(PAYLOAD_DREG, reg))
#define CMP(op, reg, kind, value) EXPR("cmp", U32(CMP_SREG, reg), U32(CMP_OP, NFT_CMP_##op), \
	BYTES(CMP_DATA, kind, value))
#define MASK(reg, kind, value) EXPR("bitwise", U32(BITWISE_SREG, reg), U32(BITWISE_DREG, reg), \
	U32(BITWISE_LEN, 4), BYTES(BITWISE_MASK, kind, value), BYTES(BITWISE_XOR, WORD, 0))
#define ADD_MARK(reg) EXPR("bitwise", U32(BITWISE_SREG, reg), U32(BITWISE_DREG, reg), \
	U32(BITWISE_LEN, 4), BYTES(BITWISE_MASK, NOT_MARK, 0), BYTES(BITWISE_XOR, MARK, 0))
#define IN_SET(set, reg) EXPR("lookup", U32(LOOKUP_SREG, reg), TEXT(LOOKUP_SET, set))
#define MAP(map, reg, to) EXPR("lookup", U32(LOOKUP_SREG, reg), U32(LOOKUP_DREG, to), \
	TEXT(LOOKUP_SET, map))
#define IMM_CODE(v) U32(IMM_DREG, NFT_REG_VERDICT), U32(IMM_VERDICT, (uint32_t)(v))
#define VERDICT(v) EXPR("immediate", IMM_CODE(v))
#define TO_CHAIN(v, c) EXPR("immediate", IMM_CODE(v), TEXT(IMM_CHAIN, c))
#define PORT(end, reg) EXPR("immediate", U32(IMM_DREG, reg), BYTES(IMM_DATA, PORT_##end, 0))
#define NAT_ADDR(kind, addr) U32(NAT_TYPE, NFT_NAT_##kind), U32(NAT_FAMILY, NFPROTO_IPV4), \
	U32(NAT_REG_ADDR_MIN, addr)
#define NAT(kind, addr, ...) EXPR("nat", NAT_ADDR(kind, addr), __VA_ARGS__)
#define NAT_PORT(min) U32(NAT_REG_PROTO_MIN, min)
#define NAT_PORTS(min, max) U32(NAT_REG_PROTO_MIN, min), U32(NAT_REG_PROTO_MAX, max), \
	U32(NAT_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED)

/* Words of more than one expression. */
#define FAMILY(f) META(NFPROTO, R(0)), CMP(EQ, R(0), BYTE, NFPROTO_##f)
#define IS_OURS CT(MARK, R(0)), MASK(R(0), MARK, 0), CMP(EQ, R(0), MARK, 0)
#define IS_NEW CT(STATE, R(0)), MASK(R(0), WORD, STATE_NEW), CMP(NEQ, R(0), WORD, 0)
#define NOT_DNAT CT(STATUS, R(0)), MASK(R(0), WORD, IPS_DST_NAT), CMP(EQ, R(0), WORD, 0)
#define MARK_FLOW(reg) CT(MARK, reg), ADD_MARK(reg), \
	EXPR("ct", U32(CT_KEY, NFT_CT_MARK), U32(CT_SREG, reg))
#define MARK_PACKET META(MARK, R(0)), ADD_MARK(R(0)), \
	EXPR("meta", U32(META_KEY, NFT_META_MARK), U32(META_SREG, R(0)))
#define IP_SADDR(reg) PAYLOAD(NETWORK, 12, 4, reg)
#define IP_DADDR(reg) PAYLOAD(NETWORK, 16, 4, reg)
#define IP6_DADDR(reg) PAYLOAD(NETWORK, 24, 16, reg)
#define SPORT(reg) PAYLOAD(TRANSPORT, 0, 2, reg)
#define DPORT(reg) PAYLOAD(TRANSPORT, 2, 2, reg)
#define FLOW_PROTO(p) CT(PROTOCOL, R(0)), CMP(EQ, R(0), BYTE, p)
#define PACKET_PROTO(p) META(L4PROTO, R(0)), CMP(EQ, R(0), BYTE, p)
#define SNAT_PINNED IP_SADDR(R(0)), META(L4PROTO, R(1)), SPORT(R(2)), MAP("snat4", R(0), R(4)), \
	NAT(SNAT, R(4), NAT_PORT(R(5)))
#define SNAT_PEER IP_SADDR(R(0)), META(L4PROTO, R(1)), SPORT(R(2)), IP_DADDR(R(3)), DPORT(R(4)), \
	MAP("peer4", R(0), R(8)), NAT(SNAT, R(8), NAT_PORT(R(9)))
#define SPORT_IS_MAPPED META(L4PROTO, R(0)), SPORT(R(1)), MAP("dnat4", R(0), R(4)), \
	CMP(NEQ, R(4), ZEROS, 4)
#define DISPLACED PORT(MIN, R(4)), PORT(MAX, R(5))

static const struct expr_def rules[] = {
	/* To an external address, from any side: the endpoint of the port, a peer's own first. The
	 * flow is marked after its map said yes, never before. */
	RULE("dstnat"), FAMILY(IPV4), IP_DADDR(R(0)), IN_SET("wan4", R(0)),
	IP_SADDR(R(0)), META(L4PROTO, R(1)), DPORT(R(2)), MAP("dnat4_host", R(0), R(4)),
	MARK_FLOW(R(8)), NAT(DNAT, R(4), NAT_PORT(R(5))),
	RULE("dstnat"), FAMILY(IPV4), IP_DADDR(R(0)), IN_SET("wan4", R(0)),
	META(L4PROTO, R(0)), DPORT(R(1)), MAP("dnat4", R(0), R(4)),
	MARK_FLOW(R(8)), NAT(DNAT, R(4), NAT_PORT(R(5))),

	RULE("srcnat"), FAMILY(IPV4), IS_OURS, IP_SADDR(R(0)), IN_SET("lan4", R(0)),
	TO_CHAIN(NFT_GOTO, "hairpin"),
	RULE("srcnat"), FAMILY(IPV4), META(OIF, R(0)), IN_SET("wan_if", R(0)),
	TO_CHAIN(NFT_GOTO, "outward"),

	/* LAN to LAN by the external address: seen from the external address (RFC 4787 REQ-9). (nft
	 * 1.0.6 does not know the type of a map's data and shows zeros as [invalid type].) */
	RULE("hairpin"), FAMILY(IPV4), SNAT_PINNED,
	RULE("hairpin"), FAMILY(IPV4), SPORT_IS_MAPPED,
	CT_ORIGINAL(DST_IP, R(0)), DISPLACED, NAT(SNAT, R(0), NAT_PORTS(R(4), R(5))),
	RULE("hairpin"), FAMILY(IPV4), CT_ORIGINAL(DST_IP, R(0)), EXPR("nat", NAT_ADDR(SNAT, R(0))),

	/* A mapped endpoint leaves from its external port (RFC 4787 REQ-1), to its one peer or to
	 * everybody, and nothing else leaves from a mapped external port (REQ-3). What is left is
	 * the host's to masquerade. */
	RULE("outward"), FAMILY(IPV4), SNAT_PEER,
	RULE("outward"), FAMILY(IPV4), SNAT_PINNED,
	RULE("outward"), FAMILY(IPV4), SPORT_IS_MAPPED, TO_CHAIN(NFT_GOTO, "displace"),
	RULE("outward"), FAMILY(IPV4), IP_DADDR(R(0)), META(L4PROTO, R(1)), SPORT(R(2)),
	IN_SET("open4_host", R(0)), TO_CHAIN(NFT_GOTO, "displace"),
	RULE("outward"), FAMILY(IPV4), IP_DADDR(R(0)), META(L4PROTO, R(1)), SPORT(R(2)),
	DPORT(R(3)), IN_SET("peer4_port", R(0)), TO_CHAIN(NFT_GOTO, "displace"),

	RULE("displace"), FAMILY(IPV4), IP_SADDR(R(0)), IN_SET("wan4", R(0)),
	DISPLACED, NAT(SNAT, R(0), NAT_PORTS(R(4), R(5))),
	RULE("displace"), FAMILY(IPV4), IP_SADDR(R(0)), IN_SET("lan4", R(0)), DISPLACED,
	EXPR("masq", U32(MASQ_REG_PROTO_MIN, R(4)), U32(MASQ_REG_PROTO_MAX, R(5)),
		U32(MASQ_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED)),

	RULE("forward"), IS_OURS, TO_CHAIN(NFT_GOTO, "ours"),
	RULE("forward"), FAMILY(IPV6), IS_NEW, META(IIF, R(0)), IN_SET("wan_if", R(0)),
	IP6_DADDR(R(0)), IN_SET("lan6", R(0)), TO_CHAIN(NFT_JUMP, "match6"),
	/* A neighbour on the WAN who routes straight to an endpoint that has an opening. */
	RULE("forward"), FAMILY(IPV4), IS_NEW, META(IIF, R(0)), IN_SET("wan_if", R(0)), NOT_DNAT,
	IP_DADDR(R(0)), META(L4PROTO, R(1)), DPORT(R(2)), MAP("snat4", R(0), R(4)),
	CMP(NEQ, R(4), ZEROS, 4), VERDICT(NF_DROP),

	RULE("ours"), FAMILY(IPV4), TO_CHAIN(NFT_JUMP, "match4"),
	RULE("ours"), FAMILY(IPV6), TO_CHAIN(NFT_JUMP, "match6"),
	/* A stranger at a port that is for others gets silence. */
	RULE("ours"), IS_NEW, VERDICT(NF_DROP),
	/* The opening has ended, or is not this peer's any more, and the flow with it. */
	RULE("ours"), PACKET_PROTO(IPPROTO_TCP),
	EXPR("reject", U32(REJECT_TYPE, NFT_REJECT_TCP_RST), U8(REJECT_CODE, 0)),
	RULE("ours"), VERDICT(NF_DROP),

	RULE("match4"), FLOW_PROTO(IPPROTO_TCP), CT_ORIGINAL(PROTO_DST, R(0)),
	IN_SET("open_tcp4", R(0)), TO_CHAIN(NFT_GOTO, "pass"),
	RULE("match4"), FLOW_PROTO(IPPROTO_UDP), CT_ORIGINAL(PROTO_DST, R(0)),
	IN_SET("open_udp4", R(0)), TO_CHAIN(NFT_GOTO, "pass"),
	RULE("match4"), CT_ORIGINAL(SRC_IP, R(0)), CT(PROTOCOL, R(1)),
	CT_ORIGINAL(PROTO_DST, R(2)), IN_SET("open4_host", R(0)), TO_CHAIN(NFT_GOTO, "pass"),
	RULE("match4"), CT_ORIGINAL(SRC_IP, R(0)), CT_ORIGINAL(PROTO_SRC, R(1)), CT(PROTOCOL, R(2)),
	CT_ORIGINAL(PROTO_DST, R(3)), IN_SET("open4_range", R(0)), TO_CHAIN(NFT_GOTO, "pass"),

	RULE("match6"), CT_REPLY(SRC_IP6, R(0)), CT(PROTOCOL, R(4)), CT_REPLY(PROTO_SRC, R(5)),
	IN_SET("open6", R(0)), TO_CHAIN(NFT_GOTO, "pass"),
	RULE("match6"), CT_ORIGINAL(SRC_IP6, R(0)), CT_REPLY(SRC_IP6, R(4)), CT(PROTOCOL, R(8)),
	CT_REPLY(PROTO_SRC, R(9)), IN_SET("open6_host", R(0)), TO_CHAIN(NFT_GOTO, "pass"),
	RULE("match6"), CT_ORIGINAL(SRC_IP6, R(0)), CT_ORIGINAL(PROTO_SRC, R(4)),
	CT_REPLY(SRC_IP6, R(5)), CT(PROTOCOL, R(9)), CT_REPLY(PROTO_SRC, R(10)),
	IN_SET("open6_range", R(0)), TO_CHAIN(NFT_GOTO, "pass"),

	/* The skb mark is for a host firewall that drops: one rule there accepts our bit. */
	RULE("pass"), MARK_FLOW(R(0)), MARK_PACKET, VERDICT(NF_ACCEPT),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void set_bytes(struct nftnl_expr *expr, const struct attr_def *def,
	const struct ruleset_config *config)
{
	static const uint8_t zeros[8];
	uint8_t byte = (uint8_t)def->number;
	uint32_t word = def->number;
	uint16_t port = htons(def->kind == ATTR_PORT_MIN ? config->displaced_min
							 : config->displaced_max);

	if (def->kind == ATTR_BYTE)
		nftnl_expr_set(expr, def->attr, &byte, sizeof(byte));
	else if (def->kind == ATTR_ZEROS)
		nftnl_expr_set(expr, def->attr, zeros, def->number);
	else if (def->kind == ATTR_PORT_MIN || def->kind == ATTR_PORT_MAX)
		nftnl_expr_set(expr, def->attr, &port, sizeof(port));
	else {
		if (def->kind == ATTR_MARK)
			word = config->mark;
		if (def->kind == ATTR_NOT_MARK)
			word = ~config->mark;
		nftnl_expr_set(expr, def->attr, &word, sizeof(word));
	}
}

static struct nftnl_expr *make_expr(const struct expr_def *def, const struct ruleset_config *config)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(def->name);

	if (!expr)
		return NULL;
	for (const struct attr_def *a = def->attrs; a->kind != ATTR_END; a++) {
		if (a->kind == ATTR_U32)
			nftnl_expr_set_u32(expr, a->attr, a->number);
		else if (a->kind == ATTR_U8)
			nftnl_expr_set_u8(expr, a->attr, (uint8_t)a->number);
		else if (a->kind == ATTR_TEXT)
			nftnl_expr_set_str(expr, a->attr, a->text);
		else
			set_bytes(expr, a, config);
	}
	return expr;
}

/* The rule that begins at *at; *at moves to the next one. */
static int put_rule(struct nlbatch *batch, const struct ruleset_config *config,
	const struct expr_def **at)
{
	const struct expr_def *end = rules + COUNT(rules);
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

static int put_chain(struct nlbatch *batch, const struct chain_def *def)
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
	case FW_FIELD_IFINDEX:
		return 20;
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

static void describe_set(struct nftnl_set *set, enum fw_set id)
{
	const struct fw_set_def *def = fw_set_def(id);
	uint32_t flags = 0;

	nftnl_set_set_str(set, NFTNL_SET_TABLE, RULESET_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, def->name);
	nftnl_set_set_u32(set, NFTNL_SET_ID, (uint32_t)id + 1);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, (uint32_t)fw_set_key_len(id));
	describe_key(set, def, &flags);
	if (def->is_map) {
		flags |= NFT_SET_MAP;
		nftnl_set_set_u32(set, NFTNL_SET_DATA_LEN, FW_DATA_MAX);
		nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE,
			nft_type(FW_FIELD_ADDR4) << 6 | nft_type(FW_FIELD_PORT));
	}
	if (def->is_interval)
		flags |= NFT_SET_INTERVAL;
	if (def->is_leased) {
		flags |= NFT_SET_TIMEOUT;
		nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, SET_SIZE);
	}
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, flags);
}

static int put_set(struct nlbatch *batch, enum fw_set id)
{
	struct nftnl_set *set = nftnl_set_alloc();
	struct nftnl_expr *counter = NULL;
	struct nlmsghdr *nlh = nlbatch_put(batch, NFT_MSG_NEWSET, NLM_F_CREATE, NLBATCH_NO_TAG);
	int err = ERR_MEMORY;

	if (!set || !nlh)
		goto out;
	describe_set(set, id);
	if (fw_set_def(id)->is_counted) {
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

int ruleset_put_table(struct nlbatch *batch, uint32_t flags)
{
	struct nlmsghdr *nlh = nlbatch_put(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE, NLBATCH_NO_TAG);

	if (!nlh)
		return ERR_MEMORY;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, RULESET_TABLE);
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, htonl(flags));
	return 0;
}

int ruleset_put(struct nlbatch *batch, const struct ruleset_config *config, uint32_t table_flags)
{
	const struct expr_def *at = rules;
	int err = ruleset_put_table(batch, table_flags);

	for (enum fw_set set = 0; set < FW_SETS && !err; set++)
		err = put_set(batch, set);
	for (size_t i = 0; i < COUNT(chains) && !err; i++)
		err = put_chain(batch, &chains[i]);
	while (at < rules + COUNT(rules) && !err)
		err = put_rule(batch, config, &at);
	return err;
}
