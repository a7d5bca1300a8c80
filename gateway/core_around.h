/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel knows of hosts, doors and phones besides openings: told along with each batch.
 * For core*.c only.
 */
#ifndef GATEWAY_CORE_AROUND_H
#define GATEWAY_CORE_AROUND_H

#include "gateway/core_int.h"

bool around_news(const struct core *core);	/* the firewall has to be told something */
/* Puts it into the batch's elements: what is new, or with rebuild all. */
int around_put(struct core *core, bool rebuild);
void around_done(struct core *core);		/* it is in force */
/* The firewall refuses this element as it is. False: it was none of ours. */
bool around_refused(struct core *core, const struct fw_elem *e);
/* It may take now what it refused. True: there is something. */
bool around_try_again(struct core *core);

#endif
