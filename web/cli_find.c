/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the owner names on the command line; see cli.h. */
#include "protocols/addr.h"
#include "web/cli.h"
#include "web/cli_cell.h"

#include <string.h>
#include <strings.h>

bool cli_number(const struct cli *cli, const char *text, uint32_t max, uint32_t *out)
{
	if (str_u32(str_from(text), 1, max, out) == 0)
		return true;
	fprintf(stderr, "postern: %s: ", cli->command->name);
	cli_print_safe(stderr, text);
	fprintf(stderr, ": a number from 1 to %u is wanted\n", max);
	return false;
}

json_t *cli_find_id(json_t *rows, const char *key, uint32_t id)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i);
		if (cli_number_of(json_object_get(row, key), "id") == id)
			return row;
	}
	return NULL;
}

static bool has_address(const json_t *row, const char *text)
{
	const json_t *list = json_object_get(row, "addresses");
	struct addr wanted, one;

	if (addr_decode(str_from(text), &wanted) != 0)
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct str address = cli_text_of(json_array_get(list, i), "address");
		if (addr_decode(address, &one) == 0 && addr_eq(&one, &wanted))
			return true;
	}
	return false;
}

static bool is_called(const json_t *row, const char *text)
{
	static const char *const keys[] = {"name", "hostname", "mac"};
	const json_t *device = json_object_get(row, "device");

	for (size_t i = 0; i < 3; i++) {
		const char *name = json_string_value(json_object_get(device, keys[i]));
		if (name && strcasecmp(name, text) == 0)
			return true;
	}
	return has_address(row, text);
}

static int search(const json_t *rows, const char *text, uint32_t *id)
{
	uint32_t found = 0;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		if (!is_called(row, text))
			continue;
		if (found) {
			fputs("postern: there is more than one device ", stderr);
			cli_print_safe(stderr, text);
			fputs("; take its ID, see postern devices\n", stderr);
			return CLI_REFUSED;
		}
		found = (uint32_t)cli_number_of(json_object_get(row, "device"), "id");
	}
	if (!found) {
		fputs("postern: there is no device ", stderr);
		cli_print_safe(stderr, text);
		fputs(", see postern devices\n", stderr);
		return CLI_REFUSED;
	}
	*id = found;
	return 0;
}

int cli_find_device(const struct cli *cli, const char *text, uint32_t *id)
{
	json_t *root = NULL;
	int code;

	if (str_u32(str_from(text), 1, UINT32_MAX, id) == 0)
		return 0;
	code = cli_ask(cli, "GET", "/api/v1/devices", NULL, &root);
	if (code == 0)
		code = search(json_object_get(root, "devices"), text, id);
	json_decref(root);
	return code;
}
