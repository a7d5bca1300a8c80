/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the static part is written in (ruleset.c): chains, and rules as rows of expressions; and
 * how these and the sets become netlink messages.
 */
#ifndef GATEWAY_RULESET_MSG_H
#define GATEWAY_RULESET_MSG_H

#include "gateway/ruleset.h"

#include <stddef.h>
#include <stdint.h>

struct fw_set_def;

struct ruleset_chain {
	const char *name;
	const char *type;	/* NULL: no base chain */
	uint32_t hook;
	int32_t priority;
};

/* An attribute of an expression; the kinds below "bytes" say where the bytes come from. */
enum ruleset_attr_kind {
	RULESET_ATTR_END = 0,
	RULESET_ATTR_U32,
	RULESET_ATTR_U64,
	RULESET_ATTR_U8,
	RULESET_ATTR_TEXT,
	RULESET_ATTR_BYTE,	/* bytes: one byte */
	RULESET_ATTR_HALF,	/* bytes: two, host order */
	RULESET_ATTR_HALF_NET,	/* bytes: two, network order */
	RULESET_ATTR_WORD,	/* bytes: four, host order */
	RULESET_ATTR_ZEROS,	/* bytes: so many zeros */
	RULESET_ATTR_MARK,	/* bytes: our bit */
	RULESET_ATTR_NOT_MARK,	/* bytes: all the others */
	RULESET_ATTR_SIP_MARK,	/* the same of phones' SIP */
	RULESET_ATTR_NOT_SIP_MARK,
	RULESET_ATTR_PORT_MIN,	/* bytes: the displaced range */
	RULESET_ATTR_PORT_MAX,
};

struct ruleset_attr {
	enum ruleset_attr_kind kind;
	uint16_t attr;
	uint32_t number;
	const char *text;
};

#define RULESET_ATTRS_MAX 7	/* with the end mark */
struct ruleset_expr {
	const char *name;	/* NULL: here begins a rule of chain */
	const char *chain;
	struct ruleset_attr attrs[RULESET_ATTRS_MAX];
};

/* Each appends messages; 0 or ERR_MEMORY. id: of the set, within its transaction. */
int ruleset_msg_set(struct nlbatch *batch, const struct fw_set_def *def, uint32_t id);
int ruleset_msg_chains(struct nlbatch *batch, const struct ruleset_chain *defs, size_t count);
int ruleset_msg_rules(struct nlbatch *batch, const struct ruleset_config *config,
	const struct ruleset_expr *defs, size_t count);

#endif
