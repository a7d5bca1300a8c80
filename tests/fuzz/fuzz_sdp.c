/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as a session description, and, its first line being a Content-Type, as a body to find
 * descriptions in. With addresses and ports changed it has the same media as before.
 */
#include "protocols/sdp.h"
#include "protocols/sdp_find.h"
#include "protocols/sip_edit.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FOUND_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct endpoint wan = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 77}},
	36002};

static void check_span(const struct sip_message *m, struct sip_span s)
{
	assert(s.at >= m->body.at && s.at <= m->bytes.len && s.len <= m->bytes.len - s.at);
}

static void edit_connection(const struct sip_message *m, const struct sdp_connection *c,
	struct sip_edits *e)
{
	if (!c->addr.len)
		return;
	check_span(m, c->addr);
	assert(!c->is_addr || (!c->multicast && !addr_is_multicast(&c->value)));
	if (c->is_addr)
		sip_edit_addr(e, c->addr, &wan.addr);
}

static void edit(const struct sip_message *m, const struct sdp *s, struct sip_edits *e)
{
	edit_connection(m, &s->connection, e);
	for (unsigned i = 0; i < s->media_count; i++) {
		const struct sdp_media *media = &s->media[i];
		check_span(m, media->line);
		check_span(m, media->port);
		assert(media->count > 0 && sip_text(m, media->line).p[0] == 'm');
		edit_connection(m, &media->connection, e);
		edit_connection(m, &media->rtcp_connection, e);
		if (media->count == 1)	/* many may not fit behind the new one */
			sip_edit_number(e, media->port, wan.port);
		if (media->rtcp_port.len)
			sip_edit_number(e, media->rtcp_port, wan.port);
		if (media->formats.len)
			check_span(m, media->formats);
		if (media->lines.len)
			check_span(m, media->lines);
		assert(!sdp_connection_of(s, media) || sdp_connection_of(s, media)->addr.len);
	}
}

static void check_description(const struct sip_message *m, struct sip_span at)
{
	static char out[65536 * 2];
	static struct sip_edits e;
	static struct sip_message again;
	struct writer w = writer_to(out, sizeof(out));
	struct sdp s, now;

	if (sdp_decode(m, at, &s))
		return;
	sip_edit_none(&e);
	edit(m, &s, &e);
	if (sip_edit_apply(&e, m, &w)) {
		assert(e.full);
		return;
	}
	again.bytes = writer_done(&w);
	at.len = (uint32_t)(at.len + w.len - m->bytes.len);
	assert(sdp_decode(&again, at, &now) == 0 && now.media_count == s.media_count);
	for (unsigned i = 0; i < s.media_count; i++) {
		assert(s.media[i].count > 1 || now.media[i].port_number == wan.port);
		assert(now.media[i].inactive == s.media[i].inactive);
		assert(now.media[i].bundle == s.media[i].bundle);
		assert(now.media[i].transport == s.media[i].transport);
	}
}

static void check_body(struct str text)
{
	static struct sip_message m;
	struct sip_span found[FOUND_MAX];
	struct str rest = text, type = str_split(&rest, '\n');
	size_t count;

	m.bytes = text;
	m.header_count = 1;
	m.headers[0] = (struct sip_header){.name = SIP_CONTENT_TYPE,
		.value = {0, (uint32_t)type.len}};
	m.body = (struct sip_span){(uint32_t)(text.len - rest.len), (uint32_t)rest.len};
	count = sdp_find(&m, found, FOUND_MAX);
	assert(count <= FOUND_MAX);
	for (size_t i = 0; i < count; i++) {
		check_span(&m, found[i]);
		assert(found[i].at + found[i].len <= m.body.at + m.body.len);
		assert(i == 0 || found[i].at >= found[i - 1].at + found[i - 1].len);
		check_description(&m, found[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip_message m;
	struct str text = {(const char *)data, size};

	if (size > SIP_MESSAGE_MAX)
		return 0;
	m.bytes = text;
	m.body = (struct sip_span){0, (uint32_t)size};
	check_description(&m, m.body);
	check_body(text);
	return 0;
}
