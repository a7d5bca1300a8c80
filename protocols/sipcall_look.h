/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message as one of a call, for sipcall.c only: what it is, and whose: the dialog it is of by
 * Call-ID and both tags (RFC 3261 section 12), or the INVITE that opened one.
 */
#ifndef PROTOCOLS_SIPCALL_LOOK_H
#define PROTOCOLS_SIPCALL_LOOK_H

#include "protocols/sipcall_offer.h"

struct sipcall_look {
	const struct sip_message *m;
	const struct sipcall_facts *f;
	struct sipcall_request request;	/* that it is, or answers */
	struct str id, own_tag, peer_tag;	/* tags of the phone and of the other */
	struct sipcall_words words;
	int err;			/* its description is not understood */
};

struct sipcall_look sipcall_look_at(const struct sip_message *m, const struct sipcall_facts *f);
bool sipcall_look_is_request(const struct sipcall_look *l, enum sip_method method);
/* An INVITE outside of any dialog. */
bool sipcall_look_begins(const struct sipcall_look *l);
bool sipcall_look_is_2xx(const struct sipcall_look *l);
/* It will be asked again, with what this wants: a password, or a longer session (RFC 4028). */
bool sipcall_look_is_challenge(const struct sipcall_look *l);
/* It is, or answers, the INVITE that opened the call. */
bool sipcall_look_is_opening(const struct sipcall_look *l, const struct sipcall *c);
/* The tag of who was called. */
struct str sipcall_look_callee_tag(const struct sipcall_look *l, const struct sipcall *c);

bool sipcall_look_is_live(const struct sipcall *c);	/* neither free nor over */
bool sipcall_look_is_answered(const struct sipcall *c);
/* The call of its dialog; until one has answered, all who ring are of it. NULL. */
struct sipcall *sipcall_look_find(const struct sipcall_look *l, struct sipcalls *cs);
/* The call that this INVITE, or the one it answers, has opened. NULL. */
struct sipcall *sipcall_look_find_opened(const struct sipcall_look *l, struct sipcalls *cs);

#endif
