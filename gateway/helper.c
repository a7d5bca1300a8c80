/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See helper.h. While a request is under way nothing more is read, so the order of answers and a
 * bound on memory come by themselves; a client that went away meanwhile gets no answer, which its
 * number tells.
 */
#include "gateway/helper.h"

#include "gateway/helper_probe.h"
#include "gateway/helper_wire.h"
#include "gateway/wire_flow.h"
#include "protocols/err.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A transaction as it comes in, and while it is under way. */
struct transaction {
	struct fw_elem *elems;
	size_t count;
	size_t total;		/* announced by the first message */
	uint32_t seq;
	bool rebuild;
	bool open;		/* more messages belong to it */
};

struct helper {
	struct loop *loop;
	struct helper_config config;
	struct loop_fd *listener;
	struct helper_wire wire;
	uint64_t client;		/* counts connections */
	bool greeted;
	bool busy;			/* the backend or the second look has a request */
	uint64_t asker;			/* client of the request under way */
	uint32_t seq;			/* its number */
	struct transaction transaction;
	struct loop_timer second_look;
	size_t refused;			/* elements since the last line about them */
	uint64_t refused_told_ms;	/* when that was; 0: never */
	struct fw_dumped dumped[WIRE_ELEMS_MAX];
	uint16_t dumped_count;
	struct fw_sender senders[WIRE_SENDERS_MAX];
	uint16_t sender_count;
	struct helper_probe *probes;
	bool kernel_sip;		/* FW_EVENT_SIP_HELPER came last */
	uint64_t hidden;		/* bits: flows of the FIND under way that are not told */
};

_Static_assert(FW_FIND_MAX <= 64, "helper.hidden is too small");

static void forget_transaction(struct helper *h)
{
	free(h->transaction.elems);
	h->transaction = (struct transaction){.elems = NULL};
}

static void drop_client(struct helper *h)
{
	helper_wire_close(&h->wire);
	h->client++;
	h->greeted = false;
	if (!h->busy)
		forget_transaction(h);
}

static void told(struct helper *h, int err)
{
	if (!err)
		return;
	log_warning(h->config.log, "the daemon does not read its answers: %s", err_text(err));
	drop_client(h);
}

static void tell(struct helper *h, const struct wire_head *head, const void *records)
{
	told(h, helper_wire_send(&h->wire, head, records));
}

static bool asker_is_there(const struct helper *h)
{
	return h->asker == h->client && helper_wire_is_open(&h->wire);
}

static void begin(struct helper *h, uint32_t seq)
{
	h->busy = true;
	h->asker = h->client;
	h->seq = seq;
	helper_wire_pause(&h->wire, true);
}

static void end(struct helper *h)
{
	h->busy = false;
	helper_wire_pause(&h->wire, false);
}

static void send_result(struct helper *h, int err, const uint32_t *bad, size_t bad_count)
{
	struct wire_head head = {.type = WIRE_RESULT, .seq = h->seq, .value = err};
	size_t at = 0;

	do {
		size_t left = bad_count - at;

		head.count = (uint16_t)(left < WIRE_BAD_MAX ? left : WIRE_BAD_MAX);
		head.flags = head.count == left ? WIRE_LAST : 0;
		tell(h, &head, bad ? bad + at : NULL);
		at += head.count;
	} while (at < bad_count && asker_is_there(h));
}

/* Ends the request under way. */
static void on_done(void *arg, int err, const uint32_t *bad, size_t bad_count)
{
	struct helper *h = arg;

	if (asker_is_there(h))
		send_result(h, err, bad, bad_count);
	if (h->transaction.elems && !h->transaction.open)
		forget_transaction(h);
	end(h);
}

/* The backend did not even begin. */
static void asked(struct helper *h, int err)
{
	if (err)
		on_done(h, err, NULL, 0);
}

static void on_event(void *arg, enum fw_event event)
{
	struct helper *h = arg;
	const struct wire_head head = {.type = WIRE_EVENT, .value = (int32_t)event};

	if (event == FW_EVENT_SIP_HELPER || event == FW_EVENT_SIP_HELPER_GONE)
		h->kernel_sip = event == FW_EVENT_SIP_HELPER;
	if (h->greeted)
		tell(h, &head, NULL);
}

static void flush_dumped(struct helper *h)
{
	const struct wire_head head = {.type = WIRE_DUMPED, .seq = h->seq,
		.count = h->dumped_count};

	if (h->dumped_count > 0 && asker_is_there(h))
		tell(h, &head, h->dumped);
	h->dumped_count = 0;
}

static void on_dumped(void *arg, const struct fw_dumped *elem)
{
	struct helper *h = arg;

	h->dumped[h->dumped_count++] = *elem;
	if (h->dumped_count == WIRE_ELEMS_MAX)
		flush_dumped(h);
}

static void on_dump_done(void *arg, int err, const uint32_t *bad, size_t bad_count)
{
	flush_dumped(arg);
	on_done(arg, err, bad, bad_count);
}

/* 0, ERR_SYNTAX, ERR_MEMORY; *bad is the caller's to free, *bad_count 0 when all may pass. */
static int find_bad(struct helper *h, uint32_t **bad, size_t *bad_count)
{
	const struct transaction *t = &h->transaction;
	uint32_t *list = calloc(t->count + 1, sizeof(*list));
	size_t count = 0;

	if (!list)
		return ERR_MEMORY;
	if (h->config.facts.catch_up)
		h->config.facts.catch_up(h->config.facts.arg);
	for (size_t i = 0; i < t->count; i++) {
		int err = helper_check_elem(&h->config.facts, &t->elems[i]);

		if (err == ERR_SYNTAX) {
			free(list);
			return err;
		}
		if (err)
			list[count++] = (uint32_t)i;
	}
	*bad = list;
	*bad_count = count;
	return 0;
}

static void apply(struct helper *h)
{
	const struct transaction *t = &h->transaction;
	asked(h, fw_apply(h->config.backend,
		&(struct fw_batch){t->rebuild, t->elems, t->count}, on_done, h));
}

/* At most a line a second: a daemon gone bad shall not fill the log. */
static void note_refused(struct helper *h, size_t count)
{
	uint64_t now = loop_now_ms(h->loop);

	h->refused += count;
	if (h->refused_told_ms && now - h->refused_told_ms < 1000)
		return;
	log_warning(h->config.log, "refused %zu elements", h->refused);
	h->refused = 0;
	h->refused_told_ms = now;
}

static void on_second_look(void *arg)
{
	struct helper *h = arg;
	uint32_t *bad = NULL;
	size_t bad_count = 0;
	int err = find_bad(h, &bad, &bad_count);

	if (!err && bad_count == 0) {
		apply(h);
	} else {
		note_refused(h, bad_count);
		on_done(h, err ? err : ERR_DENIED, bad, bad_count);
	}
	free(bad);
}

static int first_look(struct helper *h)
{
	uint32_t *bad = NULL;
	size_t bad_count = 0;
	int err = find_bad(h, &bad, &bad_count);

	free(bad);
	if (err)
		return err;
	begin(h, h->transaction.seq);
	if (bad_count == 0) {
		apply(h);
		return 0;
	}
	if (h->config.refresh)
		h->config.refresh(h->config.facts.arg);
	loop_timer_set(h->loop, &h->second_look, loop_now_ms(h->loop) + HELPER_SECOND_LOOK_MS);
	return 0;
}

static int begin_transaction(struct helper *h, const struct wire_head *head)
{
	if (h->transaction.open || head->value < 0 || head->value > WIRE_APPLY_MAX)
		return ERR_SYNTAX;
	h->transaction = (struct transaction){
		.elems = calloc((size_t)head->value + 1, sizeof(struct fw_elem)),
		.total = (size_t)head->value,
		.seq = head->seq,
		.rebuild = head->flags & WIRE_REBUILD,
		.open = true,
	};
	return h->transaction.elems ? 0 : ERR_MEMORY;
}

static int take_apply(struct helper *h, const struct wire_head *head, const struct fw_elem *elems)
{
	struct transaction *t = &h->transaction;
	int err = 0;

	if (head->flags & WIRE_FIRST)
		err = begin_transaction(h, head);
	else if (!t->open || head->seq != t->seq || head->flags & WIRE_REBUILD || head->value)
		err = ERR_SYNTAX;
	if (err)
		return err;
	if (head->count > t->total - t->count)
		return ERR_SYNTAX;
	memcpy(t->elems + t->count, elems, head->count * sizeof(*elems));
	t->count += head->count;
	if (!(head->flags & WIRE_LAST))
		return 0;
	t->open = false;
	return t->count == t->total ? first_look(h) : ERR_SYNTAX;
}

static int take_forget(struct helper *h, const struct wire_head *head,
	const struct wire_flow *flows)
{
	struct fw_flow out[WIRE_FLOWS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < head->count; i++) {
		int err = helper_check_flow(&h->config.facts, &flows[i]);

		if (err == ERR_SYNTAX)
			return err;
		if (err)
			continue;
		out[count++] = wire_flow_decode(&flows[i]);
	}
	if (count > 0)
		(void)fw_forget(h->config.backend, out, count);
	return 0;
}

static int take_keep(struct helper *h, const struct wire_head *head,
	const struct wire_tuple *tuples)
{
	struct fw_keep out[WIRE_FLOWS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < head->count; i++) {
		int err = helper_check_tuple(&h->config.facts, &tuples[i]);

		if (err == ERR_SYNTAX)
			return err;
		/* A host that left the LAN may be let go all the same. */
		if (!err || tuples[i].left_s == 0)
			out[count++] = (struct fw_keep){wire_flow_decode_tuple(&tuples[i]),
				tuples[i].left_s};
	}
	if (count > 0)
		(void)fw_keep(h->config.backend, out, count);
	return 0;
}

static void on_found(void *arg, int err, const struct endpoint *from, size_t count)
{
	struct helper *h = arg;
	const struct wire_head head = {.type = WIRE_FOUND, .seq = h->seq, .value = err,
		.count = (uint16_t)count};
	struct wire_end ends[FW_FIND_MAX] = {0};

	for (size_t i = 0; i < count; i++) {
		if (h->hidden >> i & 1)
			continue;
		memcpy(ends[i].addr, from[i].addr.b, sizeof(ends[i].addr));
		ends[i].port = from[i].port;
	}
	if (asker_is_there(h))
		tell(h, &head, ends);
	end(h);
}

static int take_find(struct helper *h, const struct wire_head *head,
	const struct wire_tuple *tuples)
{
	struct fw_tuple flows[FW_FIND_MAX];
	uint64_t hidden = 0;
	int err;

	for (size_t i = 0; i < head->count; i++) {
		err = helper_check_tuple(&h->config.facts, &tuples[i]);
		if (err == ERR_SYNTAX || tuples[i].left_s != 0)
			return ERR_SYNTAX;
		hidden |= (uint64_t)(err != 0) << i;
		flows[i] = wire_flow_decode_tuple(&tuples[i]);
	}
	begin(h, head->seq);
	h->hidden = hidden;
	err = fw_find(h->config.backend, flows, head->count, on_found, h);
	if (err)
		on_found(h, err, NULL, 0);
	return 0;
}

static int take_dump(struct helper *h, const struct wire_head *head)
{
	begin(h, head->seq);
	h->dumped_count = 0;
	asked(h, fw_dump(h->config.backend, on_dumped, on_dump_done, h));
	return 0;
}

static void flush_senders(struct helper *h)
{
	const struct wire_head head = {.type = WIRE_SENDER, .seq = h->seq,
		.count = h->sender_count};

	if (h->sender_count > 0 && asker_is_there(h))
		tell(h, &head, h->senders);
	h->sender_count = 0;
}

static void on_sender(void *arg, const struct fw_sender *sender)
{
	struct helper *h = arg;

	h->senders[h->sender_count++] = *sender;
	if (h->sender_count == WIRE_SENDERS_MAX)
		flush_senders(h);
}

static void on_senders_done(void *arg, int err, const uint32_t *bad, size_t bad_count)
{
	flush_senders(arg);
	on_done(arg, err, bad, bad_count);
}

static int take_senders(struct helper *h, const struct wire_head *head)
{
	begin(h, head->seq);
	h->sender_count = 0;
	asked(h, fw_senders(h->config.backend, on_sender, on_senders_done, h));
	return 0;
}

static int take_probe(struct helper *h, const struct wire_probe *probe)
{
	int err = helper_check_probe(&h->config.facts, probe);

	if (!err && helper_probe_may(h->probes, probe, loop_now_ms(h->loop))) {
		struct addr addr;

		memcpy(addr.b, probe->addr, sizeof(addr.b));
		(void)fw_probe(h->config.backend, probe->ifindex, &addr,
			probe->has_mac ? probe->mac : NULL);
	}
	return err == ERR_SYNTAX ? err : 0;
}

static void on_way(void *arg, int err, int fd)
{
	struct helper *h = arg;
	const struct wire_head head = {.type = WIRE_WAY_IS, .seq = h->seq, .value = err};

	if (asker_is_there(h) && !err)
		told(h, helper_wire_send_fd(&h->wire, &head, fd));
	else if (asker_is_there(h))
		tell(h, &head, NULL);
	else if (fd >= 0)
		close(fd);
	end(h);
}

static int take_way(struct helper *h, const struct wire_head *head, const struct wire_way *wanted)
{
	const struct fw_way way = {wanted->proto, wanted->is6 == 1, wanted->port};
	int err;

	/* A port may be free again since the list was read, or taken. */
	if (h->config.refresh)
		h->config.refresh(h->config.facts.arg);
	err = helper_check_way(&h->config.facts, wanted);
	if (err == ERR_SYNTAX)
		return err;
	begin(h, head->seq);
	if (!err)
		err = fw_way(h->config.backend, &way, on_way, h);
	if (err)
		on_way(h, err, -1);
	return 0;
}

static int take_remove(struct helper *h, const struct wire_head *head)
{
	begin(h, head->seq);
	asked(h, fw_remove(h->config.backend, on_done, h));
	return 0;
}

/* Greets in any case, so that a daemon of another version learns why. */
static int take_hello(struct helper *h, const struct wire_hello *hello)
{
	int err = h->greeted ? ERR_SYNTAX : helper_wire_hello(&h->wire);

	if (err)
		return err;
	h->greeted = helper_wire_hello_fits(hello);
	if (h->greeted && h->kernel_sip)
		on_event(h, FW_EVENT_SIP_HELPER);
	return h->greeted ? 0 : ERR_VERSION;
}

static int on_message(void *arg, const struct wire_head *head, const void *records)
{
	struct helper *h = arg;

	if (head->type != WIRE_HELLO && !h->greeted)
		return ERR_SYNTAX;
	if (h->transaction.open && head->type != WIRE_APPLY)
		return ERR_SYNTAX;
	switch ((enum wire_type)head->type) {
	case WIRE_HELLO:
		return take_hello(h, records);
	case WIRE_APPLY:
		return take_apply(h, head, records);
	case WIRE_FORGET:
		return take_forget(h, head, records);
	case WIRE_DUMP:
		return take_dump(h, head);
	case WIRE_REMOVE:
		return take_remove(h, head);
	case WIRE_FIND:
		return take_find(h, head, records);
	case WIRE_KEEP:
		return take_keep(h, head, records);
	case WIRE_SENDERS:
		return take_senders(h, head);
	case WIRE_PROBE:
		return take_probe(h, records);
	case WIRE_WAY:
		return take_way(h, head, records);
	case WIRE_RESULT:
	case WIRE_DUMPED:
	case WIRE_EVENT:
	case WIRE_FOUND:
	case WIRE_SENDER:
	case WIRE_WAY_IS:
		break;
	}
	return ERR_SYNTAX;
}

static void on_lost(void *arg, int err)
{
	struct helper *h = arg;

	if (err != ERR_GONE)
		log_warning(h->config.log, "connection closed: %s", err_text(err));
	drop_client(h);
}

static bool peer_is_right(struct helper *h, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	if (peer.uid == h->config.peer)
		return true;
	log_warning(h->config.log, "refused a connection of user %u, process %d",
		(unsigned int)peer.uid, (int)peer.pid);
	return false;
}

static void on_connect(void *arg, uint32_t events)
{
	struct helper *h = arg;
	int fd = accept4(h->config.listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	if (!peer_is_right(h, fd)) {
		close(fd);
		return;
	}
	if (helper_wire_is_open(&h->wire))
		drop_client(h);
	if (helper_wire_open(&h->wire, h->loop, fd)) {
		close(fd);
		return;
	}
	helper_wire_pause(&h->wire, h->busy);
}

struct helper *helper_new(struct loop *loop, const struct helper_config *config)
{
	struct helper *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->loop = loop;
	h->config = *config;
	h->wire = (struct helper_wire){.is_helper = true, .message = on_message,
		.lost = on_lost, .arg = h};
	h->second_look = (struct loop_timer){.fn = on_second_look, .arg = h};
	h->probes = helper_probe_new();
	if (h->probes)
		h->listener = loop_fd_add(loop, config->listen_fd, EPOLLIN, on_connect, h);
	if (!h->listener) {
		helper_probe_free(h->probes);
		free(h);
		return NULL;
	}
	fw_watch(config->backend, on_event, h);
	return h;
}

void helper_free(struct helper *helper)
{
	if (!helper)
		return;
	fw_watch(helper->config.backend, NULL, NULL);
	loop_timer_stop(helper->loop, &helper->second_look);
	loop_fd_remove(helper->loop, helper->listener);
	helper_wire_close(&helper->wire);
	forget_transaction(helper);
	helper_probe_free(helper->probes);
	free(helper);
}
