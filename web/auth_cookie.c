/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session's cookie; see auth_cookie.h. */
#include "web/auth_cookie.h"

#include "protocols/err.h"
#include "protocols/reader.h"

bool auth_cookie_is_secure(const struct httpd_request *req)
{
	struct str origin;

	if (req->peer->tls)
		return true;
	return req->peer->is_unix && httpd_field(req, STR("Origin"), &origin) == 0 &&
	       str_starts(origin, STR("https://"));
}

static int find(struct str header, struct str name, struct str *out)
{
	int err = ERR_NOT_FOUND;

	while (header.len > 0) {
		struct str value = str_trim(str_split(&header, ';'));
		if (!str_eq(str_split(&value, '='), name))
			continue;
		if (!err)
			return ERR_EXISTS;
		*out = value.p ? value : STR("");
		err = 0;
	}
	return err;
}

int auth_cookie_find(const struct httpd_request *req, struct str *out)
{
	struct str header;
	int err = httpd_field(req, STR("Cookie"), &header);

	if (err)
		return err;
	if (req->peer->tls)
		return find(header, STR(AUTH_COOKIE_TLS), out);
	err = req->peer->is_unix ? find(header, STR(AUTH_COOKIE_TLS), out) : ERR_NOT_FOUND;
	return err == ERR_NOT_FOUND ? find(header, STR(AUTH_COOKIE_PLAIN), out) : err;
}

void auth_cookie_write(const struct httpd_request *req, const char *value, uint32_t lasts_s,
	char out[AUTH_COOKIE_TEXT_MAX])
{
	struct writer w = writer_to(out, AUTH_COOKIE_TEXT_MAX - 1);
	bool secure = auth_cookie_is_secure(req);

	writer_text(&w, secure ? AUTH_COOKIE_TLS "=" : AUTH_COOKIE_PLAIN "=");
	writer_text(&w, value);
	writer_text(&w, "; Path=/; HttpOnly; SameSite=Strict");
	if (secure)
		writer_text(&w, "; Secure");
	if (lasts_s || !value[0]) {
		writer_text(&w, "; Max-Age=");
		writer_dec(&w, lasts_s);
	}
	out[w.len] = '\0';
}
