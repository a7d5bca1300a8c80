/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What crosses the privilege border, and the channel it crosses on: messages over a SEQPACKET unix
 * socket, each a head and count records of the one size its type has. Numbers and addresses only,
 * in host order except where fw.h says network; both ends are builds of one version, which the
 * hello proves. The channel never blocks: what the socket does not take at once waits in a queue.
 *
 * Daemon to helper: HELLO, then APPLY (one or more, FIRST .. LAST, one seq), DUMP, FORGET, REMOVE,
 * FIND, KEEP, SENDERS, PROBE, WAY. Helper to daemon: HELLO, EVENT at any time, and per request in
 * the order of asking: DUMPED (for DUMP), SENDER (for SENDERS), RESULT (one or more, the last one
 * has LAST), for FIND only FOUND, for WAY only WAY_IS. FORGET, KEEP and PROBE have no answer. A
 * WAY_IS of value 0 is the one message with a file descriptor (SCM_RIGHTS), and always has it.
 */
#ifndef GATEWAY_HELPER_WIRE_H
#define GATEWAY_HELPER_WIRE_H

#include "gateway/fw.h"
#include "gateway/loop.h"

#define WIRE_VERSION 4

enum wire_type {
	WIRE_HELLO = 1,		/* one struct wire_hello */
	WIRE_APPLY = 2,		/* struct fw_elem; value of the FIRST: how many there will be */
	WIRE_DUMP = 3,
	WIRE_FORGET = 4,	/* struct wire_flow */
	WIRE_REMOVE = 5,
	WIRE_RESULT = 6,	/* uint32_t indexes refused; value: enum err */
	WIRE_DUMPED = 7,	/* struct fw_dumped */
	WIRE_EVENT = 8,		/* value: enum fw_event */
	WIRE_FIND = 9,		/* struct wire_tuple, left_s 0 */
	WIRE_FOUND = 10,	/* struct wire_end for each, or none; value: enum err */
	WIRE_KEEP = 11,		/* struct wire_tuple */
	WIRE_SENDERS = 12,
	WIRE_SENDER = 13,	/* struct fw_sender */
	WIRE_PROBE = 14,	/* one struct wire_probe */
	WIRE_WAY = 15,		/* one struct wire_way */
	WIRE_WAY_IS = 16,	/* value: enum err */
};

#define WIRE_FIRST 1
#define WIRE_LAST 2
#define WIRE_REBUILD 4		/* on the FIRST of APPLY */

struct wire_head {
	uint8_t type;		/* enum wire_type */
	uint8_t flags;
	uint16_t count;		/* of records */
	uint32_t size;		/* of the whole message; helper_wire_send fills it in */
	uint32_t seq;		/* of the request; 0 for HELLO and EVENT */
	int32_t value;
};

struct wire_hello {
	uint32_t version;
	uint16_t elem_size;
	uint16_t dumped_size;
};

/* struct fw_flow without padding. */
struct wire_flow {
	uint8_t proto;
	uint8_t reserved;	/* 0 */
	uint16_t port;
	uint8_t dst[16];
	uint8_t remote[16];
	uint8_t keep[16];
	uint16_t keep_port;
	uint16_t reserved2;	/* 0 */
};

/* struct fw_tuple and struct fw_keep without padding. */
struct wire_tuple {
	uint8_t proto;
	uint8_t reserved;	/* 0 */
	uint16_t src_port;
	uint16_t dst_port;
	uint16_t reserved2;	/* 0 */
	uint8_t src[16];
	uint8_t dst[16];
	uint32_t left_s;
};

/* struct endpoint. */
struct wire_end {
	uint8_t addr[16];
	uint16_t port;
	uint16_t reserved;	/* 0 */
};

/* What fw_probe is given. */
struct wire_probe {
	int32_t ifindex;
	uint8_t has_mac;	/* 0 or 1 */
	uint8_t reserved;	/* 0 */
	uint8_t mac[6];		/* zeros without has_mac */
	uint8_t addr[16];
};

/* struct fw_way without padding. */
struct wire_way {
	uint8_t proto;
	uint8_t is6;		/* 0 or 1 */
	uint16_t port;
};

#define WIRE_ELEMS_MAX 64	/* elements in one message: 11 KB, a small part of any buffer */
#define WIRE_FLOWS_MAX 128
#define WIRE_BAD_MAX 2048
#define WIRE_SENDERS_MAX 256
#define WIRE_MESSAGE_MAX (sizeof(struct wire_head) + WIRE_ELEMS_MAX * sizeof(struct fw_dumped))
#define WIRE_FDS_MAX 64		/* waiting in the queue with their messages */
#define WIRE_APPLY_MAX 262144	/* elements of one transaction: every port there is, rebuilt */

/* records: head->count of them, aligned for their type, gone after the call. Negative: this is not
 * our peer's language; lost is called with it. */
typedef int helper_wire_fn(void *arg, const struct wire_head *head, const void *records);
/* The owner closes the channel, here or later; no more messages come. ERR_GONE: the peer closed;
 * ERR_SYNTAX and whatever the message function returned: it has to be closed. */
typedef void helper_wire_lost_fn(void *arg, int err);

/* Embedded in its owner. */
struct helper_wire {
	struct loop *loop;
	struct loop_fd *lfd;	/* NULL: closed */
	int fd;
	bool is_helper;		/* this end is the helper's */
	bool paused;
	bool in_ready;		/* our own callback is running */
	uint32_t interest;	/* epoll events asked for */
	helper_wire_fn *message;
	helper_wire_lost_fn *lost;
	void *arg;
	uint8_t *queue;		/* whole messages not yet sent, from queue_off to queue_len */
	size_t queue_off;
	size_t queue_len;
	size_t queue_size;
	int fds[WIRE_FDS_MAX];	/* of queued messages that have one, in their order */
	size_t fd_count;
	int received;		/* of the message in the owner's hands; -1: none */
};

/* The caller has set is_helper, message, lost and arg, the rest is zero or was closed. Takes fd
 * (non-blocking) only when 0 is returned. 0 or ERR_MEMORY. */
int helper_wire_open(struct helper_wire *w, struct loop *loop, int fd);
bool helper_wire_is_open(const struct helper_wire *w);
/* Queues what does not go at once. ERR_GONE, ERR_FULL, ERR_MEMORY: the channel is of no more
 * use. */
int helper_wire_send(struct helper_wire *w, const struct wire_head *head, const void *records);
/* The same with a descriptor, which is taken in any case. */
int helper_wire_send_fd(struct helper_wire *w, const struct wire_head *head, int fd);
/* Of the WAY_IS the message function was called with: the caller's from now on. One that is not
 * taken is closed. */
int helper_wire_take_fd(struct helper_wire *w);
int helper_wire_hello(struct helper_wire *w);
bool helper_wire_hello_fits(const struct wire_hello *hello);
/* Stops or resumes reading. */
void helper_wire_pause(struct helper_wire *w, bool paused);
void helper_wire_close(struct helper_wire *w);

#endif
