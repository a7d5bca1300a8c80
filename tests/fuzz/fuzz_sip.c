/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any datagram as a SIP message. What is not edited must come out as it went in; with each host of
 * Via and Contact and each port and address of its descriptions changed it must be as good a
 * message as before, of the same parts, with the new values.
 */
#include "protocols/err.h"
#include "protocols/sdp.h"
#include "protocols/sdp_find.h"
#include "protocols/sip_edit.h"
#include "protocols/sip_frame.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define OUT_MAX (SIP_MESSAGE_MAX + SIP_EDIT_TEXT_MAX)
#define FOUND_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct endpoint wan = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 77}},
	36002};

static void check_span(const struct sip_message *m, struct sip_span s)
{
	assert(s.at <= m->bytes.len && s.len <= m->bytes.len - s.at);
}

static void check_uri(const struct sip_message *m, const struct sip_uri *u)
{
	check_span(m, u->whole);
	if (!u->is_sip && !u->is_sips)
		return;
	check_span(m, u->user);
	check_span(m, u->where.host);
	check_span(m, u->where.port);
	check_span(m, u->params);
	assert(u->where.host.len > 0 && (u->where.port.len > 0) == (u->where.port_number > 0));
}

static unsigned walk_addresses(const struct sip_message *m, enum sip_name name, struct sip_edits *e)
{
	struct sip_walk walk = {0};
	struct sip_address a;
	struct sip_span value;
	unsigned n = 0;

	for (; sip_next_address(m, name, &walk, &a); n++) {
		check_span(m, a.whole);
		if (a.star)
			continue;
		check_span(m, a.params);
		check_uri(m, &a.uri);
		if (sip_param(m, a.params, STR("expires"), &value) == 0)
			check_span(m, value);
		if (e && name == SIP_CONTACT && (a.uri.is_sip || a.uri.is_sips))
			sip_edit_hostport(e, &a.uri.where, &wan);
	}
	return walk.bad ? n + 1000 : n;
}

static unsigned walk_vias(const struct sip_message *m, struct sip_edits *e,
	const struct endpoint *now)
{
	struct sip_walk walk = {0};
	struct sip_via v;
	unsigned n = 0;

	for (; sip_next_via(m, &walk, &v); n++) {
		check_span(m, v.whole);
		check_span(m, v.transport);
		check_span(m, v.params);
		if (e)
			sip_edit_hostport(e, &v.sent_by, &wan);
		if (now) {
			assert(v.sent_by.is_addr && addr_eq(&v.sent_by.addr, &now->addr));
			assert(v.sent_by.port_number == now->port);
		}
	}
	assert(n > 0);
	return walk.bad ? n + 1000 : n;
}

/* Many ports may not fit behind the new one. */
static bool is_moved(const struct sdp_media *m)
{
	return m->port_number && m->count == 1;
}

static void edit_sdp(const struct sdp *s, struct sip_edits *e)
{
	if (s->origin_is_addr)
		sip_edit_addr(e, s->origin, &wan.addr);
	if (s->connection.is_addr)
		sip_edit_addr(e, s->connection.addr, &wan.addr);
	for (unsigned i = 0; i < s->media_count; i++) {
		const struct sdp_media *m = &s->media[i];
		if (is_moved(m))
			sip_edit_number(e, m->port, wan.port);
		if (m->connection.is_addr)
			sip_edit_addr(e, m->connection.addr, &wan.addr);
		if (m->rtcp_port_number)
			sip_edit_number(e, m->rtcp_port, wan.port + 1u);
	}
}

static void check_sdp(const struct sdp *was, const struct sdp *s)
{
	assert(s->media_count == was->media_count);
	for (unsigned i = 0; i < s->media_count; i++) {
		const struct sdp_media *m = &s->media[i];
		const struct sdp_media *old = &was->media[i];
		assert(m->port_number == (is_moved(old) ? wan.port : old->port_number));
		assert(m->count == old->count && m->bundle == old->bundle);
		assert(m->has_ice == old->has_ice);
		assert((m->rtcp_port_number != 0) == (old->rtcp_port_number != 0));
	}
}

static void check_same(const struct sip_message *m)
{
	static char out[OUT_MAX];
	static struct sip_edits none;
	struct writer w = writer_to(out, m->bytes.len);

	sip_edit_none(&none);
	sip_edit_length(&none, m);
	assert(sip_edit_apply(&none, m, &w) == 0);
	assert(str_eq(writer_done(&w), m->bytes));
}

static void check_names(const struct sip_message *m, const struct sip_message *again)
{
	static const enum sip_name lists[] = {SIP_FROM, SIP_TO, SIP_CONTACT, SIP_ROUTE,
		SIP_RECORD_ROUTE, SIP_PATH, SIP_SERVICE_ROUTE};

	for (unsigned i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		unsigned n = walk_addresses(m, lists[i], NULL);
		assert(n == walk_addresses(again, lists[i], NULL));
	}
	assert(m->header_count == again->header_count && m->cseq == again->cseq);
	assert(m->method == again->method && m->status == again->status);
	assert(str_eq(sip_text(m, m->call_id), sip_text(again, again->call_id)));
	assert(str_eq(sip_text(m, m->branch), sip_text(again, again->branch)));
	assert(m->extra == again->extra);
}

static void check_edited(const struct sip_message *m)
{
	static char out[OUT_MAX];
	static struct sip_edits e;
	static struct sip_message again;
	struct writer w = writer_to(out, sizeof(out));
	struct sip_span at[FOUND_MAX], at2[FOUND_MAX];
	struct sdp was[FOUND_MAX], now;
	size_t found = sdp_find(m, at, FOUND_MAX);
	unsigned vias;
	bool good[FOUND_MAX];

	sip_edit_none(&e);
	vias = walk_vias(m, &e, NULL);
	walk_addresses(m, SIP_CONTACT, &e);
	for (size_t i = 0; i < found; i++) {
		check_span(m, at[i]);
		good[i] = sdp_decode(m, at[i], &was[i]) == 0;
		if (good[i])
			edit_sdp(&was[i], &e);
	}
	sip_edit_length(&e, m);
	if (sip_edit_apply(&e, m, &w)) {
		assert(e.full && w.len == 0);
		return;
	}
	assert(w.len == sip_edit_size(&e, m));
	if (w.len > SIP_MESSAGE_MAX)
		return;
	assert(sip_decode(writer_done(&w), false, &again) == 0);
	assert(walk_vias(&again, NULL, vias < 1000 ? &wan : NULL) == vias);
	check_names(m, &again);
	assert(sdp_find(&again, at2, FOUND_MAX) == found);
	for (size_t i = 0; i < found; i++) {
		assert((sdp_decode(&again, at2[i], &now) == 0) == good[i]);
		if (good[i])
			check_sdp(&was[i], &now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip_message m;
	struct str bytes = {(const char *)data, size};
	struct sip_uri uri;

	if (sip_decode(bytes, true, &m) == 0)
		assert(m.length.known);
	if (sip_decode(bytes, false, &m))
		return 0;
	assert(sip_start_possible(bytes));
	assert(m.body.at + m.body.len + m.extra == m.bytes.len);
	check_span(&m, m.call_id);
	check_span(&m, m.from_tag);
	check_span(&m, m.to_tag);
	check_span(&m, m.branch);
	if (sip_request_uri(&m, &uri) == 0)
		check_uri(&m, &uri);
	else
		assert(!m.is_request && m.status >= 100 && m.status < 700);
	check_same(&m);
	check_edited(&m);
	return 0;
}
