/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the command line; see pcptool_args.h. */
#include "web/pcptool_args.h"

#include "protocols/addr.h"
#include "protocols/str.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define TIMEOUT_S 10
#define TIMEOUT_MAX_S 86400
#define LIFETIME_S 3600

struct command {
	const char *name;
	const char *args;
	const char *meaning;
	int arg_count;
	bool is_natpmp;
	uint8_t opcode;
};

static const struct command commands[] = {
	{"map", "PROTOCOL PORT", "let others reach PORT of this host", 2, false, PCP_OP_MAP},
	{"peer", "PROTOCOL PORT PEER:PORT", "keep a flow from PORT to PEER", 3, false, PCP_OP_PEER},
	{"announce", "", "does the router speak PCP, and since when", 0, false, PCP_OP_ANNOUNCE},
	{"natpmp-map", "PROTOCOL PORT", "map, by NAT-PMP", 2, true, 0},
	{"natpmp-address", "", "the external address, by NAT-PMP", 0, true, NATPMP_OP_ADDRESS},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

enum {
	OPTION_FILTER = 256,
	OPTION_THIRD_PARTY,
	OPTION_DESCRIPTION,
	OPTION_PORT_SET,
	OPTION_PREFER_FAILURE,
	OPTION_NONCE,
	OPTION_LIFETIME,
	OPTION_SUGGEST,
	OPTION_LISTEN,
};

static int usage(FILE *out)
{
	fputs("usage: postern-pcp [OPTION ...] COMMAND [ARGUMENT ...]\n\n", out);
	for (const struct command *c = commands; c < commands + COMMANDS; c++)
		fprintf(out, "  %-15s%-26s%s\n", c->name, c->args, c->meaning);
	fputs("\n"
	      "  --server ADDRESS            the router; otherwise the default gateway\n"
	      "  --source ADDRESS            send from this address of ours\n"
	      "  --timeout SECONDS           how long to wait; 10\n"
	      "  --listen                    then wait for announcements and updates\n"
	      "  --lifetime SECONDS          3600; 0 closes\n"
	      "  --suggest [ADDRESS:]PORT    the external port that would be nice\n"
	      "  --prefer-failure            the suggestion or nothing\n"
	      "  --filter PREFIX[:PORT]      who may come in, 8 at most; none: everybody\n"
	      "  --third-party ADDRESS       for another host\n"
	      "  --description TEXT          for the router's owner\n"
	      "  --port-set COUNT[,parity]   ports from PORT on, as one\n"
	      "  --nonce HEX                 24 digits; needed to renew and to close\n"
	      "  --help, --version\n", out);
	return out == stdout ? PCPTOOL_OK : PCPTOOL_USAGE;
}

static bool wrong(const char *name, const char *wanted)
{
	fprintf(stderr, "postern-pcp: %s: %s\n", name, wanted);
	return false;
}

/* ---- values ---- */

static bool read_port(struct str s, uint16_t *out)
{
	uint32_t port;

	if (str_u32(s, 0, UINT16_MAX, &port))
		return false;
	*out = (uint16_t)port;
	return true;
}

/* "1.2.3.4:5", "[2001:db8::1]:5", and what has no port: the port is then left as it is. */
static bool split_port(struct str s, struct str *host, uint16_t *port)
{
	size_t colon = str_find(s, 0, ':');

	*host = s;
	if (str_starts(s, STR("["))) {
		size_t end = str_find(s, 0, ']');

		*host = str_sub(s, 1, end - 1);
		s = str_sub(s, end, s.len);
		return str_eq(s, STR("]")) ||
		       (str_starts(s, STR("]:")) && read_port(str_sub(s, 2, s.len), port));
	}
	if (colon == s.len || str_find(s, colon + 1, ':') < s.len)
		return true;
	*host = str_sub(s, 0, colon);
	return read_port(str_sub(s, colon + 1, s.len), port);
}

static bool read_endpoint(struct str s, struct endpoint *out)
{
	struct endpoint e = {.port = 0};
	struct str host;

	if (!split_port(s, &host, &e.port) || addr_decode(host, &e.addr))
		return false;
	*out = e;
	return true;
}

static bool read_suggestion(struct pcptool_args *a, const char *text)
{
	struct endpoint *e = &a->pcp.map.suggested;
	struct str s = str_from(text);

	if (!read_port(s, &e->port)) {
		if (!read_endpoint(s, e))
			return wrong("--suggest", "a port, ADDRESS:PORT or [ADDRESS]:PORT");
		a->has_suggested = true;
	}
	a->natpmp.external_port = e->port;
	return true;
}

static bool read_filter(struct pcp_map *m, const char *text)
{
	struct map_filter f = {.port = 0};
	struct str prefix;

	if (strcmp(text, "none") == 0) {
		m->clear_filters = true;
		return true;
	}
	if (m->filter_count == MAP_FILTERS_MAX)
		return wrong("--filter", "8 at most");
	if (!split_port(str_from(text), &prefix, &f.port) || prefix_decode(prefix, &f.remote))
		return wrong("--filter", "none, PREFIX, PREFIX:PORT or [PREFIX]:PORT");
	m->filters[m->filter_count++] = f;
	return true;
}

static bool read_description(struct pcp_map *m, const char *text)
{
	struct str s = str_from(text);

	if (!str_is_plain(s) || s.len > sizeof(m->descr))
		return wrong("--description", "at most 128 bytes of UTF-8, no control characters");
	memcpy(m->descr, s.p, s.len);
	m->descr_len = (uint8_t)s.len;
	m->has_descr = true;
	return true;
}

static bool read_port_set(struct pcp_map *m, const char *text)
{
	struct str rest = str_from(text), count = str_split(&rest, ',');
	uint32_t size;

	if (str_u32(count, 1, UINT16_MAX, &size) || (rest.p && !str_eq(rest, STR("parity"))))
		return wrong("--port-set", "a number of ports, perhaps with ,parity");
	m->has_set = true;
	m->set_size = (uint16_t)size;
	m->set_parity = rest.p;
	return true;
}

static bool read_nonce(struct pcptool_args *a, const char *text)
{
	uint8_t *nonce = a->pcp.map.nonce;

	if (strlen(text) != (size_t)2 * MAP_NONCE_LEN)
		return wrong("--nonce", "24 hex digits");
	for (size_t i = 0; i < MAP_NONCE_LEN; i++) {
		int high = str_hex_digit(text[i * 2]), low = str_hex_digit(text[i * 2 + 1]);

		if (high < 0 || low < 0)
			return wrong("--nonce", "24 hex digits, lower case");
		nonce[i] = (uint8_t)(high << 4 | low);
	}
	a->has_nonce = true;
	return true;
}

static bool read_seconds(const char *name, uint32_t max, uint32_t *out)
{
	if (str_u32(str_from(optarg), 0, max, out))
		return wrong(name, "seconds");
	return true;
}

static bool read_third_party(struct pcp_map *m, const char *text)
{
	if (addr_decode(str_from(text), &m->internal.addr))
		return wrong("--third-party", "an address");
	m->third_party = true;
	return true;
}

/* ---- the whole ---- */

static bool read_option(struct pcptool_args *a, int option)
{
	struct pcp_map *m = &a->pcp.map;

	switch (option) {
	case 's':
		a->server = optarg;
		return true;
	case 'S':
		a->source = optarg;
		return true;
	case 't':
		return read_seconds("--timeout", TIMEOUT_MAX_S, &a->timeout_s);
	case OPTION_LISTEN:
		return a->listen = true;
	case OPTION_LIFETIME:
		return read_seconds("--lifetime", UINT32_MAX, &a->pcp.lifetime_s);
	case OPTION_SUGGEST:
		return read_suggestion(a, optarg);
	case OPTION_PREFER_FAILURE:
		return m->prefer_failure = true;
	case OPTION_FILTER:
		return read_filter(m, optarg);
	case OPTION_THIRD_PARTY:
		return read_third_party(m, optarg);
	case OPTION_DESCRIPTION:
		return read_description(m, optarg);
	case OPTION_PORT_SET:
		return read_port_set(m, optarg);
	case OPTION_NONCE:
		return read_nonce(a, optarg);
	default:
		usage(stderr);
		return false;
	}
}

static int read_options(struct pcptool_args *a, int argc, char **argv)
{
	static const struct option options[] = {
		{"server", required_argument, NULL, 's'},
		{"source", required_argument, NULL, 'S'},
		{"timeout", required_argument, NULL, 't'},
		{"listen", no_argument, NULL, OPTION_LISTEN},
		{"lifetime", required_argument, NULL, OPTION_LIFETIME},
		{"suggest", required_argument, NULL, OPTION_SUGGEST},
		{"prefer-failure", no_argument, NULL, OPTION_PREFER_FAILURE},
		{"filter", required_argument, NULL, OPTION_FILTER},
		{"third-party", required_argument, NULL, OPTION_THIRD_PARTY},
		{"description", required_argument, NULL, OPTION_DESCRIPTION},
		{"port-set", required_argument, NULL, OPTION_PORT_SET},
		{"nonce", required_argument, NULL, OPTION_NONCE},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "s:S:t:hV", options, NULL)) != -1) {
		if (option == 'h')
			return usage(stdout);
		if (option == 'V')
			return puts("postern-pcp " POSTERN_VERSION) < 0;
		if (!read_option(a, option))
			return PCPTOOL_USAGE;
	}
	return -1;
}

static bool read_protocol(struct pcptool_args *a, const char *text)
{
	uint32_t number;

	if (strcmp(text, "tcp") == 0)
		number = MAP_PROTO_TCP;
	else if (strcmp(text, "udp") == 0)
		number = MAP_PROTO_UDP;
	else if (a->is_natpmp || str_u32(str_from(text), 0, UINT8_MAX, &number))
		return wrong(text, "a protocol is tcp, udp or, for PCP, a number");
	a->pcp.map.proto = (uint8_t)number;
	if (a->is_natpmp)
		a->natpmp.opcode = number == MAP_PROTO_TCP ? NATPMP_OP_TCP : NATPMP_OP_UDP;
	return true;
}

static bool read_positional(struct pcptool_args *a, const struct command *c, char **args)
{
	struct pcp_map *m = &a->pcp.map;

	a->is_natpmp = c->is_natpmp;
	a->pcp.opcode = c->opcode;
	if (c->arg_count == 0)
		return true;
	if (!read_protocol(a, args[0]))
		return false;
	if (!read_port(str_from(args[1]), &m->internal.port))
		return wrong(args[1], "a port is a number up to 65535");
	if (c->arg_count == 3 && !read_endpoint(str_from(args[2]), &m->peer))
		return wrong(args[2], "a peer is ADDRESS:PORT or [ADDRESS]:PORT");
	a->natpmp.internal_port = m->internal.port;
	a->natpmp.lifetime_s = a->pcp.lifetime_s;
	return true;
}

int pcptool_args_read(int argc, char **argv, struct pcptool_args *out)
{
	struct pcptool_args a = {.timeout_s = TIMEOUT_S, .pcp.lifetime_s = LIFETIME_S};
	const struct command *command = NULL;
	int code = read_options(&a, argc, argv);

	if (code >= 0)
		return code;
	for (size_t i = 0; optind < argc && i < COMMANDS; i++)
		if (strcmp(argv[optind], commands[i].name) == 0)
			command = &commands[i];
	if (!command || argc - optind - 1 != command->arg_count)
		return usage(stderr);
	if (!read_positional(&a, command, argv + optind + 1))
		return PCPTOOL_USAGE;
	*out = a;
	return -1;
}
