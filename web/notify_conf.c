/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration of postern-notify; see notify_conf.h. */
#include "web/notify_conf.h"

#include "protocols/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX 16384

struct decoder {
	struct notify_conf conf;
	unsigned given;		/* bits of keys */
};

static bool set_text(struct str value, char *out, size_t size)
{
	if (value.len == 0 || value.len >= size || !str_is_plain(value))
		return false;
	memcpy(out, value.p, value.len);
	out[value.len] = '\0';
	return true;
}

/* In the clear somebody on the way would read along; a token makes that worse, see check(). */
static bool is_url(struct str value)
{
	bool known = str_starts(value, STR("https://")) || str_starts(value, STR("http://"));

	return known && str_find(value, 0, ' ') == value.len;
}

static const char *set_url(struct decoder *d, struct str value)
{
	return is_url(value) && set_text(value, d->conf.url, NOTIFY_URL_MAX)
		       ? NULL : "url is https://... or http://...";
}

static const char *set_link(struct decoder *d, struct str value)
{
	return is_url(value) && set_text(value, d->conf.link, NOTIFY_URL_MAX)
		       ? NULL : "link is https://... or http://...";
}

static const char *set_token(struct decoder *d, struct str value)
{
	return set_text(value, d->conf.token, NOTIFY_TOKEN_MAX)
		       ? NULL : "token is up to 511 bytes without control characters";
}

static const char *set_kind(struct decoder *d, struct str value)
{
	if (!str_eq(value, STR("webhook")) && !str_eq(value, STR("ntfy")))
		return "kind is webhook or ntfy";
	d->conf.kind = str_eq(value, STR("ntfy")) ? NOTIFY_NTFY : NOTIFY_WEBHOOK;
	return NULL;
}

static const char *set_what(struct decoder *d, struct str value)
{
	d->conf.cards = d->conf.alerts = false;
	while (value.len > 0) {
		struct str word = str_trim(str_split(&value, ','));
		if (str_eq(word, STR("cards")))
			d->conf.cards = true;
		else if (str_eq(word, STR("alerts")))
			d->conf.alerts = true;
		else
			return "what is cards, alerts or both, separated by a comma";
	}
	return d->conf.cards || d->conf.alerts ? NULL : "what is cards, alerts or both";
}

static const struct {
	const char *name;
	const char *(*set)(struct decoder *d, struct str value);	/* NULL, or why not */
} keys[] = {
	{"url", set_url}, {"kind", set_kind}, {"token", set_token}, {"what", set_what},
	{"link", set_link},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* NULL, or what is wrong with it. */
static const char *take_line(struct decoder *d, struct str line)
{
	struct str value = line, name = str_trim(str_split(&value, '='));

	if (str_trim(line).len == 0 || line.p[0] == '#')
		return NULL;
	for (unsigned i = 0; i < KEYS; i++) {
		if (!str_eq(name, str_from(keys[i].name)))
			continue;
		if (d->given >> i & 1)
			return "this key was given before";
		d->given |= 1u << i;
		return keys[i].set(d, str_trim(value));
	}
	return "the keys are url, kind, token, what and link, as in: url = https://...";
}

static const char *check(const struct notify_conf *c)
{
	if (!c->url[0])
		return "there is no url";
	if (c->token[0] && !str_starts(str_from(c->url), STR("https://")))
		return "a token is for https:// only: everybody on the way would read it";
	return NULL;
}

int notify_conf_decode(struct str text, struct notify_conf *out, struct notify_conf_fault *fault)
{
	struct decoder d = {.conf = {.cards = true, .alerts = true}};
	struct notify_conf_fault found = {0};

	while (text.len > 0 && !found.why) {
		struct str line = str_split(&text, '\n');
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		found.line++;
		found.why = take_line(&d, line);
	}
	if (!found.why)
		found = (struct notify_conf_fault){.why = check(&d.conf)};
	if (found.why) {
		*fault = found;
		return ERR_SYNTAX;
	}
	*out = d.conf;
	return 0;
}

int notify_conf_load(const char *path, struct notify_conf *out, struct notify_conf_fault *fault)
{
	char text[FILE_MAX];
	FILE *in = fopen(path, "re");
	size_t len;
	bool bad;

	if (!in)
		return errno == ENOENT ? ERR_NOT_FOUND : errno == EACCES ? ERR_DENIED : ERR_IO;
	len = fread(text, 1, sizeof(text), in);
	bad = ferror(in);
	fclose(in);
	if (bad || len == sizeof(text))
		return ERR_IO;
	return notify_conf_decode((struct str){text, len}, out, fault);
}
