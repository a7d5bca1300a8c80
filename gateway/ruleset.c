/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The static part of the table as lists of nf_tables expressions. A chain is a base chain when
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

#include "gateway/fw.h"
#include "gateway/fw_set.h"
#include "gateway/nlbatch.h"
#include "gateway/ruleset_msg.h"
#include "protocols/err.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#define PRIORITY_DSTNAT (NF_IP_PRI_NAT_DST + 5)	/* the owner's redirects win */
#define PRIORITY_SRCNAT (NF_IP_PRI_NAT_SRC - 5)	/* before the owner's masquerade */
#define PRIORITY_NOTE (NF_IP_PRI_NAT_DST - 5)	/* sees what the owner's redirects take */
#define PRIORITY_GUARD (NF_IP_PRI_FILTER - 5)	/* marked before a host firewall looks */
#define PRIORITY_FORWARD (NF_IP_PRI_FILTER - 5)	/* marked before a host firewall looks */
#define PRIORITY_WAYS NF_IP_PRI_RAW	/* what comes to us is no flow of anybody's */
#define PRIORITY_WAYS6 NF_IP_PRI_MANGLE	/* flows are known */
#define STATE_NEW 8	/* 1 << (IP_CT_NEW % IP_CT_IS_REPLY + 1), as ct state has it */
#define STATE_ESTABLISHED 2

static const struct ruleset_chain chains[] = {
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

static const struct ruleset_chain note_chains[] = {
	{"guard", "filter", NF_INET_LOCAL_IN, PRIORITY_GUARD},
	{"note", "nat", NF_INET_PRE_ROUTING, PRIORITY_NOTE},
	{"forged", NULL, 0, 0},
	{"seen", NULL, 0, 0},
	{"whose", NULL, 0, 0},
};

static const struct ruleset_chain way_chains[] = {
	{"ways", "filter", NF_INET_PRE_ROUTING, PRIORITY_WAYS},
	{"ways6", "filter", NF_INET_PRE_ROUTING, PRIORITY_WAYS6},
	{"answers", "filter", NF_INET_LOCAL_OUT, PRIORITY_WAYS},
	{"places", "filter", NF_INET_LOCAL_IN, PRIORITY_GUARD},
};

#define R(n) (NFT_REG32_00 + (n))
#define U32(a, v) {.kind = RULESET_ATTR_U32, .attr = NFTNL_EXPR_##a, .number = (v)}
#define U64(a, v) {.kind = RULESET_ATTR_U64, .attr = NFTNL_EXPR_##a, .number = (v)}
#define U8(a, v) {.kind = RULESET_ATTR_U8, .attr = NFTNL_EXPR_##a, .number = (v)}
#define TEXT(a, s) {.kind = RULESET_ATTR_TEXT, .attr = NFTNL_EXPR_##a, .text = (s)}
#define BYTES(a, k, v) {.kind = RULESET_ATTR_##k, .attr = NFTNL_EXPR_##a, .number = (v)}

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
#define NOT_IN_SET(set, reg) EXPR("lookup", U32(LOOKUP_SREG, reg), TEXT(LOOKUP_SET, set), \
	U32(LOOKUP_FLAGS, NFT_LOOKUP_F_INV))
#define NOTE_IN(set, reg) EXPR("dynset", U32(DYNSET_SREG_KEY, reg), TEXT(DYNSET_SET_NAME, set), \
	U32(DYNSET_OP, NFT_DYNSET_OP_UPDATE), U64(DYNSET_TIMEOUT, FW_SENDER_S * 1000))
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
#define NOT_ESTABLISHED CT(STATE, R(0)), MASK(R(0), WORD, STATE_ESTABLISHED), \
	CMP(EQ, R(0), WORD, 0)
#define NOT_DNAT CT(STATUS, R(0)), MASK(R(0), WORD, IPS_DST_NAT), CMP(EQ, R(0), WORD, 0)
#define MARK_FLOW(reg) CT(MARK, reg), ADD_MARK(reg), \
	EXPR("ct", U32(CT_KEY, NFT_CT_MARK), U32(CT_SREG, reg))
#define MARK_PACKET META(MARK, R(0)), ADD_MARK(R(0)), \
	EXPR("meta", U32(META_KEY, NFT_META_MARK), U32(META_SREG, R(0)))
#define SET_MARK(reg) EXPR("meta", U32(META_KEY, NFT_META_MARK), U32(META_SREG, reg))
/* Counted in `heard` as the id that the map has for this key, and the packet's way. The id is taken
 * over the packet's mark, which is as it was again before the set can say no: nft 1.0.6 dies of
 * listing a key that comes right out of a map. */
#define HEARD(map, ...) META(MARK, R(10)), MAP(map, R(0), R(12)), SET_MARK(R(12)), \
	META(MARK, R(11)), SET_MARK(R(10)), CT(DIRECTION, R(12)), __VA_ARGS__ \
	EXPR("dynset", U32(DYNSET_SREG_KEY, R(11)), TEXT(DYNSET_SET_NAME, "heard"), \
		U32(DYNSET_OP, NFT_DYNSET_OP_UPDATE), U64(DYNSET_TIMEOUT, FW_HEARD_S * 1000))
/* Of a flow that the phone began its own packets are the original direction. */
#define OTHER_WAY EXPR("bitwise", U32(BITWISE_SREG, R(12)), U32(BITWISE_DREG, R(12)), \
	U32(BITWISE_LEN, 1), BYTES(BITWISE_MASK, BYTE, 0xff), BYTES(BITWISE_XOR, BYTE, 1)),
#define IP_SADDR(reg) PAYLOAD(NETWORK, 12, 4, reg)
#define IP_DADDR(reg) PAYLOAD(NETWORK, 16, 4, reg)
#define IP6_SADDR(reg) PAYLOAD(NETWORK, 8, 16, reg)
#define ETHER_SADDR(reg) PAYLOAD(LL, 6, 6, reg)
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
/* A link without MACs (ppp, tun, lo) cannot tell whose a packet is. */
#define IS_ETHERNET META(IIFTYPE, R(0)), CMP(EQ, R(0), HALF, ARPHRD_ETHER)
#define FROM_WAN META(IIF, R(0)), IN_SET("wan_if", R(0))
#define DPORT_IS(port) DPORT(R(0)), CMP(EQ, R(0), HALF_NET, port)
#define NO_TCP_SYN PACKET_PROTO(IPPROTO_TCP), PAYLOAD(TRANSPORT, 13, 1, R(0)), \
	EXPR("bitwise", U32(BITWISE_SREG, R(0)), U32(BITWISE_DREG, R(0)), U32(BITWISE_LEN, 1), \
		BYTES(BITWISE_MASK, BYTE, TH_SYN | TH_ACK), BYTES(BITWISE_XOR, BYTE, 0)), \
	CMP(NEQ, R(0), BYTE, TH_SYN)
#define HOST4 IS_ETHERNET, FAMILY(IPV4), META(IIF, R(0)), IP_SADDR(R(1))
#define HOST6 IS_ETHERNET, FAMILY(IPV6), META(IIF, R(0)), IP6_SADDR(R(1))
#define SENDER4 HOST4, ETHER_SADDR(R(2))
#define SENDER6 HOST6, ETHER_SADDR(R(5))
#define NOTE4(set) SENDER4, META(L4PROTO, R(4)), DPORT(R(5)), NOTE_IN(set, R(0))
#define NOTE6(set) SENDER6, META(L4PROTO, R(7)), DPORT(R(8)), NOTE_IN(set, R(0))
#define TO_UNICAST EXPR("fib", U32(FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE), \
	U32(FIB_FLAGS, NFTA_FIB_F_DADDR), U32(FIB_DREG, R(0))), CMP(EQ, R(0), WORD, RTN_UNICAST)
#define FROM_UNICAST EXPR("fib", U32(FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE), \
	U32(FIB_FLAGS, NFTA_FIB_F_SADDR), U32(FIB_DREG, R(0))), CMP(EQ, R(0), WORD, RTN_UNICAST)
/* The way back to the sender is not where the packet came in. */
#define FROM_ELSEWHERE EXPR("fib", U32(FIB_RESULT, NFT_FIB_RESULT_OIF), \
	U32(FIB_FLAGS, NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF), U32(FIB_DREG, R(0))), \
	CMP(EQ, R(0), WORD, 0)
#define TO_PLACE FAMILY(IPV4), PACKET_PROTO(IPPROTO_UDP), DPORT(R(0)), \
	CMP(GTE, R(0), HALF_NET, FW_PLACE_MIN), CMP(LTE, R(0), HALF_NET, FW_PLACE_MAX)
/* To the socket bound to the port in this register (which nft 1.0.6 does not show); the rule ends
 * here when there is none. */
#define TO_SOCKET(port) EXPR("tproxy", U32(TPROXY_FAMILY, NFPROTO_UNSPEC), \
	U32(TPROXY_REG_PORT, port))
#define MARK_SIP META(MARK, R(0)), EXPR("bitwise", U32(BITWISE_SREG, R(0)), \
	U32(BITWISE_DREG, R(0)), U32(BITWISE_LEN, 4), BYTES(BITWISE_MASK, NOT_SIP_MARK, 0), \
	BYTES(BITWISE_XOR, SIP_MARK, 0)), \
	EXPR("meta", U32(META_KEY, NFT_META_MARK), U32(META_SREG, R(0)))
#define DISPLACED PORT(MIN, R(4)), PORT(MAX, R(5))

static const struct ruleset_expr rules[] = {
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
	/* A phone's media is counted by direction. When there is no room to, the rule ends there,
	 * and the next one lets it pass. */
	RULE("match4"), PACKET_PROTO(IPPROTO_UDP), CT_REPLY(SRC_IP, R(0)), IN_SET("phone4", R(0)),
	CT_ORIGINAL(SRC_IP, R(0)), CT(PROTOCOL, R(1)), CT_ORIGINAL(PROTO_DST, R(2)),
	HEARD("open4_peer"), TO_CHAIN(NFT_GOTO, "pass"),
	RULE("match4"), CT_ORIGINAL(SRC_IP, R(0)), CT(PROTOCOL, R(1)),
	CT_ORIGINAL(PROTO_DST, R(2)), MAP("open4_peer", R(0), R(12)),
	CMP(NEQ, R(12), ZEROS, 4), TO_CHAIN(NFT_GOTO, "pass"),
	RULE("match4"), CT_ORIGINAL(SRC_IP, R(0)), CT_ORIGINAL(PROTO_SRC, R(1)), CT(PROTOCOL, R(2)),
	CT_ORIGINAL(PROTO_DST, R(3)), IN_SET("open4_range", R(0)), TO_CHAIN(NFT_GOTO, "pass"),

	RULE("match6"), CT_REPLY(SRC_IP6, R(0)), CT(PROTOCOL, R(4)), CT_REPLY(PROTO_SRC, R(5)),
	IN_SET("open6", R(0)), TO_CHAIN(NFT_GOTO, "pass"),
	RULE("match6"), CT_ORIGINAL(SRC_IP6, R(0)), CT_REPLY(SRC_IP6, R(4)), CT(PROTOCOL, R(8)),
	CT_REPLY(PROTO_SRC, R(9)), IN_SET("open6_host", R(0)), TO_CHAIN(NFT_GOTO, "pass"),
	RULE("match6"), PACKET_PROTO(IPPROTO_UDP), CT_REPLY(SRC_IP6, R(0)), IN_SET("phone6", R(0)),
	CT_ORIGINAL(SRC_IP6, R(0)), CT_REPLY(SRC_IP6, R(4)), CT(PROTOCOL, R(8)),
	CT_REPLY(PROTO_SRC, R(9)), HEARD("open6_peer"), TO_CHAIN(NFT_GOTO, "pass"),
	RULE("match6"), CT_ORIGINAL(SRC_IP6, R(0)), CT_REPLY(SRC_IP6, R(4)), CT(PROTOCOL, R(8)),
	CT_REPLY(PROTO_SRC, R(9)), MAP("open6_peer", R(0), R(12)),
	CMP(NEQ, R(12), ZEROS, 4), TO_CHAIN(NFT_GOTO, "pass"),
	RULE("match6"), CT_ORIGINAL(SRC_IP6, R(0)), CT_ORIGINAL(PROTO_SRC, R(4)),
	CT_REPLY(SRC_IP6, R(5)), CT(PROTOCOL, R(9)), CT_REPLY(PROTO_SRC, R(10)),
	IN_SET("open6_range", R(0)), TO_CHAIN(NFT_GOTO, "pass"),

	/* The skb mark is for a host firewall that drops: one rule there accepts our bit. */
	RULE("pass"), MARK_FLOW(R(0)), MARK_PACKET, VERDICT(NF_ACCEPT),
};

/* Whom a packet is from (fw.h). What is forwarded passes none of this but one look at the first
 * packet of each flow. A set that is full takes no more, and its rule ends there: dropping is a
 * rule of its own, hence not to be flooded away. */
static const struct ruleset_expr guard_rules[] = {
	RULE("guard"), FROM_WAN, VERDICT(NFT_RETURN),
};

/* With ways, which know that the kernel has fib. To a phone's public place: from inside nobody
 * sends in the name of who is outside. */
static const struct ruleset_expr place_rules[] = {
	RULE("guard"), TO_PLACE, FROM_ELSEWHERE, VERDICT(NF_DROP),
	RULE("guard"), TO_PLACE, TO_CHAIN(NFT_GOTO, "whose"),
};

static const struct ruleset_expr note_rules[] = {
	/* Before any socket, after the owner's redirects: the port is the one really knocked at.
	 * Of a connection one look at its first packet is enough: the answer goes to whose address
	 * it is, so that nobody else completes it. */
	RULE("guard"), META(L4PROTO, R(0)), DPORT(R(1)), NOT_IN_SET("door", R(0)),
	VERDICT(NFT_RETURN),
	RULE("guard"), NO_TCP_SYN, VERDICT(NFT_RETURN),
	RULE("guard"), TO_CHAIN(NFT_GOTO, "whose"),

	RULE("whose"), SENDER4, IN_SET("bound4", R(0)), VERDICT(NFT_RETURN),
	RULE("whose"), SENDER6, IN_SET("bound6", R(0)), VERDICT(NFT_RETURN),
	RULE("whose"), HOST4, IN_SET("known4", R(0)), TO_CHAIN(NFT_GOTO, "forged"),
	RULE("whose"), HOST6, IN_SET("known6", R(0)), TO_CHAIN(NFT_GOTO, "forged"),
	RULE("whose"), TO_CHAIN(NFT_GOTO, "seen"),

	RULE("forged"), NOTE4("forged4"),
	RULE("forged"), NOTE6("forged6"),
	RULE("forged"), VERDICT(NF_DROP),

	/* Others' announcements, DHCP servers, SIP phones: by the first packet of a flow, also when
	 * their address is of another network and the kernel will not hear them. */
	RULE("note"), FROM_WAN, VERDICT(NFT_RETURN),
	RULE("note"), PACKET_PROTO(IPPROTO_UDP), DPORT_IS(68), TO_CHAIN(NFT_GOTO, "seen"),
	RULE("note"), PACKET_PROTO(IPPROTO_UDP), DPORT_IS(5350), TO_CHAIN(NFT_GOTO, "seen"),
	RULE("note"), PACKET_PROTO(IPPROTO_UDP), DPORT_IS(5060), TO_CHAIN(NFT_GOTO, "seen"),
	RULE("note"), PACKET_PROTO(IPPROTO_TCP), DPORT_IS(5060), TO_CHAIN(NFT_GOTO, "seen"),

	RULE("seen"), NOTE4("seen4"),
	RULE("seen"), NOTE6("seen6"),
};

/* Phones' SIP comes to our sockets, with a mark that the route to them goes by (way_route.h). Where
 * a bridge's packets pass here before they are taken for routed ones (bridge-nf-call-iptables) the
 * socket found is lost again; the mark stays, and with it the packet gets to the same socket. */
static const struct ruleset_expr way_rules[] = {
	/* Not tracked, neither what they say nor what we answer for others: a flow that began with
	 * us would go on without translation when we are gone, and one from before would keep its
	 * own. */
	RULE("ways"), FROM_WAN, VERDICT(NFT_RETURN),
	RULE("ways"), FAMILY(IPV4), IP_SADDR(R(0)), IN_SET("phone4", R(0)),
	IP_DADDR(R(0)), NOT_IN_SET("lan4", R(0)), TO_UNICAST,
	DPORT(R(0)), IN_SET("sip_port", R(0)),
	TO_SOCKET(R(0)), MARK_SIP, EXPR("notrack"), VERDICT(NF_ACCEPT),
	RULE("answers"), FAMILY(IPV4), IP_DADDR(R(0)), IN_SET("phone4", R(0)),
	SPORT(R(0)), IN_SET("sip_port", R(0)), FROM_UNICAST, EXPR("notrack"),

	/* IPv6 is not translated: answers are for the phone itself. */
	RULE("ways6"), FAMILY(IPV6), PACKET_PROTO(IPPROTO_UDP), FROM_WAN,
	IP6_DADDR(R(0)), IN_SET("phone6", R(0)), SPORT(R(0)), IN_SET("sip_port", R(0)),
	TO_SOCKET(R(0)), MARK_SIP, VERDICT(NF_ACCEPT),
	RULE("ways6"), FROM_WAN, VERDICT(NFT_RETURN),
	RULE("ways6"), FAMILY(IPV6), IP6_SADDR(R(0)), IN_SET("phone6", R(0)),
	IP6_DADDR(R(0)), NOT_IN_SET("lan6", R(0)), TO_UNICAST,
	DPORT(R(0)), IN_SET("sip_port", R(0)), TO_SOCKET(R(0)), MARK_SIP, VERDICT(NF_ACCEPT),

	/* To a phone's public place. Who connected while he was admitted goes on; of a stranger not
	 * even a stray segment is answered. */
	RULE("places"), FAMILY(IPV4), IP_DADDR(R(0)), IN_SET("wan4", R(0)),
	IP_SADDR(R(0)), META(L4PROTO, R(1)), DPORT(R(2)), IN_SET("caller4", R(0)),
	MARK_PACKET, VERDICT(NF_ACCEPT),
	RULE("places"), FAMILY(IPV4), PACKET_PROTO(IPPROTO_TCP), IP_DADDR(R(0)),
	IN_SET("wan4", R(0)), DPORT(R(0)), IN_SET("place_tcp4", R(0)), NOT_ESTABLISHED,
	VERDICT(NF_DROP),

	/* Media that the phone began is a flow of its own, not the opening's, and counts there all
	 * the same: a call without media is over after some time. */
	RULE("forward"), PACKET_PROTO(IPPROTO_UDP), FAMILY(IPV4),
	CT_ORIGINAL(SRC_IP, R(0)), IN_SET("phone4", R(0)),
	CT_REPLY(SRC_IP, R(0)), CT(PROTOCOL, R(1)), CT_REPLY(PROTO_DST, R(2)),
	HEARD("open4_peer", OTHER_WAY),
	RULE("forward"), PACKET_PROTO(IPPROTO_UDP), FAMILY(IPV6),
	CT_ORIGINAL(SRC_IP6, R(0)), IN_SET("phone6", R(0)),
	CT_ORIGINAL(DST_IP6, R(0)), CT_ORIGINAL(SRC_IP6, R(4)), CT(PROTOCOL, R(8)),
	CT_ORIGINAL(PROTO_SRC, R(9)), HEARD("open6_peer", OTHER_WAY),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int ruleset_put_table(struct nlbatch *batch, uint32_t flags)
{
	struct nlmsghdr *nlh = nlbatch_put(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE, NLBATCH_NO_TAG);

	if (!nlh)
		return ERR_MEMORY;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, RULESET_TABLE);
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, htonl(flags));
	return 0;
}

static int put_notes(struct nlbatch *batch, const struct ruleset_config *config)
{
	int err = 0;

	for (uint32_t i = 0; i < 4 && !err; i++)
		err = ruleset_msg_set(batch, fw_sender_def(i / 2, i % 2 == 0), FW_SETS + 1 + i);
	if (!err)
		err = ruleset_msg_chains(batch, note_chains, COUNT(note_chains));
	if (!err)
		err = ruleset_msg_rules(batch, config, guard_rules, COUNT(guard_rules));
	if (!err && config->ways)
		err = ruleset_msg_rules(batch, config, place_rules, COUNT(place_rules));
	if (!err)
		err = ruleset_msg_rules(batch, config, note_rules, COUNT(note_rules));
	return err;
}

static int put_ways(struct nlbatch *batch, const struct ruleset_config *config)
{
	int err = ruleset_msg_chains(batch, way_chains, COUNT(way_chains));

	if (!err)
		err = ruleset_msg_rules(batch, config, way_rules, COUNT(way_rules));
	return err;
}

int ruleset_put(struct nlbatch *batch, const struct ruleset_config *config, uint32_t table_flags)
{
	int err = ruleset_put_table(batch, table_flags);

	for (enum fw_set set = 0; set < FW_SETS && !err; set++)
		err = ruleset_msg_set(batch, fw_set_def(set), (uint32_t)set + 1);
	if (!err)
		err = ruleset_msg_chains(batch, chains, COUNT(chains));
	if (!err)
		err = ruleset_msg_rules(batch, config, rules, COUNT(rules));
	if (!err && config->notes)
		err = put_notes(batch, config);
	if (!err && config->ways)
		err = put_ways(batch, config);
	return err;
}
