/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command: what would be answered, and why: "explain pcp map tcp 8080 from 192.168.1.10"; by the
 * rules in force, or by those of a file.
 */
#include "protocols/str.h"
#include "web/cli.h"

#include <string.h>

/* What is wrong; NULL: nothing. */
static const char *read_words(const struct cli *cli, json_t *body)
{
	char *const *a = cli->args;
	uint32_t port;

	if (strcmp(a[1], "map") != 0 && strcmp(a[1], "add") != 0)
		return "only map can be explained";
	if (str_u32(str_from(a[3]), 1, UINT16_MAX, &port) != 0)
		return "a port is from 1 to 65535";
	if (strcmp(a[4], "from") != 0)
		return "say from whom: from ADDRESS";
	json_object_set_new(body, "origin", json_string(a[0]));
	json_object_set_new(body, "proto", json_string(a[2]));
	json_object_set_new(body, "internal",
		json_pack("{s:s,s:I}", "address", a[5], "port", (json_int_t)port));
	return NULL;
}

static const char *read_options(const struct cli *cli, json_t *body)
{
	const char *external = cli->opt[CLI_EXTERNAL];
	uint32_t port;

	if (cli->arg_count == 7 && strncmp(cli->args[6], "external=", 9) == 0)
		external = cli->args[6] + 9;
	else if (cli->arg_count == 7)
		return "the last word is external=PORT";
	if (external && str_u32(str_from(external), 1, UINT16_MAX, &port) != 0)
		return "an external port is from 1 to 65535";
	if (external)
		json_object_set_new(body, "external_port", json_integer(port));
	if (cli->opt[CLI_DESCR])
		json_object_set_new(body, "description", json_string(cli->opt[CLI_DESCR]));
	if (cli->opt[CLI_REMOTE])
		json_object_set_new(body, "remote", json_string(cli->opt[CLI_REMOTE]));
	return NULL;
}

/* Of a list of rules, a policy, or what GET /rules answers. NULL: it is none of them. */
static json_t *rules_of(json_t *root)
{
	json_t *from = json_is_object(root) ? json_object_get(root, "rules") : root;
	json_t *list = json_is_array(from) ? json_array() : NULL;

	for (size_t i = 0; list && i < json_array_size(from); i++) {
		json_t *row = json_array_get(from, i), *rule = json_object_get(row, "rule");
		json_array_append(list, rule ? rule : row);
	}
	return list;
}

/* 0, or it was said why not. */
static int read_rules(const struct cli *cli, json_t *body)
{
	const char *path = cli->opt[CLI_RULES];
	json_t *root = path ? cli_load(path) : NULL, *list = rules_of(root);
	int code = 0;

	if (list)
		json_object_set_new(body, "rules", list);
	else if (root)
		code = cli_wrong(cli, "--rules takes a file of rules, as postern export writes it");
	else if (path)
		code = CLI_REFUSED;
	json_decref(root);
	return code;
}

int cli_run_explain(struct cli *cli)
{
	json_t *body = json_object();
	const char *wrong = read_words(cli, body);
	int code;

	if (!wrong)
		wrong = read_options(cli, body);
	code = wrong ? cli_wrong(cli, wrong) : read_rules(cli, body);
	if (code == 0)
		return cli_do(cli, "POST", "/api/v1/explain", body, cli_show_explained);
	json_decref(body);
	return code;
}
