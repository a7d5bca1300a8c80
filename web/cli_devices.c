/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: devices. */
#include "protocols/addr.h"
#include "protocols/err.h"
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

/* ---- who may call a phone ---- */

/* However it is spelled. -1: it is not there. */
static int find_caller(const json_t *list, const char *text)
{
	struct prefix wanted, one;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *known = json_string_value(json_array_get(list, i));
		if (known && prefix_decode(str_from(text), &wanted) == 0 &&
		    prefix_decode(str_from(known), &one) == 0 && prefix_eq(&wanted, &one))
			return (int)i;
	}
	return -1;
}

static int change_callers(const struct cli *cli, json_t *list)
{
	bool add = strcmp(cli->command->name, "caller add") == 0;

	for (int i = 1; i < cli->arg_count; i++) {
		int place = find_caller(list, cli->args[i]);

		if (place < 0 && !add) {
			fputs("postern: ", stderr);
			cli_print_safe(stderr, cli->args[i]);
			fputs(" was not let in, see postern devices DEVICE\n", stderr);
			return CLI_REFUSED;
		}
		if (!add)
			json_array_remove(list, (size_t)place);
		else if (place < 0)
			json_array_append_new(list, json_string(cli->args[i]));
	}
	return 0;
}

int cli_run_caller(struct cli *cli)
{
	char target[CLI_TARGET_MAX];
	json_t *root = NULL, *list = NULL;
	uint32_t id;
	int code = cli_find_device(cli, cli->args[0], &id);

	if (code)
		return code;
	snprintf(target, sizeof(target), "/api/v1/devices/%u", id);
	code = cli_ask(cli, "GET", target, NULL, &root);
	list = json_copy(json_object_get(json_object_get(root, "device"), "callers"));
	if (code == 0)
		code = list ? change_callers(cli, list) : cli_exit_of(cli, ERR_SYNTAX);
	if (code == 0)
		code = cli_do(cli, "PUT", target, json_pack("{s:O}", "callers", list), NULL);
	if (code == 0)
		cli_say(cli, json_array_size(list) > 0 ? "Done. A call that is under way goes on."
			: "Done. Only hosts it is registered at, or speaks to, may call it now.");
	json_decref(list);
	json_decref(root);
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
