/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expat in front of the SOAP reader, and namespaces (XML Names section 6); see xml_expat.h. */
#include "gateway/xml_expat.h"

#include "protocols/err.h"

#include <expat.h>
#include <string.h>

#define BINDINGS_MAX 32		/* xmlns attributes in scope */
#define NAMES_MAX 2048		/* bytes of their prefixes and names */
#define REFERENCE_MAX 10	/* "#x0010ffff" */

struct binding {
	unsigned depth;
	struct str prefix;	/* empty: the default namespace */
	struct str space;
};

struct feed {
	XML_Parser parser;
	struct soap *soap;
	int err;
	unsigned depth;
	size_t count;
	struct binding bindings[BINDINGS_MAX];
	size_t used;
	char names[NAMES_MAX];
};

static void stop(struct feed *f, int err)
{
	if (!f->err)
		f->err = err;
	XML_StopParser(f->parser, XML_FALSE);
}

static struct str keep(struct feed *f, struct str s)
{
	struct str copy = {f->names + f->used, s.len};

	if (s.len > 0)
		memcpy(f->names + f->used, s.p, s.len);
	f->used += s.len;
	return copy;
}

static void bind(struct feed *f, struct str prefix, struct str space)
{
	struct binding *b = &f->bindings[f->count];

	if (f->count == BINDINGS_MAX || prefix.len + space.len > sizeof(f->names) - f->used) {
		stop(f, ERR_FULL);
		return;
	}
	b->depth = f->depth;
	b->prefix = keep(f, prefix);
	b->space = keep(f, space);
	f->count++;
}

/* Innermost first. */
static struct str find_space(const struct feed *f, struct str prefix)
{
	for (size_t i = f->count; i > 0; i--) {
		if (str_eq(f->bindings[i - 1].prefix, prefix))
			return f->bindings[i - 1].space;
	}
	return STR_NONE;
}

static void unbind(struct feed *f)
{
	while (f->count > 0 && f->bindings[f->count - 1].depth == f->depth) {
		f->count--;
		f->used = (size_t)(f->bindings[f->count].prefix.p - f->names);
	}
}

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	const struct str head = STR("xmlns");
	struct feed *f = arg;
	struct str local = str_from(name);
	struct str prefix = STR("");

	f->depth++;
	for (; attributes[0]; attributes += 2) {
		struct str key = str_from(attributes[0]);
		if (str_eq(key, head))
			bind(f, STR(""), str_from(attributes[1]));
		else if (str_starts(key, STR("xmlns:")))
			bind(f, str_sub(key, head.len + 1, key.len), str_from(attributes[1]));
	}
	if (str_find(local, 0, ':') < local.len)
		prefix = str_split(&local, ':');
	soap_start(f->soap, find_space(f, prefix), local);
	if (f->soap->err)
		stop(f, f->soap->err);
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
	struct feed *f = arg;

	(void)name;
	soap_end(f->soap);
	unbind(f);
	f->depth--;
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int len)
{
	struct feed *f = arg;

	soap_text(f->soap, (struct str){text, (size_t)len});
	if (f->soap->err)
		stop(f, f->soap->err);
}

static void XMLCALL on_doctype(void *arg, const XML_Char *name, const XML_Char *sysid,
	const XML_Char *pubid, int has_internal)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)has_internal;
	stop(arg, ERR_SYNTAX);
}

static void XMLCALL on_pi(void *arg, const XML_Char *target, const XML_Char *data)
{
	(void)target;
	(void)data;
	stop(arg, ERR_SYNTAX);
}

/* What follows an ampersand: a name or number up to a semicolon. */
static bool is_reference(struct str s)
{
	size_t end = str_find(s, 0, ';');

	if (end == 0 || end == s.len || end > REFERENCE_MAX)
		return false;
	for (size_t i = 0; i < end; i++) {
		char c = s.p[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			     (c >= 'a' && c <= 'z');
		if (!alnum && (c != '#' || i > 0))
			return false;
	}
	return true;
}

static enum XML_Status parse_strict(XML_Parser parser, struct str body)
{
	return XML_Parse(parser, body.p, (int)body.len, 1);
}

/* Ampersands that begin nothing are read as themselves. */
static enum XML_Status parse_lenient(XML_Parser parser, struct str body)
{
	static const char amp[] = "&amp;";
	enum XML_Status status = XML_STATUS_OK;

	while (body.p && status == XML_STATUS_OK) {
		struct str part = str_split(&body, '&');
		int add = is_reference(body) ? 1 : (int)sizeof(amp) - 1;

		status = XML_Parse(parser, part.p, (int)part.len, !body.p);
		if (status == XML_STATUS_OK && body.p)
			status = XML_Parse(parser, amp, add, 0);
	}
	return status;
}

typedef enum XML_Status parse_fn(XML_Parser parser, struct str body);

static int parse(struct soap *soap, struct str body, parse_fn *feed, enum XML_Error *error)
{
	struct feed f = {.soap = soap, .parser = XML_ParserCreate(NULL)};
	enum XML_Status status;

	if (!f.parser)
		return ERR_MEMORY;
	soap_init(soap);
	XML_SetUserData(f.parser, &f);
	XML_SetElementHandler(f.parser, on_start, on_end);
	XML_SetCharacterDataHandler(f.parser, on_text);
	XML_SetStartDoctypeDeclHandler(f.parser, on_doctype);
	XML_SetProcessingInstructionHandler(f.parser, on_pi);
	status = feed(f.parser, body);
	*error = XML_GetErrorCode(f.parser);
	XML_ParserFree(f.parser);
	if (f.err || status == XML_STATUS_OK)
		return f.err;
	return *error == XML_ERROR_NO_MEMORY ? ERR_MEMORY : ERR_SYNTAX;
}

int xml_expat_decode(struct soap *soap, const void *body, size_t len, struct soap_call *out)
{
	struct str text = {body, len};
	enum XML_Error error = XML_ERROR_NONE;
	int err;

	if (len > XML_EXPAT_MAX)
		return ERR_RANGE;
	err = parse(soap, text, parse_strict, &error);
	if (err == ERR_SYNTAX && error == XML_ERROR_INVALID_TOKEN)
		err = parse(soap, text, parse_lenient, &error);
	return err ? err : soap_decode(soap, out);
}
