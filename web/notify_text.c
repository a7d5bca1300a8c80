/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of postern-notify; see notify_text.h. */
#include "web/notify_text.h"

#include "gateway/log.h"
#include "protocols/err.h"
#include "protocols/reader.h"
#include "web/cli_cell.h"

#include <stdlib.h>
#include <string.h>

#define QUOTED_MAX 1024	/* one piece of it, escaped */

/* Text of the LAN. */
static void put_foreign(struct writer *w, struct str s)
{
	char plain[QUOTED_MAX];
	size_t len = log_escape(s, plain, sizeof(plain));

	writer_str(w, (struct str){plain, len});
}

static void put_item(struct writer *w, const json_t *item)
{
	uint64_t outer = cli_number_of(item, "external_port");
	struct str says = cli_text_of(item, "description");
	struct str why = cli_text_of(json_object_get(item, "risk"), "why");

	writer_text(w, "\n- ");
	writer_str(w, cli_text_of(item, "protocol"));
	writer_text(w, " port ");
	writer_dec(w, outer ? outer : cli_number_of(json_object_get(item, "internal"), "port"));
	writer_text(w, " by ");
	writer_str(w, cli_text_of(item, "origin"));
	if (says.len > 0) {
		writer_text(w, ", it calls it \"");
		put_foreign(w, says);
		writer_text(w, "\"");
	}
	if (why.len > 0) {
		writer_text(w, " (");
		writer_str(w, why);
		writer_text(w, ")");
	}
}

static void put_card(struct writer *w, const json_t *card)
{
	const json_t *items = json_object_get(card, "items");
	const json_t *device = json_object_get(card, "device");
	struct str name = cli_device_name(device), vendor = cli_text_of(device, "vendor");

	put_foreign(w, name.len ? name : STR("A device"));
	if (vendor.len > 0) {
		writer_text(w, " (");
		put_foreign(w, vendor);
		writer_text(w, ")");
	}
	writer_text(w, " asks to be reached from the Internet:");
	for (size_t i = 0; i < json_array_size(items); i++)
		put_item(w, json_array_get(items, i));
	if (cli_number_of(card, "more"))
		writer_text(w, "\n- and more");
	writer_text(w, "\nUntil you answer this stays closed.");
}

static void put_alert(struct writer *w, const json_t *alert)
{
	put_foreign(w, cli_text_of(alert, "sentence"));
	writer_text(w, "\n");
	writer_str(w, cli_text_of(alert, "advice"));
}

static struct notify_key key_of(const json_t *event, bool is_card)
{
	return (struct notify_key){
		.kind = is_card ? 'c' : 'a',
		.id = cli_number_of(event, "id"),
		.since = cli_number_of(event, is_card ? "made" : "first"),
		.count = is_card ? cli_number_of(event, "prompts") : 1,
	};
}

static bool is_over(const json_t *event, bool is_card)
{
	if (json_is_true(json_object_get(event, "gone")))
		return true;
	if (is_card)
		return !str_eq(cli_text_of(event, "state"), STR("open"));
	return json_is_true(json_object_get(event, "over")) ||
	       json_is_true(json_object_get(event, "expected"));
}

static char *body_of(const struct notify_message *m, const char *name, const char *link,
	json_t *event)
{
	json_t *root = json_pack("{s:s, s:s, s:s, s:s*, s:O}", "kind", name, "title", m->title,
		"text", m->text, "link", link[0] ? link : NULL, "event", event);
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

	json_decref(root);
	return text;
}

int notify_text_make(const char *name, struct str data, const char *link,
	struct notify_message *out)
{
	bool is_card = strcmp(name, "card") == 0;
	struct notify_message m = {0};
	struct writer w = writer_to(m.text, sizeof(m.text) - 1);
	json_t *event;

	if (!is_card && strcmp(name, "alert") != 0)
		return ERR_IGNORE;
	event = json_loadb(data.p, data.len, JSON_REJECT_DUPLICATES, NULL);
	m.key = key_of(event, is_card);
	if (m.key.id == 0) {
		json_decref(event);
		return ERR_SYNTAX;
	}
	m.over = is_over(event, is_card);
	strncpy(m.title, is_card ? "A device asks" : "The router has an alert",
		sizeof(m.title) - 1);
	if (is_card)
		put_card(&w, event);
	else
		put_alert(&w, event);
	m.body = body_of(&m, name, link, event);
	json_decref(event);
	if (!m.body)
		return ERR_MEMORY;
	*out = m;
	return 0;
}

void notify_text_free(struct notify_message *m)
{
	free(m->body);
	m->body = NULL;
}
