/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the CLI: one run of it, its commands and what they are made of. A command returns the
 * program's exit code: 0 done, 1 refused or failed, 2 wrong usage, 3 the daemon cannot be reached.
 */
#ifndef WEB_CLI_H
#define WEB_CLI_H

#include "web/cli_show.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define CLI_REFUSED 1
#define CLI_USAGE 2
#define CLI_AWAY 3
#define CLI_TARGET_MAX 512

/* Options of single commands; their names are in cli.c. */
enum cli_opt {	/* in the order of the table of options there */
	CLI_COUNTERS, CLI_PEERS, CLI_COUNT, CLI_BEFORE, CLI_RING, CLI_DEVICE, CLI_OPENING, CLI_RULE,
	CLI_PENDING, CLI_FOR, CLI_YES, CLI_NAME, CLI_ZONE, CLI_PHONE, CLI_ORIGIN, CLI_PROTO,
	CLI_EXTERNAL, CLI_INTERNAL, CLI_REMOTE, CLI_FROM, CLI_DESCR, CLI_WHEN, CLI_CAP, CLI_QUOTA,
	CLI_NOTE, CLI_TEXT, CLI_RULES,
	CLI_OPTS
};
#define CLI_HAS(opt) (UINT32_C(1) << (opt))

struct cli_command;

struct cli {
	const char *socket;
	bool json;
	const char *opt[CLI_OPTS];	/* NULL: not given; "" for those without a value */
	const struct cli_command *command;
	char **args;
	int arg_count;
};

struct cli_command {
	const char *name;	/* one word or two */
	const char *args;
	const char *meaning;
	int args_min, args_max;
	uint32_t opts;		/* CLI_HAS of those it takes */
	int (*run)(struct cli *cli);
	const char *target;	/* of commands that only show */
	cli_show_fn *show;
};

/* ---- cli_ask.c ---- */

void cli_print_safe(FILE *out, const char *text);
/* "postern: COMMAND: why", for CLI_USAGE. */
int cli_wrong(const struct cli *cli, const char *why);
/* What ended a request without an answer, and its exit code. */
int cli_exit_of(const struct cli *cli, int err);
struct cli_reply;
int cli_refused(const struct cli_reply *reply, const char *what);
/* Asks; body (may be NULL) is freed. *out gets what was answered, NULL for nothing; out may be
 * NULL. Not 0: it was said why. */
int cli_ask(const struct cli *cli, const char *method, const char *target, json_t *body,
	json_t **out);
/* Prints as JSON with --json, else by show. */
int cli_show_answer(const struct cli *cli, const json_t *root, cli_show_fn *show);
/* Asks and prints the answer: as JSON with --json, else by show (NULL: nothing is printed). */
int cli_do(const struct cli *cli, const char *method, const char *target, json_t *body,
	cli_show_fn *show);
int cli_show(const struct cli *cli, const char *target, cli_show_fn *show);
/* Shows what body would close by the route preview, and asks unless --yes; always: also when
 * nothing would. 0: go on. body is not freed. */
int cli_confirm(const struct cli *cli, const char *preview, json_t *body, bool always);
/* Says text unless --json. */
void cli_say(const struct cli *cli, const char *text);

/* ---- cli_find.c ---- */

/* A number within min..max of an argument or option; what: its name for the complaint. */
bool cli_number(const struct cli *cli, const char *text, uint32_t max, uint32_t *out);
/* A device by id, MAC, name (of one device only) or address. 0, or it was said why not. */
int cli_find_device(const struct cli *cli, const char *text, uint32_t *id);
/* A row of rows whose key has this id, as it is in the JSON; NULL. */
json_t *cli_find_id(json_t *rows, const char *key, uint32_t id);

/* JSON of a file, "-": of the standard input; NULL: it was said why. In cli_policy.c. */
json_t *cli_load(const char *path);

/* ---- commands ---- */

int cli_run_list(struct cli *cli);		/* cli_openings.c */
int cli_run_watch(struct cli *cli);
int cli_run_close(struct cli *cli);
int cli_run_undo(struct cli *cli);
int cli_run_flush(struct cli *cli);
int cli_run_devices(struct cli *cli);		/* cli_devices.c */
int cli_run_device(struct cli *cli);
int cli_run_forget(struct cli *cli);
int cli_run_merge(struct cli *cli);
int cli_run_caller(struct cli *cli);
int cli_run_sip(struct cli *cli);
int cli_run_rule_add(struct cli *cli);		/* cli_rules.c */
int cli_run_rule_delete(struct cli *cli);
int cli_run_rule_enable(struct cli *cli);
int cli_run_rule_move(struct cli *cli);
int cli_run_preset(struct cli *cli);		/* cli_policy.c */
int cli_run_attend(struct cli *cli);
int cli_run_export(struct cli *cli);
int cli_run_import(struct cli *cli);
int cli_run_reset(struct cli *cli);
int cli_run_setup(struct cli *cli);
int cli_run_set(struct cli *cli);
int cli_run_explain(struct cli *cli);		/* cli_explain.c */
int cli_run_answer(struct cli *cli);		/* cli_hands.c: cards, alerts, hands */
int cli_run_alert(struct cli *cli);
int cli_run_open(struct cli *cli);
int cli_run_shut(struct cli *cli);
int cli_run_test(struct cli *cli);
int cli_run_record(struct cli *cli);		/* cli_record.c */
int cli_run_record_verify(struct cli *cli);
int cli_run_record_export(struct cli *cli);

#endif
