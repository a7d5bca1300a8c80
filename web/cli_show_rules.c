/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules, presets, explanations and proofs in words; see cli_show.h. */
#include "protocols/err.h"
#include "web/cli_cell.h"
#include "web/cli_show.h"

#include <string.h>

/* A value of any kind as text. */
static void put_value(struct writer *w, const json_t *v)
{
	if (json_is_integer(v))
		writer_dec(w, (uint64_t)json_integer_value(v));
	else if (json_is_string(v))
		writer_text(w, json_string_value(v));
	else if (json_is_true(v))
		writer_text(w, "yes");
	for (size_t i = 0; i < json_array_size(v); i++) {
		const char *word = json_string_value(json_array_get(v, i));
		writer_text(w, i ? "," : "");
		writer_text(w, word ? word : "?");
	}
}

/* "device 7", or what the owner calls it. */
static void put_device(struct writer *w, const json_t *row)
{
	struct str name = cli_text_of(json_object_get(row, "device"), "name");

	if (name.len) {
		writer_str(w, name);
		return;
	}
	writer_text(w, "device ");
	writer_dec(w, cli_number_of(json_object_get(row, "rule"), "device"));
}

/* What a rule speaks of: "NAS, tcp, external 8000-8010". */
static void cell_match(struct cli_table *t, const json_t *row)
{
	static const struct {
		const char *key, *word;
	} keys[] = {{"zones", "zone "}, {"device", NULL}, {"origins", ""}, {"proto", ""},
		{"external", "external "}, {"internal", "internal "}, {"risk", "ports marked "},
		{"remote", "for "}, {"descr", "called "}, {"when", ""}};
	const json_t *rule = json_object_get(row, "rule");
	char text[2 * CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!cli_has(rule, keys[i].key))
			continue;
		writer_text(&w, w.len ? ", " : "");
		if (!keys[i].word) {
			put_device(&w, row);
			continue;
		}
		writer_text(&w, keys[i].word);
		put_value(&w, json_object_get(rule, keys[i].key));
	}
	if (json_is_true(json_object_get(rule, "third_party")))
		writer_text(&w, w.len ? ", for others too" : "for others too");
	cli_table_cell(t, w.len ? writer_done(&w) : STR("everything"));
}

static void cells_of_rule(struct cli_table *t, const json_t *row, size_t place)
{
	const json_t *r = json_object_get(row, "rule"), *use = json_object_get(row, "use");
	bool off = json_is_false(json_object_get(r, "enabled"));
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	writer_dec(&w, place);
	cli_table_cell(t, writer_done(&w));
	cli_cell_number(t, r, "id");
	cli_table_cell(t, off ? STR("off") : cli_text_of(r, "verdict"));
	cell_match(t, row);
	cli_cell_time(t, r, "until");
	cli_table_cell(t, cli_has(r, "maker") ? cli_text_of(r, "maker") : STR("owner"));
	cli_cell_number(t, use, "count");
	cli_cell_time(t, use, "last");
	cli_table_cell(t, cli_text_of(r, "note"));
}

int cli_show_rules(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"PLACE", "ID", "WHAT", "OF", "UNTIL", "MADE BY", "USED",
		"LAST", "NOTE"};
	const json_t *rows = cli_rows_of(root, "rules");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	cli_table_init(&t, heads, 9);
	for (size_t i = 0; i < json_array_size(rows); i++)
		cells_of_rule(&t, json_array_get(rows, i), i + 1);
	return cli_finish(&t, out);
}

int cli_show_presets(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"NAME", "NOW", "MEANING"};
	const json_t *rows = cli_rows_of(root, "presets");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	cli_table_init(&t, heads, 3);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *p = json_array_get(rows, i);
		cli_table_cell(&t, cli_text_of(p, "name"));
		cli_table_cell(&t, json_is_true(json_object_get(p, "current")) ? STR("yes")
									       : STR(""));
		cli_table_cell(&t, cli_text_of(p, "meaning"));
	}
	return cli_finish(&t, out);
}

/* Its place tells which one of a draft it is. */
static void put_rule(struct writer *w, const json_t *row, struct str note)
{
	writer_text(w, "rule ");
	writer_dec(w, cli_number_of(row, "rule"));
	if (cli_has(row, "place")) {
		writer_text(w, " at place ");
		writer_dec(w, cli_number_of(row, "place"));
	}
	if (note.len) {
		writer_text(w, " (");
		writer_str(w, note);
		writer_text(w, ")");
	}
}

static void safe_line(FILE *out, const struct writer *raw)
{
	char text[4 * CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	cli_text_safe(&w, writer_done(raw));
	cli_put_line(out, &w);
}

static void show_result(const json_t *root, FILE *out)
{
	char raw[2 * CLI_CELL];
	struct writer w = writer_to(raw, sizeof(raw));

	if (cli_has(root, "rule")) {
		put_rule(&w, root, cli_text_of(root, "rule_note"));
		writer_text(&w, " decides: ");
	}
	writer_str(&w, cli_text_of(root, "result"));
	if (cli_text_of(root, "why").len) {
		writer_text(&w, ", ");
		writer_str(&w, cli_text_of(root, "why"));
	}
	safe_line(out, &w);
	if (!json_is_true(json_object_get(root, "allowed")))
		return;
	w = writer_to(raw, sizeof(raw));
	writer_text(&w, "It would get ");
	cli_put_endpoint(&w, json_object_get(root, "external"));
	writer_text(&w, cli_has(root, "lifetime_s") ? " for " : " ");
	cli_put_left(&w, root, "lifetime_s");
	writer_text(&w, ".");
	safe_line(out, &w);
}

int cli_show_explained(const json_t *root, FILE *out)
{
	const json_t *misses = cli_rows_of(root, "misses");
	const json_t *device = json_object_get(root, "device");
	char raw[2 * CLI_CELL];
	struct writer w = writer_to(raw, sizeof(raw));

	if (!misses)
		return ERR_SYNTAX;
	if (cli_has(device, "id")) {
		writer_text(&w, "Asked by device ");
		writer_dec(&w, cli_number_of(device, "id"));
		writer_text(&w, ", ");
		writer_str(&w, cli_device_name(device));
	} else {
		writer_text(&w, "Asked by a device that is not known.");
	}
	safe_line(out, &w);
	for (size_t i = 0; i < json_array_size(misses); i++) {
		const json_t *m = json_array_get(misses, i);
		w = writer_to(raw, sizeof(raw));
		writer_text(&w, "  ");
		put_rule(&w, m, cli_text_of(m, "note"));
		writer_text(&w, ": ");
		writer_str(&w, cli_text_of(m, "why"));
		safe_line(out, &w);
	}
	show_result(root, out);
	return 0;
}

int cli_show_verified(const json_t *root, FILE *out)
{
	unsigned long long rows = cli_number_of(root, "rows");
	unsigned long long bad = cli_number_of(root, "bad_seq");

	if (json_is_true(json_object_get(root, "ok")))
		fprintf(out, "All chains hold, over %llu rows.\n", rows);
	else
		fprintf(out, "The record was changed: row %llu does not fit, or is missing.\n",
			bad);
	return 0;
}
