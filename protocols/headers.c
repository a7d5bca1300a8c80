/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start line and fields of an HTTP-like head; see headers.h. */
#include "protocols/headers.h"

#include "protocols/err.h"

#include <string.h>

static struct str next_line(struct str *rest)
{
	struct str line = str_split(rest, '\n');

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

/* A token (RFC 9110 section 5.6.2). */
static bool is_token(struct str s)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			     (c >= 'a' && c <= 'z');
		if (!alnum && (c == '\0' || !strchr(others, c)))
			return false;
	}
	return s.len > 0;
}

static int decode_field(struct str line, struct header *out)
{
	struct str name = str_split(&line, ':');

	if (!line.p || !is_token(name))
		return ERR_SYNTAX;
	*out = (struct header){name, str_trim(line)};
	return 0;
}

int headers_decode(struct str text, struct headers *out)
{
	struct headers h = {.start = next_line(&text)};

	if (h.start.len == 0 || has_control(h.start))
		return ERR_SYNTAX;
	while (text.len > 0) {
		struct str line = next_line(&text);
		if (line.len == 0)
			break;
		if (h.count == HEADERS_MAX)
			return ERR_FULL;
		if (has_control(line) || decode_field(line, &h.field[h.count]))
			return ERR_SYNTAX;
		h.count++;
	}
	*out = h;
	return 0;
}

int headers_find(const struct headers *headers, struct str name, struct str *out)
{
	const struct header *hit = NULL;

	for (size_t i = 0; i < headers->count; i++) {
		if (!str_eqi(headers->field[i].name, name))
			continue;
		if (hit)
			return ERR_EXISTS;
		hit = &headers->field[i];
	}
	if (!hit)
		return ERR_NOT_FOUND;
	*out = hit->value;
	return 0;
}
