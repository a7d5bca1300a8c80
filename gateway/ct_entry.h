/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One entry of the kernel's conntrack table on the wire of ctnetlink: its tuples, looking it up by
 * its exact original tuple, and setting how long it lasts without packets. Walks are ct.c's.
 */
#ifndef GATEWAY_CT_ENTRY_H
#define GATEWAY_CT_ENTRY_H

#include "gateway/fw.h"
#include "gateway/nl.h"

struct ct_entry {
	struct fw_tuple original, reply;
	uint32_t status;	/* IPS_ bits */
	uint32_t timeout_s;	/* what remains of it */
	uint8_t tcp_state;	/* TCP_CONNTRACK_ */
};

void ct_entry_begin(union nl_request *request, uint16_t message, uint16_t flags, uint8_t family);
/* false: nest is NULL or no tuple. */
bool ct_entry_tuple(const struct nlattr *nest, struct fw_tuple *out);
/* ERR_NOT_FOUND, or what nl_ask says. */
int ct_entry_get(struct nl *nl, const struct fw_tuple *original, struct ct_entry *out);
int ct_entry_set_timeout(struct nl *nl, const struct fw_tuple *original, uint32_t timeout_s);

#endif
