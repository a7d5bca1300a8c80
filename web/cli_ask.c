/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking the daemon and the owner; see cli.h. */
#include "gateway/log.h"
#include "protocols/err.h"
#include "web/cli.h"
#include "web/cli_cell.h"
#include "web/cli_http.h"

#include <stdlib.h>
#include <string.h>

void cli_print_safe(FILE *out, const char *text)
{
	char safe[512];

	log_escape(str_from(text), safe, sizeof(safe));
	fputs(safe, out);
}

int cli_wrong(const struct cli *cli, const char *why)
{
	fprintf(stderr, "postern: %s: %s\n", cli->command->name, why);
	return CLI_USAGE;
}

void cli_say(const struct cli *cli, const char *text)
{
	if (!cli->json)
		puts(text);
}

int cli_exit_of(const struct cli *cli, int err)
{
	switch (err) {
	case ERR_DENIED:
		fprintf(stderr, "postern: %s: not allowed; root and the group postern are\n",
			cli->socket);
		return CLI_AWAY;
	case ERR_GONE:
		fprintf(stderr, "postern: %s: nobody answers; is posternd running?\n", cli->socket);
		return CLI_AWAY;
	case ERR_BUSY:
		fprintf(stderr, "postern: %s: no answer in %d s\n", cli->socket, CLI_HTTP_WAIT_S);
		return CLI_AWAY;
	default:
		fprintf(stderr, "postern: %s\n", err_text(err));
		return CLI_REFUSED;
	}
}

/* Where what a command names can be looked up; NULL: it names nothing. */
static const char *listing_of(const char *command)
{
	static const struct {
		const char *command, *listing;
	} table[] = {{"close", "list"}, {"undo", "list"}, {"allow", "cards"}, {"only", "cards"},
		{"always", "cards"}, {"not-now", "cards"}, {"block", "cards"}, {"shut", "hands"},
		{"test", "hands"}, {"forget", "devices"}, {"merge", "devices"},
		{"caller add", "devices"}, {"caller delete", "devices"},
		{"preset", "preset"}, {"expect", "alerts"}, {"dismiss", "alerts"},
		{"set", "limits"}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].command, command) == 0)
			return table[i].listing;
	return NULL;
}

int cli_refused(const struct cli_reply *reply, const char *what)
{
	const char *listing = reply->status == 404 ? listing_of(what) : NULL;
	json_t *root = json_loadb(reply->body ? reply->body : "", reply->len, 0, NULL);
	const json_t *error = json_object_get(root, "error");
	const char *message = json_string_value(json_object_get(error, "message"));
	const char *field = json_string_value(json_object_get(error, "field"));

	fputs("postern: ", stderr);
	cli_print_safe(stderr, what);
	fputs(": ", stderr);
	if (field) {
		cli_print_safe(stderr, field);
		fputs(": ", stderr);
	}
	if (message)
		cli_print_safe(stderr, message);
	else
		fprintf(stderr, "the daemon says %u", reply->status);
	if (listing)
		fprintf(stderr, ", see postern %s", listing);
	fputc('\n', stderr);
	json_decref(root);
	return CLI_REFUSED;
}

/* The daemon's JSON, unless something in it could turn a terminal. */
static int print_json(const json_t *root)
{
	char *text = json_dumps(root, JSON_COMPACT);
	int err = text ? 0 : ERR_MEMORY;

	if (text && str_is_plain(str_from(text)))
		fputs(text, stdout);
	else if (text && json_dumpf(root, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) < 0)
		err = ERR_MEMORY;
	fputc('\n', stdout);
	free(text);
	return err;
}

static int read_reply(const struct cli_reply *reply, json_t **out)
{
	json_error_t error;

	if (!out || reply->status == 204)
		return 0;
	*out = json_loadb(reply->body ? reply->body : "", reply->len, 0, &error);
	if (*out)
		return 0;
	fprintf(stderr, "postern: the answer: %s\n", err_text(ERR_SYNTAX));
	return CLI_REFUSED;
}

int cli_ask(const struct cli *cli, const char *method, const char *target, json_t *body,
	json_t **out)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	const struct cli_request req = {
		.socket = cli->socket,
		.method = method,
		.target = target,
		.body = text ? str_from(text) : STR_NONE,
	};
	struct cli_reply reply = {0};
	int err = body && !text ? ERR_MEMORY : cli_http_ask(&req, &reply);
	int code;

	if (out)
		*out = NULL;
	if (err)
		code = cli_exit_of(cli, err);
	else if (reply.status >= 300)
		code = cli_refused(&reply, cli->command->name);
	else
		code = read_reply(&reply, out);
	free(text);
	json_decref(body);
	cli_reply_free(&reply);
	return code;
}

int cli_show_answer(const struct cli *cli, const json_t *root, cli_show_fn *show)
{
	int err = cli->json ? print_json(root) : show ? show(root, stdout) : 0;

	if (err)
		fprintf(stderr, "postern: the answer: %s\n", err_text(err));
	return err ? CLI_REFUSED : 0;
}

int cli_do(const struct cli *cli, const char *method, const char *target, json_t *body,
	cli_show_fn *show)
{
	json_t *root = NULL;
	int code = cli_ask(cli, method, target, body, &root);

	if (code == 0 && root)
		code = cli_show_answer(cli, root, show);
	json_decref(root);
	return code;
}

int cli_show(const struct cli *cli, const char *target, cli_show_fn *show)
{
	return cli_do(cli, "GET", target, NULL, show);
}

static bool says_yes(void)
{
	char line[16] = "";

	fputs("Go on? [y/N] ", stderr);
	if (!fgets(line, sizeof(line), stdin)) {
		fputc('\n', stderr);
		return false;
	}
	return line[0] == 'y' || line[0] == 'Y';
}

int cli_confirm(const struct cli *cli, const char *preview, json_t *body, bool always)
{
	json_t *root = NULL;
	const json_t *rows;
	int code;

	if (cli->opt[CLI_YES])
		return 0;
	code = cli_ask(cli, "POST", preview, json_incref(body), &root);
	rows = cli_rows_of(root, "closing");
	if (code == 0 && json_array_size(rows) > 0)
		cli_show_closing(root, stderr);
	else if (code == 0 && always)
		fputs("Nothing that is open would be closed.\n", stderr);
	if (code == 0 && (always || json_array_size(rows) > 0) && !says_yes()) {
		fputs("Nothing was changed.\n", stderr);
		code = CLI_REFUSED;
	}
	json_decref(root);
	return code;
}
