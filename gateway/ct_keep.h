/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows that shall not end for want of packets (RFC 6887 section 12.3): every few seconds, several
 * times within the kernel's own UDP timeout, each is looked up and given what remains of its lease,
 * since any packet sets the kernel's own timeout again. Only ever longer; a TCP connection that is
 * closing is left to close. A flow that is let go gets the kernel's own timeout.
 */
#ifndef GATEWAY_CT_KEEP_H
#define GATEWAY_CT_KEEP_H

#include "gateway/fw.h"

struct ct_keep;
struct loop;

#define CT_KEEP_MAX 16384	/* flows; the openings of a box are limited to fewer */

/* Reads the kernel's timeouts once. NULL: no memory or no socket. */
struct ct_keep *ct_keep_new(struct loop *loop);
/* ERR_FULL or ERR_MEMORY: not all could be noted. */
int ct_keep_set(struct ct_keep *ck, const struct fw_keep *keeps, size_t count);
/* As fw_find has it; 0 or what the kernel said but that there is none. */
int ct_keep_find(struct ct_keep *ck, const struct fw_tuple *flow, struct endpoint *from);
void ct_keep_free(struct ct_keep *ck);

#endif
