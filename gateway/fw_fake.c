/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See fw_fake.h. Elements lie in a hash table by set and key; one whose time is over is taken out
 * when it is next met. A transaction is looked through before anything is changed, as the kernel
 * would refuse it as a whole.
 */
#include "gateway/fw_fake.h"

#include "gateway/fw_set.h"
#include "gateway/way.h"
#include "protocols/err.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUCKETS 4096
#define ANSWERS_MAX 256

struct item {
	struct item *next;
	uint64_t end_ms;	/* LOOP_NEVER: no timeout */
	struct fw_dumped dumped;
};

struct answer {
	fw_done_fn *done;
	fw_found_fn *found;	/* instead of done */
	fw_way_fn *way;		/* the same */
	void *arg;
	int fd;			/* of way */
	size_t found_count;
	struct endpoint from[FW_FIND_MAX];
	int err;
	size_t bad_count;
	uint32_t bad[FW_FAKE_BAD_MAX];
};

struct running {
	struct fw_tuple flow;
	struct endpoint from;
};

struct fw_fake {
	struct fw fw;
	struct loop *loop;
	bool has_table;
	bool gone;
	bool hold;
	bool fail_next;
	int way_err;
	struct answer failure;		/* of the next apply */
	struct answer held[ANSWERS_MAX];
	size_t held_count;
	struct fw_fake_calls calls;
	struct running running[FW_FAKE_RUNNING_MAX];
	struct fw_sender senders[FW_FAKE_SENDERS_MAX];
	size_t sender_count;
	struct item *buckets[BUCKETS];
};

/* FNV-1a. */
static size_t bucket_of(uint8_t set, const uint8_t *key)
{
	size_t len = fw_set_key_len(set);
	uint32_t hash = (2166136261u ^ set) * 16777619u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ key[i]) * 16777619u;
	return hash % BUCKETS;
}

/* The link that leads to the element, or to NULL at the end of its bucket. */
static struct item **find_link(struct fw_fake *fake, uint8_t set, const uint8_t *key)
{
	struct item **link = &fake->buckets[bucket_of(set, key)];

	while (*link) {
		struct item *item = *link;
		const struct fw_elem *e = &item->dumped.elem;

		if (item->end_ms <= loop_now_ms(fake->loop)) {
			*link = item->next;
			free(item);
			continue;
		}
		if (e->set == set && memcmp(e->key, key, fw_set_key_len(set)) == 0)
			break;
		link = &item->next;
	}
	return link;
}

static void clear(struct fw_fake *fake)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (fake->buckets[i]) {
			struct item *item = fake->buckets[i];
			fake->buckets[i] = item->next;
			free(item);
		}
	}
}

static void set_remaining(const struct fw_fake *fake, struct item *item)
{
	item->dumped.elem.timeout_ms = item->end_ms == LOOP_NEVER ?
		FW_TIMEOUT_NONE : item->end_ms - loop_now_ms(fake->loop);
}

static void add(struct fw_fake *fake, const struct fw_elem *elem)
{
	struct item **link = find_link(fake, elem->set, elem->key);

	if (!*link) {
		*link = calloc(1, sizeof(**link));
		if (!*link)
			abort();
		(*link)->dumped.elem = *elem;
		(*link)->dumped.elem.op = FW_ELEM_ADD;
		(*link)->dumped.elem.renew = 0;
	}
	(*link)->end_ms = elem->timeout_ms == FW_TIMEOUT_NONE ?
		LOOP_NEVER : loop_now_ms(fake->loop) + elem->timeout_ms;
}

static void del(struct fw_fake *fake, const struct fw_elem *elem)
{
	struct item **link = find_link(fake, elem->set, elem->key);
	struct item *item = *link;

	if (!item)
		return;
	*link = item->next;
	free(item);
}

/* By the first i elements of a transaction. */
static bool deleted_before(const struct fw_elem *elems, size_t i, const struct fw_elem *elem)
{
	size_t len = fw_set_key_len(elem->set);

	for (size_t j = 0; j < i; j++) {
		if (elems[j].op == FW_ELEM_DEL && elems[j].set == elem->set &&
		    memcmp(elems[j].key, elem->key, len) == 0)
			return true;
	}
	return false;
}

/* Fields are in network order and aligned, so that bytes compare as numbers do. */
static bool overlaps(const struct fw_elem *a, const struct fw_elem *b)
{
	const struct fw_set_def *def = fw_set_def(a->set);
	size_t at = 0;

	for (const enum fw_field *f = def->key; *f != FW_FIELD_END; f++) {
		size_t len = fw_field_len(*f);
		if (memcmp(a->key + at, b->key_end + at, len) > 0 ||
		    memcmp(b->key + at, a->key_end + at, len) > 0)
			return false;
		at += (len + 3) & ~(size_t)3;
	}
	return true;
}

/* An interval that reaches into another one, unless it is the very same. */
static bool is_in_the_way(const struct fw_fake *fake, const struct fw_elem *elems, size_t i)
{
	const struct fw_elem *elem = &elems[i];

	for (size_t n = 0; n < BUCKETS; n++) {
		for (const struct item *item = fake->buckets[n]; item; item = item->next) {
			const struct fw_elem *there = &item->dumped.elem;
			if (there->set == elem->set && overlaps(there, elem) &&
			    memcmp(there->key, elem->key, sizeof(elem->key)) != 0 &&
			    item->end_ms > loop_now_ms(fake->loop) &&
			    !deleted_before(elems, i, there))
				return true;
		}
	}
	return false;
}

/* A key of a map that leads elsewhere already is what the kernel refuses, and an overlap. */
static bool conflicts(struct fw_fake *fake, const struct fw_elem *elems, size_t i)
{
	const struct fw_elem *elem = &elems[i];
	const struct item *item;

	if (elem->op == FW_ELEM_DEL)
		return false;
	if (fw_set_def(elem->set)->is_interval)
		return is_in_the_way(fake, elems, i);
	item = *find_link(fake, elem->set, elem->key);
	return item && memcmp(item->dumped.elem.data, elem->data, fw_set_data_len(elem->set)) &&
	       !deleted_before(elems, i, elem);
}

static void answer(struct fw_fake *fake, const struct answer *a)
{
	if (!fake->hold) {
		if (a->found)
			a->found(a->arg, a->err, a->from, a->err ? 0 : a->found_count);
		else if (a->way)
			a->way(a->arg, a->err, a->fd);
		else
			a->done(a->arg, a->err, a->bad_count ? a->bad : NULL, a->bad_count);
		return;
	}
	assert(fake->held_count < ANSWERS_MAX);
	fake->held[fake->held_count++] = *a;
}

static void look_through(struct fw_fake *fake, const struct fw_batch *batch, struct answer *a)
{
	const struct fw_elem *elems = batch->elems;

	for (size_t i = 0; i < batch->count; i++)
		assert(elems[i].set < FW_SETS && elems[i].userdata_len <= FW_USERDATA_MAX);
	if (batch->rebuild)
		return;
	if (!fake->has_table)
		a->err = ERR_NOT_FOUND;
	for (size_t i = 0; i < batch->count && a->bad_count < FW_FAKE_BAD_MAX; i++) {
		if (!conflicts(fake, elems, i))
			continue;
		a->err = ERR_DENIED;
		a->bad[a->bad_count++] = (uint32_t)i;
	}
}

static int fake_apply(struct fw *fw, const struct fw_batch *batch, fw_done_fn *done, void *arg)
{
	struct fw_fake *fake = (struct fw_fake *)fw;
	struct answer a = {.err = 0};

	if (fake->gone)
		return ERR_GONE;
	fake->calls.applies++;
	fake->calls.rebuilds += batch->rebuild;
	if (fake->fail_next)
		a = fake->failure;
	else
		look_through(fake, batch, &a);
	fake->fail_next = false;
	if (!a.err && batch->rebuild) {
		clear(fake);
		fake->has_table = true;
	}
	for (size_t i = 0; i < batch->count && !a.err; i++)
		(batch->elems[i].op == FW_ELEM_ADD ? add : del)(fake, &batch->elems[i]);
	a.done = done;
	a.arg = arg;
	answer(fake, &a);
	return 0;
}

static int fake_dump(struct fw *fw, fw_dump_fn *each, fw_done_fn *done, void *arg)
{
	struct fw_fake *fake = (struct fw_fake *)fw;

	if (fake->gone)
		return ERR_GONE;
	fake->calls.dumps++;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct item *item = fake->buckets[i]; item; item = item->next) {
			if (item->end_ms <= loop_now_ms(fake->loop) ||
			    !fw_set_def(item->dumped.elem.set)->is_leased)
				continue;
			set_remaining(fake, item);
			each(arg, &item->dumped);
		}
	}
	answer(fake, &(struct answer){.done = done, .arg = arg,
		.err = fake->has_table ? 0 : ERR_NOT_FOUND});
	return 0;
}

static int fake_forget(struct fw *fw, const struct fw_flow *flows, size_t count)
{
	struct fw_fake *fake = (struct fw_fake *)fw;

	if (fake->gone)
		return ERR_GONE;
	fake->calls.flows += count;
	if (count > 0)
		fake->calls.last_flow = flows[count - 1];
	return 0;
}

static bool is_same(const struct fw_tuple *a, const struct fw_tuple *b)
{
	return a->proto == b->proto && a->src.port == b->src.port && a->dst.port == b->dst.port &&
	       addr_eq(&a->src.addr, &b->src.addr) && addr_eq(&a->dst.addr, &b->dst.addr);
}

static int fake_find(struct fw *fw, const struct fw_tuple *flows, size_t count, fw_found_fn *found,
	void *arg)
{
	struct fw_fake *fake = (struct fw_fake *)fw;
	struct answer a = {.found = found, .arg = arg, .found_count = count};

	if (fake->gone)
		return ERR_GONE;
	assert(count <= FW_FIND_MAX);
	fake->calls.finds += count;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < FW_FAKE_RUNNING_MAX; j++) {
			if (is_same(&fake->running[j].flow, &flows[i]))
				a.from[i] = fake->running[j].from;
		}
	}
	answer(fake, &a);
	return 0;
}

static int fake_keep(struct fw *fw, const struct fw_keep *keeps, size_t count)
{
	struct fw_fake *fake = (struct fw_fake *)fw;

	if (fake->gone)
		return ERR_GONE;
	fake->calls.keeps += count;
	if (count > 0)
		fake->calls.last_keep = keeps[count - 1];
	return 0;
}

static int fake_senders(struct fw *fw, fw_sender_fn *each, fw_done_fn *done, void *arg)
{
	struct fw_fake *fake = (struct fw_fake *)fw;

	if (fake->gone)
		return ERR_GONE;
	for (size_t i = 0; i < fake->sender_count && fake->has_table; i++)
		each(arg, &fake->senders[i]);
	answer(fake, &(struct answer){.done = done, .arg = arg,
		.err = fake->has_table ? 0 : ERR_NOT_FOUND});
	return 0;
}

static int fake_probe(struct fw *fw, int ifindex, const struct addr *addr, const uint8_t *mac)
{
	struct fw_fake *fake = (struct fw_fake *)fw;
	struct fw_fake_probe *probe = &fake->calls.last_probe;

	if (fake->gone)
		return ERR_GONE;
	fake->calls.probes++;
	*probe = (struct fw_fake_probe){ifindex, *addr, mac != NULL, {0}};
	if (mac)
		memcpy(probe->mac, mac, sizeof(probe->mac));
	return 0;
}

static uint16_t port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in sin;
		struct sockaddr_in6 sin6;
	} at = {.any.sa_family = AF_UNSPEC};
	socklen_t len = sizeof(at);

	getsockname(fd, &at.any, &len);
	return ntohs(at.any.sa_family == AF_INET6 ? at.sin6.sin6_port : at.sin.sin_port);
}

static int fake_way(struct fw *fw, const struct fw_way *way, fw_way_fn *done, void *arg)
{
	struct fw_fake *fake = (struct fw_fake *)fw;
	struct answer a = {.way = done, .arg = arg, .err = fake->way_err, .fd = -1};

	if (fake->gone)
		return ERR_GONE;
	fake->calls.ways++;
	fake->calls.last_way = *way;
	if (!a.err)
		a.err = way_open_local(way, &a.fd);
	fake->calls.last_way_port = a.err ? 0 : port_of(a.fd);
	answer(fake, &a);
	return 0;
}

static int fake_remove(struct fw *fw, fw_done_fn *done, void *arg)
{
	struct fw_fake *fake = (struct fw_fake *)fw;

	if (fake->gone)
		return ERR_GONE;
	clear(fake);
	fake->has_table = false;
	answer(fake, &(struct answer){.done = done, .arg = arg});
	return 0;
}

static void close_way(struct answer *a)
{
	if (a->way && a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

static void fake_free(struct fw *fw)
{
	struct fw_fake *fake = (struct fw_fake *)fw;

	for (size_t i = 0; i < fake->held_count; i++)
		close_way(&fake->held[i]);
	clear(fake);
	free(fake);
}

static const struct fw_ops fake_ops = {
	.apply = fake_apply,
	.dump = fake_dump,
	.forget = fake_forget,
	.remove = fake_remove,
	.find = fake_find,
	.keep = fake_keep,
	.senders = fake_senders,
	.probe = fake_probe,
	.way = fake_way,
	.free = fake_free,
};

size_t fw_fake_count(struct fw *fw, enum fw_set set)
{
	const struct fw_fake *fake = (const struct fw_fake *)fw;
	size_t count = 0;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (const struct item *item = fake->buckets[i]; item; item = item->next)
			count += item->dumped.elem.set == set &&
				 item->end_ms > loop_now_ms(fake->loop);
	}
	return count;
}

struct fw_dumped *fw_fake_find(struct fw *fw, enum fw_set set, const void *key)
{
	struct fw_fake *fake = (struct fw_fake *)fw;
	struct item *item = *find_link(fake, (uint8_t)set, key);

	if (!item)
		return NULL;
	set_remaining(fake, item);
	return &item->dumped;
}

const struct fw_fake_calls *fw_fake_calls(const struct fw *fw)
{
	return &((const struct fw_fake *)fw)->calls;
}

void fw_fake_fail(struct fw *fw, int err, const uint32_t *bad, size_t bad_count)
{
	struct fw_fake *fake = (struct fw_fake *)fw;

	assert(bad_count <= FW_FAKE_BAD_MAX);
	fake->fail_next = true;
	fake->failure = (struct answer){.err = err, .bad_count = bad_count};
	if (bad_count > 0)
		memcpy(fake->failure.bad, bad, bad_count * sizeof(*bad));
}

void fw_fake_run(struct fw *fw, const struct fw_tuple *flow, const struct endpoint *from)
{
	struct fw_fake *fake = (struct fw_fake *)fw;
	size_t i = 0;

	while (i < FW_FAKE_RUNNING_MAX && fake->running[i].from.port != 0 &&
	       !is_same(&fake->running[i].flow, flow))
		i++;
	assert(i < FW_FAKE_RUNNING_MAX);
	fake->running[i] = (struct running){*flow, *from};
}

void fw_fake_note(struct fw *fw, const struct fw_sender *sender)
{
	struct fw_fake *fake = (struct fw_fake *)fw;

	assert(fake->sender_count < FW_FAKE_SENDERS_MAX);
	fake->senders[fake->sender_count++] = *sender;
}

void fw_fake_forget_senders(struct fw *fw)
{
	((struct fw_fake *)fw)->sender_count = 0;
}

void fw_fake_refuse_ways(struct fw *fw, int err)
{
	((struct fw_fake *)fw)->way_err = err;
}

void fw_fake_hold(struct fw *fw)
{
	((struct fw_fake *)fw)->hold = true;
}

/* Callbacks may ask anew: what they ask is answered at once, behind nobody. */
void fw_fake_release(struct fw *fw)
{
	struct fw_fake *fake = (struct fw_fake *)fw;
	size_t count = fake->held_count;

	fake->hold = false;
	fake->held_count = 0;
	for (size_t i = 0; i < count; i++)
		answer(fake, &fake->held[i]);
}

void fw_fake_go(struct fw *fw, bool gone)
{
	struct fw_fake *fake = (struct fw_fake *)fw;

	fake->gone = gone;
	for (size_t i = 0; i < fake->held_count && gone; i++) {
		fake->held[i].err = ERR_GONE;
		close_way(&fake->held[i]);
		fake->held[i].bad_count = 0;
	}
	if (gone)
		fw_fake_release(fw);
	if (fw->event)
		fw->event(fw->event_arg, gone ? FW_EVENT_LOST : FW_EVENT_BACK);
}

void fw_fake_flush(struct fw *fw)
{
	struct fw_fake *fake = (struct fw_fake *)fw;

	clear(fake);
	fake->has_table = false;
	if (fw->event)
		fw->event(fw->event_arg, FW_EVENT_FOREIGN);
}

struct fw *fw_fake_new(struct loop *loop)
{
	struct fw_fake *fake = calloc(1, sizeof(*fake));

	if (!fake)
		return NULL;
	fake->fw.ops = &fake_ops;
	fake->loop = loop;
	return &fake->fw;
}
