/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Phones, their registrations and calls, and calls that were missed, in words; see cli_show.h. */
#include "protocols/err.h"
#include "web/cli_cell.h"
#include "web/cli_show.h"

static void show_status(const json_t *root, FILE *out)
{
	const json_t *ports = cli_rows_of(root, "ports");
	char text[2 * CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	writer_str(&w, cli_text_of(root, "text"));
	writer_text(&w, " SIP is read at port");
	for (size_t i = 0; i < json_array_size(ports); i++) {
		writer_text(&w, i ? ", " : " ");
		writer_dec(&w, (uint64_t)json_integer_value(json_array_get(ports, i)));
	}
	writer_text(&w, "; ");
	cli_put_count(&w, cli_number_of(root, "messages"), " message, ", " messages, ");
	writer_dec(&w, cli_number_of(root, "changed"));
	writer_text(&w, " changed, ");
	writer_dec(&w, cli_number_of(root, "passed"));
	writer_text(&w, " passed as they came.");
	cli_put_line(out, &w);
}

static struct str state_of(const json_t *phone)
{
	if (json_is_true(json_object_get(phone, "encrypted")))
		return STR("encrypted: we cannot help");
	if (json_is_true(json_object_get(phone, "left_alone")))
		return STR("knows its public address: left alone");
	if (json_is_true(json_object_get(phone, "unconfirmed")))
		return STR("not confirmed by its server: nobody can call it");
	return STR("helped");
}

static void cell_public(struct cli_table *t, const json_t *phone)
{
	const json_t *e = json_object_get(phone, "public");

	if (cli_has(e, "address"))
		cli_cell_endpoint(t, e);
	else
		cli_table_cell(t, STR("none now"));
}

static int show_phones(const json_t *phones, FILE *out)
{
	static const char *const heads[] = {"PHONE", "AT", "SEEN OUTSIDE AS", "LAST HEARD",
		"STATE"};
	struct cli_table t;

	cli_table_init(&t, heads, 5);
	for (size_t i = 0; i < json_array_size(phones); i++) {
		const json_t *p = json_array_get(phones, i);
		cli_table_cell(&t, cli_device_name(json_object_get(p, "device")));
		cli_table_cell(&t, cli_has(p, "lan") ? cli_text_of(p, "lan") : STR("away"));
		cell_public(&t, p);
		cli_cell_time(&t, p, "heard");
		cli_table_cell(&t, state_of(p));
	}
	return cli_finish(&t, out);
}

static void cell_duration(struct cli_table *t, const json_t *o, const char *key)
{
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	cli_text_duration(&w, cli_number_of(o, key));
	cli_table_cell(t, writer_done(&w));
}

/* fn adds the cells of one row. Nothing is said of what there is none of. */
static int show_all(const json_t *phones, const char *key, struct cli_table *t,
	void (*fn)(struct cli_table *t, const json_t *row), FILE *out)
{
	for (size_t i = 0; i < json_array_size(phones); i++) {
		const json_t *p = json_array_get(phones, i), *rows = cli_rows_of(p, key);
		for (size_t k = 0; k < json_array_size(rows); k++) {
			cli_table_cell(t, cli_device_name(json_object_get(p, "device")));
			fn(t, json_array_get(rows, k));
		}
	}
	if (t->count == 0) {
		cli_table_free(t);
		return 0;
	}
	fputc('\n', out);
	return cli_finish(t, out);
}

static void cells_of_registration(struct cli_table *t, const json_t *r)
{
	cli_table_cell(t, cli_text_of(r, "aor"));
	cli_cell_endpoint(t, json_object_get(r, "registrar"));
	cli_table_cell(t, cli_text_of(r, "transport"));
	cell_duration(t, r, "age_s");
	cell_duration(t, r, "left_s");
}

static void cell_call_state(struct cli_table *t, const json_t *c)
{
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	writer_str(&w, cli_text_of(c, "state"));
	if (json_is_true(json_object_get(c, "on_hold")))
		writer_text(&w, ", on hold");
	cli_table_cell(t, writer_done(&w));
}

static void put_port(struct writer *w, uint64_t port, uint64_t count)
{
	writer_dec(w, port);
	if (count > 1) {
		writer_text(w, "-");
		writer_dec(w, port + count - 1);
	}
}

/* "36010-36011 -> 7078-7079", by stream. */
static void cell_media(struct cli_table *t, const json_t *media)
{
	char text[2 * CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	for (size_t i = 0; i < json_array_size(media); i++) {
		const json_t *m = json_array_get(media, i);
		uint64_t count = cli_number_of(m, "count");

		writer_text(&w, i ? ", " : "");
		if (cli_has(m, "external"))
			put_port(&w, cli_number_of(m, "external"), count);
		else
			writer_text(&w, "not open");
		writer_text(&w, " -> ");
		put_port(&w, cli_number_of(m, "port"), count);
	}
	cli_table_cell(t, writer_done(&w));
}

static uint64_t sum_of(const json_t *media, const char *key)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < json_array_size(media); i++)
		sum += cli_number_of(json_array_get(media, i), key);
	return sum;
}

/* Nothing both ways may be a call that just begins, nothing one way is what is complained of. */
static void cell_way(struct cli_table *t, const json_t *media, const char *key)
{
	uint64_t packets = sum_of(media, key);
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (packets > 0)
		writer_dec(&w, packets);
	else if (sum_of(media, "packets") > 0)
		writer_text(&w, "none");
	cli_table_cell(t, writer_done(&w));
}

static void cell_packets(struct cli_table *t, const json_t *media)
{
	uint64_t packets = sum_of(media, "packets");
	char text[CLI_CELL];
	struct writer w = writer_to(text, sizeof(text));

	if (packets > 0) {
		cli_put_count(&w, packets, " packet, ", " packets, ");
		cli_text_bytes(&w, sum_of(media, "bytes"));
	}
	cli_table_cell(t, writer_done(&w));
}

static void cells_of_call(struct cli_table *t, const json_t *c)
{
	const json_t *media = cli_rows_of(c, "media");
	bool out = str_eq(cli_text_of(c, "direction"), STR("out"));

	cli_table_cell(t, out ? STR("to") : STR("from"));
	cli_table_cell(t, cli_text_of(c, "who"));
	cell_call_state(t, c);
	cell_duration(t, c, "age_s");
	cli_table_cell(t, cli_text_of(c, "codecs"));
	cell_media(t, media);
	cell_way(t, media, "packets_in");
	cell_way(t, media, "packets_out");
	cell_packets(t, media);
}

int cli_show_sip(const json_t *root, FILE *out)
{
	static const char *const registered[] = {"PHONE", "REGISTERED AS", "AT", "BY", "SINCE",
		"LEFT"};
	static const char *const calling[] = {"PHONE", "CALL", "WITH", "STATE", "SINCE", "CODECS",
		"MEDIA", "HEARD", "SAID", "BOTH WAYS"};
	const json_t *phones = cli_rows_of(root, "phones");
	struct cli_table t;
	int err;

	if (!phones || !cli_rows_of(root, "ports"))
		return ERR_SYNTAX;
	show_status(root, out);
	if (json_array_size(phones) == 0) {
		fputs("Mark one with postern device DEVICE --phone on, if calls fail or have no "
		      "sound.\n", out);
		return 0;
	}
	fputc('\n', out);
	err = show_phones(phones, out);
	cli_table_init(&t, registered, 6);
	if (!err)
		err = show_all(phones, "registrations", &t, cells_of_registration, out);
	cli_table_init(&t, calling, 10);
	if (!err)
		err = show_all(phones, "calls", &t, cells_of_call, out);
	return err;
}

int cli_show_missed(const json_t *root, FILE *out)
{
	static const char *const heads[] = {"TIME", "PHONE", "FROM", "SAID TO BE", "TIMES"};
	const json_t *rows = cli_rows_of(root, "missed");
	struct cli_table t;

	if (!rows)
		return ERR_SYNTAX;
	if (json_array_size(rows) == 0) {
		fputs("No call was missed.\n", out);
		return 0;
	}
	cli_table_init(&t, heads, 5);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *m = json_array_get(rows, i);
		cli_cell_time(&t, m, "time");
		cli_table_cell(&t, cli_device_name(json_object_get(m, "device")));
		cli_cell_endpoint(&t, json_object_get(m, "from"));
		cli_table_cell(&t, cli_text_of(m, "who"));
		cli_cell_number(&t, m, "count");
	}
	return cli_finish(&t, out);
}
