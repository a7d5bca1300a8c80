/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escaping and elements; see xml.h. */
#include "protocols/xml.h"

#define CHUNK 64	/* bytes cleaned at a time; more than the longest UTF-8 sequence */

static void escape(struct writer *w, char c)
{
	switch (c) {
	case '&':
		writer_text(w, "&amp;");
		break;
	case '<':
		writer_text(w, "&lt;");
		break;
	case '>':
		writer_text(w, "&gt;");
		break;
	case '"':
		writer_text(w, "&quot;");
		break;
	case '\'':
		writer_text(w, "&apos;");
		break;
	default:
		writer_u8(w, (uint8_t)c);
	}
}

void xml_text(struct writer *w, struct str s)
{
	while (s.len > 0) {
		struct str part = str_cut_utf8(s, CHUNK);
		char plain[CHUNK];
		size_t len;

		if (part.len == 0)	/* a run of stray continuation bytes */
			part.len = CHUNK;
		len = str_copy_plain(part, plain, sizeof(plain));
		for (size_t i = 0; i < len; i++)
			escape(w, plain[i]);
		s = str_sub(s, part.len, s.len);
	}
}

void xml_open(struct writer *w, const char *name)
{
	writer_u8(w, '<');
	writer_text(w, name);
	writer_u8(w, '>');
}

void xml_close(struct writer *w, const char *name)
{
	writer_text(w, "</");
	writer_text(w, name);
	writer_u8(w, '>');
}

void xml_element(struct writer *w, const char *name, struct str text)
{
	xml_open(w, name);
	xml_text(w, text);
	xml_close(w, name);
}

void xml_number(struct writer *w, const char *name, uint64_t n)
{
	xml_open(w, name);
	writer_dec(w, n);
	xml_close(w, name);
}
