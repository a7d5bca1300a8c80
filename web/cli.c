/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * postern: the owner's hand on the command line. Each command is a route of the API on the control
 * socket; what it may do is decided by the daemon. Exit: 0 done, 1 refused or failed, 2 wrong
 * usage, 3 the daemon cannot be reached.
 */
#include "gateway/log.h"
#include "protocols/err.h"
#include "protocols/reader.h"
#include "web/cli_http.h"
#include "web/cli_show.h"
#include "web/cli_watch.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_REFUSED 1
#define EXIT_USAGE 2
#define EXIT_AWAY 3
#define TARGET_MAX 512

struct cli {
	const char *socket;
	bool json;
	bool counters;
	bool peers;
	uint32_t count;		/* of the record; 0: as the daemon likes */
	uint64_t before;	/* 0: from the newest */
	const struct command *command;
	char **args;
	int arg_count;
};

struct command {
	const char *name;
	const char *args;
	const char *meaning;
	int args_min, args_max;
	int (*run)(struct cli *cli);
	const char *target;	/* of commands that only show */
	cli_show_fn *show;
};

/* ---- asking ---- */

static int exit_of(const struct cli *cli, int err)
{
	switch (err) {
	case ERR_DENIED:
		fprintf(stderr, "postern: %s: not allowed; root and the group postern are\n",
			cli->socket);
		return EXIT_AWAY;
	case ERR_GONE:
		fprintf(stderr, "postern: %s: nobody answers; is posternd running?\n", cli->socket);
		return EXIT_AWAY;
	case ERR_BUSY:
		fprintf(stderr, "postern: %s: no answer in %d s\n", cli->socket, CLI_HTTP_WAIT_S);
		return EXIT_AWAY;
	default:
		fprintf(stderr, "postern: %s\n", err_text(err));
		return EXIT_REFUSED;
	}
}

static void print_safe(FILE *out, const char *text)
{
	char safe[512];

	log_escape(str_from(text), safe, sizeof(safe));
	fputs(safe, out);
}

static int refused(const struct cli_reply *reply, const char *what)
{
	json_t *root = json_loadb(reply->body ? reply->body : "", reply->len, 0, NULL);
	const char *message = json_string_value(
		json_object_get(json_object_get(root, "error"), "message"));

	fputs("postern: ", stderr);
	print_safe(stderr, what);
	fputs(": ", stderr);
	if (message)
		print_safe(stderr, message);
	else
		fprintf(stderr, "the daemon says %u", reply->status);
	fputc('\n', stderr);
	json_decref(root);
	return EXIT_REFUSED;
}

/* The daemon's JSON as it is, unless something in it could turn a terminal. */
static int print_json(const json_t *root, struct str text)
{
	if (str_is_plain(text))
		fwrite(text.p, 1, text.len, stdout);
	else if (json_dumpf(root, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) < 0)
		return ERR_MEMORY;
	fputc('\n', stdout);
	return 0;
}

static int print_reply(const struct cli *cli, const struct cli_reply *reply, cli_show_fn *show)
{
	json_t *root = json_loadb(reply->body ? reply->body : "", reply->len, 0, NULL);
	int err = ERR_SYNTAX;

	if (root && cli->json)
		err = print_json(root, (struct str){reply->body, reply->len});
	else if (root)
		err = show(root, stdout);
	json_decref(root);
	if (err)
		fprintf(stderr, "postern: the answer: %s\n", err_text(err));
	return err ? EXIT_REFUSED : EXIT_SUCCESS;
}

static int show(struct cli *cli, const char *target, cli_show_fn *fn)
{
	const struct cli_request req = {.socket = cli->socket, .method = "GET", .target = target};
	struct cli_reply reply = {0};
	int err = cli_http_ask(&req, &reply);
	int code;

	if (err)
		return exit_of(cli, err);
	code = reply.status == 200 ? print_reply(cli, &reply, fn)
				   : refused(&reply, cli->command->name);
	cli_reply_free(&reply);
	return code;
}

static int act(const struct cli *cli, const struct cli_request *req, const char *what)
{
	struct cli_reply reply = {0};
	int err = cli_http_ask(req, &reply);
	int code = EXIT_SUCCESS;

	if (err)
		return exit_of(cli, err);
	if (reply.status >= 300)
		code = refused(&reply, what);
	cli_reply_free(&reply);
	return code;
}

/* ---- commands ---- */

static int run_show(struct cli *cli)
{
	return show(cli, cli->command->target, cli->command->show);
}

static int run_list(struct cli *cli)
{
	if (cli->peers)
		return show(cli, "/api/v1/peers", cli_show_peers);
	return show(cli, cli->counters ? "/api/v1/openings?counters=1" : "/api/v1/openings",
		cli_show_openings);
}

static int run_record(struct cli *cli)
{
	char target[TARGET_MAX];
	struct writer w = writer_to(target, sizeof(target) - 1);

	writer_text(&w, "/api/v1/record?before=");
	writer_dec(&w, cli->before);
	if (cli->count) {
		writer_text(&w, "&count=");
		writer_dec(&w, cli->count);
	}
	target[w.len] = '\0';
	return show(cli, target, cli_show_record);
}

static int run_close(struct cli *cli)
{
	int code = EXIT_SUCCESS;

	for (int i = 0; i < cli->arg_count && code != EXIT_AWAY; i++) {
		char target[TARGET_MAX];
		struct writer w = writer_to(target, sizeof(target) - 1);
		struct cli_request req = {
			.socket = cli->socket, .method = "DELETE", .target = target};
		uint32_t id;
		int one;

		if (str_u32(str_from(cli->args[i]), 1, UINT32_MAX, &id) != 0) {
			fprintf(stderr, "postern: close: an ID is a number, see postern list\n");
			return EXIT_USAGE;
		}
		writer_text(&w, "/api/v1/openings/");
		writer_dec(&w, id);
		target[w.len] = '\0';
		one = act(cli, &req, target + sizeof("/api/v1/openings/") - 1);
		if (one == EXIT_SUCCESS && !cli->json)
			printf("Closed %u.\n", id);
		code = one ? one : code;
	}
	return code;
}

static int run_flush(struct cli *cli)
{
	const struct cli_request req = {
		.socket = cli->socket, .method = "POST", .target = "/api/v1/flush"};
	int code = act(cli, &req, "flush");

	if (code == EXIT_SUCCESS && !cli->json)
		puts("Nothing is open to the Internet.");
	return code;
}

static bool is_setting_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz._");
	return len > 0 && name[len] == '\0' && len < TARGET_MAX / 2;
}

static int run_set(struct cli *cli)
{
	char target[TARGET_MAX], body[64];
	struct writer w = writer_to(target, sizeof(target) - 1);
	struct writer b = writer_to(body, sizeof(body));
	struct cli_request req = {.socket = cli->socket, .method = "PUT", .target = target};
	uint64_t value;
	int code;

	if (!is_setting_name(cli->args[0]) ||
	    str_u64(str_from(cli->args[1]), INT64_MAX, &value) != 0) {
		fprintf(stderr, "postern: set NAME VALUE: a name of postern limits and a number\n");
		return EXIT_USAGE;
	}
	writer_text(&w, "/api/v1/settings/");
	writer_text(&w, cli->args[0]);
	target[w.len] = '\0';
	writer_text(&b, "{\"value\":");
	writer_dec(&b, value);
	writer_text(&b, "}");
	req.body = writer_done(&b);
	code = act(cli, &req, cli->args[0]);
	if (code == EXIT_SUCCESS && !cli->json)
		printf("%s is %llu now.\n", cli->args[0], (unsigned long long)value);
	return code;
}

static int on_news(void *arg, const char *name, struct str data)
{
	const struct cli *cli = arg;
	json_t *root = json_loadb(data.p, data.len, 0, NULL);

	if (!root)
		return ERR_SYNTAX;
	if (cli->json) {
		json_t *both = json_pack("{s:s,s:O}", "event", name, "data", root);
		json_dumpf(both, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		fputc('\n', stdout);
		json_decref(both);
	} else {
		cli_show_news(name, root, stdout);
	}
	json_decref(root);
	return fflush(stdout) == 0 ? 0 : ERR_IO;
}

static int run_watch(struct cli *cli)
{
	const struct cli_request req = {
		.socket = cli->socket, .method = "GET", .target = "/api/v1/events"};
	struct cli_watch *watch = calloc(1, sizeof(*watch));
	struct cli_reply reply = {0};
	int err = ERR_MEMORY, code = EXIT_REFUSED;

	if (watch) {
		watch->fn = on_news;
		watch->arg = cli;
		err = cli_http_stream(&req, cli_watch_piece, watch, &reply);
	}
	free(watch);
	if (reply.status)
		code = refused(&reply, "watch");
	else
		code = exit_of(cli, err ? err : ERR_GONE);
	cli_reply_free(&reply);
	return code;
}

/* ---- the command line ---- */

static const struct command commands[] = {
	{"status", "", "how the daemon, the WAN and the firewall are", 0, 0, run_show,
		"/api/v1/status", cli_show_status},
	{"list", "[--counters | --peers]", "what is open to the Internet", 0, 0, run_list,
		NULL, NULL},
	{"watch", "", "news as they happen, until interrupted", 0, 0, run_watch, NULL, NULL},
	{"close", "ID ...", "close openings, with the connections on them", 1, 1000, run_close,
		NULL, NULL},
	{"flush", "", "close everything", 0, 0, run_flush, NULL, NULL},
	{"record", "[--count N] [--before SEQ]", "what was opened, closed and refused, and why",
		0, 0, run_record, NULL, NULL},
	{"devices", "", "the devices of the home network", 0, 0, run_show, "/api/v1/devices",
		cli_show_devices},
	{"limits", "", "the settings that can be set", 0, 0, run_show, "/api/v1/settings",
		cli_show_settings},
	{"set", "NAME VALUE", "change a setting", 2, 2, run_set, NULL, NULL},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int usage(FILE *out)
{
	fputs("usage: postern [--json] [--socket PATH] COMMAND\n\n", out);
	for (const struct command *c = commands; c < commands + COMMANDS; c++)
		fprintf(out, "  %-8s%-28s%s\n", c->name, c->args, c->meaning);
	fputs("\n  --help, --version\n", out);
	return out == stdout ? EXIT_SUCCESS : EXIT_USAGE;
}

/* What is wrong with a command that was given. */
static int wrong_use(const struct command *c, const char *name)
{
	if (c) {
		fprintf(stderr, "usage: postern %s%s%s\n", c->name, *c->args ? " " : "", c->args);
	} else {
		fputs("postern: there is no command ", stderr);
		print_safe(stderr, name);
		fputs("; see postern --help\n", stderr);
	}
	return EXIT_USAGE;
}

static bool read_number(const char *option, uint64_t max, uint64_t *out)
{
	if (str_u64(str_from(optarg), max, out) == 0)
		return true;
	fprintf(stderr, "postern: --%s takes a number up to %llu\n", option,
		(unsigned long long)max);
	return false;
}

/* getopt said which. */
static int wrong_option(void)
{
	fputs("See postern --help.\n", stderr);
	return EXIT_USAGE;
}

/* Options may stand anywhere. -1: go on; else the exit code. */
static int read_options(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"socket", required_argument, NULL, 's'},
		{"counters", no_argument, NULL, 'c'},
		{"peers", no_argument, NULL, 'p'},
		{"count", required_argument, NULL, 'n'},
		{"before", required_argument, NULL, 'b'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	uint64_t n = 0;
	int option;

	while ((option = getopt_long(argc, argv, "js:cpn:b:hV", options, NULL)) != -1) {
		if (option == 'h')
			return usage(stdout);
		if (option == 'V')
			return puts("postern " POSTERN_VERSION) < 0;
		if (option == '?')
			return wrong_option();
		if (option == 'j')
			cli->json = true;
		if (option == 's')
			cli->socket = optarg;
		if (option == 'c')
			cli->counters = true;
		if (option == 'p')
			cli->peers = true;
		if (option == 'n' && !read_number("count", 1000, &n))
			return EXIT_USAGE;
		if (option == 'n')
			cli->count = (uint32_t)n;
		if (option == 'b' && !read_number("before", INT64_MAX, &cli->before))
			return EXIT_USAGE;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct cli cli = {.socket = POSTERN_RUNDIR "/control.sock"};
	int code = read_options(&cli, argc, argv);

	if (code >= 0)
		return code;
	if (optind == argc)
		return usage(stderr);
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[optind], commands[i].name) == 0)
			cli.command = &commands[i];
	cli.args = argv + optind + 1;
	cli.arg_count = argc - optind - 1;
	if (!cli.command || cli.arg_count < cli.command->args_min ||
	    cli.arg_count > cli.command->args_max)
		return wrong_use(cli.command, argv[optind]);
	code = cli.command->run(&cli);
	if (fflush(stdout) != 0 && code == EXIT_SUCCESS)
		code = EXIT_REFUSED;
	return code;
}
