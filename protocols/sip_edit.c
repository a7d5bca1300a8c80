/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Edits of messages; see sip_edit.h. */
#include "protocols/sip_edit.h"

#include "protocols/err.h"

#define NUMBER_MAX 10		/* digits of 32 bits */

void sip_edit_none(struct sip_edits *e)
{
	e->count = 0;
	e->used = 0;
	e->full = false;
}

void sip_edit_text(struct sip_edits *e, struct sip_span span, struct str text)
{
	struct writer w = writer_to(e->text + e->used, sizeof(e->text) - e->used);

	if (e->count == SIP_EDITS_MAX || text.len > w.size) {
		e->full = true;
		return;
	}
	writer_str(&w, text);
	e->at[e->count++] = (struct sip_edit){span, e->used, (uint16_t)text.len};
	e->used = (uint16_t)(e->used + text.len);
}

void sip_edit_addr(struct sip_edits *e, struct sip_span span, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];
	struct writer w = writer_to(text, sizeof(text));

	addr_encode(&w, addr);
	sip_edit_text(e, span, writer_done(&w));
}

void sip_edit_number(struct sip_edits *e, struct sip_span span, uint32_t number)
{
	char text[NUMBER_MAX];
	struct writer w = writer_to(text, sizeof(text));

	writer_dec(&w, number);
	sip_edit_text(e, span, writer_done(&w));
}

/* As a URI has it: IPv6 in brackets. */
static void edit_host(struct sip_edits *e, struct sip_span span, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX + 2];
	struct writer w = writer_to(text, sizeof(text));

	if (!addr_is4(addr))
		writer_u8(&w, '[');
	addr_encode(&w, addr);
	if (!addr_is4(addr))
		writer_u8(&w, ']');
	sip_edit_text(e, span, writer_done(&w));
}

static void insert_port(struct sip_edits *e, uint32_t at, uint16_t port)
{
	char text[NUMBER_MAX];
	struct writer w = writer_to(text, sizeof(text));

	writer_u8(&w, ':');
	writer_dec(&w, port);
	sip_edit_text(e, (struct sip_span){at, 0}, writer_done(&w));
}

void sip_edit_hostport(struct sip_edits *e, const struct sip_hostport *h,
	const struct endpoint *ep)
{
	edit_host(e, h->host, &ep->addr);
	if (h->port.len)
		sip_edit_number(e, h->port, ep->port);
	else if (ep->port != SIP_PORT)
		insert_port(e, h->host.at + h->host.len, ep->port);
}

static int64_t growth(const struct sip_edits *e, uint32_t from)
{
	int64_t sum = 0;

	for (uint16_t i = 0; i < e->count; i++) {
		if (e->at[i].span.at >= from)
			sum += (int64_t)e->at[i].len - e->at[i].span.len;
	}
	return sum;
}

void sip_edit_length(struct sip_edits *e, const struct sip_message *m)
{
	int64_t more = growth(e, m->body.at);
	int64_t len = m->body.len + more;

	if (more == 0 || !m->length.known)
		return;
	if (len < 0 || len > SIP_MESSAGE_MAX) {
		e->full = true;
		return;
	}
	for (uint16_t i = 0; i < m->header_count; i++) {
		if (m->headers[i].name == SIP_CONTENT_LENGTH)
			sip_edit_number(e, m->headers[i].value, (uint32_t)len);
	}
}

size_t sip_edit_size(const struct sip_edits *e, const struct sip_message *m)
{
	return (size_t)((int64_t)m->bytes.len + growth(e, 0));
}

/* Indexes of the edits from front to back; of two at one place the one made first comes first.
 * They come nearly in order, and are few. */
static void sort(const struct sip_edits *e, uint8_t order[SIP_EDITS_MAX])
{
	for (uint16_t i = 0; i < e->count; i++) {
		uint16_t k = i;
		for (; k > 0 && e->at[order[k - 1]].span.at > e->at[i].span.at; k--)
			order[k] = order[k - 1];
		order[k] = (uint8_t)i;
	}
}

static bool are_apart(const struct sip_edits *e, const uint8_t *order, size_t len)
{
	size_t end = 0;

	for (uint16_t i = 0; i < e->count; i++) {
		const struct sip_span *s = &e->at[order[i]].span;
		if (s->at < end || s->at > len || s->len > len - s->at)
			return false;
		end = s->at + s->len;
	}
	return true;
}

int sip_edit_apply(const struct sip_edits *e, const struct sip_message *m, struct writer *out)
{
	uint8_t order[SIP_EDITS_MAX];
	size_t at = 0;

	if (e->full)
		return ERR_FULL;
	sort(e, order);
	if (!are_apart(e, order, m->bytes.len))
		return ERR_RANGE;
	if (out->full || sip_edit_size(e, m) > out->size - out->len)
		return ERR_FULL;
	for (uint16_t i = 0; i < e->count; i++) {
		const struct sip_edit *edit = &e->at[order[i]];
		writer_str(out, str_sub(m->bytes, at, edit->span.at - at));
		writer_str(out, (struct str){e->text + edit->text, edit->len});
		at = edit->span.at + edit->span.len;
	}
	writer_str(out, str_sub(m->bytes, at, m->bytes.len));
	return 0;
}
