/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ct_keep.h. The flows lie sorted by their tuple. */
#include "gateway/ct_keep.h"

#include "gateway/ct_entry.h"
#include "gateway/loop.h"
#include "protocols/err.h"

#include <fcntl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SWEEP_MAX_MS 10000
#define SWEEP_MIN_MS 500
#define SWEEPS_PER_TIMEOUT 3
#define KEEPS_FIRST 16

/* Timeouts of the kernel's own; TCP ones in the order of TCP_CONNTRACK_SYN_SENT and so on. */
enum own { OWN_UDP, OWN_UDP_STREAM, OWN_TCP };
#define OWN_COUNT (OWN_TCP + TCP_CONNTRACK_ESTABLISHED)

struct keep {
	struct fw_tuple flow;
	uint64_t until_ms;
};

struct ct_keep {
	struct loop *loop;
	struct loop_timer timer;
	struct nl nl;
	uint32_t own_s[OWN_COUNT];
	uint64_t sweep_ms;
	struct keep *keeps;
	size_t count, size;
};

static int compare_ends(const struct endpoint *a, const struct endpoint *b)
{
	int order = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));

	return order ? order : (int)a->port - (int)b->port;
}

static int compare_flows(const struct fw_tuple *a, const struct fw_tuple *b)
{
	int order = compare_ends(&a->src, &b->src);

	if (order == 0)
		order = compare_ends(&a->dst, &b->dst);
	return order ? order : (int)a->proto - (int)b->proto;
}

/* Where the flow is, or would be. */
static size_t find_place(const struct ct_keep *ck, const struct fw_tuple *flow)
{
	size_t low = 0;
	size_t high = ck->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_flows(&ck->keeps[middle].flow, flow) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* NULL: the flow is closing, or its protocol has no timeout here. */
static const uint32_t *own_timeout(const struct ct_keep *ck, const struct ct_entry *entry)
{
	if (entry->original.proto == MAP_PROTO_UDP)
		return &ck->own_s[entry->status & IPS_ASSURED ? OWN_UDP_STREAM : OWN_UDP];
	if (entry->tcp_state < TCP_CONNTRACK_SYN_SENT ||
	    entry->tcp_state > TCP_CONNTRACK_ESTABLISHED)
		return NULL;
	return &ck->own_s[OWN_TCP + entry->tcp_state - TCP_CONNTRACK_SYN_SENT];
}

static void tend(struct ct_keep *ck, const struct keep *k)
{
	uint32_t left_s = (uint32_t)((k->until_ms - loop_now_ms(ck->loop) + 999) / 1000);
	struct ct_entry entry;

	if (ct_entry_get(&ck->nl, &k->flow, &entry) == 0 && own_timeout(ck, &entry) &&
	    entry.timeout_s < left_s)
		(void)ct_entry_set_timeout(&ck->nl, &k->flow, left_s);
}

static void let_go(struct ct_keep *ck, const struct fw_tuple *flow)
{
	struct ct_entry entry;
	const uint32_t *own_s;

	if (ct_entry_get(&ck->nl, flow, &entry))
		return;
	own_s = own_timeout(ck, &entry);
	if (own_s && entry.timeout_s > *own_s)
		(void)ct_entry_set_timeout(&ck->nl, flow, *own_s);
}

/* Those whose time is over are left to what remains of it, next to nothing. */
static void on_sweep(void *arg)
{
	struct ct_keep *ck = arg;
	uint64_t now = loop_now_ms(ck->loop);
	size_t left = 0;

	for (size_t i = 0; i < ck->count; i++) {
		if (ck->keeps[i].until_ms <= now)
			continue;
		tend(ck, &ck->keeps[i]);
		ck->keeps[left++] = ck->keeps[i];
	}
	ck->count = left;
	if (left > 0)
		loop_timer_set(ck->loop, &ck->timer, now + ck->sweep_ms);
}

static int make_room(struct ct_keep *ck)
{
	size_t size = ck->size ? ck->size * 2 : KEEPS_FIRST;
	struct keep *keeps;

	if (ck->count < ck->size)
		return 0;
	if (ck->count == CT_KEEP_MAX)
		return ERR_FULL;
	keeps = realloc(ck->keeps, size * sizeof(*keeps));
	if (!keeps)
		return ERR_MEMORY;
	ck->keeps = keeps;
	ck->size = size;
	return 0;
}

static int add(struct ct_keep *ck, size_t place, const struct fw_tuple *flow)
{
	int err = make_room(ck);

	if (err)
		return err;
	memmove(&ck->keeps[place + 1], &ck->keeps[place],
		(ck->count - place) * sizeof(*ck->keeps));
	ck->keeps[place] = (struct keep){.flow = *flow};
	ck->count++;
	return 0;
}

static void drop(struct ct_keep *ck, size_t place)
{
	ck->count--;
	memmove(&ck->keeps[place], &ck->keeps[place + 1],
		(ck->count - place) * sizeof(*ck->keeps));
}

static int set_one(struct ct_keep *ck, const struct fw_keep *wanted)
{
	size_t place = find_place(ck, &wanted->flow);
	bool is_there = place < ck->count &&
			compare_flows(&ck->keeps[place].flow, &wanted->flow) == 0;
	uint64_t until_ms = loop_now_ms(ck->loop) + wanted->left_s * 1000ull;
	int err = 0;

	if (is_there && until_ms < ck->keeps[place].until_ms)
		let_go(ck, &wanted->flow);
	if (wanted->left_s == 0) {
		if (is_there)
			drop(ck, place);
		return 0;
	}
	if (!is_there)
		err = add(ck, place, &wanted->flow);
	if (err)
		return err;
	ck->keeps[place].until_ms = until_ms;
	tend(ck, &ck->keeps[place]);
	return 0;
}

int ct_keep_set(struct ct_keep *ck, const struct fw_keep *keeps, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = set_one(ck, &keeps[i]);
	if (ck->count > 0 && ck->timer.slot == 0)
		loop_timer_set(ck->loop, &ck->timer, loop_now_ms(ck->loop) + ck->sweep_ms);
	return err;
}

int ct_keep_find(struct ct_keep *ck, const struct fw_tuple *flow, struct endpoint *from)
{
	struct ct_entry entry;
	int err = ct_entry_get(&ck->nl, flow, &entry);

	if (err && err != ERR_NOT_FOUND)
		return err;
	*from = err ? (struct endpoint){addr_any4(), 0} : entry.reply.dst;
	return 0;
}

/* The system's setting, else its default. */
static uint32_t read_timeout(const char *path, uint32_t otherwise)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[16];
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text));
	struct str s = {text, len > 1 ? (size_t)len - 1 : 0};	/* without the line's end */
	uint32_t n = otherwise;

	if (fd >= 0)
		close(fd);
	(void)str_u32(s, 1, UINT32_MAX, &n);
	return n;
}

#define NF "/proc/sys/net/netfilter/nf_conntrack_"

static void read_timeouts(struct ct_keep *ck)
{
	uint64_t sweep_ms;

	ck->own_s[OWN_UDP] = read_timeout(NF "udp_timeout", 30);
	ck->own_s[OWN_UDP_STREAM] = read_timeout(NF "udp_timeout_stream", 120);
	ck->own_s[OWN_TCP] = read_timeout(NF "tcp_timeout_syn_sent", 120);
	ck->own_s[OWN_TCP + 1] = read_timeout(NF "tcp_timeout_syn_recv", 60);
	ck->own_s[OWN_TCP + 2] = read_timeout(NF "tcp_timeout_established", 432000);
	sweep_ms = ck->own_s[OWN_UDP] * 1000ull / SWEEPS_PER_TIMEOUT;
	if (sweep_ms < SWEEP_MIN_MS)
		sweep_ms = SWEEP_MIN_MS;
	ck->sweep_ms = sweep_ms < SWEEP_MAX_MS ? sweep_ms : SWEEP_MAX_MS;
}

struct ct_keep *ct_keep_new(struct loop *loop)
{
	struct ct_keep *ck = calloc(1, sizeof(*ck));

	if (!ck)
		return NULL;
	ck->loop = loop;
	ck->timer = (struct loop_timer){.fn = on_sweep, .arg = ck};
	read_timeouts(ck);
	if (nl_open(&ck->nl, NETLINK_NETFILTER) < 0) {
		free(ck);
		return NULL;
	}
	return ck;
}

void ct_keep_free(struct ct_keep *ck)
{
	if (!ck)
		return;
	loop_timer_stop(ck->loop, &ck->timer);
	nl_close(&ck->nl);
	free(ck->keeps);
	free(ck);
}
