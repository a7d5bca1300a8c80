/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of a request: the checks that keep two readers of one byte stream from seeing different
 * requests (RFC 9112 section 11.2) and that libmicrohttpd leaves out, and looking fields up.
 */
#include "gateway/httpd_head.h"

#include "protocols/err.h"

#include <string.h>

struct head {
	size_t fields, hosts, lengths, encodings;
	struct str host, length, encoding;
};

static enum MHD_Result look_at_field(void *arg, enum MHD_ValueKind kind, const char *key,
	const char *value)
{
	struct head *h = arg;
	struct str name = str_from(key);
	struct str text = value ? str_trim(str_from(value)) : STR("");

	(void)kind;
	h->fields++;
	if (str_eqi(name, STR("Host"))) {
		h->hosts++;
		h->host = text;
	} else if (str_eqi(name, STR("Content-Length"))) {
		h->lengths++;
		h->length = text;
	} else if (str_eqi(name, STR("Transfer-Encoding"))) {
		h->encodings++;
		h->encoding = text;
	}
	return MHD_YES;
}

/* origin-form, absolute-form (RFC 9112 section 3.2.2) or "*". */
static bool split_target(struct httpd_conn *conn)
{
	struct str rest = str_from(conn->target);
	struct str scheme = STR("http://");

	if (rest.len > scheme.len && str_eqi(str_sub(rest, 0, scheme.len), scheme)) {
		size_t slash = str_find(rest, scheme.len, '/');
		rest = slash == rest.len ? STR("/") : str_sub(rest, slash, rest.len - slash);
	}
	conn->req.path = str_split(&rest, '?');
	conn->req.query = rest;
	return str_starts(conn->req.path, STR("/")) || str_eq(conn->req.path, STR("*"));
}

unsigned httpd_head_check(struct httpd_conn *conn, const char *version)
{
	struct head h = {0};
	bool old = str_eq(str_from(version), STR("HTTP/1.0"));
	uint64_t length = 0;

	MHD_get_connection_values(conn->mhd, MHD_HEADER_KIND, look_at_field, &h);
	conn->req.host = h.hosts ? h.host : STR_NONE;
	if (conn->too_long)
		return MHD_HTTP_URI_TOO_LONG;
	if (h.fields > HTTPD_FIELDS_MAX)
		return MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
	if (!split_target(conn) || h.hosts > 1 || (h.hosts == 0 && !old) || h.lengths > 1)
		return MHD_HTTP_BAD_REQUEST;
	if (h.encodings > 0 && (h.encodings > 1 || h.lengths > 0 || old ||
		    !str_eqi(h.encoding, STR("chunked"))))
		return MHD_HTTP_BAD_REQUEST;
	if (h.lengths && str_u64(h.length, UINT64_MAX, &length) != 0)
		return MHD_HTTP_BAD_REQUEST;
	return length > httpd_conn_body_max(conn) ? MHD_HTTP_CONTENT_TOO_LARGE : 0;
}

bool httpd_head_has_nul(const struct httpd_conn *conn, const char *url, const char *version)
{
	uintptr_t gap = (uintptr_t)version - ((uintptr_t)url + strlen(conn->target));

	return !conn->too_long && gap > 1 && gap < HTTPD_MEMORY;
}

struct lookup {
	struct str name;
	struct str value;
	size_t count;
};

static enum MHD_Result match_field(void *arg, enum MHD_ValueKind kind, const char *key,
	const char *value)
{
	struct lookup *l = arg;

	(void)kind;
	if (str_eqi(str_from(key), l->name)) {
		l->count++;
		l->value = value ? str_trim(str_from(value)) : STR("");
	}
	return MHD_YES;
}

static int found(const struct lookup *l, struct str *out)
{
	if (l->count != 1)
		return l->count ? ERR_EXISTS : ERR_NOT_FOUND;
	*out = l->value;
	return 0;
}

int httpd_field(const struct httpd_request *req, struct str name, struct str *out)
{
	struct lookup l = {.name = name};

	MHD_get_connection_values(((const struct httpd_conn *)req)->mhd, MHD_HEADER_KIND,
		match_field, &l);
	return found(&l, out);
}

int httpd_query(const struct httpd_request *req, struct str name, struct str *out)
{
	struct lookup l = {.name = name};

	for (struct str rest = req->query; rest.len > 0;) {
		struct str value = str_split(&rest, '&');
		if (str_eq(str_split(&value, '='), name)) {
			l.count++;
			l.value = value;
		}
	}
	return found(&l, out);
}
