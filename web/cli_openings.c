/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: what is open, closing it, and news of it. */
#include "protocols/err.h"
#include "web/cli.h"
#include "web/cli_http.h"
#include "web/cli_watch.h"

#include <stdlib.h>
#include <string.h>

int cli_run_list(struct cli *cli)
{
	if (cli->opt[CLI_PEERS])
		return cli_show(cli, "/api/v1/peers", cli_show_peers);
	return cli_show(cli, cli->opt[CLI_COUNTERS] ? "/api/v1/openings?counters=1"
						    : "/api/v1/openings", cli_show_openings);
}

int cli_run_close(struct cli *cli)
{
	const char *how = cli->opt[CLI_FOR];
	int code = 0;

	if (how && strcmp(how, "day") != 0 && strcmp(how, "good") != 0)
		return cli_wrong(cli, "--for takes day or good");
	for (int i = 0; i < cli->arg_count && code != CLI_AWAY; i++) {
		char target[CLI_TARGET_MAX];
		uint32_t id;
		int one;

		if (!cli_number(cli, cli->args[i], UINT32_MAX, &id))
			return CLI_USAGE;
		snprintf(target, sizeof(target), "/api/v1/openings/%u?for=%s", id,
			how ? how : "now");
		one = cli_do(cli, "DELETE", target, NULL, NULL);
		if (one == 0 && !cli->json)
			printf("Closed %u%s.\n", id, !how ? "" : strcmp(how, "day") == 0 ?
				", and refused for a day" : ", and refused for good");
		code = one ? one : code;
	}
	return code;
}

int cli_run_undo(struct cli *cli)
{
	char target[CLI_TARGET_MAX];
	uint32_t id;
	int code;

	if (!cli_number(cli, cli->args[0], UINT32_MAX, &id))
		return CLI_USAGE;
	snprintf(target, sizeof(target), "/api/v1/openings/%u/undo", id);
	code = cli_do(cli, "POST", target, NULL, NULL);
	if (code == 0)
		cli_say(cli, "It is open again.");
	return code;
}

int cli_run_flush(struct cli *cli)
{
	int code = cli_do(cli, "POST", "/api/v1/flush", NULL, NULL);

	if (code == 0)
		cli_say(cli, "Nothing is open to the Internet.");
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

int cli_run_watch(struct cli *cli)
{
	const struct cli_request req = {
		.socket = cli->socket,
		.method = "GET",
		.target = cli->opt[CLI_PENDING] ? "/api/v1/events?pending=1" : "/api/v1/events",
	};
	struct cli_watch *watch = calloc(1, sizeof(*watch));
	struct cli_reply reply = {0};
	int err = ERR_MEMORY, code;

	if (watch) {
		watch->fn = on_news;
		watch->arg = cli;
		err = cli_http_stream(&req, cli_watch_piece, watch, &reply);
	}
	free(watch);
	if (reply.status)
		code = cli_refused(&reply, "watch");
	else
		code = cli_exit_of(cli, err ? err : ERR_GONE);
	cli_reply_free(&reply);
	return code;
}
