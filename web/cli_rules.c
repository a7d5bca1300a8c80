/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: the rules. Each reads all of them, changes the list and gives it back as a whole. */
#include "web/cli.h"
#include "web/cli_cell.h"

#include <string.h>
#include <time.h>

/* {"rules": [...]} as it can be given back; NULL: it was said why, *code tells. */
static json_t *fetch(const struct cli *cli, int *code)
{
	json_t *root = NULL, *list = json_array();
	const json_t *rows;

	*code = cli_ask(cli, "GET", "/api/v1/rules", NULL, &root);
	rows = cli_rows_of(root, "rules");
	for (size_t i = 0; i < json_array_size(rows); i++)
		json_array_append(list, json_object_get(json_array_get(rows, i), "rule"));
	json_decref(root);
	if (*code == 0)
		return json_pack("{s:o}", "rules", list);
	json_decref(list);
	return NULL;
}

/* body is freed. */
static int give_back(const struct cli *cli, json_t *body)
{
	int code = cli_confirm(cli, "/api/v1/rules/preview", body, false);

	if (code == 0)
		code = cli_do(cli, "PUT", "/api/v1/rules", json_incref(body), NULL);
	if (code == 0)
		cli_say(cli, "Done.");
	json_decref(body);
	return code;
}

/* The place of the rule that an argument names; -1: it was said that there is none. */
static int place_of(const struct cli *cli, const json_t *list, const char *text)
{
	uint32_t id;

	if (!cli_number(cli, text, UINT32_MAX, &id))
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (cli_number_of(json_array_get(list, i), "id") == id)
			return (int)i;
	fprintf(stderr, "postern: there is no rule %u, see postern rules\n", id);
	return -1;
}

/* ---- a rule of options ---- */

static void set_text(json_t *rule, const char *key, const char *text)
{
	if (text)
		json_object_set_new(rule, key, json_string(text));
}

/* "a,b" as a list. */
static void set_list(json_t *rule, const char *key, const char *text)
{
	struct str rest = str_from(text ? text : "");
	json_t *list = json_array();

	while (rest.len > 0) {
		struct str one = str_split(&rest, ',');
		json_array_append_new(list, json_stringn(one.p, one.len));
	}
	if (text)
		json_object_set(rule, key, list);
	json_decref(list);
}

/* A port alone is a number. */
static void set_ports(json_t *rule, const char *key, const char *text)
{
	uint32_t port;

	if (text && str_u32(str_from(text), 0, UINT16_MAX, &port) == 0)
		json_object_set_new(rule, key, json_integer(port));
	else
		set_text(rule, key, text);
}

/* Seconds of "90", "30m", "2h", "1d", "day". */
static bool read_duration(const char *text, uint32_t *out)
{
	struct str s = str_from(strcmp(text, "day") == 0 ? "1d" : text);
	char unit = s.len ? s.p[s.len - 1] : 0;
	uint32_t factor = unit == 'm' ? 60 : unit == 'h' ? 3600 : unit == 'd' ? 86400 : 1;
	uint32_t n;

	if (unit == 's' || factor > 1)
		s.len--;
	if (str_u32(s, 1, UINT32_MAX / 86400, &n) != 0)
		return false;
	*out = n * factor;
	return true;
}

static bool set_duration(const struct cli *cli, json_t *rule, const char *key, enum cli_opt opt)
{
	uint32_t s;

	if (!cli->opt[opt])
		return true;
	if (!read_duration(cli->opt[opt], &s)) {
		cli_wrong(cli, "a duration is 90, 30m, 2h or 1d");
		return false;
	}
	json_object_set_new(rule, key,
		json_integer((opt == CLI_FOR ? (json_int_t)time(NULL) : 0) + s));
	return true;
}

static bool set_quota(const struct cli *cli, json_t *rule)
{
	uint32_t quota;

	if (!cli->opt[CLI_QUOTA])
		return true;
	if (!cli_number(cli, cli->opt[CLI_QUOTA], UINT16_MAX, &quota))
		return false;
	json_object_set_new(rule, "quota", json_integer(quota));
	return true;
}

/* NULL: it was said why, *code tells. */
static json_t *rule_of(const struct cli *cli, const char *verdict, int *code)
{
	json_t *rule;
	uint32_t device = 0;

	*code = CLI_USAGE;
	if (strcmp(verdict, "allow") != 0 && strcmp(verdict, "deny") != 0 &&
	    strcmp(verdict, "ask") != 0) {
		cli_wrong(cli, "a rule says allow, deny or ask");
		return NULL;
	}
	rule = json_object();
	set_text(rule, "verdict", verdict);
	set_list(rule, "zones", cli->opt[CLI_ZONE]);
	set_list(rule, "origins", cli->opt[CLI_ORIGIN]);
	set_text(rule, "proto", cli->opt[CLI_PROTO]);
	set_ports(rule, "external", cli->opt[CLI_EXTERNAL]);
	set_ports(rule, "internal", cli->opt[CLI_INTERNAL]);
	set_text(rule, "remote", cli->opt[CLI_REMOTE]);
	set_text(rule, "descr", cli->opt[CLI_DESCR]);
	set_text(rule, "when", cli->opt[CLI_WHEN]);
	set_text(rule, "note", cli->opt[CLI_NOTE]);
	if (set_duration(cli, rule, "until", CLI_FOR) &&
	    set_duration(cli, rule, "lifetime_max", CLI_CAP) && set_quota(cli, rule))
		*code = cli->opt[CLI_DEVICE] ? cli_find_device(cli, cli->opt[CLI_DEVICE], &device)
					     : 0;
	if (device)
		json_object_set_new(rule, "device", json_integer(device));
	if (*code == 0)
		return rule;
	json_decref(rule);
	return NULL;
}

static bool is_presets(const json_t *rule)
{
	return str_eq(cli_text_of(rule, "maker"), STR("preset"));
}

/* A preset's rule for every request: its lockdown, which stands above the owner's. */
static bool is_for_all(const json_t *rule)
{
	return is_presets(rule) && !cli_has(rule, "zones") && !cli_has(rule, "risk") &&
	       !cli_has(rule, "external") && !cli_has(rule, "internal");
}

/* Below the owner's other rules, above what the preset says when nothing else does. */
static size_t usual_place(const json_t *list)
{
	size_t place = json_array_size(list), first = 0;

	while (first < place && is_for_all(json_array_get(list, first)))
		first++;
	while (place > 0 && is_presets(json_array_get(list, place - 1)))
		place--;
	return place > 0 || first == json_array_size(list) ? place : first;
}

/* "rule add VERDICT", "rule insert PLACE VERDICT". */
int cli_run_rule_add(struct cli *cli)
{
	bool insert = cli->arg_count == 2;
	uint32_t place = 1;
	json_t *rule, *body, *list;
	int code = 0;

	if (insert && !cli_number(cli, cli->args[0], UINT16_MAX, &place))
		return CLI_USAGE;
	rule = rule_of(cli, cli->args[insert], &code);
	body = rule ? fetch(cli, &code) : NULL;
	list = json_object_get(body, "rules");
	if (body) {
		size_t at = insert ? place - 1 : usual_place(list);
		if (at > json_array_size(list))
			at = json_array_size(list);
		json_array_insert(list, at, rule);
		code = give_back(cli, body);
	}
	json_decref(rule);
	return code;
}

int cli_run_rule_delete(struct cli *cli)
{
	int code;
	json_t *body = fetch(cli, &code), *list = json_object_get(body, "rules");

	for (int i = 0; i < cli->arg_count && body; i++) {
		int place = place_of(cli, list, cli->args[i]);
		if (place < 0) {
			json_decref(body);
			return CLI_REFUSED;
		}
		json_array_remove(list, (size_t)place);
	}
	return body ? give_back(cli, body) : code;
}

/* "rule enable ID", "rule disable ID". */
int cli_run_rule_enable(struct cli *cli)
{
	bool on = strcmp(cli->command->name, "rule enable") == 0;
	int code, place;
	json_t *body = fetch(cli, &code), *list = json_object_get(body, "rules");

	if (!body)
		return code;
	place = place_of(cli, list, cli->args[0]);
	if (place < 0) {
		json_decref(body);
		return CLI_REFUSED;
	}
	json_object_set_new(json_array_get(list, (size_t)place), "enabled", json_boolean(on));
	return give_back(cli, body);
}

/* "rule move ID PLACE". */
int cli_run_rule_move(struct cli *cli)
{
	uint32_t to;
	int code, place = -1;
	json_t *body, *list, *rule;

	if (!cli_number(cli, cli->args[1], UINT16_MAX, &to))
		return CLI_USAGE;
	body = fetch(cli, &code);
	list = json_object_get(body, "rules");
	if (body)
		place = place_of(cli, list, cli->args[0]);
	if (place < 0) {
		json_decref(body);
		return code ? code : CLI_REFUSED;
	}
	rule = json_incref(json_array_get(list, (size_t)place));
	json_array_remove(list, (size_t)place);
	if (to > json_array_size(list) + 1)
		to = (uint32_t)json_array_size(list) + 1;
	json_array_insert_new(list, to - 1, rule);
	return give_back(cli, body);
}
