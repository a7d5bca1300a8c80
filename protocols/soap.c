/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading calls, writing answers and faults (UDA 1.1 sections 3.1 and 3.2); see soap.h. */
#include "protocols/soap.h"

#include "protocols/err.h"
#include "protocols/xml.h"

#include <string.h>

#define ENVELOPE_SPACE "http://schemas.xmlsoap.org/soap/envelope/"

/* Depth of an element, its own start counted. */
enum {
	DEPTH_ENVELOPE = 1,
	DEPTH_BODY = 2,
	DEPTH_ACTION = 3,
	DEPTH_ARG = 4,
};

void soap_init(struct soap *s)
{
	s->err = 0;
	s->depth = 0;
	s->in_body = false;
	s->in_action = false;
	s->call = (struct soap_call){.count = 0};
	s->used = 0;
}

static void fail(struct soap *s, int err)
{
	if (!s->err)
		s->err = err;
}

/* Keeps a copy; STR_NONE and the error set when there is no room. */
static struct str keep(struct soap *s, struct str text)
{
	struct str copy = {s->text + s->used, text.len};

	if (text.len > sizeof(s->text) - s->used) {
		fail(s, ERR_RANGE);
		return STR_NONE;
	}
	if (text.len > 0)
		memcpy(s->text + s->used, text.p, text.len);
	s->used += text.len;
	return copy;
}

/* Splits at the last colon: "urn:...:WANIPConnection" and 2. */
static int decode_type(struct str type, struct soap_name *out)
{
	size_t colon = type.len;
	uint32_t version;

	while (colon > 0 && type.p[colon - 1] != ':')
		colon--;
	if (colon < 2 || str_u32(str_sub(type, colon, type.len), 1, 99, &version))
		return ERR_SYNTAX;
	out->service = str_sub(type, 0, colon - 1);
	out->version = version;
	return 0;
}

static bool is_soap(struct str space, struct str name, struct str wanted)
{
	/* Strays without a binding for their prefix are taken at their word. */
	return str_eq(name, wanted) && (space.len == 0 || str_eq(space, STR(ENVELOPE_SPACE)));
}

static void start_part(struct soap *s, struct str space, struct str name)
{
	if (is_soap(space, name, STR("Body"))) {
		if (s->call.name.action.p)
			fail(s, ERR_SYNTAX);
		s->in_body = true;
	} else if (!is_soap(space, name, STR("Header"))) {
		fail(s, ERR_SYNTAX);
	}
}

static void start_action(struct soap *s, struct str space, struct str name)
{
	struct soap_name *called = &s->call.name;

	if (called->action.p)
		fail(s, ERR_SYNTAX);
	if (space.len > 0 && decode_type(keep(s, space), called))
		fail(s, ERR_SYNTAX);
	called->action = keep(s, name);
	s->in_action = true;
}

static void start_arg(struct soap *s, struct str name)
{
	struct soap_arg *arg = &s->call.args[s->call.count];

	if (s->call.count == SOAP_ARGS_MAX) {
		fail(s, ERR_FULL);
		return;
	}
	arg->name = keep(s, name);
	arg->value = keep(s, STR(""));
	s->call.count++;
}

void soap_start(struct soap *s, struct str space, struct str local_name)
{
	if (s->err)
		return;
	s->depth++;
	if (s->depth > SOAP_DEPTH_MAX)
		fail(s, ERR_FULL);
	else if (s->depth == DEPTH_ENVELOPE && !is_soap(space, local_name, STR("Envelope")))
		fail(s, ERR_SYNTAX);
	else if (s->depth == DEPTH_BODY)
		start_part(s, space, local_name);
	else if (s->depth == DEPTH_ACTION && s->in_body)
		start_action(s, space, local_name);
	else if (s->depth == DEPTH_ARG && s->in_action)
		start_arg(s, local_name);
	else if (s->depth > DEPTH_ARG && s->in_action)
		fail(s, ERR_SYNTAX);	/* UPnP arguments are plain text */
}

void soap_text(struct soap *s, struct str text)
{
	/* The value is the last thing kept, so it can grow in place. */
	if (!s->err && s->depth == DEPTH_ARG && s->in_action)
		s->call.args[s->call.count - 1].value.len += keep(s, text).len;
}

void soap_end(struct soap *s)
{
	if (s->err)
		return;
	if (s->depth == 0) {
		fail(s, ERR_SYNTAX);
		return;
	}
	if (s->depth == DEPTH_ACTION)
		s->in_action = false;
	if (s->depth == DEPTH_BODY)
		s->in_body = false;
	s->depth--;
}

int soap_decode(const struct soap *s, struct soap_call *out)
{
	if (s->err)
		return s->err;
	if (s->depth > 0 || !s->call.name.action.p)
		return ERR_SYNTAX;
	*out = s->call;
	return 0;
}

int soap_action_decode(struct str field, struct soap_name *out)
{
	struct soap_name name;
	struct str type;

	field = str_trim(field);
	if (field.len >= 2 && field.p[0] == '"' && field.p[field.len - 1] == '"')
		field = str_sub(field, 1, field.len - 2);
	type = str_split(&field, '#');
	if (field.len == 0 || decode_type(type, &name))
		return ERR_SYNTAX;
	name.action = field;
	*out = name;
	return 0;
}

static void open_envelope(struct writer *w)
{
	writer_text(w, XML_HEAD "<s:Envelope xmlns:s=\"" ENVELOPE_SPACE "\" "
		"s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>");
}

static void close_envelope(struct writer *w)
{
	writer_text(w, "</s:Body></s:Envelope>\r\n");
}

void soap_answer_open(struct writer *w, const struct soap_name *called)
{
	open_envelope(w);
	writer_text(w, "<u:");
	xml_text(w, called->action);
	writer_text(w, "Response xmlns:u=\"");
	xml_text(w, called->service);
	writer_u8(w, ':');
	writer_dec(w, called->version);
	writer_text(w, "\">");
}

void soap_answer_close(struct writer *w, const struct soap_name *called)
{
	writer_text(w, "</u:");
	xml_text(w, called->action);
	writer_text(w, "Response>");
	close_envelope(w);
}

void soap_fault_encode(struct writer *w, unsigned code, const char *description)
{
	open_envelope(w);
	writer_text(w, "<s:Fault><faultcode>s:Client</faultcode>"
		"<faultstring>UPnPError</faultstring><detail>"
		"<UPnPError xmlns=\"urn:schemas-upnp-org:control-1-0\">");
	xml_number(w, "errorCode", code);
	xml_element(w, "errorDescription", str_from(description));
	writer_text(w, "</UPnPError></detail></s:Fault>");
	close_envelope(w);
}
