/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: devices. */
#include "web/cli.h"

#include <string.h>

int cli_run_devices(struct cli *cli)
{
	char target[CLI_TARGET_MAX];
	uint32_t id;
	int code;

	if (cli->arg_count == 0)
		return cli_show(cli, "/api/v1/devices", cli_show_devices);
	code = cli_find_device(cli, cli->args[0], &id);
	if (code)
		return code;
	snprintf(target, sizeof(target), "/api/v1/devices/%u", id);
	code = cli_show(cli, target, cli_show_device);
	if (code || cli->json)
		return code;
	snprintf(target, sizeof(target), "/api/v1/record?count=10&device=%u", id);
	puts("");
	return cli_show(cli, target, cli_show_record);
}

/* NULL: it was said what is wrong. */
static json_t *change_of(const struct cli *cli)
{
	const char *phone = cli->opt[CLI_PHONE];
	json_t *body = json_object();

	if (cli->opt[CLI_NAME])
		json_object_set_new(body, "name", json_string(cli->opt[CLI_NAME]));
	if (cli->opt[CLI_ZONE])
		json_object_set_new(body, "zone", json_string(cli->opt[CLI_ZONE]));
	if (phone)
		json_object_set_new(body, "phone", json_boolean(strcmp(phone, "on") == 0));
	if (phone && strcmp(phone, "on") != 0 && strcmp(phone, "off") != 0)
		cli_wrong(cli, "--phone takes on or off");
	else if (json_object_size(body) == 0)
		cli_wrong(cli, "say what to change: --name, --zone or --phone");
	else
		return body;
	json_decref(body);
	return NULL;
}

static const char *said_of(const struct cli *cli)
{
	const char *phone = cli->opt[CLI_PHONE];

	if (!phone)
		return "Done.";
	if (strcmp(phone, "on") != 0)
		return "Its calls pass as they are now; one that was under way loses its sound.";
	return "Calls of this phone through this router are helped now.\n"
	       "If it was registered before, calls to it are helped after its next registration.";
}

int cli_run_device(struct cli *cli)
{
	char target[CLI_TARGET_MAX], preview[CLI_TARGET_MAX];
	json_t *body = change_of(cli);
	uint32_t id;
	int code = body ? cli_find_device(cli, cli->args[0], &id) : CLI_USAGE;

	if (code == 0) {
		snprintf(target, sizeof(target), "/api/v1/devices/%u", id);
		snprintf(preview, sizeof(preview), "/api/v1/devices/%u/preview", id);
		code = cli_confirm(cli, preview, body, false);
	}
	if (code == 0)
		code = cli_do(cli, "PUT", target, json_incref(body), NULL);
	if (code == 0)
		cli_say(cli, said_of(cli));
	json_decref(body);
	return code;
}

/* One answer of two: how the help is, and whom it helps. */
int cli_run_sip(struct cli *cli)
{
	json_t *root = NULL, *phones = NULL;
	int code = cli_ask(cli, "GET", "/api/v1/sip", NULL, &root);

	if (code == 0)
		code = cli_ask(cli, "GET", "/api/v1/sip/phones?counters=1", NULL, &phones);
	if (code == 0) {
		json_object_update(root, phones);
		code = cli_show_answer(cli, root, cli_show_sip);
	}
	json_decref(phones);
	json_decref(root);
	return code;
}

int cli_run_forget(struct cli *cli)
{
	char target[CLI_TARGET_MAX];
	uint32_t id;
	int code = cli_find_device(cli, cli->args[0], &id);

	if (code)
		return code;
	snprintf(target, sizeof(target), "/api/v1/devices/%u", id);
	code = cli_do(cli, "DELETE", target, NULL, NULL);
	if (code == 0)
		cli_say(cli, "It is forgotten, and what it had open is closed.");
	return code;
}

int cli_run_merge(struct cli *cli)
{
	char target[CLI_TARGET_MAX];
	uint32_t from, into;
	int code = cli_find_device(cli, cli->args[0], &from);

	if (code == 0)
		code = cli_find_device(cli, cli->args[1], &into);
	if (code)
		return code;
	snprintf(target, sizeof(target), "/api/v1/devices/%u/merge", from);
	code = cli_do(cli, "POST", target, json_pack("{s:I}", "into", (json_int_t)into), NULL);
	if (code == 0)
		cli_say(cli, "They are one device now.");
	return code;
}
