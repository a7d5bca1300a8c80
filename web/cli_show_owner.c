/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices, cards, alerts and openings by hand in words; see cli_show.h. */
#include "protocols/err.h"
#include "web/cli_cell.h"
#include "web/cli_show.h"

#include <string.h>

/* "NAME: " and the value, unless there is none. */
static void line(FILE *out, const char *head, struct str value)
{
	char text[2 * CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (value.len == 0)
		return;
	writer_text(&w, head);
	cli_text_safe(&w, value);
	cli_put_line(out, &w);
}

static void put_addresses(struct writer *w, const json_t *row)
{
	const json_t *list = json_object_get(row, "addresses");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *a = json_array_get(list, i);
		writer_text(w, i ? " " : "");
		writer_str(w, cli_text_of(a, "address"));
		if (!json_is_true(json_object_get(a, "here")))
			writer_text(w, "?");
	}
}

int cli_show_devices(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"ID", "NAME", "MAC", "MAKER", "ZONE", "OPENINGS",
		"ADDRESSES", "LAST SEEN"};
	const json_t *rows = cli_rows_of(root, "devices");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	cli_table_init(&t, heads, 8);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const json_t *d = json_object_get(row, "device");
		char text[CLI_CELL];
		struct writer w = writer_to(text, sizeof(text));
		cli_cell_number(&t, d, "id");
		cli_table_cell(&t, cli_text_of(d, cli_has(d, "name") ? "name" : "hostname"));
		cli_table_cell(&t, cli_text_of(d, "mac"));
		cli_table_cell(&t, json_is_true(json_object_get(d, "random_mac"))
			? STR("(made up)") : cli_text_of(d, "vendor"));
		cli_table_cell(&t, cli_text_of(d, "zone"));
		cli_cell_number(&t, row, "openings");
		put_addresses(&w, row);
		cli_table_cell(&t, writer_done(&w));
		cli_cell_time(&t, d, "last_seen");
	}
	return cli_finish(&t, out);
}

static void put_callers(struct writer *w, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		writer_text(w, i ? ", " : "");
		writer_str(w, (struct str){json_string_value(one), json_string_length(one)});
	}
}

int cli_show_device(const json_t *root, FILE *out)
{
	const json_t *d = json_object_get(root, "device");
	char text[2 * CLI_CELL], more[2 * CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));
	struct writer callers = writer_to(more, sizeof(more));

	if (!d)
		return ERR_SYNTAX;
	fprintf(out, "Device     %llu\n", (unsigned long long)cli_number_of(d, "id"));
	line(out, "Name       ", cli_text_of(d, "name"));
	line(out, "Calls itself ", cli_text_of(d, "hostname"));
	line(out, "MAC        ", cli_text_of(d, "mac"));
	line(out, "Maker      ", cli_text_of(d, "vendor"));
	line(out, "Zone       ", cli_text_of(d, "zone"));
	put_addresses(&w, root);
	line(out, "Addresses  ", writer_done(&w));
	if (json_is_true(json_object_get(d, "phone")))
		fputs("Phone      help for SIP calls is on\n", out);
	put_callers(&callers, cli_rows_of(d, "callers"));
	line(out, "May call   ", writer_done(&callers));
	fprintf(out, "Openings   %llu\n", (unsigned long long)cli_number_of(root, "openings"));
	return 0;
}

int cli_show_zones(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"ZONE", "DEVICES", "OPENINGS", "MEANING"};
	const json_t *rows = cli_rows_of(root, "zones");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	cli_table_init(&t, heads, 4);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *z = json_array_get(rows, i);
		cli_table_cell(&t, cli_text_of(z, "name"));
		cli_cell_number(&t, z, "devices");
		cli_cell_number(&t, z, "openings");
		cli_table_cell(&t, cli_text_of(z, "meaning"));
	}
	return cli_finish(&t, out);
}

int cli_show_closing(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"ID", "PROTO", "WOULD BE CLOSED", "LEADS TO", "DEVICE",
		"WHY"};
	const json_t *rows = cli_rows_of(root, "closing");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	cli_table_init(&t, heads, 6);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i), *o = json_object_get(row, "opening");
		cli_cell_number(&t, o, "id");
		cli_table_cell(&t, cli_text_of(o, "protocol"));
		cli_cell_endpoint(&t, json_object_get(o, "external"));
		cli_cell_endpoint(&t, json_object_get(o, "internal"));
		cli_table_cell(&t, cli_device_name(json_object_get(o, "device")));
		cli_table_cell(&t, cli_text_of(row, "why"));
	}
	return cli_finish(&t, out);
}

/* ---- what waits for the owner ---- */

static void show_item(const json_t *i, FILE *out)
{
	const json_t *risk = json_object_get(i, "risk");
	char raw[2 * CLI_CELL], text[4 * CLI_CELL];
	struct writer w = writer_to(raw, sizeof(raw)), safe = writer_to(text, sizeof(text));
	uint64_t outer = cli_number_of(i, "external_port");

	writer_text(&w, "    ");
	writer_str(&w, cli_text_of(i, "protocol"));
	writer_text(&w, " ");
	writer_dec(&w, outer ? outer : cli_number_of(json_object_get(i, "internal"), "port"));
	writer_text(&w, " -> ");
	cli_put_endpoint(&w, json_object_get(i, "internal"));
	writer_text(&w, " by ");
	writer_str(&w, cli_text_of(i, "origin"));
	if (cli_text_of(i, "description").len) {
		writer_text(&w, ": ");
		writer_str(&w, cli_text_of(i, "description"));
	}
	if (cli_has(risk, "why")) {
		writer_text(&w, " (");
		writer_str(&w, cli_text_of(risk, "why"));
		writer_text(&w, ")");
	}
	cli_text_safe(&safe, writer_done(&w));
	cli_put_line(out, &safe);
}

void cli_show_card(const json_t *card, FILE *out)
{
	const json_t *items = json_object_get(card, "items");
	char raw[CLI_CELL], text[2 * CLI_CELL];
	struct writer w = writer_to(raw, sizeof(raw)), safe = writer_to(text, sizeof(text));

	cli_put_card(&w, card);
	writer_text(&w, " (");
	writer_str(&w, cli_text_of(card, "state"));
	if (json_is_true(json_object_get(card, "fresh")))
		writer_text(&w, ", opens at once when allowed");
	writer_text(&w, ")");
	cli_text_safe(&safe, writer_done(&w));
	cli_put_line(out, &safe);
	for (size_t i = 0; i < json_array_size(items); i++)
		show_item(json_array_get(items, i), out);
}

int cli_show_cards(const json_t *root, FILE *out)
{
	const json_t *rows = cli_rows_of(root, "cards");

	if (!rows)
		return ERR_SYNTAX;
	if (json_array_size(rows) == 0)
		fputs("Nobody asks.\n", out);
	for (size_t i = 0; i < json_array_size(rows); i++)
		cli_show_card(json_array_get(rows, i), out);
	return 0;
}

int cli_show_alerts(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"ID", "LAST", "TIMES", "STATE", "WHAT", "WHAT TO DO"};
	const json_t *rows = cli_rows_of(root, "alerts");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	if (json_array_size(rows) == 0) {
		fputs("There is no alert.\n", out);
		return 0;
	}
	cli_table_init(&t, heads, 6);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *a = json_array_get(rows, i);
		bool over = json_is_true(json_object_get(a, "over"));
		bool expected = json_is_true(json_object_get(a, "expected"));
		cli_cell_number(&t, a, "id");
		cli_cell_time(&t, a, "last");
		cli_cell_number(&t, a, "count");
		cli_table_cell(&t, expected ? STR("expected") : over ? STR("over") : STR("now"));
		cli_table_cell(&t, cli_text_of(a, "sentence"));
		cli_table_cell(&t, cli_text_of(a, "advice"));
	}
	return cli_finish(&t, out);
}

/* ---- openings by hand ---- */

static void put_words(struct writer *w, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));
		writer_text(w, i ? "," : "");
		writer_text(w, word ? word : "?");
	}
}

static void cell_ports(struct cli_table *t, const json_t *hand)
{
	uint64_t port = cli_number_of(hand, "port"), count = cli_number_of(hand, "count");
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	put_words(&w, json_object_get(hand, "protos"));
	writer_text(&w, " ");
	writer_dec(&w, port);
	if (count > 1) {
		writer_text(&w, "-");
		writer_dec(&w, port + count - 1);
	}
	if (cli_has(hand, "internal")) {
		writer_text(&w, " -> ");
		writer_dec(&w, cli_number_of(hand, "internal"));
	}
	cli_table_cell(t, writer_done(&w));
}

static void cells_of_hand(struct cli_table *t, const json_t *row)
{
	const json_t *h = json_object_get(row, "hand"), *s = json_object_get(row, "status");
	struct str name = cli_device_name(json_object_get(row, "device"));

	cli_cell_number(t, h, "id");
	cli_table_cell(t, cli_text_of(h, "name"));
	cell_ports(t, h);
	if (name.len)
		cli_table_cell(t, name);
	else
		cli_cell_number(t, h, "device");
	cli_table_cell(t, cli_has(h, "remote") ? cli_text_of(h, "remote") : STR("anyone"));
	cli_table_cell(t, cli_has(h, "when") ? cli_text_of(h, "when") : STR("always"));
	cli_table_cell(t, cli_text_of(s, "state"));
	cli_table_cell(t, cli_text_of(s, cli_has(s, "warning") ? "warning" : "text"));
}

static const char *const hand_heads[] = {
	"ID", "NAME", "PORT", "DEVICE", "FOR", "WHEN", "STATE", "MORE"};

int cli_show_hands(const json_t *root, FILE *out)
{
	const json_t *rows = cli_rows_of(root, "hands");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	if (json_array_size(rows) == 0) {
		fputs("Nothing is open by hand.\n", out);
		return 0;
	}
	cli_table_init(&t, hand_heads, 8);
	for (size_t i = 0; i < json_array_size(rows); i++)
		cells_of_hand(&t, json_array_get(rows, i));
	return cli_finish(&t, out);
}

int cli_show_hand(const json_t *row, FILE *out)
{
	struct cli_table t;

	cli_table_init(&t, hand_heads, 8);
	cells_of_hand(&t, row);
	return cli_finish(&t, out);
}

int cli_show_services(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"NAME", "PORT", "WHAT", "BEFORE YOU OPEN IT"};
	const json_t *rows = cli_rows_of(root, "services");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	cli_table_init(&t, heads, 4);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *s = json_array_get(rows, i);
		cli_table_cell(&t, cli_text_of(s, "name"));
		cell_ports(&t, s);
		cli_table_cell(&t, cli_text_of(s, "title"));
		cli_table_cell(&t, cli_text_of(s, "advice"));
	}
	return cli_finish(&t, out);
}

int cli_show_test(const json_t *root, FILE *out)
{
	const json_t *steps = cli_rows_of(root, "steps");
	struct str why = cli_text_of(root, "why");

	if (!steps)
		return ERR_SYNTAX;
	for (size_t i = 0; i < json_array_size(steps); i++) {
		const json_t *s = json_array_get(steps, i), *ok = json_object_get(s, "ok");
		line(out, json_is_true(ok) ? "  yes  " : json_is_false(ok) ? "  NO   " : "  ?    ",
			cli_text_of(s, "say"));
	}
	line(out, json_is_true(json_object_get(root, "forwarded")) ? "" : "Not forwarded: ",
		why.len ? why : STR("-"));
	return 0;
}
