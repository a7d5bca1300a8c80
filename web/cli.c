/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * postern: the owner's hand on the command line. Each command is made of routes of the API on the
 * control socket; what it may do is decided by the daemon. Here: the table of commands and the
 * command line. Exit: 0 done, 1 refused or failed, 2 wrong usage, 3 the daemon cannot be reached.
 */
#include "web/cli.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define RULE_OPTS (CLI_HAS(CLI_DEVICE) | CLI_HAS(CLI_ZONE) | CLI_HAS(CLI_ORIGIN) | \
	CLI_HAS(CLI_PROTO) | CLI_HAS(CLI_EXTERNAL) | CLI_HAS(CLI_INTERNAL) | CLI_HAS(CLI_REMOTE) | \
	CLI_HAS(CLI_DESCR) | CLI_HAS(CLI_WHEN) | CLI_HAS(CLI_FOR) | CLI_HAS(CLI_CAP) | \
	CLI_HAS(CLI_QUOTA) | CLI_HAS(CLI_NOTE) | CLI_HAS(CLI_YES))

static const struct cli_command commands[] = {
	{"status", "", "how the daemon, the WAN and the firewall are", 0, 0, 0, NULL,
		"/api/v1/status", cli_show_status},
	{"list", "[--counters | --peers]", "what is open to the Internet", 0, 0,
		CLI_HAS(CLI_COUNTERS) | CLI_HAS(CLI_PEERS), cli_run_list, NULL, NULL},
	{"watch", "[--pending]", "news as they happen, until interrupted", 0, 0,
		CLI_HAS(CLI_PENDING), cli_run_watch, NULL, NULL},
	{"close", "ID ... [--for day|good]", "close openings, with their connections", 1, 1000,
		CLI_HAS(CLI_FOR), cli_run_close, NULL, NULL},
	{"undo", "ID", "take a closing of the last minute back", 1, 1, 0, cli_run_undo, NULL, NULL},
	{"flush", "", "close everything", 0, 0, 0, cli_run_flush, NULL, NULL},
	{"cards", "", "which devices ask", 0, 0, 0, NULL, "/api/v1/cards", cli_show_cards},
	{"allow", "CARD", "the device may, from now on", 1, 1, 0, cli_run_answer, NULL, NULL},
	{"only", "CARD", "only these ports, today", 1, 1, 0, cli_run_answer, NULL, NULL},
	{"always", "CARD", "only these ports, for good", 1, 1, 0, cli_run_answer, NULL, NULL},
	{"not-now", "CARD", "no, and do not ask for a day", 1, 1, 0, cli_run_answer, NULL, NULL},
	{"block", "CARD", "the device may nothing", 1, 1, 0, cli_run_answer, NULL, NULL},
	{"open", "SERVICE|PORT[/tcp|/udp] --device D", "open by hand", 1, 1,
		CLI_HAS(CLI_DEVICE) | CLI_HAS(CLI_FROM) | CLI_HAS(CLI_WHEN) |
		CLI_HAS(CLI_EXTERNAL) | CLI_HAS(CLI_NAME), cli_run_open, NULL, NULL},
	{"shut", "HAND", "close what was opened by hand", 1, 1, 0, cli_run_shut, NULL, NULL},
	{"hands", "", "what is open by hand", 0, 0, 0, NULL, "/api/v1/hands", cli_show_hands},
	{"test", "HAND", "is it forwarded, and if not, why", 1, 1, 0, cli_run_test, NULL, NULL},
	{"services", "", "what can be opened by name", 0, 0, 0, NULL, "/api/v1/services",
		cli_show_services},
	{"devices", "[DEVICE]", "the devices of the home network, or one", 0, 1, 0, cli_run_devices,
		NULL, NULL},
	{"device", "DEVICE [--name N] [--zone Z] [--phone on|off]", "change it", 1, 1,
		CLI_HAS(CLI_NAME) | CLI_HAS(CLI_ZONE) | CLI_HAS(CLI_PHONE) | CLI_HAS(CLI_YES),
		cli_run_device, NULL, NULL},
	{"forget", "DEVICE", "forget it, and close what it has open", 1, 1, 0, cli_run_forget,
		NULL, NULL},
	{"merge", "FROM INTO", "they are the same device", 2, 2, 0, cli_run_merge, NULL, NULL},
	{"sip", "", "phones, where they are registered, and their calls", 0, 0, 0, cli_run_sip,
		NULL, NULL},
	{"sip missed", "", "calls that were not let in", 0, 0, 0, NULL, "/api/v1/sip/missed",
		cli_show_missed},
	{"caller add", "DEVICE PREFIX ...", "these may call that phone, too", 2, 9, 0,
		cli_run_caller, NULL, NULL},
	{"caller delete", "DEVICE PREFIX ...", "not any more", 2, 9, 0, cli_run_caller, NULL,
		NULL},
	{"zones", "", "the zones", 0, 0, 0, NULL, "/api/v1/zones", cli_show_zones},
	{"rules", "", "the rules in their order", 0, 0, 0, NULL, "/api/v1/rules", cli_show_rules},
	{"rule add", "allow|deny|ask [OPTIONS]", "a rule below the owner's others", 1, 1, RULE_OPTS,
		cli_run_rule_add, NULL, NULL},
	{"rule insert", "PLACE allow|deny|ask [OPTIONS]", "a rule at that place", 2, 2, RULE_OPTS,
		cli_run_rule_add, NULL, NULL},
	{"rule delete", "ID ...", "take rules away", 1, 1000, CLI_HAS(CLI_YES), cli_run_rule_delete,
		NULL, NULL},
	{"rule enable", "ID", "switch a rule on", 1, 1, CLI_HAS(CLI_YES), cli_run_rule_enable, NULL,
		NULL},
	{"rule disable", "ID", "switch a rule off", 1, 1, CLI_HAS(CLI_YES), cli_run_rule_enable,
		NULL, NULL},
	{"rule move", "ID PLACE", "to another place", 2, 2, CLI_HAS(CLI_YES), cli_run_rule_move,
		NULL, NULL},
	{"preset", "[NAME] [--yes]", "a whole way to run a home", 0, 1, CLI_HAS(CLI_YES),
		cli_run_preset, NULL, NULL},
	{"attend", "on|off", "somebody looks after this router", 1, 1, 0, cli_run_attend, NULL,
		NULL},
	{"explain", "pcp|natpmp|upnp map tcp|udp PORT from ADDRESS", "what would be answered", 6, 7,
		CLI_HAS(CLI_EXTERNAL) | CLI_HAS(CLI_DESCR) | CLI_HAS(CLI_REMOTE) |
		CLI_HAS(CLI_RULES), cli_run_explain, NULL, NULL},
	{"record", "[OPTIONS]", "what was opened, closed and refused, and why", 0, 0,
		CLI_HAS(CLI_COUNT) | CLI_HAS(CLI_BEFORE) | CLI_HAS(CLI_RING) | CLI_HAS(CLI_DEVICE) |
		CLI_HAS(CLI_OPENING) | CLI_HAS(CLI_RULE) | CLI_HAS(CLI_TEXT), cli_run_record, NULL,
		NULL},
	{"record verify", "", "does its chain hold", 0, 0, 0, cli_run_record_verify, NULL, NULL},
	{"record export", "[--ring RING]", "all of it as JSON lines", 0, 0, CLI_HAS(CLI_RING),
		cli_run_record_export, NULL, NULL},
	{"alerts", "", "what the owner should know", 0, 0, 0, NULL, "/api/v1/alerts",
		cli_show_alerts},
	{"expect", "ALERT", "the owner knows of it", 1, 1, 0, cli_run_alert, NULL, NULL},
	{"dismiss", "ALERT", "put it away", 1, 1, 0, cli_run_alert, NULL, NULL},
	{"setup", "", "a code for the first log-in by the web", 0, 0, 0, cli_run_setup, NULL,
		NULL},
	{"limits", "", "the settings that can be set", 0, 0, 0, NULL, "/api/v1/settings",
		cli_show_settings},
	{"set", "NAME VALUE", "change a setting", 2, 2, 0, cli_run_set, NULL, NULL},
	{"export", "[FILE]", "the whole policy as JSON", 0, 1, 0, cli_run_export, NULL, NULL},
	{"import", "FILE [--yes]", "a whole policy, or nothing of it", 1, 1, CLI_HAS(CLI_YES),
		cli_run_import, NULL, NULL},
	{"reset", "--yes", "back to the policy of the first day", 0, 0, CLI_HAS(CLI_YES),
		cli_run_reset, NULL, NULL},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct option options[] = {
	{"counters", no_argument, NULL, CLI_COUNTERS},
	{"peers", no_argument, NULL, CLI_PEERS},
	{"count", required_argument, NULL, CLI_COUNT},
	{"before", required_argument, NULL, CLI_BEFORE},
	{"ring", required_argument, NULL, CLI_RING},
	{"device", required_argument, NULL, CLI_DEVICE},
	{"opening", required_argument, NULL, CLI_OPENING},
	{"rule", required_argument, NULL, CLI_RULE},
	{"pending", no_argument, NULL, CLI_PENDING},
	{"for", required_argument, NULL, CLI_FOR},
	{"yes", no_argument, NULL, CLI_YES},
	{"name", required_argument, NULL, CLI_NAME},
	{"zone", required_argument, NULL, CLI_ZONE},
	{"phone", required_argument, NULL, CLI_PHONE},
	{"origin", required_argument, NULL, CLI_ORIGIN},
	{"proto", required_argument, NULL, CLI_PROTO},
	{"external", required_argument, NULL, CLI_EXTERNAL},
	{"internal", required_argument, NULL, CLI_INTERNAL},
	{"remote", required_argument, NULL, CLI_REMOTE},
	{"from", required_argument, NULL, CLI_FROM},
	{"descr", required_argument, NULL, CLI_DESCR},
	{"when", required_argument, NULL, CLI_WHEN},
	{"cap", required_argument, NULL, CLI_CAP},
	{"quota", required_argument, NULL, CLI_QUOTA},
	{"note", required_argument, NULL, CLI_NOTE},
	{"text", required_argument, NULL, CLI_TEXT},
	{"rules", required_argument, NULL, CLI_RULES},
	{"json", no_argument, NULL, 'j'},
	{"socket", required_argument, NULL, 's'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

static int usage(FILE *out)
{
	fputs("usage: postern [--json] [--socket PATH] COMMAND\n\n", out);
	for (const struct cli_command *c = commands; c < commands + COMMANDS; c++)
		fprintf(out, "  %-14s%-44s %s\n", c->name, c->args, c->meaning);
	fputs("\n  --help, --version\n", out);
	return out == stdout ? 0 : CLI_USAGE;
}

/* What is wrong with a command that was given. */
static int wrong_use(const struct cli_command *c, const char *name)
{
	if (c) {
		fprintf(stderr, "usage: postern %s%s%s\n", c->name, *c->args ? " " : "", c->args);
	} else {
		fputs("postern: there is no command ", stderr);
		cli_print_safe(stderr, name);
		fputs("; see postern --help\n", stderr);
	}
	return CLI_USAGE;
}

/* Options may stand anywhere. -1: go on; else the exit code. */
static int read_options(struct cli *cli, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "js:hV", options, NULL)) != -1) {
		if (option == 'h')
			return usage(stdout);
		if (option == 'V')
			return puts("postern " POSTERN_VERSION) < 0;
		if (option == '?') {
			fputs("See postern --help.\n", stderr);
			return CLI_USAGE;
		}
		if (option == 'j')
			cli->json = true;
		else if (option == 's')
			cli->socket = optarg;
		else
			cli->opt[option] = optarg ? optarg : "";
	}
	return -1;
}

/* Of one word or two; *words tells. */
static const struct cli_command *find(char **argv, int argc, int *words)
{
	const struct cli_command *found = NULL;
	size_t len = argc > 0 ? strlen(argv[0]) : 0;

	for (const struct cli_command *c = commands; c < commands + COMMANDS; c++) {
		if (argc > 0 && !found && strcmp(argv[0], c->name) == 0) {
			found = c;
			*words = 1;
		}
		if (argc > 1 && strncmp(argv[0], c->name, len) == 0 && c->name[len] == ' ' &&
		    strcmp(argv[1], c->name + len + 1) == 0) {
			*words = 2;
			return c;
		}
	}
	return found;
}

/* An option that this command has no use for; NULL: there is none. */
static const char *stray_option(const struct cli *cli)
{
	for (int i = 0; i < CLI_OPTS; i++)
		if (cli->opt[i] && !(cli->command->opts & CLI_HAS(i)))
			return options[i].name;
	return NULL;
}

int main(int argc, char **argv)
{
	struct cli cli = {.socket = POSTERN_RUNDIR "/control.sock"};
	int code = read_options(&cli, argc, argv), words = 0;
	const struct cli_command *c;

	if (code >= 0)
		return code;
	if (optind == argc)
		return usage(stderr);
	c = cli.command = find(argv + optind, argc - optind, &words);
	cli.args = argv + optind + words;
	cli.arg_count = argc - optind - words;
	if (!c || cli.arg_count < c->args_min || cli.arg_count > c->args_max)
		return wrong_use(c, argv[optind]);
	if (stray_option(&cli)) {
		fprintf(stderr, "postern: %s takes no --%s\n", c->name, stray_option(&cli));
		return CLI_USAGE;
	}
	code = c->run ? c->run(&cli) : cli_show(&cli, c->target, c->show);
	if (fflush(stdout) != 0 && code == 0)
		code = CLI_REFUSED;
	return code;
}
