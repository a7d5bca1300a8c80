/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subscriptions asked for, messages sent; see gena.h. */
#include "protocols/gena.h"

#include "protocols/err.h"
#include "protocols/xml.h"

#define BAD_REQUEST 400
#define PRECONDITION_FAILED 412
#define HTTP_PORT 80

/* ---- CALLBACK ---- */

/* What a URL of UDA 1.1 may hold and what cannot break a request line: visible ASCII. */
static bool is_clean(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '#')
			return false;
	}
	return true;
}

/* "address", "address:port", "[address]:port"; a zone is of the subscriber's and tells us nothing.
 * Names, user names and empty ports are refused by the digits they lack. */
static int decode_authority(struct str s, struct endpoint *out)
{
	struct endpoint to = {.port = HTTP_PORT};
	bool bracket = str_starts(s, STR("["));
	struct str rest = bracket ? str_sub(s, 1, s.len - 1) : s;
	struct str host = str_split(&rest, bracket ? ']' : ':');
	uint32_t port = HTTP_PORT;

	if (bracket && (!rest.p || str_split(&rest, ':').len > 0))
		return ERR_SYNTAX;
	if (bracket)
		host = str_split(&host, '%');
	if (addr_decode(host, &to.addr) || (str_find(host, 0, ':') < host.len) != bracket)
		return ERR_SYNTAX;
	if (rest.p && str_u32(rest, 1, UINT16_MAX, &port))
		return ERR_RANGE;
	to.port = (uint16_t)port;
	*out = to;
	return 0;
}

static int decode_url(struct str s, struct gena_url *out)
{
	static const struct str scheme = {"http://", 7};
	size_t slash;
	struct gena_url url;

	if (!is_clean(s) || !str_eqi(str_sub(s, 0, scheme.len), scheme))
		return ERR_SYNTAX;
	s = str_sub(s, scheme.len, s.len);
	slash = str_find(s, 0, '/');
	if (decode_authority(str_sub(s, 0, slash), &url.to))
		return ERR_SYNTAX;
	url.target = str_sub(s, slash + 1, s.len);
	if (url.target.len >= GENA_TARGET_MAX)
		return ERR_RANGE;
	*out = url;
	return 0;
}

/* "<URL><URL>..." with any space between. */
static int decode_callbacks(struct str list, const struct addr *client, struct gena_request *out)
{
	out->count = 0;
	for (list = str_trim(list); list.len > 0; list = str_trim(list)) {
		struct gena_url url;
		struct str item;

		if (!str_starts(list, STR("<")))
			return ERR_SYNTAX;
		item = str_split(&list, '>');
		if (!list.p)
			return ERR_SYNTAX;
		if (out->count < GENA_CALLBACKS_MAX &&
		    decode_url(str_sub(item, 1, item.len - 1), &url) == 0 &&
		    addr_eq(&url.to.addr, client))
			out->callbacks[out->count++] = url;
	}
	return out->count > 0 ? 0 : ERR_NOT_FOUND;
}

/* ---- requests ---- */

/* "Second-1800"; "infinite" and rubbish are taken for a field that is not there. */
static uint32_t decode_timeout(struct str s)
{
	static const struct str unit = {"Second-", 7};
	uint64_t seconds = 0;

	if (!str_eqi(str_sub(s, 0, unit.len), unit) ||
	    str_u64(str_sub(s, unit.len, s.len), UINT64_MAX, &seconds) ||
	    seconds < GENA_TIMEOUT_MIN_S)
		return GENA_TIMEOUT_MIN_S;
	return seconds > GENA_TIMEOUT_MAX_S ? GENA_TIMEOUT_MAX_S : (uint32_t)seconds;
}

unsigned gena_decode_subscribe(const struct gena_fields *fields, const struct addr *client,
	struct gena_request *out)
{
	struct gena_request request = {
		.sid = fields->sid,
		.timeout_s = decode_timeout(fields->timeout),
	};

	if (fields->sid.p && (fields->nt.p || fields->callback.p))
		return BAD_REQUEST;
	if (!fields->sid.p && (!str_eq(fields->nt, STR("upnp:event")) ||
		    decode_callbacks(fields->callback, client, &request)))
		return PRECONDITION_FAILED;
	*out = request;
	return 0;
}

unsigned gena_decode_unsubscribe(const struct gena_fields *fields, struct str *sid)
{
	if (fields->nt.p || fields->callback.p)
		return BAD_REQUEST;
	if (!fields->sid.p)
		return PRECONDITION_FAILED;
	*sid = fields->sid;
	return 0;
}

/* ---- messages ---- */

void gena_encode_sid(struct writer *w, const struct igd_uuid *id)
{
	igd_table_udn(w, id, IGD_DEVICE_ROOT);	/* the same notation, of the id as it is */
}

void gena_encode_open(struct writer *w)
{
	writer_text(w, XML_HEAD "<e:propertyset xmlns:e=\"urn:schemas-upnp-org:event-1-0\">");
}

void gena_encode_property(struct writer *w, const char *name, struct str value)
{
	xml_open(w, "e:property");
	xml_element(w, name, value);
	xml_close(w, "e:property");
}

void gena_encode_close(struct writer *w)
{
	writer_text(w, "</e:propertyset>\r\n");
}

static void write_host(struct writer *w, const struct endpoint *to)
{
	bool is4 = addr_is4(&to->addr);

	writer_text(w, is4 ? "" : "[");
	addr_encode(w, &to->addr);
	writer_text(w, is4 ? ":" : "]:");
	writer_dec(w, to->port);
}

void gena_encode_notify(struct writer *w, const struct gena_url *url, struct str sid, uint32_t seq,
	struct str body)
{
	writer_text(w, "NOTIFY /");
	writer_str(w, url->target);
	writer_text(w, " HTTP/1.1\r\nHOST: ");
	write_host(w, &url->to);
	writer_text(w, "\r\nCONTENT-TYPE: text/xml; charset=\"utf-8\"\r\nCONTENT-LENGTH: ");
	writer_dec(w, body.len);
	writer_text(w, "\r\nNT: upnp:event\r\nNTS: upnp:propchange\r\nSID: ");
	writer_str(w, sid);
	writer_text(w, "\r\nSEQ: ");
	writer_dec(w, seq);
	writer_text(w, "\r\nCONNECTION: close\r\n\r\n");
	writer_str(w, body);
}

uint32_t gena_next_seq(uint32_t seq)
{
	return seq == UINT32_MAX ? 1 : seq + 1;
}

int gena_decode_answer(const void *bytes, size_t len, unsigned *status)
{
	struct str line = {bytes, len};
	size_t end = str_find(line, 0, '\n');
	uint32_t code;

	line = str_sub(line, 0, end);
	if (!str_eqi(str_sub(line, 0, 7), str_sub(STR("HTTP/1."), 0, line.len)))
		return ERR_SYNTAX;
	if (end == len)
		return len < GENA_ANSWER_MAX ? ERR_SHORT : ERR_SYNTAX;
	(void)str_split(&line, ' ');
	if (str_u32(str_sub(line, 0, 3), 100, 999, &code))
		return ERR_SYNTAX;
	*status = code;
	return 0;
}
