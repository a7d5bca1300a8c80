/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See nlbatch.h. The kernel runs a transaction in the sender's own system call, so its answers lie
 * in the socket's queue when send returns: no waiting, no state between wake-ups. Answers that did
 * not fit into the queue are lost; that is why "no answer" is an error of its own.
 */
#include "gateway/nlbatch.h"

#include "protocols/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#define SIZE_KEPT 65536	/* a buffer above this is given back after its batch */
#define ERRORS_MAX 65536
#define ANSWER_MAX 8192

static bool grow(struct nlbatch *b)
{
	size_t size = b->size ? b->size * 2 : SIZE_KEPT;
	uint8_t *bytes;

	if (b->size - b->len >= NLBATCH_MSG_MAX)
		return true;
	bytes = realloc(b->bytes, size);
	if (!bytes)
		return false;
	b->bytes = bytes;
	b->size = size;
	return true;
}

static bool grow_tags(struct nlbatch *b)
{
	size_t size = b->tags_size ? b->tags_size * 2 : 256;
	uint32_t *tags;

	if (b->msgs < b->tags_size)
		return true;
	tags = realloc(b->tags, size * sizeof(*tags));
	if (!tags)
		return false;
	b->tags = tags;
	b->tags_size = size;
	return true;
}

/* The length of the message put last is known only when the next one starts. */
static void close_last(struct nlbatch *b)
{
	if (b->len < b->size && b->msgs > 0) {
		const struct nlmsghdr *last = (const struct nlmsghdr *)(b->bytes + b->len);
		b->len += NLMSG_ALIGN(last->nlmsg_len);
	}
}

static struct nlmsghdr *put(struct nlbatch *b, uint16_t type, uint16_t flags, uint8_t family,
	uint32_t tag)
{
	struct nlmsghdr *nlh;
	struct nfgenmsg *nfg;

	if (b->failed)
		return NULL;
	close_last(b);
	if (!grow(b) || !grow_tags(b)) {
		b->failed = true;
		return NULL;
	}
	nlh = mnl_nlmsg_put_header(b->bytes + b->len);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = b->first_seq + (uint32_t)b->msgs;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	b->tags[b->msgs++] = tag;
	return nlh;
}

static void put_limit(struct nlbatch *b, uint16_t type)
{
	struct nlmsghdr *nlh = put(b, type, 0, AF_UNSPEC, NLBATCH_NO_TAG);

	if (nlh) {
		struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
		nfg->res_id = htons(NFNL_SUBSYS_NFTABLES);
	}
}

void nlbatch_begin(struct nlbatch *b)
{
	b->first_seq += (uint32_t)b->msgs;
	b->len = 0;
	b->msgs = 0;
	b->failed = false;
	free(b->errors);
	b->errors = NULL;
	b->error_count = 0;
	put_limit(b, NFNL_MSG_BATCH_BEGIN);
}

struct nlmsghdr *nlbatch_put(struct nlbatch *b, uint16_t type, uint16_t flags, uint32_t tag)
{
	return put(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, NFPROTO_INET, tag);
}

static void note_error(struct nlbatch *b, uint32_t seq, int error)
{
	uint32_t index = seq - b->first_seq;
	struct nlbatch_error *errors;

	if (b->error_count == ERRORS_MAX || index >= b->msgs)
		return;
	if ((b->error_count & (b->error_count - 1)) == 0) {
		size_t size = b->error_count ? b->error_count * 2 : 1;
		errors = realloc(b->errors, size * sizeof(*errors));
		if (!errors)
			return;
		b->errors = errors;
	}
	b->errors[b->error_count++] = (struct nlbatch_error){b->tags[index], error};
}

/* Counts the acknowledgements in what one recv gave. */
static size_t read_answers(struct nlbatch *b, const void *bytes, size_t len)
{
	const struct nlmsghdr *nlh = bytes;
	size_t acks = 0;
	int left = (int)len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
		if (nlh->nlmsg_type != NLMSG_ERROR ||
		    mnl_nlmsg_get_payload_len(nlh) < sizeof(*err))
			continue;
		if (nlh->nlmsg_seq - b->first_seq >= b->msgs)
			continue;	/* left over from a batch before */
		if (err->error == 0)
			acks++;
		else
			note_error(b, nlh->nlmsg_seq, -err->error);
	}
	return acks;
}

static int collect_answers(struct nlbatch *b, int fd)
{
	union {
		struct nlmsghdr align;
		uint8_t bytes[ANSWER_MAX];
	} answer;
	size_t acks = 0;
	bool lost = false;

	for (;;) {
		ssize_t n = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOBUFS) {
			lost = true;
			continue;
		}
		if (n <= 0)
			break;
		acks += read_answers(b, &answer, (size_t)n);
	}
	if (b->error_count > 0)
		return ERR_DENIED;
	return acks > 0 && !lost ? 0 : ERR_IO;
}

static void give_back(struct nlbatch *b)
{
	if (b->size <= SIZE_KEPT)
		return;
	free(b->bytes);
	b->bytes = NULL;
	b->size = 0;
	b->len = 0;
}

int nlbatch_send(struct nlbatch *b, int fd)
{
	ssize_t n;
	int err;

	if (!b->failed && b->msgs == 1)
		return 0;	/* nothing but its beginning */
	if (!b->failed)
		((struct nlmsghdr *)(b->bytes + b->len))->nlmsg_flags |= NLM_F_ACK;
	put_limit(b, NFNL_MSG_BATCH_END);
	if (b->failed)
		return ERR_MEMORY;
	close_last(b);
	do
		n = send(fd, b->bytes, b->len, 0);
	while (n < 0 && errno == EINTR);
	err = n < 0 ? ERR_IO : collect_answers(b, fd);
	give_back(b);
	return err;
}

void nlbatch_free(struct nlbatch *b)
{
	free(b->bytes);
	free(b->tags);
	free(b->errors);
	*b = (struct nlbatch){0};
}
