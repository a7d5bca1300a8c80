/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conntrack entries that stand in the way of an opening: a peer that knocked before has one without
 * translation, and would never be delivered; another host's UDP flow that left from the external
 * port would keep the endpoint from that server (two flows can not be told apart). Requests are
 * answered together, by one walk through the kernel's table per family, within a wake-up or soon
 * after the last walk.
 */
#ifndef GATEWAY_CT_H
#define GATEWAY_CT_H

#include "gateway/fw.h"
#include "gateway/loop.h"

struct ct;

/* Whether a walk met a flow of the kernel's own SIP helper. */
typedef void ct_sip_fn(void *arg, bool seen);

/* NULL: no memory or no socket. */
struct ct *ct_new(struct loop *loop, ct_sip_fn *sip_helper, void *arg);
/* Looks for such flows soon, even if there is nothing to forget. */
void ct_look(struct ct *ct);
/* ERR_MEMORY when nothing more can be noted. */
int ct_forget(struct ct *ct, const struct fw_flow *flows, size_t count);
void ct_free(struct ct *ct);

#endif
