/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of a script; see script.h. */
#include "tests/scenario/script.h"

#include "protocols/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void script_fail(struct script *s, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%u: ", s->path, s->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	world_end(&s->world);
	exit(EXIT_FAILURE);
}

bool script_split(struct script *s, char *text)
{
	char *p = text;

	s->count = s->at = 0;
	for (;;) {
		p += strspn(p, " \t\n");
		if (*p == '\0' || *p == '#')
			break;
		if (s->count == SCRIPT_WORDS)
			script_fail(s, "too many words");
		char end = *p == '"' ? '"' : ' ';
		p += end == '"';
		s->words[s->count++] = p;
		p += strcspn(p, end == '"' ? "\"" : " \t\n");
		if (*p != '\0')
			*p++ = '\0';
	}
	return s->count > 0;
}

const char *script_next(struct script *s)
{
	if (s->at == s->count)
		script_fail(s, "something is missing at the end");
	return s->words[s->at++];
}

bool script_take(struct script *s, const char *word)
{
	if (s->at == s->count || strcmp(s->words[s->at], word) != 0)
		return false;
	s->at++;
	return true;
}

void script_done(struct script *s)
{
	if (s->at < s->count)
		script_fail(s, "what is \"%s\" to mean?", s->words[s->at]);
}

uint32_t script_number(struct script *s)
{
	const char *word = script_next(s);
	uint32_t n = 0;

	if (str_u32(str_from(word), 0, UINT32_MAX, &n))
		script_fail(s, "%s is no number", word);
	return n;
}

uint64_t script_ms(struct script *s)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	const char *word = script_next(s);
	size_t digits = strspn(word, "0123456789");
	uint32_t n = 0;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(word + digits, units[i].name) == 0 &&
			!str_u32((struct str){word, digits}, 0, UINT32_MAX, &n))
			return n * units[i].ms;
	}
	script_fail(s, "%s is no time", word);
}

uint8_t script_proto(struct script *s)
{
	const char *word = script_next(s);

	if (strcmp(word, "tcp") == 0)
		return MAP_PROTO_TCP;
	if (strcmp(word, "udp") == 0)
		return MAP_PROTO_UDP;
	s->at--;
	return (uint8_t)script_number(s);
}

static struct addr decode_addr(struct script *s, struct str text)
{
	struct addr a;

	if (addr_decode(text, &a))
		script_fail(s, "%.*s is no address", (int)text.len, text.p);
	return a;
}

struct addr script_addr(struct script *s)
{
	return decode_addr(s, str_from(script_next(s)));
}

struct endpoint script_endpoint(struct script *s)
{
	const char *word = script_next(s), *colon = strrchr(word, ':');
	bool bracket = word[0] == '[';
	struct endpoint e;
	uint32_t port = 0;

	if (!colon || str_u32(str_from(colon + 1), 0, UINT16_MAX, &port))
		script_fail(s, "%s is no endpoint", word);
	e.addr = decode_addr(s, (struct str){word + bracket,
		(size_t)(colon - word) - 2u * bracket});
	e.port = (uint16_t)port;
	return e;
}

struct prefix script_remote(struct script *s, bool is4)
{
	struct addr a;

	if (!script_take(s, "remote"))
		return is4 ? prefix_any4() : prefix_any6();
	a = script_addr(s);
	return prefix_host(&a);
}
