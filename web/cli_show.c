/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The API's answers in words; see cli_show.h. */
#include "web/cli_show.h"

#include "protocols/err.h"
#include "web/cli_text.h"

#include <string.h>
#include <time.h>

#define CELL 256

/* ---- fields ---- */

static struct str text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	return str_from(text ? text : "");
}

static uint64_t number_of(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));
	return n > 0 ? (uint64_t)n : 0;
}

static bool has(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	return v && !json_is_null(v);
}

static const json_t *rows_of(const json_t *root, const char *key)
{
	const json_t *rows = json_object_get(root, key);
	return json_is_array(rows) ? rows : NULL;
}

/* ---- cells ---- */

static void put_endpoint(struct writer *w, const json_t *e)
{
	struct str address = text_of(e, "address");
	bool six = str_find(address, 0, ':') < address.len;

	writer_text(w, six ? "[" : "");
	writer_str(w, address.len ? address : STR("*"));
	writer_text(w, six ? "]:" : ":");
	writer_dec(w, number_of(e, "port"));
}

static void cell_endpoint(struct cli_table *t, const json_t *e)
{
	char text[CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (has(e, "port") || has(e, "address"))
		put_endpoint(&w, e);
	cli_table_cell(t, writer_done(&w));
}

static void cell_number(struct cli_table *t, const json_t *o, const char *key)
{
	char text[CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (has(o, key))
		writer_dec(&w, number_of(o, key));
	cli_table_cell(t, writer_done(&w));
}

static void put_left(struct writer *w, const json_t *o, const char *key)
{
	if (has(o, key))
		cli_text_duration(w, number_of(o, key));
	else
		writer_text(w, "while at home");
}

static void cell_left(struct cli_table *t, const json_t *o)
{
	char text[CELL];
	struct writer w = writer_to(text, sizeof(text));

	put_left(&w, o, "left_s");
	cli_table_cell(t, writer_done(&w));
}

static void cell_time(struct cli_table *t, const json_t *o, const char *key)
{
	char text[CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (has(o, key))
		cli_text_time(&w, number_of(o, key));
	cli_table_cell(t, writer_done(&w));
}

static void put_from(struct writer *w, const json_t *opening)
{
	const json_t *remote = json_object_get(opening, "remote");

	for (size_t i = 0; i < json_array_size(remote); i++) {
		const json_t *peer = json_array_get(remote, i);
		struct str from = text_of(peer, "from");
		writer_text(w, i ? ", " : "");
		writer_str(w, from.len ? from : STR("anyone"));
		if (has(peer, "port")) {
			writer_text(w, " port ");
			writer_dec(w, number_of(peer, "port"));
		}
	}
	if (json_array_size(remote) == 0)
		writer_text(w, "anyone");
}

static void cell_from(struct cli_table *t, const json_t *opening)
{
	char text[4 * CELL];	/* every filter a PCP client may set */
	struct writer w = writer_to(text, sizeof(text));

	put_from(&w, opening);
	cli_table_cell(t, writer_done(&w));
}

static struct str device_name(const json_t *device)
{
	struct str name = text_of(device, "name");
	return name.len ? name : text_of(device, "mac");
}

static const char *state_of(const json_t *opening)
{
	if (json_is_false(json_object_get(opening, "enabled")))
		return "switched off";
	return json_is_true(json_object_get(opening, "active")) ? "open" : "not active";
}

/* Every door that has a lease on it, and what the first one with words says. */
static void put_origins(struct writer *w, const json_t *opening)
{
	const json_t *leases = json_object_get(opening, "leases");

	for (size_t i = 0; i < json_array_size(leases); i++) {
		writer_text(w, i ? "," : "");
		writer_str(w, text_of(json_array_get(leases, i), "origin"));
	}
}

static struct str description_of(const json_t *opening)
{
	const json_t *leases = json_object_get(opening, "leases");
	struct str s = STR_NONE;

	for (size_t i = 0; s.len == 0 && i < json_array_size(leases); i++)
		s = text_of(json_array_get(leases, i), "description");
	return s;
}

static void cell_origins(struct cli_table *t, const json_t *opening)
{
	char text[CELL];
	struct writer w = writer_to(text, sizeof(text));

	put_origins(&w, opening);
	cli_table_cell(t, writer_done(&w));
}

static void cell_traffic(struct cli_table *t, const json_t *opening)
{
	char text[CELL];
	struct writer w = writer_to(text, sizeof(text));

	cli_text_bytes(&w, number_of(opening, "bytes"));
	cli_table_cell(t, writer_done(&w));
}

/* ---- whole answers ---- */

static int finish(struct cli_table *t, FILE *out)
{
	int err = cli_table_print(t, out);

	cli_table_free(t);
	return err;
}

int cli_show_openings(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"ID", "PROTO", "OPEN TO THE INTERNET", "LEADS TO",
		"FOR", "DEVICE", "BY", "LEFT", "STATE", "DESCRIPTION", "TRAFFIC"};
	const json_t *rows = rows_of(root, "openings");
	bool traffic = has(json_array_get(rows, 0), "bytes");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	if (json_array_size(rows) == 0) {
		fputs("Nothing is open to the Internet.\n", out);
		return 0;
	}
	cli_table_init(&t, heads, traffic ? 11 : 10);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *o = json_array_get(rows, i);
		cell_number(&t, o, "id");
		cli_table_cell(&t, text_of(o, "protocol"));
		cell_endpoint(&t, json_object_get(o, "external"));
		cell_endpoint(&t, json_object_get(o, "internal"));
		cell_from(&t, o);
		cli_table_cell(&t, device_name(json_object_get(o, "device")));
		cell_origins(&t, o);
		cell_left(&t, o);
		cli_table_cell(&t, str_from(state_of(o)));
		cli_table_cell(&t, description_of(o));
		if (traffic)
			cell_traffic(&t, o);
	}
	return finish(&t, out);
}

int cli_show_peers(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"ID", "PROTO", "LEAVES FROM", "HOST", "FOR", "DEVICE",
		"LEFT", "DESCRIPTION"};
	const json_t *rows = rows_of(root, "peers");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	cli_table_init(&t, heads, 8);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *o = json_array_get(rows, i);
		cell_number(&t, o, "id");
		cli_table_cell(&t, text_of(o, "protocol"));
		cell_endpoint(&t, json_object_get(o, "external"));
		cell_endpoint(&t, json_object_get(o, "internal"));
		cell_from(&t, o);
		cli_table_cell(&t, device_name(json_object_get(o, "device")));
		cell_left(&t, o);
		cli_table_cell(&t, description_of(o));
	}
	return finish(&t, out);
}

/* What happened, how often, and how it ended where the word does not say it. */
static void cell_what(struct cli_table *t, const json_t *row)
{
	char text[CELL];
	struct writer w = writer_to(text, sizeof(text));

	writer_str(&w, text_of(row, "what"));
	if (number_of(row, "count") > 1) {
		writer_text(&w, " x");
		writer_dec(&w, number_of(row, "count"));
	}
	cli_table_cell(t, writer_done(&w));
}

int cli_show_record(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"SEQ", "TIME", "WHAT", "PROTO", "EXTERNAL", "INTERNAL",
		"BY", "CLIENT", "WHY", "DESCRIPTION"};
	const json_t *rows = rows_of(root, "record");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	cli_table_init(&t, heads, 10);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *r = json_array_get(rows, i);
		cell_number(&t, r, "seq");
		cell_time(&t, r, "time");
		cell_what(&t, r);
		cli_table_cell(&t, text_of(r, "protocol"));
		cell_endpoint(&t, json_object_get(r, "external"));
		cell_endpoint(&t, json_object_get(r, "internal"));
		cli_table_cell(&t, text_of(r, "origin"));
		cli_table_cell(&t, text_of(r, "client"));
		cli_table_cell(&t, text_of(r, "why"));
		cli_table_cell(&t, text_of(r, "description"));
	}
	return finish(&t, out);
}

int cli_show_settings(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"NAME", "VALUE", "USUAL", "LEAST", "MOST", "MEANING"};
	const json_t *rows = rows_of(root, "settings");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	cli_table_init(&t, heads, 6);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *s = json_array_get(rows, i);
		cli_table_cell(&t, text_of(s, "name"));
		cell_number(&t, s, "value");
		cell_number(&t, s, "initial");
		cell_number(&t, s, "min");
		cell_number(&t, s, "max");
		cli_table_cell(&t, text_of(s, "meaning"));
	}
	return finish(&t, out);
}

int cli_show_devices(const json_t *root, FILE *out)
{
	static const char *const heads[] = {
		"ID", "NAME", "MAC", "OPENINGS", "FIRST SEEN", "LAST SEEN"};
	const json_t *rows = rows_of(root, "devices");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	cli_table_init(&t, heads, 6);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const json_t *d = json_object_get(row, "device");
		cell_number(&t, d, "id");
		cli_table_cell(&t, text_of(d, "name"));
		cli_table_cell(&t, text_of(d, "mac"));
		cell_number(&t, row, "openings");
		cell_time(&t, d, "first_seen");
		cell_time(&t, d, "last_seen");
	}
	return finish(&t, out);
}

static const char *health(const json_t *root, const char *key, const char *late, const char *failed)
{
	struct str s = text_of(root, key);

	if (str_eq(s, STR("ok")))
		return "ok";
	return str_eq(s, STR("late")) ? late : failed;
}

static void put_count(struct writer *w, uint64_t n, const char *one, const char *many)
{
	writer_dec(w, n);
	writer_text(w, n == 1 ? one : many);
}

static void put_line(FILE *out, const struct writer *w)
{
	struct str s = writer_done(w);

	fwrite(s.p, 1, s.len, out);
	fputc('\n', out);
}

static void show_counts(const json_t *root, FILE *out)
{
	uint64_t ports = number_of(root, "openings");
	uint64_t devices = number_of(root, "devices_with_openings");
	char text[CELL];
	struct writer w = writer_to(text, sizeof(text));

	writer_text(&w, "Openings   ");
	put_count(&w, ports, " port of ", " ports of ");
	put_count(&w, devices, " device", " devices");
	writer_text(&w, ports == 1 ? " is" : " are");
	writer_text(&w, " open to the Internet");
	put_line(out, &w);
	if (json_is_true(json_object_get(root, "attended")))
		return;
	w = writer_to(text, sizeof(text));
	writer_text(&w, "\nNobody looks after this router yet: ");
	put_count(&w, devices, " device opened ", " devices opened ");
	put_count(&w, ports, " port.", " ports.");
	put_line(out, &w);
}

int cli_show_status(const json_t *root, FILE *out)
{
	const json_t *wan = json_object_get(root, "wan");
	struct str address = text_of(wan, "address");
	char text[2 * CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (!json_is_object(wan))
		return ERR_SYNTAX;
	writer_text(&w, "Postern    ");
	cli_text_safe(&w, text_of(root, "version"));
	writer_text(&w, ", running for ");
	cli_text_duration(&w, number_of(root, "uptime_s"));
	writer_text(&w, "\nWAN        ");
	if (address.len)
		cli_text_safe(&w, address);
	else
		writer_text(&w, "no address: nobody outside can reach this IPv4 network now");
	if (json_is_true(json_object_get(wan, "private")))
		writer_text(&w, "\n           Another router or your provider is in front; "
			"people outside can not reach this yet.");
	put_line(out, &w);
	fprintf(out, "Firewall   %s\n", health(root, "firewall", "being repaired",
		"postern-helper does not answer: nothing can be opened or closed"));
	fprintf(out, "Store      %s\n", health(root, "store", "late",
		"failed: openings go on from memory and would be lost with the power"));
	show_counts(root, out);
	return 0;
}

static void put_opening(struct writer *w, const json_t *o)
{
	struct str description = description_of(o);

	writer_str(w, text_of(o, "protocol"));
	writer_text(w, " ");
	put_endpoint(w, json_object_get(o, "external"));
	writer_text(w, " -> ");
	put_endpoint(w, json_object_get(o, "internal"));
	writer_text(w, " for ");
	put_from(w, o);
	writer_text(w, ", ");
	put_left(w, o, "left_s");
	writer_text(w, ", by ");
	put_origins(w, o);
	if (description.len) {
		writer_text(w, ": ");
		writer_str(w, description);
	}
}

static void put_state(struct writer *w, const json_t *status)
{
	struct str address = text_of(json_object_get(status, "wan"), "address");

	writer_text(w, "WAN ");
	writer_str(w, address.len ? address : STR("without address"));
	writer_text(w, ", firewall ");
	writer_str(w, text_of(status, "firewall"));
	writer_text(w, ", store ");
	writer_str(w, text_of(status, "store"));
	writer_text(w, ", ");
	put_count(w, number_of(status, "openings"), " opening", " openings");
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
	if (has(data, "external"))
		put_opening(&w, data);
	else if (strcmp(name, "refused") == 0)
		writer_text(&w, "a request; see postern record");
	else
		put_state(&w, data);
	safe = writer_to(line, sizeof(line));
	cli_text_safe(&safe, writer_done(&w));
	put_line(out, &safe);
}
