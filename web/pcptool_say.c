/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers in words; see pcptool_say.h. */
#include "web/pcptool_say.h"

#include <stdio.h>

static const char *proto_text(uint8_t proto, char number[16])
{
	struct writer w = writer_to(number, 15);

	if (proto == MAP_PROTO_TCP || proto == MAP_PROTO_UDP)
		return map_proto_text(proto);
	writer_text(&w, "protocol ");
	writer_dec(&w, proto);
	number[w.len] = '\0';
	return number;
}

static void say_addr(const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	fputs(addr_text(addr, text), stdout);
}

static void say_endpoint(const struct addr *addr, uint16_t port)
{
	bool is4 = addr_is4(addr);

	fputs(is4 ? "" : "[", stdout);
	say_addr(addr);
	printf("%s:%u", is4 ? "" : "]", port);
}

static void say_internal(const struct pcp_map *m)
{
	char number[16];

	printf("%s ", proto_text(m->proto, number));
	say_endpoint(&m->internal.addr, m->internal.port);
}

/* ---- refusals ---- */

static const char *meaning(uint8_t result)
{
	static const char *const text[] = {
		[PCP_UNSUPP_VERSION] = "it speaks another version",
		[PCP_NOT_AUTHORIZED] = "the owner's rules, or another's nonce",
		[PCP_MALFORMED_REQUEST] = "the request makes no sense to it",
		[PCP_UNSUPP_OPCODE] = "it does not do that",
		[PCP_UNSUPP_OPTION] = "it does not have an option that was asked for",
		[PCP_MALFORMED_OPTION] = "an option makes no sense to it",
		[PCP_NETWORK_FAILURE] = "it has no external address now",
		[PCP_NO_RESOURCES] = "it has no room now",
		[PCP_UNSUPP_PROTOCOL] = "it does not map this protocol",
		[PCP_USER_EX_QUOTA] = "this host has as many as it may",
		[PCP_CANNOT_PROVIDE_EXTERNAL] = "this very address and port cannot be had",
		[PCP_ADDRESS_MISMATCH] = "there is a NAT on the way to it",
		[PCP_EXCESSIVE_REMOTE_PEERS] = "more filters than it can keep",
	};
	bool known = result < sizeof(text) / sizeof(text[0]) && text[result];

	return known ? text[result] : "nobody knows what that is";
}

static void say_refusal(const struct pcp_answer *a)
{
	const char *name = pcp_client_result_text(a->result);

	if (name)
		printf("refused: %s", name);
	else
		printf("refused: result %u", a->result);
	printf(" (%s), for the next %u s\n", meaning(a->result), a->lifetime_s);
}

/* ---- options ---- */

static void say_filter(const struct map_filter *f)
{
	char text[ADDR_TEXT_MAX + 8];
	struct writer w = writer_to(text, sizeof(text) - 1);

	prefix_encode(&w, &f->remote);
	text[w.len] = '\0';
	printf("  open to %s", text);
	if (f->port)
		printf(", port %u there", f->port);
	putchar('\n');
}

/* What was asked for and is not in the answer was not done (section 7.3). */
static void say_options(const struct pcp_map *asked, const struct pcp_map *got)
{
	for (uint8_t i = 0; i < got->filter_count; i++)
		say_filter(&got->filters[i]);
	if (asked->filter_count > got->filter_count)
		puts("  without the filters: open to everybody");
	else if (got->clear_filters && got->filter_count == 0)
		puts("  open to everybody");
	if (got->has_set)
		printf("  %u ports from there on\n", got->set_size);
	else if (asked->has_set)
		puts("  one port, no set");
	if (got->has_descr)
		printf("  described as \"%.*s\"\n", got->descr_len, got->descr);
	else if (asked->has_descr)
		puts("  without the description");
}

/* ---- answers ---- */

static void say_mapping(const struct pcp_msg *asked, const struct pcp_answer *a)
{
	say_internal(&asked->map);
	if (asked->opcode == PCP_OP_PEER) {
		fputs(" to ", stdout);
		say_endpoint(&asked->map.peer.addr, asked->map.peer.port);
	}
	if (asked->lifetime_s == 0) {
		puts(asked->opcode == PCP_OP_PEER ? " is left to itself" : " is closed");
		return;
	}
	fputs(asked->opcode == PCP_OP_PEER ? " leaves as " : " is open as ", stdout);
	say_endpoint(&a->map.suggested.addr, a->map.suggested.port);
	printf(" for %u s\n", a->lifetime_s);
	say_options(&asked->map, &a->map);
}

void pcptool_say_pcp(const struct pcp_msg *asked, const struct pcp_answer *a)
{
	if (a->result)
		say_refusal(a);
	else if (asked->opcode == PCP_OP_ANNOUNCE)
		printf("the router speaks PCP and has known its mappings for %u s\n", a->epoch_s);
	else
		say_mapping(asked, a);
}

static void say_natpmp_address(const struct natpmp_answer *a)
{
	fputs("the external address is ", stdout);
	say_addr(&a->external);
	printf(", mappings known for %u s\n", a->epoch_s);
}

void pcptool_say_natpmp(const struct natpmp_msg *asked, const struct addr *client,
	const struct natpmp_answer *a)
{
	const char *name = natpmp_client_result_text(a->result);

	if (a->result) {
		printf("refused: %s\n", name ? name : "nobody knows what that is");
		return;
	}
	if (asked->opcode == NATPMP_OP_ADDRESS) {
		say_natpmp_address(a);
		return;
	}
	fputs(asked->opcode == NATPMP_OP_TCP ? "TCP " : "UDP ", stdout);
	say_endpoint(client, asked->internal_port);
	if (asked->lifetime_s == 0)
		puts(" is closed");
	else
		printf(" is open as port %u for %u s\n", a->external_port, a->lifetime_s);
}

void pcptool_say_news(const struct addr *from, const struct pcp_answer *a)
{
	say_addr(from);
	if (a->opcode == PCP_OP_ANNOUNCE) {
		printf(" announces: mappings known for %u s\n", a->epoch_s);
	} else if (a->result) {
		fputs(" updates: ", stdout);
		say_refusal(a);
	} else {
		fputs(" updates: ", stdout);
		say_internal(&a->map);
		fputs(" is ", stdout);
		say_endpoint(&a->map.suggested.addr, a->map.suggested.port);
		printf(" for %u s\n", a->lifetime_s);
	}
	fflush(stdout);
}

void pcptool_say_natpmp_news(const struct addr *from, const struct natpmp_answer *a)
{
	say_addr(from);
	fputs(" announces: ", stdout);
	say_natpmp_address(a);
	fflush(stdout);
}

void pcptool_say_nonce(const struct pcp_map *m)
{
	char text[2 * MAP_NONCE_LEN + 1];
	struct writer w = writer_to(text, sizeof(text) - 1);

	writer_hex(&w, m->nonce, sizeof(m->nonce));
	text[w.len] = '\0';
	printf("  to renew or close it: --nonce %s\n", text);
}
