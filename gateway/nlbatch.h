/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One nfnetlink transaction in one growing buffer: messages between a BATCH_BEGIN and a BATCH_END,
 * sent at once, answered by the kernel before the send returns. The kernel applies all of it or
 * nothing, and names each message it refuses.
 */
#ifndef GATEWAY_NLBATCH_H
#define GATEWAY_NLBATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

#define NLBATCH_MSG_MAX 2048	/* the longest message put by anybody */
#define NLBATCH_NO_TAG UINT32_MAX

struct nlbatch_error {
	uint32_t tag;	/* of the message refused */
	int error;	/* errno value, positive */
};

struct nlbatch {
	uint8_t *bytes;
	size_t len;
	size_t size;
	uint32_t *tags;		/* of message i, whose sequence number is first_seq + i */
	size_t msgs;
	size_t tags_size;
	uint32_t first_seq;
	bool failed;		/* out of memory: everything since does nothing */
	struct nlbatch_error *errors;	/* filled by nlbatch_send */
	size_t error_count;
};

/* Empties the batch and begins a transaction. seq goes on from batch to batch. */
void nlbatch_begin(struct nlbatch *b);
/* A new nf_tables message of NFT_MSG_type for family inet, to be filled until the next call.
 * NULL when memory is short. */
struct nlmsghdr *nlbatch_put(struct nlbatch *b, uint16_t type, uint16_t flags, uint32_t tag);
/* Sends all and waits for the answers. 0: in force. ERR_DENIED: nothing changed, errors[] says
 * why. ERR_IO, ERR_MEMORY. */
int nlbatch_send(struct nlbatch *b, int fd);
void nlbatch_free(struct nlbatch *b);

#endif
