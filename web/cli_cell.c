/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields, cells and lines; see cli_cell.h. */
#include "web/cli_cell.h"

#include <string.h>

/* ---- fields ---- */

struct str cli_text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	return str_from(text ? text : "");
}

uint64_t cli_number_of(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));
	return n > 0 ? (uint64_t)n : 0;
}

bool cli_has(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	return v && !json_is_null(v);
}

const json_t *cli_rows_of(const json_t *root, const char *key)
{
	const json_t *rows = json_object_get(root, key);
	return json_is_array(rows) ? rows : NULL;
}

/* ---- cells ---- */

void cli_put_endpoint(struct writer *w, const json_t *e)
{
	struct str address = cli_text_of(e, "address");
	bool six = str_find(address, 0, ':') < address.len;

	writer_text(w, six ? "[" : "");
	writer_str(w, address.len ? address : STR("*"));
	writer_text(w, six ? "]:" : ":");
	writer_dec(w, cli_number_of(e, "port"));
}

void cli_cell_endpoint(struct cli_table *t, const json_t *e)
{
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (cli_has(e, "port") || cli_has(e, "address"))
		cli_put_endpoint(&w, e);
	cli_table_cell(t, writer_done(&w));
}

void cli_cell_number(struct cli_table *t, const json_t *o, const char *key)
{
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (cli_has(o, key))
		writer_dec(&w, cli_number_of(o, key));
	cli_table_cell(t, writer_done(&w));
}

void cli_put_left(struct writer *w, const json_t *o, const char *key)
{
	if (cli_has(o, key))
		cli_text_duration(w, cli_number_of(o, key));
	else
		writer_text(w, cli_has(o, "hand") ? "-" : "while at home");
}

void cli_cell_left(struct cli_table *t, const json_t *o)
{
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	cli_put_left(&w, o, "left_s");
	cli_table_cell(t, writer_done(&w));
}

void cli_cell_time(struct cli_table *t, const json_t *o, const char *key)
{
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (cli_has(o, key))
		cli_text_time(&w, cli_number_of(o, key));
	cli_table_cell(t, writer_done(&w));
}

void cli_put_from(struct writer *w, const json_t *opening)
{
	const json_t *remote = json_object_get(opening, "remote");

	for (size_t i = 0; i < json_array_size(remote); i++) {
		const json_t *peer = json_array_get(remote, i);
		struct str from = cli_text_of(peer, "from");
		writer_text(w, i ? ", " : "");
		writer_str(w, from.len ? from : STR("anyone"));
		if (cli_has(peer, "port")) {
			writer_text(w, " port ");
			writer_dec(w, cli_number_of(peer, "port"));
		}
	}
	if (json_array_size(remote) == 0)
		writer_text(w, "anyone");
}

void cli_cell_from(struct cli_table *t, const json_t *opening)
{
	char text[4 * CLI_CELL];	/* every filter a PCP client may set */
	struct writer w = writer_to(text, sizeof(text));

	cli_put_from(&w, opening);
	cli_table_cell(t, writer_done(&w));
}

struct str cli_device_name(const json_t *device)
{
	struct str name = cli_text_of(device, "name");
	return name.len ? name : cli_text_of(device, "mac");
}

const char *cli_state_of(const json_t *opening)
{
	if (json_is_false(json_object_get(opening, "enabled")))
		return "switched off";
	if (json_is_true(json_object_get(opening, "suspended")))
		return "suspended";
	return json_is_true(json_object_get(opening, "active")) ? "open" : "not active";
}

/* Every door that has a lease on it, and what the first one with words says. */
void cli_put_origins(struct writer *w, const json_t *opening)
{
	const json_t *leases = json_object_get(opening, "leases");

	for (size_t i = 0; i < json_array_size(leases); i++) {
		writer_text(w, i ? "," : "");
		writer_str(w, cli_text_of(json_array_get(leases, i), "origin"));
	}
}

struct str cli_description_of(const json_t *opening)
{
	const json_t *leases = json_object_get(opening, "leases");
	struct str s = STR_NONE;

	for (size_t i = 0; s.len == 0 && i < json_array_size(leases); i++)
		s = cli_text_of(json_array_get(leases, i), "description");
	return s;
}

void cli_cell_origins(struct cli_table *t, const json_t *opening)
{
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	cli_put_origins(&w, opening);
	cli_table_cell(t, writer_done(&w));
}

void cli_cell_traffic(struct cli_table *t, const json_t *opening)
{
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	cli_text_bytes(&w, cli_number_of(opening, "bytes"));
	cli_table_cell(t, writer_done(&w));
}

void cli_put_card(struct writer *w, const json_t *card)
{
	const json_t *items = json_object_get(card, "items");
	struct str name = cli_device_name(json_object_get(card, "device"));

	writer_text(w, "card ");
	writer_dec(w, cli_number_of(card, "id"));
	writer_text(w, ": ");
	writer_str(w, name.len ? name : STR("a device"));
	writer_text(w, " wants");
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);
		uint64_t outer = cli_number_of(item, "external_port");
		writer_text(w, i ? ", " : " ");
		writer_str(w, cli_text_of(item, "protocol"));
		writer_text(w, " ");
		writer_dec(w, outer ? outer
			: cli_number_of(json_object_get(item, "internal"), "port"));
	}
	if (cli_number_of(card, "more"))
		writer_text(w, " and more");
}

/* ---- lines ---- */

int cli_finish(struct cli_table *t, FILE *out)
{
	int err = cli_table_print(t, out);

	cli_table_free(t);
	return err;
}

void cli_put_count(struct writer *w, uint64_t n, const char *one, const char *many)
{
	writer_dec(w, n);
	writer_text(w, n == 1 ? one : many);
}

void cli_put_line(FILE *out, const struct writer *w)
{
	struct str s = writer_done(w);

	fwrite(s.p, 1, s.len, out);
	fputc('\n', out);
}
