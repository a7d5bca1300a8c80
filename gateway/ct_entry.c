/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ct_entry.h. */
#include "gateway/ct_entry.h"

#include "protocols/err.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

static struct addr read_addr(const struct nlattr *v4, const struct nlattr *v6)
{
	uint8_t bytes[16] = {0};

	if (nl_bytes(v4, bytes, 4))
		return addr_from4_bytes(bytes);
	nl_bytes(v6, bytes, sizeof(bytes));
	return addr_from6_bytes(bytes);
}

bool ct_entry_tuple(const struct nlattr *nest, struct fw_tuple *out)
{
	const struct nlattr *tb[CTA_TUPLE_MAX + 1];
	const struct nlattr *ip[CTA_IP_MAX + 1];
	const struct nlattr *proto[CTA_PROTO_MAX + 1];
	uint16_t src_port = 0, dst_port = 0;

	if (!nest)
		return false;
	nl_nested(nest, tb, CTA_TUPLE_MAX);
	if (!tb[CTA_TUPLE_IP] || !tb[CTA_TUPLE_PROTO])
		return false;
	nl_nested(tb[CTA_TUPLE_IP], ip, CTA_IP_MAX);
	nl_nested(tb[CTA_TUPLE_PROTO], proto, CTA_PROTO_MAX);
	nl_bytes(proto[CTA_PROTO_NUM], &out->proto, sizeof(out->proto));
	nl_bytes(proto[CTA_PROTO_SRC_PORT], &src_port, sizeof(src_port));
	nl_bytes(proto[CTA_PROTO_DST_PORT], &dst_port, sizeof(dst_port));
	out->src.addr = read_addr(ip[CTA_IP_V4_SRC], ip[CTA_IP_V6_SRC]);
	out->src.port = ntohs(src_port);
	out->dst.addr = read_addr(ip[CTA_IP_V4_DST], ip[CTA_IP_V6_DST]);
	out->dst.port = ntohs(dst_port);
	return true;
}

void ct_entry_begin(union nl_request *request, uint16_t message, uint16_t flags, uint8_t family)
{
	struct nfgenmsg *nfg = nl_begin(request,
		(uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | message), flags, sizeof(*nfg));

	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
}

static void put_addr(struct nlmsghdr *nlh, const struct addr *a, uint16_t v4, uint16_t v6)
{
	if (addr_is4(a))
		mnl_attr_put(nlh, v4, 4, addr_bytes4(a));
	else
		mnl_attr_put(nlh, v6, sizeof(a->b), a->b);
}

static void begin_by_tuple(union nl_request *request, uint16_t message, const struct fw_tuple *t)
{
	struct nlmsghdr *nlh = &request->header;
	struct nlattr *tuple, *part;

	ct_entry_begin(request, message, NLM_F_ACK,
		addr_is4(&t->src.addr) ? AF_INET : AF_INET6);
	tuple = mnl_attr_nest_start(nlh, CTA_TUPLE_ORIG);
	part = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
	put_addr(nlh, &t->src.addr, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
	put_addr(nlh, &t->dst.addr, CTA_IP_V4_DST, CTA_IP_V6_DST);
	mnl_attr_nest_end(nlh, part);
	part = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(nlh, CTA_PROTO_NUM, t->proto);
	mnl_attr_put_u16(nlh, CTA_PROTO_SRC_PORT, htons(t->src.port));
	mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(t->dst.port));
	mnl_attr_nest_end(nlh, part);
	mnl_attr_nest_end(nlh, tuple);
}

static uint32_t read_u32(const struct nlattr *attr)
{
	uint32_t n = 0;

	nl_bytes(attr, &n, sizeof(n));
	return ntohl(n);
}

static uint8_t read_tcp_state(const struct nlattr *info)
{
	const struct nlattr *tb[CTA_PROTOINFO_MAX + 1];
	const struct nlattr *tcp[CTA_PROTOINFO_TCP_MAX + 1];
	uint8_t state = 0;

	if (!info)
		return 0;
	nl_nested(info, tb, CTA_PROTOINFO_MAX);
	if (!tb[CTA_PROTOINFO_TCP])
		return 0;
	nl_nested(tb[CTA_PROTOINFO_TCP], tcp, CTA_PROTOINFO_TCP_MAX);
	nl_bytes(tcp[CTA_PROTOINFO_TCP_STATE], &state, sizeof(state));
	return state;
}

static int on_entry(const struct nlmsghdr *nlh, void *arg)
{
	struct ct_entry *entry = arg;
	const struct nlattr *tb[CTA_MAX + 1];

	nl_attrs(nlh, sizeof(struct nfgenmsg), tb, CTA_MAX);
	if (!ct_entry_tuple(tb[CTA_TUPLE_ORIG], &entry->original) ||
	    !ct_entry_tuple(tb[CTA_TUPLE_REPLY], &entry->reply))
		return MNL_CB_OK;
	entry->status = read_u32(tb[CTA_STATUS]);
	entry->timeout_s = read_u32(tb[CTA_TIMEOUT]);
	entry->tcp_state = read_tcp_state(tb[CTA_PROTOINFO]);
	return MNL_CB_OK;
}

static bool same_end(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_eq(&a->addr, &b->addr);
}

/* The kernel finds by either tuple: a flow from dst to src is another one. */
int ct_entry_get(struct nl *nl, const struct fw_tuple *original, struct ct_entry *out)
{
	union nl_request request;
	struct ct_entry entry = {.status = 0};
	int err;

	begin_by_tuple(&request, IPCTNL_MSG_CT_GET, original);
	err = nl_ask(nl, &request, on_entry, &entry);
	if (err)
		return err;
	if (!same_end(&entry.original.src, &original->src) ||
	    !same_end(&entry.original.dst, &original->dst))
		return ERR_NOT_FOUND;
	*out = entry;
	return 0;
}

static int ignore(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	(void)arg;
	return MNL_CB_OK;
}

int ct_entry_set_timeout(struct nl *nl, const struct fw_tuple *original, uint32_t timeout_s)
{
	union nl_request request;

	begin_by_tuple(&request, IPCTNL_MSG_CT_NEW, original);
	mnl_attr_put_u32(&request.header, CTA_TIMEOUT, htonl(timeout_s));
	return nl_ask(nl, &request, ignore, NULL);
}
