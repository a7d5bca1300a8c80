/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether somebody's table sets up the kernel's own SIP helper (nf_conntrack_sip): an object of
 * type ct helper by that name, in any table. What iptables set up shows in its flows only (ct.h).
 */
#ifndef GATEWAY_NFT_SIP_H
#define GATEWAY_NFT_SIP_H

#include <stdbool.h>

struct nl;
struct nlmsghdr;

/* The helper of CTA_HELP_NAME and NFTA_CT_HELPER_NAME. */
#define NFT_SIP_HELPER "sip"

/* A message of nf_tables, of any kind, tells that such an object may have come or gone: those that
 * go do not say what they were. */
bool nft_sip_is_news(const struct nlmsghdr *nlh);
/* Looks through all tables; nl of NETLINK_NETFILTER. */
bool nft_sip_find(struct nl *nl);

#endif
