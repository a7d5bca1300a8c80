/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of PCP (RFC 6887 section 13, RFC 7220, RFC 7753); see pcp_option.h. */
#include "protocols/pcp_option.h"

#include "protocols/addr.h"
#include "protocols/str.h"

#define FILTER_LEN 20
#define SET_LEN 5
#define SET_PARITY 0x01

struct option {
	uint8_t code;
	size_t len;
	struct reader data;
};

size_t pcp_option_padding(size_t len)
{
	return (4 - len % 4) % 4;
}

static struct option read_option(struct reader *r)
{
	struct option o = {.code = reader_u8(r)};

	reader_skip(r, 1);
	o.len = reader_u16(r);
	o.data = reader_sub(r, o.len);
	reader_skip(r, pcp_option_padding(o.len));
	return o;
}

static bool is_map(const struct pcp_msg *msg)
{
	return msg->opcode == PCP_OP_MAP;
}

/* ---- one by one ---- */

static enum pcp_result decode_third_party(struct option *o, struct pcp_msg *msg)
{
	struct pcp_map *m = &msg->map;
	struct addr client = m->internal.addr;

	if (msg->opcode == PCP_OP_ANNOUNCE || o->len != sizeof(client.b) || m->third_party)
		return PCP_MALFORMED_OPTION;
	reader_bytes(&o->data, m->internal.addr.b, sizeof(m->internal.addr.b));
	m->third_party = true;
	/* For oneself one asks without it (section 13.1). */
	return addr_eq(&m->internal.addr, &client) ? PCP_MALFORMED_REQUEST : PCP_SUCCESS;
}

static enum pcp_result decode_prefer_failure(const struct option *o, struct pcp_msg *msg)
{
	struct pcp_map *m = &msg->map;

	if (msg->opcode == PCP_OP_PEER)
		return PCP_MALFORMED_REQUEST;	/* section 12.3 */
	/* Once, without data, and only where there is something to prefer (11.3, 13.2). */
	if (!is_map(msg) || o->len > 0 || m->prefer_failure)
		return PCP_MALFORMED_OPTION;
	if (msg->lifetime_s == 0 || m->suggested.port == 0)
		return PCP_MALFORMED_OPTION;
	m->prefer_failure = true;
	return PCP_SUCCESS;
}

/* Bits behind the prefix mean nothing. */
static struct map_filter read_filter(struct reader *r)
{
	struct map_filter f;
	struct addr addr;
	uint8_t len;

	reader_skip(r, 1);
	len = reader_u8(r);
	f.port = reader_u16(r);
	reader_bytes(r, addr.b, sizeof(addr.b));
	f.remote = (struct prefix){addr, len};
	if (len > 0 && len <= 128)
		f.remote = prefix_mask(&addr, len);
	return f;
}

static enum pcp_result decode_filter(struct option *o, struct pcp_msg *msg)
{
	struct pcp_map *m = &msg->map;
	struct map_filter f;

	if (!is_map(msg) || msg->lifetime_s == 0 || o->len != FILTER_LEN)
		return PCP_MALFORMED_OPTION;
	f = read_filter(&o->data);
	if (f.remote.len > 128)
		return PCP_MALFORMED_OPTION;
	if (f.remote.len == 0) {
		m->clear_filters = true;
		m->filter_count = 0;
		return PCP_SUCCESS;
	}
	if (m->filter_count == MAP_FILTERS_MAX)
		return PCP_EXCESSIVE_REMOTE_PEERS;
	m->filters[m->filter_count++] = f;
	return PCP_SUCCESS;
}

/* Text that is none is ignored (RFC 7220 section 4). */
static enum pcp_result decode_description(struct option *o, struct pcp_msg *msg)
{
	struct pcp_map *m = &msg->map;
	struct str text = reader_str(&o->data, o->len);

	if (m->has_descr)
		return PCP_MALFORMED_OPTION;
	if (msg->opcode == PCP_OP_ANNOUNCE || !str_is_utf8(text))
		return PCP_SUCCESS;
	m->has_descr = true;
	m->descr_len = (uint8_t)str_copy_plain(text, m->descr, sizeof(m->descr));
	return PCP_SUCCESS;
}

static enum pcp_result decode_port_set(struct option *o, struct pcp_msg *msg)
{
	struct pcp_map *m = &msg->map;
	uint32_t room = (uint32_t)UINT16_MAX + 1 - m->internal.port;
	uint16_t size;
	bool parity;

	if (!is_map(msg))
		return PCP_SUCCESS;
	size = reader_u16(&o->data);
	reader_skip(&o->data, 2);	/* the first port is the internal one again */
	parity = reader_u8(&o->data) & SET_PARITY;
	if (o->len != SET_LEN || m->has_set || size == 0)
		return PCP_MALFORMED_OPTION;
	m->has_set = true;
	m->set_parity = parity;
	m->set_size = size < MAP_SET_MAX ? size : MAP_SET_MAX;
	if (m->set_size > room)
		m->set_size = (uint16_t)room;
	return PCP_SUCCESS;
}

/* ---- all of them ---- */

static enum pcp_result decode_option(struct option *o, bool may_third_party, struct pcp_msg *msg)
{
	switch (o->code) {
	case PCP_OPTION_THIRD_PARTY:
		return may_third_party ? decode_third_party(o, msg) : PCP_UNSUPP_OPTION;
	case PCP_OPTION_PREFER_FAILURE:
		return decode_prefer_failure(o, msg);
	case PCP_OPTION_FILTER:
		return decode_filter(o, msg);
	case PCP_OPTION_DESCRIPTION:
		return decode_description(o, msg);
	case PCP_OPTION_PORT_SET:
		return decode_port_set(o, msg);
	default:
		return o->code < PCP_OPTION_OPTIONAL ? PCP_UNSUPP_OPTION : PCP_SUCCESS;
	}
}

/* An IPv4 prefix is one of the mapped form, so 96 bits are given (section 13.3). */
static bool is_of_family(const struct prefix *p, bool is4)
{
	return addr_is4(&p->addr) == is4 && (!is4 || p->len >= ADDR4_PREFIX_BITS);
}

static enum pcp_result check_together(const struct pcp_msg *msg)
{
	const struct pcp_map *m = &msg->map;
	bool is4 = addr_is4(&m->internal.addr);

	for (uint8_t i = 0; i < m->filter_count; i++)
		if (!is_of_family(&m->filters[i].remote, is4))
			return PCP_MALFORMED_OPTION;
	if (m->has_set && m->prefer_failure)
		return PCP_MALFORMED_OPTION;	/* RFC 7753 section 4 */
	if (msg->opcode == PCP_OP_PEER && addr_is4(&m->peer.addr) != is4)
		return PCP_MALFORMED_REQUEST;
	return PCP_SUCCESS;
}

enum pcp_result pcp_option_decode(struct reader *r, bool third_party, struct pcp_msg *msg)
{
	while (r->left > 0) {
		struct option o = read_option(r);
		enum pcp_result result = PCP_MALFORMED_OPTION;

		if (!r->bad)
			result = decode_option(&o, third_party, msg);
		if (result)
			return result;
	}
	return check_together(msg);
}

/* ---- writing ---- */

static void write_head(struct writer *w, uint8_t code, size_t len)
{
	writer_u8(w, code);
	writer_u8(w, 0);
	writer_u16(w, (uint16_t)len);
}

static void write_third_party(struct writer *w, const struct pcp_map *m)
{
	write_head(w, PCP_OPTION_THIRD_PARTY, sizeof(m->internal.addr.b));
	writer_bytes(w, m->internal.addr.b, sizeof(m->internal.addr.b));
}

static void write_filter(struct writer *w, const struct map_filter *f)
{
	write_head(w, PCP_OPTION_FILTER, FILTER_LEN);
	writer_u8(w, 0);
	writer_u8(w, f->remote.len);
	writer_u16(w, f->port);
	writer_bytes(w, f->remote.addr.b, sizeof(f->remote.addr.b));
}

static void write_description(struct writer *w, const struct pcp_map *m)
{
	write_head(w, PCP_OPTION_DESCRIPTION, m->descr_len);
	writer_bytes(w, m->descr, m->descr_len);
	writer_zeros(w, pcp_option_padding(m->descr_len));
}

static void write_set(struct writer *w, const struct pcp_map *m, uint16_t size)
{
	write_head(w, PCP_OPTION_PORT_SET, SET_LEN);
	writer_u16(w, size);
	writer_u16(w, m->internal.port);
	writer_u8(w, m->set_parity ? SET_PARITY : 0);
	writer_zeros(w, pcp_option_padding(SET_LEN));
}

static void answer_option(struct writer *w, struct option *o, const struct pcp_msg *msg,
	const struct map_ans *ans)
{
	const struct pcp_map *m = &msg->map;
	struct map_filter f;

	switch (o->code) {
	case PCP_OPTION_THIRD_PARTY:
		write_third_party(w, m);
		break;
	case PCP_OPTION_PREFER_FAILURE:
		write_head(w, PCP_OPTION_PREFER_FAILURE, 0);
		break;
	case PCP_OPTION_FILTER:
		f = read_filter(&o->data);
		write_filter(w, &f);
		break;
	case PCP_OPTION_DESCRIPTION:
		if (str_is_utf8(reader_str(&o->data, o->len)))
			write_description(w, m);
		break;
	case PCP_OPTION_PORT_SET:
		/* One port is no set: as if the option were not known (RFC 7753 section 4). */
		if (m->has_set && ans->set_size > 1)
			write_set(w, m, ans->set_size);
		break;
	default:
		break;
	}
}

void pcp_option_answer(struct writer *w, struct reader *r, const struct pcp_msg *msg,
	const struct map_ans *ans)
{
	while (r->left > 0) {
		struct option o = read_option(r);

		answer_option(w, &o, msg, ans);
	}
}

void pcp_option_write(struct writer *w, const struct pcp_map *m)
{
	const struct map_filter none = {.remote = {m->internal.addr, 0}};

	if (m->third_party)
		write_third_party(w, m);
	if (m->prefer_failure)
		write_head(w, PCP_OPTION_PREFER_FAILURE, 0);
	if (m->clear_filters)
		write_filter(w, &none);
	for (uint8_t i = 0; i < m->filter_count; i++)
		write_filter(w, &m->filters[i]);
	if (m->has_descr)
		write_description(w, m);
	if (m->has_set)
		write_set(w, m, m->set_size);
}
