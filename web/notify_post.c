/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POST to a webhook or an ntfy topic; see notify_post.h. */
#include "web/notify_post.h"

#include "protocols/err.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_S 10L
#define WHOLE_S 20L	/* a server that never answers holds up the next message so long */
#define FIELD_SIZE (NOTIFY_URL_MAX + 32)

struct notify_post {
	const struct notify_conf *conf;
	CURL *curl;
	char why[CURL_ERROR_SIZE];
};

/* Whatever the server says is of no use. */
static size_t ignore(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	(void)arg;
	return size * count;
}

static bool set_up(struct notify_post *p)
{
	CURL *c = p->curl;

	return curl_easy_setopt(c, CURLOPT_URL, p->conf->url) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT, WHOLE_S) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ignore) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_ERRORBUFFER, p->why) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_USERAGENT, "postern/" POSTERN_VERSION) == CURLE_OK;
}

struct notify_post *notify_post_new(const struct notify_conf *conf)
{
	struct notify_post *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->conf = conf;
	p->curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
	if (p->curl && set_up(p))
		return p;
	notify_post_free(p);
	return NULL;
}

/* False: no memory; what there was is freed. */
static bool add_field(struct curl_slist **fields, const char *name, const char *value)
{
	char line[FIELD_SIZE];
	struct curl_slist *more;

	snprintf(line, sizeof(line), "%s: %s", name, value);
	more = curl_slist_append(*fields, line);
	if (!more) {
		curl_slist_free_all(*fields);
		*fields = NULL;
		return false;
	}
	*fields = more;
	return true;
}

/* Of header fields only our own words and the configuration are made. */
static bool add_ntfy(struct curl_slist **fields, const struct notify_conf *conf,
	const struct notify_message *m)
{
	return add_field(fields, "Content-Type", "text/plain; charset=utf-8") &&
	       add_field(fields, "Title", m->title) &&
	       add_field(fields, "Priority", m->key.kind == 'a' ? "high" : "default") &&
	       (!conf->link[0] || add_field(fields, "Click", conf->link));
}

static bool add_fields(struct curl_slist **fields, const struct notify_conf *conf,
	const struct notify_message *m)
{
	char bearer[NOTIFY_TOKEN_MAX + 16];

	snprintf(bearer, sizeof(bearer), "Bearer %s", conf->token);
	if (conf->token[0] && !add_field(fields, "Authorization", bearer))
		return false;
	return conf->kind == NOTIFY_NTFY ? add_ntfy(fields, conf, m)
					 : add_field(fields, "Content-Type", "application/json");
}

/* A wrong request stays wrong; what is too much or too early does not. */
static int judge(struct notify_post *p)
{
	long status = 0;

	curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300)
		return 0;
	snprintf(p->why, sizeof(p->why), "it answered %ld", status);
	return status >= 300 && status < 500 && status != 408 && status != 425 && status != 429
		       ? ERR_DENIED : ERR_BUSY;
}

int notify_post_send(struct notify_post *post, const struct notify_message *m, const char **why)
{
	const char *body = post->conf->kind == NOTIFY_NTFY ? m->text : m->body;
	struct curl_slist *fields = NULL;
	CURLcode code = CURLE_OUT_OF_MEMORY;

	*why = post->why;
	post->why[0] = '\0';
	if (!add_fields(&fields, post->conf, m))
		return ERR_MEMORY;
	if (curl_easy_setopt(post->curl, CURLOPT_HTTPHEADER, fields) == CURLE_OK &&
	    curl_easy_setopt(post->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body)) == CURLE_OK &&
	    curl_easy_setopt(post->curl, CURLOPT_POSTFIELDS, body) == CURLE_OK)
		code = curl_easy_perform(post->curl);
	curl_slist_free_all(fields);
	if (code == CURLE_OK)
		return judge(post);
	if (!post->why[0])
		snprintf(post->why, sizeof(post->why), "%s", curl_easy_strerror(code));
	return code == CURLE_OUT_OF_MEMORY ? ERR_MEMORY : ERR_BUSY;
}

void notify_post_free(struct notify_post *post)
{
	if (!post)
		return;
	curl_easy_cleanup(post->curl);
	free(post);
}
