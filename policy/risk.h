/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports that are dangerous to show to the Internet, as data with a reason each. Risky: for the
 * owner only. Look first: asked about when somebody can answer, else allowed and marked.
 */
#ifndef POLICY_RISK_H
#define POLICY_RISK_H

#include "policy/rule.h"

#include <stdint.h>

struct risk {
	uint16_t first, last;	/* inclusive */
	enum rule_risk class;
	const char *why;
};

/* NULL for an ordinary port. */
const struct risk *risk_of(uint16_t port);

#endif
