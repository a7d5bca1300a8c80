/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page in the clear: where the real ones are, why the browser will warn once, and by what to
 * know that it is this router's certificate. It says nothing that whoever is on the LAN could not
 * find out, and takes nothing.
 */
#include "protocols/err.h"
#include "protocols/reader.h"
#include "web/web_int.h"

#define PAGE_MAX 4096

void web_explain_url(const struct web *web, const struct addr *at, char out[WEB_URL_MAX])
{
	struct writer w = writer_to(out, WEB_URL_MAX - 1);
	const struct conf *conf = web->config.conf;

	writer_text(&w, conf->web_tls ? "https://" : "http://");
	writer_text(&w, addr_is4(at) ? "" : "[");
	addr_encode(&w, at);
	writer_text(&w, addr_is4(at) ? ":" : "]:");
	writer_dec(&w, conf->web_port);
	writer_text(&w, "/");
	out[w.len] = '\0';
}

static void write_page(struct writer *w, const char *url, const char *fingerprint)
{
	writer_text(w, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<title>Postern</title>\n<h1>Postern</h1>\n");
	if (!fingerprint[0]) {
		writer_text(w, "<p>This router has no certificate, so its pages are shown only on "
			"the router itself.</p>\n</html>\n");
		return;
	}
	writer_text(w, "<p>The pages of this router are at <a href=\"");
	writer_text(w, url);
	writer_text(w, "\">");
	writer_text(w, url);
	writer_text(w, "</a>.</p>\n"
		"<p>Your browser will warn you once: it does not know this router&rsquo;s "
		"certificate, which the router made itself, because no public authority vouches "
		"for addresses at home. The connection is encrypted all the same.</p>\n"
		"<p>To be sure that it is this router and nobody in between, compare the "
		"SHA-256 fingerprint that the browser shows with the one that <code>postern "
		"setup</code> prints on the router:</p>\n<p><code>");
	writer_text(w, fingerprint);
	writer_text(w, "</code></p>\n<p>What you read here came unencrypted, so the "
		"router&rsquo;s own word counts.</p>\n</html>\n");
}

void web_explain_answer(const struct web *web, struct httpd_request *req)
{
	static const struct httpd_field allow = {"Allow", "GET, HEAD"};
	char page[PAGE_MAX], url[WEB_URL_MAX];
	struct writer w = writer_to(page, sizeof(page));
	struct httpd_answer answer = {.status = 404};

	if (!str_eq(req->method, STR("GET"))) {
		answer = (struct httpd_answer){.status = 405, .fields = &allow, .field_count = 1};
	} else if (str_eq(req->path, STR("/"))) {
		web_explain_url(web, &req->peer->local.addr, url);
		write_page(&w, url, web->cert.fingerprint);
		answer = (struct httpd_answer){
			.status = 200,
			.type = "text/html; charset=utf-8",
			.body = page,
			.body_len = w.len,
		};
	}
	httpd_answer(req, &answer);
}
