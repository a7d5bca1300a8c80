/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON writer; see jsonw.h. */
#include "web/jsonw.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_MIN_BYTES 1024

static char *room(struct jsonw *j, size_t len)
{
	size_t size = j->size ? j->size : SIZE_MIN_BYTES;
	char *p;

	if (j->failed)
		return NULL;
	while (size - j->len < len)
		size *= 2;
	if (size != j->size) {
		p = realloc(j->p, size);
		if (!p) {
			j->failed = true;
			return NULL;
		}
		j->p = p;
		j->size = size;
	}
	p = j->p + j->len;
	j->len += len;
	return p;
}

static void put(struct jsonw *j, const char *bytes, size_t len)
{
	char *p = room(j, len);

	if (p && len)
		memcpy(p, bytes, len);
}

static void put_unicode(struct jsonw *j, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	const char text[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};

	put(j, text, sizeof(text));
}

/* Not in a string as it is: what JSON forbids, and the rest of C0 and DEL. */
static bool must_escape(unsigned char c, bool utf8)
{
	return c < 0x20 || c == '"' || c == '\\' || c == 0x7f || (c >= 0x80 && !utf8);
}

static void put_string(struct jsonw *j, struct str s)
{
	bool utf8 = str_is_utf8(s);
	size_t from = 0;

	put(j, "\"", 1);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (!must_escape(c, utf8))
			continue;
		put(j, s.p + from, i - from);
		put_unicode(j, c);
		from = i + 1;
	}
	if (s.len > from)
		put(j, s.p + from, s.len - from);
	put(j, "\"", 1);
}

static void begin(struct jsonw *j, const char *key)
{
	if (j->comma)
		put(j, ",", 1);
	j->comma = true;
	if (!key)
		return;
	put(j, "\"", 1);
	put(j, key, strlen(key));
	put(j, "\":", 2);
}

void jsonw_line_end(struct jsonw *j)
{
	put(j, "\n", 1);
	j->comma = false;
}

void jsonw_key(struct jsonw *j, const char *key)
{
	begin(j, key);
	j->comma = false;
}

void jsonw_object(struct jsonw *j, const char *key)
{
	begin(j, key);
	put(j, "{", 1);
	j->comma = false;
}

void jsonw_object_end(struct jsonw *j)
{
	put(j, "}", 1);
	j->comma = true;
}

void jsonw_array(struct jsonw *j, const char *key)
{
	begin(j, key);
	put(j, "[", 1);
	j->comma = false;
}

void jsonw_array_end(struct jsonw *j)
{
	put(j, "]", 1);
	j->comma = true;
}

void jsonw_str(struct jsonw *j, const char *key, struct str s)
{
	begin(j, key);
	put_string(j, s);
}

void jsonw_text(struct jsonw *j, const char *key, const char *nul_terminated)
{
	if (nul_terminated)
		jsonw_str(j, key, str_from(nul_terminated));
	else
		jsonw_null(j, key);
}

void jsonw_u64(struct jsonw *j, const char *key, uint64_t n)
{
	char text[20];
	struct writer w = writer_to(text, sizeof(text));

	writer_dec(&w, n);
	begin(j, key);
	put(j, text, w.len);
}

void jsonw_bool(struct jsonw *j, const char *key, bool b)
{
	begin(j, key);
	put(j, b ? "true" : "false", b ? 4 : 5);
}

void jsonw_null(struct jsonw *j, const char *key)
{
	begin(j, key);
	put(j, "null", 4);
}

void jsonw_addr(struct jsonw *j, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	if (addr_is_any(a))
		jsonw_null(j, key);
	else
		jsonw_text(j, key, addr_text(a, text));
}

void jsonw_raw(struct jsonw *j, struct str text)
{
	begin(j, NULL);
	put(j, text.p, text.len);
}

static int put_piece(const char *bytes, size_t len, void *arg)
{
	struct jsonw *j = arg;

	put(j, bytes, len);
	return j->failed ? -1 : 0;
}

void jsonw_json(struct jsonw *j, const char *key, json_t *value)
{
	begin(j, key);
	if (json_dump_callback(value, put_piece, j, JSON_COMPACT | JSON_ENCODE_ANY))
		j->failed = true;
	json_decref(value);
}

void jsonw_free(struct jsonw *j)
{
	free(j->p);
	*j = (struct jsonw){0};
}
