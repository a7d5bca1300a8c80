/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See fw_remote.h. Requests under way stand in a ring in the order they were sent, which is the
 * order of the answers; the helper's answers are checked as far as the core would trip over them
 * (sequence, indexes). What is wrong drops the connection, and every request under way ends with
 * ERR_GONE: whether it took effect is for the core to find out by a dump.
 */
#include "gateway/fw_remote.h"

#include "gateway/helper_wire.h"
#include "gateway/wire_flow.h"
#include "protocols/err.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct pending {
	uint32_t seq;
	uint32_t count;		/* of elements; indexes are below */
	fw_dump_fn *each;	/* of a dump */
	fw_sender_fn *sender;	/* of senders */
	fw_done_fn *done;
	fw_found_fn *found;	/* instead of done */
	fw_way_fn *way;		/* the same */
	void *arg;
};

struct fw_remote {
	struct fw fw;
	struct loop *loop;
	struct sockaddr_un path;
	struct helper_wire wire;
	bool up;			/* greeted */
	uint32_t seq;
	uint64_t retry_ms;
	struct loop_timer retry;
	struct loop_timer patience;	/* runs while an answer is due */
	struct pending pending[FW_REMOTE_PENDING_MAX];
	size_t first;
	size_t pending_count;
	uint32_t *bad;			/* of the first pending, so far */
	size_t bad_count;
};

static void report(struct fw_remote *r, enum fw_event event)
{
	if (r->fw.event)
		r->fw.event(r->fw.event_arg, event);
}

static struct pending take_first(struct fw_remote *r)
{
	struct pending p = r->pending[r->first];

	r->first = (r->first + 1) % FW_REMOTE_PENDING_MAX;
	r->pending_count--;
	return p;
}

static void wait_for_answer(struct fw_remote *r)
{
	uint64_t most = FW_REMOTE_TIMEOUT_MS;

	if (r->up && r->pending_count == 0) {
		loop_timer_stop(r->loop, &r->patience);
		return;
	}
	if (r->pending_count > 0)
		most += r->pending[r->first].count / FW_REMOTE_ELEMS_PER_MS;
	loop_timer_set(r->loop, &r->patience, loop_now_ms(r->loop) + most);
}

static void retry_later(struct fw_remote *r)
{
	loop_timer_set(r->loop, &r->retry, loop_now_ms(r->loop) + r->retry_ms);
	r->retry_ms *= 2;
	if (r->retry_ms > FW_REMOTE_RETRY_MAX_MS)
		r->retry_ms = FW_REMOTE_RETRY_MAX_MS;
}

/* Down first, so that callbacks that ask again are told ERR_GONE. */
static void drop_connection(struct fw_remote *r)
{
	bool was_up = r->up;

	helper_wire_close(&r->wire);
	r->up = false;
	r->bad_count = 0;
	loop_timer_stop(r->loop, &r->patience);
	retry_later(r);
	while (r->pending_count > 0) {
		struct pending p = take_first(r);
		if (p.found)
			p.found(p.arg, ERR_GONE, NULL, 0);
		else if (p.way)
			p.way(p.arg, ERR_GONE, -1);
		else
			p.done(p.arg, ERR_GONE, NULL, 0);
	}
	if (was_up)
		report(r, FW_EVENT_LOST);
}

static void on_lost(void *arg, int err)
{
	(void)err;
	drop_connection(arg);
}

static void on_impatient(void *arg)
{
	drop_connection(arg);
}

static int take_hello(struct fw_remote *r, const struct wire_hello *hello)
{
	if (r->up)
		return ERR_SYNTAX;
	if (!helper_wire_hello_fits(hello))
		return ERR_VERSION;
	r->up = true;
	r->retry_ms = FW_REMOTE_RETRY_MIN_MS;
	wait_for_answer(r);
	report(r, FW_EVENT_BACK);
	return 0;
}

static int take_event(struct fw_remote *r, int32_t value)
{
	if (value != FW_EVENT_FOREIGN && value != FW_EVENT_SIP_HELPER &&
		value != FW_EVENT_SIP_HELPER_GONE)
		return ERR_SYNTAX;
	report(r, (enum fw_event)value);
	return 0;
}

static int take_dumped(struct fw_remote *r, const struct wire_head *head,
	const struct fw_dumped *elems)
{
	const struct pending *p = &r->pending[r->first];

	if (!p->each)
		return ERR_SYNTAX;
	for (size_t i = 0; i < head->count; i++)
		if (elems[i].elem.set >= FW_SETS || elems[i].elem.userdata_len > FW_USERDATA_MAX)
			return ERR_SYNTAX;
	for (size_t i = 0; i < head->count; i++)
		p->each(p->arg, &elems[i]);
	return 0;
}

static int take_senders(struct fw_remote *r, const struct wire_head *head,
	const struct fw_sender *senders)
{
	const struct pending *p = &r->pending[r->first];

	if (!p->sender)
		return ERR_SYNTAX;
	for (size_t i = 0; i < head->count; i++)
		if (senders[i].kind > FW_SENDER_FORGED || senders[i].reserved != 0)
			return ERR_SYNTAX;
	for (size_t i = 0; i < head->count; i++)
		p->sender(p->arg, &senders[i]);
	return 0;
}

static int gather_bad(struct fw_remote *r, const struct wire_head *head, const uint32_t *bad)
{
	uint32_t most = r->pending[r->first].count;
	uint32_t *all;

	if (r->bad_count + head->count > most)
		return ERR_SYNTAX;
	for (size_t i = 0; i < head->count; i++)
		if (bad[i] >= most)
			return ERR_SYNTAX;
	if (head->count == 0)
		return 0;
	all = realloc(r->bad, (r->bad_count + head->count) * sizeof(*all));
	if (!all)
		return ERR_MEMORY;
	memcpy(all + r->bad_count, bad, head->count * sizeof(*all));
	r->bad = all;
	r->bad_count += head->count;
	return 0;
}

static int take_result(struct fw_remote *r, const struct wire_head *head, const uint32_t *bad)
{
	struct pending p = r->pending[r->first];
	int err = head->value > 0 || !p.done ? ERR_SYNTAX : gather_bad(r, head, bad);
	size_t bad_count = r->bad_count;

	if (err || !(head->flags & WIRE_LAST))
		return err;
	take_first(r);
	r->bad_count = 0;
	wait_for_answer(r);
	p.done(p.arg, head->value, r->bad, bad_count);
	return 0;
}

static int take_found(struct fw_remote *r, const struct wire_head *head,
	const struct wire_end *ends)
{
	struct endpoint from[FW_FIND_MAX];
	struct pending p = r->pending[r->first];

	if (!p.found || head->value > 0 || head->count != (head->value ? 0 : p.count))
		return ERR_SYNTAX;
	for (size_t i = 0; i < head->count; i++) {
		memcpy(from[i].addr.b, ends[i].addr, sizeof(ends[i].addr));
		from[i].port = ends[i].port;
	}
	take_first(r);
	wait_for_answer(r);
	p.found(p.arg, head->value, from, head->count);
	return 0;
}

static int take_way(struct fw_remote *r, const struct wire_head *head)
{
	struct pending p = r->pending[r->first];

	if (!p.way || head->value > 0)
		return ERR_SYNTAX;
	take_first(r);
	wait_for_answer(r);
	p.way(p.arg, head->value, helper_wire_take_fd(&r->wire));
	return 0;
}

static int on_message(void *arg, const struct wire_head *head, const void *records)
{
	struct fw_remote *r = arg;

	if (head->type == WIRE_HELLO)
		return take_hello(r, records);
	if (!r->up)
		return ERR_SYNTAX;
	if (head->type == WIRE_EVENT)
		return take_event(r, head->value);
	if (r->pending_count == 0 || r->pending[r->first].seq != head->seq)
		return ERR_SYNTAX;
	wait_for_answer(r);
	if (head->type == WIRE_DUMPED)
		return take_dumped(r, head, records);
	if (head->type == WIRE_SENDER)
		return take_senders(r, head, records);
	if (head->type == WIRE_FOUND)
		return take_found(r, head, records);
	if (head->type == WIRE_WAY_IS)
		return take_way(r, head);
	return take_result(r, head, records);
}

static void on_retry(void *arg)
{
	struct fw_remote *r = arg;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		retry_later(r);
		return;
	}
	if (connect(fd, (const struct sockaddr *)&r->path, sizeof(r->path)) < 0 ||
	    helper_wire_open(&r->wire, r->loop, fd)) {
		close(fd);
		retry_later(r);
		return;
	}
	if (helper_wire_hello(&r->wire))
		drop_connection(r);
	else
		wait_for_answer(r);
}

/* A channel that failed in the middle of a request is dropped from the loop: the answers of
 * others must not come before this call returns. */
static int fail_soon(struct fw_remote *r, int err)
{
	loop_timer_set(r->loop, &r->patience, loop_now_ms(r->loop));
	return err == ERR_MEMORY ? err : ERR_GONE;
}

static int may_ask(const struct fw_remote *r)
{
	if (!r->up)
		return ERR_GONE;
	return r->pending_count == FW_REMOTE_PENDING_MAX ? ERR_BUSY : 0;
}

static void add_pending(struct fw_remote *r, const struct pending *p)
{
	r->pending[(r->first + r->pending_count) % FW_REMOTE_PENDING_MAX] = *p;
	r->pending_count++;
	if (r->pending_count == 1)
		wait_for_answer(r);
}

static int remote_apply(struct fw *fw, const struct fw_batch *batch, fw_done_fn *done, void *arg)
{
	struct fw_remote *r = (struct fw_remote *)fw;
	size_t count = batch->count;
	struct wire_head head = {.type = WIRE_APPLY, .flags = WIRE_FIRST, .seq = r->seq + 1,
		.value = (int32_t)count};
	int err = count > WIRE_APPLY_MAX ? ERR_FULL : may_ask(r);
	size_t at = 0;

	if (err)
		return err;
	if (batch->rebuild)
		head.flags |= WIRE_REBUILD;
	do {
		head.count = (uint16_t)(count - at < WIRE_ELEMS_MAX ? count - at : WIRE_ELEMS_MAX);
		if (at + head.count == count)
			head.flags |= WIRE_LAST;
		err = helper_wire_send(&r->wire, &head, at < count ? batch->elems + at : NULL);
		if (err)
			return fail_soon(r, err);
		at += head.count;
		head.flags = 0;
		head.value = 0;
	} while (at < count);
	r->seq++;
	add_pending(r, &(struct pending){.seq = r->seq, .count = (uint32_t)count, .done = done,
				      .arg = arg});
	return 0;
}

static int ask(struct fw_remote *r, enum wire_type type, struct pending *p)
{
	const struct wire_head head = {.type = (uint8_t)type, .seq = r->seq + 1};
	int err = may_ask(r);

	if (err)
		return err;
	err = helper_wire_send(&r->wire, &head, NULL);
	if (err)
		return fail_soon(r, err);
	p->seq = ++r->seq;
	add_pending(r, p);
	return 0;
}

static int remote_dump(struct fw *fw, fw_dump_fn *each, fw_done_fn *done, void *arg)
{
	struct pending p = {.each = each, .done = done, .arg = arg};
	return ask((struct fw_remote *)fw, WIRE_DUMP, &p);
}

static int remote_remove(struct fw *fw, fw_done_fn *done, void *arg)
{
	struct pending p = {.done = done, .arg = arg};
	return ask((struct fw_remote *)fw, WIRE_REMOVE, &p);
}

static int remote_senders(struct fw *fw, fw_sender_fn *each, fw_done_fn *done, void *arg)
{
	struct pending p = {.sender = each, .done = done, .arg = arg};
	return ask((struct fw_remote *)fw, WIRE_SENDERS, &p);
}

/* A request that nobody answers. */
static int tell(struct fw_remote *r, enum wire_type type, size_t count, const void *records)
{
	const struct wire_head head = {.type = (uint8_t)type, .count = (uint16_t)count};
	int err = r->up ? helper_wire_send(&r->wire, &head, records) : ERR_GONE;

	return err && r->up ? fail_soon(r, err) : err;
}

static int remote_probe(struct fw *fw, int ifindex, const struct addr *addr, const uint8_t *mac)
{
	struct wire_probe probe = {.ifindex = ifindex, .has_mac = mac != NULL};

	memcpy(probe.addr, addr->b, sizeof(probe.addr));
	if (mac)
		memcpy(probe.mac, mac, sizeof(probe.mac));
	return tell((struct fw_remote *)fw, WIRE_PROBE, 1, &probe);
}

static size_t chunk_of(size_t left)
{
	return left < WIRE_FLOWS_MAX ? left : WIRE_FLOWS_MAX;
}

static int remote_forget(struct fw *fw, const struct fw_flow *flows, size_t count)
{
	struct fw_remote *r = (struct fw_remote *)fw;
	struct wire_flow out[WIRE_FLOWS_MAX];
	int err = 0;

	for (size_t at = 0, n; at < count && !err; at += n) {
		n = chunk_of(count - at);
		for (size_t i = 0; i < n; i++)
			out[i] = wire_flow_encode(&flows[at + i]);
		err = tell(r, WIRE_FORGET, n, out);
	}
	return err;
}

static int remote_find(struct fw *fw, const struct fw_tuple *flows, size_t count,
	fw_found_fn *found, void *arg)
{
	struct fw_remote *r = (struct fw_remote *)fw;
	const struct wire_head head = {.type = WIRE_FIND, .seq = r->seq + 1,
		.count = (uint16_t)count};
	struct wire_tuple out[FW_FIND_MAX];
	int err = may_ask(r);

	assert(count <= FW_FIND_MAX);
	for (size_t i = 0; i < count; i++)
		out[i] = wire_flow_encode_tuple(&flows[i], 0);
	if (err)
		return err;
	err = helper_wire_send(&r->wire, &head, out);
	if (err)
		return fail_soon(r, err);
	r->seq++;
	add_pending(r, &(struct pending){.seq = r->seq, .count = (uint32_t)count, .found = found,
				      .arg = arg});
	return 0;
}

static int remote_keep(struct fw *fw, const struct fw_keep *keeps, size_t count)
{
	struct fw_remote *r = (struct fw_remote *)fw;
	struct wire_tuple out[WIRE_FLOWS_MAX];
	int err = 0;

	for (size_t at = 0, n; at < count && !err; at += n) {
		n = chunk_of(count - at);
		for (size_t i = 0; i < n; i++)
			out[i] = wire_flow_encode_tuple(&keeps[at + i].flow, keeps[at + i].left_s);
		err = tell(r, WIRE_KEEP, n, out);
	}
	return err;
}

static int remote_way(struct fw *fw, const struct fw_way *way, fw_way_fn *done, void *arg)
{
	struct fw_remote *r = (struct fw_remote *)fw;
	const struct wire_head head = {.type = WIRE_WAY, .seq = r->seq + 1, .count = 1};
	const struct wire_way wanted = {way->proto, way->is6, way->port};
	int err = may_ask(r);

	if (err)
		return err;
	err = helper_wire_send(&r->wire, &head, &wanted);
	if (err)
		return fail_soon(r, err);
	r->seq++;
	add_pending(r, &(struct pending){.seq = r->seq, .way = done, .arg = arg});
	return 0;
}

/* Whoever still waits is told, as after a loss. */
static void remote_free(struct fw *fw)
{
	struct fw_remote *r = (struct fw_remote *)fw;

	fw->event = NULL;
	drop_connection(r);
	loop_timer_stop(r->loop, &r->retry);
	free(r->bad);
	free(r);
}

static const struct fw_ops remote_ops = {
	.apply = remote_apply,
	.dump = remote_dump,
	.forget = remote_forget,
	.remove = remote_remove,
	.find = remote_find,
	.keep = remote_keep,
	.senders = remote_senders,
	.probe = remote_probe,
	.way = remote_way,
	.free = remote_free,
};

struct fw *fw_remote_new(struct loop *loop, const char *path)
{
	struct fw_remote *r = calloc(1, sizeof(*r));
	size_t len = strlen(path);

	if (!r || len >= sizeof(r->path.sun_path)) {
		free(r);
		return NULL;
	}
	r->fw.ops = &remote_ops;
	r->loop = loop;
	r->path.sun_family = AF_UNIX;
	memcpy(r->path.sun_path, path, len + 1);
	r->wire = (struct helper_wire){.message = on_message, .lost = on_lost, .arg = r};
	r->retry = (struct loop_timer){.fn = on_retry, .arg = r};
	r->patience = (struct loop_timer){.fn = on_impatient, .arg = r};
	r->retry_ms = FW_REMOTE_RETRY_MIN_MS;
	loop_timer_set(loop, &r->retry, loop_now_ms(loop));
	return &r->fw;
}
