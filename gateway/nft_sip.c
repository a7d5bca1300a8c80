/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See nft_sip.h. */
#include "gateway/nft_sip.h"

#include "gateway/nl.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

bool nft_sip_is_news(const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NFTA_OBJ_TYPE + 1];
	uint32_t type = 0;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWOBJ) &&
	    nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELOBJ))
		return false;
	nl_attrs(nlh, sizeof(struct nfgenmsg), tb, NFTA_OBJ_TYPE);
	return nl_bytes(tb[NFTA_OBJ_TYPE], &type, sizeof(type)) &&
	       ntohl(type) == NFT_OBJECT_CT_HELPER;
}

static bool is_sip(const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NFTA_OBJ_DATA + 1];
	const struct nlattr *data[NFTA_CT_HELPER_NAME + 1];
	char name[sizeof(NFT_SIP_HELPER)];

	nl_attrs(nlh, sizeof(struct nfgenmsg), tb, NFTA_OBJ_DATA);
	if (!nft_sip_is_news(nlh) || !tb[NFTA_OBJ_DATA])
		return false;
	nl_nested(tb[NFTA_OBJ_DATA], data, NFTA_CT_HELPER_NAME);
	return nl_text(data[NFTA_CT_HELPER_NAME], name, sizeof(name)) &&
	       strcmp(name, NFT_SIP_HELPER) == 0;
}

static int on_object(const struct nlmsghdr *nlh, void *arg)
{
	*(bool *)arg |= is_sip(nlh);
	return MNL_CB_OK;
}

bool nft_sip_find(struct nl *nl)
{
	union nl_request request;
	bool found = false;
	struct nfgenmsg *nfg = nl_begin(&request, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETOBJ,
		NLM_F_DUMP, sizeof(*nfg));

	nfg->nfgen_family = NFPROTO_UNSPEC;
	mnl_attr_put_u32(&request.header, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_CT_HELPER));
	/* What was seen of a dump that was cut short is there all the same. */
	(void)nl_ask(nl, &request, on_object, &found);
	return found;
}
