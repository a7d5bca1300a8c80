/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: cards, alerts and openings by hand. */
#include "web/cli.h"
#include "web/cli_cell.h"
#include "web/cli_show.h"

#include <string.h>

/* ---- what waits for the owner ---- */

static int show_answered(const json_t *root, FILE *out)
{
	uint64_t opened = cli_number_of(root, "opened");

	if (opened)
		fprintf(out, "Done: %llu %s at once.\n", (unsigned long long)opened,
			opened == 1 ? "port opens" : "ports open");
	else
		fputs("Done.\n", out);
	return 0;
}

static bool allows(const char *answer)
{
	return strcmp(answer, "allow") == 0 || strcmp(answer, "only") == 0 ||
	       strcmp(answer, "always") == 0;
}

static const json_t *card_of(const json_t *root, uint32_t id)
{
	const json_t *cards = json_object_get(root, "cards");

	for (size_t i = 0; i < json_array_size(cards); i++) {
		const json_t *card = json_array_get(cards, i);
		if (cli_number_of(card, "id") == id)
			return card;
	}
	return NULL;
}

/* Shows what is allowed, and says in body that it is no more than that: what the device asks for
 * meanwhile has no answer. A card that is not there the daemon finds missing. */
static int show_asked(const struct cli *cli, uint32_t id, json_t *body)
{
	json_t *root = NULL;
	const json_t *card;
	int code = cli_ask(cli, "GET", "/api/v1/cards", NULL, &root);

	card = card_of(root, id);
	if (card && !cli->json)
		cli_show_card(card, stdout);
	if (card)
		json_object_set_new(body, "items",
			json_integer((json_int_t)json_array_size(
				json_object_get(card, "items"))));
	json_decref(root);
	return code;
}

/* "allow CARD", "only CARD", ...: the answer is the command's name. */
int cli_run_answer(struct cli *cli)
{
	char target[CLI_TARGET_MAX];
	json_t *body;
	uint32_t id;
	int code = 0;

	if (!cli_number(cli, cli->args[0], UINT32_MAX, &id))
		return CLI_USAGE;
	snprintf(target, sizeof(target), "/api/v1/cards/%u/answer", id);
	body = json_pack("{s:s}", "answer", cli->command->name);
	if (allows(cli->command->name))
		code = show_asked(cli, id, body);
	if (code == 0)
		return cli_do(cli, "POST", target, body, show_answered);
	json_decref(body);
	return code;
}

/* "expect ALERT", "dismiss ALERT". */
int cli_run_alert(struct cli *cli)
{
	bool expected = strcmp(cli->command->name, "expect") == 0;
	char target[CLI_TARGET_MAX];
	uint32_t id;
	int code;

	if (!cli_number(cli, cli->args[0], UINT32_MAX, &id))
		return CLI_USAGE;
	snprintf(target, sizeof(target), "/api/v1/alerts/%u", id);
	code = cli_do(cli, "POST", target, json_pack("{s:b}", "expected", expected), NULL);
	if (code == 0)
		cli_say(cli, expected ? "It is expected from now on." : "It is put away.");
	return code;
}

/* ---- openings by hand ---- */

/* Of a service of that name; false: there is none, or it was said why. */
static bool read_service(const struct cli *cli, json_t *hand, int *code)
{
	json_t *root = NULL, *rows;
	bool found = false;

	*code = cli_ask(cli, "GET", "/api/v1/services", NULL, &root);
	rows = json_object_get(root, "services");
	for (size_t i = 0; i < json_array_size(rows) && !found; i++) {
		const json_t *s = json_array_get(rows, i);
		found = str_eq(cli_text_of(s, "name"), str_from(cli->args[0]));
		if (!found)
			continue;
		json_object_set(hand, "name", json_object_get(s, "title"));
		json_object_set(hand, "protos", json_object_get(s, "protos"));
		json_object_set(hand, "port", json_object_get(s, "port"));
		json_object_set(hand, "count", json_object_get(s, "count"));
		if (cli_has(s, "advice") && !cli->json)
			cli_print_safe(stderr,
				json_string_value(json_object_get(s, "advice")));
		if (cli_has(s, "advice") && !cli->json)
			fputc('\n', stderr);
	}
	json_decref(root);
	return found;
}

/* "8080", "8080/udp", "8000-8010/tcp"; without a protocol TCP. */
static bool read_ports(const char *text, json_t *hand)
{
	struct str rest = str_from(text), ports = str_split(&rest, '/');
	struct str first = str_split(&ports, '-');
	const char *proto = str_eq(rest, STR("udp")) ? "udp" : "tcp";
	uint32_t port, last;

	if ((rest.len && !str_eq(rest, str_from(proto))) ||
	    str_u32(first, 1, UINT16_MAX, &port) != 0)
		return false;
	last = port;
	if (ports.p && str_u32(ports, port, UINT16_MAX, &last) != 0)
		return false;
	json_object_set_new(hand, "protos", json_pack("[s]", proto));
	json_object_set_new(hand, "port", json_integer(port));
	json_object_set_new(hand, "count", json_integer(last - port + 1));
	return true;
}

/* What the options add; false: it was said what is wrong. */
static bool read_options(const struct cli *cli, json_t *hand)
{
	static const struct {
		enum cli_opt opt;
		const char *key;
	} texts[] = {{CLI_NAME, "name"}, {CLI_FROM, "remote"}, {CLI_WHEN, "when"}};
	uint32_t port;

	for (size_t i = 0; i < 3; i++)
		if (cli->opt[texts[i].opt])
			json_object_set_new(hand, texts[i].key,
				json_string(cli->opt[texts[i].opt]));
	if (!cli->opt[CLI_EXTERNAL])
		return true;
	if (!cli_number(cli, cli->opt[CLI_EXTERNAL], UINT16_MAX, &port))
		return false;
	json_object_set(hand, "internal", json_object_get(hand, "port"));
	json_object_set_new(hand, "port", json_integer(port));
	return true;
}

static int show_opened(const struct cli *cli, uint32_t id)
{
	json_t *root = NULL, *row;
	int code = cli_ask(cli, "GET", "/api/v1/hands", NULL, &root);

	row = cli_find_id(json_object_get(root, "hands"), "hand", id);
	if (code == 0 && !row)
		code = CLI_REFUSED;
	if (code == 0) {
		printf("Opened as %u.\n", id);
		cli_show_hand(row, stdout);
	}
	json_decref(root);
	return code;
}

static int open_hand(const struct cli *cli, json_t *hand)
{
	json_t *root = NULL;
	uint32_t id;
	int code;

	if (cli->json)
		return cli_do(cli, "POST", "/api/v1/hands", json_incref(hand), NULL);
	code = cli_ask(cli, "POST", "/api/v1/hands", json_incref(hand), &root);
	id = (uint32_t)cli_number_of(root, "id");
	json_decref(root);
	return code ? code : show_opened(cli, id);
}

int cli_run_open(struct cli *cli)
{
	json_t *hand = json_object();
	uint32_t device;
	int code = 0;

	if (!cli->opt[CLI_DEVICE])
		code = cli_wrong(cli, "say for which device: --device");
	else if (!read_ports(cli->args[0], hand) && !read_service(cli, hand, &code) && !code)
		code = cli_wrong(cli, "there is no such service, see postern services; a port is "
			"8080, 8080/udp or 8000-8010/tcp");
	if (code == 0 && !read_options(cli, hand))
		code = CLI_USAGE;
	if (code == 0)
		code = cli_find_device(cli, cli->opt[CLI_DEVICE], &device);
	if (code == 0) {
		json_object_set_new(hand, "device", json_integer(device));
		code = open_hand(cli, hand);
	}
	json_decref(hand);
	return code;
}

int cli_run_shut(struct cli *cli)
{
	char target[CLI_TARGET_MAX];
	uint32_t id;
	int code;

	if (!cli_number(cli, cli->args[0], UINT32_MAX, &id))
		return CLI_USAGE;
	snprintf(target, sizeof(target), "/api/v1/hands/%u", id);
	code = cli_do(cli, "DELETE", target, NULL, NULL);
	if (code == 0)
		cli_say(cli, "It is closed.");
	return code;
}

int cli_run_test(struct cli *cli)
{
	char target[CLI_TARGET_MAX];
	json_t *root = NULL;
	uint32_t id;
	int code;

	if (!cli_number(cli, cli->args[0], UINT32_MAX, &id))
		return CLI_USAGE;
	snprintf(target, sizeof(target), "/api/v1/hands/%u/test", id);
	code = cli_ask(cli, "POST", target, NULL, &root);
	if (code == 0) {
		code = json_is_true(json_object_get(root, "forwarded")) ? 0 : CLI_REFUSED;
		cli_show_answer(cli, root, cli_show_test);
	}
	json_decref(root);
	return code;
}
