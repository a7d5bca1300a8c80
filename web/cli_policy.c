/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: the policy as a whole, presets, limits. */
#include "protocols/err.h"
#include "protocols/str.h"
#include "web/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz._");
	return len > 0 && name[len] == '\0' && len < CLI_TARGET_MAX / 2;
}

int cli_run_set(struct cli *cli)
{
	char target[CLI_TARGET_MAX];
	uint64_t value;
	int code;

	if (!is_name(cli->args[0]) || str_u64(str_from(cli->args[1]), INT64_MAX, &value) != 0)
		return cli_wrong(cli, "a name of postern limits and a number");
	snprintf(target, sizeof(target), "/api/v1/settings/%s", cli->args[0]);
	code = cli_do(cli, "PUT", target, json_pack("{s:I}", "value", (json_int_t)value), NULL);
	if (code == 0 && !cli->json)
		printf("%s is %llu now.\n", cli->args[0], (unsigned long long)value);
	return code;
}

/* One who lost his password gets a new one this way, too. */
static int show_code(const json_t *root, FILE *out)
{
	const char *code = json_string_value(json_object_get(root, "code"));
	const char *url = json_string_value(json_object_get(root, "url"));
	const char *print = json_string_value(json_object_get(root, "fingerprint"));

	if (!code)
		return ERR_SYNTAX;
	fprintf(out, "Set-up code  ");
	cli_print_safe(out, code);
	fprintf(out, "\nOpen         ");
	cli_print_safe(out, url ? url : "the router's web page");
	if (print) {
		fputs("\nFingerprint  ", out);
		cli_print_safe(out, print);
	}
	fprintf(out, "\nIt is good for %lld minutes, and one account.\n",
		(long long)json_integer_value(json_object_get(root, "valid_s")) / 60);
	return 0;
}

int cli_run_setup(struct cli *cli)
{
	return cli_do(cli, "POST", "/api/v1/setup/code", NULL, show_code);
}

int cli_run_preset(struct cli *cli)
{
	char target[CLI_TARGET_MAX], preview[CLI_TARGET_MAX];
	int code;

	if (cli->arg_count == 0)
		return cli_show(cli, "/api/v1/presets", cli_show_presets);
	if (!is_name(cli->args[0]))
		return cli_wrong(cli, "a name of postern preset");
	snprintf(target, sizeof(target), "/api/v1/presets/%s", cli->args[0]);
	snprintf(preview, sizeof(preview), "/api/v1/presets/%s/preview", cli->args[0]);
	code = cli_confirm(cli, preview, NULL, true);
	if (code == 0)
		code = cli_do(cli, "PUT", target, NULL, NULL);
	if (code == 0)
		cli_say(cli, "Done.");
	return code;
}

int cli_run_attend(struct cli *cli)
{
	bool on = strcmp(cli->args[0], "on") == 0;
	int code;

	if (!on && strcmp(cli->args[0], "off") != 0)
		return cli_wrong(cli, "on or off");
	code = cli_do(cli, "PUT", "/api/v1/attended", json_pack("{s:b}", "attended", on), NULL);
	if (code == 0)
		cli_say(cli, on ? "Somebody looks after this router now: you will be asked."
				: "Nobody looks after this router now: nobody will be asked.");
	return code;
}

static int write_policy(const json_t *root, FILE *out)
{
	if (json_dumpf(root, out, JSON_INDENT(1)) < 0 || fputc('\n', out) == EOF)
		return ERR_IO;
	return 0;
}

static int say_io(const char *path)
{
	const char *why = strerror(errno);

	fputs("postern: ", stderr);
	cli_print_safe(stderr, path);
	fprintf(stderr, ": %s\n", why);
	return CLI_REFUSED;
}

int cli_run_export(struct cli *cli)
{
	json_t *root = NULL;
	FILE *out;
	int code, err;

	if (cli->arg_count == 0)
		return cli_show(cli, "/api/v1/policy", write_policy);
	code = cli_ask(cli, "GET", "/api/v1/policy", NULL, &root);
	if (code)
		return code;
	out = fopen(cli->args[0], "we");
	err = out ? write_policy(root, out) : ERR_IO;
	if (out && fclose(out) != 0)
		err = ERR_IO;
	json_decref(root);
	return err ? say_io(cli->args[0]) : 0;
}

json_t *cli_load(const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *in = standard ? stdin : fopen(path, "re");
	json_error_t error;
	json_t *root;

	if (!in) {
		say_io(path);
		return NULL;
	}
	root = json_loadf(in, JSON_REJECT_DUPLICATES, &error);
	if (!standard)
		fclose(in);
	if (!root) {
		fputs("postern: ", stderr);
		cli_print_safe(stderr, path);
		fprintf(stderr, ": line %d: ", error.line);
		cli_print_safe(stderr, error.text);
		fputc('\n', stderr);
	}
	return root;
}

int cli_run_import(struct cli *cli)
{
	json_t *body = cli_load(cli->args[0]);
	int code;

	if (!body)
		return CLI_REFUSED;
	code = cli_confirm(cli, "/api/v1/policy/preview", body, true);
	if (code == 0)
		code = cli_do(cli, "PUT", "/api/v1/policy", json_incref(body), NULL);
	if (code == 0)
		cli_say(cli, "This policy is in force.");
	json_decref(body);
	return code;
}

int cli_run_reset(struct cli *cli)
{
	int code;

	if (!cli->opt[CLI_YES])
		return cli_wrong(cli, "all rules and openings by hand would go; say --yes");
	code = cli_do(cli, "POST", "/api/v1/reset", NULL, NULL);
	if (code == 0)
		cli_say(cli, "The policy is that of the first day.");
	return code;
}
