/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The API's answers in words; see cli_show.h. */
#include "web/cli_show.h"

#include "protocols/err.h"
#include "web/cli_cell.h"

#include <string.h>
#include <time.h>

int cli_show_openings(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"ID", "PROTO", "OPEN TO THE INTERNET", "LEADS TO",
		"FOR", "DEVICE", "BY", "LEFT", "STATE", "DESCRIPTION", "RULE", "TRAFFIC"};
	const json_t *rows = cli_rows_of(root, "openings");
	bool traffic = cli_has(json_array_get(rows, 0), "bytes");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	if (json_array_size(rows) == 0) {
		fputs("Nothing is open to the Internet.\n", out);
		return 0;
	}
	cli_table_init(&t, heads, traffic ? 12 : 11);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *o = json_array_get(rows, i);
		cli_cell_number(&t, o, "id");
		cli_table_cell(&t, cli_text_of(o, "protocol"));
		cli_cell_endpoint(&t, json_object_get(o, "external"));
		cli_cell_endpoint(&t, json_object_get(o, "internal"));
		cli_cell_from(&t, o);
		cli_table_cell(&t, cli_device_name(json_object_get(o, "device")));
		cli_cell_origins(&t, o);
		cli_cell_left(&t, o);
		cli_table_cell(&t, str_from(cli_state_of(o)));
		cli_table_cell(&t, cli_description_of(o));
		cli_table_cell(&t, cli_text_of(o, "rule_note"));
		if (traffic)
			cli_cell_traffic(&t, o);
	}
	return cli_finish(&t, out);
}

int cli_show_peers(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"ID", "PROTO", "LEAVES FROM", "HOST", "FOR", "DEVICE",
		"LEFT", "DESCRIPTION"};
	const json_t *rows = cli_rows_of(root, "peers");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	cli_table_init(&t, heads, 8);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *o = json_array_get(rows, i);
		cli_cell_number(&t, o, "id");
		cli_table_cell(&t, cli_text_of(o, "protocol"));
		cli_cell_endpoint(&t, json_object_get(o, "external"));
		cli_cell_endpoint(&t, json_object_get(o, "internal"));
		cli_cell_from(&t, o);
		cli_table_cell(&t, cli_device_name(json_object_get(o, "device")));
		cli_cell_left(&t, o);
		cli_table_cell(&t, cli_description_of(o));
	}
	return cli_finish(&t, out);
}

/* Of openings count is how many ports in a row it is about. */
static bool is_run(const json_t *row)
{
	return cli_number_of(row, "count") > 1 && cli_has(row, "opening_id");
}

static void cell_ports(struct cli_table *t, const json_t *row, const char *key)
{
	const json_t *e = json_object_get(row, key);
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (!is_run(row)) {
		cli_cell_endpoint(t, e);
		return;
	}
	cli_put_endpoint(&w, e);
	writer_text(&w, "-");
	writer_dec(&w, cli_number_of(e, "port") + cli_number_of(row, "count") - 1);
	cli_table_cell(t, writer_done(&w));
}

/* What happened, how often, and how it ended where the word does not say it. */
static void cell_what(struct cli_table *t, const json_t *row)
{
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	writer_str(&w, cli_text_of(row, "what"));
	if (cli_number_of(row, "count") > 1 && !is_run(row)) {
		writer_text(&w, " x");
		writer_dec(&w, cli_number_of(row, "count"));
	}
	cli_table_cell(t, writer_done(&w));
}

/* A search may end before the record does, with few rows or none. */
static int say_next(const json_t *root, int err, FILE *out)
{
	if (!err && cli_has(root, "next"))
		fprintf(out, "There may be older ones: --before %llu\n",
			(unsigned long long)cli_number_of(root, "next"));
	return err;
}

int cli_show_record(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"SEQ", "TIME", "WHAT", "PROTO", "EXTERNAL", "INTERNAL",
		"BY", "CLIENT", "WHY", "DESCRIPTION"};
	const json_t *rows = cli_rows_of(root, "record");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	cli_table_init(&t, heads, 10);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *r = json_array_get(rows, i);
		cli_cell_number(&t, r, "seq");
		cli_cell_time(&t, r, "time");
		cell_what(&t, r);
		cli_table_cell(&t, cli_text_of(r, "protocol"));
		cell_ports(&t, r, "external");
		cell_ports(&t, r, "internal");
		cli_table_cell(&t, cli_text_of(r, "origin"));
		cli_table_cell(&t, cli_text_of(r, "client"));
		cli_table_cell(&t, cli_text_of(r, "why"));
		cli_table_cell(&t, cli_text_of(r, "description"));
	}
	return say_next(root, cli_finish(&t, out), out);
}

int cli_show_settings(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"NAME", "VALUE", "USUAL", "LEAST", "MOST", "MEANING"};
	const json_t *rows = cli_rows_of(root, "settings");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	cli_table_init(&t, heads, 6);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *s = json_array_get(rows, i);
		cli_table_cell(&t, cli_text_of(s, "name"));
		cli_cell_number(&t, s, "value");
		cli_cell_number(&t, s, "initial");
		cli_cell_number(&t, s, "min");
		cli_cell_number(&t, s, "max");
		cli_table_cell(&t, cli_text_of(s, "meaning"));
	}
	return cli_finish(&t, out);
}

static const char *health(const json_t *root, const char *key, const char *late, const char *failed)
{
	struct str s = cli_text_of(root, key);

	if (str_eq(s, STR("ok")))
		return "ok";
	return str_eq(s, STR("late")) ? late : failed;
}

static void show_waiting(const json_t *root, FILE *out)
{
	uint64_t cards = cli_number_of(root, "cards"), alerts = cli_number_of(root, "alerts");
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (cards) {
		writer_text(&w, "Waiting    ");
		cli_put_count(&w, cards, " device asks", " devices ask");
		writer_text(&w, ", see postern cards");
		cli_put_line(out, &w);
	}
	if (alerts) {
		w = writer_to(text, sizeof(text));
		writer_text(&w, "Alerts     ");
		cli_put_count(&w, alerts, " alert", " alerts");
		writer_text(&w, ", see postern alerts");
		cli_put_line(out, &w);
	}
}

static void show_counts(const json_t *root, FILE *out)
{
	uint64_t ports = cli_number_of(root, "openings");
	uint64_t devices = cli_number_of(root, "devices_with_openings");
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	writer_text(&w, "Openings   ");
	cli_put_count(&w, ports, " port of ", " ports of ");
	cli_put_count(&w, devices, " device", " devices");
	writer_text(&w, ports == 1 ? " is" : " are");
	writer_text(&w, " open to the Internet");
	cli_put_line(out, &w);
	show_waiting(root, out);
	if (json_is_true(json_object_get(root, "attended")))
		return;
	w = writer_to(text, sizeof(text));
	writer_text(&w, "\nNobody looks after this router yet: ");
	cli_put_count(&w, devices, " device opened ", " devices opened ");
	cli_put_count(&w, ports, " port.", " ports.");
	cli_put_line(out, &w);
}

static void show_line(const char *head, struct str value, FILE *out)
{
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (value.len == 0)
		return;
	writer_text(&w, head);
	cli_text_safe(&w, value);
	cli_put_line(out, &w);
}

static void show_web(const json_t *web, FILE *out)
{
	show_line("Web        ", cli_text_of(web, "url"), out);
	show_line("           its certificate: ", cli_text_of(web, "fingerprint"), out);
}

int cli_show_status(const json_t *root, FILE *out)
{
	const json_t *wan = json_object_get(root, "wan");
	struct str address = cli_text_of(wan, "address");
	char text[2 * CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (!json_is_object(wan))
		return ERR_SYNTAX;
	writer_text(&w, "Postern    ");
	cli_text_safe(&w, cli_text_of(root, "version"));
	writer_text(&w, ", running for ");
	cli_text_duration(&w, cli_number_of(root, "uptime_s"));
	writer_text(&w, "\nWAN        ");
	if (address.len)
		cli_text_safe(&w, address);
	else
		writer_text(&w, "no address: nobody outside can reach this IPv4 network now");
	if (json_is_true(json_object_get(wan, "private")))
		writer_text(&w, "\n           Another router or your provider is in front; "
			"people outside can not reach this yet.");
	cli_put_line(out, &w);
	show_web(json_object_get(root, "web"), out);
	fprintf(out, "Firewall   %s\n", health(root, "firewall", "being repaired",
		"postern-helper does not answer: nothing can be opened or closed"));
	fprintf(out, "Store      %s\n", health(root, "store", "late",
		"failed: openings go on from memory and would be lost with the power"));
	show_counts(root, out);
	return 0;
}

static void put_opening(struct writer *w, const json_t *o)
{
	struct str description = cli_description_of(o);

	writer_str(w, cli_text_of(o, "protocol"));
	writer_text(w, " ");
	cli_put_endpoint(w, json_object_get(o, "external"));
	writer_text(w, " -> ");
	cli_put_endpoint(w, json_object_get(o, "internal"));
	writer_text(w, " for ");
	cli_put_from(w, o);
	writer_text(w, ", ");
	cli_put_left(w, o, "left_s");
	writer_text(w, ", by ");
	cli_put_origins(w, o);
	if (description.len) {
		writer_text(w, ": ");
		writer_str(w, description);
	}
}

static void put_state(struct writer *w, const json_t *status)
{
	struct str address = cli_text_of(json_object_get(status, "wan"), "address");

	writer_text(w, "WAN ");
	writer_str(w, address.len ? address : STR("without address"));
	writer_text(w, ", firewall ");
	writer_str(w, cli_text_of(status, "firewall"));
	writer_text(w, ", store ");
	writer_str(w, cli_text_of(status, "store"));
	writer_text(w, ", ");
	cli_put_count(w, cli_number_of(status, "openings"), " opening", " openings");
}

static void put_gone(struct writer *w, const json_t *data)
{
	writer_text(w, "number ");
	writer_dec(w, cli_number_of(data, "id"));
	writer_text(w, " is gone");
}

static void put_card(struct writer *w, const json_t *card)
{
	struct str state = cli_text_of(card, "state");

	cli_put_card(w, card);
	if (!str_eq(state, STR("open"))) {
		writer_text(w, ": ");
		writer_str(w, state);
	}
}

static void put_hand(struct writer *w, const json_t *row)
{
	const json_t *hand = json_object_get(row, "hand");

	writer_text(w, "by hand ");
	writer_dec(w, cli_number_of(hand, "id"));
	writer_text(w, ", ");
	writer_str(w, cli_text_of(hand, "name"));
	writer_text(w, ": ");
	writer_str(w, cli_text_of(json_object_get(row, "status"), "state"));
}

static void put_device(struct writer *w, const json_t *row)
{
	const json_t *device = json_object_get(row, "device");

	writer_dec(w, cli_number_of(device, "id"));
	writer_text(w, " ");
	writer_str(w, cli_device_name(device));
	writer_text(w, ", ");
	writer_str(w, cli_text_of(device, "zone"));
}

void cli_show_news(const char *name, const json_t *data, FILE *out)
{
	char text[2048];
	struct writer w = writer_to(text, sizeof(text) / 2);
	struct writer safe;
	char line[sizeof(text)];

	cli_text_time(&w, (uint64_t)time(NULL));
	writer_text(&w, "  ");
	writer_text(&w, name);
	for (size_t n = strlen(name); n < 9; n++)
		writer_text(&w, " ");
	if (cli_has(data, "gone"))
		put_gone(&w, data);
	else if (cli_has(data, "external"))
		put_opening(&w, data);
	else if (cli_has(data, "items"))
		put_card(&w, data);
	else if (cli_has(data, "sentence"))
		writer_str(&w, cli_text_of(data, "sentence"));
	else if (cli_has(data, "hand"))
		put_hand(&w, data);
	else if (cli_has(data, "addresses"))
		put_device(&w, data);
	else if (strcmp(name, "refused") == 0)
		writer_text(&w, "a request; see postern record");
	else if (strcmp(name, "sip") == 0)
		writer_text(&w, "a registration or a call; see postern sip");
	else
		put_state(&w, data);
	safe = writer_to(line, sizeof(line));
	cli_text_safe(&safe, writer_done(&w));
	cli_put_line(out, &safe);
}
