/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: the record. */
#include "protocols/err.h"
#include "web/cli.h"
#include "web/cli_cell.h"
#include "web/cli_http.h"

/* Whatever it is, it arrives as it was typed. */
static void put_text(const struct cli *cli, struct writer *w)
{
	const char *text = cli->opt[CLI_TEXT];

	if (!text)
		return;
	writer_text(w, "&text=");
	for (; *text; text++) {
		writer_text(w, "%");
		writer_hex(w, text, 1);
	}
}

/* --device may be a name. */
static int put_filters(struct cli *cli, struct writer *w)
{
	static const struct {
		enum cli_opt opt;
		const char *key;
		uint64_t max;
		const char *wrong;
	} numbers[] = {
		{CLI_COUNT, "count", 1000, "--count takes a number up to 1000"},
		{CLI_BEFORE, "before", INT64_MAX, "--before takes a SEQ of the record"},
		{CLI_OPENING, "opening", UINT32_MAX, "--opening takes an ID of postern list"},
		{CLI_RULE, "rule", UINT32_MAX, "--rule takes an ID of postern rules"},
	};
	uint32_t device;
	uint64_t n;
	int code;

	for (size_t i = 0; i < 4; i++) {
		const char *text = cli->opt[numbers[i].opt];
		if (!text)
			continue;
		if (str_u64(str_from(text), numbers[i].max, &n) != 0)
			return cli_wrong(cli, numbers[i].wrong);
		writer_text(w, "&");
		writer_text(w, numbers[i].key);
		writer_text(w, "=");
		writer_dec(w, n);
	}
	if (!cli->opt[CLI_DEVICE])
		return 0;
	code = cli_find_device(cli, cli->opt[CLI_DEVICE], &device);
	writer_text(w, "&device=");
	writer_dec(w, code ? 0 : device);
	return code;
}

/* 0, or it was said what is wrong. */
static int put_ring(const struct cli *cli, struct writer *w)
{
	static const char *const rings[] = {"admin", "openings", "refusals"};

	if (!cli->opt[CLI_RING])
		return 0;
	for (size_t i = 0; i < 3; i++) {
		if (!str_eq(str_from(rings[i]), str_from(cli->opt[CLI_RING])))
			continue;
		writer_text(w, "&ring=");
		writer_text(w, rings[i]);
		return 0;
	}
	return cli_wrong(cli, "--ring takes admin, openings or refusals");
}

int cli_run_record(struct cli *cli)
{
	char target[CLI_TARGET_MAX];
	struct writer w = writer_to(target, sizeof(target) - 1);
	int code;

	writer_text(&w, "/api/v1/record?");
	code = put_ring(cli, &w);
	if (code == 0)
		code = put_filters(cli, &w);
	put_text(cli, &w);
	target[w.len] = '\0';
	if (code == 0 && w.full)
		code = cli_wrong(cli, "--text takes up to 64 bytes");
	return code ? code : cli_show(cli, target, cli_show_record);
}

int cli_run_record_verify(struct cli *cli)
{
	json_t *root = NULL;
	int code = cli_ask(cli, "POST", "/api/v1/record/verify", NULL, &root);

	if (code == 0) {
		code = json_is_true(json_object_get(root, "ok")) ? 0 : CLI_REFUSED;
		cli_show_answer(cli, root, cli_show_verified);
	}
	json_decref(root);
	return code;
}

static int on_piece(void *arg, struct str piece)
{
	(void)arg;
	return fwrite(piece.p, 1, piece.len, stdout) == piece.len ? 0 : ERR_IO;
}

/* The lines are JSON already, and for programs. */
int cli_run_record_export(struct cli *cli)
{
	char target[CLI_TARGET_MAX];
	struct writer w = writer_to(target, sizeof(target) - 1);
	const struct cli_request req = {.socket = cli->socket, .method = "GET", .target = target};
	struct cli_reply reply = {0};
	int code, err;

	writer_text(&w, "/api/v1/record/export?");
	code = put_ring(cli, &w);
	target[w.len] = '\0';
	if (code)
		return code;
	err = cli_http_stream(&req, on_piece, NULL, &reply);
	if (reply.status)
		code = cli_refused(&reply, cli->command->name);
	else
		code = err ? cli_exit_of(cli, err) : 0;
	cli_reply_free(&reply);
	return code;
}
