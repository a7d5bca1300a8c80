/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * postern-pcp: asks a router, ours or another, by PCP (RFC 6887) or NAT-PMP (RFC 6886), and says
 * in words what it answered. It renews nothing. Exit: 0 done, 1 refused, 2 wrong usage, 3 no
 * answer.
 */
#include "protocols/err.h"
#include "protocols/natpmp_client.h"
#include "protocols/pcp_client.h"
#include "web/pcptool_args.h"
#include "web/pcptool_say.h"
#include "web/pcptool_talk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define PCP_GAP_MS 3000		/* RFC 6887 section 8.1.1 */
#define NATPMP_GAP_MS 250	/* RFC 6886 section 3.1 */

struct tool {
	struct pcptool_args args;
	struct pcptool_talk talk;
	struct pcp_answer pcp;
	struct natpmp_answer natpmp;
	bool only_natpmp;	/* what answered does not know PCP */
	bool news;
};

static int silent(const struct tool *tool, int err)
{
	char text[ADDR_TEXT_MAX];

	fprintf(stderr, "postern-pcp: %s: %s\n", addr_text(&tool->talk.server, text),
		err == ERR_BUSY ? "no answer" : strerror(errno));
	return PCPTOOL_SILENCE;
}

/* ---- PCP ---- */

/* Opcode and nonce are ours (section 8.3); who does not know the version may know no nonce. */
static bool heard_pcp(void *arg, const struct addr *from, const void *bytes, size_t len)
{
	struct tool *tool = arg;
	const struct pcp_msg *asked = &tool->args.pcp;
	struct pcp_answer a;

	(void)from;
	if (pcp_client_decode(bytes, len, &tool->talk.client, &a)) {
		tool->only_natpmp = !natpmp_client_decode(bytes, len, &tool->natpmp) &&
				    tool->natpmp.result == NATPMP_UNSUPP_VERSION;
		return tool->only_natpmp;
	}
	if (a.opcode != asked->opcode)
		return false;
	if (a.opcode != PCP_OP_ANNOUNCE && a.result != PCP_UNSUPP_VERSION &&
	    memcmp(a.map.nonce, asked->map.nonce, MAP_NONCE_LEN) != 0)
		return false;
	tool->pcp = a;
	return true;
}

static struct addr any_of(const struct addr *like)
{
	return addr_is4(like) ? addr_any4() : addr_any6();
}

/* What the command line left open. */
static int complete(struct tool *tool)
{
	struct pcp_map *m = &tool->args.pcp.map;

	if (!m->third_party)
		m->internal.addr = tool->talk.client;
	if (!tool->args.has_suggested)
		m->suggested.addr = any_of(&m->internal.addr);
	if (!tool->args.has_nonce && getrandom(m->nonce, sizeof(m->nonce), 0) < 0)
		return ERR_IO;
	return 0;
}

static int ask_pcp(struct tool *tool)
{
	struct pcp_msg *msg = &tool->args.pcp;
	uint8_t bytes[PCP_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));
	struct pcptool_ask ask = {.bytes = bytes, .gap_ms = PCP_GAP_MS,
		.timeout_ms = tool->args.timeout_s * 1000ULL};
	int err = complete(tool);

	pcp_client_encode(&w, msg, &tool->talk.client);
	ask.len = w.len;
	if (!err)
		err = pcptool_talk_ask(&tool->talk, &ask, heard_pcp, tool);
	if (err)
		return silent(tool, err);
	if (tool->only_natpmp) {
		puts("refused: the router speaks NAT-PMP, but not PCP");
		return PCPTOOL_REFUSED;
	}
	pcptool_say_pcp(msg, &tool->pcp);
	if (tool->pcp.result)
		return PCPTOOL_REFUSED;
	if (!tool->args.has_nonce && msg->opcode != PCP_OP_ANNOUNCE)
		pcptool_say_nonce(&msg->map);
	return PCPTOOL_OK;
}

/* ---- NAT-PMP ---- */

static bool heard_natpmp(void *arg, const struct addr *from, const void *bytes, size_t len)
{
	struct tool *tool = arg;
	const struct natpmp_msg *asked = &tool->args.natpmp;
	struct natpmp_answer a;

	(void)from;
	if (natpmp_client_decode(bytes, len, &a)) {
		/* One that knows only PCP says so in PCP. */
		if (pcp_client_decode(bytes, len, &tool->talk.client, &tool->pcp) ||
		    tool->pcp.result != PCP_UNSUPP_VERSION)
			return false;
		a = (struct natpmp_answer){.opcode = asked->opcode,
			.result = NATPMP_UNSUPP_VERSION};
	}
	if (a.opcode != asked->opcode ||
	    (a.result == NATPMP_SUCCESS && a.internal_port != asked->internal_port))
		return false;
	tool->natpmp = a;
	return true;
}

static int ask_natpmp(struct tool *tool)
{
	uint8_t bytes[NATPMP_ANSWER_LEN];
	struct writer w = writer_to(bytes, sizeof(bytes));
	struct pcptool_ask ask = {.bytes = bytes, .gap_ms = NATPMP_GAP_MS,
		.timeout_ms = tool->args.timeout_s * 1000ULL};
	int err;

	natpmp_client_encode(&w, &tool->args.natpmp);
	ask.len = w.len;
	err = pcptool_talk_ask(&tool->talk, &ask, heard_natpmp, tool);
	if (err)
		return silent(tool, err);
	pcptool_say_natpmp(&tool->args.natpmp, &tool->talk.client, &tool->natpmp);
	return tool->natpmp.result ? PCPTOOL_REFUSED : PCPTOOL_OK;
}

/* ---- what comes by itself ---- */

/* Never what was waited for: all of it is told until the time is over. */
static bool heard_news(void *arg, const struct addr *from, const void *bytes, size_t len)
{
	struct tool *tool = arg;
	struct natpmp_answer natpmp;
	struct pcp_answer a;

	if (!pcp_client_decode(bytes, len, &tool->talk.client, &a)) {
		pcptool_say_news(from, &a);
		tool->news = true;
	} else if (!natpmp_client_decode(bytes, len, &natpmp) &&
		   natpmp.opcode == NATPMP_OP_ADDRESS && natpmp.result == NATPMP_SUCCESS) {
		pcptool_say_natpmp_news(from, &natpmp);
		tool->news = true;
	}
	return false;
}

static int listen_on(struct tool *tool)
{
	const struct pcptool_ask nothing = {.timeout_ms = tool->args.timeout_s * 1000ULL};
	int err;

	fflush(stdout);
	err = pcptool_talk_ask(&tool->talk, &nothing, heard_news, tool);
	if (err == ERR_BUSY && tool->news)
		return PCPTOOL_OK;
	return silent(tool, err);
}

/* ---- the whole ---- */

static int cannot_open(const struct pcptool_args *args, int err)
{
	if (err == ERR_IO) {
		fprintf(stderr, "postern-pcp: %s: %s\n", args->server ? args->server : "gateway",
			strerror(errno));
		return PCPTOOL_SILENCE;
	}
	if (err == ERR_NOT_FOUND && !args->server)
		fputs("postern-pcp: no default gateway; --server names a router\n", stderr);
	else
		fputs("postern-pcp: --server and --source are addresses, fe80::1%eth0\n", stderr);
	return PCPTOOL_USAGE;
}

int main(int argc, char **argv)
{
	struct tool tool = {.only_natpmp = false};
	int code = pcptool_args_read(argc, argv, &tool.args);
	int err;

	if (code >= 0)
		return code;
	err = pcptool_talk_open(&tool.talk, tool.args.server, tool.args.source);
	if (err)
		return cannot_open(&tool.args, err);
	if (tool.args.listen && pcptool_talk_join(&tool.talk)) {
		code = silent(&tool, ERR_IO);
	} else {
		code = tool.args.is_natpmp ? ask_natpmp(&tool) : ask_pcp(&tool);
		if (code == PCPTOOL_OK && tool.args.listen)
			code = listen_on(&tool);
	}
	pcptool_talk_close(&tool.talk);
	if (fflush(stdout) != 0 && code == PCPTOOL_OK)
		code = PCPTOOL_REFUSED;
	return code;
}
