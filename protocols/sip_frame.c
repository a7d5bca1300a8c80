/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framing of streams; see sip_frame.h. */
#include "protocols/sip_frame.h"

#include "protocols/err.h"
#include "protocols/sip_head.h"
#include "protocols/sip.h"

/* Looks on for the empty line. 0: it ends at seen. */
static int find_end(struct sip_frame *f, struct str stream)
{
	for (;;) {
		size_t lf = str_find(stream, f->seen, '\n');
		if (lf == stream.len) {
			f->seen = (uint32_t)stream.len;
			return ERR_SHORT;
		}
		if (lf == f->line || stream.p[lf - 1] != '\r')
			return ERR_SYNTAX;
		f->seen = (uint32_t)lf + 1;
		if (lf == f->line + 1)
			return 0;
		f->line = f->seen;
	}
}

static int read_length(struct str head, uint32_t from, struct sip_head_length *out)
{
	struct sip_lex l = {head, from, (uint32_t)head.len};
	struct sip_head_length length = {false, 0};
	struct sip_header h;
	int err;

	while ((err = sip_head_next(&l, &h)) == 0) {
		if (h.name != SIP_CONTENT_LENGTH)
			continue;
		err = sip_head_add_length(sip_lex_text(head, h.value), &length);
		if (err)
			return err;
	}
	if (err != ERR_NOT_FOUND || !length.known)
		return ERR_SYNTAX;
	*out = length;
	return 0;
}

/* 0: total is known; ERR_SHORT: not yet. */
static int read_head(struct sip_frame *f, struct str stream)
{
	struct sip_head_length length;
	int err = sip_start_feed(&f->start, stream);

	if (err)
		return err;
	if (f->line == 0)
		f->line = f->seen = f->start.len;
	err = find_end(f, stream);
	if (!err)
		err = read_length(str_sub(stream, 0, f->seen), f->start.len, &length);
	if (err)
		return err;
	if (f->seen + length.octets > SIP_MESSAGE_MAX)
		return ERR_RANGE;
	f->total = f->seen + length.octets;
	return 0;
}

static int next_message(struct sip_frame *f, struct str stream, size_t *len)
{
	int err = f->total ? 0 : read_head(f, stream);

	if (err == ERR_SHORT && stream.len >= SIP_MESSAGE_MAX)
		return ERR_RANGE;
	if (err)
		return err;
	if (stream.len < f->total)
		return ERR_SHORT;
	*len = f->total;
	return 0;
}

static int next_crlf(struct str stream, size_t *len)
{
	if (stream.len < 2)
		return ERR_SHORT;
	if (stream.p[1] != '\n')
		return ERR_SYNTAX;
	*len = 2;
	return 0;
}

int sip_frame_next(struct sip_frame *f, struct str stream, size_t *len)
{
	bool keep_alive = stream.len > 0 && stream.p[0] == '\r';
	int err = keep_alive ? next_crlf(stream, len) : next_message(f, stream, len);

	if (err == 0)
		*f = (struct sip_frame){0};
	else if (err == ERR_SHORT)
		*len = 0;
	return err == ERR_SHORT ? 0 : err;
}
