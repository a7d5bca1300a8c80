/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See nft_elem.h. Elements of one set that follow each other share a message, which costs the
 * kernel less; a refusal names the message by its sequence number, hence an element only if that
 * has one of its own. An interval set of one field has two entries an element, the second marking
 * where the interval has ended; concatenated intervals have both ends in one entry.
 */
#include "gateway/nft_elem.h"

#include "gateway/fw_set.h"
#include "gateway/nl.h"
#include "gateway/nlbatch.h"
#include "gateway/ruleset.h"
#include "protocols/err.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* User data are items of type, length, value to nft, which passes over types it does not know. */
#define USERDATA_TYPE 0x70
#define USERDATA_HEAD 2
#define ELEM_MAX 512	/* one element's attributes, the end of its interval included */

static bool is_plain_interval(enum fw_set set)
{
	const struct fw_set_def *def = fw_set_def(set);
	return def->is_interval && def->key[1] == FW_FIELD_END;
}

static void put_value(struct nlmsghdr *nlh, uint16_t attr, const void *value, size_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, attr);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, value);
	mnl_attr_nest_end(nlh, nest);
}

static void put_count(struct nlmsghdr *nlh, const struct nft_count *count)
{
	struct nlattr *expr = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_EXPR);
	struct nlattr *data;

	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, "counter");
	data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	mnl_attr_put_u64(nlh, NFTA_COUNTER_BYTES, htobe64(count->bytes));
	mnl_attr_put_u64(nlh, NFTA_COUNTER_PACKETS, htobe64(count->packets));
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, expr);
}

/* With the expiration as well: a renewal by the very timeout the element has moves nothing else. */
static void put_timeout(struct nlmsghdr *nlh, uint64_t timeout_ms)
{
	mnl_attr_put_u64(nlh, NFTA_SET_ELEM_TIMEOUT, htobe64(timeout_ms));
	mnl_attr_put_u64(nlh, NFTA_SET_ELEM_EXPIRATION, htobe64(timeout_ms));
}

static void put_userdata(struct nlmsghdr *nlh, const struct fw_elem *elem)
{
	uint8_t item[USERDATA_HEAD + FW_USERDATA_MAX] = {USERDATA_TYPE, elem->userdata_len};

	assert(elem->userdata_len <= FW_USERDATA_MAX);
	memcpy(item + USERDATA_HEAD, elem->userdata, elem->userdata_len);
	mnl_attr_put(nlh, NFTA_SET_ELEM_USERDATA, (size_t)USERDATA_HEAD + elem->userdata_len, item);
}

static void put_key(struct nlmsghdr *nlh, const struct fw_elem *elem)
{
	size_t len = fw_set_key_len(elem->set);

	put_value(nlh, NFTA_SET_ELEM_KEY, elem->key, len);
	if (fw_set_def(elem->set)->is_interval && !is_plain_interval(elem->set))
		put_value(nlh, NFTA_SET_ELEM_KEY_END, elem->key_end, len);
}

/* The first address behind the interval; none when it reaches to the very last one. */
static void put_interval_end(struct nlmsghdr *nlh, const struct fw_elem *elem)
{
	size_t len = fw_set_key_len(elem->set);
	uint8_t end[FW_KEY_MAX];
	struct nlattr *nest;
	size_t i = len;

	memcpy(end, elem->key_end, len);
	while (i > 0 && ++end[i - 1] == 0)
		i--;
	if (i == 0)
		return;
	nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	put_value(nlh, NFTA_SET_ELEM_KEY, end, len);
	mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
	mnl_attr_nest_end(nlh, nest);
}

static struct nlattr *start_list(struct nlmsghdr *nlh, enum fw_set set)
{
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, fw_set_name(set));
	return mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
}

/* The message to append to: the last one, if it is for the same set and has room, or a new one. */
static bool open_message(struct nft_elem_writer *w, const struct fw_elem *elem, uint16_t type,
	uint32_t tag)
{
	uint16_t flags = type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0;

	if (!w->apart && w->nlh && w->msgs == w->batch->msgs && w->type == type &&
	    w->set == elem->set && w->nlh->nlmsg_len + ELEM_MAX <= NLBATCH_MSG_MAX) {
		w->shared = true;
		return true;
	}
	w->nlh = nlbatch_put(w->batch, type, flags, tag);
	if (!w->nlh)
		return false;
	w->list = start_list(w->nlh, elem->set);
	w->msgs = w->batch->msgs;
	w->type = type;
	w->set = elem->set;
	return true;
}

int nft_elem_put_add(struct nft_elem_writer *w, const struct fw_elem *elem, uint32_t tag,
	const struct nft_count *count)
{
	const struct fw_set_def *def = fw_set_def(elem->set);
	struct nlattr *nest;

	if (!open_message(w, elem, NFT_MSG_NEWSETELEM, tag))
		return ERR_MEMORY;
	nest = mnl_attr_nest_start(w->nlh, NFTA_LIST_ELEM);
	put_key(w->nlh, elem);
	if (fw_def_data_len(def) > 0)
		put_value(w->nlh, NFTA_SET_ELEM_DATA, elem->data, fw_def_data_len(def));
	if (def->is_leased && elem->timeout_ms != FW_TIMEOUT_NONE)
		put_timeout(w->nlh, elem->timeout_ms);
	if (def->is_counted && count)
		put_count(w->nlh, count);
	if (elem->userdata_len > 0)
		put_userdata(w->nlh, elem);
	mnl_attr_nest_end(w->nlh, nest);
	if (is_plain_interval(elem->set))
		put_interval_end(w->nlh, elem);
	mnl_attr_nest_end(w->nlh, w->list);
	return 0;
}

static void put_bare(struct nlmsghdr *nlh, const struct fw_elem *elem)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);

	put_key(nlh, elem);
	mnl_attr_nest_end(nlh, nest);
	if (is_plain_interval(elem->set))
		put_interval_end(nlh, elem);
}

int nft_elem_put_del(struct nft_elem_writer *w, const struct fw_elem *elem, uint32_t tag)
{
	if (!open_message(w, elem, NFT_MSG_DELSETELEM, tag))
		return ERR_MEMORY;
	put_bare(w->nlh, elem);
	mnl_attr_nest_end(w->nlh, w->list);
	return 0;
}

static void begin_query(union nl_request *request, uint16_t flags)
{
	struct nfgenmsg *nfg = nl_begin(request, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM,
		flags, sizeof(*nfg));

	nfg->nfgen_family = NFPROTO_INET;
	nfg->version = NFNETLINK_V0;
}

void nft_elem_value(const struct nlattr *nest, void *out, size_t size)
{
	const struct nlattr *tb[NFTA_DATA_VALUE + 1];

	if (!nest)
		return;
	nl_nested(nest, tb, NFTA_DATA_VALUE);
	nl_bytes(tb[NFTA_DATA_VALUE], out, size);
}

uint64_t nft_elem_u64(const struct nlattr *attr)
{
	uint64_t number = 0;

	nl_bytes(attr, &number, sizeof(number));
	return be64toh(number);
}

/* Our sets have no expression but the counter. */
static void read_count(const struct nlattr *expr, struct fw_dumped *out)
{
	const struct nlattr *tb[NFTA_EXPR_DATA + 1];
	const struct nlattr *counter[NFTA_COUNTER_PACKETS + 1];

	if (!expr)
		return;
	nl_nested(expr, tb, NFTA_EXPR_DATA);
	if (!tb[NFTA_EXPR_DATA])
		return;
	nl_nested(tb[NFTA_EXPR_DATA], counter, NFTA_COUNTER_PACKETS);
	out->bytes = nft_elem_u64(counter[NFTA_COUNTER_BYTES]);
	out->packets = nft_elem_u64(counter[NFTA_COUNTER_PACKETS]);
}

static void read_userdata(const struct nlattr *attr, struct fw_elem *elem)
{
	struct reader r = reader_from(attr ? mnl_attr_get_payload(attr) : NULL,
		attr ? mnl_attr_get_payload_len(attr) : 0);
	uint8_t type = reader_u8(&r);
	uint8_t len = reader_u8(&r);

	if (r.bad || type != USERDATA_TYPE || len > FW_USERDATA_MAX || len > r.left)
		return;
	reader_bytes(&r, elem->userdata, len);
	elem->userdata_len = len;
}

struct listing {
	enum fw_set set;
	fw_dump_fn *each;
	void *arg;
};

static int on_elem(const struct nlattr *attr, void *arg)
{
	const struct listing *listing = arg;
	const struct nlattr *tb[NFTA_SET_ELEM_MAX + 1];
	struct fw_dumped out = {.elem.set = (uint8_t)listing->set};
	size_t key_len = fw_set_key_len(listing->set);

	nl_nested(attr, tb, NFTA_SET_ELEM_MAX);
	nft_elem_value(tb[NFTA_SET_ELEM_KEY], out.elem.key, key_len);
	nft_elem_value(tb[NFTA_SET_ELEM_KEY_END], out.elem.key_end, key_len);
	nft_elem_value(tb[NFTA_SET_ELEM_DATA], out.elem.data, fw_set_data_len(listing->set));
	out.elem.timeout_ms = nft_elem_u64(tb[NFTA_SET_ELEM_EXPIRATION]);
	read_count(tb[NFTA_SET_ELEM_EXPR], &out);
	read_userdata(tb[NFTA_SET_ELEM_USERDATA], &out.elem);
	listing->each(listing->arg, &out);
	return MNL_CB_OK;
}

struct each {
	mnl_attr_cb_t fn;
	void *arg;
};

static int on_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct each *each = arg;
	const struct nlattr *tb[NFTA_SET_ELEM_LIST_MAX + 1];

	nl_attrs(nlh, sizeof(struct nfgenmsg), tb, NFTA_SET_ELEM_LIST_MAX);
	if (tb[NFTA_SET_ELEM_LIST_ELEMENTS])
		mnl_attr_parse_nested(tb[NFTA_SET_ELEM_LIST_ELEMENTS], each->fn, each->arg);
	return MNL_CB_OK;
}

int nft_elem_each(struct nl *nl, const char *table, const char *set, mnl_attr_cb_t fn, void *arg)
{
	struct each each = {fn, arg};
	union nl_request request;

	begin_query(&request, NLM_F_DUMP);
	mnl_attr_put_strz(&request.header, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(&request.header, NFTA_SET_ELEM_LIST_SET, set);
	return nl_ask(nl, &request, on_message, &each);
}

int nft_elem_dump(struct nl *nl, enum fw_set set, fw_dump_fn *each, void *arg)
{
	struct listing listing = {set, each, arg};

	return nft_elem_each(nl, RULESET_TABLE, fw_set_name(set), on_elem, &listing);
}

int nft_elem_get(struct nl *nl, const struct fw_elem *elem, fw_dump_fn *each, void *arg)
{
	struct listing listing = {elem->set, each, arg};
	struct each found = {on_elem, &listing};
	union nl_request request;
	struct nlattr *list;

	begin_query(&request, NLM_F_ACK);
	list = start_list(&request.header, elem->set);
	put_bare(&request.header, elem);
	mnl_attr_nest_end(&request.header, list);
	return nl_ask(nl, &request, on_message, &found);
}
