/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a SIP gateway changes in the head of a message so that both sides see an address that leads
 * to the other: message and phone in, edits out. Only what names the phone (or, on the way in, what
 * it was given instead) changes; Call-ID, tags, To, From, Authorization and the Via of others never
 * do (SIP-36). Whom a message is from and whether it may act at all is for the shell to know.
 */
#ifndef PROTOCOLS_SIPALG_H
#define PROTOCOLS_SIPALG_H

#include "protocols/sip_edit.h"
#include "protocols/sipalg_own.h"

#define SIPALG_EXPIRES_DEFAULT_S 3600	/* RFC 3261 10.2.1.1 and 10.3: none said, or nonsense */

struct sipalg_phone {
	struct endpoint lan;		/* where its packets come from */
	struct endpoint wan;		/* its one public place for signalling (SIP-40) */
	struct sipalg_own vias;		/* by branch */
	struct sipalg_own contacts;	/* by user */
};

/* A message of the phone: the topmost Via of a request (SIP-30), and its Contacts (SIP-33), if they
 * name it by its address. ERR_SYNTAX, ERR_FULL: to be passed unchanged, and edits say nothing. */
int sipalg_out(struct sipalg_phone *p, const struct sip_message *m, struct sip_edits *edits);
/* A message to the phone: of a response the Via with received and rport (SIP-31, SIP-32) and the
 * phone's bindings (SIP-34), of a request its URI (SIP-35). As sipalg_out(). */
int sipalg_in(const struct sipalg_phone *p, const struct sip_message *m, struct sip_edits *edits);

/* The body is signed: auth-int (RFC 7616) or Identity (RFC 8224); it is to be left (SIP-66). */
bool sipalg_is_signed(const struct sip_message *m);
/* For how long a 2xx to REGISTER, as it came from the registrar, binds the phone (RFC 3261 10.2.4,
 * 10.3); 0: not, or no longer (SIP-41, SIP-42). place is the phone's as the registrar knows it: the
 * public one, or its own where nothing is changed (IPv6), with port 0 for any port of it. */
uint32_t sipalg_bound_s(const struct endpoint *place, const struct sip_message *m);

#endif
