/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serving what is built in; see pages.h. */
#include "web/pages.h"

#include "protocols/err.h"

static const struct page *find(struct str path)
{
	if (str_eq(path, STR("/")))
		path = STR("/index.html");
	for (size_t i = 0; i < pages_count; i++) {
		if (str_eq(str_from(pages_table[i].path), path))
			return &pages_table[i];
	}
	return NULL;
}

/* q=0, with as many zeros behind the point as somebody likes (RFC 9110 section 12.4.2). */
static bool is_zero(struct str params)
{
	struct str q = str_trim(params);

	if (!str_starts(q, STR("q=0")) && !str_starts(q, STR("Q=0")))
		return false;
	for (size_t i = 3; i < q.len; i++) {
		if (q.p[i] != '.' && q.p[i] != '0')
			return false;
	}
	return true;
}

/* RFC 9110 section 12.5.3: who does not say takes anything. */
static bool takes_gzip(const struct httpd_request *req)
{
	struct str rest;
	bool any = false;

	if (httpd_field(req, STR("Accept-Encoding"), &rest))
		return true;
	while (rest.len > 0) {
		struct str params = str_split(&rest, ',');
		struct str coding = str_trim(str_split(&params, ';'));
		if (str_eqi(coding, STR("gzip")) || str_eqi(coding, STR("x-gzip")))
			return !is_zero(params);
		if (str_eq(coding, STR("*")))
			any = !is_zero(params);
	}
	return any;
}

/* RFC 9110 section 13.1.2; weak and strong tags compare alike here. */
static bool has_it(const struct httpd_request *req, const char *etag)
{
	struct str rest;

	if (httpd_field(req, STR("If-None-Match"), &rest))
		return false;
	while (rest.len > 0) {
		struct str tag = str_trim(str_split(&rest, ','));
		if (str_starts(tag, STR("W/")))
			tag = str_sub(tag, 2, tag.len);
		if (str_eq(tag, str_from(etag)) || str_eq(tag, STR("*")))
			return true;
	}
	return false;
}

static void refuse(struct httpd_request *req, unsigned status, struct str text)
{
	static const struct httpd_field allow = {"Allow", "GET, HEAD"};
	const struct httpd_answer answer = {
		.status = status,
		.type = "text/plain; charset=utf-8",
		.fields = &allow,
		.field_count = status == 405,
		.body = text.p,
		.body_len = text.len,
		.body_lasts = true,
	};
	httpd_answer(req, &answer);
}

static void send(struct httpd_request *req, const struct page *page)
{
	const struct httpd_field fields[] = {
		{"ETag", page->etag},
		/* Kept, but asked for each time: an update is seen at once. */
		{"Cache-Control", "no-cache"},
		{"Content-Encoding", "gzip"},
	};
	const bool same = has_it(req, page->etag);
	const struct httpd_answer answer = {
		.status = same ? 304 : 200,
		.type = same ? NULL : page->type,
		.fields = fields,
		.field_count = same ? 2 : 3,
		.body = page->gzip,
		.body_len = same ? 0 : page->len,
		.body_lasts = true,
	};
	httpd_answer(req, &answer);
}

void pages_answer(struct httpd_request *req)
{
	const struct page *page = find(req->path);

	if (!page)
		refuse(req, 404, STR("There is no such page.\n"));
	else if (!str_eq(req->method, STR("GET")))
		refuse(req, 405, STR("Pages are read only.\n"));
	else if (!takes_gzip(req))
		refuse(req, 406, STR("Pages are sent compressed with gzip only.\n"));
	else
		send(req, page);
}
