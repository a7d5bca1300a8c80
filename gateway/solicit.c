/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See solicit.h, and rtnetlink(7) for struct ndmsg. */
#include "gateway/solicit.h"

#include "protocols/err.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#define MAC_LEN 6

static struct ndmsg *begin(union nl_request *request, uint16_t type, uint16_t flags, int ifindex,
	const struct addr *addr)
{
	struct ndmsg *ndm = nl_begin(request, type, flags | NLM_F_ACK, sizeof(*ndm));

	ndm->ndm_family = addr_is4(addr) ? AF_INET : AF_INET6;
	ndm->ndm_ifindex = ifindex;
	if (addr_is4(addr))
		mnl_attr_put(&request->header, NDA_DST, 4, addr_bytes4(addr));
	else
		mnl_attr_put(&request->header, NDA_DST, sizeof(addr->b), addr->b);
	return ndm;
}

static int on_entry(const struct nlmsghdr *nlh, void *arg)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(*ndm))
		*(uint16_t *)arg = ndm->ndm_state;
	return MNL_CB_OK;
}

/* A kernel before 5.0 cannot tell of one entry; there it is taken for one of the kernel's own. */
static bool is_fixed(struct nl *route, int ifindex, const struct addr *addr)
{
	union nl_request request;
	uint16_t state = NUD_NONE;

	begin(&request, RTM_GETNEIGH, 0, ifindex, addr);
	return nl_ask(route, &request, on_entry, &state) == 0 &&
	       (state & (NUD_PERMANENT | NUD_NOARP)) != 0;
}

static int set_state(struct nl *route, int ifindex, const struct addr *addr, const uint8_t *mac,
	uint16_t state)
{
	union nl_request request;
	struct ndmsg *ndm = begin(&request, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, ifindex,
		addr);

	ndm->ndm_state = state;
	mnl_attr_put(&request.header, NDA_LLADDR, MAC_LEN, mac);
	return nl_ask(route, &request, NULL, NULL);
}

int solicit_neighbour(struct nl *route, int ifindex, const struct addr *addr, const uint8_t *mac)
{
	union nl_request request;
	int err;

	if (is_fixed(route, ifindex, addr))
		return ERR_EXISTS;
	if (!mac) {
		begin(&request, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, ifindex, addr)
			->ndm_flags = NTF_USE;
		return nl_ask(route, &request, NULL, NULL);
	}
	/* One that is asked already would be asked again only when its second is over. */
	err = set_state(route, ifindex, addr, mac, NUD_STALE);
	return err ? err : set_state(route, ifindex, addr, mac, NUD_PROBE);
}
