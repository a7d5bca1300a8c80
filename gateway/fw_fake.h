/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A firewall in memory, for tests and for --firewall=none: what the kernel would hold, with its
 * timeouts by the loop's clock and its refusals. Answers before the call returns unless told
 * otherwise. Like the kernel it starts without a table: the first apply has to be a rebuild.
 */
#ifndef GATEWAY_FW_FAKE_H
#define GATEWAY_FW_FAKE_H

#include "gateway/fw.h"
#include "gateway/loop.h"

/* NULL when memory is short. */
struct fw *fw_fake_new(struct loop *loop);

/* What is in force now. key as in struct fw_elem. find gives NULL or the element, whose counters
 * the caller may set; timeout_ms of it is what remains. */
size_t fw_fake_count(struct fw *fw, enum fw_set set);
struct fw_dumped *fw_fake_find(struct fw *fw, enum fw_set set, const void *key);

/* How often each was called, as far as it was sent. */
struct fw_fake_calls {
	size_t applies;
	size_t rebuilds;
	size_t dumps;
	size_t flows;		/* forgotten, all calls together */
	struct fw_flow last_flow;
	size_t finds;		/* flows looked up */
	size_t keeps;
	struct fw_keep last_keep;
	size_t probes;
	struct fw_fake_probe {
		int ifindex;
		struct addr addr;
		bool has_mac;
		uint8_t mac[6];
	} last_probe;
	size_t ways;
	struct fw_way last_way;
	uint16_t last_way_port;	/* where its socket is instead */
};
const struct fw_fake_calls *fw_fake_calls(const struct fw *fw);

/* The next apply changes nothing and answers err, with these indexes. At most 16 of them. */
#define FW_FAKE_BAD_MAX 16
void fw_fake_fail(struct fw *fw, int err, const uint32_t *bad, size_t bad_count);
/* A running flow that fw_find sees, coming from there; port 0: it has ended. At most 16. */
#define FW_FAKE_RUNNING_MAX 16
void fw_fake_run(struct fw *fw, const struct fw_tuple *flow, const struct endpoint *from);
/* The kernel noted this sender; each of the next fw_senders tells it until it is forgotten. At most
 * 16. */
#define FW_FAKE_SENDERS_MAX 16
void fw_fake_note(struct fw *fw, const struct fw_sender *sender);
void fw_fake_forget_senders(struct fw *fw);
/* From now on answers wait for fw_fake_release, which gives them in order; what was asked has
 * happened all the same. Never released: a helper that hangs. */
void fw_fake_hold(struct fw *fw);
void fw_fake_release(struct fw *fw);
/* While gone every call gives ERR_GONE, and those waiting for their answer get it now. Tells
 * FW_EVENT_LOST and FW_EVENT_BACK. */
void fw_fake_go(struct fw *fw, bool gone);
/* fw_way gives an ordinary socket, which is bound to the loopback address and a port of the
 * kernel's choice (calls.last_way_port) and tells of a datagram what the real one does. From now
 * on it answers this error instead; 0: sockets again. */
void fw_fake_refuse_ways(struct fw *fw, int err);
/* Somebody's `nft flush ruleset`: the table is away. Tells FW_EVENT_FOREIGN. */
void fw_fake_flush(struct fw *fw);

#endif
