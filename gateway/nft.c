/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See nft.h. Transactions are put together here from elements (nft_elem.c) and the static part
 * (ruleset.c), sent (nlbatch.c), and refusals told by element. Changes by others come from
 * nft_watch.c and way_watch.c, conntrack is ct.c's and ct_keep.c's.
 */
#include "gateway/nft.h"

#include "gateway/ct.h"
#include "gateway/ct_keep.h"
#include "gateway/fw_set.h"
#include "gateway/loop.h"
#include "gateway/nft_elem.h"
#include "gateway/nft_probe.h"
#include "gateway/nft_sender.h"
#include "gateway/nft_sip.h"
#include "gateway/nft_watch.h"
#include "gateway/nl.h"
#include "gateway/nlbatch.h"
#include "gateway/ruleset.h"
#include "gateway/solicit.h"
#include "gateway/way.h"
#include "gateway/way_route.h"
#include "gateway/way_watch.h"
#include "protocols/err.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#define SEND_BUFFER (32 << 20)	/* 30,000 elements in one transaction take 6 MiB */
#define SEND_MARGIN (3 * NLBATCH_MSG_MAX)	/* what still follows at part_max */
#define RECV_BUFFER (4 << 20)	/* refusals of some thousands at once */
#define DUMP_TRIES 8
#define SIP_LOOK_MS 60000

struct nft {
	struct fw fw;
	struct ruleset_config ruleset;
	struct way_route way_route;
	uint32_t table_flags;
	bool is_owned;		/* the table there is, by us */
	size_t part_max;	/* bytes, from which on a transaction is sent */
	bool moves_timeouts;
	struct nl nl;
	struct nl route;
	struct nlbatch batch;
	struct nft_watch *watch;
	struct way_watch *way_watch;
	struct ct *ct;
	struct ct_keep *keep;
	struct loop *loop;
	struct loop_timer look;	/* for the kernel's SIP helper, when somebody listens */
	bool sip_set_up;	/* in a table */
	bool sip_flows;		/* has flows, whoever set it up */
	bool sip_told;
};

/* One call of fw_apply on its way. */
struct change {
	struct nft *nft;
	const struct fw_batch *wanted;
	bool *absent;	/* elements that need no deletion, being gone already */
	uint32_t *order;	/* in which they are put: of one set together, else as wanted */
	struct nft_elem_writer writer;
};

static struct nft *of(struct fw *fw)
{
	return (struct nft *)fw;	/* its first member */
}

static int on_table(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[NFTA_TABLE_FLAGS + 1];
	uint32_t *flags = arg;

	nl_attrs(nlh, sizeof(struct nfgenmsg), tb, NFTA_TABLE_FLAGS);
	nl_bytes(tb[NFTA_TABLE_FLAGS], flags, sizeof(*flags));
	*flags = ntohl(*flags);
	return MNL_CB_OK;
}

/* ERR_NOT_FOUND: there is no table. */
static int ask_table(struct nft *nft, uint32_t *flags)
{
	union nl_request request;
	struct nfgenmsg *nfg = nl_begin(&request, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE,
		NLM_F_ACK, sizeof(*nfg));

	nfg->nfgen_family = NFPROTO_INET;
	mnl_attr_put_strz(&request.header, NFTA_TABLE_NAME, RULESET_TABLE);
	return nl_ask(&nft->nl, &request, on_table, flags);
}

static int send_batch(struct nft *nft)
{
	return nlbatch_send(&nft->batch, mnl_socket_get_fd(nft->nl.socket));
}

static int put_deletion(struct nft *nft)
{
	struct nlmsghdr *nlh = nlbatch_put(&nft->batch, NFT_MSG_DELTABLE, 0, NLBATCH_NO_TAG);

	if (!nlh)
		return ERR_MEMORY;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, RULESET_TABLE);
	return 0;
}

static int put_rebuild(struct nft *nft)
{
	uint32_t flags = 0;
	int err = ask_table(nft, &flags);

	if (err == 0)
		err = put_deletion(nft);
	if (err && err != ERR_NOT_FOUND)
		return err;
	return ruleset_put(&nft->batch, &nft->ruleset, nft->table_flags);
}

static void take_count(void *arg, const struct fw_dumped *elem)
{
	struct nft_count *count = arg;

	count->packets = elem->packets;
	count->bytes = elem->bytes;
}

/* Old kernels: the same element with the new timeout takes the place of the one there. */
static int put_replacement(struct change *change, const struct fw_elem *elem, uint32_t tag)
{
	struct nft_count count = {0};
	int err = nft_elem_get(&change->nft->nl, elem, take_count, &count);

	if (err == 0)
		err = nft_elem_put_del(&change->writer, elem, tag);
	if (err && err != ERR_NOT_FOUND)
		return err;
	return nft_elem_put_add(&change->writer, elem, tag, &count);
}

static int put_elem(struct change *change, uint32_t i)
{
	const struct fw_elem *elem = &change->wanted->elems[i];
	bool maybe_there = !change->wanted->rebuild && !change->absent[i];

	if (elem->op == FW_ELEM_DEL)
		return maybe_there ? nft_elem_put_del(&change->writer, elem, i) : 0;
	if (elem->renew && maybe_there && !change->nft->moves_timeouts)
		return put_replacement(change, elem, i);
	return nft_elem_put_add(&change->writer, elem, i, NULL);
}

/* Elements from *at on, as many as one transaction takes; *at moves behind them. */
static int put_part(struct change *change, size_t *at)
{
	struct nft *nft = change->nft;
	size_t i = *at;
	int err = 0;

	nlbatch_begin(&nft->batch);
	change->writer = (struct nft_elem_writer){&nft->batch, .apart = change->writer.apart};
	if (change->wanted->rebuild && i == 0)
		err = put_rebuild(nft);
	for (; i < change->wanted->count && !err && nft->batch.len < nft->part_max; i++)
		err = put_elem(change, change->order[i]);
	*at = i;
	return err;
}

/* Deletions of what is gone already are no failures: they are left out of the next try. True when
 * that is worth trying. */
static bool note_absent(const struct change *change)
{
	const struct nlbatch *batch = &change->nft->batch;
	bool is_new = false;

	for (size_t i = 0; i < batch->error_count; i++) {
		const struct nlbatch_error *error = &batch->errors[i];
		if (error->tag == NLBATCH_NO_TAG || error->error != ENOENT ||
		    change->absent[error->tag])
			continue;
		if (change->wanted->elems[error->tag].op == FW_ELEM_DEL ||
		    change->wanted->elems[error->tag].renew) {
			change->absent[error->tag] = true;
			is_new = true;
		}
	}
	return is_new;
}

/* To learn which element of a message was refused. True when that is worth trying. */
static bool put_apart(struct change *change)
{
	if (change->writer.shared)
		change->writer.apart = true;
	return change->writer.shared;
}

static int apply_part(struct change *change, size_t *at)
{
	struct nft *nft = change->nft;
	size_t from = *at;
	int err;

	do {
		*at = from;
		err = put_part(change, at);
		if (!err)
			err = send_batch(nft);
	} while (err == ERR_DENIED && (put_apart(change) || note_absent(change)));
	if (!err && change->wanted->rebuild && from == 0)
		nft->is_owned = nft->table_flags & NFT_PROBE_OWNED;
	return err;
}

/* What was refused, each element once. An element without its set means that the table is gone. A
 * refusal that names no element is of the static part; one for want of permission is of all:
 * another process owns the table. */
static int tell_refusals(const struct change *change, uint32_t *bad, size_t *count)
{
	const struct nlbatch *batch = &change->nft->batch;
	size_t n = 0;

	for (size_t i = 0; i < batch->error_count; i++) {
		const struct nlbatch_error *error = &batch->errors[i];
		if (error->tag == NLBATCH_NO_TAG || error->error == EPERM)
			return ERR_IO;
		if (error->error == ENOENT)
			return ERR_NOT_FOUND;
		if (n == 0 || bad[n - 1] != error->tag)
			bad[n++] = error->tag;
	}
	*count = n;
	return ERR_DENIED;
}

static void finish(const struct change *change, int err, fw_done_fn *done, void *arg)
{
	uint32_t *bad = NULL;
	size_t bad_count = 0;

	if (err == ERR_DENIED) {
		bad = calloc(change->nft->batch.error_count, sizeof(*bad));
		err = bad ? tell_refusals(change, bad, &bad_count) : ERR_MEMORY;
	}
	done(arg, err, bad, err == ERR_DENIED ? bad_count : 0);
	free(bad);
}

/* The sockets outlived the table, and maybe a helper before us, but not the route to them. */
static void lead_again(struct nft *nft, const struct fw_batch *batch)
{
	bool phones[2] = {false, false};

	for (size_t i = 0; i < batch->count && nft->ruleset.ways; i++) {
		phones[0] = phones[0] || batch->elems[i].set == FW_SET_PHONE4;
		phones[1] = phones[1] || batch->elems[i].set == FW_SET_PHONE6;
	}
	for (int is6 = 0; is6 < 2; is6++) {
		if (phones[is6])
			(void)way_route_add(&nft->route, &nft->way_route, is6);
	}
}

static void sort_by_set(const struct fw_batch *batch, uint32_t *order)
{
	size_t at[FW_SETS + 1] = {0};

	for (size_t i = 0; i < batch->count; i++)
		at[batch->elems[i].set + 1]++;
	for (size_t set = 0; set < FW_SETS; set++)
		at[set + 1] += at[set];
	for (size_t i = 0; i < batch->count; i++)
		order[at[batch->elems[i].set]++] = (uint32_t)i;
}

static int apply_all(struct change *change, fw_done_fn *done, void *arg)
{
	bool in_parts = false;
	size_t at = 0;
	int err;

	do {
		in_parts = at > 0;
		err = apply_part(change, &at);
	} while (!err && at < change->wanted->count);
	/* The parts before are in force: only a reconciliation can tell what is. */
	finish(change, err && in_parts ? ERR_IO : err, done, arg);
	return 0;
}

static int nft_apply(struct fw *fw, const struct fw_batch *batch, fw_done_fn *done, void *arg)
{
	struct change change = {.nft = of(fw), .wanted = batch,
		.absent = calloc(batch->count + 1, sizeof(bool)),
		.order = calloc(batch->count + 1, sizeof(uint32_t))};
	int err = change.absent && change.order ? 0 : ERR_MEMORY;

	if (!err)
		sort_by_set(batch, change.order);
	if (!err && batch->rebuild)
		lead_again(change.nft, batch);
	if (!err && change.nft->is_owned)
		nft_watch_spare(change.nft->watch, batch->count);
	if (!err)
		err = apply_all(&change, done, arg);
	free(change.absent);
	free(change.order);
	return err;
}

/* Any change of any table interrupts a dump; it is read again then. */
static int dump_set(struct nft *nft, enum fw_set set, fw_dump_fn *each, void *arg)
{
	int err = ERR_AGAIN;

	for (int tries = 0; tries < DUMP_TRIES && err == ERR_AGAIN; tries++)
		err = nft_elem_dump(&nft->nl, set, each, arg);
	return err;
}

static int nft_dump(struct fw *fw, fw_dump_fn *each, fw_done_fn *done, void *arg)
{
	struct nft *nft = of(fw);
	uint32_t flags = 0;
	int err = ask_table(nft, &flags);

	for (enum fw_set set = 0; set < FW_SETS && !err; set++)
		if (fw_set_def(set)->is_leased)
			err = dump_set(nft, set, each, arg);
	done(arg, err, NULL, 0);
	return 0;
}

static int dump_senders(struct nft *nft, enum fw_sender_kind kind, fw_sender_fn *each, void *arg)
{
	int err = ERR_AGAIN;

	for (int tries = 0; tries < DUMP_TRIES && err == ERR_AGAIN; tries++) {
		err = nft_sender_dump(&nft->nl, kind, true, each, arg);
		if (!err)
			err = nft_sender_dump(&nft->nl, kind, false, each, arg);
	}
	return err;
}

static int nft_senders(struct fw *fw, fw_sender_fn *each, fw_done_fn *done, void *arg)
{
	struct nft *nft = of(fw);
	uint32_t flags = 0;
	int err = ask_table(nft, &flags);

	if (!err && nft->ruleset.notes)
		err = dump_senders(nft, FW_SENDER_SEEN, each, arg);
	if (!err && nft->ruleset.notes)
		err = dump_senders(nft, FW_SENDER_FORGED, each, arg);
	done(arg, err, NULL, 0);
	return 0;
}

static int nft_probe(struct fw *fw, int ifindex, const struct addr *addr, const uint8_t *mac)
{
	return solicit_neighbour(&of(fw)->route, ifindex, addr, mac);
}

static int nft_forget(struct fw *fw, const struct fw_flow *flows, size_t count)
{
	return ct_forget(of(fw)->ct, flows, count);
}

static int nft_find(struct fw *fw, const struct fw_tuple *flows, size_t count, fw_found_fn *found,
	void *arg)
{
	struct endpoint from[FW_FIND_MAX];
	int err = 0;

	assert(count <= FW_FIND_MAX);
	for (size_t i = 0; i < count && !err; i++)
		err = ct_keep_find(of(fw)->keep, &flows[i], &from[i]);
	found(arg, err, from, err ? 0 : count);
	return 0;
}

static int nft_keep(struct fw *fw, const struct fw_keep *keeps, size_t count)
{
	return ct_keep_set(of(fw)->keep, keeps, count);
}

static int nft_way(struct fw *fw, const struct fw_way *way, fw_way_fn *done, void *arg)
{
	struct nft *nft = of(fw);
	int err = nft->ruleset.ways ? 0 : ERR_UNSUPPORTED;
	int fd = -1;

	if (!err)
		err = way_route_add(&nft->route, &nft->way_route, way->is6);
	if (!err)
		err = way_open(way, nft->way_route.mark, &fd);
	done(arg, err, fd);
	return 0;
}

static int nft_remove(struct fw *fw, fw_done_fn *done, void *arg)
{
	struct nft *nft = of(fw);
	uint32_t flags = 0;
	int err = ask_table(nft, &flags);

	if (!err) {
		nlbatch_begin(&nft->batch);
		err = put_deletion(nft);
		if (!err)
			err = send_batch(nft);
	}
	nft->is_owned = false;
	way_route_remove(&nft->route, &nft->way_route);
	done(arg, err == ERR_NOT_FOUND ? 0 : err, NULL, 0);
	return 0;
}

static void nft_free(struct fw *fw)
{
	struct nft *nft = of(fw);

	loop_timer_stop(nft->loop, &nft->look);
	nft_watch_free(nft->watch);
	way_watch_free(nft->way_watch);
	ct_free(nft->ct);
	ct_keep_free(nft->keep);
	nl_close(&nft->nl);
	nl_close(&nft->route);
	nlbatch_free(&nft->batch);
	free(nft);
}

static void on_foreign(void *arg)
{
	struct nft *nft = arg;

	if (nft->fw.event)
		nft->fw.event(nft->fw.event_arg, FW_EVENT_FOREIGN);
}

static void tell_sip_helper(struct nft *nft)
{
	bool is = nft->sip_set_up || nft->sip_flows;

	if (is == nft->sip_told)
		return;
	nft->sip_told = is;
	if (nft->fw.event)
		nft->fw.event(nft->fw.event_arg, is ? FW_EVENT_SIP_HELPER
						    : FW_EVENT_SIP_HELPER_GONE);
}

/* Its flows outlive what set them up, hence are looked at until there is none. */
static void on_look(void *arg)
{
	struct nft *nft = arg;

	nft->sip_set_up = nft_sip_find(&nft->nl);
	tell_sip_helper(nft);
	if (nft->sip_flows)
		ct_look(nft->ct);
}

static void on_sip_flows(void *arg, bool seen)
{
	struct nft *nft = arg;

	nft->sip_flows = seen;
	tell_sip_helper(nft);
	if (seen)
		loop_timer_set(nft->loop, &nft->look, loop_now_ms(nft->loop) + SIP_LOOK_MS);
}

/* Without privilege over the host (a user namespace) buffers stay small, and a transaction that
 * does not fit is sent in parts. */
static void size_buffers(struct nft *nft)
{
	int fd = mnl_socket_get_fd(nft->nl.socket);
	int send_size = SEND_BUFFER;
	int recv_size = RECV_BUFFER;
	int on = 1;
	socklen_t len = sizeof(send_size);

	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send_size, len);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &recv_size, len);
	/* Refusals without the refused message. */
	mnl_socket_setsockopt(nft->nl.socket, NETLINK_CAP_ACK, &on, sizeof(on));
	send_size = 0;
	getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_size, &len);
	nft->part_max = (size_t)send_size - SEND_MARGIN;
}

/* A table that outlived its owner is protected again only when somebody owns it. */
static void adopt_table(struct nft *nft)
{
	uint32_t flags = 0;

	if (ask_table(nft, &flags) < 0 || !(nft->table_flags & flags & NFT_PROBE_PERSISTS))
		return;
	nlbatch_begin(&nft->batch);
	if (ruleset_put_table(&nft->batch, nft->table_flags) == 0)
		nft->is_owned = send_batch(nft) == 0;
}

static int set_up(struct nft *nft, struct loop *loop, const struct nft_config *config)
{
	int err = nl_open(&nft->nl, NETLINK_NETFILTER);

	if (!err)
		err = nl_open(&nft->route, NETLINK_ROUTE);
	if (err)
		return err;
	size_buffers(nft);
	if (config->persist && nft_probe_persist(&nft->batch, &nft->nl))
		nft->table_flags = NFT_PROBE_OWNED | NFT_PROBE_PERSISTS;
	nft->moves_timeouts = !config->replace_only && nft_probe_renewal(&nft->batch, &nft->nl);
	nft->ruleset.notes = !config->no_notes && nft_probe_notes(&nft->batch, &nft->nl);
	if (!nft->ruleset.notes && config->log)
		log_warning(config->log, "this kernel's nftables cannot note who sends: what is "
			"sent under another device's address is not dropped");
	nft->ruleset.ways = !config->no_ways && nft_probe_ways(&nft->batch, &nft->nl);
	adopt_table(nft);
	nft->watch = nft_watch_new(&(struct nft_watch_config){.loop = loop,
		.own_port = mnl_socket_get_portid(nft->nl.socket), .touched = on_foreign,
		.sip_helper = on_look, .arg = nft});
	nft->way_watch = way_watch_new(&(struct way_watch_config){.loop = loop,
		.route = nft->way_route, .own_port = mnl_socket_get_portid(nft->route.socket),
		.gone = on_foreign, .arg = nft});
	nft->ct = ct_new(loop, on_sip_flows, nft);
	loop_timer_set(loop, &nft->look, loop_now_ms(loop));
	nft->keep = ct_keep_new(loop);
	return nft->watch && nft->way_watch && nft->ct && nft->keep ? 0 : ERR_MEMORY;
}

struct fw *nft_new(struct loop *loop, const struct nft_config *config)
{
	static const struct fw_ops ops = {
		.apply = nft_apply,
		.dump = nft_dump,
		.forget = nft_forget,
		.remove = nft_remove,
		.find = nft_find,
		.keep = nft_keep,
		.senders = nft_senders,
		.probe = nft_probe,
		.way = nft_way,
		.free = nft_free,
	};
	struct nft *nft = calloc(1, sizeof(*nft));

	if (!nft)
		return NULL;
	nft->fw.ops = &ops;
	nft->loop = loop;
	nft->look = (struct loop_timer){.fn = on_look, .arg = nft};
	nft->ruleset = (struct ruleset_config){.mark = config->mark,
		.displaced_min = config->displaced_min, .displaced_max = config->displaced_max,
		.sip_mark = config->sip_mark};
	nft->way_route = (struct way_route){config->sip_mark, config->sip_priority,
		config->sip_table};
	if (set_up(nft, loop, config) < 0) {
		nft_free(&nft->fw);
		return NULL;
	}
	return &nft->fw;
}

bool nft_is_persistent(const struct fw *fw)
{
	return ((const struct nft *)fw)->table_flags & NFT_PROBE_PERSISTS;
}

bool nft_moves_timeouts(const struct fw *fw)
{
	return ((const struct nft *)fw)->moves_timeouts;
}

bool nft_notes_senders(const struct fw *fw)
{
	return ((const struct nft *)fw)->ruleset.notes;
}

bool nft_leads_ways(const struct fw *fw)
{
	return ((const struct nft *)fw)->ruleset.ways;
}
